"""R19 to R21: what others saw us sign is believed by our own key alone, and awaited before the first signature."""

from typing import Any

import pytest

from chain.certificates import CommitInfo, VoteData, timeout_message, vote_message
from chain.consensus.memory import check_certificates
from chain.consensus.recollection import (
    ANSWER_US,
    REMIND_US,
    RETRY_US,
    Asking,
    Recollection,
    Statements,
    check_recall,
)
from chain.consensus.safety import RECALLING, SafetyRecord, read_record
from chain.crypto.signing import RealSignatures
from chain.errors import SafetyError
from chain.interface import PeerUp
from chain.messages import Proposal, Recall, RecallRequest, SignedHeader, SignedTimeout, SyncInfo, Timeout, Vote
from chain.primitives import Hash
from chain.storage import BARRED_ROW, Column
from node.storage.memory import MemoryStore
from tests.chain.consensus.conftest import GENESIS_HASH, Committee
from tests.chain.consensus.test_epochs import Rig

OWN = 1


def vote_of(four: Committee, round_: int, *, author: int = OWN, root: int = 9, parent: int = 0, epoch: int = 1) -> Vote:
    data = VoteData(
        epoch, round_, Hash(bytes([round_]) * 32), parent, Hash(bytes(32)), Hash(bytes([root]) * 32), round_, 5, None
    )
    commit = CommitInfo(1, parent, Hash(bytes(32)), Hash(bytes(32)), 1, 4, None)
    return Vote(data, commit, author, four.keys[author].sign(vote_message(data, commit, GENESIS_HASH)))


def time_out_of(four: Committee, round_: int, high: int = 0, *, author: int = OWN) -> SignedTimeout:
    return SignedTimeout(1, round_, high, four.keys[author].sign(timeout_message(1, round_, high, GENESIS_HASH)))


def proposal_of(four: Committee, round_: int, time_us: int | None = None) -> Proposal:
    tc = four.tc(round_ - 1, [four.genesis_qc] * 3) if round_ > 1 else None
    return Proposal(four.block(round_, four.genesis_qc, tc, author=OWN, time_us=time_us), four.genesis_qc)


def signed(proposal: Proposal) -> SignedHeader:
    return SignedHeader(proposal.block.header, proposal.block.signature)


def record_of(vote: Vote | None = None, **said: Any) -> SafetyRecord:
    last = None
    if vote is not None:
        commit = None if vote.commit is None else vote.commit.to_value()
        last = (tuple(vote.data), commit, vote.signature)
        said = {"voted_round": vote.data.round, "locked_round": vote.data.parent_round, **said}
    return SafetyRecord(1, last_vote=last, key=b"", **said)


def verdict(
    four: Committee, record: SafetyRecord, vote: Vote | None = None, timeout: SignedTimeout | None = None,
    proposal: SignedHeader | None = None,
) -> str | None:  # fmt: skip
    """What is made of it: the rule, or nothing."""
    recall = Recall(0, SyncInfo(four.genesis_qc, four.genesis_qc, None), vote, timeout, proposal)
    try:
        check_recall(recall, record, four.keys[OWN].public_key, GENESIS_HASH, RealSignatures())
    except SafetyError as error:
        return error.name
    return None


