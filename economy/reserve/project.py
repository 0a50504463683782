"""A reserve over some days: holders leave, dealers redeem, bills are sold; day by day, in every currency.

    plan = Plan(preset=find_preset("libra-v2"), coins=10**15, start=date(2023, 3, 10), days=30, crowd=Crowd(20_000))
    projection = project(plan)
    projection.rows[3].price, projection.summary()

A coin of several currencies is its fixed amounts of each, those of the chain's basket; each currency has its own book,
calendar and queue. The books are checked at every step.
"""

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from types import MappingProxyType
from typing import NamedTuple

from economy.basket import BASKET, COIN_CURRENCY
from economy.market.calendar import add_business_days
from economy.reserve import people, postings
from economy.reserve.book import ONE, Book, due_by, worth
from economy.reserve.desk import CALENDAR_OF, Ask, Claim, Market, Moment, Rules, State, open_book, step
from economy.reserve.peg import Peg, secondary_price
from economy.reserve.people import Crowd, Holders, Whale
from economy.reserve.presets import FIVE_BUSINESS_DAYS, PPM, Preset

MAX_DAYS = 3_660
ASSUMED_YIELDS: Mapping[str, Market] = MappingProxyType(
    {
        "USD": Market(40_000_000, 40_000_000),
        "EUR": Market(20_000_000, 20_000_000),
        "JPY": Market(5_000_000, 5_000_000),
        "GBP": Market(40_000_000, 40_000_000),
        "SGD": Market(20_000_000, 20_000_000),
    }
)
"""Yields a year of bills and of the overnight sweep in parts per billion: round levels, assumed."""

_CALM = Crowd()
_PEG = Peg()


@dataclass(frozen=True, slots=True)
class Plan:
    """What is projected. `market` replaces the assumed yields; `book`, one's own, replaces the regime's and `coins`.

    `bank_fails` are days, counted from 0, and the share of deposits (ppm) that is stuck then; `recovery_ppm` is the
    worst part of it that may come back.
    """

    preset: Preset
    coins: int
    start: datetime.date
    days: int
    crowd: Crowd = _CALM
    whales: tuple[Whale, ...] = ()
    dealers: int = 3
    inventory_ppm: int = 10_000
    credit_ppm: int = 50_000
    bank_fails: tuple[tuple[int, int], ...] = ()
    recovery_ppm: int = 0
    peg: Peg = _PEG
    market: Mapping[str, Market] = field(default_factory=lambda: ASSUMED_YIELDS)
    book: Book | None = None


class Row(NamedTuple):
    """One day's end. Amounts are micro-units of the coin (`asked` to `late`, `coins`) or by currency (`books`)."""

    day: datetime.date
    is_open: bool
    asked: int
    paid: int
    owed: int
    late: int
    coins: int
    unsold: int
    price: float
    worth: float
    worst: float
    at_once_ppm: int
    five_days_ppm: int
    is_stay: bool
    capital_ppm: int
    sale_cost: int
    haircuts: int
    books: tuple[Book, ...]


@dataclass(frozen=True, slots=True)
class Projection:
    """A finished run."""

    plan: Plan
    rows: tuple[Row, ...]

    def summary(self) -> dict[str, object]:
        """The run in figures: lows, lateness, what it cost."""
        rows = self.rows
        lowest = min(rows, key=lambda row: row.price)
        floors = self.plan.preset.floors
        below = [
            row
            for row in rows
            if row.at_once_ppm < floors.at_once_ppm or row.five_days_ppm < floors.five_days_ppm
        ]  # fmt: skip
        return {
            "asked": sum(row.asked for row in rows),
            "paid": sum(row.paid for row in rows),
            "owed_at_end": rows[-1].owed,
            "days_with_late_payments": sum(1 for row in rows if row.late),
            "days_in_stay": sum(1 for row in rows if row.is_stay),
            "first_stay": next((row.day.isoformat() for row in rows if row.is_stay), None),
            "lowest_price": lowest.price,
            "lowest_price_on": lowest.day.isoformat(),
            "worth_at_end": rows[-1].worth,
            "worst_worth_at_end": rows[-1].worst,
            "days_below_floors": len(below),
            "sale_cost": rows[-1].sale_cost,
            "haircuts": rows[-1].haircuts,
            "coins_at_end": rows[-1].coins,
        }


class _Leg(NamedTuple):
    """One currency of the run: what a coin holds of it (micro-units), its weight, rules and state."""

    currency: str
    per_coin: int
    weight_ppm: int
    rules: Rules
    state: State


def project(plan: Plan) -> Projection:
    """Run a plan; AssertionError if a book ever fails to balance."""
    legs = tuple(_open_legs(plan))
    coins = plan.coins if plan.book is None else plan.book.coins
    holders = people.found(
        coins, whales=plan.whales, dealers=plan.dealers, inventory_ppm=plan.inventory_ppm, credit_ppm=plan.credit_ppm
    )
    rows: list[Row] = []
    price = 1.0
    for number in range(plan.days):
        day = plan.start + datetime.timedelta(number)
        holders, legs, row = _day(plan, number, day, holders, legs, price)
        price = row.price
        rows.append(row)
    return Projection(plan, tuple(rows))


def _open_legs(plan: Plan) -> Iterator[_Leg]:
    """The books on the first day, one for each currency of the regime."""
    amounts = {COIN_CURRENCY[coin]: int(amount * ONE) for coin, amount in BASKET.items()}
    weights = plan.preset.weights if plan.book is None else {plan.book.currency: PPM}
    for currency, weight in weights.items():
        per_coin = ONE if len(weights) == 1 else amounts[currency]
        rules = Rules(plan.preset, plan.market[currency], CALENDAR_OF[currency])
        coins = plan.coins * per_coin // ONE
        book = plan.book or open_book(plan.preset, currency, coins, rules, plan.start)
        earlier = (Claim("earlier", plan.start, plan.start, book.payable),) if book.payable else ()
        yield _Leg(currency, per_coin, weight, rules, State(book, earlier))


