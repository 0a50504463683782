"""L2: the accumulator against its definition, for every small size: roots, frozen nodes, frontiers and proofs."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.codec import decode, encode
from chain.errors import DecodeError
from chain.primitives import Hash
from chain.state import accumulator
from chain.state.accumulator import (
    MAX_LEAVES,
    PLACEHOLDER,
    STORED_LEVEL,
    TRANSACTIONS,
    ConsistencyProof,
    Frontier,
    LeafProof,
    RangeProof,
    event_root,
    frontier_at,
    full_subtrees,
    height,
    merkle_root,
    node_at,
    position,
    prove_consistency,
    prove_leaf,
    prove_range,
)
from tests.chain.state import naive

LEAVES = [Hash(sha256(b"leaf %d" % at).digest()) for at in range(71)]
SIZES = range(71)


def read(level: int, index: int) -> Hash:
    """A full subtree's root by the definition; a node with padding must never be asked for."""
    assert (index + 1) << level <= len(LEAVES)
    return Hash(naive.node(LEAVES, level, index))


def reader(size: int) -> Callable[[int, int], Hash]:
    """As `read`, when only `size` leaves are there."""

    def read_full(level: int, index: int) -> Hash:
        assert index >= 0, (level, index)
        assert (index + 1) << level <= size, (level, index)
        return read(level, index)

    return read_full


def appended(*sizes: int) -> tuple[Frontier, dict[int, Hash]]:
    """The frontier and all frozen nodes after appending up to each size in turn."""
    frontier = Frontier.empty()
    rows: dict[int, Hash] = {}
    for size in sizes:
        frontier, full = frontier.append(LEAVES[frontier.size : size])
        assert rows.keys().isdisjoint(where for where, _ in full), "a node is frozen once"
        rows.update(full)
    return frontier, rows


def frozen(size: int, from_level: int = 1) -> dict[int, bytes]:
    """All full inner nodes of `size` leaves, by the definition."""
    return {
        position(level, index): naive.node(LEAVES, level, index)
        for level in range(from_level, 8)
        for index in range(size >> level)
    }


def test_placeholder_and_small_roots() -> None:
    """An empty tree's root is the placeholder, a one-leaf tree's root is the leaf; three leaves are padded to four."""
    assert PLACEHOLDER == b"ACCUMULATOR_PLACEHOLDER_HASH\0\0\0\0"
    assert Frontier.empty() == Frontier(0, ())
    assert Frontier.empty().root() == PLACEHOLDER
    one, two, three = LEAVES[:3]
    seed = sha256(b"MITHQAL::TransactionAccumulator").digest()
    assert Frontier(1, (one,)).root() == one
    pair = sha256(seed + one + two).digest()
    assert Frontier.empty().append([one, two])[0] == (2, (pair,))
    padded = sha256(seed + three + PLACEHOLDER).digest()
    assert Frontier.empty().append([one, two, three])[0].root() == sha256(seed + pair + padded).digest()


@pytest.mark.parametrize("size", SIZES)
def test_roots_frontier_and_frozen_nodes(size: int) -> None:
    """Whole or one by one: the root, the full subtrees largest first, and every inner node when it becomes full."""
    frontier, rows = appended(size)
    assert frontier.root() == naive.history_root(LEAVES[:size])
    assert rows == frozen(size)
    assert frontier == frontier_at(size, reader(size))
    bits = [level for level in range(7, -1, -1) if size >> level & 1]
    assert frontier.roots == tuple(read(level, (size >> level) - 1) for level in bits)
    assert merkle_root(LEAVES[:size], TRANSACTIONS) == frontier.root()
    assert appended(*range(size + 1)) == (frontier, rows)


@given(st.lists(st.integers(0, 70), max_size=8).map(sorted))
def test_appending_in_any_pieces(sizes) -> None:
    """The pieces in which leaves come do not matter, empty pieces included."""
    assert appended(*sizes, 70) == appended(70)


