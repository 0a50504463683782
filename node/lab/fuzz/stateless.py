"""Mutated bytes against each decoder: only errors of ours come out, what is accepted is canonical, nothing hangs."""

import time
from dataclasses import dataclass, field
from typing import Any

from chain.errors import MithqalError
from node.lab.fuzz.decoders import Decoder
from node.lab.fuzz.mutate import mutate
from node.sim.entropy import Entropy

SHOWN = 10
"""Findings that are told in full."""


@dataclass(slots=True)
class Found:
    """What came out so far."""

    tried: int = 0
    accepted: int = 0
    crashes: list[dict[str, Any]] = field(default_factory=list)
    """Exceptions of others, and values that encode to other bytes."""
    crashed: int = 0
    slowest_ns: int = 0
    """Processor time of the slowest one."""
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


def try_decoders(decoders: list[Decoder], seed: int, count: int, found: Found) -> None:
    """`count` mutations of one seed, each decoder in turn; the same for the same seed."""
    stream = Entropy(seed).stream("fuzz")
    for number in range(count):
        decoder = decoders[number % len(decoders)]
        data = stream.choice(decoder.seeds)
        data = mutate(stream, data, decoder.seeds)
        try_one(decoder, seed, data, found)


def try_one(decoder: Decoder, seed: int, data: bytes, found: Found) -> None:
    """One input."""
    began_ns = time.thread_time_ns()
    try:
        again = decoder.read(data)
        found.accepted += 1
        if again is not None and again != data:
            found.note_crash(decoder.name, seed, data, "accepted, and encodes to other bytes")
    except MithqalError:
        pass
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        found.note_crash(decoder.name, seed, data, repr(error)[:300])
    found.tried += 1
    found.note_time(decoder.name, time.thread_time_ns() - began_ns)
