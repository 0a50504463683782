"""The SDR's data files: amounts, weights, published values, whole sheets. The first line of each names its source."""

import csv
import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import NamedTuple

from economy.errors import DataFileError, DateError

CURRENCIES = ("USD", "EUR", "CNY", "JPY", "GBP")
"""Every currency that an SDR basket of this century has held, in the order of the sheet's columns here."""

LAST_DAY = datetime.date(2027, 7, 31)
"""The basket of 2022 is in force until then; what follows is not known here."""


@dataclass(frozen=True, slots=True)
class SdrBasket:
    """Units of each currency in one SDR, from `effective` on; as published, with their digits."""

    effective: datetime.date
    amounts: Mapping[str, Decimal]


class Weights(NamedTuple):
    """The percentages that a basket was computed from, and the days over which rates were averaged."""

    effective: datetime.date
    mean_from: datetime.date
    mean_to: datetime.date
    percent: Mapping[str, Decimal]


class Sheet(NamedTuple):
    """A whole valuation sheet: the rates by currency, and what was printed by item."""

    date: datetime.date
    rates: Mapping[str, Decimal]
    printed: Mapping[str, str]


@cache
def sdr_baskets() -> tuple[SdrBasket, ...]:
    """All baskets, oldest first."""
    return tuple(
        SdrBasket(datetime.date.fromisoformat(row["effective"]), _numbers(row)) for row in _rows("sdr_amounts.csv")
    )


def basket_on(day: datetime.date) -> SdrBasket:
    """The basket in force on a day; DateError `date_outside_data` names the days that are known."""
    first = sdr_baskets()[0].effective
    if not first <= day <= LAST_DAY:
        message = f"no SDR basket is known for {day}: they run from {first} to {LAST_DAY}"
        raise DateError(message, date=str(day), first=str(first), last=str(LAST_DAY))
    return [basket for basket in sdr_baskets() if basket.effective <= day][-1]


@cache
def sdr_weights() -> tuple[Weights, ...]:
    """The percentages behind the baskets that were computed to five digits."""
    day = datetime.date.fromisoformat
    return tuple(
        Weights(day(row["effective"]), day(row["mean_from"]), day(row["mean_to"]), _numbers(row))
        for row in _rows("sdr_weights.csv")
    )


@cache
def published_values() -> tuple[tuple[datetime.date, Decimal], ...]:
    """SDR for one US dollar as published, by day."""
    return tuple(
        (datetime.date.fromisoformat(row["date"]), Decimal(row["sdr_per_usd"])) for row in _rows("sdr_published.csv")
    )


@cache
def sheets() -> tuple[Sheet, ...]:
    """Every whole sheet that is here."""
    rows = _rows("sdr_sheets.csv")
    found = []
    for date in dict.fromkeys(row["date"] for row in rows):
        own = [row for row in rows if row["date"] == date]
        rates = {row["item"]: Decimal(row["rate"]) for row in own if row["rate"] and row["item"] != "USD"}
        found.append(Sheet(datetime.date.fromisoformat(date), rates, {row["item"]: row["printed"] for row in own}))
    return tuple(found)


def source_of(name: str) -> str:
    """The line of a data file that names its source, without the mark in front."""
    return _text(name).splitlines()[0].removeprefix("# ")


def _numbers(row: Mapping[str, str]) -> dict[str, Decimal]:
    """The currencies of a row that have a number."""
    return {code: Decimal(row[code]) for code in CURRENCIES if row[code]}


def _rows(name: str) -> list[dict[str, str]]:
    """The rows of a data file by its header."""
    lines = _text(name).splitlines()
    if not lines or not lines[0].startswith("# "):
        raise DataFileError(f"{name} does not begin with a line that names its source", file=name)
    return list(csv.DictReader(lines[1:]))


def _text(name: str) -> str:
    """A data file of the distribution."""
    return resources.files("economy").joinpath("data", name).read_text(encoding="utf-8")
