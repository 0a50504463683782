"""The directed corpus: a scenario for each trap T1 to T22, what it orders happens, and every invariant holds."""

from collections import Counter
from pathlib import Path

import pytest

from node.lab.mutants.suite import CORPUS, Case, corpus, expectations, judge
from node.sim.world import World

ROOT = Path(__file__).parents[3]
CASES = list(corpus(ROOT))
NAMES = [case.label[:3] for case in CASES]
EXPECTED = expectations(ROOT / CORPUS)
"""What must have happened, at least so often, what the honest must have noticed, how high they must have come."""


def test_there_is_a_file_for_each_trap() -> None:
    """The rule: "a directed corpus with one file for each trap T1 to T22"."""
    assert [name for name in NAMES if name[0] == "t"] == [f"t{number:02}" for number in range(1, 23)]
    assert set(NAMES) == set(EXPECTED)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_every_invariant_holds_in_the_trap(case: Case) -> None:
    """What the scenario orders happens, the honest go on, and nothing breaks: the control of every mutant."""
    assert case.expected
    result = World(case.scenario, case.seed).run()
    assert result.violations == ()
    assert judge(case, result) is None
    fired = Counter(result.faults)
    assert {name: fired[name] for name, least in case.expected["fired"].items() if fired[name] < least} == {}
    assert len([height for height in result.commits[: case.scenario.validators] if height]) >= 3
