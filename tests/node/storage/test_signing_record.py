"""Which ledgers have been run with a signing record: each of the three signs alone is enough (T1, T2)."""

from pathlib import Path

import pytest

from chain.storage import Column, WriteBatch
from node.storage.memory import MemoryStore
from node.storage.rules import StorageError
from node.storage.signing_record import OWNER_ROW, SAFETY_FILE, open_signing_record

OWNER, OTHER = b"\x01" * 32, b"\x02" * 32


@pytest.mark.parametrize(
    ("column", "key", "value"), [(Column.META, OWNER_ROW, OWNER), (Column.BLOCK, 1, b"x"), (Column.PENDING, 7, b"x")]
)
def test_beside_a_ledger_that_ran_a_missing_record_is_not_made_anew(tmp_path: Path, column, key, value) -> None:
    """The mark, a committed block, or a block stored before a vote says that there was one."""
    store = MemoryStore()
    store.write(WriteBatch(rows=[(column, key, value)]))
    with pytest.raises(StorageError) as caught:
        open_signing_record(store, tmp_path, OWNER)
    assert caught.value.name == "safety_record_lost"
    assert list(tmp_path.iterdir()) == []


def test_beside_a_ledger_at_genesis_it_is_made_and_marked(tmp_path: Path) -> None:
    """Genesis alone was never signed; from then on the ledger knows whose record it is."""
    store = MemoryStore()
    store.write(WriteBatch(rows=[(Column.BLOCK, 0, b"genesis")]))
    open_signing_record(store, tmp_path, OWNER).close()
    assert store.row(Column.META, OWNER_ROW) == OWNER
    open_signing_record(store, tmp_path, OWNER).close()
    with pytest.raises(StorageError) as caught:
        open_signing_record(store, tmp_path, OTHER)
    assert caught.value.name == "foreign_ledger"
    (tmp_path / SAFETY_FILE).unlink()
    with pytest.raises(StorageError) as caught:
        open_signing_record(store, tmp_path, OWNER)
    assert caught.value.name == "safety_record_lost"
