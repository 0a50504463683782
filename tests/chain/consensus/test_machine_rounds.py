"""Rounds in time: whom a leader waits for, absent leaders (R8, R15, R17), signing that ends (R18), limits of memory."""

import pytest

from chain.certificates import vote_message
from chain.consensus.safety import read_record
from chain.errors import CertificateError, SafetyError
from chain.interface import ALL_OTHERS, Output, SetTimer
from chain.limits import FUTURE_ROUNDS, MAX_PENDING_BLOCKS
from chain.messages import (
    BlockRequest,
    BlockResponse,
    CommittedRequest,
    CommittedResponse,
    Proposal,
    SyncInfo,
    Timeout,
    Vote,
)
from chain.primitives import Hash
from tests.chain.consensus.conftest import Committee
from tests.chain.consensus.driven import GENESIS_HASH, NOW, Driven, chain, due, sent, timeout


class TestIdleLeaders:
    """R15: the leader proposes once; without any uncommitted payment only after 0.8 s, unless the last round failed."""

    def test_an_idle_leader_waits(self, four) -> None:
        driven = Driven(four, own=1)
        assert sent(driven.first.after_persist, Proposal) == []
        (timer,) = due(driven.first, "idle")
        assert timer == SetTimer("idle", NOW + 800_000, 1)
        proposals = sent(driven.fire("idle", timer.token, NOW + 800_000).after_persist, Proposal)
        assert [to for to, _ in proposals] == [ALL_OTHERS, 1]
        assert sent(driven.fire("idle", timer.token).after_persist, Proposal) == []

    def test_a_payment_ends_the_wait(self, four) -> None:
        driven = Driven(four, own=1)
        driven.app.waiting = (b"tx",)
        out = Output()
        driven.machine.on_transactions(NOW + 5, out)
        assert [message.block.payload for _, message in sent(out.after_persist, Proposal)] == [(b"tx",)] * 2
        assert due(out, "round") == [SetTimer("round", NOW + 5 + 1_000_000, 2)]

    def test_a_payment_that_others_proposed_ends_it_too(self, four) -> None:
        """Empty rounds wait only while no uncommitted payment exists: two more blocks commit it."""
        driven = Driven(four, own=2)
        block = four.block(1, four.genesis_qc, height=1, payload=(b"tx",))
        driven.receive(1, Proposal(block, four.genesis_qc))
        out = driven.receive(3, SyncInfo(four.qc(block), four.genesis_qc, None))
        assert [message.block.payload for _, message in sent(out.after_persist, Proposal)] == [()] * 2

    def test_after_a_failed_round_nobody_waits(self, four) -> None:
        """So that the ledger's clock ticks every second though a leader is absent."""
        driven = Driven(four, own=2)
        out = Output()
        for author in (0, 1, 3):
            out = driven.receive(author, timeout(four, 1, author, four.genesis_qc))
        proposals = sent(out.after_persist, Proposal)
        assert [message.block.round for _, message in proposals] == [2, 2]
        assert due(out, "idle") == []

    def test_others_neither_wait_nor_propose(self, four) -> None:
        driven = Driven(four, own=3)
        assert due(driven.first, "idle") == []
        driven.app.waiting = (b"tx",)
        out = Output()
        driven.machine.on_transactions(NOW, out)
        assert out.after_persist == []


