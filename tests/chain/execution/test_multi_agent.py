"""Calls that several sign: a payment that its payee signs, an exchange of two currencies, both legs or none."""

import pytest

from chain.accounts import Role, account_key
from chain.entries import Status
from chain.execution.outcome import REASONS
from chain.functions import FUNCTIONS
from chain.limits import DUAL_ATTESTATION_LIMIT_AT_GENESIS, MAX_METADATA_BYTES
from chain.validation import Discard, DiscardStatus
from tests.builders import (
    ALICE,
    ANNA,
    BOB,
    NOBODY,
    ONE,
    PAYMENT,
    TC,
    US,
    Party,
    World,
    event,
    signed_together,
    small_world,
)
from tests.several import Several, mixed, plain

EXECUTED = Status("executed", "", 0)
PAY, EXCHANGE = "peer_to_peer_by_signers", "exchange_by_signers"
NEED_A_SECOND = {
    PAY, EXCHANGE, "set_validator_operator_with_nonce_admin", "register_scs_currency", "publish_window",
}  # fmt: skip
LARGE = DUAL_ATTESTATION_LIMIT_AT_GENESIS


@pytest.fixture
def world() -> World:
    return small_world()


def aborts(world, who, others, function, *arguments) -> tuple[str, str]:
    """Module and reason; holds T7: only the sender's number moves."""
    before = world.records
    outcome = world.run(world.sign_together(who, others, function, *arguments))
    assert outcome.status.kind == "move_abort", outcome
    assert outcome.events == ()
    mine = account_key(who.address)
    changed = {place for place in world.records if world.records[place] != before.get(place)} - {b"g"}
    assert changed == {mine}
    assert world.records[mine] == before[mine]._replace(sequence_number=before[mine].sequence_number + 1)
    names = {reason.code: name for name, reason in REASONS[outcome.status.module].items()}
    return outcome.status.module, names[outcome.status.code]


def test_a_payment_to_the_second_signer(world) -> None:
    """3.8: 'peer_to_peer_by_signers: second signer payee; amount, metadata'; sentpayment, then receivedpayment."""
    outcome = world.run(world.sign_together(ALICE, [BOB], PAY, "XUS", 7, b"note"))
    data = (7, "XUS", ALICE.address, BOB.address, b"note")
    assert outcome.status == EXECUTED
    assert outcome.events == (
        event(1, ALICE.address, 0, "sentpayment", *data), event(0, BOB.address, 0, "receivedpayment", *data)
    )  # fmt: skip
    assert (world.balance(ALICE), world.balance(BOB)) == (1_000 * ONE - 7, 1_000 * ONE + 7)


def test_who_signs_needs_no_attestation(world) -> None:
    """1.7: 'second-signer payment': at the limit, between two providers, the payee's signature is enough."""
    assert world.cannot_pay(ALICE, BOB, LARGE) == ("DualAttestation", 7 | 3 << 8)
    assert world.run(world.sign_together(ALICE, [BOB], PAY, "XUS", LARGE, b"")).status == EXECUTED
    assert (world.balance(ALICE), world.balance(BOB)) == (0, 2_000 * ONE)


def test_only_the_senders_number_is_used(world) -> None:
    """DIP-169: replay protection is the sender's sequence number; the same bytes never run again."""
    tx = world.sign_together(ALICE, [BOB], PAY, "XUS", 7, b"")
    world.run(tx)
    assert (world.account(ALICE).sequence_number, world.account(BOB).sequence_number) == (1, 0)
    (again,) = world.block(tx)
    assert isinstance(again, Discard)
    assert again.status == DiscardStatus.SEQUENCE_NUMBER_TOO_OLD
    assert world.balance(BOB) == 1_000 * ONE + 7


def test_the_sender_pays_the_fee(world) -> None:
    """Gas of two Ed25519 signatures: 600, of which one is part, and 100 for the other."""
    outcome = world.run(world.sign_together(ALICE, [BOB], PAY, "XUS", 7, b"", price=3))
    assert outcome.gas_used == 700
    assert (world.balance(ALICE), world.balance(BOB)) == (1_000 * ONE - 7 - 2_100, 1_000 * ONE + 7)


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_refuses_another_number_of_signers(world, function) -> None:
    """T11: a function takes exactly the secondary signers that it needs, before anything else is asked."""
    needed = FUNCTIONS[function].secondaries
    assert needed == (function in NEED_A_SECOND)
    defaults = {"currency": "XUS", "address": bytes(16), "u64": 0, "bytes": b"", "text": "", "bool": False,
                "hash": bytes(32), "payments": (("XUS", bytes(16), 0, b"", b""),)}  # fmt: skip
    arguments = [defaults[kind.value] for _, kind in FUNCTIONS[function].parameters]
    for found in {0, 1, 2} - {needed}:
        assert aborts(world, ALICE, [BOB, ANNA][:found], function, *arguments) == ("MultiAgent", "ESIGNER_COUNT")


