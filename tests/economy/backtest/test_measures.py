"""What is measured, on paths small enough to compute by hand."""

import datetime
import math

import numpy as np
import pytest

from economy.backtest import measures
from economy.backtest.measures import Drawdown, Move

D = datetime.date.fromisoformat
FIRST = D("2020-01-01").toordinal()


def days(*offsets: int) -> np.ndarray:
    """Ordinals of days after 2020-01-01."""
    return np.array([FIRST + offset for offset in offsets])


def day(offset: int) -> datetime.date:
    return datetime.date.fromordinal(FIRST + offset)


def test_volatility_is_the_sample_deviation_of_log_returns() -> None:
    """log returns, sample sd x sqrt 252."""
    values = np.array([100.0, 110.0, 99.0])
    up, down = math.log(1.1), math.log(0.9)
    expected = abs(up - down) / math.sqrt(2) * math.sqrt(252) * 100
    assert measures.volatility_percent(measures.log_returns(values)) == pytest.approx(expected, rel=1e-12)
    assert measures.volatility_percent(measures.log_returns(values[:2])) is None
    assert measures.volatility_percent(np.array([0.01, 0.01])) == 0


def test_one_day_is_from_fixing_to_fixing() -> None:
    """A weekend lies within one day; returns are simple."""
    found = measures.extreme_moves(np.array([100.0, 90.0, 99.0]), days(0, 1, 4), 1)
    assert found is not None
    assert [move.percent for move in found] == pytest.approx([-10, 10])
    assert [move[1:] for move in found] == [(day(0), day(1)), (day(1), day(4))]


def test_a_window_ends_at_the_last_fixing_that_is_not_later() -> None:
    """30 days: from each fixing to the last fix on or before; only windows that end within the path."""
    ordinals = days(0, 10, 29, 31, 45)
    values = np.array([100.0, 50.0, 80.0, 10.0, 60.0])
    found = measures.extreme_moves(values, ordinals, 30)
    assert found is not None
    # 0 -> 29: -20 %; 10 -> 31 (40 is no fixing): -80 %; from 29 on the window would end after the path.
    assert [move.percent for move in found] == pytest.approx([-80, -20])
    assert [move[1:] for move in found] == [(day(10), day(31)), (day(0), day(29))]
    assert measures.extreme_moves(values, ordinals, 45) == (Move(-40.0, day(0), day(45)),) * 2
    assert measures.extreme_moves(values, ordinals, 46) is None


def test_drawdown_with_its_days() -> None:
    """The value against the highest before it; the first day back at the peak."""
    values = np.array([100.0, 120.0, 90.0, 60.0, 119.9, 120.0, 130.0])
    ordinals = days(*range(7))
    assert measures.max_drawdown(values, ordinals) == Drawdown(-50.0, day(1), day(3), day(5))
    assert measures.max_drawdown(values[:5], ordinals[:5]).recovered is None
    rising = measures.max_drawdown(np.array([1.0, 2.0]), days(0, 1))
    assert rising == Drawdown(0.0, day(0), day(0), day(0))


def test_kurtosis_of_simple_returns() -> None:
    """Two equal steps up and down have kurtosis 1; a constant path has none."""
    assert measures.kurtosis(np.array([1.0, 1.1, 0.99, 1.089, 0.9801])) == pytest.approx(1)
    assert measures.kurtosis(np.ones(5)) is None


def test_value_at_risk() -> None:
    """1-day 99 %: 2.3263 deviations of log returns, and the first percentile of simple returns, as losses."""
    returns = np.linspace(-0.05, 0.05, 101)
    values = np.concatenate([[1.0], np.cumprod(1 + returns)])
    found = measures.value_at_risk_percent(values)
    assert found is not None
    logs = np.log(1 + returns)
    assert found[0] == pytest.approx(2.3263478740408408 * logs.std(ddof=1) * 100)
    assert found[1] == pytest.approx(4.9)
    assert measures.value_at_risk_percent(values[:2]) is None


def test_analytic_volatility() -> None:
    """sqrt(w'Cw): of one leg its own volatility, of two halves of the same leg as well."""
    leg = np.array([1.0, 1.1, 0.9, 1.2])
    own = measures.volatility_percent(measures.log_returns(leg))
    assert measures.analytic_volatility_percent(np.array([1.0]), leg[:, None]) == pytest.approx(own)
    both = np.stack([leg, leg], axis=1)
    assert measures.analytic_volatility_percent(np.array([0.5, 0.5]), both) == pytest.approx(own)
    against = np.stack([leg, 1 / leg], axis=1)
    assert measures.analytic_volatility_percent(np.array([0.5, 0.5]), against) == pytest.approx(0, abs=1e-9)
    assert measures.analytic_volatility_percent(np.array([1.0]), leg[:2, None]) is None


def test_years() -> None:
    """The volatility of the year's own fixings, the return since the last fixing of the year before."""
    dates = [D(text) for text in ("2019-12-30", "2019-12-31", "2020-01-02", "2020-06-01", "2020-12-31")]
    values = np.array([100.0, 110.0, 121.0, 110.0, 132.0])
    (first, second) = measures.by_year(values, dates)
    assert first[:2] == (2019, None)
    assert first[2] == pytest.approx(10)
    assert second[:2] == (2020, measures.volatility_percent(measures.log_returns(values[2:])))
    assert second[2] == pytest.approx(20)
