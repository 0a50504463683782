"""Send what is signed without waiting; and wait for what was sent from anywhere."""

import time
from typing import Any

from chain.errors import MithqalError
from chain.transaction import SignedTransaction
from node.client.rpc import RpcFailed
from node.client.sending.outbox import OutboxError
from node.client.wallets.evidence import proved_transaction
from node.client.wallets.wallet import Wallet, WalletError, conclude

POLL_S = 0.2


def send(wallet: Wallet, tx: SignedTransaction) -> dict[str, Any]:
    """Store a transaction and submit it once: {hash, status, waiting_for, version}.

    `status` is `accepted`, `parked` (until the number `waiting_for` is used) or `committed` (at `version`, by an
    earlier submission). Raises WalletError with the rule's name if it is refused, ConnectionFailed if nobody answers:
    it stays stored.
    """
    wallet.outbox.add(tx)
    try:
        answer = wallet.client.submit(tx.envelope)
    except RpcFailed as refusal:
        version = _version(wallet, tx.hash) if refusal.name == "sequence_number_too_old" else None
        if version is None:
            wallet.outbox.mark(tx.hash, "refused", reason=refusal.message)
            raise WalletError(
                refusal.message, name=refusal.name, code=refusal.status, hash=tx.hash.hex()
            ) from refusal  # fmt: skip
        wallet.outbox.mark(tx.hash, "committed", version=version)
        return {"hash": tx.hash.hex(), "status": "committed", "waiting_for": None, "version": version}
    wallet.outbox.mark(tx.hash, "submitted")
    version = _version(wallet, tx.hash) if answer["message"] == "known already" else None
    if version is not None:
        wallet.outbox.mark(tx.hash, "committed", version=version)
    return {
        "hash": tx.hash.hex(),
        "status": answer["status"] if version is None else "committed",
        "waiting_for": answer["waiting_for"],
        "version": version,
    }


def wait_for(wallet: Wallet, tx_hash: bytes, *, timeout_s: float = 30.0) -> dict[str, Any]:
    """Follow a transaction to its end: one of the outbox is sent again, another one is looked up.

    WalletError: `unknown_hash` if neither the outbox, the ledger nor a waiting pool has it, `timed_out`, and what
    `conclude` raises.
    """
    try:
        wallet.outbox.get(tx_hash)
    except OutboxError as error:
        if error.name != "unknown_hash":
            raise
        return _wait_for_foreign(wallet, tx_hash.hex(), timeout_s)
    return wallet.resume(tx_hash, timeout_s=timeout_s)


def _wait_for_foreign(wallet: Wallet, tx_hash: str, timeout_s: float) -> dict[str, Any]:
    """Wait for a transaction that was not sent from here, as long as it waits somewhere."""
    began = time.monotonic()
    while True:
        waits = any(item["kind"] == "pending" for item in wallet.client.call("search", tx_hash))
        found = proved_transaction(wallet, tx_hash)
        if found is not None and found.claim["transaction"]["type"] == "user":
            return conclude(found.claim, time.monotonic() - began)
        if not waits:
            raise WalletError(
                f"no transaction {tx_hash} is in the outbox, on the ledger or waiting", name="unknown_hash"
            )
        if time.monotonic() - began > timeout_s:
            raise WalletError(
                f"not final after {timeout_s:g} s, it may still become so: mithqal tx wait {tx_hash}",
                name="timed_out",
                hash=tx_hash,
            )
        time.sleep(POLL_S)


def parse_hash(text: str) -> bytes:
    """64 hex digits; MithqalError (`unknown_hash`)."""
    try:
        data = bytes.fromhex(text) if len(text) == 64 and text.isalnum() else b""
    except ValueError:
        data = b""
    if len(data) != 32:
        raise MithqalError(f"{text[:80]!r} is no hash: a hash has 64 hex digits", name="unknown_hash")
    return data


def _version(wallet: Wallet, tx_hash: bytes) -> int | None:
    """The version of exactly this transaction, if a validator proves that it is on the ledger."""
    found = proved_transaction(wallet, tx_hash.hex())
    return None if found is None else int(found.claim["version"])
