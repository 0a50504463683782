"""Batches: up to 500 payments in one transaction, all or none, each by every rule of a single one (T15, B7)."""

import pytest

from chain.accounts import Role, account_key, currency_key
from chain.crypto.signing import Scheme
from chain.entries import Event
from chain.errors import DecodeError
from chain.execution.attestation import attestation_message
from chain.execution.gas import BATCH, failed_payment, gas_of, gas_until, payload_gas
from chain.execution.outcome import REASONS, Outcome
from chain.limits import MAX_BATCH_BYTES, MAX_BATCH_PAYMENTS, MAX_BLOCK_GAS
from chain.transaction import Payload, decode_transaction
from chain.validation import Discard, DiscardStatus
from tests.builders import (
    ALICE,
    ANNA,
    BOB,
    BR,
    COMPLIANCE,
    DEALER,
    NOBODY,
    NOW_SECS,
    ONE,
    PAYMENT,
    World,
    event,
    party,
    small_world,
)


def row(payee, amount=ONE, currency="XUS", metadata=b"", signature=b""):
    return (currency, payee.address, amount, metadata, signature)


def batch(world: World, who, *rows, **terms):
    return world.sign(who, BATCH, rows, **terms)


def test_all_are_paid_in_order() -> None:
    """T15: 'the payments of a batch run in order', each with its two events; one number is used."""
    world = small_world()
    outcome = world.run(batch(world, ALICE, row(BOB, 3), row(ANNA, 5, "XEU"), row(BOB, 7, metadata=b"rent")))
    assert outcome.status.kind == "executed"
    pay = [(3, "XUS", BOB, b""), (5, "XEU", ANNA, b""), (7, "XUS", BOB, b"rent")]
    expected: list[Event] = []
    numbers = {BOB: 0, ANNA: 0}
    for number, (amount, code, payee, metadata) in enumerate(pay):
        data = (amount, code, ALICE.address, payee.address, metadata)
        expected.append(event(1, ALICE.address, number, "sentpayment", *data))
        expected.append(event(0, payee.address, numbers[payee], "receivedpayment", *data))
        numbers[payee] += 1
    assert list(outcome.events) == expected
    assert world.account(ALICE).sequence_number == 1
    assert (world.balance(ALICE), world.balance(ALICE, "XEU")) == (1_000 * ONE - 10, 100 * ONE - 5)
    assert (world.balance(BOB), world.balance(ANNA, "XEU")) == (1_000 * ONE + 10, 100 * ONE + 5)


def test_what_one_receives_a_later_one_cannot_spend_for_another() -> None:
    """A batch is its sender's alone; paying oneself moves nothing and is a payment like any."""
    world = small_world()
    outcome = world.run(batch(world, ALICE, row(ALICE, 1_000 * ONE), row(ANNA, 1_000 * ONE)))
    assert outcome.status.kind == "executed"
    assert (world.balance(ALICE), world.balance(ANNA)) == (0, 2_000 * ONE)


def test_the_gas_is_the_minimum_and_a_share_a_payment() -> None:
    """T16: 600 + 200 a payment + 100 for each attestation: cheaper than single ones (600 each) from two on."""
    world = small_world()
    for count in (1, 2, 500):
        assert gas_of(batch(world, ALICE, *[row(BOB, 1)] * count)) == 600 + 200 * count
    assert gas_of(batch(world, ALICE, row(BOB, 1), row(BOB, 1, signature=bytes(64)))) == 600 + 400 + 100
    assert world.run(batch(world, ALICE, row(BOB, 1), row(ANNA, 1))).gas_used == 1_000
    ecdsa = party(77, Scheme.P256)
    world.add(ecdsa, Role.CHILD_VASP, "XUS", parent=BR)
    assert gas_of(batch(world, ecdsa, row(BOB, 1))) == 800 + 39 * 100
    assert world.run(batch(world, ALICE, row(BOB, 1), max_gas=799)).status.kind == "out_of_gas"
    assert world.run(batch(world, ALICE, row(BOB, 1), max_gas=800)).status.kind == "executed"


