"""Evidence in a validator: believed once, kept, told once to all and again to who lacks it, and bounded."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chain.accountability import TIMER
from chain.codec import encode
from chain.crypto.signing import RealSignatures
from chain.evidence import Evidence, EvidenceId
from chain.interface import ALL_OTHERS, Output, PeerUp, Received, Start, TimerFired
from chain.limits import EVIDENCE_EACH, EVIDENCE_IDS, EVIDENCE_RETRY_US
from chain.messages import Accusation, EvidenceKnown, decode_message, encode_message
from chain.primitives import SECOND_US
from chain.replica import Replica
from chain.storage import Column, Store
from node.storage.memory import MemoryStore
from node.storage.sqlite import SqliteStore
from tests.accusations import LIAR, Liar
from tests.builders import NOW_SECS, document, key

DOCUMENT = document()
NOW_US = NOW_SECS * SECOND_US


class Node:
    """Validator 0 alone; what it sends is read, not delivered."""

    def __init__(self, store: Store | None = None, index: int = 0) -> None:
        self.store = store or MemoryStore()
        self.replica = Replica(DOCUMENT, index, key(10 + index), self.store, None, RealSignatures())
        self.now_us = NOW_US
        self.step(Start())

    def step(self, event: object) -> Output:
        out = self.replica.step(event, self.now_us)  # type: ignore[arg-type]
        if not out.persist.is_empty():
            self.store.write(out.persist)
        return out

    def hear(self, message: Accusation | EvidenceKnown | bytes, sender: int = 1) -> Output:
        data = message if isinstance(message, bytes) else encode_message(message)
        return self.step(Received(sender, data))

    @property
    def ids(self) -> list[EvidenceId]:
        """As they are stored."""
        return [Evidence.from_bytes(data).id for _, data in self.store.rows(Column.EVIDENCE, 0, 100)]


GENESIS = Node().replica.ledger.genesis_hash


def liar(author: int = LIAR, epoch: int = 1) -> Liar:
    """One of the four."""
    return Liar(key(10 + author), GENESIS, author, epoch)


def double_vote(round_: int = 3, author: int = LIAR, fill: int = 1) -> Evidence:
    """Two votes of one round."""
    return liar(author).double_vote(round_, fill)


def lie() -> Evidence:
    """A lock lie."""
    return liar().lock_lie()


def told(out: Output) -> list[tuple[int, Accusation | EvidenceKnown]]:
    """What about evidence is sent, to whom."""
    sends = [(to, decode_message(data)) for to, data in [*out.after_persist, *out.send_now]]
    return [(to, message) for to, message in sends if isinstance(message, Accusation | EvidenceKnown)]


def test_evidence_is_stored_told_to_everybody_and_named() -> None:
    """EV10, EV11: durable first, then it leaves; the alarm names the validator by name and number, and the round."""
    node = Node()
    out = node.hear(Accusation(double_vote()))
    assert node.ids == [double_vote().id]
    assert told(out) == [(ALL_OTHERS, Accusation(double_vote()))]
    assert [send.destination for send in out.after_persist] == [ALL_OTHERS]
    (alarm,) = out.alarms
    assert (alarm.name, alarm.peer) == ("evidence_double_vote", LIAR)
    assert alarm.message == "validator-2 (validator 2) voted twice in epoch 1, round 3"
    for evidence, deed in (
        (lie(), "hid a certificate that it had voted on in epoch 1, rounds 6 and 9"),
        (liar().double_proposal(), "proposed two blocks in epoch 1, round 3"),
    ):
        (alarm,) = node.hear(Accusation(evidence)).alarms
        assert (alarm.name, alarm.message) == (f"evidence_{evidence.id.name}", f"validator-2 (validator 2) {deed}")


def test_the_same_again_or_about_the_same_round_is_told_once() -> None:
    """EV12: known by epoch, author, kind and round, whatever the bytes; nothing is stored, sent or said again."""
    node = Node()
    node.hear(Accusation(double_vote()))
    for again in (double_vote(), double_vote(fill=7)):
        out = node.hear(Accusation(again), sender=3)
        assert (told(out), out.alarms, out.persist.is_empty()) == ([], [], True)
    assert len(told(node.hear(Accusation(double_vote(4))))) == 1


def test_what_does_not_hold_accuses_whoever_sends_it() -> None:
    """EV10: verified before belief, and before anybody else is told."""
    node = Node()
    forged = double_vote()._replace(author=1)
    out = node.hear(Accusation(forged), sender=3)
    assert [(alarm.name, alarm.peer) for alarm in out.alarms] == [("bad_signature", 3)]
    assert (told(out), node.ids) == ([], [])
    for evidence, name in ((double_vote()._replace(author=9), "evidence_author"), (_of_epoch(0), "evidence_epoch")):
        assert [alarm.name for alarm in node.hear(Accusation(evidence), sender=3).alarms] == [name]
    assert [alarm.name for alarm in node.hear(b"\x92\x10\x91\xc4\x00", sender=3).alarms] == ["malformed_bytes"]


def _of_epoch(epoch: int) -> Evidence:
    """Of another epoch, well signed."""
    return liar(epoch=epoch).double_vote()


def test_evidence_of_an_epoch_that_is_not_here_yet_waits_with_the_others() -> None:
    """EV12: it cannot be judged; it comes again, since who has it goes on telling."""
    node = Node()
    out = node.hear(Accusation(_of_epoch(2)))
    assert (told(out), out.alarms, node.ids) == ([], [], [])
    assert told(node.hear(EvidenceKnown((_of_epoch(2).id,)))) == []


def test_a_liar_cannot_flood() -> None:
    """EV12: so many of a kind against one validator in one epoch; other kinds and validators have their own room."""
    node = Node()
    for round_ in range(1, 20):
        node.hear(Accusation(double_vote(round_)))
    assert len(node.ids) == EVIDENCE_EACH
    node.hear(Accusation(lie()))
    node.hear(Accusation(double_vote(author=3)))
    assert len(node.ids) == EVIDENCE_EACH + 2


@pytest.fixture(params=["memory", "sqlite"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """A store, and the same one after a restart."""
    memory = MemoryStore()
    opened: list[SqliteStore] = []

    def again() -> Store:
        if request.param == "memory":
            return memory
        for store in opened:
            store.close()
        opened.append(SqliteStore(tmp_path / "ledger.sqlite", GENESIS))
        return opened[-1]

    yield again
    for store in opened:
        store.close()


def test_evidence_survives_a_restart_and_is_told_again(reopen: Callable[[], Store]) -> None:
    """EV11, EV13: a validator that starts with evidence goes on telling; the restart itself says nothing twice."""
    node = Node(reopen())
    node.hear(Accusation(double_vote()))
    node.hear(Accusation(lie()))
    again = Node(reopen())
    assert again.ids == [double_vote().id, lie().id]
    (timer,) = [timer for timer in again.step(Start()).timers if timer.name == TIMER]
    assert timer.at_us == NOW_US + EVIDENCE_RETRY_US
    out = again.hear(Accusation(double_vote()))
    assert (told(out), out.alarms) == ([], [])
    assert told(again.step(TimerFired(TIMER, 0))) == [(2, EvidenceKnown((double_vote().id, lie().id)))]
    again.hear(Accusation(double_vote(8)))
    assert Node(reopen()).ids == [double_vote().id, lie().id, double_vote(8).id]


def test_without_evidence_nothing_is_said() -> None:
    """EV13: a network in which nobody lies has no traffic of this kind."""
    node = Node()
    assert told(node.step(PeerUp(1))) == []
    assert [timer for timer in node.step(Start()).timers if timer.name == TIMER] == []


def test_one_other_in_turn_is_told_and_who_is_there_again() -> None:
    """EV13."""
    node = Node()
    out = node.hear(Accusation(double_vote()))
    assert [timer.at_us for timer in out.timers if timer.name == TIMER] == [NOW_US + EVIDENCE_RETRY_US]
    known = EvidenceKnown((double_vote().id,))
    turns = []
    for _ in range(6):
        out = node.step(TimerFired(TIMER, 0))
        assert [(timer.name, timer.at_us) for timer in out.timers] == [(TIMER, NOW_US + EVIDENCE_RETRY_US)]
        ((to, message),) = told(out)
        assert message == known
        turns.append(to)
    assert sorted(turns[:3]) == [1, 2, 3]
    assert turns[:3] == turns[3:]
    assert told(node.step(PeerUp(3))) == [(3, known)]


def test_who_lacks_something_gets_it_and_who_knows_more_is_asked() -> None:
    """EV13: the difference goes both ways, at most twice a retry for each peer."""
    node = Node()
    node.hear(Accusation(double_vote()))
    node.hear(Accusation(lie()))
    assert told(node.hear(EvidenceKnown((double_vote().id, lie().id)))) == []
    assert told(node.hear(EvidenceKnown(()), sender=2)) == [(2, Accusation(double_vote())), (2, Accusation(lie()))]
    assert told(node.hear(EvidenceKnown(()), sender=2)) == []
    node.now_us += EVIDENCE_RETRY_US
    more = EvidenceKnown((lie().id, double_vote(7).id))
    both = EvidenceKnown((double_vote().id, lie().id))
    assert told(node.hear(more, sender=2)) == [(2, Accusation(double_vote())), (2, both)]


def test_nobody_is_answered_more_often_than_twice_a_retry() -> None:
    """EV13: half a retry after an answer, and not a microsecond before; each peer for itself."""
    node = Node()
    node.hear(Accusation(double_vote()))
    given = [Accusation(double_vote())]
    assert [message for _, message in told(node.hear(EvidenceKnown(()), sender=2))] == given
    node.now_us += EVIDENCE_RETRY_US // 2 - 1
    assert told(node.hear(EvidenceKnown(()), sender=2)) == []
    assert [message for _, message in told(node.hear(EvidenceKnown(()), sender=3))] == given
    node.now_us += 1
    assert [message for _, message in told(node.hear(EvidenceKnown(()), sender=2))] == given
    assert told(node.hear(EvidenceKnown(()), sender=3)) == []


def test_an_answer_has_a_bound_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """EV13: what does not fit waits for the next time: as many bytes as the bound are sent, one more is not."""
    node = Node()
    for round_ in (3, 4, 5):
        node.hear(Accusation(double_vote(round_)))
    pieces = [Accusation(double_vote(round_)) for round_ in (3, 4, 5)]
    two = sum(len(encode_message(piece)) for piece in pieces[:2])
    for sender, bound, sent in ((1, two, 2), (2, two - 1, 1), (3, 10**9, 3)):
        monkeypatch.setattr("chain.accountability.GOSSIP_BYTES", bound)
        assert told(node.hear(EvidenceKnown(()), sender)) == [(sender, piece) for piece in pieces[:sent]]


def test_the_newest_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """EV13: of more than a message holds the last ones; those before are neither told nor given."""
    monkeypatch.setattr("chain.accountability.EVIDENCE_IDS", 2)
    node = Node()
    for round_ in (3, 4, 5):
        node.hear(Accusation(double_vote(round_)))
    assert told(node.step(PeerUp(3))) == [(3, EvidenceKnown((double_vote(4).id, double_vote(5).id)))]
    answer = [(1, Accusation(double_vote(round_))) for round_ in (4, 5)]
    assert told(node.hear(EvidenceKnown(()))) == answer


def test_nobody_is_given_what_it_has_no_room_for() -> None:
    """EV12, EV13: two validators that keep different pieces of a liar's many are at rest."""
    node = Node()
    for round_ in range(1, EVIDENCE_EACH + 1):
        node.hear(Accusation(double_vote(round_)))
    theirs = EvidenceKnown(tuple(double_vote(round_).id for round_ in range(5, 5 + EVIDENCE_EACH)))
    assert told(node.hear(theirs)) == []


