"""The data files of the crises, read and checked; a damaged one is DataFileError, naming file, line and column."""

import csv
import datetime
import json
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import NamedTuple

from economy.errors import DataFileError

HEADER = ["time", "kind", "what", "value", "hour", "source", "note"]
KINDS = (
    "asked", "bank_closed", "coins", "disclosed", "guaranteed", "minted", "price", "redeemed", "reopened", "reserve",
    "stay", "write_down",
)  # fmt: skip
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ")
_NUMBER = re.compile(r"\d+(\.\d+)?")
_PERCENT = re.compile(r"-?\d+\.\d\d")


class Event(NamedTuple):
    """One sourced fact. `value` is USD bn, a price or a share, by `kind`; `is_exact` is whether the hour is known."""

    time: datetime.datetime
    kind: str
    what: str
    value: Decimal | None
    is_exact: bool
    source: str
    note: str


class Move(NamedTuple):
    """A published figure: the value of `of` in `unit`, percent from one day to the other, or its worst day between."""

    of: str
    unit: str
    start: datetime.date
    end: datetime.date
    measure: str
    published: str


@dataclass(frozen=True, slots=True)
class FxCrisis:
    """A crisis of reference rates; `dark` is the currency that is not quoted afterwards, or empty."""

    name: str
    title: str
    moves: tuple[Move, ...]
    dark: str
    source: str


@cache
def load_events(name: str) -> tuple[Event, ...]:
    """The shipped table of this crisis, by time."""
    return parse_events(_text(f"{name}.csv"), f"{name}.csv")


def parse_events(text: str, file: str) -> tuple[Event, ...]:
    """A table from its text: comments, the header, one fact a line in the order of time. Raises DataFileError."""
    rows = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line and line[0] != "#"]
    if not rows or next(csv.reader([rows[0][1]])) != HEADER:
        raise _bad(file, rows[0][0] if rows else 1, "header", f"is not {','.join(HEADER)}")
    events: list[Event] = []
    for number, line in rows[1:]:
        cells = next(csv.reader([line]))
        if len(cells) != len(HEADER):
            raise _bad(file, number, "line", f"has {len(cells)} cells instead of {len(HEADER)}")
        row = dict(zip(HEADER, cells, strict=True))
        if not _TIME.fullmatch(row["time"]):
            raise _bad(file, number, "time", f"{row['time']!r} is no time such as 2023-03-11T03:11Z")
        if row["kind"] not in KINDS:
            raise _bad(file, number, "kind", f"{row['kind']!r} is none of {', '.join(KINDS)}")
        if row["value"] and not _NUMBER.fullmatch(row["value"]):
            raise _bad(file, number, "value", f"{row['value']!r} is no number")
        if row["hour"] not in ("exact", "approx"):
            raise _bad(file, number, "hour", f"{row['hour']!r} is neither exact nor approx")
        if not row["source"]:
            raise _bad(file, number, "source", "is missing")
        time = datetime.datetime.fromisoformat(row["time"])
        if events and time < events[-1].time:
            raise _bad(file, number, "time", f"{row['time']} is before the line above")
        value = Decimal(row["value"]) if row["value"] else None
        events.append(
            Event(time, row["kind"], row["what"], value, row["hour"] == "exact", row["source"], row["note"])
        )  # fmt: skip
    return tuple(events)


@cache
def load_fx() -> dict[str, FxCrisis]:
    """The shipped crises of reference rates, by name in the order of time."""
    try:
        document = json.loads(_text("fx.json"))
        crises = [
            FxCrisis(
                row["name"], row["title"], tuple(_move(cells) for cells in row["moves"]), row.get("dark", ""),
                document["source"],
            )
            for row in document["crises"]
        ]  # fmt: skip
    except (ValueError, KeyError, TypeError) as error:
        raise DataFileError(f"fx.json is damaged: {error}", file="fx.json") from error
    return {crisis.name: crisis for crisis in crises}


def _move(cells: list[str]) -> Move:
    """One published figure; ValueError if it is not one."""
    of, unit, start, end, measure, published = cells
    if measure not in ("move", "worst_day") or not _PERCENT.fullmatch(published):
        raise ValueError(f"{cells} is no move")
    return Move(of, unit, datetime.date.fromisoformat(start), datetime.date.fromisoformat(end), measure, published)


def _text(file: str) -> str:
    """A data file's text."""
    try:
        return resources.files("economy").joinpath("data", "crises", file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataFileError(f"{file} cannot be read: {error}", file=file) from error


def _bad(file: str, line: int, column: str, what: str) -> DataFileError:
    """The error for a line of a table."""
    return DataFileError(f"{file}, line {line}, {column}: {what}", file=file, line=line, column=column)
