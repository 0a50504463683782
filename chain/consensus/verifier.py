"""Every check of a signature or certificate that a message brings, before the machine believes it.

Good certificates are remembered by their digest, which covers the signatures. Whatever was signed is shown to the
witness, who knows what its author signed before.
"""

from chain.block import Block, proposal_message
from chain.certificates import (
    QuorumCertificate,
    TimeoutCertificate,
    timeout_message,
    verify_qc,
    vote_message,
)
from chain.consensus.leader import LeaderElection
from chain.consensus.witness import SeenTimeout, SeenVote, Witness
from chain.crypto.signing import Scheme, SignatureCheck, Signatures
from chain.errors import BlockError, CertificateError, MithqalError
from chain.limits import MAX_PENDING_BLOCKS
from chain.messages import Timeout, Vote
from chain.primitives import Hash
from chain.validators import ValidatorSet


class Verifier:
    """Checks for one epoch."""

    def __init__(
        self,
        validators: ValidatorSet,
        leaders: LeaderElection,
        genesis_qc: QuorumCertificate,
        genesis_hash: bytes,
        signatures: Signatures,
    ) -> None:
        """Judge by this epoch's set."""
        self._validators = validators
        self._leaders = leaders
        self._genesis_qc = genesis_qc
        self._genesis_hash = genesis_hash
        self._signatures = signatures
        self._good: dict[Hash, None] = {}
        self.witness = Witness(validators, genesis_hash, signatures)

    def same_epoch(self, epoch: int) -> None:
        """Nothing is processed across epochs."""
        if epoch != self._validators.epoch:
            raise MithqalError(f"message of epoch {epoch} in epoch {self._validators.epoch}", name="wrong_epoch")

    def qc(self, qc: QuorumCertificate) -> None:
        """CertificateError unless the certificate is valid."""
        digest = qc.digest()
        if digest not in self._good:
            verify_qc(qc, self._validators, self._genesis_qc, self._genesis_hash, self._signatures)
            self._remember(digest)
            self.witness.saw_qc(qc)

    def tc(self, tc: TimeoutCertificate) -> None:
        """CertificateError unless the certificate is valid."""
        digest = tc.digest()
        if digest not in self._good:
            tc.verify(self._validators, self._genesis_qc, self._genesis_hash, self._signatures)
            self._remember(digest)
            self.witness.saw_tc(tc)

    def block(self, block: Block) -> None:
        """The round's leader signed the header, and its certificates are valid and lead into its round (R1, R2).

        Where leaders depend on history the caller judges the author, once it has learned the certificates (R23).
        """
        header, qc, tc = block.header, block.parent_qc, block.tc
        self.same_epoch(header.epoch)
        if not self._leaders.by_history and self._leaders.leader(header.round) != header.author:
            raise BlockError(f"validator {header.author} does not lead round {header.round}", name="wrong_leader")
        if not self._signed(header.author, proposal_message(header, self._genesis_hash), block.signature):
            raise BlockError(f"round {header.round}: the proposal's signature is bad", name="bad_signature")
        self.witness.saw_header(header, block.signature)
        self.qc(qc)
        if tc is not None:
            self.tc(tc)
        if block.round == qc.round + 1:
            return
        if tc is None or tc.round + 1 != block.round or qc.round < tc.high_qc.round:
            raise BlockError(f"round {block.round} does not follow its certificates", name="unjustified_round")

    def vote(self, sender: int, vote: Vote) -> None:
        """The vote's author sent it, and signed it."""
        if vote.author != sender:
            raise CertificateError(f"validator {sender} sent a vote of {vote.author}", name="wrong_author")
        if not self._signed(sender, vote_message(vote.data, vote.commit, self._genesis_hash), vote.signature):
            raise CertificateError(f"vote of validator {sender} has a bad signature", name="bad_signature")
        self.witness.saw_vote(sender, SeenVote(vote.data, vote.commit, vote.signature))

    def late_vote(self, sender: int, vote: Vote) -> None:
        """A vote that comes too late to count: only the witness looks at it."""
        if vote.author == sender:
            self.witness.saw_vote(sender, SeenVote(vote.data, vote.commit, vote.signature), is_checked=False)

    def late_block(self, block: Block, *, is_authors: bool) -> None:
        """A block that nobody votes for any more; `is_authors` says whether its author sent it."""
        if block.header.epoch == self._validators.epoch:
            self.witness.saw_header(block.header, block.signature, is_kept=is_authors)

    def timeout(self, sender: int, timeout: Timeout) -> None:
        """The time-out's author sent it, signed it with the certificate that it shows, and that one is valid (R9).

        Valid also where it is no news to us: it may become the highest one of a timeout certificate.
        """
        if timeout.author != sender:
            raise CertificateError(f"validator {sender} sent a time-out of {timeout.author}", name="wrong_author")
        high_round = timeout.sync.high_qc.round
        message = timeout_message(timeout.epoch, timeout.round, high_round, self._genesis_hash)
        if not self._signed(sender, message, timeout.signature):
            raise CertificateError(f"time-out of validator {sender} has a bad signature", name="bad_signature")
        self.witness.saw_timeout(sender, SeenTimeout(timeout.round, high_round, timeout.signature))
        self.qc(timeout.sync.high_qc)

    def _signed(self, author: int, message: bytes, signature: bytes) -> bool:
        """Whether a validator signed a message."""
        if author >= len(self._validators):
            return False
        key = self._validators.members[author].consensus_key
        return self._signatures.verify(SignatureCheck(Scheme.ED25519, key, message, signature))

    def _remember(self, digest: Hash) -> None:
        """Keep a bounded number of digests, the oldest go first."""
        self._good[digest] = None
        if len(self._good) > MAX_PENDING_BLOCKS:
            del self._good[next(iter(self._good))]
