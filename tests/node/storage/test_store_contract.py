"""One suite for every store: the contract of chain/storage.py, against plain dictionaries and across crashes."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.storage import Column, Index, Store, WriteBatch
from node.storage.memory import MemoryStore
from node.storage.rules import MAX_NUMBER, StorageError
from node.storage.sqlite import SqliteStore
from tests.node.storage.writer_process import GENESIS, batch_of, check_whole, last_batch

ROOT = Path(__file__).parents[3]
WRITER = Path(__file__).parent / "writer_process.py"


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each store, empty."""
    if request.param == "memory":
        yield MemoryStore()
        return
    opened = SqliteStore(tmp_path / "ledger.sqlite", GENESIS)
    yield opened
    opened.close()


def rows(*items: tuple[Column, int, bytes | None]) -> WriteBatch:
    """A batch of rows."""
    return WriteBatch(rows=list(items))


def state(*items: tuple[bytes, bytes | None]) -> WriteBatch:
    """A batch of state values."""
    return WriteBatch(state=list(items))


def postings(*items: tuple[Index, bytes, int, int]) -> WriteBatch:
    """A batch of postings."""
    return WriteBatch(postings=list(items))


class TestRows:
    def test_an_empty_store_has_nothing(self, store: Store) -> None:
        for column in Column:
            assert store.row(column, 0) is None
            assert store.rows(column, 0, 10) == []
            assert store.last_row(column) is None

    def test_columns_are_apart(self, store: Store) -> None:
        store.write(rows(*((column, 7, bytes([column]) * 3) for column in Column)))
        for column in Column:
            assert store.row(column, 7) == bytes([column]) * 3
            assert store.last_row(column) == (7, bytes([column]) * 3)
            assert store.row(column, 6) is None
            assert store.row(column, 8) is None

    def test_rows_ascend_from_start_up_to_limit(self, store: Store) -> None:
        """Up to `limit` rows with key >= start, by ascending key."""
        store.write(rows(*((Column.BLOCK, key, b"%d" % key) for key in (9, 2, 30, 4))))
        assert store.rows(Column.BLOCK, 0, 10) == [(2, b"2"), (4, b"4"), (9, b"9"), (30, b"30")]
        assert store.rows(Column.BLOCK, 4, 2) == [(4, b"4"), (9, b"9")]
        assert store.rows(Column.BLOCK, 5, 1) == [(9, b"9")]
        assert store.rows(Column.BLOCK, 31, 1) == []
        assert store.rows(Column.BLOCK, 0, 0) == []
        assert store.rows(Column.BLOCK, 0, -1) == []
        assert store.rows(Column.BLOCK, -5, 1) == [(2, b"2")]
        assert store.last_row(Column.BLOCK) == (30, b"30")

    def test_replacing_and_deleting(self, store: Store) -> None:
        """`None` as a value deletes."""
        store.write(rows((Column.PENDING, 1, b"a"), (Column.PENDING, 2, b"b"), (Column.PENDING, 3, b"c")))
        store.write(rows((Column.PENDING, 1, b"A"), (Column.PENDING, 3, None), (Column.PENDING, 99, None)))
        assert store.rows(Column.PENDING, 0, 10) == [(1, b"A"), (2, b"b")]
        assert store.row(Column.PENDING, 3) is None
        assert store.last_row(Column.PENDING) == (2, b"b")
        store.write(rows((Column.PENDING, 3, b"again")))
        assert store.last_row(Column.PENDING) == (3, b"again")

    def test_the_last_change_of_a_batch_counts(self, store: Store) -> None:
        """Outputs are merged into one batch: written and deleted, or deleted and written, within it."""
        store.write(rows((Column.BLOCK, 1, b"old"), (Column.BLOCK, 2, b"old")))
        store.write(
            rows(
                (Column.BLOCK, 1, b"new"), (Column.BLOCK, 1, None), (Column.BLOCK, 2, None), (Column.BLOCK, 2, b"new"),
                (Column.BLOCK, 3, b"first"), (Column.BLOCK, 3, b"second"),
            )
        )  # fmt: skip
        assert store.rows(Column.BLOCK, 0, 10) == [(2, b"new"), (3, b"second")]

    def test_empty_and_long_values(self, store: Store) -> None:
        store.write(rows((Column.BLOCK, 0, b""), (Column.BLOCK, 1, bytes(3_000_000))))
        assert store.row(Column.BLOCK, 0) == b""
        assert store.row(Column.BLOCK, 1) == bytes(3_000_000)

    @pytest.mark.parametrize("count", [1, 2, 1023, 1024, 1025, 2500])
    def test_batches_of_every_size(self, store: Store, count: int) -> None:
        batch = rows(*((Column.TRANSACTION, key, b"%d" % key) for key in range(count)))
        batch.state = [(b"key%d" % number, b"%d" % number) for number in range(count)]
        batch.postings = [(Index.EVENT, b"k%d" % (number % 3), number, number) for number in range(count)]
        store.write(batch)
        assert store.rows(Column.TRANSACTION, 0, 10_000) == [(key, b"%d" % key) for key in range(count)]
        assert dict(store.states()) == {b"key%d" % number: b"%d" % number for number in range(count)}
        assert store.postings(Index.EVENT, b"k1", 0, 10_000) == [(n, n) for n in range(1, count, 3)]


