"""What a validator that is behind asks for, what one that is ahead answers, and when it is believed (R14, R16)."""

from chain.block import Block
from chain.certificates import CommitInfo, QuorumCertificate
from chain.consensus.block_tree import BlockTree
from chain.consensus.fetcher import check_links, signers_of, within_an_answer
from chain.consensus.held_blocks import HeldBlocks
from chain.consensus.ports import Application, BlockResult
from chain.errors import DivergenceError
from chain.interface import Output, Send
from chain.limits import MAX_FRAME_BYTES
from chain.messages import BlockRequest, BlockResponse, CommittedResponse, Message, encode_message
from chain.primitives import Hash

Path = list[tuple[Block, BlockResult]]


def answer(request: BlockRequest, tree: BlockTree, app: Application) -> BlockResponse | CommittedResponse | None:
    """R16: uncommitted blocks if they connect, else committed ones with their proof; None if we know no better."""
    path = tree.path(request.block_id)
    if tree.root.height > request.above_height:
        return app.committed_blocks(request.above_height + 1)
    if path is None:
        return None
    blocks = [node.block for node in path if node.block is not None and node.block.height > request.above_height]
    return BlockResponse(request.block_id, within_an_answer(blocks))


def missing(
    tree: BlockTree, held: HeldBlocks, high_qc: QuorumCertificate, high_commit: QuorumCertificate, app: Application
) -> tuple[Hash | None, tuple[int, ...]]:
    """R14: the committed block first, then the certified one, then a held block's parent; and who signed for it."""
    commit = high_commit.commit
    if commit is not None and commit.round > tree.root.round:
        if app.takes_snapshot(commit.version):
            return None, ()
        return high_commit.block_id, signers_of(high_commit)
    if high_qc.block_id not in tree.nodes and high_qc.block_id not in held:
        return high_qc.block_id, signers_of(high_qc)
    for block in held.all():
        if block.parent_id not in tree.nodes and block.parent_id not in held:
            return block.parent_id, signers_of(block.parent_qc)
    return None, ()


def run_committed(app: Application, root: BlockResult, blocks: tuple[Block, ...], commit: CommitInfo) -> Path:
    """Execute blocks that a verified certificate commits, on top of our root; BlockError if they are others (R16),
    DivergenceError if they give another result."""
    check_links(root, blocks, commit)
    path: Path = []
    for block in blocks:
        path.append((block, app.execute(root if not path else path[-1][1], block)))
    check_path(path, commit)
    return path


def check_result(result: BlockResult, commit: CommitInfo) -> None:
    """R13: our own execution gave what was certified; DivergenceError."""
    if (result.root, result.version, result.next_epoch) != (commit.root, commit.version, commit.next_epoch):
        raise DivergenceError(
            f"height {result.height}: executing it here gives version {result.version} with root {result.root.hex()},"
            f" a quorum certified version {commit.version} with root {commit.root.hex()}: the program that runs here,"
            " or its state, is not that of the others (docs/operations.md)",
            height=result.height, version=result.version, root=result.root.hex(), certified_version=commit.version,
            certified_root=commit.root.hex(),
        )  # fmt: skip


def check_path(path: Path, commit: CommitInfo) -> None:
    """The same of a whole path that is to be committed: the first of its blocks that differs is named, and it is the
    last of the error's `path`."""
    for place, (_, result) in enumerate(path):
        following = path[place + 1][0].parent_qc.data if place + 1 < len(path) else None
        if following is not None and (result.root, result.version) == (following.root, following.version):
            continue
        info = commit
        if following is not None:
            info = commit._replace(root=following.root, version=following.version, next_epoch=result.next_epoch)
        try:
            check_result(result, info)
        except DivergenceError as error:
            error.path, error.certified = path[: place + 1], info.root
            raise


def ledger_part(path: Path) -> Path:
    """E5: the path up to the block that ends the epoch; what is above only served to commit it."""
    for place, (_, result) in enumerate(path):
        if result.next_epoch is not None:
            return path[: place + 1]
    return path


def is_idle(tree: BlockTree, block_id: Hash, app: Application) -> bool:
    """Whether nothing waits to be committed up to and after a block, as far as this validator knows."""
    result = tree.result(block_id)
    if result is None or tree.has_payload(block_id) or result.next_epoch is not None:
        return False
    return not app.payload(result, result.timestamp_us + 1, max_count=1)


def send(destination: int, message: Message | None, out: Output) -> None:
    """An answer, if there is one, that reveals no new promise of ours need not wait for the disk; one above a frame is
    not sent."""
    if message is None:
        return
    data = encode_message(message)
    if len(data) > MAX_FRAME_BYTES:
        out.alarm("answer_too_large", f"an answer of {len(data)} bytes is above {MAX_FRAME_BYTES}, it is not sent")
        return
    out.send_now.append(Send(destination, data))
