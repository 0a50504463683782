"""Refund: pay back, from the payee of a payment to its payer, with metadata that names the payment's version.

All refunds of a payment together are at most what was paid: those on the ledger count, and those under way from here.
One refund at a time is decided on in a network directory.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from chain.light_client import refuse
from chain.metadata import MetadataError, Refund, RefundReason, decode_metadata, encode_metadata
from chain.primitives import SECOND_US, U64_MAX
from chain.transaction import SignedTransaction
from node.client.amounts import format_amount
from node.client.files import locked
from node.client.payments.pay import (
    Details,
    Transfer,
    check_key,
    check_receipt_file,
    check_same,
    check_transfer,
    details_of,
    first_answer,
    follow,
    sign_transfer,
)
from node.client.payments.payment_call import PAYMENT, payment_in
from node.client.sending.outbox import OutboxEntry
from node.client.verifying import VerifyingClient
from node.client.wallets.book import WalletError
from node.client.wallets.evidence import proved_transaction
from node.client.wallets.lookups import client_of, freshest_account
from node.client.wallets.wallet import Wallet

LOCK_FILE = ".refunds.lock"
PAGE = 500
"""Transactions a look at the ledger."""
REASONS = {
    "other": RefundReason.OTHER,
    "invalid-subaddress": RefundReason.INVALID_SUBADDRESS,
    "user-partial": RefundReason.USER_PARTIAL,
    "user-full": RefundReason.USER_FULL,
    "invalid-reference-id": RefundReason.INVALID_REFERENCE_ID,
}
Json = dict[str, Any]


class Original(NamedTuple):
    """The payment that is refunded."""

    version: int
    payer: bytes
    payee: bytes
    amount: int
    currency: str


class Sent(NamedTuple):
    """An earlier refund of it."""

    amount: int
    where: str
    """Its version, or its hash while it is under way."""
    is_final: bool


def refund(  # noqa: PLR0913 - every argument is a choice of whoever refunds
    wallet: Wallet, version: int, *, amount: int | None = None, reason: RefundReason | None = None,
    attest: bool = False, key: str | None = None, timeout_s: float = 30.0, receipt_file: Path | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Pay back a payment, or what is left of it: the refund's receipt, as `payments.pay` gives it.

    Raises WalletError (`unknown_transaction`, `not_a_payment`, `refund_too_large`), KeyFileError (`key_file_missing`
    unless the payee's key is here), and what `payments.pay` raises.
    """
    check_key(key)
    check_receipt_file(receipt_file)
    original = find_original(wallet, version)
    with locked(wallet.network.directory / LOCK_FILE):
        first = wallet.outbox.by_key(key) if key is not None else None
        tx = _sign(wallet, original, amount, reason, attest=attest, key=key) if first is None else None
    if tx is not None:
        return follow(wallet, tx, key=key, timeout_s=timeout_s, receipt_file=receipt_file)
    assert first is not None
    _check_repeat(wallet, first, original, amount)
    return first_answer(wallet, first, timeout_s=timeout_s, receipt_file=receipt_file)


def _sign(
    wallet: Wallet, original: Original, asked: int | None, reason: RefundReason | None, *, attest: bool, key: str | None
) -> SignedTransaction:  # fmt: skip
    """Decide how much goes back, sign and keep it; inside of the lock."""
    payee = wallet.find(original.payee.hex())
    wallet.key_of(payee.name)
    amount = _amount(wallet, original, asked, list(earlier_refunds(wallet, original)))
    if reason is None:
        reason = RefundReason.USER_FULL if amount == original.amount else RefundReason.USER_PARTIAL
    metadata = encode_metadata(Refund(original.version, reason))
    transfer = Transfer(payee, original.payer, amount, original.currency, metadata, attest)
    return sign_transfer(wallet, transfer, check_transfer(wallet, transfer), key)


def find_original(wallet: Wallet, version: int) -> Original:
    """The payment at a version; WalletError (`unknown_transaction`, `not_a_payment`)."""
    row = proved_transaction(wallet, str(version)) if version <= U64_MAX else None
    if row is None:
        raise WalletError(f"the ledger has no version {version} yet", name="unknown_transaction")
    found = row.claim["transaction"]
    script = found.get("script", {})
    if script.get("function_name") != PAYMENT:
        what = script.get("function_name", found["type"])
        raise _not_a_payment(version, f"is no payment but {what}")
    if row.claim["status"] != "executed":
        raise _not_a_payment(version, "is a payment that failed and moved nothing")
    refunded = _refund_of(bytes.fromhex(script["metadata"]))
    if refunded is not None:
        raise _not_a_payment(version, f"is a refund itself, of version {refunded}")
    if found["sender"] == script["receiver"]:
        raise _not_a_payment(version, "is a payment from an account to itself")
    return Original(
        version, bytes.fromhex(found["sender"]), bytes.fromhex(script["receiver"]), script["amount"], script["currency"]
    )


