"""`pay-file` of 2,000 rows against four validator processes, with kill -9 of all of them, of the client, or of both."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from node.client.amounts import parse_amount
from node.client.network import load_network
from node.client.rpc import RpcClient

ROWS = 2_000
PAYERS = ("alice", "carol", "dora")
PAYEES = ("bob", "emil")
FUNDS = 200_000_000
FEE = 600
PATIENCE_S = 240.0
"""How long anything may take on a machine that is busy with other tests."""


def mithqal(*arguments: str, network: Path) -> subprocess.CompletedProcess[str]:
    """A command with --json."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments, "--network", str(network), "--json"],
        capture_output=True, text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip


def good(*arguments: str, network: Path) -> Any:
    """Its document."""
    done = mithqal(*arguments, network=network)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def network(tmp_path: Path) -> Generator[Path]:
    """Four validators, three payers with 200 coins each, two payees."""
    directory = tmp_path / "net"
    good("localnet", "up", "--detach", network=directory)
    try:
        for name in PAYERS:
            good("account", "create", name, network=directory)
            good("account", "fund", name, "200", "XUS", network=directory)
        for name in PAYEES:
            good("account", "create", name, "--provider", "br-wallet", network=directory)
        yield directory
    finally:
        good("localnet", "down", network=directory)


def write_file(path: Path, chance: random.Random) -> list[dict[str, str]]:
    """2,000 rows with amounts of their own, so that each payment on the ledger names its row."""
    rows = [
        {
            "from": chance.choice(PAYERS), "to": chance.choice(PAYEES), "amount": f"0.{number:06d}", "currency": "XUS",
            "memo": f"invoice {number}",
        }
        for number in range(1, ROWS + 1)
    ]  # fmt: skip
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["from", "to", "amount", "currency", "memo"])
        writer.writeheader()
        writer.writerows(rows)
    return rows


def account(client: RpcClient, network: Path, name: str) -> Any:
    """An account as the ledger has it."""
    return client.call("get_account", address(network, name))


def address(network: Path, name: str) -> str:
    """A name's address."""
    book = json.loads((network / "addresses.json").read_text())
    return str(book[name]["address"])


def wait_until_paid(network: Path, count: int, client_process: "subprocess.Popen[str]") -> None:
    """Wait until the payers have used `count` numbers; the command must be at work meanwhile."""
    client = RpcClient(load_network(network).endpoints())
    deadline = time.monotonic() + PATIENCE_S
    try:
        while sum(account(client, network, name)["sequence_number"] for name in PAYERS) < count:
            assert client_process.poll() is None, client_process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        client.close()


def kill_validators(network: Path) -> None:
    """SIGKILL to all four at once."""
    pids = [member.pid for member in load_network(network).members]
    for pid in pids:
        assert pid is not None
        os.kill(pid, signal.SIGKILL)


def check_exact(network: Path, rows: list[dict[str, str]], results: Path) -> None:
    """2,000 payments once each: numbers, balances to the micro-unit, events, and every row's version."""
    client = RpcClient(load_network(network).endpoints())
    by_payer = {name: [row for row in rows if row["from"] == name] for name in PAYERS}
    ledger: dict[int, tuple[str, int]] = {}
    for name, mine in by_payer.items():
        found = account(client, network, name)
        assert found["sequence_number"] == len(mine)
        spent = sum(parse_amount(row["amount"]) + FEE for row in mine)
        assert {"amount": FUNDS - spent, "currency": "XUS"} in found["balances"]
        page = client.call("get_account_transactions", found["address"], 0, 1000, False)
        assert len(page) == len(mine)
        assert client.call("get_events", found["sent_events_key"], len(mine), 10) == []
        assert len(client.call("get_events", found["sent_events_key"], len(mine) - 1, 10)) == 1
        for item in page:
            assert item["vm_status"] == {"type": "executed"}
            ledger[item["version"]] = (name, item["transaction"]["script"]["amount"])
    for name in PAYEES:
        mine = [row for row in rows if row["to"] == name]
        found = account(client, network, name)
        assert {"amount": sum(parse_amount(row["amount"]) for row in mine), "currency": "XUS"} in found["balances"]
        first = client.call("get_events", found["received_events_key"], 0, 1000)
        rest = client.call("get_events", found["received_events_key"], 1000, 1000)
        assert len(first) + len(rest) == len(mine)
        assert sorted(event["data"]["amount"]["amount"] for event in first + rest) == sorted(
            parse_amount(row["amount"]) for row in mine
        )
    client.close()
    with results.open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    assert [{name: row[name] for name in rows[0]} for row in written] == rows
    for row in written:
        assert (row["status"], row["reason"]) == ("executed", "")
        assert ledger.pop(int(row["version"])) == (row["from"], parse_amount(row["amount"]))
        assert 0 < float(row["seconds"]) < 2 * PATIENCE_S
    assert ledger == {}


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("killed", "seed"),
    [("validators", 1), ("validators, and the command waits for them", 2), ("client", 3), ("client and validators", 4)],
)
def test_two_thousand_rows_and_kill_9(network: Path, tmp_path: Path, killed: str, seed: int) -> None:
    """The issue: "`kill -9` of all four during `pay-file` of 2,000 rows, restart, run the same command again: 2,000
    payments once each, totals exact"; and the same with the client killed."""
    chance = random.Random(seed)
    payments = tmp_path / "payments.csv"
    rows = write_file(payments, chance)
    timeout = str(PATIENCE_S) if "waits" in killed else "3"
    command = ["pay-file", str(payments), "--timeout", timeout, "--network", str(network), "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        wait_until_paid(network, chance.randrange(20, 800), process)
        time.sleep(chance.random() * 0.05)
        if "client" in killed:
            process.kill()
        if "validators" in killed:
            kill_validators(network)
        if killed == "validators":
            stdout, stderr = process.communicate(timeout=PATIENCE_S)
            assert (process.returncode, stdout) == (7, "")
            error = json.loads(stderr)["error"]
            assert error["name"] == "outcomes_unknown"
            assert 0 < error["details"]["paid"] < ROWS
            assert error["details"]["paid"] + error["details"]["unknown"] == ROWS
        if "validators" in killed:
            good("localnet", "up", "--detach", network=network)
        if "waits" in killed:
            stdout, stderr = process.communicate(timeout=PATIENCE_S)
            assert process.returncode == 0, stderr
            assert json.loads(stdout)["paid"] == ROWS
    finally:
        process.kill()
        process.communicate()

    summary = good("pay-file", str(payments), network=network)
    assert (summary["rows"], summary["paid"], summary["failed"], summary["skipped"], summary["unknown"]) == (
        ROWS, ROWS, 0, 0, 0
    )  # fmt: skip
    assert summary["totals"] == {"XUS": {"paid": ROWS * (ROWS + 1) // 2, "fees": ROWS * FEE}}
    check_exact(network, rows, tmp_path / "payments.result.csv")
    before = (tmp_path / "payments.result.csv").read_bytes()
    again = good("pay-file", str(payments), network=network)
    assert (again["paid"], again["already_paid"]) == (ROWS, True)
    assert (tmp_path / "payments.result.csv").read_bytes() == before
    check_exact(network, rows, tmp_path / "payments.result.csv")
