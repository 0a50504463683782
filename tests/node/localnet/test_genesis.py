"""Genesis: keys and document from a seed or from chance, read back, described; a corrupt file is one clear error."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from chain.errors import GenesisError, MithqalError
from chain.genesis import genesis_hash
from node.client.network import NetworkError
from node.config import ConfigError, load_config
from node.keystore import KeyFileError, load_key
from node.localnet import member
from node.localnet.build import build_network
from node.localnet.genesis import Rates, build_genesis, describe, load_genesis, waypoint_of, write_genesis
from node.localnet.member import check_node, find_validator, init_node
from node.localnet.start import load_checked, open_network
from node.runtime.process import listen

RATES = Rates({"XUS": 5, "XJP": 7}, {"INR": 3, "BRL": 4})
ROOTS = ["association", *[f"custodian-{code}" for code in ("XDX", "XEU", "XGB", "XJP", "XSG", "XUS")], "treasury"]


def test_a_directory_gets_the_genesis_and_every_key(tmp_path: Path) -> None:
    """`genesis build -o DIR`: the document names the public half of each key below the directory."""
    file, directory = write_genesis(tmp_path / "net", 2, RATES, timestamp_us=5)
    assert (file, directory) == (tmp_path / "net" / "genesis.bin", tmp_path / "net")
    assert sorted(path.stem for path in (directory / "keys").iterdir()) == ROOTS
    document = load_genesis(file)
    assert (document.chain_id, document.timestamp_us, document.dual_attestation_limit) == (4, 5, 1_000_000_000)
    assert document.treasury_key == load_key(directory / "keys" / "treasury.json").public_key
    assert document.association_key == load_key(directory / "keys" / "association.json").public_key
    for place, validator in enumerate(document.validators):
        keys = directory / validator.name / "keys"
        assert validator.name == f"validator-{place}"
        assert validator.consensus_key == load_key(keys / "consensus.json").public_key
        assert validator.network_key == load_key(keys / "network.json").public_key
        assert find_validator(document, keys) == place
    coins = {item.code: (item.rate, item.is_synthetic, item.can_mint) for item in document.currencies}
    one = 1 << 32
    assert coins == {
        "XUS": (5, False, True), "XEU": (one, False, True), "XJP": (7, False, True), "XGB": (one, False, True),
        "XSG": (one, False, True), "XDX": (one, True, False),
    }  # fmt: skip
    assert document.local_rates == (("BRL", 4), ("INR", 3))
    folders = [directory, directory / "keys", directory / "validator-0" / "keys"]
    assert [path.stat().st_mode & 0o777 for path in folders] == [0o700] * 3
    now_us = time.time_ns() // 1000
    assert now_us - 60_000_000 < build_genesis(tmp_path / "now", 1).timestamp_us <= now_us + 60_000_000


def test_a_file_keeps_its_keys_beside_it(tmp_path: Path) -> None:
    """`genesis build -o FILE`: the keys lie in FILE.keys; nothing is overwritten."""
    file, directory = write_genesis(tmp_path / "a.bin", 1)
    assert (file, directory) == (tmp_path / "a.bin", tmp_path / "a.bin.keys")
    assert file.is_file()
    assert sorted(path.name for path in directory.iterdir()) == ["keys", "validator-0"]
    with pytest.raises(GenesisError) as caught:
        write_genesis(tmp_path / "a.bin", 1)
    assert caught.value.name == "genesis_exists"


def test_the_seed_decides_every_key(tmp_path: Path) -> None:
    """'--seed (same keys)'; an interrupted start goes on with the keys that it left, another seed does not."""
    first, again, other = (
        genesis_hash(build_genesis(tmp_path / name, 1, seed=seed, timestamp_us=5))
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert first == again != other
    assert genesis_hash(build_genesis(tmp_path / "a", 1, seed=1, timestamp_us=5)) == first
    assert genesis_hash(build_genesis(tmp_path / "a", 1, timestamp_us=5)) == first
    with pytest.raises(KeyFileError) as caught:
        build_genesis(tmp_path / "a", 1, seed=2)
    assert caught.value.name == "key_file_exists"


@pytest.mark.parametrize("chain_id", [0, 1, 5, 6, 255, 256])
def test_only_test_chains(tmp_path: Path, chain_id: int) -> None:
    """'Test chain ids only': 2, 3 and 4 are Libra's test chains; nothing is written for another."""
    with pytest.raises(GenesisError) as caught:
        write_genesis(tmp_path / "net", 1, chain_id=chain_id)
    assert caught.value.name == "not_a_test_chain"
    assert not (tmp_path / "net").exists()
    for number in (2, 3, 4):
        assert build_genesis(tmp_path / str(number), 1, chain_id=number).chain_id == number


