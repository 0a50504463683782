"""Gas bounds that governance sets above what wallets offer: the refusal says what to type, and that works."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import root
from tests.in_process import running


@pytest.fixture
def net(tmp_path: Path) -> Generator[Path]:
    """The directory of a network of one validator."""
    with running(tmp_path / "net") as found:
        yield found[0].network.directory


def call(*arguments: str) -> tuple[int, Any]:
    """Exit code, and the result or the error."""
    done = CliRunner().invoke(root, [*arguments, "--json"], standalone_mode=False)
    assert done.exception is None
    if done.return_value == 0:
        return 0, json.loads(done.stdout)
    return int(str(done.return_value)), json.loads(done.stderr)["error"]


@pytest.mark.parametrize(
    ("change", "back", "rule", "terms"),
    [
        ("min_transaction_gas_units=7000", "min_transaction_gas_units=600",
         "max_gas_units_below_min_transaction_gas_units", ("--max-gas", "8000")),
        ("min_price_per_gas_unit=3", "min_price_per_gas_unit=0",
         "gas_unit_price_below_min_bound", ("--gas-price", "3")),
    ],
)  # fmt: skip
def test_what_a_wallet_does_not_offer(
    net: Path, tmp_path: Path, change: str, back: str, rule: str, terms: tuple[str, ...]
) -> None:  # fmt: skip
    """The rule, the numbers, and the next thing to type: exit 4. Nothing is paid by itself at a higher price."""
    where = ("--network", str(net))
    assert call("account", "create", "alice", *where)[0] == 0
    assert call("account", "fund", "alice", "10", "XUS", *where)[0] == 0
    assert call("governance", "set-gas", change, *where)[0] == 0
    code, error = call("pay", "alice", "us-wallet", "1", "XUS", *where)
    assert (code, error["name"]) == (4, rule)
    assert "mithqal tx build peer_to_peer_with_metadata ... --max-gas UNITS --gas-price PRICE" in error["message"]
    file, signed = str(tmp_path / "raw.json"), str(tmp_path / "signed.json")
    payee = call("account", "show", "us-wallet", *where)[1]["address"]
    arguments = ("currency=XUS", f"payee={payee}", "amount=1000000", "metadata=", "metadata_signature=")
    words = ("tx", "build", "peer_to_peer_with_metadata", *arguments, "--sender", "alice", *terms, "-o", file, *where)
    assert call(*words)[0] == 0
    assert call("tx", "sign", file, "-o", signed, *where)[0] == 0
    submitted = call("tx", "submit", signed, *where)[1]
    assert call("tx", "wait", submitted["hash"], *where)[1]["status"] == "executed"
    assert call("governance", "set-gas", back, *where)[0] == 0
    assert call("pay", "alice", "us-wallet", "1", "XUS", *where)[0] == 0
