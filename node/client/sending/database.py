"""The client's one SQLite file beside a network: signed transactions (`outbox`) and payment files (`journal`).

WAL with `synchronous=FULL`: what `writing` has committed is on the disk. Its write lock is also the network
directory's lock for choosing sequence numbers: a number is chosen, signed and stored inside of one `writing`.
"""

import fcntl
import os
import sqlite3
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chain.errors import MithqalError

FILE = "outbox.sqlite3"
LOCK_FILE = "outbox.lock"
FORMAT = 1
"""`PRAGMA user_version`."""
APPLICATION = 0x6D69746F
"""`PRAGMA application_id`: "mito"."""
BUSY_S = 60.0
"""How long one process waits for another one's write."""

_SCHEMA = """
CREATE TABLE entry (
  id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, sender BLOB NOT NULL, number INTEGER NOT NULL,
  envelope BLOB NOT NULL, status TEXT NOT NULL, key TEXT UNIQUE, note TEXT NOT NULL
);
CREATE INDEX entry_by_number ON entry (sender, number);
CREATE INDEX entry_open ON entry (sender, number) WHERE status IN ('stored', 'submitted');
CREATE TABLE file (
  id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, path TEXT NOT NULL, columns TEXT NOT NULL,
  rows INTEGER NOT NULL, skipped INTEGER NOT NULL
);
CREATE TABLE row (
  file INTEGER NOT NULL, number INTEGER NOT NULL, line INTEGER NOT NULL, fields TEXT NOT NULL, sender BLOB, payee BLOB,
  status TEXT NOT NULL, entry INTEGER, signed_us INTEGER, extra TEXT, version INTEGER, reason TEXT, fee INTEGER,
  seconds REAL, PRIMARY KEY (file, number)
) WITHOUT ROWID;
CREATE INDEX row_by_entry ON row (entry) WHERE entry IS NOT NULL;
CREATE INDEX row_open ON row (file, number) WHERE status IN ('waiting', 'signed');
"""


class OutboxError(MithqalError):
    """An entry that is missing, malformed, or would be used twice."""

    name = "outbox"


class Database:
    """One connection of one thread; any number of processes."""

    def __init__(self, directory: Path) -> None:
        """Open the file in `directory` (0700), or create both.

        OutboxError: `outbox_malformed` (no such database), `outbox_format` (another program's, or another format).
        """
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = directory / FILE
        with file_lock(directory / LOCK_FILE):
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._connection = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)
            try:
                self._prepare(directory)
            except sqlite3.Error as error:
                self._connection.close()
                raise OutboxError(f"{self.path} is malformed: {error}", name="outbox_malformed") from error
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self, directory: Path) -> None:
        """Settings of the connection; tables of an empty file."""
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        ((application,),) = self.rows("PRAGMA application_id")
        ((version,),) = self.rows("PRAGMA user_version")
        ((tables,),) = self.rows("SELECT count(*) FROM sqlite_master")
        if not tables and not version:
            script = f"PRAGMA application_id={APPLICATION}; PRAGMA user_version={FORMAT};"
            self._connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} {script} COMMIT;")
            sync_directory(directory)
        elif (application, version) != (APPLICATION, FORMAT):
            raise OutboxError(
                f"{self.path} has format {version}, this program reads {FORMAT}: use the version that wrote it",
                name="outbox_format", format=version,
            )  # fmt: skip

    def close(self) -> None:
        """Close the connection; what was not committed is dropped."""
        self._connection.close()

    def rows(self, sql: str, *values: object) -> list[Any]:
        """The rows of a query."""
        return self._connection.execute(sql, values).fetchall()

    def run(self, sql: str, *values: object) -> int:
        """One change; gives the number of the row that it inserted."""
        return self._connection.execute(sql, values).lastrowid or 0

    def run_many(self, sql: str, values: Iterable[tuple[object, ...]]) -> None:
        """The same change for many values."""
        self._connection.executemany(sql, values)

    @contextmanager
    def writing(self) -> Generator[None]:
        """A change that is durable when the block ends, or has not happened; no other process writes meanwhile.

        Inside of another one it is part of that.
        """
        if self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()


@contextmanager
def file_lock(path: Path, *, wait: bool = True) -> Generator[bool]:
    """An exclusive `flock` on a file while the block runs; the kernel gives it up when the process ends.

    Without `wait` gives False at once where another process holds it.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(fd)


def sync_directory(directory: Path) -> None:
    """Make a directory's names durable."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
