"""Receipts: what was paid, with the memo's text and salt, so that whoever holds the file can check it.

`check_receipt` needs nothing but the file: the memo is the one that the payment's metadata commits to. With
`check_on_ledger` the payment itself is compared with what a validator has at that version.
"""

import json
from pathlib import Path
from typing import Any, NoReturn, Protocol

from chain.crypto.signing import Scheme
from chain.errors import MithqalError
from chain.identifiers import decode_identifier, encode_identifier
from chain.metadata import Metadata, MetadataError, Refund, TravelRule, decode_metadata
from chain.transaction import SignedTransaction
from node.client.files import write_all_durably, write_durably
from node.client.payments.memos import Memo, commitment_in, is_opened_by, memo_of
from node.client.payments.payment_call import PAYMENT, payments_in
from node.client.sending.journal import Journal
from node.client.wallets.book import WalletError
from node.client.wallets.wallet import Wallet

FOLDER = "receipts"
"""Below the network's directory: one file a payment, named by its hash."""
KIND = "mithqal payment"
FORMAT = 2
MAX_FILE_BYTES = 65_536
NONE = type(None)
FIELDS: dict[str, tuple[type, ...]] = {
    "receipt": (str,), "format": (int,), "chain_id": (int,), "genesis_hash": (str,), "version": (int,), "hash": (str,),
    "payment": (int, NONE), "status": (str,), "final_s": (float, int, NONE), "fee": (int,), "fee_currency": (str,),
    "fee_payer": (str, NONE), "payer": (dict,), "payee": (dict,), "amount": (int,), "currency": (str,),
    "scheme": (str,), "metadata": (str,), "memo": (dict, NONE), "reference_id": (str, NONE),
    "refund_of": (int, NONE), "attested": (bool,),
}  # fmt: skip
"""Exactly these, in this order, of exactly these types. `payment` is the place in a batch (from 0), where `fee` is that
of all its payments together; `fee_payer` is the address of a sponsor."""
PARTY = ("name", "address", "identifier")
MEMO = ("text", "salt")
"""Texts, all of them."""
Receipt = dict[str, Any]


class Ledger(Protocol):
    """Who tells what the ledger has: `VerifyingClient`, or a validator that is trusted."""

    def call(self, method: str, *params: Any) -> Any:
        """The result of one call of JSON-RPC."""


def receipt_path(wallet: Wallet, tx_hash: bytes, place: int | None = None) -> Path:
    """Where the receipt of a payment, or of one in a batch, is kept."""
    folder = wallet.network.directory / FOLDER
    return folder / (f"{tx_hash.hex()}.json" if place is None else f"{tx_hash.hex()}/{place:03d}.json")


def make_receipt(wallet: Wallet, tx: SignedTransaction, done: dict[str, Any], place: int | None = None) -> Receipt:
    """The receipt of an executed payment, or of the one at a place of a batch; `done` is what `Wallet.execute` gave."""
    assert (place is None) == (tx.raw.payload.function == PAYMENT), "receipts are of payments"
    call = payments_in(tx)[place or 0]
    memo, said = _memo_of(wallet, tx, call.metadata), _read_metadata(call.metadata)
    return {
        "receipt": KIND,
        "format": FORMAT,
        "chain_id": wallet.network.chain_id,
        "genesis_hash": wallet.network.genesis_hash.hex(),
        **{key: done[key] for key in ("version", "hash")},
        "payment": place,
        **{key: done[key] for key in ("status", "final_s", "fee", "fee_currency")},
        "fee_payer": tx.raw.fee_payer.hex() or None,
        "payer": _party(wallet, tx.raw.sender),
        "payee": _party(wallet, call.payee),
        "amount": call.amount,
        "currency": call.currency,
        "scheme": Scheme(tx.scheme).name.lower(),
        "metadata": call.metadata.hex(),
        "memo": None if memo is None else {"text": memo.text, "salt": memo.salt.hex()},
        "reference_id": said.off_chain_reference_id if isinstance(said, TravelRule) else None,
        "refund_of": said.transaction_version if isinstance(said, Refund) else None,
        "attested": bool(call.metadata_signature),
    }


def _memo_of(wallet: Wallet, tx: SignedTransaction, metadata: bytes) -> Memo | None:
    """The payment's memo, kept beside the keys or, of a row of a payment file, in the journal."""
    found = Journal(wallet.outbox).memo_of(tx.hash)
    if found is None:
        return memo_of(wallet.network.keys, metadata)
    memo = Memo(found[0], bytes.fromhex(found[1]))
    return memo if is_opened_by(metadata, memo) else None


def write_receipt(path: Path, receipt: Receipt) -> None:
    """Write a receipt, whole or not at all. Raises OSError."""
    write_durably(path, _text(receipt))


def _text(receipt: Receipt) -> str:
    return json.dumps(receipt, indent=2) + "\n"


def write_batch_receipts(wallet: Wallet, tx: SignedTransaction, done: dict[str, Any]) -> Path:
    """Write the receipt of each payment of a batch that is not there yet; the folder. Raises OSError."""
    places = [place for place in range(len(payments_in(tx))) if not receipt_path(wallet, tx.hash, place).exists()]
    write_all_durably({
        receipt_path(wallet, tx.hash, place): _text(make_receipt(wallet, tx, done, place)) for place in places
    })  # fmt: skip
    return receipt_path(wallet, tx.hash, 0).parent


