"""Each decision about validators and the system as a call: sender, function and arguments, exactly."""

from pathlib import Path
from typing import Any

import pytest

from chain.codec import encode
from chain.errors import MithqalError
from chain.records.onchain import ConsensusConfig, GasConstants
from node.client.operations import validators as operations
from node.client.wallets.calls import Call
from node.client.wallets.names import key_path

ROW: dict[str, Any] = {
    "index": 4, "name": "v4", "account": "aa" * 16, "operator": "bb" * 16, "network_key": "cc" * 32,
    "network_address": "127.0.0.1:9", "fullnode_address": "127.0.0.1:8", "state": "member",
}  # fmt: skip
AUTH = bytes(range(32))


def test_calls_of_the_association() -> None:
    """Free of gas, without a nonce; an authentication key is address and prefix."""
    account = bytes.fromhex("aa" * 16)
    assert [
        operations.create_owner_call("v4", AUTH), operations.create_operator_call("v4", AUTH),
        operations.add_member_call(ROW), operations.remove_member_call(ROW), operations.halt_call(halt=True),
        operations.halt_call(halt=False), operations.version_call(7),
    ] == [
        Call("association", "create_validator_account", (0, AUTH[16:], AUTH[:16], "v4"), None),
        Call("association", "create_validator_operator_account", (0, AUTH[16:], AUTH[:16], "v4-operator"), None),
        Call("association", "add_validator_and_reconfigure", (0, "v4", account), None),
        Call("association", "remove_validator_and_reconfigure", (0, "v4", account), None),
        Call("association", "halt_transactions", (0,), None), Call("association", "resume_transactions", (0,), None),
        Call("association", "update_diem_version", (0, 7), None),
    ]  # fmt: skip


def test_calls_of_owner_and_operator() -> None:
    """`NAME.owner` and `NAME.operator` sign them."""
    key, network = b"\x01" * 32, b"\x02" * 32
    assert operations.choose_operator_call("v4", b"o" * 16) == (
        Call("v4.owner", "set_validator_operator", ("v4-operator", b"o" * 16), None)
    )
    assert operations.register_call("v4", b"a" * 16, key, network, ("h:1", "h:2")) == (
        Call("v4.operator", "register_validator_config", (b"a" * 16, key, f"{network.hex()}@h:1", "h:2"), None)
    )
    arguments = (bytes.fromhex("aa" * 16), key, f"{'cc' * 32}@127.0.0.1:9", "127.0.0.1:8")
    assert operations.rotate_call(ROW, key) == Call(
        "v4.operator", "set_validator_config_and_reconfigure", arguments, None
    )


def test_constants_change_by_name() -> None:
    """What is not named stays; what is no number of the set is refused."""
    gas = GasConstants()._asdict()
    call = operations.gas_call(gas, {"max_price_per_gas_unit": 7})
    assert call.arguments == (0, 4, 9, 600, 600, 8, 4_000_000, 0, 7, 4_096, 1_000, 800)
    config = ConsensusConfig()._asdict()
    call = operations.consensus_call(config, {"idle_proposal_us": 5})
    assert call.arguments == (0, encode(("round_robin", 1_000_000, 5, 1_000_000)))
    call = operations.consensus_call(config, {"leader_election": "reputation"})
    assert call.arguments == (0, encode(("reputation", 1_000_000, 800_000, 1_000_000)))
    for changes in ({"nothing": 1}, {"leader_election": 1}, {"leader_election": "dice"}, {"_fields": 1}):
        with pytest.raises(MithqalError) as caught:
            operations.consensus_call(config, changes)
        assert caught.value.name == "unknown_constant"
        assert "round_timeout_us, idle_proposal_us, config_update_interval_us" in caught.value.message


def test_words_of_changes() -> None:
    """`NAME=NUMBER` and the name of a leader election, nothing else."""
    assert operations.read_changes(("a=1", "b=20")) == {"a": 1, "b": 20}
    assert operations.read_changes(("leader_election=reputation", "b=2")) == {"leader_election": "reputation", "b": 2}
    for word in ("leader_election", "a", "a=", "a=-1", "a=1.5", "a=٣", f"a={'1' * 21}"):
        with pytest.raises(MithqalError) as caught:
            operations.read_changes((word,))
        assert caught.value.name == "bad_argument"


def test_a_validator_by_name_or_number() -> None:
    """An unknown one lists the known ones."""
    assert operations.find_row([ROW], "v4") is operations.find_row([ROW], "4") is ROW
    with pytest.raises(MithqalError, match="there are v4") as caught:
        operations.find_row([ROW], "v5")
    assert caught.value.name == "unknown_validator"


def test_where_the_keys_of_a_validators_accounts_lie(tmp_path: Path) -> None:
    """Beside its other keys; a person who is called so keeps her own place."""
    (tmp_path / "v4" / "keys").mkdir(parents=True)
    keys = tmp_path / "keys"
    assert key_path(keys, "v4.owner") == tmp_path / "v4" / "keys" / "owner.json"
    assert key_path(keys, "v4.operator") == tmp_path / "v4" / "keys" / "operator.json"
    assert key_path(keys, "v5.owner") == keys / "accounts" / "v5.owner.json"
    assert key_path(keys, "v4.consensus") == keys / "accounts" / "v4.consensus.json"
    assert key_path(keys, "association") == keys / "association.json"
