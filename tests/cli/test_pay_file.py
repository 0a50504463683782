"""`mithqal pay-file` as a command: its outputs and exit codes, without a network and with one."""

import csv
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from node.client.network import load_network
from node.client.rpc import RpcClient
from node.client.wallets.wallet import Wallet
from node.localnet.build import build_network

HEADER = "from,to,amount,currency,memo\n"


def run(*arguments: str, network: Path) -> subprocess.CompletedProcess[str]:
    """A command as people run it."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments, "--network", str(network)],
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip


def good(*arguments: str, network: Path) -> Any:
    """Its document."""
    done = run(*arguments, "--json", network=network)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def failed(*arguments: str, network: Path) -> tuple[int, dict[str, Any]]:
    """Exit code and error: on failure stdout is empty."""
    done = run(*arguments, "--json", network=network)
    assert done.stdout == ""
    error = json.loads(done.stderr)["error"]
    assert error["exit"] == done.returncode
    return done.returncode, error


def test_without_a_network(tmp_path: Path) -> None:
    """Exit 3."""
    (tmp_path / "p.csv").write_text(HEADER)
    assert failed("pay-file", str(tmp_path / "p.csv"), network=tmp_path)[0] == 3


def test_a_bad_file_and_a_network_that_is_down(tmp_path: Path) -> None:
    """The rule: "2 for a bad file", before any validator is asked; "3 when no validator can be reached"."""
    network = build_network(tmp_path / "net", 1, seed=1)
    wallet = Wallet(network)
    for name in ("alice", "bob"):
        wallet.add_name(name, wallet.new_key(name).authentication_key()[16:])
    file = tmp_path / "p.csv"
    code, error = failed("pay-file", str(file), network=network.directory)
    assert (code, error["name"]) == (2, "bad_payment_file")
    file.write_text(HEADER + "alice,bob,x,XUS,\nalice,bob,1,XUS,\n")
    code, error = failed("pay-file", str(file), network=network.directory)
    assert (code, error["name"]) == (2, "bad_payment_file")
    assert error["details"] == {
        "bad": 1, "rows": [{"line": 2, "reason": "amount: 'x' is no amount: write whole coins, such as 25 or 0.50"}]
    }  # fmt: skip
    done = run("pay-file", str(file), network=network.directory)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("mithqal: p.csv: 1 of 2 rows cannot be paid, so nothing is: line 2: amount: 'x'")
    code, error = failed("pay-file", str(file), "--skip-bad", network=network.directory)
    assert (code, error["name"]) == (3, "cannot_connect")
    with (tmp_path / "p.result.csv").open() as rows:
        assert [row["status"] for row in csv.DictReader(rows)] == ["skipped", "unsent"]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Two validators; alice and carol with 100 XUS each, bob with nothing."""
    directory = tmp_path_factory.mktemp("pay_file") / "net"
    good("localnet", "up", "--validators", "2", "--detach", network=directory)
    try:
        for name in ("alice", "bob", "carol"):
            good("account", "create", name, network=directory)
        for name in ("alice", "carol"):
            good("account", "fund", name, "100", "XUS", network=directory)
        yield directory
    finally:
        run("localnet", "down", network=directory)


def account(network: Path, name: str) -> tuple[int, int]:
    """XUS and next number."""
    found = good("account", "show", name, network=network)
    (micro,) = [item["amount"] for item in found["balances"] if item["currency"] == "XUS"]
    return micro, found["sequence_number"]


