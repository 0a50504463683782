"""How transactions enter a validator: each signature is asked about once, and not at all when nothing depends on it."""

from collections import deque

from chain.codec import encode
from chain.crypto.signing import RealSignatures, Scheme, verify_all
from chain.genesis import genesis_hash
from chain.interface import ALL_OTHERS, Event, Output, Received, Reply, Start, Submitted, TimerFired, Work, WorkDone
from chain.limits import VERIFY_BATCH
from chain.messages import Transactions, decode_message, encode_message
from chain.primitives import SECOND_US
from chain.replica import ADMISSION_TIMER, Replica
from chain.transaction import Payload, RawTransaction, SignedTransaction, sign_transaction
from node.storage.memory import MemoryStore
from tests.builders import NOW_SECS, ROOT, TC, document, key

DOCUMENT = document(validators=document().validators[:1])


class Alone:
    """One validator whose work items are answered only when the test says so; everything else happens at once."""

    def __init__(self) -> None:
        """Started, nothing submitted."""
        self.replica = Replica(DOCUMENT, 0, key(10), MemoryStore(), None, RealSignatures())
        self.now_us = NOW_SECS * SECOND_US
        self.work: deque[Work] = deque()
        self.replies: dict[int, Reply] = {}
        self.sent: list[bytes] = []
        self.committed: list[bytes] = []
        self.asked = 0
        self.step(Start())

    def step(self, event: Event) -> None:
        """One event, and those that follow from it."""
        events = deque([event])
        while events:
            self.now_us += 1_000
            out = self.replica.step(events.popleft(), self.now_us)
            assert out.alarms == []
            events.extend(self._carry_out(out))

    def _carry_out(self, out: Output) -> list[Event]:
        """Disk and loop-back; timers never fire."""
        self.replica.store.write(out.persist)
        self.work.extend(out.work)
        self.asked += sum(len(work.checks) for work in out.work)
        self.replies.update({reply.request_id: reply for reply in out.replies})
        for committed in out.committed:
            self.committed += committed.hashes
        sends = out.send_now + out.after_persist
        self.sent += [data for destination, data in sends if destination == ALL_OTHERS]
        return [Received(0, data) for destination, data in sends if destination == 0]

    def judge(self) -> None:
        """Answer the oldest work item truthfully."""
        work = self.work.popleft()
        self.step(WorkDone(work.work_id, tuple(verify_all(RealSignatures(), work.checks))))


def sign(number: int, code: str = "XUS") -> SignedTransaction:
    """A harmless call of the treasury; another code makes another transaction under the same number."""
    call = Payload("update_minting_ability", (code, True))
    raw = RawTransaction(TC.address, number, call, 1_000_000, 0, "XUS", NOW_SECS + 600, DOCUMENT.chain_id)
    return sign_transaction(raw, TC.key, 0, genesis_hash(DOCUMENT))


def spread(*txs: SignedTransaction) -> Received:
    """What another validator spreads."""
    return Received(0, encode_message(Transactions(tuple(tx.envelope for tx in txs))))


def test_a_signature_is_asked_about_once_on_its_way_to_the_ledger() -> None:
    """Checked for the mempool, a transaction is not checked again in the block; our clients' are spread."""
    node, tx = Alone(), sign(0)
    node.step(Submitted(1, tx.envelope))
    assert [len(work.checks) for work in node.work] == [1]
    assert node.replies == {}
    node.judge()
    assert node.replies[1] == Reply(1, True, tx.hash, "accepted", "accepted", None)
    assert node.committed == [tx.hash]
    assert node.asked == 1
    assert Transactions((tx.envelope,)) in map(decode_message, node.sent)


def test_one_item_of_work_at_a_time_and_no_larger_than_the_limit() -> None:
    """What comes while signatures are judged makes the next items: VERIFY_BATCH (256) checks at most."""
    node = Alone()
    node.step(spread(sign(500)))
    for number in range(1, VERIFY_BATCH + 3):
        node.step(Submitted(number, sign(number).envelope))
    assert [len(work.checks) for work in node.work] == [1]
    node.judge()
    assert [len(work.checks) for work in node.work] == [VERIFY_BATCH]
    node.judge()
    assert [len(work.checks) for work in node.work] == [2]
    node.judge()
    assert list(node.work) == []
    assert node.replies[1].waiting_for == 0
    assert node.replies[99].name == "parked"
    assert node.replies[100].name == "too_many_for_account"


def test_a_number_that_is_used_while_a_check_is_under_way() -> None:
    """The answer is the ledger's: known already for the same transaction, too old for another one."""
    node, tx, rival = Alone(), sign(0), sign(0, "XEU")
    node.step(Submitted(1, tx.envelope))
    node.step(Submitted(2, tx.envelope))
    node.step(Submitted(3, rival.envelope))
    node.judge()
    assert node.committed == [tx.hash]
    assert [len(work.checks) for work in node.work] == [2], "they left before the number was used"
    node.judge()
    assert node.replies[2] == Reply(2, True, tx.hash, "accepted", "known already", None)
    assert (node.replies[3].accepted, node.replies[3].name) == (False, "sequence_number_too_old")


