"""Currencies while the network runs: registration by the association and the treasury, and the end of the fees."""

import pytest

from chain.accounts import ASSOCIATION, BASKET, TREASURY, Currency, Role
from chain.execution.currencies import fixed_point
from chain.execution.outcome import Abort
from chain.limits import MAX_CURRENCIES
from chain.primitives import U64_MAX
from chain.records.coins import Basket, basket_key
from chain.records.limits import LimitsDefinition, limits_key
from tests.builders import ALICE, BOB, DEALER, ONE, ROOT, TC, US, World, event, key, new_world, small_world

CUSTODIAN = key(6).public_key
GOOD = ("XSG", 3, 4, ONE, 100, CUSTODIAN)


def refused(world: World, *arguments, who=ROOT, other=TC) -> tuple[str, int]:
    with pytest.raises(Abort) as caught:
        world.together(who, other, "register_scs_currency", *arguments)
    return caught.value.module, caught.value.code


def test_registration() -> None:
    """'RegisteredCurrencies' grows by one at the end; the coin starts with nothing, can be minted, and its rate is cut
    off to 32-bit fixed point; limits without limits stand under the association."""
    world = small_world()
    assert world.together(ROOT, TC, "register_scs_currency", *GOOD) == ()
    assert world.config().currencies == ("XUS", "XEU", BASKET, "XSG")
    assert world.currency("XSG") == Currency(
        "XSG", ONE, 100, 3 << 30, False, True, 0, 0, 0, CUSTODIAN, 0, 0, (0, 0, 0, 0, 0)
    )
    assert world.records[limits_key(ASSOCIATION, "XSG")] == LimitsDefinition(
        ASSOCIATION, "XSG", U64_MAX, U64_MAX, U64_MAX, 86_400_000_000
    )


def test_a_registered_coin_lives() -> None:
    """It is minted, held, paid and priced as the others; its events take handles 23 to 27 (fourth currency)."""
    from chain.execution.treasury import receipt_message

    world = small_world()
    world.together(ROOT, TC, "register_scs_currency", *GOOD)
    for who in (DEALER, ALICE, BOB):
        world.do(who, "add_currency_to_account", "XSG")
    receipt = bytes(31) + b"\x07"
    signature = key(6).sign(receipt_message(world.context.genesis_hash, receipt, "XSG", 10))
    events = world.do(TC, "tiered_mint", "XSG", 0, DEALER.address, 10, 0, receipt, signature)
    assert events[1] == event(23, ASSOCIATION, 0, "mint", 10, "XSG", receipt)
    world.pay(DEALER, ALICE, 4, "XSG")
    world.pay(ALICE, BOB, 1, "XSG")
    (rate,) = world.do(TC, "update_exchange_rate", "XSG", 0, 1, 2)
    assert rate == event(27, ASSOCIATION, 0, "to_xdx_exchange_rate_update", "XSG", 1 << 31)


def test_who_registers() -> None:
    """'register_SCS_currency needs both signers': the association sends, the treasury signs too; addresses first."""
    world = small_world()
    assert refused(world, *GOOD, who=TC, other=ROOT) == ("CoreAddresses", 2)
    assert refused(world, *GOOD, who=US, other=TC) == ("CoreAddresses", 2)
    assert refused(world, *GOOD, other=US) == ("CoreAddresses", 2 | 1 << 8)
    assert world.fails(ROOT, "register_scs_currency", *GOOD) == ("CoreAddresses", 2 | 1 << 8)


@pytest.mark.parametrize(
    "changes",
    [
        {0: ""}, {0: "xsg"}, {0: "1SG"}, {0: "X-G"}, {0: "XÄ"}, {0: "A" * 17}, {3: 0}, {3: 10**10 + 1}, {4: 0},
        {4: ONE + 1}, {5: bytes(32)}, {5: b""},
    ],
)  # fmt: skip
def test_what_can_be_registered(changes: dict[int, object]) -> None:
    """'currency_code (ASCII upper-case alphanumerics, not starting with a digit)', 'scaling_factor (1..10^10)'."""
    wrong = [changes.get(place, value) for place, value in enumerate(GOOD)]
    world = small_world()
    assert refused(world, *wrong) == ("RegisteredCurrencies", 7 | 100 << 8)


@pytest.mark.parametrize("changes", [{0: "A" * 16}, {3: 10**10, 4: 10**10}, {3: 1, 4: 1}, {0: "X2"}])
def test_the_bounds_are_within(changes: dict[int, object]) -> None:
    """Both ends of each range."""
    good = [changes.get(place, value) for place, value in enumerate(GOOD)]
    small_world().together(ROOT, TC, "register_scs_currency", *good)


def test_a_code_is_taken_once() -> None:
    """ECURRENCY_CODE_ALREADY_TAKEN, INVALID_ARGUMENT: also that of a local currency with a rate."""
    world = small_world()
    for code in ("XUS", BASKET, "INR"):
        assert refused(world, code, *GOOD[1:]) == ("RegisteredCurrencies", 7)


