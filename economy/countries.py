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

_ISO_3166 = """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
ISO_CODES = frozenset(_ISO_3166.split())
"""All 249 codes of ISO 3166-1 alpha-2."""

COIN_HOME: Mapping[str, str] = MappingProxyType({"XUS": "US", "XGB": "GB", "XJP": "JP", "XSG": "SG"})
"""The one country whose money a coin is; XEU is not here, for many countries share the euro."""


def is_country(code: str) -> bool:
    """Whether ISO 3166-1 alpha-2 lists the code."""
    return code in ISO_CODES


def parse_country(text: str) -> str:
    """A country as somebody types it, in any case, as its code; UnknownNameError `unknown_country`."""
    code = text.upper()
    if not is_country(code):
        raise UnknownNameError(f"{text[:20]!r} is no country: write its ISO 3166-1 code, such as BR", country=text[:20])
    return code


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