def test_a_number_that_is_used_while_waiting_for_a_check_needs_none() -> None:
    """A late copy or rival of a committed transaction costs no check of a signature."""
    node, tx, rival = Alone(), sign(0), sign(0, "XEU")
    node.step(Submitted(1, tx.envelope))
    node.step(spread(*(sign(number) for number in range(1, VERIFY_BATCH + 1)), sign(0, "XGB"), rival))
    node.judge()
    assert node.committed == [tx.hash]
    assert [len(work.checks) for work in node.work] == [VERIFY_BATCH]
    node.step(Submitted(2, tx.envelope))
    node.step(Submitted(3, rival.envelope))
    assert node.replies[2] == Reply(2, True, tx.hash, "accepted", "known already", None)
    assert (node.replies[3].accepted, node.replies[3].name) == (False, "sequence_number_too_old")
    assert node.replies[3].code == 3
    node.judge()
    assert list(node.work) == []
    assert node.asked == 1 + VERIFY_BATCH


def test_what_a_peer_spreads_too_late_is_not_even_queued() -> None:
    """Neither what waits here nor a number that the ledger has passed."""
    node, tx = Alone(), sign(0)
    node.step(Submitted(1, tx.envelope))
    node.judge()
    node.step(spread(tx, sign(0, "XEU")))
    node.step(spread(sign(2)))
    node.judge()
    node.step(spread(sign(2)))
    assert (list(node.work), node.asked) == ([], 2)


def test_a_bad_signature_is_refused_by_name() -> None:
    """Whatever else may be wrong with the transaction by then."""
    node = Alone()
    tx = sign(0)
    bad = sign_transaction(tx.raw, key(99), 0, genesis_hash(DOCUMENT))._replace(public_key=tx.public_key)
    envelope = encode((0, encode((bad.raw_bytes, 0, tx.public_key, bad.signature))))
    node.step(Submitted(1, tx.envelope))
    node.step(Submitted(2, envelope))
    node.judge()
    assert node.committed == [tx.hash]
    node.judge()
    assert (node.replies[2].accepted, node.replies[2].name) == (False, "invalid_signature")


class Slow:
    """A validator, the treasury with an Ed25519 key, and the association with one of P-256."""

    def __init__(self) -> None:
        """The association's key is rotated first; work is answered only when the test says so."""
        self.key = key(81, Scheme.P256)
        self.node = Alone()
        call = Payload("rotate_authentication_key", (self.key.authentication_key(),))
        raw = RawTransaction(ROOT.address, 0, call, 1_000_000, 0, "XUS", NOW_SECS + 600, DOCUMENT.chain_id)
        self.node.step(Submitted(900, sign_transaction(raw, ROOT.key, 0, genesis_hash(DOCUMENT)).envelope))
        self.node.judge()
        assert self.node.replies[900].accepted

    def sign(self, number: int) -> SignedTransaction:
        """A harmless call with a P-256 signature."""
        call = Payload("rotate_authentication_key", (self.key.authentication_key(),))
        raw = RawTransaction(ROOT.address, number, call, 1_000_000, 0, "XUS", NOW_SECS + 600, DOCUMENT.chain_id)
        return sign_transaction(raw, self.key, int(self.key.scheme), genesis_hash(DOCUMENT))


def test_a_flood_of_slow_signatures_does_not_hold_up_a_fast_one() -> None:
    """M11, M13: one slow item is under way, and whoever signs with Ed25519 is checked beside it."""
    slow = Slow()
    node = slow.node
    for number in range(1, 31):
        node.step(Submitted(number, slow.sign(number).envelope))
    assert [[check.scheme for check in work.checks] for work in node.work] == [[Scheme.P256]]
    tx = sign(0)
    node.step(Submitted(99, tx.envelope))
    assert [[check.scheme for check in work.checks] for work in node.work] == [[Scheme.P256], [Scheme.ED25519]]
    fast = node.work.pop()
    node.step(WorkDone(fast.work_id, (True,)))
    assert node.replies[99] == Reply(99, True, tx.hash, "accepted", "accepted", None)
    assert node.committed[-1] == tx.hash


def test_the_slow_lane_rests_and_is_woken() -> None:
    """M13: after an item that took 50 ms nothing slow goes out until the timer, 350 ms later if others came."""
    slow = Slow()
    node = slow.node
    for number in range(1, 4):
        node.step(Submitted(number, slow.sign(number).envelope))
    node.step(Submitted(99, sign(0).envelope))
    first = node.work.popleft()
    node.work.clear()
    began_us = node.now_us
    out = node.replica.step(WorkDone(first.work_id, (True,)), began_us + 50_000)
    assert out.work == []
    (timer,) = [timer for timer in out.timers if timer.name == ADMISSION_TIMER]
    assert 350_000 <= timer.at_us - (began_us + 50_000) <= 7 * 60_000
    assert node.replica.step(TimerFired(ADMISSION_TIMER, 0), timer.at_us - 1).work == []
    (work,) = node.replica.step(TimerFired(ADMISSION_TIMER, 0), timer.at_us).work
    assert [check.scheme for check in work.checks] == [Scheme.P256]


def test_a_sender_has_a_budget_of_checks() -> None:
    """M12: 100 of P-256 wait at most; the 101st is refused by name before any check."""
    slow = Slow()
    node = slow.node
    for number in range(1, 103):
        node.step(Submitted(number, slow.sign(number).envelope))
    assert node.asked == 1 + 1, "one is being checked"
    assert sorted(node.replies) == [102, 900]
    assert (node.replies[102].accepted, node.replies[102].name) == (False, "too_many_checks")
