"""Balance changes: what the ledger moved, in double entry, from the JSON of a transaction alone."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.accounts import Account, Currency, account_key, currency_key
from chain.records.coins import Basket, basket_key
from chain.transaction import sign_transaction
from node.view.changes import Change, balance_changes, sums_by_currency
from tests.builders import ONE, PAYMENT, TC, Party
from tests.views import ALICE, BR_WALLET, BRUNO, CARLA, DAVI, DEALER, US_WALLET, DiscardedError, Story, peopled

Holdings = dict[tuple[str, str | None, str], int]
PEOPLE = (DEALER, US_WALLET, BR_WALLET, ALICE, BRUNO, CARLA, DAVI)
FEE = 600
ECDSA_FEE = 4_500


def holdings(story: Story) -> Holdings:
    """Who holds what in the stored state; the issuer's side is the supply below zero."""
    held: Holdings = {}
    for who in PEOPLE:
        data = story.store.state(account_key(who.address))
        if data is None:
            continue
        account = Account.from_bytes(data)
        address = who.address.hex()
        held.update({("account", address, code): amount for code, amount in account.balances})
        for code, amount in account.preburns:
            place = ("preburn_queue", address, code)
            held[place] = held.get(place, 0) + amount
    for code in ("XUS", "XEU", "XDX"):
        data = story.store.state(currency_key(code))
        assert data is not None
        currency = Currency.from_bytes(data)
        held["fees", None, code] = currency.fees
        held["supply", None, code] = -currency.total_value
    data = story.store.state(basket_key("XDX"))
    assert data is not None
    held.update({("basket", None, code): amount for code, amount in Basket.from_bytes(data).held})
    return held


def differences(before: Holdings, after: Holdings) -> Holdings:
    """What changed."""
    changed = {place: after.get(place, 0) - before.get(place, 0) for place in {**before, **after}}
    return {place: amount for place, amount in changed.items() if amount}


def observed(story: Story, act: Callable[[], Any]) -> list[Change]:
    """The changes of one transaction; they are what the state shows, and each currency sums to zero."""
    before = holdings(story)
    changes = balance_changes(act())
    assert {change[:3]: change.amount for change in changes} == differences(before, holdings(story))
    assert len({change[:3] for change in changes}) == len(changes)
    assert set(sums_by_currency(changes).values()) <= {0}
    return changes


def lines(story: Story, changes: list[Change]) -> list[tuple[str, int]]:
    """Party and amount."""
    return [(change.party(story.names), change.amount) for change in changes]


@pytest.fixture
def story() -> Story:
    """People with money."""
    return peopled()


def test_a_payment(story: Story) -> None:
    """Payer, payee and the fees pot; the payer's line is amount and fee together."""
    changes = observed(story, lambda: story.pay(ALICE, BRUNO, 25 * ONE))
    assert changes == [
        Change("account", ALICE.address.hex(), "XUS", -25 * ONE - FEE),
        Change("account", BRUNO.address.hex(), "XUS", 25 * ONE),
        Change("fees", None, "XUS", FEE),
    ]
    assert changes[0].to_json(story.names) == {
        "kind": "account", "party": "alice@us-wallet", "address": ALICE.address.hex(), "currency": "XUS",
        "amount": -25_000_600,
    }  # fmt: skip
    assert changes[2].to_json(story.names)["party"] == "fees"


def test_a_basket_is_composed_and_decomposed(story: Story) -> None:
    """The dealer against the reserve of the basket, coin by coin; the basket's own coin against the supply."""
    story.do(TC, "tiered_mint", *story.mint_arguments(100 * ONE, 2, "XEU"))
    changes = observed(story, lambda: story.do(DEALER, "compose", "XDX", 2 * ONE, price=0))
    assert lines(story, changes) == [
        ("dealer-one", 2 * ONE), ("issuer (supply)", -2 * ONE), ("reserve of the basket", ONE + 1),
        ("dealer-one", -ONE - 1), ("reserve of the basket", 666_667), ("dealer-one", -666_667),
    ]  # fmt: skip
    changes = observed(story, lambda: story.do(DEALER, "decompose", "XDX", ONE))
    assert lines(story, changes) == [
        ("dealer-one", -ONE), ("issuer (supply)", ONE), ("reserve of the basket", -500_000),
        ("dealer-one", 500_000 - FEE), ("reserve of the basket", -333_333), ("dealer-one", 333_333), ("fees", FEE),
    ]  # fmt: skip


