"""Ledgers of a simulated network with real signatures, crashes and five epochs, as validators' directories on disk."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from chain.accounts import Account, read_record
from chain.codec import decode, encode
from chain.entries import TransactionInfo
from chain.genesis import GenesisDocument
from chain.ledger import Ledger, read_block, read_entry
from chain.primitives import SECOND_US
from chain.storage import Column, Index, WriteBatch
from node.sim.scenario import Change, Scenario
from node.sim.world import World
from node.storage.memory import MemoryStore
from node.storage.sqlite import TABLES, SqliteStore, row_seed
from node.upkeep.verify import LedgerDiffers, verify_directory

SCENARIO = Scenario(
    duration_us=8 * SECOND_US, payments_per_s=10, signatures="libsodium", loss_ppm=50_000, crash_every_us=SECOND_US,
    disk_lost_every_us=SECOND_US, snapshot_behind=20, spares=1,
    changes=(
        Change(2 * SECOND_US, "rekey", 1), Change(3 * SECOND_US, "add", 4), Change(4 * SECOND_US, "remove", 0),
        Change(5 * SECOND_US, "consensus"),
    ),
)  # fmt: skip
FROM_SNAPSHOT, FROM_GENESIS = 0, 1
"""Validators whose ledgers begin so."""


@cache
def run() -> World:
    """The network at its end."""
    world = World(SCENARIO, 7)
    report = world.run()
    assert report.violations == ()
    return world


def saved(directory: Path, index: int = FROM_GENESIS) -> Path:
    """The ledger of a validator in `directory/data`, one batch a block's worth of index entries; gives `directory`."""
    world = run()
    store = world.validators[index].disk.store
    assert isinstance(store, MemoryStore)
    rows = WriteBatch(state=list(store.states()))
    for column in Column:
        rows.rows.extend((column, key, data) for key, data in store.rows(column, 0, 1 << 20))
    postings = sorted(
        ((kind, key, place, value) for kind in Index for key, pairs in store._postings[kind].items()
         for place, value in pairs),
        key=lambda posting: posting[3],
    )  # fmt: skip
    with closing(SqliteStore(directory / "data" / "ledger.sqlite", world.parties.chain[1])) as target:
        target.write(rows)
        for at in range(0, len(postings), 7):
            target.write(WriteBatch(postings=postings[at : at + 7]))
    return directory


def ledger_of(index: int = FROM_GENESIS) -> Ledger:
    """The same ledger, opened by the chain's own code."""
    store = run().validators[index].disk.store
    row = store.row(Column.TRANSACTION, 0)
    assert row is not None
    return Ledger(GenesisDocument.from_bytes(read_entry(row)[1]), store)


def ledger_path(directory: Path) -> Path:
    """The ledger's file."""
    return directory / "data" / "ledger.sqlite"


def change(directory: Path, statement: str, *values: object) -> int:
    """Run SQL on the file; gives how many rows it changed."""
    with closing(sqlite3.connect(ledger_path(directory))) as connection, connection:
        return connection.execute(statement, values).rowcount


def stored_row(directory: Path, column: Column, key: int) -> bytes:
    """A row's bytes."""
    with closing(sqlite3.connect(ledger_path(directory))) as connection:
        found = connection.execute(f"SELECT value FROM {TABLES[column]} WHERE key=?", (key,)).fetchone()
    value: bytes = found[0]
    return value


def put_row(directory: Path, column: Column, key: int, value: bytes) -> None:
    """Another value with its right checksum, as somebody would write it who knows the format."""
    seed = row_seed(column, key)
    changed = change(
        directory, f"INSERT OR REPLACE INTO {TABLES[column]} VALUES (?, ?, ?)", key, value, crc32(value, seed)
    )
    assert changed == 1


def put_state(directory: Path, key: bytes, value: bytes) -> None:
    """Another record with its right checksum."""
    changed = change(
        directory, "UPDATE state_0 SET value=?, checksum=? WHERE key=?", value, crc32(value, crc32(key)), key
    )
    assert changed == 1


def differs(directory: Path) -> dict[str, Any]:
    """The details of a verification that fails."""
    with pytest.raises(LedgerDiffers) as caught:
        verify_directory(directory)
    assert caught.value.name == "ledger_differs"
    return caught.value.details


def value_of(row: bytes) -> Any:
    """A row decoded."""
    return decode(row)


def changed_entry(directory: Path, version: int, change_info: Callable[[Any], Any]) -> None:
    """Write a version's row with another leaf."""
    kind, data, info, events = value_of(stored_row(directory, Column.TRANSACTION, version))
    other = change_info(TransactionInfo.from_bytes(info)).to_bytes()
    put_row(directory, Column.TRANSACTION, version, encode((kind, data, other, events)))


def changed_block(directory: Path, height: int, changed: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> int:
    """Write a block's row anew; gives its last version before."""
    row = stored_row(directory, Column.BLOCK, height)
    put_row(directory, Column.BLOCK, height, encode(changed(value_of(row))))
    return read_block(row)[1][1]


def account_key_of(directory: Path) -> tuple[bytes, Account]:
    """An account of the state that holds coins."""
    for key, value in run().validators[1].disk.store.states():
        record = read_record(key, value)
        if isinstance(record, Account) and dict(record.balances).get("XUS", 0) > 1_000:
            return key, record
    raise AssertionError
