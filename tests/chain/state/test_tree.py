"""S3: the state tree against its definition, with deletions, shared prefixes and old roots."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.codec import decode, encode
from chain.errors import DecodeError
from chain.state import tree
from chain.state.tree import EMPTY, PLACEHOLDER, Node, StateProof, build, get, prove, root_hash, update
from tests.chain.state import naive

BASE = bytes.fromhex("3c" * 32)


def flipped(*bits: int) -> bytes:
    """The base key with these bits turned over."""
    number = int.from_bytes(BASE, "big")
    for at in bits:
        number ^= 1 << (255 - at)
    return number.to_bytes(32, "big")


def value(number: int) -> bytes:
    return sha256(b"value %d" % number).digest()


def spread(number: int) -> bytes:
    return sha256(b"key %d" % number).digest()


# Keys that meet again and again, at every depth: few bits turned over, or a few hashes.
near = st.lists(st.sampled_from((0, 1, 2, 7, 8, 9, 127, 128, 253, 254, 255)), max_size=3).map(lambda x: flipped(*x))
keys = near | st.integers(0, 12).map(spread)
values = st.integers(0, 5).map(value)
changes = st.lists(st.tuples(keys, values | st.none()), max_size=12)


def contents(node: Node, depth: int = 0, way: str = "") -> dict[bytes, bytes]:
    """What a tree holds, after checking each node: its hash, its place, and the canonical shape."""
    digest, left, right = node
    if left is None:
        assert node is EMPTY
        return {}
    if type(left) is bytes:
        assert naive.path(left).startswith(way)
        assert digest == naive.state_root({left: right})
        return {left: right}
    below = contents(left, depth + 1, way + "0") | contents(right, depth + 1, way + "1")
    assert len(below) >= 2, "an inner node has two leaves or more"
    assert digest == sha256(naive.seed("SparseMerkleInternal") + left[0] + right[0]).digest()
    return below


def apply(model: dict[bytes, bytes], batch: list[tuple[bytes, bytes | None]]) -> dict[bytes, bytes]:
    """The model after a batch: the last change of a key wins."""
    after: dict[bytes, bytes | None] = {**model, **dict(batch)}
    return {key: item for key, item in after.items() if item is not None}


@given(st.lists(changes, max_size=6))
def test_updates_match_the_definition(batches) -> None:
    """S3 after every batch of writes and deletions; and no update changes an old tree."""
    root, history = EMPTY, []
    model: dict[bytes, bytes] = {}
    for batch in batches:
        root, model = update(root, batch), apply(model, batch)
        assert root_hash(root) == naive.state_root(model)
        history.append((root, model))
    for old, expected in history:
        assert contents(old) == expected


@given(st.lists(changes, min_size=1, max_size=5))
def test_one_by_one_or_at_once(batches) -> None:
    """The root depends on the contents only: single changes and a fresh build give the same tree."""
    root, single = EMPTY, EMPTY
    model: dict[bytes, bytes] = {}
    for batch in batches:
        root, model = update(root, batch), apply(model, batch)
        for change in batch:
            single = update(single, [change])
    assert root == single == build(list(model.items())) == build(sorted(model.items(), reverse=True))


@given(changes, keys)
def test_get_and_prove_match_the_definition(batch, key) -> None:
    """A proof has the leaf at the end of the key's path, or None, and siblings from the bottom to the top."""
    root, model = update(EMPTY, batch), apply({}, batch)
    assert get(root, key) == model.get(key)
    assert prove(root, key) == naive.state_proof(model, key)


@given(changes)
def test_deleting_everything_leaves_nothing(batch) -> None:
    """Deletion keeps the canonical shape: the empty tree is EMPTY again, at once and one by one."""
    root, model = update(EMPTY, batch), apply({}, batch)
    assert update(root, [(key, None) for key in model]) is EMPTY
    for key in model:
        root = update(root, [(key, None)])
    assert root is EMPTY


@given(changes, changes)
def test_what_does_not_change_stays_the_same_object(first, second) -> None:
    """Writing what is there and deleting what is not gives the same node back."""
    root, model = update(EMPTY, first), apply({}, first)
    again = [(key, model.get(key)) for key, _ in second]
    assert update(root, again) is root
    assert all(update(root, [change]) is root for change in again)
    assert update(root, []) is root