class TestAbsentLeaders:
    """R17."""

    def test_a_lost_link_to_the_leader_shortens_its_round(self, four) -> None:
        driven = Driven(four)
        assert due(driven.link(2, False), "round") == [], "2 does not lead round 1"
        assert due(driven.link(1, False, NOW + 9), "round") == [SetTimer("round", NOW + 9 + 20_000, 2)]
        out = driven.fire("round", 2, NOW + 20_009)
        assert [(to, message.round) for to, message in sent(out.after_persist, Timeout)] == [(0, 1), (ALL_OTHERS, 1)]
        assert due(out, "round") == [SetTimer("round", NOW + 20_009 + 1_800_000, 3)], "said again with usual patience"
        assert due(driven.link(1, False), "round") == []

    def test_the_next_round_of_an_absent_leader_is_short_from_its_start(self, four) -> None:
        driven = Driven(four)
        driven.link(2, False)
        (b1, q1), *_ = chain(four)
        driven.receive(1, Proposal(b1, four.genesis_qc))
        out = driven.receive(3, SyncInfo(q1, four.genesis_qc, None))
        assert due(out, "round")[-1].at_us == NOW + 20_000

    def test_who_is_back_is_waited_for(self, four) -> None:
        driven = Driven(four)
        driven.link(2, False)
        driven.link(2, True)
        (_, q1), *_ = chain(four)
        out = driven.receive(3, SyncInfo(q1, four.genesis_qc, None))
        assert due(out, "round")[-1].at_us >= NOW + 1_000_000

    def test_a_round_whose_proposal_is_here_keeps_its_patience(self, four) -> None:
        """Voted for, or held for a clock or a signature: the leader has done its part."""
        voted, held = Driven(four), Driven(four)
        voted.receive(1, Proposal(four.block(1, four.genesis_qc, height=1), four.genesis_qc))
        held.receive(1, Proposal(four.block(1, four.genesis_qc, height=1, time_us=NOW + 3_000_000), four.genesis_qc))
        assert len(held.machine.held) == 1
        for driven in (voted, held):
            assert due(driven.link(1, False), "round") == []

    def test_nothing_that_is_signed_depends_on_it(self, four) -> None:
        """A proposal of the "absent" leader is voted for as ever."""
        driven = Driven(four)
        driven.link(1, False)
        out = driven.receive(1, Proposal(four.block(1, four.genesis_qc, height=1), four.genesis_qc))
        assert len(sent(out.after_persist, Vote)) == 2


