"""Pay: check what can be checked, sign once, keep it, follow it to its end, write the receipt.

A caller's own id makes a repeat harmless: the same payment again is answered by what became of the first one, whatever
that was; another payment under a used id is refused (docs/protocol.md, A3 to A5).
"""

import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from chain.errors import MithqalError
from chain.metadata import (
    General,
    MetadataError,
    Refund,
    TravelRule,
    UnstructuredBytes,
    decode_metadata,
    encode_metadata,
)
from chain.primitives import SECOND_US
from chain.transaction import SignedTransaction
from node.client.payments.memos import Memo, keep_memo, memo_of, new_memo
from node.client.payments.payment_call import PAYMENT, payment_in, payments_in
from node.client.payments.receipts import (
    make_receipt,
    read_receipt,
    receipt_path,
    write_batch_receipts,
    write_receipt,
)
from node.client.payments.refusals import explained
from node.client.rpc import RpcFailed
from node.client.sending.outbox import FINAL, OutboxEntry, OutboxError
from node.client.wallets.attestation import attest
from node.client.wallets.book import Entry, WalletError
from node.client.wallets.evidence import proved_transaction, used_number
from node.client.wallets.lookups import account_at, check_currency
from node.client.wallets.submission import send
from node.client.wallets.wallet import AT_ONCE, Conditions, Wallet, conclude

MAX_KEY = 200
"""Characters of a caller's own id."""


class Order(NamedTuple):
    """What somebody asks to be paid: names, addresses or identifiers; micro-units."""

    payer: str
    payee: str
    amount: int
    currency: str
    memo: str | None = None
    attest: bool = False
    valid_from_secs: int = 0
    """The ledger's time before which it shall not be paid."""
    sponsor: str | None = None
    """Who pays the fee, and signs for it."""
    fee_currency: str | None = None
    """What the fee is paid in; None: what is paid."""


class Details(NamedTuple):
    """What tells one payment from another under the same id."""

    payer: bytes
    payee: bytes
    amount: int
    currency: str
    memo: str | None
    to_subaddress: bytes | None
    refund_of: int | None


class Transfer(NamedTuple):
    """What is signed: who pays whom, and what goes with it."""

    payer: Entry
    payee: bytes
    amount: int
    currency: str
    metadata: bytes
    attest: bool
    fee_currency: str | None = None
    """None: `currency`."""
    conditions: Conditions = AT_ONCE


def pay(
    wallet: Wallet, order: Order, *, key: str | None = None, timeout_s: float = 30.0, receipt_file: Path | None = None
) -> dict[str, Any]:
    """Make a payment and wait until it is final: its receipt, with `receipt_file` and `repeated`.

    A scheduled one (`order.valid_from_secs`) is not waited for: see `schedule`. `key` is the caller's own id. Raises
    WalletError (`unknown_account`, `unknown_currency`, `same_account`, `bad_id`, `metadata_conflict`,
    `no_compliance_key`, `wrong_chain`, `waits_for_scheduled`, `timed_out`, `failed_on_chain`, `account_frozen`, the
    rule that refused it), IdentifierError, MetadataError (`bad_memo`), KeyFileError, OutboxError (`id_used`),
    ConnectionFailed.
    """
    check_key(key)
    check_receipt_file(receipt_file)
    payer, from_subaddress = wallet.book.resolve(order.payer, wallet.prefix)
    payee, to_subaddress = wallet.book.resolve(order.payee, wallet.prefix)
    if payer.address == payee.address:
        raise WalletError(f"{order.payer} and {order.payee} are one account: nothing would move", name="same_account")
    memo, text = new_memo(order.memo) if order.memo else None, order.memo or None
    wanted = Details(payer.address, payee.address, order.amount, order.currency, text, to_subaddress, None)
    first = _first(wallet, key, wanted)
    if first is not None:
        return first_answer(wallet, first, timeout_s=timeout_s, receipt_file=receipt_file)
    metadata = metadata_of(order, memo, to_subaddress, from_subaddress)
    conditions = Conditions(order.valid_from_secs, None if order.sponsor is None else wallet.find(order.sponsor))
    transfer = Transfer(
        payer, payee.address, order.amount, order.currency, metadata, order.attest, order.fee_currency, conditions
    )
    signature = check_transfer(wallet, transfer)
    if memo is not None:
        keep_memo(wallet.network.keys, memo)
    try:
        tx = sign_transfer(wallet, transfer, signature, key)
    except OutboxError:
        first = _first(wallet, key, wanted)  # another process used the id at the same time
        if first is None:
            raise
        return first_answer(wallet, first, timeout_s=timeout_s, receipt_file=receipt_file)
    return follow(wallet, tx, key=key, timeout_s=timeout_s, receipt_file=receipt_file)


