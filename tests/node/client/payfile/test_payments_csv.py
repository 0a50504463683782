"""`payments.csv` as records: form, line numbers, and what is wrong with a header or a row."""

import io

import pytest

from node.client.payfile import payments_csv
from node.client.payfile.payments_csv import BadFile, PaymentsCsv, Record

HEADER = b"from,to,amount,currency,memo\n"


def read(data: bytes) -> list[Record]:
    """All records."""
    return list(PaymentsCsv(io.BytesIO(data)))


def bad(data: bytes) -> BadFile:
    """The error of a file."""
    with pytest.raises(BadFile) as caught:
        read(data)
    assert caught.value.name == "bad_payment_file"
    return caught.value


def test_plain_rows() -> None:
    """A record a line, from line 2 on."""
    assert read(HEADER + b"a,b,1,XUS,hello\nc,d,2,XEU,\n") == [
        Record(2, ("a", "b", "1", "XUS", "hello"), None),
        Record(3, ("c", "d", "2", "XEU", ""), None),
    ]


@pytest.mark.parametrize("head", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_bom_line_ends_and_a_last_line_without_one(head: bytes, end: bytes, last: bool) -> None:
    """The rule: "CSV quoting, BOM, CRLF, blank lines"."""
    text = head + HEADER.strip() + end + b"a,b,1,XUS,x" + (end if last else b"")
    assert read(text) == [Record(2, ("a", "b", "1", "XUS", "x"), None)]


def test_quoting() -> None:
    """Commas, quotes and line breaks inside of quotes; the line number is where the record begins."""
    data = HEADER + b'"a","b",1,XUS,"two\nlines, ""quoted"""\nc,d,2,XUS,x\n'
    assert read(data) == [
        Record(2, ("a", "b", "1", "XUS", 'two\nlines, "quoted"'), None),
        Record(4, ("c", "d", "2", "XUS", "x"), None),
    ]


def test_blank_lines_count_as_lines_and_are_no_rows() -> None:
    """Blank lines anywhere, also of spaces; a line of commas is a row."""
    data = b"\n\r\n" + HEADER + b"\n   \na,b,1,XUS,x\n\n,,,,\n\n"
    assert read(data) == [
        Record(6, ("a", "b", "1", "XUS", "x"), None),
        Record(8, ("", "", "", "", ""), None),
    ]


def test_columns_in_any_order() -> None:
    """The header names the columns."""
    table = PaymentsCsv(io.BytesIO(b" memo ,currency,amount,to,from\n1,2,3,4,5\n"))
    assert table.columns == ("memo", "currency", "amount", "to", "from")
    assert [record.fields for record in table] == [("1", "2", "3", "4", "5")]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b"", "line 1: the file is empty"),
        (b"\n\n", "line 1: the file is empty"),
        (b"from,to,amount,currency\n", "line 1: the column 'memo' is missing"),
        (b"to,amount,currency,memo\n", "line 1: the column 'from' is missing"),
        (b"from,to,amount,currency,memo,from\n", "line 1: the column 'from' stands twice"),
        (b"from,to,amount,currency,memo,note\n", "line 1: no column is called 'note'"),
        (b"From,to,amount,currency,memo\n", "line 1: no column is called 'From'"),
        (b"\nalice,bob,25,XUS,rent\n", "line 2: no column is called 'alice'"),
        (b"from;to;amount;currency;memo\n", "line 1: no column is called 'from;to;amount;currency;memo'"),
        (b"from,to,amount,currency,m\xff\n", "line 1: not UTF-8"),
        (b'from,to,amount,currency,"memo\n', "line 1: no CSV"),
    ],
)
def test_a_header_that_cannot_be(header: bytes, words: str) -> None:
    """The rule: "Header missing or unknown/duplicate column": named by line, with the header that is wanted."""
    error = bad(header)
    assert error.message.startswith(words)
    if "empty" in words or "column" in words:
        assert (
            "the first line must be from,to,amount,currency,memo" in error.message or "its first line" in error.message
        )
    assert error.details["line"] == (2 if header.startswith(b"\na") else 1)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (b"a,b,1,XUS", "4 fields, the header has 5"),
        (b"a,b,1,XUS,x,y", "6 fields, the header has 5"),
        (b"a,b,1,XUS,\xff", "not UTF-8"),
        (b"a,b,1,XUS,\xed\xa0\x80", "not UTF-8"),
        (b'a,b,1,XUS,"x"y', "no CSV: ',' expected after '\"'"),
        (b"a,b,1,XUS," + b"x" * 140_000, "no CSV: field larger than field limit (131072)"),
    ],
)
def test_a_row_of_a_wrong_form(row: bytes, problem: str) -> None:
    """The row is told with its line; the rows around it are read."""
    first, wrong, last = read(HEADER + b"a,b,1,XUS,x\n" + row + b"\nc,d,2,XUS,y\n")
    assert (first.line, first.problem, last) == (2, None, Record(4, ("c", "d", "2", "XUS", "y"), None))
    assert (wrong.line, wrong.problem) == (3, problem)


def test_a_quote_that_never_ends() -> None:
    """It swallows the rest of the file: one bad row, named by where it begins."""
    first, wrong = read(HEADER + b'a,b,1,XUS,x\na,b,1,XUS,"y\nc,d,2,XUS,z\n')
    assert first.problem is None
    assert (wrong.line, wrong.problem) == (3, "no CSV: unexpected end of data")


def test_a_line_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded: a line above the limit is no CSV; one of exactly the limit is read."""
    monkeypatch.setattr(payments_csv, "MAX_LINE_BYTES", 40)
    row = b"a,b,1,XUS," + b"x" * 29 + b"\n"
    assert len(row) == 40
    assert len(read(HEADER + row)) == 1
    error = bad(HEADER + b"x" + row)
    assert error.message == "line 2 is above 40 bytes: this is no CSV"


def test_a_header_alone_has_no_rows() -> None:
    """Nothing to pay is no error."""
    assert read(HEADER) == []