class TestSilence:
    """R18: a signature of ours that our record does not know ends our signing; everything else goes on."""

    def check_silent(self, driven: Driven, four, alarm: str, out: Output) -> None:
        assert [found.name for found in out.alarms] == ["signing_record_new"]
        assert alarm in out.alarms[0].message
        record = driven.machine.safety.record
        round_ = driven.machine.round
        for _ in range(4):
            out = driven.fire("round", driven.machine.pacemaker._token)
            assert (out.after_persist, out.safety, out.alarms) == ([], None, [])
        assert driven.machine.round == round_
        assert driven.machine.safety.record == record
        with pytest.raises(SafetyError) as caught:
            driven.machine.safety.timeout(round_, driven.machine.high_qc, driven.machine.high_tc, b"")
        assert caught.value.name == "silenced"

    def test_a_vote_that_we_do_not_know(self, four) -> None:
        driven = Driven(four)
        (b1, q1), (b2, q2), (b3, q3), _ = chain(four)
        assert [author for author, _ in q1.signatures] == [0, 1, 2]
        out = driven.receive(1, SyncInfo(q1, four.genesis_qc, None))
        self.check_silent(driven, four, "voted in round 1", out)
        for sender, block in ((1, b1), (2, b2), (3, b3)):
            driven.receive(2, BlockResponse(block.id, (block,)))
            out = driven.receive(sender, Proposal(block, four.genesis_qc))
            assert (out.after_persist, out.safety, out.alarms) == ([], None, [])
        out = driven.receive(2, SyncInfo(q3, q3, None))
        assert driven.app.committed == [([1], q2), ([2], q3)], "it still follows the others"
        assert sent(out.after_persist, Proposal) == []

    def test_a_time_out_that_we_do_not_know(self, four) -> None:
        driven = Driven(four)
        tc = four.tc(1, [four.genesis_qc] * 3)
        out = driven.receive(1, SyncInfo(four.genesis_qc, four.genesis_qc, tc))
        self.check_silent(driven, four, "gave up round 1", out)

    def test_a_vote_in_blocks_that_are_caught_up(self, four) -> None:
        """A ledger that was lost shows old votes while it is fetched again."""
        driven = Driven(four)
        blocks, parent, qc = [], None, four.genesis_qc
        for round_ in (1, 2, 3):
            block = four.block(round_, qc, height=round_)
            qc = four.qc(block, parent, authors=(0, 2, 3) if round_ == 1 else (1, 2, 3))
            blocks.append(block)
            parent = block
        out = driven.receive(1, CommittedResponse(1, tuple(blocks[:2]), qc))
        self.check_silent(driven, four, "voted in round 1", out)
        assert driven.app.committed == [([1, 2], qc)]

    def test_it_neither_proposes_nor_answers_a_payment(self, four) -> None:
        driven = Driven(four, own=2)
        driven.app.waiting = (b"tx",)
        out = driven.receive(1, SyncInfo(four.qc(four.block(1, four.genesis_qc, height=1)), four.genesis_qc, None))
        assert [found.name for found in out.alarms] == ["signing_record_new"]
        assert out.after_persist == []
        out = Output()
        driven.machine.on_transactions(NOW, out)
        assert out.after_persist == []

    def test_our_own_signatures_in_certificates_are_no_alarm(self, four) -> None:
        driven = Driven(four)
        (b1, q1), (b2, q2), *_ = chain(four)
        for sender, block, qc in ((1, b1, q1), (2, b2, q2)):
            driven.receive(sender, Proposal(block, four.genesis_qc))
            assert driven.receive(3, SyncInfo(qc, four.genesis_qc, None)).alarms == []

    def test_a_restart_with_the_record_of_an_older_moment(self, four) -> None:
        """The record before the vote: the certificate that holds the vote gives it away."""
        driven = Driven(four)
        older = driven.machine.safety.record_bytes()
        (b1, q1), *_ = chain(four)
        newer = driven.receive(1, Proposal(b1, four.genesis_qc)).safety
        assert newer is not None
        assert read_record(newer).voted_round == 1
        sync = SyncInfo(q1, four.genesis_qc, None)
        assert Driven(four, record=newer).receive(1, sync).alarms == []
        assert [found.name for found in Driven(four, record=older).receive(1, sync).alarms] == ["signing_record_new"]