def test_order_of_new_nodes_and_their_lowest_level() -> None:
    """New nodes come by level and index; `from_level` leaves out lower ones."""
    after, full = appended(3)[0].append(LEAVES[3:37])
    assert full == sorted(full, key=lambda row: ((row[0] + 1 & -(row[0] + 1)).bit_length(), row[0]))
    assert {where for where, _ in full} == frozen(37).keys() - frozen(3).keys()
    again, high = appended(3)[0].append(LEAVES[3:37], from_level=STORED_LEVEL)
    assert again == after
    assert dict(high) == frozen(37, from_level=4)
    assert [where for where, _ in high] == [15, 47, 31]
    assert appended(3)[0].append(LEAVES[3:37], from_level=5)[1] == high[2:]


def test_positions_are_in_order() -> None:
    """Leaves have even numbers, a node lies between its two sides, and the largest fits in 63 bits."""
    assert [position(0, index) for index in range(4)] == [0, 2, 4, 6]
    assert [position(1, index) for index in range(3)] == [1, 5, 9]
    assert [position(2, 0), position(2, 1), position(3, 0), position(4, 0)] == [3, 11, 7, 15]
    numbers = [position(level, index) for level in range(7) for index in range(64 >> level)]
    assert sorted(numbers) == list(range(127))
    assert MAX_LEAVES == 2**62
    assert position(0, MAX_LEAVES - 1) == 2**63 - 2


def test_heights() -> None:
    """The root's level: 0 for one leaf, one more past each power of two."""
    assert [height(size) for size in (1, 2, 3, 4, 5, 8, 9, 64, 65)] == [0, 1, 2, 2, 3, 3, 4, 6, 7]
    assert height(MAX_LEAVES) == 62


def test_full_subtrees() -> None:
    """The largest aligned pieces, from left to right."""
    assert full_subtrees(0, 0) == full_subtrees(5, 5) == []
    assert full_subtrees(0, 13) == [(3, 0), (2, 2), (0, 12)]
    assert full_subtrees(3, 13) == [(0, 3), (2, 1), (2, 2), (0, 12)]
    assert full_subtrees(0, MAX_LEAVES) == [(62, 0)]
    assert full_subtrees(1, 2**62) == [(level, 1) for level in range(62)]
    for start in range(40):
        for end in range(start, 41):
            covered = [at << level for level, at in full_subtrees(start, end)] + [end]
            widths = [1 << level for level, _ in full_subtrees(start, end)]
            assert covered == [start + sum(widths[:number]) for number in range(len(widths) + 1)]


def test_extend_is_append_by_subtrees() -> None:
    """A frontier extended by full subtrees equals the one of all leaves: all pairs of sizes up to 40."""
    for old in range(41):
        for new in range(old, 41):
            subtrees = [read(level, index) for level, index in full_subtrees(old, new)]
            assert prove_consistency(old, new, reader(new)) == (tuple(subtrees),)
            assert appended(old)[0].extend(new, subtrees) == appended(new)[0]


def test_frozen_nodes_serve_any_older_size() -> None:
    """Full subtrees never change: what 70 leaves left on disk gives every older root."""
    rows = appended(70)[1]

    def stored(level: int, index: int) -> Hash:
        return rows[position(level, index)] if level else LEAVES[index]

    for size in SIZES[:-1]:
        assert frontier_at(size, stored).root() == naive.history_root(LEAVES[:size])


