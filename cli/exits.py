"""Exit codes, from one table: every failure that a command may show has its number here (docs/operations.md)."""

from chain.errors import MithqalError
from chain.validation import DiscardStatus

OK = 0
UNEXPECTED = 1
USAGE = 2
NOT_READY = 3
DISCARDED = 4
FAILED_ON_CHAIN = 5
NOT_FOUND = 6
UNKNOWN_OUTCOME = 7
INVARIANT = 8
POLICY = 9
INTERRUPTED = 130

MEANINGS = {
    OK: "done",
    UNEXPECTED: "unexpected",
    USAGE: "usage, or the syntax of an amount",
    NOT_READY: "cannot connect, or not ready",
    DISCARDED: "refused before inclusion: not on the ledger, no fee",
    FAILED_ON_CHAIN: "executed and failed on chain: the fee is charged, nothing else changed",
    NOT_FOUND: "unknown name, currency or id",
    UNKNOWN_OUTCOME: "timed out: the outcome is unknown, and `mithqal tx wait HASH` finds it",
    INVARIANT: "a proof or an invariant failed",
    POLICY: "refused by policy: a frozen sender or receiver, limits, caps, a halted corridor",
    INTERRUPTED: "interrupted",
}
"""What each exit code says."""

BY_NAME: dict[str, int] = {
    **{status.name.lower(): DISCARDED for status in DiscardStatus},
    "amount_out_of_range": USAGE,
    "bad_amount": USAGE,
    "unknown_code": NOT_FOUND,
    "unknown_country": NOT_FOUND,
    "unknown_currency": NOT_FOUND,
    "rate_not_available": NOT_FOUND,
    "rate_date_out_of_range": NOT_FOUND,
    "invariant_violated": INVARIANT,
    "bad_proof": INVARIANT,
    "conservation": INVARIANT,
    "sending_account_frozen": POLICY,
    "account_frozen": POLICY,
    "cannot_connect": NOT_READY,
    "network_missing": NOT_READY,
    "network_corrupt": NOT_READY,
    "not_running": NOT_READY,
    "not_ready": NOT_READY,
    "validator_died": NOT_READY,
    "port_in_use": NOT_READY,
    "directory_in_use": NOT_READY,
    "unknown_validator": NOT_FOUND,
    "unknown_account": NOT_FOUND,
    "unknown_hash": NOT_FOUND,
    "unknown_transaction": NOT_FOUND,
    "name_taken": USAGE,
    "id_used": USAGE,
    "bad_name": USAGE,
    "bad_id": USAGE,
    "bad_memo": USAGE,
    "bad_provider": USAGE,
    "bad_identifier": USAGE,
    "wrong_prefix": NOT_FOUND,
    "scheme_mismatch": USAGE,
    "same_account": USAGE,
    "metadata_conflict": USAGE,
    "receipt_unwritable": USAGE,
    "no_receipt": NOT_FOUND,
    "bad_receipt": INVARIANT,
    "not_a_provider": NOT_FOUND,
    "not_a_payment": NOT_FOUND,
    "no_compliance_key": NOT_FOUND,
    "refund_too_large": POLICY,
    "address_book_malformed": NOT_READY,
    "key_file_missing": NOT_FOUND,
    "key_file_exists": USAGE,
    "key_file_permissions": NOT_READY,
    "key_file_unreadable": NOT_READY,
    "key_file_malformed": NOT_READY,
    "key_file_mismatch": NOT_READY,
    "key_file_unwritable": NOT_READY,
    "bad_private_key": NOT_READY,
    "wrong_chain": DISCARDED,
    "outbox_malformed": NOT_READY,
    "timed_out": UNKNOWN_OUTCOME,
    "failed_on_chain": FAILED_ON_CHAIN,
    "invalid_update": DISCARDED,
    "too_many_for_account": DISCARDED,
    "mempool_is_full": DISCARDED,
    "expiration_too_far": DISCARDED,
    "bad_chain_id": DISCARDED,
}
"""Rule name to exit code; what is not listed exits with 1."""


def exit_code(error: MithqalError) -> int:
    """The exit code of a failure."""
    return BY_NAME.get(error.name, UNEXPECTED)
