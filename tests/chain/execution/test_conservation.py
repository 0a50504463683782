"""No coin from nothing: the checker sees each way to break the sums; random days conserve money (L6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.accounts import BASKET, Role
from chain.execution.conservation import ConservationError, Totals, check, totals
from chain.execution.outcome import Outcome
from chain.records.coins import Basket, basket_key
from tests.builders import ALICE, ANNA, BOB, BR, DEALER, NOBODY, ONE, PAYMENT, TC, US, XDX_PARTS, World, small_world

BALANCES = {"XUS": 3_000 * ONE, "XEU": 300 * ONE, "XDX": 0}


def broken(world: World) -> str:
    with pytest.raises(ConservationError) as caught:
        check(world.records.values())
    assert caught.value.name == "conservation"
    return f"{caught.value.details['currency']}: {caught.value.message}"


def test_totals_of_the_small_world() -> None:
    """Every registered currency has its five sums."""
    world = small_world()
    expected = {code: Totals(supply, supply, 0, 0, supply) for code, supply in BALANCES.items()}
    assert totals(world.records.values()) == expected
    assert check(iter(world.records.values())) == expected


def test_a_coin_too_many_or_too_few() -> None:
    """balances + preburn + fees = supply, named with its numbers."""
    for change in (1, -1):
        world = small_world()
        world.change(ALICE, balances=(("XEU", 100 * ONE), ("XUS", 1_000 * ONE + change)))
        message = broken(world)
        assert message.startswith("XUS: ")
        assert str(3_000 * ONE + change) in message
        assert str(3_000 * ONE) in message


def test_fees_and_preburns_count() -> None:
    """A pot or a queue that holds one unit too much."""
    world = small_world()
    world.change_currency("XEU", fees=1)
    assert "fees 1 " in broken(world)
    world = small_world()
    world.change(DEALER, preburns=(("XUS", 2),))
    world.change_currency("XUS", preburn_value=2)
    assert "preburn 2 " in broken(world)


def test_the_preburn_value_is_the_sum_of_the_requests() -> None:
    """Reference 2.3: 'sum of preburn requests = preburn_value'."""
    world = small_world()
    world.change_currency("XUS", preburn_value=1)
    assert "preburn_value 1 " in broken(world)


def test_receipts_cover_the_supply_of_what_is_backed() -> None:
    """receipts deposited - released = supply; a synthetic currency stands on others."""
    for deposited, released in ((BALANCES["XUS"] + 1, 0), (BALANCES["XUS"], 1)):
        world = small_world()
        world.change_currency("XUS", receipts_deposited=deposited, receipts_released=released)
        assert "receipts" in broken(world)
    world = small_world()
    world.add(NOBODY, Role.PARENT_VASP, BASKET)
    world.endow(NOBODY, 5, BASKET)
    assert "the reserve holds 0 micro-XUS, 5 micro-XDX stand on 3" in broken(world)


def test_the_reserve_of_a_basket() -> None:
    """Coins in a reserve count towards their supply; the basket's supply x ratio is covered exactly (L6, Z4)."""
    world = small_world()
    world.add(NOBODY, Role.DESIGNATED_DEALER, BASKET, "XUS", "XEU")
    world.endow(NOBODY, 100)
    world.endow(NOBODY, 100, "XEU")
    world.do(NOBODY, "compose", BASKET, 6)
    assert check(world.records.values()) == {
        "XUS": Totals(3_000 * ONE + 100, 3_000 * ONE + 96, 0, 0, 3_000 * ONE + 100, 4),
        "XEU": Totals(300 * ONE + 100, 300 * ONE + 98, 0, 0, 300 * ONE + 100, 2),
        BASKET: Totals(6, 6, 0, 0, 0, 0),
    }
    kept = world.records
    for held in ((("XUS", 2), ("XEU", 2)), (("XUS", 4), ("XEU", 1))):
        world.records = {**kept, basket_key(BASKET): Basket(BASKET, XDX_PARTS, held)}
        lost = 4 - held[0][1] or 2 - held[1][1]
        code = "XUS" if held[0][1] != 4 else "XEU"
        world.change_currency(code, total_value=world.currency(code).total_value - lost)
        world.change_currency(code, receipts_released=lost)
        if code == "XUS":
            assert "the reserve holds 2 micro-XUS, 6 micro-XDX stand on 3" in broken(world)
        else:
            assert "the reserve holds 1 micro-XEU, 6 micro-XDX stand on 2" in broken(world)
    world.records = {**kept, basket_key(BASKET): Basket(BASKET, XDX_PARTS, (("XUS", 5), ("XEU", 2)))}
    assert "in baskets 5 is not the supply" in broken(world)