def levels(index: int, size: int) -> list[int]:
    """Levels on which the sibling of the leaf's ancestor has a leaf."""
    return [level for level in range(7) if 1 << level < size and (index // 2**level ^ 1) * 2**level < size]


def test_leaf_proofs_match_the_definition() -> None:
    """Siblings from the bottom to the top, those without a leaf left out: all leaves of all sizes up to 40, and 70."""
    for size in (*range(1, 41), 70):
        for index in range(size):
            expected = [naive.node(LEAVES[:size], level, index >> level ^ 1) for level in levels(index, size)]
            assert prove_leaf(index, size, reader(size)) == (tuple(expected),)
    assert prove_leaf(0, 1, reader(1)) == LeafProof(())
    assert prove_leaf(4, 5, reader(5)) == LeafProof((read(2, 0),))
    assert PLACEHOLDER not in {sibling for index in range(37) for sibling in prove_leaf(index, 37, read).siblings}


def test_a_sibling_with_padding_inside() -> None:
    """Only some of a sibling's leaves may be there: it is made from full subtrees and the placeholder."""
    padded = sha256(TRANSACTIONS + LEAVES[4] + PLACEHOLDER).digest()
    padded = sha256(TRANSACTIONS + padded + PLACEHOLDER).digest()
    assert prove_leaf(0, 5, reader(5)).siblings == (LEAVES[1], read(1, 1), padded)


def test_range_proofs_match_the_definition() -> None:
    """Before the range whole subtrees, after it what has a leaf: all ranges of all sizes up to 18."""
    for size in range(1, 19):
        for start in range(size):
            for count in range(1, size - start + 1):
                last, tops = start + count - 1, range(height(size))
                left = [naive.node(LEAVES, top, (start >> top) - 1) for top in tops if start >> top & 1]
                right = [
                    naive.node(LEAVES[:size], top, (last >> top) + 1)
                    for top in tops
                    if not last >> top & 1 and ((last >> top) + 1) << top < size
                ]
                assert prove_range(start, count, size, reader(size)) == (tuple(left), tuple(right))
    assert prove_range(0, 13, 13, reader(13)) == RangeProof((), ())


@pytest.mark.parametrize(
    "call",
    [
        partial(prove_leaf, -1, 5),
        partial(prove_leaf, 5, 5),
        partial(prove_leaf, 0, 0),
        partial(prove_range, -1, 2, 5),
        partial(prove_range, 0, 0, 5),
        partial(prove_range, 2, 4, 5),
        partial(prove_consistency, -1, 5),
        partial(prove_consistency, 6, 5),
    ],
)
def test_provers_are_asked_for_what_is_there(call) -> None:
    """A proof beyond the leaves is our own mistake."""
    with pytest.raises(AssertionError):
        call(read)


def test_nodes_below_the_stored_level_come_from_leaves() -> None:
    """Level 4 and above by position, lower ones from at most 8 leaves."""
    asked: list[object] = []

    def inner(where: int) -> Hash:
        asked.append(where)
        return PLACEHOLDER

    def leaves(first: int, count: int) -> list[Hash]:
        asked.append((first, count))
        return LEAVES[first : first + count]

    for level, index in ((0, 5), (1, 3), (2, 3), (3, 2)):
        asked.clear()
        assert node_at(level, index, inner, leaves) == read(level, index)
        assert asked == [(index << level, 1 << level)]
    asked.clear()
    assert node_at(4, 3, inner, leaves) == node_at(5, 1, inner, leaves) == PLACEHOLDER
    assert asked == [position(4, 3), position(5, 1)] == [111, 95]


@given(st.integers(1, 70), st.data())
def test_proofs_from_sparse_rows(size, data) -> None:
    """With rows of level 4 and above only, every proof comes out the same."""
    rows = dict(Frontier.empty().append(LEAVES[:size], from_level=STORED_LEVEL)[1])

    def leaves(first: int, count: int) -> list[Hash]:
        assert first + count <= size
        return LEAVES[first : first + count]

    sparse = partial(node_at, read_inner=rows.__getitem__, read_leaves=leaves)
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(0, size))
    assert prove_leaf(index, size, sparse) == prove_leaf(index, size, read)
    assert prove_range(index, size - index, size, sparse) == prove_range(index, size - index, size, read)
    assert prove_consistency(old, size, sparse) == prove_consistency(old, size, read)


@pytest.mark.parametrize("count", range(18))
def test_event_roots(count: int) -> None:
    """Same shape, own prefix; no events give the placeholder."""
    root = event_root(LEAVES[:count])
    assert root == naive.history_root(LEAVES[:count], naive.seed("EventAccumulator"))
    assert (root == Frontier.empty().append(LEAVES[:count])[0].root()) is (count < 2)


def test_events_and_transactions_are_different_domains() -> None:
    """H2: one seed for each accumulator."""
    assert sha256(b"MITHQAL::EventAccumulator").digest() == accumulator.EVENTS
    assert sha256(b"MITHQAL::TransactionAccumulator").digest() == TRANSACTIONS


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (LeafProof(()), ((),)),
        (LeafProof((LEAVES[0], LEAVES[1])), ((LEAVES[0], LEAVES[1]),)),
        (RangeProof((LEAVES[0],), ()), ((LEAVES[0],), ())),
        (RangeProof((), (LEAVES[0], LEAVES[1])), ((), (LEAVES[0], LEAVES[1]))),
        (ConsistencyProof((LEAVES[0],)), ((LEAVES[0],),)),
        (Frontier(0, ()), (0, ())),
        (Frontier(5, (LEAVES[0], LEAVES[1])), (5, (LEAVES[0], LEAVES[1]))),
        (Frontier(MAX_LEAVES, (LEAVES[0],)), (MAX_LEAVES, (LEAVES[0],))),
    ],
)
def test_one_encoding(value, encoded) -> None:
    """Each record is the list of its fields, and comes back as what it was."""
    assert value.to_value() == encoded
    again = type(value).from_value(decode(encode(value.to_value())))
    assert again == value
    assert type(again) is type(value)


