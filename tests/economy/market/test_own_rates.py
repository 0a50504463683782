"""A user's own CSV of rates: the documented format, and errors that name line and column."""

import hashlib
from pathlib import Path

import pytest

from economy.errors import DataFileError
from economy.market.reading import find_history, load_history, read_own_rates

UNSORTED = "Date,USD\n2024-01-01,1\n2024-01-04,1\n2024-01-03,1\n2024-01-05,1\n"
FALLING = "Date,USD\n2024-01-05,1\n2024-01-03,1\n2024-01-04,1\n2024-01-01,1\n"
SHORT = "# c\nDate,USD,INR\n2024-01-02,1,90\n2024-01-03,1\n"
NO_NUMBER = "# c\nDate,USD,INR\n2024-01-02,1,90\n2024-01-03,1,x\n2024-01-04,1,90\n"
NEWEST_FIRST = "Date,USD,INR\n2024-01-03,1.2,91\n2024-01-02,1.1,90.5\n"


def write(tmp_path: Path, text: str | bytes) -> Path:
    """A file of rates."""
    file = tmp_path / "own.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return file


def test_either_order_comments_and_line_ends_give_the_same(tmp_path: Path) -> None:
    """Dates all ascending or all descending; comments, a byte order mark, CRLF and blank last lines mean nothing."""
    texts = [
        NEWEST_FIRST,
        "# mine\n#base: EUR\nDate,USD,INR,\n2024-01-02,1.1,90.5,\n2024-01-03,1.2,91,\n\n",
        "\ufeff" + NEWEST_FIRST.replace("\n", "\r\n"),
    ]
    for text in texts:
        history = read_own_rates(write(tmp_path, text))
        assert [str(day) for day in history.dates] == ["2024-01-02", "2024-01-03"]
        assert list(history.column("INR").values) == [90.5, 91]
        assert history.base == "EUR"


def test_the_source_is_the_file_and_its_hash(tmp_path: Path) -> None:
    """Version and hash in every result: a user's file has no version."""
    file = write(tmp_path, NEWEST_FIRST)
    assert read_own_rates(file).source == ("the file own.csv", "", hashlib.sha256(NEWEST_FIRST.encode()).hexdigest())


def test_another_base(tmp_path: Path) -> None:
    """`# base: USD`: units for one US dollar."""
    history = read_own_rates(write(tmp_path, "# base: USD\nDate,EUR,EGP\n2024-01-02,0.9,30.9\n"))
    window = history.day(["USD", "EUR", "EGP"], history.last)
    assert history.base == "USD"
    assert window.value("USD", "EGP")[0] == 30.9
    assert window.value("EUR", "EGP")[0] == pytest.approx(30.9 / 0.9)
    assert "AED" in history.codes()


def test_a_peg_in_the_file_is_no_longer_synthetic(tmp_path: Path) -> None:
    """What the user gives is not made up by us."""
    history = read_own_rates(write(tmp_path, "Date,USD,AED\n2024-01-02,1.1,4\n"))
    assert not history.is_synthetic("AED")
    assert history.column("AED").values[0] == 4
    assert history.is_synthetic("SAR")


def test_without_a_file_it_is_the_ecbs() -> None:
    """One door for the commands."""
    assert find_history(None) is load_history()


@pytest.mark.parametrize(
    ("text", "words", "details"),
    [
        ("", "do not begin with a header", {"line": 1}),
        ("# x\nday;USD\n", "do not begin with a header", {"line": 2}),
        ("Date,USD,USD\n", "wrong or repeated code: USD", {"line": 1}),
        ("Date,EUR\n", "wrong or repeated code: EUR", {"line": 1}),
        ("# base: USD\nDate,USD\n", "wrong or repeated code: USD", {"line": 2}),
        ("# base: dollar\nDate,USD\n", "'dollar' is no currency code", {"line": 1}),
        ("Date,USD\n", "no day with a rate", {}),
        ("Date,USD\n2024-1-2,1\n", "line 2 of the rates: '2024-1-2' is no date", {"line": 2}),
        ("Date,USD\n2024-01-02,1\n2024-01-02,1\n", "line 3 of the rates: 2024-01-02 is not before", {"line": 3}),
        (UNSORTED, "line 4 of the rates: 2024-01-03 is not after 2024-01-04", {"line": 4}),
        (FALLING, "line 4 of the rates: 2024-01-04 is not before 2024-01-03", {"line": 4}),
        (SHORT, "line 4 of the rates has 2 cells, the header 3", {"line": 4}),
        (NO_NUMBER, "line 4 of the rates: INR has the rate 'x'", {"line": 4, "column": "INR"}),
        ("Date,USD\n2024-01-03,1\n2024-01-02,-1\n", "line 3 of the rates: USD has", {"line": 3, "column": "USD"}),
        ("Date,USD\n2024-01-03,0\n", "USD has the rate '0'", {"line": 2, "column": "USD"}),
        ("Date,USD\n2024-01-03,inf\n", "USD has the rate 'inf'", {"line": 2, "column": "USD"}),
        ("Date,USD\n2024-01-03,nan\n", "USD has the rate 'nan'", {"line": 2, "column": "USD"}),
        ("Date,USD\n2024-01-03,1e3\n", "USD has the rate '1e3'", {"line": 2, "column": "USD"}),
        ("Date,USD\n2024-01-03," + "9" * 400 + "\n", "which is no positive number", {"line": 2, "column": "USD"}),
        (b"Date,USD\n2024-01-03,\xff\n", "is no CSV in UTF-8", {}),
        ('Date,USD\n2024-01-03,"1\n', "is no CSV in UTF-8", {}),
    ],
)  # fmt: skip
def test_a_malformed_file_is_refused_by_line_and_column(
    tmp_path: Path, text: str | bytes, words: str, details: dict[str, object]
) -> None:
    """Errors name line and column."""
    with pytest.raises(DataFileError) as caught:
        read_own_rates(write(tmp_path, text))
    assert caught.value.name == "bad_rates_file"
    assert words in caught.value.message
    assert caught.value.details == details


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The path and the reason."""
    with pytest.raises(DataFileError, match="cannot be read") as caught:
        read_own_rates(tmp_path / "none.csv")
    assert caught.value.name == "file_unreadable"
