"""What a validator answers to a client, word for word, what it passes on, and which messages it refuses by name."""

from dataclasses import dataclass, replace

import pytest

from chain.accounts import Account, account_key
from chain.admission import Admission
from chain.block import Block, Header, header_id, payload_root
from chain.codec import encode
from chain.crypto.signing import RealSignatures, verify_all
from chain.errors import DecodeError
from chain.interface import ALL_OTHERS, Alarm, Output, Received, Reply, Start, Submitted, Work, WorkDone
from chain.limits import MAX_EXPIRATION_SECS, MEMPOOL_PER_ACCOUNT, SUBMIT_QUEUE
from chain.mempool import Bounds, Mempool
from chain.messages import BlockRequest, Transactions, decode_message, encode_message
from chain.primitives import SECOND_US, U64_MAX, Hash
from chain.replica import ADMISSION_WORK, Replica
from chain.transaction import Payload, RawTransaction, SignedTransaction, sign_transaction
from chain.validation import DiscardStatus
from node.storage.memory import MemoryStore
from tests.builders import NOBODY, NOW_SECS, ROOT, TC, Party, document, key, party

DOCUMENT = document()
"""Four validators: one alone commits nothing, so the ledger stays at genesis."""
NOW_US = NOW_SECS * SECOND_US


@dataclass
class Node:
    """Validator 0, which hears nobody."""

    def __post_init__(self) -> None:
        self.store = MemoryStore()
        self.replica = Replica(DOCUMENT, 0, key(10), self.store, None, RealSignatures())
        self.genesis_hash = self.replica.ledger.genesis_hash
        self.replica.step(Start(), NOW_US)
        self.work: list[Work] = []

    def sign(
        self,
        number: int,
        who: Party = TC,
        *,
        signer: Party | None = None,
        code: str = "XUS",
        gas: int = 1_000_000,
        price: int = 0,
        currency: str = "XUS",
        expires: int = NOW_SECS + 600,
        chain_id: int = DOCUMENT.chain_id,
        scheme: int = 0,
    ) -> SignedTransaction:
        """A harmless call; each argument breaks a rule."""
        call = Payload("update_minting_ability", (code, True))
        raw = RawTransaction(who.address, number, call, gas, price, currency, expires, chain_id)
        return sign_transaction(raw, (signer or who).key, scheme, self.genesis_hash)

    def step(self, event: Submitted | Received | WorkDone) -> Output:
        out = self.replica.step(event, NOW_US)
        self.work += out.work
        return out

    def judge(self) -> Output:
        """Answer the oldest work item truthfully."""
        work = self.work.pop(0)
        return self.step(WorkDone(work.work_id, tuple(verify_all(RealSignatures(), work.checks))))

    def submit(self, tx: SignedTransaction | bytes, request_id: int = 1) -> tuple[Reply, Output]:
        """The one answer to a submission, and the output that it came with."""
        out = self.step(Submitted(request_id, tx if isinstance(tx, bytes) else tx.envelope))
        if not out.replies:
            assert len(self.work) == 1
            out = self.judge()
        (reply,) = out.replies
        assert reply.request_id == request_id
        return reply, out

    def refuses(self, tx: SignedTransaction | bytes) -> Reply:
        """A refusal: nothing is kept, nothing passed on, nothing alarming."""
        before = (len(self.replica.mempool), self.replica.mempool.total_bytes)
        reply, out = self.submit(tx)
        assert reply.accepted is False
        assert (out.send_now, out.after_persist, out.alarms) == ([], [], [])
        assert (len(self.replica.mempool), self.replica.mempool.total_bytes) == before
        return reply


@pytest.fixture
def node() -> Node:
    return Node()


def spread(out: Output) -> list[tuple[bytes, ...]]:
    """What an output sends to all others of transactions."""
    found = [(send.destination, decode_message(send.data)) for send in out.send_now]
    assert all(destination == ALL_OTHERS for destination, _ in found)
    return [message.envelopes for _, message in found if isinstance(message, Transactions)]


