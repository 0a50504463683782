"""The price of bills and of selling them in a hurry, against the figures of the papers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from economy.reserve.book import ONE
from economy.reserve.prices import (
    BP,
    PPB,
    REFERENCE_FLOW,
    discount,
    face_for,
    price,
    yield_move,
)

BN = 1_000_000_000 * ONE


def test_a_rise_of_yields() -> None:
    """'+100 bp on 91-day bills = -24.9 bp, x0.8 = -19.9 bp of reserve.'"""
    face = 10**10
    lost = price(face, 91, 0) - price(face, 91, 100 * BP)
    assert lost / face * 1e4 == pytest.approx(24.93, abs=0.005)
    assert 0.8 * lost / face * 1e4 == pytest.approx(19.9, abs=0.05)


def test_the_kernel_is_within_the_paper() -> None:
    """'+3.5 bn over 5 days = -2 to -2.5 bp of 3-month bill yield, outflows 2-3x: 4 to 7.5 bp.'"""
    inflow, outflow = yield_move("USD", sold=-3_500_000_000 * ONE), yield_move("USD", sold=3_500_000_000 * ONE)
    assert -2.5 * BP <= inflow <= -2 * BP
    assert 4 * BP <= outflow <= 7.5 * BP
    assert 2 <= outflow / -inflow <= 3
    assert (inflow, outflow) == (-225_000, 562_500)


def test_the_kernel_in_price() -> None:
    """'= about 0.5-0.6 bp of price per inflow, 1-1.9 bp per outflow.'"""
    face = 10**12
    for sold, low, high in ((-1, 0.5, 0.62), (1, 1.0, 1.9)):
        move = abs(yield_move("USD", sold=sold * 3_500_000_000 * ONE))
        assert low <= discount(face, 91, move) / face * 1e4 <= high


def test_the_kernel_is_linear_and_by_currency() -> None:
    """Half a flow, half the move; other currencies at the rates of 2019-06-18: 1.1187 dollars a euro."""
    assert yield_move("USD", sold=1_750_000_000 * ONE) == 281_250
    assert yield_move("USD", sold=0) == 0
    assert REFERENCE_FLOW["EUR"] == 3_500_000_000 * ONE * 10_000 // 11_187
    assert REFERENCE_FLOW["JPY"] > REFERENCE_FLOW["SGD"] > REFERENCE_FLOW["USD"] > REFERENCE_FLOW["EUR"]


def test_rounding_is_against_the_seller() -> None:
    """A discount is rounded up, is never negative, and leaves at least one micro-unit."""
    assert discount(365, 1, PPB) == 1
    assert discount(366, 1, PPB) == 2
    assert discount(100, 10, -5) == 0
    assert price(1, 91, PPB // 2) == 1
    assert price(2, 365, PPB) == 1


@given(st.integers(1, 10**18), st.integers(1, 93), st.integers(0, PPB // 2))
def test_what_a_cost_buys(cost: int, days: int, rate: int) -> None:
    """The face bought is worth the cost, up to what one unit of face is worth."""
    face = face_for(cost, days, rate)
    assert face >= cost
    assert price(face, days, rate) <= cost + 1
    assert price(face + 2, days, rate) >= cost
