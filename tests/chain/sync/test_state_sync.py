"""SY1, SY2: when a validator takes a snapshot, and when it goes on with blocks."""

import pytest

from chain.block import Block
from chain.interface import Output
from chain.messages import CommittedResponse, encode_message
from chain.snapshot_messages import SnapshotRequest, SnapshotWritten
from tests.chain.sync.pair import GIVERS, NOW_US, Taker
from tests.chains import Chain, small_chain

FAR = 1_000_000


def empty(taker: Taker, height: int = 1) -> CommittedResponse:
    """What says that the blocks from a height on cannot be served."""
    return CommittedResponse(height, (), None)


def wants(taker: Taker) -> bool:
    """Whether a snapshot is taken of the chain's tip, which is not far."""
    return taker.sync.takes_over(taker.chain.ledger.tip_version, 2)


def test_two_who_do_not_have_the_blocks_are_enough() -> None:
    """SY2: f + 1 validators say so, of which one at least is honest; the same one twice is one."""
    taker = Taker(small_chain(), behind=FAR)
    assert not wants(taker)
    taker.sync.note_answer(0, empty(taker))
    taker.sync.note_answer(0, empty(taker))
    assert not wants(taker)
    taker.sync.note_answer(1, empty(taker))
    assert wants(taker)


def test_other_heights_and_blocks_that_come() -> None:
    """SY2: only the blocks after our tip are meant, and an answer with blocks ends it."""
    chain = small_chain()
    taker = Taker(chain, behind=FAR)
    for height in (0, 2):
        taker.sync.note_answer(0, empty(taker, height))
        taker.sync.note_answer(1, empty(taker, height))
    assert not wants(taker)
    blocks: tuple[Block, ...] = (chain.pending[0][0],)
    taker.sync.note_answer(0, empty(taker))
    taker.sync.note_answer(2, CommittedResponse(1, blocks, chain.qc))
    taker.sync.note_answer(1, empty(taker))
    assert not wants(taker)


def test_a_certificate_for_more_blocks_than_an_answer_holds() -> None:
    """SY2: `limit` blocks that reach no certificate cannot be served: an empty answer, not silence."""
    chain = Chain()
    for _ in range(70):
        chain.add(commit=False)
    chain.add()
    assert chain.ledger.tip_height == 70
    found = chain.ledger.committed_blocks(1, 64, 1 << 20)
    assert found == CommittedResponse(1, (), None)
    assert chain.ledger.committed_blocks(7, 64, 1 << 20) is not None
    assert chain.ledger.committed_blocks(71, 64, 1 << 20) is None, "not durable yet: silence"
    taker = Taker(chain, behind=FAR)
    for giver in (0, 1):
        taker.sync.note_answer(giver, found)
    taker.begin()
    taker.run()
    assert taker.ledger.tip_root == chain.ledger.tip_root


def test_a_ledger_that_began_with_a_snapshot_serves_nothing_before_it() -> None:
    """SY2, KE5: blocks up to the base are answered by an empty answer, those after it are served."""
    chain = small_chain()
    taker = Taker(chain)
    taker.begin()
    taker.run()
    for height in (1, 5, 6):
        found = taker.ledger.committed_blocks(height, 64, 1 << 20)
        assert found is not None
        assert (bool(found.blocks), found.proof is not None) == ((height == 6), (height == 6))
    assert taker.ledger.committed_blocks(7, 64, 1 << 20) is None


def test_a_replay_says_that_it_cannot_go_on() -> None:
    """SY1, SY2: without snapshots nothing is taken; what is missing is told once."""
    taker = Taker(small_chain(), behind=None)
    for giver in (0, 1):
        taker.sync.note_answer(giver, empty(taker))
    for _ in range(2):
        assert not taker.sync.takes_over(FAR, 2)
        taker.begin()
    assert [name for name, _, _ in taker.alarms] == ["blocks_pruned"]
    assert "after height 0" in taker.alarms[0][1]
    assert taker.asked == []


def test_after_each_snapshot_it_takes_twice_as_much() -> None:
    """SY1: twice `snapshot_behind` after a snapshot, both sides of the limit."""
    chain = small_chain()
    taker = Taker(chain, behind=5)
    taker.begin()
    taker.run()
    tip = taker.ledger.tip_version
    assert not taker.sync.takes_over(tip + 10, 2)
    assert taker.sync.takes_over(tip + 11, 2)


def test_only_oneself_says_that_it_is_written() -> None:
    """SY7: a peer's word that a snapshot is durable ends nothing."""
    taker = Taker(small_chain())
    taker.begin()
    while not taker.sync.is_switching:
        taker.deliver()
    for giver in GIVERS:
        out = Output()
        assert taker.sync.on_message(giver, SnapshotWritten(11), NOW_US, out) is None
        assert taker.sync.is_switching
    taker.run()
    assert taker.snapshot is not None
    assert not taker.sync.is_switching


@pytest.mark.parametrize("version", [10, 12])
def test_another_version_is_not_the_one_that_is_written(version: int) -> None:
    """SY7: only the snapshot that is under way can end."""
    taker = Taker(small_chain())
    taker.begin()
    while not taker.sync.is_switching:
        taker.deliver()
    taker.take(3, SnapshotWritten(version))
    assert taker.sync.is_switching
    assert encode_message(SnapshotWritten(version)) != encode_message(SnapshotWritten(11))


def test_an_offer_that_no_frame_holds_is_an_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    """An offer holds the ends of all epochs: one above a frame is not sent, and ends no process."""
    taker = Taker(small_chain())
    offers = [Output(), Output()]
    taker.givers[0].on_message(GIVERS[1], SnapshotRequest(0), NOW_US, offers[0])
    ((_, data),) = offers[0].send_now
    monkeypatch.setattr("chain.consensus.catch_up.MAX_FRAME_BYTES", len(data) - 1)
    taker.givers[0].on_message(GIVERS[1], SnapshotRequest(0), NOW_US, offers[1])
    assert (offers[1].send_now, [alarm.name for alarm in offers[1].alarms]) == ([], ["answer_too_large"])
