"""The whole history of exchange rates as arrays, and the one rule of what a missing rate means.

A rate is *units of the currency for one unit of the base*; in the ECB's data the base is the euro. A row is a day on
which rates were fixed. The rule, which never looks ahead:

- A day between two rows (a weekend, a holiday) has the rates of the last row before it.
- A missing cell takes the currency's last known rate, if that is at most `MAX_AGE_DAYS` calendar days old: it is
  *filled*, which every result marks and counts. An older one is *dark*.
- A cell that says "not quoted" (N/A, which is the only kind of gap in the ECB's file) is dark at once.
- Before its first rate a currency has *not started*, after its last it has *ended*.

Whoever needs a currency in a period with such a day gets DarkError `currency_dark`; nothing is guessed.
Pegs are synthetic and marked: the units of AED and SAR for a US dollar are law, the ECB does not quote them.
Old lira and lei are the money of today at another scale: TRY before 2005 is TRL / 10^6, RON before July 2005 is
ROL / 10^4, which results name as well.

    history = load_history()                                       # economy.market.reading, 0.2 s, then cached
    window = history.window(["USD", "INR"], start, end)            # errors: unknown, dark, outside of the data
    window.value("USD", "INR")                                     # array: rupees for a dollar on window.dates
    history.day(["USD", "INR"], date).value("USD", "INR")          # the last fixing that is not after `date`
    window.provenance()                                            # for the result: version, hash, filled, synthetic
"""

import datetime
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from economy.errors import DarkError, DateError, ParameterError, RateError, UnknownNameError
from economy.market.rates import MAX_AGE_DAYS

PEGS: Mapping[str, tuple[str, float]] = {"AED": ("USD", 3.6725), "SAR": ("USD", 3.75)}
"""Synthetic currencies: units for one unit of the anchor, fixed by their central banks over the whole data."""

REDENOMINATED: Mapping[str, tuple[str, int]] = {"TRY": ("TRL", 10**6), "RON": ("ROL", 10**4)}
"""A currency, its predecessor, and units of that for one of today."""

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Json = dict[str, object]


class Source(NamedTuple):
    """Which data these are: a name for people, the version ("" for a user's file), and the file's SHA-256 in hex."""

    name: str
    version: str
    sha256: str


