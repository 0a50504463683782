"""Transactions that several people sign one after the other: a file that travels and gathers signatures.

Each signer is listed with its key and the signatures that are there; a K-of-N key needs K of them. Whoever reads the
file derives the readable part from the bytes again, and verifies every signature that it holds.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from chain.crypto.multi import Member, MultiKey, multi_key, read_multi_key, write_multi_signature
from chain.crypto.schemes import MAX_SIGNERS, MULTI_KEY_SCHEMES, SIGNATURE_BYTES, Scheme
from chain.crypto.signing import PrivateKey, address_of, authentication_key, is_valid_public_key, verify
from chain.errors import MithqalError
from chain.primitives import Address
from chain.transaction import (
    Authenticator,
    RawTransaction,
    Secondary,
    SignedTransaction,
    assemble,
    decode_raw,
    message_to_sign,
)
from node.client.operations.txfile import (
    FORMAT,
    PARTIAL,
    UNIT,
    TxFileError,
    compare,
    read_document,
    readable,
    signed_document,
)

Json = dict[str, Any]


class Signer(NamedTuple):
    """One account that must sign, with what it has given so far."""

    address: Address
    scheme: int | None
    """None while its key is not known."""
    public_key: bytes
    signatures: tuple[tuple[int, bytes], ...] = ()
    """Ascending by the place of the key; 0 for a single one."""

    @property
    def members(self) -> tuple[Member, ...]:
        """Its keys; none while they are not known."""
        if self.scheme is None:
            return ()
        several = read_multi_key(self.scheme, self.public_key)
        return (Member(self.scheme, self.public_key),) if several is None else several.members

    @property
    def threshold(self) -> int:
        """How many of its keys must sign."""
        several = None if self.scheme is None else read_multi_key(self.scheme, self.public_key)
        return 1 if several is None else several.threshold

    @property
    def is_complete(self) -> bool:
        """Whether nothing of it is missing."""
        return self.scheme is not None and len(self.signatures) >= self.threshold

    def signature(self) -> bytes:
        """As a transaction carries it."""
        if self.scheme in MULTI_KEY_SCHEMES:
            return write_multi_signature(dict(self.signatures))
        return self.signatures[0][1]


class Partial(NamedTuple):
    """A transaction on its way; the sender is the first signer."""

    raw: RawTransaction
    genesis_hash: bytes
    signers: tuple[Signer, ...]

    @property
    def message(self) -> bytes:
        """What everybody signs."""
        others = [signer.address for signer in self.signers[1:]]
        return message_to_sign(self.raw.to_bytes(), others, self.genesis_hash)

    @property
    def is_complete(self) -> bool:
        """Whether it can be submitted."""
        return all(signer.is_complete for signer in self.signers)

    def transaction(self) -> SignedTransaction:
        """The signed transaction; TxFileError (`signatures_missing`)."""
        if not self.is_complete:
            raise TxFileError(f"signatures are missing: {self.missing_words()}", name="signatures_missing")
        sender, *others = self.signers
        return assemble(
            self.raw,
            Authenticator(int(sender.scheme or 0), sender.public_key, sender.signature()),
            [Secondary(one.address, int(one.scheme or 0), one.public_key, one.signature()) for one in others],
        )

    def missing_words(self) -> str:
        """Who has still to sign."""
        return ", ".join(
            f"{one.address.hex()} has {len(one.signatures)} of {one.threshold}"
            for one in self.signers
            if not one.is_complete
        )

    def to_json(self) -> Json:
        """The file: of a partial transaction, or of a signed one if nothing is missing."""
        if self.is_complete:
            return signed_document(self.transaction(), self.genesis_hash)
        return self.partial_json()

    def partial_json(self) -> Json:
        """The file of a transaction that somebody has still to sign."""
        return {
            "format": FORMAT,
            "kind": PARTIAL,
            "unit": UNIT,
            "genesis_hash": self.genesis_hash.hex(),
            "transaction": readable(self.raw),
            "signers": [_signer_json(signer, place) for place, signer in enumerate(self.signers)],
            "bytes": self.raw.to_bytes().hex(),
        }


def open_partial(
    raw: RawTransaction, genesis_hash: bytes, others: Sequence[bytes], known: dict[bytes, PrivateKey | MultiKey]
) -> Partial:
    """Nobody has signed yet. `known` keys by address; a key that is not known is learned from who signs with it.

    TxFileError (`duplicate_signer`) for an address that would sign twice.
    """
    addresses = [raw.sender, *others]
    if raw.fee_payer and raw.fee_payer not in others:
        addresses.append(raw.fee_payer)
    double = next((one for place, one in enumerate(addresses) if one in addresses[:place]), None)
    if double is not None:
        raise TxFileError(f"{double.hex()} would sign twice; the sender counts too", name="duplicate_signer")
    signers = []
    for address in addresses:
        key = known.get(address)
        if key is None:
            signers.append(Signer(Address(address), None, b""))
        elif isinstance(key, MultiKey):
            signers.append(Signer(Address(address), key.scheme, key.to_bytes()))
        else:
            signers.append(Signer(Address(address), int(key.scheme), key.public_key))
    return Partial(raw, genesis_hash, tuple(signers))


def add_signature(partial: Partial, key: PrivateKey, address: bytes | None = None) -> Partial:
    """Sign with one key, for every signer whose key it is; `address` says for whom, where its key is not known.

    TxFileError: `not_a_signer`, `signed_already`.
    """
    signers = list(partial.signers)
    fits = changes = 0
    for place, signer in enumerate(signers):
        signer = _learned(signer, key, address)
        for number, member in enumerate(signer.members):
            if member != Member(int(key.scheme), key.public_key):
                continue
            fits += 1
            if number not in dict(signer.signatures):
                changes += 1
                given = {**dict(signer.signatures), number: key.sign(partial.message)}
                signer = signer._replace(signatures=tuple(sorted(given.items())))
        signers[place] = signer
    if not fits:
        wanted = "; ".join(f"{one.address.hex()}: {_keys_words(one)}" for one in signers if not one.is_complete)
        raise TxFileError(
            f"the {key.scheme.name.lower()} key {key.public_key.hex()} is none of those that are asked for ({wanted})",
            name="not_a_signer",
        )
    if not changes:
        raise TxFileError(f"the key {key.public_key.hex()} has signed already", name="signed_already")
    return partial._replace(signers=tuple(signers))


def _learned(signer: Signer, key: PrivateKey, address: bytes | None) -> Signer:
    """A signer whose key is not known takes one that gives its address, or that is said to be its own."""
    if signer.scheme is not None:
        return signer
    own = address_of(key.authentication_key()) if address is None else address
    return signer if own != signer.address else signer._replace(scheme=int(key.scheme), public_key=key.public_key)


def _keys_words(signer: Signer) -> str:
    if signer.scheme is None:
        return "the key that gives this address, or say whose key it is with --for"
    return ", ".join(f"{Scheme(one.scheme).name.lower()} {one.public_key.hex()[:16]}..." for one in signer.members)


def _signer_json(signer: Signer, place: int) -> Json:
    """One signer as people read it."""
    scheme = None if signer.scheme is None else Scheme(signer.scheme).name.lower()
    members = signer.members
    return {
        "address": signer.address.hex(),
        "role": "secondary" if place else "sender",
        "scheme": scheme,
        "threshold": signer.threshold,
        "keys": [{"scheme": Scheme(one.scheme).name.lower(), "public_key": one.public_key.hex()} for one in members],
        "signatures": [{"key": number, "signature": item.hex()} for number, item in signer.signatures],
        "missing": max(0, signer.threshold - len(signer.signatures)),
    }


# --- reading ---


def read_partial(path: Path) -> Partial:
    """Read and check a partial transaction's file.

    TxFileError: `file_unreadable`, `transaction_file_malformed`, `transaction_file_mismatch` (the readable part is not
    what the bytes say), `file_signature` (one that it holds does not verify).
    """
    document, genesis_hash, data = read_document(path, PARTIAL)
    try:
        raw = decode_raw(data)
        signers = tuple([_read_signer(row) for row in document["signers"]])
    except (MithqalError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise TxFileError(f"{path} is no partial transaction: {error!s:.200}") from error
    found = Partial(raw, genesis_hash, signers)
    if not signers or signers[0].address != raw.sender or len(signers) > MAX_SIGNERS:
        raise TxFileError(f"{path}: the first signer is not the sender")
    compare(path, document, found.partial_json())
    for signer in signers:
        for number, signature in signer.signatures:
            member = signer.members[number]
            if not verify(member.scheme, member.public_key, found.message, signature):
                raise TxFileError(
                    f"{path}: the signature of {signer.address.hex()} by key {number} does not verify",
                    name="file_signature",
                )
    return found


def _read_signer(row: Json) -> Signer:
    """One signer of a file; KeyError, TypeError, ValueError or MithqalError on what is none."""
    address = bytes.fromhex(row["address"])
    if len(address) != 16:
        raise ValueError("an address has 16 bytes")
    members = [Member(int(Scheme[one["scheme"].upper()]), bytes.fromhex(one["public_key"])) for one in row["keys"]]
    scheme, public_key = None, b""
    if row["scheme"] is not None:
        scheme = int(Scheme[row["scheme"].upper()])
        public_key = members[0].public_key
        if scheme in MULTI_KEY_SCHEMES:
            public_key = multi_key(row["threshold"], members)._replace(scheme=scheme).to_bytes()
        if not is_valid_public_key(scheme, public_key):
            raise ValueError("a key is none")
    signatures = tuple([(one["key"], bytes.fromhex(one["signature"])) for one in row["signatures"]])
    places = [number for number, _ in signatures]
    if places != sorted(set(places)) or any(
        type(number) is not int or not 0 <= number < len(members) or len(item) != SIGNATURE_BYTES
        for number, item in signatures
    ):
        raise ValueError("signatures of 64 bytes, in the order of their keys")
    return Signer(Address(address), scheme, public_key, signatures)


def is_key_of(signer: Signer, auth_key: bytes) -> bool:
    """Whether a signer's key is the one that an account has on the ledger."""
    return signer.scheme is not None and authentication_key(signer.scheme, signer.public_key) == auth_key