def earlier_refunds(wallet: Wallet, original: Original) -> Iterator[Sent]:
    """Refunds of a payment by its payee: on the ledger, proved and complete, and those that are under way from here.

    ProofError if a validator keeps one back.
    """
    seen = set()
    member, account = freshest_account(wallet, original.payee)
    client = client_of(wallet, member)
    try:
        reader = VerifyingClient(client, wallet.network.waypoint)
        proved, told = (0 if item is None else int(item["sequence_number"]) for item in (
            reader.call("get_account", original.payee.hex()), account,
        ))  # fmt: skip
        if proved < told:
            refuse("answer", f"a validator tells of {told} transactions and proves {proved}", "hidden")
        stop = proved
        while stop > 0:
            start = max(0, stop - PAGE)
            call = ("get_account_transactions", original.payee.hex(), start, stop - start, False)
            rows: list[Json] = reader.call(*call)
            for row in reversed(rows):
                seen.add(row["hash"])
                if row["vm_status"]["type"] == "executed" and _is_refund(original, row["transaction"]["script"]):
                    yield Sent(row["transaction"]["script"]["amount"], f"version {row['version']}", is_final=True)
            if rows and rows[0]["version"] < original.version:
                break
            stop = start
        now_secs = max(client.timestamp_us, wallet.client.timestamp_us) // SECOND_US
    finally:
        client.close()
    for item in wallet.outbox.open_entries(original.payee):
        found = details_of(wallet, item.transaction)
        if found is None or (found.payer, found.refund_of) != (original.payee, original.version):
            continue
        if item.hash.hex() not in seen and item.transaction.raw.expiration_secs > now_secs:
            yield Sent(found.amount, item.hash.hex(), is_final=False)


def _is_refund(original: Original, script: Json) -> bool:
    """Whether a call of the payee sends this payment's money back."""
    return (
        script.get("function_name") == PAYMENT
        and _refund_of(bytes.fromhex(script["metadata"])) == original.version
        and (script["receiver"], script["currency"]) == (original.payer.hex(), original.currency)
    )


def _refund_of(metadata: bytes) -> int | None:
    """The version that metadata refunds."""
    try:
        value = decode_metadata(metadata)
    except MetadataError:
        return None
    return value.transaction_version if isinstance(value, Refund) else None


def _amount(wallet: Wallet, original: Original, asked: int | None, earlier: list[Sent]) -> int:
    """How much is sent back; WalletError (`refund_too_large`) for more than is left."""
    left = original.amount - sum(item.amount for item in earlier)
    amount = left if asked is None else asked
    if 0 < amount <= left:
        return amount
    payer, payee = (wallet.find(address.hex()).name for address in (original.payer, original.payee))
    paid = f"{format_amount(original.amount)} {original.currency}"
    words = f"version {original.version} paid {paid} from {payer} to {payee}"
    if earlier:
        places = ", ".join(item.where for item in reversed(earlier))
        words += f", {format_amount(original.amount - left)} went back at {places}"
    words += f": {format_amount(max(0, left))} can be refunded"
    if asked is not None:
        words += f", not {format_amount(asked)}"
    waiting = next((item for item in earlier if not item.is_final), None)
    if waiting is not None:
        words += f"; one is still under way: mithqal tx wait {waiting.where}"
    raise WalletError(words, name="refund_too_large", paid=original.amount, left=max(0, left), asked=asked)


def _check_repeat(wallet: Wallet, first: OutboxEntry, original: Original, amount: int | None) -> None:
    """WalletError (`id_used`) unless the first one refunds the same payment, and as much if it is said how much."""
    call = payment_in(first.transaction)
    if amount is None and call is not None:
        amount = call.amount
    wanted = (original.payee, original.payer, amount or 0, original.currency, None, None, original.version)
    check_same(wallet, first, Details(*wanted))


def _not_a_payment(version: int, why: str) -> WalletError:
    return WalletError(f"version {version} {why}: there is nothing to refund", name="not_a_payment", version=version)