def test_fees_are_burned(story: Story) -> None:
    """From the pot of fees back to the issuer; fees in the basket's coin by way of the coins that it stands on."""
    story.pay(ALICE, BRUNO, ONE)
    fees = -holdings(story)["fees", None, "XUS"]
    changes = observed(story, lambda: story.do(TC, "burn_txn_fees", "XUS"))
    assert lines(story, changes) == [("fees", fees), ("issuer (supply)", -fees)]
    story.do(TC, "tiered_mint", *story.mint_arguments(100 * ONE, 2, "XEU"))
    story.do(DEALER, "compose", "XDX", 2 * ONE)
    raw = story.sign(DEALER, "decompose", "XDX", 1).raw._replace(gas_currency="XDX")
    story.block(sign_transaction(raw, DEALER.key, 0, story.ledger.genesis_hash))
    changes = observed(story, lambda: story.do(TC, "burn_txn_fees", "XDX"))
    assert lines(story, changes) == [
        ("fees", -FEE), ("issuer (supply)", FEE), ("reserve of the basket", -300), ("reserve of the basket", -199),
        ("issuer (supply)", 300), ("issuer (supply)", 199),
    ]  # fmt: skip


def test_a_payment_to_oneself_costs_the_fee_only(story: Story) -> None:
    """What cancels out is no change."""
    changes = observed(story, lambda: story.pay(ALICE, ALICE, 25 * ONE))
    assert lines(story, changes) == [("alice@us-wallet", -FEE), ("fees", FEE)]
    assert observed(story, lambda: story.do(ALICE, PAYMENT, "XUS", ALICE.address, ONE, b"", b"", price=0)) == []


def test_a_failure_costs_the_fee_only(story: Story) -> None:
    """T7: the fee is charged, nothing else changes; out of gas charges max_gas_amount."""
    assert lines(story, observed(story, lambda: story.pay(ALICE, BRUNO, 500 * ONE))) == [
        ("alice@us-wallet", -FEE), ("fees", FEE),
    ]  # fmt: skip
    arguments = ("XUS", BRUNO.address, ONE, b"", b"")
    changes = observed(story, lambda: story.do(CARLA, PAYMENT, *arguments, max_gas=700, price=3))
    assert lines(story, changes) == [("carla@us-wallet", -2_100), ("fees", 2_100)]


def test_gas_is_priced(story: Story) -> None:
    """fee = gas used x price; secp256k1 and P-256 cost more gas."""
    arguments = ("XUS", BRUNO.address, ONE, b"", b"")
    changes = observed(story, lambda: story.do(CARLA, PAYMENT, *arguments, price=2))
    assert lines(story, changes) == [
        ("carla@us-wallet", -ONE - 2 * ECDSA_FEE), ("bruno@br-wallet", ONE), ("fees", 2 * ECDSA_FEE),
    ]  # fmt: skip


def test_the_life_of_a_coin(story: Story) -> None:
    """Mint: out of supply; preburn: into the queue; burn: back to supply; cancel: back to the dealer."""
    assert lines(story, observed(story, lambda: story.do(TC, "tiered_mint", *story.mint_arguments(7, 2)))) == [
        ("dealer-one", 7), ("issuer (supply)", -7),
    ]  # fmt: skip
    for amount in (5, 5, 9):
        assert lines(story, observed(story, partial(story.do, DEALER, "preburn", "XUS", amount))) == [
            ("dealer-one", -amount - FEE), ("burn queue of dealer-one", amount), ("fees", FEE),
        ]  # fmt: skip
    burn = ("burn_with_amount", "XUS", 0, DEALER.address, 5)
    assert lines(story, observed(story, lambda: story.do(TC, *burn))) == [
        ("burn queue of dealer-one", -5), ("issuer (supply)", 5),
    ]  # fmt: skip
    cancel = ("cancel_burn_with_amount", "XUS", DEALER.address, 9)
    assert lines(story, observed(story, lambda: story.do(TC, *cancel))) == [
        ("burn queue of dealer-one", -9), ("dealer-one", 9),
    ]  # fmt: skip


def test_a_child_is_born_with_coins_of_its_parent(story: Story) -> None:
    """create_child_vasp_account with an initial balance is a payment too."""
    fresh = peopled()
    row = fresh.source.call("get_transactions", 14, 1, True)[0]
    assert row["transaction"]["script"]["function_name"] == "create_child_vasp_account"
    assert lines(story, balance_changes(row)) == [
        ("us-wallet", -100 * ONE - 1_200), ("alice@us-wallet", 100 * ONE), ("fees", 1_200),
    ]  # fmt: skip


