"""From a trusted waypoint to believed facts, offline: nothing is taken on trust but the waypoint (X1 to X21).

The chain of reasons, one function a link: the waypoint names a ledger and the validators that go on from there;
certificates that end epochs name the later ones; the current set certifies a ledger by its accumulator root; that root
holds the leaf of an entry; the leaf holds the entry, its events, or the root of the state; and that root holds a record
or its absence. Each failure is a ProofError whose `step` names the link, and whose `rule` names what broke in it.
"""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, NoReturn

from chain.accounts import (
    ASSOCIATION,
    CONFIG_KEY,
    Account,
    Config,
    Currency,
    Record,
    account_key,
    is_record_key,
    leaf_key,
    read_record,
    value_hash,
)
from chain.certificates import CommitInfo, QuorumCertificate
from chain.crypto.signing import Signatures
from chain.entries import TransactionInfo, entry_hash, event_hash, info_hash
from chain.errors import CertificateError, DecodeError, EvidenceError, MithqalError, ProofError
from chain.evidence import verify_evidence
from chain.facts import (
    Anchor,
    Checkpoint,
    EntriesProof,
    EventProof,
    EvidenceProof,
    Fact,
    LedgerProof,
    PrefixProof,
    ProvedEntry,
    RecordProof,
    StreamProof,
    TransactionProof,
    read_proof,
)
from chain.primitives import Hash
from chain.state.accumulator import LeafProof, RangeProof, event_root, full_subtrees
from chain.state.proof import verify_consistency, verify_event_leaf, verify_leaf, verify_range, verify_state
from chain.state.tree import StateProof
from chain.streams import root_counter
from chain.validators import Validator, ValidatorSet

_WAYPOINT = re.compile(r"(0|[1-9][0-9]{0,18}):[0-9a-f]{64}", re.ASCII)
_CERTIFICATE_STEPS = {"bad_authors": "quorum", "no_quorum": "quorum", "bad_signature": "signature"}
"""Step by rule of a certificate; the other rules belong to `certificate`."""


class BelievedLedger(NamedTuple):
    """What a client knows after the certificates: the ledger up to a version, by its root."""

    genesis_hash: Hash
    validators: ValidatorSet
    """The set whose quorum signed."""
    commit: CommitInfo
    """The certified block: its version, root and time. Of a waypoint's own ledger there is no round and no block."""
    signers: tuple[int, ...]
    """Members that signed, ascending; none where the waypoint itself is all that is known."""
    anchors: tuple[Anchor, ...]
    """Ends of epochs, from the waypoint's on: each is a waypoint that may be trusted from now on."""


def decode_proof(data: bytes) -> tuple[LedgerProof, Fact]:
    """Read a proof's bytes; ProofError at step `encoding`."""
    with _step("encoding"):
        return read_proof(data)


def check_waypoint(text: str) -> str:
    """A waypoint's text as it is; MithqalError (`bad_waypoint`) unless it is `version:hash` (X1)."""
    if _WAYPOINT.fullmatch(text) is None:
        raise MithqalError(
            f"{text[:80]!r} is no waypoint: that is a version, a colon and 64 digits of lower-case hex, as the"
            " network.json of a network has it",
            name="bad_waypoint",
        )
    return text


def refuse(step: str, message: str, rule: str) -> NoReturn:
    """Raise the ProofError of a step."""
    raise ProofError(f"the proof fails at step {step}: {message}", step=step, rule=rule)


def verify_ledger(waypoint: str, proof: LedgerProof, signatures: Signatures) -> BelievedLedger:
    """Walk from the waypoint to the latest certificate (X2 to X6).

    ProofError at step `waypoint`, `genesis`, `epochs`, `certificate`, `quorum` or `signature`.
    """
    anchor = proof.anchor
    if anchor.waypoint() != waypoint:
        refuse("waypoint", f"the proof starts from {anchor.waypoint()}, not from {waypoint}", "another_waypoint")
    if anchor.next_epoch.epoch != anchor.epoch + 1:
        refuse("genesis", f"the waypoint does not name the validators of epoch {anchor.epoch + 1}", "next_epoch")
    with _step("genesis"):
        leaf = info_hash(proof.genesis_info.to_bytes())
        verify_leaf(anchor.root, 0, anchor.version + 1, leaf, proof.genesis_path)
    genesis_hash, anchors = proof.genesis_info.transaction_hash, [anchor]
    for certificate in proof.epochs:
        commit = _verify_certificate(certificate, anchors[-1], genesis_hash, signatures, step="epochs")
        if commit.next_epoch is None:
            refuse("epochs", f"the certificate does not end epoch {commit.epoch}", "next_epoch")
        anchors.append(_anchor(commit, commit.next_epoch))
    validators = anchors[-1].next_epoch
    if proof.certificate is None:
        if proof.epochs:
            refuse("certificate", "there is none, though epochs have ended since the waypoint", "missing")
        itself = CommitInfo(anchor.epoch, 0, genesis_hash, anchor.root, anchor.version, anchor.timestamp_us, validators)
        return BelievedLedger(genesis_hash, validators, itself, (), (anchor,))
    commit = _verify_certificate(proof.certificate, anchors[-1], genesis_hash, signatures)
    if commit.next_epoch is not None:
        anchors.append(_anchor(commit, commit.next_epoch))
    signers = tuple(author for author, _ in proof.certificate.signatures)
    return BelievedLedger(genesis_hash, validators, commit, signers, tuple(anchors))


