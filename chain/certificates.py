"""Votes' contents, quorum and timeout certificates, and when each is valid (docs/protocol.md, Q1 to Q9)."""

from functools import lru_cache
from typing import Any, NamedTuple

from chain.codec import Value, encode, fields, joined, sized
from chain.crypto.hashing import Hasher, signing_message
from chain.crypto.signing import Scheme, SignatureCheck, Signatures
from chain.errors import CertificateError, DecodeError
from chain.primitives import ZERO_HASH, Hash
from chain.validators import ValidatorSet

CERTIFICATES_KEPT = 64
"""Certificates whose digests and bytes are kept."""
SIGNED_KEPT = 64
"""Votes whose signed bytes are kept: those of the few rounds that votes come from at one time."""

_hash_qc = Hasher("QuorumCertificate")
_hash_tc = Hasher("TimeoutCertificate")
_hash_waypoint = Hasher("Waypoint")
_hash_epoch = Hasher("EpochStart")


class VoteData(NamedTuple):
    """What a vote certifies of a block: its place, its parent, and the result of executing it."""

    epoch: int
    round: int
    block_id: Hash
    parent_round: int
    parent_id: Hash
    root: Hash
    """Transaction accumulator's root after the block."""
    version: int
    """Last version of the block."""
    timestamp_us: int
    next_validators: Hash | None
    """Hash of the next epoch's set, if the block ends the epoch."""


class CommitInfo(NamedTuple):
    """The block that a certificate commits, as a client believes it."""

    epoch: int
    round: int
    block_id: Hash
    root: Hash
    version: int
    timestamp_us: int
    next_epoch: ValidatorSet | None

    def to_value(self) -> Value:
        """The seven fields in order."""
        return (*self[:6], None if self.next_epoch is None else self.next_epoch.to_value())

    @staticmethod
    def from_value(value: Value) -> "CommitInfo":
        """Read `to_value`."""
        items = fields(value, "commit info", int, int, bytes, bytes, int, int, None)
        sized(items[2], 32, "block id")
        sized(items[3], 32, "root")
        next_epoch = None if items[6] is None else ValidatorSet.from_value(items[6])
        epoch, round_, block_id, root, version, time_us = items[:6]
        return CommitInfo(epoch, round_, block_id, root, version, time_us, next_epoch)

    def waypoint(self) -> str:
        """`version:hash`; leaves out round and block id, so that honest nodes agree (Libra 4.5)."""
        return waypoint_of(self.epoch, self.root, self.version, self.timestamp_us, self.next_epoch)


def waypoint_of(epoch: int, root: Hash, version: int, timestamp_us: int, next_epoch: ValidatorSet | None) -> str:
    """A waypoint's text, from what its hash covers (L5)."""
    following = None if next_epoch is None else next_epoch.to_value()
    return f"{version}:{_hash_waypoint(encode((epoch, root, version, timestamp_us, following))).hex()}"


Signed = tuple[tuple[int, bytes], ...]
"""(author, signature), by ascending author."""


