"""Files beside a result: whole or not at all, and an error that names the file."""

from pathlib import Path

import pytest

from chain.errors import MithqalError
from cli.exits import exit_code
from economy.report.files import csv_text, write_text


def test_a_file_is_replaced(tmp_path: Path) -> None:
    """An old report gives way to the new one; missing folders are made."""
    path = tmp_path / "new" / "report.html"
    write_text(path, "one ≋")
    write_text(path, "two ≋")
    assert path.read_text(encoding="utf-8") == "two ≋"
    assert list(path.parent.iterdir()) == [path]


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """`cannot_write` names the file, exit 2."""
    (tmp_path / "file").write_text("")
    with pytest.raises(MithqalError) as caught:
        write_text(tmp_path / "file" / "report.html", "x")
    assert caught.value.name == "cannot_write"
    assert str(tmp_path / "file" / "report.html") in caught.value.message
    assert exit_code(caught.value) == 2


def test_csv() -> None:
    """A comma or a quote in a cell is quoted; lines end in a newline."""
    assert csv_text(("a", "b"), [("1", "x,y"), ('"', "")]) == 'a,b\n1,"x,y"\n"""",\n'
