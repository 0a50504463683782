"""Account limits from the command's side: what is there already is not done again, and nothing else is passed over."""

from collections.abc import Generator
from typing import Any

import pytest

from chain.errors import MithqalError
from chain.limits import DEFAULT_GAS_PRICE
from cli.exits import exit_code
from node.client.operations.limits import Limits, set_limits, show_limits
from node.client.operations.treasury import freeze
from node.client.wallets.accounts import create_account
from node.client.wallets.wallet import Wallet
from tests.in_process import running

HOUR_US = 3_600_000_000
U64_MAX = 2**64 - 1


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Generator[Wallet]:
    """One network for the module."""
    with running(tmp_path_factory.mktemp("limits") / "net") as (wallet, _):
        yield wallet


@pytest.fixture
def wallet(network: Wallet) -> Wallet:
    """As a new command has it."""
    return Wallet(network.network)


def numbers(rows: list[dict[str, Any]]) -> tuple[Any, ...]:
    """Currency and limits of the only entry."""
    (row,) = rows
    return tuple(row[name] for name in ("currency", "max_inflow", "max_outflow", "max_holding", "period_us"))


def test_a_definition_a_window_then_the_numbers(wallet: Wallet) -> None:
    """J1, J2: what is not named stays as it is: without limits, and a period of a day; the children share them."""
    done = set_limits(wallet, "us-wallet", "XUS", Limits(outflow=7))
    assert numbers(done["limits"]) == ("XUS", U64_MAX, 7, U64_MAX, 24 * HOUR_US)
    again = set_limits(wallet, "us-wallet", "XUS", Limits(inflow=5, holding=9, period_us=HOUR_US))
    assert numbers(again["limits"]) == ("XUS", 5, 7, 9, HOUR_US)
    create_account(wallet, "lim@us-wallet")
    shown = show_limits(wallet, "lim@us-wallet")
    assert (shown["provider"], numbers(shown["limits"])) == ("us-wallet", ("XUS", 5, 7, 9, HOUR_US))
    assert show_limits(wallet, "br-wallet")["limits"] == []


def test_a_definition_that_is_there_already_will_do(wallet: Wallet) -> None:
    """An attempt that broke off after its first step is finished."""
    tx = wallet.sign("gb-wallet", "publish_unrestricted_limits", "XUS", fee_currency=None)
    assert tx.raw.gas_unit_price == 0 < DEFAULT_GAS_PRICE
    wallet.execute(tx)
    assert numbers(set_limits(wallet, "gb-wallet", "XUS", Limits(3, 4, 5))["limits"])[1:4] == (3, 4, 5)


def test_another_failure_of_the_definition_is_told(wallet: Wallet) -> None:
    """A frozen provider cannot publish one: it is told so (exit 9), and no window is asked for."""
    freeze(wallet, "in-wallet")
    with pytest.raises(MithqalError) as caught:
        set_limits(wallet, "in-wallet", "XUS", Limits(inflow=1))
    assert (caught.value.name, exit_code(caught.value)) == ("sending_account_frozen", 9)
    assert show_limits(wallet, "in-wallet")["limits"] == []


def test_only_a_provider_is_bound(wallet: Wallet) -> None:
    """VASP::ENOT_A_PARENT_VASP: a child says whom limits bind."""
    create_account(wallet, "kid@us-wallet")
    with pytest.raises(MithqalError) as caught:
        set_limits(wallet, "kid@us-wallet", "XEU", Limits(inflow=1))
    assert caught.value.details["reason"] == "ENOT_A_PARENT_VASP"
    assert "kid@us-wallet is no wallet provider" in caught.value.message
