"""Wallets against four real processes: attested payments, refunds and new accounts while a validator is away."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def run(network: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments, "--network", str(network), "--json"], capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip


def good(network: Path, *arguments: str) -> Any:
    done = run(network, *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def failed(network: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    done = run(network, *arguments)
    assert done.stdout == ""
    error = json.loads(done.stderr)["error"]
    assert error["exit"] == done.returncode
    return done.returncode, error


def total(network: Path, name: str) -> int:
    balances = good(network, "account", "show", name)["balances"]
    return int(next(item["amount"] for item in balances if item["currency"] == "XUS"))


@pytest.mark.network
@pytest.mark.timeout(180)
def test_a_wallet_on_a_network_that_loses_a_validator(tmp_path: Path) -> None:
    """Everything a wallet does is final with three of four, and a validator that was away hides nothing afterwards."""
    net = tmp_path / "net"
    validators = good(net, "localnet", "up", "--detach")["validators"]
    try:
        good(net, "account", "create", "alice@us-wallet")
        good(net, "account", "fund", "alice@us-wallet", "5000", "XUS")
        good(net, "localnet", "kill", validators[0]["name"])
        good(net, "account", "create", "shop@br-wallet", "--scheme", "secp256k1")
        code, error = failed(net, "pay", "alice@us-wallet", "shop@br-wallet", "1500", "XUS")
        assert (code, error["details"]["reason"]) == (5, "EMALFORMED_METADATA_SIGNATURE")
        pay = (
            "pay",
            "alice@us-wallet",
            "shop@br-wallet",
            "1500",
            "XUS",
            "--attest",
            "--memo",
            "order 17",
            "--id",
            "17",
        )
        paid = good(net, *pay)
        good(net, "localnet", "restart", validators[0]["name"])
        assert good(net, *pay)["version"] == paid["version"]
        good(net, "account", "fund", "shop@br-wallet", "1", "XUS")
        back = good(net, "refund", str(paid["version"]), "--amount", "500")
        assert (back["scheme"], back["fee"], back["refund_of"]) == ("secp256k1", 4_500, paid["version"])
        assert failed(net, "refund", str(paid["version"]), "--amount", "1000.000001")[0] == 9
        assert good(net, "receipt", "verify", paid["receipt_file"])["memo"]["text"] == "order 17"
        assert total(net, "alice@us-wallet") == 4_000_000_000 - 2 * 600
        assert total(net, "shop@br-wallet") == 1_001_000_000 - 4_500
    finally:
        good(net, "localnet", "down")
