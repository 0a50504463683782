"""Transactions as files, for keys that never meet the network: built here, signed there, submitted from anywhere.

A file holds what people read beside the exact bytes that count. Whoever reads one derives the readable part from the
bytes again and refuses a file in which the two differ. Amounts are micro-units.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from chain.accounts import ASSOCIATION, TREASURY
from chain.codec import Value
from chain.crypto.signing import Scheme
from chain.errors import MithqalError
from chain.execution.gas import BATCH
from chain.functions import FUNCTIONS, PAYMENT_PARAMETERS, Kind
from chain.limits import MAX_BATCH_PAYMENTS
from chain.primitives import U64_MAX
from chain.transaction import (
    RawTransaction,
    SignedTransaction,
    decode_raw,
    decode_transaction,
    sign_transaction,
)
from node.client.wallets.holders import AccountKey
from node.client.wallets.wallet import LIFETIME_S, Conditions, Wallet, WalletError, conditioned

FORMAT = 1
RAW, PARTIAL, SIGNED = "raw_transaction", "partial_transaction", "signed_transaction"
UNIT = "micro-units"
MAX_FILE_BYTES = 512 << 10
"""A batch of 64 KiB in hex, and its payments once more as people read them."""
DEFAULTS: Mapping[str, Value] = {
    "sliding_nonce": 0, "tier_index": 0, "metadata": b"", "metadata_signature": b"", "add_all_currencies": True,
    "child_initial_balance": 0,
}  # fmt: skip
"""Arguments that need not be given."""

_SIGNED_ALREADY = "it is signed already: mithqal tx submit"
_NEEDED = {
    (RAW, SIGNED): _SIGNED_ALREADY,
    (PARTIAL, SIGNED): _SIGNED_ALREADY,
    (SIGNED, RAW): "sign it first: mithqal tx sign",
    (SIGNED, PARTIAL): "signatures are missing: mithqal tx sign",
    (RAW, PARTIAL): "several sign it: mithqal tx sign",
    (PARTIAL, RAW): "one signs it alone: mithqal tx sign",
}
"""What to do with a file of another kind than was asked for."""
PAYS_IN_ITS_CURRENCY = ("peer_to_peer_with_metadata", "preburn")
"""Functions whose fee is paid in the currency that they move."""
DEFAULT_FEE_CURRENCY = "XUS"

Json = dict[str, Any]


class TxFileError(MithqalError):
    """A transaction file, or an argument for one, that cannot be used; `name` is the rule."""

    name = "transaction_file_malformed"


class Terms(NamedTuple):
    """What a caller may fix of a transaction; None asks the network, or takes what wallets take."""

    number: int | None = None
    max_gas: int | None = None
    gas_price: int | None = None
    gas_currency: str | None = None
    lifetime_s: int | None = None
    """From now; of a scheduled one from its start."""
    valid_from_secs: int = 0
    fee_payer: str | None = None
    """A name or an address: a secondary signer."""


def build_file(wallet: Wallet, function: str, sender: str, pairs: Iterable[str], terms: Terms) -> Json:
    """The document of an unsigned transaction. Without a number in `terms` the network is asked for the next one.

    The treasury and the association hold no coins: their price is 0 unless it is given. Raises TxFileError as
    `parse_arguments` does, WalletError (`unknown_account`), ConnectionFailed.
    """
    arguments = parse_arguments(function, pairs, lambda name: wallet.find(name).address)
    entry = wallet.find(sender)
    currency = str(arguments[0]) if function in PAYS_IN_ITS_CURRENCY else DEFAULT_FEE_CURRENCY
    if function == BATCH:
        currency = currency_of(arguments[0])
    free = entry.address in (ASSOCIATION, TREASURY)
    raw = wallet.build(
        entry, function, *arguments, fee_currency=None if free else terms.gas_currency or currency, number=terms.number
    )
    sponsor = None if terms.fee_payer is None else wallet.find(terms.fee_payer)
    raw = conditioned(raw, Conditions(terms.valid_from_secs, sponsor))
    if terms.max_gas is not None:
        raw = raw._replace(max_gas_amount=terms.max_gas)
    if terms.gas_price is not None:
        raw = raw._replace(gas_unit_price=terms.gas_price)
    if terms.gas_currency is not None:
        raw = raw._replace(gas_currency=terms.gas_currency)
    if terms.lifetime_s is not None:
        raw = raw._replace(expiration_secs=raw.expiration_secs - LIFETIME_S + terms.lifetime_s)
    return raw_document(raw, wallet.network.genesis_hash)


def sign_file(path: Path, wallet: Wallet | None, key: AccountKey | None) -> Json:
    """Read, check and sign: the document of the signed transaction.

    Signs with `key`, else with the key that `wallet` keeps for the sender, whose network must then be the file's.
    Raises TxFileError as `read_raw` does and `foreign_transaction`, WalletError (`unknown_account`), KeyFileError.
    """
    raw, genesis_hash = read_raw(path)
    if key is None:
        assert wallet is not None
        check_network(wallet, genesis_hash)
        names = [entry.name for entry in wallet.entries() if entry.address == raw.sender]
        if not names:
            raise WalletError(
                f"the address book has no name for the sender {raw.sender.hex()}: give its key with --key FILE",
                name="unknown_account",
            )
        key = wallet.key_of(names[0])
    return signed_document(sign_transaction(raw, key, key.scheme, genesis_hash), genesis_hash)


def check_network(wallet: Wallet, genesis_hash: bytes) -> None:
    """TxFileError (`foreign_transaction`) unless the file is of the wallet's network."""
    if genesis_hash != wallet.network.genesis_hash:
        raise TxFileError(
            f"the transaction is of the network with genesis {genesis_hash.hex()}, this one has"
            f" {wallet.network.genesis_hash.hex()}",
            name="foreign_transaction",
        )


