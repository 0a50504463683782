"""`node.logs`: a file of lines that is bounded in size, and a log that holds repeated names back."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from node import logs
from node.logs import BoundedFile, NodeLog


def test_a_file_never_grows_beyond_its_bound(tmp_path: Path) -> None:
    """A line that would not fit begins a new file; the full one takes the place of an older one."""
    path, older = tmp_path / "log", tmp_path / "log.1"
    file = BoundedFile(path, 10)
    file.put("1234")
    file.put("6789")  # exactly 10 bytes with both ends
    assert (path.read_text(), older.exists()) == ("1234\n6789\n", False)
    file.put("a")
    assert (path.read_text(), older.read_text()) == ("a\n", "1234\n6789\n")
    file.put("b" * 8)
    assert (path.read_text(), older.read_text()) == ("b" * 8 + "\n", "a\n")
    file.put("c" * 40)  # a line is never cut
    file.close()
    assert (path.read_text(), older.read_text()) == ("c" * 40 + "\n", "b" * 8 + "\n")


def test_a_file_goes_on_at_its_end_and_ends_for_good(tmp_path: Path) -> None:
    """What lies there counts; a line after the end is dropped."""
    path = tmp_path / "log"
    path.write_text("12345\n")
    file = BoundedFile(path, 10)
    file.put("678")
    file.put("9")
    file.close()
    file.put("late")
    assert (path.read_text(), (tmp_path / "log.1").read_text()) == ("9\n", "12345\n678\n")


def test_a_refusing_disk_ends_nothing(tmp_path: Path) -> None:
    """Nothing may end because of a log: the next file cannot be opened, its lines are dropped."""
    path = tmp_path / "log"
    file = BoundedFile(path, 4)
    file.put("abc")
    (tmp_path / "log.1").mkdir()
    file.put("def")
    file.put("ghi")
    file.close()
    assert path.read_text() == "abc\n"


def test_a_flood_of_one_name_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five lines of a name within the window; the next window's first says how many were held back."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    log = NodeLog(tmp_path / "node.log")
    for number in range(8):
        log.write("flood", f"line {number}")
    log.write("other", "x" * 3_000, peer=2)
    now[0] += logs.WINDOW_S - 0.001
    log.write("flood", "still held back")
    now[0] += 0.001
    log.write("flood", "again")
    log.close()
    rows: list[dict[str, Any]] = [json.loads(line) for line in (tmp_path / "node.log").read_text().splitlines()]
    assert [row["message"][:9] for row in rows] == [*(f"line {number}" for number in range(5)), "x" * 9, "again"]
    assert (len(rows[5]["message"]), rows[5]["peer"]) == (2_000, 2)
    assert [row.get("held_back") for row in rows] == [None] * 6 + [4]
