"""`mithqal evidence`: files verified with no network at all, exit codes; and real validators that tell each other."""

import json
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from click.testing import CliRunner

import cli.commands.evidence
from chain.evidence import Evidence
from chain.storage import Column, WriteBatch
from cli.main import root
from node.client.network import Member, Network, load_network
from node.client.proof_file import verify, write_document
from node.client.rpc import RpcClient
from node.keystore import load_key
from node.storage.sqlite import SqliteStore
from tests.accusations import Liar
from tests.builders import US, key
from tests.chains import small_chain
from tests.cli.test_network_commands import failed, good
from tests.node.api.test_snapshots import context_of
from tests.views import Local

CHAIN = small_chain()
LIAR = Liar(key(12), CHAIN.genesis_hash)
TIMEOUT_S = 60


def call(*arguments: str, stdin: str | None = None) -> Any:
    """Run a command."""
    return CliRunner().invoke(root, list(arguments), standalone_mode=False, input=stdin)


def plant(store: Any, *pieces: Evidence) -> None:
    """Evidence as if a validator had found it."""
    rows = [(Column.EVIDENCE, at, piece.to_bytes()) for at, piece in enumerate(pieces)]
    store.write(WriteBatch(rows=rows))  # type: ignore[arg-type]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A network whose validator knows two pieces; a directory for files."""
    chain = small_chain()
    plant(chain.store, LIAR.double_vote(), LIAR.lock_lie())

    class Reader:
        client = Local(context_of(chain))

    class Known:
        waypoint = chain.waypoint

    monkeypatch.setattr(cli.commands.evidence, "reading_wallet", lambda _: Reader())
    monkeypatch.setattr(cli.commands.evidence, "load_network", lambda _: Known())
    return tmp_path / "saved"


def test_list_save_and_verify(served: Path) -> None:
    """Each piece is verified before it is shown; its file holds offline, from the waypoint alone; stdin works too."""
    listed = json.loads(call("evidence", "list", "--save", str(served), "--json").stdout)
    assert [(row["kind"], row["epoch"], row["rounds"], row["validator"]["number"]) for row in listed["evidence"]] == [
        ("double_vote", 1, [3, 3], 2), ("lock_lie", 1, [6, 9], 2),
    ]  # fmt: skip
    for row in listed["evidence"]:
        path = served / row["file"]
        outcome = call("evidence", "verify", str(path), "--waypoint", CHAIN.waypoint, "--json")
        assert outcome.return_value == 0
        document = json.loads(outcome.stdout)
        assert (document["verified"], document["kind"]) == (True, row["kind"])
        assert document["validator"]["name"] == "validator-2"
        assert call("proof", "verify", "-", "--waypoint", CHAIN.waypoint, stdin=path.read_text()).return_value == 0
    said = call("evidence", "list").stdout
    assert (
        "double-vote-v2-e1-r3  validator-2 (validator 2) voted twice in epoch 1, round 3; not on the ledger\n" in said
    )
    assert [row["id"] for row in listed["evidence"]] == ["double-vote-v2-e1-r3", "lock-lie-v2-e1-r9"]
    assert [row["is_accused"] for row in listed["evidence"]] == [False, False]


