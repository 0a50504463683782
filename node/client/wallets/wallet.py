"""People's side of a network directory: names, keys, and transactions that are signed once and followed to the end.

Names live in the local address book only, never on chain. A signed transaction is stored before it leaves, so that
whatever happens it can be asked about or sent again, and is never made twice.
"""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from chain.crypto.multi import MultiKey
from chain.crypto.schemes import MULTI_KEY_SCHEMES
from chain.crypto.signing import PrivateKey, Scheme
from chain.execution.gas import SIGNATURE_SHARE, payload_gas
from chain.execution.outcome import POLICY_REASONS
from chain.identifiers import prefix_of
from chain.limits import DEFAULT_GAS_PRICE, MIN_GAS_UNITS
from chain.primitives import SECOND_US, Address
from chain.transaction import (
    Payload,
    RawTransaction,
    SignedTransaction,
    sign_transaction,
)
from node.client.network import Network
from node.client.rpc import BadAnswer, ConnectionFailed, RpcClient
from node.client.sending.batch import execute_all
from node.client.sending.gateway import Gateway
from node.client.sending.outbox import Outbox
from node.client.sending.pipeline import Outcome
from node.client.sending.views import proved_views
from node.client.times import show_time
from node.client.wallets.book import AddressBook, Entry, WalletError, name_taken
from node.client.wallets.holders import AccountKey, signing_key, threshold_cost
from node.client.wallets.names import GENESIS_ADDRESSES, TREASURY_NAME, check_name, key_path
from node.keystore import KeyFileError, load_any, load_key, new_secret, save_key

__all__ = ["TREASURY_NAME", "Entry", "Wallet", "WalletError", "conclude", "told"]

BOOK_FILE = "addresses.json"
GAS_LIMIT = 10 * MIN_GAS_UNITS
LIFETIME_S = 3_600
ONE_VALIDATOR_S = 2.0
"""How long one validator may take to tell a number."""


class Conditions(NamedTuple):
    """What a transaction says beside its call."""

    valid_from_secs: int = 0
    """The ledger's time before which it does not run (scheduled); it then expires LIFETIME_S later."""
    sponsor: Entry | None = None
    """Who signs too and pays the fee."""
    others: tuple[Entry, ...] = ()
    """Who else signs, in their order, before the sponsor."""

    @property
    def secondaries(self) -> tuple[Entry, ...]:
        """Everybody who signs beside the sender, the sponsor last (T11, T14)."""
        return self.others if self.sponsor is None else (*self.others, self.sponsor)


GAS_BOUNDS = (
    "max_gas_units_exceeds_max_gas_units_bound", "max_gas_units_below_min_transaction_gas_units",
    "gas_unit_price_below_min_bound", "gas_unit_price_above_max_bound",
)  # fmt: skip
"""Rules of gas that governance sets. What a wallet offers is fixed: no validator can make it pay more by saying so."""
AT_ONCE = Conditions()
"""Runs as soon as it can, and its sender pays."""


