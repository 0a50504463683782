"""Peer-to-peer payments: order of checks, codes, boundaries, events, dual attestation."""

import pytest

from chain.accounts import Credential, Role
from chain.execution.attestation import attestation_message
from chain.execution.outcome import Category
from chain.limits import MAX_METADATA_BYTES
from chain.primitives import U64_MAX
from tests.builders import (
    ALICE,
    ANNA,
    BOB,
    BR,
    COMPLIANCE,
    DEALER,
    NOBODY,
    ONE,
    PAYMENT,
    TC,
    US,
    World,
    event,
    party,
    small_world,
)  # fmt: skip

LIMIT = 1_000_000_000
START = 1_000 * ONE


@pytest.fixture
def world() -> World:
    return small_world()


def attest(amount: int, metadata: bytes = b"", payer: bytes = ALICE.address) -> bytes:
    return COMPLIANCE[BR].sign(attestation_message(metadata, payer, amount))


def test_a_payment_moves_coins_and_emits_sent_then_received(world: World) -> None:
    """Reference 2.6: a child's handles are 0 receivedpayment, 1 sentpayment; each stream counts from 0."""
    data = (7, "XUS", ALICE.address, BOB.address, b"memo")
    assert world.do(ALICE, PAYMENT, "XUS", BOB.address, 7, b"memo", b"") == (
        event(1, ALICE.address, 0, "sentpayment", *data),
        event(0, BOB.address, 0, "receivedpayment", *data),
    )
    assert (world.balance(ALICE), world.balance(BOB)) == (START - 7, START + 7)
    data = (3, "XUS", ALICE.address, BOB.address, b"")
    assert world.pay(ALICE, BOB, 3) == (
        event(1, ALICE.address, 1, "sentpayment", *data),
        event(0, BOB.address, 1, "receivedpayment", *data),
    )
    assert world.account(ALICE).streams == (0, 2)
    assert world.account(BOB).streams == (2, 0)
    assert world.account(ALICE).sequence_number == 2


def test_parents_and_dealers_have_handles_of_their_own(world: World) -> None:
    """Reference 1.4: a parent's payment handles are 2 and 3, a dealer's 3 and 4."""
    world.endow(US, 10)
    sent, received = world.pay(US, DEALER, 10)
    assert (sent.key[:8], received.key[:8]) == ((3).to_bytes(8, "little"), (3).to_bytes(8, "little"))
    sent, received = world.pay(DEALER, US, 10)
    assert (sent.key[:8], received.key[:8]) == ((4).to_bytes(8, "little"), (2).to_bytes(8, "little"))


@pytest.mark.parametrize("amount", [ONE - 1, ONE])
def test_the_whole_balance_can_be_paid(world: World, amount: int) -> None:
    """Reference 3.7: balance >= amount."""
    world.endow(US, ONE)
    world.pay(US, ALICE, amount)
    assert world.balance(US) == ONE - amount


def test_one_more_than_the_balance_aborts_with_1288(world: World) -> None:
    """Reference 3.7: EINSUFFICIENT_BALANCE 5, LIMIT_EXCEEDED: code 1288."""
    world.endow(US, ONE)
    assert world.cannot_pay(US, ALICE, ONE + 1) == ("DiemAccount", 1288)


def test_paying_oneself_changes_nothing_but_emits_both(world: World) -> None:
    """A payment to oneself needs no attestation, and its balance stays."""
    events = world.pay(ALICE, ALICE, START)
    assert [e.type for e in events] == ["sentpayment", "receivedpayment"]
    assert world.balance(ALICE) == START
    assert world.account(ALICE).streams == (1, 1)
    assert world.cannot_pay(ALICE, ALICE, START + 1) == ("DiemAccount", 1288)
    assert world.cannot_pay(ALICE, ALICE, 0) == ("DiemAccount", 7 | 2 << 8)


CHECKS = {
    "payer_currency": ("DiemAccount", 5 | 19 << 8),
    "balance": ("DiemAccount", 1288),
    "payee_frozen": ("AccountFreezing", 1 | 5 << 8),
    "zero": ("DiemAccount", 7 | 2 << 8),
    "payee_currency": ("DiemAccount", 7 | 18 << 8),
    "attestation": ("DualAttestation", 7 | 3 << 8),
}


