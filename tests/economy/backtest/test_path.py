"""The value of a basket: fixed amounts, or set back to the weights."""

import datetime

import numpy as np
import pytest

from economy.backtest.path import DAILY, MONTHLY, NEVER, path_of

D = datetime.date.fromisoformat
DATES = [D("2020-01-30"), D("2020-01-31"), D("2020-02-03"), D("2020-02-04")]
PRICES = np.array([[1.0, 2.0], [1.0, 4.0], [1.0, 2.0], [1.0, 4.0]])
AMOUNTS, WEIGHTS = np.array([0.5, 0.25]), np.array([0.5, 0.5])


def test_fixed_amounts() -> None:
    """Value = sum of amounts times prices; the amounts stay."""
    values, held = path_of(PRICES, AMOUNTS, WEIGHTS, DATES, NEVER)
    assert list(values) == [1, 1.5, 1, 1.5]
    assert list(held) == [0.5, 0.25]


def test_rebalanced_daily() -> None:
    """Half in each again at each fixing: x 1.5, x 0.75, x 1.5."""
    values, held = path_of(PRICES, AMOUNTS, WEIGHTS, DATES, DAILY)
    assert list(values) == pytest.approx([1, 1.5, 1.125, 1.6875])
    assert list(held) == pytest.approx([1.6875 / 2, 1.6875 / 2 / 4])


def test_rebalanced_at_the_first_fixing_of_a_month() -> None:
    """January as it began; 2020-02-03 has the value of January's amounts and starts anew."""
    values, held = path_of(PRICES, AMOUNTS, WEIGHTS, DATES, MONTHLY)
    assert list(values) == pytest.approx([1, 1.5, 1, 1.5])
    assert list(held) == pytest.approx([0.5, 0.25])
    tilted, _ = path_of(PRICES[[0, 1, 1, 0]], AMOUNTS, WEIGHTS, DATES, MONTHLY)
    assert list(tilted) == pytest.approx([1, 1.5, 1.5, 0.75 + 0.375])


def test_the_weights_hold_from_the_first_day() -> None:
    """Where the amounts at the start have other shares, they are exchanged at once, for the same value."""
    values, _ = path_of(PRICES, np.array([1.0, 0.0]), WEIGHTS, DATES, MONTHLY)
    assert list(values[:2]) == pytest.approx([1, 1.5])


def test_one_day_is_a_path() -> None:
    """Nothing to rebalance."""
    for mode in (NEVER, MONTHLY, DAILY):
        values, held = path_of(PRICES[:1], AMOUNTS, WEIGHTS, DATES[:1], mode)
        assert list(values) == [1]
        assert list(held) == [0.5, 0.25]
