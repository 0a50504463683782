"""Every proof that holds is accepted; whatever is changed in one, a named step fails."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.codec import decode, encode
from chain.errors import DecodeError, ProofError
from chain.primitives import Hash
from chain.state.accumulator import (
    MAX_LEAVES,
    TRANSACTIONS,
    ConsistencyProof,
    Frontier,
    LeafProof,
    RangeProof,
    frontier_at,
    prove_consistency,
    prove_leaf,
    prove_range,
)
from chain.state.proof import verify_consistency, verify_frontier, verify_leaf, verify_range, verify_state
from chain.state.tree import EMPTY, StateProof, build, prove, root_hash
from tests.chain.state import naive
from tests.chain.state.changes import A, bits_turned, hashes_changed, hashes_miscounted

LEAVES = [Hash(sha256(b"leaf %d" % at).digest()) for at in range(71)]
ROOTS = [naive.history_root(LEAVES[:size]) for size in range(71)]


def read(level: int, index: int) -> Hash:
    assert (index + 1) << level <= len(LEAVES)
    return Hash(naive.node(LEAVES, level, index))


def failed(call: Callable[..., object], *args: Any) -> dict[str, object]:
    """Details of the ProofError that a call must raise; `step` is among them."""
    with pytest.raises(ProofError) as caught:
        call(*args)
    assert caught.value.name == "bad_proof"
    return caught.value.details


def step(call: Callable[..., object], *args: Any) -> object:
    return failed(call, *args)["step"]


def test_every_leaf_of_every_size_is_proved() -> None:
    """All leaves of all sizes up to 40, and of 70; no other leaf passes in its place."""
    for size in (*range(1, 41), 70):
        for index in range(size):
            proof = prove_leaf(index, size, read)
            verify_leaf(ROOTS[size], index, size, LEAVES[index], proof)
            assert step(verify_leaf, ROOTS[size], index, size, LEAVES[70], proof) == "root"


@pytest.mark.parametrize(("index", "size"), [(0, 1), (0, 2), (2, 3), (0, 5), (4, 5), (3, 13), (12, 13), (37, 70)])
def test_a_leaf_proof_changed_anywhere_fails(index, size) -> None:
    """Every byte of root, leaf and siblings, their order and their number."""
    proof, root, leaf = prove_leaf(index, size, read), ROOTS[size], LEAVES[index]
    verify_leaf(root, index, size, leaf, proof)
    for other in bits_turned(root):
        assert step(verify_leaf, other, index, size, leaf, proof) == "root"
    for other in bits_turned(leaf):
        assert step(verify_leaf, root, index, size, other, proof) == "root"
    for siblings in hashes_changed(proof.siblings):
        assert step(verify_leaf, root, index, size, leaf, LeafProof(siblings)) == "root"
    for siblings in hashes_miscounted(proof.siblings):
        assert failed(verify_leaf, root, index, size, leaf, LeafProof(siblings)) == {
            "step": "siblings",
            "count": len(siblings),
            "expected": len(proof.siblings),
        }


def test_a_leaf_has_one_place() -> None:
    """The same proof for any other index of the same size fails."""
    for size in range(2, 25):
        for index in range(size):
            proof = prove_leaf(index, size, read)
            for other in range(size):
                if other != index:
                    assert step(verify_leaf, ROOTS[size], other, size, LEAVES[index], proof) in ("siblings", "root")


def test_the_first_failing_step_of_a_leaf_proof_is_named() -> None:
    """Order of checks: size, index, leaf, siblings, root."""
    good = prove_leaf(3, 13, read)
    worst = LeafProof((*good.siblings[:-1], Hash(bytes(31))))
    assert failed(verify_leaf, A, -1, 0, b"", worst) == {"step": "size", "size": 0, "least": 1}
    assert failed(verify_leaf, A, -1, -1, b"", worst)["step"] == "size"
    assert failed(verify_leaf, A, 0, MAX_LEAVES + 1, b"", worst)["step"] == "size"
    assert failed(verify_leaf, A, -1, 13, b"", worst) == {"step": "index", "index": -1, "size": 13}
    assert failed(verify_leaf, A, 13, 13, b"", worst) == {"step": "index", "index": 13, "size": 13}
    for length in (31, 33):
        assert failed(verify_leaf, A, 3, 13, bytes(length), worst) == {"step": "leaf", "length": length}
    assert failed(verify_leaf, A, 3, 13, A, worst) == {"step": "siblings", "length": 31}
    assert failed(verify_leaf, A, 3, 13, LEAVES[3], good) == {"step": "root", "computed": ROOTS[13].hex()}


def test_bytes_may_not_move_between_hashes() -> None:
    """A longer leaf beside a shorter sibling would hash to the same root; both lengths are checked."""
    one, two = LEAVES[:2]
    assert step(verify_leaf, ROOTS[2], 0, 2, one + two[:1], LeafProof((Hash(two[1:]),))) == "leaf"
    siblings = (Hash(LEAVES[1] + b"x"), *prove_leaf(0, 4, read).siblings[1:])
    assert step(verify_leaf, ROOTS[4], 0, 4, one, LeafProof(siblings)) == "siblings"


def test_the_largest_accumulator() -> None:
    """2^62 leaves have 62 siblings; one leaf more is refused."""
    node = LEAVES[0]
    for sibling in LEAVES[1:63]:
        node = Hash(sha256(TRANSACTIONS + node + sibling).digest())
    verify_leaf(node, 0, MAX_LEAVES, LEAVES[0], LeafProof(tuple(LEAVES[1:63])))
    assert step(verify_leaf, node, 0, MAX_LEAVES + 1, LEAVES[0], LeafProof(tuple(LEAVES[1:63]))) == "size"
    assert step(verify_leaf, node, 0, MAX_LEAVES, LEAVES[0], LeafProof(tuple(LEAVES[1:64]))) == "siblings"
    assert step(verify_leaf, node, MAX_LEAVES - 1, MAX_LEAVES, LEAVES[0], LeafProof(tuple(LEAVES[1:63]))) == "root"


# --- consecutive leaves ---


def test_every_range_of_small_sizes_is_proved() -> None:
    """All ranges of all sizes up to 18, and no other leaf in a range."""
    for size in range(1, 19):
        for start in range(size):
            for count in range(1, size - start + 1):
                proof = prove_range(start, count, size, read)
                leaves = LEAVES[start : start + count]
                verify_range(ROOTS[size], start, size, leaves, proof)
                leaves[count // 2] = LEAVES[70]
                assert step(verify_range, ROOTS[size], start, size, leaves, proof) == "root"


@given(st.integers(1, 70), st.data())
def test_ranges_of_any_size(size, data) -> None:
    """The range proof of one leaf has that leaf's siblings; leaves left out, added or exchanged fail."""
    start = data.draw(st.integers(0, size - 1))
    count = data.draw(st.integers(1, size - start))
    proof, leaves = prove_range(start, count, size, read), LEAVES[start : start + count]
    verify_range(ROOTS[size], start, size, leaves, proof)
    assert step(verify_range, ROOTS[size], start, size, leaves[:-1], proof) in ("range", "left", "right", "root")
    assert step(verify_range, ROOTS[size], start, size, [*leaves, A], proof) in ("range", "left", "right", "root")
    if count > 1:
        assert step(verify_range, ROOTS[size], start, size, [*leaves[1:], leaves[0]], proof) == "root"
    single = prove_range(start, 1, size, read)
    assert sorted(single.left + single.right) == sorted(prove_leaf(start, size, read).siblings)