def verify_transaction(ledger: BelievedLedger, proof: TransactionProof) -> None:
    """The entry stands on the believed ledger with exactly these events (X7 to X9).

    ProofError at step `transaction_info`, `transaction` or `events`.
    """
    _verify_info(ledger, proof.version, proof.entry.info, proof.path)
    _verify_entry(proof.entry)


def verify_entries(ledger: BelievedLedger, proof: EntriesProof) -> None:
    """All entries from `first` on stand on the believed ledger, each with exactly its events (X15).

    ProofError at step `transaction_info`, `transaction` or `events`.
    """
    _verify_infos(ledger, proof.first, [entry.info for entry in proof.entries], proof.path)
    for entry in proof.entries:
        _verify_entry(entry)


def verify_event(ledger: BelievedLedger, proof: EventProof) -> None:
    """The event stands at its place among those of its version (X7, X16).

    ProofError at step `transaction_info` or `event`.
    """
    _verify_info(ledger, proof.version, proof.info, proof.path)
    with _step("event"):
        verify_event_leaf(proof.info.event_root, proof.place, event_hash(proof.event), proof.event_path)


def verify_record(ledger: BelievedLedger, proof: RecordProof) -> Record | None:
    """What the state of `proof.checkpoint.at` holds under the key; None: nothing (X10 to X12).

    ProofError at step `transaction_info`, `checkpoint`, `state` or `record`.
    """
    root = _verify_checkpoint(ledger, proof.checkpoint)
    return _verify_state(root, proof.key, proof.record, proof.path)


def verify_stream(ledger: BelievedLedger, proof: StreamProof) -> int:
    """How many events the stream has in the state of `proof.checkpoint.at`: their numbers are those below (X17).

    ProofError at step `transaction_info`, `checkpoint`, `state`, `record` or `stream`.
    """
    root = _verify_checkpoint(ledger, proof.checkpoint)
    handle, creator = int.from_bytes(proof.key[:8], "little"), proof.key[8:]
    keys = [account_key(creator) if creator != ASSOCIATION else CONFIG_KEY]
    if len(proof.records) not in (1, 2):
        refuse("stream", f"{len(proof.records)} records, a stream has 1 or 2", "records")
    found = _verify_state(root, keys[0], *proof.records[0])
    place = handle
    if isinstance(found, Config):
        where = root_counter(handle, found.currencies)
        if where is not None and where[0] != CONFIG_KEY:
            keys.append(where[0])
        place = len(found.streams) if where is None else where[1]
    if len(proof.records) != len(keys):
        refuse("stream", f"{len(proof.records)} records, this stream has {len(keys)}", "records")
    if len(keys) == 2:
        found = _verify_state(root, keys[1], *proof.records[1])
    counters = found.streams if isinstance(found, Account | Config | Currency) else ()
    return counters[place] if place < len(counters) else 0


def verify_prefix(ledger: BelievedLedger, proof: PrefixProof) -> tuple[Hash, Hash]:
    """The believed ledger begins with that of the later version, and this one with that of the earlier (X18).

    Gives both accumulator roots. ProofError at step `prefix`.
    """
    first, second, size = proof.earlier.size, proof.later + 1, ledger.commit.version + 1
    if not 1 <= first <= second <= size:
        refuse("prefix", f"versions {first - 1}, {proof.later} and {size - 1} do not rise from 0 on", "order")
    expected = len(full_subtrees(first, second))
    if len(proof.between.subtrees) != expected:
        refuse("prefix", f"{len(proof.between.subtrees)} subtrees instead of {expected}", "subtrees")
    later = proof.earlier.extend(second, proof.between.subtrees)
    with _step("prefix"):
        verify_consistency(later, size, ledger.commit.root, proof.rest)
    return proof.earlier.root(), later.root()


