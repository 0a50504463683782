"""One's own balance sheet: the format, and each mistake with its line and column."""

import datetime
from pathlib import Path

import pytest

from economy.errors import DataFileError
from economy.reserve.book import ONE, Bill
from economy.reserve.bookfile import parse_books, read_books
from economy.reserve.prices import price
from economy.reserve.project import ASSUMED_YIELDS

START = datetime.date(2026, 1, 5)
GOOD = """# mine
kind,currency,amount,due,value
coins,USD,1000,,
deposits,USD,150.5,,
swept,USD,60,,
stuck,USD,1,,
payable,USD,2,,
bill,USD,400,2026-02-27,398
bill,USD,400,2026-02-27,397
bill,USD,10,2026-03-31,

coins,EUR,5,,
swept,EUR,4.999999,,
"""


def parse(text: str):
    return parse_books(text, START, ASSUMED_YIELDS, file="mine.csv")


def test_a_good_file() -> None:
    """Bills of one day add up; an empty value is the assumed yield's price; capital is what is left, also below 0."""
    dollars, euros = parse(GOOD)
    late = datetime.date(2026, 3, 31)
    cost = price(10 * ONE, (late - START).days, 40_000_000)
    assert dollars.bills == (Bill(datetime.date(2026, 2, 27), 800 * ONE, 795 * ONE), Bill(late, 10 * ONE, cost))
    assert (dollars.coins, dollars.deposits, dollars.swept, dollars.stuck, dollars.payable) == (
        1000 * ONE, 150_500_000, 60 * ONE, ONE, 2 * ONE,
    )  # fmt: skip
    assert dollars.capital == 150_500_000 + 61 * ONE + 795 * ONE + cost - 1002 * ONE
    assert (euros.currency, euros.capital) == ("EUR", -1)


@pytest.mark.parametrize(
    ("old", "new", "line", "column", "told"),
    [
        ("kind,currency", "what,currency", 2, "header", "is not kind,currency,amount,due,value"),
        ("coins,USD,1000,,", "coins,USD,1000,", 3, "line", "has 4 cells instead of 5"),
        ("stuck,USD", "gold,USD", 6, "kind", "'gold' is none of coins, payable, deposits, swept, stuck, bill"),
        ("swept,USD", "swept,INR", 5, "currency", "'INR' is none of USD, EUR, JPY, GBP, SGD"),
        ("150.5", "-150.5", 4, "amount", "'-150.5' is no amount such as 1000000 or 0.25, and never negative"),
        ("150.5", "150.5000001", 4, "amount", "is no amount"),
        ("swept,USD,60,,", "swept,USD,60,2026-03-01,", 5, "due", "is for bills; swept has none"),
        ("swept,USD,60,,", "swept,USD,60,,60", 5, "value", "is for bills; swept has none"),
        ("2026-03-31", "2026-02-30", 10, "due", "'2026-02-30' is no day"),
        ("2026-03-31", "20260331", 10, "due", "is no day"),
        ("2026-03-31", "2026-01-05", 10, "due", "2026-01-05 is not within 1 to 731 days after 2026-01-05"),
        ("2026-03-31", "2028-01-07", 10, "due", "is not within 1 to 731 days"),
        ("2026-02-27,397", "2026-02-27,400.000001", 9, "value", "400.000001 is not above 0 and at most the face, 400"),
        ("2026-02-27,397", "2026-02-27,0", 9, "value", "0 is not above 0"),
    ],
)
def test_mistakes_name_line_and_column(old: str, new: str, line: int, column: str, told: str) -> None:
    """'Documented format, errors name line and column.'"""
    with pytest.raises(DataFileError, match=told) as caught:
        parse(GOOD.replace(old, new))
    assert caught.value.name == "bad_book"
    assert caught.value.message.startswith(f"mine.csv, line {line}, {column}: ")
    assert (caught.value.details["line"], caught.value.details["column"]) == (line, column)


def test_both_limits_of_a_bills_day() -> None:
    """Tomorrow and two years are understood."""
    for day in ("2026-01-06", "2028-01-06"):
        assert parse(GOOD.replace("2026-03-31", day))


def test_what_is_missing(tmp_path: Path) -> None:
    """No coins, no lines, no file, no text."""
    with pytest.raises(DataFileError, match="no line with coins in EUR"):
        parse(GOOD.replace("coins,EUR,5,,\n", ""))
    with pytest.raises(DataFileError, match="is followed by no line"):
        parse("kind,currency,amount,due,value\n")
    with pytest.raises(DataFileError, match="line 1, header"):
        parse("")
    with pytest.raises(DataFileError, match="cannot be read: No such file") as caught:
        read_books(tmp_path / "none.csv", START, ASSUMED_YIELDS)
    assert caught.value.name == "bad_book"
    (tmp_path / "bytes.csv").write_bytes(b"\xff")
    with pytest.raises(DataFileError, match="no text in UTF-8"):
        read_books(tmp_path / "bytes.csv", START, ASSUMED_YIELDS)
    (tmp_path / "good.csv").write_text(GOOD)
    assert read_books(tmp_path / "good.csv", START, ASSUMED_YIELDS) == parse(GOOD)


def test_a_spreadsheets_mark_and_line_ends(tmp_path: Path) -> None:
    """UTF-8 with the mark that spreadsheets put before it, and lines that end in CR LF, are the same file."""
    plain, marked = tmp_path / "plain.csv", tmp_path / "marked.csv"
    plain.write_bytes(GOOD.encode())
    marked.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert read_books(marked, START, ASSUMED_YIELDS) == read_books(plain, START, ASSUMED_YIELDS)
