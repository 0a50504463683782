"""The prologue: every status, its boundary, and the order in which checks are made (reference 3.6)."""

import pytest

from chain.limits import MAX_GAS_PRICE, MAX_GAS_UNITS, MIN_GAS_UNITS
from chain.primitives import U64_MAX
from chain.validation import Discard, DiscardStatus, check_prologue
from tests.builders import (
    ALICE,
    BOB,
    CHAIN_ID,
    NOBODY,
    NOW_SECS,
    ONE,
    PAYMENT,
    World,
    key,
    small_world,
)  # fmt: skip


@pytest.fixture
def world() -> World:
    world = small_world()
    world.change(ALICE, sequence_number=5)
    return world


def prologue(world, *, who=ALICE, future=False, now=NOW_SECS, scheme=None, number=5, **options):
    tx = world.sign(who, PAYMENT, "XUS", BOB.address, 1, b"", b"", number=number, **options)
    if scheme is not None:
        tx = tx._replace(scheme=scheme)
    return check_prologue(world.overlay(), tx, chain_id=CHAIN_ID, now_secs=now, allow_future_sequence=future)


def refused(world, **options) -> DiscardStatus:
    with pytest.raises(Discard) as caught:
        prologue(world, **options)
    assert caught.value.name == caught.value.status.name.lower()
    assert caught.value.message
    return caught.value.status


def test_what_may_run_gives_the_sender(world) -> None:
    """The account is read once."""
    assert prologue(world) == world.account(ALICE)


def test_the_numbers_are_libras() -> None:
    """3.6: 'Status codes (u64), name after number'."""
    assert {status.value: status.name for status in DiscardStatus} == {
        1: "INVALID_SIGNATURE", 2: "INVALID_AUTH_KEY", 3: "SEQUENCE_NUMBER_TOO_OLD", 4: "SEQUENCE_NUMBER_TOO_NEW",
        5: "INSUFFICIENT_BALANCE_FOR_TRANSACTION_FEE", 6: "TRANSACTION_EXPIRED", 7: "SENDING_ACCOUNT_DOES_NOT_EXIST",
        10: "EXCEEDED_MAX_TRANSACTION_SIZE", 11: "UNKNOWN_SCRIPT", 13: "MAX_GAS_UNITS_EXCEEDS_MAX_GAS_UNITS_BOUND",
        14: "MAX_GAS_UNITS_BELOW_MIN_TRANSACTION_GAS_UNITS", 15: "GAS_UNIT_PRICE_BELOW_MIN_BOUND",
        16: "GAS_UNIT_PRICE_ABOVE_MAX_BOUND", 17: "INVALID_GAS_SPECIFIER", 18: "SENDING_ACCOUNT_FROZEN",
        20: "CURRENCY_INFO_DOES_NOT_EXIST", 23: "BAD_CHAIN_ID", 24: "SEQUENCE_NUMBER_TOO_BIG",
        25: "BAD_TRANSACTION_FEE_CURRENCY", 26: "FEATURE_UNDER_GATING", 27: "SECONDARY_KEYS_ADDRESSES_COUNT_MISMATCH",
        28: "SIGNERS_CONTAIN_DUPLICATES",
    }  # fmt: skip


@pytest.mark.parametrize("scheme", [5, 6, 255, 256, U64_MAX])
def test_unknown_schemes_are_gated(world, scheme) -> None:
    """Design decision 6: schemes are 0 to 4; others do not exist. Nothing is computed with such a byte."""
    assert refused(world, scheme=scheme, gas_currency="?") == DiscardStatus.FEATURE_UNDER_GATING


@pytest.mark.parametrize("code", ["", "X US", "XUS\n", "É", "X-S", "?"])
def test_a_gas_currency_is_a_code(world, code) -> None:
    """INVALID_GAS_SPECIFIER, before anything is looked up."""
    assert refused(world, gas_currency=code, max_gas=0) == DiscardStatus.INVALID_GAS_SPECIFIER


