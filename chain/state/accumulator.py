"""Append-only Merkle accumulators of Libra's shape (rule L2): padded to a power of two by one placeholder.

A *full* subtree has no padding, and its root never changes again. A `Frontier` is all that an appender needs: the
number of leaves and the roots of the full subtrees that they make, largest first. Nodes are named (level, index): a
node covers the leaves from index * 2^level to before (index + 1) * 2^level, so that leaves have level 0.

Proofs leave out what their sizes imply: a sibling without any leaf is the placeholder, and is never sent.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

from chain.codec import Value, fields, sized
from chain.crypto.hashing import placeholder, seed
from chain.errors import DecodeError
from chain.primitives import Hash

ReadNode = Callable[[int, int], Hash]
"""(level, index) of a full subtree -> its root."""

PLACEHOLDER = placeholder("ACCUMULATOR_PLACEHOLDER_HASH")
"""Root of a subtree without a leaf, and of an empty accumulator."""
TRANSACTIONS = seed("TransactionAccumulator")
EVENTS = seed("EventAccumulator")
MAX_LEAVES = 1 << 62
"""Bound of a size, so that every position is below 2^63: the largest integer key of an SQLite table."""
STORED_LEVEL = 4
"""Lowest level that is worth a row: one row for 16 leaves, and 8 leaves at most to read for a lower node."""


class LeafProof(NamedTuple):
    """What proves one leaf: its siblings that hold a leaf, from the bottom to the top."""

    siblings: tuple[Hash, ...]

    def to_value(self) -> Value:
        """(siblings,)."""
        return (self.siblings,)

    @staticmethod
    def from_value(value: object) -> "LeafProof":
        """Read `to_value`; DecodeError on a wrong shape or size."""
        (siblings,) = fields(value, "leaf proof", tuple)
        return LeafProof(_hashes(siblings, "sibling"))


class RangeProof(NamedTuple):
    """What proves consecutive leaves: siblings from the bottom to the top, before and after them."""

    left: tuple[Hash, ...]
    right: tuple[Hash, ...]

    def to_value(self) -> Value:
        """(left, right)."""
        return (self.left, self.right)

    @staticmethod
    def from_value(value: object) -> "RangeProof":
        """Read `to_value`; DecodeError on a wrong shape or size."""
        left, right = fields(value, "range proof", tuple, tuple)
        return RangeProof(_hashes(left, "left sibling"), _hashes(right, "right sibling"))


class ConsistencyProof(NamedTuple):
    """What extends a frontier to a larger size: roots of the full subtrees added, from left to right."""

    subtrees: tuple[Hash, ...]

    def to_value(self) -> Value:
        """(subtrees,)."""
        return (self.subtrees,)

    @staticmethod
    def from_value(value: object) -> "ConsistencyProof":
        """Read `to_value`; DecodeError on a wrong shape or size."""
        (subtrees,) = fields(value, "consistency proof", tuple)
        return ConsistencyProof(_hashes(subtrees, "subtree"))


class Frontier(NamedTuple):
    """Number of leaves, and the roots of the full subtrees that they make, largest first: one for each bit of size."""

    size: int
    roots: tuple[Hash, ...]

    @staticmethod
    def empty() -> "Frontier":
        """No leaves."""
        return Frontier(0, ())

    def append(self, leaves: Sequence[Hash], *, from_level: int = 1) -> tuple["Frontier", list[tuple[int, Hash]]]:
        """Add leaves; gives the new frontier, and (position, hash) of the inner nodes of at least `from_level` that
        became full, by level and index."""
        old = list(self.roots)
        new: list[Hash] = []
        full: list[tuple[int, Hash]] = []
        row, first, level = list(leaves), self.size, 0
        while row:
            if first & 1:
                row.insert(0, old.pop())
            if len(row) & 1:
                new.append(row.pop())
            first, level = first >> 1, level + 1
            row = [
                Hash(sha256(TRANSACTIONS + left + right).digest())
                for left, right in zip(row[::2], row[1::2], strict=True)
            ]
            if level >= from_level:
                full.extend((position(level, first + at), node) for at, node in enumerate(row))
        return Frontier(self.size + len(leaves), (*old, *reversed(new))), full

    def extend(self, size: int, subtrees: Sequence[Hash]) -> "Frontier":
        """The frontier of a larger size, from the roots of `full_subtrees(self.size, size)`."""
        at, roots = self.size, list(self.roots)
        for (level, _), node in zip(full_subtrees(at, size), subtrees, strict=True):
            at += 1 << level
            while not at >> level & 1:  # the sum carried: a pair is full
                node, level = inner_node(roots.pop(), node), level + 1
            roots.append(node)
        return Frontier(size, tuple(roots))

    def root(self) -> Hash:
        """The accumulator's root."""
        if not self.roots:
            return PLACEHOLDER
        subtrees = list(zip(full_subtrees(0, self.size), self.roots, strict=True))
        (at, _), node = subtrees.pop()
        for (level, _), root in reversed(subtrees):
            for _ in range(at, level):
                node = inner_node(node, PLACEHOLDER)
            node, at = inner_node(root, node), level + 1
        return node

    def to_value(self) -> Value:
        """(size, roots)."""
        return (self.size, self.roots)

    @staticmethod
    def from_value(value: object) -> "Frontier":
        """Read `to_value`; DecodeError on a wrong shape, a size above MAX_LEAVES or a wrong number of roots."""
        size, roots = fields(value, "frontier", int, tuple)
        if size > MAX_LEAVES:
            raise DecodeError(f"frontier: {size} leaves are above {MAX_LEAVES}", name="too_large", size=size)
        fields(roots, "frontier roots", *[bytes] * size.bit_count())
        return Frontier(size, _hashes(roots, "frontier root"))