class TestState:
    def test_set_replace_delete_and_set_again(self, store: Store) -> None:
        assert store.state(b"a") is None
        store.write(state((b"a", b"1"), (b"b", b"2")))
        assert (store.state(b"a"), store.state(b"b"), store.state(b"c")) == (b"1", b"2", None)
        store.write(state((b"a", b"3"), (b"b", None), (b"never", None)))
        assert sorted(store.states()) == [(b"a", b"3")]
        assert store.state(b"b") is None
        store.write(state((b"b", b"4"), (b"c", b"5")))
        assert sorted(store.states()) == [(b"a", b"3"), (b"b", b"4"), (b"c", b"5")]

    def test_the_last_change_of_a_batch_counts(self, store: Store) -> None:
        store.write(state((b"a", b"1"), (b"a", b"2"), (b"b", b"1"), (b"b", None), (b"c", None), (b"c", b"1")))
        assert sorted(store.states()) == [(b"a", b"2"), (b"c", b"1")]

    def test_states_are_of_one_moment(self, store: Store) -> None:
        """A walk that has begun goes on over the old values, while other reads see the new ones."""
        store.write(state((b"a", b"old"), (b"b", b"old")))
        walk = store.states()
        first = next(walk)
        store.write(state((b"a", b"new"), (b"b", b"new"), (b"c", b"new")))
        assert store.state(b"a") == b"new"
        assert sorted([first, *walk]) == [(b"a", b"old"), (b"b", b"old")]


class TestPostings:
    def test_positions_of_one_key(self, store: Store) -> None:
        """Up to `limit` pairs (position, value) of a key, from position `start` on (or down from it)."""
        store.write(postings(*((Index.EVENT, b"k", position, position * 100) for position in (5, 1, 9, 3))))
        store.write(postings((Index.EVENT, b"j", 4, 1), (Index.EVENT, b"kk", 4, 2), (Index.BLOCK_BY_ID, b"k", 4, 3)))

        def get(start: int, limit: int, *, descending: bool = False) -> list[int]:
            found = store.postings(Index.EVENT, b"k", start, limit, descending=descending)
            assert all(value == position * 100 for position, value in found)
            return [position for position, _ in found]

        assert get(0, 10) == [1, 3, 5, 9]
        assert get(3, 2) == [3, 5]
        assert get(4, 2) == [5, 9]
        assert get(10, 2) == []
        assert get(-1, 1) == [1]
        assert get(9, 10, descending=True) == [9, 5, 3, 1]
        assert get(8, 2, descending=True) == [5, 3]
        assert get(3, 2, descending=True) == [3, 1]
        assert get(0, 2, descending=True) == []
        assert get(-1, 2, descending=True) == []
        assert get(0, 0) == get(9, 0, descending=True) == get(0, -1) == get(9, -1, descending=True) == []
        assert store.postings(Index.BLOCK_BY_ID, b"k", 0, 10) == [(4, 3)]
        assert store.postings(Index.EVENT, b"", 0, 10) == []

    def test_a_position_has_one_value(self, store: Store) -> None:
        store.write(postings((Index.EVENT, b"k", 1, 9), (Index.EVENT, b"k", 1, 5), (Index.EVENT, b"k", 2, 7)))
        store.write(postings((Index.EVENT, b"k", 1, 3)))
        assert store.postings(Index.EVENT, b"k", 0, 10) == [(1, 3), (2, 7)]

    def test_keys_that_begin_or_end_alike_are_apart(self, store: Store) -> None:
        keys = [b"", b"\0", b"\0\0", b"a", b"\0a", b"a\0", b"aa", b"ab", b"ba"]
        store.write(postings(*((Index.EVENT, key, 0, number) for number, key in enumerate(keys))))
        for number, key in enumerate(keys):
            assert store.postings(Index.EVENT, key, 0, 10) == [(0, number)]


