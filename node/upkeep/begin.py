"""Where a verification begins in a ledger that came by a snapshot: what is believed of it, and by what.

Genesis is there, then nothing up to the base, the last version of a certified block. Certificates lead from genesis to
it, the base's leaf stands in the accumulator that they sign, and the state that the leaf names is given back by the
rows of replaced records from the newest state. Where those do not reach back to the base (the window is smaller), the
versions in between are held against the accumulator, and executing begins above them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, cast

from chain.block import Block
from chain.certificates import CommitInfo, QuorumCertificate, genesis_certificate
from chain.codec import decode, encode
from chain.crypto.signing import RealSignatures
from chain.entries import TransactionInfo, entry_hash, event_hash, info_hash
from chain.errors import MithqalError, ProofError
from chain.genesis import GenesisDocument, first_validators, genesis_hash
from chain.kept import Base, base_row, read_base
from chain.ledger import read_block, read_entry, read_tip
from chain.primitives import Hash
from chain.state.accumulator import (
    STORED_LEVEL,
    ConsistencyProof,
    Frontier,
    LeafProof,
    event_root,
    full_subtrees,
    position,
)
from chain.state.proof import verify_consistency, verify_frontier, verify_leaf
from chain.state.undo import UndoLog
from chain.storage import Column, Store
from node.storage.reading import LedgerFile

MAX_EPOCHS = 1 << 20


class Beginning(NamedTuple):
    """What the execution begins from."""

    base: Base
    """The snapshot's last version and height."""
    version: int
    """The last version before the first that is executed: the base's unless the window begins later."""
    height: int
    rows: dict[tuple[Column, int], bytes]
    """What a ledger at this version reads of its store when it is opened."""
    state: dict[bytes, bytes]
    """The state at this version."""
    inner: dict[int, Hash]
    """The accumulator's nodes up to here, by position."""


class _WholeRows:
    """A ledger's file as the part of a `Store` that an `UndoLog` reads; a damaged row ends it."""

    def __init__(self, file: LedgerFile) -> None:
        """Nothing is read yet."""
        self._file = file

    def rows(self, column: Column, start: int, limit: int) -> list[tuple[int, bytes]]:
        """Rows from a key on."""
        found: list[tuple[int, bytes]] = []
        for key, stored in self._file.rows(column, start):
            if len(found) == limit or not stored.is_whole:
                break
            found.append((key, stored.value))
        return found

    def row(self, column: Column, key: int) -> bytes | None:
        """A row, or None."""
        stored = self._file.row(column, key)
        return None if stored is None or not stored.is_whole else stored.value


def whole_rows(file: LedgerFile) -> Store:
    """A ledger's file for readers of rows."""
    return cast("Store", _WholeRows(file))


def read_beginning(file: LedgerFile, document: GenesisDocument) -> Beginning | None:
    """Where to begin; None for a ledger that begins at genesis.

    ProofError with the version that is not what the certificates say, and `kind` (docs/operations.md).
    """
    rows = whole_rows(file)
    base = read_base(rows)
    if base.version == 0:
        return None
    with _blaming(base.version, "snapshot"):
        tip = read_tip(decode(_whole(rows.row(Column.META, 0), "the tip")))
        _, commit = _certified(rows, document, base.height)
        leaf = _leaf(rows, base.version)
        inner, frontier = _check_base(rows, commit, leaf)
    undo = UndoLog(rows, 1 << 62)
    version, height = base
    block, certificate = _block(rows, height)
    if base.version < tip.version and (undo.oldest is None or undo.oldest > base.version):
        version, height = _first_certified(rows, base.height, undo.oldest if undo.oldest is not None else tip.version)
        frontier = _walk(rows, base, version, frontier, inner)
        _walk_blocks(rows, base, height)
        with _blaming(version, "certificate"):
            (block, certificate), commit = _block(rows, height), _certified(rows, document, height)[1]
            verify_frontier(commit.root, version + 1, frontier)
    info = TransactionInfo.from_bytes(_leaf(rows, version)[2])
    state = _state_at(file, undo, version, tip.version)
    ends = _ends(rows, certificate)
    found = {(Column.EPOCH, end.data.epoch): end.to_bytes() for end in ends}
    if base.version:
        column, key, data = base_row(base)
        assert data is not None
        found[column, key] = data
    if info.state_root is None:
        raise ProofError(f"version {version} names no state", version=version, kind="state_root")
    found[Column.META, 0] = encode((
        genesis_hash(document), block.id, height, block.round, version, block.header.timestamp_us, info.state_root,
        frontier.to_value(), certificate.to_value(),
    ))  # fmt: skip
    return Beginning(base, version, height, found, state, inner)