@pytest.mark.parametrize(("start", "count", "size"), [(0, 1, 1), (0, 3, 5), (3, 4, 13), (5, 1, 6), (33, 9, 70)])
def test_a_range_proof_changed_anywhere_fails(start, count, size) -> None:
    """Every byte of root, leaves and siblings, their order and their number."""
    proof, root, leaves = prove_range(start, count, size, read), ROOTS[size], tuple(LEAVES[start : start + count])
    verify_range(root, start, size, leaves, proof)
    for other in bits_turned(root):
        assert step(verify_range, other, start, size, leaves, proof) == "root"
    for others in hashes_changed(leaves):
        assert step(verify_range, root, start, size, others, proof) == "root"
    for left in hashes_changed(proof.left):
        assert step(verify_range, root, start, size, leaves, proof._replace(left=left)) == "root"
    for right in hashes_changed(proof.right):
        assert step(verify_range, root, start, size, leaves, proof._replace(right=right)) == "root"
    for side in ("left", "right"):
        for hashes in hashes_miscounted(getattr(proof, side)):
            assert failed(verify_range, root, start, size, leaves, proof._replace(**{side: hashes})) == {
                "step": side,
                "count": len(hashes),
                "expected": len(getattr(proof, side)),
            }


def test_the_first_failing_step_of_a_range_proof_is_named() -> None:
    """Order of checks: size, range, leaf, left, right, root."""
    short = (Hash(bytes(31)),)
    good = prove_range(3, 4, 13, read)
    worst = RangeProof(good.left[:-1] + short, good.right[:-1] + short)
    assert failed(verify_range, A, -1, 0, [], worst) == {"step": "size", "size": 0, "least": 1}
    assert step(verify_range, A, 0, MAX_LEAVES + 1, [A], worst) == "size"
    for start, count in ((-1, 2), (0, 0), (3, 0), (13, 0), (13, 1), (9, 5)):
        details = {"step": "range", "start": start, "size": 13}
        assert failed(verify_range, A, start, 13, [b""] * count, worst) == details
    verify_range(ROOTS[13], 9, 13, LEAVES[9:13], prove_range(9, 4, 13, read))
    assert failed(verify_range, A, 3, 13, [A, A, bytes(33), A], worst) == {"step": "leaf", "length": 33}
    assert failed(verify_range, A, 3, 13, [A] * 4, worst) == {"step": "left", "length": 31}
    assert failed(verify_range, A, 3, 13, [A] * 4, worst._replace(left=good.left)) == {"step": "right", "length": 31}
    assert failed(verify_range, A, 3, 13, LEAVES[3:7], good) == {"step": "root", "computed": ROOTS[13].hex()}


