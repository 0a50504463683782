"""Old states from undo rows, against whole copies of the state; and what leaves the window."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.accounts import Record, leaf_key, value_hash
from chain.errors import DecodeError
from chain.kept import PRUNED_AT_ONCE
from chain.state import tree
from chain.state.history import RESTORED_STATES, History, RecentState
from chain.state.undo import _PAGE as PAGE
from chain.state.undo import UndoLog, read_undo
from chain.storage import Column, WriteBatch
from node.storage.memory import MemoryStore
from tests.chain.state.test_history import BLOCKS, KEYS, record


class Shelf:
    """A history of two blocks in memory over an undo log, and a copy of the state after each block."""

    def __init__(self, window: int = 1_000) -> None:
        self.store = MemoryStore()
        self.window = window
        self.current: dict[bytes, Record] = {}
        self.version = 0
        self.copies: dict[int, dict[bytes, Record]] = {0: {}}
        self.restart()

    def tree(self, copy: dict[bytes, Record]) -> tree.Node:
        return tree.build([(leaf_key(key), value_hash(item.to_bytes())) for key, item in copy.items()])

    def restart(self) -> None:
        """Everything in memory but the newest state goes."""
        self.undo = UndoLog(self.store, self.window)
        self.history = History(cast(Any, self.current), 2, 100, self.undo)
        self.history.append(RecentState(self.version, self.tree(self.current), {}))

    def block(self, entries: int, writes: dict[bytes, Record]) -> None:
        """Commit a block of so many versions."""
        before, batch = self.version, WriteBatch()
        self.version += entries
        replaced = {key: self.current.get(key) for key in writes}
        self.current.update(writes)
        self.history.append(RecentState(self.version, self.tree(self.current), replaced))
        values = {key: item.to_bytes() for key, item in writes.items()}
        self.undo.append((before, self.version), replaced, values, batch)
        self.store.write(batch)
        self.copies[self.version] = dict(self.current)
        self.history.trim(lambda: self.version)

    def rows(self) -> list[int]:
        return [key for key, _ in self.store.rows(Column.UNDO, 0, 1_000)]

    def check(self, version: int) -> None:
        """The state at a version is that of the last block up to it: records, tree, version."""
        state = self.history.at(version)
        assert state is not None
        end = max(end for end in self.copies if end <= version)
        assert state.version == end
        assert {key: state.get(key) for key in KEYS} == {key: self.copies[end].get(key) for key in KEYS}
        assert tree.root_hash(state.tree) == tree.root_hash(self.tree(self.copies[end]))


@given(BLOCKS, st.sets(st.integers(0, 11)), st.lists(st.integers(0, 48), max_size=8))
def test_every_version_reads_as_it_was(blocks, restarts, asked) -> None:
    """KE1: in any order of questions, between blocks and over restarts, every state is that of its block's end."""
    shelf = Shelf()
    for number, (entries, writes) in enumerate(blocks):
        if number in restarts:
            shelf.restart()
        shelf.block(entries, writes)
        for version in asked:
            shelf.check(min(version, shelf.version))
    for version in range(shelf.version, -1, -1):
        shelf.check(version)
    assert shelf.history.oldest == 0


@given(st.integers(0, 6), st.lists(st.integers(1, 4), min_size=1, max_size=14))
def test_the_window(window: int, sizes: list[int]) -> None:
    """KE2: states from `window` versions before the tip on stay; a row goes with the block that makes it needless."""
    shelf = Shelf(window)
    for number, size in enumerate(sizes):
        shelf.block(size, {KEYS[0]: record(number)})
        oldest = shelf.undo.oldest
        if window:
            assert oldest is not None
            ends = [end for end in shelf.copies if end <= max(shelf.version - window, 0)]
            assert oldest <= max(shelf.version - window, 0) or oldest == max(ends, default=0)
        else:
            assert shelf.rows() == []
        for version in range(shelf.history.oldest, shelf.version + 1):
            shelf.check(version)
        if shelf.history.oldest:
            assert shelf.history.at(shelf.history.oldest - 1) is None


def test_a_smaller_window_is_reached_a_little_at_a_time() -> None:
    """KE2: a block deletes at most PRUNED_AT_ONCE rows."""
    shelf = Shelf()
    for number in range(20):
        shelf.block(1, {KEYS[0]: record(number)})
    shelf.window = 3
    shelf.restart()
    for left in (20 - PRUNED_AT_ONCE, 20 - 2 * PRUNED_AT_ONCE):
        shelf.block(1, {})
        assert len(shelf.rows()) == left + (shelf.version - 20)
        shelf.check(shelf.history.oldest)
    for _ in range(10):
        shelf.block(1, {})
    assert shelf.rows() == [shelf.version - 2, shelf.version - 1, shelf.version]
    assert shelf.history.oldest == shelf.version - 3


