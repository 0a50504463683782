"""`pay-batch`, `pay --at --sponsor --fee-currency`, `audit`: both outputs and exit codes.

The validator runs in this process.
"""

import json
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import root
from node.client.wallets.wallet import Wallet
from tests.in_process import running

HEAD = "from,to,amount,currency,memo"


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """A network with three people, made by the commands themselves."""
    with running(tmp_path_factory.mktemp("terms") / "net") as found:
        wallet: Wallet = found[0]
        for name in ("alice", "anna", "bob@br-wallet"):
            run(wallet.network.directory, "account", "create", name)
            run(wallet.network.directory, "account", "fund", name, "5000", "XUS")
        yield wallet.network.directory


def call(net: Path, *arguments: str):
    return CliRunner().invoke(root, [*arguments, "--network", str(net)], standalone_mode=False)


def run(net: Path, *arguments: str) -> Any:
    done = call(net, *arguments, "--json")
    assert done.return_value == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def fail(net: Path, *arguments: str) -> tuple[int, str, str]:
    done = call(net, *arguments, "--json")
    assert done.stdout == ""
    error = json.loads(done.stderr)["error"]
    assert error["exit"] == done.return_value
    return error["exit"], error["name"], error["message"]


def table(tmp_path: Path, *rows: str) -> str:
    path = tmp_path / "payroll.csv"
    path.write_text("\n".join((HEAD, *rows, "")))
    return str(path)


def test_a_payroll(net: Path, tmp_path: Path) -> None:
    """`pay-batch FILE.csv`: one transaction of all rows; a repeat pays nothing; each receipt agrees with the ledger."""
    file = table(tmp_path, "alice,bob@br-wallet,25,XUS,rent", "alice,anna,1.5,XUS,")
    done = run(net, "pay-batch", file)
    assert (done["status"], done["fee"], done["totals"]) == ("executed", 1_000, {"XUS": 26_500_000})
    again = call(net, "pay-batch", file)
    assert again.stdout.splitlines()[0] == (
        "2 payments of 26.500000 XUS by alice, fee 0.001000 XUS, before: nothing was paid again"
    )
    for place in ("000", "001"):
        receipt = run(net, "receipt", "verify", str(Path(done["receipts"]) / f"{place}.json"))
        assert receipt
    shown = call(net, "tx", "show", str(done["version"])).stdout
    assert "alice paid bob@br-wallet, anna 26.5 XUS by 2 payments in one batch" in shown
    document = run(net, "tx", "show", str(done["version"]))
    changes = {row["party"]: row["amount"] for row in document["balance_changes"]}
    assert changes == {"alice": -26_501_000, "bob@br-wallet": 25_000_000, "anna": 1_500_000, "fees": 1_000}


def test_a_payroll_that_would_fail(net: Path, tmp_path: Path) -> None:
    """Exit 4 before anything is signed, 2 for a file that is no batch."""
    code, name, message = fail(net, "pay-batch", table(tmp_path, "alice,anna,1,XUS,", "alice,anna,999999,XUS,"))
    assert (code, name) == (4, "batch_would_fail")
    assert "line 3: " in message
    assert fail(net, "pay-batch", table(tmp_path, "alice,anna,1,XUS,", "anna,alice,1,XUS,"))[:2] == (
        2,
        "bad_payment_file",
    )
    assert fail(net, "pay-batch", table(tmp_path))[:2] == (2, "bad_payment_file")


def test_the_fee_limit_covers_every_signature(net: Path) -> None:
    """K11, T14: a payer and a sponsor of slow schemes cost 600 gas and 79 signatures more, and the payment is made."""
    for name in ("slow", "patron"):
        run(net, "account", "create", name, "--scheme", "p256")
        run(net, "account", "fund", name, "10", "XUS")
    done = run(net, "pay", "slow", "alice", "2", "XUS", "--sponsor", "patron")
    assert (done["status"], done["fee"]) == ("executed", 600 + 79 * 100)


def test_a_sponsor_pays(net: Path) -> None:
    """`pay --sponsor NAME`: both keys are here; the explorer says who paid the fee."""
    done = run(net, "pay", "alice", "bob@br-wallet", "2", "XUS", "--sponsor", "anna")
    assert done["fee"] == 700
    assert done["fee_payer"] == run(net, "account", "show", "anna")["address"]
    document = run(net, "tx", "show", done["hash"])
    changes = {row["party"]: row["amount"] for row in document["balance_changes"]}
    assert changes == {"alice": -2_000_000, "bob@br-wallet": 2_000_000, "anna": -700, "fees": 700}
    assert "fee paid by" in call(net, "tx", "show", done["hash"]).stdout
    assert fail(net, "pay", "alice", "anna", "2", "XUS", "--sponsor", "nobody")[:2] == (6, "unknown_account")