# --- growth ---


def test_consistency_of_all_pairs_of_sizes() -> None:
    """Up to 40 leaves: the trusted frontier grows into the new one, and into no other root."""
    for old in range(41):
        trusted = frontier_at(old, read)
        for new in range(old, 41):
            proof = prove_consistency(old, new, read)
            assert verify_consistency(trusted, new, ROOTS[new], proof) == frontier_at(new, read)
            assert step(verify_consistency, trusted, new, ROOTS[new + 1], proof) == "root"
            forked = trusted._replace(roots=(*trusted.roots[:-1], A))
            if old:
                assert step(verify_consistency, forked, new, ROOTS[new], proof) == "root"


@pytest.mark.parametrize(("old", "new"), [(0, 1), (0, 13), (3, 13), (4, 5), (12, 70), (64, 70)])
def test_a_consistency_proof_changed_anywhere_fails(old, new) -> None:
    """Every byte of the new root and of the subtrees, their order and their number."""
    trusted, proof = frontier_at(old, read), prove_consistency(old, new, read)
    for other in bits_turned(ROOTS[new]):
        assert step(verify_consistency, trusted, new, other, proof) == "root"
    for subtrees in hashes_changed(proof.subtrees):
        assert step(verify_consistency, trusted, new, ROOTS[new], ConsistencyProof(subtrees)) == "root"
    for subtrees in hashes_miscounted(proof.subtrees):
        assert failed(verify_consistency, trusted, new, ROOTS[new], ConsistencyProof(subtrees)) == {
            "step": "subtrees",
            "count": len(subtrees),
            "expected": len(proof.subtrees),
        }


def test_the_first_failing_step_of_a_consistency_proof_is_named() -> None:
    """Order of checks: size (a ledger never shrinks), subtrees, root."""
    trusted = frontier_at(5, read)
    worst = ConsistencyProof((Hash(bytes(33)),))
    assert failed(verify_consistency, trusted, 4, A, worst) == {"step": "size", "size": 4, "least": 5}
    assert step(verify_consistency, trusted, MAX_LEAVES + 1, A, worst) == "size"
    assert failed(verify_consistency, trusted, 6, A, worst) == {"step": "subtrees", "length": 33}
    assert failed(verify_consistency, trusted, 5, A, ConsistencyProof(())) == {
        "step": "root",
        "computed": ROOTS[5].hex(),
    }
    assert verify_consistency(trusted, 5, ROOTS[5], ConsistencyProof(())) == trusted


def test_a_frontier_belongs_to_a_root() -> None:
    """A client that knows root and size only gets its frontier proved: every size, every byte."""
    for size in range(71):
        verify_frontier(ROOTS[size], size, frontier_at(size, read))
    for size in (0, 1, 6, 13):
        frontier = frontier_at(size, read)
        for other in bits_turned(ROOTS[size]):
            assert step(verify_frontier, other, size, frontier) == "root"
        for roots in hashes_changed(frontier.roots):
            assert step(verify_frontier, ROOTS[size], size, Frontier(size, roots)) == "root"
        for roots in hashes_miscounted(frontier.roots):
            assert failed(verify_frontier, ROOTS[size], size, Frontier(size, roots)) == {
                "step": "roots",
                "count": len(roots),
                "expected": len(frontier.roots),
            }


