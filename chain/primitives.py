"""Names for the plain values that everything is made of. `NewType`s cost nothing at run time."""

from typing import NewType

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