def test_a_plain_payment_takes_no_second_signature(world) -> None:
    """T11: so that a signature is never spent on a call that does not ask for it."""
    call = (PAYMENT, "XUS", BOB.address, 1, b"", b"")
    assert aborts(world, ALICE, [BOB], *call) == ("MultiAgent", "ESIGNER_COUNT")
    assert world.do(ALICE, *call)


def test_a_fee_payer_is_not_the_second_signer(world) -> None:
    """T10, T11: who pays the fee signs after the others, and the coins of the call do not go to it."""
    for function, arguments in ((PAY, ("XUS", 7, b"")), (EXCHANGE, ("XUS", 7, "XEU", 5, b""))):
        before = world.balance(BOB)
        raw = world.sign(ALICE, function, *arguments, price=1).raw._replace(fee_payer=ANNA.address)
        outcome = world.run(signed_together(raw, ALICE, [BOB, ANNA], world.context.genesis_hash))
        assert outcome.status == EXECUTED
        assert world.balance(BOB) == before + 7
    assert world.balance(ALICE, "XEU") == 100 * ONE + 5
    assert world.balance(ANNA, "XEU") == 100 * ONE


class TestPaymentRules:
    """Every rule of a payment holds for one that the payee signs, in the order of reference 3.7."""

    def test_order(self, world) -> None:
        """Payer's currency, payer's balance, payee frozen, amount, payee's currency."""
        world.change(BOB, is_frozen=True)
        assert aborts(world, ALICE, [BOB], PAY, "XDX", 0, b"") == ("DiemAccount", "EPAYER_DOESNT_HOLD_CURRENCY")
        too_much = 1_000 * ONE + 1
        assert aborts(world, ALICE, [BOB], PAY, "XUS", too_much, b"") == ("DiemAccount", "EINSUFFICIENT_BALANCE")
        assert aborts(world, ALICE, [BOB], PAY, "XUS", 0, b"") == ("AccountFreezing", "EACCOUNT_FROZEN")
        world.change(BOB, is_frozen=False)
        assert aborts(world, ALICE, [BOB], PAY, "XUS", 0, b"") == ("DiemAccount", "ECOIN_DEPOSIT_IS_ZERO")
        world.add(NOBODY, Role.CHILD_VASP, "XEU", parent=US)
        assert aborts(world, ALICE, [NOBODY], PAY, "XUS", 1, b"") == ("DiemAccount", "EPAYEE_CANT_ACCEPT_CURRENCY_TYPE")

    def test_metadata_is_bounded(self, world) -> None:
        """N3: at most 1,024 bytes."""
        too_long = bytes(MAX_METADATA_BYTES + 1)
        assert aborts(world, ALICE, [BOB], PAY, "XUS", 1, too_long) == ("Limits", "ETOO_LONG")
        assert aborts(world, ALICE, [BOB], EXCHANGE, "XUS", 1, "XEU", 1, too_long) == ("Limits", "ETOO_LONG")
        assert world.run(world.sign_together(ALICE, [BOB], PAY, "XUS", 1, too_long[1:])).status == EXECUTED

    def test_the_treasury_is_paid_nothing(self, world) -> None:
        """It holds no balance."""
        assert aborts(world, ALICE, [TC], PAY, "XUS", 1, b"") == ("DiemAccount", "EPAYEE_CANT_ACCEPT_CURRENCY_TYPE")


