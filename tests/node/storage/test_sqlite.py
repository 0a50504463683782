"""The file of a ledger: who may open it, what it refuses, and how it fails."""

import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chain.storage import Column, Index, WriteBatch
from node.storage import sqlite
from node.storage.directory_lock import DirectoryLock
from node.storage.rules import StorageError
from node.storage.sqlite import APPLICATION, FORMAT, SqliteStore
from tests.node.storage.test_store_contract import start_writer
from tests.node.storage.writer_process import GENESIS, batch_of, check_whole

OTHER_GENESIS = bytes(reversed(GENESIS))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger is; its directory does not exist yet."""
    return tmp_path / "validator" / "data" / "ledger.sqlite"


def refusal(path: Path, genesis: bytes = GENESIS, *, check_below_bytes: int = sqlite.CHECK_BELOW_BYTES) -> StorageError:
    """The error at opening; the directory is free again after it."""
    with pytest.raises(StorageError) as caught:
        SqliteStore(path, genesis, check_below_bytes=check_below_bytes)
    if caught.value.name != "directory_in_use" and path.parent.is_dir():
        DirectoryLock(path.parent).close()
    return caught.value


def make(path: Path, batches: int = 0) -> None:
    """A closed ledger."""
    store = SqliteStore(path, GENESIS)
    for number in range(batches):
        store.write(batch_of(number))
    store.close()


def change(path: Path, *statements: str) -> None:
    """Change a closed file by hand."""
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def flip(path: Path, wanted: bytes, at: int = 0) -> None:
    """Flip one bit of a value in a closed file."""
    data = bytearray(path.read_bytes())
    assert data.count(wanted) == 1
    data[data.index(wanted) + at] ^= 4
    path.write_bytes(data)


class TestOpening:
    def test_a_new_file_names_program_format_and_network(self, path: Path) -> None:
        make(path)
        connection = sqlite3.connect(path)
        assert connection.execute("PRAGMA application_id").fetchone() == (0x6D697468,)
        assert connection.execute("PRAGMA user_version").fetchone() == (7,)
        assert connection.execute("SELECT genesis FROM network").fetchall() == [(GENESIS,)]
        connection.close()
        assert path.parent.stat().st_mode & 0o777 == 0o700

    def test_design_decision_8(self, path: Path) -> None:
        """SQLite in WAL mode for the ledger, `synchronous=FULL` where an acknowledgement depends on it."""
        store = SqliteStore(path, GENESIS)

        def ask(name: str) -> object:
            return store._writer.execute(f"PRAGMA {name}").fetchone()[0]

        assert ask("journal_mode") == "wal"
        assert ask("synchronous") == 2
        assert ask("wal_autocheckpoint") == 4_000
        assert ask("journal_size_limit") == 64 << 20
        assert ask("secure_delete") == 0
        assert ask("cache_size") == -(8 << 10)
        assert store._reader.execute("PRAGMA query_only").fetchone() == (1,)
        store.close()

    @pytest.mark.parametrize(("found", "advice"), [(FORMAT - 1, "empty directory"), (FORMAT + 1, "newer program")])
    def test_another_format_is_refused_in_one_sentence(self, path: Path, found: int, advice: str) -> None:
        """A format version, refused or migrated with a sentence: both versions and the path."""
        make(path)
        change(path, f"PRAGMA user_version={found}")
        error = refusal(path)
        assert error.name == "storage_format"
        assert error.details == {"found": found, "expected": FORMAT}
        for part in (str(path), f"format {found}", f"format {FORMAT}", advice):
            assert part in error.message

    @pytest.mark.parametrize(
        "statement", ["CREATE TABLE notes (text)", "PRAGMA user_version=2", f"PRAGMA application_id={APPLICATION + 1}"]
    )
    def test_another_programs_file_is_refused_and_not_touched(self, path: Path, statement: str) -> None:
        path.parent.mkdir(parents=True)
        change(path, statement)
        before = path.read_bytes()
        error = refusal(path)
        assert error.name == "storage_format"
        assert "another program" in error.message
        assert path.read_bytes() == before

    def test_our_file_of_format_0_is_no_new_one(self, path: Path) -> None:
        path.parent.mkdir(parents=True)
        change(path, f"PRAGMA application_id={APPLICATION}")
        assert refusal(path).details == {"found": 0, "expected": FORMAT}

    def test_an_empty_file_is_a_creation_that_was_cut_short(self, path: Path) -> None:
        path.parent.mkdir(parents=True)
        path.touch()
        make(path, 3)
        store = SqliteStore(path, GENESIS)
        assert check_whole(store) == 2
        store.close()

    def test_another_networks_directory_is_refused_by_name(self, path: Path) -> None:
        make(path)
        error = refusal(path, OTHER_GENESIS)
        assert error.name == "wrong_network"
        assert error.details == {"found": GENESIS.hex(), "expected": OTHER_GENESIS.hex()}
        for part in (str(path), GENESIS.hex()[:16], OTHER_GENESIS.hex()[:16]):
            assert part in error.message
        make(path)

    def test_what_is_no_database(self, path: Path) -> None:
        path.parent.mkdir(parents=True)
        path.write_bytes(b"not a database, but long enough to be taken for one" * 100)
        error = refusal(path)
        assert error.name == "storage_corrupt"
        assert str(path) in error.message

    def test_a_path_that_cannot_be_opened(self, path: Path) -> None:
        path.mkdir(parents=True)
        assert refusal(path).name == "storage_unreadable"

    def test_a_directory_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        assert refusal(tmp_path / "file" / "ledger.sqlite").name == "storage_unreadable"
        (tmp_path / "data" / "node.lock").mkdir(parents=True)
        with pytest.raises(StorageError) as caught:
            SqliteStore(tmp_path / "data" / "ledger.sqlite", GENESIS)
        assert caught.value.name == "storage_unreadable"


class TestLock:
    def test_a_second_store_in_the_directory(self, path: Path) -> None:
        """A second process on the same data directory is refused with its pid, whatever the file's name."""
        store = SqliteStore(path, GENESIS)
        error = refusal(path.with_name("other.sqlite"))
        assert error.name == "directory_in_use"
        assert error.details == {"pid": os.getpid()}
        assert f"process {os.getpid()}" in error.message
        assert str(path.parent) in error.message
        store.close()
        assert not path.with_name("other.sqlite").exists()
        make(path)

    def test_the_pid_is_that_of_the_process_that_holds_it(self, path: Path) -> None:
        make(path)
        with start_writer(path.parent) as process:
            error = refusal(path)
            process.kill()
        assert error.details == {"pid": process.pid}
        store = SqliteStore(path, GENESIS)
        assert check_whole(store) >= -1
        assert (path.parent / "node.lock").read_text() == str(os.getpid())
        store.close()

    def test_a_shorter_pid_replaces_a_longer(self, tmp_path: Path) -> None:
        (tmp_path / "node.lock").write_text("9" * 15)
        lock = DirectoryLock(tmp_path)
        assert (tmp_path / "node.lock").read_text() == str(os.getpid())
        lock.close()
        lock.close()

    def test_the_lock_file_is_private(self, tmp_path: Path) -> None:
        DirectoryLock(tmp_path).close()
        assert (tmp_path / "node.lock").stat().st_mode & 0o777 == 0o600

    def test_a_holder_without_a_pid(self, tmp_path: Path) -> None:
        lock = DirectoryLock(tmp_path)
        (tmp_path / "node.lock").write_text("?")
        with pytest.raises(StorageError) as caught:
            DirectoryLock(tmp_path)
        assert caught.value.details == {"pid": None}
        (tmp_path / "node.lock").write_text("")
        with pytest.raises(StorageError, match="process unknown"):
            DirectoryLock(tmp_path)
        lock.close()

    def test_a_child_process_does_not_inherit_it(self, tmp_path: Path) -> None:
        lock = DirectoryLock(tmp_path)
        command = [sys.executable, "-c", "print('up', flush=True); input()"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=False) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"up\n"
            lock.close()
            DirectoryLock(tmp_path).close()
            child.communicate(b"\n")