def test_placeholder_and_small_trees() -> None:
    """An empty subtree is the placeholder, a subtree with one leaf is that leaf, at any depth."""
    assert PLACEHOLDER == b"SPARSE_MERKLE_PLACEHOLDER_HASH\0\0"
    assert root_hash(EMPTY) == PLACEHOLDER
    assert EMPTY == (PLACEHOLDER, None, None)
    key = flipped()
    leaf = sha256(sha256(b"MITHQAL::SparseMerkleLeaf").digest() + key + value(1)).digest()
    one = build([(key, value(1))])
    assert one == (leaf, key, value(1))
    assert tree.leaf_hash(key, value(1)) == leaf
    other = flipped(0)
    two = build([(key, value(1)), (other, value(2))])
    # the key starts with 0: it is on the left
    inner = sha256(sha256(b"MITHQAL::SparseMerkleInternal").digest() + leaf + tree.leaf_hash(other, value(2))).digest()
    assert root_hash(two) == inner == tree.inner_hash(leaf, tree.leaf_hash(other, value(2)))
    assert update(two, [(other, None)]) == one


@pytest.mark.parametrize("shared", [0, 1, 7, 8, 9, 100, 254, 255])
def test_two_keys_meet_where_they_differ(shared: int) -> None:
    """Two keys with `shared` common bits have shared + 1 siblings; every one but the lowest is the placeholder."""
    key, other = flipped(), flipped(shared)
    root = build([(key, value(1)), (other, value(2))])
    leaves = {key: tree.leaf_hash(key, value(1)), other: tree.leaf_hash(other, value(2))}
    for mine, beside in ((key, other), (other, key)):
        proof = prove(root, mine)
        assert proof.siblings == (leaves[beside], *[PLACEHOLDER] * shared)
        assert tree.common_prefix(mine, beside) == shared
        assert tree.bit(mine, shared) != tree.bit(beside, shared)
    assert contents(root) == {key: value(1), other: value(2)}
    assert update(root, [(key, None)]) == (leaves[other], other, value(2))
    assert update(root, [(key, None), (other, None)]) is EMPTY


def test_a_lone_leaf_moves_up_only_past_nothing() -> None:
    """Deleting one of three: the last leaf of a pair climbs to the fork with the third, not above it."""
    third = flipped(3)
    items = [(flipped(), value(1)), (flipped(200), value(2)), (third, value(3))]
    root = build(items)
    assert len(prove(root, flipped()).siblings) == 201
    root = update(root, [(flipped(200), None)])
    assert len(prove(root, flipped()).siblings) == 4
    assert contents(root) == {flipped(): value(1), third: value(3)}
    # deleting the third instead: the pair is an inner node and stays where it is
    root = update(build(items), [(third, None)])
    assert len(prove(root, flipped()).siblings) == 201


def test_bits_and_prefixes() -> None:
    """Bits come from the most significant one; keys share 0 to 256 of them."""
    key = bytes.fromhex("80" + "00" * 30 + "01")
    assert [at for at in range(256) if tree.bit(key, at)] == [0, 255]
    assert tree.common_prefix(key, key) == 256 == tree.KEY_BITS
    assert tree.common_prefix(key, bytes(32)) == 0
    assert tree.common_prefix(key, bytes.fromhex("80" + "00" * 31)) == 255


def nodes(node: Node) -> dict[int, Node]:
    """Every node by identity, EMPTY left out."""
    found: dict[int, Node] = {} if node is EMPTY else {id(node): node}
    if type(node[1]) is tuple:
        found |= nodes(node[1]) | nodes(node[2])
    return found


