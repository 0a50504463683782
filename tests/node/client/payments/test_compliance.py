"""Refusals by limits and policy: the rule, the numbers, what is left, when it counts anew, and the exit code."""

from collections.abc import Generator
from typing import Any, NamedTuple

import pytest

from chain.errors import MithqalError
from chain.records.policy import Rule
from cli.exits import exit_code
from node.client.operations.limits import Limits, set_limits, show_limits
from node.client.operations.policy import halt, open_corridor, set_country, set_policy, show_policy
from node.client.operations.treasury import Rate, publish_rates
from node.client.payments.compliance import Payment, limits_in_words, policy_in_words
from node.client.payments.pay import Order, pay
from node.client.wallets.accounts import create_account
from node.client.wallets.wallet import Wallet
from tests.in_process import running

COIN = 1_000_000
ALICE, BRUNO, CARL = "alice@us-wallet", "bruno@br-wallet", "carl@us-wallet"
RULE = Rule("us-out", "US", "", 0, 0, True, "INR", 0, 0, 0, 0)
"""Rupees: an XUS is 1.032 XDX and a rupee 1/64 XDX, so an XUS is 66.048 INR."""


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Generator[Wallet]:
    """Two people at us-wallet and one at br-wallet, with 1,000 XUS each."""
    with running(tmp_path_factory.mktemp("compliance") / "net") as (wallet, _):
        for name in (ALICE, BRUNO, CARL):
            create_account(wallet, name)
            pay(wallet, Order("dealer-one", name, 1_000 * COIN, "XUS"))
        yield wallet


@pytest.fixture
def wallet(chain: Wallet) -> Generator[Wallet]:
    """As a new command has it; no rule is left behind."""
    wallet = Wallet(chain.network)
    yield wallet
    if show_policy(wallet)["rules"]:
        set_policy(wallet, "", ())


class Refusal(NamedTuple):
    name: str
    reason: Any
    exit: int
    message: str


def refusal(wallet: Wallet, payer: str, payee: str, amount: int) -> Refusal:
    with pytest.raises(MithqalError) as caught:
        pay(wallet, Order(payer, payee, amount, "XUS"))
    error = caught.value
    return Refusal(error.name, error.details.get("reason"), exit_code(error), error.message)


def test_one_payment(wallet: Wallet) -> None:
    """The cap, the payment in local money, and the most that can be sent: exactly that passes, one more does not."""
    set_policy(wallet, "t", [RULE._replace(per_payment=1_000 * COIN)])
    found = refusal(wallet, ALICE, BRUNO, 20 * COIN)
    assert (found.name, found.reason, found.exit) == ("cap_exceeded", "EPAYMENT_CAP", 9)
    assert (
        "for payments from US to BR allows 1000.000000 INR a payment, this payment is 1320.960000 INR: at most"
        " 15.140503 XUS can be sent now; mithqal treasury policy show --account alice@us-wallet"
    ) in found.message
    assert refusal(wallet, ALICE, BRUNO, 15_140_504).reason == "EPAYMENT_CAP"
    pay(wallet, Order(ALICE, BRUNO, 15_140_503, "XUS"))


def test_payments_of_a_day(wallet: Wallet) -> None:
    """How many are made, and from when on the next one may be."""
    set_policy(wallet, "t", [RULE._replace(rule_id="count", daily_count=1)])
    pay(wallet, Order(CARL, BRUNO, COIN, "XUS"))
    found = refusal(wallet, CARL, BRUNO, COIN)
    assert (found.name, found.reason, found.exit) == ("cap_exceeded", "EDAILY_COUNT", 9)
    assert "allows 1 payments a day and 1 are made: the next from 20" in found.message
    assert "T00:00:00Z on; mithqal" in found.message


@pytest.mark.parametrize(("field", "word"), [("daily", "day"), ("monthly", "month")])
def test_amounts_of_a_day_and_a_month(wallet: Wallet, field: str, word: str) -> None:
    """What is used, what this payment is, what is left, and when all of it is free again."""
    rule = RULE._replace(rule_id=field, **{field: 100 * COIN})  # type: ignore[arg-type]
    set_policy(wallet, "t", [rule])
    pay(wallet, Order(ALICE, BRUNO, COIN, "XUS"))
    found = refusal(wallet, ALICE, BRUNO, COIN)
    assert (found.name, found.exit) == ("cap_exceeded", 9)
    assert (
        f"allows 100.000000 INR a {word}, 66.048000 are used and this payment is 66.048000 INR: at most 0.514050 XUS"
        " can be sent now, and all of it from 20"
    ) in found.message
    usage = show_policy(wallet, ALICE)["usage"]
    assert [(row["rule"], row["day_amount"], row["day_count"]) for row in usage] == [(field, 66_048_000, 1)]


def test_a_halted_corridor(wallet: Wallet) -> None:
    """Halting adds a rule, opening takes it away; both change nothing where nothing is to do."""
    first = halt(wallet, "US", "BR")
    assert (first["halted"], first["changed"]) == (True, True)
    again = halt(wallet, "US", "BR")
    assert again == {"policy_version": first["policy_version"], "halted": True, "changed": False}
    found = refusal(wallet, ALICE, BRUNO, COIN)
    assert (found.name, found.reason, found.exit) == ("corridor_halted", "ECORRIDOR_HALTED", 9)
    assert "rule halt-us-br of policy" in found.message
    assert "for payments from US to BR lets none pass" in found.message
    pay(wallet, Order(BRUNO, ALICE, COIN, "XUS"))
    pay(wallet, Order(ALICE, CARL, COIN, "XUS"))
    opened = open_corridor(wallet, "US", "BR")
    assert (opened["policy_version"], opened["changed"]) == (first["policy_version"] + 1, True)
    assert open_corridor(wallet, "US", "BR")["changed"] is False
    pay(wallet, Order(ALICE, BRUNO, COIN, "XUS"))


