"""The prologue: every status, its boundary, and its place in the order (T6; reference 3.6)."""

import pytest

from chain.accounts import Role
from chain.crypto.signing import Scheme
from chain.limits import MAX_GAS_PRICE, MAX_GAS_UNITS, MIN_GAS_UNITS
from chain.primitives import U64_MAX
from chain.transaction import SignedTransaction
from chain.validation import Discard, DiscardStatus, check_prologue
from tests.builders import ALICE, BOB, CHAIN_ID, NOBODY, NOW_SECS, ONE, PAYMENT, US, World, key, party, small_world

BALANCE = 1_000 * ONE


@pytest.fixture
def world() -> World:
    return small_world()


def payment(world: World, **changes: object) -> SignedTransaction:
    """A payment of Alice with some of its raw fields changed; its signature is not looked at here."""
    tx = world.sign(ALICE, PAYMENT, "XUS", BOB.address, 1, b"", b"")
    return tx._replace(raw=tx.raw._replace(**changes))  # type: ignore[arg-type]


def status(world: World, tx: SignedTransaction, *, future: bool = False, now: int = NOW_SECS) -> DiscardStatus | None:
    """The status of the discard, or None if the transaction may run."""
    try:
        account = check_prologue(world.overlay(), tx, chain_id=CHAIN_ID, now_secs=now, allow_future_sequence=future)
    except Discard as discard:
        return DiscardStatus[discard.name.upper()]
    assert account == world.account(ALICE)
    return None


def test_status_numbers_are_libras() -> None:
    """Reference 3.6, the list of status codes."""
    assert {item.name: int(item) for item in DiscardStatus} == {
        "INVALID_SIGNATURE": 1,
        "INVALID_AUTH_KEY": 2,
        "SEQUENCE_NUMBER_TOO_OLD": 3,
        "SEQUENCE_NUMBER_TOO_NEW": 4,
        "INSUFFICIENT_BALANCE_FOR_TRANSACTION_FEE": 5,
        "TRANSACTION_EXPIRED": 6,
        "SENDING_ACCOUNT_DOES_NOT_EXIST": 7,
        "EXCEEDED_MAX_TRANSACTION_SIZE": 10,
        "MAX_GAS_UNITS_EXCEEDS_MAX_GAS_UNITS_BOUND": 13,
        "MAX_GAS_UNITS_BELOW_MIN_TRANSACTION_GAS_UNITS": 14,
        "GAS_UNIT_PRICE_BELOW_MIN_BOUND": 15,
        "GAS_UNIT_PRICE_ABOVE_MAX_BOUND": 16,
        "INVALID_GAS_SPECIFIER": 17,
        "SENDING_ACCOUNT_FROZEN": 18,
        "CURRENCY_INFO_DOES_NOT_EXIST": 20,
        "BAD_CHAIN_ID": 23,
        "SEQUENCE_NUMBER_TOO_BIG": 24,
        "BAD_TRANSACTION_FEE_CURRENCY": 25,
        "FEATURE_UNDER_GATING": 26,
    }


def test_a_good_transaction_gives_its_sender(world: World) -> None:
    """Nothing is raised."""
    assert status(world, payment(world)) is None


S = DiscardStatus
ORDER: list[tuple[DiscardStatus, dict[str, object]]] = [
    (S.INVALID_GAS_SPECIFIER, {"gas_currency": "X-S"}),
    (S.CURRENCY_INFO_DOES_NOT_EXIST, {"gas_currency": "NOP"}),
    (S.MAX_GAS_UNITS_EXCEEDS_MAX_GAS_UNITS_BOUND, {"max_gas_amount": MAX_GAS_UNITS + 1}),
    (S.MAX_GAS_UNITS_BELOW_MIN_TRANSACTION_GAS_UNITS, {"max_gas_amount": MIN_GAS_UNITS - 1}),
    (S.GAS_UNIT_PRICE_ABOVE_MAX_BOUND, {"gas_unit_price": MAX_GAS_PRICE + 1}),
    (S.BAD_CHAIN_ID, {"chain_id": CHAIN_ID + 1}),
    (S.SENDING_ACCOUNT_DOES_NOT_EXIST, {"sender": NOBODY.address}),
    (S.SENDING_ACCOUNT_FROZEN, {}),
    (S.INVALID_AUTH_KEY, {}),
    (S.INSUFFICIENT_BALANCE_FOR_TRANSACTION_FEE, {"gas_unit_price": 1000}),
    (S.TRANSACTION_EXPIRED, {"expiration_secs": NOW_SECS}),
    (S.SEQUENCE_NUMBER_TOO_BIG, {"sequence_number": U64_MAX}),
    (S.SEQUENCE_NUMBER_TOO_NEW, {"sequence_number": 1}),
]


@pytest.mark.parametrize("place", range(len(ORDER)), ids=[item.name for item, _ in ORDER])
def test_the_first_failed_check_wins(world: World, place: int) -> None:
    """T6: with this check and all later ones failing, this one is named; alone it is named too."""
    expected, alone = ORDER[place]
    for later in ([ORDER[place]], ORDER[place:]):
        changes: dict[str, object] = {}
        for _, change in reversed(later):
            changes |= change
        names = {item for item, _ in later}
        tx = payment(world, **changes)
        if S.INVALID_AUTH_KEY in names:
            tx = tx._replace(public_key=key(77).public_key)
        world.change(ALICE, is_frozen=S.SENDING_ACCOUNT_FROZEN in names)
        assert status(world, tx) is expected
    assert alone is not None