@pytest.mark.network
@pytest.mark.timeout(240)
def test_rows_of_every_kind(network: Path, tmp_path: Path) -> None:
    """Paid, failed on chain, refused before inclusion, skipped: exit 5, the summary as details, a line each."""
    file = tmp_path / "p.csv"
    file.write_text(
        HEADER + "alice,bob,1.5,XUS,one\nalice,bob,1000,XUS,too much\nbob,alice,2,XEU,none of it\n"
        "alice,nobody,1,XUS,who\nalice,carol,0.25,XUS,two\n"
    )
    before = {name: account(network, name) for name in ("alice", "bob", "carol")}
    code, error = failed("pay-file", str(file), network=network)
    assert (code, error["name"]) == (2, "bad_payment_file")
    assert {name: account(network, name) for name in before} == before
    code, error = failed("pay-file", str(file), "--skip-bad", network=network)
    assert (code, error["name"], error["code"]) == (5, "rows_failed", None)
    details = error["details"]
    assert {key: details[key] for key in ("rows", "paid", "failed", "refused", "skipped", "unknown", "unsent")} == {
        "rows": 5, "paid": 2, "failed": 2, "refused": 1, "skipped": 1, "unknown": 0, "unsent": 0,
    }  # fmt: skip
    assert details["totals"] == {"XUS": {"paid": 1_750_000, "fees": 1_800}}
    with (tmp_path / "p.result.csv").open() as rows:
        found = list(csv.DictReader(rows))
    assert [row["status"] for row in found] == ["executed", "failed", "refused", "skipped", "executed"]
    assert [row["reason"] for row in found[:2]] == ["", "EINSUFFICIENT_BALANCE"]
    assert found[2]["reason"].startswith("INSUFFICIENT_BALANCE_FOR_TRANSACTION_FEE: ")
    for row in (found[0], found[1], found[4]):
        shown = good("tx", "show", row["version"], network=network)
        assert shown["transaction"]["script"]["amount"] == int(float(row["amount"]) * 1_000_000)
    assert account(network, "alice") == (before["alice"][0] - 1_750_000 - 1_800, before["alice"][1] + 3)
    assert account(network, "bob")[0] == before["bob"][0] + 1_500_000


@pytest.mark.network
@pytest.mark.timeout(240)
def test_what_people_see(network: Path, tmp_path: Path) -> None:
    """The result on stdout, talk on stderr, nothing of it with --quiet; the second run says that it pays nothing."""
    file = tmp_path / "p.csv"
    file.write_text(HEADER + "carol,bob,1,XUS,\ncarol,bob,2,XUS,\n")
    done = run("pay-file", str(file), "-o", str(tmp_path / "out.csv"), network=network)
    lines = done.stdout.splitlines()
    assert done.returncode == 0
    assert lines[0].startswith("paid 2 of 2 rows, in ")
    assert lines[1:] == ["  3.000000 XUS, fees 0.001200 XUS", f"result: {tmp_path / 'out.csv'}"]
    assert done.stderr == ""
    again = run("pay-file", str(file), network=network)
    assert again.stderr == "this file was paid already: answered from the journal, nothing is sent\n"
    assert again.stdout.splitlines()[0].startswith("paid 2 of 2 rows, in ")
    assert run("pay-file", str(file), "--quiet", network=network).stderr == ""
    assert (tmp_path / "p.result.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()


@pytest.mark.network
@pytest.mark.timeout(240)
def test_two_processes_pay_from_one_account(network: Path) -> None:
    """The rule: "two `mithqal pay` processes at once from the same payer must not sign the same number twice"."""
    before, next_number = account(network, "alice")
    program = (
        "import sys; from pathlib import Path; from node.client.network import load_network; "
        "from node.client.wallets.wallet import Wallet\n"
        "wallet = Wallet(load_network(Path(sys.argv[1])))\n"
        "bob = wallet.find('bob').address\n"
        "for number in range(50):\n"
        "  call = ('peer_to_peer_with_metadata', 'XUS', bob, 1 + number, b'', b'')\n"
        "  tx = wallet.sign('alice', *call, fee_currency='XUS')\n"
        "  wallet.execute(tx, timeout_s=60)\n"
    )
    root = Path(__file__).resolve().parents[2]
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(network)], cwd=root, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in running:
        _, stderr = process.communicate(timeout=200)
        assert process.returncode == 0, stderr
    assert account(network, "alice") == (before - 2 * sum(range(1, 51)) - 100 * 600, next_number + 100)
    client = RpcClient(load_network(network).endpoints())
    address = json.loads((network / "addresses.json").read_text())["alice"]["address"]
    page = client.call("get_account_transactions", address, next_number, 200, False)
    client.close()
    assert Counter(row["transaction"]["script"]["amount"] for row in page) == Counter(dict.fromkeys(range(1, 51), 2))
    entries = Wallet(load_network(network)).outbox.open_entries()
    assert entries == []


