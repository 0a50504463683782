"""Real validator processes on loopback: they commit, survive a SIGKILL, catch up, and agree."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from chain.accounts import TREASURY
from chain.crypto.signing import PrivateKey, address_of
from chain.execution.treasury import receipt_message
from chain.primitives import Address
from chain.transaction import Payload, RawTransaction, SignedTransaction, sign_transaction
from node.client.network import Network, NetworkError, load_network
from node.client.rpc import RpcClient, RpcFailed
from node.keystore import derive_secret, load_key
from node.localnet import build
from node.localnet.build import build_network
from node.localnet.genesis import Rates
from node.localnet.supervisor import Supervisor, find_member
from node.runtime.process import listen

SEED = 7


class Party:
    """An account that signs with its next number."""

    def __init__(self, network: Network, address: Address, key: PrivateKey) -> None:
        """Starts at number 0."""
        self.network, self.address, self.key, self.number = network, address, key, 0

    def call(self, function: str, *arguments: Any) -> SignedTransaction:
        """Sign the next transaction, free of gas."""
        raw = RawTransaction(
            self.address, self.number, Payload(function, arguments), 1_000_000, 0, "XUS",
            int(time.time()) + 600, self.network.chain_id,
        )  # fmt: skip
        self.number += 1
        return sign_transaction(raw, self.key, 0, self.network.genesis_hash)


def party(network: Network, name: str) -> Party:
    """An account of a name of its own."""
    key = PrivateKey(derive_secret(SEED, name))
    return Party(network, address_of(key.authentication_key()), key)


def final(client: RpcClient, *txs: SignedTransaction) -> list[dict[str, Any]]:
    """Submit and wait until each is executed."""
    for tx in txs:
        client.submit(tx.envelope)
    done = [client.wait(tx.raw.sender, tx.raw.sequence_number, tx.hash, 15) for tx in txs]
    for tx, found in zip(txs, done, strict=True):
        assert found is not None
        assert found["hash"] == tx.hash.hex()
        assert found["vm_status"] == {"type": "executed"}, found["vm_status"]
    return done


@pytest.fixture
def network(tmp_path: Path) -> Generator[tuple[Supervisor, RpcClient]]:
    """Four validators that commit; stopped afterwards."""
    directory = tmp_path / "net"
    built = build_network(directory, 4, seed=SEED)
    supervisor = Supervisor(directory)
    client = RpcClient(built.endpoints(), chain_id=built.chain_id)
    try:
        supervisor.up()
        yield supervisor, client
    finally:
        client.close()
        supervisor.down()


def fund(network: Network, client: RpcClient) -> tuple[Party, Party]:
    """A dealer with coins, and a wallet provider."""
    treasury = Party(network, TREASURY, load_key(network.keys / "treasury.json"))
    dealer, wallet = party(network, "dealer"), party(network, "us-wallet")
    custodian = load_key(network.keys / "custodian-XUS.json")
    receipt = bytes(31) + b"\x01"
    signature = custodian.sign(receipt_message(network.genesis_hash, receipt, "XUS", 5_000_000))
    final(
        client,
        treasury.call("create_designated_dealer", "XUS", 0, dealer.address, prefix(dealer), "us-dealer", False),
        treasury.call("create_parent_vasp_account", "XUS", 0, wallet.address, prefix(wallet), "us-wallet", False),
        treasury.call("tiered_mint", "XUS", 0, dealer.address, 5_000_000, 0, receipt, signature),
    )
    return dealer, wallet


def prefix(owner: Party) -> bytes:
    """First 16 bytes of the authentication key."""
    return owner.key.authentication_key()[:16]


def pay(payer: Party, payee: Party, amount: int) -> SignedTransaction:
    """A payment."""
    return payer.call("peer_to_peer_with_metadata", "XUS", payee.address, amount, b"", b"")


def roots_agree(supervisor: Supervisor, version: int) -> bool:
    """Whether every validator has reached `version`, and all have the same root there."""
    found = set()
    for member in supervisor.network.members:
        client = RpcClient([member.rpc], timeout_s=2)
        try:
            found.add(client.call("get_metadata", version)["accumulator_root_hash"])
        except RpcFailed as error:
            if error.name != "version_too_new":
                raise
            return False
        finally:
            client.close()
    return len(found) == 1


@pytest.mark.network
def test_payments_go_on_without_one_validator_and_it_catches_up(network: tuple[Supervisor, RpcClient]) -> None:
    """The issue: "kill any one validator with SIGKILL ... and `pay` is final; ... the same accumulator root"."""
    supervisor, client = network
    built = supervisor.network
    dealer, wallet = fund(built, client)
    final(client, pay(dealer, wallet, 1_000_000))
    supervisor.kill("validator-0")
    assert load_network(built.directory).members[0].pid is None
    assert [row["state"] for row in supervisor.status()] == ["down", "up", "up", "up"]
    done = final(client, *[pay(dealer, wallet, 1_000) for _ in range(5)])
    supervisor.restart("validator-0")
    assert supervisor.network.members[0].pid is not None
    last = final(client, pay(dealer, wallet, 7))[0]["version"]
    assert last > done[-1]["version"]
    deadline = time.monotonic() + 15
    while not roots_agree(supervisor, last):
        assert time.monotonic() < deadline, supervisor.status()
        time.sleep(0.1)
    account = client.call("get_account", wallet.address.hex())
    assert account["balances"] == [{"amount": 1_005_007, "currency": "XUS"}]

    # the same ledger goes on after a stop of all
    assert supervisor.down() == 4
    assert supervisor.down() == 0
    supervisor.up()
    assert client.call("get_account", dealer.address.hex())["sequence_number"] == 7
    final(client, pay(dealer, wallet, 1))


def test_a_directory_without_a_network_says_what_to_do(tmp_path: Path) -> None:
    """The issue: "missing or corrupt network.json": one clear error."""
    with pytest.raises(NetworkError, match="mithqal localnet up") as caught:
        Supervisor(tmp_path)
    assert caught.value.name == "network_missing"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value: line 1 column 1 (char 0)"), ("[]", "a value of a wrong type"),
        ("null", "a value of a wrong type"), ("{}", "'validators' is missing"),
        ('{"validators": []}', "'genesis_hash' is missing"),
    ],
)  # fmt: skip
def test_a_corrupt_network_file_is_one_clear_error(tmp_path: Path, text: str, reason: str) -> None:
    """The issue: "missing or corrupt network.json": one clear error, in words and with the next step."""
    (tmp_path / "network.json").write_text(text)
    with pytest.raises(NetworkError) as caught:
        load_network(tmp_path)
    assert caught.value.name == "network_corrupt"
    assert f"network.json is corrupt ({reason}): " in caught.value.message
    assert "mithqal localnet up --network DIR" in caught.value.message


@pytest.mark.parametrize("field", ["rpc", "p2p"])
@pytest.mark.parametrize("endpoint", ["127.0.0.1", "h:", ":80", "h:0", "h:65536", "h:99999", "h:x", "h:-1", "h:²"])
def test_an_endpoint_that_nobody_can_have_is_corrupt(tmp_path: Path, field: str, endpoint: str) -> None:
    """A host and a port from 1 to 65535."""
    build_network(tmp_path, 1, seed=1, base_port=20_000, timestamp_us=5)
    path = tmp_path / "network.json"
    document = json.loads(path.read_text())
    for last in ("h:1", "h:65535"):
        document["validators"][0][field] = last
        path.write_text(json.dumps(document))
        load_network(tmp_path)
    document["validators"][0][field] = endpoint
    path.write_text(json.dumps(document))
    with pytest.raises(NetworkError, match="is no host:port") as caught:
        load_network(tmp_path)
    assert caught.value.name == "network_corrupt"


def test_a_built_network_reads_back(tmp_path: Path) -> None:
    """`network.json`: chain_id, genesis_hash, waypoint, validators: [{name, pid, rpc, p2p, dir}]."""
    built = build_network(tmp_path, 2, seed=1, base_port=20_000, timestamp_us=5)
    assert load_network(tmp_path) == built
    value = json.loads((tmp_path / "network.json").read_text())
    assert sorted(value) == ["chain_id", "genesis_hash", "validators", "waypoint"]
    assert value["validators"][1] == {
        "name": "validator-1", "pid": None, "rpc": "http://127.0.0.1:20010", "p2p": "127.0.0.1:20011",
        "dir": str(tmp_path / "validator-1"),
    }  # fmt: skip
    assert value["waypoint"].startswith("0:")
    for path in tmp_path.rglob("keys/*.json"):
        assert path.stat().st_mode & 0o777 == 0o600
    assert {path.stat().st_mode & 0o777 for path in tmp_path.rglob("keys")} == {0o700}
    with pytest.raises(NetworkError) as caught:
        build_network(tmp_path, 2)
    assert caught.value.name == "network_exists"


def test_the_same_seed_gives_the_same_genesis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deterministic with a seed and the ports; another seed is another network, with other keys."""
    monkeypatch.setattr(build, "listen", lambda _endpoint: socket.socket())  # nobody listens in this test
    built = [
        build_network(tmp_path / str(place), 1, seed=seed, base_port=9_000, timestamp_us=5, rates=Rates({"XEU": 9}, {}))
        for place, seed in enumerate((1, 1, 2))
    ]
    assert built[0].genesis_hash == built[1].genesis_hash != built[2].genesis_hash
    keys = [network.genesis.validators[0].consensus_key for network in built]
    assert keys[0] == keys[1] != keys[2]


