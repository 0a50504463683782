"""The door: it attacks only its own network, sees what went wrong, and a short run has the figures that it names."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from chain.crypto.signing import PrivateKey, RealSignatures
from chain.errors import MithqalError
from chain.transaction import decode_transaction
from cli.main import root
from node.api.schema import MAX_BATCH, RpcError, check_batch, parse_body
from node.client.network import Member, Network
from node.lab.door import payloads
from node.lab.door.attacker import PHASES, check_targets
from node.lab.door.gauges import is_trouble
from node.lab.door.peer_attacks import recorded_handshake
from node.lab.door.run import verdict

KEY = PrivateKey(bytes([7]) * 32)
GENESIS = bytes(32)


def network(host: str = "127.0.0.1") -> Network:
    member = Member("validator-0", None, (host, 1000), (host, 1001), Path("nowhere"))
    return Network(Path("nowhere"), 4, GENESIS, "", [member])


@pytest.mark.parametrize(
    ("member", "target"),
    [
        ("127.0.0.1", ("127.0.0.1", 1002)), ("127.0.0.1", ("10.0.0.1", 1000)), ("10.0.0.1", ("10.0.0.1", 1000)),
        ("node.example", ("node.example", 1000)),
    ],
)  # fmt: skip
def test_other_targets_are_refused(member: str, target: tuple[str, int]) -> None:
    """Floods refuse any target outside the given network.json, and outside loopback."""
    with pytest.raises(MithqalError) as caught:
        check_targets(network(member), [target])
    assert caught.value.name == "foreign_target"


def test_its_own_ports_are_not() -> None:
    """Both ports of a validator on loopback."""
    check_targets(network(), [("127.0.0.1", 1000), ("127.0.0.1", 1001)])


def test_each_invalid_transaction_is_wrong_in_its_way_only() -> None:
    """Bad signature, old sequence number, other chain, oversize: what is not the fault holds."""
    found = payloads.invalid_transactions(KEY, 4, GENESIS, 3)
    assert set(found) == set(payloads.KINDS)
    bad, old, other = (
        [decode_transaction(bytes.fromhex(item)) for item in found[kind]]
        for kind in ("bad_signature", "old_sequence", "other_chain")
    )
    port = RealSignatures()
    assert not any(port.verify(check) for tx in bad for check in tx.checks(GENESIS))
    assert all(port.verify(check) for tx in old for check in tx.checks(GENESIS))
    assert {tx.raw.sequence_number for tx in old} == {0}
    assert {tx.raw.chain_id for tx in other} == {5}
    assert all(len(item) // 2 > 4_096 for item in found["oversize"])
    assert len(set(found["bad_signature"])) == 3


def test_no_bomb_is_a_call_that_is_answered() -> None:
    """Each malformed body is refused by the parser, or by a rule of the call; none is a way in."""
    names = set()
    for body in payloads.malformed_json():
        try:
            value = parse_body(body)
        except RpcError as error:
            names.add(error.name)
            continue
        assert not isinstance(value, list) or not value or value in ([[]], [None])
    assert names == {"parse_error", "request_too_large"}
    with pytest.raises(RpcError):
        check_batch(parse_body(payloads.batch_bombs()[0]))
    assert MAX_BATCH == 20


def test_a_recorded_handshake_ends_with_a_hello() -> None:
    """Both ends in memory: TLS records of a client, the last one application data."""
    recorded = recorded_handshake(bytes([1]) * 32, bytes([2]) * 32, b"hello")
    kinds, at = [], 0
    while at < len(recorded):
        kinds.append(recorded[at])
        at += 5 + int.from_bytes(recorded[at + 3 : at + 5], "big")
    assert at == len(recorded)
    assert kinds[0] == 22
    assert kinds[-1] == 23


@pytest.mark.parametrize(
    ("file", "line", "found"),
    [
        ("output.log", "Traceback (most recent call last):", True), ("output.log", "", False),
        ("node.log", '{"name": "started", "message": "validator 0 at height 0"}', False),
        ("node.log", '{"name": "tls", "message": "[SSL: WRONG_VERSION_NUMBER] wrong version number"}', False),
        ("node.log", '{"name": "library_uvicorn", "message": "Invalid HTTP request received."}', False),
        ("node.log", '{"name": "library_uvicorn", "message": "Exception in ASGI application: KeyError(1)"}', True),
        ("node.log", '{"name": "library_asyncio", "message": "Task exception was never retrieved"}', True),
        ("node.log", '{"name": "broken", "message": "x"}', True), ("node.log", "half a li", True),
    ],
)  # fmt: skip
def test_what_is_trouble_in_a_log(file: str, line: str, found: bool) -> None:
    """Refusals are no trouble; exceptions that nobody expected are."""
    assert is_trouble(file, line) is found


@pytest.mark.parametrize(
    ("change", "missed"), [({}, None), ({"ratio": 2.01}, "round_ratio"), ({"rss_growth_mb": 101}, "rss_growth"),
                           ({"unhandled": 1}, "unhandled")],
)  # fmt: skip
def test_the_goals(change: dict[str, Any], missed: str | None) -> None:
    """'honest round time <= 2x baseline, RSS growth <= 100 MB, no unhandled exception line'."""
    row = {"ratio": 2.0, "rss_growth_mb": 100, "unhandled": 0}
    goals = verdict([row, {**row, **change}])
    assert [name for name, reached in goals.items() if not reached] == ([missed] if missed else [])


def test_an_unknown_attack_is_named() -> None:
    """Usage."""
    done = CliRunner().invoke(root, ["lab", "door", "--phase", "nothing"])
    assert "no attack is called 'nothing'" in done.output
    assert "slow_loris" in PHASES


@pytest.mark.network
def test_a_short_run() -> None:
    """One validator, two attacks: the document's keys, and that validators refuse what is thrown at them."""
    done = CliRunner().invoke(
        root,
        ["lab", "door", "--validators", "1", "--seconds", "12", "--rate", "10", "--phase", "invalid_transactions",
         "--phase", "validators_port", "--json"],
        standalone_mode=False,
    )  # fmt: skip
    document = json.loads(done.stdout)
    names = [row["name"] for row in document["phases"]]
    assert names == ["before", "invalid_transactions", "validators_port", "after"]
    flood, peers = document["phases"][1:3]
    keys = "name sent refused round_ms ratio finality_ms rss_growth_mb unhandled"
    assert set(keys.split()) <= set(flood)
    assert set(flood["refused"]) >= {"invalid_signature", "sequence_number_too_old", "bad_chain_id"}
    assert (flood["taken"], peers["taken"]) == (0, 0)
    assert peers["refused_by_validators"]["links"] > 0
    assert [row["unhandled_lines"] for row in document["phases"]] == [[], [], [], []]
    assert set(document["goals"]) == {"round_ratio", "rss_growth", "unhandled"}
    assert document["ok"] is all(document["goals"].values())