def test_a_gas_currency_is_registered(world) -> None:
    """'must be a registered code even at price 0'; a local currency without a coin is none."""
    for code in ("XYZ", "INR", "xus"):
        assert refused(world, gas_currency=code, price=0) == DiscardStatus.CURRENCY_INFO_DOES_NOT_EXIST
    prologue(world, gas_currency="XDX", price=0)


def test_gas_bounds(world) -> None:
    """600 <= max_gas_amount <= 4,000,000 and price <= 10,000."""
    world.endow(ALICE, 10**12)
    assert (MIN_GAS_UNITS, MAX_GAS_UNITS, MAX_GAS_PRICE) == (600, 4_000_000, 10_000)
    assert refused(world, max_gas=599) == DiscardStatus.MAX_GAS_UNITS_BELOW_MIN_TRANSACTION_GAS_UNITS
    assert refused(world, max_gas=4_000_001) == DiscardStatus.MAX_GAS_UNITS_EXCEEDS_MAX_GAS_UNITS_BOUND
    assert refused(world, price=10_001) == DiscardStatus.GAS_UNIT_PRICE_ABOVE_MAX_BOUND
    prologue(world, max_gas=600, price=10_000)
    prologue(world, max_gas=4_000_000, price=10_000)


def test_fee_boundaries(world) -> None:
    """'balance >= max fee (skipped when the product is 0)'."""
    world.endow(ALICE, 1_000 - 1_000 * ONE)
    prologue(world, max_gas=1_000, price=1)
    assert refused(world, max_gas=1_001, price=1) == DiscardStatus.INSUFFICIENT_BALANCE_FOR_TRANSACTION_FEE
    prologue(world, max_gas=4_000_000, price=0)
    assert refused(world, gas_currency="XDX", price=1) == DiscardStatus.BAD_TRANSACTION_FEE_CURRENCY
    prologue(world, gas_currency="XDX", price=0)


def test_expiry_boundary(world) -> None:
    """'now_secs < expiration'."""
    prologue(world, expires=NOW_SECS + 1)
    assert refused(world, expires=NOW_SECS) == DiscardStatus.TRANSACTION_EXPIRED
    assert refused(world, expires=0) == DiscardStatus.TRANSACTION_EXPIRED
    prologue(world, expires=U64_MAX)


def test_sequence_boundaries(world) -> None:
    """'sequence < 2^64-1, not too old, not too new (last)'; the mempool accepts future ones."""
    assert refused(world, number=4) == DiscardStatus.SEQUENCE_NUMBER_TOO_OLD
    assert refused(world, number=4, future=True) == DiscardStatus.SEQUENCE_NUMBER_TOO_OLD
    assert refused(world, number=6) == DiscardStatus.SEQUENCE_NUMBER_TOO_NEW
    prologue(world, number=6, future=True)
    prologue(world, number=U64_MAX - 1, future=True)
    for future in (True, False):
        assert refused(world, number=U64_MAX, future=future) == DiscardStatus.SEQUENCE_NUMBER_TOO_BIG
    world.change(ALICE, sequence_number=U64_MAX)
    assert refused(world, number=U64_MAX) == DiscardStatus.SEQUENCE_NUMBER_TOO_BIG
    assert refused(world, number=U64_MAX - 1) == DiscardStatus.SEQUENCE_NUMBER_TOO_OLD


def test_the_key_must_be_the_accounts(world) -> None:
    """'SHA3-256 of (public key bytes || scheme byte) against the *stored* auth key': the scheme counts too."""
    stranger = ALICE._replace(key=key(555))
    assert refused(world, who=stranger) == DiscardStatus.INVALID_AUTH_KEY
    assert refused(world, scheme=2) == DiscardStatus.INVALID_AUTH_KEY
    world.change(ALICE, authentication_key=key(555).authentication_key())
    prologue(world, who=stranger)
    assert refused(world) == DiscardStatus.INVALID_AUTH_KEY