class TestDamage:
    def test_quick_check_at_open(self, path: Path) -> None:
        make(path, 40)
        data = bytearray(path.read_bytes())
        assert len(data) > 20 * 4096
        data[10 * 4096 : -4096] = bytes(len(data) - 11 * 4096)
        path.write_bytes(data)
        error = refusal(path)
        assert error.name == "storage_corrupt"
        assert str(path) in error.message

    def test_quick_check_can_be_skipped_for_files_above_a_size(self, path: Path) -> None:
        """Skippable for huge files by an argument; a file of just that size is checked."""
        make(path, 40)
        change(path, "PRAGMA writable_schema=ON", "UPDATE sqlite_schema SET rootpage=4 WHERE name='row_accumulator'")
        size = path.stat().st_size
        assert refusal(path, check_below_bytes=size).name == "storage_corrupt"
        assert refusal(path).name == "storage_corrupt"
        store = SqliteStore(path, GENESIS, check_below_bytes=size - 1)
        assert check_whole(store) == 39
        store.close()

    def test_a_flipped_bit_in_the_header_or_the_schema(self, path: Path) -> None:
        """Whatever SQLite makes of it (another schema format, a name that is no text), it is damage by name."""
        make(path, 3)
        whole = path.read_bytes()
        schema = whole.index(b"CREATE TABLE row_block")
        for at, bit in ((47, 0), (47, 7), *((schema + offset, 7) for offset in range(0, 40, 3))):
            broken = bytearray(whole)
            broken[at] ^= 1 << bit
            path.write_bytes(broken)
            assert refusal(path).name == "storage_corrupt", (at, bit)

    def test_a_flipped_bit_in_a_row(self, path: Path) -> None:
        """SQLite has no checksums in the file: each value has its own, checked at each read."""
        store = SqliteStore(path, GENESIS)
        values = [b"first value", b"second value", b"third value"]
        store.write(WriteBatch(rows=[(Column.BLOCK, key, value) for key, value in enumerate(values)]))
        store.close()
        flip(path, values[1])
        store = SqliteStore(path, GENESIS)
        assert store.row(Column.BLOCK, 0) == values[0]
        assert store.rows(Column.BLOCK, 2, 9) == [(2, values[2])]
        assert store.last_row(Column.BLOCK) == (2, values[2])
        for read in (lambda: store.row(Column.BLOCK, 1), lambda: store.rows(Column.BLOCK, 0, 2)):
            with pytest.raises(StorageError) as caught:
                read()
            assert caught.value.name == "storage_corrupt"
            assert str(path) in caught.value.message
        store.close()
        flip(path, values[2])
        store = SqliteStore(path, GENESIS)
        with pytest.raises(StorageError, match="checksum"):
            store.last_row(Column.BLOCK)
        store.close()

    @pytest.mark.parametrize("wanted", [b"value of a state", b"key of a state"])
    def test_a_flipped_bit_in_the_state(self, path: Path, wanted: bytes) -> None:
        store = SqliteStore(path, GENESIS)
        store.write(WriteBatch(state=[(b"key of a state", b"value of a state"), (b"k", b"other")]))
        store.close()
        flip(path, wanted, at=3)
        store = SqliteStore(path, GENESIS)
        assert store.state(b"k") == b"other"
        with pytest.raises(StorageError, match="checksum"):
            list(store.states())
        if wanted.startswith(b"value"):
            with pytest.raises(StorageError, match="checksum"):
                store.state(b"key of a state")
        store.close()

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE row_block SET key=2 WHERE key=1",
            "INSERT INTO row_pending SELECT * FROM row_block",
        ],
    )
    def test_a_row_in_anothers_place(self, path: Path, statement: str) -> None:
        store = SqliteStore(path, GENESIS)
        store.write(WriteBatch(rows=[(Column.BLOCK, 1, b"value")]))
        store.close()
        change(path, statement)
        store = SqliteStore(path, GENESIS)
        with pytest.raises(StorageError, match="checksum"):
            store.last_row(Column.PENDING if "pending" in statement else Column.BLOCK)
        store.close()