class TestTimeouts:
    def test_a_round_that_nobody_proposes_in_is_given_up_with_our_certificates(self, four) -> None:
        """R8: signed over our highest certificate, sent to all after the record is durable, and again later."""
        driven = Driven(four)
        (timer,) = due(driven.first, "round")
        assert timer.at_us == NOW + 1_800_000
        out = driven.fire("round", timer.token, timer.at_us)
        assert out.safety == driven.machine.safety.record_bytes()
        assert out.send_now == []
        ((to, message), (all_others, _)) = sent(out.after_persist, Timeout)
        assert (to, all_others, message.round, message.sync.high_qc) == (0, ALL_OTHERS, 1, four.genesis_qc)
        (again,) = due(out, "round")
        assert sent(driven.fire("round", timer.token).after_persist, Timeout) == [], "a stale timer"
        assert len(sent(driven.fire("round", again.token).after_persist, Timeout)) == 2

    def test_after_a_time_out_there_is_no_vote_and_no_proposal_in_the_round(self, four) -> None:
        """P7."""
        driven = Driven(four)
        driven.fire("round", due(driven.first, "round")[0].token)
        out = driven.receive(1, Proposal(four.block(1, four.genesis_qc, height=1), four.genesis_qc))
        assert sent(out.after_persist, Vote) == []
        leader = Driven(four, own=1)
        leader.fire("round", due(leader.first, "round")[0].token)
        leader.app.waiting = (b"tx",)
        out = Output()
        leader.machine.on_transactions(NOW, out)
        assert sent(out.after_persist, Proposal) == []

    @pytest.mark.parametrize(("ahead", "kept"), [(FUTURE_ROUNDS, True), (FUTURE_ROUNDS + 1, False)])
    def test_time_outs_far_ahead_are_dropped(self, four, ahead: int, kept: bool) -> None:
        """Memory: rounds beyond FUTURE_ROUNDS are not kept (T15, T17)."""
        driven = Driven(four)
        driven.receive(2, timeout(four, 1 + ahead, 2, four.genesis_qc))
        assert (1 + ahead in driven.machine.collector._timeouts) is kept

    def test_what_nobody_has_checked_of_a_time_out_is_not_kept(self, four) -> None:
        """Memory: certificates that are no news are not judged, and may be as large as a frame (T15)."""
        qcs = [qc for _, qc in chain(four)]
        driven = Driven(four, own=3)
        tc = four.tc(1, [four.genesis_qc] * 3)
        driven.receive(2, SyncInfo(qcs[1], qcs[1], tc))
        large = tc._replace(entries=tc.entries * 1_000)
        shown = timeout(four, 3, 0, qcs[1])
        forged = qcs[0]._replace(signatures=qcs[0].signatures * 1_000)
        driven.receive(0, shown._replace(sync=SyncInfo(qcs[1], forged, large)))
        (kept,) = driven.machine.collector._timeouts[3].values()
        assert kept == shown._replace(sync=SyncInfo(qcs[1], qcs[1], None))

    def test_a_late_time_out_is_answered_with_what_we_know(self, four) -> None:
        """R11: who is behind gets the certificates that bring it forward."""
        driven = Driven(four)
        (_, q1), *_ = chain(four)
        driven.receive(3, SyncInfo(q1, four.genesis_qc, None))
        out = driven.receive(2, timeout(four, 1, 2, four.genesis_qc))
        assert sent(out.send_now, SyncInfo) == [(2, SyncInfo(q1, four.genesis_qc, None))]

    def test_the_certificate_of_a_round_is_told_to_all(self, four) -> None:
        """R10."""
        driven = Driven(four)
        out = Output()
        for author in (1, 2, 3):
            out = driven.receive(author, timeout(four, 1, author, four.genesis_qc))
        ((to, sync),) = sent(out.send_now, SyncInfo)
        assert (to, sync.tc.round, [entry[0] for entry in sync.tc.entries]) == (ALL_OTHERS, 1, [1, 2, 3])
        assert driven.machine.round == 2

    def test_time_outs_of_the_next_round_that_came_early_count(self, four) -> None:
        driven = Driven(four)
        (_, q1), *_ = chain(four)
        for author in (1, 2, 3):
            driven.receive(author, timeout(four, 2, author, four.genesis_qc))
        assert driven.machine.round == 1
        driven.receive(3, SyncInfo(q1, four.genesis_qc, None))
        assert driven.machine.round == 3

    @pytest.mark.parametrize("place", [0, 1, 2])
    @pytest.mark.parametrize("known", [1, 2])
    def test_a_forged_certificate_of_a_round_that_we_know_does_not_get_into_a_time_out(self, four, place, known):
        """R9: also where the certificate is no news to us. With it the timeout certificate would be void: nobody could
        propose on it, and who holds it could not even give up the next round."""
        qcs = [qc for _, qc in chain(four)]
        driven = Driven(four, own=3)
        driven.receive(2, SyncInfo(qcs[known - 1], four.genesis_qc, None))
        forged = qcs[0]._replace(data=qcs[0].data._replace(block_id=Hash(b"\x66" * 32)))
        out = Output()
        for author in range(3):
            if author == place:
                with pytest.raises(CertificateError):
                    driven.receive(author, timeout(four, known + 1, author, forged))
            else:
                out = driven.receive(author, timeout(four, known + 1, author, four.genesis_qc))
        ((_, own), _) = sent(out.after_persist, Timeout)
        assert driven.machine.round == known + 1
        out = driven.receive(3, own)
        assert driven.machine.high_tc is not None
        assert (driven.machine.round, driven.machine.high_tc.high_qc) == (known + 2, qcs[known - 1])
        again = driven.fire("round", due(out, "round")[-1].token)
        assert [message.round for _, message in sent(again.after_persist, Timeout)] == [known + 2, known + 2]


