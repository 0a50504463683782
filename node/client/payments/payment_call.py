"""The call that pays, as a record of typed fields."""

from typing import NamedTuple, cast

from chain.execution.gas import BATCH
from chain.transaction import SignedTransaction

PAYMENT = "peer_to_peer_with_metadata"


class PaymentCall(NamedTuple):
    """The arguments of a payment, in their order."""

    currency: str
    payee: bytes
    amount: int
    """Micro-units."""
    metadata: bytes
    metadata_signature: bytes


def payment_in(tx: SignedTransaction) -> PaymentCall | None:
    """The payment that a transaction makes, or None if it calls something else."""
    payload = tx.raw.payload
    if payload.function != PAYMENT:
        return None
    return PaymentCall(*cast(tuple[str, bytes, int, bytes, bytes], payload.arguments))


def payments_in(tx: SignedTransaction) -> list[PaymentCall]:
    """All payments that a transaction makes: one, those of a batch in their order, or none."""
    payload = tx.raw.payload
    if payload.function == BATCH:
        rows = cast("tuple[tuple[str, bytes, int, bytes, bytes], ...]", payload.arguments[0])
        return [PaymentCall(*row) for row in rows]
    call = payment_in(tx)
    return [] if call is None else [call]
