"""Every message between validators, and the one table that decodes them (docs/formats.md, "Messages")."""

from collections.abc import Callable
from typing import Any, NamedTuple, get_args

from chain.block import Block, Header, header_id, read_header
from chain.certificates import (
    CommitInfo,
    QuorumCertificate,
    TimeoutCertificate,
    VoteData,
    read_vote_data,
)
from chain.codec import NIL, Value, decode, encode, fields, joined, sized
from chain.errors import DecodeError
from chain.evidence import Evidence, EvidenceId, EvidenceKind
from chain.limits import EVIDENCE_IDS
from chain.primitives import Hash
from chain.snapshot_messages import (
    Chunk,
    ChunkRequest,
    SnapshotMessage,
    SnapshotOffer,
    SnapshotRequest,
    SnapshotWritten,
)


class Vote(NamedTuple):
    """One validator's signature over a block's result, and over what it commits."""

    data: VoteData
    commit: CommitInfo | None
    author: int
    signature: bytes

    def to_value(self) -> Value:
        """(data, commit info or None, author, signature)."""
        commit = None if self.commit is None else self.commit.to_value()
        return (tuple(self.data), commit, self.author, self.signature)

    @staticmethod
    def from_value(value: Value) -> "Vote":
        """Read `to_value`."""
        data, commit, author, signature = fields(value, "vote", tuple, None, int, bytes)
        info = None if commit is None else CommitInfo.from_value(commit)
        return Vote(read_vote_data(data), info, author, signature)


class SyncInfo(NamedTuple):
    """What a validator knows best: highest certificate, highest commit certificate, time-out if it is newer."""

    high_qc: QuorumCertificate
    high_commit: QuorumCertificate
    tc: TimeoutCertificate | None

    def to_value(self) -> Value:
        """The three in order."""
        tc = None if self.tc is None else self.tc.to_value()
        return (self.high_qc.to_value(), self.high_commit.to_value(), tc)

    def to_bytes(self) -> bytes:
        """The encoding of `to_value`."""
        tc = NIL if self.tc is None else self.tc.to_bytes()
        return joined((), self.high_qc.to_bytes(), self.high_commit.to_bytes(), tc)

    @staticmethod
    def from_value(value: Value) -> "SyncInfo":
        """Read `to_value`."""
        high, commit, tc = fields(value, "sync info", tuple, tuple, None)
        timeout = None if tc is None else TimeoutCertificate.from_value(tc)
        return SyncInfo(QuorumCertificate.from_value(high), QuorumCertificate.from_value(commit), timeout)


class Proposal(NamedTuple):
    """A leader's block, with the highest commit certificate that it knows."""

    block: Block
    high_commit: QuorumCertificate

    def to_value(self) -> Value:
        """(block, certificate)."""
        return (self.block.to_value(), self.high_commit.to_value())

    def to_bytes(self) -> bytes:
        """The encoding of `to_value`."""
        return joined((), self.block.to_bytes(), self.high_commit.to_bytes())

    @staticmethod
    def from_value(value: Value) -> "Proposal":
        """Read `to_value`."""
        block, commit = fields(value, "proposal", tuple, tuple)
        return Proposal(Block.from_value(block), QuorumCertificate.from_value(commit))


class Timeout(NamedTuple):
    """One validator gives up a round; it shows its highest certificate and why it is in that round."""

    epoch: int
    round: int
    author: int
    signature: bytes
    sync: SyncInfo

    def to_value(self) -> Value:
        """The five in order."""
        return (self.epoch, self.round, self.author, self.signature, self.sync.to_value())

    def to_bytes(self) -> bytes:
        """The encoding of `to_value`."""
        return joined((self.epoch, self.round, self.author, self.signature), self.sync.to_bytes())

    @staticmethod
    def from_value(value: Value) -> "Timeout":
        """Read `to_value`."""
        epoch, round_, author, signature, sync = fields(value, "timeout", int, int, int, bytes, tuple)
        return Timeout(epoch, round_, author, signature, SyncInfo.from_value(sync))


class BlockRequest(NamedTuple):
    """Send the block of this id and its ancestors above `above_height`, oldest first."""

    block_id: Hash
    above_height: int

    def to_value(self) -> Value:
        """(block id, height)."""
        return (self.block_id, self.above_height)

    @staticmethod
    def from_value(value: Value) -> "BlockRequest":
        """Read `to_value`."""
        block_id, height = fields(value, "block request", bytes, int)
        return BlockRequest(Hash(sized(block_id, 32, "block id")), height)


class BlockResponse(NamedTuple):
    """Blocks, oldest first, each the parent of the next; empty if not known."""

    block_id: Hash
    blocks: tuple[Block, ...]

    def to_value(self) -> Value:
        """(requested id, blocks)."""
        return (self.block_id, tuple(block.to_value() for block in self.blocks))

    @staticmethod
    def from_value(value: Value) -> "BlockResponse":
        """Read `to_value`."""
        block_id, blocks = fields(value, "block response", bytes, tuple)
        return BlockResponse(Hash(sized(block_id, 32, "block id")), tuple(map(Block.from_value, blocks)))


