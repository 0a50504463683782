"""The ledger's store in one SQLite file: WAL, synced at every batch, integer keys (design decision 8, record 0003).

Threads: `write` may run in a worker thread, one call at a time; every read uses a second connection and belongs to the
thread of the event loop. Under WAL neither waits for the other, and a read sees whole batches only. `states` has a
connection of its own, so that a long walk neither blocks nor ages the other reads.
"""

# ruff: noqa: S608 - names of tables come from an enumeration, never from input

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from chain.storage import KEPT_BY_ADOPTION, Column, Index, WriteBatch
from node.storage.directory_lock import DirectoryLock
from node.storage.recent_postings import SLICES, RecentPostings, pack
from node.storage.rules import MAX_NUMBER, StorageError, check_numbers

FORMAT = 7
"""Number of the tables' layout, in `PRAGMA user_version`."""
APPLICATION = 0x6D697468
"""`PRAGMA application_id`: "mith"."""
CHECKPOINT_PAGES = 4_000
"""Pages after which a commit moves the write-ahead log into the file: 16 MB."""
WAL_BYTES = 64 << 20
"""To this size the log's file is cut after a checkpoint, if one batch (a catch-up) or a long read made it grow."""
CHECK_BELOW_BYTES = 1 << 30
"""Files up to this size get `quick_check` when they are opened; it reads every page."""
_WRITER_CACHE_KIB = 8 << 10
TABLES = [f"row_{column.name.lower()}" for column in Column]
"""The table of each column."""
STATES = ("state_0", "state_1")
"""Two tables of one shape: the state, and the staged one beside it. `network.generation` says which is which."""
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
"""The last is what SQLite says of a header or a table that it does not understand."""


class _StateTable(NamedTuple):
    """One of the two state tables: its name, the number of each key, and a number below the next free one."""

    name: str
    ids: dict[bytes, int]
    last_id: int = -1

    def with_keys(self, fresh: dict[bytes, int]) -> "_StateTable":
        """With new keys; the numbers of all keys are kept in one dictionary."""
        self.ids.update(fresh)
        return self._replace(last_id=self.last_id + len(fresh))


