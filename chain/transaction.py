"""Transactions: envelope, raw transaction, payload, authenticator; bytes to value and back.

A payload calls one function by name with typed arguments, as Libra's script functions do; `FUNCTIONS` is the table that
the codec, the executor, the command line and the documents share (docs/protocol.md, T1 to T8).
"""

from enum import Enum
from typing import NamedTuple

from chain.codec import Value, decode, encode, fields, sized
from chain.crypto.hashing import Hasher, signing_message
from chain.crypto.signing import SignatureCheck, Signer
from chain.errors import DecodeError
from chain.limits import MAX_TRANSACTION_BYTES
from chain.primitives import Address, Hash

ENVELOPE_NATIVE = 0
"""Envelope kind of our own transactions; 1 is reserved for Diem's BCS (design decision 5)."""

_hash_transaction = Hasher("Transaction")


class Kind(Enum):
    """Types of a payload's arguments."""

    ADDRESS = "address"
    """16 bytes."""
    U64 = "u64"
    """0 .. 2^64-1."""
    BYTES = "bytes"
    """Any bytes; the executor bounds them."""
    TEXT = "text"
    """UTF-8 text; the executor bounds it."""
    BOOL = "bool"
    HASH = "hash"
    """32 bytes."""
    CURRENCY = "currency"
    """A currency code as text."""


class Function(NamedTuple):
    """One callable function: Libra's module, and its parameters in order."""

    module: str
    parameters: tuple[tuple[str, Kind], ...]


def _function(module: str, *parameters: str) -> Function:
    """Read parameters written as "name:kind"."""
    pairs = [item.split(":") for item in parameters]
    return Function(module, tuple((name, Kind(kind)) for name, kind in pairs))


FUNCTIONS: dict[str, Function] = {
    "peer_to_peer_with_metadata": _function(
        "PaymentScripts",
        "currency:currency",
        "payee:address",
        "amount:u64",
        "metadata:bytes",
        "metadata_signature:bytes",
    ),
    "create_child_vasp_account": _function(
        "AccountCreationScripts",
        "currency:currency",
        "child_address:address",
        "auth_key_prefix:bytes",
        "add_all_currencies:bool",
        "child_initial_balance:u64",
    ),
    "create_parent_vasp_account": _function(
        "AccountCreationScripts",
        "currency:currency",
        "sliding_nonce:u64",
        "new_address:address",
        "auth_key_prefix:bytes",
        "human_name:text",
        "add_all_currencies:bool",
    ),
    "create_designated_dealer": _function(
        "AccountCreationScripts",
        "currency:currency",
        "sliding_nonce:u64",
        "address:address",
        "auth_key_prefix:bytes",
        "human_name:text",
        "add_all_currencies:bool",
    ),
    "add_currency_to_account": _function("AccountAdministrationScripts", "currency:currency"),
    "rotate_authentication_key": _function("AccountAdministrationScripts", "new_key:bytes"),
    "rotate_dual_attestation_info": _function("AccountAdministrationScripts", "new_url:bytes", "new_key:bytes"),
    "tiered_mint": _function(
        "TreasuryComplianceScripts",
        "currency:currency",
        "sliding_nonce:u64",
        "designated_dealer_address:address",
        "mint_amount:u64",
        "tier_index:u64",
        "receipt_id:hash",
        "receipt_signature:bytes",
    ),
    "preburn": _function("TreasuryComplianceScripts", "currency:currency", "amount:u64"),
    "burn_with_amount": _function(
        "TreasuryComplianceScripts",
        "currency:currency",
        "sliding_nonce:u64",
        "preburn_address:address",
        "amount:u64",
    ),
    "cancel_burn_with_amount": _function(
        "TreasuryComplianceScripts", "currency:currency", "preburn_address:address", "amount:u64"
    ),
    "freeze_account": _function("TreasuryComplianceScripts", "sliding_nonce:u64", "to_freeze_account:address"),
    "unfreeze_account": _function("TreasuryComplianceScripts", "sliding_nonce:u64", "to_unfreeze_account:address"),
    "update_dual_attestation_limit": _function(
        "TreasuryComplianceScripts", "sliding_nonce:u64", "new_micro_xdx_limit:u64"
    ),
    "update_exchange_rate": _function(
        "TreasuryComplianceScripts",
        "currency:currency",
        "sliding_nonce:u64",
        "new_exchange_rate_numerator:u64",
        "new_exchange_rate_denominator:u64",
    ),
    "update_minting_ability": _function("TreasuryComplianceScripts", "currency:currency", "allow_minting:bool"),
}