class CommittedRequest(NamedTuple):
    """Send committed blocks from this height on."""

    start_height: int

    def to_value(self) -> Value:
        """(height,)."""
        return (self.start_height,)

    @staticmethod
    def from_value(value: Value) -> "CommittedRequest":
        """Read `to_value`."""
        (height,) = fields(value, "committed request", int)
        return CommittedRequest(height)


class CommittedResponse(NamedTuple):
    """Consecutive committed blocks and a certificate whose commit info names the last of them."""

    start_height: int
    blocks: tuple[Block, ...]
    proof: QuorumCertificate | None

    def to_value(self) -> Value:
        """(height, blocks, certificate or None)."""
        proof = None if self.proof is None else self.proof.to_value()
        return (self.start_height, tuple(block.to_value() for block in self.blocks), proof)

    @staticmethod
    def from_value(value: Value) -> "CommittedResponse":
        """Read `to_value`."""
        height, blocks, proof = fields(value, "committed response", int, tuple, None)
        certificate = None if proof is None else QuorumCertificate.from_value(proof)
        return CommittedResponse(height, tuple(map(Block.from_value, blocks)), certificate)


class Transactions(NamedTuple):
    """Envelopes that the sender's own clients submitted."""

    envelopes: tuple[bytes, ...]

    def to_value(self) -> Value:
        """(envelope, ...)."""
        return self.envelopes

    @staticmethod
    def from_value(value: Any) -> "Transactions":
        """Read `to_value`."""
        if type(value) is not tuple:
            raise DecodeError("transactions must be a list", name="wrong_shape")
        for envelope in value:
            fields((envelope,), "envelope", bytes)
        return Transactions(value)


class EpochRequest(NamedTuple):
    """Send the certificates that ended this epoch and the following ones."""

    epoch: int

    def to_value(self) -> Value:
        """(epoch,)."""
        return (self.epoch,)

    @staticmethod
    def from_value(value: Value) -> "EpochRequest":
        """Read `to_value`."""
        (epoch,) = fields(value, "epoch request", int)
        return EpochRequest(epoch)


class EpochChange(NamedTuple):
    """Certificates that ended consecutive epochs, oldest first: each names the set that signed the next."""

    ends: tuple[QuorumCertificate, ...]

    def to_value(self) -> Value:
        """(certificate, ...)."""
        return tuple(end.to_value() for end in self.ends)

    @staticmethod
    def from_value(value: Any) -> "EpochChange":
        """Read `to_value`."""
        if type(value) is not tuple:
            raise DecodeError("an epoch change must be a list", name="wrong_shape")
        return EpochChange(tuple(map(QuorumCertificate.from_value, value)))


class Accusation(NamedTuple):
    """Evidence against a validator, from anybody: it stands for itself."""

    evidence: Evidence

    def to_value(self) -> Value:
        """(portable bytes,)."""
        return (self.evidence.to_bytes(),)

    @staticmethod
    def from_value(value: Value) -> "Accusation":
        """Read `to_value`; DecodeError or EvidenceError."""
        (data,) = fields(value, "accusation", bytes)
        return Accusation(Evidence.from_bytes(data))


class EvidenceKnown(NamedTuple):
    """Which evidence the sender knows; the receiver sends what is missing, and says what it knows if that is less."""

    ids: tuple[EvidenceId, ...]

    def to_value(self) -> Value:
        """((epoch, author, kind, round), ...)."""
        return tuple((epoch, author, int(kind), round_) for epoch, author, kind, round_ in self.ids)

    @staticmethod
    def from_value(value: Any) -> "EvidenceKnown":
        """Read `to_value`."""
        if type(value) is not tuple or len(value) > EVIDENCE_IDS:
            raise DecodeError(f"known evidence must be a list of at most {EVIDENCE_IDS}", name="wrong_shape")
        ids = []
        for row in value:
            epoch, author, kind, round_ = fields(row, "evidence id", int, int, int, int)
            if kind not in set(EvidenceKind):
                raise DecodeError(f"there is no evidence of kind {kind}", name="wrong_shape")
            ids.append(EvidenceId(epoch, author, EvidenceKind(kind), round_))
        return EvidenceKnown(tuple(ids))


class SignedTimeout(NamedTuple):
    """A time-out as it is signed, without what it showed."""

    epoch: int
    round: int
    high_round: int
    """Round of the certificate that it showed."""
    signature: bytes


class SignedHeader(NamedTuple):
    """A proposal as it is signed: the block without certificates and payload."""

    header: Header
    signature: bytes

    @property
    def block_id(self) -> Hash:
        """Of the proposed block."""
        return header_id(self.header)


