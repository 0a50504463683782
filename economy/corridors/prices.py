"""What sending money between two countries costs today, by the World Bank's published averages.

Source: `economy/data/remittance_corridors.csv`: the average total cost (fees and exchange margin) of sending
USD 200, in percent of the amount, a column for each quarter. The file's first line names its source.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib import resources
from types import MappingProxyType

from economy.errors import DataFileError

DATA_FILE = "remittance_corridors.csv"

_COLUMN = re.compile(r"cost_([0-9]{4})q([1-4])_pct")
_PERCENT = re.compile(r"[0-9]{1,2}\.[0-9]{2}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_SOURCE_MARK = "Source: "


@dataclass(frozen=True, slots=True)
class CorridorCost:
    """The latest average cost of one corridor.

    `pct` is percent of USD 200 and `quarter` its time ("2020Q3"); where the file has no figure both are None
    and `reason` says so in a sentence (None otherwise). `source` is the publication.
    """

    from_country: str
    to_country: str
    pct: Decimal | None
    quarter: str | None
    source: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class CorridorTable:
    """A whole corridor file: by (from, to) the cost of each quarter that has one, oldest first."""

    source: str
    costs: Mapping[tuple[str, str], tuple[tuple[str, Decimal], ...]]

    def latest(self, from_country: str, to_country: str) -> CorridorCost:
        """The newest figure from one country to another (ISO codes), or the reason why there is none."""
        history = self.costs.get((from_country, to_country), ())
        if history:
            quarter, pct = history[-1]
            return CorridorCost(from_country, to_country, pct, quarter, self.source, None)
        if from_country == to_country:
            reason = f"a payment within {to_country} crosses no border"
        else:
            reason = f"the World Bank file here has no figure for {from_country} to {to_country}"
        return CorridorCost(from_country, to_country, None, None, self.source, reason)


def corridor_cost(from_country: str, to_country: str) -> CorridorCost:
    """The latest figure of the shipped file for a corridor; DataFileError if that file is damaged."""
    return load_corridors().latest(from_country, to_country)


def load_corridors() -> CorridorTable:
    """The shipped corridor file, checked line by line; raises DataFileError."""
    file = resources.files("economy").joinpath("data", DATA_FILE)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataFileError(f"{DATA_FILE} cannot be read: {error}", file=DATA_FILE) from error
    return parse_corridors(text)


def parse_corridors(text: str) -> CorridorTable:
    """A corridor file from its text: a comment with the source, a header, one corridor a line.

    A cell may be empty where a quarter has no figure. Raises DataFileError naming the line.
    """
    lines = text.splitlines()
    if len(lines) < 2 or not lines[0].startswith("#") or _SOURCE_MARK not in lines[0]:
        raise _bad_line(1, "a comment with the source is missing")
    quarters = _parse_quarters(lines[1].split(","))
    costs: dict[tuple[str, str], tuple[tuple[str, Decimal], ...]] = {}
    for number, cells in enumerate(csv.reader(lines[2:]), start=3):
        if len(cells) != len(quarters) + 2:
            raise _bad_line(number, f"{len(cells)} cells instead of {len(quarters) + 2}")
        corridor = (cells[0], cells[1])
        if corridor in costs or cells[0] == cells[1] or not all(map(_COUNTRY.fullmatch, corridor)):
            raise _bad_line(number, f"{cells[0]},{cells[1]} is a repeated corridor or none")
        wrong = [cell for cell in cells[2:] if cell and not _PERCENT.fullmatch(cell)]
        if wrong:
            raise _bad_line(number, f"{wrong[0]!r} is no percentage with two decimals")
        pairs = zip(quarters, cells[2:], strict=True)
        costs[corridor] = tuple(sorted((quarter, Decimal(cell)) for quarter, cell in pairs if cell))
    return CorridorTable(lines[0].split(_SOURCE_MARK, 1)[1].strip(), MappingProxyType(costs))


def _parse_quarters(header: list[str]) -> list[str]:
    """The quarter ("2020Q3") of each column of costs."""
    found = [_COLUMN.fullmatch(name) for name in header[2:]]
    quarters = [f"{match[1]}Q{match[2]}" for match in found if match]
    if header[:2] != ["from", "to"] or not quarters or len(set(quarters)) != len(found):
        raise _bad_line(2, "the header is not from,to,cost_YYYYqN_pct,...")
    return quarters


def _bad_line(number: int, what: str) -> DataFileError:
    """The error for a line of the corridor file."""
    return DataFileError(f"{DATA_FILE}, line {number}: {what}", file=DATA_FILE, line=number)