class TestAccepted:
    def test_the_next_number_is_accepted_and_passed_on(self, node: Node) -> None:
        """It is spread to the other validators, once."""
        tx = node.sign(0)
        reply, out = node.submit(tx, 7)
        assert reply == Reply(7, True, tx.hash, "accepted", "accepted", None, None)
        assert spread(out) == [(tx.envelope,)]
        assert node.replica.mempool.by_hash == {tx.hash: tx}

    def test_the_same_again_gets_the_same_answer(self, node: Node) -> None:
        """M1, without another check or another spreading; also for one that is parked."""
        tx, parked = node.sign(0), node.sign(2)
        for one in (tx, parked):
            reply, _ = node.submit(one)
            out = node.step(Submitted(1, one.envelope))
            assert out.replies == [reply]
            assert (out.work, out.send_now) == ([], [])
        node.submit(node.sign(1))
        assert node.submit(parked)[0] == Reply(1, True, parked.hash, "accepted", "accepted", None, None)

    @pytest.mark.parametrize(("number", "waits"), [(1, 0), (99, 0)])
    def test_a_future_number_is_parked(self, node: Node, number: int, waits: int) -> None:
        """M8: accepted and reported as parked and waiting for n; spread as well."""
        tx = node.sign(number)
        reply, out = node.submit(tx)
        words = f"parked: number {number} waits for number {waits}"
        assert reply == Reply(1, True, tx.hash, "parked", words, None, waits)
        assert spread(out) == [(tx.envelope,)]

    def test_what_is_parked_waits_for_the_first_missing_number(self, node: Node) -> None:
        for number, waits in ((4, 0), (0, None), (3, 1), (1, None), (5, 2)):
            assert node.submit(node.sign(number))[0].waiting_for == waits

    def test_two_copies_under_check_at_once(self, node: Node) -> None:
        """Each client gets its answer; the others hear of it once."""
        tx, first = node.sign(0), node.sign(1)
        node.step(Submitted(1, first.envelope))
        node.step(Submitted(2, tx.envelope))
        node.step(Submitted(3, tx.envelope))
        assert spread(node.judge()) == [(first.envelope,)]
        out = node.judge()
        assert [reply.request_id for reply in out.replies] == [2, 3]
        assert {reply[1:] for reply in out.replies} == {(True, tx.hash, "accepted", "accepted", None, None)}
        assert spread(out) == [(tx.envelope,)]


def test_a_transaction_of_4096_bytes_is_read_and_one_of_4097_is_not(node: Node) -> None:
    """T4, before anything else is looked at; no hash is told for what was not read."""
    assert node.refuses(bytes(4_097)) == Reply(
        1,
        False,
        b"",
        "exceeded_max_transaction_size",
        "a transaction of 4097 bytes is above the limit of 4096",
        None,
        None,
    )
    assert node.refuses(bytes(4_096)).name == "malformed_bytes"


def test_what_is_no_canonical_envelope(node: Node) -> None:
    """C2, C3, T1: another encoding of the same value, a missing field, a trailing byte, another kind."""
    envelope = node.sign(0).envelope
    assert envelope[0] == 0x92
    for data, name in (
        (b"\xdc\x00\x02" + envelope[1:], "not_canonical"),
        (envelope + b"\x00", "malformed_bytes"),
        (envelope[:-1], "malformed_bytes"),
        (b"", "malformed_bytes"),
        (encode((1, b"diem")), "unknown_envelope"),
        (encode((0,)), "wrong_shape"),
        (encode((0, encode((b"", 0, b"")))), "wrong_shape"),
    ):
        reply = node.refuses(data)
        assert (reply.name, reply.hash, reply.code) == (name, b"", None), data[:4]


def test_every_flipped_bit_of_an_envelope_is_refused(node: Node) -> None:
    """A byte flipped anywhere in a transaction: refused by some rule, never admitted."""
    tx = node.sign(0, code="XEU")
    names = set()
    for at in range(len(tx.envelope)):
        data = bytearray(tx.envelope)
        data[at] ^= 1 << at % 8
        reply = node.refuses(bytes(data))
        names.add(reply.name)
    assert {"invalid_signature", "invalid_auth_key", "malformed_bytes"} <= names