class RecallRequest(NamedTuple):
    """What is the newest that you have heard of me? (R19)"""

    token: int
    """Comes back with the answer."""

    def to_value(self) -> Value:
        """(token,)."""
        return (self.token,)

    @staticmethod
    def from_value(value: Value) -> "RecallRequest":
        """Read `to_value`."""
        (token,) = fields(value, "recall request", int)
        return RecallRequest(token)


class Recall(NamedTuple):
    """Your newest vote, time-out and proposal that I have heard, with your signatures; and what I know best (R20)."""

    token: int
    """The question's, 0 if none was asked."""
    sync: SyncInfo
    vote: Vote | None
    timeout: SignedTimeout | None
    proposal: SignedHeader | None

    def to_value(self) -> Value:
        """The five in order; what there is none of is None."""
        vote = None if self.vote is None else self.vote.to_value()
        timeout: Value = None if self.timeout is None else tuple(self.timeout)
        proposal: Value = None
        if self.proposal is not None:
            proposal = (tuple(self.proposal.header), self.proposal.signature)
        return (self.token, self.sync.to_value(), vote, timeout, proposal)

    @staticmethod
    def from_value(value: Value) -> "Recall":
        """Read `to_value`."""
        token, sync, vote, timeout, proposal = fields(value, "recall", int, tuple, None, None, None)
        signed = None
        if proposal is not None:
            header, signature = fields(proposal, "signed header", tuple, bytes)
            signed = SignedHeader(read_header(header), signature)
        return Recall(
            token, SyncInfo.from_value(sync), None if vote is None else Vote.from_value(vote),
            None if timeout is None else SignedTimeout(*fields(timeout, "signed time-out", int, int, int, bytes)),
            signed,
        )  # fmt: skip


Message = (
    Proposal
    | Vote
    | Timeout
    | SyncInfo
    | BlockRequest
    | BlockResponse
    | CommittedRequest
    | CommittedResponse
    | Transactions
    | EpochRequest
    | EpochChange
    | SnapshotMessage
    | Accusation
    | EvidenceKnown
    | RecallRequest
    | Recall
)
ASIDE = frozenset((Transactions, Accusation, EvidenceKnown, *get_args(SnapshotMessage)))
"""Messages that are not for consensus."""

MESSAGE_TYPES: tuple[tuple[str, type[Any]], ...] = (
    ("proposal", Proposal),
    ("vote", Vote),
    ("timeout", Timeout),
    ("sync_info", SyncInfo),
    ("block_request", BlockRequest),
    ("block_response", BlockResponse),
    ("committed_request", CommittedRequest),
    ("committed_response", CommittedResponse),
    ("transactions", Transactions),
    ("epoch_request", EpochRequest),
    ("epoch_change", EpochChange),
    ("snapshot_request", SnapshotRequest),
    ("snapshot_offer", SnapshotOffer),
    ("chunk_request", ChunkRequest),
    ("chunk", Chunk),
    ("snapshot_written", SnapshotWritten),
    ("accusation", Accusation),
    ("evidence_known", EvidenceKnown),
    ("recall_request", RecallRequest),
    ("recall", Recall),
)
"""Name and type by wire number."""

_NUMBER = {type_: number for number, (_, type_) in enumerate(MESSAGE_TYPES)}
WITH_CERTIFICATES = (Proposal, Timeout, SyncInfo)
"""Messages that are mostly made of certificates, which were encoded before."""
_READ: list[Callable[[Value], Message]] = [type_.from_value for _, type_ in MESSAGE_TYPES]


def round_of(message: Message) -> int | None:
    """The round that a proposal, vote, time-out or certificate is about; None for any other message."""
    match message:
        case Proposal(block, _):
            return block.round
        case Vote(vote_data, _, _, _):
            return vote_data.round
        case Timeout(_, round_, _, _, _):
            return round_
        case SyncInfo(high_qc, _, tc):
            return max(high_qc.round, 0 if tc is None else tc.round)
        case _:
            return None


def message_name(data: bytes) -> str:
    """The kind of an encoded message by its second byte, without decoding it (for filters and metrics)."""
    return MESSAGE_TYPES[data[1]][0] if len(data) > 1 and data[1] < len(MESSAGE_TYPES) else "malformed"


def encode_message(message: Message) -> bytes:
    """Canonical bytes: (number, content)."""
    number = _NUMBER[type(message)]
    if isinstance(message, WITH_CERTIFICATES):
        return joined((number,), message.to_bytes())
    return encode((number, message.to_value()))


def decode_message(data: bytes) -> Message:
    """Parse a message; DecodeError or BlockError on anything else."""
    number, content = fields(decode(data), "message", int, None)
    if number >= len(_READ):
        raise DecodeError(f"no message has the number {number}", name="unknown_message", number=number)
    message: Message = _READ[number](content)
    return message
