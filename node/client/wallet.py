"""People's side of a network directory: names, keys, and transactions that are signed once and followed to the end.

Names live in the local address book only, never on chain. A signed transaction is stored before it leaves, so that
whatever happens it can be asked about or sent again, and is never made twice.
"""

import time
from pathlib import Path
from typing import Any

from chain.crypto.signing import PrivateKey, Scheme
from chain.identifiers import prefix_of
from chain.limits import DEFAULT_GAS_PRICE, MIN_GAS_UNITS
from chain.primitives import Address
from chain.transaction import Payload, RawTransaction, SignedTransaction, sign_transaction
from node.client.book import AddressBook, Entry, WalletError, name_taken
from node.client.names import TREASURY_NAME, check_name, key_path
from node.client.network import Network
from node.client.outbox import Outbox
from node.client.rpc import ConnectionFailed, RpcClient, RpcFailed
from node.keystore import KeyFileError, load_key, new_secret, save_key

__all__ = ["TREASURY_NAME", "Entry", "Wallet", "WalletError"]

BOOK_FILE = "addresses.json"
GAS_LIMIT = 10 * MIN_GAS_UNITS
LIFETIME_S = 3_600
ONE_VALIDATOR_S = 2.0
"""How long one validator may take to tell a number."""


class Wallet:
    """Signs for the names of one network's address book."""

    def __init__(self, network: Network) -> None:
        """Open the book; no validator is asked yet."""
        self.network = network
        self.book = AddressBook(network.directory / BOOK_FILE)
        self.client = RpcClient([member.rpc for member in network.members], chain_id=network.chain_id)
        self._ledger_us = 0
        self.outbox = Outbox(network.directory / "outbox")

    @property
    def prefix(self) -> str:
        """The prefix of this network's account identifiers."""
        return prefix_of(self.network.chain_id)

    def entries(self) -> list[Entry]:
        """The address book, by name."""
        return self.book.entries()

    def find(self, text: str) -> Entry:
        """Whom a name, an address in hex or an account identifier means.

        WalletError (`unknown_account`), IdentifierError (`bad_identifier`, `wrong_prefix`).
        """
        return self.book.resolve(text, self.prefix)[0]

    def add_name(self, name: str, address: bytes, scheme: Scheme = Scheme.ED25519) -> Entry:
        """Put a name into the book; WalletError (`name_taken`), BadName."""
        known = self.book.get(check_name(name))
        if known is not None and not known.is_unfinished:
            raise name_taken(known)
        return self.book.put(Entry(name, Address(address), scheme))

    def new_key(self, name: str, scheme: Scheme = Scheme.ED25519, secret: bytes | None = None) -> PrivateKey:
        """Make and store a key for a name; an existing key of that name is used again. BadName."""
        path = self._key_path(check_name(name))
        return load_key(path) if path.exists() else save_key(path, name, secret or new_secret(), scheme)

    def key_of(self, name: str) -> PrivateKey:
        """The key of a name; KeyFileError where it is not kept here, and what `load_key` raises."""
        try:
            return load_key(self._key_path(name))
        except KeyFileError as error:
            if error.name != "key_file_missing":
                raise
            raise KeyFileError(
                f"the key of {name} is not kept in {self.network.keys}: whoever holds it must sign", name=error.name
            ) from error

    def _key_path(self, name: str) -> Path:
        """Where a name's key lies."""
        return key_path(self.network.keys, name)

    def next_number(self, entry: Entry) -> int:
        """The highest next number that any validator knows, past those of transactions still under way from here.

        A validator that catches up knows an old one; signing under it would only be refused.
        """
        numbers: list[int] = []
        answered = False
        for member in self.network.members:
            client = RpcClient([member.rpc], timeout_s=ONE_VALIDATOR_S, chain_id=self.network.chain_id)
            try:
                account = client.call("get_account", entry.address.hex())
            except ConnectionFailed:
                continue
            finally:
                client.close()
            answered = True
            self._ledger_us = max(self._ledger_us, client.timestamp_us)
            if account is not None:
                numbers.append(account["sequence_number"])
        if not answered:
            raise ConnectionFailed("no validator answers: `mithqal localnet status` shows which run")
        if not numbers:
            raise WalletError(f"{entry.name} has no account on the ledger yet", name="unknown_account")
        waiting = [item.transaction.raw for item in self.outbox.open_entries()]
        numbers += [raw.sequence_number + 1 for raw in waiting if raw.sender == entry.address]
        return max(numbers)

    def sign(self, sender: str, function: str, *arguments: Any, fee_currency: str | None) -> SignedTransaction:
        """Sign a call with the sender's next number on the ledger. Without a fee currency the price is 0."""
        entry = self.find(sender)
        number = self.next_number(entry)
        key = self.key_of(entry.name)
        now_secs = max(int(time.time()), self._ledger_us // 1_000_000)
        raw = RawTransaction(
            entry.address, number, Payload(function, tuple(arguments)), GAS_LIMIT,
            0 if fee_currency is None else DEFAULT_GAS_PRICE, fee_currency or "XUS", now_secs + LIFETIME_S,
            self.network.chain_id,
        )  # fmt: skip
        return sign_transaction(raw, key, key.scheme, self.network.genesis_hash)

    def execute(self, tx: SignedTransaction, *, timeout_s: float = 30.0, key: str | None = None) -> dict[str, Any]:
        """Store, submit, wait. Raises RpcFailed if it is refused, WalletError `timed_out` if its outcome is unknown,
        `failed_on_chain` if it ran and failed."""
        began = time.monotonic()
        self.outbox.add(tx, key)
        return self._follow(tx, timeout_s, began)

    def resume(self, tx_hash: bytes, *, timeout_s: float = 30.0) -> dict[str, Any]:
        """Send a stored transaction again, which is harmless, and wait for it."""
        return self._follow(self.outbox.get(tx_hash).transaction, timeout_s, time.monotonic())

    def _follow(self, tx: SignedTransaction, timeout_s: float, began: float) -> dict[str, Any]:
        """Submit until it is accepted, then wait for its version."""
        raw = tx.raw
        try:
            self.client.submit(tx.envelope)
            self.outbox.mark(tx.hash, "submitted")
        except RpcFailed as refusal:
            if refusal.name != "sequence_number_too_old":
                self.outbox.mark(tx.hash, "refused", reason=refusal.message)
                raise
        left = max(0.1, timeout_s - (time.monotonic() - began))
        found = self.client.wait(raw.sender, raw.sequence_number, tx.hash, left)
        if found is None:
            raise WalletError(
                f"not final after {timeout_s:g} s, it may still become so: mithqal tx wait {tx.hash.hex()}",
                name="timed_out",
                hash=tx.hash.hex(),
            )
        if found["hash"] != tx.hash.hex():
            self.outbox.mark(tx.hash, "refused", reason="another transaction used its number")
            raise WalletError(f"another transaction used number {raw.sequence_number}", name="sequence_number_too_old")
        self.outbox.mark(tx.hash, "committed", version=found["version"])
        status = found["vm_status"]
        if status["type"] != "executed":
            reason = (status.get("explanation") or {}).get("reason") or status["type"]
            raise WalletError(
                f"it ran at version {found['version']} and failed: {reason}; the fee was charged",
                name="account_frozen" if reason == "EACCOUNT_FROZEN" else "failed_on_chain",
                version=found["version"],
                reason=reason,
                code=status.get("abort_code"),
            )
        return {
            "version": found["version"],
            "hash": found["hash"],
            "status": "executed",
            "final_s": round(time.monotonic() - began, 3),
            "fee": found["gas_used"] * raw.gas_unit_price,
            "fee_currency": raw.gas_currency,
        }
