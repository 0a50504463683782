"""The few X.509 certificates that pinned TLS needs, as DER (RFC 5280, RFC 8410). Ed25519 only.

A leaf is issued by a subject named after its own key. The anchor of that name can be built by anyone from the 32-byte
key alone: nothing verifies an anchor's own signature, so it holds a blank one (design decision 9). A leaf is a function
of its key but for the signature, so a received leaf is not parsed: it is built again and compared.
"""

import base64

from chain.crypto.signing import ed25519_public_key, ed25519_sign

KEY_BYTES = 32
SIGNATURE_BYTES = 64

_SEQUENCE, _SET, _UTF8, _BITS, _OCTETS = 0x30, 0x31, 0x0C, 0x03, 0x04
_VERSION_3 = bytes.fromhex("a003020102")
_SERIAL = bytes.fromhex("020101")
_ED25519 = bytes.fromhex("300506032b6570")
"""AlgorithmIdentifier of 1.3.101.112 (RFC 8410)."""
_ORGANISATION, _COMMON_NAME = bytes.fromhex("060355040a"), bytes.fromhex("0603550403")
_VALIDITY = (b"\x17\x0d700101000000Z", b"\x18\x0f99991231235959Z")
"""From 1970 to RFC 5280's "no well-defined expiration": the chain says when a key ends, not a certificate."""
_ANCHOR_EXTENSIONS = (
    bytes.fromhex("300f0603551d130101ff040530030101ff"),  # basicConstraints, critical: CA:TRUE
    bytes.fromhex("300e0603551d0f0101ff040403020204"),  # keyUsage, critical: keyCertSign
)
_LEAF_EXTENSIONS = (
    bytes.fromhex("300c0603551d130101ff04023000"),  # basicConstraints, critical: not a CA
    bytes.fromhex("300e0603551d0f0101ff040403020780"),  # keyUsage, critical: digitalSignature
)


def leaf(secret: bytes) -> bytes:
    """A validator's own certificate (DER), from its 32-byte network secret."""
    body = _leaf_body(ed25519_public_key(secret))
    return _certificate(body, ed25519_sign(secret, body))


def anchor(public_key: bytes) -> bytes:
    """The trust anchor (DER) of a pinned 32-byte key."""
    name = _name("mithqal anchor", public_key)
    return _certificate(_body(name, name, public_key, _ANCHOR_EXTENSIONS), bytes(SIGNATURE_BYTES))


def public_key_of(certificate: bytes) -> bytes | None:
    """The 32-byte key of a leaf of ours, or None if it is any other certificate. Does not check the signature."""
    key = certificate[_KEY_PLACE : _KEY_PLACE + KEY_BYTES]
    if len(key) != KEY_BYTES:
        return None
    signature = certificate[-SIGNATURE_BYTES:]
    return key if certificate == _certificate(_leaf_body(key), signature) else None


def private_key(secret: bytes) -> bytes:
    """PKCS #8 (DER) of a 32-byte Ed25519 secret (RFC 8410)."""
    return _tlv(_SEQUENCE, bytes.fromhex("020100"), _ED25519, _tlv(_OCTETS, _tlv(_OCTETS, secret)))


def pem(label: str, der: bytes) -> str:
    """PEM text of DER bytes, 64 characters a line."""
    text = base64.b64encode(der).decode()
    lines = [text[place : place + 64] for place in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])


def _tlv(tag: int, *parts: bytes) -> bytes:
    """Tag, definite length in its shortest form, value."""
    value = b"".join(parts)
    if len(value) < 128:
        return bytes([tag, len(value)]) + value
    size = (len(value).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(value).to_bytes(size, "big") + value


def _name(organisation: str, public_key: bytes) -> bytes:
    """A distinguished name: what it is, and whose (64 hexadecimal digits, all that a common name may hold)."""
    parts = ((_ORGANISATION, organisation), (_COMMON_NAME, public_key.hex()))
    return _tlv(_SEQUENCE, *(_tlv(_SET, _tlv(_SEQUENCE, kind, _tlv(_UTF8, text.encode()))) for kind, text in parts))


def _leaf_body(public_key: bytes) -> bytes:
    """What a leaf signs."""
    issuer, subject = _name("mithqal anchor", public_key), _name("mithqal validator", public_key)
    return _body(issuer, subject, public_key, _LEAF_EXTENSIONS)


def _body(issuer: bytes, subject: bytes, public_key: bytes, extensions: tuple[bytes, ...]) -> bytes:
    """The part of a certificate that is signed."""
    key = _tlv(_SEQUENCE, _ED25519, _tlv(_BITS, b"\0", public_key))
    validity = _tlv(_SEQUENCE, *_VALIDITY)
    more = _tlv(0xA3, _tlv(_SEQUENCE, *extensions))
    return _tlv(_SEQUENCE, _VERSION_3, _SERIAL, _ED25519, issuer, validity, subject, key, more)


def _certificate(body: bytes, signature: bytes) -> bytes:
    """Body, algorithm, signature."""
    return _tlv(_SEQUENCE, body, _ED25519, _tlv(_BITS, b"\0", signature))


_PROBE = bytes(range(0x80, 0x80 + KEY_BYTES))
_KEY_PLACE = _certificate(_leaf_body(_PROBE), bytes(SIGNATURE_BYTES)).index(_PROBE)
"""Where the key stands in a leaf: all leaves have the same length."""