def _first(wallet: Wallet, key: str | None, wanted: Details) -> OutboxEntry | None:
    """The payment that has the id already, if it is the one that is wanted; WalletError (`id_used`) otherwise."""
    first = wallet.outbox.by_key(key) if key is not None else None
    if first is not None:
        check_same(wallet, first, wanted)
    return first


def check_key(key: str | None) -> None:
    """WalletError (`bad_id`) unless an id is printable and not too long."""
    if key is not None and not (1 <= len(key) <= MAX_KEY and key.isprintable()):
        raise WalletError(f"an id has 1 to {MAX_KEY} printable characters", name="bad_id")


def check_receipt_file(path: Path | None) -> None:
    """WalletError (`receipt_unwritable`) for a file that could not be written after the payment."""
    if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
        raise WalletError(f"no receipt can be written to {path}: its folder must exist", name="receipt_unwritable")


def check_network(wallet: Wallet, currencies: Iterable[str]) -> tuple[dict[str, int], int]:
    """WalletError (`wrong_chain`, `unknown_currency`) unless the validators are of this network and have the coins.

    Gives each coin's rate (32-bit fixed point) and the limit of attestation, micro-XDX.
    """
    about, known = _all_good(wallet.client.batch([("get_metadata", []), ("get_currencies", [])]))
    if about["genesis_hash"] != wallet.network.genesis_hash.hex():
        raise WalletError(
            f"the validators are of the network {about['genesis_hash']}, network.json says"
            f" {wallet.network.genesis_hash.hex()}: nothing was signed",
            name="wrong_chain",
        )
    for code in currencies:
        check_currency(code, [item["code"] for item in known])
    return {item["code"]: item["rate_fixed_point32"] for item in known}, about["dual_attestation_limit"]


def check_transfer(wallet: Wallet, transfer: Transfer) -> bytes:
    """Ask the ledger whether chain, currency and parties are there; the receiving provider's signature if asked for."""
    check_network(wallet, [code for code in (transfer.currency, transfer.fee_currency) if code is not None])
    _require_account(wallet, transfer.payer.address)
    payee = _require_account(wallet, transfer.payee)
    if not transfer.attest:
        return b""
    return attest(
        wallet, payee, payer=transfer.payer.address, amount=transfer.amount, metadata=transfer.metadata
    )  # fmt: skip


def sign_transfer(wallet: Wallet, transfer: Transfer, signature: bytes, key: str | None) -> SignedTransaction:
    """Sign and keep in the outbox, under the caller's own id; without a fee currency the fee is in what is paid."""
    arguments = (transfer.currency, transfer.payee, transfer.amount, transfer.metadata, signature)
    fee_currency = transfer.currency if transfer.fee_currency is None else transfer.fee_currency
    return wallet.sign(
        transfer.payer.name, PAYMENT, *arguments, fee_currency=fee_currency, key=key, conditions=transfer.conditions
    )


