"""`node.lab.figures.scale`: many validators, with every checker on."""

import pytest

from node.lab.figures.scale import document, measure, scenario_of
from node.sim.checkers import Violation
from node.sim.world import World


@pytest.mark.parametrize(("validators", "votes"), [(5, "broadcast"), (22, "to the next leader")])
def test_validators_pass_their_rounds(validators: int, votes: str) -> None:
    """All of them pass the last round, blocks and payments are final; votes go the way that their number says."""
    found = measure(validators, 12, 40, 3)
    assert found["ok"]
    assert found["rounds_passed"] >= 12
    assert found["blocks"] >= 10
    assert found["violations"] == []
    assert (found["votes"], found["signatures"]) == (votes, "keyed-hash")


def test_it_repeats() -> None:
    """Equal hashes: nothing but the two times differs between two runs."""
    timed = ("cpu_s", "wall_s", "events_per_cpu_s")
    first, second = ({k: v for k, v in measure(4, 5, 0, 1).items() if k not in timed} for _ in range(2))
    assert first == second
    assert first["payments_committed"] == 0


def test_what_is_broken_or_too_short_is_not_ok() -> None:
    """A violation, or a validator that did not get there, fails the run."""
    result = World(scenario_of(4, 3, 0), 1).run()
    assert document(result, 4, 3, (1.0, 1.0))["ok"]
    assert not document(result._replace(violations=(Violation("S1_agreement", 0, "x"),)), 4, 3, (1.0, 1.0))["ok"]
    assert not document(result._replace(rounds=(9, 3, 9, 9)), 4, 3, (1.0, 1.0))["ok"]
