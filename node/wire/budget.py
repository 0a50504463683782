"""What each address may cost in a while: token buckets, one an address, with a bound on how many are remembered.

Pure: the caller brings the time. A bucket may go into debt, since what a request costs is known only afterwards; who
is in debt waits until it is paid.
"""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

_MILLION = 1_000_000
MOST_DEBT = 2
"""Times the burst. What is spent beyond it is forgotten."""
REMEMBERED = 4_096
"""Addresses with a bucket of their own; the one that was seen longest ago is forgotten first."""


@lru_cache(REMEMBERED)
def group_of(host: str) -> str:
    """Whose budget an address draws on: its own, of IPv6 that of its /64, which is one customer's.

    What is no address (a Unix socket) is its own group.
    """
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return f"{IPv6Address(int(address) >> 64 << 64)}/64"
    return host


class Budgets:
    """Buckets by address. All times are microseconds of one monotonic clock."""

    __slots__ = ("_burst", "_left", "_per_s")

    def __init__(self, per_s: int, burst: int) -> None:
        """A bucket gets `per_s` tokens a second, holds `burst` at most, and owes at most MOST_DEBT times that."""
        self._per_s, self._burst = per_s, burst
        self._left: dict[str, tuple[int, int]] = {}

    def __len__(self) -> int:
        """Addresses that are remembered."""
        return len(self._left)

    def wait_us(self, group: str, now_us: int) -> int:
        """0 if the group may go on, else how long it is until it may."""
        left = self._tokens(group, now_us)
        return 0 if left > 0 else (1 - left) * _MILLION // self._per_s + 1

    def spend(self, group: str, tokens: int, now_us: int) -> int:
        """Take tokens, into debt if need be; gives how many were taken: less than asked for at the most debt."""
        before = self._tokens(group, now_us)
        left = max(before - tokens, -MOST_DEBT * self._burst)
        self._left.pop(group, None)
        self._left[group] = (left, now_us)
        if len(self._left) > REMEMBERED:
            del self._left[next(iter(self._left))]
        return before - left

    def _tokens(self, group: str, now_us: int) -> int:
        """What is in a bucket now; one that nobody has drawn on is full."""
        left, at_us = self._left.get(group, (self._burst, now_us))
        return min(self._burst, left + max(0, now_us - at_us) * self._per_s // _MILLION)
