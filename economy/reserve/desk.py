"""The redemption desk: one step takes the state, the rules, the moment and who asks; it gives the next state.

A step, in this order:

1. A new day begins: a night's income; on a business day ripe bills and settled sales become cash. A stay that has
   run out ends.
2. Who asks hands in coins. The claim is owed at par less the fee, and is due `settle_days` business days later. If
   more than `stay_trigger_ppm` of the morning's coins were asked for today, a stay begins for `stay_days`. During a
   stay nobody is paid, except whoever insists where the regime passes the cost on: they take the haircut, which is the
   cost of selling bills for them, and at least `haircut_ppm`.
3. In business hours bills are sold for what is due by the day on which a sale settles and cash will not cover; then
   claims that are due are paid in their order, in full while usable cash lasts, never above the gate.
4. The day ends: cash above the regime's share buys a bill at the long end of the ladder, if nobody waits.

Under a HARD floor the cash below it is idle while there are bills to sell, and bills due within five business days are
sold last; a USABLE floor is cash like any other. Bills are sold soonest due first, for these move least.
"""

import datetime
from dataclasses import dataclass, replace
from typing import NamedTuple

from economy.market.calendar import add_business_days
from economy.reserve import postings
from economy.reserve.book import ONE, Bill, Book, check, due_by
from economy.reserve.presets import FIVE_BUSINESS_DAYS, HARD, PPM, Preset
from economy.reserve.prices import WINDOW_DAYS, face_for, price, yield_move

CALENDAR_OF = {"USD": "US", "EUR": "TARGET", "JPY": "JP", "GBP": "GB", "SGD": "SG"}
"""Where a currency's money moves."""


class Market(NamedTuple):
    """Conditions of one currency: yields in parts per billion a year, business days until a sale of bills settles."""

    bill_ppb: int
    overnight_ppb: int
    sale_days: int = 1


class Rules(NamedTuple):
    """What does not change in a run: the regime and the market."""

    preset: Preset
    market: Market
    calendar: str


class Moment(NamedTuple):
    """When a step is: the day, whether money moves now, and whether this step begins and ends the day."""

    day: datetime.date
    is_open: bool
    begins: bool = True
    ends: bool = True


class Ask(NamedTuple):
    """Coins handed in. `insists`: during a stay, leave at once at a haircut if the regime allows it."""

    who: str
    amount: int
    insists: bool = False


class Claim(NamedTuple):
    """Money that is owed: to whom, since when, from when on it may be paid, and whether a stay holds it up."""

    who: str
    asked: datetime.date
    due: datetime.date
    amount: int
    is_early: bool = False


class Payment(NamedTuple):
    """Money that left: to whom, when, and for a claim of which day and due day."""

    who: str
    day: datetime.date
    claim: Claim
    amount: int


@dataclass(frozen=True, slots=True)
class State:
    """The desk between two steps. `sales` are proceeds by day, `coins_at_open` and the two sums are of this day."""

    book: Book
    queue: tuple[Claim, ...] = ()
    sales: tuple[tuple[datetime.date, int], ...] = ()
    stay_until: datetime.date | None = None
    coins_at_open: int = 0
    asked_today: int = 0
    paid_today: int = 0
    payments: tuple[Payment, ...] = ()
    """Of this step only."""
    haircuts: int = 0
    """Kept as haircuts so far."""
    sale_cost: int = 0
    """Lost on sales so far: book value less proceeds."""


