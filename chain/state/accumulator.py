"""Append-only Merkle accumulators of Libra's shape (rule L2): padded to a power of two by one placeholder.

A `Frontier` is what an appender needs: the number of leaves and the roots of its full subtrees, largest first.
"""

from hashlib import sha256
from typing import NamedTuple

from chain.codec import Value, fields, sized
from chain.crypto.hashing import placeholder, seed
from chain.primitives import Hash

PLACEHOLDER = placeholder("ACCUMULATOR_PLACEHOLDER_HASH")
_TRANSACTIONS = seed("TransactionAccumulator")
_EVENTS = seed("EventAccumulator")


def position(level: int, index: int) -> int:
    """In-order number of the node that covers leaves index * 2^level onwards (leaves have level 0)."""
    return (index << (level + 1)) + (1 << level) - 1


class Frontier(NamedTuple):
    """Number of leaves, and the roots of the full subtrees that they make, largest first."""

    size: int
    roots: tuple[Hash, ...]

    @staticmethod
    def empty() -> "Frontier":
        """No leaves."""
        return Frontier(0, ())

    def append(self, leaves: list[Hash]) -> tuple["Frontier", list[tuple[int, Hash]]]:
        """Add leaves; gives the new frontier and every inner node that became full, by position."""
        size, roots = self.size, list(self.roots)
        full: list[tuple[int, Hash]] = []
        for leaf in leaves:
            node, level, index = leaf, 0, size
            while index & 1:
                node = Hash(sha256(_TRANSACTIONS + roots.pop() + node).digest())
                level += 1
                index >>= 1
                full.append((position(level, index), node))
            roots.append(node)
            size += 1
        return Frontier(size, tuple(roots)), full

    def root(self) -> Hash:
        """The accumulator's root."""
        if self.size == 0:
            return PLACEHOLDER
        levels = [level for level in range(self.size.bit_length()) if self.size >> level & 1]
        node, height = self.roots[-1], levels[0]
        if len(levels) == 1:
            return node
        for root, level in zip(reversed(self.roots[:-1]), levels[1:], strict=True):
            while height < level:
                node = Hash(sha256(_TRANSACTIONS + node + PLACEHOLDER).digest())
                height += 1
            node = Hash(sha256(_TRANSACTIONS + root + node).digest())
            height += 1
        return node

    def to_value(self) -> Value:
        """(size, roots)."""
        return (self.size, self.roots)

    @staticmethod
    def from_value(value: Value) -> "Frontier":
        """Read `to_value`; DecodeError on a wrong shape."""
        size, roots = fields(value, "frontier", int, tuple)
        hashes = tuple(Hash(sized(root, 32, "frontier root")) for root in roots)
        fields(hashes, "frontier", *[bytes] * size.bit_count())
        return Frontier(size, hashes)


def event_root(leaves: list[Hash]) -> Hash:
    """Root over one transaction's event hashes, in order."""
    return merkle_root(leaves, _EVENTS)


def merkle_root(leaves: list[Hash], prefix: bytes) -> Hash:
    """Root of a small accumulator, computed whole."""
    if not leaves:
        return PLACEHOLDER
    level = list(leaves)
    while len(level) > 1:
        if len(level) & 1:
            level.append(PLACEHOLDER)
        level = [Hash(sha256(prefix + level[i] + level[i + 1]).digest()) for i in range(0, len(level), 2)]
    return level[0]