class Wallet:
    """Signs for the names of one network's address book."""

    def __init__(self, network: Network) -> None:
        """Open the book; no validator is asked yet."""
        self.network = network
        self.book = AddressBook(network.directory / BOOK_FILE)
        self.client = RpcClient([member.rpc for member in network.members], chain_id=network.chain_id)
        self._ledger_us = 0
        self._gateway: Gateway | None = None
        self.outbox = Outbox(network.directory / "outbox")

    @property
    def prefix(self) -> str:
        """The prefix of this network's account identifiers."""
        return prefix_of(self.network.chain_id)

    def close(self) -> None:
        """End the connections to validators; the next call opens new ones."""
        self.client.close()
        if self._gateway is not None:
            self._gateway.close()
            self._gateway = None

    # --- names and keys ---

    def entries(self) -> list[Entry]:
        """The address book, by name."""
        return self.book.entries()

    def find(self, text: str) -> Entry:
        """Whom a name, an address in hex or an account identifier means.

        WalletError (`unknown_account`), IdentifierError (`bad_identifier`, `wrong_prefix`).
        """
        if text in GENESIS_ADDRESSES and self.book.get(text) is None:
            return Entry(text, GENESIS_ADDRESSES[text], Scheme.ED25519)
        return self.book.resolve(text, self.prefix)[0]

    def add_name(
        self, name: str, address: bytes, scheme: Scheme = Scheme.ED25519, *, role: str | None = None,
        provider: str | None = None,
    ) -> Entry:  # fmt: skip
        """Put a name into the book; WalletError (`name_taken`), BadName."""
        known = self.book.get(check_name(name))
        if known is not None and not known.is_unfinished:
            raise name_taken(known)
        return self.book.put(Entry(name, Address(address), scheme, role, provider))

    def new_key(self, name: str, scheme: Scheme = Scheme.ED25519, secret: bytes | None = None) -> PrivateKey:
        """Make and store a key for a name; an existing key of that name is used again. BadName."""
        path = self._key_path(check_name(name))
        return load_key(path) if path.exists() else save_key(path, name, secret or new_secret(), scheme)

    def key_of(self, name: str) -> AccountKey:
        """The key of a name, of K-of-N with K of its holders' keys; KeyFileError where it is not kept here, and what
        `signing_key` raises."""
        try:
            return signing_key(self._key_path(name), self.network.keys)
        except KeyFileError as error:
            if error.name != "key_file_missing":
                raise
            raise KeyFileError(
                f"there is no key file {self._key_path(name)}: whoever holds the key of {name} must sign",
                name=error.name,
            ) from error

    def public_key_of(self, name: str) -> PrivateKey | MultiKey | None:
        """The key of a name, whether or not one can sign with it here; None without a file. Raises as `load_any`."""
        path = self._key_path(name)
        return load_any(path) if path.exists() else None

    def gas_limit(self, entry: Entry) -> int:
        """What wallets offer for a call; more where the signatures of a K-of-N key make it cost more."""
        if entry.scheme not in MULTI_KEY_SCHEMES:
            return GAS_LIMIT
        return GAS_LIMIT + SIGNATURE_SHARE * threshold_cost(self.public_key_of(entry.name))

    def gas_of_others(self, conditions: Conditions) -> int:
        """What the signatures of those who sign beside the sender may cost."""
        return SIGNATURE_SHARE * sum(
            [threshold_cost(self.public_key_of(one.name)) for one in conditions.secondaries]
        )  # fmt: skip

    def _key_path(self, name: str) -> Path:
        """Where a name's key lies."""
        return key_path(self.network.keys, name)

    # --- signing ---

    def next_number(self, entry: Entry) -> int:
        """The lowest number that neither the ledger (as the furthest validator knows it) nor a transaction under way
        from here has used. It stays free only inside of the outbox's `writing`; `sign` chooses and keeps at once."""
        return self.outbox.free_numbers(entry.address, self.ledger_next(entry), 1)[0]

    def ledger_next(self, entry: Entry) -> int:
        """The highest next number that any validator knows; open transactions that have expired unused are marked.

        A validator that catches up knows an old one; signing under it would only be refused.
        """
        views = self._chain().accounts(entry.address)
        self._ledger_us = max(self._ledger_us, *(view.time_us for view in views))
        known = [view for view in views if view.exists]
        for view in known:
            self._mark_expired(entry, view.next_number, view.time_us // SECOND_US)
        if not known:
            raise WalletError(f"{entry.name} has no account on the ledger yet", name="unknown_account")
        return max(view.next_number for view in known)

    def _mark_expired(self, entry: Entry, next_number: int, now_secs: int) -> None:
        """What has a number that was unused when its time had passed can never run."""
        for item in self.outbox.open_entries(entry.address):
            raw = item.transaction.raw
            if raw.sequence_number >= next_number and raw.expiration_secs <= now_secs:
                self.outbox.mark(item.hash, "expired")

    def sign(
        self, sender: str, function: str, *arguments: Any, fee_currency: str | None, key: str | None = None,
        conditions: Conditions = AT_ONCE,
    ) -> SignedTransaction:  # fmt: skip
        """Sign a call with the sender's next free number, and keep it in the outbox: `execute` it, or `discard` it.

        Without a fee currency the price is 0. `key` is the caller's own name of it; OutboxError (`id_used`). Who
        signs too by the conditions does so with its key; KeyFileError if it is not kept here.
        """
        entry = self.find(sender)
        start = self.ledger_next(entry)
        with self.outbox.writing():
            (number,) = self.outbox.free_numbers(entry.address, start, 1)
            self._check_scheduled(entry, number, conditions)
            raw = self.build(entry, function, *arguments, fee_currency=fee_currency, number=number)
            raw = conditioned(raw, conditions)
            raw = raw._replace(max_gas_amount=raw.max_gas_amount + self.gas_of_others(conditions))
            own = self.key_of(entry.name)
            others = [(one.address, self.key_of(one.name)) for one in conditions.secondaries]
            tx = self.sign_raw(raw, own, others)
            while self.outbox.has(tx.hash):  # the same call was refused in the same second: this one is another
                raw = raw._replace(expiration_secs=raw.expiration_secs + 1)
                tx = self.sign_raw(raw, own, others)
            self.outbox.add(tx, key)
        return tx

    def _check_scheduled(self, entry: Entry, number: int, conditions: Conditions) -> None:
        """WalletError (`waits_for_scheduled`) if the number comes after one that is scheduled for later than this one:
        an account's numbers run in order, so that it would wait too, and might expire."""
        earliest = max(conditions.valid_from_secs, self._ledger_us // SECOND_US, int(time.time()))
        for item in self.outbox.open_entries(entry.address):
            raw = item.transaction.raw
            if raw.sequence_number < number and raw.valid_from_secs > earliest:
                when = show_time(raw.valid_from_secs)
                raise WalletError(
                    f"{entry.name}'s number {raw.sequence_number} is scheduled for {when}, and an account's numbers run"
                    " in order: pay from another account, or with --at that time or later, or take it back:"
                    f" mithqal tx cancel {item.hash.hex()}",
                    name="waits_for_scheduled", hash=item.hash.hex(), valid_from_secs=raw.valid_from_secs,
                )  # fmt: skip

    def sign_numbered(
        self, sender: str | Entry, number: int, function: str, *arguments: Any, fee_currency: str | None,
        expiration_secs: int | None = None, key: AccountKey | None = None,
    ) -> SignedTransaction:  # fmt: skip
        """Sign a call under a number of the caller's choice; nobody is asked and nothing is kept.

        Without a key the sender's is read. Without an expiration it is an hour ahead of the clock, or of the ledger's
        time if that was seen further.
        """
        entry = self.find(sender) if isinstance(sender, str) else sender
        raw = self.build(entry, function, *arguments, fee_currency=fee_currency, number=number)
        if expiration_secs is not None:
            raw = raw._replace(expiration_secs=expiration_secs)
        return self.sign_raw(raw, key or self.key_of(entry.name))

    def build(
        self, sender: Entry, function: str, *arguments: Any, fee_currency: str | None, number: int | None = None
    ) -> RawTransaction:
        """A call that nobody signed yet; without a number under the sender's next free one, which stays free.

        Without a fee currency the price is 0.
        """
        number = self.next_number(sender) if number is None else number
        expiration_secs = max(int(time.time()), self._ledger_us // SECOND_US) + LIFETIME_S
        payload = Payload(function, tuple(arguments))
        return RawTransaction(
            sender.address, number, payload, self.gas_limit(sender) + payload_gas(payload),
            0 if fee_currency is None else DEFAULT_GAS_PRICE, fee_currency or "XUS", expiration_secs,
            self.network.chain_id,
        )  # fmt: skip

    def sign_raw(
        self, raw: RawTransaction, key: AccountKey, others: Sequence[tuple[Address, AccountKey]] = ()
    ) -> SignedTransaction:  # fmt: skip
        """Sign for this network, as the sender and as each secondary signer."""
        return sign_transaction(raw, key, key.scheme, self.network.genesis_hash, others)

    def discard(self, tx: SignedTransaction) -> None:
        """Give up what was signed and has never been handed to `execute`: its number is free again."""
        self.outbox.mark(tx.hash, "refused", reason="discarded before it left")

    # --- executing ---

    def gateway(self) -> Gateway:
        """The validators as one chain, which of them answer is known; ConnectionFailed if none does."""
        chain = self._chain()
        chain.start()
        return chain

    def _chain(self) -> Gateway:
        """The validators, whether they answer or not; made once."""
        if self._gateway is None:
            network = self.network
            views = partial(proved_views, waypoint=network.waypoint)
            self._gateway = Gateway(network.endpoints(), network.chain_id, network.genesis_hash, views)
        return self._gateway

    def execute_all(
        self, txs: Sequence[SignedTransaction], *, timeout_s: float = 60.0, are_new: bool = True
    ) -> list[Outcome]:
        """Store, submit with a window of each sender in flight, follow each to its end; outcomes in order.

        Nothing that happens to a transaction raises (see `sending.pipeline.Outcome`), nor does a network that is
        away: what is stored may leave later. `are_new`: none of these bytes has ever left before.
        """
        chain = self._chain()
        try:
            chain.start()
        except (ConnectionFailed, BadAnswer):
            pass  # the outcomes will tell
        return execute_all(self.outbox, chain, txs, timeout_s=timeout_s, are_new=are_new)

    def execute(self, tx: SignedTransaction, *, timeout_s: float = 30.0, key: str | None = None) -> dict[str, Any]:
        """Store, submit, wait.

        Raises WalletError: the rule's name if it is refused, `timed_out` if its outcome is unknown, `failed_on_chain`
        or `account_frozen` if it ran and failed; OutboxError (`id_used`).
        """
        is_new = not self.outbox.has(tx.hash) or self.outbox.get(tx.hash).status == "stored"
        self.outbox.add(tx, key)
        return told(self.execute_all([tx], timeout_s=timeout_s, are_new=is_new)[0], timeout_s)

    def resume(self, tx_hash: bytes, *, timeout_s: float = 30.0) -> dict[str, Any]:
        """Send a stored transaction again, which is harmless, and wait for it. Raises what `execute` raises, and
        ConnectionFailed."""
        tx = self.outbox.get(tx_hash).transaction
        self.gateway()
        return told(self.execute_all([tx], timeout_s=timeout_s, are_new=False)[0], timeout_s)


def conditioned(raw: RawTransaction, conditions: Conditions) -> RawTransaction:
    """A call under these conditions: a scheduled one lives as long after its start as others after their signature."""
    if conditions.valid_from_secs:
        expires = max(raw.expiration_secs, conditions.valid_from_secs + LIFETIME_S)
        raw = raw._replace(valid_from_secs=conditions.valid_from_secs, expiration_secs=expires)
    return raw if conditions.sponsor is None else raw._replace(fee_payer=conditions.sponsor.address)


def told(outcome: Outcome, timeout_s: float) -> dict[str, Any]:
    """One outcome as {version, hash, status, final_s, fee, fee_currency}; WalletError where it is not executed."""
    tx_hash = outcome.tx.hash.hex()
    raw = outcome.tx.raw
    match outcome.status:
        case "executed":
            return {
                "version": outcome.version, "hash": tx_hash, "status": "executed", "final_s": round(outcome.seconds, 3),
                "fee": outcome.fee, "fee_currency": raw.gas_currency,
            }  # fmt: skip
        case "failed":
            raise _failed(outcome.version, outcome.reason, outcome.code, tx_hash, price=raw.gas_unit_price)
        case "refused":
            assert outcome.rule is not None
            reason = outcome.reason or "refused"
            if outcome.rule in GAS_BOUNDS:
                reason += (
                    "; governance has set this bound (mithqal epoch show), and wallets offer"
                    f" {raw.max_gas_amount} units at {raw.gas_unit_price}: mithqal tx build {raw.payload.function} ..."
                    " --max-gas UNITS --gas-price PRICE, then tx sign and tx submit"
                )
            raise WalletError(reason, name=outcome.rule, code=outcome.code, hash=tx_hash)
        case "expired":
            raise WalletError(
                f"it expired at {raw.expiration_secs} s before it was on the ledger; it can never run",
                name="transaction_expired", hash=tx_hash,
            )  # fmt: skip
        case "displaced":
            raise WalletError(f"{outcome.reason}; it can never run", name="sequence_number_too_old", hash=tx_hash)
        case _:
            last = f" ({outcome.reason})" if outcome.rule is not None else ""
            raise WalletError(
                f"not final after {timeout_s:g} s{last}, it may still become so: mithqal tx wait {tx_hash}",
                name="timed_out", hash=tx_hash,
            )  # fmt: skip


def conclude(found: dict[str, Any], seconds: float) -> dict[str, Any]:
    """The same of the claim of a user transaction's proof, seen `seconds` after its start."""
    transaction = found["transaction"]
    if found["status"] != "executed":
        abort = found.get("abort") or {"reason": None, "code": None}
        reason, price = abort["reason"] or found["status"], transaction["gas_unit_price"]
        raise _failed(found["version"], reason, abort["code"], found["hash"], price=price)
    return {
        "version": found["version"], "hash": found["hash"], "status": "executed", "final_s": round(seconds, 3),
        "fee": found["gas_used"] * transaction["gas_unit_price"], "fee_currency": transaction["gas_currency"],
    }  # fmt: skip


def _failed(version: int | None, reason: str | None, code: int | None, tx_hash: str, *, price: int) -> WalletError:
    """It is on the ledger without effect: `failed_on_chain`, or the name of the policy that refused it."""
    policy = POLICY_REASONS.get(str(reason))
    return WalletError(
        f"it ran at version {version} and failed: {reason}{'' if code is None else f' (mithqal explain {reason})'}; "
        f"{'the fee was charged' if price else 'its price was 0, so that no fee was charged'}",
        name="failed_on_chain" if policy is None else policy,
        version=version, reason=reason, code=code, hash=tx_hash,
    )  # fmt: skip
