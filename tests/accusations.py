"""Evidence as a liar's own key makes it: the statements of a validator whose key a test has."""

from chain.block import Header, proposal_message
from chain.certificates import VoteData, timeout_message, vote_message
from chain.codec import encode
from chain.crypto.signing import Signer
from chain.evidence import Evidence, EvidenceKind, Statement
from chain.primitives import ZERO_HASH, Hash

LIAR = 2


class Liar:
    """Author `author` of an epoch."""

    def __init__(self, signer: Signer, genesis_hash: bytes, author: int = LIAR, epoch: int = 1) -> None:
        self.signer, self.genesis_hash, self.author, self.epoch = signer, genesis_hash, author, epoch

    def double_vote(self, round_: int = 3, fill: int = 1) -> Evidence:
        """Two votes of one round."""
        return self._pair(EvidenceKind.DOUBLE_VOTE, self._vote(round_, 0, fill), self._vote(round_, 0, fill + 1))

    def double_proposal(self, round_: int = 3) -> Evidence:
        """Two blocks of one round."""
        return self._pair(EvidenceKind.DOUBLE_PROPOSAL, self._header(round_, 5), self._header(round_, 6))

    def lock_lie(self, round_: int = 9) -> Evidence:
        """A vote of round 6 on round 5's certificate, and a time-out that shows round 0's."""
        body = (self.epoch, round_, 0)
        shown = Statement(body, self.signer.sign(timeout_message(*body, self.genesis_hash)))
        return Evidence(EvidenceKind.LOCK_LIE, self.epoch, self.author, self._vote(6, 5, 1), shown)

    def _vote(self, round_: int, parent_round: int, fill: int) -> Statement:
        data = VoteData(self.epoch, round_, Hash(bytes([fill]) * 32), parent_round, ZERO_HASH, ZERO_HASH, 0, 5, None)
        return Statement((tuple(data), None), self.signer.sign(vote_message(data, None, self.genesis_hash)))

    def _header(self, round_: int, time_us: int) -> Statement:
        header = Header(self.epoch, round_, 1, self.author, time_us, ZERO_HASH, None, ZERO_HASH)
        return Statement(tuple(header), self.signer.sign(proposal_message(header, self.genesis_hash)))

    def _pair(self, kind: EvidenceKind, one: Statement, other: Statement) -> Evidence:
        first, second = sorted((one, other), key=lambda item: encode(item.body))
        return Evidence(kind, self.epoch, self.author, first, second)