def position(level: int, index: int) -> int:
    """In-order number of a node: below 2^63 for up to MAX_LEAVES leaves."""
    return (index << (level + 1)) + (1 << level) - 1


def height(size: int) -> int:
    """Level of the root of an accumulator with `size` leaves, 1 or more."""
    return (size - 1).bit_length()


def full_subtrees(start: int, end: int) -> list[tuple[int, int]]:
    """The largest full subtrees, as (level, index), that make up the leaves from `start` to before `end`."""
    found = []
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        found.append((level, start >> level))
        start += 1 << level
    return found


def merkle_root(leaves: Sequence[Hash], prefix: bytes) -> Hash:
    """Root of a small accumulator, computed whole; `prefix` is TRANSACTIONS or EVENTS."""
    if not leaves:
        return PLACEHOLDER
    row = list(leaves)
    while len(row) > 1:
        if len(row) & 1:
            row.append(PLACEHOLDER)
        row = [Hash(sha256(prefix + row[i] + row[i + 1]).digest()) for i in range(0, len(row), 2)]
    return row[0]


def event_root(leaves: Sequence[Hash]) -> Hash:
    """Root over one transaction's event hashes, in order."""
    return merkle_root(leaves, EVENTS)


def prove_event(leaves: Sequence[Hash], place: int) -> LeafProof:
    """Proof of the event at a place among one transaction's event hashes: all its siblings, from the bottom to the top.

    Nothing signs how many events there are, so that no sibling is implied: a placeholder is sent like any other.
    """
    row, siblings = list(leaves), []
    assert 0 <= place < len(row), (place, len(row))
    while len(row) > 1:
        row += [PLACEHOLDER] * (len(row) & 1)
        siblings.append(row[place ^ 1])
        row = [merkle_root(row[at : at + 2], EVENTS) for at in range(0, len(row), 2)]
        place >>= 1
    return LeafProof(tuple(siblings))


def node_at(
    level: int, index: int, read_inner: Callable[[int], Hash], read_leaves: Callable[[int, int], Sequence[Hash]]
) -> Hash:
    """Root of a full subtree: by its position from STORED_LEVEL on, else from its leaves (first and number, 8 at most).

    With the two readers bound (`functools.partial` or a lambda) it is the `ReadNode` of the functions below.
    """
    if level >= STORED_LEVEL:
        return read_inner(position(level, index))
    return merkle_root(read_leaves(index << level, 1 << level), TRANSACTIONS)


def frontier_at(size: int, read: ReadNode) -> Frontier:
    """The frontier when the accumulator had `size` leaves."""
    return Frontier(size, tuple(read(level, index) for level, index in full_subtrees(0, size)))


def prove_leaf(index: int, size: int, read: ReadNode) -> LeafProof:
    """Proof of the leaf at `index` in the accumulator's first `size` leaves."""
    assert 0 <= index < size, (index, size)
    beside = [(level, index >> level ^ 1) for level in range(height(size))]
    return LeafProof(tuple(_padded(level, at, size, read) for level, at in beside if at << level < size))


def prove_range(start: int, count: int, size: int, read: ReadNode) -> RangeProof:
    """Proof of `count` leaves, 1 or more, from `start` on, in the accumulator's first `size` leaves."""
    assert 0 <= start < start + count <= size, (start, count, size)
    left, right = [], []
    for level in range(height(size)):
        before, after = (start >> level) - 1, (start + count - 1 >> level) + 1
        if not before & 1:
            left.append(read(level, before))
        if after & 1 and after << level < size:
            right.append(_padded(level, after, size, read))
    return RangeProof(tuple(left), tuple(right))


def prove_consistency(old_size: int, new_size: int, read: ReadNode) -> ConsistencyProof:
    """Proof that the first `new_size` leaves begin with the first `old_size`."""
    assert 0 <= old_size <= new_size, (old_size, new_size)
    return ConsistencyProof(tuple(read(level, index) for level, index in full_subtrees(old_size, new_size)))


def _padded(level: int, index: int, size: int, read: ReadNode) -> Hash:
    """Root of any subtree with at least one of the first `size` leaves; only one side of it can hold padding."""
    if (index + 1) << level <= size:
        return read(level, index)
    left = _padded(level - 1, 2 * index, size, read)
    empty = (2 * index + 1) << (level - 1) >= size
    return inner_node(left, PLACEHOLDER if empty else _padded(level - 1, 2 * index + 1, size, read))


def inner_node(left: bytes, right: bytes) -> Hash:
    """The node above two subtrees of the transaction accumulator."""
    return Hash(sha256(TRANSACTIONS + left + right).digest())


def _hashes(values: tuple[object, ...], what: str) -> tuple[Hash, ...]:
    return tuple(Hash(sized(value, 32, what)) for value in values)