def test_three_validators_agree_after_one_was_away() -> None:
    """S10: messages are lost, and each ends with evidence against both liars, by the retries alone."""
    nodes = {index: Node(index=index) for index in (0, 1, 3)}
    nodes[0].hear(Accusation(double_vote()))
    nodes[1].hear(Accusation(double_vote(author=3)))
    for _ in range(4):
        mail = [(index, send) for index in nodes for send in told(nodes[index].step(TimerFired(TIMER, 0)))]
        while mail:
            sender, (to, message) = mail.pop(0)
            for receiver in nodes if to == ALL_OTHERS else [to]:
                if receiver in nodes and receiver != sender:
                    mail += [(receiver, send) for send in told(nodes[receiver].hear(message, sender))]
        for node in nodes.values():
            node.now_us += EVIDENCE_RETRY_US
    wanted = {double_vote().id, double_vote(author=3).id}
    assert [set(node.ids) for node in nodes.values()] == [wanted] * 3


def test_a_list_of_what_is_known_is_bounded() -> None:
    """EV13: one message of 256 names at most."""
    node = Node()
    rows = tuple((1, 0, 2, round_) for round_ in range(EVIDENCE_IDS + 1))
    out = node.hear(encode((17, rows)))
    assert [alarm.name for alarm in out.alarms] == ["wrong_shape"]
    assert [alarm.name for alarm in node.hear(encode((17, ((1, 0, 4, 1),)))).alarms] == ["wrong_shape"]
