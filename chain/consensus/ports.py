"""What consensus is handed: a block's result, and the application that computes, proposes and commits."""

from typing import Any, NamedTuple, Protocol

from chain.block import Block
from chain.certificates import QuorumCertificate
from chain.crypto.signing import SignatureCheck, Signer
from chain.evidence import Evidence
from chain.interface import Output
from chain.limits import MAX_BLOCK_TRANSACTIONS
from chain.messages import CommittedResponse
from chain.primitives import Hash
from chain.records.onchain import ConsensusConfig
from chain.validators import ValidatorSet


class BlockResult(Protocol):
    """What executing a block gave; consensus reads these and passes the rest through."""

    block_id: Hash
    height: int
    round: int
    version: int
    root: Hash
    timestamp_us: int
    next_epoch: ValidatorSet | None
    """The set that follows, if this block or one below it ended the epoch."""


class EpochStart(NamedTuple):
    """What an epoch's machine is built from."""

    validators: ValidatorSet
    genesis_qc: QuorumCertificate
    """What the epoch begins from (E6)."""
    root: BlockResult
    """The last committed block, or the beginning of the epoch in its place."""
    high_commit: QuorumCertificate
    """The newest certificate of this epoch that commits; its beginning if there is none yet."""
    config: ConsensusConfig


class SigningKey(NamedTuple):
    """A consensus key that this process may use, and its durable record if it has signed."""

    signer: Signer
    record: bytes | None


class Keyring(Protocol):
    """The consensus keys of this validator: more than one while a key is being replaced."""

    def find(self, public_key: bytes) -> SigningKey | None:
        """The key, if it is here and its record is not lost."""

    def newest(self) -> bytes | None:
        """The durable record of the latest epoch, whichever key made it; None if nothing was ever signed."""


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

    def takes_snapshot(self, version: int) -> bool:
        """Whether the ledger up to a certified version comes by a snapshot (SY1): then no block is asked for."""

    def committed_blocks(self, start_height: int) -> CommittedResponse | None:
        """Durable blocks for a node that catches up; empty if they cannot be served, None if they are not here yet."""


class EpochApplication(Application, Protocol):
    """The same, as what leads from epoch to epoch sees it."""

    def epoch_start(self) -> EpochStart:
        """The current epoch."""

    def epoch_blocks(self, limit: int) -> list[Block]:
        """The last durable blocks of this epoch, oldest first."""

    def epoch_ends(self, first: int, limit: int) -> list[QuorumCertificate]:
        """Durable certificates that ended epochs, from one on, oldest first."""

    def accuse(self, evidence: Evidence, now_us: int, out: Output) -> None:
        """A validator signed what no honest one signs."""
