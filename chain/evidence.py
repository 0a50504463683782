"""Evidence: two signed statements of one validator that no honest one makes (docs/protocol.md, EV1 to EV6).

Whoever has the validator set of the epoch and the genesis hash can check it, and needs nothing else. Read
`verify_evidence` first. No honest validator can be named, crashed and restarted ones included: such statements are what
the signing record forbids (P1, P4, P5, P8), and that is durable before any signature leaves (P9).
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Any, NamedTuple

from chain.certificates import CommitInfo, read_vote_data
from chain.codec import Value, decode, encode, fields, sized
from chain.crypto.hashing import signing_message
from chain.crypto.signing import Scheme, SignatureCheck, Signatures
from chain.errors import EvidenceError
from chain.limits import MAX_EVIDENCE_BYTES
from chain.validators import Validator, ValidatorSet


class EvidenceKind(IntEnum):
    """What was done; the names are those of alarms, metrics and commands."""

    DOUBLE_PROPOSAL = 1
    """E1: two blocks of one round."""
    DOUBLE_VOTE = 2
    """E2: two votes of one round over different data."""
    LOCK_LIE = 3
    """E3: a vote on top of a certificate, and a time-out of that round or a later one that shows a lower one."""


DEEDS = {
    EvidenceKind.DOUBLE_PROPOSAL: "proposed two blocks",
    EvidenceKind.DOUBLE_VOTE: "voted twice",
    EvidenceKind.LOCK_LIE: "hid a certificate that it had voted on",
}
"""What each kind says of its author, for people."""


class Statement(NamedTuple):
    """What somebody signed: the body of a proposal, vote or time-out, and the signature."""

    body: tuple[Any, ...]
    """Header; or (vote data, commit info or None); or (epoch, round, round of the certificate that is shown)."""
    signature: bytes


class EvidenceId(NamedTuple):
    """What one piece of evidence is about. However many signatures a liar makes, this is known once."""

    epoch: int
    author: int
    kind: EvidenceKind
    round: int

    @property
    def name(self) -> str:
        """The kind's name in small letters."""
        return self.kind.name.lower()


class Evidence(NamedTuple):
    """Two statements of `author`, the place in the validator set of `epoch`."""

    kind: EvidenceKind
    epoch: int
    author: int
    first: Statement
    second: Statement

    def to_value(self) -> Value:
        """(kind, epoch, author, (body, signature), (body, signature))."""
        return (int(self.kind), self.epoch, self.author, tuple(self.first), tuple(self.second))

    @staticmethod
    def from_value(value: Value) -> "Evidence":
        """Read `to_value`; DecodeError on a wrong shape, EvidenceError (`evidence_kind`) for an unknown kind."""
        kind, epoch, author, first, second = fields(value, "evidence", int, int, int, tuple, tuple)
        if kind not in _FORMS:
            raise EvidenceError(f"there is no evidence of kind {kind}", name="evidence_kind", kind=kind)
        one, other = _FORMS[EvidenceKind(kind)]
        statements = _read_statement(first, one.read), _read_statement(second, other.read)
        return Evidence(EvidenceKind(kind), epoch, author, *statements)

    def to_bytes(self) -> bytes:
        """Canonical bytes, the portable form."""
        return encode(self.to_value())

    @staticmethod
    def from_bytes(data: bytes) -> "Evidence":
        """Read `to_bytes`; DecodeError or EvidenceError (`evidence_too_large`, `evidence_kind`)."""
        if len(data) > MAX_EVIDENCE_BYTES:
            raise EvidenceError(f"{len(data)} bytes, at most {MAX_EVIDENCE_BYTES}", name="evidence_too_large")
        return Evidence.from_value(decode(data))

    @property
    def rounds(self) -> tuple[int, int]:
        """Of the first and the second statement."""
        return _place(self.kind, 0, self.first.body)[1], _place(self.kind, 1, self.second.body)[1]

    @property
    def id(self) -> EvidenceId:
        """What it is about; the round of a lock lie is that of its time-out."""
        return EvidenceId(self.epoch, self.author, self.kind, self.rounds[1])


