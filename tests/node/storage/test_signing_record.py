"""Which ledgers have been run with a signing record: each of the three signs alone is enough (T1, T2)."""

from pathlib import Path

import pytest

from chain.storage import Column, WriteBatch
from node.storage.memory import MemoryStore
from node.storage.rules import StorageError
from node.storage.safety_file import SafetyFile
from node.storage.signing_record import (
    OWNER_ROW,
    RESTORED_FILE,
    SAFETY_FILE,
    note_owner,
    open_further_record,
    open_signing_record,
)

OWNER, OTHER = b"\x01" * 32, b"\x02" * 32


@pytest.mark.parametrize(
    ("column", "key", "value"), [(Column.META, OWNER_ROW, OWNER), (Column.BLOCK, 1, b"x"), (Column.PENDING, 7, b"x")]
)
def test_beside_a_ledger_that_ran_a_missing_record_is_not_made_anew(tmp_path: Path, column, key, value) -> None:
    """The mark, a committed block, or a block stored before a vote says that there was one."""
    store = MemoryStore()
    store.write(WriteBatch(rows=[(column, key, value)]))
    with pytest.raises(StorageError) as caught:
        open_signing_record(store, tmp_path, OWNER, is_unused=True)
    assert caught.value.name == "safety_record_lost"
    assert list(tmp_path.iterdir()) == []


def test_beside_a_ledger_at_genesis_it_is_made_and_marked(tmp_path: Path) -> None:
    """Genesis alone was never signed; from then on the ledger knows whose record it is."""
    store = MemoryStore()
    store.write(WriteBatch(rows=[(Column.BLOCK, 0, b"genesis")]))
    open_signing_record(store, tmp_path, OWNER, is_unused=True).close()
    assert store.row(Column.META, OWNER_ROW) == OWNER
    open_signing_record(store, tmp_path, OWNER, is_unused=False).close()
    with pytest.raises(StorageError) as caught:
        open_signing_record(store, tmp_path, OTHER, is_unused=True)
    assert caught.value.name == "foreign_ledger"
    (tmp_path / SAFETY_FILE).unlink()
    with pytest.raises(StorageError) as caught:
        open_signing_record(store, tmp_path, OWNER, is_unused=False)
    assert caught.value.name == "safety_record_lost"


@pytest.mark.parametrize(
    "rows", [[], [(Column.BLOCK, 0, b"genesis")], [(Column.BLOCK, 1, b"x")], [(Column.PENDING, 7, b"x")]]
)
def test_without_its_makers_word_no_record_is_begun(tmp_path: Path, rows) -> None:
    """D5: a ledger that is gone as well, or that was only followed, does not say what the key has signed: whether or
    not it has blocks again, the validator follows."""
    store = MemoryStore()
    store.write(WriteBatch(rows=rows))
    for _ in range(2):
        with pytest.raises(StorageError) as caught:
            open_signing_record(store, tmp_path, OWNER, is_unused=False)
        assert caught.value.name == "signing_record_new"
    assert list(tmp_path.iterdir()) == []
    assert store.row(Column.META, OWNER_ROW) is None, "nothing marks it as one that ran"


def test_where_a_backup_was_restored_the_makers_word_is_void(tmp_path: Path) -> None:
    """A backup may be of a key that signed since, whoever marked it."""
    (tmp_path / RESTORED_FILE).write_text("{}")
    with pytest.raises(StorageError) as caught:
        open_signing_record(MemoryStore(), tmp_path, OWNER, is_unused=True)
    assert caught.value.name == "safety_record_restored"


@pytest.mark.parametrize(("marked", "name"), [(True, "safety_record_lost"), (False, "signing_record_new")])
def test_a_later_keys_record_is_never_made_here(tmp_path: Path, marked: bool, name: str) -> None:
    """D5: it was begun when the key was made. Missing, it is lost: with the ledger (unmarked), or alone."""
    store, path = MemoryStore(), tmp_path / "safety-00.bin"
    if marked:
        note_owner(store, OWNER)
    with pytest.raises(StorageError) as caught:
        open_further_record(store, path, OWNER)
    assert caught.value.name == name
    assert list(tmp_path.iterdir()) == []
    SafetyFile(path, OWNER).close()
    open_further_record(store, path, OWNER).close()


def test_a_ledger_of_a_later_key_is_not_foreign_to_the_first(tmp_path: Path) -> None:
    """D4, D5: after a total loss a new key runs the ledger; the first one stays silent and is no reason to stop."""
    store = MemoryStore()
    note_owner(store, OTHER)
    with pytest.raises(StorageError) as caught:
        open_signing_record(store, tmp_path, OWNER, is_unused=False, others=[OTHER])
    assert caught.value.name == "safety_record_lost"
    with pytest.raises(StorageError) as caught:
        open_signing_record(store, tmp_path, OWNER, is_unused=False, others=[b"x" * 32])
    assert caught.value.name == "foreign_ledger"
    assert not list(tmp_path.iterdir()), "no record is begun"