class TestNumbers:
    """Keys, positions and values are 0 .. 2^63-1; a batch with another is refused whole; reads beyond find nothing."""

    def test_the_highest_numbers(self, store: Store) -> None:
        batch = rows((Column.PENDING, MAX_NUMBER, b"top"))
        batch.postings = [(Index.EVENT, b"k", MAX_NUMBER, MAX_NUMBER), (Index.EVENT, b"k", 0, 0)]
        store.write(batch)
        assert store.row(Column.PENDING, 2**63 - 1) == b"top"
        assert store.rows(Column.PENDING, MAX_NUMBER, MAX_NUMBER) == [(MAX_NUMBER, b"top")]
        assert store.postings(Index.EVENT, b"k", MAX_NUMBER, 1) == [(MAX_NUMBER, MAX_NUMBER)]
        assert store.postings(Index.EVENT, b"k", MAX_NUMBER, 1, descending=True) == [(MAX_NUMBER, MAX_NUMBER)]

    @pytest.mark.parametrize("beyond", [2**63, 2**64 - 1, 2**70])
    def test_reads_beyond_find_what_lies_below_only(self, store: Store, beyond: int) -> None:
        """A client may ask for any 64-bit number."""
        batch = rows((Column.PENDING, MAX_NUMBER, b"top"))
        batch.postings = [(Index.EVENT, b"k", MAX_NUMBER, 1)]
        store.write(batch)
        assert store.row(Column.PENDING, beyond) is None
        assert store.rows(Column.PENDING, beyond, 1) == []
        assert store.rows(Column.PENDING, 0, beyond) == [(MAX_NUMBER, b"top")]
        assert store.postings(Index.EVENT, b"k", beyond, 1) == []
        assert store.postings(Index.EVENT, b"k", beyond, beyond, descending=True) == [(MAX_NUMBER, 1)]
        assert store.row(Column.PENDING, -beyond) is None
        assert store.postings(Index.EVENT, b"k", -beyond, 1) == [(MAX_NUMBER, 1)]
        assert store.postings(Index.EVENT, b"k", -beyond, 1, descending=True) == []

    @pytest.mark.parametrize("number", [-1, 2**63])
    @pytest.mark.parametrize(
        ("what", "make"),
        [
            ("key of a PENDING row", lambda number: rows((Column.PENDING, number, b"x"))),
            ("key of a PENDING row", lambda number: rows((Column.PENDING, number, None))),
            ("position of a EVENT posting", lambda number: postings((Index.EVENT, b"k", number, 0))),
            ("value of a EVENT posting", lambda number: postings((Index.EVENT, b"k", 0, number))),
        ],
    )
    def test_a_batch_with_a_number_that_does_not_fit(
        self, store: Store, number: int, what: str, make: Callable[[int], WriteBatch]
    ) -> None:
        batch = rows((Column.BLOCK, 1, b"good"))
        batch.state = [(b"a", b"good")]
        batch.extend(make(number))
        with pytest.raises(StorageError) as caught:
            store.write(batch)
        assert caught.value.name == "number_out_of_range"
        assert caught.value.details == {"what": what, "number": number}
        assert str(number) in caught.value.message
        assert store.row(Column.BLOCK, 1) is None
        assert store.state(b"a") is None
        store.write(rows((Column.BLOCK, 1, b"later")))
        assert store.row(Column.BLOCK, 1) == b"later"


