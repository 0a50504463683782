"""Makes the proofs that `chain.light_client` checks, from what is durable and the states of recent blocks.

A proof is against one version of the ledger, which clients have been told of: the last one of a certified block.
"""

from functools import lru_cache, partial

from chain.accounts import ASSOCIATION, CONFIG_KEY, Config, account_key, leaf_key
from chain.certificates import CommitInfo, QuorumCertificate
from chain.codec import decode
from chain.entries import TransactionInfo, event_hash, info_hash
from chain.facts import (
    Anchor,
    Checkpoint,
    EntriesProof,
    EventProof,
    LedgerProof,
    PrefixProof,
    ProvedEntry,
    RecordProof,
    StreamProof,
    TransactionProof,
)
from chain.kept import is_kept, pruned, read_base
from chain.ledger import Ledger, read_block, read_entry, read_info
from chain.primitives import Hash
from chain.state import tree
from chain.state.accumulator import (
    ConsistencyProof,
    LeafProof,
    RangeProof,
    ReadNode,
    frontier_at,
    inner_node,
    node_at,
    position,
    prove_consistency,
    prove_event,
    prove_leaf,
    prove_range,
)
from chain.state.history import PastState
from chain.state.tree import StateProof
from chain.storage import Column, Store
from chain.streams import root_counter

LEAVES_KEPT = 64
"""Stored versions whose leaves are kept."""


def accumulator_nodes(store: Store) -> ReadNode:
    """Reads the transaction accumulator's full subtrees."""

    base = read_base(store)

    def read_inner(at: int) -> Hash:
        node = store.row(Column.ACCUMULATOR, at)
        if node is None:
            raise pruned("a part of the transaction accumulator", base.version)
        return Hash(node)

    def read_leaves(first: int, count: int) -> list[Hash]:
        return [_leaf(row) for _, row in store.rows(Column.TRANSACTION, first, count)]

    read = partial(node_at, read_inner=read_inner, read_leaves=read_leaves)

    def read_kept(level: int, index: int) -> Hash:
        """KE6: around the base a subtree's leaves are not here; it stands in a row, or is made of its halves."""
        if index << level > base.version:
            return read(level, index)
        node = store.row(Column.ACCUMULATOR, position(level, index))
        if node is not None:
            return Hash(node)
        if level == 0:
            return read(0, index) if is_kept(base, index) else read_inner(position(0, index))
        return inner_node(read_kept(level - 1, 2 * index), read_kept(level - 1, 2 * index + 1))

    return read_kept if base.version else read


@lru_cache(maxsize=LEAVES_KEPT)
def _leaf(row: bytes) -> Hash:
    """The accumulator's leaf of a stored version; kept for a while, since proofs of one moment read the same ones."""
    return info_hash(read_info(row))


def accumulator_root(store: Store, version: int) -> Hash:
    """Root of the transaction accumulator after a durable version."""
    return frontier_at(version + 1, accumulator_nodes(store)).root()


def certificate_of(store: Store, height: int) -> QuorumCertificate | None:
    """What commits a durable block: its own certificate, else that of the last block committed with it.

    None for genesis, which has none.
    """
    if height == 0:
        return None
    while True:
        row = store.row(Column.BLOCK, height)
        assert row is not None, "a block is durable with the one that has its certificate"
        certificate = read_block(row)[2]
        if certificate is not None:
            return certificate
        height += 1


