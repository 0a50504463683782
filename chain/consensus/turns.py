"""Whose turn a round is, as a machine judges it: the election, and what to do where its history is not all here (R23,
R24). None of it is a matter of safety."""

from chain.block import Block
from chain.certificates import QuorumCertificate
from chain.consensus.leader import LeaderElection
from chain.consensus.pacemaker import NOBODY
from chain.interface import ALL_OTHERS
from chain.limits import BROADCAST_VOTES_UP_TO
from chain.validators import ValidatorSet


class Turns:
    """One validator's view in one epoch."""

    def __init__(self, own: int, validators: ValidatorSet, leaders: LeaderElection) -> None:
        """`own` is our seat."""
        self._own, self._leaders = own, leaders
        self._count, self._one_honest = len(validators), validators.one_honest

    def leader(self, round_: int) -> int:
        """The round's leader, NOBODY while it is not known here."""
        return self._leaders.leader(round_) if self._leaders.is_known(round_) else NOBODY

    def is_ours(self, round_: int, high_commit: QuorumCertificate) -> bool:
        """Whether to propose; `high_commit` commits the latest block that is known to be final.

        Who lacks the history does not, unless a whole turn has passed without a commit: maybe everybody lacks it.
        """
        is_sure = self._leaders.is_known(round_) or self._is_late(round_, high_commit)
        return is_sure and self._own != NOBODY and self._leaders.leader(round_) == self._own

    def may_execute(self, block: Block) -> bool:
        """Whether a block that no certificate names is worth its execution: its author leads, or might."""
        return not self._leaders.is_known(block.round) or self._leaders.leader(block.round) == block.header.author

    def may_vote(self, block: Block, votes: int, high_commit: QuorumCertificate) -> bool:
        """Whether to vote for a block, for which `votes` validators have voted.

        Who lacks the history follows f + 1 others, one of whom is honest; where votes are not broadcast, or a whole
        turn has passed without a commit, it follows who proposes first.
        """
        if self._leaders.is_known(block.round):
            return self._leaders.leader(block.round) == block.header.author
        is_many = votes >= self._one_honest or self._count > BROADCAST_VOTES_UP_TO
        return is_many or self._is_late(block.round, high_commit)

    def voted_to(self, round_: int) -> tuple[int, ...]:
        """R6: where a vote of the round goes: to everyone in small sets, to the next leader in large ones."""
        leader = self.leader(round_ + 1)
        return (self._own, ALL_OTHERS) if self._count <= BROADCAST_VOTES_UP_TO or leader == NOBODY else (leader,)

    def _is_late(self, round_: int, high_commit: QuorumCertificate) -> bool:
        """Whether a whole turn of leaders has committed nothing; a commit is two rounds behind where nothing fails."""
        committed = 0 if high_commit.commit is None else high_commit.commit.round
        return round_ - committed > self._count + 2