def test_what_a_genesis_says(tmp_path: Path) -> None:
    """'hash, waypoint, validators, currencies, rates, limits in words and JSON'."""
    document = build_genesis(tmp_path, 1, RATES, seed=1, timestamp_us=5)
    found = describe(document)
    assert json.loads(json.dumps(found)) == found
    assert found["genesis_hash"] == genesis_hash(document).hex()
    assert found["waypoint"] == waypoint_of(document)
    built = build_network(tmp_path, 1, seed=1, timestamp_us=5, rates=RATES)
    p2p, rpc = (f"{host}:{port}" for host, port in (built.members[0].p2p, built.members[0].rpc))
    again = build_genesis(tmp_path, 1, RATES, seed=1, timestamp_us=5, addresses=[(p2p, rpc)])
    assert built.waypoint == waypoint_of(again) != found["waypoint"], "addresses are a part of genesis"
    assert found["validators"] == [
        {
            "index": 0, "name": "validator-0", "consensus_key": document.validators[0].consensus_key.hex(),
            "network_key": document.validators[0].network_key.hex(),
            "owner_key": document.validators[0].owner_key.hex(),
            "operator_key": document.validators[0].operator_key.hex(), "network_address": "", "fullnode_address": "",
        }
    ]  # fmt: skip
    assert found["currencies"][0] == {
        "code": "XUS", "scaling_factor": 1_000_000, "fractional_part": 100, "rate_fixed_point32": 5,
        "is_synthetic": False, "can_mint": True, "custodian_key": document.currencies[0].custodian_key.hex(),
        "basket": [],
    }  # fmt: skip
    assert found["local_rates"] == [
        {"currency": "BRL", "rate_fixed_point32": 4}, {"currency": "INR", "rate_fixed_point32": 3}
    ]  # fmt: skip
    assert (found["chain_id"], found["timestamp_us"], found["dual_attestation_limit"]) == (4, 5, 1_000_000_000)


def test_a_corrupt_genesis_is_one_clear_error(tmp_path: Path) -> None:
    """Cut at any byte, or followed by another: `malformed_genesis`; a broken rule: `bad_genesis` with the rule."""
    file, _ = write_genesis(tmp_path / "g.bin", 1, seed=1, timestamp_us=5)
    data = file.read_bytes()
    bad = tmp_path / "bad.bin"
    for wrong in [data[:size] for size in range(0, len(data), 7)] + [data + b"\0", b"\x90", b"{}", bytes(2 << 20)]:
        bad.write_bytes(wrong)
        with pytest.raises(GenesisError) as caught:
            load_genesis(bad)
        assert caught.value.name == "malformed_genesis"
        assert str(bad) in caught.value.message
    document = load_genesis(file)
    for changes, rule in (
        ({"chain_id": 256}, "bad_chain_id"),
        ({"treasury_key": document.association_key}, "shared_key"),
        ({"treasury_key": bytes(32)}, "bad_key"),
    ):
        bad.write_bytes(document._replace(**changes).to_bytes())
        with pytest.raises(GenesisError) as caught:
            load_genesis(bad)
        assert (caught.value.name, caught.value.details) == ("bad_genesis", {"rule": rule})
    with pytest.raises(GenesisError) as caught:
        load_genesis(tmp_path / "nothing")
    assert caught.value.name == "genesis_unreadable"


# --- a validator's own directory ---


