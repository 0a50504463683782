"""The machine driven by hand, with an application that only hashes rounds (R1 to R16)."""

import pytest

from chain.codec import encode
from chain.errors import BlockError, CertificateError, DivergenceError
from chain.interface import ALL_OTHERS, Output
from chain.messages import BlockRequest, CommittedResponse, Proposal, SyncInfo, Timeout, Vote
from chain.primitives import Hash
from chain.storage import VOTED_ROW, Column
from tests.chain.consensus.driven import NOW, Driven, chain, sent, timeout


def test_a_vote_waits_for_the_stored_block(four) -> None:
    """P9: the block's row is in `persist`; the vote only in `after_persist`, for oneself and all others."""
    driven = Driven(four)
    block = four.block(1, four.genesis_qc, height=1)
    out = driven.receive(1, Proposal(block, four.genesis_qc))
    assert [row[:2] for row in out.persist.rows] == [(Column.PENDING, 0), (Column.META, VOTED_ROW)]
    assert out.persist.rows[1][2] == encode((1, 1))
    assert out.safety == driven.machine.safety.record_bytes()
    assert [(to, vote.data.block_id, vote.author) for to, vote in sent(out.after_persist, Vote)] == [
        (0, block.id, 0),
        (ALL_OTHERS, block.id, 0),
    ]
    assert sent(out.send_now, Vote) == []


def test_only_the_leader_proposes_over_its_own_link(four) -> None:
    """R1."""
    driven = Driven(four)
    with pytest.raises(BlockError) as caught:
        driven.receive(2, Proposal(four.block(1, four.genesis_qc, height=1), four.genesis_qc))
    assert caught.value.name == "wrong_author"
    with pytest.raises(BlockError) as caught:
        driven.receive(2, Proposal(four.block(1, four.genesis_qc, height=1, author=2), four.genesis_qc))
    assert caught.value.name == "wrong_leader"


def test_commits_need_consecutive_rounds_and_matching_roots(four) -> None:
    """R13: the parent is committed when a certificate one round above it comes, and not before."""
    driven = Driven(four)
    (b1, _), (b2, q2), (b3, _), _ = chain(four)
    driven.receive(1, Proposal(b1, four.genesis_qc))
    driven.receive(2, Proposal(b2, four.genesis_qc))
    assert driven.app.committed == []
    driven.receive(3, Proposal(b3, four.genesis_qc))
    assert driven.app.committed == [([1], q2)]
    assert driven.machine.tree.root_id == b1.id


def test_ancestors_are_committed_oldest_first(four) -> None:
    driven = Driven(four)
    b1 = four.block(1, four.genesis_qc, height=1)
    q1 = four.qc(b1)
    tc = four.tc(2, [q1, q1, q1])
    b3 = four.block(3, q1, tc, height=2)
    q3 = four.qc(b3, b1)
    b4 = four.block(4, q3, height=3)
    q4 = four.qc(b4, b3)
    for sender, block in ((1, b1), (3, b3), (0, b4)):
        driven.receive(sender, Proposal(block, four.genesis_qc))
    assert driven.app.committed == []
    driven.receive(1, SyncInfo(q4, q4, None))
    assert driven.app.committed == [([1, 3], q4)]


@pytest.mark.parametrize("wrong", ["root", "version"])
def test_another_result_than_the_certified_one_ends_everything(four, wrong: str) -> None:
    """DV1: 'naming height, versions and both roots'; nothing is committed."""
    driven = Driven(four)
    (b1, _), (b2, q2), _, _ = chain(four)
    driven.receive(1, Proposal(b1, four.genesis_qc))
    driven.receive(2, Proposal(b2, four.genesis_qc))
    result = driven.machine.tree.nodes[b1.id].result
    setattr(result, wrong, Hash(bytes(32)) if wrong == "root" else 99)
    with pytest.raises(DivergenceError) as caught:
        driven.receive(3, SyncInfo(q2, q2, None))
    error = caught.value
    assert error.name == "execution_divergence"
    assert error.details == {
        "height": 1, "version": result.version, "root": result.root.hex(), "certified_version": 1,
        "certified_root": four.root(b1).hex(),
    }  # fmt: skip
    assert [block.id for block, _ in error.path] == [b1.id]
    assert error.certified == four.root(b1)
    assert driven.app.committed == []


def test_the_first_block_that_differs_is_named(four) -> None:
    """DV1: 'of the first block that differs', where one certificate commits several."""
    driven = Driven(four)
    b1 = four.block(1, four.genesis_qc, height=1)
    q1 = four.qc(b1)
    tc = four.tc(2, [q1, q1, q1])
    b3 = four.block(3, q1, tc, height=2)
    q3 = four.qc(b3, b1)
    b4 = four.block(4, q3, height=3)
    q4 = four.qc(b4, b3)
    for sender, block in ((1, b1), (3, b3), (0, b4)):
        driven.receive(sender, Proposal(block, four.genesis_qc))
    for block in (b1, b3):
        driven.machine.tree.nodes[block.id].result.root = Hash(bytes(32))
    with pytest.raises(DivergenceError) as caught:
        driven.receive(1, SyncInfo(q4, q4, None))
    assert [block.id for block, _ in caught.value.path] == [b1.id]
    driven.machine.tree.nodes[b1.id].result.root = four.root(b1)
    with pytest.raises(DivergenceError) as caught:
        driven.receive(1, SyncInfo(q4, q4, None))
    assert [block.id for block, _ in caught.value.path] == [b1.id, b3.id]
    assert driven.app.committed == []


