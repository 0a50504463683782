"""The sparse Merkle tree of the state: Libra's shape, immutable nodes, structural sharing (rules S1 to S3).

A node is a plain tuple: `(hash, key, value_hash)` for a leaf, `(hash, left, right)` for an inner node, and `EMPTY` for
an empty subtree. The second field tells them apart: bytes, a tuple, None. (Tuples of nothing but bytes leave the
garbage collector's lists, so that a large tree does not slow it down.) Old roots stay valid while someone holds them.

The shape is canonical: an inner node has at least two leaves below it. So the root depends on the contents only, not on
the order of writes and deletions. An update hashes every inner node that it touches once.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from chain.codec import Value, fields, sized
from chain.crypto.hashing import placeholder, seed
from chain.primitives import Hash

Node = tuple[Any, Any, Any]
"""A leaf, an inner node or EMPTY, as above."""

KEY_BITS = 256
"""Bits of a key, and so the longest path."""
PLACEHOLDER = placeholder("SPARSE_MERKLE_PLACEHOLDER_HASH")
EMPTY: Node = (PLACEHOLDER, None, None)
_LEAF = seed("SparseMerkleLeaf")
_INNER = seed("SparseMerkleInternal")
_MASKS = (0x80, 0x40, 0x20, 0x10, 0x08, 0x04, 0x02, 0x01)


class StateProof(NamedTuple):
    """The leaf (key, value hash) at the end of a key's path (None: empty), and siblings from the bottom to the top."""

    leaf: tuple[bytes, bytes] | None
    siblings: tuple[bytes, ...]

    def to_value(self) -> Value:
        """(leaf or None, siblings)."""
        return (self.leaf, self.siblings)

    @staticmethod
    def from_value(value: object) -> "StateProof":
        """Read `to_value`; DecodeError on a wrong shape or a hash that has not 32 bytes."""
        leaf, siblings = fields(value, "state proof", None, tuple)
        if leaf is not None:
            key, value_hash = fields(leaf, "state leaf", bytes, bytes)
            leaf = (sized(key, 32, "state leaf key"), sized(value_hash, 32, "state leaf value"))
        return StateProof(leaf, tuple(sized(sibling, 32, "state sibling") for sibling in siblings))


def leaf_hash(key: bytes, value_hash: bytes) -> Hash:
    """SHA-256 of seed("SparseMerkleLeaf"), key and value hash."""
    return Hash(sha256(_LEAF + key + value_hash).digest())


def inner_hash(left: bytes, right: bytes) -> Hash:
    """SHA-256 of seed("SparseMerkleInternal"), left and right hash."""
    return Hash(sha256(_INNER + left + right).digest())


def root_hash(node: Node) -> Hash:
    """Root hash of a (sub)tree; the placeholder for an empty one."""
    root: Hash = node[0]
    return root


def bit(key: bytes, depth: int) -> int:
    """The key's bit at a depth, 0 or 1, most significant first."""
    return key[depth >> 3] >> (7 - (depth & 7)) & 1


def common_prefix(a: bytes, b: bytes) -> int:
    """Number of leading bits, 0 to 256, that two keys of 32 bytes share."""
    return KEY_BITS - (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).bit_length()


def get(root: Node, key: bytes) -> bytes | None:
    """The value hash of a key, or None."""
    _, found, value_hash = _descend(root, key, [])
    return value_hash if found == key else None


def prove(root: Node, key: bytes) -> StateProof:
    """A proof that the key has its value hash, or that it is absent; `proof.verify_state` checks it."""
    path: list[tuple[Node, int]] = []
    _, found, value_hash = _descend(root, key, path)
    siblings = tuple(node[1 if right else 2][0] for node, right in reversed(path))
    return StateProof(None if found is None else (found, value_hash), siblings)


def path_to(root: Node, key: bytes) -> tuple[list[tuple[Node, int]], Node]:
    """Inner nodes on a key's path from the top, each with not 0 where it goes right; and the leaf or EMPTY below."""
    path: list[tuple[Node, int]] = []
    end = _descend(root, key, path)
    return path, end


def leaves_after(root: Node, key: bytes | None, limit: int) -> list[tuple[bytes, bytes]]:
    """Up to `limit` (key, value hash), by ascending key, from the first one above `key` on (None: from the start)."""
    found: list[tuple[bytes, bytes]] = []
    waiting = [root]  # subtrees to the right of what is done, the next one last
    if key is not None:
        path, end = path_to(root, key)
        at = end[1]
        waiting = [node[2] for node, right in path if not right]
        if at is not None and at > key:
            waiting.append(end)
    while waiting and len(found) < limit:
        node = waiting.pop()
        while type(node[1]) is tuple:
            waiting.append(node[2])
            node = node[1]
        if node[1] is not None:
            found.append((node[1], node[2]))
    return found


def build(items: Sequence[tuple[bytes, bytes]]) -> Node:
    """A tree of (key, value hash) pairs; of two pairs with one key the last wins."""
    return update(EMPTY, items)


def update(root: Node, changes: Sequence[tuple[bytes, bytes | None]]) -> Node:
    """The tree after setting keys (32 bytes) to value hashes (32 bytes), or deleting them (None).

    The last of two changes of a key wins. A subtree in which nothing changes is the same object as before.
    """
    values = dict(changes)
    for key, value in values.items():
        assert len(key) == 32, f"a key of {len(key)} bytes"
        assert value is None or len(value) == 32, f"a value hash of {len(value)} bytes"
    return _update(root, sorted(values), values, 0)


