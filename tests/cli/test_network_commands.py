"""The commands of a local network, against real processes; and what they say without one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def mithqal(*arguments: str, network: Path):
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments, "--network", str(network), "--json"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def good(*arguments: str, network: Path):
    done = mithqal(*arguments, network=network)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def failed(*arguments: str, network: Path):
    done = mithqal(*arguments, network=network)
    assert done.stdout == ""
    error = json.loads(done.stderr)["error"]
    assert error["exit"] == done.returncode
    return done.returncode, error["name"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("localnet", "status"),
        ("localnet", "down"),
        ("pay", "a", "b", "1", "XUS"),
        ("account", "show", "a"),
        ("tx", "show", "1"),
    ],
)
def test_without_a_network_exits_with_3(arguments, tmp_path) -> None:
    """Exit 3: not ready; a corrupt network.json too."""
    assert failed(*arguments, network=tmp_path) == (3, "network_missing")
    (tmp_path / "network.json").write_text("{")
    assert failed(*arguments, network=tmp_path) == (3, "network_corrupt")


def test_the_amount_rule_answers_before_anything_else(tmp_path) -> None:
    """'`pay a b -5 XUS` is answered by the amount rule, not by the option parser'."""
    for amount in ("-5", "0", "1.0000001", "x"):
        assert failed("pay", "a", "b", amount, "XUS", network=tmp_path) == (2, "bad_amount")


def balance(name: str, network: Path) -> int:
    found = good("account", "show", name, network=network)["balances"]
    (amount,) = [item["amount"] for item in found if item["currency"] == "XUS"]
    assert isinstance(amount, int)
    return amount


@pytest.mark.network
@pytest.mark.timeout(180)
def test_pay_kill_pay_restart_and_an_unknown_outcome(tmp_path) -> None:
    """Kill one validator: a payment is final. Kill a second: exit 7, and it commits exactly once after both restart."""
    network = tmp_path / "net"
    up = good("localnet", "up", "--detach", network=network)
    try:
        names = [item["name"] for item in up["validators"]]
        assert len(names) == 4
        good("account", "create", "alice", network=network)
        good("account", "create", "bob", "--provider", "br-wallet", network=network)
        good("account", "fund", "alice", "100", "XUS", network=network)
        paid = good("pay", "alice", "bob", "25", "XUS", "--id", "rent", network=network)
        assert (paid["status"], paid["fee"], paid["fee_currency"]) == ("executed", 600, "XUS")
        again = good("pay", "alice", "bob", "25", "XUS", "--id", "rent", network=network)
        assert again["hash"] == paid["hash"]
        assert good("tx", "show", paid["hash"], network=network)["version"] == paid["version"]
        assert failed("pay", "alice", "bob", "500", "XUS", network=network) == (5, "failed_on_chain")
        assert failed("pay", "alice", "nobody", "1", "XUS", network=network) == (6, "unknown_account")
        assert failed("tx", "show", "99999999", network=network) == (6, "unknown_transaction")
        good("localnet", "kill", names[0], network=network)
        good("pay", "alice", "bob", "1", "XUS", network=network)
        good("localnet", "kill", names[2], network=network)
        done = mithqal("pay", "alice", "bob", "2", "XUS", "--timeout", "3", network=network)
        assert done.returncode == 7
        tx_hash = json.loads(done.stderr)["error"]["details"]["hash"]
        good("localnet", "restart", names[0], network=network)
        good("localnet", "restart", names[2], network=network)
        first = good("tx", "wait", tx_hash, network=network)
        assert good("tx", "wait", tx_hash, network=network)["version"] == first["version"]
        assert balance("bob", network) == 28_000_000
        assert balance("alice", network) == 72_000_000 - 4 * 600
    finally:
        assert good("localnet", "down", network=network)["stopped"] in range(5)
    assert good("localnet", "down", network=network)["stopped"] == 0


def test_a_lifetime_that_no_transaction_can_hold_is_a_usage_error(tmp_path: Path) -> None:
    """Exit 2, not a traceback of the encoding: the time of expiry has 64 bits."""
    build = ("tx", "build", "preburn", "--sender", "a", "--expires-in")
    assert failed(*build, str(2**32), network=tmp_path) == (3, "network_missing")
    for seconds in ("0", str(2**32 + 1), "9" * 30):
        assert failed(*build, seconds, network=tmp_path) == (2, "usage")
