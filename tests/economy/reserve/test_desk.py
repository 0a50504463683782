"""The redemption desk, rule by rule; 2023-03-10 was a Friday."""

import datetime
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from economy.reserve import postings
from economy.reserve.book import Bill, Book, check
from economy.reserve.desk import (
    Ask,
    Claim,
    Market,
    Moment,
    Rules,
    State,
    begin_day,
    invest,
    open_book,
    raise_cash,
    sale_loss,
    step,
    usable_cash,
)
from economy.reserve.presets import HARD, PPM, PRESETS, USABLE, Floors, Preset, Terms, find_preset

FRIDAY = datetime.date(2023, 3, 10)
SATURDAY, SUNDAY, MONDAY, TUESDAY = (FRIDAY + datetime.timedelta(n) for n in range(1, 5))
FLAT = Market(0, 0)
ONE_BN = 10**15


def rules(terms: Terms | None = None, floors: Floors | None = None, market: Market = FLAT, **more) -> Rules:
    terms, floors = terms or Terms("US", 0), floors or Floors(0, 0)
    preset = replace(find_preset("circle-2023"), terms=terms, floors=floors, cash_ppm=PPM, **more)  # buys no bills
    return Rules(preset, market, "US")


def fresh(book: Book) -> State:
    return State(book, coins_at_open=book.coins)


def run(state: State, the: Rules, days: list[tuple[datetime.date, tuple[Ask, ...]]]) -> State:
    closed = {SATURDAY, SUNDAY}
    for day, asks in days:
        state = step(state, the, Moment(day, day not in closed), asks)
    return state


def cash_book(cash: int, coins: int, *bills: Bill) -> Book:
    total = cash + sum(bill.value for bill in bills)
    return check(Book("USD", 0, cash, 0, tuple(bills), (), coins, 0, total - coins))


def bill(days: int, face: int) -> Bill:
    return Bill(FRIDAY + datetime.timedelta(days), face, face)


def test_par_on_the_same_day() -> None:
    """'Settlement T+0': asked on a business day, paid that day, at par."""
    state = step(fresh(cash_book(50, 100)), rules(), Moment(FRIDAY, True), (Ask("a", 30),))
    assert [(p.who, p.day, p.amount) for p in state.payments] == [("a", FRIDAY, 30)]
    assert (state.book.coins, state.book.cash, state.queue) == (70, 20, ())


def test_the_weekend_matters() -> None:
    """Asked on a Saturday, T+0 pays on Monday and T+1 on Tuesday; asked on a Friday, T+1 pays on Monday."""
    for term, asked, paid in ((0, SATURDAY, MONDAY), (1, SATURDAY, TUESDAY), (1, FRIDAY, MONDAY), (0, SUNDAY, MONDAY)):
        state = fresh(cash_book(50, 100))
        days = [FRIDAY + datetime.timedelta(n) for n in range(6)]
        seen = []
        for day in days:
            asks = (Ask("a", 10),) if day == asked else ()
            state = step(state, rules(Terms("US", term)), Moment(day, day not in (SATURDAY, SUNDAY)), asks)
            seen += [payment.day for payment in state.payments]
        assert seen == [paid]


def test_a_holiday_is_no_business_day() -> None:
    """Real calendars: Monday 2023-02-20 was Presidents' Day."""
    asked = datetime.date(2023, 2, 17)
    state = step(fresh(cash_book(50, 100)), rules(Terms("US", 1)), Moment(asked, True), (Ask("a", 10),))
    assert state.queue[0].due == datetime.date(2023, 2, 21)


def test_the_fee_is_kept() -> None:
    """A fee is taken from the payment, cut off, and is capital's."""
    state = step(
        fresh(cash_book(50, 50)), rules(Terms("US", 0, fee_ppm=1_000)), Moment(FRIDAY, True), (Ask("a", 1_999),)
    )
    assert state.payments[0].amount == 50  # no more coins than there are
    state = step(
        fresh(cash_book(9_000, 9_000)), rules(Terms("US", 0, fee_ppm=1_000)), Moment(FRIDAY, True), (Ask("a", 1_999),)
    )  # fmt: skip
    assert (state.payments[0].amount, state.book.capital) == (1_998, 1)


