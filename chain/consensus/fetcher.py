"""What is missing, and whom to ask: one open request at a time, another peer at each retry."""

from collections.abc import Sequence

from chain.block import Block
from chain.certificates import CommitInfo, QuorumCertificate
from chain.consensus.ports import BlockResult
from chain.errors import BlockError
from chain.interface import Output, Send, SetTimer
from chain.limits import SYNC_BLOCKS, SYNC_BYTES, SYNC_RETRY_US
from chain.messages import BlockRequest, encode_message
from chain.primitives import Hash

TIMER = "fetch"
MAX_HELPERS = 4
"""Peers beyond the signers of what is missing that are asked first."""


class Fetcher:
    """Asks for one wanted block until it comes or is no longer wanted."""

    def __init__(self, own_index: int, count: int, token: int = 0) -> None:
        """`count` validators, of which we are `own_index`; tokens are above `token`."""
        self._own = own_index
        self._count = count
        self._wanted: Hash | None = None
        self._peers: tuple[int, ...] = ()
        self._attempt = 0
        self._token = token
        self._helpers: tuple[int, ...] = ()

    def help_from(self, seat: int) -> None:
        """Somebody who is ahead of us, member or not, may be asked first from now on."""
        if seat not in self._helpers:
            self._helpers = (seat, *self._helpers)[:MAX_HELPERS]

    def want(
        self, block_id: Hash | None, signers: tuple[int, ...], above_height: int, now_us: int, out: Output
    ) -> None:
        """Set what is missing (None: nothing). A new wish is asked for at once."""
        if block_id is None:
            self._wanted = None
            return
        if block_id == self._wanted:
            return
        self._wanted = block_id
        first = [peer for peer in dict.fromkeys((*self._helpers, *signers)) if peer != self._own]
        others = [peer for peer in range(self._count) if peer != self._own and peer not in first]
        self._peers = tuple(first + others)
        self._attempt = 0
        self.ask(above_height, now_us, out)

    def ask(self, above_height: int, now_us: int, out: Output) -> None:
        """Send the request to the next peer, and arm the retry."""
        if self._wanted is None or not self._peers:
            return
        peer = self._peers[self._attempt % len(self._peers)]
        self._attempt += 1
        out.send_now.append(Send(peer, encode_message(BlockRequest(self._wanted, above_height))))
        self._token += 1
        out.timers.append(SetTimer(TIMER, now_us + SYNC_RETRY_US, self._token))

    def is_due(self, token: int) -> bool:
        """Whether a fired retry timer is the newest."""
        return token == self._token and self._wanted is not None


def signers_of(qc: QuorumCertificate) -> tuple[int, ...]:
    """The validators that hold a certified block, by number."""
    return tuple(author for author, _ in qc.signatures)


def within_an_answer(blocks: Sequence[Block]) -> tuple[Block, ...]:
    """The oldest SYNC_BLOCKS; of those the newest whose payloads have SYNC_BYTES, or the last one alone.

    Who has asked holds them, and asks for the parent of the first.
    """
    chosen = list(blocks[:SYNC_BLOCKS])
    sizes = [sum(map(len, block.payload)) for block in chosen]
    while len(chosen) > 1 and sum(sizes) > SYNC_BYTES:
        del chosen[0], sizes[0]
    return tuple(chosen)


def check_links(root: BlockResult, blocks: Sequence[Block], commit: CommitInfo) -> None:
    """R16: the blocks follow each other from our root, and the last is the committed one.

    Where they end an epoch the certificate may name an empty block above the last (E5): then only results tell.

    BlockError `broken_chain`, `wrong_commit`.
    """
    parent_id, height = root.block_id, root.height
    for block in blocks:
        height += 1
        if block.parent_id != parent_id or block.height != height:
            raise BlockError(f"height {block.height} does not follow {parent_id.hex()[:8]}", name="broken_chain")
        parent_id = block.id
    if commit.block_id != parent_id and commit.next_epoch is None:
        raise BlockError("the certificate commits another block", name="wrong_commit")
