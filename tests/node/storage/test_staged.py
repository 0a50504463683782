"""A second state beside the current one, and its adoption (chain/storage.py, `WriteBatch`), on every store."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.storage import KEPT_BY_ADOPTION, Column, Index, Store, WriteBatch
from node.storage.memory import MemoryStore
from node.storage.sqlite import SqliteStore
from tests.node.storage.test_store_contract import BATCHES, NAMES, QUERIES, Model, Query
from tests.node.storage.writer_process import GENESIS


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each store, with a row in every column, two values and two postings."""
    made: MemoryStore | SqliteStore
    made = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "ledger.sqlite", GENESIS)
    made.write(WriteBatch(
        rows=[(column, 3, b"row") for column in Column], state=[(b"a", b"1"), (b"b", b"2")],
        postings=[(Index.EVENT, b"e", 0, 5), (Index.BLOCK_BY_ID, b"i", 1, 1)],
    ))  # fmt: skip
    yield made
    if isinstance(made, SqliteStore):
        made.close()


def state(store: Store) -> dict[bytes, bytes]:
    return dict(store.states())


def staged(store: Store) -> dict[bytes, bytes]:
    return dict(store.staged())


def test_what_is_staged_is_read_by_nobody(store: Store) -> None:
    """'kept beside the current one and read by nobody until it is adopted'; a later value of a key replaces it."""
    store.write(WriteBatch(staged=[(b"a", b"x"), (b"c", b"y")]))
    store.write(WriteBatch(staged=[(b"c", b"z"), (b"d", b"")]))
    assert staged(store) == {b"a": b"x", b"c": b"z", b"d": b""}
    assert state(store) == {b"a": b"1", b"b": b"2"}
    assert (store.state(b"a"), store.state(b"c")) == (b"1", None)


def test_staged_values_are_dropped_before_new_ones_are_staged(store: Store) -> None:
    """'`drop_staged`, `staged`': what the same batch stages stays."""
    store.write(WriteBatch(staged=[(b"a", b"x"), (b"c", b"y")]))
    store.write(WriteBatch(drop_staged=True, staged=[(b"d", b"z")]))
    assert staged(store) == {b"d": b"z"}
    store.write(WriteBatch(drop_staged=True))
    assert staged(store) == {}
    assert state(store) == {b"a": b"1", b"b": b"2"}


def test_adoption(store: Store) -> None:
    """'The staged state becomes the state ...; all postings go, and all rows but those of KEPT_BY_ADOPTION', then the
    batch's own rows, values and postings come."""
    assert KEPT_BY_ADOPTION == (Column.META, Column.PENDING, Column.EPOCH, Column.EVIDENCE)
    store.write(WriteBatch(staged=[(b"a", b"x"), (b"c", b"y")]))
    store.write(WriteBatch(
        staged=[(b"d", b"z")], adopt=True, rows=[(Column.BLOCK, 9, b"tip"), (Column.META, 3, None)],
        state=[(b"e", b"new"), (b"c", None)], postings=[(Index.EVENT, b"e", 7, 8)],
    ))  # fmt: skip
    assert state(store) == {b"a": b"x", b"d": b"z", b"e": b"new"}
    assert staged(store) == {}
    for column in Column:
        is_kept = column in KEPT_BY_ADOPTION and column is not Column.META
        assert store.rows(column, 0, 9) == [(3, b"row")] * is_kept + [(9, b"tip")] * (column is Column.BLOCK)
    assert store.postings(Index.EVENT, b"e", 0, 9) == [(7, 8)]
    assert store.postings(Index.BLOCK_BY_ID, b"i", 0, 9) == []


def test_a_second_snapshot_holds_nothing_of_the_state_before(store: Store) -> None:
    """The state that was replaced is no staged one: neither then nor when something is staged anew."""
    store.write(WriteBatch(staged=[(b"x", b"1")]))
    store.write(WriteBatch(adopt=True))
    store.write(WriteBatch(staged=[(b"y", b"2")]))
    assert staged(store) == {b"y": b"2"}
    store.write(WriteBatch(staged=[(b"z", b"3")]))
    store.write(WriteBatch(adopt=True))
    assert state(store) == {b"y": b"2", b"z": b"3"}
    store.write(WriteBatch(state=[(b"y", None)]))
    assert (state(store), staged(store)) == ({b"z": b"3"}, {})


class Both(Model):
    """The contract's model with a staged state."""

    def __init__(self) -> None:
        super().__init__()
        self.staged: dict[bytes, bytes] = {}

    def write(self, batch: WriteBatch) -> None:
        if batch.drop_staged:
            self.staged = {}
        self.staged.update(batch.staged)
        if batch.adopt:
            self.state, self.staged, self.postings = self.staged, {}, {}
            self.rows = {place: value for place, value in self.rows.items() if place[0] in KEPT_BY_ADOPTION}
        super().write(batch)

    def check(self, store: Store, queries: list[Query]) -> None:
        super().check(store, queries)
        assert dict(store.staged()) == self.staged


STAGING = st.builds(
    lambda batch, drops, values, adopts: replace(batch, drop_staged=drops, staged=values, adopt=adopts),
    BATCHES, st.booleans(), st.lists(st.tuples(NAMES, st.binary(max_size=4)), max_size=4), st.booleans(),
)  # fmt: skip


@settings(max_examples=25)
@given(st.lists(st.tuples(STAGING, QUERIES, st.booleans()), max_size=5))
def test_every_store_is_the_model(steps: list[tuple[WriteBatch, list[Query], bool]]) -> None:
    """Any order of staging, dropping and adopting; a file is also opened again, a store in memory is copied."""
    model, memory = Both(), MemoryStore()
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "ledger.sqlite"
        file = SqliteStore(path, GENESIS)
        try:
            for batch, queries, again in steps:
                for store in (model, memory, file):
                    store.write(batch)
                if again:
                    file.close()
                    file, memory = SqliteStore(path, GENESIS), memory.copy()
                model.check(memory, queries)
                model.check(file, queries)
        finally:
            file.close()
