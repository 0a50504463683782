"""The client's journal."""

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