class TestSecondProposals:
    """R1: a leader proposes once: another block of a round is taken only if a certificate names it."""

    def test_a_leader_cannot_fill_our_memory_with_one_round(self, four) -> None:
        driven = Driven(four, own=3)
        for step in range(MAX_PENDING_BLOCKS + 2):
            block = four.block(1, four.genesis_qc, height=1, time_us=1_001 + step)
            out = driven.receive(1, Proposal(block, four.genesis_qc))
            assert [(alarm.name, alarm.peer) for alarm in out.alarms] == ([("double_proposal", 1)] if step else [])
        assert (len(driven.machine.tree.nodes), len(driven.machine.held)) == (2, 0)
        first = four.block(1, four.genesis_qc, height=1, time_us=1_001)
        out = driven.receive(2, Proposal(four.block(2, four.qc(first), height=2), four.genesis_qc))
        assert [message.data.round for _, message in sent(out.after_persist, Vote)] == [2, 2]

    def test_nor_through_answers_that_nobody_asked_for(self, four) -> None:
        driven = Driven(four, own=3)
        blocks = [four.block(1, four.genesis_qc, height=1, time_us=1_001 + step) for step in range(5)]
        driven.receive(1, BlockResponse(blocks[0].id, tuple(blocks)))
        assert len(driven.machine.tree.nodes) == 2

    def test_one_that_is_held_is_the_first_too(self, four) -> None:
        driven = Driven(four, own=3)
        late = [four.block(1, four.genesis_qc, height=1, time_us=10**9 + step) for step in range(3)]
        for block in late:
            driven.receive(1, Proposal(block, four.genesis_qc))
        assert [block.id for block in driven.machine.held.all()] == [late[0].id]

    def test_the_one_that_the_others_certified_is_fetched(self, four) -> None:
        """By its certificate alone, or as the parent of a block that waits."""
        ours, theirs = (four.block(1, four.genesis_qc, height=1, time_us=1_001 + step) for step in range(2))
        qc = four.qc(theirs)
        driven = Driven(four, own=3)
        driven.receive(1, Proposal(ours, four.genesis_qc))
        out = driven.receive(2, SyncInfo(qc, four.genesis_qc, None))
        assert [message.block_id for _, message in sent(out.send_now, BlockRequest)] == [theirs.id]
        driven.receive(2, BlockResponse(theirs.id, (theirs,)))
        assert theirs.id in driven.machine.tree.nodes
        driven = Driven(four, own=3)
        driven.receive(1, Proposal(ours, four.genesis_qc))
        blocks = [theirs, four.block(2, qc, height=2)]
        blocks.append(four.block(3, four.qc(blocks[-1]), height=3))
        top = four.qc(blocks[-1])
        driven.receive(2, SyncInfo(top, four.genesis_qc, None))
        out = driven.receive(2, BlockResponse(top.block_id, tuple(blocks)))
        assert [message.block_id for _, message in sent(out.send_now, BlockRequest)] == [theirs.id]
        driven.receive(2, BlockResponse(theirs.id, (theirs,)))
        assert {block.id for block in blocks} < set(driven.machine.tree.nodes)

    @pytest.mark.parametrize("has_commit", [True, False])
    def test_so_are_the_parent_of_the_highest_and_the_one_that_commits(self, four, has_commit: bool) -> None:
        """Their certificates name them: no second question is needed."""
        (b1, q1), (b2, q2), *_ = chain(four)
        b4 = four.block(4, q2, four.tc(3, [q2] * 3), height=3)
        b6 = four.block(6, four.qc(b4), four.tc(5, [four.qc(b4)] * 3), height=4)
        top = four.qc(b6) if has_commit else four.qc(b4)
        driven = Driven(four, own=3)
        for block in (b1, four.block(2, q1, height=2, time_us=9_000)):
            driven.receive(block.round, Proposal(block, four.genesis_qc))
        driven.receive(2, SyncInfo(top, q2 if has_commit else four.genesis_qc, None))
        driven.receive(2, BlockResponse(top.block_id, (b2, b4, b6)[: 3 if has_commit else 2]))
        assert top.block_id in driven.machine.tree.nodes


