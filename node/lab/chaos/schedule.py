"""What happens when, from the seed alone: the same seed draws the same faults, victims and lengths.

Paced: the next fault waits until the last victim votes again. Overlap: faults come at their time, whoever is down.
"""

import secrets
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from node.lab.chaos.rules import KINDS, MILLISECOND_US, ChaosError
from node.sim.entropy import Entropy

LENGTHS_US = (500 * MILLISECOND_US, 2_000 * MILLISECOND_US)
"""A pause, a partition, a delay, a lossy link or a full disk lasts so long, at least and at most."""
DELAYS_US = (20 * MILLISECOND_US, 200 * MILLISECOND_US)
"""How much later the bytes of a slow link come."""
LOSSES_PPM = (10_000, 50_000)
"""How often a lossy link stalls or breaks, of a million pieces."""
OFFSETS_US = (500 * MILLISECOND_US, 5_000 * MILLISECOND_US)
"""By how much a victim's clock is wrong, in either direction."""


class Act(NamedTuple):
    """One fault. `amount` is microseconds of delay or of the clock's error, or parts per million of loss."""

    number: int
    kind: str
    victim: int
    peer: int
    """The other end of a one-way partition."""
    length_us: int
    amount: int


def draw_seed() -> int:
    """A seed that nobody chose."""
    return secrets.randbelow(1 << 32)


def parse_kinds(text: str) -> tuple[str, ...]:
    """Kinds from `kill,pause` or `all`; ChaosError (`unknown_fault`) names a wrong one."""
    if text == "all":
        return KINDS
    found = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for kind in found:
        if kind not in KINDS:
            raise ChaosError(f"there is no fault {kind!r}: {', '.join(KINDS)}, or all", name="unknown_fault")
    return found


def draw_acts(seed: int, kinds: Sequence[str], validators: int) -> Iterator[Act]:
    """Acts without an end. Kills are half of them, if they are among the kinds at all."""
    draws = Entropy(seed).stream("chaos-acts")
    others = [kind for kind in kinds if kind != "kill"]
    number = 0
    while True:
        is_kill = "kill" in kinds and (not others or draws.chance(500_000))
        kind = "kill" if is_kill else draws.choice(others)
        victim = draws.below(validators)
        peer = (victim + 1 + draws.below(max(1, validators - 1))) % validators
        yield Act(number, kind, victim, peer, draws.between(*LENGTHS_US), _amount(kind, draws.below(1 << 32)))
        number += 1


def _amount(kind: str, drawn: int) -> int:
    """How strong a fault is, from 32 drawn bits."""
    match kind:
        case "delay":
            return _within(DELAYS_US, drawn)
        case "loss":
            return _within(LOSSES_PPM, drawn)
        case "clock":
            return _within(OFFSETS_US, drawn >> 1) * (1 if drawn & 1 else -1)
        case _:
            return 0


def _within(bounds: tuple[int, int], drawn: int) -> int:
    """A value from the lower to the upper bound."""
    low, high = bounds
    return low + drawn % (high - low + 1)
