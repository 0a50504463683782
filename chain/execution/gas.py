"""What a transaction costs, by its function and its signatures. A payment by one Ed25519 signature costs the minimum.

`ecdsa` verifies about forty times slower than Ed25519, so an ECDSA signature pays forty signature shares (design
decision 6). Every signature of every signer counts, of a K-of-N key those that are there.
"""

from collections.abc import Sequence
from typing import cast

from chain.functions import BatchPayment
from chain.limits import MIN_GAS_UNITS
from chain.transaction import Payload, SignedTransaction

SIGNATURE_SHARE = 100
"""Gas of one Ed25519 verification; one such share is contained in every function's gas."""
CREATION = 1_200
"""An account lives for ever."""
BATCH_PAYMENT = 200
"""Each payment of a batch, beside the minimum for the whole: it saves its own signature, number and place."""
BATCH = "pay_batch"

FUNCTION_GAS = {
    "create_child_vasp_account": CREATION,
    "create_parent_vasp_account": CREATION,
    "create_designated_dealer": CREATION,
    "create_validator_account": CREATION,
    "create_validator_operator_account": CREATION,
    "submit_evidence": MIN_GAS_UNITS + 2 * SIGNATURE_SHARE,
}
"""Functions that cost more than the minimum."""


def gas_for(function: str, verification_cost: int, minimum: int = MIN_GAS_UNITS) -> int:
    """Gas units that the transaction uses if its limit allows; the cost of its signatures is in verifications of
    Ed25519 (`SignedTransaction.verification_cost`), `minimum` is the least that governance has set."""
    return max(FUNCTION_GAS.get(function, 0), minimum) + SIGNATURE_SHARE * (verification_cost - 1)


def gas_of(tx: SignedTransaction, minimum: int = MIN_GAS_UNITS) -> int:
    """Gas units that a transaction uses if all of it runs. With the first `minimum` of all, whatever governance has set
    since, it is also the measure of a block's work (B7)."""
    if tx.raw.payload.function == BATCH:
        return gas_until(tx, len(payments_of(tx.raw.payload)))
    return gas_for(tx.raw.payload.function, tx.verification_cost, minimum)


def gas_until(tx: SignedTransaction, done: int) -> int:
    """Gas units of a batch of which the first `done` payments ran.

    It grows with `done` and depends on nothing but the transaction, so that the gas that the ledger keeps of a failed
    batch tells which payment failed (`failed_payment`).
    """
    signatures = SIGNATURE_SHARE * (tx.verification_cost - 1)
    return MIN_GAS_UNITS + signatures + payments_gas(payments_of(tx.raw.payload)[:done])


def failed_payment(tx: SignedTransaction, gas_used: int) -> int | None:
    """Which payment of an aborted batch failed, from 0, by the gas that it used; None if all of them ran, and then the
    fee could not be paid."""
    gas = gas_until(tx, 0)
    for place, payment in enumerate(payments_of(tx.raw.payload)):
        if gas == gas_used:
            return place
        gas += payments_gas([payment])
    return None


def payload_gas(payload: Payload) -> int:
    """What a batch's payments cost beside the batch; 0 for every other function."""
    return payments_gas(payments_of(payload)) if payload.function == BATCH else 0


def payments_gas(payments: Sequence[BatchPayment]) -> int:
    """Gas of some payments of a batch: each its share, and a signature's for each that comes with an attestation."""
    return BATCH_PAYMENT * len(payments) + SIGNATURE_SHARE * sum([1 for payment in payments if payment[4]])


def payments_of(payload: Payload) -> tuple[BatchPayment, ...]:
    """The rows of a batch; they are plain tuples until somebody names their fields."""
    return cast("tuple[BatchPayment, ...]", payload.arguments[0])