class TestVotes:
    def vote(self, four, author: int, block, parent=None) -> Vote:
        qc = four.qc(block, parent, authors=(author,))
        return Vote(qc.data, qc.commit, author, qc.signatures[0][1])

    def test_a_quorum_of_votes_moves_the_round_whoever_leads_it(self, four) -> None:
        """R7, for n up to 20 votes are broadcast: everybody forms the certificate."""
        driven = Driven(four)
        b1 = four.block(1, four.genesis_qc, height=1)
        for author, round_ in ((1, 1), (2, 1), (3, 2)):
            driven.receive(author, self.vote(four, author, b1))
            assert driven.machine.round == round_

    @pytest.mark.parametrize(("round_", "counted"), [(1, False), (2, True), (3, True), (4, True), (5, False)])
    def test_votes_of_the_last_this_and_the_next_round_are_counted(self, four, round_: int, counted: bool) -> None:
        """R7; and none at or below a round that is certified already."""
        driven = Driven(four)
        tc = four.tc(2, [four.genesis_qc] * 3)
        driven.receive(2, SyncInfo(four.genesis_qc, four.genesis_qc, tc))
        assert driven.machine.round == 3
        driven.receive(1, self.vote(four, 1, four.block(round_, four.genesis_qc, tc, height=1)))
        assert driven.machine.collector.has_vote(round_, 1) is counted

    @pytest.mark.parametrize("place", [0, 1, 2])
    def test_a_vote_that_differs_in_anything_signed_counts_for_itself(self, four, place: int) -> None:
        """R7, Q4: also in the next epoch's validators, or its signature would spoil the certificate of the others."""
        (b1, q1), (b2, q2), *_ = chain(four)
        driven = Driven(four, own=0)
        driven.receive(1, SyncInfo(q1, four.genesis_qc, None))
        votes = [self.vote(four, author, b2, b1) for author in (1, 2, 3)]
        ours = self.vote(four, 0, b2, b1)
        assert votes[0].commit is not None
        odd = votes[0].commit._replace(next_epoch=four.set)
        author = votes[place].author
        signature = four.keys[author].sign(vote_message(votes[place].data, odd, GENESIS_HASH))
        votes[place] = Vote(votes[place].data, odd, author, signature)
        for vote in votes:
            assert driven.receive(vote.author, vote).alarms == []
        assert driven.machine.round == 2
        assert [alarm.name for alarm in driven.receive(author, self.vote(four, author, b2, b1)).alarms] == [
            "double_vote"
        ]
        driven.machine.safety.record = driven.machine.safety.record._replace(voted_round=2)
        assert driven.receive(0, ours).alarms == []
        assert (driven.machine.round, driven.machine.high_qc.data) == (3, q2.data)
        assert [entry[0] for entry in driven.machine.high_qc.signatures] == sorted({0, 1, 2, 3} - {author})

    def test_votes_go_to_the_next_leader_in_large_sets(self) -> None:
        """R6: to everybody in sets of up to 20, to the next leader above."""
        for count, wanted in ((20, [0, ALL_OTHERS]), (21, [2])):
            committee = Committee(count)
            driven = Driven(committee)
            out = driven.receive(1, Proposal(committee.block(1, committee.genesis_qc, height=1), committee.genesis_qc))
            assert [to for to, _ in sent(out.after_persist, Vote)] == wanted

    def test_a_second_vote_is_an_alarm(self, four) -> None:
        driven = Driven(four)
        driven.receive(1, self.vote(four, 1, four.block(1, four.genesis_qc, height=1)))
        out = driven.receive(1, self.vote(four, 1, four.block(1, four.genesis_qc, height=1, time_us=5_000)))
        assert [(found.name, found.peer) for found in out.alarms] == [("double_vote", 1)]


