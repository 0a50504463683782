"""What calls may cost: an address in a while, and all addresses together. Who is above it is told when to come back.

The price of an answer is known once it is there. A call that was refused costs most: a flood of transactions that
cannot be right would otherwise be the cheapest way to keep a validator busy. What is accepted costs little here, since
fees and the mempool bound it. A refusal that says `busy` is our fault, so it costs as little.

Everybody's budget pays only what an address's own took, which is bounded: one address alone never uses it up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from node.api.schema import SERVER_ERROR, RpcError
from node.runtime.http_answers import Answer
from node.wire.budget import Budgets

_MILLION = 1_000_000
_ALL = "all"
BUSY = frozenset(
    {"mempool_is_full", "too_many_for_account", "too_many_checks", "too_many_waiting", "state_unavailable"}
)
"""Refusals that only say that there is too much to do."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Tokens. Tests make them other ones."""

    per_s: int = 20_000
    """That an address gets each second ..."""
    burst: int = 20_000
    """... up to this many."""
    addresses: int = 4
    """All addresses together get so many times what one gets: more than a burst and the most debt of one."""
    call: int = 1
    """Of each call ..."""
    refused: int = 100
    """... and of one that was refused, or is none: 200 a second from one address, after the first 200."""
    connection: int = 20
    """Of each connection: 1,000 a second ..."""
    turned_away: int = 1
    """... and of one that is closed as soon as it is there, for which we do next to nothing."""
    bytes_a_token: int = 1_000
    """Of an answer: 20 MB a second to one address."""
    us_a_token: int = 20
    """Of the loop's time for pages: two fifths of it to one address."""
    hold_us: int = 500_000
    """A refusal waits so long at most before it leaves: who does not back off by itself is slowed down."""


class Refusal(NamedTuple):
    """An answer in place of the one that was asked for."""

    status: int
    """429: this address asks too much; 503: all together do."""
    retry_after_s: int
    hold_us: int
    error: RpcError


class CallBudget:
    """Counts what addresses cost one server."""

    def __init__(self, now_us: Callable[[], int], prices: Prices | None = None) -> None:
        """`now_us` is monotonic."""
        self._now_us, self._prices = now_us, prices or Prices()
        one, many = self._prices, self._prices.addresses
        self._each = Budgets(one.per_s, one.burst)
        self._all = Budgets(one.per_s * many, one.burst * many)
        self.refused = 0
        """Requests that were refused for their address's budget, or for everybody's."""

    def refusal(self, group: str) -> Refusal | None:
        """Why an address (`group_of` it, as everywhere here) may not ask now; None if it may."""
        now_us = self._now_us()
        own_us, all_us = self._each.wait_us(group, now_us), self._all.wait_us(_ALL, now_us)
        if not own_us and not all_us:
            return None
        self.refused += 1
        status = 429 if own_us else 503
        wait_us = own_us or all_us
        seconds = -(-wait_us // _MILLION)
        name, who = ("too_many_requests", "this address asks") if own_us else ("overloaded", "clients ask")
        message = f"{who} more than this validator can answer: come back in {seconds} s"
        error = RpcError(SERVER_ERROR, message, name=name, retry_after_s=seconds)
        return Refusal(status, seconds, min(wait_us, self._prices.hold_us), error)

    def is_in_debt(self, group: str) -> bool:
        """Whether an address has used up its budget."""
        return self._each.wait_us(group, self._now_us()) > 0

    def charge_connection(self, group: str) -> None:
        """Count a new connection."""
        self._spend(group, self._prices.connection)

    def charge_turned_away(self, group: str) -> None:
        """Count a connection that is closed as soon as it is there."""
        self._spend(group, self._prices.turned_away)

    def charge_garbage(self, group: str) -> None:
        """Count what is no call: a connection that had to be cut, no HTTP, another host or path."""
        self._spend(group, self._prices.refused)

    def charge_time(self, group: str, busy_us: int) -> None:
        """Count what is no call, but answered: a call's price, and the loop's time."""
        self._spend(group, self._prices.call + busy_us // self._prices.us_a_token)

    def charge(self, group: str, answer: Answer) -> None:
        """Count an answer."""
        prices = self._prices
        refused = sum(name not in BUSY for name in answer.refusals) if answer.refusals else 0
        tokens = (answer.calls - refused) * prices.call + refused * prices.refused
        tokens += len(answer.data) // prices.bytes_a_token + answer.busy_us // prices.us_a_token
        self._spend(group, tokens)

    def _spend(self, group: str, tokens: int) -> None:
        """From the address's budget, and what that gave from everybody's."""
        now_us = self._now_us()
        self._all.spend(_ALL, self._each.spend(group, tokens, now_us), now_us)
