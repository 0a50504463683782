"""When a transaction may run and who pays for it: the prologue of scheduled and sponsored ones (T10, T13, T14)."""

import pytest

from chain.execution.outcome import Outcome
from chain.transaction import sign_transaction
from chain.validation import WAITING, Discard, DiscardStatus, check_prologue
from tests.builders import (
    ALICE,
    ANNA,
    BOB,
    CHAIN_ID,
    DEALER,
    NOBODY,
    NOW_SECS,
    ONE,
    PAYMENT,
    Party,
    World,
    key,
    signed_together,
    small_world,
)

CALL = (PAYMENT, "XUS", BOB.address, 1, b"", b"")


def terms(world: World, *others: Party, sign=None, call=CALL, price=0, max_gas=700, currency="XUS", **fields):
    """A payment by ALICE with some fields set and further signers."""
    raw = world.sign(ALICE, *call, price=price, max_gas=max_gas, gas_currency=currency).raw._replace(**fields)
    return signed_together(raw, ALICE, sign or others, world.context.genesis_hash)


def discarded(world: World, tx) -> DiscardStatus:
    (outcome,) = world.block(tx)
    assert isinstance(outcome, Discard), outcome
    return outcome.status


def admitted(world: World, tx) -> None:
    """As the mempool asks: a later start may wait."""
    check_prologue(world.overlay(), tx, chain_id=CHAIN_ID, now_secs=NOW_SECS, allow_future_sequence=True)


# --- scheduled ---


def test_it_runs_from_its_time_on() -> None:
    """T13: 'a scheduled transaction runs in blocks whose time in seconds has reached its start': not one before."""
    world = small_world()
    late = world.sign(ALICE, *CALL)
    for start, runs in ((0, True), (NOW_SECS - 1, True), (NOW_SECS, True), (NOW_SECS + 1, False)):
        fresh = World(world.records, world.context.genesis_hash)
        tx = terms(fresh, valid_from_secs=start, expiration_secs=NOW_SECS + 60, sign=None)
        tx = fresh.sign(ALICE, *CALL) if start == 0 else _resigned(fresh, tx.raw)
        (outcome,) = fresh.block(tx)
        assert isinstance(outcome, Outcome) is runs
        if isinstance(outcome, Discard):
            assert outcome.status is DiscardStatus.NOT_YET_VALID
            assert outcome.details == {"valid_from_secs": NOW_SECS + 1, "now_secs": NOW_SECS}
            assert fresh.account(ALICE).sequence_number == 0
    assert isinstance(world.block(late)[0], Outcome)


def _resigned(world: World, raw):
    return sign_transaction(raw, ALICE.key, 0, world.context.genesis_hash)


def test_a_mempool_may_keep_it_until_then() -> None:
    """M8, T13: a later start is no reason to refuse it."""
    world = small_world()
    raw = world.sign(ALICE, *CALL).raw._replace(valid_from_secs=NOW_SECS + 50)
    admitted(world, _resigned(world, raw))


@pytest.mark.parametrize(("start", "ends", "is_empty"), [(10, 11, False), (10, 10, True), (10, 9, True)])
def test_it_must_expire_after_its_start(start, ends, is_empty) -> None:
    """T13: 'its expiration is later than its start', else it is refused at once: it could never run."""
    world = small_world()
    raw = world.sign(ALICE, *CALL).raw
    tx = _resigned(world, raw._replace(valid_from_secs=NOW_SECS + start, expiration_secs=NOW_SECS + ends))
    if not is_empty:
        admitted(world, tx)
        return
    with pytest.raises(Discard) as caught:
        admitted(world, tx)
    assert caught.value.status is DiscardStatus.VALIDITY_EMPTY
    assert caught.value.details == {"valid_from_secs": NOW_SECS + start, "expiration_secs": NOW_SECS + ends}


def test_the_order_of_time_and_number() -> None:
    """T6, T13: an empty time, then expired, then too early, then the number."""
    world = small_world()
    raw = world.sign(ALICE, *CALL, number=5).raw
    for start, ends, status in (
        (NOW_SECS - 5, NOW_SECS - 5, DiscardStatus.VALIDITY_EMPTY),
        (NOW_SECS - 5, NOW_SECS - 4, DiscardStatus.TRANSACTION_EXPIRED),
        (NOW_SECS + 5, NOW_SECS + 6, DiscardStatus.NOT_YET_VALID),
        (NOW_SECS, NOW_SECS + 6, DiscardStatus.SEQUENCE_NUMBER_TOO_NEW),
    ):
        tx = _resigned(world, raw._replace(valid_from_secs=start, expiration_secs=ends))
        assert discarded(world, tx) is status


def test_what_came_too_early_is_not_forgotten() -> None:
    """M9: 'what execution discards is dropped, unless it only came before its turn': number, time or a full block."""
    assert set(WAITING) == {
        DiscardStatus.SEQUENCE_NUMBER_TOO_NEW, DiscardStatus.NOT_YET_VALID, DiscardStatus.BLOCK_GAS_EXCEEDED
    }  # fmt: skip


# --- sponsored ---