class Prover:
    """Proofs against the ledger up to `version`, which is durable."""

    def __init__(self, ledger: Ledger, version: int) -> None:
        """Nothing is read yet."""
        self._ledger, self._store, self._size = ledger, ledger.store, version + 1
        self._read = accumulator_nodes(ledger.store)

    # --- the ledger ---

    def ledger(self, certificate: QuorumCertificate | None, known_version: int = 0) -> LedgerProof | None:
        """To the certificate of this version, from the end of the epoch at a version (0: genesis) whose waypoint a
        client trusts. Where that is this version there is nothing to certify. None where no epoch has ended there.
        """
        ended = [] if certificate is None else self.ended_epochs(certificate.data.epoch)
        ends = [self._ledger.genesis_info, *(item.commit for item in ended)]
        if certificate is not None:
            ends.append(certificate.commit)
        for place, end in enumerate(ends):
            anchor = _anchor(end)
            if anchor is not None and anchor.version == known_version:
                path = prove_leaf(0, known_version + 1, self._read)
                last = None if known_version + 1 == self._size else certificate
                return LedgerProof(anchor, self.info(0), path, tuple(ended[place:]), last)
        return None

    def ended_epochs(self, epoch: int, after_version: int = 0) -> list[QuorumCertificate]:
        """The certificates that ended the epochs before this one after a version, oldest first."""
        rows = self._store.rows(Column.EPOCH, 1, epoch - 1)
        found = [QuorumCertificate.from_value(decode(row)) for number, row in rows if number < epoch]
        return [item for item in found if item.commit is not None and item.commit.version > after_version]

    def consistency(self, known_version: int) -> ConsistencyProof:
        """That the ledger begins with what a client knows."""
        return prove_consistency(known_version + 1, self._size, self._read)

    def prefix(self, earlier: int, later: int) -> PrefixProof:
        """That the ledger at one version begins with that at an earlier one."""
        frontier = frontier_at(earlier + 1, self._read)
        between = prove_consistency(earlier + 1, later + 1, self._read)
        return PrefixProof(frontier, later, between, prove_consistency(later + 1, self._size, self._read))

    # --- entries ---

    def info(self, version: int) -> TransactionInfo:
        """The accumulator's leaf of a version."""
        return TransactionInfo.from_bytes(read_info(self._row(version)))

    def path(self, version: int) -> LeafProof:
        """The siblings of that leaf."""
        return prove_leaf(version, self._size, self._read)

    def paths(self, first_version: int, count: int) -> RangeProof:
        """The siblings around consecutive leaves."""
        return prove_range(first_version, count, self._size, self._read)

    def transaction(self, version: int) -> TransactionProof:
        """One entry with its events."""
        return TransactionProof(version, self.path(version), _entry(self._row(version)))

    def entries(self, first: int, count: int) -> EntriesProof:
        """Consecutive entries with their events."""
        entries = tuple(_entry(self._row(version)) for version in range(first, first + count))
        return EntriesProof(first, self.paths(first, count), entries)

    def event(self, version: int, place: int) -> EventProof:
        """One event of an entry, by its place among the entry's events."""
        entry = _entry(self._row(version))
        path = prove_event([event_hash(event) for event in entry.events], place)
        return EventProof(version, self.path(version), entry.info, place, path, entry.events[place])

    # --- states ---

    def record(self, key: bytes, state: PastState, at: int | None = None) -> RecordProof:
        """A record or its absence in the state of a recent block, which is that of the version `at` too."""
        return RecordProof(self._checkpoint(state, at), key, *_held(key, state))

    def account(self, address: bytes, state: PastState, at: int | None = None) -> RecordProof:
        """An account or its absence, likewise."""
        return self.record(account_key(address), state, at)

    def stream(self, key: bytes, state: PastState, at: int | None = None) -> StreamProof:
        """How many events a stream has in the state of a recent block."""
        handle, creator = int.from_bytes(key[:8], "little"), key[8:]
        keys = [account_key(creator)]
        if creator == ASSOCIATION:
            config = state.get(CONFIG_KEY)
            assert isinstance(config, Config), "the configuration is there from genesis on"
            where = root_counter(handle, config.currencies)
            keys = list(dict.fromkeys([CONFIG_KEY, where[0] if where is not None else CONFIG_KEY]))
        return StreamProof(self._checkpoint(state, at), key, tuple(_held(item, state) for item in keys))

    def _checkpoint(self, state: PastState, at: int | None) -> Checkpoint:
        """Where the state of a version comes from."""
        count = 1 if at is None else at - state.version + 1
        infos = tuple(self.info(version) for version in range(state.version, state.version + count))
        return Checkpoint(state.version, infos, self.paths(state.version, count))

    def _row(self, version: int) -> bytes:
        """The stored entry of a durable version."""
        row = self._store.row(Column.TRANSACTION, version)
        if row is None:
            raise pruned(f"version {version}", self._ledger.base.version)
        return row


def _anchor(commit: CommitInfo | None) -> Anchor | None:
    """What a waypoint of the end of an epoch stands for."""
    if commit is None or commit.next_epoch is None:
        return None
    return Anchor(commit.epoch, commit.root, commit.version, commit.timestamp_us, commit.next_epoch)


def _entry(row: bytes) -> ProvedEntry:
    """A stored entry."""
    kind, data, info, events = read_entry(row)
    return ProvedEntry(TransactionInfo.from_bytes(info), kind, data, events)


def _held(key: bytes, state: PastState) -> tuple[bytes | None, StateProof]:
    """What a state holds under a key, and the path there."""
    record = state.get(key)
    return None if record is None else record.to_bytes(), tree.prove(state.tree, leaf_key(key))
