"""What a validator is about to sign, put together from what it knows."""

from chain.block import Header, payload_root
from chain.certificates import CommitInfo, QuorumCertificate, TimeoutCertificate
from chain.consensus.ports import BlockResult


def commit_info(epoch: int, result: BlockResult) -> CommitInfo:
    """A block as a vote for its child would commit it."""
    return CommitInfo(
        epoch, result.round, result.block_id, result.root, result.version, result.timestamp_us, result.next_epoch
    )


def draft_header(
    round_: int,
    parent: BlockResult,
    author: int,
    timestamp_us: int,
    qc: QuorumCertificate,
    tc: TimeoutCertificate | None,
    payload: tuple[bytes, ...],
) -> Header:
    """The header of a block on top of the one that `qc` certifies, in its epoch."""
    return Header(
        qc.data.epoch, round_, parent.height + 1, author, timestamp_us, qc.digest(),
        None if tc is None else tc.digest(), payload_root(payload),
    )  # fmt: skip