def test_the_sponsor_pays_the_fee_and_nothing_else() -> None:
    """T14: 'the fee comes from the fee payer's balance'; the sender's number is used, the payer's is not."""
    world = small_world()
    outcome = world.run(terms(world, ANNA, fee_payer=ANNA.address, price=3))
    assert (outcome.status.kind, outcome.gas_used) == ("executed", 700)
    assert (world.balance(ALICE), world.balance(BOB)) == (1_000 * ONE - 1, 1_000 * ONE + 1)
    assert world.balance(ANNA) == 1_000 * ONE - 2_100
    assert world.currency("XUS").fees == 2_100
    assert (world.account(ALICE).sequence_number, world.account(ANNA).sequence_number) == (1, 0)


def test_a_sponsor_pays_for_a_failure_too() -> None:
    """T7, T14: 'a failed one charges the fee payer'; out of gas as well."""
    world = small_world()
    broke = (PAYMENT, "XUS", BOB.address, 2_000 * ONE, b"", b"")
    outcome = world.run(terms(world, ANNA, call=broke, fee_payer=ANNA.address, price=1))
    assert outcome.status.kind == "move_abort"
    assert (world.balance(ALICE), world.balance(ANNA)) == (1_000 * ONE, 1_000 * ONE - 700)
    outcome = world.run(terms(world, ANNA, fee_payer=ANNA.address, price=1, max_gas=699))
    assert (outcome.status.kind, outcome.gas_used) == ("out_of_gas", 699)
    assert (world.balance(ALICE), world.balance(ANNA)) == (1_000 * ONE, 1_000 * ONE - 700 - 699)


def test_a_sponsor_who_is_paid_and_pays() -> None:
    """The payee may be the sponsor, and the payment may be what the fee is paid from."""
    world = small_world()
    world.run(terms(world, BOB, fee_payer=BOB.address, price=1))
    assert (world.balance(ALICE), world.balance(BOB)) == (1_000 * ONE - 1, 1_000 * ONE + 1 - 700)


def test_the_sender_needs_no_coins_for_the_fee() -> None:
    """T14: the check of the fee looks at the fee payer: the sender may pay its last coin."""
    world = small_world()
    everything = (PAYMENT, "XUS", ANNA.address, 1_000 * ONE, b"", b"")
    world.run(terms(world, ANNA, call=everything, fee_payer=ANNA.address, price=1))
    assert (world.balance(ALICE), world.balance(ANNA)) == (0, 2_000 * ONE - 700)


def test_any_coin_that_the_fee_payer_holds() -> None:
    """T14: 'in any registered currency in which it has a balance'."""
    world = small_world()
    world.run(terms(world, ANNA, fee_payer=ANNA.address, price=1, currency="XEU"))
    assert (world.balance(ANNA, "XEU"), world.currency("XEU").fees) == (100 * ONE - 700, 700)
    tx = terms(world, ANNA, fee_payer=ANNA.address, price=1, currency="XDX")
    assert discarded(world, tx) is DiscardStatus.BAD_TRANSACTION_FEE_CURRENCY


def test_the_fee_payer_must_be_able_to_pay_the_most() -> None:
    """T6: 'balance >= max fee', to the micro-unit, of the fee payer."""
    for balance, runs in ((700, True), (699, False)):
        world = small_world()
        world.pay(ANNA, ALICE, 1_000 * ONE - balance)
        (outcome,) = world.block(terms(world, ANNA, fee_payer=ANNA.address, price=1))
        assert isinstance(outcome, Outcome) is runs
        if isinstance(outcome, Discard):
            assert outcome.status is DiscardStatus.INSUFFICIENT_BALANCE_FOR_TRANSACTION_FEE
            assert outcome.details == {"max_fee": 700, "balance": 699}


def test_the_fee_payer_signs() -> None:
    """T14: 'the fee payer is one of the secondary signers': neither somebody else nor the sender."""
    world = small_world()
    for payer in (BOB, NOBODY, ALICE):
        assert discarded(world, terms(world, ANNA, fee_payer=payer.address)) is DiscardStatus.FEE_PAYER_NOT_A_SIGNER
    raw = world.sign(ALICE, *CALL).raw._replace(fee_payer=ANNA.address)
    assert discarded(world, _resigned(world, raw)) is DiscardStatus.FEE_PAYER_NOT_A_SIGNER
    stolen = Party(key(98), ANNA.address)
    assert discarded(world, terms(world, stolen, fee_payer=ANNA.address)) is DiscardStatus.INVALID_AUTH_KEY


def test_a_frozen_account_pays_no_fees() -> None:
    """T14: 'a frozen account pays for nobody', as it pays nothing else (1.9)."""
    world = small_world()
    world.change(ANNA, is_frozen=True)
    assert discarded(world, terms(world, ANNA, fee_payer=ANNA.address)) is DiscardStatus.SENDING_ACCOUNT_FROZEN


def test_a_signature_for_a_fee_is_spent_on_nothing_else() -> None:
    """T11: a second signer who shall not pay the fee is one too many for a plain payment."""
    world = small_world()
    outcome = world.run(terms(world, DEALER))
    assert outcome.status.module == "MultiAgent"