def test_nobody_is_accused(served: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty list says so."""

    class Reader:
        client = Local(context_of(CHAIN))

    monkeypatch.setattr(cli.commands.evidence, "reading_wallet", lambda _: Reader())
    assert call("evidence", "list").stdout == "no evidence against anybody\n"
    assert not served.exists()


def test_exit_codes(served: Path, tmp_path: Path) -> None:
    """8 if it does not hold, 2 if it is no file of evidence or no waypoint, 2 if it cannot be written."""
    listed = json.loads(call("evidence", "list", "--save", str(served), "--json").stdout)
    good_file = served / listed["evidence"][0]["file"]
    text = good_file.read_text()
    bad, proof = tmp_path / "bad.json", tmp_path / "proof.json"
    fact = CHAIN.account(US.address)
    proof.write_text(write_document(verify(CHAIN.proof(), fact, CHAIN.waypoint), CHAIN.proof(), fact))
    bad.write_text(text.replace('"rounds":[3,3]', '"rounds":[3,5]'))
    empty = tmp_path / "empty.json"
    empty.write_text("{}")
    for path, waypoint, wanted in (
        (bad, CHAIN.waypoint, (8, "bad_proof")), (good_file, "0:" + "0" * 64, (8, "bad_proof")),
        (empty, CHAIN.waypoint, (2, "bad_evidence_file")), (proof, CHAIN.waypoint, (2, "bad_evidence_file")),
        (good_file, "nonsense", (2, "bad_waypoint")),
    ):  # fmt: skip
        outcome = call("evidence", "verify", str(path), "--waypoint", waypoint, "--json")
        assert outcome.stdout == ""
        error = json.loads(outcome.stderr)["error"]
        assert (error["exit"], error["name"]) == wanted
        assert outcome.return_value == wanted[0]
    assert call("evidence", "list", "--save", str(good_file)).return_value == 2


def until(ask: Any, wanted: Any) -> Any:
    """Ask again until the answer is the wanted one, for at most a minute."""
    end = time.monotonic() + TIMEOUT_S
    while (found := ask()) != wanted and time.monotonic() < end:
        time.sleep(0.2)
    return found


def known_by(network: Network) -> list[list[tuple[str, int]]]:
    """Kind and validator of what each validator knows."""
    known = []
    for member in network.members:
        client = RpcClient([member.rpc])
        known.append([(row["kind"], row["validator"]) for row in client.call("get_evidence")])
        client.close()
    return known


def metrics_of(member: Member) -> str:
    """What a validator measures."""
    with urlopen(f"http://{member.rpc[0]}:{member.rpc[1]}/metrics", timeout=10) as answer:
        text: str = answer.read().decode()
    return text


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.timeout(240)
def test_real_validators_tell_each_other(tmp_path: Path) -> None:
    """One validator comes back with evidence that it found before a crash: soon all have it, in log and metrics. On the
    ledger it marks the key, the validator is removed, and the file verifies with no network at all."""
    directory = tmp_path / "net"
    up = good("localnet", "up", "--detach", "--validators", "4", network=directory)
    try:
        network = load_network(directory)
        good("localnet", "kill", "validator-0", network=directory)
        genesis_hash = bytes.fromhex(up["genesis_hash"])
        liar = Liar(load_key(directory / "validator-2" / "keys" / "consensus.json"), genesis_hash)
        store = SqliteStore(directory / "validator-0" / "data" / "ledger.sqlite", genesis_hash)
        plant(store, liar.double_vote())
        store.close()
        good("localnet", "restart", "validator-0", network=directory)
        wanted = [[("double_vote", 2)]] * 4
        assert until(lambda: known_by(network), wanted) == wanted
        files = tmp_path / "files"
        (row,) = good("evidence", "list", "--save", str(files), network=directory)["evidence"]
        assert (row["validator"]["name"], row["is_accused"]) == ("validator-2", False)
        early = ("validator", "remove", "--evidence", row["id"])
        assert failed(*early, network=directory) == (2, "not_accused")
        done = good("evidence", "submit", row["id"], "--as", "us-wallet", network=directory)
        assert (done["validator"], done["kind"]) == ("validator-2", "double_vote")
        (row,) = good("evidence", "list", network=directory)["evidence"]
        assert row["is_accused"] is True
        again = ("evidence", "submit", str(files / row["file"]), "--as", "association")
        assert failed(*again, network=directory) == (5, "failed_on_chain")
        rows = {item["name"]: item for item in good("validator", "list", network=directory)["validators"]}
        assert [name for name, item in rows.items() if item["is_accused"]] == ["validator-2"]
        for metrics in map(metrics_of, network.members[:2]):
            assert 'mithqal_evidence_total{kind="double_vote",validator="2"} 1.0' in metrics
            assert "mithqal_accused_members 1.0" in metrics
        assert failed("validator", "remove", network=directory) == (2, "bad_argument")
        assert failed(*early[:3], "double-vote-v2-e1-r4", network=directory) == (6, "unknown_evidence")
        assert failed("validator", "remove", "validator-1", *early[2:], network=directory) == (2, "another_validator")
        assert failed("validator", "remove", "1", *early[2:], network=directory) == (2, "another_validator")
        gone = good("validator", "remove", "--evidence", str(files / row["file"]), network=directory)
        assert (gone["validator"], gone["epoch"]) == ("validator-2", 2)
        states = {item["name"]: item["state"] for item in good("validator", "list", network=directory)["validators"]}
        assert [name for name, state in states.items() if state != "member"] == ["validator-2"]
        assert failed("validator", "add", "validator-2", network=directory)[0] == 5
        log = (directory / "validator-1" / "node.log").read_text()
        assert "validator-2 (validator 2) voted twice in epoch 1, round 3" in log
        assert "mithqal_accused_members 0.0" in metrics_of(network.members[0])
    finally:
        good("localnet", "down", network=directory)
    document = good(
        "evidence", "verify", str(files / row["file"]), "--waypoint", up["waypoint"], network=tmp_path / "x"
    )
    assert document["verified"] is True
    assert failed("evidence", "verify", str(files / row["file"]), "--waypoint", "0:" + "0" * 64, network=directory) == (
        8, "bad_proof",
    )  # fmt: skip