def test_claims_are_paid_in_their_order() -> None:
    """Who asked first is paid first, the last one in part, and the rest waits."""
    asks = (Ask("a", 30), Ask("b", 30), Ask("c", 30))
    state = step(fresh(cash_book(50, 100)), rules(), Moment(FRIDAY, True), asks)
    assert [(p.who, p.amount) for p in state.payments] == [("a", 30), ("b", 20)]
    assert [(claim.who, claim.amount) for claim in state.queue] == [("b", 10), ("c", 30)]


@pytest.mark.parametrize(("asked", "stays"), [(100, False), (101, True)])
def test_a_stay_begins_above_the_trigger(asked: int, stays: bool) -> None:
    """'Redemption stays': more than the trigger (10 %) of the morning's coins, all askers of the day together."""
    terms = Terms("US", 0, stay_trigger_ppm=100_000, stay_days=5)
    asks = (Ask("a", 60), Ask("b", asked - 60))
    state = step(fresh(cash_book(900, 1_000)), rules(terms), Moment(FRIDAY, True), asks)
    assert (state.stay_until == FRIDAY + datetime.timedelta(5)) == stays
    assert bool(state.payments) != stays


def test_a_stay_ends_on_its_day_and_then_pays() -> None:
    """Five calendar days from Friday are over on Wednesday."""
    terms = Terms("US", 0, stay_trigger_ppm=100_000, stay_days=5)
    state = step(fresh(cash_book(900, 1_000)), rules(terms), Moment(FRIDAY, True), (Ask("a", 200),))
    state = run(state, rules(terms), [(SATURDAY, ()), (SUNDAY, ()), (MONDAY, ()), (TUESDAY, (Ask("b", 1),))])
    assert (state.payments, state.stay_until) == ((), FRIDAY + datetime.timedelta(5))
    wednesday = TUESDAY + datetime.timedelta(1)
    state = step(state, rules(terms), Moment(wednesday, True))
    assert [(p.who, p.amount) for p in state.payments] == [("a", 200), ("b", 1)]
    assert state.stay_until is None


def test_whoever_insists_pays_for_the_sale() -> None:
    """'Early-redemption haircuts: whoever insists on leaving now pays the fire-sale cost', at least the fixed one."""
    terms = Terms("US", 0, stay_trigger_ppm=100_000, stay_days=5, passes_cost=True)
    book = cash_book(100, 1_000, bill(60, 900))
    for haircut_ppm, kept in ((0, 0), (20_000, 8)):
        the = rules(replace(terms, haircut_ppm=haircut_ppm))
        state = step(fresh(book), the, Moment(FRIDAY, True), (Ask("a", 100), Ask("b", 400, insists=True)))
        assert state.haircuts == state.book.capital == kept
        assert [payment.who for payment in state.payments] == ["b"]
    waiting = step(fresh(book), rules(replace(terms, passes_cost=False)), Moment(FRIDAY, True), (Ask("b", 400, True),))
    assert (waiting.payments, waiting.haircuts) == ((), 0)


def test_the_haircut_is_what_the_sale_costs() -> None:
    """With a market that moves: the haircut is the loss of selling for this claim; the rest lose nothing by it."""
    preset = replace(find_preset("libra-v2"), capital_ppm=0)
    the = Rules(preset, Market(0, 0), "US")
    state = fresh(open_book(preset, "USD", 40 * ONE_BN, the, FRIDAY))
    expected = sale_loss(state, the, FRIDAY, 20 * ONE_BN)
    assert expected > 0
    state = step(state, the, Moment(FRIDAY, True), (Ask("b", 20 * ONE_BN, insists=True),))
    assert state.haircuts == expected
    state = run(state, the, [(SATURDAY, ()), (SUNDAY, ()), (MONDAY, ())])
    assert state.book.capital >= 0