def open_book(preset: Preset, currency: str, coins: int, rules: Rules, day: datetime.date) -> Book:
    """A new reserve behind `coins`: full backing and capital, in the regime's shares, bills bought at today's yield."""
    capital = coins * preset.capital_ppm // PPM
    cash = (coins + capital) * preset.cash_ppm // PPM
    deposits = cash * preset.deposit_ppm // PPM
    paper = coins + capital - cash
    rungs = [add_business_days(rules.calendar, day + datetime.timedelta(rung), 0) for rung in preset.ladder_days]
    costs = [paper // len(rungs)] * (len(rungs) - 1)
    costs.append(paper - sum(costs))
    bills = tuple(
        Bill(due, face_for(cost, (due - day).days, rules.market.bill_ppb), cost)
        for due, cost in zip(rungs, costs, strict=True)
        if cost
    )
    return check(Book(currency, deposits, cash - deposits, 0, bills, (), coins, 0, capital))


def step(state: State, rules: Rules, moment: Moment, asks: tuple[Ask, ...] = ()) -> State:
    """One step of the desk; the books balance afterwards, or the process stops."""
    state = replace(state, payments=())
    if moment.begins:
        state = begin_day(state, rules, moment)
    for ask in asks:
        state = accept(state, rules, moment, ask)
    if moment.is_open:
        state = pay_claims(raise_cash(state, rules, moment), rules, moment)
    if moment.ends and moment.is_open:
        state = invest(state, rules, moment)
    assert sum(claim.amount for claim in state.queue) == state.book.payable, "the queue is not what is owed"
    check(state.book)
    return state


def begin_day(state: State, rules: Rules, moment: Moment) -> State:
    """A night's income, what is ripe, and fresh counters."""
    book = postings.earn(state.book, moment.day, rules.market.overnight_ppb)
    if _is_business_day(rules, moment.day):
        book = postings.settle(book, moment.day)
    ended = state.stay_until is not None and moment.day >= state.stay_until
    oldest = moment.day - datetime.timedelta(2 * WINDOW_DAYS + 4)
    return replace(
        state,
        book=book,
        sales=tuple(sale for sale in state.sales if sale[0] > oldest),
        stay_until=None if ended else state.stay_until,
        coins_at_open=book.coins,
        asked_today=0,
        paid_today=0,
    )


def accept(state: State, rules: Rules, moment: Moment, ask: Ask) -> State:
    """Coins become a claim; too many on one day begin a stay."""
    terms = rules.preset.terms
    amount = min(ask.amount, state.book.coins)
    if amount <= 0:
        return state
    asked = state.asked_today + amount
    stay = state.stay_until
    if terms.stay_days and stay is None and asked * PPM > terms.stay_trigger_ppm * state.coins_at_open:
        stay = moment.day + datetime.timedelta(terms.stay_days)
    is_early = stay is not None and terms.passes_cost and ask.insists
    kept = amount * terms.fee_ppm // PPM
    haircut = 0
    if is_early:
        haircut = max(sale_loss(state, rules, moment.day, amount - kept), amount * terms.haircut_ppm // PPM)
        haircut = min(haircut, amount - kept)
    due = add_business_days(rules.calendar, moment.day, terms.settle_days)
    claim = Claim(ask.who, moment.day, due, amount - kept - haircut, is_early)
    return replace(
        state,
        book=postings.request(state.book, amount, kept=kept + haircut),
        queue=(*state.queue, claim) if claim.amount else state.queue,
        asked_today=asked,
        stay_until=stay,
        haircuts=state.haircuts + haircut,
    )


def is_payable(state: State, claim: Claim, day: datetime.date) -> bool:
    """Whether a claim may be paid on a day: it is due, and no stay holds it up."""
    return claim.due <= day and (state.stay_until is None or day >= state.stay_until or claim.is_early)


def usable_cash(state: State, rules: Rules) -> int:
    """Cash that may be paid out: all of it, or what lies above a HARD floor while there is something to sell."""
    book, floors = state.book, rules.preset.floors
    if floors.mode != HARD or not (book.bills or book.incoming):
        return book.cash
    return max(0, book.cash - book.assets * floors.at_once_ppm // PPM)


def _allowance(state: State, rules: Rules) -> int:
    """What the gate still lets out today."""
    gate = rules.preset.terms.gate_ppm
    return state.coins_at_open * gate // PPM - state.paid_today if gate else state.book.payable


def pay_claims(state: State, rules: Rules, moment: Moment) -> State:
    """Due claims in their order; the last one in part when cash or the gate ends."""
    left = max(0, min(usable_cash(state, rules), _allowance(state, rules)))
    book, waiting, paid = state.book, [], []
    for claim in state.queue:
        amount = min(claim.amount, left) if is_payable(state, claim, moment.day) else 0
        if amount:
            book = postings.pay(book, amount)
            paid.append(Payment(claim.who, moment.day, claim, amount))
            left -= amount
        if amount < claim.amount:
            waiting.append(claim._replace(amount=claim.amount - amount))
    total = sum(payment.amount for payment in paid)
    return replace(state, book=book, queue=tuple(waiting), paid_today=state.paid_today + total, payments=tuple(paid))


def raise_cash(state: State, rules: Rules, moment: Moment) -> State:
    """Sell bills for what is due by the day on which a sale of today settles and cash will not cover."""
    settles = add_business_days(rules.calendar, moment.day, rules.market.sale_days)
    asked = sum(claim.amount for claim in state.queue if is_payable(state, claim, settles))
    gate = rules.preset.terms.gate_ppm
    if gate:
        asked = min(asked, _allowance(state, rules) + state.book.coins * gate // PPM)
    idle = state.book.cash - usable_cash(state, rules)
    missing = asked - (due_by(state.book, settles) - idle)
    for due in _selling_order(state, rules, moment.day, settles):
        if missing <= 0:
            break
        state, proceeds = _sell(state, rules, moment.day, due=due, wanted=missing, settles=settles)
        missing -= proceeds
    return state


def _selling_order(state: State, rules: Rules, day: datetime.date, settles: datetime.date) -> list[datetime.date]:
    """Due days of the bills that can be sold with a gain of time, in the order in which they go."""
    dues = [bill.due for bill in state.book.bills if bill.due > settles]
    if rules.preset.floors.mode == HARD and rules.preset.floors.five_days_ppm:
        near = day + datetime.timedelta(FIVE_BUSINESS_DAYS)
        dues.sort(key=lambda due: (due <= near, due))
    return dues


def _sell(
    state: State, rules: Rules, day: datetime.date, *, due: datetime.date, wanted: int, settles: datetime.date
) -> tuple[State, int]:
    """As much of one bill as brings `wanted`, at a price that the sale itself has moved; and what it brings."""
    place = next(place for place, bill in enumerate(state.book.bills) if bill.due == due)
    bill = state.book.bills[place]
    days = (due - day).days
    face = wanted
    for _ in range(3):  # the price falls with the sale; three rounds are past the last digit that matters
        face = face_for(wanted, days, _yield_after(state, rules, day, face))
    face = min(bill.face, face + face // ONE + 2)  # rather a little too much than a crumb missing
    proceeds = price(face, days, _yield_after(state, rules, day, face))
    book = postings.sell(state.book, place, face=face, proceeds=proceeds, due=settles)
    sales = (*state.sales, (day, proceeds))
    cost = state.book.capital - book.capital
    return replace(state, book=book, sales=sales, sale_cost=state.sale_cost + cost), proceeds


def _yield_after(state: State, rules: Rules, day: datetime.date, amount: int) -> int:
    """The yield at which a sale is done: it bears its own move and that of the last five business days."""
    recent = sum(sold for when, sold in state.sales if _is_recent(rules, when, day))
    return rules.market.bill_ppb + yield_move(state.book.currency, sold=recent + amount)


def _is_recent(rules: Rules, when: datetime.date, day: datetime.date) -> bool:
    """Whether a sale lies within the last five business days."""
    return add_business_days(rules.calendar, when, WINDOW_DAYS) > day


def sale_loss(state: State, rules: Rules, day: datetime.date, amount: int) -> int:
    """What raising `amount` by a sale now would cost against book value; 0 where cash already covers it, or a gain."""
    missing = amount - max(0, usable_cash(state, rules) - state.book.payable)
    settles = add_business_days(rules.calendar, day, rules.market.sale_days)
    trial = state
    for due in _selling_order(state, rules, day, settles):
        if missing <= 0:
            break
        trial, proceeds = _sell(trial, rules, day, due=due, wanted=missing, settles=settles)
        missing -= proceeds
    return max(0, state.book.capital - trial.book.capital)


def invest(state: State, rules: Rules, moment: Moment) -> State:
    """Swept cash above the regime's share, half a rung of it at least, buys one bill at the end of the ladder.

    Nothing is bought while somebody waits for money.
    """
    preset, book = rules.preset, state.book
    surplus = min(book.swept, book.cash - book.assets * preset.cash_ppm // PPM)
    paper = book.assets * (PPM - preset.cash_ppm)
    if state.queue or surplus <= 0 or 2 * surplus * len(preset.ladder_days) * PPM < paper:
        return state
    due = add_business_days(rules.calendar, moment.day + datetime.timedelta(preset.ladder_days[-1]), 0)
    if (due - moment.day).days > preset.max_days:
        due = _last_business_day(rules, moment.day + datetime.timedelta(preset.max_days))
    face = face_for(surplus, (due - moment.day).days, rules.market.bill_ppb)
    return replace(state, book=postings.buy(book, Bill(due, face, surplus)))


def _last_business_day(rules: Rules, day: datetime.date) -> datetime.date:
    """The last business day that is not after `day`."""
    while not _is_business_day(rules, day):
        day -= datetime.timedelta(1)
    return day


def _is_business_day(rules: Rules, day: datetime.date) -> bool:
    """Whether money of this currency moves on a day."""
    return add_business_days(rules.calendar, day, 0) == day