def verify_guilt(ledger: BelievedLedger, proof: EvidenceProof, signatures: Signatures) -> Validator:
    """Who signed what no honest validator signs, by the set of that epoch (X21).

    ProofError at step `evidence`: also of an epoch before the waypoint's, or that has not begun.
    """
    epoch = proof.evidence.epoch
    for anchor in ledger.anchors:
        if anchor.next_epoch.epoch == epoch:
            with _step("evidence"):
                return verify_evidence(proof.evidence, anchor.next_epoch, ledger.genesis_hash, signatures)
    refuse("evidence", f"the proof does not name the validators of epoch {epoch}", "evidence_epoch")


def _anchor(commit: CommitInfo, following: ValidatorSet) -> Anchor:
    """The end of an epoch, as the next one starts from it."""
    return Anchor(commit.epoch, commit.root, commit.version, commit.timestamp_us, following)


def _verify_certificate(
    certificate: QuorumCertificate, before: Anchor, genesis_hash: Hash, signatures: Signatures, step: str | None = None
) -> CommitInfo:
    """What a quorum of the next epoch's set committed (Q2 to Q6), after the end of the epoch before."""
    validators = before.next_epoch
    try:
        certificate.verify(validators, genesis_hash, signatures)
    except CertificateError as error:
        refuse(step or _CERTIFICATE_STEPS.get(error.name, "certificate"), error.message, error.name)
    step, commit = step or "certificate", certificate.commit
    if commit is None:
        refuse(step, "it commits no block", "no_commit")
    if commit.version <= before.version:
        refuse(step, f"it commits version {commit.version}, not one after {before.version}", "order")
    if commit.next_epoch is not None and commit.next_epoch.epoch != validators.epoch + 1:
        refuse(step, f"it does not name the validators of epoch {validators.epoch + 1}", "next_epoch")
    return commit


def _verify_info(ledger: BelievedLedger, version: int, info: TransactionInfo, path: LeafProof) -> None:
    """The leaf of a version is in the believed accumulator (X7)."""
    with _step("transaction_info"):
        verify_leaf(ledger.commit.root, version, ledger.commit.version + 1, info_hash(info.to_bytes()), path)


def _verify_infos(ledger: BelievedLedger, first: int, infos: Sequence[TransactionInfo], path: RangeProof) -> None:
    """The leaves of consecutive versions are in the believed accumulator (X7)."""
    with _step("transaction_info"):
        leaves = [info_hash(info.to_bytes()) for info in infos]
        verify_range(ledger.commit.root, first, ledger.commit.version + 1, leaves, path)


def _verify_entry(entry: ProvedEntry) -> None:
    """The bytes and events are those of the leaf (X8, X9)."""
    with _step("transaction"):
        found = entry_hash(entry.kind, entry.data)
    if found != entry.info.transaction_hash:
        refuse("transaction", f"the bytes hash to {found.hex()}, not to {entry.info.transaction_hash.hex()}", "hash")
    root = event_root([event_hash(event) for event in entry.events])
    if root != entry.info.event_root:
        refuse("events", f"the events hash to {root.hex()}, not to {entry.info.event_root.hex()}", "root")


def _verify_checkpoint(ledger: BelievedLedger, checkpoint: Checkpoint) -> Hash:
    """The root of the state that a version has (X10)."""
    _verify_infos(ledger, checkpoint.version, checkpoint.infos, checkpoint.path)
    root = checkpoint.infos[0].state_root
    if root is None:
        refuse("checkpoint", f"version {checkpoint.version} ends no block: it names no state root", "no_state_root")
    if any(info.state_root is not None for info in checkpoint.infos[1:]):
        refuse("checkpoint", f"a later block ends between {checkpoint.version} and {checkpoint.at}", "later_state")
    return root


def _verify_state(root: Hash, key: bytes, data: bytes | None, path: StateProof) -> Record | None:
    """The record under a key, of the kind and name that the key says (X11, X12)."""
    with _step("state"):
        verify_state(root, leaf_key(key), None if data is None else value_hash(data), path)
    if data is None:
        return None
    with _step("record"):
        if not is_record_key(key):
            raise DecodeError(f"no record has a key like {key[:20].hex()}", name="unknown_key")
        record = read_record(key, data)
    if isinstance(record, Account) and account_key(record.address) != key:
        refuse("record", f"the account is that of {record.address.hex()}, under the key {key.hex()}", "another_address")
    return record


@contextmanager
def _step(step: str) -> Generator[None, None, None]:
    """What fails inside becomes a ProofError of this step; its own name becomes the rule."""
    try:
        yield
    except ProofError as error:
        refuse(step, error.message, str(error.details["step"]))
    except (DecodeError, EvidenceError) as error:
        refuse(step, error.message, error.name)
