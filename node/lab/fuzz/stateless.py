"""Mutated bytes against each decoder: only errors of ours come out, what is accepted is canonical, nothing hangs."""

import time
from dataclasses import dataclass, field
from typing import Any

from chain.errors import MithqalError
from node.lab.fuzz.decoders import Decoder
from node.lab.fuzz.hang import Hang, cut_after
from node.lab.fuzz.mutate import mutate
from node.sim.entropy import Entropy

SHOWN = 10
"""Findings that are told in full."""
GROUP = 32
"""Inputs that are timed as one: asking for the time costs as much as many a decoder."""
SUSPECT_NS = 20_000_000
"""A group that takes so long is done again, each input timed alone."""
HANG_S = 10.0
"""Of processor time for one group: what takes longer is cut."""


@dataclass(slots=True)
class Found:
    """What came out so far."""

    tried: int = 0
    accepted: int = 0
    crashes: list[dict[str, Any]] = field(default_factory=list)
    """Exceptions of others, and values that encode to other bytes."""
    crashed: int = 0
    prefixes: int = 0
    """Moments of a legal session that were followed by mutated messages."""
    slowest_ns: int = 0
    """Processor time that none exceeds: of the slowest one, or of some together."""
    slowest: str = ""

    def note_crash(self, what: str, seed: int, data: bytes, error: str) -> None:
        """One finding."""
        self.crashed += 1
        if len(self.crashes) < SHOWN:
            self.crashes.append({"decoder": what, "seed": seed, "error": error, "data": data.hex()[:4_000]})

    def note_time(self, what: str, took_ns: int) -> None:
        """Keep the slowest."""
        if took_ns > self.slowest_ns:
            self.slowest_ns, self.slowest = took_ns, what

    def add(self, other: "Found") -> None:
        """What came out elsewhere."""
        self.tried += other.tried
        self.accepted += other.accepted
        self.prefixes += other.prefixes
        self.crashed += other.crashed
        self.crashes += other.crashes[: SHOWN - len(self.crashes)]
        self.note_time(other.slowest, other.slowest_ns)


def try_decoders(decoders: list[Decoder], seed: int, count: int, found: Found) -> None:
    """`count` mutations of one seed, each decoder in turn; the same for the same seed."""
    stream = Entropy(seed).stream("fuzz")
    group: list[tuple[Decoder, bytes]] = []
    for number in range(count):
        decoder = decoders[number % len(decoders)]
        data = stream.choice(decoder.seeds)
        group.append((decoder, mutate(stream, data, decoder.seeds)))
        if len(group) == GROUP or number == count - 1:
            try_group(group, seed, found)
            group.clear()


def try_group(group: list[tuple[Decoder, bytes]], seed: int, found: Found) -> None:
    """Some inputs, which are timed: no input takes longer than `found.slowest_ns`, and what hangs is cut."""
    with cut_after(HANG_S):
        began_ns = time.thread_time_ns()
        for decoder, data in group:
            try_one(decoder, seed, data, found)
        took_ns = time.thread_time_ns() - began_ns
        if took_ns < SUSPECT_NS:
            found.note_time(f"{len(group)} inputs together", took_ns)
            return
        for decoder, data in group:
            began_ns = time.thread_time_ns()
            try_one(decoder, seed, data, Found())
            found.note_time(decoder.name, time.thread_time_ns() - began_ns)


def try_one(decoder: Decoder, seed: int, data: bytes, found: Found) -> None:
    """One input."""
    found.tried += 1
    try:
        again = decoder.read(data)
        found.accepted += 1
        if again is not None and again != data:
            found.note_crash(decoder.name, seed, data, "accepted, and encodes to other bytes")
    except MithqalError:
        pass
    except (Exception, Hang) as error:  # noqa: BLE001 - that is what is looked for
        found.note_crash(decoder.name, seed, data, repr(error)[:300])
