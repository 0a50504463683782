"""S4, S5 and the order of S6: what a validator signs and sends, silent on a disciplined one, named where it is not."""

import pytest

from chain.block import Block
from chain.certificates import CommitInfo
from chain.codec import encode
from chain.consensus.safety import SafetyRecord
from chain.messages import Proposal, SyncInfo, Timeout, Vote, decode_message, encode_message
from chain.primitives import Hash
from chain.storage import Index
from node.sim.checkers import VOTED_BLOCK_EVERY, Discipline, Violation
from tests.node.sim.said import R, Shelf, certificate, proposal, timeout, vote


def discipline(*messages: bytes) -> list[str]:
    """The rules that a validator's messages break."""
    violations: list[Violation] = []
    checker = Discipline(violations, lambda _node, _epoch: 0)
    for message in messages:
        checker.on_send(3, message)
    assert {violation.node for violation in violations} <= {3}
    return [violation.rule for violation in violations]


def test_a_disciplined_validator_is_silent() -> None:
    """Votes grow, a vote may be sent again, a time-out may follow a vote of its round, then later rounds."""
    assert (
        discipline(vote(1), vote(1), vote(2), timeout(2, 1), timeout(3, 1), vote(4), proposal(5, certificate(4, R[1])))
        == []
    )


@pytest.mark.parametrize(
    ("messages", "rule"),
    [
        ([vote(2), vote(2, R[2])], "S5_double_vote"),
        ([vote(3), vote(2)], "S5_vote_order"),
        ([timeout(3, 2), vote(3)], "S5_vote_after_timeout"),
        ([timeout(3, 2), vote(2)], "S5_vote_after_timeout"),
        ([vote(5), timeout(6, 3)], "S5_stale_timeout"),
        ([proposal(5, certificate(4, R[1])), proposal(5, certificate(4, R[1]), 4)], "S5_second_proposal"),
        ([proposal(5, certificate(4, R[1])), proposal(6, certificate(4, R[2]))], "S4_conflicting_certificates"),
    ],
)
def test_planted_indiscipline(messages: list[bytes], rule: str) -> None:
    """S4 and S5, each broken once."""
    assert discipline(*messages) == [rule]


def test_who_speaks_is_told_by_its_seat() -> None:
    """S5: a validator's seat changes with the epoch; what it signs in another seat's place is not its own history."""
    violations: list[Violation] = []
    checker = Discipline(violations, lambda node, epoch: {1: node, 2: 3 - node}.get(epoch))
    for author in (0, 1):
        checker.on_send(0, vote(2, R[1 + author], author=author))
    assert violations == []
    checker.on_send(1, vote(2, R[1], author=1))
    checker.on_send(1, vote(2, R[2], author=1))
    assert [(violation.rule, violation.node) for violation in violations] == [("S5_double_vote", 1)]


def test_rounds_count_in_their_epoch() -> None:
    """S5: rounds begin anew in each epoch; the earlier epoch's votes, time-outs and locks do not bind in the next."""

    def of_epoch_two(message: bytes) -> bytes:
        said = decode_message(message)
        if isinstance(said, Vote):
            return encode_message(said._replace(data=said.data._replace(epoch=2)))
        assert isinstance(said, Timeout)
        return encode_message(said._replace(epoch=2))

    assert discipline(vote(9), timeout(9, 8), of_epoch_two(vote(1)), of_epoch_two(timeout(2, 0))) == []
    assert discipline(of_epoch_two(vote(1)), vote(9)) == ["S5_vote_order"]
    assert discipline(of_epoch_two(timeout(1, 0)), vote(9)) == ["S5_vote_after_timeout"]


def test_a_vote_differs_by_what_it_commits_too() -> None:
    """S5: one vote a round, whole: its data and its commit."""
    said = decode_message(vote(2))
    assert isinstance(said, Vote)
    info = CommitInfo(1, 1, R[1], R[1], 1, 1, None)
    assert discipline(vote(2), encode_message(said._replace(commit=info))) == ["S5_double_vote"]
    other = Vote(said.data, None, 0, b"t" * 64)
    assert discipline(vote(2), encode_message(other)) == [], "another signature over the same is the same vote"


def test_certificates_are_read_wherever_they_are_shown() -> None:
    """S4: 'at most one certified block a round', in time-outs as in proposals, and per epoch."""

    def shown(block_id: Hash, epoch: int = 1) -> bytes:
        qc = certificate(4, block_id)
        qc = qc._replace(data=qc.data._replace(epoch=epoch))
        return encode_message(Timeout(1, 6, 0, b"s" * 64, SyncInfo(qc, qc, None)))

    assert discipline(shown(R[1]), shown(R[1])) == []
    assert discipline(shown(R[1]), shown(R[2])) == ["S4_conflicting_certificates"]
    assert discipline(shown(R[1]), shown(R[2], epoch=2)) == []
    assert discipline(proposal(5, certificate(4, R[1])), shown(R[2])) == ["S4_conflicting_certificates"]


