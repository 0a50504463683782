"""What a receipt says about a cross-border payment: what arrives, at which rate, beside today's usual cost.

Rounding, always in favour of honesty: the amount received and the rate shown are both cut off, never rounded
up. The amount follows from the exact ratio of the two published reference rates, not from the shown rate.
"""

import datetime
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal
from fractions import Fraction

from chain.errors import AmountError
from economy.basket import COIN_CURRENCY
from economy.corridors.prices import corridor_cost
from economy.countries import COIN_HOME, find_country, minor_digits
from economy.errors import UnknownNameError
from economy.market.rates import DayRates

MICRO_PER_COIN = 10**6
RATE_DIGITS = 10
"""Significant digits of a shown rate."""

LEAVES_OUT = (
    "cash-in and cash-out are not included: buying the coins with money, selling them for money, and any"
    " margin on the reference rate. The World Bank's average is for USD 200 and covers a whole service."
)

_U64_MAX = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Quote:
    """One payment as its receiver sees it.

    `sent` is whole coins of `coin`; `received` is in `currency` with the digits of its minor unit; `rate` is
    units of `currency` for one coin, from the ECB's fixing of `rate_date`. `world_bank_pct` (percent of
    USD 200) and `world_bank_quarter` are the corridor's latest published average, or None with
    `world_bank_reason`. `leaves_out` says what the comparison does not cover.
    """

    sent: Decimal
    coin: str
    from_country: str | None
    to_country: str
    received: Decimal
    currency: str
    rate: Decimal
    rate_date: datetime.date
    world_bank_pct: Decimal | None
    world_bank_quarter: str | None
    world_bank_reason: str | None
    leaves_out: str


def quote(
    amount_micro: int,
    coin: str,
    to_country: str,
    day: DayRates,
    *,
    from_country: str | None = None,
) -> Quote:
    """What `amount_micro` micro-units of `coin` are for a receiver in `to_country`, at the rates of `day`.

    `from_country` (ISO code) picks the corridor; left out, it is the coin's home, which XEU has not.
    Raises AmountError `amount_out_of_range` (0 .. 2^64-1), UnknownNameError `unknown_currency` for what is
    not one of the five coins and `unknown_country`, RateError `rate_not_available` (EGP, say, is not quoted).
    """
    if not 0 <= amount_micro <= _U64_MAX:
        raise AmountError(f"{amount_micro} micro-units is not in 0 .. {_U64_MAX}", amount=amount_micro)
    if coin not in COIN_CURRENCY:
        raise UnknownNameError(
            f"unknown coin {coin!r}; the coins are {', '.join(COIN_CURRENCY)}",
            name="unknown_currency",
            currency=coin,
        )
    currency = find_country(to_country).currency
    sender = COIN_HOME.get(coin) if from_country is None else find_country(from_country).code
    ratio = day.cross(COIN_CURRENCY[coin], currency)
    pct, quarter, reason = _usual_cost(sender, to_country)
    return Quote(
        sent=cut_off(Fraction(amount_micro, MICRO_PER_COIN), 6),
        coin=coin,
        from_country=sender,
        to_country=to_country,
        received=cut_off(ratio * amount_micro / MICRO_PER_COIN, minor_digits(currency)),
        currency=currency,
        rate=significant(ratio, RATE_DIGITS),
        rate_date=day.date,
        world_bank_pct=pct,
        world_bank_quarter=quarter,
        world_bank_reason=reason,
        leaves_out=LEAVES_OUT,
    )


def cut_off(value: Fraction, digits: int) -> Decimal:
    """A non-negative `value` with exactly `digits` decimal places, the rest cut off."""
    units = value.numerator * 10**digits // value.denominator
    return Decimal((0, tuple(map(int, str(units))), -digits))


def significant(value: Fraction, digits: int) -> Decimal:
    """A non-negative `value` with at most `digits` significant digits, the rest cut off."""
    context = Context(prec=digits, rounding=ROUND_DOWN)
    return context.divide(Decimal(value.numerator), Decimal(value.denominator))


def _usual_cost(from_country: str | None, to_country: str) -> tuple[Decimal | None, str | None, str | None]:
    """(percent, quarter, reason): the corridor's figure, or two Nones and why."""
    if from_country is None:
        return None, None, "the sender's country is not known, so no corridor can be named"
    cost = corridor_cost(from_country, to_country)
    return cost.pct, cost.quarter, cost.reason
