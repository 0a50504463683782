"""Clients pay, retry, replace what expired, and notice what must not be; tried against a ledger in dictionaries."""

import pytest

from chain.accounts import Account
from chain.crypto.signing import Scheme, address_of, authentication_key
from chain.interface import Committed, Reply
from chain.primitives import SECOND_US
from chain.transaction import Payload, SignedTransaction, decode_transaction
from node.sim.checkers import Violation
from node.sim.entropy import Entropy
from node.sim.scenario import Scenario
from node.sim.scheduler import Scheduler
from node.sim.signatures import KeyedHashSignatures
from node.sim.workload import BREAKERS, FUTURE, IN_FLIGHT, POLL_US, RETRY_US, SHORT_LIFE_S, Step, Wallet, Workload

CHAIN, GENESIS = 4, bytes(32)
START_US = 1_000 * SECOND_US


class Rig:
    """Three payers and a prober; three validators that take everything and commit nothing by themselves."""

    def __init__(self, **knobs: int) -> None:
        self.port = KeyedHashSignatures(b"w")
        self.scheduler = Scheduler(START_US)
        self.violations: list[Violation] = []
        self.sent: list[tuple[int, int, SignedTransaction]] = []
        self.nodes = [0, 1, 2]
        self.reached: dict[bytes, int] = {}
        self.secs = START_US // SECOND_US
        wallets = [self.wallet(number) for number in range(4)]
        self.payers, self.prober = wallets[:3], wallets[3]
        scenario = Scenario(**{"payments_per_s": 0, "invalid_ppm": 0, **knobs})  # type: ignore[arg-type]
        self.workload = Workload(
            scenario, Entropy(1).stream("w"), self.scheduler, self, (CHAIN, GENESIS), self.violations
        )

    def wallet(self, number: int) -> Wallet:
        signer = self.port.signer(bytes([number]) * 32)
        return Wallet(address_of(authentication_key(Scheme.ED25519, signer.public_key)), signer)

    def reachable(self) -> list[int]:
        return self.nodes

    def submit(self, node: int, request_id: int, envelope: bytes) -> None:
        self.sent.append((node, request_id, decode_transaction(envelope)))

    def account(self, node: int, address: bytes) -> Account | None:
        number = self.reached.get(address)
        if number is None:
            return None
        return Account(address, 6, bytes(32), number, False, (), (), b"", 0, None, ())  # type: ignore[arg-type]

    def ledger_secs(self, node: int) -> int:
        return self.secs

    def begin(self, *stages: list[Step]) -> None:
        self.workload.begin(list(stages), self.payers, self.prober)

    def run(self, us: int) -> None:
        self.scheduler.run_until(self.scheduler.now_us + us)

    def commit(self, *hashes: bytes, at_us: int | None = None) -> None:
        time_us = self.scheduler.now_us if at_us is None else at_us
        self.workload.on_committed(0, Committed(1, 9, bytes(32), bytes(32), time_us, hashes))

    def rules(self) -> list[str]:
        return [violation.rule for violation in self.violations]


def test_who_has_nothing_to_pay_looks_for_nothing() -> None:
    """No payers and no governance: once the set-up is done no clock of a client goes on."""
    idle, busy = Rig(), Rig()
    idle.payers = []
    for rig in (idle, busy):
        rig.begin()
        rig.run(POLL_US)
    assert (idle.workload.ready, len(idle.scheduler)) == (True, 0)
    assert (busy.workload.ready, len(busy.scheduler)) == (True, 1)


def pay(amount: int) -> Payload:
    """A payment to nobody in particular."""
    return Payload("peer_to_peer_with_metadata", ("XUS", bytes(16), amount, b"", b""))


def test_stages_follow_each_other() -> None:
    """A stage begins once all transactions of the one before are announced; numbers grow by wallet."""
    rig = Rig()
    rig.begin([Step(rig.payers[0], pay(1)), Step(rig.payers[0], pay(2))], [Step(rig.payers[1], pay(3))])
    rig.run(POLL_US)
    first = [tx for _, _, tx in rig.sent]
    assert [(tx.raw.sequence_number, tx.raw.payload.argument("amount")) for tx in first] == [(0, 1), (1, 2)]
    rig.run(2 * POLL_US)
    rig.commit(first[0].hash)
    rig.run(POLL_US)
    assert [rig.workload.ready] == [False]
    assert {tx.raw.sender for _, _, tx in rig.sent} == {rig.payers[0].address}
    rig.commit(first[1].hash)
    rig.run(POLL_US)
    third = rig.sent[-1][2]
    assert (third.raw.sender, third.raw.sequence_number) == (rig.payers[1].address, 0)
    rig.commit(third.hash)
    rig.run(POLL_US)
    assert rig.workload.ready
    assert rig.workload.payments_committed == 0
    assert len(rig.workload.acknowledged) == 3
    assert rig.violations == []


def test_signatures_hold_and_bind_the_chain() -> None:
    """What clients send is properly signed for this chain."""
    rig = Rig()
    rig.begin([Step(rig.payers[0], pay(1))])
    rig.run(POLL_US)
    tx = rig.sent[0][2]
    assert rig.port.verify(tx.checks(GENESIS)[0])
    assert tx.raw.chain_id == CHAIN


def test_unanswered_transactions_are_sent_again() -> None:
    """The same transaction goes out again after RETRY_US, and not before; never once its number is used."""
    rig = Rig()
    rig.begin([Step(rig.payers[0], pay(1))])
    rig.run(POLL_US + RETRY_US - 1)
    assert len(rig.sent) == 1
    rig.run(POLL_US)
    assert len(rig.sent) == 2
    assert rig.sent[0][2] == rig.sent[1][2]
    assert rig.workload.submissions == {"set_up": 1, "retry": 1}
    rig.reached[rig.payers[0].address] = 1
    rig.run(10 * RETRY_US)
    assert len(rig.sent) == 2
    assert rig.workload.ready