def test_the_first_failing_step_of_a_frontier_is_named() -> None:
    """Order of checks: size, roots, root."""
    assert failed(verify_frontier, A, -1, Frontier(-1, (A,))) == {"step": "size", "size": -1, "least": 0}
    assert step(verify_frontier, A, MAX_LEAVES + 1, Frontier(MAX_LEAVES + 1, ())) == "size"
    assert failed(verify_frontier, A, 3, Frontier(5, ())) == {"step": "size", "size": 5, "expected": 3}
    assert failed(verify_frontier, A, 3, Frontier(3, (A, Hash(bytes(31))))) == {"step": "roots", "length": 31}
    assert failed(verify_frontier, A, 1, Frontier(1, (LEAVES[0],))) == {"step": "root", "computed": LEAVES[0].hex()}


# --- state ---


def flipped(*bits: int) -> bytes:
    """A key, or one that differs from it in these bits."""
    number = int.from_bytes(bytes.fromhex("3c" * 32), "big")
    for at in bits:
        number ^= 1 << (255 - at)
    return number.to_bytes(32, "big")


KEY = flipped()
VALUE = sha256(b"value").digest()
OTHERS = {flipped(0): b"b" * 32, flipped(2): b"c" * 32, flipped(2, 9): b"d" * 32, flipped(5): b"e" * 32}
ITEMS = {KEY: VALUE, **OTHERS}
TREE = build(list(ITEMS.items()))
ROOT = root_hash(TREE)

near = st.lists(st.sampled_from((0, 1, 2, 8, 9, 254, 255)), max_size=3).map(lambda bits: flipped(*bits))


@given(st.dictionaries(near, st.binary(min_size=32, max_size=32), max_size=10), near)
def test_presence_and_absence_are_proved(items, key) -> None:
    """Whatever the tree holds under a key, its proof says so; what it does not hold, no proof of it says."""
    root, proof = naive.state_root(items), prove(build(list(items.items())), key)
    verify_state(root, key, items.get(key), proof)
    if key in items:
        assert step(verify_state, root, key, None, proof) == "leaf_key"
        assert step(verify_state, root, key, next(bits_turned(items[key])), proof) == "leaf_value"
    else:
        assert step(verify_state, root, key, VALUE, proof) == ("leaf" if proof.leaf is None else "leaf_key")


def test_the_empty_tree_holds_nothing() -> None:
    """No leaf and no siblings: the root is the placeholder."""
    proof = prove(EMPTY, KEY)
    assert proof == StateProof(None, ())
    verify_state(root_hash(EMPTY), KEY, None, proof)
    assert step(verify_state, ROOT, KEY, None, proof) == "root"
    assert step(verify_state, root_hash(EMPTY), KEY, VALUE, proof) == "leaf"


def test_an_inclusion_proof_changed_anywhere_fails() -> None:
    """Every byte of root, key, value and proof; order and number of siblings."""
    proof = prove(TREE, KEY)
    assert (proof.leaf, len(proof.siblings)) == ((KEY, VALUE), 6)
    verify_state(ROOT, KEY, VALUE, proof)
    for other in bits_turned(ROOT):
        assert step(verify_state, other, KEY, VALUE, proof) == "root"
    for other in bits_turned(KEY):
        assert step(verify_state, ROOT, other, VALUE, proof) == "leaf_key"
        assert step(verify_state, ROOT, KEY, VALUE, proof._replace(leaf=(other, VALUE))) == "leaf_key"
        assert step(verify_state, ROOT, other, VALUE, proof._replace(leaf=(other, VALUE))) == "root"
    for other in bits_turned(VALUE):
        assert step(verify_state, ROOT, KEY, other, proof) == "leaf_value"
        assert step(verify_state, ROOT, KEY, VALUE, proof._replace(leaf=(KEY, other))) == "leaf_value"
        assert step(verify_state, ROOT, KEY, other, proof._replace(leaf=(KEY, other))) == "root"
    assert step(verify_state, ROOT, KEY, VALUE, proof._replace(leaf=None)) == "leaf"
    for siblings in (*hashes_changed(proof.siblings), *hashes_miscounted(proof.siblings)):
        assert step(verify_state, ROOT, KEY, VALUE, proof._replace(siblings=siblings)) == "root"


