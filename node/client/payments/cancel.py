"""Take back what was scheduled: its number is used by a payment of one micro-unit to oneself (docs/protocol.md, M5)."""

import time
from typing import Any

from chain.primitives import SECOND_US
from chain.transaction import Payload
from node.client.payments.pay import is_scheduled
from node.client.payments.payment_call import PAYMENT
from node.client.sending.outbox import FINAL
from node.client.wallets.book import WalletError
from node.client.wallets.wallet import GAS_LIMIT, LIFETIME_S, Wallet, told


def cancel(wallet: Wallet, tx_hash: bytes, *, timeout_s: float = 30.0) -> dict[str, Any]:
    """Use up the number of a scheduled transaction of this outbox before its time: what `Wallet.execute` gives of the
    payment that did, with `cancelled`, the hash that can never run now.

    Raises OutboxError (`unknown_hash`), WalletError (`not_scheduled`: it is final, or its time has come; and what
    `Wallet.execute` raises, of which `sequence_number_too_old` says that the scheduled one was faster), KeyFileError.
    """
    entry = wallet.outbox.get(tx_hash)
    raw = entry.transaction.raw
    sender = wallet.find(raw.sender.hex())
    wallet.ledger_next(sender)
    if entry.status in FINAL or not is_scheduled(wallet, entry.transaction):
        raise WalletError(
            f"{tx_hash.hex()} is not scheduled for later: it is {entry.status}, or its time has come",
            name="not_scheduled",
        )
    now_secs = max(int(time.time()), wallet.client.timestamp_us // SECOND_US)
    nothing = Payload(PAYMENT, (raw.gas_currency, raw.sender, 1, b"", b""))
    instead = raw._replace(
        payload=nothing,
        max_gas_amount=GAS_LIMIT,
        expiration_secs=now_secs + LIFETIME_S,
        valid_from_secs=0,
        fee_payer=b"",
    )
    tx = wallet.sign_raw(instead, wallet.key_of(sender.name))
    (outcome,) = wallet.execute_all([tx], timeout_s=timeout_s)
    if outcome.status in ("executed", "failed"):
        wallet.outbox.mark(tx_hash, "refused", reason="cancelled before its time", rule="cancelled")
    return {**told(outcome, timeout_s), "cancelled": tx_hash.hex()}
