"""A block: prologue, payload, epilogue, fees; what a discarded, failed and executed transaction leaves."""

import inspect

import pytest

from chain.accounts import ASSOCIATION, CONFIG_KEY, account_key, currency_key
from chain.crypto.schemes import VERIFY_COST
from chain.crypto.signing import Scheme
from chain.entries import Status
from chain.execution import payments
from chain.execution.executor import HANDLERS, execute_block
from chain.execution.gas import gas_for
from chain.execution.outcome import Abort, Outcome
from chain.functions import FUNCTIONS
from chain.validation import Discard, DiscardStatus
from tests.builders import (
    ALICE,
    ANNA,
    BOB,
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

EXECUTED = Status("executed", "", 0)
INSUFFICIENT = Status("move_abort", "DiemAccount", 1288)


@pytest.fixture
def world() -> World:
    return small_world()


def payment(world, amount, *, payer=ALICE, payee=BOB, **options):
    return world.sign(payer, PAYMENT, "XUS", payee.address, amount, b"", b"", **options)


def status_of(outcome) -> Status:
    assert isinstance(outcome, Outcome), outcome
    return outcome.status


def test_every_function_has_a_handler_with_its_parameters() -> None:
    """T5: the table `FUNCTIONS` and the executor's agree; a handler takes the run and the arguments."""
    assert set(HANDLERS) == set(FUNCTIONS)
    for name, handler in HANDLERS.items():
        code = handler.__code__
        count = 1 + len(FUNCTIONS[name].parameters)
        assert code.co_argcount == count or (code.co_flags & inspect.CO_VARARGS and code.co_argcount == 2), name
        assert handler.__name__ == name.replace("diem_id_domain", "vasp_domain"), "an older spelling of the same"


def test_block_metadata_comes_first(world) -> None:
    """'every block starts with a BlockMetadata transaction which emits newblock' on root's handle 17."""
    overlay, metadata, outcomes = execute_block(world, world.context, ())
    time_us = world.context.timestamp_us
    assert metadata == Outcome(EXECUTED, 0, (event(17, ASSOCIATION, 0, "newblock", 7, 2, time_us),))
    assert outcomes == []
    assert list(overlay.writes) == [CONFIG_KEY]
    assert overlay.config() == world.config()._replace(streams=(0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0))
    world.block()
    _, metadata, _ = execute_block(world, world.context, ())
    assert metadata.events[0].sequence == 1


def test_a_fee_is_price_times_gas_used(world) -> None:
    """'fee = price x used, moved to the fee pot of that currency'; not price x limit."""
    outcome = world.run(payment(world, 100, price=3, max_gas=5_000))
    assert outcome == Outcome(EXECUTED, 600, outcome.events)
    assert world.balance(ALICE) == 1_000 * ONE - 100 - 1_800
    assert world.currency().fees == 1_800
    assert world.account(ALICE).sequence_number == 1


def test_a_fee_in_another_currency(world) -> None:
    """The gas currency need not be the payment's."""
    world.run(payment(world, 100, price=2, gas_currency="XEU"))
    assert (world.balance(ALICE), world.balance(ALICE, "XEU")) == (1_000 * ONE - 100, 100 * ONE - 1_200)
    assert (world.currency("XUS").fees, world.currency("XEU").fees) == (0, 1_200)


def test_price_0_costs_nothing_and_needs_no_balance(world) -> None:
    """The treasury holds none."""
    world.do(TC, "update_dual_attestation_limit", 0, 5)
    assert world.currency().fees == 0
    assert world.account(TC).sequence_number == 1


def test_an_abort_keeps_the_fee_and_drops_the_rest(world) -> None:
    """T7: 'the fee is charged and the sequence number used, nothing else changes'."""
    before = world.records
    outcome = world.run(payment(world, 2_000 * ONE, price=1))
    assert outcome == Outcome(INSUFFICIENT, 600, ())
    alice = before[account_key(ALICE.address)]._replace(sequence_number=1)
    assert world.account(ALICE) == alice.with_balance("XUS", 1_000 * ONE - 600)
    assert world.records[account_key(BOB.address)] == before[account_key(BOB.address)]
    assert world.currency().fees == 600
    changed = {k for k, record in world.records.items() if before.get(k) != record}
    assert changed == {account_key(ALICE.address), currency_key("XUS"), CONFIG_KEY}


def test_what_is_left_after_the_payment_must_cover_the_fee(world) -> None:
    """The payload may spend what the prologue saw: then the whole payment becomes an abort, and the fee is paid."""
    total = 1_000 * ONE
    assert world.run(payment(world, total - 599, price=1)) == Outcome(INSUFFICIENT, 600, ())
    assert (world.balance(ALICE), world.balance(BOB)) == (total - 600, total)
    outcome = world.run(payment(world, total - 1_200, price=1))
    assert outcome.status == EXECUTED
    assert (world.balance(ALICE), world.balance(BOB)) == (0, 2 * total - 1_200)
    assert world.currency().fees == 1_200


def test_an_exact_rest_pays_the_fee(world) -> None:
    """balance == fee is enough."""
    assert world.run(payment(world, 1_000 * ONE - 600, price=1, max_gas=600)).status == EXECUTED
    assert world.balance(ALICE) == 0


def test_out_of_gas_charges_the_whole_limit(world) -> None:
    """Kept as out_of_gas: max_gas_amount used, no effect."""
    world.endow(US, 10_000)
    call = ("create_child_vasp_account", "XUS", NOBODY.address, bytes(16), False, 0)
    outcome = world.run(world.sign(US, *call, price=2, max_gas=1_199))
    assert outcome == Outcome(Status("out_of_gas", "", 0), 1_199, ())
    assert account_key(NOBODY.address) not in world.records
    assert (world.balance(US), world.currency().fees) == (10_000 - 2_398, 2_398)
    assert (world.account(US).sequence_number, world.account(US).num_children) == (1, 2)
    assert world.run(world.sign(US, *call, price=2, max_gas=1_200)).status == EXECUTED
    assert world.balance(US) == 10_000 - 2_398 - 2_400


def test_gas_by_function_and_scheme() -> None:
    """A payment by Ed25519 is the minimum, 600; ECDSA costs forty signature shares; a new account twice the minimum;
    evidence has two signatures to check."""
    creations = {name for name, function in FUNCTIONS.items() if function.module == "AccountCreationScripts"}
    assert {name: gas_for(name, 1) for name in FUNCTIONS} == {
        name: 1_200 if name in creations else 800 if name == "submit_evidence" else 600 for name in FUNCTIONS
    }
    assert VERIFY_COST == {Scheme.ED25519: 1, Scheme.SECP256K1: 40, Scheme.P256: 40}
    assert [gas_for(PAYMENT, cost) for cost in (1, 2, 40)] == [600, 700, 600 + 39 * 100]
    assert gas_for("create_child_vasp_account", 40) == 1_200 + 39 * 100


@pytest.mark.parametrize("scheme", [Scheme.SECP256K1, Scheme.P256])
def test_an_ecdsa_payment_is_metered(world, scheme) -> None:
    """'ecdsa verifies in about 2 ms, forty times Ed25519: it is metered so'."""
    who = party(444, scheme)
    world.change(ALICE, authentication_key=who.key.authentication_key())
    payer = ALICE._replace(key=who.key)
    outcome = world.run(payment(world, 5, payer=payer, price=1, max_gas=4_500))
    assert (outcome.status, outcome.gas_used) == (EXECUTED, 4_500)
    outcome = world.run(payment(world, 5, payer=payer, price=1, max_gas=4_499))
    assert (outcome.status.kind, outcome.gas_used) == ("out_of_gas", 4_499)
    assert world.balance(ALICE) == 1_000 * ONE - 5 - 8_999


def test_transactions_see_what_came_before_them_in_the_block(world) -> None:
    """In order; one outcome a transaction."""
    outcomes = world.block(
        payment(world, 1_000 * ONE, payer=ALICE, payee=ANNA),
        payment(world, 1, payer=ALICE, payee=ANNA, number=1),
        payment(world, 1_500 * ONE, payer=ANNA, payee=ALICE),
        payment(world, 1, payer=ALICE, payee=ANNA, number=2),
    )
    assert [status_of(outcome) for outcome in outcomes] == [EXECUTED, INSUFFICIENT, EXECUTED, EXECUTED]
    assert (world.balance(ALICE), world.balance(ANNA)) == (1_500 * ONE - 1, 500 * ONE + 1)
    assert world.account(ALICE).sequence_number == 3


def test_a_discarded_transaction_leaves_no_trace(world) -> None:
    """L3; those after it run."""
    gap, fine = payment(world, 1, number=1, price=1), payment(world, 1)
    alone = small_world()
    alone.block(fine)
    outcomes = world.block(gap, fine, fine)
    assert [getattr(outcome, "status", None) for outcome in outcomes] == [
        DiscardStatus.SEQUENCE_NUMBER_TOO_NEW, EXECUTED, DiscardStatus.SEQUENCE_NUMBER_TOO_OLD,
    ]  # fmt: skip
    assert world.records == alone.records


def test_the_base_state_is_never_written(world) -> None:
    """Execution is a function: the same block on the same state gives the same overlay."""
    before = dict(world.records)
    block = [payment(world, 5, price=1), payment(world, 10**15, number=1, price=1)]
    first, second = (execute_block(world, world.context, block) for _ in range(2))
    assert world.records == before
    assert first[0].writes == second[0].writes
    assert (first[1], first[2]) == (second[1], second[2])


def test_the_blocks_time_decides_expiry_in_whole_seconds(world) -> None:
    """T8: 'valid while the block's time in seconds is below its expiration'."""
    tx = payment(world, 1, expires=1_700_000_001)
    world.context = world.context._replace(timestamp_us=1_700_000_001_000_000)
    (late,) = world.block(tx)
    assert isinstance(late, Discard)
    assert late.status == DiscardStatus.TRANSACTION_EXPIRED
    world.context = world.context._replace(timestamp_us=1_700_000_000_999_999)
    assert world.run(tx).status == EXECUTED


def test_the_chain_id_is_the_contexts(world) -> None:
    """BAD_CHAIN_ID is a discard."""
    (outcome,) = world.block(payment(world, 1, chain_id=5))
    assert isinstance(outcome, Discard)
    assert outcome.status == DiscardStatus.BAD_CHAIN_ID


def test_a_bug_in_a_handler_is_not_swallowed(world, monkeypatch) -> None:
    """An unexpected exception stops the process; it never becomes an outcome."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(HANDLERS, PAYMENT, broken)
    with pytest.raises(ZeroDivisionError):
        world.block(payment(world, 1))


def test_partial_writes_of_a_failed_call_vanish(world) -> None:
    """create_child writes an account before its first payment fails; nothing of it stays (see also `World.fails`)."""
    world.endow(US, 10)
    call = ("create_child_vasp_account", "XUS", NOBODY.address, bytes(16), False, 11)
    assert world.run(world.sign(US, *call)).status == INSUFFICIENT
    assert account_key(NOBODY.address) not in world.records
    assert world.account(US).num_children == 2
    assert world.config().streams[0] == 0


def test_a_frozen_payer_is_told_between_currency_and_balance(world) -> None:
    """The prologue discards it before; the payload's own check stands for payments inside of other calls."""
    from chain.execution.context import Run

    world.change(DEALER, is_frozen=True)
    run = Run(world.context, DEALER.address, world.overlay())

    def code(currency: str) -> int:
        with pytest.raises(Abort) as caught:
            payments.transfer(run, run.own_account(), BOB.address, currency, 10**9, b"", b"")
        return caught.value.code

    assert code("XUS") == 1 + 256 * 5
    assert code("XDX") == 5 + 256 * 19
