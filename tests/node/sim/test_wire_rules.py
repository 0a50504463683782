"""Rules of links: what each does to which messages, from when to when; what waits is let go in order, and once."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from chain.messages import BlockResponse, Proposal, SyncInfo, decode_message, encode_message, round_of
from node.sim.directives import Rule
from node.sim.entropy import Entropy
from node.sim.scheduler import Scheduler
from node.sim.wire import Parcel, Wire, is_of
from tests.chain.consensus.conftest import Committee
from tests.node.sim.said import R, certificate, proposal, timeout, vote

FOUR = Committee(4)
VOTE, TIMEOUT, SYNC = vote(3), timeout(4, 3), encode_message(SyncInfo(certificate(5, R[1]), certificate(4, R[1]), None))


def round_in(data: bytes) -> int | None:
    return round_of(decode_message(data))


class Rig:
    """Four validators, the last of which runs twice: process 4; all are in round 7."""

    def __init__(self, *rules: Rule) -> None:
        self.scheduler = Scheduler(0)
        self.sent: list[tuple[int, int, int, bytes]] = []
        self.counts: Counter[str] = Counter()
        links: Any = self
        self.wire = Wire(
            self.scheduler, links, Entropy(3).stream("rules"), self.counts, [0, 1, 2, 3, 3], lambda process: 7 + process
        )
        for rule in rules:
            self.wire.add(rule)
        self._links: Any = self

    def send(self, sender: int, receiver: int, data: bytes) -> None:
        self.sent.append((self.scheduler.now_us, sender, receiver, data))

    def passes(self, data: bytes = VOTE, sender: int = 0, receiver: int = 1) -> bool:
        """Whether a message goes out at once."""
        before = len(self.sent)
        self.wire.send(sender, receiver, data)
        return len(self.sent) > before


def test_a_message_reaches_each_process_of_a_number() -> None:
    """Both of a doubled validator, its twin included, never oneself; a number that is not there is nobody."""
    rig = Rig()
    for sender, receiver in ((0, 3), (4, 3), (3, 0), (0, 0), (0, 9)):
        rig.wire.send(sender, receiver, VOTE)
    assert [(sender, receiver) for _, sender, receiver, _ in rig.sent] == [(0, 3), (0, 4), (4, 3), (3, 0)]


@pytest.mark.parametrize(
    ("rule", "free"),
    [
        (Rule("drop", src=(0,)), (1, 2)),
        (Rule("drop", dst=(1,)), (0, 2)),
        (Rule("drop", src=(0,), dst=(1,)), (1, 0)),
        (Rule("drop", src=(0,), dst=(1,)), (0, 2)),
    ],
)
def test_who_is_meant(rule: Rule, free: tuple[int, int]) -> None:
    """`src` and `dst`: both must fit where both are said."""
    rig = Rig(rule)
    assert not rig.passes(VOTE, 0, 1)
    assert rig.passes(VOTE, *free)
    assert rig.counts == {"rule.drop": 1}


def test_from_when_to_when() -> None:
    """From its first microsecond on, and no longer at its end."""
    rig = Rig(Rule("drop", from_us=10, to_us=20, name="cut"))
    found = []
    for at_us in (9, 10, 19, 20):
        rig.scheduler.run_until(at_us)
        found.append(rig.passes())
    assert found == [True, False, False, True]
    assert rig.counts == {"cut": 2}


@pytest.mark.parametrize(
    ("rounds", "found"),
    [((3, 3), [False, True, True]), ((4, 5), [True, False, False]), ((None, 3), [False, True, True]),
     ((5, None), [True, True, False])],
)  # fmt: skip
def test_of_which_rounds(rounds: tuple[Any, Any], found: list[bool]) -> None:
    """The message's own round: a vote's 3, a time-out's 4, of a sync info the furthest that it shows, 5."""
    rig = Rig(Rule("drop", from_round=rounds[0], to_round=rounds[1]))
    assert [rig.passes(data) for data in (VOTE, TIMEOUT, SYNC)] == found


def test_messages_without_a_round_are_of_their_senders() -> None:
    """An answer with blocks: the round that its sender is in."""
    answer = encode_message(BlockResponse(R[1], ()))
    assert round_in(answer) is None
    rig = Rig(Rule("drop", from_round=8, to_round=8))
    assert [rig.passes(answer, sender, 3 - sender) for sender in (0, 1, 2)] == [True, False, True]


def test_rounds_of_messages() -> None:
    """Of a proposal its block's; a timeout certificate in a sync info may be further than its certificates."""
    assert round_in(proposal(6, certificate(5, R[1]))) == 6
    assert (round_in(VOTE), round_in(TIMEOUT), round_in(SYNC)) == (3, 4, 5)
    tc = FOUR.tc(9, [FOUR.genesis_qc] * 3)
    assert round_in(encode_message(SyncInfo(certificate(5, R[1]), certificate(4, R[1]), tc))) == 9
    low = FOUR.tc(2, [FOUR.genesis_qc] * 3)
    assert round_in(encode_message(SyncInfo(certificate(5, R[1]), certificate(4, R[1]), low))) == 5