def test_an_unknown_certified_block_is_asked_for(four) -> None:
    """R14."""
    driven = Driven(four)
    (b1, q1), *_ = chain(four)
    out = driven.receive(3, SyncInfo(q1, four.genesis_qc, None))
    assert driven.machine.round == 2
    assert sent(out.send_now, BlockRequest) == [(1, BlockRequest(b1.id, 0))]


def test_a_stale_proposal_is_ignored(four) -> None:
    driven = Driven(four)
    (b1, q1), *_ = chain(four)
    driven.receive(3, SyncInfo(q1, four.genesis_qc, None))
    assert driven.receive(1, Proposal(b1, four.genesis_qc)) == Output()


@pytest.mark.parametrize(("ahead_us", "waits"), [(2_000_000, False), (2_000_001, True)])
def test_a_block_from_the_future_waits_for_the_clock(four, ahead_us, waits) -> None:
    """R4: at most 2 s ahead of our own clock."""
    driven = Driven(four)
    block = four.block(1, four.genesis_qc, height=1, time_us=NOW + ahead_us)
    out = driven.receive(1, Proposal(block, four.genesis_qc))
    assert {timer.at_us for timer in out.timers if timer.name == "clock"} == ({NOW + 1} if waits else set())
    assert bool(sent(out.after_persist, Vote)) is not waits
    if waits:
        out = Output()
        driven.machine.on_timer("clock", 0, NOW + 1, out)
        assert len(sent(out.after_persist, Vote)) == 2


def test_one_honest_timeout_makes_us_join_and_a_quorum_moves_the_round(four) -> None:
    """R9, R10: f + 1 = 2 join, 3 certify; the next leader proposes with the certificate."""
    driven = Driven(four, own=2)
    driven.app.waiting = (b"tx",)
    assert sent(driven.receive(0, timeout(four, 1, 0, four.genesis_qc)).after_persist, Timeout) == []
    out = driven.receive(1, timeout(four, 1, 1, four.genesis_qc))
    own = sent(out.after_persist, Timeout)
    assert [(to, message.round, message.author) for to, message in own] == [(2, 1, 2), (ALL_OTHERS, 1, 2)]
    assert sent(out.send_now, Timeout) == []
    assert driven.machine.round == 1
    out = driven.receive(2, own[0][1])
    assert driven.machine.round == 2
    proposals = sent(out.after_persist, Proposal)
    assert [to for to, _ in proposals] == [ALL_OTHERS, 2]
    assert proposals[0][1].block.tc.round == 1
    assert proposals[0][1].block.payload == (b"tx",)
    assert sent(out.send_now, Proposal) == []


def test_committed_blocks_need_links_and_a_proof(four) -> None:
    """R16."""
    (b1, _), (b2, q2), (_b3, q3), _ = chain(four)

    def error(response) -> str:
        with pytest.raises((BlockError, CertificateError)) as caught:
            Driven(four).receive(1, response)
        return caught.value.name

    assert error(CommittedResponse(1, (b2,), q3)) == "broken_chain"
    assert error(CommittedResponse(1, (b1, b2), q2)) == "wrong_commit"
    aside = four.block(2, four.genesis_qc, four.tc(1, [four.genesis_qc] * 3), height=2)
    assert error(CommittedResponse(1, (b1, aside), four.qc(four.block(3, four.qc(aside)), aside))) == "broken_chain"
    assert error(CommittedResponse(1, (four.block(1, four.genesis_qc, height=2),), q2)) == "broken_chain"
    assert error(CommittedResponse(1, (b1,), q2._replace(signatures=q2.signatures[:2]))) == "no_quorum"
    driven = Driven(four)
    assert driven.receive(1, CommittedResponse(1, (b1, b2), None)) == Output()
    driven.receive(1, CommittedResponse(1, (b1, b2), q3))
    assert driven.app.committed == [([1, 2], q3)]
    assert (driven.machine.round, driven.machine.tree.root_id) == (4, b2.id)


def test_a_restart_sends_the_last_vote_again(four) -> None:
    before = Driven(four)
    block = four.block(1, four.genesis_qc, height=1)
    out = before.receive(1, Proposal(block, four.genesis_qc))
    again = Driven(
        four,
        record=out.safety,
        pending=[(key, data) for column, key, data in out.persist.rows if column == Column.PENDING],
    )
    assert sent(again.first.after_persist, Vote) == sent(out.after_persist, Vote)
    assert block.id in again.machine.tree.nodes