def currency_of(payments: Value) -> str:
    """What a batch's fee is paid in if nobody says so: the currency of its first payment."""
    assert isinstance(payments, tuple)
    first = payments[0]
    assert isinstance(first, tuple)
    return str(first[0])


# --- arguments ---


def parse_arguments(function: str, pairs: Iterable[str], resolve: Callable[[str], bytes]) -> tuple[Value, ...]:
    """Arguments of `function` from texts "name=value", typed by `FUNCTIONS`; `resolve` gives a name's address.

    TxFileError: `unknown_function`, `bad_argument` (unknown, given twice, missing, or no value of its kind).
    """
    if function not in FUNCTIONS:
        raise TxFileError(
            f"no function is called {function[:64]!r}; there are {', '.join(sorted(FUNCTIONS))}",
            name="unknown_function",
        )
    parameters = FUNCTIONS[function].parameters
    wanted = ", ".join(f"{name} ({kind.value})" for name, kind in parameters)
    given: dict[str, str] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or name not in dict(parameters):
            raise _bad_argument(f"{function} takes name=value of: {wanted}; got {pair[:64]!r}", name)
        if name in given:
            raise _bad_argument(f"{name} is given twice", name)
        given[name] = text
    values: list[Value] = []
    for name, kind in parameters:
        if name in given:
            values.append(_parse_value(name, kind, given[name], resolve))
        elif name in DEFAULTS:
            values.append(DEFAULTS[name])
        else:
            raise _bad_argument(f"{name} ({kind.value}) is missing; {function} takes {wanted}", name)
    return tuple(values)


def _parse_value(name: str, kind: Kind, text: str, resolve: Callable[[str], bytes]) -> Value:
    """One text as a value of its kind."""
    match kind:
        case Kind.ADDRESS:
            return resolve(text)
        case Kind.U64:
            if text.isascii() and text.isdigit() and len(text) <= 20 and int(text) <= U64_MAX:
                return int(text)
            raise _bad_argument(f"{name} is a whole number from 0 to {U64_MAX}, in micro-units if an amount", name)
        case Kind.BOOL:
            if text in ("true", "false"):
                return text == "true"
            raise _bad_argument(f"{name} is true or false, got {text[:32]!r}", name)
        case Kind.TEXT | Kind.CURRENCY:
            return text
        case Kind.PAYMENTS:
            return parse_payments(name, text, resolve)
        case Kind.BYTES | Kind.HASH:
            data = _from_hex(text)
            if data is None or (kind is Kind.HASH and len(data) != 32):
                size = "64 hex digits" if kind is Kind.HASH else "hex digits"
                raise _bad_argument(f"{name} is {size}, got {text[:64]!r}", name)
            return data