def test_which_kinds() -> None:
    """By name; `sync` is what one that is behind is answered and asks, `tc` a sync info with a timeout certificate."""
    with_tc = encode_message(SyncInfo(certificate(5, R[1]), certificate(4, R[1]), FOUR.tc(9, [FOUR.genesis_qc] * 3)))
    answer = encode_message(BlockResponse(R[1], ()))
    block = FOUR.block(1, FOUR.genesis_qc)
    assert is_of(encode_message(Proposal(block, FOUR.genesis_qc)), ("vote", "proposal"))
    assert not is_of(VOTE, ("proposal", "sync", "tc"))
    assert [is_of(data, ("sync",)) for data in (answer, VOTE, SYNC)] == [True, False, False]
    assert [is_of(data, ("tc",)) for data in (with_tc, SYNC, VOTE)] == [True, False, False]
    rig = Rig(Rule("drop", types=("vote",)))
    assert [rig.passes(data) for data in (VOTE, TIMEOUT)] == [False, True]


def test_what_is_done() -> None:
    """`delay` sends it later, `duplicate` a second time later, `drop` never; the first rule that takes it counts."""
    rig = Rig(Rule("duplicate", us=5, types=("vote",)), Rule("delay", us=9), Rule("drop"))
    rig.wire.send(0, 1, VOTE)
    rig.wire.send(0, 1, TIMEOUT)
    assert rig.sent == []
    rig.scheduler.run_until(100)
    assert rig.sent == [(5, 0, 1, VOTE), (9, 0, 1, VOTE), (9, 0, 1, TIMEOUT)]
    assert rig.counts == {"rule.duplicate": 1, "rule.delay": 2}


def test_chance() -> None:
    """Parts of a million: about as many as said, and what one rule leaves is for the next."""
    rig = Rig(Rule("drop", ppm=300_000, name="some"), Rule("drop", ppm=0, name="none"), Rule("drop", name="rest"))
    for _ in range(1_000):
        assert not rig.passes()
    assert 250 < rig.counts["some"] < 350
    assert rig.counts["rest"] == 1_000 - rig.counts["some"]
    assert rig.counts["none"] == 0


@pytest.mark.parametrize(
    ("rule", "early", "due"),
    [
        (Rule("hold", release_at_round=5), lambda rig: rig.wire.on_round(4), lambda rig: rig.wire.on_round(5)),
        (Rule("hold", release_at_us=50), lambda rig: rig.scheduler.run_until(49),
         lambda rig: rig.scheduler.run_until(50)),
        (Rule("hold"), lambda rig: rig.wire.on_round(99), lambda rig: rig.wire.heal()),
    ],
)  # fmt: skip
def test_what_is_held(rule: Rule, early: Callable[[Rig], None], due: Callable[[Rig], None]) -> None:
    """Until its round or time has come, in order, past all rules; without either until the links are whole again."""
    rig = Rig(rule)
    for data in (VOTE, TIMEOUT):
        rig.wire.send(0, 1, data)
    early(rig)
    assert rig.sent == []
    due(rig)
    assert [data for *_, data in rig.sent] == [VOTE, TIMEOUT]
    due(rig)
    assert len(rig.sent) == 2
    assert rig.counts == {"rule.hold": 2}


def test_no_rule_holds_after_healing() -> None:
    """`heal`: all links are whole."""
    rig = Rig(Rule("drop"))
    assert not rig.passes()
    rig.wire.heal()
    assert rig.passes()


def test_an_end_that_counts_from_a_round() -> None:
    """`for_us`: so long after `from_round` began, or until its other end; before that round it does not end."""
    for to_us, end_us in ((None, 130), (120, 120), (500, 130)):
        rig = Rig(Rule("drop", from_round=3, to_round=3, to_us=to_us, for_us=30))
        rig.scheduler.run_until(100)
        rig.wire.on_round(2)
        assert not rig.passes()
        rig.wire.on_round(3)
        rig.scheduler.run_until(110)
        rig.wire.on_round(4)  # the end was fixed by the third round
        rig.scheduler.run_until(end_us - 1)
        assert not rig.passes()
        rig.scheduler.run_until(end_us)
        assert rig.passes(), to_us


def test_what_a_liar_sends() -> None:
    """In the place of its messages what it makes of them: at once, later, at a time, or in a round; others' stay."""

    class Tamper:
        def is_liar(self, process: int) -> bool:
            return process == 2

        def outgoing(self, sender: int, receiver: int, data: bytes) -> list[Parcel]:
            return [
                Parcel(b"now", 0, None, None), Parcel(b"later", 5, None, None), Parcel(b"at 9", 0, 9, None),
                Parcel(b"in 8", 0, None, 8),
            ]  # fmt: skip

    rig = Rig()
    tamper: Any = Tamper()
    rig.wire.tamper = tamper
    rig.wire.send(0, 1, VOTE)
    rig.wire.send(2, 1, VOTE)
    rig.scheduler.run_until(20)
    rig.wire.on_round(7)
    assert rig.sent == [(0, 0, 1, VOTE), (0, 2, 1, b"now"), (5, 2, 1, b"later"), (9, 2, 1, b"at 9")]
    rig.wire.on_round(8)
    assert rig.sent[4:] == [(20, 2, 1, b"in 8")]