def refusal(world: World, *rows, price=0):
    """Run a batch that fails, and hold T7; gives reason's module and code, its place by the gas, and the gas."""
    before = dict(world.records)
    tx = batch(world, ALICE, *rows, price=price)
    outcome = world.run(tx)
    assert outcome.status.kind == "move_abort"
    assert outcome.events == ()
    sender = account_key(ALICE.address)
    alice = world.account(ALICE)
    fee = outcome.gas_used * price
    expected = {**before, sender: alice}
    if fee:
        currency = before[currency_key("XUS")]
        expected[currency_key("XUS")] = currency._replace(fees=currency.fees + fee)  # type: ignore[union-attr,call-arg]
    assert {**world.records, b"g": before[b"g"]} == expected
    assert alice.sequence_number == before[sender].sequence_number + 1  # type: ignore[union-attr]
    assert alice.balance("XUS") == before[sender].balance("XUS") - fee  # type: ignore[union-attr]
    return (outcome.status.module, outcome.status.code), failed_payment(tx, outcome.gas_used), outcome.gas_used


ABORTS = [
    ("EPAYER_DOESNT_HOLD_CURRENCY", row(BOB, 1, "XDX")),
    ("EINSUFFICIENT_BALANCE", row(BOB, 1_000 * ONE + 1)),
    ("ECOIN_DEPOSIT_IS_ZERO", row(BOB, 0)),
    ("EPAYEE_DOES_NOT_EXIST", row(NOBODY, 1)),
]


@pytest.mark.parametrize(("reason", "bad"), ABORTS)
@pytest.mark.parametrize("place", [0, 1, 3])
@pytest.mark.parametrize("price", [0, 3])
def test_one_that_fails_fails_all(reason, bad, place, price) -> None:
    """T15: 'the abort is that of the payment that failed', nothing is paid, and the gas says which one it was."""
    world = small_world()
    rows = [row(BOB, 5)] * 4
    rows[place] = bad
    found, index, gas = refusal(world, *rows, price=price)
    assert found == ("DiemAccount", REASONS["DiemAccount"][reason].code)
    assert index == place
    assert gas == 600 + 200 * place


def test_a_later_payment_sees_what_earlier_ones_left() -> None:
    """T15: two halves and a bit of a balance: the third payment is the one that fails."""
    world = small_world()
    found, index, _ = refusal(world, row(BOB, 500 * ONE), row(ANNA, 500 * ONE), row(BOB, 1), row(BOB, 1))
    assert (found[1], index) == (1288, 2)


def test_a_frozen_payee_and_too_long_metadata() -> None:
    """Each rule of a single payment holds for each of a batch."""
    world = small_world()
    world.change(BOB, is_frozen=True)
    found, index, _ = refusal(world, row(ANNA, 1), row(BOB, 1))
    assert (found, index) == (("AccountFreezing", REASONS["AccountFreezing"]["EACCOUNT_FROZEN"].code), 1)
    found, index, _ = refusal(world, row(ANNA, 1, metadata=bytes(1_024)), row(ANNA, 1, metadata=bytes(1_025)))
    assert (found, index) == (("Limits", REASONS["Limits"]["ETOO_LONG"].code), 1)


def test_a_fee_that_cannot_be_paid_is_no_payments_fault() -> None:
    """T16: the payments ran and the fee is missing: the gas is that of all of them, and no index is told."""
    world = small_world()
    tx = batch(world, ALICE, row(BOB, 999 * ONE), row(BOB, ONE), price=1, max_gas=1_000)
    outcome = world.run(tx)
    assert (outcome.status.code, outcome.gas_used) == (1288, 1_000)
    assert failed_payment(tx, outcome.gas_used) is None
    assert world.balance(ALICE) == 1_000 * ONE - 1_000