@pytest.mark.parametrize("first", list(CHECKS))
def test_the_first_failed_check_wins(world: World, first: str) -> None:
    """Reference 3.7: holds currency, balance, payee not frozen, amount > 0, payee holds the currency, attestation."""
    order = list(CHECKS)
    failing = set(order[order.index(first) :])
    if {"zero", "balance"} <= failing:
        failing.discard("zero")
    world.add(NOBODY, Role.CHILD_VASP, *([] if "payee_currency" in failing else ["XUS"]), parent=BR)
    world.change(NOBODY, is_frozen="payee_frozen" in failing)
    if "payer_currency" in failing:
        payer = party(88)
        world.add(payer, Role.PARENT_VASP)
    else:
        payer = ALICE
    amount = START + 1 if "balance" in failing else 0 if "zero" in failing else START
    signature = b"x" if "attestation" in failing else b""
    arguments = ("XUS", NOBODY.address, amount, b"", signature)
    assert world.fails(payer, PAYMENT, *arguments) == CHECKS[first]


def test_a_payment_to_nobody(world: World) -> None:
    """Reference 3.7: balance, then amount > 0, then the payee exists (NOT_PUBLISHED 17), even with a bad signature."""
    assert world.cannot_pay(ALICE, NOBODY, START + 1) == ("DiemAccount", 1288)
    assert world.cannot_pay(ALICE, NOBODY, 0) == ("DiemAccount", 7 | 2 << 8)
    assert world.cannot_pay(ALICE, NOBODY, 1) == ("DiemAccount", 5 | 17 << 8)
    assert world.fails(ALICE, PAYMENT, "XUS", NOBODY.address, 1, b"", b"x") == ("DiemAccount", 5 | 17 << 8)


def test_unknown_currency_of_the_payer(world: World) -> None:
    """A payer holds no unregistered currency: NOT_PUBLISHED 19."""
    assert world.cannot_pay(ALICE, BOB, 1, currency="NOP") == ("DiemAccount", 5 | 19 << 8)
    assert world.cannot_pay(ALICE, BOB, 1, currency="XDX") == ("DiemAccount", 5 | 19 << 8)
    assert world.fails(TC, PAYMENT, "XUS", BOB.address, 1, b"", b"") == ("DiemAccount", 5 | 19 << 8)


def test_metadata_has_at_most_1024_bytes(world: World) -> None:
    """The bound is checked before everything else; Limits/ETOO_LONG is 100."""
    world.do(ALICE, PAYMENT, "XUS", BOB.address, 1, bytes(MAX_METADATA_BYTES), b"")
    arguments = ("NOP", NOBODY.address, 0, bytes(MAX_METADATA_BYTES + 1), b"")
    assert world.fails(ALICE, PAYMENT, *arguments) == ("Limits", 7 | 100 << 8)


def test_a_balance_stays_below_2_to_64(world: World) -> None:
    """EBALANCE_OVERFLOW (ours, 100): checked for the payee, after attestation, never for a payment to oneself."""
    world.endow(BR, U64_MAX - START * 4)
    world.endow(US, START + 1)
    world.change_config(dual_attestation_limit=U64_MAX)
    room = U64_MAX - (U64_MAX - START * 4)
    assert room == 4 * START
    world.endow(BR, room - 5)
    assert world.cannot_pay(US, BR, 6) == ("DiemAccount", 8 | 100 << 8)
    assert world.fails(US, PAYMENT, "XUS", BR.address, 6, b"", b"x") == ("DualAttestation", 7 | 3 << 8)
    world.pay(BR, BR, 6)
    world.pay(US, BR, 5)
    assert world.balance(BR) == U64_MAX


