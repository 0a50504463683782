"""Whether the validator that answers signs (`get_signing_status`): what only its own process knows."""

from typing import NamedTuple


class Signing(NamedTuple):
    """Told by the process, in words that need no look at the ledger."""

    state: str
    """`signs`; `asks` (just started, R19); `observer` (its record cannot be used); `follower` (no member, no key)."""
    reason: str
    """Of an observer: in a few words."""
    message: str
    """Why it signs nothing, in full; empty if it signs."""
    command: str
    """Of an observer: what gives it another key."""


UNKNOWN = Signing("follower", "", "this ledger is read without a validator's process", "")