MOVES_NOTHING: list[tuple[Party, str, tuple[Any, ...]]] = [
    (BRUNO, "add_currency_to_account", ("XEU",)),
    (ALICE, "rotate_authentication_key", (bytes(32),)),
    (BR_WALLET, "rotate_dual_attestation_info", (b"u", BR_WALLET.key.public_key)),
    (TC, "freeze_account", (0, BRUNO.address)),
    (TC, "unfreeze_account", (0, BRUNO.address)),
    (TC, "update_dual_attestation_limit", (0, 5)),
    (TC, "update_exchange_rate", ("XUS", 0, 1, 2)),
    (TC, "update_minting_ability", ("XUS", False)),
    (TC, "create_parent_vasp_account", ("XUS", 0, bytes(15) + b"\x09", bytes(16), "w", True)),
    (TC, "create_designated_dealer", ("XUS", 0, bytes(15) + b"\x0a", bytes(16), "d", True)),
]


@pytest.mark.parametrize(("who", "function", "arguments"), MOVES_NOTHING, ids=lambda value: str(value)[:24])
def test_what_moves_no_coins(story: Story, who: Party, function: str, arguments: Any) -> None:
    """Only the fee moves, and nothing at all where the treasury signs for free."""
    story.do(DEALER, PAYMENT, "XUS", BRUNO.address, ONE, b"", b"")
    row = None

    def act() -> Any:
        nonlocal row
        row = story.do(who, function, *arguments)
        return row

    changes = observed(story, act)
    assert row is not None
    assert row["vm_status"] == {"type": "executed"}
    fees = [] if who is TC else [(story.names.of(who.address.hex()), -FEE), ("fees", FEE)]
    assert lines(story, changes) == fees


def test_genesis_and_metadata_move_nothing(story: Story) -> None:
    """Nobody's balance changes by a block alone."""
    for row in story.source.call("get_transactions", 0, 2, True):
        assert balance_changes(row) == []


def test_events_that_contradict_each_other_do_not_sum_to_zero(story: Story) -> None:
    """The sum is computed from what the events say, not made to be zero: a lost event shows."""
    row = story.pay(ALICE, BRUNO, 25 * ONE)
    row["events"] = row["events"][:1]
    assert sums_by_currency(balance_changes(row)) == {"XUS": -25 * ONE}


ACTS = st.one_of(
    st.tuples(st.just("pay"), st.sampled_from(PEOPLE), st.sampled_from(PEOPLE), st.integers(0, 200 * ONE)),
    st.tuples(st.just("preburn"), st.just(DEALER), st.just(DEALER), st.integers(0, 3)),
    st.tuples(st.just("burn"), st.just(TC), st.just(DEALER), st.integers(0, 3)),
    st.tuples(st.just("cancel"), st.just(TC), st.just(DEALER), st.integers(0, 3)),
    st.tuples(st.just("mint"), st.just(TC), st.just(DEALER), st.integers(0, ONE)),
    st.tuples(st.just("freeze"), st.just(TC), st.sampled_from(PEOPLE), st.booleans()),
    st.tuples(st.just("rotate"), st.sampled_from(PEOPLE), st.just(DEALER), st.just(0)),
)


def call_of(story: Story, kind: str, target: Party, amount: int, receipt: int) -> tuple[Any, ...]:
    """Function and arguments of an act."""
    match kind:
        case "pay":
            return PAYMENT, "XUS", target.address, amount, b"", b""
        case "preburn":
            return "preburn", "XUS", amount
        case "burn":
            return "burn_with_amount", "XUS", 0, target.address, amount
        case "cancel":
            return "cancel_burn_with_amount", "XUS", target.address, amount
        case "mint":
            return "tiered_mint", *story.mint_arguments(amount, receipt)
        case "freeze":
            return "freeze_account" if amount else "unfreeze_account", 0, target.address
        case _:
            return "add_currency_to_account", "XEU"


@given(st.lists(ACTS, min_size=1, max_size=12), st.integers(0, 3))
@settings(deadline=None)
def test_any_mix_of_transactions_shows_what_the_state_shows(acts: Any, price: int) -> None:
    """The state is the model: for every transaction, executed or failed, the changes equal the difference of states."""
    story = peopled()
    for payee in (BRUNO, DAVI):
        story.pay(CARLA, payee, 100 * ONE)
    for number, (kind, who, target, amount) in enumerate(acts):
        call = call_of(story, kind, target, amount, 100 + number)
        before = holdings(story)
        try:
            observed(story, partial(story.do, who, *call, price=price))
        except DiscardedError:  # a frozen sender, or one who cannot pay the fee: never on the ledger
            assert holdings(story) == before