@pytest.mark.network
@pytest.mark.timeout(240)
def test_a_file_and_a_payment_at_once_from_one_account(network: Path, tmp_path: Path) -> None:
    """A file of 150 rows and single payments share the payer's numbers: all are paid, none twice."""
    file = tmp_path / "p.csv"
    file.write_text(HEADER + "".join(f"alice,bob,0.{number + 1:06d},XUS,\n" for number in range(150)))
    before, next_number = account(network, "alice")
    running = subprocess.Popen(
        [sys.executable, "-m", "cli", "pay-file", str(file), "--network", str(network), "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    for _ in range(5):
        good("pay", "alice", "bob", "0.5", "XUS", network=network)
    stdout, stderr = running.communicate(timeout=200)
    assert running.returncode == 0, stderr
    assert json.loads(stdout)["paid"] == 150
    spent = sum(range(1, 151)) + 5 * 500_000 + 155 * 600
    assert account(network, "alice") == (before - spent, next_number + 155)


@pytest.mark.network
@pytest.mark.timeout(240)
def test_ctrl_c_and_again(network: Path, tmp_path: Path) -> None:
    """130 when interrupted; the same command goes on and pays no row twice."""
    file = tmp_path / "p.csv"
    file.write_text(HEADER + "".join(f"carol,bob,0.{number + 1:06d},XUS,\n" for number in range(2_000)))
    before, next_number = account(network, "carol")
    running = subprocess.Popen(
        [sys.executable, "-m", "cli", "pay-file", str(file), "--network", str(network), "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    client = RpcClient(load_network(network).endpoints())
    address = json.loads((network / "addresses.json").read_text())["carol"]["address"]
    while client.call("get_account", address)["sequence_number"] < next_number + 30:
        assert running.poll() is None
    client.close()
    running.send_signal(2)
    stdout, stderr = running.communicate(timeout=60)
    assert (running.returncode, stdout) == (130, "")
    assert json.loads(stderr)["error"]["name"] == "interrupted"
    with (tmp_path / "p.result.csv").open() as rows:
        statuses = Counter(row["status"] for row in csv.DictReader(rows))
    assert statuses["executed"] >= 1
    assert sum(statuses.values()) == 2_000
    assert good("pay-file", str(file), network=network)["paid"] == 2_000
    assert account(network, "carol") == (before - sum(range(1, 2_001)) - 2_000 * 600, next_number + 2_000)


@pytest.mark.network
@pytest.mark.timeout(240)
def test_an_unknown_outcome(network: Path, tmp_path: Path) -> None:
    """One of two validators is no quorum: exit 7 after --timeout; the same command, after a restart, ends it once."""
    file = tmp_path / "p.csv"
    file.write_text(HEADER + "alice,bob,0.125,XUS,\n")
    before = account(network, "alice")
    good("localnet", "kill", "validator-0", network=network)
    code, error = failed("pay-file", str(file), "--timeout", "2", network=network)
    assert (code, error["name"], error["details"]["unknown"]) == (7, "outcomes_unknown", 1)
    with (tmp_path / "p.result.csv").open() as rows:
        (row,) = csv.DictReader(rows)
    assert row["status"] == "unknown"
    assert "mithqal tx wait " in row["reason"]
    good("localnet", "restart", "validator-0", network=network)
    waited = good("tx", "wait", row["reason"].split()[-1], "--timeout", "120", network=network)
    assert good("pay-file", str(file), network=network)["paid"] == 1
    with (tmp_path / "p.result.csv").open() as rows:
        (row,) = csv.DictReader(rows)
    assert (row["status"], row["version"]) == ("executed", str(waited["version"]))
    assert account(network, "alice") == (before[0] - 125_000 - 600, before[1] + 1)