def test_the_scheme_comes_first(world: World) -> None:
    """Multi-signature schemes are reserved: FEATURE_UNDER_GATING, before the gas currency."""
    for scheme in (Scheme.MULTI_ED25519, Scheme.MIXED_MULTI, 5, 255):
        assert status(world, payment(world, gas_currency="?")._replace(scheme=scheme)) is S.FEATURE_UNDER_GATING
    assert status(world, payment(world)._replace(scheme=Scheme.P256)) is S.INVALID_AUTH_KEY


@pytest.mark.parametrize("code", ["", "XU S", "X-S", "ÉUR", "٣", "XUS\n"])
def test_gas_specifiers_are_ascii_letters_and_digits(world: World, code: str) -> None:
    """INVALID_GAS_SPECIFIER, even at price 0."""
    assert status(world, payment(world, gas_currency=code)) is S.INVALID_GAS_SPECIFIER


def test_gas_bounds(world: World) -> None:
    """600 to 4,000,000 units; price 0 to 10,000."""
    assert status(world, payment(world, max_gas_amount=MAX_GAS_UNITS)) is None
    assert status(world, payment(world, max_gas_amount=MIN_GAS_UNITS)) is None
    assert (MIN_GAS_UNITS, MAX_GAS_UNITS, MAX_GAS_PRICE) == (600, 4_000_000, 10_000)
    assert status(world, payment(world, max_gas_amount=MIN_GAS_UNITS, gas_unit_price=MAX_GAS_PRICE)) is None


def test_the_highest_fee_must_be_at_hand(world: World) -> None:
    """balance >= price x max; skipped when that is 0; the currency must be held."""
    fee = {"max_gas_amount": 1_000_000, "gas_unit_price": 1_000}
    assert status(world, payment(world, **fee)) is None
    fee["max_gas_amount"] += 1
    assert status(world, payment(world, **fee)) is S.INSUFFICIENT_BALANCE_FOR_TRANSACTION_FEE
    assert status(world, payment(world, gas_currency="XDX", gas_unit_price=0)) is None
    assert status(world, payment(world, gas_currency="XDX", gas_unit_price=1)) is S.BAD_TRANSACTION_FEE_CURRENCY
    expired = payment(world, gas_currency="XDX", gas_unit_price=1, expiration_secs=0)
    assert status(world, expired) is S.BAD_TRANSACTION_FEE_CURRENCY


def test_expiry(world: World) -> None:
    """T8: valid while the block's seconds are below the expiration."""
    assert status(world, payment(world, expiration_secs=NOW_SECS + 1)) is None
    assert status(world, payment(world, expiration_secs=NOW_SECS)) is S.TRANSACTION_EXPIRED
    assert status(world, payment(world, expiration_secs=NOW_SECS + 1), now=NOW_SECS + 1) is S.TRANSACTION_EXPIRED


def test_sequence_numbers(world: World) -> None:
    """Too old, right, too new; the mempool accepts the future, and nobody the last number."""
    world.change(ALICE, sequence_number=5)
    for number, now, future in (
        (4, S.SEQUENCE_NUMBER_TOO_OLD, S.SEQUENCE_NUMBER_TOO_OLD),
        (5, None, None),
        (6, S.SEQUENCE_NUMBER_TOO_NEW, None),
        (U64_MAX - 1, S.SEQUENCE_NUMBER_TOO_NEW, None),
        (U64_MAX, S.SEQUENCE_NUMBER_TOO_BIG, S.SEQUENCE_NUMBER_TOO_BIG),
    ):
        tx = payment(world, sequence_number=number)
        assert (status(world, tx), status(world, tx, future=True)) == (now, future), number
    old = payment(world, sequence_number=4, expiration_secs=NOW_SECS)
    assert status(world, old) is S.TRANSACTION_EXPIRED


@pytest.mark.parametrize("scheme", [Scheme.ED25519, Scheme.SECP256K1, Scheme.P256])
def test_the_authentication_key_names_key_and_scheme(world: World, scheme: Scheme) -> None:
    """K4: the same key bytes under another scheme are another authentication key."""
    who = party(80, scheme)
    world.add(who, Role.CHILD_VASP, "XUS", parent=US)
    tx = world.sign(who, PAYMENT, "XUS", BOB.address, 1, b"", b"")
    overlay = world.overlay()
    assert check_prologue(
        overlay, tx, chain_id=CHAIN_ID, now_secs=NOW_SECS, allow_future_sequence=False
    ) == world.account(who)
    other = Scheme.P256 if scheme == Scheme.SECP256K1 else Scheme.SECP256K1
    with pytest.raises(Discard) as caught:
        check_prologue(
            overlay, tx._replace(scheme=other), chain_id=CHAIN_ID, now_secs=NOW_SECS, allow_future_sequence=True
        )
    assert caught.value.status is S.INVALID_AUTH_KEY
