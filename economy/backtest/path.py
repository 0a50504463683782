"""The value of a basket day by day: amounts fixed once, or set back to the weights every day or every month."""

import datetime
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

NEVER, DAILY, MONTHLY = "never", "daily", "monthly"
REBALANCING = (NEVER, MONTHLY, DAILY)

Floats = NDArray[np.float64]


def path_of(
    prices: Floats, amounts: Floats, weights: Floats, dates: Sequence[datetime.date], rebalance: str
) -> tuple[Floats, Floats]:
    """The value on each day, and the amounts held at the end.

    `prices` (days x currencies) are values of one unit; the path starts with `amounts`. `never` keeps them; `daily`
    turns the whole value into `weights` at each fixing, `monthly` at the first fixing of each month, both also on the
    first day. Nothing is charged for that.
    """
    if rebalance == NEVER:
        return prices @ amounts, amounts
    months = [(day.year, day.month) for day in dates]
    turns = [place for place in range(1, len(dates)) if rebalance == DAILY or months[place] != months[place - 1]]
    edges = [0, *turns, len(dates)]
    values = np.empty(len(dates))
    value = float(prices[0] @ amounts)
    for start, end in pairwise(edges):
        if start:
            value = float(prices[start] @ amounts)
        amounts = weights * value / prices[start]
        values[start:end] = prices[start:end] @ amounts
    return values, amounts
