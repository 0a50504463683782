"""The schedule of faults: the seed fixes it, and the kinds that were asked for all come."""

from collections import Counter
from itertools import islice

import pytest

from node.lab.chaos.rules import KINDS, ChaosError
from node.lab.chaos.schedule import DELAYS_US, LENGTHS_US, LOSSES_PPM, OFFSETS_US, draw_acts, parse_kinds

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
    with pytest.raises(ChaosError, match="no fault 'flood'") as found:
        parse_kinds("kill,flood")
    assert found.value.name == "unknown_fault"


def test_one_validator_alone_has_acts_too() -> None:
    """Nobody else is there to be cut off from."""
    assert {act.victim for act in islice(draw_acts(1, ("kill",), 1), 10)} == {0}
