"""Crash points, enumerated: each boundary of what a validator makes durable, with each thing that its disk may do then.

A lap of all numbers visits every combination once, in a shuffled order; the next lap is the same with other seeds and
leaders. In most of them a second validator crashes as well, which may leave two of four: then nothing is final until
one is back.
"""

from node.lab.generate.digits import Digits, shuffled
from node.lab.generate.ground import (
    CRASH_POINTS,
    HONEST_DISKS,
    SEEDS,
    VALIDATORS,
    Case,
    Json,
    document,
    scope,
)
from node.sim.scenario_file import from_document

DISKS = (*HONEST_DISKS, "lose_all", "old_snapshot", "bit_rot")
"""The last three make the validator the faulty one: it may have forgotten what it signed."""
VISITS = (1, 2, 3, 5)
DOWN_MS = (20, 700, 2_500)
SECOND = (None, *((point, nth) for point in CRASH_POINTS for nth in (1, 3)))
"""Where the other one dies, at which visit."""
MENDED_MS = 2_000
"""A disk that cannot be read is mended so much later than others start again."""


def crash_points(index: int) -> Case:
    """The scenario of a number."""
    lap, place = divmod(index, SIZE)
    digits = Digits(shuffled(place, SIZE, "crash_points"))
    return Case(from_document(_document(digits, lap)), index % SEEDS)


def _document(digits: Digits, lap: int) -> Json:
    """Who dies where, and what is left."""
    node, disk = digits.below(VALIDATORS), digits.pick(DISKS)
    first = _crash(node, digits.pick(CRASH_POINTS), digits.pick(VISITS), digits.pick(DOWN_MS), disk)
    second, faults = digits.pick(SECOND), [first]
    if second is not None:
        faults.append(_crash((node + 1) % VALIDATORS, *second, 20, HONEST_DISKS[lap % len(HONEST_DISKS)]))
    leaders = [(lap + turn) % VALIDATORS for turn in range(VALIDATORS)]
    return document("crash_points", leaders, scope(digits)[-1], faults=faults)


def _crash(node: int, point: str, nth: int, for_ms: int, disk: str) -> Json:
    """One fault of the file."""
    fault: Json = {"do": "crash.at", "node": node, "at_point": point, "nth": nth, "disk": disk, "for_ms": for_ms}
    if disk == "bit_rot":
        fault["for_ms"] = MENDED_MS + for_ms
    if disk == "old_snapshot":
        fault["of_ms"] = 1_500
    return fault


def _size() -> int:
    """How many combinations there are."""
    digits = Digits(0)
    _document(digits, 0)
    return digits.product


SIZE = _size()
