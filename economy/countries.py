"""Who uses which money: country -> local currency and the coin people there pay in; digits of a currency.

Countries and currencies by ISO 3166-1 alpha-2 and ISO 4217. Only the countries of the story and of the
corridor file are listed; a coin exists for the currencies of the basket and for no other.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from economy.errors import UnknownNameError


class Country(NamedTuple):
    """A country: ISO code, English name, local currency, and the coin of that currency or None."""

    code: str
    name: str
    currency: str
    coin: str | None


_TABLE = (
    Country("US", "United States", "USD", "XUS"),
    Country("GB", "United Kingdom", "GBP", "XGB"),
    Country("JP", "Japan", "JPY", "XJP"),
    Country("SG", "Singapore", "SGD", "XSG"),
    Country("DE", "Germany", "EUR", "XEU"),
    Country("PT", "Portugal", "EUR", "XEU"),
    Country("IN", "India", "INR", None),
    Country("BR", "Brazil", "BRL", None),
    Country("MX", "Mexico", "MXN", None),
    Country("PH", "Philippines", "PHP", None),
    Country("GT", "Guatemala", "GTQ", None),
    Country("EG", "Egypt", "EGP", None),
    Country("SA", "Saudi Arabia", "SAR", None),
    Country("AE", "United Arab Emirates", "AED", None),
    Country("KW", "Kuwait", "KWD", None),
    Country("QA", "Qatar", "QAR", None),
)

COUNTRIES: Mapping[str, Country] = MappingProxyType({entry.code: entry for entry in _TABLE})
"""Every known country by its ISO code."""

COIN_HOME: Mapping[str, str] = MappingProxyType({"XUS": "US", "XGB": "GB", "XJP": "JP", "XSG": "SG"})
"""The one country whose money a coin is; XEU is not here, for many countries share the euro."""


def find_country(code: str) -> Country:
    """The country of an ISO code in capitals; UnknownNameError `unknown_country` names those that exist."""
    country = COUNTRIES.get(code)
    if country is None:
        known = sorted(COUNTRIES)
        message = f"unknown country {code!r}; known are {', '.join(known)}"
        raise UnknownNameError(message, country=code, known=known)
    return country


def minor_digits(currency: str) -> int:
    """Decimal places of a currency's minor unit by ISO 4217: USD 2, JPY 0, KWD 3.

    Raises UnknownNameError `unknown_currency` for a code that ISO 4217 does not list or gives no minor unit.
    """
    # Imported here: the package parses an XML table when it is imported, which most commands never need.
    from iso4217 import Currency

    try:
        exponent = Currency(currency).exponent
    except ValueError:
        exponent = None
    if exponent is None:
        raise UnknownNameError(
            f"{currency!r} has no minor unit in ISO 4217", name="unknown_currency", currency=currency
        )
    return exponent