def parse_payments(name: str, text: str, resolve: Callable[[str], bytes]) -> tuple[Value, ...]:
    """A batch's payments from JSON, or from the JSON file behind an `@`; TxFileError (`bad_argument`).

    Objects of currency, payee, amount (micro-units) and, if they are not empty, metadata and metadata_signature (hex).
    """
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise _bad_argument(f"{name}: {text[1:]} cannot be read: {error}", name) from error
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        rows = None
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_BATCH_PAYMENTS:
        raise _bad_argument(f"{name} is a JSON list of 1 to {MAX_BATCH_PAYMENTS} payments, or @FILE with one", name)
    return tuple([_payment(f"{name}[{place}]", row, resolve) for place, row in enumerate(rows)])


def _payment(name: str, row: object, resolve: Callable[[str], bytes]) -> Value:
    """One payment of a batch."""
    wanted = ", ".join(f"{field} ({kind.value})" for field, kind in PAYMENT_PARAMETERS)
    if not isinstance(row, dict) or not set(row) <= set(dict(PAYMENT_PARAMETERS)):
        raise _bad_argument(f"{name} is an object of {wanted}", name)
    values = []
    for field, kind in PAYMENT_PARAMETERS:
        value = row.get(field, "" if kind is Kind.BYTES else None)
        is_number = kind is Kind.U64 and type(value) is int
        if not is_number and (kind is Kind.U64 or not isinstance(value, str)):
            raise _bad_argument(f"{name}.{field} is missing or no {kind.value}; a payment has {wanted}", name)
        values.append(_parse_value(f"{name}.{field}", kind, str(value), resolve))
    return tuple(values)


def _bad_argument(message: str, argument: str) -> TxFileError:
    """An argument that breaks its kind."""
    return TxFileError(message, name="bad_argument", argument=argument)


def _from_hex(text: object) -> bytes | None:
    """Lower-case hex digits as bytes, else None."""
    if not isinstance(text, str) or not all(char in "0123456789abcdef" for char in text) or len(text) % 2:
        return None
    return bytes.fromhex(text)


# --- files ---


def raw_document(raw: RawTransaction, genesis_hash: bytes) -> Json:
    """The file of a transaction that nobody signed yet."""
    return {
        "format": FORMAT,
        "kind": RAW,
        "unit": UNIT,
        "genesis_hash": genesis_hash.hex(),
        "transaction": readable(raw),
        "bytes": raw.to_bytes().hex(),
    }


def signed_document(tx: SignedTransaction, genesis_hash: bytes) -> Json:
    """The file of a signed transaction; `bytes` is the whole envelope. Other signers follow if there are any."""
    others = [
        {
            "address": other.address.hex(),
            "scheme": _scheme_words(other.scheme),
            "public_key": other.public_key.hex(),
            "signature": other.signature.hex(),
        }
        for other in tx.secondaries
    ]
    return {
        "format": FORMAT,
        "kind": SIGNED,
        "unit": UNIT,
        "genesis_hash": genesis_hash.hex(),
        "hash": tx.hash.hex(),
        "transaction": readable(tx.raw),
        "scheme": _scheme_words(tx.scheme),
        "public_key": tx.public_key.hex(),
        "signature": tx.signature.hex(),
        **({"secondary_signers": others} if others else {}),
        "bytes": tx.envelope.hex(),
    }


def _scheme_words(scheme: int) -> str | int:
    """A scheme by its name, or the number that is none."""
    return Scheme(scheme).name.lower() if scheme in set(Scheme) else scheme


def readable(raw: RawTransaction) -> Json:
    """What people read."""
    names = [name for name, _ in FUNCTIONS[raw.payload.function].parameters]
    values = [_shown(value) for value in raw.payload.arguments]
    return {
        "sender": raw.sender.hex(),
        "sequence_number": raw.sequence_number,
        "function": raw.payload.function,
        "arguments": dict(zip(names, values, strict=True)),
        "max_gas_amount": raw.max_gas_amount,
        "gas_unit_price": raw.gas_unit_price,
        "gas_currency": raw.gas_currency,
        "expiration_timestamp_secs": raw.expiration_secs,
        "valid_from_timestamp_secs": raw.valid_from_secs,
        "fee_payer": raw.fee_payer.hex(),
        "chain_id": raw.chain_id,
    }


