"""The curve in closed form: its differential equation, its inverse, and the clock that caps and halts stop."""

import math
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from economy.adoption.spread import DAYS, Cap, Halt, Terms, clock, share, years_to

START = date(2020, 1, 1)
P, Q = 0.03, 0.38


@pytest.mark.parametrize(
    ("years", "p", "q", "found"),
    [(0, P, Q, 0.0), (1, P, Q, 0.0357582), (5, P, Q, 0.3311986), (10, P, Q, 0.8128032), (2, 0.5, 0, 1 - math.exp(-1))],
)
def test_the_curve(years: float, p: float, q: float, found: float) -> None:
    """F(t) = (1 - e^-(p+q)t) / (1 + (q/p) e^-(p+q)t); without imitation it is 1 - e^-pt.

    The numbers are from stepping the differential equation (Runge-Kutta), not from the formula."""
    assert share(years, p, q) == pytest.approx(found, abs=1e-7)


@given(st.floats(0, 30), st.floats(0.001, 0.1), st.floats(0, 2))
def test_the_differential_equation(years: float, p: float, q: float) -> None:
    """dF/dt = (p + q F)(1 - F), by a central difference."""
    step = 1e-4
    slope = (share(years + step, p, q) - share(max(0, years - step), p, q)) / (step + min(step, years))
    middle = share(years + (step - min(step, years)) / 2, p, q)
    assert slope == pytest.approx((p + q * middle) * (1 - middle), abs=1e-5)


@given(st.floats(0, 0.999), st.floats(0.001, 0.1), st.floats(0, 2))
def test_the_inverse(reached: float, p: float, q: float) -> None:
    """Whoever asks when a share is reached and then asks for the share has it again."""
    assert share(years_to(reached, p, q), p, q) == pytest.approx(reached, abs=1e-9)


def days(*numbers: int) -> list[date]:
    return [START + timedelta(days=number) for number in numbers]


def test_the_clock_starts_at_the_launch() -> None:
    """Before it nobody joins; from it on a day is a day."""
    found = clock(Terms(START + timedelta(days=10)), days(0, 10, 11, 375), 1e6, P, Q)
    assert found == pytest.approx([0, 0, 1 / DAYS, 365 / DAYS], abs=1e-12)


def test_a_halt_stops_the_clock() -> None:
    """Its first day is halted, its last is not; for good is for good."""
    halted = Terms(START, halts=(Halt(days(5)[0], days(8)[0]),))
    assert [day * DAYS for day in clock(halted, days(5, 6, 8, 9), 1e6, P, Q)] == pytest.approx([5, 5, 5, 6])
    assert [halted.is_open(day) for day in days(4, 5, 7, 8)] == [True, False, False, True]
    for_good = Terms(START, halts=(Halt(days(5)[0], None),))
    assert [day * DAYS for day in clock(for_good, days(5, 900), 1e6, P, Q)] == pytest.approx([5, 5])


def test_a_cap_stops_the_clock_where_it_is_reached() -> None:
    """Users stay at the cap, and go on from there when it is raised."""
    potential, cap = 1e6, 50_000.0
    terms = Terms(START, (Cap(START, cap), Cap(START + timedelta(days=1000), None)))
    times = clock(terms, days(300, 700, 1000, 1365), potential, P, Q)
    users = [potential * share(time, P, Q) for time in times]
    assert users[0] < cap
    assert users[1] == pytest.approx(cap, abs=1e-6)
    assert users[2] == pytest.approx(cap, abs=1e-6)
    assert times[3] == pytest.approx(years_to(cap / potential, P, Q) + 365 / DAYS)


def test_a_cap_below_what_is_reached_makes_nobody_leave() -> None:
    """It only stops."""
    terms = Terms(START, (Cap(START + timedelta(days=700), 1.0),))
    first, later = clock(terms, days(700, 2000), 1e6, P, Q)
    assert first == later == pytest.approx(700 / DAYS)


def test_a_cap_above_everybody_is_none() -> None:
    """A cap at the potential or above it holds nobody back."""
    free = clock(Terms(START), days(4000), 1e6, P, Q)
    assert clock(Terms(START, (Cap(START, 1e6),)), days(4000), 1e6, P, Q) == free
    assert clock(Terms(START, (Cap(START, 2e6),)), days(4000), 1e6, P, Q) == free


def test_the_cap_in_force() -> None:
    """From its day on; before the first there is none."""
    terms = Terms(START, (Cap(days(5)[0], 20.0), Cap(days(9)[0], 40.0), Cap(days(12)[0], None)))
    assert [terms.cap(day) for day in days(4, 5, 8, 9, 11, 12)] == [None, 20.0, 20.0, 40.0, 40.0, None]


@given(st.lists(st.integers(0, 4000), min_size=1, max_size=20, unique=True), st.floats(0.01, 1), st.integers(0, 3000))
def test_users_never_pass_the_cap_nor_fall(numbers: list[int], part: float, halted: int) -> None:
    """Whatever days are asked for: users rise or stay, at most to the cap, and the answer for a day is the same."""
    potential = 1e6
    terms = Terms(START, (Cap(START, part * potential),), (Halt(days(halted)[0], days(halted + 100)[0]),))
    asked = days(*sorted(numbers))
    users = [potential * share(time, P, Q) for time in clock(terms, asked, potential, P, Q)]
    assert users == sorted(users)
    assert max(users) <= part * potential * (1 + 1e-9)
    alone = clock(terms, asked[-1:], potential, P, Q)[0]
    assert potential * share(alone, P, Q) == pytest.approx(users[-1], rel=1e-9, abs=1e-6)
