"""The Byzantine strategies of the vocabulary, each a composition in the very words of a scenario file.

A new attack is a new list of steps, in a scenario's `byzantine[..].steps`; what stands here has a name of its own.
"""

from typing import Any

FAR = 4_611_686_018_427_387_904
"""A round that nobody reaches: 2^62."""
HOUR_MS = 3_600_000

STRATEGIES: dict[str, list[dict[str, Any]]] = {
    "equivocate_proposal": [
        {"on": "proposal", "do": "lie", "to": "half", "change": {"time_ms": 1}},
        {"on": "heard.vote", "do": "send", "change": {"as": "vote"}},
    ],
    "double_vote": [
        {"on": "heard.vote", "do": "send", "change": {"as": "vote"}},
        {"on": "vote", "do": "send", "change": {"block": "other", "commit": "none"}},
    ],
    "withhold_votes": [{"on": "vote", "do": "hide"}],
    "withhold_qc_then_release": [
        {"on": "proposal", "do": "hold", "after_rounds": 2},
        {"on": "timeout", "do": "lie", "change": {"qc": "lowest"}},
        {"on": "sync_info", "do": "hold", "after_rounds": 2},
    ],
    "stale_qc_in_timeout": [{"on": "timeout", "do": "lie", "change": {"qc": "lowest"}}],
    "low_qc_subset_in_tc": [
        {"on": "heard.timeout", "do": "send", "change": {"as": "tc"}},
        {"on": "proposal", "do": "lie", "change": {"tc": "lowest", "qc": "lowest"}},
    ],
    "unbacked_hqc_round": [
        {"on": "timeout", "do": "lie", "change": {"claim_round": FAR}},
        {"on": "heard.timeout", "do": "send", "change": {"as": "tc", "claim_round": FAR}},
    ],
    "late_proposal_after_timeout": [{"on": "proposal", "do": "hold", "ms": 1_100}],
    "silent_leader": [{"on": "proposal", "do": "hide"}],
    "selective_send": [{"on": "any", "do": "hide", "to": "half"}],
    "future_round_flood": [
        {"on": "vote", "do": "send", "change": {"round": 2}, "count": 8},
        {"on": "heard.vote", "do": "send", "change": {"as": "timeout", "round": 70}},
        {"on": "proposal", "do": "send", "change": {"round": FAR}},
    ],
    "bad_exec_root": [{"on": "vote", "do": "lie", "change": {"root": "flip"}}],
    "bad_timestamp": [{"on": "proposal", "do": "lie", "change": {"time_ms": HOUR_MS}}],
    "invalid_tx_in_block": [{"on": "proposal", "do": "lie", "change": {"payload": "flip"}}],
    "double_spend_pair": [{"on": "proposal", "do": "lie", "change": {"payload": "twice"}}],
    "censor": [{"on": "proposal", "do": "lie", "change": {"payload": "empty"}}],
    "forged_sig": [
        {"on": "vote", "do": "lie", "change": {"signature": "flip"}},
        {"on": "proposal", "do": "lie", "change": {"signature": "flip"}},
        {"on": "timeout", "do": "lie", "change": {"signature": "flip"}},
    ],
    "noncanonical_sig": [{"on": "vote", "do": "lie", "change": {"signature": "malleate"}}],
    "wrong_chain_id": [
        {"on": "vote", "do": "lie", "change": {"signature": "other_chain"}},
        {"on": "proposal", "do": "lie", "change": {"signature": "other_chain"}},
    ],
    "wrong_epoch": [
        {"on": "vote", "do": "lie", "change": {"epoch": 1}},
        {"on": "timeout", "do": "lie", "change": {"epoch": 1}},
    ],
    "cross_type_sig_reuse": [
        {"on": "vote", "do": "lie", "change": {"signature": "other_type"}},
        {"on": "timeout", "do": "lie", "change": {"signature": "other_type"}},
    ],
    "duplicate_signer_in_qc": [
        {"on": "proposal", "do": "lie", "change": {"signers": "duplicate"}},
        {"on": "timeout", "do": "lie", "change": {"signers": "duplicate"}},
    ],
    "sub_quorum_qc": [
        {"on": "proposal", "do": "lie", "change": {"signers": "fewer"}},
        {"on": "timeout", "do": "lie", "change": {"signers": "fewer"}},
    ],
    "sync_liar": [
        {"on": "sync_info", "do": "lie", "change": {"claim_round": FAR}},
        {"on": "committed_response", "do": "lie", "change": {"blocks": "first"}},
        {"on": "block_response", "do": "lie", "change": {"blocks": "none"}},
    ],
    "sync_garbage": [{"on": "sync", "do": "lie", "change": {"bytes": "garbage"}}],
    "sync_infinite_chain": [
        {"on": "committed_response", "do": "lie", "change": {"blocks": "again"}},
        {"on": "block_response", "do": "lie", "change": {"blocks": "again"}},
    ],
    "evidence_forgery": [
        {"on": "vote", "do": "send", "change": {"author": -1, "block": "other", "commit": "none"}},
        {"on": "timeout", "do": "send", "change": {"author": -1, "qc": "lowest"}},
        {"on": "heard.vote", "do": "send", "change": {"as": "accusation"}},
    ],
    "malformed_frame": [{"on": "any", "do": "send", "change": {"bytes": "garbage"}}],
    "truncated": [{"on": "any", "do": "send", "change": {"bytes": "truncated"}}],
    "oversize": [{"on": "vote", "do": "send", "change": {"bytes": "huge_length"}}],
    "deep_nesting": [{"on": "vote", "do": "send", "change": {"bytes": "deep"}}],
    "huge_int": [{"on": "vote", "do": "send", "change": {"bytes": "huge_int"}}],
    "trailing_bytes": [{"on": "any", "do": "send", "change": {"bytes": "trailing"}}],
    "nonminimal_varint": [{"on": "any", "do": "send", "change": {"bytes": "nonminimal"}}],
    "unsorted_map": [{"on": "vote", "do": "send", "change": {"bytes": "map"}}],
}
"""Name -> steps."""
COMPOSED = "composed"
"""The strategy whose steps the scenario itself says."""

ELSEWHERE: dict[str, str] = {
    "slowloris": "there are no connections in the simulator; it belongs to a real network's door",
    "many_connections": "there are no connections in the simulator; it belongs to a real network's door",
    "tls_wrong_key": "there is no TLS in the simulator; tests/node/wire tries it on a real one",
    "handshake_replay": "there is no TLS in the simulator; tests/node/wire tries it on a real one",
    "rpc_batch_bomb": "there is no RPC in the simulator; tests/node/api tries it on a real one",
    "upgrade.mixed_versions": "all processes of a run are of one version; an older one has to be checked out",
}
"""Names of the fault vocabulary that no scenario can order, and why."""
