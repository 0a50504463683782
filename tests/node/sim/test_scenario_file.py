"""Scenario files: what they say is what runs, defaults are stated, and what is wrong is named with its path."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from node.sim.bending import CHANGES as LIES
from node.sim.directives import Act, Rule, Step
from node.sim.document import ScenarioError
from node.sim.scenario import Change, Scenario, scenario_for_seed
from node.sim.scenario_dump import to_document
from node.sim.scenario_file import ACT_KEYS, KEYS, RULE_KEYS, STEP_KEYS, from_document, read_scenario
from node.sim.strategies import ELSEWHERE, STRATEGIES
from node.sim.vocabulary import names


def test_an_empty_scenario_has_the_documented_defaults() -> None:
    """Defaults stated: docs/simulation.md."""
    assert from_document({}) == Scenario(
        validators=4, duration_us=20_000_000, gst_us=12_000_000, max_rounds_to_recover=12, delay_us=20_000,
        jitter_us=10_000, payers=20, payments_per_s=50,
    )  # fmt: skip


def test_times_and_shares_are_exact() -> None:
    """Milliseconds have three decimals at most, shares six; both are kept as integers."""
    found = read_scenario('{"link": {"delay_ms": 2.345, "loss": 0.000001}, "clients": {"hot_share": 0.3}}')
    assert (found.delay_us, found.loss_ppm, found.hot_ppm) == (2_345, 1, 300_000)


def test_what_is_ordered_by_hand() -> None:
    """Rules, faults, twins, liars, leaders and epochs, each as the file says it."""
    found = from_document(
        {
            "leaders": [2, 0, 1, 3],
            "rules": [
                {"from_ms": 5, "to_round": 9, "src": [1], "types": ["vote", "tc"], "do": "hold", "release_at_round": 4}
            ],
            "faults": [
                {"at_point": "vote.written", "nth": 3, "node": 1, "do": "crash", "disk": "torn", "for_ms": 20},
                {"at_ms": 7, "node": 2, "do": "clone"},
            ],
            "twins": [[2], [0, 1]],
            "byzantine": [{"node": 3, "steps": [{"on": "vote", "do": "hide", "to": "half", "rounds": [4]}]}],
            "epochs": [{"at_ms": 9, "add": [4], "remove": [0]}],
        }
    )
    assert found.leaders == (2, 0, 1, 3)
    assert found.rules == (
        Rule("hold", from_us=5_000, to_round=9, src=(1,), types=("vote", "tc"), release_at_round=4),
    )  # fmt: skip
    assert found.acts[0] == Act("crash", 1, None, None, "vote.written", 3, "torn", 20_000)
    assert found.acts[1]._replace(of_us=0) == Act("clone", 2, 7_000, src=(8,), of_us=0)
    assert found.twins == (2, 0, 1, 2)
    assert [found.number_of(process) for process in range(found.processes)] == [0, 1, 2, 3, 4, 2, 0, 1, 2]
    assert found.liars[0].steps == (Step("vote", "hide", (0, 1), rounds=(4,)),)
    assert found.changes == (Change(9_000, "add", 4), Change(9_000, "remove", 0))
    assert found.spares == 1


@pytest.mark.parametrize(
    ("document", "name", "path"),
    [
        ({"validatorz": 4}, "unknown_key", "validatorz"),
        ({"link": {"dlay_ms": 1}}, "unknown_key", "link.dlay_ms"),
        ({"rules": [{"do": "drop"}, {"do": "drop", "when": 3}]}, "unknown_key", "rules[1].when"),
        ({"byzantine": [{"node": 3, "steps": [{"on": "vote", "do": "lie", "change": {"rot": 1}}]}]}, "unknown_key",
         "byzantine[0].steps[0].change.rot"),
        ({"version": 2}, "bad_scenario", "version"),
        ({"validators": 0}, "bad_scenario", "validators"),
        ({"validators": True}, "bad_scenario", "validators"),
        ({"validators": 4.0}, "bad_scenario", "validators"),
        ({"duration_ms": 999}, "bad_scenario", "duration_ms"),
        ({"duration_ms": 5_000, "gst_ms": 5_001}, "bad_scenario", "gst_ms"),
        ({"link": {"delay_ms": 0.0001}}, "bad_scenario", "link.delay_ms"),
        ({"link": {"delay_ms": -1}}, "bad_scenario", "link.delay_ms"),
        ({"link": {"loss": 1.000001}}, "bad_scenario", "link.loss"),
        ({"leaders": []}, "bad_scenario", "leaders"),
        ({"leaders": [4]}, "bad_scenario", "leaders[0]"),
        ({"leaders": "reputatio"}, "bad_scenario", "leaders"),
        ({"rules": {}}, "bad_scenario", "rules"),
        ({"rules": [{}]}, "bad_scenario", "rules[0].do"),
        ({"rules": [{"do": "hold"}]}, "bad_scenario", "rules[0]"),
        ({"rules": [{"do": "delay"}]}, "bad_scenario", "rules[0].ms"),
        ({"rules": [{"do": "drop", "src": [4]}]}, "bad_scenario", "rules[0].src[0]"),
        ({"rules": [{"do": "drop", "types": ["votes"]}]}, "bad_scenario", "rules[0].types[0]"),
        ({"faults": [{"do": "crash", "node": 1}]}, "bad_scenario", "faults[0]"),
        ({"faults": [{"do": "crash", "at_ms": 1}]}, "bad_scenario", "faults[0]"),
        ({"faults": [{"do": "crash", "at_ms": 1, "node": 4}]}, "bad_scenario", "faults[0]"),
        ({"faults": [{"do": "crush", "at_ms": 1, "node": 1}]}, "bad_scenario", "faults[0].do"),
        ({"faults": [{"do": "crash", "at_ms": 1, "at_round": 4, "node": 1}]}, "bad_scenario", "faults[0].at_round"),
        ({"faults": [{"do": "crash", "at_point": "vote.sent", "at_round": 4, "node": 1}]}, "bad_scenario",
         "faults[0].at_round"),
        ({"faults": [{"do": "pause", "at_ms": 1, "node": 1, "disk": "keep"}]}, "bad_scenario", "faults[0].disk"),
        ({"epochs": [{"at_ms": 3}]}, "bad_scenario", "epochs[0]"),
        ({"faults": [{"do": "pause", "at_point": "vote.sent", "node": 1}]}, "bad_scenario", "faults[0].at_point"),
        ({"faults": [{"do": "double_vote", "at_ms": 1, "node": 1}]}, "bad_scenario", "faults[0].do"),
        ({"faults": [{"do": "slowloris", "at_ms": 1}]}, "bad_scenario", "faults[0].do"),
        ({"twins": [2]}, "bad_scenario", "twins[0]"),
        ({"byzantine": [{"node": 3}]}, "bad_scenario", "byzantine[0]"),
        ({"byzantine": [{"node": 3, "strategy": "be_evil"}]}, "bad_scenario", "byzantine[0].strategy"),
        ({"epochs": [{"add": [4]}]}, "bad_scenario", "epochs[0].at_ms"),
        ({"mutant": 3}, "bad_scenario", "mutant"),
        ({"clients": {"accounts": 1}}, "bad_scenario", "clients.accounts"),
        ({"clients": {"accounts": 0, "payments_per_s": 1}}, "bad_scenario", "clients.payments_per_s"),
        (
            {"clients": {"accounts": 0}, "faults": [{"do": "tx_replay", "at_ms": 1}]},
            "bad_scenario",
            "faults[0].do",
        ),
        ([], "bad_scenario", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_path(document: object, name: str, path: str) -> None:
    """Unknown keys are errors that name the key; so is every value that nothing can be made of."""
    with pytest.raises(ScenarioError) as caught:
        from_document(document)
    assert (caught.value.name, caught.value.details["path"]) == (name, path)
    assert path in caught.value.message


@pytest.mark.parametrize("text", ["", "{", '{"validators": NaN}', '{"validators": 4, "validators": 4}', "[" * 100_000])
def test_what_is_not_json_is_refused(text: str) -> None:
    """A key that stands twice is refused too: one of its values would be lost."""
    with pytest.raises(ScenarioError) as caught:
        read_scenario(text)
    assert caught.value.name == "bad_scenario"


def test_a_mutant_of_no_name_is_none() -> None:
    """`mutant` is a name or null."""
    assert from_document({"mutant": None}) == from_document({})


def test_a_campaigns_scenario_becomes_a_file_and_back() -> None:
    """The generated scenarios are the same data type: written out and read again they say the same."""
    for seed in range(40):
        scenario = scenario_for_seed(seed)
        document = json.loads(json.dumps(to_document(scenario)))
        assert set(document) <= set(KEYS)
        changes = tuple(c._replace(node=0) if c.kind == "consensus" else c for c in scenario.changes)
        assert read_scenario(json.dumps(document)) == replace(scenario, gst_us=scenario.calm_us, changes=changes)


def test_a_directed_scenario_becomes_a_file_and_back() -> None:
    """Strategies keep their names where those say it all, and become steps where they do not."""
    document = {
        "rules": [{"do": "hold", "release_at_ms": 7.5, "dst": [1], "chance": 0.25, "name": "late"}],
        "faults": [
            {"do": "partition", "at_round": 4, "groups": [[0, 1], [2, 3]], "for_ms": 10},
            {"do": "clone", "at_ms": 3_000, "node": 0},
        ],
        "twins": [[2]],
        "byzantine": [
            {"node": 3, "strategy": "double_vote", "rounds": [3, 4]},
            {"node": 1, "strategy": "selective_send", "to": [2]},
        ],
    }
    scenario = from_document(document)
    again = to_document(scenario)
    assert [item["strategy"] for item in again["byzantine"]] == ["double_vote", "composed"]
    said = read_scenario(json.dumps(again))
    assert replace(said, liars=()) == replace(scenario, liars=())
    assert [liar.steps for liar in said.liars] == [liar.steps for liar in scenario.liars]


def test_every_name_of_the_fault_vocabulary_is_there() -> None:
    """The rule: "Every name of the fault vocabulary is there under its own name"; what cannot be ordered says why."""
    vocabulary = [
        "crash",
        "crash.at",
        "restart",
        "restart.lost_unsynced",
        "restart.lost_disk",
        "restart.old_snapshot",
        "pause",
        "slow_cpu",
        "oom_kill",
        "clock.skew",
        "clock.drift",
        "clock.jump_back",
        "clone",
        "upgrade.mixed_versions",
        "drop",
        "delay",
        "dup",
        "reorder",
        "replay_old",
        "corrupt_bit",
        "partition",
        "one_way",
        "partial",
        "flap",
        "slow_link",
        "half_open",
        "reset_mid_frame",
        "per_message_type",
        "eclipse",
        "full",
        "short_write",
        "torn_write",
        "fsync_EIO",
        "fsync_lie",
        "fsync_slow",
        "bit_rot",
        "misdirected_write",
        "lost_rename",
        "read_EIO",
        "perm_denied",
        "equivocate_proposal",
        "double_vote",
        "withhold_votes",
        "withhold_qc_then_release",
        "stale_qc_in_timeout",
        "low_qc_subset_in_tc",
        "unbacked_hqc_round",
        "late_proposal_after_timeout",
        "silent_leader",
        "selective_send",
        "future_round_flood",
        "bad_exec_root",
        "bad_timestamp",
        "invalid_tx_in_block",
        "double_spend_pair",
        "censor",
        "forged_sig",
        "noncanonical_sig",
        "wrong_chain_id",
        "wrong_epoch",
        "cross_type_sig_reuse",
        "duplicate_signer_in_qc",
        "sub_quorum_qc",
        "sync_liar",
        "sync_garbage",
        "sync_infinite_chain",
        "evidence_forgery",
        "malformed_frame",
        "truncated",
        "oversize",
        "deep_nesting",
        "huge_int",
        "trailing_bytes",
        "nonminimal_varint",
        "unsorted_map",
        "slowloris",
        "many_connections",
        "tls_wrong_key",
        "handshake_replay",
        "mempool_spam",
        "rpc_batch_bomb",
        "tx_replay",
        "tx_cross_chain",
    ]
    assert sorted(set(vocabulary) - {*names(), *STRATEGIES, *ELSEWHERE}) == []


def test_the_page_names_every_key_fault_and_change() -> None:
    """The format is documented in docs/simulation.md."""
    page = (Path(__file__).parents[3] / "docs" / "simulation.md").read_text(encoding="utf-8")
    words = [*KEYS, *ACT_KEYS, *RULE_KEYS, *STEP_KEYS, *LIES, *names(), *ELSEWHERE]
    assert [word for word in words if f"`{word}`" not in page and f'"{word}"' not in page] == []