def _shown(value: Value) -> Json | str | int | bool | list[Json]:
    """An argument as people read it: bytes in hex, the rows of a batch by their fields."""
    if isinstance(value, tuple):
        names = [name for name, _ in PAYMENT_PARAMETERS]
        return [dict(zip(names, map(_shown, row), strict=True)) for row in value if isinstance(row, tuple)]
    assert value is not None
    return value.hex() if isinstance(value, bytes) else value


def write_file(path: Path, document: Json) -> None:
    """Write a file whole or not at all; TxFileError (`file_unwritable`)."""
    try:
        fd, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)
            file.write("\n")
        Path(temporary).replace(path)
    except OSError as error:
        raise TxFileError(f"{path} cannot be written: {error.strerror}", name="file_unwritable") from error


def read_raw(path: Path) -> tuple[RawTransaction, bytes]:
    """An unsigned transaction and its network's genesis hash.

    TxFileError: `file_unreadable`, `transaction_file_malformed`, `transaction_file_mismatch` (the readable part is
    not what the bytes say; details name the field).
    """
    document, genesis_hash, data = read_document(path, RAW)
    try:
        raw = decode_raw(data)
    except MithqalError as error:
        raise TxFileError(f"{path}: the bytes are no transaction: {error.message}") from error
    compare(path, document, raw_document(raw, genesis_hash))
    return raw, genesis_hash


def read_signed(path: Path) -> tuple[SignedTransaction, bytes]:
    """A signed transaction and its network's genesis hash; errors as of `read_raw`."""
    document, genesis_hash, data = read_document(path, SIGNED)
    try:
        tx = decode_transaction(data)
    except MithqalError as error:
        raise TxFileError(f"{path}: the bytes are no signed transaction: {error.message}") from error
    compare(path, document, signed_document(tx, genesis_hash))
    return tx, genesis_hash


def kind_of(path: Path) -> str:
    """What a transaction file holds: RAW, PARTIAL or SIGNED; TxFileError as `read_raw`."""
    return str(_load(path)["kind"])


def read_document(path: Path, kind: str) -> tuple[Json, bytes, bytes]:
    """The document, its genesis hash and its bytes; TxFileError as `read_raw`, also if it is of another kind."""
    document = _load(path)
    if document["kind"] != kind:
        raise TxFileError(f"{path} holds a {document['kind'].replace('_', ' ')}; {_NEEDED[kind, document['kind']]}")
    genesis_hash, data = _from_hex(document.get("genesis_hash")), _from_hex(document.get("bytes"))
    if document.get("format") != FORMAT or genesis_hash is None or len(genesis_hash) != 32 or data is None:
        raise TxFileError(f"{path} is no transaction file of format {FORMAT} with a genesis hash and bytes in hex")
    return document, genesis_hash, data


def _load(path: Path) -> Json:
    """The JSON object of a file, which names a kind that is known."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise TxFileError(f"{path} cannot be read: {error.strerror}", name="file_unreadable") from error
    try:
        document = json.loads(text) if len(text) <= MAX_FILE_BYTES else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or document.get("kind") not in (RAW, PARTIAL, SIGNED):
        raise TxFileError(f"{path} is no transaction file: mithqal tx build makes one")
    return document


def compare(path: Path, found: Json, derived: Json) -> None:
    """The readable part must be exactly what the bytes say."""
    field = _first_difference(found, derived)
    if field is not None:
        raise TxFileError(
            f"{path}: {field} is not what the bytes say; nothing was signed or sent",
            name="transaction_file_mismatch",
            field=field,
        )


def _first_difference(found: Json, derived: Json, prefix: str = "") -> str | None:
    """The first field, with its path, that is missing, too many, or another value."""
    for field in sorted({*found, *derived}):
        one, other = found.get(field), derived.get(field)
        if isinstance(one, dict) and isinstance(other, dict):
            inner = _first_difference(one, other, f"{prefix}{field}.")
            if inner is not None:
                return inner
        elif field not in found or field not in derived or not _same(one, other):
            return prefix + field
    return None


def _same(one: object, other: object) -> bool:
    """Equal as JSON: 1 is not true, and 1.0 is not 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
