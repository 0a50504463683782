"""USDC, 11 to 15 March 2023, hour by hour, under the issuer's real books and under each regime: model output.

The facts are when the bank closed, what was disclosed, when the guarantee came, when redemption reopened, and how much
was redeemed and minted. Assumed: what was redeemed on Monday was asked for in equal parts since the disclosure, what
followed on Tuesday and Wednesday in equal parts in business hours; nobody behaves differently under another regime.

Another regime's exposure: the closed bank held 3.3 of 9.7 bn of the cash. So it holds that part of what the regime
keeps in banks, at most the regime's limit for one bank. The bounds of the price are those of `economy.reserve.peg`:
the upper where dealers have credit and expect all money back, the lower where they have none and expect the worst.
Between them the market chose; the one parameter of the lower bound is fitted to the low of 11 March.
"""

import datetime
from dataclasses import replace
from typing import NamedTuple

from economy.market.calendar import add_business_days
from economy.replay.runs import BN, usdc_book
from economy.replay.tables import Event, load_events
from economy.reserve import postings
from economy.reserve.book import Book, worth
from economy.reserve.desk import Ask, Market, Moment, Rules, State, open_book, step
from economy.reserve.peg import Peg, fitted_queue, lowest_price, secondary_price
from economy.reserve.presets import PPM, Preset, find_preset

ACTUAL = "actual"
FIRST = datetime.datetime(2023, 3, 11, tzinfo=datetime.UTC)
HOURS = 120
OPENS, CLOSES = 13, 21
"""Business hours in UTC: nine to five in New York, which went on summer time on 12 March."""
MARKET = Market(48_000_000, 46_000_000)
"""Yields of three-month bills and overnight money in March 2023, about; assumed."""


class Hour(NamedTuple):
    """One hour's end. Amounts are micro-units; `low` and `high` are the bounds of the price, `fact` an observed one."""

    time: datetime.datetime
    is_open: bool
    asked: int
    paid: int
    owed: int
    coins: int
    worst: float
    low: float
    high: float
    fact: float | None


class Replay(NamedTuple):
    """One regime's replay, and its figures."""

    policy: str
    stuck: int
    reserve: int
    capital: int
    hours: tuple[Hour, ...]
    worst_worth: float
    lowest: float
    lowest_at: datetime.datetime
    paid: int
    asked: int
    last_paid: datetime.datetime | None
    sale_cost: int
    stay: bool
    late: int


class Facts(NamedTuple):
    """The times that the replay turns on."""

    disclosed: datetime.datetime
    guaranteed: datetime.datetime
    reopened: datetime.datetime


def facts() -> Facts:
    """From the table."""
    times = {event.kind: event.time for event in load_events("usdc-2023")}
    return Facts(times["disclosed"], times["guaranteed"], times["reopened"])


def fitted_peg() -> Peg:
    """The peg with the price of queueing fitted to the lowest price of the table."""
    low = min(_prices(), key=lambda event: float(event.value or 1))
    days = (facts().reopened - low.time) / datetime.timedelta(1)
    assert low.value is not None
    peg = Peg()
    queue = fitted_queue(peg, low=float(low.value), worst=float(worth(usdc_book(), 0)), days=days)
    return peg._replace(queue=queue)


def _prices() -> list[Event]:
    """The observed prices since the first hour."""
    return [event for event in load_events("usdc-2023") if event.kind == "price" and event.time >= FIRST]


def opening(policy: str) -> tuple[Book, Rules]:
    """The books of the real issuer, or of a regime of the same size with its own part stuck; and its rules."""
    actual = usdc_book()
    preset = find_preset("circle-2023" if policy == ACTUAL else policy)
    rules = Rules(preset, MARKET, "US")
    if policy == ACTUAL:
        return actual, rules
    book = open_book(preset, "USD", actual.coins, rules, FIRST.date())
    return postings.freeze(book, stuck_in(preset, book)), rules


