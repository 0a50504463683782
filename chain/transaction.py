"""Transactions: envelope, raw transaction, payload, authenticator; bytes to value and back.

A payload calls one function by name with typed arguments, as Libra's script functions do; `FUNCTIONS` is the table that
the codec, the executor, the command line and the documents share (docs/protocol.md, T1 to T8).
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from chain.codec import Value, decode, encode, fields, sized
from chain.crypto.hashing import Hasher, signing_message
from chain.crypto.multi import signature_count, verification_cost
from chain.crypto.signing import SignatureCheck, Signer
from chain.errors import DecodeError
from chain.functions import (
    ARGUMENT_TYPES,
    CHECKED_ARGUMENTS,
    FUNCTIONS,
    MAX_BYTES,
    SIZED_ARGUMENTS,
    max_bytes_of,
)
from chain.limits import MAX_BATCH_BYTES, MAX_TRANSACTION_BYTES
from chain.primitives import Address, Hash

ENVELOPE_NATIVE = 0
"""Envelope kind of our own transactions; 1 is reserved for Diem's BCS (design decision 5)."""

_NAME_WITHIN = 128
"""A function's name stands within so many bytes from an envelope's start: sender and number go before it."""
_LARGE = tuple([name.encode() for name in MAX_BYTES])

SIGNED_FIELDS = 4
"""Raw bytes, scheme, key, signature; a fifth field holds secondary signers."""

_hash_transaction = Hasher("Transaction")


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
    """What a sender signs: Libra's fields in Libra's order, then ours."""

    sender: Address
    sequence_number: int
    payload: Payload
    max_gas_amount: int
    gas_unit_price: int
    gas_currency: str
    expiration_secs: int
    chain_id: int
    valid_from_secs: int = 0
    """Ledger time before which it does not run; 0: at once."""
    fee_payer: bytes = b""
    """The secondary signer that pays the fee; empty: the sender does."""

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode((
            self.sender, self.sequence_number, (self.payload.function, self.payload.arguments), self.max_gas_amount,
            self.gas_unit_price, self.gas_currency, self.expiration_secs, self.chain_id, self.valid_from_secs,
            self.fee_payer,
        ))  # fmt: skip


class Authenticator(NamedTuple):
    """One signer's key and signature, as the bytes of a scheme."""

    scheme: int
    public_key: bytes
    signature: bytes


class Secondary(NamedTuple):
    """A further signer of a multi-agent transaction (DIP-169): its address, then its authenticator."""

    address: Address
    scheme: int
    public_key: bytes
    signature: bytes


class SignedTransaction(NamedTuple):
    """A transaction as it arrived: parsed fields beside the exact bytes that were signed and enveloped."""

    raw: RawTransaction
    raw_bytes: bytes
    scheme: int
    public_key: bytes
    signature: bytes
    secondaries: tuple[Secondary, ...]
    """The other signers, in the order that everybody signed; empty for most transactions."""
    envelope: bytes
    hash: Hash

    def checks(self, genesis_hash: bytes) -> tuple[SignatureCheck, ...]:
        """The questions for the signature port: the sender's, then each secondary signer's."""
        message = message_to_sign(self.raw_bytes, [other.address for other in self.secondaries], genesis_hash)
        sender = SignatureCheck(self.scheme, self.public_key, message, self.signature)
        if not self.secondaries:
            return (sender,)
        return (sender, *(SignatureCheck(key[1], key[2], message, key[3]) for key in self.secondaries))

    @property
    def verification_cost(self) -> int:
        """What all its signatures cost to verify, in verifications of Ed25519 (K11)."""
        cost = verification_cost(self.scheme, self.public_key, self.signature)
        if self.secondaries:
            cost += sum([verification_cost(*other[1:]) for other in self.secondaries])
        return cost

    @property
    def signature_count(self) -> int:
        """How many single signatures all signers gave together (K10)."""
        own = signature_count(self.scheme, self.signature)
        return own + sum([signature_count(other.scheme, other.signature) for other in self.secondaries])


def message_to_sign(raw_bytes: bytes, secondaries: Sequence[bytes], genesis_hash: bytes) -> bytes:
    """What every signer signs (T9): the raw transaction, with the secondary signers' addresses if there are any."""
    if not secondaries:
        return signing_message("RawTransaction", genesis_hash, raw_bytes)
    return signing_message("RawTransactionWithData", genesis_hash, encode((raw_bytes, tuple(secondaries))))


def transaction_hash(envelope: bytes) -> Hash:
    """A transaction's hash covers its whole envelope (T3)."""
    return _hash_transaction(envelope)


class SchemedSigner(Signer, Protocol):
    """A signer that knows its scheme: a private key, or enough of a K-of-N key."""

    @property
    def scheme(self) -> int:
        """The scheme's byte."""