class TestExchange:
    """An atomic two-currency payment: 'each signs, both legs or none'."""

    def test_both_legs(self, world) -> None:
        """The sender's leg first; each leg has the events of a payment."""
        outcome = world.run(world.sign_together(ALICE, [BOB], EXCHANGE, "XUS", 30, "XEU", 20, b"m"))
        there = (30, "XUS", ALICE.address, BOB.address, b"m")
        back = (20, "XEU", BOB.address, ALICE.address, b"m")
        assert outcome.status == EXECUTED
        assert outcome.events == (
            event(1, ALICE.address, 0, "sentpayment", *there), event(0, BOB.address, 0, "receivedpayment", *there),
            event(1, BOB.address, 0, "sentpayment", *back), event(0, ALICE.address, 0, "receivedpayment", *back),
        )  # fmt: skip
        assert (world.balance(ALICE), world.balance(ALICE, "XEU")) == (1_000 * ONE - 30, 100 * ONE + 20)
        assert (world.balance(BOB), world.balance(BOB, "XEU")) == (1_000 * ONE + 30, 100 * ONE - 20)

    @pytest.mark.parametrize(("one", "two"), [(1, 0), (0, 1), (1, 100 * ONE + 1)])
    def test_none_if_either_fails(self, world, one, two) -> None:
        """An amount of 0, or a second leg above the balance: nothing moves, also not the first leg."""
        reason = "EINSUFFICIENT_BALANCE" if two > 1 else "ECOIN_DEPOSIT_IS_ZERO"
        assert aborts(world, ALICE, [BOB], EXCHANGE, "XUS", one, "XEU", two, b"") == ("DiemAccount", reason)

    def test_the_whole_balance_of_both(self, world) -> None:
        """Both sides of the limit: everything goes, one micro-unit more does not."""
        everything = (EXCHANGE, "XUS", 1_000 * ONE, "XEU", 100 * ONE, b"")
        assert aborts(world, ALICE, [BOB], EXCHANGE, "XUS", 1_000 * ONE + 1, "XEU", 100 * ONE, b"") == (
            "DiemAccount", "EINSUFFICIENT_BALANCE",
        )  # fmt: skip
        assert world.run(world.sign_together(ALICE, [BOB], *everything)).status == EXECUTED
        assert (world.balance(ALICE), world.balance(ALICE, "XEU")) == (0, 200 * ONE)

    def test_what_comes_back_does_not_pay_the_first_leg(self, world) -> None:
        """Legs run in order: the second one's coins are not there for the first."""
        world.endow(ALICE, -1_000 * ONE)
        assert aborts(world, ALICE, [BOB], EXCHANGE, "XUS", 1, "XEU", 1, b"") == (
            "DiemAccount", "EINSUFFICIENT_BALANCE",
        )  # fmt: skip

    def test_one_currency_is_no_exchange(self, world) -> None:
        """ESAME_CURRENCY."""
        assert aborts(world, ALICE, [BOB], EXCHANGE, "XUS", 2, "XUS", 1, b"") == ("MultiAgent", "ESAME_CURRENCY")

    def test_a_currency_that_one_does_not_hold(self, world) -> None:
        """Both legs need a balance on both sides."""
        world.add(NOBODY, Role.CHILD_VASP, "XUS", parent=US)
        assert aborts(world, ALICE, [NOBODY], EXCHANGE, "XUS", 1, "XEU", 1, b"") == (
            "DiemAccount", "EPAYER_DOESNT_HOLD_CURRENCY",
        )  # fmt: skip

    def test_a_frozen_second_signer(self, world) -> None:
        """Diem asks in the payment, not before: EACCOUNT_FROZEN, kept and charged."""
        world.change(BOB, is_frozen=True)
        assert aborts(world, ALICE, [BOB], EXCHANGE, "XUS", 1, "XEU", 1, b"") == ("AccountFreezing", "EACCOUNT_FROZEN")

    def test_between_providers_above_the_attestation_limit(self, world) -> None:
        """Both sign: no attestation for either leg."""
        world.endow(BOB, 10_000 * ONE, "XEU")
        outcome = world.run(world.sign_together(ALICE, [BOB], EXCHANGE, "XUS", LARGE, "XEU", LARGE, b""))
        assert outcome.status == EXECUTED

    def test_with_k_of_n_keys(self, world) -> None:
        """Keys of any scheme sign; every signature that is there is metered."""
        gives: Several = plain(2, 3)
        takes: Several = mixed(2, using=(1, 2))
        world.change(ALICE, authentication_key=gives.authentication_key())
        world.change(BOB, authentication_key=takes.authentication_key())
        alice, bob = Party(gives, ALICE.address), Party(takes, BOB.address)  # type: ignore[arg-type]
        outcome = world.run(world.sign_together(alice, [bob], EXCHANGE, "XUS", 1, "XEU", 1, b""))
        assert (outcome.status, outcome.gas_used) == (EXECUTED, 600 + 100 * (2 + 40 + 40 - 1))


def test_an_unknown_signer_is_discarded(world) -> None:
    """A secondary signer without an account: never on chain, no number used."""
    (outcome,) = world.block(world.sign_together(US, [NOBODY], PAY, "XUS", 1, b""))
    assert isinstance(outcome, Discard)
    assert outcome.status == DiscardStatus.SENDING_ACCOUNT_DOES_NOT_EXIST
    assert world.account(US).sequence_number == 0
