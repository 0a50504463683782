"""250 scenarios that each reached something new when they were chosen: nothing breaks in them, and each commits."""

import json
from pathlib import Path

import pytest

from node.lab.campaign.run import play
from node.lab.campaign.tally import Key

TABLE: dict[str, list[int]] = json.loads((Path(__file__).parent / "seeds.json").read_text())
PART = 25
"""Scenarios of one test."""
PARTS = [
    (name, numbers[first : first + PART]) for name, numbers in TABLE.items() for first in range(0, len(numbers), PART)
]


def test_there_are_250() -> None:
    """'The directed corpus and 250 committed regression seeds run in the test-suite.'"""
    assert sum(map(len, TABLE.values())) == 250
    assert all(len(set(numbers)) == len(numbers) for numbers in TABLE.values())


@pytest.mark.parametrize(("name", "numbers"), PARTS, ids=lambda item: item if isinstance(item, str) else str(item[0]))
def test_nothing_breaks(name: str, numbers: list[int]) -> None:
    """Every invariant holds, the run refines the specification, and a block becomes final while there is trouble."""
    outcomes = [play(name, Key(number)) for number in numbers]
    assert {outcome.key.number: outcome.result.violations for outcome in outcomes if outcome.result.violations} == {}
    assert [outcome.key.number for outcome in outcomes if not outcome.is_committing] == []
