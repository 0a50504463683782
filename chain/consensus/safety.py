"""The trusted core: the only code that signs for a validator, and the record that it must never forget.

Rules (docs/protocol.md, P1 to P10; DiemBFT v4 / Jolteon, two-chain with timeout certificates):

- a vote needs round > voted_round, and either round = qc.round + 1, or a timeout certificate with
  tc.round + 1 = round and qc.round >= tc.high_qc.round;
- a vote commits its parent only if round = qc.round + 1;
- a time-out needs high_qc.round >= locked_round, round >= voted_round, and a certificate that leads into the round;
  after it, there is no vote in that round;
- one proposal a round;
- a vote above the end of an epoch repeats that end's result, and a new epoch begins a new record, once.

Every method changes the record first; the caller must make `record_bytes()` durable before the signature leaves.
"""

from typing import NamedTuple

from chain.block import Block, Header, proposal_message
from chain.certificates import (
    CommitInfo,
    QuorumCertificate,
    TimeoutCertificate,
    VoteData,
    timeout_message,
    verify_qc,
    vote_message,
)
from chain.codec import Value, decode, encode, fields
from chain.consensus.leader import LeaderElection
from chain.crypto.signing import Scheme, SignatureCheck, Signatures, Signer
from chain.errors import SafetyError
from chain.primitives import Hash
from chain.validators import ValidatorSet

RECALLING = "this process has not yet heard from a quorum what was signed with its key before"
"""Why a validator is silent for a moment after its start (R19)."""


class SafetyRecord(NamedTuple):
    """What must survive any crash. `justification` is the certificates of the last time-out, as bytes."""

    epoch: int
    voted_round: int = 0
    locked_round: int = 0
    last_vote: Value = None
    proposed_round: int = 0
    proposed_id: bytes = b""
    justification: bytes = b""
    key: bytes = b""
    """The public key that signed."""


class SignedVote(NamedTuple):
    """A vote as the safety module gives it out."""

    data: VoteData
    commit: CommitInfo | None
    signature: bytes


