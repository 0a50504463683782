"""The synthetic coin: Libra's integer rules with their vectors, who may, and that nothing is ever taken out."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.accounts import ASSOCIATION, BASKET, Role
from chain.execution.basket import compose
from chain.execution.context import Run
from chain.execution.outcome import Abort
from chain.primitives import U64_MAX
from chain.records.coins import Basket, basket_key
from tests.builders import ALICE, DEALER, ONE, TC, XDX_PARTS, World, event, new_world, party

CODES = ("XUS", "XEU", "XJP", "XGB", "XSG")
RAW = (2_147_483_648, 773_094_113, 601_295_421, 472_446_402, 300_647_710)
FIVE = Basket(BASKET, tuple(zip(CODES, RAW, strict=True)), tuple((code, 0) for code in CODES))
TWO = Basket(BASKET, (("XUS", 1 << 31), ("XEU", 1 << 31)), (("XUS", 0), ("XEU", 0)))
OTHER = party(31)
NO_ROLE, NO_BALANCE, NOT_HELD = ("Roles", 3 | 6 << 8), ("DiemAccount", 7 | 18 << 8), ("DiemAccount", 5 | 19 << 8)
ZERO, TOO_LITTLE, OVERFLOW = ("DiemAccount", 7 | 2 << 8), ("DiemAccount", 1288), ("DiemAccount", 8 | 100 << 8)


def amounts(parts: tuple[tuple[str, int], ...]) -> list[int]:
    assert tuple(code for code, _ in parts) == CODES
    return [amount for _, amount in parts]


def test_ratios_are_cut_off() -> None:
    """'build from rational truncates': .50/.18/.14/.11/.07 are 2147483648 / 773094113 / 601295421 / 472446402 /
    300647710."""
    assert [(hundredths << 32) // 100 for hundredths in (50, 18, 14, 11, 7)] == list(RAW)


@pytest.mark.parametrize(
    ("amount", "taken"),
    [
        (1_000_000, [500_001, 180_000, 140_000, 110_000, 70_000]),
        (1, [1, 1, 1, 1, 1]),
        (1_234_567, [617_284, 222_223, 172_840, 135_803, 86_420]),
    ],
)
def test_what_composing_takes(amount: int, taken: list[int]) -> None:
    """'takes, of each coin, one micro-unit more than trunc(N x ratio)'; the vectors of reserve.md 1.4."""
    assert amounts(FIVE.composing(amount)) == taken


def test_what_decomposing_pays() -> None:
    """'pays trunc(N x ratio) of each': 1,000,000 gives 500000, 179999, 139999, 109999, 69999."""
    assert amounts(FIVE.decomposing(1_000_000)) == [500_000, 179_999, 139_999, 109_999, 69_999]
    assert amounts(FIVE.decomposing(1)) == [0, 0, 0, 0, 0]
    assert sum(amounts(FIVE.composing(1_000_000))) == 1_000_001


def test_cut_off_ratios_fall_short_of_the_nominal_ones() -> None:
    """'At 999,999,999,999 the truncated ratios under-collateralise nominally by 463 micro-units'."""
    assert sum(amounts(FIVE.composing(999_999_999_999))) == 999_999_999_536 == 999_999_999_999 - 463


def test_the_most_that_can_be_composed() -> None:
    """'min over coins of trunc((v-1)/ratio); holdings of 1 or less give 0'; 'swap with 1,000,000 of each ->
    1,999,998; with 1,000,001 -> 2,000,000'."""
    assert TWO.most_composable({"XUS": 1_000_000, "XEU": 1_000_000}) == 1_999_998
    assert TWO.most_composable({"XUS": 1_000_001, "XEU": 1_000_001}) == 2_000_000
    assert TWO.most_composable({"XUS": 1_000_001, "XEU": 3}) == 4
    for little in (0, 1):
        assert TWO.most_composable({"XUS": little, "XEU": 9}) == 0
    assert TWO.most_composable({"XUS": 9}) == 0
    assert TWO.most_composable({"XUS": 2, "XEU": 2}) == 2