class SqliteStore:
    """A `chain.storage.Store`. One process a directory; after a failed write every further one is refused."""

    def __init__(self, path: Path, genesis_hash: bytes, *, check_below_bytes: int = CHECK_BELOW_BYTES) -> None:
        """Open the file of the network with this genesis, or create it; `check_below_bytes` 0 skips `quick_check`.

        Raises StorageError: `directory_in_use`, `storage_unreadable`, `storage_corrupt`, `storage_format` (another
        program's file, or another format), `wrong_network`.
        """
        self.path = path
        self._failed = False
        self._meta: dict[int, bytes | None] = {}
        """Rows of META as last written: every call of a client asks for the tip."""
        self._writing = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StorageError(f"{path.parent}: {error.strerror}", name="storage_unreadable") from error
        self._lock = DirectoryLock(path.parent)
        self._open: list[sqlite3.Connection] = []
        try:
            self._writer = self._connect()
            _prepare(self._writer, path, genesis_hash, check_below_bytes)
            self._reader = self._connect()
            self._reader.execute("PRAGMA query_only=ON")
            live = self._reader.execute("SELECT generation FROM network").fetchone()[0]
            self._live, self._staged = self._load_state(live), self._load_state(1 - live)
            self._recent = self._load_recent()
        except sqlite3.Error as error:
            self.close()
            raise _open_error(path, error) from error
        except UnicodeDecodeError as error:  # the text of a damaged schema, or of SQLite's complaint about it
            self.close()
            raise StorageError(f"{path} is damaged: {error}", name="storage_corrupt") from error
        except BaseException:
            self.close()
            raise

    def _connect(self) -> sqlite3.Connection:
        """A connection in autocommit mode, closed by `close`."""
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        self._open.append(connection)
        return connection

    def _load_state(self, number: int) -> _StateTable:
        """A state table and its keys."""
        ids: dict[bytes, int] = dict(self._reader.execute(f"SELECT key, id FROM {STATES[number]}"))
        return _StateTable(STATES[number], ids, max(ids.values(), default=-1))

    def _load_recent(self) -> RecentPostings:
        """The postings that are not in their table yet."""
        recent = RecentPostings()
        log = self._reader.execute("SELECT batch, value, checksum FROM posting_log ORDER BY batch").fetchall()
        recent.load((batch, self._checked(value, checksum, 0)) for batch, value, checksum in log)
        return recent

    # --- reading ---

    def row(self, column: Column, key: int) -> bytes | None:
        """The row's bytes, or None. StorageError (`storage_corrupt`) if they are not what was written."""
        if column is Column.META and key in self._meta:
            return self._meta[key]
        found = self.rows(column, key, 1)
        return found[0][1] if found and found[0][0] == key else None

    def rows(self, column: Column, start: int, limit: int) -> list[tuple[int, bytes]]:
        """Up to `limit` rows with key >= start, by ascending key."""
        if start > MAX_NUMBER or limit <= 0:
            return []
        query = f"SELECT key, value, checksum FROM {TABLES[column]} WHERE key>=? ORDER BY key LIMIT ?"
        return [
            (key, self._checked(value, checksum, row_seed(column, key)))
            for key, value, checksum in self._read(query, max(start, 0), min(limit, MAX_NUMBER))
        ]

    def last_row(self, column: Column) -> tuple[int, bytes] | None:
        """The row with the highest key, or None."""
        found = self._read(f"SELECT key, value, checksum FROM {TABLES[column]} ORDER BY key DESC LIMIT 1")
        if not found:
            return None
        key, value, checksum = found[0]
        return key, self._checked(value, checksum, row_seed(column, key))

    def state(self, key: bytes) -> bytes | None:
        """The current value of a state key, or None."""
        table = self._live
        number = table.ids.get(key)
        if number is None:
            return None
        found = self._read(f"SELECT value, checksum FROM {table.name} WHERE id=?", number)
        if not found:
            return None
        value, checksum = found[0]
        return self._checked(value, checksum, crc32(key))

    def states(self) -> Iterator[tuple[bytes, bytes]]:
        """Every state key and value of one moment; the log cannot shrink while somebody holds this half read."""
        return self._walk(self._live.name)

    def staged(self) -> Iterator[tuple[bytes, bytes]]:
        """Every staged key and value of one moment."""
        return self._walk(self._staged.name)

    def _walk(self, table: str) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values of a state table, by a connection of its own."""
        connection = self._connect()
        try:
            for key, value, checksum in connection.execute(f"SELECT key, value, checksum FROM {table}"):
                yield key, self._checked(value, checksum, crc32(key))
        except sqlite3.Error as error:
            raise self._read_error(error) from error
        finally:
            self._open.remove(connection)
            connection.close()

    def postings(
        self, index: Index, key: bytes, start: int, limit: int, *, descending: bool = False
    ) -> list[tuple[int, int]]:
        """Up to `limit` pairs (position, value) of a key, from position `start` on (or down from it)."""
        if limit <= 0 or (start < 0 if descending else start > MAX_NUMBER):
            return []
        start = min(max(start, 0), MAX_NUMBER)
        where, order = ("<=", "DESC") if descending else (">=", "ASC")
        recent = self._recent.find(index, key)
        query = (
            "SELECT coalesce(max(batch), 0), 0 FROM posting_log UNION ALL SELECT * FROM ("
            f"SELECT position, value FROM posting WHERE key=? AND kind=? AND position{where}?"
            f" ORDER BY position {order} LIMIT ?)"
        )
        (durable, _), *found = self._read(query, key[::-1], int(index), start, min(limit, MAX_NUMBER))
        if not recent:
            return found
        pairs = dict(found)
        pairs.update(
            (position, value)
            for position, value, batch in recent
            if batch <= durable and (position <= start if descending else position >= start)
        )
        return sorted(pairs.items(), reverse=descending)[:limit]

    def counts(self) -> dict[str, int]:
        """Rows by column, values of the state, postings; damaged tables are counted as they are."""
        found = {
            column.name: self._read(f"SELECT count(*) FROM {table}")[0][0]
            for column, table in zip(Column, TABLES, strict=True)
        }
        moved = "SELECT count(*) FROM posting WHERE key=? AND kind=? AND position=?"
        waiting = sum(
            1
            for stored, kind, position, _ in self._recent.rows(range(SLICES))
            if not self._read(moved, stored, kind, position)[0][0]
        )
        found["state"] = self._read(f"SELECT count(*) FROM {self._live.name}")[0][0]
        found["postings"] = self._read("SELECT count(*) FROM posting")[0][0] + waiting
        return found

    def _read(self, query: str, *values: object) -> list[Any]:
        """All rows of a query: no read stays open, so that the log can shrink and the next read is fresh."""
        try:
            return self._reader.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise self._read_error(error) from error

    def _read_error(self, error: sqlite3.Error) -> StorageError:
        """A read that failed."""
        return StorageError(f"{self.path} cannot be read: {error}", name="storage_read_failed")

    def _checked(self, value: bytes, checksum: int, seed: int) -> bytes:
        """A value that is what was written there, or StorageError: SQLite itself has no checksums in the file."""
        if crc32(value, seed) != checksum:
            raise StorageError(f"{self.path}: a stored value fails its checksum", name="storage_corrupt")
        return value

    # --- writing ---

    def write(self, batch: WriteBatch) -> None:
        """Apply the batch in one synced transaction; the last change of a key counts.

        Raises StorageError, and nothing is applied: `number_out_of_range`, `storage_full`, or `storage_write_failed`.
        After the last two the store refuses every write with `storage_write_failed`: once a sync has failed, a later
        success proves nothing (security 4.7), and outputs become durable in order (D2). A batch whose last sync failed
        may be there, whole, when the file is opened again: nobody was told of it, which does no harm.
        """
        with self._writing:
            if self._failed:
                raise StorageError(f"{self.path}: an earlier write failed", name="storage_write_failed")
            check_numbers(batch)
            live, staged, recent = self._live, self._staged, self._recent
            fresh: dict[bytes, int] = {}
            fresh_staged: dict[bytes, int] = {}
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                if batch.drop_staged:
                    staged = self._emptied(staged)
                self._put_state(staged, batch.staged, fresh_staged)
                if batch.adopt:
                    live, staged = staged.with_keys(fresh_staged), self._emptied(live)
                    recent, fresh_staged = RecentPostings(recent.batch), {}
                    self._clear(live.name)
                self._put_rows(batch)
                self._put_state(live, batch.state, fresh)
                moved = self._put_postings(recent, batch)
                self._writer.execute("COMMIT")
                if moved:
                    recent.forget(moved)
                self._meta.update((key, value) for column, key, value in batch.rows if column is Column.META)
                self._live, self._staged, self._recent = live.with_keys(fresh), staged.with_keys(fresh_staged), recent
            except sqlite3.Error as error:
                self._give_up()
                if _is_full(error):
                    raise _full(self.path, error) from error
                raise StorageError(f"{self.path} cannot be written: {error}", name="storage_write_failed") from error
            except BaseException:
                self._give_up()
                raise

    def _give_up(self) -> None:
        """Leave nothing half applied, and write no more; what cannot be rolled back here, the next opening drops."""
        self._failed = True
        try:
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
        except sqlite3.Error:
            pass

    def _put_rows(self, batch: WriteBatch) -> None:
        """Rows by table."""
        tables: list[dict[int, bytes | None]] = [{} for _ in TABLES]
        for column, key, value in batch.rows:
            tables[column][key] = value
        for column, rows in zip(Column, tables, strict=True):
            if rows:
                table = TABLES[column]
                self._writer.executemany(
                    f"DELETE FROM {table} WHERE key=?", [(key,) for key, value in rows.items() if value is None]
                )
                self._writer.executemany(
                    f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?)",
                    [
                        (key, value, crc32(value, row_seed(column, key)))
                        for key, value in rows.items()
                        if value is not None
                    ],
                )

    def _emptied(self, table: _StateTable) -> _StateTable:
        """A state table without its values."""
        self._writer.execute(f"DELETE FROM {table.name}")
        return _StateTable(table.name, {})

    def _clear(self, live: str) -> None:
        """Adopt the state table `live`: all postings go, and all rows but those that stay."""
        for column, table in zip(Column, TABLES, strict=True):
            if column not in KEPT_BY_ADOPTION:
                self._writer.execute(f"DELETE FROM {table}")
        for table in ("posting", "posting_log"):
            self._writer.execute(f"DELETE FROM {table}")
        self._writer.execute("UPDATE network SET generation=?", (STATES.index(live),))

    def _put_state(
        self, table: _StateTable, changes: Sequence[tuple[bytes, bytes | None]], fresh: dict[bytes, int]
    ) -> None:
        """State values under their numbers; new keys get the next numbers, and stand in `fresh`."""
        values: list[tuple[int, bytes, bytes, int]] = []
        gone: list[tuple[int]] = []
        next_id = table.last_id + 1
        for key, value in dict(changes).items():
            number = table.ids.get(key)
            if value is None:
                if number is not None:
                    gone.append((number,))
                continue
            if number is None:
                number = fresh[key] = next_id + len(fresh)
            values.append((number, key, value, crc32(value, crc32(key))))
        self._writer.executemany(f"DELETE FROM {table.name} WHERE id=?", gone)
        self._writer.executemany(f"INSERT OR REPLACE INTO {table.name} VALUES (?, ?, ?, ?)", values)

    def _put_postings(self, recent: RecentPostings, batch: WriteBatch) -> list[int]:
        """A row of the log, and the key ranges whose turn it is into the table; gives those."""
        if not batch.postings:
            return []
        recent.add(batch.postings)
        packed = pack(batch.postings)
        turns = recent.due()
        run = self._writer.execute
        run("INSERT INTO posting_log VALUES (?, ?, ?)", (recent.batch, packed, crc32(packed)))
        self._writer.executemany("INSERT OR REPLACE INTO posting VALUES (?, ?, ?, ?)", recent.rows(turns))
        run("DELETE FROM posting_log WHERE batch<=?", (recent.obsolete(turns),))
        return turns

    def close(self) -> None:
        """Close the file and give up the lock; once more does nothing."""
        for connection in self._open:
            connection.close()
        self._open = []
        self._meta = {}
        self._lock.close()


def _prepare(connection: sqlite3.Connection, path: Path, genesis_hash: bytes, check_below_bytes: int) -> None:
    """Look before anything is touched: whose file, which format, which network, whole. Fill an empty file."""

    def ask(query: str) -> Any:
        """The first value of the answer."""
        return connection.execute(query).fetchone()[0]

    application, version = ask("PRAGMA application_id"), ask("PRAGMA user_version")
    is_new = not application and not version and not ask("SELECT count(*) FROM sqlite_schema")
    if not is_new and application != APPLICATION:
        raise StorageError(f"{path} is a file of another program, not a ledger of mithqal", name="storage_format")
    if not is_new and version != FORMAT:
        advice = "a newer program wrote it" if version > FORMAT else "start with an empty directory"
        raise StorageError(
            f"{path} has format {version}, this program reads format {FORMAT}: {advice}",
            name="storage_format",
            found=version,
            expected=FORMAT,
        )
    if not is_new:
        check_schema(connection, path)
        if path.stat().st_size <= check_below_bytes and (verdict := ask("PRAGMA quick_check(1)")) != "ok":
            raise StorageError(f"{path} is damaged: {verdict}", name="storage_corrupt")
        stored = ask("SELECT genesis FROM network")
        if type(stored) is not bytes or len(stored) != len(genesis_hash):
            raise StorageError(f"{path} is damaged: it names no network", name="storage_corrupt")
        if stored != genesis_hash:
            raise StorageError(
                f"{path} belongs to the network with genesis {stored.hex()[:16]}, not to {genesis_hash.hex()[:16]}",
                name="wrong_network",
                found=stored.hex(),
                expected=genesis_hash.hex(),
            )
    mode = ask("PRAGMA journal_mode=WAL")
    if mode != "wal":
        raise StorageError(f"{path}: its file system has no write-ahead log, only {mode}", name="storage_unreadable")
    for pragma in (
        "synchronous=FULL",
        f"wal_autocheckpoint={CHECKPOINT_PAGES}",
        f"journal_size_limit={WAL_BYTES}",
        f"cache_size=-{_WRITER_CACHE_KIB}",
        "secure_delete=OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")
    if is_new:
        _create(connection, genesis_hash)


_KEYED = "key BLOB NOT NULL, value BLOB NOT NULL"
_POSTED = "key BLOB NOT NULL, kind INTEGER NOT NULL, position INTEGER NOT NULL, value INTEGER NOT NULL"


def _schema() -> list[str]:
    """What makes all tables, as SQLite keeps it."""
    return [
        "CREATE TABLE network (genesis BLOB NOT NULL, generation INTEGER NOT NULL)",
        *[
            f"CREATE TABLE {table} (key INTEGER PRIMARY KEY, value BLOB NOT NULL, checksum INTEGER NOT NULL)"
            for table in TABLES
        ],
        *[f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, {_KEYED}, checksum INTEGER NOT NULL)" for table in STATES],
        f"CREATE TABLE posting ({_POSTED}, PRIMARY KEY (key, kind, position)) WITHOUT ROWID",
        "CREATE TABLE posting_log (batch INTEGER PRIMARY KEY, value BLOB NOT NULL, checksum INTEGER NOT NULL)",
    ]


def _create(connection: sqlite3.Connection, genesis_hash: bytes) -> None:
    """All tables and the file's identity, in one transaction: a crash leaves an empty file."""
    run = connection.execute
    run("BEGIN IMMEDIATE")
    for statement in _schema():
        run(statement)
    run("INSERT INTO network VALUES (?, 0)", (genesis_hash,))
    run(f"PRAGMA application_id={APPLICATION}")
    run(f"PRAGMA user_version={FORMAT}")
    run("COMMIT")