class TestThreads:
    def test_reads_see_whole_batches_and_never_wait_for_a_write(self, path: Path) -> None:
        """A read beside a transaction that is half written sees the state before it, at once."""
        store = SqliteStore(path, GENESIS)
        store.write(batch_of(0))
        store._writer.execute("BEGIN IMMEDIATE")
        store._put_rows(batch_of(1))
        assert check_whole(store) == 0
        store._writer.execute("ROLLBACK")
        store.close()

    def test_writes_in_a_worker_thread_while_the_loop_reads(self, path: Path) -> None:
        store = SqliteStore(path, GENESIS)
        seen = []
        with ThreadPoolExecutor(1) as worker:
            jobs = [worker.submit(store.write, batch_of(number)) for number in range(30)]
            while not jobs[-1].done():
                found = store.row(Column.META, 0)
                if found is not None:
                    seen.append(int.from_bytes(found, "big"))
                    last = store.last_row(Column.TRANSACTION)
                    assert last is not None
                    assert last[0] % 3 == 2
        for job in jobs:
            job.result()
        assert seen == sorted(seen)
        assert check_whole(store) == 29
        store.close()

    def test_two_writers_take_turns(self, path: Path) -> None:
        store = SqliteStore(path, GENESIS)
        start = threading.Barrier(2)

        def write_all(keys: range) -> None:
            start.wait()
            for key in keys:
                store.write(WriteBatch(rows=[(Column.BLOCK, key, b"x")], state=[(b"%d" % key, b"x")]))

        with ThreadPoolExecutor(2) as workers:
            for job in [workers.submit(write_all, range(first, 60, 2)) for first in (0, 1)]:
                job.result()
        assert [key for key, _ in store.rows(Column.BLOCK, 0, 99)] == list(range(60))
        assert len(list(store.states())) == 60
        store.close()