def test_there_are_at_most_64() -> None:
    """MAX_CURRENCIES, both sides; a bad rate comes last."""
    world = new_world()
    codes = tuple(f"C{number}" for number in range(MAX_CURRENCIES))
    world.change_config(currencies=codes)
    assert refused(world, *GOOD) == ("RegisteredCurrencies", 8 | 101 << 8)
    world.change_config(currencies=codes[:-1])
    assert refused(world, "XSG", 1, 0, *GOOD[3:]) == ("FixedPoint32", 7)
    assert refused(world, "XSG", 1, U64_MAX, *GOOD[3:]) == ("FixedPoint32", 7 | 4 << 8)
    world.together(ROOT, TC, "register_scs_currency", *GOOD)
    assert len(world.config().currencies) == 64


def test_fixed_point() -> None:
    """'a zero denominator or a ratio that underflows to 0 (with non-zero numerator) aborts'; it is cut off."""
    assert fixed_point(1, 3) == 1_431_655_765
    assert fixed_point(0, 5) == 0
    assert fixed_point(1, 1 << 32) == 1
    assert fixed_point(U64_MAX, 1 << 32) == U64_MAX
    for numerator, denominator, code in ((1, 0, 7), (0, 0, 7), (1, (1 << 32) + 1, 1031), (1 << 32, 1, 1031)):
        with pytest.raises(Abort) as caught:
            fixed_point(numerator, denominator)
        assert (caught.value.module, caught.value.code) == ("FixedPoint32", code)
    assert fixed_point((1 << 32) - 1, 1) == ((1 << 32) - 1) << 32


def test_fees_are_burned() -> None:
    """'burn_txn_fees: collected fees of a currency destroyed; preburn and burn with TC's address'; receipts follow."""
    world = small_world()
    world.run(world.sign(ALICE, "peer_to_peer_with_metadata", "XUS", BOB.address, 1, b"", b"", price=1, max_gas=600))
    before = world.currency()
    assert before.fees == 600
    data = (600, "XUS", TREASURY)
    assert world.do(TC, "burn_txn_fees", "XUS") == (
        event(7, ASSOCIATION, 0, "preburn", *data),
        event(6, ASSOCIATION, 0, "burn", *data),
        event(1_000, ASSOCIATION, 0, "receiptreleased", *data),
    )
    after = world.currency()
    assert (after.fees, after.total_value) == (0, before.total_value - 600)
    assert (after.receipts_released, after.preburn_value) == (600, 0)
    assert world.fails(TC, "burn_txn_fees", "XUS") == ("Diem", 7 | 7 << 8)


def test_who_burns_fees() -> None:
    """The treasury, by its address; then the currency, then whether there are any."""
    world = small_world()
    assert world.fails(ROOT, "burn_txn_fees", "NOP") == ("CoreAddresses", 2 | 1 << 8)
    assert world.fails(TC, "burn_txn_fees", "NOP") == ("Diem", 5 | 1 << 8)
    assert world.fails(TC, "burn_txn_fees", "XEU") == ("Diem", 7 | 7 << 8)


def test_fees_in_the_basket_are_decomposed_and_burned() -> None:
    """What the reserve pays for them is burned coin by coin; the rest of a micro-unit stays in the reserve."""
    world = new_world()
    world.add(DEALER, Role.DESIGNATED_DEALER, "XUS", "XEU", BASKET)
    for code in ("XUS", "XEU"):
        world.endow(DEALER, 1_000, code)
    world.do(DEALER, "compose", BASKET, 900)
    call = world.sign(DEALER, "decompose", BASKET, 1, price=1, max_gas=600, gas_currency=BASKET)
    world.run(call)
    assert world.currency(BASKET).fees == 600
    assert [found.type for found in world.do(TC, "burn_txn_fees", BASKET)] == [
        "decompose", "preburn", "burn", "receiptreleased", "preburn", "burn", "receiptreleased",
    ]  # fmt: skip
    assert world.currency(BASKET).fees == 0
    assert world.currency(BASKET).total_value == 299
    assert (world.currency("XUS").total_value, world.currency("XUS").receipts_released) == (700, 300)
    assert (world.currency("XEU").total_value, world.currency("XEU").receipts_released) == (801, 199)
    basket = world.records[basket_key(BASKET)]
    assert isinstance(basket, Basket)
    assert basket.held == (("XUS", 151), ("XEU", 101))


def test_basket_fees_that_are_worth_nothing() -> None:
    """A fee of one micro-unit pays 0 of each coin: no event of 0, the coins stay in the reserve."""
    world = new_world()
    world.add(DEALER, Role.DESIGNATED_DEALER, "XUS", "XEU", BASKET)
    for code in ("XUS", "XEU"):
        world.endow(DEALER, 1_000, code)
    world.do(DEALER, "compose", BASKET, 10)
    world.change(DEALER, balances=((BASKET, 9), ("XEU", 996), ("XUS", 994)))
    world.change_currency(BASKET, fees=1)
    assert [found.type for found in world.do(TC, "burn_txn_fees", BASKET)] == ["decompose"]
    assert world.currency(BASKET).total_value == 9