def follow(
    wallet: Wallet, tx: SignedTransaction, *, key: str | None, timeout_s: float, receipt_file: Path | None
) -> dict[str, Any]:  # fmt: skip
    """Submit a payment that is in the outbox, wait for it, write its receipt; `schedule` it if its time is later."""
    if is_scheduled(wallet, tx):
        return {**schedule(wallet, tx, key), "repeated": False}
    try:
        done = wallet.execute(tx, timeout_s=timeout_s, key=key)
    except MithqalError as error:
        hold_key(wallet, tx, key)
        raise explained(wallet, tx, error) from error
    return _with_receipt(wallet, tx, done, receipt_file, repeated=False)


def is_scheduled(wallet: Wallet, tx: SignedTransaction) -> bool:
    """Whether its time has not come."""
    return tx.raw.valid_from_secs > max(int(time.time()), wallet.client.timestamp_us // SECOND_US)


def schedule(wallet: Wallet, tx: SignedTransaction, key: str | None) -> dict[str, Any]:
    """Hand in a transaction whose time is later; nobody waits for it. It stays in the outbox, and `tx wait` hands it in
    again: validators keep what waits in memory only.

    Gives {hash, status: "scheduled", valid_from_secs, expiration_secs}; WalletError with the rule that refuses it.
    """
    try:
        send(wallet, tx)
    except WalletError:
        hold_key(wallet, tx, key)
        raise
    return {
        "hash": tx.hash.hex(), "status": "scheduled", "valid_from_secs": tx.raw.valid_from_secs,
        "expiration_secs": tx.raw.expiration_secs, "receipt_file": None, "problems": [],
    }  # fmt: skip


def hold_key(wallet: Wallet, tx: SignedTransaction, key: str | None) -> None:
    """A refused payment keeps its id, so that a repeat is answered and not paid."""
    if key is not None and wallet.outbox.by_key(key) is None:
        wallet.outbox.add(tx, key)


def first_answer(
    wallet: Wallet, first: OutboxEntry, *, timeout_s: float = 30.0, receipt_file: Path | None = None
) -> dict[str, Any]:
    """What became of a payment that was signed before: nothing is signed, and only an open one is sent again."""
    if first.status not in FINAL and is_scheduled(wallet, first.transaction):
        return {**schedule(wallet, first.transaction, first.key), "repeated": True}
    done = first_outcome(wallet, first, timeout_s)
    return _with_receipt(wallet, first.transaction, done, receipt_file, repeated=True)


def first_outcome(wallet: Wallet, first: OutboxEntry, timeout_s: float) -> dict[str, Any]:
    """What became of a transaction that was signed before, as `Wallet.execute` gives it, or raises it."""
    tx = first.transaction
    seen = used_number(wallet, tx.raw.sender, tx.raw.sequence_number)
    found = None if seen is None or seen.hash != first.hash else proved_transaction(wallet, first.hash.hex())
    try:
        if found is not None:
            wallet.outbox.mark(first.hash, "committed", version=found.claim["version"])
            done = {**conclude(found.claim, 0.0), "final_s": None}
        elif first.status in FINAL and first.status != "committed":
            raise _refused_before(first)
        else:
            done = wallet.resume(first.hash, timeout_s=timeout_s)
    except MithqalError as error:
        if error.name == "timed_out":
            raise
        hold_key(wallet, tx, first.key)
        raise _of_first(first, error) from error
    return done


def keep_receipt(wallet: Wallet, tx_hash: bytes, done: dict[str, Any]) -> Path | None:
    """Write the receipt of a payment that was signed here and has become final since; where it is, if it is one. Of a
    batch the receipts of its payments: their folder."""
    if not wallet.outbox.has(tx_hash):
        return None
    tx = wallet.outbox.get(tx_hash).transaction
    if not payments_in(tx):
        return None
    if payment_in(tx) is None:
        return write_batch_receipts(wallet, tx, {"final_s": None, **done})
    return Path(_with_receipt(wallet, tx, done, None, repeated=True)["receipt_file"])


def _all_good(results: list[Any]) -> list[Any]:
    """The results of a batch; raises the first refusal."""
    for result in results:
        if isinstance(result, RpcFailed):
            raise result
    return results


def _require_account(wallet: Wallet, address: bytes) -> dict[str, Any]:
    """The account on the ledger; WalletError (`unknown_account`) with what to do about it."""
    found: dict[str, Any] | None = account_at(wallet, address)
    if found is None:
        entry = wallet.find(address.hex())
        hint = f": mithqal account create {entry.name}" if entry.is_unfinished else ""
        raise WalletError(f"{entry.name} has no account on the ledger yet{hint}", name="unknown_account")
    return found


def metadata_of(order: Order, memo: Memo | None, to: bytes | None, from_: bytes | None) -> bytes:
    """A payment carries one thing: the reference of an attested one, a commitment to a memo, or subaddresses (N6)."""
    if (to or from_) and (order.attest or memo is not None):
        raise WalletError(
            "a payment carries one thing beside its amount: a subaddress, or a memo or the reference of --attest;"
            " pay without --memo and --attest, or to the account itself",
            name="metadata_conflict",
        )
    if order.attest:
        return encode_metadata(TravelRule(str(uuid.uuid4()) if memo is None else memo.commitment.hex()))
    if memo is not None:
        return encode_metadata(UnstructuredBytes(memo.commitment))
    return encode_metadata(General(to, from_)) if to or from_ else b""


def check_same(wallet: Wallet, first: OutboxEntry, wanted: Details) -> None:
    """WalletError (`id_used`) unless the first payment is the one that is asked for again (whether attested or not)."""
    if details_of(wallet, first.transaction) != wanted:
        raise WalletError(
            f"the id {first.key!r} is that of another payment, {first.hash.hex()}: choose another id", name="id_used",
            hash=first.hash.hex(),
        )  # fmt: skip


def details_of(wallet: Wallet, tx: SignedTransaction) -> Details | None:
    """What somebody asked for who made this payment; None for what is no payment."""
    call = payment_in(tx)
    if call is None:
        return None
    memo = memo_of(wallet.network.keys, call.metadata)
    try:
        said = decode_metadata(call.metadata) if call.metadata else None
    except MetadataError:
        return None
    return Details(
        tx.raw.sender, call.payee, call.amount, call.currency, None if memo is None else memo.text,
        said.to_subaddress if isinstance(said, General) else None,
        said.transaction_version if isinstance(said, Refund) else None,
    )  # fmt: skip


def _refused_before(first: OutboxEntry) -> WalletError:
    """What the outbox knows of a payment that will never run; the name is the rule that refused it."""
    if first.status == "expired":
        return WalletError("it expired before it was on the ledger", name="transaction_expired")
    reason = str(first.note.get("reason", "refused"))
    rule = first.note.get("rule") or reason.partition(":")[0].lower()
    known = isinstance(rule, str) and rule.isidentifier()
    return WalletError(reason, name=rule if known else "sequence_number_too_old")


def _of_first(first: OutboxEntry, error: MithqalError) -> MithqalError:
    """The outcome of an earlier payment, told as such: this time nothing was tried."""
    words = f"the payment with the id {first.key!r} was made before, and this is what became of it: {error.message}"
    details = {**error.details, "hash": first.hash.hex()}
    return WalletError(f"{words} (to try again, use another id)", name=error.name, **details)


def _with_receipt(
    wallet: Wallet, tx: SignedTransaction, done: dict[str, Any], file: Path | None, *, repeated: bool
) -> dict[str, Any]:  # fmt: skip
    """Write the receipt where receipts are kept, and to the file that was asked for; what cannot be written is said."""
    kept = receipt_path(wallet, tx.hash)
    if repeated and kept.exists():
        try:
            done = {**done, "final_s": read_receipt(kept)["final_s"]}
        except WalletError:
            pass  # spoilt: it is written anew
    receipt = make_receipt(wallet, tx, done)
    problems = []
    for path in (kept, file):
        try:
            if path is not None:
                write_receipt(path, receipt)
        except OSError as error:
            problems.append(f"{path} cannot be written: {error.strerror}")
    return {**receipt, "receipt_file": str(file or kept), "repeated": repeated, "problems": problems}
