"""The committed ledger, and the results of blocks that may still be dropped.

A block's first entry is its metadata, then its transactions. Each entry has a version and a `TransactionInfo` leaf in
the accumulator; the last entry of a block carries the root of the state tree (docs/protocol.md, L1 to L8).
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from chain.accounts import Record, leaf_key, value_hash
from chain.block import Block
from chain.certificates import CommitInfo, QuorumCertificate, genesis_certificate
from chain.codec import Value, decode, encode, fields
from chain.entries import (
    KIND_BLOCK_METADATA,
    KIND_GENESIS,
    KIND_USER,
    Event,
    entry_hash,
    info_hash,
)
from chain.errors import GenesisError
from chain.executed import CommittedState, Entry, ExecutedBlock, SnapshotTip, above_the_end, entry_row, seal
from chain.execution import conservation
from chain.execution.context import BlockContext
from chain.execution.executor import execute_block
from chain.execution.outcome import EXECUTED, Outcome
from chain.execution.reconfiguration import is_epoch_over, validator_set
from chain.genesis import GenesisDocument, first_validators, genesis_hash, initial_records
from chain.kept import KEPT_VERSIONS, Base, base_row, read_base
from chain.limits import RECENT_RECORDS, RECENT_STATES
from chain.messages import CommittedResponse
from chain.primitives import Hash
from chain.state import tree as state_tree
from chain.state.accumulator import STORED_LEVEL, Frontier
from chain.state.history import History, RecentState
from chain.state.undo import UndoLog
from chain.state.view import Overlay
from chain.storage import SYNC_ROW, Column, Index, Store, WriteBatch
from chain.transaction import SignedTransaction
from chain.validation import WAITING
from chain.validators import ValidatorSet

GENESES_KEPT = 256
"""Documents whose genesis is kept: one for a network, many where simulated networks come one after the other."""


class StoredTip(NamedTuple):
    """The last committed block, as a restart needs it."""

    genesis: bytes
    block_id: Hash
    height: int
    round: int
    version: int
    timestamp_us: int
    state_root: Hash
    frontier: Value
    certificate: Value


def read_tip(value: object) -> StoredTip:
    """Read the row of META; DecodeError on a wrong shape."""
    return StoredTip(*fields(value, "tip", bytes, bytes, int, int, int, int, bytes, tuple, None))


class Ledger:
    """What this validator has committed."""

    def __init__(self, document: GenesisDocument, store: Store, kept_versions: int = KEPT_VERSIONS) -> None:
        """Open a store: write genesis into an empty one, else load its tip. States of the last `kept_versions` stay.

        Raises GenesisError if the store belongs to another genesis or its state does not hash to its root.
        """
        self.document = document
        self.genesis_hash = genesis_hash(document)
        self.store = store
        self.state = CommittedState(store)
        self.kept_versions = kept_versions
        self.undo = UndoLog(store, kept_versions)
        self.history = History(self.state, RECENT_STATES, RECENT_RECORDS, self.undo)
        """States of past blocks, for readers and proofs."""
        self.names: dict[bytes, bytes] = {}
        """The state's keys by the keys of their leaves."""
        self.base = read_base(store)
        """Where the ledger begins here."""
        self.validators = first_validators(document)
        """The members of the current epoch."""
        genesis = self._genesis_block()
        self.genesis_info = CommitInfo(0, 0, genesis.block_id, genesis.root, 0, document.timestamp_us, self.validators)
        self.genesis_qc = genesis_certificate(self.genesis_info, 1)
        """What the current epoch begins from (E6)."""
        self.high_commit = self.genesis_qc
        """The newest certificate that commits; it may have ended the epoch before."""
        meta = store.row(Column.META, 0)
        self.tip = genesis if meta is None else self._load(meta)
        if meta is None:
            self.state.cache.update(genesis.writes)
            self.names.update((leaf_key(key), key) for key in genesis.writes)
            batch = WriteBatch()
            self._write_entries(genesis, batch)
            self._write_block(genesis, None, None, batch)
            self._write_tip(genesis, None, batch)
            batch.state.extend(genesis.values.items())
            store.write(batch)
        self.tip.state = self.state
        self.history.append(RecentState(self.tip.version, self.tip.tree, {}))

    @property
    def tip_height(self) -> int:
        """Height of the last committed block."""
        return self.tip.height

    @property
    def base_height(self) -> int:
        """Height of the block that the ledger begins with here."""
        return self.base.height

    @property
    def tip_version(self) -> int:
        """Version of the last committed entry."""
        return self.tip.version

    @property
    def tip_root(self) -> Hash:
        """Accumulator root at the tip."""
        return self.tip.root

    @property
    def tip_timestamp_us(self) -> int:
        """The ledger's time."""
        return self.tip.timestamp_us

    def waypoint(self) -> str:
        """The genesis waypoint, from which a light client starts."""
        return self.genesis_info.waypoint()

    @property
    def epoch(self) -> int:
        """The epoch that the next block belongs to."""
        return self.validators.epoch

    def root(self) -> ExecutedBlock:
        """What consensus builds on: the tip, or the beginning of an epoch in its place (E6)."""
        if self.high_commit.data.epoch == self.epoch and self.high_commit.commit is not None:
            return self.tip
        return replace(self.tip, block_id=self.genesis_qc.block_id, round=0, next_epoch=None)

    def set_of(self, epoch: int) -> ValidatorSet:
        """The members of an epoch up to the current one, whose beginning is durable."""
        if epoch == self.epoch:
            return self.validators
        if epoch <= 1:
            return first_validators(self.document)
        (end,) = self.epoch_ends(epoch - 1, 1)
        assert end.commit is not None
        assert end.commit.next_epoch is not None
        return end.commit.next_epoch

    def epoch_blocks(self, limit: int) -> list[Block]:
        """The last durable blocks of the current epoch, at most `limit`, oldest first."""
        if self.high_commit.data.epoch != self.epoch:
            return []
        first = max(self.tip.height + 1 - limit, self.base.height, 1)
        blocks = [read_block(data)[0] for _, data in self.store.rows(Column.BLOCK, first, limit)]
        return [block for block in blocks if block is not None and block.header.epoch == self.epoch]

    def epoch_ends(self, first: int, limit: int) -> list[QuorumCertificate]:
        """Durable certificates that ended epochs, from one on, oldest first."""
        rows = self.store.rows(Column.EPOCH, first, limit)
        return [QuorumCertificate.from_value(decode(data)) for _, data in rows]

    # --- executing ---

    def execute(self, parent: ExecutedBlock, block: Block, transactions: list[SignedTransaction]) -> ExecutedBlock:
        """Run a block whose signatures are checked on top of its parent's result. Commits nothing.

        ConservationError if coins appeared or vanished (L6): before anybody votes for it.
        """
        header = block.header
        if parent.next_epoch is not None:
            return above_the_end(parent, block)
        proposer = self.validators.members[header.author].number
        context = BlockContext(
            self.document.chain_id, self.genesis_hash, header.epoch, header.round, header.height, proposer,
            header.timestamp_us,
        )  # fmt: skip
        overlay, metadata, outcomes = execute_block(parent.state, context, transactions)
        conservation.check_block(parent.state, overlay.writes)
        body = encode((block.id, header.epoch, header.round, header.height, proposer, header.timestamp_us))
        drafts: list[tuple[int, bytes, Hash, Outcome, SignedTransaction | None]] = [
            (KIND_BLOCK_METADATA, body, entry_hash(KIND_BLOCK_METADATA, body), metadata, None)
        ]
        refused = []
        for tx, outcome in zip(transactions, outcomes, strict=True):
            if isinstance(outcome, Outcome):
                drafts.append((KIND_USER, tx.envelope, tx.hash, outcome, tx))
            elif outcome.status not in WAITING:
                refused.append(tx.hash)
        values = {key: record.to_bytes() for key, record in overlay.writes.items()}
        tree = state_tree.update(parent.tree, [(leaf_key(key), value_hash(data)) for key, data in values.items()])
        entries = seal(drafts, state_tree.root_hash(tree))
        frontier, inner = parent.frontier.append([info_hash(entry.info) for entry in entries], from_level=STORED_LEVEL)
        return ExecutedBlock(
            block.id, header.height, header.round, parent.version + len(entries), frontier.root(),
            header.timestamp_us, overlay, overlay.writes, values, tree, frontier, inner, entries, tuple(refused),
            validator_set(overlay.active_set()) if is_epoch_over(overlay, context) else None,
        )  # fmt: skip

    # --- committing ---

    def commit(self, path: list[tuple[Block, ExecutedBlock]], proof: QuorumCertificate, batch: WriteBatch) -> None:
        """Make blocks final, oldest first; `proof` commits the last of them."""
        changed: dict[bytes, bytes] = {}
        for block, result in path:
            last = result is path[-1][1]
            self._write_entries(result, batch)
            self._write_block(result, block, proof if last else None, batch)
            changed.update(result.values)
            replaced = {key: self.state.get(key) for key in result.writes}
            self.state.cache.update(result.writes)
            self.names.update((leaf_key(key), key) for key, record in replaced.items() if record is None)
            if isinstance(result.state, Overlay):
                result.state.base = self.state
                result.state.writes = {}
            self.history.append(RecentState(result.version, result.tree, replaced))
            self.undo.append((result.first_version - 1, result.version), replaced, result.values, batch)
        self.history.trim(self._durable_version)
        batch.state.extend(changed.items())
        self.tip = path[-1][1]
        self.high_commit = proof
        self._write_tip(self.tip, proof, batch)
        if proof.commit is not None and proof.commit.next_epoch is not None:
            batch.rows.append((Column.EPOCH, self.epoch, encode(proof.to_value())))
            self._begin_epoch(proof.commit)

    def _begin_epoch(self, end: CommitInfo) -> None:
        """The set and the first certificate of the epoch that follows an end."""
        assert end.next_epoch is not None
        self.validators = end.next_epoch
        self.genesis_qc = genesis_certificate(end, end.next_epoch.epoch)

    def adopt(self, snapshot: SnapshotTip) -> None:
        """Go on from a snapshot, whose `adoption_batch` is durable."""
        self.state = CommittedState(self.store)
        self.names = snapshot.names
        self.tip = snapshot.tip
        self.tip.state = self.state
        self.high_commit = snapshot.certificate
        for end in (*snapshot.ends, snapshot.certificate):
            if end.commit is not None and end.commit.next_epoch is not None:
                self._begin_epoch(end.commit)
        self.base = Base(self.tip.version, self.tip.height)
        self.undo = UndoLog(self.store, self.kept_versions)
        self.history = History(self.state, RECENT_STATES, RECENT_RECORDS, self.undo)
        self.history.append(RecentState(self.tip.version, self.tip.tree, {}))

    def adoption_batch(self, snapshot: SnapshotTip) -> WriteBatch:
        """What makes the staged state, which is that of the snapshot, the ledger; genesis stays, the rest goes."""
        batch, genesis, tip = WriteBatch(adopt=True), self._genesis_block(), snapshot.tip
        self._write_entries(genesis, batch)
        self._write_block(genesis, None, None, batch)
        self._write_entries(tip, batch)
        self._write_block(tip, snapshot.block, snapshot.certificate, batch)
        first = snapshot.block.parent_qc.data.version + 1
        row = encode((snapshot.block.to_value(), first, tip.version, snapshot.certificate.to_value()))
        batch.rows.append((Column.BLOCK, tip.height, row))
        self._write_tip(tip, snapshot.certificate, batch)
        batch.rows.append(base_row(Base(tip.version, tip.height)))
        for end in (*snapshot.ends, snapshot.certificate):
            if end.commit is not None and end.commit.next_epoch is not None:
                batch.rows.append((Column.EPOCH, end.data.epoch, encode(end.to_value())))
        batch.rows.append((Column.META, SYNC_ROW, None))
        return batch

    def committed_blocks(self, start_height: int, limit: int, max_bytes: int) -> CommittedResponse | None:
        """Durable blocks of one epoch from a height on, ending at one that has its own commit certificate (E9).

        None of them (SY2): they lie before the base, or `limit` blocks reach no certificate. None: they are not durable
        yet.
        """
        blocks: list[Block] = []
        proof: QuorumCertificate | None = None
        end = size = 0
        for height, data in self.store.rows(Column.BLOCK, max(start_height, 1), limit):
            size += len(data)
            block, _, certificate = read_block(data)
            if block is None or height != start_height + len(blocks):
                break
            blocks.append(block)
            if certificate is not None:
                proof, end = certificate, len(blocks)
                is_end = certificate.commit is not None and certificate.commit.next_epoch is not None
                if size >= max_bytes or is_end:
                    break
        if not blocks and start_height > self.base.height:
            return None
        return CommittedResponse(start_height, tuple(blocks[:end]), proof)

    # --- storing ---

    def _durable_version(self) -> int:
        """The last version on disk; the tip in memory may be ahead of it."""
        meta = self.store.row(Column.META, 0)
        assert meta is not None, "genesis is durable before anything else"
        return read_tip(decode(meta)).version

    def _write_entries(self, result: ExecutedBlock, batch: WriteBatch) -> None:
        """Rows and postings of a block's versions."""
        for version, entry in enumerate(result.entries, result.first_version):
            batch.rows.append((Column.TRANSACTION, version, entry_row(entry)))
            batch.postings.append((Index.TRANSACTION_BY_HASH, entry.hash[:8], version, version))
            if entry.transaction is not None:
                raw = entry.transaction.raw
                batch.postings.append((Index.TRANSACTION_BY_SENDER, raw.sender, raw.sequence_number, version))
            for event in entry.events:
                batch.postings.append((Index.EVENT, event.key, event.sequence, version))
        batch.rows.extend((Column.ACCUMULATOR, position, node) for position, node in result.inner)

    def _write_block(
        self, result: ExecutedBlock, block: Block | None, proof: QuorumCertificate | None, batch: WriteBatch
    ) -> None:
        """The block's own row, and where to find it by id."""
        value = None if block is None else block.to_value()
        certificate = None if proof is None else proof.to_value()
        row = encode((value, result.first_version, result.version, certificate))
        batch.rows.append((Column.BLOCK, result.height, row))
        batch.postings.append((Index.BLOCK_BY_ID, result.block_id[:8], result.height, result.height))

    def _write_tip(self, tip: ExecutedBlock, proof: QuorumCertificate | None, batch: WriteBatch) -> None:
        """What a restart needs."""
        value: Value = (
            self.genesis_hash, tip.block_id, tip.height, tip.round, tip.version, tip.timestamp_us,
            state_tree.root_hash(tip.tree), tip.frontier.to_value(), None if proof is None else proof.to_value(),
        )  # fmt: skip
        batch.rows.append((Column.META, 0, encode(value)))

    def _load(self, meta: bytes) -> ExecutedBlock:
        """Rebuild the tip from the store, and hold the state against its root."""
        genesis, block_id, height, round_, version, time_us, state_root, frontier_value, proof = read_tip(decode(meta))
        if genesis != self.genesis_hash:
            raise GenesisError(
                f"the data is of network {genesis.hex()[:16]}, not {self.genesis_hash.hex()[:16]}",
                name="wrong_network",
            )
        leaves: list[tuple[Hash, Hash]] = []
        conservation.check_stored(_noting(self.store.states(), leaves, self.names))
        tree = state_tree.build(leaves)
        if state_tree.root_hash(tree) != state_root:
            raise GenesisError("the stored state does not hash to the stored root", name="corrupt_state")
        if proof is not None:
            self.high_commit = QuorumCertificate.from_value(proof)
            last = self.store.last_row(Column.EPOCH)
            if last is not None:
                ended = QuorumCertificate.from_value(decode(last[1])).commit
                assert ended is not None, "only certificates that commit end an epoch"
                self._begin_epoch(ended)
        frontier = Frontier.from_value(frontier_value)
        return ExecutedBlock(
            block_id,
            height,
            round_,
            version,
            frontier.root(),
            time_us,
            self.state,
            {},
            {},
            tree,
            frontier,
            [],
            [],
        )

    def _genesis_block(self) -> ExecutedBlock:
        """Block 0: one entry, version 0, whose writes are the genesis records."""
        made = _genesis_of(self.document)
        return ExecutedBlock(
            self.genesis_hash, 0, 0, 0, made.frontier.root(), self.document.timestamp_us, self.state,
            dict(made.records), dict(made.values), made.tree, made.frontier, list(made.inner), [made.entry],
        )  # fmt: skip