class TestDualAttestation:
    """Needed iff floor(amount x rate) >= limit, between VASPs of different parents (reference 1.7)."""

    def test_below_the_limit_none_at_the_limit_one(self, world: World) -> None:
        """floor(amount x rate) >= 1,000,000,000 micro-XDX."""
        assert world.cannot_pay(ALICE, BOB, LIMIT) == ("DualAttestation", 7 | 3 << 8)
        world.pay(ALICE, BOB, LIMIT - 1)

    @pytest.mark.parametrize(("rate", "least"), [(1 << 31, 20), (3 << 31, 7), (1 << 32, 10), (1 << 33, 5)])
    def test_the_product_is_truncated(self, world: World, rate: int, least: int) -> None:
        """2.2: floor: at rate 1.5, 6 coins are worth 9 and 7 are worth 10.5; at 0.5, 19 are worth 9.5."""
        world.change_config(dual_attestation_limit=10)
        world.change_currency("XUS", rate=rate)
        world.pay(ALICE, BOB, least - 1)
        assert world.cannot_pay(ALICE, BOB, least) == ("DualAttestation", 7 | 3 << 8)

    def test_not_within_a_provider_nor_with_a_dealer(self, world: World) -> None:
        """Same parent, oneself, and a dealer on either side need none."""
        world.change_config(dual_attestation_limit=1)
        for payer, payee in ((ALICE, ANNA), (ALICE, US), (US, ALICE), (BOB, BOB), (BOB, DEALER), (DEALER, US)):
            world.pay(payer, payee, 5)
        for payer, payee in ((ALICE, BOB), (US, BOB), (US, BR), (BOB, US)):
            world.endow(payer, 5)
            assert world.cannot_pay(payer, payee, 5) == ("DualAttestation", 7 | 3 << 8)

    def test_a_good_signature_lets_it_pass(self, world: World) -> None:
        """The payee's parent signs metadata, payer, amount and the suffix."""
        world.do(ALICE, PAYMENT, "XUS", BOB.address, LIMIT, b"ref", attest(LIMIT, b"ref"))
        assert world.balance(BOB) == START + LIMIT

    def test_the_message(self) -> None:
        """DIP-1: metadata, payer (16), amount (8, little-endian), 19 bytes of suffix."""
        assert attestation_message(b"\x02\x00", bytes(range(16)), 0x0102) == (
            b"\x02\x00" + bytes(range(16)) + b"\x02\x01" + bytes(6) + b"@@$$DIEM_ATTEST$$@@"
        )

    @pytest.mark.parametrize("amount", [1, LIMIT])
    def test_a_supplied_signature_is_always_checked(self, world: World, amount: int) -> None:
        """Whatever the amount: lengths 63 and 65 are malformed (3), a wrong one is invalid (4)."""
        good = attest(amount)
        for bad in (good[:-1], good + b"\0"):
            assert world.fails(ALICE, PAYMENT, "XUS", BOB.address, amount, b"", bad) == ("DualAttestation", 7 | 3 << 8)
        for wrong in (
            bytes(64), attest(amount + 1), attest(amount, b"m"), attest(amount, payer=ANNA.address),
            COMPLIANCE[US].sign(attestation_message(b"", ALICE.address, amount)),
        ):  # fmt: skip
            got = world.fails(ALICE, PAYMENT, "XUS", BOB.address, amount, b"", wrong)
            assert got == ("DualAttestation", 7 | 4 << 8)

    def test_length_then_key_then_url_then_signature(self, world: World) -> None:
        """Reference 1.7: 3, INVALID_STATE 5, INVALID_STATE 6, 4."""
        name, url, compliance = "w", b"https://w", COMPLIANCE[BR].public_key
        for credential, signature, expected in (
            (Credential(name, b"", b""), b"x", 7 | 3 << 8),
            (Credential(name, b"", b""), bytes(64), 1 | 5 << 8),
            (Credential(name, url, b""), bytes(64), 1 | 5 << 8),
            (Credential(name, b"", compliance), bytes(64), 1 | 6 << 8),
            (Credential(name, b"", compliance), attest(1), 1 | 6 << 8),
            (Credential(name, url, compliance), bytes(64), 7 | 4 << 8),
        ):
            world.change(BR, credential=credential)
            got = world.fails(ALICE, PAYMENT, "XUS", BOB.address, 1, b"", signature)
            assert got == ("DualAttestation", expected)

    def test_a_supplied_signature_is_checked_at_a_payment_to_a_dealer(self, world: World) -> None:
        """A dealer without a compliance key: INVALID_STATE 5."""
        got = world.fails(ALICE, PAYMENT, "XUS", DEALER.address, 1, b"", bytes(64))
        assert got == ("DualAttestation", Category.INVALID_STATE | 5 << 8)
