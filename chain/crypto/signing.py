"""Keys and signatures: the only door to `nacl` and `ecdsa`.

Ed25519 is decided by libsodium and by nothing else, so that two libraries can never disagree on validity
(docs/protocol.md, K1 to K6). ECDSA accounts use canonical keys (33 bytes compressed) and low-s signatures (64 bytes,
r then s). The checks of a whole chain are a port, `Signatures`; the simulator brings another.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

import ecdsa
from ecdsa.errors import MalformedPointError
from ecdsa.util import MalformedSignature, sigdecode_string, sigencode_string_canonize
from nacl import bindings
from nacl.exceptions import CryptoError

from chain.crypto.hashing import sha3
from chain.crypto.multi import member_signatures, read_multi_key
from chain.crypto.schemes import (
    MULTI_KEY_SCHEMES,
    PUBLIC_KEY_BYTES,
    SIGNATURE_BYTES,
    SINGLE_KEY_SCHEMES,
    Scheme,
)
from chain.errors import SignatureError
from chain.primitives import Address, Hash

__all__ = [
    "PUBLIC_KEY_BYTES", "SIGNATURE_BYTES", "SINGLE_KEY_SCHEMES", "PrivateKey", "RealSignatures", "Scheme",
    "SignatureCheck", "Signatures", "Signer", "address_of", "authentication_key", "ed25519_public_key", "ed25519_sign",
    "is_valid_public_key", "verify", "verify_all",
]  # fmt: skip

_CURVES = {Scheme.SECP256K1: ecdsa.SECP256k1, Scheme.P256: ecdsa.NIST256p}


class SignatureCheck(NamedTuple):
    """One question to the port: does `signature` of `message` verify under `public_key`?"""

    scheme: int
    public_key: bytes
    message: bytes
    signature: bytes


class Signatures(Protocol):
    """How signatures are judged: libsodium and ecdsa in a node, a keyed hash in most simulations."""

    name: str

    def verify(self, check: SignatureCheck) -> bool:
        """Whether the signature holds. Never raises, whatever the bytes."""

    def is_valid_key(self, scheme: int, public_key: bytes) -> bool:
        """Whether the key may be registered."""


class Signer(Protocol):
    """One validator's or account's private key."""

    public_key: bytes

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""


class RealSignatures:
    """The port of a real node."""

    name = "libsodium"

    def verify(self, check: SignatureCheck) -> bool:
        """See `verify`."""
        return verify(*check)

    def is_valid_key(self, scheme: int, public_key: bytes) -> bool:
        """See `is_valid_public_key`."""
        return is_valid_public_key(scheme, public_key)


class PrivateKey:
    """A private key held in memory; its text form shows nothing secret."""

    __slots__ = ("_secret", "public_key", "scheme")

    def __init__(self, secret: bytes, scheme: Scheme = Scheme.ED25519) -> None:
        """Build from 32 secret bytes; SignatureError (`bad_private_key`) if they are no key of the scheme."""
        if len(secret) != 32 or scheme not in SINGLE_KEY_SCHEMES:
            raise SignatureError("a private key is 32 bytes of a single-key scheme", name="bad_private_key")
        self.scheme = scheme
        self._secret = secret
        if scheme == Scheme.ED25519:
            self.public_key = ed25519_public_key(secret)
        else:
            try:
                key = ecdsa.SigningKey.from_string(secret, curve=_CURVES[scheme], hashfunc=hashlib.sha256)
            except Exception as error:
                raise SignatureError("not a private key of this curve", name="bad_private_key") from error
            self.public_key = key.get_verifying_key().to_string("compressed")

    def sign(self, message: bytes) -> bytes:
        """Sign: Ed25519 as RFC 8032; ECDSA over SHA-256 with RFC 6979 nonces and low s. 64 bytes."""
        if self.scheme == Scheme.ED25519:
            return ed25519_sign(self._secret, message)
        key = ecdsa.SigningKey.from_string(self._secret, curve=_CURVES[self.scheme], hashfunc=hashlib.sha256)
        signature: bytes = key.sign_deterministic(message, hashfunc=hashlib.sha256, sigencode=sigencode_string_canonize)
        return signature

    def authentication_key(self) -> Hash:
        """SHA3-256(public key, scheme byte)."""
        return authentication_key(self.scheme, self.public_key)

    def __repr__(self) -> str:
        """The public key only."""
        return f"PrivateKey({self.scheme.name}, public_key={self.public_key.hex()})"


def ed25519_public_key(secret: bytes) -> bytes:
    """The public key (32 bytes) of a 32-byte Ed25519 seed."""
    return bindings.crypto_sign_seed_keypair(secret)[0]


@lru_cache(maxsize=4096)
def _expanded(secret: bytes) -> bytes:
    """libsodium's 64-byte secret key of a seed; kept, since deriving it costs as much as signing."""
    return bindings.crypto_sign_seed_keypair(secret)[1]