PEOPLE = [ALICE, ANNA, BOB, US, BR, DEALER]
person = st.sampled_from(PEOPLE)
amount = st.one_of(st.integers(0, 20), st.integers(0, 2_000 * ONE), st.just(2**64 - 1))
code = st.sampled_from(["XUS", "XEU", "XDX"])
step = st.one_of(
    st.tuples(st.just("pay"), person, person, code, amount),
    st.tuples(st.just("mint"), code, st.integers(0, 5_000), st.integers(0, 5)),
    st.tuples(st.just("preburn"), person, code, st.integers(0, 50)),
    st.tuples(st.just("burn"), code, st.integers(0, 50)),
    st.tuples(st.just("cancel"), code, st.integers(0, 50)),
    st.tuples(st.just("freeze"), person, st.booleans()),
    st.tuples(st.just("child"), st.sampled_from([US, BR, ALICE]), st.integers(0, 3), amount),
    st.tuples(st.just("currency"), person, code),
)


def signed(world: World, number: int, price: int, what):
    """The transaction of one random step."""
    kind, *rest = what
    if kind == "pay":
        payer, payee, currency, value = rest
        return world.sign(payer, PAYMENT, currency, payee.address, value, b"", b"", price=price, max_gas=600)
    if kind == "mint":
        currency, value, receipt = rest
        return world.sign(TC, "tiered_mint", *world.mint_arguments(value, currency=currency, receipt=receipt))
    if kind == "preburn":
        who, currency, value = rest
        return world.sign(who, "preburn", currency, value, price=price, max_gas=600)
    if kind == "burn":
        return world.sign(TC, "burn_with_amount", rest[0], 0, DEALER.address, rest[1])
    if kind == "cancel":
        return world.sign(TC, "cancel_burn_with_amount", rest[0], DEALER.address, rest[1])
    if kind == "freeze":
        return world.sign(TC, "freeze_account" if rest[1] else "unfreeze_account", 0, rest[0].address)
    if kind == "child":
        parent, which, value = rest
        address = (1_000 + which).to_bytes(16, "big")
        call = ("create_child_vasp_account", "XUS", address, bytes(16), False, value)
        return world.sign(parent, *call, price=price, max_gas=700 + 500 * (number % 2))
    return world.sign(rest[0], "add_currency_to_account", rest[1], price=price, max_gas=600)


@given(st.lists(st.tuples(st.integers(0, 2), step), max_size=25))
def test_whatever_happens_money_is_conserved(steps) -> None:
    """After every block of a random day: `World.block` checks the sums, and supply is minted minus burned."""
    world = small_world()
    minted = dict(BALANCES)
    for number, (price, what) in enumerate(steps):
        (outcome,) = world.block(signed(world, number, price, what))
        if not isinstance(outcome, Outcome):
            continue
        for event in outcome.events:
            if event.type in ("mint", "burn"):
                value, currency = event.data[:2]
                minted[currency] += value if event.type == "mint" else -value  # type: ignore[index,operator]
    assert {currency: sums.supply for currency, sums in totals(world.records.values()).items()} == minted
    assert all(value >= 0 for who in PEOPLE for _, value in world.account(who).balances)
