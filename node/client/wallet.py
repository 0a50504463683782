"""People's side of a network directory: names, keys, and transactions that are signed once and followed to the end.

Names live in the local address book only, never on chain. A signed transaction is stored before it leaves, so that
whatever happens it can be asked about or sent again, and is never made twice.
"""

import json
import time
from pathlib import Path
from typing import Any, NamedTuple

from chain.crypto.signing import PrivateKey, Scheme
from chain.errors import MithqalError
from chain.limits import DEFAULT_GAS_PRICE, MIN_GAS_UNITS
from chain.primitives import Address
from chain.transaction import Payload, RawTransaction, SignedTransaction, sign_transaction
from node.client.network import Network
from node.client.outbox import Outbox
from node.client.rpc import ConnectionFailed, RpcClient, RpcFailed
from node.keystore import load_key, new_secret, save_key

BOOK_FILE = "addresses.json"
GAS_LIMIT = 10 * MIN_GAS_UNITS
LIFETIME_S = 3_600
ONE_VALIDATOR_S = 2.0
"""How long one validator may take to tell a number."""
TREASURY_NAME = "treasury"


class WalletError(MithqalError):
    """A name or payment that cannot be."""

    name = "wallet"


class Entry(NamedTuple):
    """One line of the address book."""

    name: str
    address: Address
    scheme: Scheme


class Wallet:
    """Signs for the names of one network's address book."""

    def __init__(self, network: Network) -> None:
        """Open the book; no validator is asked yet."""
        self.network = network
        self._path = network.directory / BOOK_FILE
        self.client = RpcClient([member.rpc for member in network.members], chain_id=network.chain_id)
        self._ledger_us = 0
        self.outbox = Outbox(network.directory / "outbox")

    def entries(self) -> list[Entry]:
        """The address book, by name."""
        if not self._path.exists():
            return []
        book = json.loads(self._path.read_text(encoding="utf-8"))
        return [
            Entry(name, Address(bytes.fromhex(item["address"])), Scheme[item["scheme"].upper()])
            for name, item in sorted(book.items())
        ]

    def find(self, name: str) -> Entry:
        """A name's entry, or an address in hex; WalletError (`unknown_account`)."""
        for entry in self.entries():
            if entry.name == name:
                return entry
        if len(name) == 32 and all(char in "0123456789abcdef" for char in name):
            return Entry(name, Address(bytes.fromhex(name)), Scheme.ED25519)
        raise WalletError(f"no account is called {name!r}: `mithqal account list` names all", name="unknown_account")

    def add_name(self, name: str, address: bytes, scheme: Scheme = Scheme.ED25519) -> Entry:
        """Put a name into the book; WalletError (`name_taken`)."""
        entries = self.entries()
        if any(entry.name == name for entry in entries):
            raise WalletError(f"{name!r} is in the address book already", name="name_taken")
        entries.append(Entry(name, Address(address), scheme))
        book = {entry.name: {"address": entry.address.hex(), "scheme": entry.scheme.name.lower()} for entry in entries}
        temporary = self._path.with_suffix(".tmp")
        temporary.write_text(json.dumps(book, indent=1, sort_keys=True), encoding="utf-8")
        temporary.replace(self._path)
        return Entry(name, Address(address), scheme)

    def new_key(self, name: str, scheme: Scheme = Scheme.ED25519, secret: bytes | None = None) -> PrivateKey:
        """Make and store a key for a name; an existing key of that name is used again."""
        path = self._key_path(name)
        return load_key(path) if path.exists() else save_key(path, name, secret or new_secret(), scheme)

    def _key_path(self, name: str) -> Path:
        """Where a name's key lies: the treasury's with the root keys, the others in a folder of their own."""
        if name == TREASURY_NAME:
            return self.network.keys / "treasury.json"
        return self.network.keys / "accounts" / f"{name}.json"

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

    def key_of(self, name: str) -> PrivateKey:
        """The key of a name; KeyFileError where it is not kept here."""
        return load_key(self._key_path(name))

    def build(
        self, sender: Entry, function: str, *arguments: Any, fee_currency: str | None, number: int | None = None
    ) -> RawTransaction:
        """A call that nobody signed yet, under the sender's next number on the ledger. Without a fee currency the
        price is 0."""
        number = self.next_number(sender) if number is None else number
        now_secs = max(int(time.time()), self._ledger_us // 1_000_000)
        return RawTransaction(
            sender.address, number, Payload(function, tuple(arguments)), GAS_LIMIT,
            0 if fee_currency is None else DEFAULT_GAS_PRICE, fee_currency or "XUS", now_secs + LIFETIME_S,
            self.network.chain_id,
        )  # fmt: skip

    def sign_raw(self, raw: RawTransaction, key: PrivateKey) -> SignedTransaction:
        """Sign for this network."""
        return sign_transaction(raw, key, key.scheme, self.network.genesis_hash)

    def sign(self, sender: str, function: str, *arguments: Any, fee_currency: str | None) -> SignedTransaction:
        """Build and sign a call with the sender's key."""
        raw = self.build(self.find(sender), function, *arguments, fee_currency=fee_currency)
        return self.sign_raw(raw, self.key_of(sender))

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
        try:
            self.client.submit(tx.envelope)
            self.outbox.mark(tx.hash, "submitted")
        except RpcFailed as refusal:
            if refusal.name != "sequence_number_too_old":
                self.outbox.mark(tx.hash, "refused", reason=refusal.message)
                raise
        return self.wait_final(tx, timeout_s, began)

    def wait_final(self, tx: SignedTransaction, timeout_s: float, began: float) -> dict[str, Any]:
        """Wait for a submitted transaction until `timeout_s` after `began` (monotonic)."""
        raw = tx.raw
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
        return conclude(found, time.monotonic() - began)


def conclude(found: dict[str, Any], seconds: float) -> dict[str, Any]:
    """The result of a user transaction as the ledger has it; WalletError (`failed_on_chain`, `account_frozen`)."""
    status = found["vm_status"]
    if status["type"] != "executed":
        explanation = status.get("explanation") or {}
        reason = explanation.get("reason") or status["type"]
        raise WalletError(
            f"it ran at version {found['version']} and failed: {reason}; the fee was charged",
            name="account_frozen" if reason == "EACCOUNT_FROZEN" else "failed_on_chain",
            version=found["version"],
            reason=reason,
            code=status.get("abort_code"),
        )
    transaction = found["transaction"]
    return {
        "version": found["version"],
        "hash": found["hash"],
        "status": "executed",
        "final_s": round(seconds, 3),
        "fee": found["gas_used"] * transaction["gas_unit_price"],
        "fee_currency": transaction["gas_currency"],
    }
