"""From a trusted waypoint to believed facts, offline: nothing is taken on trust but the waypoint (X1 to X14).

The chain of reasons, one function a link: the waypoint names genesis and the first validator set; certificates that
end epochs name the later ones; the current set certifies a ledger by its accumulator root; that root holds the leaf of
an entry; the leaf holds the entry, its events, or the root of the state; and that root holds an account or its absence.
Each failure is a ProofError whose `step` names the link, and whose `rule` names what broke in it.
"""

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, NamedTuple, NoReturn

from chain.accounts import Account, account_key, leaf_key, value_hash
from chain.certificates import CommitInfo, QuorumCertificate
from chain.codec import Value, decode, encode, fields, sized
from chain.crypto.signing import Signatures
from chain.entries import Event, TransactionInfo, entry_hash, event_hash, info_hash
from chain.errors import CertificateError, DecodeError, MithqalError, ProofError
from chain.primitives import Address, Hash
from chain.state.accumulator import LeafProof, event_root
from chain.state.proof import verify_leaf, verify_state
from chain.state.tree import StateProof
from chain.validators import ValidatorSet

_WAYPOINT = re.compile(r"(0|[1-9][0-9]{0,18}):[0-9a-f]{64}", re.ASCII)
_CERTIFICATE_STEPS = {"bad_authors": "quorum", "no_quorum": "quorum", "bad_signature": "signature"}
"""Step by rule of a certificate; the other rules belong to `certificate`."""


class LedgerProof(NamedTuple):
    """From genesis to the latest certificate."""

    genesis: CommitInfo
    genesis_info: TransactionInfo
    """The accumulator's leaf of version 0."""
    epochs: tuple[QuorumCertificate, ...]
    """One certificate for each epoch that has ended, oldest first."""
    certificate: QuorumCertificate

    def to_value(self) -> Value:
        """The four fields in order."""
        epochs = tuple(certificate.to_value() for certificate in self.epochs)
        return (self.genesis.to_value(), self.genesis_info.to_value(), epochs, self.certificate.to_value())

    @staticmethod
    def from_value(value: object) -> "LedgerProof":
        """Read `to_value`; DecodeError on a wrong shape."""
        genesis, info, epochs, certificate = fields(value, "ledger proof", tuple, tuple, tuple, tuple)
        return LedgerProof(
            CommitInfo.from_value(genesis),
            TransactionInfo.from_value(info),
            tuple(map(QuorumCertificate.from_value, epochs)),
            QuorumCertificate.from_value(certificate),
        )


class TransactionProof(NamedTuple):
    """One entry of the ledger, whole."""

    version: int
    info: TransactionInfo
    path: LeafProof
    kind: int
    """KIND_USER, KIND_GENESIS or KIND_BLOCK_METADATA."""
    data: bytes
    """The envelope, the genesis document or the block's metadata."""
    events: tuple[Event, ...]

    def to_value(self) -> Value:
        """The six fields in order."""
        events: tuple[Any, ...] = tuple(map(tuple, self.events))
        return (self.version, self.info.to_value(), self.path.to_value(), self.kind, self.data, events)

    @staticmethod
    def from_value(value: object) -> "TransactionProof":
        """Read `to_value`; DecodeError on a wrong shape."""
        kinds = (int, tuple, tuple, int, bytes, tuple)
        version, info, path, kind, data, events = fields(value, "transaction proof", *kinds)
        return TransactionProof(
            version, TransactionInfo.from_value(info), LeafProof.from_value(path), kind, data,
            tuple(map(Event.from_value, events)),
        )  # fmt: skip


class AccountProof(NamedTuple):
    """The account at an address, or that there is none, at the end of one block."""

    version: int
    """The last version of the block."""
    info: TransactionInfo
    path: LeafProof
    address: Address
    record: bytes | None
    """The account's canonical bytes; None: there is no account."""
    state: StateProof

    def to_value(self) -> Value:
        """The six fields in order."""
        info, path, state = self.info.to_value(), self.path.to_value(), self.state.to_value()
        return (self.version, info, path, self.address, self.record, state)

    @staticmethod
    def from_value(value: object) -> "AccountProof":
        """Read `to_value`; DecodeError on a wrong shape."""
        kinds = (int, tuple, tuple, bytes, None, tuple)
        version, info, path, address, record, state = fields(value, "account proof", *kinds)
        if record is not None:
            fields((record,), "account record", bytes)
        return AccountProof(
            version, TransactionInfo.from_value(info), LeafProof.from_value(path),
            Address(sized(address, 16, "address")), record, StateProof.from_value(state),
        )  # fmt: skip


Fact = TransactionProof | AccountProof
FACTS: tuple[type[TransactionProof] | type[AccountProof], ...] = (TransactionProof, AccountProof)
"""What can be proved; its place is its number in a proof's bytes."""


class BelievedLedger(NamedTuple):
    """What a client knows after the certificates: the ledger up to a version, by its root."""

    genesis_hash: Hash
    validators: ValidatorSet
    """The set whose quorum signed."""
    commit: CommitInfo
    """The certified block: its version, root and time."""
    signers: tuple[int, ...]
    """Members that signed, ascending."""


def encode_proof(ledger: LedgerProof, fact: Fact) -> bytes:
    """(number of the kind, ledger proof, fact) as canonical bytes."""
    return encode((FACTS.index(type(fact)), ledger.to_value(), fact.to_value()))