def check_schema(connection: sqlite3.Connection, path: Path) -> None:
    """The tables are what `_create` made: SQLite itself believes whatever a damaged page says of them."""
    found = [row[0] for row in connection.execute("SELECT cast(sql AS BLOB) FROM sqlite_schema ORDER BY rowid")]
    rows = connection.execute("SELECT typeof(genesis), length(genesis), generation IN (0, 1) FROM network").fetchall()
    if found != [statement.encode() for statement in _schema()] or rows != [("blob", 32, 1)]:
        raise StorageError(f"{path} is damaged: its tables are not those of format {FORMAT}", name="storage_corrupt")


def _open_error(path: Path, error: sqlite3.Error) -> StorageError:
    """What an error of SQLite at the opening means: a full disk, damage, or a file that cannot be opened at all."""
    if _is_full(error):
        return _full(path, error)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    name = "storage_corrupt" if code in _DAMAGE else "storage_unreadable"
    return StorageError(f"{path} cannot be opened: {error}", name=name)


def _is_full(error: sqlite3.Error) -> bool:
    """Whether there is no room for a write."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL


def _full(path: Path, error: sqlite3.Error) -> StorageError:
    """A full disk, and what to do."""
    return StorageError(
        f"{path} cannot be written: {error}; free some space and start again, what was acknowledged is there",
        name="storage_full",
    )


def row_seed(column: Column, key: int) -> int:
    """Where a checksum starts, so that a row in another's place fails it too."""
    return (key * len(TABLES) + column) & 0xFFFFFFFF