@pytest.mark.parametrize(
    ("broken", "status", "words"),
    [
        ({"scheme": 5}, "FEATURE_UNDER_GATING", "scheme 5 is not enabled"),
        ({"currency": "X-S"}, "INVALID_GAS_SPECIFIER", "'X-S' is no currency code"),
        ({"currency": "XXX"}, "CURRENCY_INFO_DOES_NOT_EXIST", "no currency is called XXX"),
        ({"gas": 4_000_001}, "MAX_GAS_UNITS_EXCEEDS_MAX_GAS_UNITS_BOUND", "max_gas_amount 4000001 is above 4000000"),
        ({"gas": 599}, "MAX_GAS_UNITS_BELOW_MIN_TRANSACTION_GAS_UNITS", "max_gas_amount 599 is below 600"),
        ({"price": 10_001}, "GAS_UNIT_PRICE_ABOVE_MAX_BOUND", "gas price 10001 is above 10000"),
        ({"chain_id": 5}, "BAD_CHAIN_ID", "signed for chain 5, this is chain 4"),
        ({"who": NOBODY}, "SENDING_ACCOUNT_DOES_NOT_EXIST", f"no account at {NOBODY.address.hex()}"),
        ({"signer": ROOT}, "INVALID_AUTH_KEY", "the public key does not match the account's authentication key"),
        ({"price": 1}, "BAD_TRANSACTION_FEE_CURRENCY", "the sender holds no balance in XUS for the fee"),
        ({"expires": NOW_SECS}, "TRANSACTION_EXPIRED",
         f"it expired at {NOW_SECS} s, the ledger's time is {NOW_SECS} s"),
        ({"number": U64_MAX}, "SEQUENCE_NUMBER_TOO_BIG", f"sequence number {U64_MAX} is never used"),
    ],
)  # fmt: skip
def test_each_rule_of_the_prologue_answers_before_the_signature_is_checked(
    node: Node, broken: dict[str, object], status: str, words: str
) -> None:
    """Libra's name and code, the numbers, no hash; nothing is asked of the signature's checkers."""
    tx = node.sign(**{"number": 0, **broken})  # type: ignore[arg-type]
    out = node.step(Submitted(1, tx.envelope))
    assert out.replies == [Reply(1, False, b"", status.lower(), words, DiscardStatus[status], None)]
    assert out.work == []


@pytest.mark.parametrize(
    "limits", [{"gas": 4_000_000}, {"gas": 600}, {"expires": NOW_SECS + 1}, {"expires": NOW_SECS + MAX_EXPIRATION_SECS}]
)
def test_what_stands_just_within_the_limits(node: Node, limits: dict[str, int]) -> None:
    assert node.submit(node.sign(0, **limits))[0].name == "accepted"  # type: ignore[arg-type]


def test_rules_of_the_pool_answer_after_the_signature(node: Node) -> None:
    """M4 to M7, each with its numbers, the transaction's hash, and no number of Libra's."""
    node.submit(node.sign(3))

    def refusal(tx: SignedTransaction) -> tuple[str, str]:
        reply = node.refuses(tx)
        assert (reply.hash, reply.code, reply.waiting_for) == (tx.hash, None, None)
        return reply.name, reply.message

    far = node.sign(0, expires=NOW_SECS + MAX_EXPIRATION_SECS + 1)
    assert refusal(far) == ("expiration_too_far", "it expires more than 86400 s ahead")
    rival = node.sign(3, code="XEU")
    assert refusal(rival) == ("invalid_update", "another transaction with sequence number 3 waits already")
    ahead = node.sign(MEMPOOL_PER_ACCOUNT)
    words = "one account may have 100 transactions waiting, next number 0"
    assert refusal(ahead) == ("too_many_for_account", words)
    assert node.submit(node.sign(MEMPOOL_PER_ACCOUNT - 1))[0].name == "parked"
    node.replica.mempool._bounds = Bounds(capacity=2)
    assert refusal(node.sign(0)) == ("mempool_is_full", "2 transactions wait, the pool is full")
    assert node.submit(node.sign(3))[0].name == "parked", "what waits already needs no room"


def test_the_pool_bounds_one_account(node: Node) -> None:
    """M6: as many as the bound may wait, of one account."""
    node.replica.mempool = Mempool(Bounds(per_account=2))
    node.submit(node.sign(0))
    node.submit(node.sign(1))
    assert node.refuses(node.sign(2)).name == "too_many_for_account"
    assert node.submit(node.sign(0, ROOT))[0].name == "accepted"


