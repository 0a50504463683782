"""The price of the coin: the dealers' band, and the floor of a fully reserved coin."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from economy.reserve.peg import Peg, band, fitted_queue, lowest_price, secondary_price

UNIT = st.floats(0, 1)


def test_the_band_of_the_dealers() -> None:
    """'price in [1-f_b-rho d/365, 1+f_m]; rho 5 %, 3 days -> 0.999589; 20 % + 10 bp fee, 3 days -> 0.997356.'"""
    assert round(band(days=3, rate=0.05)[0], 6) == 0.999589
    assert round(band(days=3, rate=0.20, burn_fee=0.001)[0], 6) == 0.997356
    assert band(days=3, rate=0.05, mint_fee=0.002)[1] == 1.002
    assert band(days=0, rate=0.05) == (1, 1)


def test_with_credit_the_price_is_the_bands_floor() -> None:
    """Dealers who can pay hold the price where they break even."""
    for days in (0, 1, 3, 7):
        price = secondary_price(Peg(), worth=1, worst=0.9, days=days, is_open=False)
        assert price == band(days=days, rate=0.05)[0]


def test_without_credit() -> None:
    """x = 1: the worst value, patient money's rate, and the price of queueing while redemption is shut."""
    peg = Peg(rate=0.05, distress_rate=0.73, queue=0.5)
    assert lowest_price(peg, worst=0.9, days=5, is_open=True) == pytest.approx(0.9 - 0.01)
    assert lowest_price(peg, worst=0.9, days=5, is_open=False) == pytest.approx(0.9 - 0.01 - 0.05)
    assert lowest_price(peg, worst=0.9, days=5, is_open=True, fee=0.002) == pytest.approx(0.888)
    half = secondary_price(peg, worth=1, worst=0.9, days=5, is_open=False, exhausted=0.5)
    assert half == pytest.approx(0.95 - (0.5 * 0.05 + 0.5 * 0.73) * 5 / 365 - 0.025)


@given(UNIT, st.floats(0, 8), st.booleans())
def test_the_price_of_a_fully_reserved_coin_has_a_floor(exhausted: float, days: float, is_open: bool) -> None:
    """'TerraUSD's path is impossible for a fully reserved coin': whatever is sold, the price is that of waiting."""
    price = secondary_price(Peg(), worth=1, worst=1, days=days, is_open=is_open, exhausted=exhausted)
    assert price >= 1 - 1.0 * days / 365 - 1e-12 > 0.97


@given(UNIT, UNIT, UNIT, st.floats(0, 30), st.booleans())
def test_signs(worst: float, more: float, exhausted: float, days: float, is_open: bool) -> None:
    """More dealers' credit, more worth, an open window: none lowers the price; and it is never below 0 or above par."""
    worth = max(worst, more)
    here = secondary_price(Peg(), worth=worth, worst=worst, days=days, is_open=is_open, exhausted=exhausted)
    assert 0 <= here <= 1
    slack = 1e-12
    assert secondary_price(Peg(), worth=worth, worst=worst, days=days, is_open=is_open) >= here - slack
    assert secondary_price(Peg(), worth=1, worst=worst, days=days, is_open=is_open, exhausted=exhausted) >= here - slack
    opened = secondary_price(Peg(), worth=worth, worst=worst, days=days, is_open=True, exhausted=exhausted)
    assert opened >= here - slack


def test_fitting_the_price_of_queueing() -> None:
    """The fitted q gives the observed low back."""
    queue = fitted_queue(Peg(), low=0.8774, worst=0.92162, days=2.25)
    assert lowest_price(Peg(queue=queue), worst=0.92162, days=2.25, is_open=False) == pytest.approx(0.8774)