class TestRequests:
    """R16."""

    def test_uncommitted_blocks_that_connect(self, four) -> None:
        driven = Driven(four)
        (b1, _), (b2, _), *_ = chain(four)
        driven.receive(1, Proposal(b1, four.genesis_qc))
        driven.receive(2, Proposal(b2, four.genesis_qc))
        for above, blocks in ((0, (b1, b2)), (1, (b2,)), (2, ())):
            out = driven.receive(3, BlockRequest(b2.id, above))
            assert sent(out.send_now, BlockResponse) == [(3, BlockResponse(b2.id, blocks))]

    def test_an_answer_has_a_frames_size(self, four) -> None:
        """R16: a longer one would end the link, or our own process. The newest blocks go first: each is held by who
        asked, who then asks for its parent."""
        payload = (bytes(4_096),) * 200
        blocks, qc = [], four.genesis_qc
        for round_ in range(2, 14, 2):
            blocks.append(four.block(round_, qc, four.tc(round_ - 1, [qc] * 3), height=round_ // 2, payload=payload))
            qc = four.qc(blocks[-1])
        driven, asking = Driven(four, own=3), Driven(four, own=2)
        for block in blocks:
            driven.receive(block.header.author, Proposal(block, four.genesis_qc))
        out, asked = asking.receive(3, SyncInfo(qc, four.genesis_qc, None)), []
        while requests := sent(out.send_now, BlockRequest):
            ((_, request),) = requests
            asked.append(request.block_id)
            ((_, answer),) = sent(driven.receive(2, request).send_now, BlockResponse)
            assert [block.id for block in answer.blocks] == [request.block_id]
            out = asking.receive(3, answer)
        assert asked == [block.id for block in reversed(blocks)]
        assert {block.id for block in blocks} < set(asking.machine.tree.nodes)

    def test_committed_blocks_that_no_frame_holds_are_an_alarm(self, four) -> None:
        driven = Driven(four)
        block = four.block(1, four.genesis_qc, payload=(bytes(4_096),) * 256)
        driven.app.committed_blocks = lambda _: CommittedResponse(1, (block,) * 4, None)  # type: ignore[method-assign]
        out = driven.receive(2, CommittedRequest(1))
        assert (out.send_now, [alarm.name for alarm in out.alarms]) == ([], ["answer_too_large"])

    def test_committed_blocks_to_who_is_behind(self, four) -> None:
        driven = Driven(four)
        pairs = chain(four)
        for block, _ in pairs[:3]:
            driven.receive(block.header.author, Proposal(block, four.genesis_qc))
        assert driven.machine.tree.root.height == 1
        out = driven.receive(3, BlockRequest(pairs[2][0].id, 0))
        assert sent(out.send_now, CommittedResponse) == [(3, CommittedResponse(1, (), None))]
        out = driven.receive(3, BlockRequest(pairs[2][0].id, 1))
        assert [len(message.blocks) for _, message in sent(out.send_now, BlockResponse)] == [2]
        out = driven.receive(3, CommittedRequest(7))
        assert sent(out.send_now, CommittedResponse) == [(3, CommittedResponse(7, (), None))]

    def test_each_block_of_an_answer_is_judged_like_a_proposal(self, four) -> None:
        driven = Driven(four)
        (b1, _), (b2, _), *_ = chain(four)
        bad = b2._replace(signature=bytes(64))
        with pytest.raises(Exception) as caught:
            driven.receive(3, BlockResponse(b2.id, (b1, bad)))
        assert getattr(caught.value, "name", "") == "bad_signature"
        assert b1.id in driven.machine.tree.nodes
        assert b2.id not in driven.machine.tree.nodes