@given(st.lists(st.integers(0, 10**15), min_size=5, max_size=5))
def test_the_most_is_within_the_holdings(held: list[int]) -> None:
    """What it says can be composed; no part of it is beyond what is held."""
    holdings = dict(zip(CODES, held, strict=True))
    most = FIVE.most_composable(holdings)
    assert most == 0 or all(needed <= holdings[code] for code, needed in FIVE.composing(most))


@pytest.fixture
def world() -> World:
    """Two dealers with a balance of all three coins; the first has 1,000 XUS and 1,000 XEU."""
    world = new_world()
    for dealer in (DEALER, OTHER):
        world.add(dealer, Role.DESIGNATED_DEALER, "XUS", "XEU", BASKET)
    for code in ("XUS", "XEU"):
        world.endow(DEALER, 1_000 * ONE, code)
    return world


def reserve(world: World) -> dict[str, int]:
    basket = world.records[basket_key(BASKET)]
    assert isinstance(basket, Basket)
    return dict(basket.held)


def test_composing(world: World) -> None:
    """Coins move from the dealer into the reserve and stay in their supply; the basket's supply rises; one event."""
    supply = {code: world.currency(code).total_value for code in ("XUS", "XEU")}
    parts = (("XUS", 500_001), ("XEU", 333_334))
    assert world.do(DEALER, "compose", BASKET, ONE) == (
        event(1_003, ASSOCIATION, 0, "compose", ONE, BASKET, DEALER.address, parts),
    )
    assert [world.balance(DEALER, code) for code in ("XUS", "XEU", BASKET)] == [
        1_000 * ONE - 500_001, 1_000 * ONE - 333_334, ONE,
    ]  # fmt: skip
    assert reserve(world) == {"XUS": 500_001, "XEU": 333_334}
    assert world.currency(BASKET).total_value == ONE
    assert {code: world.currency(code).total_value for code in supply} == supply
    world.do(DEALER, "compose", BASKET, 1)
    assert reserve(world) == {"XUS": 500_002, "XEU": 333_335}


def test_decomposing(world: World) -> None:
    """It pays the share cut off; one micro-unit of each coin stays behind for each round trip."""
    world.do(DEALER, "compose", BASKET, ONE)
    parts = (("XUS", 500_000), ("XEU", 333_333))
    assert world.do(DEALER, "decompose", BASKET, ONE) == (
        event(1_004, ASSOCIATION, 0, "decompose", ONE, BASKET, DEALER.address, parts),
    )
    assert [world.balance(DEALER, code) for code in ("XUS", "XEU", BASKET)] == [1_000 * ONE - 1, 1_000 * ONE - 1, 0]
    assert reserve(world) == {"XUS": 1, "XEU": 1}
    assert world.currency(BASKET).total_value == 0


@pytest.mark.parametrize("function", ["compose", "decompose"])
def test_order_of_checks(world: World, function: str) -> None:
    """The currency, the role, the basket, an amount above 0, a balance of the synthetic coin."""
    world.add(ALICE, Role.PARENT_VASP, "XUS", BASKET)
    world.add(party(32), Role.DESIGNATED_DEALER, "XUS", "XEU")
    assert world.fails(ALICE, function, "NOP", 0) == ("Diem", 5 | 1 << 8)
    assert world.fails(ALICE, function, BASKET, 0) == NO_ROLE
    assert world.fails(TC, function, BASKET, 1) == NO_ROLE
    assert world.fails(DEALER, function, "XUS", 0) == ("Diem", 5 | 102 << 8)
    assert world.fails(party(32), function, BASKET, 0) == ZERO
    assert world.fails(party(32), function, BASKET, 1) == NO_BALANCE