def test_what_a_wider_rule_halts_stays_halted(wallet: Wallet) -> None:
    """`still_halted` names the rule; caps stay when a corridor is opened."""
    set_policy(wallet, "t", [RULE._replace(daily=COIN), RULE._replace(rule_id="stop", is_open=False, currency="")])
    halt(wallet, "US", "BR")
    with pytest.raises(MithqalError) as caught:
        open_corridor(wallet, "US", "BR")
    assert (caught.value.name, caught.value.details, exit_code(caught.value)) == (
        "still_halted",
        {"rules": ["stop"]},
        9,
    )
    open_corridor(wallet, "US", "")
    open_corridor(wallet, "US", "BR")
    assert [row["id"] for row in show_policy(wallet)["rules"]] == ["us-out"]


def test_the_rule_that_refuses_is_the_one_that_is_named(wallet: Wallet) -> None:
    """Of two caps the one that is broken; when nothing refuses any more the words say so."""
    set_policy(wallet, "t", [RULE._replace(per_payment=1_000 * COIN), RULE._replace(rule_id="low", per_payment=COIN)])
    assert "rule low of policy" in refusal(wallet, ALICE, BRUNO, COIN).message
    payment = Payment(wallet.find(ALICE).address, wallet.find(BRUNO).address, COIN, "XUS")
    assert policy_in_words(wallet, payment, "EDAILY_CAP") is None
    set_policy(wallet, "t", ())
    assert policy_in_words(wallet, payment, "EPAYMENT_CAP") is None


def test_a_rate_of_nothing(wallet: Wallet) -> None:
    """A cap in a currency without a rate lets nothing pass: executed and failed, 5."""
    set_policy(wallet, "t", [RULE])
    publish_rates(wallet, [Rate("INR", 0, 1)])
    try:
        found = refusal(wallet, ALICE, BRUNO, COIN)
        assert (found.name, found.reason, found.exit) == ("failed_on_chain", "ERATE_MISSING", 5)
    finally:
        publish_rates(wallet, [Rate("INR", 1, 64)])


def test_countries(wallet: Wallet) -> None:
    """Of a provider only."""
    with pytest.raises(MithqalError, match="alice@us-wallet is no wallet provider; its provider has the country"):
        set_country(wallet, ALICE, "US")
    assert set_country(wallet, "us-wallet", "US")["country"] == "US"


def test_limits(wallet: Wallet) -> None:
    """Set by one call, changed by another; refusals name what is left and until when, 9."""
    address = wallet.find("br-wallet").address
    payment = Payment(wallet.find(ALICE).address, wallet.find(BRUNO).address, 5, "XUS")
    assert limits_in_words(wallet, payment, is_inflow=True) is None
    done = set_limits(
        wallet, "br-wallet", "XUS", Limits(inflow=100 * COIN, holding=120 * COIN, period_us=3_600_000_000)
    )
    (row,) = done["limits"]
    assert (row["provider"], row["limit_address"]) == (address.hex(), address.hex())
    assert (row["max_inflow"], row["max_outflow"], row["max_holding"]) == (100 * COIN, 2**64 - 1, 120 * COIN)
    assert show_limits(wallet, BRUNO) == {"account": BRUNO, "provider": "br-wallet", "limits": [row], "tiers": []}
    pay(wallet, Order(ALICE, BRUNO, 40 * COIN, "XUS"))
    found = refusal(wallet, ALICE, BRUNO, 61 * COIN)
    assert (found.name, found.reason, found.exit) == ("limits_exceeded", "EDEPOSIT_EXCEEDS_LIMITS", 9)
    assert "br-wallet may receive 100.000000 XUS in a period, 60.000000 are left, until it counts anew after 20" in (
        found.message
    )
    assert "Z; br-wallet may hold 120.000000 XUS and holds 40.000000" in found.message
    set_limits(wallet, "br-wallet", "XUS", Limits(inflow=2**64 - 1))
    found = refusal(wallet, ALICE, BRUNO, 81 * COIN)
    assert "charged: br-wallet may hold 120.000000 XUS and holds 40.000000" in found.message
    set_limits(wallet, "br-wallet", "XUS", Limits(inflow=2**64 - 1, outflow=10 * COIN, holding=2**64 - 1))
    found = refusal(wallet, BRUNO, ALICE, 11 * COIN)
    assert (found.name, found.reason, found.exit) == ("limits_exceeded", "EWITHDRAWAL_EXCEEDS_LIMITS", 9)
    assert "br-wallet may send 10.000000 XUS in a period, 10.000000 are left" in found.message
    set_limits(wallet, "br-wallet", "XUS", Limits(outflow=2**64 - 1))


def test_limits_bind_providers_only(wallet: Wallet) -> None:
    """A child's limits are its provider's."""
    with pytest.raises(MithqalError, match="bind a provider as a whole"):
        set_limits(wallet, ALICE, "XEU", Limits(inflow=1))