def test_only_what_binds_is_read_and_once() -> None:
    """Votes, time-outs and proposals are given back the first time that they leave; all else is passed over."""
    checker = Discipline([])
    assert isinstance(checker.on_send(0, vote(2)), Vote)
    assert checker.on_send(0, vote(2)) is None
    assert isinstance(checker.on_send(1, vote(2)), Vote), "another validator's is another matter"
    assert isinstance(checker.on_send(0, timeout(3, 2)), Timeout)
    assert isinstance(checker.on_send(0, proposal(5, certificate(4, R[1]))), Proposal)
    qc = certificate(4, R[1])
    assert checker.on_send(0, encode_message(SyncInfo(qc, qc, None))) is None
    assert checker.on_send(0, b"\x92") is None


def test_a_vote_of_the_same_round_as_its_timeouts_certificate_is_fine() -> None:
    """The boundary: a time-out may show exactly the locked round, and a vote may come one round above it."""
    assert discipline(vote(5, parent_round=4), timeout(6, 4), vote(7, parent_round=4)) == []


# --- S6: first durable, then sent ---


class Remains:
    """What a crash would leave: a safety record, and blocks by id."""

    def __init__(
        self, voted: int, proposed: int = 0, *, committed: bool = True, pending: tuple[Block, ...] = ()
    ) -> None:
        self.safety: bytes | None = encode(tuple(SafetyRecord(1, voted, proposed_round=proposed)))
        self.store = Shelf()
        self.store.pending = [(number, encode(block.to_value())) for number, block in enumerate(pending)]
        if committed:
            self.store.found[Index.BLOCK_BY_ID, R[1][:8]] = [(1, 1)]


def releases(message: bytes, disk: Remains, times: int = 1) -> list[str]:
    """The rules that sending a message (and a few earlier votes) with this disk breaks."""
    violations: list[Violation] = []
    checker = Discipline(violations, lambda _node, _epoch: 0)
    for round_ in range(1, times):
        checker.on_send(3, vote(round_), disk)
    checker.on_send(3, message, disk)
    assert {violation.node for violation in violations} <= {3}
    return [violation.rule for violation in violations]


def test_nothing_leaves_before_it_is_durable() -> None:
    """S6: the record on disk has reached the round of the vote, time-out or proposal that leaves; one below has not."""
    qc = certificate(4, R[1])
    assert releases(vote(5), Remains(5)) == []
    assert releases(vote(5), Remains(4)) == ["S6_unsynced_vote"]
    assert releases(timeout(5, 4), Remains(5)) == []
    assert releases(timeout(5, 4), Remains(4)) == ["S6_unsynced_timeout"]
    assert releases(proposal(5, qc), Remains(9, 5)) == []
    assert releases(proposal(5, qc), Remains(9, 4)) == ["S6_unsynced_proposal"]


def test_anothers_block_may_be_passed_on() -> None:
    """S6: only whoever made a proposal must have it on record."""
    message = decode_message(proposal(5, certificate(4, R[1])))
    assert isinstance(message, Proposal)
    header = message.block.header._replace(author=1)
    other = encode_message(message._replace(block=message.block._replace(header=header)))
    assert releases(other, Remains(9, 4)) == []


def test_a_record_of_a_later_epoch_is_later() -> None:
    """S6: places are compared by epoch, then round."""
    disk = Remains(0)
    for epoch, found in ((0, ["S6_unsynced_vote"]), (1, ["S6_unsynced_vote"]), (2, [])):
        disk.safety = encode(tuple(SafetyRecord(epoch, 9 if epoch == 0 else 0)))
        assert releases(vote(1), disk) == found


def test_no_record_at_all_is_not_durable() -> None:
    """A validator that never synced its record may not vote."""
    disk = Remains(0)
    disk.safety = None
    assert releases(vote(1), disk) == ["S6_unsynced_vote"]


def test_a_voted_block_is_on_disk() -> None:
    """S6: each eighth vote is looked up: its block is pending or committed on disk."""
    assert VOTED_BLOCK_EVERY == 8
    assert releases(vote(8), Remains(8), times=8) == []
    assert releases(vote(8), Remains(8, committed=False), times=8) == ["S6_unsynced_block"]
    assert releases(vote(7), Remains(8, committed=False), times=7) == []
    message = decode_message(proposal(8, certificate(7, R[1])))
    assert isinstance(message, Proposal)
    pending = (message.block,)
    assert releases(vote(8, message.block.id), Remains(8, committed=False, pending=pending), times=8) == []
    remains = Remains(8, pending=pending)
    assert releases(vote(8, R[5]), remains, times=8) == ["S6_unsynced_block"]
    remains.store.ended = {2}
    assert releases(vote(8, R[5]), remains, times=8) == ["S6_unsynced_block"]
    remains.store.ended = {1}
    assert releases(vote(8, R[5]), remains, times=8) == [], "the epoch is over: nothing of it need be kept"
