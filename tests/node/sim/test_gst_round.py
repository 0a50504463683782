"""Faults that stop at a round, rules that end after a while of their round, and blocks that liars build on old ones."""

import pytest

from node.sim.document import ScenarioError
from node.sim.parties import START_US
from node.sim.scenario_file import from_document
from node.sim.world import World

SMALL = {"duration_ms": 30_000, "gst_ms": 20_000, "clients": {"accounts": 0}}


def played(**keys: object) -> World:
    """A run of a small scenario."""
    world = World(from_document({**SMALL, **keys}), 3)
    assert world.run().violations == ()
    return world


def test_faults_stop_at_a_round() -> None:
    """`gst_round`: the dead restart, links heal, what waits for a point does not happen, and L1 counts from there."""
    forever = {"do": "crash", "node": 2, "at_ms": 100}
    late = {"do": "crash.at", "node": 1, "at_point": "vote.synced", "nth": 9}
    cut = {"do": "drop", "src": [3], "dst": [0], "name": "cut"}
    world = played(gst_round=5, stop_at_round=6, faults=[forever, late], rules=[cut])
    assert world.watch.is_calm
    assert world.scheduler.now_us < START_US + 10_000_000
    assert (world.faults["crash"], world.faults["restart"], world.faults["crash.at"]) == (1, 1, 0)
    heights = [world.ledgers.announced[node] for node in range(4)]
    assert min(heights) > world.watch.calm_height
    without = played(stop_at_round=6, faults=[forever, late], rules=[cut])
    assert without.faults["crash.at"] == 1
    assert without.faults["cut"] > world.faults["cut"]


def test_a_time_that_counts_from_a_round_needs_a_round() -> None:
    """`for_ms` without `from_round` is an error that names the place."""
    with pytest.raises(ScenarioError, match=r"rules\[0\].for_ms: say from_round"):
        from_document({"rules": [{"do": "drop", "for_ms": 100}]})


@pytest.mark.parametrize(("which", "refused"), [("older", "unjustified_round"), ("tc", "")])
def test_a_block_on_an_older_certificate_has_the_right_height(which: str, refused: str) -> None:
    """It is refused for the certificate, not for its header; on that of its timeout certificate it is a good block."""
    world = played(
        leaders=[0, 1, 2, 3] * 8,
        stop_at_round=6,
        gst_round=6,
        rules=[{"do": "drop", "types": ["proposal"], "from_round": 2, "to_round": 2, "name": "lost"}],
        byzantine=[{"node": 2, "strategy": "composed", "steps": [
            {"on": "proposal", "do": "lie", "rounds": [3], "change": {"qc": which, "time_ms": 1}}]}],
    )  # fmt: skip
    assert world.faults["composed"] == 3
    assert world.watch.alarms["bad_header"] == 0
    assert bool(world.watch.alarms["unjustified_round"]) == bool(refused)