def test_a_bad_signature_is_refused_whatever_else_holds(node: Node) -> None:
    """The signature is judged first: no rule of the pool is told to who did not sign."""
    good, parked = node.sign(0), node.sign(50)
    node.submit(parked)
    for tx in (good, parked._replace(signature=good.signature)):
        signature = bytearray(tx.signature)
        signature[0] ^= 1
        envelope = encode((0, encode((tx.raw_bytes, 0, tx.public_key, bytes(signature)))))
        reply = node.refuses(envelope)
        assert (reply.name, reply.message, reply.code) == (
            "invalid_signature", "the signature does not verify", None,
        )  # fmt: skip
        assert len(reply.hash) == 32


def test_the_queue_of_unchecked_transactions_is_bounded(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """M12: what our clients' checks may cost has a bound, and so has what each validator's may."""
    assert SUBMIT_QUEUE == 20_000
    monkeypatch.setattr("chain.admission.SUBMIT_QUEUE", 9)
    node.replica.admission = Admission(4)
    node.step(Submitted(1, node.sign(0).envelope))  # leaves at once to be checked
    for number in range(1, 10):
        assert node.step(Submitted(2, node.sign(number).envelope)).replies == []
    out = node.step(Submitted(3, node.sign(10).envelope))
    message = "9 transactions wait to be checked, which costs 9 of 9"
    assert out.replies == [Reply(3, False, b"", "mempool_is_full", message, None, None)]
    spread_by_peer = Transactions(tuple(node.sign(number).envelope for number in range(20, 29)))
    for peer in (1, 2):
        node.step(Received(peer, encode_message(spread_by_peer)))
    node.judge()
    assert [len(work.checks) for work in node.work] == [9 + 3 + 3], "a third of as much for each other validator"


class TestWaitingForItsCheck:
    """'The ledger's when it was looked at: while that is the newest, looking again gives the same.'"""

    @staticmethod
    def go_on(node: Node, seconds: int, used: int = 0) -> None:
        """A block is final meanwhile: time goes on, and the sender's numbers below `used` are used."""
        ledger = node.replica.ledger
        ledger.tip = replace(ledger.tip, version=ledger.tip.version + 1, timestamp_us=NOW_US + seconds * SECOND_US)
        key_of_sender = account_key(TC.address)
        account = ledger.state.get(key_of_sender)
        assert isinstance(account, Account)
        ledger.state.cache[key_of_sender] = account.after_transaction(used)

    @pytest.mark.parametrize(("seconds", "name"), [(9, "accepted"), (10, "transaction_expired")])
    def test_a_block_between_is_looked_at(self, node: Node, seconds: int, name: str) -> None:
        """It may have expired, or whatever else the prologue asks."""
        node.step(Submitted(1, node.sign(0, expires=NOW_SECS + 10).envelope))
        self.go_on(node, seconds)
        assert [reply.name for reply in node.judge().replies] == [name]
        assert len(node.replica.mempool) == (name == "accepted")

    @pytest.mark.parametrize(("used", "name"), [(0, "accepted"), (1, "sequence_number_too_old")])
    def test_a_number_that_was_used_between(self, node: Node, used: int, name: str) -> None:
        """The client is told, and the pool takes no number of the past."""
        node.step(Submitted(1, node.sign(0).envelope))
        self.go_on(node, 0, used)
        assert [reply.name for reply in node.judge().replies] == [name]
        assert len(node.replica.mempool) == (name == "accepted")

    def test_who_waits_for_its_turn_is_settled_without_a_check(self, node: Node) -> None:
        """What was used meanwhile costs no verification; of a validator it is nobody's business."""
        node.step(Submitted(1, node.sign(0).envelope))
        node.step(Submitted(2, node.sign(1).envelope))
        node.step(Received(2, encode_message(Transactions((node.sign(0, code="XEU").envelope,)))))
        self.go_on(node, 0, 2)
        out = node.judge()
        assert {reply.request_id: reply.name for reply in out.replies} == dict.fromkeys(
            (1, 2), "sequence_number_too_old"
        )
        assert node.work == []

    @pytest.mark.parametrize(("goes_on", "looks"), [(False, 1), (True, 2)])
    def test_it_is_looked_at_once_a_block(
        self, node: Node, monkeypatch: pytest.MonkeyPatch, goes_on: bool, looks: int
    ) -> None:
        """On arrival, and again before the pool takes it if another block is final by then."""
        seen = []

        def look(*args: object, **kwargs: object) -> None:
            seen.append(args)

        monkeypatch.setattr("chain.replica.check_prologue", look)
        node.step(Submitted(1, node.sign(0).envelope))
        if goes_on:
            self.go_on(node, 1)
        assert [reply.name for reply in node.judge().replies] == ["accepted"]
        assert len(seen) == looks


class TestGossip:
    def test_what_peers_spread_is_taken_and_not_spread_again(self, node: Node) -> None:
        """Each validator tells only what its own clients brought, so nothing goes round."""
        txs = [node.sign(0), node.sign(1)]
        out = node.step(Received(2, encode_message(Transactions(tuple(tx.envelope for tx in txs)))))
        assert (out.replies, out.send_now) == ([], [])
        out = node.judge()
        assert (out.replies, spread(out), out.alarms) == ([], [], [])
        assert sorted(node.replica.mempool.by_hash) == sorted(tx.hash for tx in txs)
        assert node.submit(txs[0])[1].send_now == [], "and not when its client comes here too"

    def test_what_peers_spread_wrongly_is_dropped_in_silence(self, node: Node) -> None:
        """A rival, an unknown sender: nobody's business, and no reason for the good one to wait."""
        node.submit(node.sign(1))
        good = node.sign(0)
        envelopes = (node.sign(1, code="XEU").envelope, node.sign(0, NOBODY).envelope, good.envelope)
        node.step(Received(2, encode_message(Transactions(envelopes))))
        out = node.judge()
        assert (out.replies, spread(out), out.alarms) == ([], [], [])
        assert sorted(tx.raw.sequence_number for tx in node.replica.mempool.by_hash.values()) == [0, 1]

    def test_who_spreads_a_bad_signature_is_not_listened_to_for_a_minute(self, node: Node) -> None:
        """M14: no honest validator passes on what does not verify. The others are not affected."""
        bad, good, late = node.sign(0), node.sign(0), node.sign(1)
        forged = encode((0, encode((bad.raw_bytes, 0, bad.public_key, bytes(64)))))
        node.step(Received(2, encode_message(Transactions((forged, good.envelope)))))
        out = node.judge()
        assert [(alarm.name, alarm.peer) for alarm in out.alarms] == [("bad_signature_spread", 2)]
        assert list(node.replica.mempool.by_hash) == [good.hash], "what was checked with it counts"
        node.step(Received(2, encode_message(Transactions((late.envelope,)))))
        assert (len(node.work), len(node.replica.admission)) == (0, 0)
        node.step(Received(3, encode_message(Transactions((late.envelope,)))))
        node.judge()
        assert len(node.replica.mempool) == 2

    def test_a_malformed_one_is_an_alarm_against_its_sender(self, node: Node) -> None:
        """Of such a message nothing is taken."""
        message = Transactions((node.sign(0).envelope, b"\x93"))
        out = node.step(Received(3, encode_message(message)))
        assert [(alarm.name, alarm.peer) for alarm in out.alarms] == [("malformed_bytes", 3)]
        assert (out.work, len(node.replica.mempool)) == ([], 0)
        assert node.submit(node.sign(0))[0].name == "accepted"

    def test_only_fresh_ones_are_spread_in_one_message(self, node: Node) -> None:
        """Accepted and parked together; refused ones are not among them."""
        node.step(Submitted(1, node.sign(50).envelope))
        good, parked, bad = node.sign(0), node.sign(7), node.sign(200)
        for number, tx in enumerate((good, bad, parked), 2):
            node.step(Submitted(number, tx.envelope))
        node.judge()
        out = node.judge()
        assert [reply.name for reply in out.replies] == ["accepted", "too_many_for_account", "parked"]
        assert spread(out) == [(good.envelope, parked.envelope)]


def test_whatever_a_peer_sends_is_an_alarm_at_most(node: Node) -> None:
    """The step never raises for what a peer or a client may cause; the alarm names rule and peer."""
    for data, name in (
        (b"", "malformed_bytes"),
        (b"\xc1", "malformed_bytes"),
        (encode((99, ())), "unknown_message"),
        (encode((1, ())), "wrong_shape"),
        (encode((8, b"")), "wrong_shape"),
        (encode((8, (1,))), "wrong_shape"),
        (encode((4, (b"short", 0))), "wrong_size"),
    ):
        out = node.step(Received(2, data))
        assert [(alarm.name, alarm.peer) for alarm in out.alarms] == [(name, 2)]
        assert isinstance(out.alarms[0], Alarm)
    asked = node.step(Received(2, encode_message(BlockRequest(Hash(bytes(32)), 0))))
    assert asked == Output(), "an unknown block is not answered"


def test_what_execution_refuses_leaves_the_pool_unless_it_only_came_before_its_turn(node: Node) -> None:
    """M9: a leader that proposes number 1 without number 0 must not make the others forget it."""
    call = Payload("rotate_authentication_key", (key(77).authentication_key(),))
    raw = RawTransaction(TC.address, 0, call, 1_000_000, 0, "XUS", NOW_SECS + 600, DOCUMENT.chain_id)
    rotate = sign_transaction(raw, TC.key, 0, node.genesis_hash)
    old_key, early = node.sign(1), node.sign(1, ROOT)
    for tx in (rotate, old_key, early):
        assert node.submit(tx)[0].accepted
    replica = node.replica
    envelopes = tuple(tx.envelope for tx in (rotate, old_key, early))
    genesis_qc = replica.ledger.genesis_qc
    header = Header(1, 1, 1, 1, NOW_US + SECOND_US, genesis_qc.digest(), None, payload_root(envelopes))
    block = Block(header, genesis_qc, None, envelopes, b"", header_id(header))
    result = replica.execute(replica.ledger.tip, block)
    assert len(result.entries) == 2
    replica.commit([(block, result)], genesis_qc, Output())
    assert list(replica.mempool.by_hash) == [early.hash]


def test_verdicts_go_to_whom_asked(node: Node) -> None:
    """Work of the mempool is numbered from 2^62 on, work of consensus below."""
    node.step(Submitted(1, node.sign(0).envelope))
    assert [work.work_id for work in node.work] == [ADMISSION_WORK + 1]
    assert ADMISSION_WORK == 2**62
    assert node.step(WorkDone(1, (True,))) == Output()
    assert len(node.judge().replies) == 1


def test_only_unchecked_signatures_of_a_block_are_checked(node: Node) -> None:
    """R5: every transaction's signature is verified before the vote; what this validator's mempool has, was."""
    known, unknown = node.sign(0), node.sign(1)
    node.submit(known)
    ledger = node.replica.ledger
    envelopes = (known.envelope, unknown.envelope)
    header = Header(1, 1, 1, 1, NOW_US + 1, ledger.genesis_qc.digest(), None, payload_root(envelopes))
    block = Block(header, ledger.genesis_qc, None, envelopes, b"", header_id(header))
    assert node.replica.signature_checks(block) == unknown.checks(node.genesis_hash)


def test_what_a_block_holds_must_be_transactions(node: Node) -> None:
    """Bytes in a block that are no transaction: it is never executed."""
    ledger = node.replica.ledger
    header = Header(1, 1, 1, 1, NOW_US + 1, ledger.genesis_qc.digest(), None, payload_root((b"x",)))
    block = Block(header, ledger.genesis_qc, None, (b"x",), b"", header_id(header))
    with pytest.raises(DecodeError):
        node.replica.signature_checks(block)


def test_the_pool_knows_the_senders_role(node: Node) -> None:
    """W19: a validator's operator, the treasury, the association; in a block they come the other way round."""
    for who in (party(300), TC, ROOT):
        assert node.submit(node.sign(0, who))[0].name == "accepted"
    picked = node.replica.mempool.pick(lambda _: 0, NOW_SECS, 10, 10**6)
    assert [tx.raw.sender for tx in picked] == [ROOT.address, TC.address, party(300).address]
