"""Names for the plain values that everything is made of, and checked unsigned 64-bit arithmetic.

`NewType`s cost nothing at run time; the checked helpers are the only arithmetic on money.
"""

from typing import NewType

from chain.errors import AmountError

Hash = NewType("Hash", bytes)
"""32 bytes."""
Address = NewType("Address", bytes)
"""16 bytes: the last half of an account's first authentication key."""
Amount = NewType("Amount", int)
"""Micro-units of one currency, 0 .. 2^64-1."""
Sequence = NewType("Sequence", int)
"""Number of an account's transaction, from 0."""
Version = NewType("Version", int)
"""Index of a transaction in the ledger; genesis is 0."""
Height = NewType("Height", int)
"""Number of committed blocks below this one; genesis is 0."""
Round = NewType("Round", int)
"""Round of consensus within an epoch; genesis is 0."""
Epoch = NewType("Epoch", int)
"""Number of a validator set; the first is 1."""
TimeUs = NewType("TimeUs", int)
"""Microseconds, since 1970 where it is a ledger time."""

U64_MAX = 2**64 - 1
ZERO_HASH = Hash(bytes(32))
SECOND_US = 1_000_000


def checked_u64(value: int, what: str = "amount") -> int:
    """Give back `value` if it is an integer in 0 .. 2^64-1; raise AmountError otherwise."""
    if type(value) is not int or not 0 <= value <= U64_MAX:
        raise AmountError(f"{what} must be an integer from 0 to {U64_MAX}, got {value!r}", what=what, value=value)
    return value


def checked_add(a: int, b: int, what: str = "amount") -> int:
    """a + b, or AmountError if it passes 2^64-1."""
    total = a + b
    if total > U64_MAX:
        raise AmountError(f"{what}: {a} + {b} is above {U64_MAX}", what=what, a=a, b=b)
    return total


def checked_sub(a: int, b: int, what: str = "amount") -> int:
    """a - b, or AmountError if it falls below 0."""
    if b > a:
        raise AmountError(f"{what}: {a} - {b} is below 0", what=what, a=a, b=b)
    return a - b