def stuck_in(preset: Preset, book: Book) -> int:
    """What a regime would have had in the closed bank."""
    actual = usdc_book()
    share = book.deposits * actual.stuck // (actual.stuck + actual.deposits)
    return min(share, book.assets * preset.bank_cap_ppm // PPM)


def flows() -> dict[datetime.datetime, tuple[int, int]]:
    """What is asked for and what is minted in each hour; the sums are those of the table."""
    when = facts()
    rows = {(event.kind, event.time.date()): event for event in load_events("usdc-2023") if event.what == "company"}
    monday, wednesday = sorted({day for _, day in rows})
    hours = [FIRST + datetime.timedelta(hours=number) for number in range(HOURS)]
    start = when.disclosed.replace(minute=0)
    end = datetime.datetime.combine(monday, datetime.time(CLOSES), tzinfo=datetime.UTC)
    first = [hour for hour in hours if start <= hour < end]
    later = [hour for hour in hours if monday < hour.date() <= wednesday and is_open(hour)]
    found: dict[datetime.datetime, tuple[int, int]] = dict.fromkeys(hours, (0, 0))
    opened = [hour for hour in first if is_open(hour)]
    for day, asked, minted in ((monday, first, opened), (wednesday, later, later)):
        for place, kind in enumerate(("redeemed", "minted")):
            spread = (asked, minted)[place]
            value = rows[kind, day].value
            assert value is not None
            total = int(value * BN)
            for number, hour in enumerate(spread):
                part = total * (number + 1) // len(spread) - total * number // len(spread)
                old = found[hour]
                found[hour] = (old[0] + part, old[1]) if place == 0 else (old[0], old[1] + part)
    return found


def is_open(hour: datetime.datetime) -> bool:
    """Whether dollars move in the hour that begins here."""
    return OPENS <= hour.hour < CLOSES and add_business_days("US", hour.date(), 0) == hour.date()


def replay(policy: str) -> Replay:
    """Run one regime (or ACTUAL) over the hours."""
    book, rules = opening(policy)
    when, peg, moves = facts(), fitted_peg(), flows()
    state = State(book, coins_at_open=book.coins)
    seen = {event.time.replace(minute=0): float(event.value or 0) for event in _prices()}
    hours: list[Hour] = []
    last_paid, stayed = None, False
    for hour, (asked, minted) in moves.items():
        state = _news(state, hour, when)
        if minted:
            state = replace(state, book=postings.issue(state.book, minted))
        begins, ends = hour.hour == 0 and hour > FIRST, hour.hour == CLOSES - 1
        moment = Moment(hour.date(), is_open(hour), begins, ends)
        state = step(state, rules, moment, (Ask("holders", asked),) if asked else ())
        stayed = stayed or state.stay_until is not None
        if state.payments:
            last_paid = hour
        hours.append(_hour(state, rules, hour, when, peg, asked=asked, fact=seen.get(hour)))
    lowest = min(hours, key=lambda row: row.low)
    return Replay(
        policy, book.stuck, book.assets, book.capital, tuple(hours), float(worth(book, 0)), lowest.low, lowest.time,
        sum(row.paid for row in hours), sum(row.asked for row in hours), last_paid, state.sale_cost, stayed,
        sum(claim.amount for claim in state.queue if claim.due <= hours[-1].time.date()),
    )  # fmt: skip


def _news(state: State, hour: datetime.datetime, when: Facts) -> State:
    """When redemption reopens the bank's money is there again."""
    if hour == when.reopened.replace(minute=0):
        return replace(state, book=postings.release(state.book, state.book.stuck))
    return state


def _hour(
    state: State, rules: Rules, hour: datetime.datetime, when: Facts, peg: Peg, *, asked: int, fact: float | None
) -> Hour:
    """The hour's end: what a coin is worth at the worst, and between which prices dealers leave it."""
    end = hour + datetime.timedelta(hours=1)
    known = 0 if when.disclosed <= end and hour < when.guaranteed else PPM
    worst = float(worth(state.book, known))
    days = _days_to_payment(state, rules, end)
    opened = is_open(hour) and state.stay_until is None
    fee = rules.preset.terms.fee_ppm / PPM
    return Hour(
        hour, is_open(hour), asked, sum(payment.amount for payment in state.payments), state.book.payable,
        state.book.coins, worst, lowest_price(peg, worst=worst, days=days, is_open=opened, fee=fee),
        secondary_price(peg, worth=1.0, worst=worst, days=days, is_open=opened, fee=fee), fact,
    )  # fmt: skip


def _days_to_payment(state: State, rules: Rules, moment: datetime.datetime) -> float:
    """Days until a coin handed in now is paid: the regime's business days, and a stay; 0 while money moves at T+0."""
    day = moment.date() if moment.hour < CLOSES else moment.date() + datetime.timedelta(1)
    due = add_business_days("US", day, rules.preset.terms.settle_days)
    if state.stay_until is not None and due < state.stay_until:
        due = add_business_days("US", state.stay_until, 0)
    opens = datetime.datetime.combine(due, datetime.time(OPENS), tzinfo=datetime.UTC)
    return max(0.0, (opens - moment) / datetime.timedelta(1))