class TestWhatIsShown:
    """R20: 'a later place; another vote or proposal in the same place; a vote for a block whose parent is above our
    lock. What our key did not sign says nothing.'"""

    def test_our_own_newest_statements_are_known(self, four: Committee) -> None:
        vote, block = vote_of(four, 5, parent=4), proposal_of(four, 5)
        record = record_of(vote, proposed_round=5, proposed_id=block.block.id)
        assert verdict(four, record, vote, time_out_of(four, 5), signed(block)) is None
        assert verdict(four, record, vote_of(four, 4, parent=3), time_out_of(four, 3)) is None
        assert verdict(four, record) is None

    def test_a_later_vote(self, four: Committee) -> None:
        assert verdict(four, record_of(vote_of(four, 5)), vote_of(four, 6)) == "safety_record_old"
        assert verdict(four, record_of(vote_of(four, 5)), vote_of(four, 2, epoch=2)) == "safety_record_old"

    def test_a_later_time_out(self, four: Committee) -> None:
        assert verdict(four, record_of(vote_of(four, 5)), timeout=time_out_of(four, 6)) == "safety_record_old"

    def test_a_later_proposal(self, four: Committee) -> None:
        known = record_of(vote_of(four, 9), proposed_round=5)
        assert verdict(four, known, proposal=signed(proposal_of(four, 9))) == "safety_record_old"

    def test_another_vote_of_the_same_round(self, four: Committee) -> None:
        record = record_of(vote_of(four, 5, root=9))
        assert verdict(four, record, vote_of(four, 5, root=8)) == "safety_record_old"
        gave_up = record._replace(voted_round=7)
        assert verdict(four, gave_up, vote_of(four, 5, root=8)) == "safety_record_old"
        assert verdict(four, gave_up, vote_of(four, 7)) == "safety_record_old", "a vote in a round that was given up"

    def test_another_proposal_of_the_same_round(self, four: Committee) -> None:
        ours, other = proposal_of(four, 5), proposal_of(four, 5, time_us=77_777)
        record = record_of(vote_of(four, 6), proposed_round=5, proposed_id=ours.block.id)
        assert verdict(four, record, proposal=signed(ours)) is None
        assert verdict(four, record, proposal=signed(other)) == "safety_record_old"

    def test_a_vote_above_our_lock(self, four: Committee) -> None:
        """Its parent is higher than any that we voted upon: a time-out of ours could now hide it."""
        record = record_of(vote_of(four, 3, parent=2), voted_round=9)
        assert verdict(four, record, vote_of(four, 6, parent=2)) is None
        assert verdict(four, record, vote_of(four, 6, parent=5)) == "safety_record_old"

    def test_an_earlier_epoch_is_over(self, four: Committee) -> None:
        """The lock and the rounds of a record are of its own epoch; a vote of the one before says nothing of them."""
        record = record_of(vote_of(four, 3, parent=2))._replace(epoch=2)
        for vote in (vote_of(four, 3, parent=2), vote_of(four, 9, parent=8)):
            assert verdict(four, record, vote, time_out_of(four, 9), signed(proposal_of(four, 9))) is None

    def test_what_another_key_signed_says_nothing(self, four: Committee) -> None:
        """'a Byzantine peer cannot silence an honest node'."""
        record = record_of(vote_of(four, 5))
        forged = vote_of(four, 6, author=0)._replace(author=OWN)
        assert verdict(four, record, forged, time_out_of(four, 8, author=2)) is None
        bent = vote_of(four, 6)
        assert verdict(four, record, bent._replace(data=bent.data._replace(round=7))) is None
        other = proposal_of(four, 5, time_us=77_777)
        header = other.block.header._replace(round=8)
        assert verdict(four, record, proposal=SignedHeader(header, other.block.signature)) is None
        foreign = Recall(0, SyncInfo(four.genesis_qc, four.genesis_qc, None), vote_of(four, 9), None, None)
        check_recall(foreign, record, four.keys[0].public_key, GENESIS_HASH, RealSignatures())

    def test_a_record_without_a_vote_is_told_as_new(self, four: Committee) -> None:
        assert verdict(four, SafetyRecord(1), vote_of(four, 1)) == "signing_record_new"


