"""What a scenario orders by hand happens: rules, faults at a time, round or point, twins, liars, listed leaders."""

import json
from typing import Any

import pytest

from chain.messages import Proposal, message_name
from node.sim.result import Result
from node.sim.scenario_dump import to_document
from node.sim.scenario_file import from_document, read_scenario
from node.sim.strategies import STRATEGIES
from node.sim.vocabulary import NODELESS, names
from node.sim.wire import parsed
from node.sim.world import World

SHORT: dict[str, Any] = {"duration_ms": 4_000, "gst_ms": 2_500, "clients": {"accounts": 2, "payments_per_s": 10}}


def played(**said: Any) -> Result:
    """A short run."""
    return World(from_document({**SHORT, **said}), 1).run()


def test_a_rule_drops_what_it_names_and_nothing_else() -> None:
    """Node 1 never hears a vote of node 0 in the second second; everything else flows."""
    seen: list[tuple[int, int, str]] = []
    world = World(
        from_document(
            {
                **SHORT,
                "rules": [{"from_ms": 1_000, "to_ms": 2_000, "src": [0], "dst": [1], "types": ["vote"], "do": "drop"}],
            }
        ),
        1,
    )
    links = world.network.send

    def send(sender: int, receiver: int, data: bytes) -> None:
        seen.append((world.scheduler.now_us, sender * 10 + receiver, message_name(data)))
        links(sender, receiver, data)

    world.network.send = send  # type: ignore[method-assign]
    start = world.scheduler.now_us
    result = world.run()
    votes = [at - start for at, link, kind in seen if kind == "vote" and link == 1]
    assert not [at for at in votes if 1_000_000 <= at < 2_000_000]
    assert [at for at in votes if at < 1_000_000]
    assert [at for at in votes if at >= 2_000_000]
    assert [1 for at, link, kind in seen if 1_000_000 <= at - start < 2_000_000 and (link == 2 or kind == "proposal")]
    assert result.faults["rule.drop"] > 3
    assert result.violations == ()


def test_what_is_held_is_let_go_at_its_round() -> None:
    """Proposals of round 20 wait until somebody is in round 21, which then comes by a time-out."""
    result = played(
        rules=[{"types": ["proposal"], "from_round": 20, "to_round": 20, "do": "hold", "release_at_round": 21}]
    )
    assert result.faults == {"rule.hold": 3}
    assert result.violations == ()
    assert max(result.commits) > 30


def test_listed_leaders_propose() -> None:
    """`leaders` as a list: leader of round 1, 2, ..., then it repeats."""
    proposed: dict[int, int] = {}
    world = World(from_document({**SHORT, "leaders": [2, 0, 1, 3, 3]}), 1)
    told = world.discipline.on_send

    def on_send(node: int, data: bytes, disk: Any = None) -> Any:
        message = parsed(data)
        if isinstance(message, Proposal):
            proposed[message.block.round] = node
        return told(node, data, disk)

    world.discipline.on_send = on_send  # type: ignore[method-assign]
    assert world.run().violations == ()
    assert [proposed[round_] for round_ in range(1, 11)] == [2, 0, 1, 3, 3, 2, 0, 1, 3, 3]


@pytest.mark.parametrize("stage", ["computed", "written", "synced", "sent"])
def test_a_crash_at_a_point_happens_there_once(stage: str) -> None:
    """crash.at(point): the fifth vote of node 2, before, while and after it becomes durable; it votes again later."""
    result = played(faults=[{"at_point": f"vote.{stage}", "nth": 5, "node": 2, "do": "crash.at", "for_ms": 200}])
    assert result.faults == {"crash.at": 1, "restart": 1}
    assert result.violations == ()
    assert result.commits[2] > 30


def test_a_twin_is_never_believed() -> None:
    """Two processes sign with the keys of validator 2: the others go on and agree."""
    result = played(twins=[[2]])
    assert len(result.commits) == 5
    assert result.violations == ()
    assert result.alarms["double_vote"] > 0
    assert min(result.commits[0], result.commits[1], result.commits[3]) > 20


def test_two_twins_of_four_break_safety_and_it_is_seen() -> None:
    """More than f faulty validators may break what must hold: the checkers are not blind. Each half of the network has
    one process of each doubled validator, and commits its own blocks."""
    result = played(
        twins=[[1, 2]],
        faults=[{"do": "partition", "at_ms": 0, "for_ms": 2_500, "groups": [[0, 1, 2], [3, 4, 5]]}],
    )
    found = {item.rule for item in result.violations}
    assert "S1_agreement" in found
    assert all(0 <= item.at_us <= 4_000_000 for item in result.violations)


def faults_of(name: str) -> dict[str, Any]:
    """A fault of that name with what it needs."""
    fault: dict[str, Any] = {"do": name, "at_ms": 1_200, "for_ms": 400}
    if name not in NODELESS:
        fault["node"] = 2
    if name in ("partial", "flap", "one_way", "half_open", "reset_mid_frame"):
        fault |= {"src": [1], "dst": [2]}
    needs: dict[str, dict[str, Any]] = {
        "partition": {"groups": [[0, 1], [2, 3]]}, "per_message_type": {"types": ["vote"], "dst": [0]},
        "clock.skew": {"ms": 900}, "clock.drift": {"ms": 50}, "clock.jump_back": {"ms": 900},
        "clock_jump": {"ms": 900}, "tx_replay": {"count": 5}, "mempool_spam": {"count": 20},
    }  # fmt: skip
    if name == "crash.at":
        del fault["at_ms"]
        fault["at_point"] = "commit.synced"
    return {**fault, **needs.get(name, {})}


