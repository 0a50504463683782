"""Reading the rates file: by header, newest first, only as far as needed, and refusing what is malformed."""

import datetime
import hashlib
import io
import zipfile
from collections.abc import Iterator
from decimal import Decimal

import pytest

from economy.errors import DataFileError, RateError
from economy.market.rates import day_from_archive, find_day

TEXT = """Date,SGD,USD,ISK,
2020-01-07,1.5,1.10,N/A,
2020-01-06,1.4,1.20,130,
2020-01-03,,N/A,N/A,
2020-01-02,1.3,1.30,N/A,
"""


def rows(text: str = TEXT) -> Iterator[list[str]]:
    """The cells of each line."""
    return (line.split(",") for line in text.splitlines())


def archive(text: bytes = TEXT.encode(), files: int = 1) -> bytes:
    """A zip with `files` copies of a file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        for number in range(files):
            bundle.writestr(f"{number}.csv", text)
    return buffer.getvalue()


def test_columns_go_by_header_whatever_their_order() -> None:
    """It is read by its header, never by column position; "N/A", blanks and the last comma are no rates."""
    day, per_euro = find_day(rows(), datetime.date(2020, 1, 7))
    assert day == datetime.date(2020, 1, 7)
    assert per_euro == {"EUR": 1, "SGD": Decimal("1.5"), "USD": Decimal("1.10")}
    assert find_day(rows(), datetime.date(2020, 1, 6))[1]["ISK"] == 130


def test_a_published_figure_keeps_its_digits() -> None:
    """Exact decimals: a trailing zero that was published stays."""
    assert str(find_day(rows(), None)[1]["USD"]) == "1.10"


def test_reading_stops_at_the_wanted_row() -> None:
    """Only down to the wanted row: what stands below is not even read."""
    lines = rows()
    find_day(lines, datetime.date(2020, 1, 6))
    assert next(lines)[0] == "2020-01-03"


@pytest.mark.parametrize("asked", [3, 4, 5])
def test_a_row_without_any_rate_is_no_fixing(asked: int) -> None:
    """The last earlier day *that has data*."""
    assert find_day(rows(), datetime.date(2020, 1, asked))[0] == datetime.date(2020, 1, 2)


def test_an_empty_newest_row_is_passed_over() -> None:
    """The newest day is the newest that has a rate."""
    text = "Date,USD,\n2020-01-08,N/A,\n2020-01-07,1.1,\n"
    assert find_day(rows(text), None)[0] == datetime.date(2020, 1, 7)
    assert find_day(rows(text), datetime.date(2020, 1, 8))[0] == datetime.date(2020, 1, 7)


@pytest.mark.parametrize("asked", ["2020-01-02", "2020-01-07"])
def test_the_first_and_the_last_row_are_inside(asked: str) -> None:
    """The range ends with the outermost rows, both included."""
    assert find_day(rows(), datetime.date.fromisoformat(asked))[0] == datetime.date.fromisoformat(asked)


@pytest.mark.parametrize("asked", ["2020-01-01", "2020-01-08"])
def test_one_day_beyond_the_rows_is_refused(asked: str) -> None:
    """A day after the newest row is refused even though an earlier one exists: the data may be stale."""
    with pytest.raises(RateError) as caught:
        find_day(rows(), datetime.date.fromisoformat(asked))
    assert caught.value.name == "rate_date_out_of_range"
    assert caught.value.details == {"date": asked, "oldest": "2020-01-02", "newest": "2020-01-07"}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "header"),
        ("Day,USD\n2020-01-02,1\n", 1, "header"),
        ("Date,\n2020-01-02,\n", 1, "header"),
        ("Date,USD,USD\n2020-01-02,1,1\n", 1, "USD"),
        ("Date,usd\n2020-01-02,1\n", 1, "usd"),
        ("Date,USDT\n2020-01-02,1\n", 1, "USDT"),
        ("Date,EUR\n2020-01-02,1\n", 1, "EUR"),
        ("Date,USD\n20200102,1\n", 2, "line 2 of the rates: '20200102' is no date"),
        ("Date,USD\n2020-02-30,1\n", 2, "'2020-02-30' is no date"),
        ("Date,USD\n\n", 2, "'' is no date"),
        ("Date,USD\n2020-01-03,N/A\n2020-01-03,1\n", 3, "2020-01-03 is not before 2020-01-03"),
        ("Date,USD\n2020-01-03,N/A\n2020-01-04,1\n", 3, "2020-01-04 is not before 2020-01-03"),
        ("Date,USD\n2020-01-02,1,2\n", 2, "line 2 of the rates has 3 cells, the header 2"),
        ("Date,USD,JPY\n2020-01-02,1\n", 2, "has 2 cells, the header 3"),
        ("Date,USD\n2020-01-02,0\n", 2, "line 2 of the rates: USD has the rate '0'"),
        ("Date,USD\n2020-01-02,0.00\n", 2, "USD has the rate '0.00'"),
        ("Date,USD\n2020-01-02,-1\n", 2, "USD has the rate '-1'"),
        ("Date,USD\n2020-01-02,1e3\n", 2, "USD has the rate '1e3'"),
        ("Date,USD\n2020-01-02,NaN\n", 2, "USD has the rate 'NaN'"),
        ("Date,USD\n2020-01-02, 1\n", 2, "USD has the rate ' 1'"),
    ],
)
def test_a_malformed_file_is_refused_by_line(text: str, line: int, words: str) -> None:
    """A data file that is not in the documented format is never half believed."""
    with pytest.raises(DataFileError) as caught:
        find_day(rows(text), None)
    assert caught.value.name == "data_file_invalid"
    assert caught.value.details == {"line": line}
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["Date,USD\n", "Date,USD\n2020-01-02,N/A\n"])
def test_a_file_without_a_rate_has_no_newest_day(text: str) -> None:
    """No fixing at all is a damaged file."""
    with pytest.raises(DataFileError, match="no day with a rate"):
        find_day(rows(text), None)


def test_a_day_from_an_archive_carries_the_hash_of_all_its_bytes() -> None:
    """The hash is of the whole archive, the version is the package's."""
    data = archive()
    day = day_from_archive(data, datetime.date(2020, 1, 5), "9.9")
    assert (day.date, day.package_version) == (datetime.date(2020, 1, 2), "9.9")
    assert day.data_sha256 == hashlib.sha256(data).hexdigest()
    assert day.units_per_euro("USD") == Decimal("1.30")


def test_an_archive_holds_exactly_one_file() -> None:
    """With none or two files it is not clear which one speaks."""
    for files in (0, 2):
        with pytest.raises(DataFileError, match=f"holds {files} files, not 1"):
            day_from_archive(archive(files=files), None, "9.9")


def test_a_damaged_archive_is_an_expected_failure() -> None:
    """Garbage, a cut file, a flipped byte in the compressed data, bytes that are no text: one clear error."""
    whole = archive()
    start = whole.index(b"0.csv") + len("0.csv")
    flipped = whole[:start] + bytes(byte ^ 0xFF for byte in whole[start : start + 8]) + whole[start + 8 :]
    for data in (b"", b"garbage", whole[: len(whole) // 2], flipped, archive(b"Date,US\xff\n")):
        with pytest.raises(DataFileError, match="the rates archive is damaged"):
            day_from_archive(data, None, "9.9")