def decode_proof(data: bytes) -> tuple[LedgerProof, Fact]:
    """Read `encode_proof`; ProofError at step `encoding`."""
    with _step("encoding"):
        number, ledger, fact = fields(decode(data), "proof", int, tuple, tuple)
        if number >= len(FACTS):
            raise DecodeError(f"no kind of proof has the number {number}", name="unknown_kind")
        return LedgerProof.from_value(ledger), FACTS[number].from_value(fact)


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
    genesis = proof.genesis
    if genesis.waypoint() != waypoint:
        refuse("waypoint", f"the proof starts from {genesis.waypoint()}, not from {waypoint}", "another_waypoint")
    validators = _first_validators(genesis, proof.genesis_info)
    genesis_hash, version = genesis.block_id, genesis.version
    for certificate in proof.epochs:
        commit = _verify_certificate(certificate, validators, genesis_hash, signatures, step="epochs")
        following = commit.next_epoch
        if following is None or following.epoch != validators.epoch + 1:
            refuse(
                "epochs", f"the certificate does not name the validators of epoch {validators.epoch + 1}", "next_epoch"
            )
        if commit.version <= version:
            refuse("epochs", f"epoch {validators.epoch} ends at version {commit.version}, not after {version}", "order")
        validators, version = following, commit.version
    commit = _verify_certificate(proof.certificate, validators, genesis_hash, signatures)
    if commit.version <= version:
        refuse("certificate", f"it commits version {commit.version}, not one after {version}", "order")
    signers = tuple(author for author, _ in proof.certificate.signatures)
    return BelievedLedger(genesis_hash, validators, commit, signers)


def verify_transaction(ledger: BelievedLedger, proof: TransactionProof) -> None:
    """The entry stands on the believed ledger with exactly these events (X7 to X9).

    ProofError at step `transaction_info`, `transaction` or `events`.
    """
    _verify_info(ledger, proof.version, proof.info, proof.path)
    with _step("transaction"):
        found = entry_hash(proof.kind, proof.data)
    if found != proof.info.transaction_hash:
        refuse("transaction", f"the bytes hash to {found.hex()}, not to {proof.info.transaction_hash.hex()}", "hash")
    root = event_root([event_hash(event) for event in proof.events])
    if root != proof.info.event_root:
        refuse("events", f"the events hash to {root.hex()}, not to {proof.info.event_root.hex()}", "root")


def verify_account(ledger: BelievedLedger, proof: AccountProof) -> Account | None:
    """The account at the end of a block of the believed ledger; None where there is none (X7, X10 to X12).

    ProofError at step `transaction_info`, `checkpoint`, `state` or `account`.
    """
    _verify_info(ledger, proof.version, proof.info, proof.path)
    root = proof.info.state_root
    if root is None:
        refuse("checkpoint", f"version {proof.version} does not end a block: it names no state root", "no_state_root")
    with _step("state"):
        held = None if proof.record is None else value_hash(proof.record)
        verify_state(root, leaf_key(account_key(proof.address)), held, proof.state)
    if proof.record is None:
        return None
    with _step("account"):
        account = Account.from_bytes(proof.record)
    if account.address != proof.address:
        refuse("account", f"the record is of {account.address.hex()}, not of {proof.address.hex()}", "another_address")
    return account


def _first_validators(genesis: CommitInfo, info: TransactionInfo) -> ValidatorSet:
    """The set of epoch 1, if the waypoint's commit info is genesis and its root is the leaf of version 0 (X3)."""
    if (genesis.epoch, genesis.round, genesis.version) != (0, 0, 0):
        refuse("genesis", "the waypoint is not that of a genesis: epoch, round and version are 0", "not_genesis")
    if genesis.next_epoch is None or genesis.next_epoch.epoch != 1:
        refuse("genesis", "genesis does not name the validators of epoch 1", "next_epoch")
    if info_hash(info.to_bytes()) != genesis.root:
        refuse("genesis", "the information of version 0 does not hash to the root of genesis", "root")
    if info.transaction_hash != genesis.block_id:
        refuse("genesis", "the block of genesis is not the hash of the genesis document", "block_id")
    return genesis.next_epoch


def _verify_certificate(
    certificate: QuorumCertificate,
    validators: ValidatorSet,
    genesis_hash: Hash,
    signatures: Signatures,
    step: str | None = None,
) -> CommitInfo:
    """What a quorum of the set committed (Q2 to Q6)."""
    try:
        certificate.verify(validators, genesis_hash, signatures)
    except CertificateError as error:
        refuse(step or _CERTIFICATE_STEPS.get(error.name, "certificate"), error.message, error.name)
    if certificate.commit is None:
        refuse(step or "certificate", "it commits no block", "no_commit")
    return certificate.commit


def _verify_info(ledger: BelievedLedger, version: int, info: TransactionInfo, path: LeafProof) -> None:
    """The leaf of a version is in the believed accumulator (X7)."""
    with _step("transaction_info"):
        verify_leaf(ledger.commit.root, version, ledger.commit.version + 1, info_hash(info.to_bytes()), path)


@contextmanager
def _step(step: str) -> Generator[None, None, None]:
    """What fails inside becomes a ProofError of this step; its own name becomes the rule."""
    try:
        yield
    except ProofError as error:
        refuse(step, error.message, str(error.details["step"]))
    except DecodeError as error:
        refuse(step, error.message, error.name)
