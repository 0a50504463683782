"""What one that is behind asks for, what it is answered, and what it believes (R13, R14, R16, E5)."""

from types import SimpleNamespace
from typing import Any

import pytest

from chain.certificates import CommitInfo
from chain.consensus.block_tree import BlockTree
from chain.consensus.catch_up import answer, check_path, check_result, is_idle, ledger_part, missing, run_committed
from chain.consensus.drafts import commit_info, draft_header
from chain.consensus.fetcher import check_links, within_an_answer
from chain.consensus.held_blocks import HeldBlocks
from chain.errors import BlockError, DivergenceError
from chain.limits import SYNC_BLOCKS, SYNC_BYTES
from chain.messages import BlockRequest, BlockResponse, CommittedResponse
from chain.primitives import Hash

NEXT: Any = object()
"""Some set of validators."""


def result(block: Any = None, height: int = 0, **changes: Any) -> Any:
    """As execution gives it."""
    block_id, round_ = (Hash(bytes(32)), 0) if block is None else (block.id, block.round)
    height = height if block is None else block.height
    made = {
        "block_id": block_id, "height": height, "round": round_, "version": 10 * height,
        "root": Hash(bytes([height]) * 32), "timestamp_us": 100 * height, "next_epoch": None,
    }  # fmt: skip
    return SimpleNamespace(**{**made, **changes})


class App:
    """An application that gives `result`, and counts what it is asked."""

    def __init__(self) -> None:
        self.served: list[int] = []
        self.payloads: list[tuple[int, int]] = []
        self.waiting: tuple[bytes, ...] = ()
        self.by_snapshot: list[int] = []
        self.changes: dict[Any, dict[str, Any]] = {}
        self.parents: list[Any] = []

    def committed_blocks(self, start_height: int) -> CommittedResponse | None:
        self.served.append(start_height)
        return None

    def takes_snapshot(self, version: int) -> bool:
        return version in self.by_snapshot

    def payload(self, parent: Any, timestamp_us: int, max_count: int) -> tuple[bytes, ...]:
        self.payloads.append((timestamp_us, max_count))
        return self.waiting

    def execute(self, parent: Any, block: Any) -> Any:
        self.parents.append(parent.block_id)
        return result(block, **self.changes.get(block.id, {}))


@pytest.fixture
def app() -> Any:
    return App()


def chain(four: Any, count: int) -> list[Any]:
    """Blocks of rounds and heights from 1, each on the one before."""
    blocks, qc = [], four.genesis_qc
    for round_ in range(1, count + 1):
        blocks.append(four.block(round_, qc))
        qc = four.qc(blocks[-1], blocks[-2] if round_ > 1 else None)
    return blocks


def tree_of(four: Any, blocks: list[Any], height: int = 0) -> BlockTree:
    """A tree of executed blocks above the beginning."""
    tree = BlockTree(result(height=height, block_id=four.genesis_qc.block_id))
    for block in blocks:
        tree.insert(block, result(block))
    return tree


class TestAnswers:
    """R16: 'uncommitted blocks if they connect, else committed ones with their proof'."""

    def test_uncommitted_blocks_above_what_the_other_has(self, four, app: Any) -> None:
        blocks = chain(four, 3)
        tree = tree_of(four, blocks)
        for above in (0, 1, 2, 3):
            given = answer(BlockRequest(blocks[2].id, above), tree, app)
            assert given == BlockResponse(blocks[2].id, tuple(blocks[above:]))
        assert app.served == []

    def test_committed_ones_as_soon_as_our_ledger_is_beyond(self, four, app: Any) -> None:
        tree = tree_of(four, [], height=5)
        request = BlockRequest(tree.root_id, 5)
        assert answer(request, tree, app) == BlockResponse(tree.root_id, ())
        assert app.served == []
        answer(request._replace(above_height=4), tree, app)
        answer(BlockRequest(Hash(b"x" * 32), 2), tree, app)
        assert app.served == [5, 3]

    def test_what_we_do_not_know_is_not_answered(self, four, app: Any) -> None:
        assert answer(BlockRequest(Hash(b"x" * 32), 0), tree_of(four, []), app) is None