def test_a_used_port_is_named(tmp_path: Path) -> None:
    """The issue: "port in use": a clear error naming it, and no process is started."""
    built = build_network(tmp_path, 1)
    taken = listen(built.members[0].rpc)
    taken.listen()
    with taken, pytest.raises(Exception, match=str(built.members[0].rpc[1])) as caught:
        Supervisor(tmp_path).up()
    assert getattr(caught.value, "name", None) == "port_in_use"
    assert load_network(tmp_path).members[0].pid is None


def test_validators_are_named_or_numbered(tmp_path: Path) -> None:
    """A name or an index; an unknown one lists the known ones."""
    built = build_network(tmp_path, 2)
    assert find_member(built, "1").name == "validator-1"
    assert find_member(built, "validator-0").name == "validator-0"
    with pytest.raises(NetworkError, match="validator-0, validator-1") as caught:
        find_member(built, "2")
    assert caught.value.name == "unknown_validator"


@pytest.mark.parametrize("count", [0, 17])
def test_the_number_of_validators_has_bounds(tmp_path: Path, count: int) -> None:
    """1 to 16 validators on one machine."""
    with pytest.raises(NetworkError) as caught:
        build_network(tmp_path, count)
    assert caught.value.name == "bad_validator_count"


@pytest.mark.network
def test_a_paused_validator_resumes_and_processes_end_with_a_foreground_parent(tmp_path: Path) -> None:
    """pause and resume are SIGSTOP and SIGCONT; "validators end when a foreground parent dies"."""
    built = build_network(tmp_path / "net", 1, seed=SEED)
    supervisor = Supervisor(built.directory)
    script = (
        "import sys; from pathlib import Path; from node.localnet.supervisor import Supervisor; "
        "Supervisor(Path(sys.argv[1])).up(foreground=True); print('up', flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(built.directory)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"up\n"
        supervisor.pause("validator-0")
        assert supervisor.status()[0]["state"] == "paused"
        supervisor.resume("0")
        assert supervisor.status()[0]["state"] == "up"
        member = supervisor.network.members[0]
        parent.kill()
        parent.wait()
        deadline = time.monotonic() + 10
        while supervisor.is_alive(member):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        with pytest.raises(NetworkError) as caught:
            supervisor.pause("validator-0")
        assert caught.value.name == "not_running"
        assert "mithqal localnet restart validator-0" in caught.value.message
    finally:
        parent.kill()
        parent.communicate()
        supervisor.down()


def test_reset_forgets_the_ledger_and_keeps_the_keys(tmp_path: Path) -> None:
    """reset: data, logs and outbox go; keys, genesis and network.json stay."""
    built = build_network(tmp_path, 1, seed=SEED)
    data = built.members[0].directory / "data"
    data.mkdir()
    (tmp_path / "outbox").mkdir()
    Supervisor(tmp_path).reset()
    assert not data.exists()
    assert not (tmp_path / "outbox").exists()
    key = load_key(built.members[0].directory / "keys" / "consensus.json")
    assert key.public_key == built.genesis.validators[0].consensus_key
    assert load_network(tmp_path).genesis_hash == built.genesis_hash


class Lingering:
    """A process that was told to end and, on a busy machine, has not done so yet."""

    def poll(self) -> None:
        """Not yet."""

    def wait(self, timeout: float) -> None:
        """Too long."""
        raise subprocess.TimeoutExpired("node", timeout)


def test_a_process_that_takes_its_time_to_end_is_alive(tmp_path: Path) -> None:
    """Its command line is gone and it is not: it still holds its port and its files, and nothing breaks."""
    built = build_network(tmp_path / "net", 1, seed=3)
    supervisor = Supervisor(built.directory)
    member = built.members[0]
    member.pid = os.getpid()  # whose command line does not name the validator
    assert not supervisor.is_alive(member)
    supervisor._children[os.getpid()] = Lingering()  # type: ignore[assignment]
    assert supervisor.is_alive(member)