class SafetyRules:
    """One validator's signing rules for one epoch."""

    def __init__(
        self,
        signer: Signer | None,
        validators: ValidatorSet,
        leaders: LeaderElection,
        genesis_qc: QuorumCertificate,
        genesis_hash: bytes,
        signatures: Signatures,
        record: bytes | None,
    ) -> None:
        """Start from the durable record; from nothing for a key that has never signed, and in a new epoch (E8).

        Without a signer nothing is ever signed: `silenced` says so. Raises SafetyError (`wrong_epoch`) if the record
        is of a later epoch, `foreign_record` if another key made it in this one.
        """
        self._signer = signer
        self._validators = validators
        self._leaders = leaders
        self._genesis_qc = genesis_qc
        self._genesis_hash = genesis_hash
        self._signatures = signatures
        self.silenced: str | None = None if signer is not None else "this process signs nothing in this epoch"
        """Why nothing may be signed (R18)."""
        key = b"" if signer is None else signer.public_key
        old = SafetyRecord(0) if record is None else read_record(record)
        if old.epoch > validators.epoch:
            raise SafetyError(
                f"the safety record is of epoch {old.epoch}, the ledger is in {validators.epoch}", name="wrong_epoch"
            )
        if old.epoch == validators.epoch and old.key != key:
            raise SafetyError("the safety record of this epoch is another key's", name="foreign_record")
        self.record = old if old.epoch == validators.epoch else SafetyRecord(validators.epoch, key=key)

    @property
    def is_barred(self) -> bool:
        """Whether nothing will be signed here any more; while it waits for others (R19) it may still come to that."""
        return self.silenced not in (None, RECALLING)

    @property
    def public_key(self) -> bytes:
        """Of the key that signs; empty for one that only follows."""
        return b"" if self._signer is None else self._signer.public_key

    def record_bytes(self) -> bytes:
        """Canonical bytes of the record, to be made durable."""
        return encode(tuple(self.record))

    def vote(
        self, block: Block, root: Hash, version: int, parent: CommitInfo, next_validators: Hash | None = None
    ) -> SignedVote:
        """Vote for an executed block (P1 to P4, P10); SafetyError if a rule forbids it.

        `parent` describes the parent as a commit would; `next_validators` is the hash of the set that follows, if the
        epoch ends with this block or below it. The same block again gives the same vote.
        """
        self._refuse_if_silenced()
        record, header, qc = self.record, block.header, block.parent_qc
        if header.epoch != record.epoch:
            raise SafetyError(f"block of epoch {header.epoch} in epoch {record.epoch}", name="wrong_epoch")
        if record.last_vote is not None:
            last = read_vote(record.last_vote)
            if last.data.round == header.round and last.data.block_id == block.id:
                return last
        self._verify_block(block)
        if header.round <= record.voted_round:
            raise SafetyError(
                f"round {header.round} is not above the last voted {record.voted_round}", name="old_round"
            )
        consecutive = header.round == qc.round + 1
        if not consecutive and not (
            block.tc is not None and block.tc.round + 1 == header.round and qc.round >= block.tc.high_qc.round
        ):
            raise SafetyError(f"round {header.round} does not follow its certificates", name="unsafe_proposal")
        result = (header.timestamp_us, root, version, next_validators)
        end = qc.data
        if end.next_validators is not None and (
            block.payload or result != (end.timestamp_us, end.root, end.version, end.next_validators)
        ):
            raise SafetyError("above the end of the epoch nothing changes", name="epoch_is_over")
        commit = parent if consecutive and qc.round > 0 else None
        data = VoteData(
            header.epoch,
            header.round,
            block.id,
            qc.round,
            qc.block_id,
            root,
            version,
            header.timestamp_us,
            next_validators,
        )
        assert self._signer is not None
        signature = self._signer.sign(vote_message(data, commit, self._genesis_hash))
        vote = SignedVote(data, commit, signature)
        self.record = record._replace(
            voted_round=header.round,
            locked_round=max(record.locked_round, qc.round),
            last_vote=(tuple(data), None if commit is None else commit.to_value(), signature),
        )
        return vote

    def timeout(
        self, round_: int, high_qc: QuorumCertificate, tc: TimeoutCertificate | None, justification: bytes
    ) -> bytes:
        """Sign that the round is given up (P5 to P7); SafetyError if a rule forbids it."""
        self._refuse_if_silenced()
        record = self.record
        self._verify_qc(high_qc)
        if tc is not None:
            self._verify_tc(tc)
        if high_qc.round < record.locked_round or high_qc.round >= round_:
            raise SafetyError(
                f"certificate {high_qc.round} for a time-out of round {round_}, locked on {record.locked_round}",
                name="stale_certificate",
            )
        if round_ != high_qc.round + 1 and not (tc is not None and tc.round + 1 == round_):
            raise SafetyError(f"no certificate leads into round {round_}", name="unsafe_timeout")
        if round_ < record.voted_round:
            raise SafetyError(f"round {round_} is below the last voted {record.voted_round}", name="old_round")
        self.record = record._replace(voted_round=round_, justification=justification)
        assert self._signer is not None
        return self._signer.sign(timeout_message(record.epoch, round_, high_qc.round, self._genesis_hash))

    def propose(self, header: Header, block_id: Hash) -> bytes:
        """Sign one proposal a round (P8); the same one again gives the same signature."""
        self._refuse_if_silenced()
        record = self.record
        if header.round < record.proposed_round or (
            header.round == record.proposed_round and block_id != record.proposed_id
        ):
            raise SafetyError(f"round {header.round} has a proposal already", name="second_proposal")
        self.record = record._replace(proposed_round=header.round, proposed_id=block_id)
        assert self._signer is not None
        return self._signer.sign(proposal_message(header, self._genesis_hash))

    def last_vote(self) -> SignedVote | None:
        """The last vote given out, which may be sent again."""
        return None if self.record.last_vote is None else read_vote(self.record.last_vote)

    def _refuse_if_silenced(self) -> None:
        """R18: SafetyError (`silenced`) once the record is known to be old."""
        if self.silenced is not None:
            raise SafetyError(self.silenced, name="silenced")

    def _verify_qc(self, qc: QuorumCertificate) -> None:
        """Certificates are judged here again, whatever the caller did."""
        verify_qc(qc, self._validators, self._genesis_qc, self._genesis_hash, self._signatures)

    def _verify_tc(self, tc: TimeoutCertificate) -> None:
        """As `_verify_qc`."""
        tc.verify(self._validators, self._genesis_qc, self._genesis_hash, self._signatures)

    def _verify_block(self, block: Block) -> None:
        """The leader's signature and both certificates.

        That two certificates in consecutive rounds decide a block for ever rests on P1 to P7 alone, whoever proposed.
        Leaders serve liveness; so who lacks the history that tells them (R24) may sign for a block of anybody.
        """
        header = block.header
        if self._leaders.is_known(header.round) and self._leaders.leader(header.round) != header.author:
            raise SafetyError(f"validator {header.author} does not lead round {header.round}", name="wrong_leader")
        key = self._validators.members[header.author].consensus_key
        message = proposal_message(header, self._genesis_hash)
        if not self._signatures.verify(SignatureCheck(Scheme.ED25519, key, message, block.signature)):
            raise SafetyError("the proposal's signature is bad", name="bad_signature")
        self._verify_qc(block.parent_qc)
        if block.tc is not None:
            self._verify_tc(block.tc)


def read_record(data: bytes) -> SafetyRecord:
    """Read `record_bytes`; DecodeError if they are anything else."""
    return SafetyRecord(*fields(decode(data), "safety record", int, int, int, None, int, bytes, bytes, bytes))


def read_vote(value: Value) -> SignedVote:
    """Read a stored vote."""
    data, commit, signature = fields(value, "vote", tuple, None, bytes)
    info = None if commit is None else CommitInfo.from_value(commit)
    return SignedVote(VoteData(*data), info, signature)