class TestHowMuch:
    """'The oldest SYNC_BLOCKS; of those the newest whose payloads have SYNC_BYTES, or the last one alone.'"""

    @staticmethod
    def sized(*sizes: int) -> list[Any]:
        return [SimpleNamespace(payload=(bytes(size // 2), bytes(size - size // 2))) for size in sizes]

    @pytest.mark.parametrize(
        ("count", "given"), [(0, 0), (1, 1), (SYNC_BLOCKS, SYNC_BLOCKS), (SYNC_BLOCKS + 1, SYNC_BLOCKS)]
    )
    def test_by_count(self, count: int, given: int) -> None:
        blocks = self.sized(*[0] * count)
        assert within_an_answer(blocks) == tuple(blocks[:given])

    def test_by_size(self) -> None:
        half = SYNC_BYTES // 2
        for sizes, left in (((half, half), 2), ((half, half + 1), 1), ((1, half, half), 2), ((1, 1, half, half), 2)):
            blocks = self.sized(*sizes)
            assert within_an_answer(blocks) == tuple(blocks[-left:]), sizes

    def test_the_last_one_goes_however_large_it_is(self) -> None:
        blocks = self.sized(5, SYNC_BYTES + 1)
        assert within_an_answer(blocks) == tuple(blocks[1:])


class TestWhatIsMissing:
    """R14: 'committed block, certified block, parent'; and whoever signed for it has it."""

    def test_in_this_order(self, four, app: Any) -> None:
        b1, b2, b3, b4 = chain(four, 4)
        high_qc, high_commit = four.qc(b4, b3, authors=(1, 2, 3)), four.qc(b3, b2, authors=(0, 1, 2))
        tree, held = tree_of(four, []), HeldBlocks(app)
        late = four.block(9, four.qc(b2, b1, authors=(0, 2, 3)), four.tc(8, [four.genesis_qc] * 3))
        held.add(late)
        assert missing(tree, held, high_qc, high_commit, app) == (b3.id, (0, 1, 2))
        committed = tree_of(four, [])
        committed.set_root(result(b2))
        assert missing(committed, held, high_qc, high_commit, app) == (b4.id, (1, 2, 3))
        committed.insert(b3, result(b3))
        held.add(b4)
        assert missing(committed, held, high_qc, high_commit, app) == (None, ()), "all of it is here, or on its way"
        assert missing(tree_of(four, [b1]), HeldBlocks(app), four.qc(b1), four.genesis_qc, app) == (None, ())

    def test_the_parent_of_a_block_that_waits(self, four, app: Any) -> None:
        b1, b2, b3 = chain(four, 3)
        tree, held = tree_of(four, [b1]), HeldBlocks(app)
        held.add(b3)
        assert missing(tree, held, four.qc(b1), four.genesis_qc, app) == (b2.id, (0, 1, 2))
        held.add(b2)
        assert missing(tree, held, four.qc(b1), four.genesis_qc, app) == (None, ())

    def test_nothing_is_asked_for_where_a_snapshot_comes(self, four, app: Any) -> None:
        """SY1."""
        b1, b2 = chain(four, 2)
        commit = four.qc(b2, b1)
        app.by_snapshot = [commit.commit.version]
        assert missing(tree_of(four, []), HeldBlocks(app), four.qc(b2, b1), commit, app) == (None, ())

    def test_what_is_committed_here_already_is_not_asked_for(self, four, app: Any) -> None:
        b1, b2 = chain(four, 2)
        commit = four.qc(b2, b1)
        tree = tree_of(four, [])
        tree.set_root(result(b1))
        assert commit.commit.round == tree.root.round
        held = HeldBlocks(app)
        held.add(b2)
        assert missing(tree, held, commit, commit, app) == (None, ())


class TestLinks:
    """R16: 'the blocks follow each other from our root, and the last is the committed one'."""

    def test_each_link(self, four) -> None:
        b1, b2, b3 = blocks = chain(four, 3)
        root = result(block_id=four.genesis_qc.block_id)
        info = commit_info(1, result(b3))
        check_links(root, blocks, info)
        for broken, end in (([b2, b3], info), ([b1, b3], info), ([b1, b2, b2], info)):
            with pytest.raises(BlockError, match="does not follow") as caught:
                check_links(root, broken, end)
            assert caught.value.name == "broken_chain"
        for height in (1, 2):
            with pytest.raises(BlockError, match="does not follow"):
                check_links(result(block_id=root.block_id, height=height), blocks, info)

    def test_the_end_is_what_is_committed(self, four) -> None:
        """E5: 'where they end an epoch the certificate may name an empty block above the last'."""
        b1, b2 = blocks = chain(four, 2)
        root, info = result(block_id=four.genesis_qc.block_id), commit_info(1, result(b1))
        with pytest.raises(BlockError) as caught:
            check_links(root, blocks, info)
        assert caught.value.name == "wrong_commit"
        check_links(root, blocks, info._replace(next_epoch=four.set))
        check_links(root, blocks, commit_info(1, result(b2)))


class TestResults:
    """R13: 'our own execution gave what was certified'."""

    @pytest.mark.parametrize("change", [{"root": Hash(b"r" * 32)}, {"version": 11}, {"next_epoch": NEXT}])
    def test_each_part_is_compared(self, four, change: dict[str, Any]) -> None:
        (b1,) = chain(four, 1)
        info = commit_info(1, result(b1))
        check_result(result(b1), info)
        with pytest.raises(DivergenceError) as caught:
            check_result(result(b1, **change), info)
        assert caught.value.details["height"] == 1
        assert caught.value.details["certified_version"] == 10

    def test_blocks_are_executed_each_on_the_one_before(self, four, app: Any) -> None:
        b1, b2, b3 = blocks = chain(four, 3)
        root = result(block_id=four.genesis_qc.block_id)
        app.changes = self.agreed(blocks)
        info = commit_info(1, result(b3))
        path = run_committed(app, root, tuple(blocks), info)
        assert app.parents == [root.block_id, b1.id, b2.id]
        assert [block for block, _ in path] == blocks
        app.parents.clear()
        with pytest.raises(BlockError):
            run_committed(app, root, (b1, b3), info)
        assert app.parents == [], "nothing is executed of what is not the chain"
        with pytest.raises(DivergenceError):
            run_committed(app, root, tuple(blocks), info._replace(root=Hash(b"r" * 32)))

    @staticmethod
    def agreed(blocks: list[Any]) -> dict[Any, dict[str, Any]]:
        """What certificates in the chain say of each block's result."""
        said = [block.parent_qc.data for block in blocks[1:]]
        return {
            block.id: {"root": data.root, "version": data.version} for block, data in zip(blocks, said, strict=False)
        }

    @pytest.mark.parametrize("place", [0, 1, 2])
    def test_the_first_that_differs_is_named(self, four, place: int) -> None:
        """DV1: 'of the first block that differs'; the error keeps the path up to it, and the certified root."""
        blocks = chain(four, 3)
        changes = self.agreed(blocks)
        path = [(block, result(block, **changes.get(block.id, {}))) for block in blocks]
        info = commit_info(1, path[-1][1])
        check_path(path, info)
        certified = info.root if place == 2 else path[place][1].root
        for at in range(place, 3):
            path[at] = (path[at][0], result(path[at][0], root=Hash(b"w" * 32), version=77))
        with pytest.raises(DivergenceError) as caught:
            check_path(path, info)
        assert caught.value.details["height"] == place + 1
        assert caught.value.path == path[: place + 1]
        assert caught.value.certified == certified

    @pytest.mark.parametrize("change", [{"root": Hash(b"w" * 32)}, {"version": 77}])
    def test_a_result_inside_differs_in_either(self, four, change: dict[str, Any]) -> None:
        blocks = chain(four, 2)
        said = self.agreed(blocks)
        path = [(block, result(block, **said.get(block.id, {}))) for block in blocks]
        path[0] = (blocks[0], result(blocks[0], **{**said[blocks[0].id], **change}))
        with pytest.raises(DivergenceError):
            check_path(path, commit_info(1, path[-1][1]))


def test_a_ledger_ends_with_the_block_that_ends_the_epoch(four) -> None:
    """E5: 'what is above only served to commit it'."""
    blocks = chain(four, 3)
    path = [(block, result(block)) for block in blocks]
    assert ledger_part(path) == path
    for end in range(3):
        ended = [(block, result(block, next_epoch=NEXT if at >= end else None)) for at, block in enumerate(blocks)]
        assert ledger_part(ended) == ended[: end + 1]
    assert ledger_part([]) == []


def test_idle_is_who_has_nothing_to_commit_and_nothing_to_propose(four, app: Any) -> None:
    """R6: an uncommitted payment, one that waits, and the end of an epoch are each a reason to go on."""
    b1 = four.block(1, four.genesis_qc, payload=(b"tx",))
    empty = four.block(1, four.genesis_qc)
    tree = tree_of(four, [b1, empty])
    assert is_idle(tree, empty.id, app)
    assert app.payloads == [(101, 1)], "a microsecond after the parent, and one transaction is enough to know"
    assert not is_idle(tree, b1.id, app)
    assert not is_idle(tree, Hash(b"x" * 32), app)
    app.waiting = (b"tx",)
    assert not is_idle(tree, empty.id, app)
    over = four.block(2, four.qc(empty))
    tree.insert(over, result(over, next_epoch=NEXT))
    app.waiting = ()
    assert not is_idle(tree, over.id, app)


def test_drafts_say_what_a_block_and_its_result_are(four) -> None:
    """A vote for a child commits its parent as execution gave it; a header stands one above its parent."""
    (b1,) = chain(four, 1)
    done = result(b1, next_epoch=four.set)
    assert commit_info(3, done) == CommitInfo(3, 1, b1.id, done.root, 10, 100, four.set)
    qc, tc = four.qc(b1), four.tc(2, [four.genesis_qc] * 3)
    header = draft_header(4, done, 2, 999, qc, tc, (b"tx",))
    made = four.block(4, qc, tc, payload=(b"tx",), author=2, time_us=999, height=2).header
    assert header == made
    assert draft_header(2, done, 1, 7, qc, None, ()) == four.block(2, qc, author=1, time_us=7).header
