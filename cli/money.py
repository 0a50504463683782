"""Exchange rates of a day in the shapes that a network takes: at genesis, and for the treasury to publish."""

import datetime

from economy.basket import COIN_CURRENCY, xdx_rates
from economy.market.rates import DayRates, load_day
from node.client.operations.treasury import Rate
from node.localnet.genesis import Rates


def day_of(date: datetime.datetime | None) -> DayRates:
    """The reference rates in force on a date as click reads it; None is the newest."""
    return load_day(None if date is None else date.date())


def genesis_rates(day: DayRates) -> Rates:
    """Each coin's and each other currency's value in XDX, as 32-bit fixed point."""
    quotes = {item.code: item.raw for item in xdx_rates(day)}
    return Rates({code: quotes.pop(code) for code in COIN_CURRENCY}, quotes)


def rates_to_publish(day: DayRates) -> list[Rate]:
    """Each coin's and each other currency's value in XDX, as the treasury publishes it."""
    return [Rate(item.code, item.numerator, item.denominator) for item in xdx_rates(day)]