def test_each_touched_node_is_hashed_once(monkeypatch) -> None:
    """A block's update hashes what is new in the tree, once each, and shares everything else."""
    root = build([(spread(at), value(at)) for at in range(300)])
    batch: list[tuple[bytes, bytes | None]] = [(spread(at), value(at + 1000)) for at in range(80)]
    batch += [(spread(at), None) for at in range(80, 110)]
    batch += [(spread(at), value(at)) for at in range(300, 340)]
    hashed = []

    def counting(data: bytes):
        hashed.append(data)
        return sha256(data)

    monkeypatch.setattr(tree, "sha256", counting)
    after = update(root, batch)
    fresh = nodes(after).keys() - nodes(root).keys()
    assert len(hashed) == len(set(hashed)) == len(fresh)
    assert len(nodes(after).keys() & nodes(root).keys()) > 200


def test_only_the_paths_of_the_keys_are_read() -> None:
    """An update does not look into subtrees without a change, so a block costs what it touches."""
    untouched: Node = (b"h" * 32, (), ())  # its sides cannot be read
    low, high = flipped(0, 1), flipped(0, 200)
    right = build([(low, value(1)), (high, value(2))])[2]
    root: Node = (tree.inner_hash(untouched[0], right[0]), untouched, right)
    for batch in ([(low, value(3))], [(low, value(3)), (high, value(4))], [(low, value(3)), (flipped(0), value(5))]):
        after = update(root, batch)
        assert after[1] is untouched
        assert contents(after[2], 1, "1") == contents(right, 1, "1") | dict(batch)
    assert update(root, [(low, None), (high, None)]) == (tree.inner_hash(untouched[0], PLACEHOLDER), untouched, EMPTY)


def test_the_last_change_of_a_key_wins() -> None:
    """Of two changes of a key in one batch the last one stands, also a deletion."""
    key = flipped()
    assert build([(key, value(1)), (key, value(2))]) == build([(key, value(2))])
    assert update(EMPTY, [(key, value(1)), (key, None)]) is EMPTY
    assert update(EMPTY, [(key, None), (key, value(1))]) == build([(key, value(1))])


@pytest.mark.parametrize("length", [31, 33])
def test_only_our_own_mistake_gives_wrong_lengths(length: int) -> None:
    """Keys and value hashes have 32 bytes, so that no two contents share a leaf's bytes."""
    with pytest.raises(AssertionError, match=f"a key of {length} bytes"):
        build([(bytes(length), value(1))])
    with pytest.raises(AssertionError, match=f"a value hash of {length} bytes"):
        build([(bytes(32), bytes(length))])


@pytest.mark.parametrize(
    "proof", [StateProof(None, ()), StateProof(None, (value(1),)), StateProof((value(1), value(2)), (value(3),) * 256)]
)
def test_proofs_have_one_encoding(proof) -> None:
    """A state proof is (leaf or None, siblings)."""
    assert proof.to_value() == (proof.leaf, proof.siblings)
    assert StateProof.from_value(decode(encode(proof.to_value()))) == proof


A = bytes(32)
SHORT, LONG = bytes(31), bytes(33)


@pytest.mark.parametrize(
    ("encoded", "name", "what"),
    [
        (None, "wrong_shape", "state proof"),
        ((None,), "wrong_shape", "state proof"),
        ((None, (), ()), "wrong_shape", "state proof"),
        ((None, None), "wrong_shape", "state proof"),
        ((None, A), "wrong_shape", "state proof"),
        ((A, ()), "wrong_shape", "state leaf"),
        (((), ()), "wrong_shape", "state leaf"),
        (((A,), ()), "wrong_shape", "state leaf"),
        (((A, A, A), ()), "wrong_shape", "state leaf"),
        (((A, 7), ()), "wrong_shape", "state leaf"),
        (((SHORT, A), ()), "wrong_size", "state leaf key"),
        (((LONG, A), ()), "wrong_size", "state leaf key"),
        (((A, SHORT), ()), "wrong_size", "state leaf value"),
        (((A, LONG), ()), "wrong_size", "state leaf value"),
        ((None, (A, SHORT)), "wrong_size", "state sibling"),
        ((None, (LONG, A)), "wrong_size", "state sibling"),
        ((None, (7,)), "wrong_size", "state sibling"),
    ],
)
def test_malformed_proofs(encoded, name, what) -> None:
    """C5 for state proofs."""
    with pytest.raises(DecodeError) as caught:
        StateProof.from_value(encoded)
    assert (caught.value.name, caught.value.details["what"]) == (name, what)