# --- against a model ---

KEYS = st.one_of(st.integers(0, 6), st.integers(MAX_NUMBER - 2, MAX_NUMBER))
STARTS = st.one_of(st.integers(-2, 8), st.integers(MAX_NUMBER - 3, MAX_NUMBER + 2))
COLUMNS = st.sampled_from([Column.META, Column.PENDING, Column.ACCUMULATOR])
INDEXES = st.sampled_from([Index.TRANSACTION_BY_HASH, Index.EVENT])
NAMES = st.sampled_from([b"", b"a", b"b", b"ab", b"ba"])
MAYBE = st.one_of(st.none(), st.binary(max_size=4))
BATCHES = st.builds(
    WriteBatch,
    rows=st.lists(st.tuples(COLUMNS, KEYS, MAYBE), max_size=8),
    state=st.lists(st.tuples(NAMES, MAYBE), max_size=6),
    postings=st.lists(st.tuples(INDEXES, NAMES, KEYS, KEYS), max_size=8),
)
QUERIES = st.lists(st.tuples(STARTS, st.integers(0, 5), COLUMNS, INDEXES, NAMES), min_size=1, max_size=6)
Query = tuple[int, int, Column, Index, bytes]


class Model:
    """The contract in dictionaries and sorting."""

    def __init__(self) -> None:
        self.rows: dict[tuple[Column, int], bytes] = {}
        self.state: dict[bytes, bytes] = {}
        self.postings: dict[tuple[Index, bytes, int], int] = {}

    def write(self, batch: WriteBatch) -> None:
        for column, key, value in batch.rows:
            self.rows.pop((column, key), None)
            if value is not None:
                self.rows[column, key] = value
        for name, value in batch.state:
            self.state.pop(name, None)
            if value is not None:
                self.state[name] = value
        for index, name, position, number in batch.postings:
            self.postings[index, name, position] = number

    def check(self, store: Store, queries: list[Query]) -> None:
        assert dict(store.states()) == self.state
        for start, limit, column, index, name in queries:
            table = sorted((key, value) for (other, key), value in self.rows.items() if other == column)
            assert store.row(column, start) == dict(table).get(start)
            assert store.rows(column, start, limit) == [item for item in table if item[0] >= start][:limit]
            assert store.last_row(column) == (table[-1] if table else None)
            assert store.state(name) == self.state.get(name)
            pairs = sorted((at, number) for (i, n, at), number in self.postings.items() if (i, n) == (index, name))
            up = [pair for pair in pairs if pair[0] >= start]
            down = [pair for pair in reversed(pairs) if pair[0] <= start]
            assert store.postings(index, name, start, limit) == up[:limit]
            assert store.postings(index, name, start, limit, descending=True) == down[:limit]


@given(st.lists(st.tuples(BATCHES, QUERIES, st.booleans()), max_size=8))
def test_memory_is_the_model_and_copies_are_apart(steps: list[tuple[WriteBatch, list[Query], bool]]) -> None:
    store, model = MemoryStore(), Model()
    copies: list[tuple[MemoryStore, Model]] = []
    for batch, queries, take_copy in steps:
        store.write(batch)
        model.write(batch)
        model.check(store, queries)
        for number, (other, other_model) in enumerate(copies):
            if number % 2:
                other.write(batch)
                other_model.write(batch)
            other_model.check(other, queries)
        if take_copy:
            frozen = Model()
            frozen.rows, frozen.state, frozen.postings = dict(model.rows), dict(model.state), dict(model.postings)
            copies.append((store.copy(), frozen))
    for batch, queries, _ in steps:
        for other, other_model in copies:
            other.write(batch)
            other_model.write(batch)
            other_model.check(other, queries)
        model.check(store, queries)


