"""What a synthetic coin stands on, and what the treasury allows a dealer to buy in a day."""

from collections.abc import Mapping
from typing import NamedTuple

from chain.codec import decode, encode, fields


class Basket(NamedTuple):
    """A synthetic coin's composition, and the coins that lie behind it (docs/protocol.md, Z1 to Z5)."""

    currency: str
    parts: tuple[tuple[str, int], ...]
    """Micro-units of each coin for one micro-unit of the basket, as 32-bit fixed point, in the basket's order."""
    held: tuple[tuple[str, int], ...]
    """The reserve: micro-units of each coin that lie here and in no account, in the same order."""

    def composing(self, amount: int) -> tuple[tuple[str, int], ...]:
        """What composing `amount` takes: of each coin one micro-unit more than trunc(amount x ratio) (Libra)."""
        return tuple([(code, (amount * ratio >> 32) + 1) for code, ratio in self.parts])

    def decomposing(self, amount: int) -> tuple[tuple[str, int], ...]:
        """What decomposing `amount` pays: trunc(amount x ratio) of each coin (Libra)."""
        return tuple([(code, amount * ratio >> 32) for code, ratio in self.parts])

    def most_composable(self, holdings: Mapping[str, int]) -> int:
        """What these coins compose, as Libra has it: the least trunc((v - 1) / ratio); with 1 or less of a coin, 0.

        It is never too much; where a share is cut off, one more may still go.
        """
        return min([(max(holdings.get(code, 0), 1) - 1 << 32) // ratio for code, ratio in self.parts])

    def with_more(self, coins: tuple[tuple[str, int], ...]) -> "Basket":
        """The same basket with these coins added to its reserve."""
        return self._replace(held=_sum(self.held, coins, 1))

    def with_less(self, coins: tuple[tuple[str, int], ...]) -> "Basket":
        """The same basket with these coins taken out of its reserve."""
        return self._replace(held=_sum(self.held, coins, -1))

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode(tuple(self))

    @staticmethod
    def from_bytes(data: bytes) -> "Basket":
        """Read what `to_bytes` wrote."""
        return Basket(*fields(decode(data), "basket", str, tuple, tuple))


def _sum(
    held: tuple[tuple[str, int], ...], coins: tuple[tuple[str, int], ...], sign: int
) -> tuple[tuple[str, int], ...]:
    """The reserve with coins added or taken out; both are in the basket's order."""
    return tuple([(code, have + sign * more) for (code, have), (_, more) in zip(held, coins, strict=True)])


class Tiers(NamedTuple):
    """Caps of what a dealer may be minted of a currency in 24 hours, one a tier; no caps: the rule is off."""

    dealer: bytes
    currency: str
    caps: tuple[int, ...]
    start_us: int
    minted: int
    """Micro-units minted since `start_us`."""

    def at(self, now_us: int, period_us: int) -> "Tiers":
        """The tiers as they are now: a new window when `now >= start + period`."""
        if now_us >= self.start_us + period_us:
            return self._replace(start_us=now_us, minted=0)
        return self

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode(tuple(self))

    @staticmethod
    def from_bytes(data: bytes) -> "Tiers":
        """Read what `to_bytes` wrote."""
        return Tiers(*fields(decode(data), "tiers", bytes, str, tuple, int, int))


def basket_key(currency: str) -> bytes:
    """State key of a synthetic coin's basket."""
    return b"b" + currency.encode("ascii", "replace")


def tiers_key(dealer: bytes, currency: str) -> bytes:
    """State key of a dealer's tiers."""
    return b"t" + dealer + currency.encode("ascii", "replace")