def expected_beside(base_version: int) -> list[tuple[int, int]]:
    """(level, index) of the accumulator's nodes that a snapshot brings."""
    size, last = base_version + 1, base_version
    beside = [(level, (last >> level) - 1) for level in range(last.bit_length()) if last >> level & 1]
    return sorted({*full_subtrees(1, size), *full_subtrees(0, size), *beside})


def _check_base(rows: Store, commit: CommitInfo, leaf: tuple[int, bytes, bytes, Sequence[object]]) -> tuple[
    dict[int, Hash], Frontier
]:  # fmt: skip
    """The base's accumulator: each node that came with it is what the certified root gives."""
    version, size = commit.version, commit.version + 1
    nodes = {
        place: Hash(_whole(rows.row(Column.ACCUMULATOR, position(*place)), f"the accumulator's node {place}"))
        for place in expected_beside(version)
    }
    genesis = Frontier.empty().append([info_hash(_leaf(rows, 0)[2])])[0]
    extension = ConsistencyProof(tuple(nodes[place] for place in full_subtrees(1, size)))
    frontier = verify_consistency(genesis, size, commit.root, extension)
    verify_frontier(commit.root, size, Frontier(size, tuple(nodes[place] for place in full_subtrees(0, size))))
    beside = [(level, (version >> level) - 1) for level in range(version.bit_length()) if version >> level & 1]
    path = LeafProof(tuple(nodes[place] for place in beside))
    verify_leaf(commit.root, version, size, info_hash(leaf[2]), path)
    return {position(*place): node for place, node in nodes.items()}, frontier


def _leaf(rows: Store, version: int) -> tuple[int, bytes, bytes, Sequence[object]]:
    """A version's row, whose bytes and events are those of its information; ProofError."""
    kind, data, info_bytes, events = read_entry(_whole(rows.row(Column.TRANSACTION, version), f"version {version}"))
    info = TransactionInfo.from_bytes(info_bytes)
    if entry_hash(kind, data) != info.transaction_hash:
        raise ProofError("its bytes are not those of its leaf", version=version, kind="transaction")
    if event_root([event_hash(event) for event in events]) != info.event_root:
        raise ProofError("its events are not those of its leaf", version=version, kind="event")
    return kind, data, info_bytes, events


def _walk(rows: Store, base: Base, last: int, frontier: Frontier, inner: dict[int, Hash]) -> Frontier:
    """Versions above the base up to `last`, held against their leaves and the accumulator's nodes."""
    for version in range(base.version + 1, last + 1):
        with _blaming(version, "transaction"):
            leaf = info_hash(_leaf(rows, version)[2])
        frontier, full = frontier.append([leaf], from_level=STORED_LEVEL)
        for place, node in full:
            inner[place] = node
            if rows.row(Column.ACCUMULATOR, place) != node:
                raise ProofError(f"the accumulator's node {place} differs", version=version, kind="accumulator")
    return frontier


def _walk_blocks(rows: Store, base: Base, last: int) -> None:
    """Blocks above the base up to one that is certified: each is whole, and the parent of the next."""
    first = _block(rows, base.height)[0]
    parent, epoch, version = first.id, first.header.epoch, base.version
    for height in range(base.height + 1, last + 1):
        with _blaming(version + 1, "block"):
            block, span, _ = read_block(_whole(rows.row(Column.BLOCK, height), f"block {height}"))
            if block is not None and block.header.epoch == epoch + 1:
                parent, epoch = _epoch_start(rows, epoch), epoch + 1
            if block is None or block.parent_id != parent or span[0] != version + 1:
                raise ProofError(f"block {height} does not follow the one before")
        parent, version = block.id, span[1]


