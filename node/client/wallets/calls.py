"""Calls that several accounts make at once: numbered, signed and kept together, then many in flight."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from chain.transaction import SignedTransaction
from node.client.wallets.wallet import Entry, Wallet, told


class Call(NamedTuple):
    """A function call of a named account. Without a fee currency its price is 0."""

    sender: str
    function: str
    arguments: tuple[Any, ...]
    fee_currency: str | None


def payment(payer: str, payee: Entry, amount: int, currency: str) -> Call:
    """A payment of `amount` micro-units, its fee in the same currency."""
    return Call(payer, "peer_to_peer_with_metadata", (currency, payee.address, amount, b"", b""), currency)


def sign_calls(wallet: Wallet, calls: Sequence[Call]) -> list[SignedTransaction]:
    """Sign calls under consecutive free numbers of each sender, and keep them in the outbox in one durable change.

    Raises what `Wallet.sign` raises; then nothing is kept.
    """
    entries = {name: wallet.find(name) for name in dict.fromkeys(call.sender for call in calls)}
    keys = {name: wallet.key_of(name) for name in entries}
    starts = {name: wallet.ledger_next(entry) for name, entry in entries.items()}
    signed = []
    with wallet.outbox.writing():
        numbers = {}
        for name, entry in entries.items():
            count = sum(call.sender == name for call in calls)
            numbers[name] = iter(wallet.outbox.free_numbers(entry.address, starts[name], count))
        for name, function, arguments, currency in calls:
            number = next(numbers[name])
            tx = wallet.sign_numbered(
                entries[name], number, function, *arguments, fee_currency=currency, key=keys[name]
            )  # fmt: skip
            wallet.outbox.add(tx)
            signed.append(tx)
    return signed


def execute_calls(wallet: Wallet, calls: Sequence[Call], *, timeout_s: float = 60.0) -> list[dict[str, Any]]:
    """Sign and execute; results in order, as of `Wallet.execute`. Raises for the first that is not executed, when all
    are settled."""
    return [told(outcome, timeout_s) for outcome in wallet.execute_all(sign_calls(wallet, calls), timeout_s=timeout_s)]