class QuorumCertificate(NamedTuple):
    """A quorum's signatures over the same vote data and commit info."""

    data: VoteData
    commit: CommitInfo | None
    signatures: Signed

    @property
    def round(self) -> int:
        """Round of the certified block."""
        return self.data.round

    @property
    def block_id(self) -> Hash:
        """Id of the certified block."""
        return self.data.block_id

    def to_value(self) -> Value:
        """(vote data, commit info or None, signatures)."""
        return (tuple(self.data), None if self.commit is None else self.commit.to_value(), self.signatures)

    def to_bytes(self) -> bytes:
        """The encoding of `to_value`."""
        return _qc_bytes(self)

    @staticmethod
    def from_value(value: Value) -> "QuorumCertificate":
        """Read `to_value`; DecodeError on a wrong shape."""
        data, commit, signatures = fields(value, "quorum certificate", tuple, None, tuple)
        info = None if commit is None else CommitInfo.from_value(commit)
        return QuorumCertificate(read_vote_data(data), info, read_signed(signatures))

    def digest(self) -> Hash:
        """Hash over all of it, signatures included, so that a block's id fixes its justification (trap T14)."""
        return _digest(self)

    def verify(self, validators: ValidatorSet, genesis_hash: bytes, signatures: Signatures) -> None:
        """Raise CertificateError unless Q1 to Q6 hold for this epoch's set."""
        data, commit = self.data, self.commit
        if data.epoch != validators.epoch:
            raise CertificateError(f"certificate of epoch {data.epoch} in epoch {validators.epoch}", name="wrong_epoch")
        if data.round == 0:
            raise CertificateError("only genesis has round 0, and it is known exactly", name="round_zero")
        if data.parent_round >= data.round:
            raise CertificateError(
                f"parent round {data.parent_round} is not below round {data.round}", name="round_order"
            )
        if commit is not None and not (
            data.parent_round + 1 == data.round
            and (commit.block_id, commit.round, commit.epoch) == (data.parent_id, data.parent_round, data.epoch)
        ):
            raise CertificateError("it commits another block than the parent, one round below", name="wrong_commit")
        check_quorum(self.signatures, validators)
        message = vote_message(data, commit, genesis_hash)
        for author, signature in self.signatures:
            key = validators.members[author].consensus_key
            if not signatures.verify(SignatureCheck(Scheme.ED25519, key, message, signature)):
                raise CertificateError(f"vote of validator {author} has a bad signature", name="bad_signature")


class TimeoutCertificate(NamedTuple):
    """A quorum gave up a round; it carries the highest quorum certificate among them."""

    epoch: int
    round: int
    high_qc: QuorumCertificate
    entries: tuple[tuple[int, int, bytes], ...]
    """(author, round of its highest quorum certificate, signature), by ascending author."""

    def to_value(self) -> Value:
        """The four fields in order."""
        return (self.epoch, self.round, self.high_qc.to_value(), self.entries)

    def to_bytes(self) -> bytes:
        """The encoding of `to_value`."""
        return joined((self.epoch, self.round), self.high_qc.to_bytes(), encode(self.entries))

    @staticmethod
    def from_value(value: Value) -> "TimeoutCertificate":
        """Read `to_value`; DecodeError on a wrong shape."""
        epoch, round_, qc, rows = fields(value, "timeout certificate", int, int, tuple, tuple)
        for row in rows:
            fields(row, "timeout entry", int, int, bytes)
        return TimeoutCertificate(epoch, round_, QuorumCertificate.from_value(qc), rows)

    def digest(self) -> Hash:
        """Hash over all of it."""
        return _digest(self)

    def verify(
        self,
        validators: ValidatorSet,
        genesis_qc: QuorumCertificate,
        genesis_hash: bytes,
        signatures: Signatures,
    ) -> None:
        """Raise CertificateError unless Q7 to Q9 hold for this epoch's set."""
        if self.epoch != validators.epoch:
            raise CertificateError(f"certificate of epoch {self.epoch} in epoch {validators.epoch}", name="wrong_epoch")
        if self.high_qc.round >= self.round:
            raise CertificateError(
                f"high certificate of round {self.high_qc.round} in round {self.round}", name="round_order"
            )
        check_quorum(self.entries, validators)
        highest = max(entry[1] for entry in self.entries)
        if highest != self.high_qc.round:
            raise CertificateError(
                f"signers name round {highest}, the certificate has {self.high_qc.round}",
                name="wrong_high_qc",
            )
        for author, high_round, signature in self.entries:
            key = validators.members[author].consensus_key
            message = timeout_message(self.epoch, self.round, high_round, genesis_hash)
            if not signatures.verify(SignatureCheck(Scheme.ED25519, key, message, signature)):
                raise CertificateError(f"time-out of validator {author} has a bad signature", name="bad_signature")
        verify_qc(self.high_qc, validators, genesis_qc, genesis_hash, signatures)


