"""Postings on their way into the table: found at every moment, moved range by range, bounded, there after a restart."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import DecodeError
from chain.storage import Index, WriteBatch
from node.storage import recent_postings
from node.storage.recent_postings import SLICES, RecentPostings, pack, unpack
from node.storage.rules import MAX_NUMBER, StorageError
from node.storage.sqlite import SqliteStore

GENESIS = b"\x47" * 32
Model = dict[tuple[Index, bytes], dict[int, int]]
POSTINGS = st.lists(
    st.tuples(st.sampled_from(Index), st.binary(max_size=24), st.integers(0, MAX_NUMBER), st.integers(0, MAX_NUMBER))
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    """An open store."""
    opened = SqliteStore(path, GENESIS)
    yield opened
    opened.close()


def log_of(path: Path) -> list[int]:
    """Batches that the log holds."""
    connection = sqlite3.connect(path)
    found = [batch for (batch,) in connection.execute("SELECT batch FROM posting_log ORDER BY batch")]
    connection.close()
    return found


def moved(path: Path) -> int:
    """Rows of the table."""
    connection = sqlite3.connect(path)
    (count,) = connection.execute("SELECT count(*) FROM posting").fetchone()
    connection.close()
    return int(count)


def random_batch(random: Random, model: Model) -> WriteBatch:
    """Postings of a few keys and positions, many of them written before."""
    batch = WriteBatch()
    for _ in range(random.randrange(1, 12)):
        index, key = random.choice(list(Index)), bytes([random.randrange(5) * 50]) * random.randrange(3)
        position, value = random.randrange(8), random.randrange(1000)
        batch.postings.append((index, key, position, value))
        model.setdefault((index, key), {})[position] = value
    return batch


def compare(store: SqliteStore, model: Model) -> None:
    """Every key, from every position, up and down."""
    for (index, key), pairs in model.items():
        up = sorted(pairs.items())
        for start in (0, 3, 8):
            above = [pair for pair in up if pair[0] >= start]
            below = [pair for pair in reversed(up) if pair[0] <= start]
            assert store.postings(index, key, start, 100) == above
            assert store.postings(index, key, start, 2) == above[:2]
            assert store.postings(index, key, start, 100, descending=True) == below
            assert store.postings(index, key, start, 1, descending=True) == below[:1]


@pytest.mark.parametrize("seed", range(4))
def test_a_posting_is_found_wherever_it_is(path: Path, seed: int) -> None:
    """Against a dictionary, while ranges move through many turns and the store is opened again and again."""
    random, model = Random(seed), Model()
    store = SqliteStore(path, GENESIS)
    for number in range(3 * SLICES):
        store.write(random_batch(random, model))
        if number % 10 == 0:
            compare(store, model)
        if random.randrange(20) == 0:
            store.close()
            store = SqliteStore(path, GENESIS)
            compare(store, model)
    compare(store, model)
    store.close()
    assert moved(path) > 0


def test_the_log_holds_a_batch_until_every_range_had_its_turn(path: Path, store: SqliteStore) -> None:
    """'A row of the log can go when every range had its turn after it': SLICES writes, its own the first."""
    for number in range(1, SLICES):
        store.write(WriteBatch(postings=[(Index.EVENT, bytes([number]), number, number)]))
        assert log_of(path) == list(range(1, number + 1))
    store.write(WriteBatch(postings=[(Index.EVENT, b"k", 0, 0)]))
    assert log_of(path) == list(range(2, SLICES + 1))
    store.write(WriteBatch(state=[(b"a", b"b")]))
    assert log_of(path) == list(range(2, SLICES + 1)), "a batch without postings is none of the log's"


def test_a_restart_starts_the_turns_over_and_loses_nothing(path: Path) -> None:
    """What had its turn before is moved once more, which changes nothing."""
    store = SqliteStore(path, GENESIS)
    for number in range(SLICES + 5):
        store.write(WriteBatch(postings=[(Index.EVENT, bytes([4 * number % 256]), number, number)]))
    before = log_of(path)
    assert before == list(range(7, SLICES + 6))
    store.close()
    store = SqliteStore(path, GENESIS)
    for number in range(SLICES - 1):
        store.write(WriteBatch(postings=[(Index.BLOCK_BY_ID, b"k", number, number)]))
    assert log_of(path) == list(range(7, 2 * SLICES + 5))
    store.write(WriteBatch(postings=[(Index.BLOCK_BY_ID, b"k", SLICES, 1)]))
    assert log_of(path) == list(range(SLICES + 7, 2 * SLICES + 6))
    for number in range(SLICES + 5):
        key = bytes([4 * number % 256])
        assert (number, number) in store.postings(Index.EVENT, key, 0, 10)
    store.close()


def test_many_postings_in_few_batches_are_not_all_kept(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Above MAX_ENTRIES 'a write moves as many ranges as it takes'."""
    monkeypatch.setattr(recent_postings, "MAX_ENTRIES", 100)
    store = SqliteStore(path, GENESIS)
    for number in range(3):
        keys = [bytes([at]) for at in range(256)]
        store.write(WriteBatch(postings=[(Index.EVENT, key, number, number) for key in keys]))
        assert len(store._recent) <= 100
    assert store.postings(Index.EVENT, b"\x07", 0, 9) == [(0, 0), (1, 1), (2, 2)]
    assert moved(path) >= 3 * 256 - 100
    store.close()