def read_receipt(path: Path) -> Receipt:
    """The receipt in a file, whose shape and memo are checked; WalletError (`no_receipt`, `bad_receipt`)."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise WalletError(f"{path} cannot be read: {error.strerror}", name="no_receipt") from error
    try:
        value = json.loads(data) if len(data) <= MAX_FILE_BYTES else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        _bad("form", f"{path} is no receipt: not a JSON object of at most {MAX_FILE_BYTES} bytes")
    check_receipt(value)
    return value


def check_receipt(receipt: Receipt) -> None:
    """WalletError (`bad_receipt`, whose `step` says where) unless the receipt agrees with itself:

    its fields, each party's address and identifier, and the memo, the reference and the refund with the metadata.
    """
    if set(receipt) != set(FIELDS) or (receipt["receipt"], receipt["format"]) != (KIND, FORMAT):
        _bad("form", f"not the fields of a receipt of format {FORMAT}: {', '.join(FIELDS)}")
    wrong = [name for name, kinds in FIELDS.items() if type(receipt[name]) not in kinds]
    wrong += [name for name in ("payer", "payee") if name not in wrong and not _are_texts(receipt[name], PARTY)]
    wrong += ["memo"] if type(receipt["memo"]) is dict and not _are_texts(receipt["memo"], MEMO) else []
    if wrong:
        _bad("form", f"fields of a wrong type or shape: {', '.join(wrong)}")
    _check_parties(receipt)
    metadata, memo = _bytes_of(receipt["metadata"]), receipt["memo"]
    if metadata is None:
        _bad("metadata", "the metadata is not small hex digits")
    salt = None if memo is None else _bytes_of(memo["salt"])
    if memo is not None and (salt is None or not is_opened_by(metadata, Memo(memo["text"], salt))):
        _bad("memo", "the memo is not the one that the payment commits to: its text or salt was changed")
    _check_metadata(receipt, metadata)


def check_on_ledger(client: Ledger, receipt: Receipt) -> None:
    """WalletError (`bad_receipt`) unless a validator has exactly this payment, executed, at its version."""
    about = client.call("get_metadata")
    if (about["chain_id"], about["genesis_hash"]) != (receipt["chain_id"], receipt["genesis_hash"]):
        _bad("network", f"it is of the network {receipt['genesis_hash']}, this one is {about['genesis_hash']}")
    rows = client.call("get_transactions", receipt["version"], 1, False)
    if not rows:
        _bad("version", f"the ledger has no version {receipt['version']} yet")
    found = rows[0]["transaction"]
    script = _call_in(found.get("script", {}), receipt["payment"])
    there = {
        "hash": rows[0]["hash"], "status": rows[0]["vm_status"]["type"], "payer": found.get("sender"),
        "payee": script.get("payee"), "amount": script.get("amount"), "currency": script.get("currency"),
        "metadata": script.get("metadata"), "attested": bool(script.get("metadata_signature")),
        "fee": rows[0]["gas_used"] * found.get("gas_unit_price", 0), "fee_currency": found.get("gas_currency"),
        "fee_payer": found.get("fee_payer") or None,
    }  # fmt: skip
    for name, value in there.items():
        said = receipt[name]["address"] if name in ("payer", "payee") else receipt[name]
        if said != value:
            _bad(name, f"it says {said} as {name}, version {receipt['version']} of the ledger has {value}")


def _call_in(script: dict[str, Any], place: int | None) -> dict[str, Any]:
    """The arguments of a payment, or of the one at a place of a batch; empty if the call makes no such payment."""
    arguments: dict[str, Any] = script.get("named_arguments", {})
    if place is None:
        return arguments if script.get("function_name") == PAYMENT else {}
    payments = arguments.get("payments", [])
    found: dict[str, Any] = payments[place] if 0 <= place < len(payments) else {}
    return found


def _are_texts(value: dict[str, Any], names: tuple[str, ...]) -> bool:
    """Whether an object has exactly these fields, all of them texts."""
    return set(value) == set(names) and all(type(item) is str for item in value.values())


def _bytes_of(text: str) -> bytes | None:
    """The bytes of small hex digits."""
    try:
        data = bytes.fromhex(text)
    except ValueError:
        return None
    return data if data.hex() == text else None


def _check_parties(receipt: Receipt) -> None:
    """Each party's identifier names its address."""
    for side in ("payer", "payee"):
        try:
            identifier = decode_identifier(receipt[side]["identifier"])
        except MithqalError as error:
            _bad(side, f"{side}: {error.message}")
        if identifier.address.hex() != receipt[side]["address"]:
            _bad(side, f"the identifier of the {side} is not that of its address")


def _check_metadata(receipt: Receipt, metadata: bytes) -> None:
    """What the receipt says of the metadata is in it."""
    said = _read_metadata(metadata)
    refers = said.off_chain_reference_id if isinstance(said, TravelRule) else None
    refunds = said.transaction_version if isinstance(said, Refund) else None
    if receipt["reference_id"] != refers:
        _bad("reference_id", "the reference id is not the one in the metadata")
    if receipt["refund_of"] != refunds:
        _bad("refund_of", "the metadata does not refund that version")


def _read_metadata(metadata: bytes) -> Metadata | None:
    try:
        return decode_metadata(metadata)
    except MetadataError:
        return None


def _party(wallet: Wallet, address: bytes) -> dict[str, str]:
    """A party by its name here (or its address), its address and its identifier."""
    entry = wallet.find(address.hex())
    return {
        "name": entry.name,
        "address": address.hex(),
        "identifier": encode_identifier(address, None, wallet.prefix),
    }


def has_hidden_memo(receipt: Receipt) -> bool:
    """Whether the payment commits to something that the receipt does not open."""
    return receipt["memo"] is None and commitment_in(bytes.fromhex(receipt["metadata"])) is not None


def _bad(step: str, message: str) -> NoReturn:
    raise WalletError(message, name="bad_receipt", step=step)