class TestWhatIsKept:
    """R21: 'of every member the newest of each kind'; told when something older or something else comes."""

    def test_the_newest_stays(self, four: Committee) -> None:
        kept = Statements()
        assert kept.is_empty
        assert [kept.note(vote_of(four, round_)) for round_ in (3, 5, 5, 4)] == [False, False, False, True]
        assert kept.vote == vote_of(four, 5)
        assert kept.note(vote_of(four, 5, root=8))
        assert kept.vote == vote_of(four, 5)
        assert not kept.note(vote_of(four, 1, epoch=2))

    def test_time_outs_and_proposals(self, four: Committee) -> None:
        kept, sync = Statements(), SyncInfo(four.genesis_qc, four.genesis_qc, None)
        assert not kept.note(Timeout(1, 4, OWN, b"s" * 64, sync))
        assert not kept.note(Timeout(1, 4, OWN, b"t" * 64, sync)), (
            "a time-out is said again, maybe with a later signature"
        )
        assert kept.note(Timeout(1, 3, OWN, b"s" * 64, sync))
        assert kept.timeout == SignedTimeout(1, 4, 0, b"s" * 64)
        first, second = proposal_of(four, 4), proposal_of(four, 4, time_us=77_777)
        assert not kept.note(first)
        assert not kept.note(first)
        assert kept.note(second)
        assert kept.proposal == signed(first)

    def test_only_members_are_kept_and_spacing_is_held(self, four: Committee) -> None:
        kept = Recollection()
        kept.note(1, vote_of(four, 3))
        kept.note(2, vote_of(four, 3, author=2))
        assert kept.may_tell(1, REMIND_US, 10)
        assert kept.may_tell(1, ANSWER_US, 10)
        assert not kept.may_tell(1, REMIND_US, REMIND_US + 9)
        assert kept.may_tell(2, REMIND_US, 10)
        assert kept.may_tell(1, REMIND_US, REMIND_US + 10)
        kept.keep([2])
        assert kept.of(1).is_empty
        assert not kept.of(2).is_empty
        assert kept.may_tell(1, REMIND_US, REMIND_US + 11)

    def test_how_often(self) -> None:
        """R19, R21: 'again every 0.3 s', 'once in 0.1 s', 'once in a second'; a clock that was put back silences
        nobody."""
        assert (RETRY_US, ANSWER_US, REMIND_US) == (300_000, 100_000, 1_000_000)
        kept = Recollection()
        assert [kept.may_tell(1, ANSWER_US, now_us) for now_us in (500, 500, 499, 499)] == [True, False, True, False]

    @pytest.mark.parametrize(("size", "quorum", "answers"), [(1, 1, 0), (2, 2, 1), (3, 3, 2), (4, 3, 2), (7, 5, 4)])
    def test_enough_is_a_quorum_with_oneself(self, size: int, quorum: int, answers: int) -> None:
        """R19: 'quorum - 1 other members'."""
        asking, others = Asking(), list(range(1, size))
        counts = []
        for number in [*others, 99]:
            counts.append(asking.is_enough(others, quorum))
            asking.note(number)
        assert counts == [place >= answers for place in range(size)]


def signs(rig: Rig, number: int, mark: int) -> list[Any]:
    """Votes, time-outs and proposals that it sent since."""
    return [
        message
        for sender, message in rig.sent[mark:]
        if sender == number and isinstance(message, Vote | Timeout | Proposal)
    ]