def test_node_init_makes_a_directory_that_can_start(tmp_path: Path) -> None:
    """`node init DIR`: node.json, genesis and keys; which validator it is follows from the keys."""
    file, keys = write_genesis(tmp_path / "g", 3)
    links = [("127.0.0.1", 21_001), ("127.0.0.1", 21_011), ("127.0.0.1", 21_021)]
    target = tmp_path / "one"
    config = init_node(target, file, keys / "validator-1" / "keys", endpoints=links, rpc=links[0])
    assert load_config(target) == config == check_node(target)
    assert (config.index, config.endpoints, config.rpc, config.allow_remote) == (1, tuple(links), links[0], False)
    assert (target / "genesis.bin").read_bytes() == file.read_bytes()
    for name in ("consensus.json", "network.json"):
        copy = target / "keys" / name
        assert copy.read_bytes() == (keys / "validator-1" / "keys" / name).read_bytes()
        assert copy.stat().st_mode & 0o777 == 0o600
    assert [path.stat().st_mode & 0o777 for path in (target, target / "keys")] == [0o700] * 2
    with pytest.raises(ConfigError) as caught:
        init_node(target, file, keys / "validator-1" / "keys", endpoints=links, rpc=links[0])
    assert caught.value.name == "node_exists"
    own = keys / "validator-2"
    assert init_node(own, file, own / "keys", endpoints=links, rpc=links[0]).index == 2


def test_node_init_refuses_what_does_not_belong_together(tmp_path: Path) -> None:
    """Keys of no validator of the genesis, a wrong number of endpoints, an address beyond loopback, a missing key."""
    file, keys = write_genesis(tmp_path / "g", 2)
    _, other = write_genesis(tmp_path / "h", 1)
    links = [("127.0.0.1", 21_001), ("127.0.0.1", 21_011)]
    own = keys / "validator-0" / "keys"

    def refused(keys: Path, **changes: object) -> str:
        options: dict[str, Any] = {"endpoints": links, "rpc": links[0], **changes}
        with pytest.raises(MithqalError) as caught:
            init_node(tmp_path / "new", file, keys, **options)
        assert not (tmp_path / "new" / "node.json").exists()
        return caught.value.name

    assert refused(other / "validator-0" / "keys") == "foreign_keys"
    assert refused(tmp_path) == "key_file_missing"
    assert refused(own, endpoints=links[:1]) == "wrong_endpoints"
    assert refused(own, rpc=("0.0.0.0", 7)) == "not_loopback"
    assert refused(own, endpoints=[("10.0.0.1", 7), links[1]]) == "not_loopback"
    assert refused(own, rpc=("127.0.0.1", 0)) == "wrong_type"
    mixed = tmp_path / "mixed"
    mixed.mkdir(mode=0o700)
    for name, place in (("consensus.json", "validator-0"), ("network.json", "validator-1")):
        (mixed / name).write_bytes((keys / place / "keys" / name).read_bytes())
        (mixed / name).chmod(0o600)
    assert refused(mixed) == "foreign_keys"


def test_a_node_listens_beyond_loopback_only_if_both_say_so(tmp_path: Path) -> None:
    """'binding beyond loopback needs a flag': in node.json, and again where it is started."""
    file, keys = write_genesis(tmp_path / "g", 1)
    own = keys / "validator-0"
    init_node(own, file, own / "keys", endpoints=[("0.0.0.0", 21_001)], rpc=("127.0.0.1", 21_002), allow_remote=True)
    with pytest.raises(ConfigError) as caught:
        check_node(own)
    assert caught.value.name == "not_loopback"
    assert "--allow-remote" in caught.value.message
    assert check_node(own, allow_remote=True).allow_remote


def test_a_node_does_not_start_on_a_used_port(tmp_path: Path) -> None:
    """'port in use': one clear error before anything runs, for each of its two ports."""
    file, keys = write_genesis(tmp_path / "g", 1)
    own = keys / "validator-0"
    ports = [("127.0.0.1", 21_031), ("127.0.0.1", 21_032)]
    init_node(own, file, own / "keys", endpoints=ports[:1], rpc=ports[1])
    for endpoint in ports:
        taken = listen(endpoint)
        taken.listen()
        with taken, pytest.raises(ConfigError, match=str(endpoint[1])) as caught:
            check_node(own)
        assert caught.value.name == "port_in_use"
    check_node(own)