class Column(NamedTuple):
    """One currency over all rows: rates (nan where there is none), and where the source says "not quoted"."""

    values: Floats
    dark: Flags


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """Some currencies over the fixings of a period, without a gap; for one unit of `base`, oldest first.

    `per_base` has the base too, as ones. `filled` holds, by currency, the days that carry an older rate, `synthetic`
    the pegs among the currencies, `redenominated` in words those that continue a predecessor in this period.
    """

    source: Source
    base: str
    dates: tuple[datetime.date, ...]
    ordinals: NDArray[np.int64]
    per_base: Mapping[str, Floats]
    filled: Mapping[str, tuple[datetime.date, ...]]
    synthetic: tuple[str, ...]
    redenominated: Mapping[str, str]

    def value(self, code: str, unit: str) -> Floats:
        """Units of `unit` for one `code` on each day; between a peg and its anchor the peg itself, on every day."""
        if code in self.synthetic and PEGS[code][0] == unit:
            return np.full(len(self.dates), 1 / PEGS[code][1])
        if unit in self.synthetic and PEGS[unit][0] == code:
            return np.full(len(self.dates), PEGS[unit][1])
        return self.per_base[unit] / self.per_base[code]

    def provenance(self) -> Json:
        """What every result carries: source, version, hash, and whatever is not a published rate of its own day."""
        return {
            "source": self.source.name,
            "version": self.source.version,
            "sha256": self.source.sha256,
            "first_fixing": self.dates[0].isoformat(),
            "last_fixing": self.dates[-1].isoformat(),
            "fixings": len(self.dates),
            "filled": {code: [day.isoformat() for day in days] for code, days in self.filled.items() if days},
            "filled_count": sum(len(days) for days in self.filled.values()),
            "synthetic": list(self.synthetic),
            "redenominated": dict(self.redenominated),
        }


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """All fixings of a source, oldest first; `columns` by currency code, the base not among them."""

    source: Source
    base: str
    dates: tuple[datetime.date, ...]
    ordinals: NDArray[np.int64]
    columns: Mapping[str, Column]

    @property
    def first(self) -> datetime.date:
        """The oldest fixing."""
        return self.dates[0]

    @property
    def last(self) -> datetime.date:
        """The newest fixing."""
        return self.dates[-1]

    def codes(self) -> list[str]:
        """Every currency that can be asked for, by code; some only for a part of the time."""
        pegged = [code for code, (anchor, _) in PEGS.items() if anchor in (self.base, *self.columns)]
        return sorted({self.base, *self.columns, *pegged})

    def is_synthetic(self, code: str) -> bool:
        """Whether the rates of this currency are a peg, not a publication."""
        return code in PEGS and code not in self.columns and code != self.base

    def column(self, code: str) -> Column:
        """Rates of a currency over all rows, as they were set; UnknownNameError `unknown_currency`."""
        if code == self.base:
            return Column(np.ones(len(self.dates)), np.zeros(len(self.dates), dtype=np.bool_))
        if self.is_synthetic(code) and code in self.codes():
            anchor, units = PEGS[code]
            below = self.column(anchor)
            return Column(below.values * units, below.dark)
        if code not in self.columns:
            message = f"no rates of {code[:20]!r} in {self.source.name}; there are {' '.join(self.codes())}"
            raise UnknownNameError(message, name="unknown_currency", currency=code[:20], available=self.codes())
        own = self.columns[code]
        if code in REDENOMINATED and REDENOMINATED[code][0] in self.columns:
            older, units = REDENOMINATED[code]
            before = self.columns[older]
            is_older = np.isnan(own.values) & ~np.isnan(before.values)
            return Column(np.where(is_older, before.values / units, own.values), own.dark & ~is_older)
        return own

    def spells(self, code: str) -> list[tuple[datetime.date, datetime.date]]:
        """First and last day of each stretch in which a currency has a rate, holes of at most `MAX_AGE_DAYS` apart."""
        rows = np.flatnonzero(~np.isnan(self.column(code).values))
        if not len(rows):
            return []
        missing = self.column(code).dark
        breaks = [
            place
            for place, (a, b) in enumerate(itertools.pairwise(rows), start=1)
            if missing[a:b].any() or self.ordinals[b] - self.ordinals[a] > MAX_AGE_DAYS
        ]
        edges = [0, *breaks, len(rows)]
        return [(self.dates[rows[a]], self.dates[rows[b - 1]]) for a, b in itertools.pairwise(edges)]

    def state(self, code: str, day: datetime.date) -> str:
        """A currency on a day: "quoted", "filled", "not started", "dark" or "ended"; DateError, UnknownNameError."""
        row = self._row(day)
        column = self.column(code)
        if not np.isnan(column.values[row]):
            return "quoted" if self.dates[row] == day else "filled"
        filled = _fill(column, self.ordinals, MAX_AGE_DAYS)
        if not np.isnan(filled[row]):
            return "filled"
        known = np.flatnonzero(~np.isnan(column.values))
        if not len(known) or row < known[0]:
            return "not started"
        return "ended" if row > known[-1] else "dark"

    def window(
        self,
        codes: Iterable[str],
        start: datetime.date,
        end: datetime.date,
        *,
        max_age_days: int = MAX_AGE_DAYS,
    ) -> Window:
        """The fixings from `start` to `end`, both included, of these currencies, each known on each day.

        Errors: UnknownNameError `unknown_currency`; ParameterError `bad_period` for start after end; DateError
        `date_outside_data`; DarkError `currency_dark`; RateError `rates_too_sparse` where rows lie further apart than
        `max_age_days`.
        """
        wanted = list(dict.fromkeys(codes))
        columns = {code: self.column(code) for code in wanted}
        if start > end:
            message = f"the period begins on {start} and ends before that, on {end}: exchange the two"
            raise ParameterError(message, name="bad_period", start=str(start), end=str(end))
        for day in (start, end):
            self._row(day)
        low, high = np.searchsorted(self.ordinals, [start.toordinal(), end.toordinal() + 1])
        if low == high:
            raise DateError(
                f"no rates were fixed from {start} to {end}; the last before is {self.dates[low - 1]}",
                start=str(start), end=str(end),
            )  # fmt: skip
        self._check_gaps(int(low), int(high), max_age_days)
        return self._cut(columns, slice(int(low), int(high)), max_age_days)

    def day(self, codes: Iterable[str], day: datetime.date, *, max_age_days: int = MAX_AGE_DAYS) -> Window:
        """The last fixing that is not after `day`, as a window of one day; errors as in `window`."""
        columns = {code: self.column(code) for code in dict.fromkeys(codes)}
        row = self._row(day)
        age = (day - self.dates[row]).days
        if age > max_age_days:
            message = f"the last rates before {day} are of {self.dates[row]}, {age} days older: at most {max_age_days}"
            raise RateError(message, name="rates_too_sparse", date=str(day), last=str(self.dates[row]), age_days=age)
        return self._cut(columns, slice(row, row + 1), max_age_days)

    def _row(self, day: datetime.date) -> int:
        """The last row that is not after a day within the data."""
        if not self.first <= day <= self.last:
            message = f"{day} is outside of the rates: they run from {self.first} to {self.last}"
            raise DateError(message, date=str(day), first=str(self.first), last=str(self.last))
        return int(np.searchsorted(self.ordinals, day.toordinal(), side="right")) - 1

    def _check_gaps(self, low: int, high: int, max_age_days: int) -> None:
        """A path over a pause that is too long says nothing about days."""
        gaps = np.diff(self.ordinals[low:high])
        if len(gaps) and gaps.max() > max_age_days:
            place = low + int(gaps.argmax())
            a, b = self.dates[place], self.dates[place + 1]
            message = f"no rates between {a} and {b}, {(b - a).days} days: at most {max_age_days} are bridged"
            raise RateError(message, name="rates_too_sparse", last=str(a), next=str(b))

    def _cut(self, columns: Mapping[str, Column], rows: slice, max_age_days: int) -> Window:
        """These rows, filled by the rule."""
        dates = self.dates[rows]
        per_base = {self.base: np.ones(len(dates))}
        filled, redenominated = {}, {}
        for code, column in columns.items():
            values = _fill(column, self.ordinals, max_age_days)[rows]
            if np.isnan(values).any():
                raise self._dark(code, dates[int(np.isnan(values).argmax())])
            per_base[code] = values
            filled[code] = tuple(dates[place] for place in np.flatnonzero(np.isnan(column.values[rows])))
            if code in REDENOMINATED and code in self.columns:
                older, units = REDENOMINATED[code]
                if np.isnan(self.columns[code].values[rows]).any() and older in self.columns:
                    redenominated[code] = f"{older} / {units} before {code} was quoted"
        synthetic = tuple(code for code in columns if self.is_synthetic(code))
        return Window(
            self.source, self.base, dates, self.ordinals[rows], per_base, filled, synthetic, redenominated
        )  # fmt: skip

    def _dark(self, code: str, day: datetime.date) -> DarkError:
        """The error for a currency without a rate on a day."""
        state = self.state(code, day)
        spells = [f"{a} to {b}" for a, b in self.spells(code)]
        words = {"not started": "is not quoted yet", "ended": "is no longer quoted"}.get(state, "is dark")
        hint = "".join(
            f"; {new} has its rates since"
            for new, (old, _) in REDENOMINATED.items()
            if old == code and new in self.columns
        )
        return DarkError(
            f"{code} {words} on {day}: {self.source.name} has it {' and '.join(spells) or 'never'}{hint}",
            currency=code, date=str(day), state=state.replace(" ", "_"), quoted=spells,
        )  # fmt: skip


def _fill(column: Column, ordinals: NDArray[np.int64], max_age_days: int) -> Floats:
    """The rates with each gap filled by the last known one, where the rule allows it; nan elsewhere."""
    rows = np.arange(len(ordinals))
    known = ~np.isnan(column.values)
    last = np.maximum.accumulate(np.where(known, rows, -1))
    last_dark = np.maximum.accumulate(np.where(column.dark & ~known, rows, -1))
    age = ordinals - ordinals[last]
    is_gap = (last < 0) | (last_dark > last) | (age > max_age_days)
    return np.where(is_gap, np.nan, column.values[last])