FAULTS: list[tuple[DiscardStatus, dict[str, object]]] = [
    (DiscardStatus.FEATURE_UNDER_GATING, {"scheme": 5}),
    (DiscardStatus.INVALID_GAS_SPECIFIER, {"gas_currency": "-"}),
    (DiscardStatus.CURRENCY_INFO_DOES_NOT_EXIST, {"gas_currency": "NOPE"}),
    (DiscardStatus.MAX_GAS_UNITS_EXCEEDS_MAX_GAS_UNITS_BOUND, {"max_gas": 4_000_001}),
    (DiscardStatus.GAS_UNIT_PRICE_ABOVE_MAX_BOUND, {"price": 10_001}),
    (DiscardStatus.BAD_CHAIN_ID, {"chain_id": 1}),
    (DiscardStatus.SENDING_ACCOUNT_DOES_NOT_EXIST, {"who": NOBODY}),
    (DiscardStatus.SENDING_ACCOUNT_FROZEN, {"frozen": True}),
    (DiscardStatus.INVALID_AUTH_KEY, {"who": ALICE._replace(key=key(555))}),
    (DiscardStatus.BAD_TRANSACTION_FEE_CURRENCY, {"gas_currency": "XDX", "price": 1}),
    (DiscardStatus.INSUFFICIENT_BALANCE_FOR_TRANSACTION_FEE, {"poor": True, "price": 1}),
    (DiscardStatus.TRANSACTION_EXPIRED, {"expires": NOW_SECS}),
    (DiscardStatus.SEQUENCE_NUMBER_TOO_OLD, {"number": 4}),
]


@pytest.mark.parametrize("first", range(len(FAULTS)), ids=[status.name for status, _ in FAULTS])
def test_the_first_fault_in_libras_order_is_told(world, first) -> None:
    """T6: with each later fault present too, the earliest one is the answer."""
    options: dict[str, object] = {}
    for _, fault in reversed(FAULTS[first:]):
        options |= fault
    if options.pop("frozen", False):
        world.change(ALICE, is_frozen=True)
    if options.pop("poor", False):
        world.endow(ALICE, -1_000 * ONE)
    assert refused(world, **options) == FAULTS[first][0]


def test_the_lower_gas_bound_comes_before_price_and_chain(world) -> None:
    """Gas bounds: units first, then price, then the chain id."""
    below = DiscardStatus.MAX_GAS_UNITS_BELOW_MIN_TRANSACTION_GAS_UNITS
    assert refused(world, max_gas=599, price=10_001, chain_id=1) == below
    assert refused(world, max_gas=599, gas_currency="NOPE") == DiscardStatus.CURRENCY_INFO_DOES_NOT_EXIST


def test_refusals_carry_their_numbers(world) -> None:
    """'Every refusal names the rule, the numbers'."""
    world.endow(ALICE, 100 - 1_000 * ONE)
    cases: list[tuple[dict[str, object], dict[str, object]]] = [
        ({"price": 1, "max_gas": 600}, {"max_fee": 600, "balance": 100}),
        ({"number": 7}, {"sequence_number": 7, "next": 5}),
        ({"number": 3}, {"sequence_number": 3, "next": 5}),
        ({"expires": 9}, {"expiration_secs": 9, "now_secs": NOW_SECS}),
        ({"max_gas": 599}, {"max_gas_amount": 599, "minimum": 600}),
        ({"max_gas": 4_000_001}, {"max_gas_amount": 4_000_001, "maximum": 4_000_000}),
        ({"price": 10_001}, {"gas_unit_price": 10_001, "maximum": 10_000}),
        ({"chain_id": 9}, {"chain_id": 9, "expected": CHAIN_ID}),
        ({"number": U64_MAX}, {"sequence_number": U64_MAX}),
        ({"who": NOBODY}, {"sender": NOBODY.address.hex()}),
        ({"gas_currency": "NOPE"}, {"currency": "NOPE"}),
        ({"scheme": 5}, {"scheme": 5}),
    ]
    for options, details in cases:
        with pytest.raises(Discard) as caught:
            prologue(world, **options)
        assert caught.value.details == details, options
