"""The few X.509 certificates that pinned TLS needs, as DER (RFC 5280, RFC 8410). Ed25519 only.

A leaf is issued by a subject named after its own key. The anchor of that name can be built by anyone from the 32-byte
key alone: nothing verifies an anchor's own signature, so it holds a blank one (design decision 9).
"""

import base64

from chain.crypto.signing import ed25519_public_key, ed25519_sign

_ED25519 = bytes.fromhex("300506032b6570")
_SPKI_PREFIX = bytes.fromhex("302a") + _ED25519 + bytes.fromhex("032100")
_COMMON_NAME = bytes.fromhex("0603550403")
_CA_TRUE = bytes.fromhex("300f0603551d130101ff040530030101ff")
_VALIDITY = (b"20200101000000Z", b"99991231235959Z")


def _tlv(tag: int, *parts: bytes) -> bytes:
    """Tag, length, value."""
    value = b"".join(parts)
    if len(value) < 128:
        return bytes([tag, len(value)]) + value
    size = (len(value).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(value).to_bytes(size, "big") + value


def _name(text: str) -> bytes:
    """A distinguished name with a common name only."""
    return _tlv(0x30, _tlv(0x31, _tlv(0x30, _COMMON_NAME, _tlv(0x0C, text.encode()))))


def _body(issuer: str, subject: str, public_key: bytes, extensions: bytes) -> bytes:
    """The part of a certificate that is signed."""
    validity = _tlv(0x30, *(_tlv(0x18, moment) for moment in _VALIDITY))
    parts = [
        bytes.fromhex("a003020102"), bytes.fromhex("020101"), _ED25519, _name(issuer), validity, _name(subject),
        _SPKI_PREFIX + public_key,
    ]  # fmt: skip
    if extensions:
        parts.append(_tlv(0xA3, _tlv(0x30, extensions)))
    return _tlv(0x30, *parts)


def _certificate(body: bytes, signature: bytes) -> bytes:
    """Body, algorithm, signature."""
    return _tlv(0x30, body, _ED25519, _tlv(0x03, b"\0", signature))


def leaf(secret: bytes) -> bytes:
    """A validator's own certificate, from its 32-byte network secret."""
    public_key = ed25519_public_key(secret)
    body = _body(public_key.hex(), f"leaf {public_key.hex()[:32]}", public_key, b"")
    return _certificate(body, ed25519_sign(secret, body))


def anchor(public_key: bytes) -> bytes:
    """The trust anchor of a pinned key."""
    return _certificate(_body(public_key.hex(), public_key.hex(), public_key, _CA_TRUE), bytes(64))


def public_key_of(certificate: bytes) -> bytes | None:
    """The Ed25519 key of a leaf of ours, or None."""
    place = certificate.find(_SPKI_PREFIX)
    key = certificate[place + len(_SPKI_PREFIX) : place + len(_SPKI_PREFIX) + 32]
    return key if place >= 0 and len(key) == 32 else None


def private_key_der(secret: bytes) -> bytes:
    """PKCS #8 of a 32-byte Ed25519 secret (RFC 8410)."""
    return bytes.fromhex("302e020100") + _ED25519 + bytes.fromhex("04220420") + secret


def pem(label: str, der: bytes) -> str:
    """PEM text of DER bytes."""
    text = base64.b64encode(der).decode()
    lines = [text[place : place + 64] for place in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])