def test_a_batch_that_failed_is_seen_by_nobody(store: SqliteStore) -> None:
    """'Raises StorageError, and nothing is applied', also of what the batch would have replaced."""
    store.write(WriteBatch(postings=[(Index.EVENT, b"k", 1, 10), (Index.EVENT, b"k", 2, 20)]))
    (pages,) = store._writer.execute("PRAGMA page_count").fetchone()
    store._writer.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StorageError) as caught:
        store.write(
            WriteBatch(postings=[(Index.EVENT, b"k", 1, 11), *((Index.EVENT, b"z" * 20, n, n) for n in range(999))])
        )
    assert caught.value.name == "storage_full"
    assert store.postings(Index.EVENT, b"k", 0, 9) == [(1, 10), (2, 20)]
    assert store.postings(Index.EVENT, b"z" * 20, 0, 9) == []


def test_a_damaged_row_of_the_log_refuses_the_file(path: Path) -> None:
    """Each value has its checksum; postings that nobody can read are not left out in silence."""
    store = SqliteStore(path, GENESIS)
    store.write(WriteBatch(postings=[(Index.EVENT, b"k", 1, 10)]))
    store.close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE posting_log SET checksum=checksum+1")
    connection.commit()
    connection.close()
    with pytest.raises(StorageError) as caught:
        SqliteStore(path, GENESIS)
    assert caught.value.name == "storage_corrupt"


@given(POSTINGS)
def test_a_row_of_the_log_gives_back_its_postings(postings: list[tuple[Index, bytes, int, int]]) -> None:
    """`unpack` reads `pack`."""
    assert unpack(pack(postings)) == postings


@pytest.mark.parametrize(
    "data", [b"", b"\x93\xc4\x00\x90\x90", pack([]) + b"\0", b"\x94\xc4\x01\x63\x91\xc4\x00\x91\x00\x91\x00"]
)
def test_other_bytes_are_no_row_of_the_log(data: bytes) -> None:
    """DecodeError or ValueError: wrong shape, bytes behind the end, an index that does not exist."""
    with pytest.raises((DecodeError, ValueError)):
        unpack(data)


@given(st.lists(POSTINGS, max_size=5))
def test_rows_come_by_range_with_the_last_of_two_last(batches: list[list[tuple[Index, bytes, int, int]]]) -> None:
    """Written in this order with replacement, the table holds what a dictionary holds."""
    recent, model = RecentPostings(), dict[tuple[bytes, int, int], int]()
    for postings in batches:
        recent.add(postings)
        model.update({(key[::-1], int(index), position): value for index, key, position, value in postings})
    written = {row[:3]: row[3] for row in recent.rows(range(SLICES))}
    assert written == model
    assert len(recent) == sum(map(len, batches))
    recent.forget(list(range(SLICES)))
    assert (len(recent), recent.rows(range(SLICES))) == (0, [])
