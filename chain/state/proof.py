"""Verification of every proof about the ledger, with no storage and no trust in who made the proof.

A root and a size come from a certificate; everything else is checked against them. A failure is a ProofError whose
`step` names the first check that failed, in the order in which each function lists them. Nothing in a proof goes
unchecked: how many hashes it must hold follows from the sizes, and one more or less fails. The proofs themselves stand
beside what makes them: `tree.StateProof`, and the other four in `accumulator`.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, NoReturn

from chain.errors import ProofError
from chain.primitives import Hash
from chain.state.accumulator import (
    EVENTS,
    MAX_LEAVES,
    PLACEHOLDER,
    TRANSACTIONS,
    ConsistencyProof,
    Frontier,
    LeafProof,
    RangeProof,
    full_subtrees,
    height,
)
from chain.state.tree import KEY_BITS, StateProof, bit, common_prefix, inner_hash, leaf_hash
from chain.state.tree import PLACEHOLDER as EMPTY_STATE


def verify_leaf(root: bytes, index: int, size: int, leaf: bytes, proof: LeafProof) -> None:
    """The accumulator of `size` leaves with this root has `leaf` at `index`.

    ProofError at step `size`, `index`, `leaf`, `siblings` (their number or a length) or `root`.
    """
    _check_size(size, 1)
    if not 0 <= index < size:
        _fail("index", f"there is no leaf {index} among {size}", index=index, size=size)
    _check_hashes("leaf", (leaf,), 1)
    levels = range(height(size))
    _check_hashes("siblings", proof.siblings, sum((index >> level ^ 1) << level < size for level in levels))
    node, siblings = leaf, iter(proof.siblings)
    for level in levels:
        at = index >> level
        if at & 1:
            node = _inner(next(siblings), node)
        else:
            node = _inner(node, next(siblings) if (at + 1) << level < size else PLACEHOLDER)
    _check_root(root, node)


def verify_range(root: bytes, start: int, size: int, leaves: Sequence[bytes], proof: RangeProof) -> None:
    """The accumulator of `size` leaves with this root has these leaves, one or more, from `start` on.

    ProofError at step `size`, `range`, `leaf`, `left`, `right` (number or length) or `root`.
    """
    _check_size(size, 1)
    last = start + len(leaves) - 1
    if not 0 <= start <= last < size:
        _fail("range", f"{len(leaves)} leaves from {start} on are not among {size}", start=start, size=size)
    _check_hashes("leaf", leaves, len(leaves))
    levels = range(height(size))
    _check_hashes("left", proof.left, sum(start >> level & 1 for level in levels))
    after = [(last >> level) + 1 for level in levels]  # odd: a sibling; it is implied if it holds no leaf
    _check_hashes("right", proof.right, sum(after[level] & 1 and after[level] << level < size for level in levels))
    row, left, right = list(leaves), iter(proof.left), iter(proof.right)
    for level in levels:
        if start >> level & 1:
            row.insert(0, next(left))
        if after[level] & 1:
            row.append(next(right) if after[level] << level < size else PLACEHOLDER)
        row = [_inner(a, b) for a, b in zip(row[::2], row[1::2], strict=True)]
    _check_root(root, row[0])


def verify_event_leaf(root: bytes, place: int, leaf: bytes, proof: LeafProof) -> None:
    """The accumulator of a transaction's events with this root has `leaf` at a place, whatever else it holds.

    An event and an inner node hash in domains of their own, so that nothing but an event stands where a path of hashes
    from the root ends. ProofError at step `siblings` (more than 62, or a length), `place`, `leaf` or `root`.
    """
    depth = len(proof.siblings)
    if depth >= MAX_LEAVES.bit_length():
        _fail("siblings", f"{depth} siblings are more than any events have", count=depth)
    _check_hashes("siblings", proof.siblings, depth)
    if not 0 <= place < 1 << depth:
        _fail("place", f"a path of {depth} siblings has no place {place}", place=place, depth=depth)
    _check_hashes("leaf", (leaf,), 1)
    node = leaf
    for level, sibling in enumerate(proof.siblings):
        pair = sibling + node if place >> level & 1 else node + sibling
        node = sha256(EVENTS + pair).digest()
    _check_root(root, node)


def verify_frontier(root: bytes, size: int, frontier: Frontier) -> None:
    """This is the frontier of the accumulator of `size` leaves, 0 or more, with this root.

    With it a client that knows a root only, as a waypoint gives it, can follow consistency proofs.
    ProofError at step `size`, `roots` (number or length) or `root`.
    """
    _check_size(size, 0)
    if frontier.size != size:
        _fail("size", f"a frontier of {frontier.size} leaves, not of {size}", size=frontier.size, expected=size)
    _check_hashes("roots", frontier.roots, size.bit_count())
    _check_root(root, frontier.root())


def verify_consistency(trusted: Frontier, size: int, root: bytes, proof: ConsistencyProof) -> Frontier:
    """The accumulator of `size` leaves with this root begins with the leaves of the trusted frontier.

    Gives the frontier to trust from now on. ProofError at step `size` (also a smaller one), `subtrees` (number or
    length) or `root`.
    """
    _check_size(size, trusted.size)
    _check_hashes("subtrees", proof.subtrees, len(full_subtrees(trusted.size, size)))
    frontier = trusted.extend(size, proof.subtrees)
    _check_root(root, frontier.root())
    return frontier


def verify_state(root: bytes, key: bytes, value_hash: bytes | None, proof: StateProof) -> None:
    """The state tree with this root holds `value_hash` under `key`; with None: it holds nothing under `key`.

    Absence is shown by an empty place on the key's path, or by another leaf there: one that shares at least as many
    leading bits with the key as the proof has siblings (Libra's rule). ProofError at step `key`, `value`, `siblings`
    (more than 256, or a length), `leaf` (none, or malformed), `leaf_key`, `leaf_value`, `common_prefix` or `root`.
    """
    _check_hashes("key", (key,), 1)
    if value_hash is not None:
        _check_hashes("value", (value_hash,), 1)
    depth = len(proof.siblings)
    if depth > KEY_BITS:
        _fail("siblings", f"{depth} siblings are more than {KEY_BITS}", count=depth, limit=KEY_BITS)
    _check_hashes("siblings", proof.siblings, depth)
    if proof.leaf is not None:
        _check_hashes("leaf", proof.leaf, 2)
    _check_leaf(key, value_hash, proof)
    node: bytes = EMPTY_STATE if proof.leaf is None else leaf_hash(*proof.leaf)
    for at, sibling in zip(range(depth - 1, -1, -1), proof.siblings, strict=True):
        node = inner_hash(sibling, node) if bit(key, at) else inner_hash(node, sibling)
    _check_root(root, node)


def _check_leaf(key: bytes, value_hash: bytes | None, proof: StateProof) -> None:
    """The leaf at the end of the path says what is claimed of the key."""
    if value_hash is not None:
        if proof.leaf is None:
            _fail("leaf", "an empty place cannot show that the key has a value")
        if proof.leaf[0] != key:
            _fail("leaf_key", f"the leaf is of key {proof.leaf[0].hex()}, not {key.hex()}", key=key.hex())
        if proof.leaf[1] != value_hash:
            _fail("leaf_value", f"the leaf holds {proof.leaf[1].hex()}, not {value_hash.hex()}", key=key.hex())
    elif proof.leaf is not None:
        if proof.leaf[0] == key:
            _fail("leaf_key", f"the key {key.hex()} is there", key=key.hex())
        shared, depth = common_prefix(proof.leaf[0], key), len(proof.siblings)
        if shared < depth:
            _fail("common_prefix", f"the leaf is not on the key's path: {shared} common bits, {depth} siblings",
                  shared=shared, depth=depth)  # fmt: skip


def _check_size(size: int, least: int) -> None:
    if not least <= size <= MAX_LEAVES:
        _fail("size", f"{size} leaves are not from {least} to {MAX_LEAVES}", size=size, least=least)


def _check_hashes(step: str, hashes: Sequence[bytes], count: int) -> None:
    """Exactly `count` hashes of 32 bytes."""
    if len(hashes) != count:
        _fail(step, f"{step}: {len(hashes)} hashes instead of {count}", count=len(hashes), expected=count)
    for item in hashes:
        if len(item) != 32:
            _fail(step, f"{step}: {len(item)} bytes instead of 32", length=len(item))


def _check_root(expected: bytes, computed: bytes) -> None:
    if computed != expected:
        _fail("root", f"the root is {computed.hex()}, not {expected.hex()}", computed=computed.hex())


def _inner(left: bytes, right: bytes) -> Hash:
    return Hash(sha256(TRANSACTIONS + left + right).digest())


def _fail(step: str, message: str, **details: Any) -> NoReturn:
    raise ProofError(message, step=step, **details)
