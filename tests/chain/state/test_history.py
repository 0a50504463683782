"""States of recent blocks against the plainest model: a whole dictionary kept for each block."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.accounts import Receipt, Record, leaf_key, value_hash
from chain.state import tree
from chain.state.history import History, RecentState


def record(number: int) -> Record:
    return Receipt(bytes([number]), "XUS", number, 0)


class Book:
    """A history, the current state that it reads, and a copy of the state after each block."""

    def __init__(self, max_blocks: int = 100, max_records: int = 100) -> None:
        self.current: dict[bytes, Record] = {}
        self.history = History(cast(Any, self.current), max_blocks, max_records)
        self.version = -1
        self.copies: dict[int, dict[bytes, Record]] = {}
        self.block(1, {})

    def block(self, entries: int, writes: dict[bytes, Record], durable: int | None = None) -> None:
        """Commit a block of so many versions; without a number everything is durable at once."""
        self.version += entries
        replaced = {key: self.current.get(key) for key in writes}
        self.current.update(writes)
        items = [(leaf_key(key), value_hash(item.to_bytes())) for key, item in self.current.items()]
        self.history.append(RecentState(self.version, tree.build(items), replaced))
        self.copies[self.version] = dict(self.current)
        self.history.trim(lambda: self.version if durable is None else durable)

    def kept(self) -> list[int]:
        """Block ends whose state is still there."""
        return [version for version in self.copies if version >= self.history.oldest]


KEYS = [b"r" + bytes([number]) for number in range(5)]
BLOCKS = st.lists(
    st.tuples(st.integers(1, 4), st.dictionaries(st.sampled_from(KEYS), st.integers(0, 255).map(record), max_size=4)),
    max_size=12,
)


@given(BLOCKS, st.integers(1, 6), st.integers(0, 12))
def test_each_kept_version_reads_as_it_was(blocks, max_blocks, max_records) -> None:
    """The state at a version is that at the end of the last block up to it: records and tree."""
    book = Book(max_blocks, max_records)
    for entries, writes in blocks:
        book.block(entries, writes)
        for version in range(book.version + 3):
            state = book.history.at(version)
            ends = [end for end in book.kept() if end <= version]
            if not ends:
                assert state is None
                continue
            assert state is not None
            copy = book.copies[ends[-1]]
            assert state.version == ends[-1]
            assert {key: state.get(key) for key in KEYS} == {key: copy.get(key) for key in KEYS}
            items = [(leaf_key(key), value_hash(item.to_bytes())) for key, item in copy.items()]
            assert tree.root_hash(state.tree) == tree.root_hash(tree.build(items))


@pytest.mark.parametrize("limit", [1, 2, 3, 9])
def test_at_most_so_many_blocks(limit: int) -> None:
    """The number of blocks kept is bounded; the newest stays."""
    book = Book(max_blocks=limit)
    for count in range(2, 12):
        book.block(2, {})
        assert len(book.kept()) == min(count, limit)
        assert book.kept()[-1] == book.version


def test_at_most_so_many_replaced_records() -> None:
    """Records that blocks replaced are bounded together: three of one are kept at a limit of 3, not of 2."""
    one = {KEYS[0]: record(1)}
    for limit, kept in ((3, 4), (2, 2), (1, 1), (0, 1)):
        book = Book(max_records=limit)
        for _ in range(3):
            book.block(1, one)
        assert len(book.kept()) == kept, limit


def test_what_clients_were_told_of_is_kept() -> None:
    """The newest durable block and all after it stay, whatever the bounds: the memory may be ahead of the disk."""
    book = Book(max_blocks=2)
    for _ in range(6):
        book.block(2, {}, durable=0)
    assert len(book.kept()) == 7
    book.block(2, {}, durable=7)
    assert book.kept() == [6, 8, 10, 12, 14]
    book.block(2, {}, durable=8)
    assert book.kept() == [8, 10, 12, 14, 16]
    book.block(2, {})
    assert book.kept() == [16, 18]


def test_blocks_come_in_order() -> None:
    """A block that does not end above the last one is our own mistake."""
    book = Book()
    for version in (0, -1):
        with pytest.raises(AssertionError):
            book.history.append(RecentState(version, tree.EMPTY, {}))


def test_the_disk_is_asked_only_when_there_is_something_to_forget() -> None:
    """Below the bounds no commit reads the store."""
    book = Book(max_blocks=3)
    asked: list[int] = []

    def durable() -> int:
        asked.append(book.version)
        return book.version

    for _ in range(2):
        book.block(1, {})
        book.history.trim(durable)
    assert asked == []
    book.history.append(RecentState(9, tree.EMPTY, {}))
    book.history.trim(durable)
    assert len(asked) == 1


class Current(dict[bytes, Record]):
    """A newest state that also gives bytes."""

    def data(self, key: bytes) -> bytes | None:
        item = self.get(key)
        return None if item is None else item.to_bytes()


def test_the_bytes_of_a_past_state_are_those_of_its_records() -> None:
    """KE1, SY5: a chunk of an older state holds what the records were, not what they have become."""
    book = Book()
    book.current = Current()
    book.history = History(cast(Any, book.current), 100, 100)
    book.block(1, {KEYS[0]: record(1)})
    old = book.version
    book.block(2, {KEYS[0]: record(2), KEYS[1]: record(3)})
    state = book.history.at(old)
    assert state is not None
    assert [state.data(key) for key in KEYS[:3]] == [record(1).to_bytes(), None, None]
    newest = book.history.at(book.version)
    assert newest is not None
    assert [newest.data(key) for key in KEYS[:3]] == [record(2).to_bytes(), record(3).to_bytes(), None]