@lru_cache(maxsize=CERTIFICATES_KEPT)
def _digest(certificate: QuorumCertificate | TimeoutCertificate) -> Hash:
    """Kept for a while: a round asks for each certificate's several times."""
    hasher = _hash_qc if isinstance(certificate, QuorumCertificate) else _hash_tc
    return hasher(encode(certificate.to_value()))


@lru_cache(maxsize=CERTIFICATES_KEPT)
def _qc_bytes(certificate: QuorumCertificate) -> bytes:
    """Kept for a while: it is part of blocks, time-outs and much else."""
    return encode(certificate.to_value())


def verify_qc(
    qc: QuorumCertificate,
    validators: ValidatorSet,
    genesis_qc: QuorumCertificate,
    genesis_hash: bytes,
    signatures: Signatures,
) -> None:
    """Genesis' certificate is valid by exact equality only (Q1); any other by its signatures."""
    if qc.round == 0:
        if qc != genesis_qc:
            raise CertificateError("not this chain's genesis certificate", name="round_zero")
        return
    qc.verify(validators, genesis_hash, signatures)


def check_quorum(entries: Signed | tuple[tuple[int, int, bytes], ...], validators: ValidatorSet) -> None:
    """Distinct, ascending, known authors, at least a quorum of them (Q2)."""
    previous, count = -1, len(validators)
    for entry in entries:
        author = entry[0]
        if author <= previous or author >= count:
            raise CertificateError(f"author {author} is unknown, repeated or out of order", name="bad_authors")
        previous = author
    if len(entries) < validators.quorum:
        raise CertificateError(
            f"{len(entries)} signatures, a quorum of {count} is {validators.quorum}",
            name="no_quorum",
        )


@lru_cache(maxsize=SIGNED_KEPT)
def vote_message(data: VoteData, commit: CommitInfo | None, genesis_hash: bytes) -> bytes:
    """The bytes that a vote signs; kept for a while, since all votes of a block sign the same."""
    body = encode((tuple(data), None if commit is None else commit.to_value()))
    return signing_message("Vote", genesis_hash, body)


@lru_cache(maxsize=SIGNED_KEPT)
def timeout_message(epoch: int, round_: int, high_round: int, genesis_hash: bytes) -> bytes:
    """The bytes that a time-out signs; kept for a while, as a vote's."""
    return signing_message("Timeout", genesis_hash, encode((epoch, round_, high_round)))


def read_vote_data(value: Value) -> VoteData:
    """Read a vote's data; DecodeError on a wrong shape."""
    items = fields(value, "vote data", int, int, bytes, int, bytes, bytes, int, int, None)
    for position in (2, 4, 5):
        sized(items[position], 32, "vote data")
    if items[8] is not None:
        sized(items[8], 32, "next validators")
    return VoteData(*items)


def read_signed(value: Any) -> Signed:
    """Read a list of (author, signature)."""
    if type(value) is not tuple:
        raise DecodeError("signatures must be a list", name="wrong_shape")
    for row in value:
        fields(row, "signature", int, bytes)
    signed: Signed = value
    return signed


def genesis_certificate(info: CommitInfo, epoch: int) -> QuorumCertificate:
    """The certificate that begins an epoch: no signatures, round 0, a function of what ended the epoch before (E6).

    Round and block id of an epoch's end are left out, as in a waypoint: honest validators may have committed it by
    different empty blocks. Epoch 1 begins from genesis itself.
    """
    following = None if info.next_epoch is None else info.next_epoch.to_value()
    end = (info.epoch, info.root, info.version, info.timestamp_us, following)
    block_id = info.block_id if info.epoch == 0 else _hash_epoch(encode(end))
    data = VoteData(epoch, 0, block_id, 0, ZERO_HASH, info.root, info.version, info.timestamp_us, None)
    return QuorumCertificate(data, None, ())
