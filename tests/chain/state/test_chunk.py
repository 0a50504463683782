"""SY5: consecutive leaves of a state tree, proved from the left: nothing can be left out, put in or changed."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import DecodeError, ProofError
from chain.state.chunk import NOTHING, EdgeProof, extend, is_complete, prove_edge
from chain.state.tree import build, leaves_after, root_hash
from tests.chain.state.test_tree import keys, value

trees = st.dictionaries(keys, st.integers(0, 9).map(value), min_size=1, max_size=14)


def spread(count: int) -> dict[bytes, bytes]:
    """Leaves at places all over the tree."""
    return {sha256(b"leaf %d" % at).digest(): value(at) for at in range(count)}


def step_of(call: object) -> object:
    """The step at which a chunk is refused."""
    with pytest.raises(ProofError) as caught:
        call()  # type: ignore[operator]
    return caught.value.details["step"]


@given(trees, st.integers(1, 15))
def test_chunks_from_the_left_make_the_tree(leaves: dict[bytes, bytes], size: int) -> None:
    """Each chunk is proved as it comes, whatever the sizes; after the last the tree is whole, and not before."""
    tree = build(list(leaves.items()))
    partial, last, taken = NOTHING, None, 0
    while taken < len(leaves):
        chunk = leaves_after(tree, last, size)
        assert chunk == sorted(leaves.items())[taken : taken + size]
        assert not is_complete(partial, root_hash(tree))
        proof = prove_edge(tree, chunk[-1][0])
        assert EdgeProof.from_value(proof.to_value()) == proof
        partial = extend(partial, root_hash(tree), last, chunk, proof)
        last, taken = chunk[-1][0], taken + len(chunk)
    assert is_complete(partial, root_hash(tree))
    assert partial == tree
    assert leaves_after(tree, last, size) == []


@given(trees, st.data())
def test_any_other_leaves_are_refused(leaves: dict[bytes, bytes], data: st.DataObject) -> None:
    """A chunk with another value, one leaf less or one more has another root."""
    tree, ordered = build(list(leaves.items())), sorted(leaves.items())
    size = data.draw(st.integers(1, len(ordered)))
    chunk = ordered[:size]
    proof = prove_edge(tree, chunk[-1][0])
    place = data.draw(st.integers(0, size - 1))
    key, old = chunk[place]
    others = [[*chunk[:place], (key, sha256(old).digest()), *chunk[place + 1 :]]]
    if size > 1 and place < size - 1:
        others.append(chunk[:place] + chunk[place + 1 :])
    added = data.draw(keys)
    if added not in leaves and added < chunk[-1][0]:
        others.append(sorted([*chunk, (added, value(1))]))
    for other in others:
        assert step_of(lambda other=other: extend(NOTHING, root_hash(tree), None, other, proof)) in (
            "root", "depth", "siblings",
        )  # fmt: skip


def test_the_steps_of_a_refusal() -> None:
    """`leaves`: none, not ascending, not above the last; `depth`; `siblings`; `root`: in this order."""
    leaves = spread(8)
    tree, ordered = build(list(leaves.items())), sorted(leaves.items())
    root, chunk = root_hash(tree), ordered[:3]
    proof = prove_edge(tree, chunk[-1][0])
    assert step_of(lambda: extend(NOTHING, root, None, [], proof)) == "leaves"
    assert step_of(lambda: extend(NOTHING, root, None, chunk[::-1], proof)) == "leaves"
    assert step_of(lambda: extend(NOTHING, root, None, [chunk[0], chunk[0]], proof)) == "leaves"
    assert step_of(lambda: extend(NOTHING, root, chunk[0][0], chunk, proof)) == "leaves"
    assert step_of(lambda: extend(NOTHING, root, None, chunk, proof._replace(depth=0))) == "depth"
    assert step_of(lambda: extend(NOTHING, root, None, chunk, proof._replace(siblings=()))) == "siblings"
    more = (*proof.siblings, bytes(32))
    assert step_of(lambda: extend(NOTHING, root, None, chunk, proof._replace(siblings=more))) == "siblings"
    other = (bytes(32), *proof.siblings[1:])
    assert step_of(lambda: extend(NOTHING, root, None, chunk, proof._replace(siblings=other))) == "root"
    assert step_of(lambda: extend(NOTHING, bytes(32), None, chunk, proof)) == "root"
    partial = extend(NOTHING, root, None, chunk, proof)
    rest = ordered[3:]
    assert extend(partial, root, chunk[-1][0], rest, prove_edge(tree, rest[-1][0])) == tree
    skipped = ordered[4:]
    assert step_of(lambda: extend(partial, root, chunk[-1][0], skipped, prove_edge(tree, skipped[-1][0]))) == "root"


def test_an_edge_proof_has_one_shape() -> None:
    """A depth of at most 256 and hashes of 32 bytes."""
    assert EdgeProof.from_value((256, ())) == EdgeProof(256, ())
    for value_ in ((257, ()), (1, (b"short",)), (1,), ("1", ())):
        with pytest.raises(DecodeError):
            EdgeProof.from_value(value_)
