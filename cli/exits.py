"""Exit codes, from one table: every failure that a command may show has its number here (docs/operations.md)."""

from chain.errors import MithqalError

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

BY_NAME: dict[str, int] = {
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
}
"""Rule name to exit code; what is not listed exits with 1."""


def exit_code(error: MithqalError) -> int:
    """The exit code of a failure."""
    return BY_NAME.get(error.name, UNEXPECTED)