_PYTHON_TYPE: dict[Kind, type] = {
    Kind.ADDRESS: bytes, Kind.U64: int, Kind.BYTES: bytes, Kind.TEXT: str, Kind.BOOL: bool, Kind.HASH: bytes,
    Kind.CURRENCY: str,
}  # fmt: skip
_FIXED_SIZE: dict[Kind, int] = {Kind.ADDRESS: 16, Kind.HASH: 32}
_ARGUMENT_TYPES: dict[str, tuple[type, ...]] = {
    name: tuple(_PYTHON_TYPE[kind] for _, kind in function.parameters) for name, function in FUNCTIONS.items()
}
_SIZED_ARGUMENTS: dict[str, list[tuple[int, int, str]]] = {
    name: [
        (position, _FIXED_SIZE[kind], f"{name}: {parameter}")
        for position, (parameter, kind) in enumerate(function.parameters)
        if kind in _FIXED_SIZE
    ]
    for name, function in FUNCTIONS.items()
}
"""Position, bytes, and what it is, of each argument with a fixed size."""


class Payload(NamedTuple):
    """A call: the function's name and its arguments in the order of `FUNCTIONS`."""

    function: str
    arguments: tuple[Value, ...]

    def argument(self, name: str) -> Value:
        """The argument of that parameter name; KeyError if the function has none."""
        for (parameter, _), value in zip(FUNCTIONS[self.function].parameters, self.arguments, strict=True):
            if parameter == name:
                return value
        raise KeyError(name)


class RawTransaction(NamedTuple):
    """What a sender signs (Libra's field order)."""

    sender: Address
    sequence_number: int
    payload: Payload
    max_gas_amount: int
    gas_unit_price: int
    gas_currency: str
    expiration_secs: int
    chain_id: int

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode((
            self.sender, self.sequence_number, (self.payload.function, self.payload.arguments), self.max_gas_amount,
            self.gas_unit_price, self.gas_currency, self.expiration_secs, self.chain_id,
        ))  # fmt: skip


class SignedTransaction(NamedTuple):
    """A transaction as it arrived: parsed fields beside the exact bytes that were signed and enveloped."""

    raw: RawTransaction
    raw_bytes: bytes
    scheme: int
    public_key: bytes
    signature: bytes
    envelope: bytes
    hash: Hash

    def check(self, genesis_hash: bytes) -> SignatureCheck:
        """The question for the signature port."""
        message = signing_message("RawTransaction", genesis_hash, self.raw_bytes)
        return SignatureCheck(self.scheme, self.public_key, message, self.signature)


def transaction_hash(envelope: bytes) -> Hash:
    """A transaction's hash covers its whole envelope (T3)."""
    return _hash_transaction(envelope)


def sign_transaction(raw: RawTransaction, key: Signer, scheme: int, genesis_hash: bytes) -> SignedTransaction:
    """Sign and put into an envelope."""
    raw_bytes = raw.to_bytes()
    signature = key.sign(signing_message("RawTransaction", genesis_hash, raw_bytes))
    envelope = encode((ENVELOPE_NATIVE, encode((raw_bytes, int(scheme), key.public_key, signature))))
    tx_hash = transaction_hash(envelope)
    return SignedTransaction(raw, raw_bytes, int(scheme), key.public_key, signature, envelope, tx_hash)


def decode_transaction(envelope: bytes) -> SignedTransaction:
    """Parse an envelope; DecodeError if it is too large, of an unknown kind, not canonical or wrongly typed."""
    if len(envelope) > MAX_TRANSACTION_BYTES:
        raise DecodeError(
            f"a transaction of {len(envelope)} bytes is above the limit of {MAX_TRANSACTION_BYTES}",
            name="exceeded_max_transaction_size", size=len(envelope),
        )  # fmt: skip
    kind, body = fields(decode(envelope), "envelope", int, bytes)
    if kind != ENVELOPE_NATIVE:
        raise DecodeError(f"envelope kind {kind} is not known to this chain", name="unknown_envelope", kind=kind)
    raw_bytes, scheme, public_key, signature = fields(decode(body), "signed transaction", bytes, int, bytes, bytes)
    raw = decode_raw(raw_bytes)
    return SignedTransaction(raw, raw_bytes, scheme, public_key, signature, envelope, transaction_hash(envelope))


def decode_raw(data: bytes) -> RawTransaction:
    """Parse a raw transaction; DecodeError if not canonical or wrongly typed."""
    sender, number, payload, max_gas, price, currency, expiration, chain_id = fields(
        decode(data), "raw transaction", bytes, int, tuple, int, int, str, int, int
    )
    sized(sender, 16, "sender")
    return RawTransaction(
        sender,
        number,
        _decode_payload(payload),
        max_gas,
        price,
        currency,
        expiration,
        chain_id,
    )


def _decode_payload(value: Value) -> Payload:
    """Check a payload against its function's parameters."""
    name, arguments = fields(value, "payload", str, tuple)
    kinds = _ARGUMENT_TYPES.get(name)
    if kinds is None:
        raise DecodeError(f"no function is called {str(name)[:64]!r}", name="unknown_function")
    fields(arguments, f"arguments of {name}", *kinds)
    for position, size, parameter in _SIZED_ARGUMENTS[name]:
        sized(arguments[position], size, parameter)
    return Payload(name, arguments)