def sign_transaction(
    raw: RawTransaction,
    key: Signer,
    scheme: int,
    genesis_hash: bytes,
    others: Sequence[tuple[Address, SchemedSigner]] = (),
) -> SignedTransaction:
    """Sign as the sender, and as each secondary signer (its address and key), and put into an envelope (T9)."""
    message = message_to_sign(raw.to_bytes(), [address for address, _ in others], genesis_hash)
    sender = Authenticator(int(scheme), key.public_key, key.sign(message))
    return assemble(
        raw,
        sender,
        [Secondary(address, int(other.scheme), other.public_key, other.sign(message)) for address, other in others],
    )


def assemble(raw: RawTransaction, sender: Authenticator, secondaries: Sequence[Secondary] = ()) -> SignedTransaction:
    """Put signatures that exist into an envelope; whether they verify is for `SignedTransaction.checks`."""
    raw_bytes = raw.to_bytes()
    body: tuple[Value, ...] = (raw_bytes, *sender)
    if secondaries:
        body = (*body, tuple(tuple(other) for other in secondaries))
    envelope = encode((ENVELOPE_NATIVE, encode(body)))
    return SignedTransaction(raw, raw_bytes, *sender, tuple(secondaries), envelope, transaction_hash(envelope))


def decode_transaction(envelope: bytes) -> SignedTransaction:
    """Parse an envelope; DecodeError if it is too large, of an unknown kind, not canonical or wrongly typed."""
    if len(envelope) > MAX_TRANSACTION_BYTES:
        _check_size(envelope, MAX_BATCH_BYTES if _may_be_large(envelope) else MAX_TRANSACTION_BYTES)
    kind, body = fields(decode(envelope), "envelope", int, bytes)
    if kind != ENVELOPE_NATIVE:
        raise DecodeError(f"envelope kind {kind} is not known to this chain", name="unknown_envelope", kind=kind)
    value = decode(body)
    secondaries: tuple[Secondary, ...] = ()
    if type(value) is tuple and len(value) == SIGNED_FIELDS + 1:
        secondaries = _read_secondaries(value[SIGNED_FIELDS])
        value = value[:SIGNED_FIELDS]
    raw_bytes, scheme, public_key, signature = fields(value, "signed transaction", bytes, int, bytes, bytes)
    raw = decode_raw(raw_bytes)
    _check_size(envelope, max_bytes_of(raw.payload.function))
    tx_hash = transaction_hash(envelope)
    return SignedTransaction(raw, raw_bytes, scheme, public_key, signature, secondaries, envelope, tx_hash)


def _may_be_large(envelope: bytes) -> bool:
    """Whether the name of a function with more room stands where names stand; nothing is decoded for the answer."""
    return any(name in envelope[:_NAME_WITHIN] for name in _LARGE)


def _check_size(envelope: bytes, limit: int) -> None:
    """T4: before anything is allocated by what the bytes may be, then by the function that they call."""
    if len(envelope) > limit:
        raise DecodeError(
            f"a transaction of {len(envelope)} bytes is above the limit of {limit}",
            name="exceeded_max_transaction_size", size=len(envelope), limit=limit,
        )  # fmt: skip


def _read_secondaries(value: Value) -> tuple[Secondary, ...]:
    """The secondary signers of a multi-agent transaction: at least one, else the field is left out (T9)."""
    if type(value) is not tuple or not value:
        raise DecodeError("secondary signers are a list of at least one", name="wrong_shape")
    found = []
    for row in value:
        address, scheme, public_key, signature = fields(row, "secondary signer", bytes, int, bytes, bytes)
        found.append(Secondary(Address(sized(address, 16, "secondary signer")), scheme, public_key, signature))
    return tuple(found)


def decode_raw(data: bytes) -> RawTransaction:
    """Parse a raw transaction; DecodeError if not canonical or wrongly typed."""
    sender, number, payload, max_gas, price, currency, expiration, chain_id, valid_from, fee_payer = fields(
        decode(data), "raw transaction", bytes, int, tuple, int, int, str, int, int, int, bytes
    )
    sized(sender, 16, "sender")
    if fee_payer:
        sized(fee_payer, 16, "fee payer")
    return RawTransaction(
        sender,
        number,
        _decode_payload(payload),
        max_gas,
        price,
        currency,
        expiration,
        chain_id,
        valid_from,
        fee_payer,
    )


def _decode_payload(value: Value) -> Payload:
    """Check a payload against its function's parameters."""
    name, arguments = fields(value, "payload", str, tuple)
    kinds = ARGUMENT_TYPES.get(name)
    if kinds is None:
        raise DecodeError(f"no function is called {str(name)[:64]!r}", name="unknown_function")
    fields(arguments, f"arguments of {name}", *kinds)
    for position, size, parameter in SIZED_ARGUMENTS[name]:
        sized(arguments[position], size, parameter)
    for position, check, parameter in CHECKED_ARGUMENTS[name]:
        check(arguments[position], parameter)
    return Payload(name, arguments)