def _epoch_start(rows: Store, epoch: int) -> Hash:
    """What the first block above the end of an epoch has for a parent (E6)."""
    end = QuorumCertificate.from_value(
        decode(_whole(rows.row(Column.EPOCH, epoch), f"the end of epoch {epoch}"))
    ).commit
    if end is None:
        raise ProofError(f"nothing ends epoch {epoch}", kind="epoch")
    return genesis_certificate(end, epoch + 1).block_id


def _first_certified(rows: Store, height: int, least: int) -> tuple[int, int]:
    """The first block above a height that ends at or above a version and has a certificate of its own."""
    while True:
        height += 1
        block, (_, last), certificate = read_block(_whole(rows.row(Column.BLOCK, height), f"block {height}"))
        named = None if certificate is None else certificate.commit
        if last >= least and block is not None and named is not None and named.block_id == block.id:
            return last, height


def _block(rows: Store, height: int) -> tuple[Block, QuorumCertificate]:
    """A block with its own certificate; ProofError without."""
    block, _, certificate = read_block(_whole(rows.row(Column.BLOCK, height), f"block {height}"))
    if block is None or certificate is None or certificate.commit is None or certificate.commit.block_id != block.id:
        raise ProofError(f"block {height} has no certificate of its own", kind="certificate")
    return block, certificate


def _ends(rows: Store, certificate: QuorumCertificate) -> list[QuorumCertificate]:
    """What ended the epochs up to the one that a certificate belongs to, and its own if it ends that one."""
    ended = certificate.commit is not None and certificate.commit.next_epoch is not None
    last = certificate.data.epoch - (0 if ended else 1)
    found = rows.rows(Column.EPOCH, 1, MAX_EPOCHS)
    return [QuorumCertificate.from_value(decode(data)) for epoch, data in found if epoch <= last]


def _certified(rows: Store, document: GenesisDocument, height: int) -> tuple[Block, CommitInfo]:
    """A block's own certificate, believed from genesis on through the ends of all epochs; ProofError or others."""
    block, certificate = _block(rows, height)
    validators, genesis, signatures = first_validators(document), genesis_hash(document), RealSignatures()
    for end in _ends(rows, certificate):
        if end.data.epoch == certificate.data.epoch:
            break
        end.verify(validators, genesis, signatures)
        following = None if end.commit is None else end.commit.next_epoch
        if following is None or following.epoch != validators.epoch + 1:
            raise ProofError(f"nothing ends epoch {validators.epoch}", kind="epoch")
        validators = following
    certificate.verify(validators, genesis, signatures)
    assert certificate.commit is not None, "asked for above"
    return block, certificate.commit


def _state_at(file: LedgerFile, undo: UndoLog, version: int, tip: int) -> dict[bytes, bytes]:
    """The newest state with everything put back that was replaced after a version."""
    state = {key: stored.value for key, stored in file.states()}
    if version == tip:
        return state
    back = undo.replaced_between(version, tip)
    if back is None:
        raise ProofError(f"rows of replaced records are missing after version {version}", version=version, kind="undo")
    for key, value in back[1].items():
        if value is None:
            state.pop(key, None)
        else:
            state[key] = value
    return state


def _whole(row: bytes | None, what: str) -> bytes:
    """A row that is there and whole."""
    if row is None:
        raise ProofError(f"{what} is missing, or fails its checksum")
    return row


@contextmanager
def _blaming(version: int, kind: str) -> Iterator[None]:
    """Whatever is refused inside names a version and a kind, unless it does already."""
    try:
        yield
    except MithqalError as error:
        error.details.setdefault("version", version)
        error.details.setdefault("kind", kind)
        raise