@pytest.mark.parametrize(("owed", "sells"), [(0, False), (10 * ONE_BN, False), (10 * ONE_BN + ONE_BN // 100, True)])
def test_an_early_exit_does_not_use_cash_that_is_owed(owed: int, sells: bool) -> None:
    """'Whoever insists on leaving now pays the fire-sale cost': cash that others are owed is not theirs, and bills are
    sold for the rest; 50 in cash, 40 asked for, so that up to 10 may be owed already."""
    book = cash_book(50 * ONE_BN, 100 * ONE_BN, bill(91, 50 * ONE_BN))
    state = fresh(replace(book, coins=book.coins - owed, payable=owed))
    assert (sale_loss(state, rules(), FRIDAY, 40 * ONE_BN) > 0) == sells


@pytest.mark.parametrize(("asked", "paid"), [(100, 100), (101, 100)])
def test_a_gate_lets_out_so_much_a_day(asked: int, paid: int) -> None:
    """A gate of 10 % of the morning's coins; the rest waits for the next day."""
    the = rules(Terms("US", 0, gate_ppm=100_000))
    state = step(fresh(cash_book(900, 1_000)), the, Moment(FRIDAY, True), (Ask("a", asked),))
    assert sum(payment.amount for payment in state.payments) == paid
    state = run(state, the, [(SATURDAY, ()), (SUNDAY, ()), (MONDAY, ())])
    assert sum(payment.amount for payment in state.payments) == asked - paid


def test_bills_are_sold_soonest_due_first_and_settle_later() -> None:
    """Cash that is missing is raised by a sale that settles on the next business day; the claim is late until then."""
    book = cash_book(10, 100, bill(30, 40), bill(60, 50))
    state = step(fresh(book), rules(), Moment(FRIDAY, True), (Ask("a", 60),))
    assert [payment.amount for payment in state.payments] == [10]
    assert [item.due for item in state.book.incoming] == [MONDAY, MONDAY]
    assert [b.due for b in state.book.bills] == [FRIDAY + datetime.timedelta(60)]
    state = run(state, rules(), [(SATURDAY, ()), (SUNDAY, ()), (MONDAY, ())])
    assert [payment.amount for payment in state.payments] == [50]
    assert state.queue == ()


def test_what_falls_due_in_time_is_not_sold() -> None:
    """A bill that pays by the day on which a sale would settle brings no time."""
    book = cash_book(10, 100, bill(3, 90))
    state = step(fresh(book), rules(Terms("US", 1)), Moment(FRIDAY, True), (Ask("a", 60),))
    assert (state.book.incoming, state.sale_cost) == ((), 0)
    state = run(state, rules(Terms("US", 1)), [(SATURDAY, ()), (SUNDAY, ()), (MONDAY, ())])
    assert [payment.amount for payment in state.payments] == [60]


def test_a_bigger_sale_costs_more_than_its_share() -> None:
    """The fire-sale kernel: the price falls with the sales of five business days."""
    the = Rules(find_preset("circle-2023"), Market(0, 0), "US")
    book = open_book(the.preset, "USD", 40 * ONE_BN, the, FRIDAY)
    costs = [step(fresh(book), the, Moment(FRIDAY, True), (Ask("a", n * ONE_BN),)).sale_cost for n in (8, 16, 24)]
    assert costs[0] == 0  # the cash of 8 bn
    assert costs[2] > 3 * costs[1] > 0


def test_sales_are_forgotten_after_five_business_days() -> None:
    """'+3.5 bn over 5 days': a sale of Friday counts until Thursday, not on the Friday after."""
    book = cash_book(0, 10 * ONE_BN, bill(60, 10 * ONE_BN))
    costs = {}
    for wait in (6, 7):
        state, before = fresh(book), 0
        for number in range(wait + 1):
            asks = (Ask("a", ONE_BN),) if number in (0, wait) else ()
            day = FRIDAY + datetime.timedelta(number)
            before = state.sale_cost
            state = step(state, rules(), Moment(day, day.weekday() < 5), asks)
        costs[wait] = (state.sale_cost - before) / (60 - wait)
    assert costs[6] > 1.9 * costs[7]


def test_a_hard_floor_is_idle_and_a_usable_one_is_not() -> None:
    """'Thresholds both as hard minima and as usable buffers.'"""
    book = cash_book(20, 100, bill(60, 80))
    hard, usable = (rules(floors=Floors(100_000, 0, mode)) for mode in (HARD, USABLE))
    assert (usable_cash(fresh(book), hard), usable_cash(fresh(book), usable)) == (10, 20)
    paid = [
        sum(p.amount for p in step(fresh(book), the, Moment(FRIDAY, True), (Ask("a", 20),)).payments)
        for the in (hard, usable)
    ]
    assert paid == [10, 20]
    assert usable_cash(fresh(cash_book(20, 20)), hard) == 20  # nothing left to sell: the floor has no purpose


def test_a_hard_floor_costs_more() -> None:
    """BIS 1355's sign: 'a hard minimum is worse than a usable buffer': longer bills are sold, and more of them."""
    costs = {}
    for mode in (HARD, USABLE):
        preset = replace(find_preset("genius"), floors=Floors(100_000, 300_000, mode), terms=Terms("US", 2))
        the = Rules(preset, Market(0, 0), "US")
        state = fresh(open_book(preset, "USD", 40 * ONE_BN, the, FRIDAY))
        days = [(FRIDAY, (Ask("a", 15 * ONE_BN),)), (SATURDAY, ()), (SUNDAY, ()), (MONDAY, ()), (TUESDAY, ())]
        costs[mode] = run(state, the, days).sale_cost
    assert costs[HARD] > costs[USABLE] > 0


def test_opening_books() -> None:
    """Full backing and capital, in the regime's shares; bills due on business days; they balance."""
    for name, preset in PRESETS.items():
        the = Rules(preset, Market(40_000_000, 0), "US")
        book = open_book(preset, "USD", ONE_BN + 7, the, FRIDAY)
        assert book.assets == book.coins + book.capital
        assert book.capital == (ONE_BN + 7) * preset.capital_ppm // PPM, name
        assert book.cash == book.assets * preset.cash_ppm // PPM
        assert book.deposits == book.cash * preset.deposit_ppm // PPM
        assert len(book.bills) == len(preset.ladder_days)
        assert all(b.face - b.value > 0 and b.due.weekday() < 5 for b in book.bills)


def test_a_ripe_bill_is_rolled_to_the_end_of_the_ladder() -> None:
    """Cash above the regime's share buys one bill, of at most the regime's days, when nobody waits."""
    preset = find_preset("libra-v2")
    the = Rules(preset, Market(40_000_000, 40_000_000), "US")
    state = fresh(open_book(preset, "USD", ONE_BN, the, FRIDAY))
    due = state.book.bills[0].due
    for number in range((due - FRIDAY).days + 1):
        day = FRIDAY + datetime.timedelta(number)
        state = step(state, the, Moment(day, day.weekday() < 5))
    assert len(state.book.bills) == 13
    last = state.book.bills[-1].due
    assert 85 <= (last - due).days <= 91
    assert abs(state.book.cash / state.book.assets - 0.2) < 0.001
    waiting = replace(state, queue=(Claim("a", due, due, 0),), book=postings.issue(state.book, ONE_BN))
    assert invest(waiting, the, Moment(due, True)) is waiting


def test_the_night_comes_before_the_day() -> None:
    """Income of the night, then what is ripe; on a Sunday nothing is paid."""
    book = cash_book(0, 100, Bill(SUNDAY, 100, 99))
    book = replace(book, capital=-1)
    state = begin_day(fresh(book), rules(), Moment(SUNDAY, False))
    assert (state.book.bills, state.book.capital) == ((Bill(SUNDAY, 100, 100),), 0)
    assert begin_day(state, rules(), Moment(MONDAY, True)).book.cash == 100


def test_nothing_is_sold_when_cash_covers() -> None:
    """No sale without need."""
    state = fresh(cash_book(50, 100, bill(30, 50)))
    state = step(state, rules(), Moment(FRIDAY, True), (Ask("a", 50),))
    assert (state.book.incoming, state.sale_cost) == ((), 0)
    assert raise_cash(state, rules(), Moment(FRIDAY, True)) is state


@given(
    st.sampled_from(sorted(PRESETS)),
    st.sampled_from([HARD, USABLE]),
    st.lists(st.tuples(st.integers(0, 10**18), st.booleans()), min_size=1, max_size=12),
)
@settings(max_examples=60, deadline=None)
def test_any_run_conserves_and_pays_no_more_than_it_owes(name: str, mode: str, asks: list[tuple[int, bool]]) -> None:
    """'At every step of every run': coins handed in are paid, owed, or kept as fee and haircut, to the micro-unit."""
    preset: Preset = replace(PRESETS[name], floors=replace(PRESETS[name].floors, mode=mode))
    the = Rules(preset, Market(40_000_000, 40_000_000), "US")
    state = fresh(open_book(preset, "USD", ONE_BN, the, FRIDAY))
    paid = 0
    for number, (amount, insists) in enumerate(asks):
        day = FRIDAY + datetime.timedelta(number)
        is_open = day.weekday() < 5
        state = step(state, the, Moment(day, is_open), (Ask("a", amount, insists),))
        paid += sum(payment.amount for payment in state.payments)
        assert is_open or not state.payments
        assert state.book.coins + paid + state.book.payable + state.haircuts == ONE_BN
        assert usable_cash(state, the) >= 0
        for payment in state.payments:
            assert payment.claim.due <= day
    assert state.book.assets == state.book.liabilities + state.book.capital


def test_an_empty_reserve_goes_on() -> None:
    """When everybody has left there is nothing to invest, and coins may be issued again."""
    the = Rules(find_preset("circle-2023"), FLAT, "US")
    state = step(fresh(cash_book(100, 100)), the, Moment(FRIDAY, True), (Ask("a", 100),))
    assert (state.book.assets, state.book.coins, state.book.bills) == (0, 0, ())
    state = step(state, the, Moment(SATURDAY, False), (Ask("a", 5),))
    assert (state.queue, state.stay_until) == ((), None)
    assert postings.issue(state.book, 7).assets == 7


def test_a_stay_gives_time_to_sell_in_order() -> None:
    """'Stays: delay so that assets can be sold in order': bills are sold the day before its end, and it ends in par."""
    the = rules(Terms("US", 0, stay_trigger_ppm=100_000, stay_days=5))
    state = step(fresh(cash_book(100, 1_000, bill(60, 900))), the, Moment(FRIDAY, True), (Ask("a", 500),))
    state = run(state, the, [(SATURDAY, ()), (SUNDAY, ()), (MONDAY, ())])
    assert state.book.incoming == ()
    state = run(state, the, [(TUESDAY, ())])
    wednesday = TUESDAY + datetime.timedelta(1)
    assert [item.due for item in state.book.incoming] == [wednesday]
    state = step(state, the, Moment(wednesday, True))
    assert [payment.amount for payment in state.payments] == [500]


def test_a_day_of_several_steps_is_one_day() -> None:
    """By the hour: the gate and the trigger of a stay count the whole day, the night's income comes once."""
    the = rules(Terms("US", 0, gate_ppm=100_000), market=Market(0, 365_000_000))
    state = fresh(cash_book(900, 1_000))
    paid = []
    for hour in range(3):
        moment = Moment(FRIDAY, True, begins=hour == 0, ends=hour == 2)
        state = step(state, the, moment, (Ask("a", 70),))
        paid.append(sum(payment.amount for payment in state.payments))
    assert paid == [70, 30, 0]
    assert state.book.capital == -100  # 0.1 % of 900 a night is below one micro-unit
    stay = rules(Terms("US", 0, stay_trigger_ppm=100_000, stay_days=5))
    state = fresh(cash_book(900, 1_000))
    for hour in range(3):
        state = step(state, stay, Moment(FRIDAY, True, hour == 0, hour == 2), (Ask("a", 50),))
        assert (state.stay_until is None) == (hour < 2)
    richer = fresh(cash_book(10_000, 10_000))
    for hour in range(3):
        richer = step(richer, the, Moment(FRIDAY, True, hour == 0, hour == 2))
    assert richer.book.capital == 10


def test_a_gate_needs_no_more_than_it_lets_out() -> None:
    """What the gate lets out today and tomorrow is raised, nothing more: 100 of 1,000 today, 70 of 700 then."""
    the = rules(Terms("US", 0, gate_ppm=100_000))
    state = step(fresh(cash_book(100, 1_000, bill(60, 900))), the, Moment(FRIDAY, True), (Ask("a", 300),))
    assert sum(payment.amount for payment in state.payments) == 100
    assert 70 <= sum(item.amount for item in state.book.incoming) <= 72
    state = run(state, the, [(SATURDAY, ()), (SUNDAY, ()), (MONDAY, ())])
    assert sum(payment.amount for payment in state.payments) == 70


@pytest.mark.parametrize(("asked", "sold"), [(50, False), (51, True)])
def test_one_micro_unit_that_is_missing_is_raised(asked: int, sold: bool) -> None:
    """Both sides of what cash covers."""
    state = step(fresh(cash_book(50, 100, bill(30, 50))), rules(), Moment(FRIDAY, True), (Ask("a", asked),))
    assert bool(state.book.incoming) == sold


@pytest.mark.parametrize(("surplus", "bought"), [(399, False), (400, True)])
def test_half_a_rung_is_worth_a_bill(surplus: int, bought: bool) -> None:
    """80 % of 10,000 in ten rungs is 800 each: cash of 400 above the share of 20 % buys a bill, less does not."""
    preset = replace(find_preset("circle-2023"), ladder_days=tuple(range(7, 71, 7)))
    the = Rules(preset, FLAT, "US")
    cash = 2_000 + surplus
    state = fresh(cash_book(cash, 10_000, bill(30, 10_000 - cash)))
    bills = invest(state, the, Moment(FRIDAY, True)).book.bills
    assert (len(bills) == 2) == bought
    if bought:
        assert bills[1] == Bill(FRIDAY + datetime.timedelta(70), 400, 400)


@pytest.mark.parametrize(
    ("day", "rung", "most", "due"),
    [
        ("2024-05-10", 91, 91, "2024-08-09"),  # a Friday to a Friday
        ("2024-05-09", 2, 7, "2024-05-13"),  # a Saturday: the Monday after it, four days later
        ("2024-05-09", 2, 3, "2024-05-10"),  # Monday would be too late: three days later is a Sunday, so the Friday
        ("2024-05-09", 2, 4, "2024-05-13"),
    ],
)
def test_a_bill_is_due_on_a_business_day_within_the_limit(day: str, rung: int, most: int, due: str) -> None:
    """'Residual life up to ...': the end of the ladder, put off to a business day, or the last one that is allowed."""
    preset = replace(find_preset("circle-2023"), ladder_days=(rung,), max_days=most)
    today = datetime.date.fromisoformat(day)
    state = fresh(cash_book(10_000, 10_000))
    (found,) = invest(state, Rules(preset, FLAT, "US"), Moment(today, True)).book.bills
    assert found.due == datetime.date.fromisoformat(due)


@pytest.mark.parametrize(("mode", "first"), [(USABLE, 6), (HARD, 30)])
def test_which_bill_goes_first(mode: str, first: int) -> None:
    """Soonest due first; under a hard floor the one due within five business days (seven calendar days) goes last."""
    the = rules(floors=Floors(0, 300_000, mode))
    book = cash_book(0, 100, bill(6, 50), bill(30, 50))
    state = step(fresh(book), the, Moment(FRIDAY, True), (Ask("a", 20),))
    (sold,) = [b.due for b in state.book.bills if b.face < 50]
    assert sold == FRIDAY + datetime.timedelta(first)
    both = step(fresh(book), the, Moment(FRIDAY, True), (Ask("a", 90),))
    assert sum(item.amount for item in both.book.incoming) >= 90


def test_a_sale_brings_what_is_missing_and_a_crumb_more() -> None:
    """A great sale moves its own price; it still brings all that is missing, from one bill, within a millionth."""
    book = cash_book(0, 90 * ONE_BN, bill(60, 90 * ONE_BN))
    the = rules(market=Market(40_000_000, 0))
    state = step(fresh(book), the, Moment(FRIDAY, True), (Ask("a", 50 * ONE_BN),))
    (sale,) = state.book.incoming
    assert 50 * ONE_BN <= sale.amount <= 50 * ONE_BN * 1_000_003 // 1_000_000
