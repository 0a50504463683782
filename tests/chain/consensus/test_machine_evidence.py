"""What a machine shows its witness: every statement that it verifies, and late ones that it would only drop."""

from chain.block import Block
from chain.certificates import QuorumCertificate, timeout_message, vote_message
from chain.interface import Output
from chain.messages import BlockResponse, CommittedResponse, Proposal, SyncInfo, Timeout, Vote
from tests.chain.consensus.conftest import GENESIS_HASH, Committee
from tests.chain.consensus.driven import Driven


def found(driven: Driven) -> list[tuple[str, int, int]]:
    """Kind, author and round of each new piece."""
    return [(one.id.name, one.author, one.id.round) for one in driven.machine.verifier.witness.take()]


def vote(four: Committee, author: int, block: Block, parent: Block | None = None) -> Vote:
    """A signed vote."""
    qc = four.qc(block, parent)
    return Vote(qc.data, qc.commit, author, four.keys[author].sign(vote_message(qc.data, qc.commit, GENESIS_HASH)))


def timeout(four: Committee, author: int, round_: int, sync: SyncInfo) -> Timeout:
    """A signed time-out."""
    message = timeout_message(1, round_, sync.high_qc.round, GENESIS_HASH)
    return Timeout(1, round_, author, four.keys[author].sign(message), sync)


def twins(four: Committee, round_: int = 1) -> tuple[Block, Block]:
    """Two blocks of one round and leader."""
    one, other = [four.block(round_, four.genesis_qc, height=1, time_us=time_us) for time_us in (5_000, 6_000)]
    return one, other


def committed(four: Committee) -> tuple[list[Block], list[QuorumCertificate]]:
    """Three blocks, each certified, each certificate committing the one before."""
    b1 = four.block(1, four.genesis_qc, height=1)
    q1 = four.qc(b1)
    b2 = four.block(2, q1, height=2)
    q2 = four.qc(b2, b1)
    return [b1, b2], [q1, q2]


def receive(driven: Driven, sender: int, message: object) -> Output | None:
    """A step; what the machine refuses is refused."""
    return driven.receive(sender, message)


def test_two_proposals(four: Committee) -> None:
    """E1, and the first one goes on: the round is voted in once."""
    driven = Driven(four)
    one, other = twins(four)
    leader = one.header.author
    receive(driven, leader, Proposal(one, four.genesis_qc))
    assert found(driven) == []
    receive(driven, leader, Proposal(other, four.genesis_qc))
    assert found(driven) == [("double_proposal", leader, 1)]


def test_a_late_second_proposal(four: Committee) -> None:
    """EV7: the round is over, and nobody votes for it any more; it still is evidence."""
    driven = Driven(four)
    one, other = twins(four)
    leader = one.header.author
    receive(driven, leader, Proposal(one, four.genesis_qc))
    receive(driven, 1, SyncInfo(four.qc(one), four.genesis_qc, None))
    assert driven.machine.round == 2
    receive(driven, leader, Proposal(other, four.genesis_qc))
    assert found(driven) == [("double_proposal", leader, 1)]


def test_a_second_block_that_another_validator_sends(four: Committee) -> None:
    """EV7: the half that got the losing block fetches the other one."""
    driven = Driven(four)
    one, other = twins(four)
    receive(driven, one.header.author, Proposal(one, four.genesis_qc))
    receive(driven, 3, BlockResponse(other.id, (other,)))
    assert found(driven) == [("double_proposal", one.header.author, 1)]


def test_a_second_block_that_comes_committed(four: Committee) -> None:
    """EV7: nor is it missed where blocks come with a certificate for the last one alone; whoever bends the signature of
    a block on its way accuses nobody."""
    (b1, _), (_, q2) = committed(four)
    leader = b1.header.author
    other = four.block(1, four.genesis_qc, height=1, time_us=7_000)
    for signature, wanted in ((b1.signature, [("double_proposal", leader, 1)]), (b"\x01" * 64, [])):
        driven = Driven(four)
        receive(driven, leader, Proposal(other, four.genesis_qc))
        receive(driven, 3, CommittedResponse(1, (b1._replace(signature=signature),), q2))
        assert driven.machine.tree.root.height == 1
        assert found(driven) == wanted


def test_two_votes_and_a_late_one(four: Committee) -> None:
    """E2: in time, and after the round was certified; the first vote counts, the second does not."""
    driven = Driven(four)
    one, other = twins(four)
    receive(driven, 1, vote(four, 1, one))
    receive(driven, 1, vote(four, 1, other))
    assert found(driven) == [("double_vote", 1, 1)]
    receive(driven, 1, SyncInfo(four.qc(one, authors=[0, 1, 3]), four.genesis_qc, None))
    assert driven.machine.round == 2
    receive(driven, 2, vote(four, 2, one))
    receive(driven, 2, vote(four, 2, other))
    assert found(driven) == [("double_vote", 2, 1)]
    receive(driven, 3, vote(four, 3, other))
    assert found(driven) == [("double_vote", 3, 1)]


def test_a_vote_against_a_certificate(four: Committee) -> None:
    """EV7: who signs another vote than the one that is in a certificate."""
    driven = Driven(four)
    one, other = twins(four)
    receive(driven, 1, vote(four, 1, other))
    receive(driven, 2, SyncInfo(four.qc(one, authors=[1, 2, 3]), four.genesis_qc, None))
    assert found(driven) == [("double_vote", 1, 1)]


def test_a_lock_lie_and_the_liars_time_outs_still_count(four: Committee) -> None:
    """E3: whoever voted on round 1's certificate hides it; its time-out counts towards the certificate of the round."""
    driven = Driven(four)
    (b1, b2), (q1, _) = committed(four)
    receive(driven, 1, SyncInfo(q1, four.genesis_qc, None))
    receive(driven, 3, vote(four, 3, b2, b1))
    genesis = SyncInfo(four.genesis_qc, four.genesis_qc, None)
    receive(driven, 3, timeout(four, 3, 2, genesis))
    assert found(driven) == [("lock_lie", 3, 2)]
    known = SyncInfo(q1, four.genesis_qc, None)
    receive(driven, 1, timeout(four, 1, 2, known))
    receive(driven, 2, timeout(four, 2, 2, known))
    assert driven.machine.round == 3
    assert found(driven) == []


def test_votes_in_anothers_name_and_of_no_member(four: Committee) -> None:
    """EV8: a late vote is looked at only if its author sent it; one of nobody has no place."""
    driven = Driven(four)
    one, other = twins(four)
    receive(driven, 1, SyncInfo(four.qc(one), four.genesis_qc, None))
    receive(driven, 2, vote(four, 3, one))
    receive(driven, 2, vote(four, 3, other))
    driven.machine.on_message(7, Vote(*vote(four, 1, one)[:2], 7, b"\x01" * 64), 2_000, Output())
    assert found(driven) == []