@given(st.lists(st.tuples(BATCHES, QUERIES, st.booleans()), max_size=6))
def test_sqlite_is_the_model_also_when_it_is_opened_again(steps: list[tuple[WriteBatch, list[Query], bool]]) -> None:
    model = Model()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "ledger.sqlite"
        store = SqliteStore(path, GENESIS)
        try:
            for batch, queries, open_again in steps:
                store.write(batch)
                model.write(batch)
                if open_again:
                    store.close()
                    store = SqliteStore(path, GENESIS)
                model.check(store, queries)
        finally:
            store.close()


# --- across crashes ---


def start_writer(directory: Path, max_file_bytes: int = 0) -> "subprocess.Popen[str]":
    """A process that writes numbered batches; its first line has been read."""
    process = subprocess.Popen(
        [sys.executable, str(WRITER), str(directory), str(max_file_bytes)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert next_line(process).startswith("open")
    return process


def next_line(process: Any) -> str:
    """The next line that a writer prints."""
    return str(process.stdout.readline()).strip()


def test_numbered_batches_on_each_store(store: Store) -> None:
    """The checker itself: it passes whole batches and notices a missing part."""
    assert check_whole(store) == -1
    for number in range(9):
        store.write(batch_of(number))
        assert check_whole(store) == number
    half = batch_of(9)
    half.postings.clear()
    store.write(half)
    with pytest.raises(AssertionError):
        check_whole(store)


def test_killed_while_writing(tmp_path: Path) -> None:
    """D1: A batch is applied whole or not at all; and none that was acknowledged is lost."""
    reached = -1
    for pause in (1, 5, 2, 12):
        with start_writer(tmp_path) as process:
            lines = [int(next_line(process)) for _ in range(pause)]
            process.kill()
            rest = process.stdout.read().split("\n") if process.stdout else []
        acknowledged = max([*lines, *(int(line) for line in rest[:-1])])
        assert lines[0] == reached + 1
        store = SqliteStore(tmp_path / "ledger.sqlite", GENESIS)
        reached = check_whole(store)
        store.close()
        assert reached in (acknowledged, acknowledged + 1)


@pytest.mark.parametrize("damage", ["cut", "zeros"])
def test_a_torn_log_gives_whole_batches(tmp_path: Path, damage: str) -> None:
    """Power lost in the middle of a write: wherever the log ends, what is left is batches 0 .. n, each whole."""
    original = tmp_path / "original"
    store = SqliteStore(original / "ledger.sqlite", GENESIS)
    for number in range(6):
        store.write(batch_of(number))
    saved = tmp_path / "saved"
    shutil.copytree(original, saved)
    store.close()
    log = saved / "ledger.sqlite-wal"
    data = log.read_bytes()
    reached = []
    for number, cut in enumerate([*range(0, len(data), len(data) // 25), len(data) - 1, len(data)]):
        torn = tmp_path / str(number)
        shutil.copytree(saved, torn)
        rest = b"" if damage == "cut" else bytes(len(data) - cut)
        (torn / log.name).write_bytes(data[:cut] + rest)
        store = SqliteStore(torn / "ledger.sqlite", GENESIS)
        reached.append(check_whole(store))
        store.write(batch_of(last_batch(store) + 1))
        assert check_whole(store) == reached[-1] + 1
        store.close()
        shutil.rmtree(torn)
    assert reached == sorted(reached)
    assert reached[0] == -1
    assert reached[-1] == 5
    assert len(set(reached)) == 7


def test_a_disk_that_refuses_to_grow(tmp_path: Path) -> None:
    """A full disk stops the node cleanly: a named error, nothing half applied, and the file goes on after it."""
    with start_writer(tmp_path, max_file_bytes=300_000) as process:
        output = process.stdout.read() if process.stdout else ""
        *numbers, name = output.split()
    assert process.returncode == 0
    assert name in ("storage_full", "storage_write_failed")
    assert len(numbers) > 3
    store = SqliteStore(tmp_path / "ledger.sqlite", GENESIS)
    assert check_whole(store) == int(numbers[-1])
    store.write(batch_of(int(numbers[-1]) + 1))
    assert check_whole(store) == int(numbers[-1]) + 1
    store.close()
