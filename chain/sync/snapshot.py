"""A certified block whose state can be fetched: made from a ledger, and believed from genesis on (SY3).

Everything in an offer hangs on the certificate: the block by its id, the last version's entry by the accumulator, the
state's root by that entry, and the accumulator's frontier by the accumulator's root.
"""

from typing import NamedTuple

from chain.block import Block, proposal_message
from chain.certificates import CommitInfo, QuorumCertificate
from chain.codec import decode
from chain.crypto.signing import Scheme, SignatureCheck, Signatures
from chain.entries import Event, TransactionInfo, info_hash
from chain.errors import ProofError
from chain.facts import Anchor, LedgerProof, ProvedEntry, TransactionProof
from chain.ledger import Ledger, read_block, read_info
from chain.light_client import verify_ledger, verify_transaction
from chain.primitives import Hash
from chain.prover import Prover
from chain.snapshot_messages import SnapshotOffer
from chain.state.accumulator import ConsistencyProof, Frontier, LeafProof, full_subtrees
from chain.state.proof import verify_consistency
from chain.storage import Column
from chain.validators import ValidatorSet


class Snapshot(NamedTuple):
    """A believed offer."""

    offer: SnapshotOffer
    state_root: Hash
    frontier: Frontier
    """Of the accumulator up to the block's last version."""

    @property
    def commit(self) -> CommitInfo:
        """What the certificate commits."""
        commit = self.offer.certificate.commit
        assert commit is not None, "verified"
        return commit

    @property
    def version(self) -> int:
        """The block's last version."""
        return self.commit.version

    @property
    def block(self) -> Block:
        """The block."""
        return self.offer.block

    @property
    def certificate(self) -> QuorumCertificate:
        """What commits it."""
        return self.offer.certificate

    def accumulator_nodes(self) -> dict[tuple[int, int], Hash]:
        """(level, index) -> root of each full subtree that is known: what extends genesis, the frontier, and what is
        beside the path of the last leaf, all of it to the left."""
        size, last = self.version + 1, self.version
        nodes = dict(zip(full_subtrees(1, size), map(Hash, self.offer.subtrees), strict=True))
        nodes |= zip(full_subtrees(0, size), self.frontier.roots, strict=True)
        beside = [(level, (last >> level) - 1) for level in range(last.bit_length()) if last >> level & 1]
        return nodes | dict(zip(beside, map(Hash, self.offer.path), strict=True))


def make_offer(ledger: Ledger, height: int, version: int) -> SnapshotOffer | None:
    """The offer of a durable block; None for genesis, and for one that no certificate names.

    Where an empty block above committed the last one of an epoch (E5), the next epoch's first is waited for.
    """
    row = ledger.store.row(Column.BLOCK, height)
    entry = ledger.store.row(Column.TRANSACTION, version)
    if row is None or entry is None:
        return None
    block, _, certificate = read_block(row)
    if block is None or certificate is None or certificate.commit is None or certificate.commit.block_id != block.id:
        return None
    ends = ledger.epoch_ends(1, certificate.data.epoch - 1)
    prover = Prover(ledger, version)
    kind, data, info, events = _entry(entry)
    return SnapshotOffer(
        tuple(ends), certificate, block, (kind, data, info, events),
        prover.path(version).siblings, prover.consistency(0).subtrees,
    )  # fmt: skip


def _entry(row: bytes) -> tuple[int, bytes, bytes, tuple[bytes, ...]]:
    """A stored version as it is."""
    value = decode(row)
    assert isinstance(value, tuple)
    kind, data, info, events = value
    return kind, data, info, events  # type: ignore[return-value]


def verify_offer(offer: SnapshotOffer, ledger: Ledger, signatures: Signatures) -> Snapshot:
    """Believe an offer, or say why not.

    ProofError at the steps of `verify_ledger` and `verify_transaction`, and `block` (the certificate commits another
    one, or its author did not sign it), `checkpoint` (no state root), `size`, `subtrees` or `root` (another
    accumulator); DecodeError.
    """
    genesis_row = ledger.store.row(Column.TRANSACTION, 0)
    assert genesis_row is not None, "genesis is always kept"
    genesis_info = TransactionInfo.from_bytes(read_info(genesis_row))
    start, validators = ledger.genesis_info, ledger.genesis_info.next_epoch
    assert validators is not None, "genesis names the first validators"
    anchor = Anchor(0, start.root, 0, start.timestamp_us, validators)
    proof = LedgerProof(anchor, genesis_info, LeafProof(()), offer.epochs, offer.certificate)
    believed = verify_ledger(ledger.waypoint(), proof, signatures)
    commit = believed.commit
    if offer.block.id != commit.block_id:
        raise ProofError("the certificate commits another block", step="block", rule="id")
    _check_author(offer, validators, ledger.genesis_hash, signatures)
    kind, data, info_bytes, events = offer.entry
    info = TransactionInfo.from_bytes(info_bytes)
    path = LeafProof(tuple(map(Hash, offer.path)))
    parsed = tuple(Event.from_value(decode(event)) for event in events)
    verify_transaction(believed, TransactionProof(commit.version, path, ProvedEntry(info, kind, data, parsed)))
    if info.state_root is None:
        raise ProofError("the block's last version names no state root", step="checkpoint", rule="no_state_root")
    first = Frontier.empty().append([info_hash(genesis_info.to_bytes())])[0]
    extension = ConsistencyProof(tuple(map(Hash, offer.subtrees)))
    frontier = verify_consistency(first, commit.version + 1, commit.root, extension)
    return Snapshot(offer, info.state_root, frontier)


def _check_author(offer: SnapshotOffer, first: ValidatorSet, genesis_hash: bytes, signatures: Signatures) -> None:
    """The block is kept and given to others with its author's signature, which its id does not fix. ProofError."""
    ended = offer.epochs[-1].commit if offer.epochs else None
    validators = first if ended is None or ended.next_epoch is None else ended.next_epoch
    header = offer.block.header
    key = validators.members[header.author].consensus_key
    message = proposal_message(header, genesis_hash)
    if not signatures.verify(SignatureCheck(Scheme.ED25519, key, message, offer.block.signature)):
        raise ProofError("the block is not signed by its author", step="block", rule="signature")