def _descend(node: Node, key: bytes, path: list[tuple[Node, int]], depth: int = 0) -> Node:
    """The leaf or EMPTY where a key's path ends; notes each inner node above it, and not 0 where it goes right."""
    while type(node[1]) is tuple:
        right = key[depth >> 3] & _MASKS[depth & 7]
        path.append((node, right))
        node = node[2] if right else node[1]
        depth += 1
    return node


def _update(node: Node, keys: list[bytes], values: Mapping[bytes, bytes | None], depth: int) -> Node:
    """Apply the changes of sorted keys that share the first `depth` bits, as the subtree `node` does."""
    if len(keys) < 2:
        return _update_one(node, keys[0], values[keys[0]], depth) if keys else node
    _, left, right = node
    if type(left) is not tuple:
        return _replace(node, keys, values, depth)
    split = _split(keys, depth)
    new_left = _update(left, keys[:split], values, depth + 1)
    new_right = _update(right, keys[split:], values, depth + 1)
    return node if new_left is left and new_right is right else _join(new_left, new_right)


def _update_one(node: Node, key: bytes, value: bytes | None, depth: int) -> Node:
    """Apply one change to a subtree: down in a loop, and up again. Most of a block's time is spent here."""
    path: list[tuple[Node, int]] = []
    end = _descend(node, key, path, depth)
    _, found, old = end
    if found == key:
        if old == value:
            return node
    elif value is None:
        return node
    if value is None:
        current = EMPTY
        for (_, left, right), is_right in reversed(path):
            current = _join(left, current) if is_right else _join(current, right)
        return current
    current = (sha256(_LEAF + key + value).digest(), key, value)
    if found is not None and found != key:
        current = _assemble([end, current] if found < key else [current, end], depth + len(path))
    for (_, left, right), is_right in reversed(path):
        if is_right:
            current = (sha256(_INNER + left[0] + current[0]).digest(), left, current)
        else:
            current = (sha256(_INNER + current[0] + right[0]).digest(), current, right)
    return current


def _join(left: Node, right: Node) -> Node:
    """The node above two subtrees: a leaf that is left alone moves up."""
    if left is EMPTY and type(right[1]) is not tuple:
        return right
    if right is EMPTY and type(left[1]) is not tuple:
        return left
    return (sha256(_INNER + left[0] + right[0]).digest(), left, right)


def _split(keys: list[bytes], depth: int) -> int:
    """How many of the sorted keys have a 0 at this depth."""
    byte, mask = depth >> 3, _MASKS[depth & 7]
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) >> 1
        if keys[middle][byte] & mask:
            high = middle
        else:
            low = middle + 1
    return low


def _replace(node: Node, keys: list[bytes], values: Mapping[bytes, bytes | None], depth: int) -> Node:
    """Apply changes where a leaf or nothing stood."""
    kept = [(key, value) for key in keys if (value := values[key]) is not None]
    leaves: list[Node] = [(sha256(_LEAF + key + value).digest(), key, value) for key, value in kept]
    if type(node[1]) is bytes and node[1] not in values:
        leaves.append(node)
        leaves.sort(key=_key)
    if not leaves:
        return EMPTY
    return node if leaves == [node] else _assemble(leaves, depth)


def _key(leaf: Node) -> bytes:
    key: bytes = leaf[1]
    return key


def _assemble(leaves: list[Node], depth: int) -> Node:
    """The subtree at a depth over leaves sorted by key, made from left to right.

    `waiting` holds finished left subtrees, each with the depth of the inner node that it waits to become part of; the
    depths grow. Neighbours part at the first bit in which their keys differ.
    """
    waiting: list[tuple[Node, int]] = []
    current, at = leaves[0], KEY_BITS
    number = int.from_bytes(current[1], "big")
    for leaf in leaves[1:]:
        following = int.from_bytes(leaf[1], "big")
        fork = KEY_BITS - (number ^ following).bit_length()
        while waiting and waiting[-1][1] > fork:
            current, at = _close(waiting, current, at, number)
        waiting.append((_lift(current, at, fork + 1, number), fork))
        current, at, number = leaf, KEY_BITS, following
    while waiting:
        current, at = _close(waiting, current, at, number)
    return _lift(current, at, depth, number)


def _close(waiting: list[tuple[Node, int]], current: Node, at: int, number: int) -> tuple[Node, int]:
    """Join the last waiting subtree with the current one; gives the inner node and its depth."""
    left, depth = waiting.pop()
    right = _lift(current, at, depth + 1, number)
    return (sha256(_INNER + left[0] + right[0]).digest(), left, right), depth


def _lift(node: Node, at: int, depth: int, number: int) -> Node:
    """An inner node of depth `at` as the subtree at a smaller depth: nothing beside it on the way. A leaf just moves.

    `number` is the key of a leaf below, as an integer.
    """
    if at < KEY_BITS:
        for level in range(at - 1, depth - 1, -1):
            if number >> (KEY_BITS - 1 - level) & 1:
                node = (sha256(_INNER + PLACEHOLDER + node[0]).digest(), EMPTY, node)
            else:
                node = (sha256(_INNER + node[0] + PLACEHOLDER).digest(), node, EMPTY)
    return node
