"""What executing a block gives, and the committed state that it is executed on.

A block's first entry is its metadata, then its transactions; the last one carries the root of the state tree (L4).
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from chain.accounts import Record, read_record
from chain.block import Block
from chain.certificates import QuorumCertificate
from chain.codec import decode, encode, fields
from chain.entries import Event, TransactionInfo, event_leaf
from chain.execution.outcome import Outcome
from chain.primitives import Hash
from chain.state import tree as state_tree
from chain.state.accumulator import Frontier, event_root
from chain.state.view import StateView
from chain.storage import Store
from chain.transaction import SignedTransaction
from chain.validators import ValidatorSet


class Entry(NamedTuple):
    """One version of the ledger."""

    kind: int
    data: bytes
    """The envelope, the block's metadata, or the genesis document."""
    hash: Hash
    info: bytes
    events: tuple[Event, ...]
    event_bytes: tuple[bytes, ...]
    """The same events as they are hashed and stored."""
    transaction: SignedTransaction | None


@dataclass(slots=True)
class ExecutedBlock:
    """A block's result: enough to build on it, to vote for it and to commit it."""

    block_id: Hash
    height: int
    round: int
    version: int
    root: Hash
    timestamp_us: int
    state: StateView
    writes: dict[bytes, Record]
    values: dict[bytes, bytes]
    """The same records as they are hashed and stored."""
    tree: state_tree.Node
    frontier: Frontier
    inner: list[tuple[int, Hash]]
    entries: list[Entry]
    refused: tuple[Hash, ...] = ()
    """Hashes of transactions that execution discarded for good. One that came before its turn waits for it: a leader
    must not be able to make the others forget it."""
    next_epoch: ValidatorSet | None = None
    """The set that follows, if the epoch ends with this block; blocks above it in this epoch have the same (E4)."""

    @property
    def first_version(self) -> int:
        """Version of the block's metadata."""
        return self.version + 1 - len(self.entries)


class CommittedState:
    """Records of the last committed block; what was read once stays in memory."""

    __slots__ = ("_store", "cache")

    def __init__(self, store: Store) -> None:
        """Read through to the store."""
        self._store = store
        self.cache: dict[bytes, Record] = {}

    def get(self, key: bytes) -> Record | None:
        """A record, or None."""
        record = self.cache.get(key)
        if record is None:
            data = self._store.state(key)
            if data is None:
                return None
            record = self.cache[key] = read_record(key, data)
        return record

    def data(self, key: bytes) -> bytes | None:
        """A record's bytes, which are not kept in memory."""
        record = self.cache.get(key)
        return self._store.state(key) if record is None else record.to_bytes()


class SnapshotTip(NamedTuple):
    """A verified snapshot as a ledger goes on from it: the block, with its last entry only."""

    tip: ExecutedBlock
    block: Block
    certificate: QuorumCertificate
    names: dict[bytes, bytes]
    """State keys by the keys of their leaves."""
    ends: tuple[QuorumCertificate, ...]
    """What ended the epochs before."""


def above_the_end(parent: ExecutedBlock, block: Block) -> ExecutedBlock:
    """E4: a block above the end of its epoch changes nothing; it only serves to commit that end."""
    return ExecutedBlock(
        block.id, block.height, block.round, parent.version, parent.root, parent.timestamp_us, parent.state, {}, {},
        parent.tree, parent.frontier, [], [], (), parent.next_epoch,
    )  # fmt: skip


def seal(drafts: list[tuple[int, bytes, Hash, Outcome, SignedTransaction | None]], state_root: Hash) -> list[Entry]:
    """Entries with their information; the last one names the state root (L4)."""
    entries = []
    for position, (kind, data, tx_hash, outcome, tx) in enumerate(drafts):
        event_bytes = tuple([event.to_bytes() for event in outcome.events])
        root = event_root([event_leaf(item) for item in event_bytes])
        checkpoint = state_root if position == len(drafts) - 1 else None
        info = TransactionInfo(tx_hash, root, outcome.gas_used, outcome.status, checkpoint)
        entries.append(Entry(kind, data, tx_hash, info.to_bytes(), outcome.events, event_bytes, tx))
    return entries


class Divergence(NamedTuple):
    """Blocks above the tip of which the last gave another result here than a quorum certified (DV2)."""

    blocks: list[Block]
    rows: list[bytes]
    """What the last one gave here, a row a version as `entry_row` makes it."""
    certified: bytes
    """The root that a quorum certified."""


def entry_row(entry: Entry) -> bytes:
    """A version as it is stored."""
    return encode((entry.kind, entry.data, entry.info, entry.event_bytes))


def divergence_bytes(path: list[tuple[Block, Any]], certified: bytes) -> bytes:
    """The row of META that keeps a divergence."""
    rows = tuple(entry_row(entry) for entry in path[-1][1].entries)
    return encode((tuple(block.to_value() for block, _ in path), rows, certified))


def read_divergence(data: bytes) -> Divergence:
    """Read `divergence_bytes`; DecodeError or BlockError on anything else."""
    blocks, rows, certified = fields(decode(data), "divergence", tuple, tuple, bytes)
    fields(rows, "divergence", *[bytes] * len(rows))
    return Divergence([Block.from_value(value) for value in blocks], list(rows), certified)