class TestFailing:
    def test_a_full_disk(self, path: Path) -> None:
        """A full disk stops the node cleanly; nothing half applied; no write after a failed one."""
        store = SqliteStore(path, GENESIS)
        store.write(batch_of(0))
        (pages,) = store._writer.execute("PRAGMA page_count").fetchone()
        store._writer.execute(f"PRAGMA max_page_count={pages + 2}")
        big = batch_of(1)
        big.rows.append((Column.BLOCK, 1, bytes(100_000)))
        with pytest.raises(StorageError) as caught:
            store.write(big)
        assert caught.value.name == "storage_full"
        assert str(path) in caught.value.message
        assert check_whole(store) == 0
        with pytest.raises(StorageError) as caught:
            store.write(batch_of(1))
        assert caught.value.name == "storage_write_failed"
        assert check_whole(store) == 0
        store.close()
        store = SqliteStore(path, GENESIS)
        assert check_whole(store) == 0
        store.write(batch_of(1))
        assert check_whole(store) == 1
        store.close()

    def test_a_statement_that_fails(self, path: Path) -> None:
        """What was written of the batch before is rolled back."""
        store = SqliteStore(path, GENESIS)
        store.write(batch_of(0))
        store._writer.execute("DROP TABLE posting_log")
        with pytest.raises(StorageError) as caught:
            store.write(batch_of(1))
        assert caught.value.name == "storage_write_failed"
        assert store.row(Column.TRANSACTION, 3) is None
        assert store.state(b"slot1") is None
        assert not store._writer.in_transaction
        with pytest.raises(StorageError) as caught:
            store.postings(Index.EVENT, b"stream", 0, 1)
        assert caught.value.name == "storage_read_failed"
        store.close()

    def test_the_tip_is_that_of_the_last_write_that_held(self, path: Path) -> None:
        """'Rows of META as last written': the last change of a key counts, one that is deleted is gone, and what was
        not applied is not told, nor what another process wrote before."""
        store = SqliteStore(path, GENESIS)
        store.write(WriteBatch(rows=[(Column.META, 0, b"old"), (Column.META, 0, b"tip"), (Column.META, 1, b"vote")]))
        store.write(WriteBatch(rows=[(Column.META, 1, None), (Column.BLOCK, 0, b"block")]))
        assert [store.row(Column.META, key) for key in (0, 1, 2)] == [b"tip", None, None]
        assert (store.row(Column.BLOCK, 0), store.row(Column.BLOCK, 1)) == (b"block", None)
        store._writer.execute("DROP TABLE posting_log")
        with pytest.raises(StorageError):
            store.write(WriteBatch(rows=[(Column.META, 0, b"new")], postings=[(Index.EVENT, b"stream", 0, 0)]))
        assert store.row(Column.META, 0) == b"tip"
        store.close()
        with pytest.raises(StorageError):
            store.row(Column.META, 0)

    def test_a_batch_that_is_no_batch(self, path: Path) -> None:
        """Our own mistake is no StorageError; it leaves no transaction open and nothing written either."""
        store = SqliteStore(path, GENESIS)
        store.write(batch_of(0))
        wrong = batch_of(1)
        wrong.state.append((b"key", "text"))  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            store.write(wrong)
        assert not store._writer.in_transaction
        with pytest.raises(StorageError, match="earlier write failed"):
            store.write(batch_of(1))
        store.close()
        store = SqliteStore(path, GENESIS)
        assert check_whole(store) == 0
        store.close()

    def test_after_close(self, path: Path) -> None:
        store = SqliteStore(path, GENESIS)
        walk = store.states()
        store.close()
        store.close()
        with pytest.raises(StorageError) as caught:
            store.row(Column.META, 0)
        assert caught.value.name == "storage_read_failed"
        with pytest.raises(StorageError) as caught:
            store.write(batch_of(0))
        assert caught.value.name == "storage_write_failed"
        assert list(walk) == []
        make(path, 1)

    def test_the_reader_cannot_write(self, path: Path) -> None:
        store = SqliteStore(path, GENESIS)
        with pytest.raises(sqlite3.OperationalError):
            store._reader.execute("DELETE FROM network")
        store.close()


