"""The directed corpus: a scenario for each trap T1 to T22, what it orders happens, and every invariant holds."""

from collections import Counter
from pathlib import Path

import pytest

from node.lab.run import load
from node.lab.suite import expectations
from node.sim.world import World

FOLDER = Path(__file__).parents[2] / "scenarios"
FILES = sorted(FOLDER.glob("*.json"))
NAMES = [file.name[:3] for file in FILES]
EXPECTED = expectations(FOLDER)
"""What must have happened, at least so often, what the honest must have noticed, how high they must have come."""


def test_there_is_a_file_for_each_trap() -> None:
    """The rule: "a directed corpus with one file for each trap T1 to T22"."""
    assert [name for name in NAMES if name[0] == "t"] == [f"t{number:02}" for number in range(1, 23)]
    assert set(NAMES) == set(EXPECTED)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_invariant_holds_in_the_trap(file: Path) -> None:
    """What the scenario orders happens, the honest validators go on, and nothing breaks."""
    scenario, expected = load(file), EXPECTED[file.name[:3]]
    result = World(scenario, 1).run()
    assert result.violations == ()
    fired, alarms = Counter(result.faults), Counter(result.alarms)
    assert {name: fired[name] for name, least in expected["fired"].items() if fired[name] < least} == {}
    assert [name for name in expected.get("alarms", ()) if not alarms[name]] == []
    honest = [height for height in result.commits[: scenario.validators] if height]
    assert len(honest) >= 3
    assert result.payments_committed > 0
    assert max(honest) >= expected.get("height", 0)
