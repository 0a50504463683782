"""Consecutive leaves of the state tree, from the left, each chunk proved against the root as soon as it comes (SY5).

Who has all leaves up to a key, and the subtrees to the right of that key's path, can compute the root. So a chunk needs
no more than those right siblings: the left ones are made of the leaves that were verified before, and of the chunk.
"""

from typing import NamedTuple

from chain.codec import Value, fields, sized
from chain.errors import DecodeError, ProofError
from chain.primitives import Hash
from chain.state.tree import EMPTY, KEY_BITS, PLACEHOLDER, Node, bit, inner_hash, path_to, update


class EdgeProof(NamedTuple):
    """How deep a key's leaf lies, and the siblings to the right of its path, from the top to the bottom."""

    depth: int
    siblings: tuple[bytes, ...]

    def to_value(self) -> Value:
        """(depth, siblings)."""
        return (self.depth, self.siblings)

    @staticmethod
    def from_value(value: object) -> "EdgeProof":
        """Read `to_value`; DecodeError on a wrong shape or size."""
        depth, siblings = fields(value, "edge proof", int, tuple)
        if depth > KEY_BITS:
            raise DecodeError(f"edge proof: depth {depth} is above {KEY_BITS}", name="too_deep")
        return EdgeProof(depth, tuple(sized(sibling, 32, "edge sibling") for sibling in siblings))


def prove_edge(root: Node, key: bytes) -> EdgeProof:
    """The proof for a key that has a leaf."""
    path, end = path_to(root, key)
    assert end[1] == key, "the last leaf of a chunk is in the tree"
    return EdgeProof(len(path), tuple(node[2][0] for node, right in path if not right))


def extend(partial: Node, root: bytes, last: bytes | None, leaves: list[tuple[bytes, bytes]], proof: EdgeProof) -> Node:
    """The tree of all verified leaves, `partial` with `last` as its highest key, and these (key, value hash).

    ProofError at step `leaves` (none, or not above each other), `depth`, `siblings`, or `root`: then at least one leaf
    is wrong, missing, or not of this state.
    """
    if not leaves:
        raise ProofError("a chunk without leaves", step="leaves")
    for key, _ in leaves:
        if last is not None and key <= last:
            raise ProofError(f"the leaf {key.hex()} does not follow {last.hex()}", step="leaves")
        last = key
    assert last is not None
    grown = update(partial, leaves)
    computed = _edge_root(grown, last, proof)
    if computed != root:
        raise ProofError(f"the leaves give the root {computed.hex()}, not {root.hex()}", step="root")
    return grown


def is_complete(partial: Node, root: bytes) -> bool:
    """Whether these are all leaves."""
    found: bytes = partial[0]
    return found == root


def _edge_root(partial: Node, last: bytes, proof: EdgeProof) -> Hash:
    """The whole tree's root, if the siblings to the right of the last leaf's path are those of the proof."""
    path, end = path_to(partial, last)
    depth = proof.depth
    if depth < len(path):  # a path that ends higher would leave leaves out of the root
        raise ProofError(f"the last leaf lies {len(path)} deep at least, not {depth}", step="depth")
    rights = [at for at in range(depth) if not bit(last, at)]
    if len(proof.siblings) != len(rights):
        raise ProofError(f"{len(proof.siblings)} siblings instead of {len(rights)}", step="siblings")
    siblings = list(proof.siblings)
    node: Hash = end[0]
    for at in range(depth - 1, -1, -1):
        if bit(last, at):
            left: bytes = path[at][0][1][0] if at < len(path) else PLACEHOLDER
            node = inner_hash(left, node)
        else:
            node = inner_hash(node, siblings.pop())
    return node


NOTHING = EMPTY
"""The tree before the first chunk."""
