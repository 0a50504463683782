"""A back-test: a basket over a period, in the money of a holder, beside what the holder could have held instead.

Conventions are the defaults: amounts are set on the base date so that one unit of the basket is worth one US dollar
and its shares are the weights; they stay fixed; a day is a fixing of the rates. The shown amounts are rounded, those
that are computed with are not.
"""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from economy.backtest import measures
from economy.backtest.baskets import BasketSpec
from economy.backtest.measures import Drawdown, Move
from economy.backtest.path import NEVER, REBALANCING, path_of
from economy.basket import COIN_CURRENCY
from economy.errors import ParameterError
from economy.market.history import History, Window

UNIT = "USD"
"""One unit of a basket by weights is worth one of these on the base date."""

PUBLISHED = (datetime.date(2010, 1, 4), datetime.date(2025, 12, 31))
"""First and last day of the rows that are compared with a calculation by other hands: what is tested when nobody says
a period."""

WINDOWS = (1, 30, 365)
"""Days of the worst and best windows."""

Floats = NDArray[np.float64]


class Order(NamedTuple):
    """What to test. `base` is the day on which weights become amounts: None is the first fixing from `start` on."""

    basket: BasketSpec
    start: datetime.date
    end: datetime.date
    holder: str = UNIT
    base: datetime.date | None = None
    rebalance: str = NEVER


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A path of values in the holder's money, and what is measured on it."""

    name: str
    values: Floats
    volatility_percent: float | None
    total_percent: float
    worst: Mapping[int, Move | None]
    best: Mapping[int, Move | None]
    drawdown: Drawdown
    kurtosis: float | None
    var_percent: tuple[float, float] | None
    years: tuple[tuple[int, float | None, float], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """A back-test. Amounts and weights are in the basket's order, weights as shares of 1.

    `base_fixing` is the day whose rates made the amounts, for a basket of amounts the day from which they were known.
    """

    order: Order
    window: Window
    base_fixing: datetime.date
    amounts: Mapping[str, float]
    end_amounts: Mapping[str, float]
    weights: Mapping[str, Mapping[str, float]]
    usd_values: Floats
    basket: Measured
    alternatives: tuple[Measured, ...]
    analytic_volatility_percent: float | None
    is_hindsight: bool


def period(
    history: History, start: datetime.date | None, end: datetime.date | None, base: datetime.date | None
) -> tuple[datetime.date, datetime.date]:
    """First and last day from what somebody said: from `start`, else the base date, to `end`, else the newest fixing.

    Whoever names neither start nor base has the `PUBLISHED` days, or all of a source that does not have them.
    """
    first = start or base
    if first is not None:
        return first, end or history.last
    if history.first <= PUBLISHED[0] and PUBLISHED[1] <= history.last:
        return PUBLISHED[0], end or PUBLISHED[1]
    return history.first, end or history.last


def run_backtest(history: History, order: Order) -> Result:
    """Test a basket; errors as in `History.window`, and ParameterError `bad_parameter`."""
    if order.rebalance not in REBALANCING:
        words = f"unknown rebalancing {order.rebalance[:20]!r}; there are {', '.join(REBALANCING)}"
        raise ParameterError(words, rebalance=order.rebalance[:20])
    codes = list(order.basket.parts)
    window = history.window([*codes, order.holder, UNIT], order.start, order.end)
    base = history.day([*codes, UNIT], window.dates[0] if order.base is None else order.base)
    fixed_on = order.basket.fixed_on or base.dates[0]
    amounts, weights = _amounts(order.basket, base, window)
    prices = np.stack([window.value(code, UNIT) for code in codes], axis=1)
    usd_values, end_amounts = path_of(prices, amounts, weights, window.dates, order.rebalance)
    values = usd_values * window.value(UNIT, order.holder)
    shares = {"base": _shares(base, codes, amounts), "start": prices[0] * amounts, "end": prices[-1] * end_amounts}
    legs = np.stack([window.value(code, order.holder) for code in codes], axis=1)
    return Result(
        order, window, fixed_on, dict(zip(codes, amounts.tolist(), strict=True)),
        dict(zip(codes, end_amounts.tolist(), strict=True)),
        {at: dict(zip(codes, (held / held.sum()).tolist(), strict=True)) for at, held in shares.items()},
        usd_values, measure(order.basket.name, values, window), tuple(_alternatives(order, window)),
        measures.analytic_volatility_percent(weights, legs), fixed_on > window.dates[0],
    )  # fmt: skip


def measure(name: str, values: Floats, window: Window) -> Measured:
    """Everything that is measured on a path over the days of a window."""
    extremes = {days: measures.extreme_moves(values, window.ordinals, days) for days in WINDOWS}
    return Measured(
        name, values, measures.volatility_percent(measures.log_returns(values)),
        float((values[-1] / values[0] - 1) * 100),
        {days: None if found is None else found[0] for days, found in extremes.items()},
        {days: None if found is None else found[1] for days, found in extremes.items()},
        measures.max_drawdown(values, window.ordinals), measures.kurtosis(values),
        measures.value_at_risk_percent(values), tuple(measures.by_year(values, window.dates)),
    )  # fmt: skip


def _amounts(basket: BasketSpec, base: Window, window: Window) -> tuple[Floats, Floats]:
    """Units of each currency at the start, and the shares to come back to where the basket is rebalanced."""
    parts = np.array([float(part) for part in basket.parts.values()])
    if basket.is_amounts:
        held = np.array([window.value(code, UNIT)[0] for code in basket.parts]) * parts
        return parts, held / held.sum()
    return parts / np.array([base.value(code, UNIT)[0] for code in basket.parts]), parts


def _shares(base: Window, codes: Iterable[str], amounts: Floats) -> Floats:
    """Values of the amounts on the base date."""
    return np.array([base.value(code, UNIT)[0] for code in codes]) * amounts


def _alternatives(order: Order, window: Window) -> Iterable[Measured]:
    """The holder's own money, the dollar coin, and each other coin (or currency without one) of the basket."""
    coins = {currency: coin for coin, currency in COIN_CURRENCY.items()}
    yield measure(f"home ({order.holder})", np.ones(len(window.dates)), window)
    for code in dict.fromkeys([UNIT, *order.basket.parts]):
        yield measure(coins.get(code, code), window.value(code, order.holder), window)
