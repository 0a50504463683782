"""What the world wants to happen: one order a transaction, before it has a number and a signature."""

from typing import Any, NamedTuple

from chain.execution.gas import BATCH_PAYMENT, FUNCTION_GAS
from chain.limits import DEFAULT_GAS_PRICE, MIN_GAS_UNITS

PAYMENT = "peer_to_peer_with_metadata"
BATCH = "pay_batch"
FEE = MIN_GAS_UNITS * DEFAULT_GAS_PRICE
"""Micro-units that a payment with one signature costs."""


class Order(NamedTuple):
    """One transaction to be: who calls what, in which block of the day."""

    kind: str
    """What it is in the story: "purchase", "remittance", ..."""
    slot: int
    """Which block of the day, from 0."""
    sender: int
    """Number of an actor (`cast`)."""
    function: str
    arguments: tuple[Any, ...]
    coin: str = "XUS"
    """What the fee is paid in."""
    price: int = DEFAULT_GAS_PRICE
    gas: int = MIN_GAS_UNITS
    """The most that it may use, and what it uses."""
    payee: int = -1
    """Of a payment."""
    amount: int = 0
    """Micro-units of a payment, of the whole batch, or of what is minted or burned."""
    others: tuple[int, ...] = ()
    """Who signs too."""


def pay(  # noqa: PLR0913 - one payment's parts
    kind: str, slot: int, sender: int, payee: int, address: bytes, coin: str, amount: int, *, metadata: bytes = b"",
    signature: bytes = b"",
) -> Order:  # fmt: skip
    """A payment of `amount` micro-units to the actor at `address`; its fee is in the same coin."""
    arguments = (coin, address, amount, metadata, signature)
    return Order(kind, slot, sender, PAYMENT, arguments, coin, payee=payee, amount=amount)


def batch_gas(count: int) -> int:
    """What a batch of so many payments uses."""
    return MIN_GAS_UNITS + BATCH_PAYMENT * count


def free_call(kind: str, slot: int, sender: int, function: str, *arguments: Any, amount: int = 0) -> Order:
    """A call of somebody who holds no coins: its price is 0."""
    gas = max(MIN_GAS_UNITS, FUNCTION_GAS.get(function, 0))
    return Order(kind, slot, sender, function, arguments, price=0, gas=gas, amount=amount)
