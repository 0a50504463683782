"""Baskets by name or as somebody types them: shares of a value on the base date, or fixed amounts of each currency.

lbr2019                     the weights that Libra disclosed in September 2019: 50/18/14/11/7
xdx                         the amounts of this network's basket coin
sdr1999 ... sdr2022         the IMF's amounts of that year's basket
USD=0.5,EUR=0.3,JPY=0.2     weights that sum to 1
"""

import datetime
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from economy.basket import BASKET, COIN_CURRENCY
from economy.errors import ParameterError, UnknownNameError
from economy.exact.tables import sdr_baskets

MAX_CURRENCIES = 20
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,12})?")
_CODE = re.compile(r"[A-Z]{3}")


class BasketSpec(NamedTuple):
    """A basket: `parts` are shares of its value on the base date, or units of each currency if `is_amounts`.

    `fixed_on` is the day from which such amounts were known; None for shares.
    """

    name: str
    parts: Mapping[str, Decimal]
    is_amounts: bool
    source: str
    fixed_on: datetime.date | None = None


def _weights(text: str) -> dict[str, Decimal]:
    """Weights of the table below."""
    return {code: Decimal(share) for code, _, share in (word.partition("=") for word in text.split())}


PRESETS: Mapping[str, BasketSpec] = {
    "lbr2019": BasketSpec(
        "lbr2019", _weights("USD=0.50 EUR=0.18 JPY=0.14 GBP=0.11 SGD=0.07"), False,
        "weights that the Libra Association disclosed to a member of parliament, as the press reported on 2019-09-20",
    ),
    "guess2019": BasketSpec(
        "guess2019", _weights("USD=0.4768 EUR=0.3500 JPY=0.1102 GBP=0.0630"), False,
        "a guess by analysts of June 2019, before the weights were known, by the method of the SDR",
    ),
    "xdx": BasketSpec(
        "xdx", {COIN_CURRENCY[coin]: amount for coin, amount in BASKET.items()}, True,
        "the amounts of this network's basket coin: 50/18/14/11/7 % of one US dollar on 2019-06-18",
        datetime.date(2019, 6, 18),
    ),
}  # fmt: skip
"""Baskets by name; those of the SDR come from their table."""


def basket_names() -> list[str]:
    """Every name that `find_basket` knows."""
    return [*PRESETS, *(f"sdr{basket.effective.year}" for basket in sdr_baskets())]


def find_basket(text: str) -> BasketSpec:
    """A basket by its name, or from `CODE=WEIGHT,...`.

    Errors: UnknownNameError `unknown_basket`; ParameterError `bad_basket` for a word that cannot be read, a currency
    that stands twice and a weight that is not above 0, `weights_do_not_sum` unless the weights sum to exactly 1.
    """
    if "=" in text:
        return _typed(text)
    for basket in sdr_baskets():
        if text == f"sdr{basket.effective.year}":
            source = f"the IMF's amounts in force from {basket.effective}"
            return BasketSpec(text, basket.amounts, True, source, basket.effective)
    if text not in PRESETS:
        message = f"unknown basket {text[:40]!r}; there are {', '.join(basket_names())}, or weights: USD=0.5,EUR=0.5"
        raise UnknownNameError(message, name="unknown_basket", basket=text[:40], available=basket_names())
    return PRESETS[text]


def currency_of(text: str) -> str:
    """A currency as somebody types it: in any case, or by its coin; whether it has rates is not known here."""
    code = text.upper()
    return COIN_CURRENCY.get(code, code)


def _typed(text: str) -> BasketSpec:
    """Weights as somebody types them."""
    words = text.split(",")
    if len(words) > MAX_CURRENCIES:
        raise ParameterError(f"{len(words)} currencies, at most {MAX_CURRENCIES}", name="bad_basket")
    parts: dict[str, Decimal] = {}
    for word in words:
        code, _, number = word.strip().partition("=")
        code = currency_of(code)
        if not _CODE.fullmatch(code):
            raise ParameterError(f"a weight is written USD=0.5, not {word[:40]!r}", name="bad_basket")
        if code in parts:
            raise ParameterError(f"{code} stands twice in the basket: give it once", name="bad_basket", currency=code)
        if not _NUMBER.fullmatch(number) or Decimal(number) == 0:
            message = f"{code} has the weight {number[:40]!r}: write a decimal above 0, such as 0.5"
            raise ParameterError(message, name="bad_basket", currency=code)
        parts[code] = Decimal(number)
    total = sum(parts.values())
    if total != 1:
        message = f"the weights of the basket sum to {total}, not to 1" + (
            ": write 0.5 for 50 %" if total == 100 else ""
        )
        raise ParameterError(message, name="weights_do_not_sum", sum=str(total))
    return BasketSpec(text, parts, False, "given with the command")
