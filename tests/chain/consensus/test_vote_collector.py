"""Votes and time-outs become certificates (R7, R10, Q7)."""

from chain.certificates import timeout_message, verify_qc
from chain.consensus.vote_collector import VoteCollector
from chain.messages import SyncInfo, Timeout, Vote
from chain.primitives import Hash

GENESIS_HASH = Hash(b"\x47" * 32)


def votes(four, block, parent=None):
    qc = four.qc(block, parent, range(4))
    return [Vote(qc.data, qc.commit, author, signature) for author, signature in qc.signatures]


def timeout(four, round_, author, qc) -> Timeout:
    signature = four.keys[author].sign(timeout_message(1, round_, qc.round, GENESIS_HASH))
    return Timeout(1, round_, author, signature, SyncInfo(qc, four.genesis_qc, None))


def test_a_certificate_comes_exactly_at_the_quorum(four) -> None:
    block = four.block(1, four.genesis_qc)
    collector, cast = VoteCollector(four.set), votes(four, block)
    assert collector.add_vote(cast[3]) == (None, None)
    assert collector.add_vote(cast[1]) == (None, None)
    assert collector.add_vote(cast[1]) == (None, None)
    qc, conflict = collector.add_vote(cast[0])
    assert conflict is None
    assert qc is not None
    assert qc == four.qc(block, authors=(0, 1, 3))
    verify_qc(qc, four.set, four.genesis_qc, GENESIS_HASH, four.signatures)
    assert collector.add_vote(cast[2]) == (None, None)
    assert collector.has_vote(1, 2)
    assert not collector.has_vote(2, 2)


def test_a_second_different_vote_is_evidence_and_not_counted(four) -> None:
    """'One vote a validator and round is counted; a second, different one raises an alarm.'"""
    mine, other = (four.block(1, four.genesis_qc, payload=payload) for payload in ((), (b"x",)))
    collector = VoteCollector(four.set)
    first = votes(four, mine)
    collector.add_vote(first[0])
    assert collector.add_vote(votes(four, other)[0]) == (None, first[0])
    assert collector.add_vote(votes(four, other)[1]) == (None, None)
    assert collector.add_vote(votes(four, other)[2]) == (None, None)
    assert collector.add_vote(votes(four, other)[3])[0] == four.qc(other, authors=(1, 2, 3))


def test_votes_that_commit_differently_do_not_add_up(four) -> None:
    b1 = four.block(1, four.genesis_qc)
    b2 = four.block(2, four.qc(b1))
    with_commit, without = votes(four, b2, b1), votes(four, b2)
    collector = VoteCollector(four.set)
    for vote in (with_commit[0], with_commit[1], without[2]):
        assert collector.add_vote(vote) == (None, None)
    assert collector.add_vote(without[0]) == (None, with_commit[0])
    assert not collector.disagreement(2)
    assert collector.add_vote(without[3]) == (None, None)
    assert collector.disagreement(2)
    assert not collector.disagreement(1)


def test_no_disagreement_when_a_quorum_agrees(four) -> None:
    collector = VoteCollector(four.set)
    for vote in votes(four, four.block(1, four.genesis_qc)):
        collector.add_vote(vote)
    assert not collector.disagreement(1)


def test_a_leader_who_proposes_twice_divides_no_results(four) -> None:
    """DV1 is about one block: votes two against two for two blocks of a liar accuse nobody's execution."""
    one, other = four.block(1, four.genesis_qc), four.block(1, four.genesis_qc, time_us=77)
    assert one.id != other.id
    collector = VoteCollector(four.set)
    for vote in (*votes(four, one)[:2], *votes(four, other)[2:]):
        collector.add_vote(vote)
    assert not collector.disagreement(1)


def test_a_timeout_certificate_has_the_highest_certificate(four) -> None:
    b1 = four.block(1, four.genesis_qc)
    q1 = four.qc(b1)
    collector = VoteCollector(four.set)
    assert collector.add_timeout(timeout(four, 2, 3, four.genesis_qc)) == 1
    assert collector.add_timeout(timeout(four, 2, 0, q1)) == 2
    assert collector.add_timeout(timeout(four, 2, 0, q1)) == 2
    assert collector.timeout_certificate(2) is None
    assert collector.add_timeout(timeout(four, 2, 1, four.genesis_qc)) == 3
    tc = collector.timeout_certificate(2)
    assert tc is not None
    assert (tc.epoch, tc.round, tc.high_qc) == (1, 2, q1)
    assert [entry[:2] for entry in tc.entries] == [(0, 1), (1, 0), (3, 0)]
    tc.verify(four.set, four.genesis_qc, GENESIS_HASH, four.signatures)


def test_only_a_higher_certificate_replaces_a_timeout(four) -> None:
    q1 = four.qc(four.block(1, four.genesis_qc))
    collector = VoteCollector(four.set)
    for author, qc in ((0, four.genesis_qc), (0, q1), (0, four.genesis_qc), (1, four.genesis_qc)):
        collector.add_timeout(timeout(four, 2, author, qc))
    collector.add_timeout(timeout(four, 2, 2, four.genesis_qc))
    tc = collector.timeout_certificate(2)
    assert tc is not None
    assert [entry[1] for entry in tc.entries] == [1, 0, 0]


def test_drop_below_forgets_earlier_rounds_only(four) -> None:
    b1 = four.block(1, four.genesis_qc)
    b2 = four.block(2, four.qc(b1))
    collector = VoteCollector(four.set)
    for block in (b1, b2):
        collector.add_vote(votes(four, block)[0])
    for round_ in (1, 2):
        for author in range(3):
            collector.add_timeout(timeout(four, round_, author, four.genesis_qc))
    collector.drop_below(2)
    assert not collector.has_vote(1, 0)
    assert collector.has_vote(2, 0)
    assert collector.timeout_certificate(1) is None
    assert collector.timeout_certificate(2) is not None