def test_a_fee_in_another_coin(net: Path) -> None:
    """`pay --fee-currency CODE`: any registered coin that the payer holds; 6 for none, 4 for one without a balance."""
    assert fail(net, "pay", "alice", "anna", "1", "XUS", "--fee-currency", "XYZ")[:2] == (6, "unknown_currency")
    assert fail(net, "pay", "alice", "anna", "1", "XUS", "--fee-currency", "XEU")[:2] == (
        4, "insufficient_balance_for_transaction_fee"
    )  # fmt: skip
    run(net, "account", "fund", "alice", "3", "XEU")
    done = run(net, "pay", "alice", "anna", "1", "XUS", "--fee-currency", "XEU")
    assert (done["fee"], done["fee_currency"]) == (600, "XEU")


def test_a_time_to_come(net: Path) -> None:
    """`pay --at TIME`: answers at once, with how to follow it; `tx wait` sees it become final, with its receipt."""
    began = int(time.time())
    done = run(net, "pay", "anna", "bob@br-wallet", "3", "XUS", "--at", "+2s", "--id", "later")
    assert done["status"] == "scheduled"
    assert began + 2 <= done["valid_from_secs"] <= began + 4
    assert done["expiration_secs"] == done["valid_from_secs"] + 3_600
    again = call(net, "pay", "anna", "bob@br-wallet", "3", "XUS", "--at", "+2s", "--id", "later")
    assert again.stdout.splitlines()[-1] == f"  next: mithqal tx wait {done['hash']}"
    assert fail(net, "pay", "anna", "alice", "1", "XUS")[:2] == (4, "waits_for_scheduled")
    final = run(net, "tx", "wait", done["hash"])
    assert final["receipt_file"] is not None
    document = run(net, "tx", "show", done["hash"])
    assert document["timestamp_usecs"] // 1_000_000 >= done["valid_from_secs"]
    assert document["transaction"]["valid_from_timestamp_secs"] == done["valid_from_secs"]


@pytest.mark.parametrize(
    ("text", "exit_", "name"),
    [
        ("yesterday", 2, "bad_time"),
        ("2020-01-01T00:00", 2, "bad_time"),
        ("+0s", 2, "bad_time"),
        ("+31d", 4, "valid_from_too_far"),
    ],
)
def test_times_that_are_none(net: Path, text: str, exit_: int, name: str) -> None:
    """2 for what is no time to come; 4 for one that no validator keeps so long."""
    assert fail(net, "pay", "alice", "anna", "1", "XUS", "--at", text)[:2] == (exit_, name)


def test_an_audit_of_the_network(net: Path) -> None:
    """`audit` through RPC: proved against what a quorum signed; every sum by currency; the state is not compared."""
    found = run(net, "audit")
    assert (found["source"], found["state_compared"]) == ("rpc", False)
    xus = next(row for row in found["currencies"] if row["currency"] == "XUS")
    assert xus["supply"] == xus["balances"] + xus["preburn"] + xus["fees"] == xus["receipts_deposited"]
    assert xus["fees"] > 0
    lines = call(net, "audit").stdout.splitlines()
    assert lines[0].endswith("every sum holds, and all of it is what a quorum signed")
    assert any(line.startswith("  XUS  supply ") for line in lines)
    assert fail(net, "audit", "--dir", str(net))[:2] == (6, "unknown_ledger")


def test_a_scheduled_payment_is_taken_back(net: Path) -> None:
    """`tx cancel HASH`: its number is used by a payment to oneself; it never runs, and the account pays again."""
    before = run(net, "account", "show", "bob@br-wallet")["balances"]
    done = run(net, "pay", "anna", "bob@br-wallet", "4", "XUS", "--at", "+1d", "--id", "cancelled one")
    assert fail(net, "pay", "anna", "alice", "1", "XUS")[:2] == (4, "waits_for_scheduled")
    found = run(net, "tx", "cancel", done["hash"])
    assert (found["status"], found["fee"], found["cancelled"]) == ("executed", 600, done["hash"])
    assert fail(net, "tx", "cancel", done["hash"])[:2] == (4, "not_scheduled")
    assert fail(net, "tx", "cancel", "00" * 32)[:2] == (6, "unknown_hash")
    assert run(net, "pay", "anna", "alice", "1", "XUS")["status"] == "executed"
    assert run(net, "account", "show", "bob@br-wallet")["balances"] == before
    code, name, message = fail(net, "pay", "anna", "bob@br-wallet", "4", "XUS", "--at", "+1d", "--id", "cancelled one")
    assert (code, name) == (4, "cancelled")
    assert "cancelled before its time" in message
