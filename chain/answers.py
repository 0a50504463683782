"""What a client is told about a transaction that it submitted."""

from chain.errors import MithqalError
from chain.interface import Reply
from chain.transaction import SignedTransaction
from chain.validation import Discard


def acceptance(request_id: int, tx: SignedTransaction, waiting_for: int | None) -> Reply:
    """The answer to an admitted transaction."""
    if waiting_for is None:
        return Reply(request_id, True, tx.hash, "accepted", "accepted", None)
    if waiting_for == tx.raw.sequence_number:
        message = f"parked: scheduled, it runs from the ledger's time {tx.raw.valid_from_secs} s on"
        return Reply(request_id, True, tx.hash, "parked", message, None)
    message = f"parked: number {tx.raw.sequence_number} waits for number {waiting_for}"
    return Reply(request_id, True, tx.hash, "parked", message, None, waiting_for)


def known_already(request_id: int, tx: SignedTransaction) -> Reply:
    """The answer to a transaction that is on the ledger."""
    return Reply(request_id, True, tx.hash, "accepted", "known already", None)


def refusal(request_id: int, tx_hash: bytes, error: MithqalError) -> Reply:
    """The answer to a refused transaction."""
    code = int(error.status) if isinstance(error, Discard) else None
    return Reply(request_id, False, tx_hash, error.name, error.message, code)
