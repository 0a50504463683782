"""The basket XDX and what every money is worth in it: the rates that the treasury publishes on chain.

One XDX is a fixed amount of each of the five coins (chosen so that on 2019-06-18 it was worth one US dollar
and weighed 50/18/14/11/7 %); a coin stands for its currency one to one. The chain keeps a rate as a 32-bit
fixed-point number, numerator * 2^32 // denominator, cut off: how many XDX one unit is worth.
"""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import NamedTuple

from chain.execution.currencies import fixed_point
from chain.records.coins import Basket
from economy.errors import RateError
from economy.market.rates import DayRates

COIN_CURRENCY: Mapping[str, str] = MappingProxyType(
    {"XUS": "USD", "XEU": "EUR", "XJP": "JPY", "XGB": "GBP", "XSG": "SGD"}
)
"""The currency that each coin stands for, in the basket's order."""

BASKET: Mapping[str, Decimal] = MappingProxyType(
    {
        "XUS": Decimal("0.5"),
        "XEU": Decimal("0.160901"),
        "XJP": Decimal("15.152588"),
        "XGB": Decimal("0.087909"),
        "XSG": Decimal("0.095974"),
    }
)
"""Units of each coin in one XDX."""

QUOTE_DENOMINATOR = 10**12
"""Published rates are decimals of twelve places: finer than the chain's 2^-32, and readable."""

_U64_MAX = 2**64 - 1


class RateQuote(NamedTuple):
    """XDX for one unit of `code` (a coin, or a currency without one): numerator / denominator, both u64."""

    code: str
    numerator: int
    denominator: int

    @property
    def raw(self) -> int:
        """The 32-bit fixed-point number that the chain stores for this quote."""
        return (self.numerator << 32) // self.denominator


def xdx_value(day: DayRates, currency: str) -> Fraction:
    """Units of `currency` (an ISO code) that one XDX is worth on `day`, exact; RateError without a rate."""
    return sum(
        (Fraction(amount) * day.cross(COIN_CURRENCY[coin], currency) for coin, amount in BASKET.items()),
        Fraction(0),
    )


def xdx_weights(day: DayRates) -> dict[str, Fraction]:
    """The share of each coin in the basket's value on `day`: exact, they sum to 1."""
    return {coin: Fraction(amount) / xdx_value(day, COIN_CURRENCY[coin]) for coin, amount in BASKET.items()}


def chain_basket(code: str, amounts: Mapping[str, Decimal]) -> Basket:
    """A basket as the chain keeps it, nothing in its reserve yet: its own integer rules compose and decompose it."""
    ratios = {coin: Fraction(amount) for coin, amount in amounts.items()}
    parts = tuple((coin, fixed_point(ratio.numerator, ratio.denominator)) for coin, ratio in ratios.items())
    return Basket(code, parts, tuple((coin, 0) for coin in amounts))


def xdx_rates(day: DayRates) -> list[RateQuote]:
    """The rate to XDX of each coin (basket's order), then of each other currency quoted that day (by code).

    The currencies that have a coin stand under the coin's code only. Raises RateError when one of the
    basket's five is dark on `day`, for then nothing has a rate.
    """
    quotes = [exact_quote(coin, 1 / xdx_value(day, currency)) for coin, currency in COIN_CURRENCY.items()]
    local = sorted(code for code in day.per_euro if code not in COIN_CURRENCY.values())
    return quotes + [exact_quote(code, 1 / xdx_value(day, code)) for code in local]


def exact_quote(code: str, ratio: Fraction) -> RateQuote:
    """`ratio` as a decimal of twelve places that the chain cuts off to the same bits as the exact ratio.

    Rule: cut off after the twelfth place; where that would fall below the exact ratio's own 32-bit value, the
    next decimal up. So the quote is within 10^-12 of the truth, and truncation happens once, not twice.
    Raises RateError `rate_not_representable` for a ratio below 2^-32 or too large for 64 bits.
    """
    raw = (ratio.numerator << 32) // ratio.denominator
    numerator = ratio.numerator * QUOTE_DENOMINATOR // ratio.denominator
    if (numerator << 32) // QUOTE_DENOMINATOR < raw:
        numerator += 1
    if raw < 1 or numerator > _U64_MAX:
        raise RateError(
            f"{code}: {ratio} XDX for one unit does not fit the chain's fixed-point rates",
            name="rate_not_representable",
            currency=code,
        )
    return RateQuote(code, numerator, QUOTE_DENOMINATOR)
