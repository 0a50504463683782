"""From files to a `History`: the ECB's rates of the package, and a user's own CSV.

A user's file is CSV in UTF-8:

    # base: EUR
    Date,USD,INR,EGP
    2024-03-05,1.0849,89.97,33.53
    2024-03-06,1.0870,,N/A

Lines that begin with # before the header are comments; `# base: USD` says that the rates are units for one US dollar
(without it they are for one euro). Dates are ISO days, each once, all ascending or all descending. An empty cell is
a rate that is missing, and is filled by the last known one by the rule of `history`; N/A says that the currency is not
quoted, so that it is dark. The file stands alone: nothing of the ECB's is mixed into it.
"""

import csv
import datetime
import hashlib
import io
import math
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from economy.errors import DataFileError
from economy.market.history import Column, Floats, History, Source
from economy.market.rates import EURO, MISSING, NUMBER, PACKAGE, archive_rows, package_archive, parse_date, parse_header

MAX_FILE_BYTES = 64 << 20
_SMALLEST, _LARGEST = 1e-12, 1e15
_BASE_MARK = "base:"


@cache
def load_history() -> History:
    """The ECB's reference rates since 1999; read once. Its arrays cannot be written to."""
    archive, version = package_archive()
    return history_from_archive(archive, version)


def find_history(path: Path | None) -> History:
    """The history that a command asks for: the user's own file, or the ECB's without one."""
    return load_history() if path is None else read_own_rates(path)


def history_from_archive(archive: bytes, version: str) -> History:
    """A history from the bytes of the package's archive; DataFileError."""
    source = Source(f"ECB reference rates ({PACKAGE} {version})", version, hashlib.sha256(archive).hexdigest())
    with archive_rows(archive) as rows:
        lines = iter(rows)
        return _build(source, EURO, parse_header(next(lines, [])), list(lines), start=2)


def read_own_rates(path: Path) -> History:
    """A history from a user's CSV; DataFileError `bad_rates_file` names the line and the column."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataFileError(f"{path} cannot be read: {error.strerror}", name="file_unreadable") from error
    try:
        return _own_history(path, data)
    except DataFileError as error:
        raise DataFileError(error.message, name="bad_rates_file", **error.details) from error


def _own_history(path: Path, data: bytes) -> History:
    """A history from the bytes of a user's CSV."""
    if len(data) > MAX_FILE_BYTES:
        raise DataFileError(f"{path} has {len(data)} bytes, at most {MAX_FILE_BYTES} are read")
    try:
        text = data.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataFileError(f"{path} is no CSV in UTF-8: {error}") from error
    base, skipped = _comments(rows)
    header = rows[skipped] if skipped < len(rows) else []
    columns = parse_header(header, line=skipped + 1, base=base)
    body = rows[skipped + 1 :]
    while body and not body[-1]:  # blank lines at the end of a file mean nothing
        body.pop()
    if len(body) > 1 and body[0] and body[-1] and body[0][0] < body[-1][0]:
        _check_ascending(body, skipped + 2)
        body, start, step = body[::-1], skipped + 1 + len(body), -1
    else:
        start, step = skipped + 2, 1
    source = Source(f"the file {path.name}", "", hashlib.sha256(data).hexdigest())
    return _build(source, base, columns, body, start=start, step=step)


def _comments(rows: Sequence[Sequence[str]]) -> tuple[str, int]:
    """The base that the comments before the header name, and how many rows they are."""
    base, count = EURO, 0
    for cells in rows:
        if not cells or not cells[0].startswith("#"):
            break
        count += 1
        words = cells[0][1:].strip()
        if words.lower().startswith(_BASE_MARK):
            base = words[len(_BASE_MARK) :].strip()
            if not (len(base) == 3 and base.isascii() and base.isalpha() and base.isupper()):
                raise DataFileError(f"line {count} of the rates: {base!r} is no currency code", line=count)
    return base, count


def _check_ascending(body: Iterable[Sequence[str]], start: int) -> None:
    """Oldest first, as the first and the last row say: every row then is."""
    before: datetime.date | None = None
    for number, cells in enumerate(body, start):
        day = parse_date(list(cells), number)
        if before is not None and day <= before:
            raise DataFileError(f"line {number} of the rates: {day} is not after {before}", line=number)
        before = day


def _build(
    source: Source, base: str, codes: list[str], rows: Sequence[list[str]], *, start: int, step: int = 1
) -> History:
    """A history from rows, newest first; `start` and `step` number their lines."""
    if not rows:
        raise DataFileError("the file of rates has no day with a rate")
    dates: list[datetime.date] = []
    for place, cells in enumerate(rows):
        number = start + step * place
        day = parse_date(cells, number)
        if dates and day >= dates[-1]:
            raise DataFileError(f"line {number} of the rates: {day} is not before {dates[-1]}", line=number)
        if len(cells) != len(codes) + 1:
            words = f"line {number} of the rates has {len(cells)} cells, the header {len(codes) + 1}"
            raise DataFileError(words, line=number)
        dates.append(day)
    columns = {}
    for place, code in enumerate(codes, start=1):
        if code:
            cells = [row[place] for row in rows]
            values = _numbers(code, cells, start, step)
            dark = np.array([cell == MISSING[1] for cell in cells], dtype=np.bool_)
            columns[code] = Column(_frozen(values[::-1]), dark[::-1])
    dates.reverse()
    ordinals = np.array([day.toordinal() for day in dates], dtype=np.int64)
    return History(source, base, tuple(dates), ordinals, columns)


def _numbers(code: str, cells: Sequence[str], start: int, step: int) -> Floats:
    """A column as numbers, nan where there is none."""
    values = []
    for place, cell in enumerate(cells):
        if cell in MISSING:
            values.append(math.nan)
            continue
        value = float(cell) if NUMBER.fullmatch(cell) else 0.0
        if not _SMALLEST <= value <= _LARGEST:
            number = start + step * place
            words = f"line {number} of the rates: {code} has the rate {cell[:30]!r}, which is no positive number"
            raise DataFileError(words, line=number, column=code)
        values.append(value)
    return np.array(values)


def _frozen(values: Floats) -> Floats:
    """An array that is shared by everybody who reads the history."""
    values.setflags(write=False)
    return values