def _day(
    plan: Plan, number: int, day: datetime.date, holders: Holders, legs: tuple[_Leg, ...], price: float
) -> tuple[Holders, tuple[_Leg, ...], Row]:
    """One day: whoever leaves, the dealers, the desk in each currency, and the price afterwards."""
    is_open = all(add_business_days(leg.rules.calendar, day, 0) == day for leg in legs)
    holders = people.offer(holders, plan.crowd, day=number, price=price)
    offered = holders.unsold
    holders, minted = people.purchase(holders, plan.crowd, is_open=is_open)
    holders = people.deal(holders)
    before = holders.coins - minted
    holders, brought = people.hand_in(holders)
    asked = sum(coins for _, coins in brought)
    legs = tuple(
        _desk(plan, number, leg, day, brought, coins=before, minted=minted) for leg in legs
    )  # fmt: skip
    paid = 0
    for leg in legs:
        for payment in leg.state.payments:
            coins = _in_coins(leg, payment.amount)
            paid += coins
            holders = people.repay(holders, payment.who, coins)
    for leg in legs:
        assert leg.state.book.coins == holders.coins * leg.per_coin // ONE, "coins held are not the coins owed"
    exhausted = holders.unsold / offered if offered else 0.0
    return holders, legs, _row(plan, day, legs, holders, asked=asked, paid=paid, exhausted=exhausted)


def _desk(
    plan: Plan, number: int, leg: _Leg, day: datetime.date, brought: tuple[tuple[str, int], ...],
    *, coins: int, minted: int,
) -> _Leg:  # fmt: skip
    """One currency's day at the desk; amounts of coins are cut so that the book's coins follow the coins exactly."""
    state = leg.state
    for when, share in plan.bank_fails:
        if when == number:
            state = replace(state, book=postings.freeze(state.book, state.book.deposits * share // PPM))
    total = coins + minted
    state = replace(
        state, book=postings.issue(state.book, total * leg.per_coin // ONE - coins * leg.per_coin // ONE)
    )  # fmt: skip
    asks = []
    for name, amount in brought:
        owed = total * leg.per_coin // ONE - (total - amount) * leg.per_coin // ONE
        total -= amount
        asks.append(Ask(name, owed, plan.crowd.insists))
    is_open = add_business_days(leg.rules.calendar, day, 0) == day
    return leg._replace(state=step(state, leg.rules, Moment(day, is_open), tuple(asks)))


def _in_coins(leg: _Leg, amount: int) -> int:
    """Money of one currency as the part of a coin that it pays for; cut off."""
    return amount * leg.weight_ppm * ONE // (leg.per_coin * PPM)


def _row(
    plan: Plan, day: datetime.date, legs: tuple[_Leg, ...], holders: Holders, *, asked: int, paid: int, exhausted: float
) -> Row:
    """The day's end in figures: shares are weighted by currency, the slowest currency sets the time to payment."""
    books = tuple(leg.state.book for leg in legs)
    worths = _weighted(legs, [worth(book) for book in books])
    worst = _weighted(legs, [worth(book, plan.recovery_ppm) for book in books])
    states = [leg.state for leg in legs]
    is_open = all(add_business_days(leg.rules.calendar, day, 0) == day for leg in legs)
    is_stay = any(state.stay_until for state in states)
    late = sum(
        _in_coins(leg, claim.amount) for leg in legs for claim in leg.state.queue if claim.due <= day
    )  # fmt: skip
    price = secondary_price(
        plan.peg, worth=float(worths), worst=float(worst), days=max(_days_to_payment(leg, day) for leg in legs),
        is_open=is_open and not is_stay, exhausted=exhausted, fee=plan.preset.terms.fee_ppm / PPM,
    )  # fmt: skip
    near = day + datetime.timedelta(FIVE_BUSINESS_DAYS)
    return Row(
        day, is_open, asked, paid, sum(_in_coins(leg, leg.state.book.payable) for leg in legs), late,
        holders.coins, holders.unsold, price, float(worths), float(worst),
        _share(legs, [book.cash for book in books]), _share(legs, [due_by(book, near) for book in books]),
        is_stay, _share(legs, [book.capital for book in books]),
        sum(_in_coins(leg, leg.state.sale_cost) for leg in legs),
        sum(_in_coins(leg, leg.state.haircuts) for leg in legs), books,
    )  # fmt: skip


def _days_to_payment(leg: _Leg, day: datetime.date) -> int:
    """Calendar days until a coin handed in tomorrow is paid: the next business day, the term, and a stay."""
    state = leg.state
    due = add_business_days(leg.rules.calendar, day + datetime.timedelta(1), leg.rules.preset.terms.settle_days)
    return max((due - day).days, (state.stay_until - day).days if state.stay_until else 0)


def _weighted(legs: tuple[_Leg, ...], values: list[Fraction]) -> Fraction:
    """The mean over the currencies by their weights."""
    total = sum((leg.weight_ppm * value for leg, value in zip(legs, values, strict=True)), Fraction(0))
    return total / sum(leg.weight_ppm for leg in legs)


def _share(legs: tuple[_Leg, ...], amounts: list[int]) -> int:
    """An amount in each currency as ppm of its assets, by weight, towards zero."""
    shares = [
        Fraction(amount, leg.state.book.assets) if leg.state.book.assets else Fraction(0)
        for leg, amount in zip(legs, amounts, strict=True)
    ]
    return int(_weighted(legs, shares) * PPM)
