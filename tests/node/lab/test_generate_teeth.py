"""The generators have teeth: each planted bug is found by those that should find it, within so many scenarios."""

import pytest

from node.lab.campaign.run import play
from node.lab.campaign.tally import Key
from node.lab.generate.registry import GENERATORS
from node.sim.scenario_file import from_document
from node.sim.world import World
from tests.node.lab.planted import PLANTED, planted

FOUND: dict[str, dict[str, int]] = {
    "quorum of 2f": {"twins": 5, "adversary": 5, "mutation": 5, "crash_points": 5},
    "double vote": {"twins": 10, "adversary": 60},
    "amnesia": {"twins": 20, "adversary": 20, "crash_points": 5},
    "stale certificate in a time-out": {"twins": 20, "adversary": 20, "mutation": 20, "crash_points": 20},
    "highest certificate of a timeout certificate ignored": {"adversary": 20},
    "timeout certificate of the lowest": {"adversary": 60},
    "commit without consecutive rounds": {"twins": 20, "adversary": 20},
    "vote after own time-out": {"twins": 60, "adversary": 20},
}
"""Bug -> generator -> scenarios within which it is found (the first ones of each)."""
CASES = [(bug, name, most) for bug, names in FOUND.items() for name, most in names.items()]


def test_all_eight_are_planted() -> None:
    """The eight of the probe."""
    assert set(FOUND) == set(PLANTED)
    assert len(FOUND) == 8
    assert {name for names in FOUND.values() for name in names} <= set(GENERATORS)


@pytest.mark.parametrize(("bug", "name", "most"), CASES)
def test_a_generator_finds_a_planted_bug(bug: str, name: str, most: int) -> None:
    """'Generators find as many as possible': safety or liveness breaks, or the run leaves the specification."""
    with planted(bug):
        found = next((number for number in range(most) if play(name, Key(number)).result.violations), None)
    assert found is not None
    assert play(name, Key(found)).result.violations == ()  # the control is clean


def test_what_is_planted_is_pulled_out_again() -> None:
    """The program is as before."""
    scenario = from_document({"duration_ms": 3_000, "clients": {"accounts": 0}})
    before = World(scenario, 1).run()
    with planted("quorum of 2f"):
        assert World(scenario, 1).run().violations != ()
    assert World(scenario, 1).run() == before