def test_an_absence_proof_by_an_empty_place_changed_anywhere_fails() -> None:
    """No leaf on the key's path: every byte of root and siblings, their order and number, and any leaf instead."""
    key = flipped(1)
    proof = prove(TREE, key)
    assert (proof.leaf, len(proof.siblings)) == (None, 2)
    verify_state(ROOT, key, None, proof)
    for other in bits_turned(ROOT):
        assert step(verify_state, other, key, None, proof) == "root"
    for siblings in (*hashes_changed(proof.siblings), *hashes_miscounted(proof.siblings)):
        assert step(verify_state, ROOT, key, None, proof._replace(siblings=siblings)) == "root"
    assert step(verify_state, ROOT, KEY, None, proof) == "root"
    assert step(verify_state, ROOT, key, None, proof._replace(leaf=(KEY, VALUE))) == "common_prefix"
    assert step(verify_state, ROOT, key, None, proof._replace(leaf=(flipped(1, 200), VALUE))) == "root"
    assert step(verify_state, ROOT, key, VALUE, proof) == "leaf"


def test_an_absence_proof_by_another_leaf_changed_anywhere_fails() -> None:
    """Exclusion: another leaf whose common prefix with the key is at least as long as the number of siblings."""
    key = flipped(5, 77)
    proof = prove(TREE, key)
    assert (proof.leaf, len(proof.siblings)) == ((flipped(5), b"e" * 32), 6)
    verify_state(ROOT, key, None, proof)
    for other in bits_turned(ROOT):
        assert step(verify_state, other, key, None, proof) == "root"
    for at, other in enumerate(bits_turned(flipped(5))):
        wrong = "common_prefix" if at == 0 and (flipped(5)[0] ^ other[0]) & 0b11111100 else "root"
        assert step(verify_state, ROOT, key, None, proof._replace(leaf=(other, b"e" * 32))) == wrong
    for other in bits_turned(b"e" * 32):
        assert step(verify_state, ROOT, key, None, proof._replace(leaf=(flipped(5), other))) == "root"
    assert step(verify_state, ROOT, key, None, proof._replace(leaf=None)) == "root"
    for siblings in (*hashes_changed(proof.siblings), *hashes_miscounted(proof.siblings)):
        assert step(verify_state, ROOT, key, None, proof._replace(siblings=siblings)) == "root"
    assert step(verify_state, ROOT, key, b"e" * 32, proof) == "leaf_key"


@pytest.mark.parametrize("shared", [0, 1, 8, 100, 254])
def test_the_common_prefix_must_be_as_long_as_the_path(shared) -> None:
    """Exactly as many shared bits as siblings is enough; one sibling more is not, although the root is right."""
    key, below, twin = flipped(), flipped(shared + 1), flipped(shared)
    root = build([(below, VALUE), (twin, VALUE)])
    verify_state(root_hash(root), key, None, prove(root, key))  # `below` shares shared + 1 bits, as many as siblings
    assert len(prove(root, key).siblings) == shared + 1
    details = failed(verify_state, root_hash(root), key, None, prove(root, twin)._replace(leaf=(twin, VALUE)))
    assert details == {"step": "common_prefix", "shared": shared, "depth": shared + 1}


def test_a_real_leaf_elsewhere_proves_no_absence() -> None:
    """The proof of another key, complete and right, must not show that this one is missing."""
    for other in OTHERS:
        assert step(verify_state, ROOT, KEY, None, prove(TREE, other)) == "common_prefix"


