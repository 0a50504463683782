"""The first transactions of a network, on a real validator: what they leave, and that a repeat leaves nothing."""

from collections.abc import Generator
from typing import Any, NamedTuple

import pytest

from chain.crypto.signing import Scheme
from node.client.wallets.calls import Call, execute_calls, payment, sign_calls
from node.client.wallets.wallet import Wallet, WalletError
from node.localnet.bootstrap import (
    DEALERS,
    FLOAT,
    MINTED,
    PROVIDERS,
    bootstrap,
    child_calls,
    float_calls,
    founding_calls,
    opening_calls,
)
from node.localnet.build import build_network
from node.localnet.genesis import COINS
from node.localnet.supervisor import Supervisor

FEE = 600
pytestmark = pytest.mark.network


class Start(NamedTuple):
    """A wallet of a running network of one validator, and what everybody held when its bootstrap was done."""

    wallet: Wallet
    held: dict[str, dict[str, int]]
    numbers: dict[str, int]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Generator[Start]:
    """The bootstrap was interrupted after its first act, and run again."""
    directory = tmp_path_factory.mktemp("bootstrap") / "network"
    network = build_network(directory, 1, seed=11)
    supervisor = Supervisor(directory)
    wallet = Wallet(network)
    try:
        supervisor.up(meanwhile=lambda: execute_calls(wallet, founding_calls(wallet, 11)))
        bootstrap(network, 11).close()
        everybody = ("treasury", *DEALERS, *PROVIDERS)
        numbers = {name: account(wallet, name)["sequence_number"] for name in everybody}
        yield Start(wallet, {name: held(wallet, name) for name in everybody}, numbers)
    finally:
        wallet.close()
        supervisor.down()


@pytest.fixture
def wallet(start: Start) -> Wallet:
    return start.wallet


def account(wallet: Wallet, name: str) -> Any:
    return wallet.client.call("get_account", wallet.find(name).address.hex())


def held(wallet: Wallet, name: str) -> dict[str, int]:
    return {item["currency"]: item["amount"] for item in account(wallet, name)["balances"]}


def test_dealers_hold_what_was_minted_less_what_was_sold(start: Start) -> None:
    """Each dealer buys MINTED of each coin; the first sells FLOAT XUS to each of seven providers, and pays the fee."""
    assert start.held[DEALERS[1]] == {**dict.fromkeys(COINS, MINTED), "XDX": 0}
    sold = len(PROVIDERS) * (FLOAT + FEE)
    assert start.held[DEALERS[0]] == {**dict.fromkeys(COINS, MINTED), "XUS": MINTED - sold, "XDX": 0}
    for name in PROVIDERS:
        assert start.held[name] == {**dict.fromkeys(COINS, 0), "XUS": FLOAT, "XDX": 0}


def test_every_provider_has_its_country(wallet: Wallet) -> None:
    """The rules of a jurisdiction policy go by it."""
    assert [account(wallet, name)["role"]["country"] for name in PROVIDERS] == [
        "US",
        "GB",
        "JP",
        "IN",
        "BR",
        "MX",
        "PH",
    ]


def test_supply_equals_receipts(wallet: Wallet) -> None:
    """L6: every mint names its receipt; ten receipts stand behind ten mints."""
    for currency in wallet.client.call("get_currencies"):
        minted = 2 * MINTED if currency["code"] in COINS else 0
        assert (currency["total_value"], currency["receipts_deposited"]) == (minted, minted)
        assert currency["receipts_released"] == 0


def test_providers_can_attest(wallet: Wallet) -> None:
    """Each provider has a compliance key of its own on chain, and a base URL under a reserved name."""
    roles = [account(wallet, name)["role"] for name in PROVIDERS]
    assert {role["type"] for role in roles} == {"parent_vasp"}
    assert len({role["compliance_key"] for role in roles}) == len(PROVIDERS)
    assert [role["base_url"] for role in roles] == [f"https://{name}.example/offchain" for name in PROVIDERS]
    assert [role["human_name"] for role in roles] == list(PROVIDERS)
    assert {account(wallet, name)["role"]["type"] for name in DEALERS} == {"designated_dealer"}


def test_a_repeat_has_nothing_left_to_do(start: Start) -> None:
    """What the ledger shows to be done is not done again."""
    wallet = start.wallet
    before = {name: account(wallet, name)["sequence_number"] for name in start.numbers}
    assert [act(wallet, 11) for act in (founding_calls, opening_calls, float_calls)] == [[], [], []]
    bootstrap(wallet.network, 11).close()
    assert before == {name: account(wallet, name)["sequence_number"] for name in before}
    assert start.numbers["treasury"] == len(DEALERS) + 2 * len(PROVIDERS) + len(DEALERS) * len(COINS)
    assert start.numbers[DEALERS[0]] == len(PROVIDERS)


def test_calls_of_a_sender_take_consecutive_numbers_and_are_kept(wallet: Wallet) -> None:
    """Calls are numbered a sender, in order, and stand in the outbox before anything leaves."""
    one, two = DEALERS
    start = {name: account(wallet, name)["sequence_number"] for name in DEALERS}
    payee = wallet.find(PROVIDERS[0])
    signed = sign_calls(wallet, [payment(name, payee, 1, "XUS") for name in (one, two, one, one, two)])
    numbers = [(tx.raw.sender, tx.raw.sequence_number) for tx in signed]
    first, second = wallet.find(one).address, wallet.find(two).address
    assert numbers == [
        (first, start[one]), (second, start[two]), (first, start[one] + 1), (first, start[one] + 2),
        (second, start[two] + 1),
    ]  # fmt: skip
    assert {wallet.outbox.get(tx.hash).status for tx in signed} == {"stored"}
    before = held(wallet, PROVIDERS[0])["XUS"]
    assert [outcome.status for outcome in wallet.execute_all(signed)] == ["executed"] * 5
    assert held(wallet, PROVIDERS[0])["XUS"] == before + 5


def test_the_first_call_that_fails_is_told_when_all_are_settled(wallet: Wallet) -> None:
    """Raises for the first that is not executed; the others have run all the same."""
    payee = wallet.find(PROVIDERS[1])
    before = held(wallet, PROVIDERS[1])["XUS"]
    calls = [
        payment(DEALERS[1], payee, 7, "XUS"), Call(DEALERS[1], "preburn", ("XUS", 0), "XUS"),
        payment(DEALERS[1], payee, 5, "XUS"),
    ]  # fmt: skip
    with pytest.raises(WalletError) as caught:
        execute_calls(wallet, calls)
    assert (caught.value.name, caught.value.details["reason"]) == ("failed_on_chain", "ECOIN_DEPOSIT_IS_ZERO")
    assert held(wallet, PROVIDERS[1])["XUS"] == before + 12


def test_children_of_a_seed_have_the_same_keys(wallet: Wallet) -> None:
    """`--seed`: the same keys each time; a child holds every currency and pays nothing to be opened."""
    calls = child_calls(wallet, [("kim@us-wallet", "us-wallet", Scheme.P256)], 11)
    again = child_calls(wallet, [("kim@us-wallet", "us-wallet", Scheme.P256)], 11)
    assert calls == again
    execute_calls(wallet, calls)
    found = account(wallet, "kim@us-wallet")
    assert found["role"] == {
        "type": "child_vasp", "parent_vasp_address": wallet.find("us-wallet").address.hex()
    }  # fmt: skip
    assert held(wallet, "kim@us-wallet") == {**dict.fromkeys(COINS, 0), "XDX": 0}