A = bytes(32)


@pytest.mark.parametrize(
    ("kind", "encoded", "name", "what"),
    [
        (LeafProof, (), "wrong_shape", "leaf proof"),
        (LeafProof, ((), ()), "wrong_shape", "leaf proof"),
        (LeafProof, (A,), "wrong_shape", "leaf proof"),
        (LeafProof, ((A, bytes(31)),), "wrong_size", "sibling"),
        (LeafProof, ((bytes(33), A),), "wrong_size", "sibling"),
        (RangeProof, ((),), "wrong_shape", "range proof"),
        (RangeProof, ((), (), ()), "wrong_shape", "range proof"),
        (RangeProof, (A, ()), "wrong_shape", "range proof"),
        (RangeProof, ((), A), "wrong_shape", "range proof"),
        (RangeProof, ((bytes(31),), ()), "wrong_size", "left sibling"),
        (RangeProof, ((), (A, 3)), "wrong_size", "right sibling"),
        (ConsistencyProof, (), "wrong_shape", "consistency proof"),
        (ConsistencyProof, (None,), "wrong_shape", "consistency proof"),
        (ConsistencyProof, ((bytes(33),),), "wrong_size", "subtree"),
        (Frontier, (1,), "wrong_shape", "frontier"),
        (Frontier, (1, (A,), ()), "wrong_shape", "frontier"),
        (Frontier, (True, (A,)), "wrong_shape", "frontier"),
        (Frontier, (1, A), "wrong_shape", "frontier"),
        (Frontier, (0, (A,)), "wrong_shape", "frontier roots"),
        (Frontier, (1, ()), "wrong_shape", "frontier roots"),
        (Frontier, (3, (A,)), "wrong_shape", "frontier roots"),
        (Frontier, (4, (A, A)), "wrong_shape", "frontier roots"),
        (Frontier, (1, (7,)), "wrong_shape", "frontier roots"),
        (Frontier, (1, (bytes(31),)), "wrong_size", "frontier root"),
    ],
)
def test_malformed_records(kind, encoded, name, what) -> None:
    """C5: a fixed number of fields of fixed types and sizes."""
    with pytest.raises(DecodeError) as caught:
        kind.from_value(encoded)
    assert (caught.value.name, caught.value.details["what"]) == (name, what)


def test_a_frontier_has_a_largest_size() -> None:
    """At most 2^62 leaves, so that every position fits in 63 bits."""
    with pytest.raises(DecodeError) as caught:
        Frontier.from_value((MAX_LEAVES + 1, (A, A)))
    assert (caught.value.name, caught.value.details["size"]) == ("too_large", MAX_LEAVES + 1)
