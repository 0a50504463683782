"""Numbered batches whose whole effect can be checked, and a process that writes them until it is killed."""

import os
import resource
import sys
from pathlib import Path

from chain.storage import Column, Index, Store, WriteBatch
from node.storage.rules import StorageError
from node.storage.sqlite import SqliteStore

GENESIS = bytes(range(32))
ROWS = 3
SLOTS = 7
KEPT = 4


def batch_of(number: int) -> WriteBatch:
    """Batch `number`: new rows, a row replaced, a row deleted, state replaced and added, a posting."""
    mark = number.to_bytes(8, "big")
    batch = WriteBatch()
    batch.rows = [(Column.TRANSACTION, number * ROWS + place, mark * 300) for place in range(ROWS)]
    batch.rows += [(Column.META, 0, mark), (Column.PENDING, number, mark)]
    if number >= KEPT:
        batch.rows.append((Column.PENDING, number - KEPT, None))
    batch.state = [(b"slot%d" % (number % SLOTS), mark), (b"own" + mark, mark * 2)]
    batch.postings = [(Index.EVENT, b"stream", number, number * 10)]
    return batch


def last_batch(store: Store) -> int:
    """The number of the last batch, -1 if there is none."""
    meta = store.row(Column.META, 0)
    return -1 if meta is None else int.from_bytes(meta, "big")


def check_whole(store: Store) -> int:
    """Assert that exactly the batches 0 .. n have been applied, each whole; gives n."""
    number = last_batch(store)
    rows = store.rows(Column.TRANSACTION, 0, 10**9)
    assert [key for key, _ in rows] == list(range((number + 1) * ROWS))
    assert all(value == (key // ROWS).to_bytes(8, "big") * 300 for key, value in rows)
    kept = range(max(0, number - KEPT + 1), number + 1)
    assert store.rows(Column.PENDING, 0, 10**9) == [(key, key.to_bytes(8, "big")) for key in kept]
    wanted = {b"own" + mark: mark * 2 for mark in (n.to_bytes(8, "big") for n in range(number + 1))}
    wanted |= {b"slot%d" % (n % SLOTS): n.to_bytes(8, "big") for n in range(number + 1)}
    assert dict(store.states()) == wanted
    assert all(store.state(key) == value for key, value in wanted.items())
    assert store.postings(Index.EVENT, b"stream", 0, 10**9) == [(n, n * 10) for n in range(number + 1)]
    return number


def main(directory: str, max_file_bytes: int) -> None:
    """Write batches one after the other and print the number of each when it is durable, or the error's name."""
    if max_file_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_bytes, max_file_bytes))
    store = SqliteStore(Path(directory) / "ledger.sqlite", GENESIS)
    print("open", os.getpid(), flush=True)
    number = last_batch(store)
    while True:
        number += 1
        try:
            store.write(batch_of(number))
        except StorageError as error:
            print(error.name, flush=True)
            return
        print(number, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