def ed25519_sign(secret: bytes, message: bytes) -> bytes:
    """Sign with a 32-byte seed (RFC 8032); 64 bytes."""
    return bindings.crypto_sign(message, _expanded(secret))[:64]


def verify(scheme: int, public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether a signature holds under the strict rule of its scheme (K2, K3, K9). Never raises."""
    if scheme == Scheme.ED25519:
        if len(signature) != SIGNATURE_BYTES or not is_valid_public_key(scheme, public_key):
            return False
        try:
            bindings.crypto_sign_open(signature + message, public_key)
        except (CryptoError, ValueError, TypeError):
            return False
        return True
    if scheme in (Scheme.SECP256K1, Scheme.P256):
        return len(signature) == SIGNATURE_BYTES and _verify_ecdsa(Scheme(scheme), public_key, message, signature)
    return _verify_multi(scheme, public_key, message, signature)


def _verify_multi(scheme: int, public_key: bytes, message: bytes, signature: bytes) -> bool:
    """K-of-N: at least K signatures, every one of them good, and every one of the N keys valid (K9)."""
    if scheme not in MULTI_KEY_SCHEMES:
        return False
    parts = member_signatures(scheme, public_key, signature)
    if parts is None or not is_valid_public_key(scheme, public_key):
        return False
    return all(verify(part.scheme, part.public_key, message, part.signature) for part in parts)


def is_valid_public_key(scheme: int, public_key: bytes) -> bool:
    """Whether a key may be registered: right length, canonical, on the curve and not of small order (K1); of K-of-N
    every one of the N (K7)."""
    if scheme == Scheme.ED25519:
        return len(public_key) == 32 and _is_ed25519_point(public_key)
    if scheme in (Scheme.SECP256K1, Scheme.P256):
        return len(public_key) == 33 and _ecdsa_key(Scheme(scheme), public_key) is not None
    if scheme in MULTI_KEY_SCHEMES:
        several = read_multi_key(scheme, public_key)
        return several is not None and all(is_valid_public_key(*member) for member in several.members)
    return False


@lru_cache(maxsize=65536)
def _is_ed25519_point(public_key: bytes) -> bool:
    """libsodium's verdict on 32 bytes: canonical, on the curve, in the main subgroup."""
    return bool(bindings.crypto_core_ed25519_is_valid_point(public_key))


@lru_cache(maxsize=4096)
def _ecdsa_key(scheme: Scheme, public_key: bytes) -> "ecdsa.VerifyingKey | None":
    """The parsed key, or None if the 33 bytes are no compressed point of the curve."""
    if public_key[:1] not in (b"\x02", b"\x03"):
        return None
    try:
        return ecdsa.VerifyingKey.from_string(
            public_key, curve=_CURVES[scheme], hashfunc=hashlib.sha256, valid_encodings=("compressed",)
        )
    except (MalformedPointError, ValueError):
        return None


def _verify_ecdsa(scheme: Scheme, public_key: bytes, message: bytes, signature: bytes) -> bool:
    """ECDSA over SHA-256 with s <= n/2, since the library itself accepts both s and n - s (K3)."""
    if len(public_key) != 33:
        return False
    order = _CURVES[scheme].order
    if int.from_bytes(signature[32:], "big") > order // 2:
        return False
    key = _ecdsa_key(scheme, public_key)
    if key is None:
        return False
    try:
        return bool(key.verify(signature, message, hashfunc=hashlib.sha256, sigdecode=sigdecode_string))
    except (ecdsa.BadSignatureError, MalformedSignature, ValueError, AssertionError):
        return False


@lru_cache(maxsize=65536)
def authentication_key(scheme: int, public_key: bytes) -> Hash:
    """SHA3-256(public key, scheme byte): 32 bytes (Libra; reference vectors in tests/vectors)."""
    return sha3(public_key + bytes([scheme]))


def address_of(auth_key: bytes) -> Address:
    """The address that a first authentication key gives: its last 16 bytes."""
    return Address(auth_key[-16:])


def verify_all(signatures: Signatures, checks: Sequence[SignatureCheck]) -> list[bool]:
    """Judge many signatures one by one; never as a batch, whose verdicts differ for some edge cases (K5)."""
    verify_one = signatures.verify
    return [verify_one(check) for check in checks]
