"""What consensus is handed: a block's result, and the application that computes, proposes and commits."""

from typing import Any, Protocol

from chain.block import Block
from chain.certificates import QuorumCertificate
from chain.crypto.signing import SignatureCheck
from chain.interface import Output
from chain.limits import MAX_BLOCK_TRANSACTIONS
from chain.messages import CommittedResponse
from chain.primitives import Hash


class BlockResult(Protocol):
    """What executing a block gave; consensus reads these and passes the rest through."""

    block_id: Hash
    height: int
    round: int
    version: int
    root: Hash
    timestamp_us: int


class Application(Protocol):
    """The ledger and mempool, as consensus sees them.

    A result goes back to the application that made it, which knows its full type.
    """

    def signature_checks(self, block: Block) -> tuple[SignatureCheck, ...]:
        """Signatures of the block's transactions that are still unchecked; DecodeError if one cannot be read."""

    def execute(self, parent: Any, block: Block) -> BlockResult:
        """Run the block on its parent's state. Pure: commits nothing."""

    def payload(self, parent: Any, timestamp_us: int, max_count: int = MAX_BLOCK_TRANSACTIONS) -> tuple[bytes, ...]:
        """Up to `max_count` transactions for a block on top of `parent`."""

    def commit(self, path: list[tuple[Block, Any]], proof: QuorumCertificate, out: Output) -> None:
        """Make blocks final, oldest first; `proof` commits the last of them."""

    def takes_snapshot(self, certificate: QuorumCertificate, now_us: int, out: Output) -> bool:
        """Whether the ledger that a certificate commits comes by a snapshot (Y1): then no block is asked for."""

    def note_unserved(self, sender: int) -> None:
        """A validator has no committed blocks after our tip, though we asked it for them (Y2)."""

    def committed_blocks(self, start_height: int) -> CommittedResponse:
        """Durable blocks for a node that catches up."""