def test_attestations() -> None:
    """1.7: from 1,000 XDX on a payment between two providers needs the payee's: its own one, over its own amount."""
    world = small_world()
    world.endow(ALICE, 5_000 * ONE)
    limit = 1_000 * ONE

    def attested(amount: int, metadata: bytes = b""):
        signature = COMPLIANCE[BR].sign(attestation_message(metadata, ALICE.address, amount))
        return row(BOB, amount, metadata=metadata, signature=signature)

    found, index, gas = refusal(world, attested(limit, b"one"), row(BOB, limit))
    assert (found, index, gas) == (
        ("DualAttestation", REASONS["DualAttestation"]["EMALFORMED_METADATA_SIGNATURE"].code), 1, 600 + 200 + 100
    )  # fmt: skip
    swapped = (*attested(limit, b"one")[:4], attested(limit + 1, b"one")[4])
    found, index, gas = refusal(world, row(ANNA, limit), swapped)
    assert (found[1], index) == (REASONS["DualAttestation"]["EINVALID_METADATA_SIGNATURE"].code, 1)
    outcome = world.run(batch(world, ALICE, attested(limit, b"one"), attested(limit + 1), row(BOB, limit - 1)))
    assert (outcome.status.kind, outcome.gas_used) == ("executed", 600 + 3 * 200 + 2 * 100)
    assert world.balance(BOB) == 1_000 * ONE + 3 * limit


def test_the_place_can_be_read_from_the_gas_of_any_batch() -> None:
    """T16: 'it grows with each payment', attested or not, whatever the scheme."""
    world = small_world()
    rows = [row(BOB, 1, signature=bytes(64) if place % 3 == 0 else b"") for place in range(500)]
    tx = batch(world, ALICE, *rows)
    gas = [gas_until(tx, done) for done in range(501)]
    assert gas == sorted(set(gas))
    assert [failed_payment(tx, used) for used in gas] == [*range(500), None]
    assert gas[-1] == gas_of(tx)


# --- sizes ---


def test_500_payments_and_no_more() -> None:
    """T15: 'a batch has 1 to 500 payments'; 500 with a memo's commitment each fit into 64 KiB."""
    world = small_world()
    rows = [row(BOB, 10**9, metadata=b"\3\0\1\x20" + bytes(32))] * MAX_BATCH_PAYMENTS
    full = batch(world, ALICE, *rows)
    assert MAX_BATCH_PAYMENTS == 500
    assert len(full.envelope) <= MAX_BATCH_BYTES == 65_536
    assert decode_transaction(full.envelope) == full
    for wrong in ((), (*rows, rows[0])):
        with pytest.raises(DecodeError) as caught:
            decode_transaction(batch(world, ALICE, *wrong).envelope)
        assert (caught.value.name, caught.value.details["payments"]) == ("batch_size", len(wrong))


def test_64_kib_and_no_more() -> None:
    """T4: 'an envelope has at most 4,096 bytes, that of a batch 65,536'."""
    world = small_world()

    def sized(padding: int):
        big = [row(BOB, 1, metadata=bytes(1_000))] * 62
        return batch(world, ALICE, *big, row(BOB, 1, metadata=bytes(padding)))

    room = MAX_BATCH_BYTES - len(sized(1_000).envelope) + 1_000
    assert len(sized(room).envelope) == MAX_BATCH_BYTES
    assert decode_transaction(sized(room).envelope) == sized(room)
    with pytest.raises(DecodeError) as caught:
        decode_transaction(sized(room + 1).envelope)
    assert (caught.value.name, caught.value.details) == (
        "exceeded_max_transaction_size", {"size": 65_537, "limit": 65_536}
    )  # fmt: skip


