"""The tree of executed blocks above the last committed one."""

from types import SimpleNamespace

from chain.consensus.block_tree import BlockTree


def result(block_id, height=0):
    return SimpleNamespace(block_id=block_id, height=height)


def grown(four):
    """root - b1 - b2 - b3, and a fork b1 - fork; rows 0 to 3 in order of insertion b1, b2, fork, b3."""
    tree = BlockTree(result(four.genesis_qc.block_id))
    b1 = four.block(1, four.genesis_qc)
    b2 = four.block(2, four.qc(b1))
    fork = four.block(3, four.qc(b1), payload=(b"tx",))
    b3 = four.block(4, four.qc(b2))
    rows = [tree.insert(block, result(block.id)) for block in (b1, b2, fork, b3)]
    assert rows == [0, 1, 2, 3]
    return tree, b1, b2, fork, b3


def test_path_goes_from_the_roots_child_to_the_block(four) -> None:
    tree, b1, b2, fork, b3 = grown(four)
    assert [node.block for node in tree.path(b3.id)] == [b1, b2, b3]
    assert [node.block for node in tree.path(fork.id)] == [b1, fork]
    assert tree.path(tree.root_id) == []
    assert tree.path(bytes(32)) is None
    assert tree.result(bytes(32)) is None
    assert tree.result(b2.id).block_id == b2.id
    assert tree.root.block_id == four.genesis_qc.block_id


def test_has_payload_looks_at_the_blocks_own_branch(four) -> None:
    tree, b1, _b2, fork, b3 = grown(four)
    assert tree.has_payload(fork.id)
    assert not tree.has_payload(b1.id)
    assert not tree.has_payload(b3.id)
    assert not tree.has_payload(tree.root_id)
    assert not tree.has_payload(bytes(32))


def test_set_root_prunes_forks_and_frees_their_rows(four) -> None:
    """'everything that does not descend from it goes': the new root, its ancestors and forks; b3 stays."""
    tree, b1, b2, fork, b3 = grown(four)
    assert sorted(tree.set_root(result(b2.id))) == [0, 1, 2]
    assert list(tree.nodes) == [b2.id, b3.id]
    assert tree.root_id == b2.id
    assert [node.block for node in tree.path(b3.id)] == [b3]
    assert tree.path(fork.id) is None
    assert tree.path(b1.id) is None
    b4 = four.block(5, four.qc(b3))
    assert tree.insert(b4, result(b4.id)) == 4


def test_set_root_on_the_first_block_keeps_both_branches(four) -> None:
    tree, b1, b2, fork, b3 = grown(four)
    assert tree.set_root(result(b1.id)) == [0]
    assert set(tree.nodes) == {b1.id, b2.id, fork.id, b3.id}


def test_set_root_outside_the_tree_frees_everything(four) -> None:
    tree, *_ = grown(four)
    assert sorted(tree.set_root(result(bytes(32)))) == [0, 1, 2, 3]
    assert list(tree.nodes) == [bytes(32)]


def test_blocks_of_a_round(four) -> None:
    """All that are here, and none of another round; the root stands for itself without a block."""
    tree, b1, b2, fork, _ = grown(four)
    twin = four.block(2, four.qc(b1), time_us=77)
    tree.insert(twin, result(twin.id))
    assert tree.blocks_of(2) == [b2, twin]
    assert tree.blocks_of(3) == [fork]
    assert tree.blocks_of(5) == tree.blocks_of(0) == []
    assert [round_ for round_ in range(7) if any(tree.has(round_, author) for author in range(4))] == [1, 2, 3, 4]
    tree.set_root(result(b2.id))
    assert [round_ for round_ in range(7) if any(tree.has(round_, author) for author in range(4))] == [4]
