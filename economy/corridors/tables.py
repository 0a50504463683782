"""Small data files beside the World Bank's corridors: steps of a transfer, targets, averages, volatilities.

Each is CSV with a first line that names its source; each row has its own source and how far to trust it
(`confidence`): A seen in the publication or computed here, B seen in a secondary page, assumed for ours.
"""

import csv
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import NamedTuple

from economy.errors import DataFileError

ANY = "*"
CONFIDENCE = ("A", "B", "C", "assumed")
STEPS = ("funding", "on_ramp", "chain_fee", "fx_spread", "off_ramp", "cash_out")
"""The steps of a transfer, in order; the risk of the time that they take comes on top."""
SENDER_STEPS = ("funding", "on_ramp")
MEASURES = ("cost_pct", "within_hour_pct", "slowest_hours")


class Step(NamedTuple):
    """What a step costs and how long it takes.

    `fee_usd` is a flat part in dollars, `fee_pct` percent of the amount sent; `minutes` the usual time; of a hundred
    transfers `slow_share_pct` take `slow_hours` instead.
    """

    name: str
    fee_usd: Decimal
    fee_pct: Decimal
    minutes: Decimal
    slow_share_pct: Decimal
    slow_hours: Decimal
    confidence: str
    source: str


class Target(NamedTuple):
    """A promise of governments: `limit` for a measure, at most (cost, hours) or at least (share within an hour)."""

    id: str
    measure: str
    limit: Decimal
    scope: str
    segment: str
    by: str
    confidence: str
    source: str

    def is_met(self, value: Decimal) -> bool:
        """Whether a value keeps the promise; the limit itself does."""
        return value >= self.limit if self.measure == "within_hour_pct" else value <= self.limit


class Average(NamedTuple):
    """A published average of the cost of sending USD 200, over all corridors or a group of services."""

    group: str
    quarter: str
    cost_pct: Decimal
    confidence: str
    source: str


class Volatility(NamedTuple):
    """How much a currency moves against the dollar in a year, percent."""

    currency: str
    pct: Decimal
    confidence: str
    source: str


@cache
def load_steps() -> Mapping[tuple[str, str], Step]:
    """By (step, country): what it costs and takes; the country may be `ANY`. Raises DataFileError."""
    found: dict[tuple[str, str], Step] = {}
    for row in _rows("corridor_steps.csv"):
        if row["step"] not in STEPS or (row["step"], row["country"]) in found:
            raise DataFileError(f"corridor_steps.csv: {row['step']} {row['country']} is no step or is repeated")
        found[row["step"], row["country"]] = Step(
            row["step"], _number(row, "fee_usd"), _number(row, "fee_pct"), _number(row, "minutes"),
            _number(row, "slow_share_pct"), _number(row, "slow_hours"), row["confidence"], row["source"],
        )  # fmt: skip
    missing = [name for name in STEPS if (name, ANY) not in found]
    if missing:
        raise DataFileError(f"corridor_steps.csv: no row {missing[0]},{ANY}")
    return MappingProxyType(found)


@cache
def load_targets() -> tuple[Target, ...]:
    """What governments have promised, in the file's order. Raises DataFileError."""
    targets = tuple(
        Target(row["id"], row["measure"], _number(row, "limit"), row["scope"], row["segment"], row["by"],
               row["confidence"], row["source"])
        for row in _rows("corridor_targets.csv")
    )  # fmt: skip
    for target in targets:
        if target.measure not in MEASURES:
            raise DataFileError(f"corridor_targets.csv: {target.measure!r} is none of {', '.join(MEASURES)}")
    return targets


@cache
def load_averages() -> tuple[Average, ...]:
    """Published averages, by group and time. Raises DataFileError."""
    return tuple(
        Average(row["group"], row["quarter"], _number(row, "cost_pct"), row["confidence"], row["source"])
        for row in _rows("remittance_averages.csv")
    )


@cache
def load_volatilities() -> Mapping[str, Volatility]:
    """By currency. Raises DataFileError."""
    return MappingProxyType({
        row["currency"]: Volatility(row["currency"], _number(row, "volatility_pct"), row["confidence"], row["source"])
        for row in _rows("corridor_volatility.csv")
    })  # fmt: skip


def _rows(file: str) -> Iterator[dict[str, str]]:
    """The rows of a data file, each whole and with a known mark."""
    text = resources.files("economy").joinpath("data", file).read_text(encoding="utf-8")
    lines = text.splitlines()
    if not lines or not lines[0].startswith("#") or "Source: " not in lines[0]:
        raise DataFileError(f"{file}, line 1: a comment with the source is missing", file=file)
    for number, row in enumerate(csv.DictReader(lines[1:]), start=3):
        if None in row or None in row.values() or row["confidence"] not in CONFIDENCE:
            raise DataFileError(f"{file}, line {number}: not a whole row with a confidence mark", file=file)
        yield row


def _number(row: Mapping[str, str], name: str) -> Decimal:
    """A cell that is a number of zero or more."""
    try:
        value = Decimal(row[name])
    except InvalidOperation as error:
        raise DataFileError(f"{name}: {row[name]!r} is no number") from error
    if not value.is_finite() or value < 0:
        raise DataFileError(f"{name}: {row[name]!r} is below zero or no number")
    return value
