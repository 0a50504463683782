"""Account limits (Libra's AccountLimits): what a provider may receive, send and hold of a currency in a period.

A definition stands under an address; a provider's window names the address whose definition binds it, and counts
(docs/protocol.md, J1 to J5).
"""

from typing import NamedTuple

from chain.civil import DAY_US
from chain.codec import decode, encode, fields
from chain.primitives import U64_MAX


class LimitsDefinition(NamedTuple):
    """Limits of one currency in micro-units, and the period in microseconds."""

    address: bytes
    """Where it stands."""
    currency: str
    max_inflow: int
    max_outflow: int
    max_holding: int
    period_us: int

    @property
    def is_unrestricted(self) -> bool:
        """Whether it limits nothing: then nothing is counted either (Libra)."""
        return self.max_inflow == self.max_outflow == self.max_holding == U64_MAX

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode(tuple(self))

    @staticmethod
    def from_bytes(data: bytes) -> "LimitsDefinition":
        """Read what `to_bytes` wrote."""
        return LimitsDefinition(*fields(decode(data), "limits definition", bytes, str, int, int, int, int))


class Window(NamedTuple):
    """What a provider, with all its children, received and sent of one currency since `start_us`."""

    provider: bytes
    currency: str
    start_us: int
    inflow: int
    outflow: int
    tracked_balance: int
    """What it holds, as far as it was told and counted: the treasury sets where it begins."""
    limit_address: bytes
    """Whose definition binds it."""

    def at(self, now_us: int, limits: LimitsDefinition) -> "Window":
        """The window as it is now: a new one after `now > start + period`, strictly (Libra)."""
        if now_us > self.start_us + limits.period_us:
            return self._replace(start_us=now_us, inflow=0, outflow=0)
        return self

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode(tuple(self))

    @staticmethod
    def from_bytes(data: bytes) -> "Window":
        """Read what `to_bytes` wrote."""
        return Window(*fields(decode(data), "window", bytes, str, int, int, int, int, bytes))


def unrestricted(address: bytes, currency: str) -> LimitsDefinition:
    """Libra's definition without limits: three times 2^64-1 and a period of 24 hours."""
    return LimitsDefinition(address, currency, U64_MAX, U64_MAX, U64_MAX, DAY_US)


def limits_key(address: bytes, currency: str) -> bytes:
    """State key of a definition."""
    return b"l" + address + currency.encode("ascii", "replace")


def window_key(provider: bytes, currency: str) -> bytes:
    """State key of a provider's window."""
    return b"w" + provider + currency.encode("ascii", "replace")
