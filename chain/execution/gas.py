"""What a transaction costs, by its function and its signature's scheme. A payment by Ed25519 costs the minimum.

`ecdsa` verifies about forty times slower than Ed25519, so ECDSA pays forty signature shares (design decision 6).
"""

from typing import cast

from chain.crypto.signing import Scheme
from chain.limits import MIN_GAS_UNITS
from chain.transaction import Payload, SignedTransaction

SIGNATURE_SHARE = 100
"""Gas of one Ed25519 verification, contained in every function's gas."""
SCHEME_SURCHARGE: dict[int, int] = {
    Scheme.ED25519: 0,
    Scheme.SECP256K1: 39 * SIGNATURE_SHARE,
    Scheme.P256: 39 * SIGNATURE_SHARE,
}
CREATION = 1_200
"""An account lives for ever."""
BATCH_PAYMENT = 200
"""Each payment of a batch, beside the minimum for the whole: it saves its own signature, number and place."""
BATCH = "pay_batch"

FUNCTION_GAS = {
    "create_child_vasp_account": CREATION,
    "create_parent_vasp_account": CREATION,
    "create_designated_dealer": CREATION,
}
"""Functions that cost more than the minimum."""


def gas_for(function: str, scheme: int) -> int:
    """Gas units of a call by its function and the sender's scheme; of a batch without its payments."""
    return FUNCTION_GAS.get(function, MIN_GAS_UNITS) + SCHEME_SURCHARGE[scheme]


def gas_of(tx: SignedTransaction) -> int:
    """Gas units that a transaction uses if all of it runs."""
    return gas_for(tx.raw.payload.function, tx.scheme) + payload_gas(tx.raw.payload)


def gas_until(tx: SignedTransaction, done: int) -> int:
    """Gas units of a batch whose first `done` payments ran and the next one failed.

    It grows with `done`, so that the gas that the ledger keeps tells which payment failed (`failed_payment`).
    """
    return gas_for(tx.raw.payload.function, tx.scheme) + payload_gas(tx.raw.payload, done)


def failed_payment(tx: SignedTransaction, gas_used: int) -> int | None:
    """Which payment of a failed batch failed, from 0, by the gas that it used; None if it was the fee that could not
    be paid after all of them. For batches that aborted only."""
    payments = tx.raw.payload.arguments[0]
    assert tx.raw.payload.function == BATCH
    assert isinstance(payments, tuple)
    for done in range(len(payments)):
        if gas_until(tx, done) == gas_used:
            return done
    return None


def payload_gas(payload: Payload, done: int | None = None) -> int:
    """What the first `done` payments of a batch (None: all) cost beside the minimum; 0 for every other function."""
    if payload.function != BATCH:
        return 0
    payments = cast("tuple[tuple[str, bytes, int, bytes, bytes], ...]", payload.arguments[0])[:done]
    return len(payments) * BATCH_PAYMENT + SIGNATURE_SHARE * sum(1 for *_, signature in payments if signature)