def test_a_row_stays_until_its_successor_is_durable() -> None:
    """KE2, KE3: rows are deleted "each once its successor is there": batches not yet on the disk leave no gap."""
    store = MemoryStore()
    undo = UndoLog(store, 1)

    def append(before: int, version: int) -> WriteBatch:
        batch = WriteBatch()
        undo.append((before, version), {}, {}, batch)
        return batch

    def gone(batch: WriteBatch) -> list[int]:
        return [key for column, key, data in batch.rows if column is Column.UNDO and data is None]

    store.write(append(0, 1))
    second = append(1, 50)
    assert gone(second) == []
    assert undo.oldest == 0
    store.write(second)
    third = append(50, 99)
    assert gone(third) == [1]
    assert undo.oldest == 1
    store.write(third)
    assert [key for key, _ in store.rows(Column.UNDO, 0, 9)] == [50, 99]


def test_no_window_deletes_what_is_there() -> None:
    """KE2: with a window of 0 the rows of an earlier one go, and then only what is in memory is kept."""
    shelf = Shelf()
    for number in range(5):
        shelf.block(1, {KEYS[0]: record(number)})
    shelf.window = 0
    shelf.restart()
    shelf.block(1, {})
    shelf.block(1, {})
    assert shelf.rows() == []
    assert shelf.undo.oldest is None
    assert shelf.history.oldest == 6
    assert shelf.history.at(5) is None


def test_a_missing_row_gives_no_state() -> None:
    """KE3: rows follow each other without a gap, or the state is not given at all."""
    shelf = Shelf()
    for number in range(8):
        shelf.block(2, {KEYS[0]: record(number)})
    shelf.store.write(WriteBatch(rows=[(Column.UNDO, 8, None)]))
    shelf.restart()
    assert shelf.undo.replaced_between(5, 16) is None
    assert shelf.undo.replaced_between(7, 16) is None
    shelf.check(8)
    assert shelf.history.at(7) is None
    assert shelf.history.restore(7) is None
    assert shelf.undo.replaced_between(9, 15) is None
    assert shelf.undo.replaced_between(9, 17) is None, "the last row is missing"
    assert shelf.undo.replaced_between(8, 16) == (8, {KEYS[0]: record(3).to_bytes()})


@pytest.mark.parametrize("blocks", [PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 2 * PAGE + 1])
def test_rows_of_several_pages(blocks: int) -> None:
    """KE1: a state is put back over any number of rows, of which one read gives a page."""
    undo = UndoLog(MemoryStore(), 1_000)
    for version in range(1, blocks + 1):
        batch = WriteBatch()
        undo.append((version - 1, version), {KEYS[version % 2]: record(version)}, {}, batch)
        undo._store.write(batch)
    firsts = {KEYS[1]: record(1).to_bytes(), KEYS[0]: record(2).to_bytes()}
    assert undo.replaced_between(0, blocks) == (0, firsts)


def test_a_restored_state_goes_on_over_no_gap() -> None:
    """KE3, KE4: what was restored is read on with the rows of later blocks, if all of them are there."""
    shelf = Shelf()
    for number in range(8):
        shelf.block(2, {KEYS[0]: record(number)})
    shelf.check(4)
    for number in range(8, 12):
        shelf.block(2, {KEYS[0]: record(number)})
    shelf.store.write(WriteBatch(rows=[(Column.UNDO, 20, None)]))
    assert not shelf.history.is_far(4)
    assert shelf.history.at(4) is None


def test_far_and_near() -> None:
    """KE4: a state is far until it was restored once; what is forgotten is not far, it is gone."""
    shelf = Shelf(10)
    for number in range(20):
        shelf.block(1, {KEYS[0]: record(number)})
    assert [version for version in range(21) if shelf.history.is_far(version)] == list(range(10, 19))
    shelf.history.restore(12)
    assert not shelf.history.is_far(12)
    assert not shelf.history.is_far(9)


def test_only_so_many_restored_states_are_kept() -> None:
    """KE4: the RESTORED_STATES that were used last."""
    shelf = Shelf()
    for number in range(RESTORED_STATES + 6):
        shelf.block(1, {KEYS[0]: record(number % 250)})
    shelf.check(0)
    for version in range(1, RESTORED_STATES):
        shelf.check(version)
    shelf.check(0)
    shelf.check(RESTORED_STATES)
    assert not shelf.history.is_far(0)
    assert shelf.history.is_far(1)


@pytest.mark.parametrize(
    "row", [b"", b"\x92\x00\x00", b"\x92\x00\x92\x01\x02", b"\x92\x00\x92\xc4\x01a\x05", b"\x92\x00\x91\xc4\x01a"]
)
def test_a_malformed_row(row: bytes) -> None:
    """KE3: (version before, (key, bytes or None, ...)) and nothing else."""
    with pytest.raises(DecodeError):
        read_undo(row)
