"""`payments.csv` as records: RFC 4180 quoting, UTF-8 with or without BOM, any line ends, blank lines ignored.

Reads line by line. What is wrong with one row is told with the row; what is wrong with the file raises.
"""

import csv
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from chain.errors import MithqalError

COLUMNS = ("from", "to", "amount", "currency", "memo")
"""The columns, each once, in any order."""
MAX_LINE_BYTES = 1 << 20


class BadFile(MithqalError):
    """A payment file that cannot be paid; nothing of it was."""

    name = "bad_payment_file"


class Record(NamedTuple):
    """One row: where it begins, its fields in the file's order, and what is wrong with its form, if anything."""

    line: int
    fields: tuple[str, ...]
    problem: str | None


class PaymentsCsv:
    """The records of an open file."""

    def __init__(self, file: BinaryIO) -> None:
        """Read the header; BadFile says what is wrong with it."""
        self._line = 0
        self._reader = csv.reader(self._lines(file), strict=True)
        first = self._next()
        if first is None:
            raise BadFile(f"line 1: the file is empty; its first line must be {','.join(COLUMNS)}", line=1)
        if first.problem is not None:
            raise BadFile(f"line {first.line}: {first.problem}", line=first.line)
        self.columns: tuple[str, ...] = tuple(name.strip() for name in first.fields)
        """The header's names."""
        problem = _header_problem(self.columns)
        if problem is not None:
            raise BadFile(f"line {first.line}: {problem}; the first line must be {','.join(COLUMNS)}", line=first.line)

    def __iter__(self) -> Iterator[Record]:
        """Records in order; BadFile for a line without an end."""
        while (record := self._next()) is not None:
            if record.problem is None and len(record.fields) != len(self.columns):
                problem = f"{len(record.fields)} fields, the header has {len(self.columns)}"
                record = record._replace(problem=problem)
            yield record

    def _lines(self, file: BinaryIO) -> Iterator[str]:
        """Lines as text; bytes that are no UTF-8 become lone surrogates, which `_next` finds."""
        while line := file.readline(MAX_LINE_BYTES + 1):
            self._line += 1
            if len(line) > MAX_LINE_BYTES:
                raise BadFile(f"line {self._line} is above {MAX_LINE_BYTES} bytes: this is no CSV", line=self._line)
            if self._line == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            yield line.decode("utf-8", "surrogateescape")

    def _next(self) -> Record | None:
        """The next record that is not blank."""
        while True:
            line = self._line + 1
            try:
                fields = next(self._reader, None)
            except csv.Error as error:
                return Record(line, (), f"no CSV: {error}")
            if fields is None:
                return None
            if len(fields) > 1 or any(field.strip() for field in fields):
                break
        if any("\udc80" <= char <= "\udcff" for field in fields for char in field):
            return Record(line, (), "not UTF-8")
        return Record(line, tuple(fields), None)


def _header_problem(columns: Sequence[str]) -> str | None:
    """What is wrong with a header."""
    for name in columns:
        if name not in COLUMNS:
            return f"no column is called {name[:40]!r}"
        if columns.count(name) > 1:
            return f"the column {name!r} stands twice"
    missing = [name for name in COLUMNS if name not in columns]
    return f"the column {missing[0]!r} is missing" if missing else None
