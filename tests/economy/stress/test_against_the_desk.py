"""The block kernel against the scalar engine: one scripted path, the same books on every business day."""

import datetime
from dataclasses import replace

import numpy as np
import pytest

from economy.reserve.book import ONE
from economy.reserve.desk import Ask, Market, Moment, Rules, State, open_book, step
from economy.reserve.presets import HARD, Floors, Preset, find_preset
from economy.stress.kernel import Year
from economy.stress.market import parameters_of
from economy.stress.parameters import Parameters

COINS = 20 * 10**9 * ONE
"""20 bn, the size that the kernel assumes by default."""
MONDAY = datetime.date(2024, 5, 6)
"""No holiday of TARGET for seven months: the kernel's weeks all have five business days."""
DAYS = 55
TOLERANCE = 1e-9
LIBRA = find_preset("libra-v2")


class Script:
    """A market and a crowd of which nothing is left to chance: a share of the coins is asked for each day."""

    width = 3
    is_exposed = False
    darkened = np.empty(0, dtype=np.intp)

    def __init__(self, shares: list[float]) -> None:
        self._shares = shares
        self._day = -1
        self.felt = self.rate_move = np.zeros(self.width)
        self.flow = np.zeros(self.width)

    def step(self) -> None:
        self._day += 1
        self.flow[:] = self._shares[self._day]

    def leaving(self, _year: Year) -> np.ndarray:
        return np.zeros(self.width)


def engine(preset: Preset, shares: list[float]) -> list[State]:
    """The states of the desk at the end of each business day; nights and weekends pass by steps of their own."""
    rules = Rules(preset, Market(40_000_000, 40_000_000), "TARGET")
    state = State(open_book(preset, "USD", COINS, rules, MONDAY))
    found, day = [], MONDAY
    for share in shares:
        day += datetime.timedelta(1)
        while day.weekday() > 4:
            state = step(state, rules, Moment(day, is_open=False))
            day += datetime.timedelta(1)
        asked = Ask("dealer", round(state.book.coins * share))
        state = step(state, rules, Moment(day, is_open=True), (asked,) if share else ())
        found.append(state)
    return found


def kernel(parameters: Parameters, shares: list[float]) -> list[dict[str, float]]:
    """The same by the kernel, whose dealers have room for everything; capital stays inside."""
    script = Script(shares)
    parameters = replace(parameters, dealer_room=(1.0, 1.0, 1.0), payout=0.0)
    year = Year(parameters, script, script)  # type: ignore[arg-type]  # a script is both
    found = []
    for _ in shares:
        year.step()
        assert np.ptp(year.capital) == 0
        assert year.worst_residual < 1e-14
        found.append(
            {name: float(getattr(year, name)[0])
             for name in ("cash", "bills", "due_tomorrow", "queue", "coins", "capital", "stay")}
        )  # fmt: skip
    return found


def compare(preset: Preset, shares: list[float]) -> tuple[list[State], list[dict[str, float]]]:
    """Both, after checking that they agree on every account on every day."""
    states = engine(preset, shares)
    days = kernel(parameters_of(preset), shares)
    for number, (state, day) in enumerate(zip(states, days, strict=True), start=1):
        book = state.book
        expected = {
            "cash": book.cash, "bills": sum(bill.value for bill in book.bills),
            "due_tomorrow": sum(item.amount for item in book.incoming), "queue": book.payable, "coins": book.coins,
            "capital": book.capital,
        }  # fmt: skip
        for account, amount in expected.items():
            assert day[account] == pytest.approx(amount / COINS, abs=TOLERANCE), f"day {number}: {account}"
    return states, days


def quiet(*asked: tuple[int, float]) -> list[float]:
    """Shares asked for by day, counted from 1; nothing else happens."""
    shares = [0.0] * DAYS
    for day, share in asked:
        shares[day - 1] = share
    return shares


def test_nothing_happens() -> None:
    """Eleven weeks of income: bills fall due on Mondays, are bought when there is money for half of one."""
    states, _ = compare(LIBRA, quiet())
    assert states[-1].book.capital > states[0].book.capital
    assert len(states[-1].book.bills) == 13


def test_redemptions_out_of_cash() -> None:
    """Asked for today, paid tomorrow, from cash that the next bills fill up again."""
    states, _ = compare(LIBRA, quiet((2, 0.03), (3, 0.05), (9, 0.02)))
    assert all(state.sale_cost == 0 for state in states)


def test_redemptions_that_need_sales() -> None:
    """Bills are sold soonest due first, at a yield that the sales of five days have moved, and paid a day later."""
    states, _ = compare(LIBRA, quiet((1, 0.09), (2, 0.09), (3, 0.09), (4, 0.09), (7, 0.08)))
    assert states[-1].sale_cost > 0
    assert all(state.stay_until is None for state in states)


def test_same_day_settlement() -> None:
    """A claim of today is paid today where the regime says so, as far as cash goes."""
    preset = replace(LIBRA, terms=replace(LIBRA.terms, settle_days=0))
    states, _ = compare(preset, quiet((1, 0.09), (2, 0.09), (3, 0.06), (12, 0.05)))
    assert states[2].book.payable > 0, "cash was not enough on the third day"
    assert states[2].sale_cost > 0


def test_a_longer_term() -> None:
    """Two business days between a request and its payment: bills are sold only when a sale settles in time."""
    preset = replace(LIBRA, terms=replace(LIBRA.terms, settle_days=2))
    states, _ = compare(preset, quiet((1, 0.09), (2, 0.09), (3, 0.09), (4, 0.09)))
    assert [bool(state.sale_cost) for state in states[:5]] == [False, False, False, False, True]


def test_a_hard_floor() -> None:
    """Under a hard floor cash below it is idle while there are bills to sell."""
    floors = Floors(150_000, 0, HARD)
    states, _ = compare(replace(LIBRA, floors=floors), quiet((1, 0.08), (2, 0.03)))
    assert states[-1].sale_cost > 0


def test_a_gate() -> None:
    """Never more than the gate is paid on one day."""
    preset = replace(LIBRA, terms=replace(LIBRA.terms, gate_ppm=50_000))
    states, _ = compare(preset, quiet((1, 0.08), (5, 0.02)))
    assert states[1].book.payable > 0


def test_a_difference_would_be_seen() -> None:
    """The comparison can fail: another rate of redemption is not the same path."""
    states = engine(LIBRA, quiet((2, 0.03)))
    days = kernel(parameters_of(LIBRA), quiet((2, 0.030001)))
    assert abs(days[-1]["cash"] - states[-1].book.cash / COINS) > TOLERANCE