class TestLog:
    def test_the_log_stays_bounded(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """WAL checkpointing is bounded, so that the log does not grow for ever."""
        monkeypatch.setattr(sqlite, "CHECKPOINT_PAGES", 50)
        store = SqliteStore(path, GENESIS)
        log = path.with_name(path.name + "-wal")
        for key in range(30):
            store.write(WriteBatch(rows=[(Column.BLOCK, key, bytes(100_000))]))
            assert log.stat().st_size < (50 + 2 * 27) * 4_200
        store.close()
        assert not log.exists()

    def test_a_log_that_grew_is_cut(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sqlite, "CHECKPOINT_PAGES", 50)
        monkeypatch.setattr(sqlite, "WAL_BYTES", 300_000)
        store = SqliteStore(path, GENESIS)
        log = path.with_name(path.name + "-wal")
        store.write(WriteBatch(rows=[(Column.BLOCK, 0, bytes(3_000_000))]))
        assert log.stat().st_size > 3_000_000
        store.write(batch_of(0))
        assert log.stat().st_size == 300_000
        store.close()

    def test_a_walk_that_was_given_up_holds_nothing(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sqlite, "CHECKPOINT_PAGES", 50)
        store = SqliteStore(path, GENESIS)
        store.write(WriteBatch(state=[(b"%d" % key, b"x") for key in range(9)]))
        walk = store.states()
        next(walk)
        del walk
        assert len(store._open) == 2
        log = path.with_name(path.name + "-wal")
        for key in range(20):
            store.write(WriteBatch(rows=[(Column.BLOCK, key, bytes(100_000))]))
        assert log.stat().st_size < (50 + 2 * 27) * 4_200
        store.close()


def test_the_size_up_to_which_files_are_checked() -> None:
    assert sqlite.CHECK_BELOW_BYTES == 1_073_741_824


def test_numbers_of_state_keys_survive(path: Path) -> None:
    """Keys get numbers in the order of their first appearance; a number is never given to two keys."""
    store = SqliteStore(path, GENESIS)
    store.write(WriteBatch(state=[(b"a", b"1"), (b"b", b"2"), (b"c", b"3")]))
    store.write(WriteBatch(state=[(b"b", None), (b"d", b"4")]))
    store.write(WriteBatch(state=[(b"b", b"5"), (b"e", b"6")]))
    found = store._writer.execute("SELECT id, key, value FROM state_0 ORDER BY id").fetchall()
    assert found == [(0, b"a", b"1"), (1, b"b", b"5"), (2, b"c", b"3"), (3, b"d", b"4"), (4, b"e", b"6")]
    store.close()
    store = SqliteStore(path, GENESIS)
    store.write(WriteBatch(state=[(b"f", b"7"), (b"a", b"8")]))
    assert store._writer.execute("SELECT id, key FROM state_0 WHERE id>4").fetchall() == [(5, b"f")]
    assert store.state(b"a") == b"8"
    assert store.state(b"f") == b"7"
    store.close()
