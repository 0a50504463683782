"""A ledger's file for whoever only looks: nothing is ever written beside it, also while a validator runs on it.

While a process has the directory, one read transaction of SQLite shows the ledger of one moment. A file that nobody has
is read as it is; if its last process was killed, so that a write-ahead log lies beside it, both are copied away first.
"""

# ruff: noqa: S608 - names of tables come from an enumeration, never from input

import fcntl
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from chain.errors import MithqalError
from chain.storage import Column, Index
from node.storage.directory_lock import LOCK_FILE
from node.storage.recent_postings import unpack
from node.storage.rules import StorageError
from node.storage.sqlite import APPLICATION, FORMAT, STATES, TABLES, check_schema, row_seed

LEDGER_FILE = "ledger.sqlite"


class Stored(NamedTuple):
    """A value as it stands in the file, and whether it passes its checksum."""

    value: bytes
    is_whole: bool


class LedgerFile:
    """One ledger, at one moment. Every read may raise StorageError (`storage_corrupt`)."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        """Look whose file it is: StorageError (`storage_format`, `storage_corrupt`)."""
        self.path, self.connection = path, connection
        if self._one("PRAGMA application_id") != APPLICATION:
            raise StorageError(f"{path} is a file of another program, not a ledger of mithqal", name="storage_format")
        version = self._one("PRAGMA user_version")
        if version != FORMAT:
            raise StorageError(
                f"{path} has format {version}, this program reads format {FORMAT}", name="storage_format",
                found=version, expected=FORMAT,
            )  # fmt: skip
        try:
            check_schema(connection, path)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise _damaged(path, error) from error
        self.genesis_hash: bytes = self._one("SELECT genesis FROM network")
        self._state = STATES[self._one("SELECT generation FROM network")]
        self._log: dict[tuple[int, bytes, int], int] | None = None

    def verdict(self) -> str:
        """What SQLite says of all pages: "ok", or what is wrong."""
        return str(self._one("PRAGMA quick_check(1)"))

    def row(self, column: Column, key: int) -> Stored | None:
        """A row, or None."""
        found = self._all(f"SELECT value, checksum FROM {TABLES[column]} WHERE key=?", key)
        return Stored(found[0][0], _is_whole(found[0], row_seed(column, key))) if found else None

    def rows(self, column: Column, start: int = 0) -> Iterator[tuple[int, Stored]]:
        """All rows from a key on, by ascending key."""
        query = f"SELECT key, value, checksum FROM {TABLES[column]} WHERE key>=? ORDER BY key"
        for key, *found in self._walk(query, start):
            yield key, Stored(found[0], _is_whole(found, row_seed(column, key)))

    def last_key(self, column: Column) -> int | None:
        """The highest key of a column, or None."""
        found: int | None = self._one(f"SELECT max(key) FROM {TABLES[column]}")
        return found

    def count(self, column: Column) -> int:
        """Rows of a column."""
        return int(self._one(f"SELECT count(*) FROM {TABLES[column]}"))

    def states(self) -> Iterator[tuple[bytes, Stored]]:
        """Every state key and value."""
        for key, *found in self._walk(f"SELECT key, value, checksum FROM {self._state}"):
            yield key, Stored(found[0], _is_whole(found, crc32(key)))

    def posting(self, index: Index, key: bytes, place: int) -> int | None:
        """What an index says."""
        found = self._all(
            "SELECT value FROM posting WHERE key=? AND kind=? AND position=?", key[::-1], int(index), place
        )
        if found:
            return int(found[0][0])
        return self._recent().get((int(index), key, place))

    def count_postings(self) -> int:
        """Entries of all indexes."""
        query = "SELECT count(*) FROM posting WHERE key=? AND kind=? AND position=?"
        waiting = sum(not self._all(query, key[::-1], kind, place)[0][0] for kind, key, place in self._recent())
        return int(self._one("SELECT count(*) FROM posting")) + waiting

    def postings(self) -> Iterator[tuple[Index, bytes, int, int]]:
        """Every entry of every index; StorageError for one of no index."""
        for key, kind, place, value in self._walk("SELECT key, kind, position, value FROM posting"):
            yield _index(self.path, kind), key[::-1], place, value
        for (kind, key, place), value in self._recent().items():
            yield _index(self.path, kind), key, place, value

    def damaged_logs(self) -> list[int]:
        """Batches of the index log that are not what was written."""
        rows = self._all("SELECT batch, value, checksum FROM posting_log ORDER BY batch")
        return [batch for batch, value, checksum in rows if crc32(value) != checksum]

    def _recent(self) -> dict[tuple[int, bytes, int], int]:
        """Entries that are not in the table yet, or are in both."""
        if self._log is None:
            self._log = {}
            for value, checksum in self._all("SELECT value, checksum FROM posting_log ORDER BY batch"):
                if crc32(value) == checksum:
                    try:
                        self._log.update(((int(kind), key, place), found) for kind, key, place, found in unpack(value))
                    except (MithqalError, ValueError) as error:
                        raise _damaged(self.path, error) from error
        return self._log

    def _one(self, query: str) -> Any:
        """The first value of the answer."""
        rows = self._all(query)
        if not rows:
            raise _damaged(self.path, f"nothing answers {query}")
        return rows[0][0]

    def _all(self, query: str, *values: object) -> list[Any]:
        """All rows of a query."""
        try:
            return self.connection.execute(query, values).fetchall()
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise _damaged(self.path, error) from error

    def _walk(self, query: str, *values: object) -> Iterator[Any]:
        """Rows one by one."""
        try:
            yield from self.connection.execute(query, values)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise _damaged(self.path, error) from error


def find_ledger(directory: Path) -> Path:
    """The ledger's file of a validator's directory, or of its data directory; StorageError (`unknown_ledger`)."""
    if not directory.is_dir():
        raise StorageError(f"{directory} is no directory: name a validator's directory", name="unknown_ledger")
    for path in (directory / LEDGER_FILE, directory / "data" / LEDGER_FILE):
        if path.is_file():
            return path
    raise StorageError(
        f"there is no {LEDGER_FILE} in {directory} or in its data: name a validator's directory", name="unknown_ledger"
    )


@contextmanager
def open_ledger(path: Path) -> Iterator[LedgerFile]:
    """A ledger's file, opened without writing anything to its directory.

    Raises StorageError: `storage_unreadable`, `storage_corrupt`, `storage_format`.
    """
    with ExitStack() as opened:
        try:
            connection = opened.enter_context(closing(_connect(path, opened)))
            ledger = LedgerFile(path, connection)
        except sqlite3.Error as error:
            raise _damaged(path, error) from error
        except OSError as error:
            raise StorageError(f"{path} cannot be read: {error.strerror}", name="storage_unreadable") from error
        yield ledger


def _connect(path: Path, opened: ExitStack) -> sqlite3.Connection:
    """A connection that shows one moment, whoever else has the file."""
    log = path.with_name(path.name + "-wal")
    if not _hold(path.parent, opened):
        connection = _open(path, "mode=ro")
        try:
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection
    if not log.exists() or not log.stat().st_size:
        return _open(path, "mode=ro&immutable=1")
    copies = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="mithqal-ledger-")))
    for source in (path, log):
        shutil.copyfile(source, copies / source.name)
    return _open(copies / path.name, "mode=rw")


def _open(path: Path, how: str) -> sqlite3.Connection:
    """A connection of that kind, in autocommit mode."""
    return sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, isolation_level=None)


def _hold(directory: Path, opened: ExitStack) -> bool:
    """Keep validators from starting in the directory meanwhile; False if one runs there."""
    try:
        lock = os.open(directory / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    opened.callback(os.close, lock)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_whole(found: Any, seed: int) -> bool:
    """Whether (value, checksum) is what was written there."""
    value, checksum = found
    return isinstance(value, bytes) and crc32(value, seed) == checksum


def _index(path: Path, kind: int) -> Index:
    """The index of a stored kind."""
    try:
        return Index(kind)
    except ValueError as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: object) -> StorageError:
    """What cannot be read is damaged."""
    return StorageError(f"{path} is damaged: {error}", name="storage_corrupt")
