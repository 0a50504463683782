"""What the machine does not even look at, and what it asks for again: each fails without the check that it names."""

import pytest

from chain.errors import CertificateError, MithqalError
from chain.interface import Output
from chain.messages import BlockRequest, BlockResponse, Proposal, SyncInfo, Vote
from tests.chain.consensus.driven import Driven, chain, due, sent


def forged(block):
    """The same block with a signature of nobody."""
    return block._replace(signature=bytes(64))


def test_a_stale_proposal_is_ignored_before_its_signature(four) -> None:
    """The order inside a handler is: cheap checks, signatures. A round that is over costs nothing."""
    driven = Driven(four)
    (b1, q1), *_ = chain(four)
    driven.receive(3, SyncInfo(q1, four.genesis_qc, None))
    assert driven.receive(1, Proposal(forged(b1), four.genesis_qc)) == Output()


def test_known_and_final_blocks_of_an_answer_are_ignored(four) -> None:
    """R16: what is in the tree, and what is not above the last final block, is neither verified nor held again."""
    driven = Driven(four)
    (b1, _), (b2, q2), _, _ = chain(four)
    driven.receive(1, Proposal(b1, four.genesis_qc))
    driven.receive(2, Proposal(b2, four.genesis_qc))
    driven.receive(3, SyncInfo(q2, q2, None))
    assert driven.machine.tree.root_id == b1.id
    other = four.block(1, four.genesis_qc, height=1, time_us=1_500)
    for block in (b1, b2, other):
        driven.receive(3, BlockResponse(block.id, (forged(block),)))
        assert len(driven.machine.held) == 0


def test_nothing_is_counted_across_epochs(four) -> None:
    """E9: "nothing is processed across epochs": also a machine that is asked by itself refuses, before signatures."""
    driven = Driven(four)
    (_, q1), *_ = chain(four)
    data = q1.data._replace(epoch=2)
    with pytest.raises(MithqalError) as caught:
        driven.receive(2, Vote(data, None, 2, bytes(64)))
    assert caught.value.name == "wrong_epoch"
    with pytest.raises(CertificateError):
        driven.receive(2, Vote(q1.data, None, 2, bytes(64)))


def test_a_silenced_machine_says_why_once(four) -> None:
    """R18: the first reason stays, and certificates that show the same again raise no second alarm."""
    driven = Driven(four)
    (b1, _), (_, q2), *_ = chain(four)
    driven.receive(1, Proposal(b1, four.genesis_qc))
    driven.machine.safety.silenced = "another reason"
    out = driven.receive(3, SyncInfo(q2, four.genesis_qc, None))
    assert 0 in [author for author, _ in q2.signatures]
    assert driven.machine.safety.silenced == "another reason"
    assert out.alarms == []


def test_after_the_last_block_of_an_epoch_nothing_is_asked_or_proposed(four) -> None:
    """E5, E7: once the end is final, everything else is a matter of the next epoch's machine."""
    (_, q1), *_ = chain(four)
    for ended in (False, True):
        driven = Driven(four)
        driven.machine.ended = ended
        out = driven.receive(3, SyncInfo(q1, four.genesis_qc, None))
        assert bool(sent(out.send_now, object)) is not ended


def test_what_does_not_come_is_asked_of_another(four) -> None:
    """R14: "one request at a time, another peer at each retry"; a timer of an older request asks nobody."""
    driven = Driven(four)
    (b1, q1), *_ = chain(four)
    out = driven.receive(3, SyncInfo(q1, four.genesis_qc, None))
    asked = [to for to, _ in sent(out.send_now, BlockRequest)]
    (first,) = due(out, "fetch")
    again = driven.fire("fetch", first.token)
    assert sent(again.send_now, BlockRequest) == [(2, BlockRequest(b1.id, 0))]
    assert asked == [1]
    assert driven.fire("fetch", first.token) == Output()