def test_nothing_is_sent_while_nobody_answers() -> None:
    """A client waits for a validator to come back."""
    rig = Rig()
    rig.nodes = []
    rig.begin([Step(rig.payers[0], pay(1))])
    rig.run(5 * RETRY_US)
    assert rig.sent == []
    rig.nodes = [2]
    rig.run(2 * POLL_US)
    assert [node for node, _, _ in rig.sent] == [2]


def test_expired_transactions_are_replaced_under_their_number() -> None:
    """Once the ledger's time reaches the expiry, another one takes the number; one second earlier none does."""
    rig = Rig()
    rig.begin([Step(rig.payers[0], pay(1))])
    rig.run(POLL_US)
    old = rig.sent[0][2]
    rig.secs = old.raw.expiration_secs - 1
    rig.run(RETRY_US + POLL_US)
    assert {tx.hash for _, _, tx in rig.sent} == {old.hash}
    rig.secs = old.raw.expiration_secs
    rig.run(POLL_US)
    new = rig.sent[-1][2]
    assert (new.raw.sequence_number, new.raw.payload) == (old.raw.sequence_number, old.raw.payload)
    assert new.raw.expiration_secs > rig.secs
    assert rig.workload.submissions["replacement"] == 1


def test_payments_keep_within_the_window() -> None:
    """No account has more than IN_FLIGHT unfinished payments, with numbers without a gap."""
    rig = Rig(payments_per_s=500)
    rig.begin()
    rig.run(SECOND_US)
    assert rig.workload.ready
    for wallet in rig.payers:
        assert sorted(wallet.flights) == list(range(IN_FLIGHT))
    payees = {tx.raw.payload.argument("payee") for _, _, tx in rig.sent}
    assert payees == {wallet.address for wallet in rig.payers}
    assert all(tx.raw.payload.argument("payee") != tx.raw.sender for _, _, tx in rig.sent)
    rig.commit(rig.payers[0].flights[0].tx.hash)
    rig.run(SECOND_US)
    assert sorted(rig.payers[0].flights) == list(range(1, IN_FLIGHT + 1))
    assert rig.workload.payments_committed == 1


def one_of(kind: str) -> tuple[Rig, list[SignedTransaction]]:
    """What a breaker of one kind submits, when the first payer's number 0 is final."""
    rig = Rig()
    rig.begin()
    rig.run(POLL_US)
    workload = rig.workload
    tx = workload._launch(rig.payers[0], pay(1), "payment", 100)
    rig.commit(tx.hash)
    rig.sent.clear()
    workload._break_a_rule(rig.payers[0], kind)
    return rig, [tx for _, _, tx in rig.sent]


def test_breakers_break_what_they_say() -> None:
    """Each kind differs from a good payment in exactly its own way."""
    kinds = {kind: one_of(kind) for kind in BREAKERS}
    numbers = {kind: [tx.raw.sequence_number for tx in sent] for kind, (_, sent) in kinds.items()}
    assert numbers.pop("future_sequence")[0] >= FUTURE
    assert numbers == {
        "insufficient_balance": [1], "duplicate": [1, 1], "double_spend": [1, 1], "bad_signature": [1],
        "wrong_chain": [1], "old_sequence": [0], "short_life": [1],
    }  # fmt: skip
    assert len({tx.hash for tx in kinds["duplicate"][1]}) == 1
    assert len({tx.hash for tx in kinds["double_spend"][1]}) == 2
    assert kinds["insufficient_balance"][1][0].raw.payload.argument("amount") == 10**15
    assert kinds["wrong_chain"][1][0].raw.chain_id == CHAIN + 1
    assert kinds["short_life"][1][0].raw.expiration_secs == START_US // SECOND_US + SHORT_LIFE_S
    for kind, (rig, sent) in kinds.items():
        assert [rig.port.verify(tx.checks(GENESIS)[0]) for tx in sent] == [kind != "bad_signature"] * len(sent)


@pytest.mark.parametrize("kind", ["future_sequence", "bad_signature", "wrong_chain", "old_sequence"])
def test_forbidden_transactions_may_not_become_final(kind: str) -> None:
    """S9: what is refused never is on the ledger."""
    rig, sent = one_of(kind)
    rig.commit(sent[0].hash)
    assert rig.rules() == ["S9_refused_is_final"]
    assert kind in rig.violations[0].text


@pytest.mark.parametrize("kind", ["bad_signature", "wrong_chain"])
def test_forged_transactions_may_not_be_accepted(kind: str) -> None:
    """S9: a forged one, or one of another chain, is refused at the door."""
    rig, _ = one_of(kind)
    request_id = rig.sent[0][1]
    rig.workload.on_reply(Reply(request_id, False, b"", "invalid_signature", "", 1))
    assert rig.rules() == []
    rig.workload.on_reply(Reply(request_id, True, b"", "accepted", "", None))
    assert rig.rules() == ["S9_accepted"]
    assert rig.workload.replies == {"invalid_signature": 1, "accepted": 1}


def test_expired_and_unknown_transactions_may_not_become_final() -> None:
    """S9: final in a block before its expiry only; and nothing is final that nobody sent."""
    rig, sent = one_of("short_life")
    expiry_us = sent[0].raw.expiration_secs * SECOND_US
    rig.commit(sent[0].hash, at_us=expiry_us - 1)
    assert rig.rules() == []
    rig, sent = one_of("short_life")
    rig.commit(sent[0].hash, at_us=expiry_us)
    assert rig.rules() == ["S9_expired"]
    rig.commit(b"from nowhere")
    assert rig.rules() == ["S9_expired", "S9_refused_is_final"]
