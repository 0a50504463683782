"""What is measured on a path of values: conventions in one place, each as a plain function over arrays.

- Volatility: sample standard deviation of daily log returns, times the square root of 252, in percent.
- A window of N days: from each fixing to the last fixing that is not more than N calendar days later; only windows
  that end within the path count. Returns are simple, in percent.
- Drawdown: the value against the highest before it, in percent.
- Value at risk, one day, 99 %: `normal` is 2.3263 standard deviations of log returns, `historical` the first percentile
  of simple returns (linear between neighbours), both as a positive loss in percent. Kurtosis is that of simple returns;
  a normal distribution has 3.
"""

import datetime
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

TRADING_DAYS = 252
QUANTILE_99 = 2.3263478740408408

Floats = NDArray[np.float64]
Ordinals = NDArray[np.int64]


class Move(NamedTuple):
    """A simple return in percent, from the fixing of `start` to that of `end`."""

    percent: float
    start: datetime.date
    end: datetime.date


class Drawdown(NamedTuple):
    """The deepest fall: percent below the peak, its days, and the first day back at the peak or None."""

    percent: float
    peak: datetime.date
    trough: datetime.date
    recovered: datetime.date | None


def log_returns(values: Floats) -> Floats:
    """Daily log returns, one fewer than values."""
    return np.diff(np.log(values))


def volatility_percent(returns: Floats) -> float | None:
    """Yearly volatility of daily log returns; None for fewer than two."""
    if len(returns) < 2:
        return None
    return float(returns.std(ddof=1) * TRADING_DAYS**0.5 * 100)


def extreme_moves(values: Floats, ordinals: Ordinals, days: int) -> tuple[Move, Move] | None:
    """The worst and the best window of `days`; None if the path is shorter. One day is from fixing to fixing."""
    if days == 1:
        starts = np.arange(len(values) - 1)
        ends = starts + 1
    else:
        starts = np.flatnonzero(ordinals + days <= ordinals[-1])
        ends = np.searchsorted(ordinals, ordinals[starts] + days, side="right") - 1
    if not len(starts):
        return None
    moves = (values[ends] / values[starts] - 1) * 100
    low, high = int(moves.argmin()), int(moves.argmax())
    return _move(moves, ordinals, starts, ends, low), _move(moves, ordinals, starts, ends, high)


def max_drawdown(values: Floats, ordinals: Ordinals) -> Drawdown:
    """The deepest fall of a path; 0 % on its first day if it never falls."""
    falls = values / np.maximum.accumulate(values) - 1
    trough = int(falls.argmin())
    peak = int(values[: trough + 1].argmax())
    back = np.flatnonzero(values[trough:] >= values[peak])
    recovered = _day(ordinals, trough + int(back[0])) if len(back) else None
    return Drawdown(float(falls[trough] * 100), _day(ordinals, peak), _day(ordinals, trough), recovered)


def kurtosis(values: Floats) -> float | None:
    """Fourth moment of daily simple returns over the square of the second; None for a constant path."""
    if len(values) < 2:
        return None
    returns = np.diff(values) / values[:-1]
    away = returns - returns.mean()
    spread = float((away**2).mean())
    return float((away**4).mean()) / spread**2 if spread > 0 else None


def value_at_risk_percent(values: Floats) -> tuple[float, float] | None:
    """One day, 99 %: (normal, historical); None for fewer than two returns."""
    returns = log_returns(values)
    if len(returns) < 2:
        return None
    historical = -np.percentile(np.diff(values) / values[:-1], 1) * 100
    return float(QUANTILE_99 * returns.std(ddof=1) * 100), float(historical)


def analytic_volatility_percent(weights: Floats, legs: Floats) -> float | None:
    """sqrt(w'Cw) with the covariance of the legs' daily log returns (days x currencies), yearly, in percent."""
    returns = np.diff(np.log(legs), axis=0)
    if len(returns) < 2:
        return None
    covariance = np.atleast_2d(np.cov(returns.T))
    return float((weights @ covariance @ weights * TRADING_DAYS) ** 0.5 * 100)


def by_year(values: Floats, dates: Sequence[datetime.date]) -> list[tuple[int, float | None, float]]:
    """(year, volatility, return in percent): the volatility of the year's own fixings, the return since the last
    fixing of the year before, or since the first of the path."""
    years = np.array([day.year for day in dates])
    found, before = [], values[0]
    for year in np.unique(years):
        own = values[years == year]
        found.append((int(year), volatility_percent(log_returns(own)), float((own[-1] / before - 1) * 100)))
        before = own[-1]
    return found


def _move(moves: Floats, ordinals: Ordinals, starts: Ordinals, ends: Ordinals, place: int) -> Move:
    """One window with its days."""
    return Move(float(moves[place]), _day(ordinals, int(starts[place])), _day(ordinals, int(ends[place])))


def _day(ordinals: Ordinals, place: int) -> datetime.date:
    return datetime.date.fromordinal(int(ordinals[place]))