def test_every_fault_of_the_vocabulary_fires_and_is_survived() -> None:
    """Each name is counted under its own name, and one faulty validator of four breaks nothing."""
    before = {"restart": "crash", "resume": "pause"}
    for name in names():
        first = [{"do": before[name], "at_ms": 1_000, "node": 1}] if name in before else []
        result = played(faults=[*first, faults_of(name)])
        assert result.violations == (), name
        assert result.faults[name] == 1, name
        assert max(result.commits) > 10, name


def test_what_finds_nothing_to_do_is_not_counted() -> None:
    """A fault is counted when it happens: there is no start of what runs, no pause of the dead, no end of no pause."""
    result = played(
        faults=[
            {"do": "restart", "at_ms": 1_000, "node": 1},
            {"do": "resume", "at_ms": 1_000, "node": 2},
            {"do": "crash", "at_ms": 1_000, "node": 3, "for_ms": 500},
            {"do": "pause", "at_ms": 1_200, "node": 3},
        ]
    )
    assert result.faults == {"crash": 1, "restart": 1}


TELLTALES: dict[str, set[str]] = {
    "equivocate_proposal": {"evidence_double_proposal", "evidence_double_vote"},
    "double_vote": {"double_vote", "evidence_double_vote"},
    "withhold_votes": set(),
    "withhold_qc_then_release": {"evidence_lock_lie"},
    "stale_qc_in_timeout": {"evidence_lock_lie"},
    "low_qc_subset_in_tc": {"unjustified_round"},
    "unbacked_hqc_round": {"bad_signature", "wrong_commit"},
    "late_proposal_after_timeout": set(),
    "silent_leader": set(),
    "selective_send": set(),
    "future_round_flood": {"double_vote", "evidence_double_vote", "evidence_lock_lie", "unjustified_round"},
    "bad_exec_root": {"evidence_double_vote"},
    "bad_timestamp": set(),
    "invalid_tx_in_block": {"invalid_tx_in_block"},
    "double_spend_pair": {"evidence_double_proposal"},
    "censor": {"evidence_double_proposal"},
    "forged_sig": {"bad_signature"},
    "noncanonical_sig": {"bad_signature"},
    "wrong_chain_id": {"bad_signature"},
    "wrong_epoch": set(),
    "cross_type_sig_reuse": {"bad_signature"},
    "duplicate_signer_in_qc": {"bad_authors"},
    "sub_quorum_qc": {"no_quorum"},
    "sync_liar": {"bad_signature", "wrong_commit"},
    "sync_garbage": set(),
    "sync_infinite_chain": {"broken_chain"},
    "evidence_forgery": {"bad_signature", "wrong_author"},
    "malformed_frame": {"wrong_shape"},
    "truncated": {"malformed_bytes"},
    "oversize": {"malformed_bytes"},
    "deep_nesting": {"malformed_bytes"},
    "huge_int": {"wrong_shape"},
    "trailing_bytes": {"malformed_bytes"},
    "nonminimal_varint": {"not_canonical"},
    "unsorted_map": {"malformed_bytes"},
}
"""Strategy -> what the honest say of it, and nothing else: a liar that grew tame would be silent, or trip over another
rule. What is late, hidden or of another epoch is no fault that anybody can prove."""


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_of_the_vocabulary_fires_and_is_survived(strategy: str) -> None:
    """One Byzantine validator of four, with each named composition: the honest ones agree and go on.

    A time-out is forced, and validator 0 misses blocks that only the liar will give it: each strategy has its occasion.
    """
    result = played(
        duration_ms=6_500,
        byzantine=[{"node": 3, "strategy": strategy}],
        rules=[
            {"do": "drop", "types": ["proposal"], "from_round": 14, "to_round": 14},
            {"do": "drop", "types": ["sync"], "src": [1, 2], "dst": [0], "to_ms": 2_400},
        ],
        faults=[{"do": "eclipse", "at_ms": 1_000, "for_ms": 300, "node": 0}],
    )
    assert result.violations == ()
    assert result.faults[strategy] > 0
    assert set(result.alarms) == TELLTALES[strategy]
    assert min(result.commits[:3]) > 5


def test_two_liars_do_not_answer_each_other_for_ever() -> None:
    """f = 2 of 7: each vote that a liar hears makes it send one, but not the votes of the other liar."""
    told: dict[int, int] = {}
    for count in (1, 2):
        liars = [{"node": node, "strategy": "double_vote"} for node in range(count)]
        result = played(validators=7, duration_ms=2_500, gst_ms=0, byzantine=liars, liveness_rounds=99)
        assert not result.violations
        told[count] = result.events
    assert told[2] < 3 * told[1], "they cost what two cost"


def test_the_same_file_and_seed_are_the_same_run() -> None:
    """S13 for directed runs; written out and read again it is still the same run."""
    said = {
        **SHORT, "twins": [[1]], "byzantine": [{"node": 3, "strategy": "equivocate_proposal", "to": [0]}],
        "faults": [{"do": "drop", "at_ms": 1_000, "for_ms": 900, "chance": 0.3}],
    }  # fmt: skip
    scenario = from_document(said)
    one, two = World(scenario, 9).run(), World(scenario, 9).run()
    again = World(read_scenario(json.dumps(to_document(scenario))), 9).run()
    assert one.trace_hash == two.trace_hash == again.trace_hash
    assert World(scenario, 10).run().trace_hash != one.trace_hash
