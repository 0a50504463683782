"""Transactions that several accounts sign, all of whose keys are kept here."""

from collections.abc import Sequence
from typing import Any

from chain.transaction import Authenticator, Secondary, SignedTransaction, assemble, message_to_sign
from node.client.wallets.wallet import Entry, Wallet


def sign_together(
    wallet: Wallet, sender: Entry, others: Sequence[Entry], function: str, *arguments: Any, fee_currency: str | None
) -> SignedTransaction:
    """Sign a call as its sender and as each further signer, and keep it in the outbox: `execute` it, or `discard` it.

    Raises what `Wallet.sign` raises, for whichever of the keys is not kept here.
    """
    key, *other_keys = [wallet.key_of(entry.name) for entry in (sender, *others)]
    start = wallet.ledger_next(sender)
    with wallet.outbox.writing():
        (number,) = wallet.outbox.free_numbers(sender.address, start, 1)
        raw = wallet.build(sender, function, *arguments, fee_currency=fee_currency, number=number)
        message = message_to_sign(raw.to_bytes(), [entry.address for entry in others], wallet.network.genesis_hash)
        tx = assemble(
            raw,
            Authenticator(int(key.scheme), key.public_key, key.sign(message)),
            [
                Secondary(entry.address, int(other.scheme), other.public_key, other.sign(message))
                for entry, other in zip(others, other_keys, strict=True)
            ],
        )
        wallet.outbox.add(tx)
    return tx