def test_no_other_function_has_more_room() -> None:
    """T4: 4,096 bytes, also for a payment whose metadata name the batch."""
    world = small_world()
    for metadata in (bytes(4_000), b"pay_batch" * 450):
        tx = world.sign(ALICE, PAYMENT, "XUS", BOB.address, 1, metadata, b"")
        assert len(tx.envelope) > 4_096
        with pytest.raises(DecodeError) as caught:
            decode_transaction(tx.envelope)
        assert (caught.value.name, caught.value.details["limit"]) == ("exceeded_max_transaction_size", 4_096)


@pytest.mark.parametrize(
    "wrong",
    [
        ("XUS", BOB.address, 1, b""), ("XUS", BOB.address, 1, b"", b"", b""), ("XUS", BOB.address, True, b"", b""),
        (b"XUS", BOB.address, 1, b"", b""), ("XUS", BOB.address[:15], 1, b"", b""), ("XUS", BOB.address, 1, "", b""),
        ("XUS", BOB.address, 1, b"", None), b"", None,
    ],
)  # fmt: skip
def test_a_row_of_another_shape_is_no_transaction(wrong) -> None:
    """T15: 'a payment is (currency, payee, amount, metadata, metadata signature)'."""
    world = small_world()
    with pytest.raises(DecodeError) as caught:
        decode_transaction(batch(world, ALICE, row(BOB, 1), wrong).envelope)
    assert caught.value.name in ("wrong_shape", "wrong_size")


def test_what_payments_cost_beside_the_batch() -> None:
    """B7: 200 gas a payment, 100 more with an attestation; what is no batch has no such cost."""
    rows = (row(BOB, 1), row(BOB, 1, signature=bytes(64)), row(ANNA, 1))
    assert payload_gas(Payload(BATCH, (rows,))) == 700
    assert payload_gas(Payload(BATCH, (rows[:1],))) == 200
    assert payload_gas(Payload(PAYMENT, ("XUS", BOB.address, 1, b"", b""))) == 0


# --- blocks ---


def test_a_block_does_so_much_work_and_no_more() -> None:
    """B7: 'the transactions of a block use at most 600,000 gas; one that may use more waits for a later block'."""
    assert MAX_BLOCK_GAS == 600_000
    world = small_world()
    people = [party(600 + place) for place in range(7)]
    for who in people:
        world.add(who, Role.CHILD_VASP, "XUS", parent=BR)
        world.endow(who, ONE)
    full = [batch(world, who, *[row(BOB, 1)] * 500) for who in people[:5]]
    small = [batch(world, people[5], *[row(BOB, 1)] * 482), batch(world, people[6], *[row(BOB, 1)] * 483)]
    assert [gas_of(tx) for tx in (*full, *small)] == [100_600] * 5 + [97_000, 97_200]
    fits, too_much = [*full, small[0]], [*full, small[1]]
    outcomes = World(world.records, world.context.genesis_hash).block(*fits)
    assert [isinstance(outcome, Outcome) for outcome in outcomes] == [True] * 6
    *kept, last = World(world.records, world.context.genesis_hash).block(*too_much)
    assert [isinstance(outcome, Outcome) for outcome in kept] == [True] * 5
    assert isinstance(last, Discard)
    assert (last.status, last.details) == (DiscardStatus.BLOCK_GAS_EXCEEDED, {"gas": 97_200, "left": 97_000})
    ends_with = world.block(*too_much, world.sign(DEALER, PAYMENT, "XUS", BOB.address, 1, b"", b"", price=0))
    assert isinstance(ends_with[-1], Outcome), "a smaller one after it still has room"


def test_a_discarded_transaction_uses_none_of_a_blocks_work() -> None:
    """B7 counts what runs; an expired batch does not."""
    world = small_world()
    dead = [batch(world, ALICE, *[row(BOB, 1)] * 500, expires=NOW_SECS) for _ in range(6)]
    *_, last = world.block(*dead, batch(world, ALICE, row(BOB, 1)))
    assert isinstance(last, Outcome)
