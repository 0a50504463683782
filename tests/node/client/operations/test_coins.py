"""The basket, tiers, minting, fees and registration, as operators do them, on a real validator."""

from collections.abc import Generator
from typing import Any

import pytest

from chain.errors import MithqalError
from cli.exits import exit_code
from node.client.amounts import format_amount
from node.client.operations.coins import (
    burn_fees,
    compose,
    decompose,
    register,
    set_minting,
    set_tiers,
)  # fmt: skip
from node.client.operations.treasury import mint
from node.client.payments.pay import Order, pay
from node.client.wallets.wallet import Wallet
from node.keystore import load_key
from tests.in_process import running

COIN = 1_000_000
DEALER = "dealer-one"


@pytest.fixture(scope="module")
def wallet(tmp_path_factory: pytest.TempPathFactory) -> Generator[Wallet]:
    """A founded network."""
    with running(tmp_path_factory.mktemp("coins") / "net") as (wallet, _):
        yield wallet


def currency(wallet: Wallet, code: str) -> dict[str, Any]:
    return next(row for row in wallet.client.call("get_currencies") if row["code"] == code)


def failure(action: Any, *arguments: Any, **options: Any) -> tuple[str, int, str]:
    with pytest.raises(MithqalError) as caught:
        action(*arguments, **options)
    return caught.value.name, exit_code(caught.value), caught.value.message


def test_composing_and_decomposing(wallet: Wallet) -> None:
    """The parts that are told are those that moved; XDX stands on five coins by the amounts of genesis."""
    done = compose(wallet, DEALER, 1_000 * COIN, "XDX")
    assert [(part["currency"], part["amount"]) for part in done["parts"]] == [
        ("XUS", 500_000_001), ("XEU", 160_901_000), ("XJP", 15_152_588_000), ("XGB", 87_909_000), ("XSG", 95_974_000),
    ]  # fmt: skip
    assert [part["amount"] for part in currency(wallet, "XDX")["backing"]] == [part["amount"] for part in done["parts"]]
    done = decompose(wallet, DEALER, 1_000 * COIN, "XDX")
    assert [part["amount"] for part in done["parts"]] == [
        500_000_000, 160_900_999, 15_152_587_999, 87_908_999, 95_973_999,
    ]  # fmt: skip
    assert [part["amount"] for part in currency(wallet, "XDX")["backing"]] == [1, 1, 1, 1, 1]
    assert currency(wallet, "XDX")["total_value"] == 0


def test_what_cannot_be_composed(wallet: Wallet) -> None:
    """Which coins lack, who may, and of which currency."""
    name, exit_, message = failure(compose, wallet, DEALER, 100_000_000 * COIN, "XDX")
    assert (name, exit_) == ("failed_on_chain", 5)
    assert "50000000.000001 XUS are needed, dealer-one has " in message
    account = wallet.client.call("get_account", wallet.find(DEALER).address.hex())
    (held,) = [row["amount"] for row in account["balances"] if row["currency"] == "XJP"]
    assert f"; 1515258799.982258 XJP are needed, dealer-one has {format_amount(held)}; " in message
    name, exit_, message = failure(decompose, wallet, DEALER, COIN, "XDX")
    assert (name, exit_) == ("failed_on_chain", 5)
    assert "1.000000 XDX are needed, dealer-one has 0.000000" in message
    assert "us-wallet is a parent vasp; dealers: dealer-one, dealer-two" in failure(
        compose, wallet, "us-wallet", COIN, "XDX"
    )[2]  # fmt: skip
    assert "XUS is a coin of its own" in failure(compose, wallet, DEALER, COIN, "XUS")[2]
    assert failure(compose, wallet, DEALER, COIN, "XXX")[:2] == ("unknown_currency", 6)


def test_tiers(wallet: Wallet) -> None:
    """Caps are told with what is used and when it counts anew; 9."""
    set_tiers(wallet, "dealer-two", "XUS", [500 * COIN, 1_000 * COIN])
    mint(wallet, "dealer-two", 400 * COIN, "XUS")
    name, exit_, message = failure(mint, wallet, "dealer-two", 101 * COIN, "XUS")
    assert (name, exit_) == ("tier_exceeded", 9)
    assert (
        "400.000000 XUS are minted to dealer-two in these 24 hours, the caps are tier 0 500.000000, tier 1 1000.000000;"
        " they count anew at 20"
    ) in message
    mint(wallet, "dealer-two", 101 * COIN, "XUS", tier=1)
    assert failure(mint, wallet, "dealer-two", COIN, "XUS", tier=2)[:2] == ("failed_on_chain", 5)
    name, exit_, message = failure(set_tiers, wallet, "dealer-two", "XUS", [2, 1])
    assert (name, exit_) == ("failed_on_chain", 5)
    assert "in rising order" in message
    assert "us-wallet is a parent vasp" in failure(set_tiers, wallet, "us-wallet", "XUS", [1])[2]
    set_tiers(wallet, "dealer-two", "XUS", [])
    mint(wallet, "dealer-two", 5_000 * COIN, "XUS")


def test_minting(wallet: Wallet) -> None:
    """Off, refused with what to type, on."""
    set_minting(wallet, "XEU", allow=False)
    assert currency(wallet, "XEU")["can_mint"] is False
    assert "mithqal treasury minting XEU on" in failure(mint, wallet, DEALER, COIN, "XEU")[2]
    set_minting(wallet, "XEU", allow=True)
    mint(wallet, DEALER, COIN, "XEU")
    assert "mithqal dealer compose AMOUNT XDX" in failure(set_minting, wallet, "XDX", allow=True)[2]


def test_burning_fees(wallet: Wallet) -> None:
    """What was in the pot leaves the supply, and the receipts."""
    pay(wallet, Order(DEALER, "us-wallet", COIN, "XUS"))
    before = currency(wallet, "XUS")
    done = burn_fees(wallet, "XUS")
    after = currency(wallet, "XUS")
    assert done["amount"] == before["fees"] > 0
    assert after["fees"] == 0
    assert before["total_value"] - after["total_value"] == before["fees"]
    assert after["receipts_released"] - before["receipts_released"] == before["fees"]
    assert "no fees in XUS lie in the pot" in failure(burn_fees, wallet, "XUS")[2]


def test_registering(wallet: Wallet) -> None:
    """Two signers from one directory; the custodian's key is there for the first mint; once."""
    done = register(wallet, "XIN", 1, 64)
    coin = currency(wallet, "XIN")
    assert (coin["rate_fixed_point32"], coin["can_mint"], coin["total_value"]) == (1 << 26, True, 0)
    assert coin["custodian_key"] == done["custodian_key"]
    assert load_key(wallet.network.keys / "custodian-XIN.json").public_key.hex() == coin["custodian_key"]
    tx = wallet.client.call("get_transactions", done["version"], 1, False)[0]["transaction"]
    assert tx["secondary_signers"] == ["0000000000000000000000000b1e55ed"]
    wallet.execute(wallet.sign(DEALER, "add_currency_to_account", "XIN", fee_currency="XUS"))
    mint(wallet, DEALER, 7 * COIN, "XIN")
    assert currency(wallet, "XIN")["total_value"] == 7 * COIN
    for code in ("XIN", "XUS", "INR"):
        assert failure(register, wallet, code, 1, 1)[:2] == ("name_taken", 2)
    for code in ("xin", "1X", "", "X" * 17, "X/Y"):
        assert failure(register, wallet, code, 1, 1)[:2] == ("bad_code", 2)
    assert failure(register, wallet, "XYZ", 1, 0)[:2] == ("failed_on_chain", 5)
    register(wallet, "XYZ", 1, 1)