def test_the_first_failing_step_of_a_state_proof_is_named() -> None:
    """Order of checks: key, value, siblings, leaf, leaf key, leaf value, common prefix, root."""
    short, long = bytes(31), bytes(33)
    worst = StateProof((short, long), (short,) * 257)
    assert failed(verify_state, A, short, short, worst) == {"step": "key", "length": 31}
    assert failed(verify_state, A, long, None, worst) == {"step": "key", "length": 33}
    assert failed(verify_state, A, KEY, long, worst) == {"step": "value", "length": 33}
    assert failed(verify_state, A, KEY, VALUE, worst) == {"step": "siblings", "count": 257, "limit": 256}
    worst = worst._replace(siblings=(A,) * 255 + (short,))
    assert failed(verify_state, A, KEY, VALUE, worst) == {"step": "siblings", "length": 31}
    worst = worst._replace(siblings=(A,) * 256)
    assert failed(verify_state, A, KEY, VALUE, worst) == {"step": "leaf", "length": 31}
    assert failed(verify_state, A, KEY, None, worst._replace(leaf=(A, long))) == {"step": "leaf", "length": 33}
    three: Any = (KEY, VALUE, A)
    assert failed(verify_state, A, KEY, VALUE, worst._replace(leaf=three)) == {
        "step": "leaf",
        "count": 3,
        "expected": 2,
    }
    assert failed(verify_state, A, KEY, VALUE, worst._replace(leaf=None)) == {"step": "leaf"}
    details = {"step": "leaf_key", "key": KEY.hex()}
    assert failed(verify_state, A, KEY, VALUE, worst._replace(leaf=(A, A))) == details
    assert failed(verify_state, A, KEY, None, worst._replace(leaf=(KEY, A))) == details
    details = {"step": "leaf_value", "key": KEY.hex()}
    assert failed(verify_state, A, KEY, VALUE, worst._replace(leaf=(KEY, A))) == details
    assert step(verify_state, A, KEY, VALUE, worst._replace(leaf=(KEY, VALUE))) == "root"
    assert failed(verify_state, A, KEY, VALUE, prove(TREE, KEY)) == {"step": "root", "computed": ROOT.hex()}


def test_messages_name_both_sides() -> None:
    """A reader sees what was claimed and what the leaf says."""
    other = next(iter(OTHERS))
    for key, value, message in (
        (other, VALUE, f"the leaf is of key {KEY.hex()}, not {other.hex()}"),
        (KEY, A, f"the leaf holds {VALUE.hex()}, not {A.hex()}"),
        (KEY, None, f"the key {KEY.hex()} is there"),
    ):
        with pytest.raises(ProofError) as caught:
            verify_state(ROOT, key, value, prove(TREE, KEY))
        assert caught.value.message == message


def test_the_longest_path() -> None:
    """256 siblings are allowed: two keys that differ in the last bit only."""
    twin = flipped(255)
    root = build([(KEY, VALUE), (twin, A)])
    proof = prove(root, KEY)
    assert len(proof.siblings) == 256
    verify_state(root_hash(root), KEY, VALUE, proof)
    assert step(verify_state, root_hash(root), KEY, A, prove(root, twin)) == "leaf_key"


# --- as bytes ---


def leaf_from_bytes(data: bytes) -> None:
    verify_leaf(ROOTS[13], 3, 13, LEAVES[3], LeafProof.from_value(decode(data)))


def range_from_bytes(data: bytes) -> None:
    verify_range(ROOTS[13], 3, 13, LEAVES[3:7], RangeProof.from_value(decode(data)))


def growth_from_bytes(data: bytes) -> None:
    verify_consistency(frontier_at(3, read), 13, ROOTS[13], ConsistencyProof.from_value(decode(data)))


def frontier_from_bytes(data: bytes) -> None:
    verify_frontier(ROOTS[13], 13, Frontier.from_value(decode(data)))


def state_from_bytes(data: bytes) -> None:
    verify_state(ROOT, KEY, VALUE, StateProof.from_value(decode(data)))


def absence_from_bytes(data: bytes) -> None:
    verify_state(ROOT, flipped(5, 77), None, StateProof.from_value(decode(data)))


@pytest.mark.parametrize(
    ("verify", "proof"),
    [
        (leaf_from_bytes, prove_leaf(3, 13, read)),
        (range_from_bytes, prove_range(3, 4, 13, read)),
        (growth_from_bytes, prove_consistency(3, 13, read)),
        (frontier_from_bytes, frontier_at(13, read)),
        (state_from_bytes, prove(TREE, KEY)),
        (absence_from_bytes, prove(TREE, flipped(5, 77))),
    ],
)
def test_no_bit_of_an_encoded_proof_is_free(verify, proof) -> None:
    """Any bit turned, any byte missing, any byte more: the bytes no longer decode, or a step fails."""
    data = encode(proof.to_value())
    verify(data)
    for at in range(8 * len(data)):
        changed = bytearray(data)
        changed[at // 8] ^= 1 << at % 8
        with pytest.raises((DecodeError, ProofError)):
            verify(bytes(changed))
    for other in (data[:-1], data + b"\0", data + data, b""):
        with pytest.raises(DecodeError):
            verify(other)