class TestReplicas:
    """Four replicas in one process, of which validator 2 is started again."""

    def test_all_at_once_begin_after_one_round_trip(self) -> None:
        """R19: all ask, all answer, also those that have only just started; nobody signs before."""
        rig = Rig()
        rig.run(rig.in_epoch(1, 2))
        kinds = [type(message) for _, message in rig.sent]
        assert kinds[:4] == [RecallRequest] * 4
        first = kinds.index(Proposal)
        assert kinds[:first].count(Recall) >= 2
        assert {type(message) for _, message in rig.sent[:first]} <= {RecallRequest, Recall, SyncInfo}
        for number in range(4):
            rig.restart(number)
        rig.run(rig.in_epoch(1, 6))

    def test_a_restarted_one_is_silent_until_two_others_have_answered(self) -> None:
        """R19: with one answer of three it only follows; with the second it votes."""
        rig = Rig()
        rig.run(rig.in_epoch(1, 3))
        deaf = {0, 1}
        rig.drop = lambda sender, to, message: to == 2 and sender in deaf and isinstance(message, Recall)
        mark = len(rig.sent)
        rig.restart(2)
        height = rig.nodes[0].ledger.tip_height
        rig.run(lambda: rig.nodes[2].ledger.tip_height >= height + 3)
        old = rig.machine(2).safety.last_vote().data.round
        assert rig.machine(2).safety.silenced == RECALLING
        assert not [m for m in signs(rig, 2, mark) if not (isinstance(m, Vote) and m.data.round == old)]
        deaf.discard(0)
        rig.run(lambda: any(isinstance(m, Vote) and m.data.round > old for m in signs(rig, 2, mark)))
        assert rig.machine(2).safety.silenced is None
        assert rig.alarms == []

    def test_one_that_was_put_back_is_told_and_never_signs_again(self) -> None:
        """R20: the record and the ledger are whole, and of an earlier moment. It observes, also after a restart."""
        rig = Rig()
        rig.run(rig.in_epoch(1, 3))
        record, store = rig.records[2], rig.stores[2].copy()
        rig.run(rig.in_epoch(1, 8))
        rig.records[2], rig.stores[2] = record, store
        rig.restart(2)
        mark, height = len(rig.sent), rig.nodes[0].ledger.tip_height
        rig.run(lambda: rig.nodes[2].ledger.tip_height >= height + 3)
        assert rig.alarms == [(2, "safety_record_old")]
        assert rig.machine(2).safety.is_barred
        assert rig.stores[2].row(Column.META, BARRED_ROW) is not None
        assert signs(rig, 2, mark)[1:] == [], "but for the last vote that it knows, word for word"
        rig.restart(2)
        mark = len(rig.sent)
        rig.run(lambda: rig.nodes[2].ledger.tip_height >= height + 6)
        assert signs(rig, 2, mark)[1:] == []
        assert rig.alarms == [(2, "safety_record_old")]

    def test_who_says_something_else_in_the_same_place_is_shown_the_first(self) -> None:
        """R21: a second process with the key of validator 2 votes differently; validator 0 shows it the first vote."""
        rig = Rig()
        rig.run(rig.in_epoch(1, 3))
        last = rig.machine(2).safety.last_vote()
        node, mark = rig.nodes[0].consensus, len(rig.sent)
        other = Vote(last.data._replace(root=Hash(b"\7" * 32)), last.commit, 2, b"s" * 64)
        assert node.recollection.note(2, other)
        assert not node.recollection.note(2, Vote(last.data, last.commit, 2, last.signature))
        out = rig.nodes[0].step(PeerUp(2), rig.now_us)
        rig.release(0, out)
        (told,) = [message for _, message in rig.sent[mark:] if isinstance(message, Recall)]
        assert told.vote is not None
        assert (told.token, told.vote.signature) == (0, last.signature)

    def test_a_vote_whose_block_is_gone_is_not_said_again(self) -> None:
        """P9 over the loss of a ledger: 'the executed block is durable before the vote leaves'."""
        rig = Rig()
        rig.run(rig.in_epoch(1, 3))
        rig.drop = lambda _sender, to, _message: to == 2
        rig.stores[2] = MemoryStore()
        mark = len(rig.sent)
        rig.restart(2)
        rig.settle()
        assert rig.machine(2).safety.last_vote() is not None
        assert signs(rig, 2, mark) == []

    def test_a_new_epoch_begins_its_record_also_while_it_asks(self) -> None:
        """E8: else a new member that is started again would take its record for a lost one (SY10)."""
        rig = Rig(5)
        rig.drop = lambda _sender, to, message: to == 2 and isinstance(message, Recall)
        rig.remove(4)
        rig.run(lambda: rig.nodes[2].ledger.epoch == 2, steps=1_500)
        assert rig.machine(2).safety.silenced == RECALLING
        assert read_record(rig.written[2][-1]) == SafetyRecord(2, key=rig.keys[2][0].public_key)
        assert not rig.nodes[2].consensus.is_record_lost(rig.keys[2][0].public_key)

    def test_an_answer_to_an_earlier_life_does_not_count(self) -> None:
        """R19: 'an answer counts if it is to this life's question'."""
        rig = Rig()
        rig.run(rig.in_epoch(1, 3))
        rig.drop = lambda _sender, to, message: to == 2 and isinstance(message, Recall)
        rig.restart(2)
        rig.settle()
        machine, sync = rig.machine(2), rig.machine(0).sync_info()
        for token in (0, rig.nodes[2].consensus.asking.token - 1):
            for number in (0, 1, 3):
                stale = Recall(token, sync, None, None, None)
                rig.nodes[2].consensus.on_message(number, stale, rig.now_us, rig.nodes[2].step(PeerUp(0), rig.now_us))
        assert machine.safety.silenced == RECALLING


def test_certificates_say_the_same(four: Committee) -> None:
    """R18 and R20 know one record: what a certificate proves is old is old when it is shown as a vote."""
    block = four.block(5, four.genesis_qc, four.tc(4, [four.genesis_qc] * 3))
    qc = four.qc(block, authors=(0, 1, 2))
    vote = Vote(qc.data, qc.commit, OWN, dict(qc.signatures)[OWN])
    record = SafetyRecord(1, voted_round=4, proposed_round=1)
    assert verdict(four, record, vote) == "safety_record_old"
    with pytest.raises(SafetyError):
        check_certificates(record, OWN, qc)