def verify_evidence(
    evidence: Evidence, validators: ValidatorSet, genesis_hash: bytes, signatures: Signatures
) -> Validator:
    """Who is guilty, by the set of the epoch alone; EvidenceError, whose name is the rule that is broken."""
    if evidence.epoch != validators.epoch:
        raise EvidenceError(
            f"evidence of epoch {evidence.epoch}, judged by the set of {validators.epoch}", name="evidence_epoch"
        )
    if evidence.author >= len(validators):
        raise EvidenceError(f"epoch {evidence.epoch} has no validator {evidence.author}", name="evidence_author")
    member = validators.members[evidence.author]
    prove(evidence, member.consensus_key, genesis_hash, signatures)
    return member


def prove(evidence: Evidence, key: bytes, genesis_hash: bytes, signatures: Signatures) -> None:
    """EvidenceError unless the owner of `key` signed both statements, and no honest validator signs both."""
    _check_conflict(evidence)
    for place, statement in enumerate((evidence.first, evidence.second)):
        message = signing_message(_FORMS[evidence.kind][place].type, genesis_hash, encode(statement.body))
        if not signatures.verify(SignatureCheck(Scheme.ED25519, key, message, statement.signature)):
            raise EvidenceError(f"the signature of statement {place + 1} is not its author's", name="bad_signature")


def _check_conflict(evidence: Evidence) -> None:
    """EV2 to EV4: both statements are of this epoch and author, and they contradict each other."""
    kind, first, second = evidence.kind, evidence.first.body, evidence.second.body
    places = (_place(kind, 0, first), _place(kind, 1, second))
    if any(epoch != evidence.epoch for epoch, _ in places):
        raise EvidenceError("a statement is of another epoch", name="evidence_epoch")
    if kind == EvidenceKind.DOUBLE_PROPOSAL and any(body[3] != evidence.author for body in (first, second)):
        raise EvidenceError("a proposal names another author", name="evidence_author")
    if kind == EvidenceKind.LOCK_LIE:
        (data, _), (_, timeout_round, shown) = first, second
        if timeout_round < data[1]:
            raise EvidenceError("the time-out is of an earlier round than the vote", name="evidence_round")
        if shown >= data[3]:
            raise EvidenceError("the time-out shows what the vote stands on, or more", name="no_conflict")
        return
    if places[0] != places[1]:
        raise EvidenceError("the statements are of different rounds", name="evidence_round")
    if encode(first) == encode(second):
        raise EvidenceError("both statements say the same", name="no_conflict")
    if encode(first) > encode(second):
        raise EvidenceError("the statements stand in the wrong order", name="evidence_order")


def _place(kind: EvidenceKind, place: int, body: tuple[Any, ...]) -> tuple[int, int]:
    """Epoch and round of a statement."""
    signed = body[0] if _FORMS[kind][place] is _VOTE else body
    return signed[0], signed[1]


def _read_statement(value: Value, read: Callable[[Value], None]) -> Statement:
    """(body, signature)."""
    body, signature = fields(value, "statement", tuple, bytes)
    read(body)
    return Statement(body, signature)


def _read_header(body: Value) -> None:
    """DecodeError unless it is a block's header."""
    items = fields(body, "block header", int, int, int, int, int, bytes, None, bytes)
    for digest in (items[5], items[7], *([] if items[6] is None else [items[6]])):
        sized(digest, 32, "block header")


def _read_vote(body: Value) -> None:
    """DecodeError unless it is what a vote signs."""
    data, commit = fields(body, "vote", tuple, None)
    read_vote_data(data)
    if commit is not None:
        CommitInfo.from_value(commit)


def _read_timeout(body: Value) -> None:
    """DecodeError unless it is what a time-out signs."""
    fields(body, "time-out", int, int, int)


class _Form(NamedTuple):
    """A type of signed message: what its signatures are tagged with (H3), and what refuses another shape."""

    type: str
    read: Callable[[Value], None]


_PROPOSAL, _VOTE, _TIMEOUT = _Form("Proposal", _read_header), _Form("Vote", _read_vote), _Form("Timeout", _read_timeout)
_FORMS = {
    EvidenceKind.DOUBLE_PROPOSAL: (_PROPOSAL, _PROPOSAL),
    EvidenceKind.DOUBLE_VOTE: (_VOTE, _VOTE),
    EvidenceKind.LOCK_LIE: (_VOTE, _TIMEOUT),
}
"""What the first and the second statement of each kind are."""
