"""What a running transaction sees: its block, its sender, the state to write, and where its events go."""

from typing import NamedTuple

from chain.accounts import ASSOCIATION as ROOT
from chain.accounts import (
    CONFIG_KEY,
    Account,
    Currency,
    event_key,
    tuple_add,
)
from chain.codec import Value
from chain.entries import Event
from chain.execution.outcome import Abort, Category
from chain.limits import NONCE_JUMP
from chain.primitives import SECOND_US
from chain.records.roles import SlidingNonce, nonce_key
from chain.roles import ACCOUNT_HANDLES
from chain.state.view import Overlay
from chain.streams import CURRENCY_HANDLES, ROOT_COUNTERS, ROOT_HANDLES, currency_handles_from


class BlockContext(NamedTuple):
    """The block that a transaction runs in."""

    chain_id: int
    genesis_hash: bytes
    epoch: int
    round: int
    height: int
    proposer: int
    timestamp_us: int


class Run:
    """One transaction's run: reads and writes go to `state`, events are collected."""

    __slots__ = ("context", "events", "secondaries", "sender", "state")

    def __init__(
        self, context: BlockContext, sender: bytes, state: Overlay, secondaries: tuple[bytes, ...] = ()
    ) -> None:
        """A run with no events yet; `secondaries` are the addresses of the other signers."""
        self.context = context
        self.sender = sender
        self.secondaries = secondaries
        self.state = state
        self.events: list[Event] = []

    def emit_from(self, account: Account, type_: str, data: tuple[Value, ...]) -> Account:
        """Emit on an account's own stream; gives the account with its counter raised (not written yet)."""
        handle = self.emit(account, type_, data)
        return account._replace(streams=tuple_add(account.streams, handle))

    def emit(self, account: Account, type_: str, data: tuple[Value, ...]) -> int:
        """Emit on an account's own stream; gives the handle, whose counter the caller raises."""
        handle = ACCOUNT_HANDLES[account.role][type_]
        self.events.append(Event(event_key(handle, account.address), account.streams[handle], type_, data))
        return handle

    def emit_root(self, type_: str, data: tuple[Value, ...]) -> None:
        """Emit on one of the root's streams."""
        handle = ROOT_HANDLES[type_]
        place = ROOT_COUNTERS[type_]
        config = self.state.config()
        self.events.append(Event(event_key(handle, ROOT), config.streams[place], type_, data))
        self.state.put(CONFIG_KEY, config._replace(streams=tuple_add(config.streams, place)))

    def emit_currency(self, currency: Currency, type_: str, data: tuple[Value, ...]) -> Currency:
        """Emit on a currency's stream; gives the currency with its counter raised (not written yet)."""
        offset = CURRENCY_HANDLES[type_]
        place = self.state.config().currencies.index(currency.code)
        key = event_key(currency_handles_from(place) + offset, ROOT)
        self.events.append(Event(key, currency.streams[offset], type_, data))
        return currency._replace(streams=tuple_add(currency.streams, offset))

    def own_account(self) -> Account:
        """The sender, which the prologue has found."""
        account = self.state.account(self.sender)
        assert account is not None
        return account

    def emit_admin(self) -> None:
        """Say on the root's stream that the association acted as another account."""
        self.emit_root("admintransaction", (self.context.timestamp_us // SECOND_US,))

    def require_currency(self, code: str) -> Currency:
        """A registered currency."""
        currency = self.state.currency(code)
        if currency is None:
            raise Abort("Diem", Category.NOT_PUBLISHED, "ECURRENCY_INFO", f"no currency is called {code[:32]}")
        return currency

    def check_nonce(self, nonce: int) -> None:
        """Record the sender's sliding nonce, or abort; 0 skips it, as in Libra (W9)."""
        if nonce == 0:
            return
        key = nonce_key(self.sender)
        window = self.state.get(key) or SlidingNonce()
        assert isinstance(window, SlidingNonce)
        if nonce < window.min_nonce:
            raise Abort(
                "SlidingNonce",
                Category.INVALID_ARGUMENT,
                "ENONCE_TOO_OLD",
                f"nonce {nonce} is below the lowest that counts, {window.min_nonce}",
                nonce=nonce,
                min_nonce=window.min_nonce,
            )
        if nonce >= window.min_nonce + NONCE_JUMP:
            raise Abort(
                "SlidingNonce",
                Category.INVALID_ARGUMENT,
                "ENONCE_TOO_NEW",
                f"nonce {nonce} is not below {window.min_nonce} + {NONCE_JUMP}",
                nonce=nonce,
                min_nonce=window.min_nonce,
            )
        after = window.recorded(nonce)
        if after is None:
            raise Abort(
                "SlidingNonce",
                Category.INVALID_ARGUMENT,
                "ENONCE_ALREADY_RECORDED",
                f"nonce {nonce} was used already",
                nonce=nonce,
                min_nonce=window.min_nonce,
            )
        self.state.put(key, after)
