"""What a running transaction sees: its block, its sender, the state to write, and where its events go."""

from typing import NamedTuple

from chain.accounts import ASSOCIATION as ROOT
from chain.accounts import (
    CONFIG_KEY,
    TREASURY,
    Account,
    Currency,
    Role,
    event_key,
    tuple_add,
)
from chain.codec import Value
from chain.entries import Event
from chain.execution.outcome import Abort, Category
from chain.primitives import SECOND_US
from chain.state.view import Overlay

ROOT_HANDLES = {
    "createaccount": 0,
    "admintransaction": 1,
    "newepoch": 4,
    "freeze": 15,
    "unfreeze": 16,
    "newblock": 17,
    "receiptreleased": 1_000,
    "policypass": 1_001,
    "policyupdate": 1_002,
    "compose": 1_003,
    "decompose": 1_004,
}
"""Event handles of the root: Libra's numbers after its genesis (reference 1.4), ours from 1,000 on."""
_ROOT_COUNTERS = {type_: place for place, type_ in enumerate(ROOT_HANDLES)}
"""Where each stream's counter stands in `Config.streams`."""
CURRENCY_HANDLES = {"mint": 0, "burn": 1, "preburn": 2, "cancelburn": 3, "to_xdx_exchange_rate_update": 4}
ACCOUNT_HANDLES: dict[int, dict[str, int]] = {
    Role.PARENT_VASP: {"compliancekeyrotation": 0, "baseurlrotation": 1, "receivedpayment": 2, "sentpayment": 3},
    Role.CHILD_VASP: {"receivedpayment": 0, "sentpayment": 1},
    Role.DESIGNATED_DEALER: {
        "receivedmint": 0,
        "compliancekeyrotation": 1,
        "baseurlrotation": 2,
        "receivedpayment": 3,
        "sentpayment": 4,
    },
    Role.VALIDATOR: {"receivedpayment": 0, "sentpayment": 1},
    Role.VALIDATOR_OPERATOR: {"receivedpayment": 0, "sentpayment": 1},
}
"""Event handles by role, numbered in Libra's order of creation."""


def currency_handles_from(place: int) -> int:
    """The first of the five handles of the currency that was registered `place`-th (from 0): mint, burn, preburn,
    cancel_burn, rate. XUS and XDX come first in Libra's genesis and have its numbers, 5 to 14."""
    return 5 + 5 * place if place < 2 else 18 + 5 * (place - 2)


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
        place = _ROOT_COUNTERS[type_]
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

    def require_association(self) -> None:
        """The association's functions check the address first (REQUIRES_ADDRESS)."""
        if self.sender != ROOT:
            raise Abort(
                "CoreAddresses",
                Category.REQUIRES_ADDRESS,
                "EDIEM_ROOT",
                f"only the association may do this, not {self.sender.hex()}",
            )

    def require_treasury(self) -> None:
        """The treasury's functions check the address first (REQUIRES_ADDRESS)."""
        if self.sender != TREASURY:
            raise Abort(
                "CoreAddresses",
                Category.REQUIRES_ADDRESS,
                "ETREASURY_COMPLIANCE",
                f"only the treasury may do this, not {self.sender.hex()}",
            )

    def require_currency(self, code: str) -> Currency:
        """A registered currency."""
        currency = self.state.currency(code)
        if currency is None:
            raise Abort("Diem", Category.NOT_PUBLISHED, "ECURRENCY_INFO", f"no currency is called {code[:32]}")
        return currency

    def check_nonce(self, nonce: int) -> None:
        """Sliding nonces: 0 skips the check, as in Libra; the others are not supported yet."""
        if nonce != 0:
            raise Abort(
                "SlidingNonce", Category.INVALID_ARGUMENT, "ENONCE_UNSUPPORTED", f"nonce {nonce}: only 0 is supported"
            )