@pytest.mark.parametrize(
    ("code", "said", "name", "message"),
    [
        (2, "noise\nmithqal node: wrong_network: it is another's: a b\n", "wrong_network", "it is another's: a b"),
        (74, "mithqal node: storage_corrupt: x\n", "storage_corrupt", "x"),
        (1, "Traceback\n", "validator_failed", "the validator ended with 1"),
    ],
)
def test_why_a_validator_could_not_go_on(
    tmp_path: Path, monkeypatch, capsys, code: int, said: str, name: str, message: str
) -> None:
    """What the validator says as it gives up is the command's error; what it says otherwise is passed on."""

    def gives_up(_directory: Path, *, replay: bool, trace_messages: bool) -> int:
        assert not replay
        assert not trace_messages
        sys.stderr.write(said)
        return code

    monkeypatch.setattr(member, "run_node", gives_up)
    with pytest.raises(MithqalError) as caught:
        member.run_here(tmp_path)
    assert (caught.value.name, caught.value.message) == (name, message)
    assert capsys.readouterr().err == ("Traceback\n" if code == 1 else "")
    monkeypatch.setattr(member, "run_node", lambda _directory, **_: 0)
    member.run_here(tmp_path)


# --- a network that is there already ---


def nobody_asks() -> Rates:
    """Rates of a network that exists are never asked for."""
    raise AssertionError


def test_a_network_is_made_once_and_then_held_to_what_is_asked(tmp_path: Path) -> None:
    """'`up` on an existing directory continues the same ledger; with different --validators ...: an error'."""
    made = open_network(tmp_path / "net", lambda: RATES, validators=2, seed=3, base_port=21_040)
    assert [member.rpc[1] for member in made.members] == [21_040, 21_050]
    assert made.genesis.currencies[0].rate == 5
    same: list[dict[str, Any]] = [{}, {"validators": 2}, {"seed": 3}, {"base_port": 21_040}, {"base_port": 0}]
    for asked in same:
        assert open_network(tmp_path / "net", nobody_asks, **asked) == made
    others: list[dict[str, Any]] = [{"validators": 3}, {"validators": 1}, {"seed": 4}, {"base_port": 21_050}]
    for asked in others:
        with pytest.raises(NetworkError, match=str(next(iter(asked.values())))) as caught:
            open_network(tmp_path / "net", nobody_asks, **asked)
        assert caught.value.name == "network_differs"
    default = open_network(tmp_path / "four", lambda: RATES)
    assert len(default.members) == 4


def test_a_genesis_of_another_network_is_noticed(tmp_path: Path) -> None:
    """A directory whose genesis is not that of its network.json starts nothing."""
    open_network(tmp_path / "a", lambda: RATES, validators=1)
    other = open_network(tmp_path / "b", lambda: RATES, validators=1)
    (tmp_path / "a" / "genesis.bin").write_bytes((other.directory / "genesis.bin").read_bytes())
    for call in (lambda: load_checked(tmp_path / "a"), lambda: open_network(tmp_path / "a", nobody_asks)):
        with pytest.raises(NetworkError) as caught:
            call()
        assert caught.value.name == "genesis_mismatch"


def test_a_used_port_leaves_no_half_made_network(tmp_path: Path) -> None:
    """'`up` when a port is in use: one clear error': the same command works as soon as the port is free."""
    taken = listen(("127.0.0.1", 21_071))
    taken.listen()
    with taken, pytest.raises(ConfigError) as caught:
        open_network(tmp_path / "net", lambda: RATES, validators=1, base_port=21_070)
    assert caught.value.name == "port_in_use"
    assert not (tmp_path / "net").exists()
    assert open_network(tmp_path / "net", lambda: RATES, validators=1, base_port=21_070).members[0].p2p[1] == 21_071
