"""The client's journal."""

import json
import os
from pathlib import Path

import pytest

from node.lab.chaos.journal import Final, Journal, Opening, Payment, collect, read_journal

ITEMS: list[Opening | Payment | Final] = [
    Opening("aa", 5, 1),
    Payment("01", "aa", 1, "bb", 3, 600),
    Final("01", 9, 2, True),
]


def test_what_was_appended_is_read_again(tmp_path: Path) -> None:
    """ "Every payment is written to the journal before its submission and at each acknowledgement"."""
    journal = Journal(tmp_path / "journal")
    for item in ITEMS:
        journal.append([item])
    journal.close()
    assert read_journal(tmp_path / "journal") == collect(ITEMS)


def test_a_journal_is_never_written_over(tmp_path: Path) -> None:
    """Whoever finds one there has not read it yet."""
    Journal(tmp_path / "journal").close()
    with pytest.raises(FileExistsError):
        Journal(tmp_path / "journal")


def test_a_last_line_that_was_cut_short_does_not_count(tmp_path: Path) -> None:
    """It was not durable, so nothing was sent or told because of it."""
    journal = Journal(tmp_path / "journal")
    journal.append(ITEMS)
    journal.close()
    data = (tmp_path / "journal").read_bytes()
    (tmp_path / "journal").write_bytes(data[:-4])
    assert read_journal(tmp_path / "journal") == collect(ITEMS[:2])


def test_the_first_acknowledgement_counts() -> None:
    """What was told once cannot be taken back by a later answer."""
    assert collect([*ITEMS, Final("01", 10, 0, False)]).finals["01"] == ITEMS[2]


def test_its_lines_are_what_the_module_says(tmp_path: Path) -> None:
    """Whoever reads a journal needs no program: the keys are part of its form. Only its owner may read it."""
    journal = Journal(tmp_path / "journal")
    journal.append(ITEMS)
    journal.close()
    assert [json.loads(line) for line in (tmp_path / "journal").read_text().splitlines()] == [
        {"account": "aa", "balance": 5, "number": 1},
        {"pay": "01", "from": "aa", "number": 1, "to": "bb", "amount": 3, "fee": 600},
        {"final": "01", "version": 9, "by": 2, "executed": True},
    ]
    assert (tmp_path / "journal").stat().st_mode & 0o777 == 0o600


def test_lines_are_durable_before_append_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """'Each payment is on the disk before it is submitted': written whole, then synced; a part of it is an error."""
    calls: list[str] = []
    write, sync = os.write, os.fsync

    def write_and_note(fd: int, data: bytes) -> int:
        calls.append("write")
        return write(fd, data)

    def sync_and_note(fd: int) -> None:
        calls.append("sync")
        sync(fd)

    monkeypatch.setattr(os, "write", write_and_note)
    monkeypatch.setattr(os, "fsync", sync_and_note)
    journal = Journal(tmp_path / "journal")
    journal.append(ITEMS)
    assert calls == ["write", "sync"]
    monkeypatch.setattr(os, "write", lambda _fd, data: len(data) - 1)
    with pytest.raises(OSError, match="took only a part"):
        journal.append(ITEMS)
    journal.close()


def test_later_entries_of_an_account_replace_earlier_ones() -> None:
    """An opening is how the ledger had it before the run: the last one before the load."""
    assert collect([Opening("aa", 5, 1), Opening("aa", 6, 2)]).openings == {"aa": Opening("aa", 6, 2)}
