"""One's own balance sheet from CSV in UTF-8, with or without the mark that spreadsheets put before it:

    # comments begin with a hash
    kind,currency,amount,due,value
    coins,USD,1000000000,,
    deposits,USD,150000000,,
    swept,USD,50000000,,
    bill,USD,405000000,2026-02-27,402311000
    bill,USD,405000000,2026-03-31,

`kind` is coins, payable (owed, not paid), deposits, swept (overnight), stuck (in a closed bank) or bill. Amounts are
whole units of the currency with up to six decimals; a bill's is its face, `due` its day, and `value` what it stands
for in the books: left empty, it is priced at the assumed yield. Capital is what is left: assets less coins less
payable. Each currency is a reserve of its own. An error names the line and the column.
"""

import csv
import datetime
import re
from collections.abc import Mapping
from pathlib import Path

from economy.errors import DataFileError
from economy.reserve.book import ONE, Bill, Book, check
from economy.reserve.desk import CALENDAR_OF, Market
from economy.reserve.prices import price

HEADER = ["kind", "currency", "amount", "due", "value"]
KINDS = ("coins", "payable", "deposits", "swept", "stuck", "bill")
MAX_BYTES = 1 << 20
MAX_DAYS = 731
"""Bills are due within two years."""
_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_books(path: Path, start: datetime.date, market: Mapping[str, Market]) -> tuple[Book, ...]:
    """The books of a file, one a currency, as of `start`; DataFileError `bad_book`."""
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise _error(f"{path} cannot be read: {error.strerror}", file=str(path)) from error
    except UnicodeDecodeError as error:
        raise _error(f"{path} is no text in UTF-8", file=str(path)) from error
    if len(data) > MAX_BYTES:
        raise _error(f"{path} is above {MAX_BYTES} bytes", file=str(path))
    return parse_books(text, start, market, file=str(path))


def parse_books(text: str, start: datetime.date, market: Mapping[str, Market], *, file: str) -> tuple[Book, ...]:
    """The same from a file's text."""
    lines = [(n, line) for n, line in enumerate(text.splitlines(), start=1) if line.strip() and line[0] != "#"]
    if not lines or next(csv.reader([lines[0][1]])) != HEADER:
        raise _bad(file, lines[0][0] if lines else 1, "header", f"is not {','.join(HEADER)}")
    sums: dict[str, dict[str, int]] = {}
    bills: dict[str, dict[datetime.date, Bill]] = {}
    for number, line in lines[1:]:
        row = _row(file, number, line, market)
        kind, currency = row["kind"], row["currency"]
        own = sums.setdefault(currency, dict.fromkeys(KINDS, 0))
        amount = _amount(file, number, "amount", row["amount"])
        if kind != "bill":
            if row["due"] or row["value"]:
                column = "due" if row["due"] else "value"
                raise _bad(file, number, column, f"is for bills; {kind} has none")
            own[kind] += amount
            continue
        bill = _bill(file, number, row, amount, start, market[currency])
        ladder = bills.setdefault(currency, {})
        old = ladder.get(bill.due, Bill(bill.due, 0, 0))
        ladder[bill.due] = Bill(bill.due, old.face + bill.face, old.value + bill.value)
    if not sums:
        raise _bad(file, lines[0][0], "line", "is followed by no line")
    return tuple(_book(file, currency, sums[currency], bills.get(currency, {})) for currency in sums)


def _row(file: str, number: int, line: str, market: Mapping[str, Market]) -> dict[str, str]:
    """A line's cells by column."""
    cells = [cell.strip() for cell in next(csv.reader([line]))]
    if len(cells) != len(HEADER):
        raise _bad(file, number, "line", f"has {len(cells)} cells instead of {len(HEADER)}")
    row = dict(zip(HEADER, cells, strict=True))
    if row["kind"] not in KINDS:
        raise _bad(file, number, "kind", f"{row['kind'][:20]!r} is none of {', '.join(KINDS)}")
    known = [code for code in CALENDAR_OF if code in market]
    if row["currency"] not in known:
        raise _bad(file, number, "currency", f"{row['currency'][:20]!r} is none of {', '.join(known)}")
    return row


def _amount(file: str, number: int, column: str, text: str) -> int:
    """An amount in micro-units."""
    if not _AMOUNT.fullmatch(text):
        raise _bad(file, number, column, f"{text[:30]!r} is no amount such as 1000000 or 0.25, and never negative")
    whole, _, decimals = text.partition(".")
    return int(whole) * ONE + int(decimals.ljust(6, "0"))


def _bill(
    file: str, number: int, row: dict[str, str], face: int, start: datetime.date, market: Market
) -> Bill:  # fmt: skip
    """A bill, at its own value or at the assumed yield's price."""
    try:
        due = datetime.date.fromisoformat(row["due"]) if _DAY.fullmatch(row["due"]) else None
    except ValueError:
        due = None
    if due is None:
        raise _bad(file, number, "due", f"{row['due'][:30]!r} is no day such as 2026-03-31")
    days = (due - start).days
    if not 1 <= days <= MAX_DAYS:
        raise _bad(file, number, "due", f"{due} is not within 1 to {MAX_DAYS} days after {start}, when the run begins")
    value = _amount(file, number, "value", row["value"]) if row["value"] else price(face, days, market.bill_ppb)
    if not 0 < value <= face:
        what = row["value"] or f"{value} micro-units"
        raise _bad(file, number, "value", f"{what} is not above 0 and at most the face, {row['amount']}")
    return Bill(due, face, value)


def _book(file: str, currency: str, own: dict[str, int], ladder: dict[datetime.date, Bill]) -> Book:
    """The book of one currency; capital is the rest."""
    if not own["coins"]:
        raise _error(f"{file}: no line with coins in {currency}", file=file, currency=currency)
    bills = tuple(ladder[due] for due in sorted(ladder))
    assets = own["deposits"] + own["swept"] + own["stuck"] + sum(bill.value for bill in bills)
    return check(
        Book(
            currency, own["deposits"], own["swept"], own["stuck"], bills, (), own["coins"], own["payable"],
            assets - own["coins"] - own["payable"],
        )
    )  # fmt: skip


def _bad(file: str, line: int, column: str, what: str) -> DataFileError:
    """The error for a line of a book."""
    return _error(f"{file}, line {line}, {column}: {what}", file=file, line=line, column=column)


def _error(message: str, **details: object) -> DataFileError:
    """A user's own file: the rule is `bad_book`."""
    return DataFileError(message, name="bad_book", **details)
