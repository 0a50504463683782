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
    "not_committed": INVARIANT,
    "directory_not_empty": USAGE,
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