class _Genesis(NamedTuple):
    """What a document makes: the same for every ledger of a process, and never changed."""

    records: dict[bytes, Record]
    values: dict[bytes, bytes]
    tree: state_tree.Node
    entry: Entry
    frontier: Frontier
    inner: list[tuple[int, Hash]]


@lru_cache(maxsize=GENESES_KEPT)
def _genesis_of(document: GenesisDocument) -> _Genesis:
    """Worked out once for all that begin from it: an adopted snapshot asks again, and a simulated network of hundreds
    of validators."""
    records = initial_records(document)
    values = {key: record.to_bytes() for key, record in records.items()}
    tree = state_tree.build([(leaf_key(key), value_hash(data)) for key, data in values.items()])
    draft = (KIND_GENESIS, document.to_bytes(), genesis_hash(document), Outcome(EXECUTED, 0, ()), None)
    (entry,) = seal([draft], state_tree.root_hash(tree))
    frontier, inner = Frontier.empty().append([info_hash(entry.info)])
    return _Genesis(records, values, tree, entry, frontier, inner)


def _noting(
    states: Iterator[tuple[bytes, bytes]], leaves: list[tuple[Hash, Hash]], names: dict[bytes, bytes]
) -> Iterator[tuple[bytes, bytes]]:
    """Pass a stored state through, and note its leaves in the tree and whose they are: a large state is read once."""
    for key, data in states:
        leaf = leaf_key(key)
        leaves.append((leaf, value_hash(data)))
        names[leaf] = key
        yield key, data


def read_block(data: bytes) -> tuple[Block | None, tuple[int, int], QuorumCertificate | None]:
    """A stored block (None for genesis), its first and last version, and its own commit certificate if it has one."""
    value, first, last, proof = fields(decode(data), "stored block", None, int, int, None)
    block = None if value is None else Block.from_value(value)
    return block, (first, last), None if proof is None else QuorumCertificate.from_value(proof)


def read_info(data: bytes) -> bytes:
    """The information bytes of a stored version."""
    info = fields(decode(data), "stored transaction", int, bytes, bytes, tuple)[2]
    assert isinstance(info, bytes)
    return info


def read_entry(data: bytes) -> tuple[int, bytes, bytes, tuple[Event, ...]]:
    """A stored version: kind, transaction bytes, information bytes, events."""
    kind, body, info, events = fields(decode(data), "stored transaction", int, bytes, bytes, tuple)
    return kind, body, info, tuple(Event.from_value(decode(event)) for event in events)
