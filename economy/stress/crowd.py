"""Who runs: three models of how many holders leave today beyond the ordinary, as a share of the coins.

    threshold        a large holder leaves when yesterday's price was below `whale_price`, the crowd (`run_speed` of it
                     a day) when it was below `run_price`
    diamond-dybvig   Diamond and Dybvig (1983) on this balance sheet: everybody expects the redemptions of the last five
                     days to go on, or all coins (`sunspot`); if more are expected than can be redeemed before those who
                     stay lose, all want to be first
    global-game      Goldstein and Pauzner (2005): whoever is in doubt takes every share n of leavers for equally likely
                     and compares what staying is worth on average with par less `exit_cost`; errors of +-`noise`

In the second, n* is the share that can be redeemed before selling bills has used up the capital k:
s (c0 + c1 s) = k, n* = (cash + s) / debts. In the third the stayers' payoff after n is min(1, 1 + (k - loss(n)) /
((1 - n) debts)), averaged over five values of n.
"""

from statistics import NormalDist
from typing import Protocol

import numpy as np

from economy.errors import ParameterError
from economy.stress.draws import Floats
from economy.stress.factors import Factors
from economy.stress.parameters import Parameters

RUNS = ("threshold", "diamond-dybvig", "global-game")
GUESSES = (0.1, 0.3, 0.5, 0.7, 0.9)
"""Midpoints of five equal parts of the shares that may leave."""
MEMORY_DAYS = 5
SMALL = 1e-12


def check_run(run: str) -> None:
    """ParameterError `unknown_run` unless it is one of `RUNS`."""
    if run not in RUNS:
        raise ParameterError(
            f"there is no model of runs {run[:40]!r}; there are {', '.join(RUNS)}",
            name="unknown_run",
            available=list(RUNS),
        )


class Seen(Protocol):
    """What holders see of the reserves of a block: yesterday's price and redemptions, this morning's books."""

    price: Floats
    outflow: Floats
    cash: Floats
    bills: Floats
    debts: Floats
    capital: Floats


class Crowd:
    """The holders of a block of paths."""

    def __init__(self, parameters: Parameters, factors: Factors, run: str) -> None:
        """Nobody has left yet."""
        width = factors.width
        p = self._p = parameters
        self._factors = factors
        self._rule = {"threshold": self._threshold, "diamond-dybvig": self._expected, "global-game": self._doubtful}[
            run
        ]
        self._all = p.whales + (1 - p.whales) * p.run_speed  # on the first day of a run
        self._omen = _upper(p.sunspot)
        self._leaving, self._seen, self._a, self._b, self._c = (np.zeros(width) for _ in range(5))

    def leaving(self, year: Seen) -> Floats:
        """The share of today's coins whose holders run, given the reserve of `year`; valid until the next call."""
        self._rule(year)
        return self._leaving

    def _threshold(self, year: Seen) -> None:
        """By yesterday's price."""
        p, leaving = self._p, self._leaving
        leaving.fill(0)
        low = np.flatnonzero(year.price < max(p.run_price, p.whale_price))
        if len(low):
            price = year.price[low]
            crowd = np.where(price < p.run_price, (1 - p.whales) * p.run_speed, 0.0)
            leaving[low] = crowd + np.where(price < p.whale_price, p.whales, 0.0)

    def _expected(self, year: Seen) -> None:
        """By what everybody expects of everybody, against what the reserve can stand."""
        p, stands, a = self._p, self._b, self._a
        np.multiply(self._seen, 1 - 1 / MEMORY_DAYS, out=self._seen)
        np.multiply(year.outflow, 1.0, out=a)
        np.add(self._seen, a, out=self._seen)  # about the sum of the last five days
        np.maximum(year.capital, 0, out=stands)
        np.multiply(stands, 4 * p.cost_slope, out=a)
        np.add(a, p.sale_cost**2, out=a)
        np.sqrt(a, out=a)
        np.add(a, p.sale_cost + SMALL, out=a)
        np.multiply(stands, 2, out=stands)
        np.divide(stands, a, out=stands)  # bills that can be sold before the capital is gone
        np.minimum(stands, year.bills, out=stands)
        np.add(stands, year.cash, out=stands)
        np.maximum(year.debts, SMALL, out=a)
        np.divide(stands, a, out=stands)
        np.copyto(stands, 0, where=year.capital < 0)
        np.minimum(self._seen, 1, out=a)
        np.copyto(a, 1, where=self._factors.mood > self._omen)
        self._leaving.fill(0)
        np.copyto(self._leaving, self._all, where=a > stands)

    def _doubtful(self, year: Seen) -> None:
        """By the threshold of the global game."""
        p, value, a, b, debts = self._p, self._leaving, self._a, self._b, self._c
        value.fill(0)
        np.maximum(year.debts, SMALL, out=debts)
        for guess in GUESSES:
            np.multiply(debts, guess, out=a)
            np.subtract(a, year.cash, out=a)
            np.maximum(a, 0, out=a)  # bills to sell
            np.multiply(a, p.cost_slope, out=b)
            np.add(b, p.sale_cost, out=b)
            np.multiply(a, b, out=a)
            np.subtract(year.capital, a, out=a)
            np.divide(a, debts, out=a)
            np.multiply(a, 1 / (1 - guess), out=a)
            np.minimum(a, 0, out=a)
            np.maximum(a, -1, out=a)
            np.add(value, a, out=value)
        np.multiply(value, 1 / len(GUESSES), out=value)  # staying, less par
        np.add(value, p.exit_cost, out=value)
        np.multiply(value, -1 / (2 * p.noise), out=value)
        np.add(value, 0.5, out=value)
        np.maximum(value, 0, out=value)
        np.minimum(value, 1, out=value)
        np.multiply(value, self._all, out=value)


def _upper(chance: float) -> float:
    """The value that a standard normal exceeds with this probability."""
    if chance in (0.0, 1.0):
        return np.inf if chance == 0 else -np.inf
    return -NormalDist().inv_cdf(chance)  # 1 - chance would be 1 for the smallest
