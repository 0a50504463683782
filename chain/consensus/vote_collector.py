"""Votes and time-outs become certificates. One of each a validator and round is counted, and memory is bounded."""

from collections import Counter

from chain.certificates import CommitInfo, QuorumCertificate, TimeoutCertificate, VoteData
from chain.messages import SyncInfo, Timeout, Vote
from chain.primitives import Hash
from chain.validators import ValidatorSet


class VoteCollector:
    """Counts for the current round and the few that may come next."""

    def __init__(self, validators: ValidatorSet) -> None:
        """Count towards this set's quorum."""
        self._validators = validators
        self._votes: dict[int, dict[int, Vote]] = {}
        self._timeouts: dict[int, dict[int, Timeout]] = {}

    def add_vote(self, vote: Vote) -> tuple[QuorumCertificate | None, Vote | None]:
        """Count a verified vote. Gives a certificate if it completes one, and the earlier vote if it conflicts."""
        votes = self._votes.setdefault(vote.data.round, {})
        earlier, signed = votes.get(vote.author), _signed(vote)
        if earlier is not None:
            return None, None if _signed(earlier) == signed else earlier
        votes[vote.author] = vote
        agreeing = [other for other in votes.values() if _signed(other) == signed]
        if len(agreeing) != self._validators.quorum:
            return None, None
        signatures = tuple(sorted((other.author, other.signature) for other in agreeing))
        return QuorumCertificate(vote.data, vote.commit, signatures), None

    def has_vote(self, round_: int, author: int) -> bool:
        """Whether a vote of that author in that round is counted already."""
        return author in self._votes.get(round_, ())

    def count(self, round_: int, block_id: Hash) -> int:
        """How many have voted for a block."""
        return sum(vote.data.block_id == block_id for vote in self._votes.get(round_, {}).values())

    def disagreement(self, round_: int) -> bool:
        """Whether all voted in a round, no certificate came of it, and votes for one block name different results.

        Votes for different blocks are another matter: a leader proposed twice.
        """
        votes = self._votes.get(round_, {})
        if len(votes) < len(self._validators):
            return False
        counts = Counter(map(_signed, votes.values()))
        blocks = {data.block_id for data, _ in counts}
        return max(counts.values()) < self._validators.quorum and len(counts) > len(blocks)

    def add_timeout(self, timeout: Timeout) -> int:
        """Count a verified time-out; gives the number of validators that gave the round up.

        What it carries beside its highest certificate is not kept: nobody has checked it, or how large it is (T15).
        """
        timeouts = self._timeouts.setdefault(timeout.round, {})
        earlier, high = timeouts.get(timeout.author), timeout.sync.high_qc
        if earlier is None or high.round > earlier.sync.high_qc.round:
            timeouts[timeout.author] = timeout._replace(sync=SyncInfo(high, high, None))
        return len(timeouts)

    def timeout_certificate(self, round_: int) -> TimeoutCertificate | None:
        """The certificate of a round that a quorum gave up, with the highest quorum certificate among them."""
        timeouts = self._timeouts.get(round_, {})
        if len(timeouts) < self._validators.quorum:
            return None
        chosen = [timeouts[author] for author in sorted(timeouts)]
        high = max((timeout.sync.high_qc for timeout in chosen), key=lambda qc: qc.round)
        entries = tuple((timeout.author, timeout.sync.high_qc.round, timeout.signature) for timeout in chosen)
        return TimeoutCertificate(chosen[0].epoch, round_, high, entries)

    def __len__(self) -> int:
        """Votes and time-outs that are kept."""
        return sum(map(len, self._votes.values())) + sum(map(len, self._timeouts.values()))

    def drop_below(self, round_: int) -> None:
        """Forget earlier rounds."""
        self._votes = {key: value for key, value in self._votes.items() if key >= round_}
        self._timeouts = {key: value for key, value in self._timeouts.items() if key >= round_}


def _signed(vote: Vote) -> tuple[VoteData, CommitInfo | None]:
    """All that a vote signs, comparable: one that differs in anything must not count towards another's certificate."""
    return vote.data, vote.commit