def test_composing_needs_the_coins(world: World) -> None:
    """In the basket's order: a balance of each coin, then enough of it; exactly enough is enough."""
    third = party(32)
    world.add(third, Role.DESIGNATED_DEALER, "XEU", BASKET)
    assert world.fails(third, "compose", BASKET, 1) == NOT_HELD
    world.endow(OTHER, 3)
    assert world.fails(OTHER, "compose", BASKET, 6) == TOO_LITTLE
    world.endow(OTHER, 1)
    assert world.fails(OTHER, "compose", BASKET, 6) == TOO_LITTLE
    world.endow(OTHER, 1, "XEU")
    assert world.fails(OTHER, "compose", BASKET, 6) == TOO_LITTLE
    world.endow(OTHER, 1, "XEU")
    world.do(OTHER, "compose", BASKET, 6)
    assert world.account(OTHER).balances == ((BASKET, 6), ("XEU", 0), ("XUS", 0))


def test_a_refusal_says_the_most(world: World) -> None:
    """The numbers, and how much could be composed instead."""
    world.endow(OTHER, 100)
    world.endow(OTHER, 100, "XEU")
    with pytest.raises(
        Abort, match=r"200 micro-XDX need 101 micro-XUS, the balance is 100; 198 can be composed"
    ) as caught:
        compose(Run(world.context, OTHER.address, world.overlay()), BASKET, 200)
    assert caught.value.details == {"balance": 100, "amount": 101, "most": 198}


def test_decomposing_needs_the_basket_coin(world: World) -> None:
    """Balance >= amount, both sides; then a balance to receive each coin in."""
    world.do(DEALER, "compose", BASKET, 10)
    assert world.fails(DEALER, "decompose", BASKET, 11) == TOO_LITTLE
    third = party(32)
    world.add(third, Role.DESIGNATED_DEALER, "XUS", BASKET)
    world.pay(DEALER, third, 4, BASKET)
    assert world.fails(third, "decompose", BASKET, 4) == NO_BALANCE
    world.do(DEALER, "decompose", BASKET, 6)
    assert world.balance(DEALER, BASKET) == 0


def test_supply_stays_within_64_bits(world: World) -> None:
    """EBALANCE_OVERFLOW above 2^64-1, not at it."""
    world.change_currency(BASKET, total_value=U64_MAX - 5)
    run = Run(world.context, DEALER.address, world.overlay())
    with pytest.raises(Abort) as caught:
        compose(run, BASKET, 6)
    assert (caught.value.module, caught.value.code) == OVERFLOW
    compose(run, BASKET, 5)
    coin = run.state.currency(BASKET)
    assert coin is not None
    assert coin.total_value == U64_MAX


def test_a_synthetic_coin_is_never_preburned(world: World) -> None:
    """EIS_SYNTHETIC_CURRENCY: it is decomposed instead; so no burn of it can follow."""
    world.do(DEALER, "compose", BASKET, 10)
    assert world.fails(DEALER, "preburn", BASKET, 1) == ("Diem", 7 | 6 << 8)


step = st.tuples(
    st.sampled_from(["compose", "decompose"]), st.sampled_from([DEALER, OTHER]),
    st.one_of(st.integers(1, 9), st.integers(1, 500 * ONE)),
)  # fmt: skip


@given(st.lists(step, max_size=30))
def test_no_sequence_takes_value_out(steps) -> None:
    """Whatever two dealers do: what the reserve holds covers supply x ratio exactly, all coins are somewhere
    (`World.block` checks both), and together the dealers never have more of any coin's worth than they began with."""
    world = new_world()
    for dealer in (DEALER, OTHER):
        world.add(dealer, Role.DESIGNATED_DEALER, "XUS", "XEU", BASKET)
        for code in ("XUS", "XEU"):
            world.endow(dealer, 1_000 * ONE, code)
    for function, dealer, amount in steps:
        (outcome,) = world.block(world.sign(dealer, function, BASKET, amount))
        assert outcome.status.kind in ("executed", "move_abort")
        composed = world.currency(BASKET).total_value
        held = reserve(world)
        for code, ratio in XDX_PARTS:
            assert held[code] >= Fraction(composed * ratio, 1 << 32)
            owned = sum(world.balance(who, code) or 0 for who in (DEALER, OTHER))
            assert owned + held[code] == 2_000 * ONE
            assert owned + Fraction(composed * ratio, 1 << 32) <= 2_000 * ONE
