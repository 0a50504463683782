"""The sparse Merkle tree of the state: Libra's shape, immutable nodes, structural sharing (rules S1 to S3).

A node is None (empty), `(hash, key, value_hash)` for a leaf, or `(hash, left, right)` for an inner node; a leaf's
second field is bytes. Old roots stay valid for as long as someone holds them.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from chain.crypto.hashing import placeholder, seed
from chain.primitives import Hash

Node = tuple[Any, Any, Any] | None
"""None, a leaf or an inner node, as above."""

EMPTY: Node = None
PLACEHOLDER = placeholder("SPARSE_MERKLE_PLACEHOLDER_HASH")
_LEAF = seed("SparseMerkleLeaf")
_INNER = seed("SparseMerkleInternal")


class StateProof(NamedTuple):
    """The leaf at the end of a key's path (None: empty), and siblings from the bottom to the top."""

    leaf: tuple[bytes, bytes] | None
    siblings: tuple[bytes, ...]


def leaf_hash(key: bytes, value_hash: bytes) -> Hash:
    """Hash of a leaf."""
    return Hash(sha256(_LEAF + key + value_hash).digest())


def inner_hash(left: bytes, right: bytes) -> Hash:
    """Hash of an inner node."""
    return Hash(sha256(_INNER + left + right).digest())


def root_hash(node: Node) -> Hash:
    """Root hash of a (sub)tree."""
    return PLACEHOLDER if node is None else node[0]


def is_leaf(node: Node) -> bool:
    """Whether a node is a leaf."""
    return node is not None and type(node[1]) is bytes


def bit(key: bytes, depth: int) -> int:
    """The key's bit at a depth, most significant first."""
    return key[depth >> 3] >> (7 - (depth & 7)) & 1


def build(items: Sequence[tuple[bytes, bytes]]) -> Node:
    """A tree of (key, value hash) pairs with distinct keys."""
    return update(EMPTY, items)


def update(root: Node, changes: Sequence[tuple[bytes, bytes]]) -> Node:
    """Set keys (32 bytes) to value hashes (32 bytes); the last of two changes of a key wins."""
    if not changes:
        return root
    latest = dict(changes)
    return _update(root, sorted(latest.items()), 0)


def _update(node: Node, changes: list[tuple[bytes, bytes]], depth: int) -> Node:
    """Set sorted, distinct keys that share the first `depth` bits with this subtree."""
    if node is None or type(node[1]) is bytes:
        if node is not None and all(key != node[1] for key, _ in changes):
            changes = sorted([*changes, (node[1], node[2])])
        if len(changes) == 1:
            key, value = changes[0]
            return (sha256(_LEAF + key + value).digest(), key, value)
        left: Node = None
        right: Node = None
    else:
        _, left, right = node
    split = _split(changes, depth)
    if split:
        left = _update(left, changes[:split], depth + 1)
    if split < len(changes):
        right = _update(right, changes[split:], depth + 1)
    left_hash = PLACEHOLDER if left is None else left[0]
    right_hash = PLACEHOLDER if right is None else right[0]
    return (sha256(_INNER + left_hash + right_hash).digest(), left, right)


def _split(changes: list[tuple[bytes, bytes]], depth: int) -> int:
    """Where the sorted keys turn from 0 to 1 at a depth."""
    low, high = 0, len(changes)
    byte, mask = depth >> 3, 0x80 >> (depth & 7)
    while low < high:
        middle = (low + high) // 2
        if changes[middle][0][byte] & mask:
            high = middle
        else:
            low = middle + 1
    return low


def get(root: Node, key: bytes) -> bytes | None:
    """The value hash of a key, or None."""
    leaf = prove(root, key).leaf
    return leaf[1] if leaf is not None and leaf[0] == key else None


def prove(root: Node, key: bytes) -> StateProof:
    """A proof that the key has its value hash, or that it is absent."""
    siblings: list[bytes] = []
    node, depth = root, 0
    while node is not None and type(node[1]) is not bytes:
        _, left, right = node
        if bit(key, depth):
            siblings.append(root_hash(left))
            node = right
        else:
            siblings.append(root_hash(right))
            node = left
        depth += 1
    siblings.reverse()
    return StateProof(None if node is None else (node[1], node[2]), tuple(siblings))
