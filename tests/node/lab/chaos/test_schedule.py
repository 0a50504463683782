"""The schedule of faults: the seed fixes it, and the kinds that were asked for all come."""

from collections import Counter
from itertools import islice

import pytest

from node.lab.chaos.rules import KINDS, ChaosError
from node.lab.chaos.schedule import DELAYS_US, LENGTHS_US, LOSSES_PPM, OFFSETS_US, _amount, draw_acts, parse_kinds

BOUNDS = {"delay": DELAYS_US, "loss": LOSSES_PPM, "clock": OFFSETS_US}


def test_a_seed_fixes_every_act() -> None:
    """The same seed draws the same acts, another one others."""
    first = list(islice(draw_acts(7, KINDS, 4), 100))
    assert first == list(islice(draw_acts(7, KINDS, 4), 100))
    assert first != list(islice(draw_acts(8, KINDS, 4), 100))


def test_all_kinds_come_and_kills_are_half() -> None:
    """Every kind within its bounds; a victim is never its own peer."""
    acts = list(islice(draw_acts(1, KINDS, 4), 2_000))
    counts = Counter(act.kind for act in acts)
    assert set(counts) == set(KINDS)
    assert 900 < counts["kill"] < 1_100
    assert {act.victim for act in acts} == {0, 1, 2, 3}
    for act in acts:
        assert act.peer != act.victim
        assert LENGTHS_US[0] <= act.length_us <= LENGTHS_US[1]
        low, high = BOUNDS.get(act.kind, (0, 0))
        assert low <= abs(act.amount) <= high
    assert {act.amount > 0 for act in acts if act.kind == "clock"} == {True, False}


def test_kinds_by_name() -> None:
    """`--faults`: names with commas, or all; an unknown one is refused by name."""
    assert parse_kinds("pause, kill") == ("pause", "kill")
    assert parse_kinds("all") == KINDS
    assert parse_kinds("kill,kill , pause") == ("kill", "pause")
    with pytest.raises(ChaosError, match="no fault 'flood'") as found:
        parse_kinds("kill,flood")
    assert found.value.name == "unknown_fault"


def test_one_validator_alone_has_acts_too() -> None:
    """Nobody else is there to be cut off from."""
    assert {act.victim for act in islice(draw_acts(1, ("kill",), 1), 10)} == {0}


def test_how_long_and_how_strong() -> None:
    """The bounds as docs/reliability.md has them ("20 to 200 ms", "up to five seconds"),
    each reached at both ends by what is drawn."""
    assert (LENGTHS_US, DELAYS_US) == ((500_000, 2_000_000), (20_000, 200_000))
    assert (LOSSES_PPM, OFFSETS_US) == ((10_000, 50_000), (500_000, 5_000_000))
    for (low, high), kind in ((DELAYS_US, "delay"), (LOSSES_PPM, "loss")):
        size = high - low + 1
        assert [_amount(kind, drawn) for drawn in (0, 1, size - 1, size, 2 * size - 1)] == [
            low, low + 1, high, low, high,
        ]  # fmt: skip
    size = OFFSETS_US[1] - OFFSETS_US[0] + 1
    assert [_amount("clock", drawn) for drawn in (0, 1, 2, 2 * size - 2, 2 * size - 1, 2 * size)] == [
        -500_000, 500_000, -500_001, -5_000_000, 5_000_000, -500_000,
    ]  # fmt: skip
    assert {_amount(kind, 12_345) for kind in ("kill", "pause", "partition", "disk_full")} == {0}


def test_acts_are_numbered_and_reach_everybody() -> None:
    """Numbers from 0 on; every ordered pair is cut at some time, and what is drawn spreads over its bounds."""
    acts = list(islice(draw_acts(3, ("partition",), 3), 600))
    assert [act.number for act in acts] == list(range(600))
    assert {(act.victim, act.peer) for act in acts} == {(a, b) for a in range(3) for b in range(3) if a != b}
    lengths = sorted(act.length_us for act in acts)
    assert lengths[0] < 530_000
    assert lengths[-1] > 1_970_000
    assert {act.kind for act in islice(draw_acts(3, ("kill",), 3), 20)} == {"kill"}
    assert {act.kind for act in islice(draw_acts(3, ("kill", "pause"), 3), 40)} == {"kill", "pause"}
