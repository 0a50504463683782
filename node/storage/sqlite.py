"""The ledger's store in one SQLite file: WAL, synced at every batch, integer keys (design decision 8).

Threads: `write` may run in a worker thread, one at a time; every read uses a second connection and belongs to the
thread of the event loop. Under WAL neither waits for the other, and a read sees whole batches only.
"""

# ruff: noqa: S608 - table names come from an enumeration, never from input

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from chain.errors import MithqalError
from chain.storage import Column, Index, WriteBatch

FORMAT = 1
"""Number of the tables' layout, in `PRAGMA user_version`."""
APPLICATION = 0x6D697468
"""`PRAGMA application_id`: "mith"."""
_LAST_KEY = 2**63 - 1
"""SQLite's highest integer: a 64-bit number from outside may lie above it, and nothing is stored there."""
_CHECKPOINT_PAGES = 4_000
"""Pages after which SQLite moves the write-ahead log into the file: bounds the log to about 16 MB."""
_TABLES = {column: f"row_{column.name.lower()}" for column in Column}


class StorageError(MithqalError):
    """The disk cannot be used; the node must stop."""

    name = "storage"


class SqliteStore:
    """A `chain.storage.Store`. One process a directory: a lock file holds the owner's pid."""

    def __init__(self, path: Path, genesis_hash: bytes) -> None:
        """Open or create; StorageError for a locked, foreign, newer or corrupt file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock = _lock(path.with_suffix(".lock"))
        try:
            self._writer = self._connect()
            self._prepare(genesis_hash)
            self._reader = self._connect()
        except sqlite3.DatabaseError as error:
            self._lock.close()
            raise StorageError(f"{path} cannot be read: {error}", name="storage_corrupt") from error
        except StorageError:
            self._lock.close()
            raise
        self._ids: dict[bytes, int] = {key: number for number, key in self._reader.execute("SELECT id, key FROM state")}
        self._next_id = max(self._ids.values(), default=-1) + 1

    def _connect(self) -> sqlite3.Connection:
        """A connection in autocommit mode with our pragmas."""
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
        return connection

    def _prepare(self, genesis_hash: bytes) -> None:
        """Create the tables in an empty file, else check format, network and integrity."""
        run = self._writer.execute
        (version,) = run("PRAGMA user_version").fetchone()
        if version == 0:
            for table in _TABLES.values():
                run(f"CREATE TABLE IF NOT EXISTS {table} (key INTEGER PRIMARY KEY, value BLOB NOT NULL)")
            run("CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY, key BLOB NOT NULL, value BLOB NOT NULL)")
            run(
                "CREATE TABLE IF NOT EXISTS posting (kind INTEGER, key BLOB, position INTEGER, value INTEGER NOT NULL,"
                " PRIMARY KEY (kind, key, position)) WITHOUT ROWID"
            )
            run("CREATE TABLE IF NOT EXISTS network (genesis BLOB NOT NULL)")
            run("DELETE FROM network")
            run("INSERT INTO network VALUES (?)", (genesis_hash,))
            run(f"PRAGMA application_id={APPLICATION}")
            run(f"PRAGMA user_version={FORMAT}")
            return
        if version != FORMAT:
            raise StorageError(
                f"{self.path} has format {version}, this program reads {FORMAT}", name="storage_format", found=version
            )
        (stored,) = run("SELECT genesis FROM network").fetchone()
        if stored != genesis_hash:
            raise StorageError(
                f"{self.path} belongs to network {stored.hex()[:16]}, not to {genesis_hash.hex()[:16]}",
                name="wrong_network",
            )
        (verdict,) = run("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise StorageError(f"{self.path} is damaged: {verdict}", name="storage_corrupt")

    def row(self, column: Column, key: int) -> bytes | None:
        """The row's bytes, or None."""
        key = min(key, _LAST_KEY)
        found = self._reader.execute(f"SELECT value FROM {_TABLES[column]} WHERE key=?", (key,)).fetchone()
        return None if found is None else found[0]

    def rows(self, column: Column, start: int, limit: int) -> list[tuple[int, bytes]]:
        """Up to `limit` rows with key >= start, by ascending key."""
        start = min(start, _LAST_KEY)
        query = f"SELECT key, value FROM {_TABLES[column]} WHERE key>=? ORDER BY key LIMIT ?"
        return self._reader.execute(query, (start, limit)).fetchall()

    def last_row(self, column: Column) -> tuple[int, bytes] | None:
        """The row with the highest key, or None."""
        query = f"SELECT key, value FROM {_TABLES[column]} ORDER BY key DESC LIMIT 1"
        found: tuple[int, bytes] | None = self._reader.execute(query).fetchone()
        return found

    def state(self, key: bytes) -> bytes | None:
        """The current value of a state key, or None."""
        number = self._ids.get(key)
        if number is None:
            return None
        found = self._reader.execute("SELECT value FROM state WHERE id=?", (number,)).fetchone()
        return None if found is None else found[0]

    def states(self) -> Iterator[tuple[bytes, bytes]]:
        """Every state key and value."""
        return iter(self._reader.execute("SELECT key, value FROM state"))

    def postings(
        self, index: Index, key: bytes, start: int, limit: int, *, descending: bool = False
    ) -> list[tuple[int, int]]:
        """Up to `limit` pairs (position, value) of a key, from position `start` on (or down from it)."""
        start = min(start, _LAST_KEY)
        where, order = ("<=", "DESC") if descending else (">=", "ASC")
        query = (
            f"SELECT position, value FROM posting WHERE kind=? AND key=? AND position{where}?"
            f" ORDER BY position {order} LIMIT ?"
        )
        return self._reader.execute(query, (int(index), key, start, limit)).fetchall()

    def write(self, batch: WriteBatch) -> None:
        """Apply the batch in one synced transaction; StorageError, and nothing applied, if the disk refuses."""
        run = self._writer.execute
        many = self._writer.executemany
        fresh: dict[bytes, int] = {}
        try:
            run("BEGIN IMMEDIATE")
            for column, table in _TABLES.items():
                rows = [(key, value) for other, key, value in batch.rows if other == column]
                if rows:
                    self._write_rows(table, rows)
            values: list[tuple[int, bytes, bytes]] = []
            for key, value in dict(batch.state).items():
                number = self._ids.get(key)
                if number is None:
                    number = fresh.setdefault(key, self._next_id + len(fresh))
                if value is None:
                    run("DELETE FROM state WHERE id=?", (number,))
                else:
                    values.append((number, key, value))
            many("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", values)
            many("INSERT OR REPLACE INTO posting VALUES (?, ?, ?, ?)", batch.postings)
            run("COMMIT")
        except (sqlite3.Error, OverflowError) as error:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            raise StorageError(f"{self.path} cannot be written: {error}", name="storage_write_failed") from error
        self._ids.update(fresh)
        self._next_id += len(fresh)

    def _write_rows(self, table: str, rows: list[tuple[int, bytes | None]]) -> None:
        """Writes and deletions of one table, in order where both occur."""
        if any(value is None for _, value in rows):
            for key, value in rows:
                if value is None:
                    self._writer.execute(f"DELETE FROM {table} WHERE key=?", (key,))
                else:
                    self._writer.execute(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", (key, value))
        else:
            self._writer.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?)", rows)

    def close(self) -> None:
        """Close the file and give up the lock."""
        self._reader.close()
        self._writer.close()
        self._lock.close()


def _lock(path: Path) -> TextIO:
    """Hold the directory for this process, or say who holds it."""
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        file.close()
        raise StorageError(f"{path.parent} is in use by process {owner}", name="directory_in_use", pid=owner) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
