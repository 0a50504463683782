"""More than f are faulty: nothing is promised, and what breaks must be said. Two who lie together must end, too."""

import json
from typing import Any

from node.sim.result import Result
from node.sim.scenario_file import read_scenario
from node.sim.world import World

CLIENTS = {"accounts": 4, "payments_per_s": 10}


def played(**document: Any) -> Result:
    """A run of a document with seed 1."""
    return World(read_scenario(json.dumps({"clients": CLIENTS, **document})), 1).run()


def test_two_twin_pairs_behind_a_partition_fork_and_it_is_reported() -> None:
    """S1: each side has three of four keys: both commit, other payments become final, and some are lost again."""
    split = {"do": "partition", "at_ms": 2_000, "for_ms": 2_000, "groups": [[0, 1, 2], [4, 5, 3]]}
    result = played(duration_ms=4_500, gst_ms=4_200, twins=[[0], [1]], faults=[split])
    rules = {found.rule for found in result.violations}
    assert {"S1_agreement", "S2_order", "S7_state_root", "S9_acknowledged"} <= rules
    assert {found.node for found in result.violations if found.rule == "S1_agreement"} <= {2, 3}, "only honest ones"


def test_two_liars_that_answer_each_other_do_not_echo_without_end() -> None:
    """Each signs what it hears the others vote for, the other liar's votes too: once for each."""
    liars = [{"node": node, "strategy": "double_vote", "from_round": 20, "to_round": 30} for node in (2, 5)]
    result = played(validators=7, duration_ms=3_000, gst_ms=2_500, byzantine=liars)
    alone = played(validators=7, duration_ms=3_000, gst_ms=2_500, byzantine=liars[:1])
    assert not result.violations
    assert 0 < result.faults["double_vote"] < 3 * alone.faults["double_vote"]
