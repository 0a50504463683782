"""Bytes under a passphrase: Argon2id makes the key, XSalsa20-Poly1305 hides and protects (libsodium; RFC 9106).

The second door to `nacl`. Nothing here draws a number: salt and nonce are given, and must be new each time.
"""

from nacl import bindings
from nacl.exceptions import CryptoError

from chain.errors import MithqalError

SALT_BYTES: int = bindings.crypto_pwhash_SALTBYTES
NONCE_BYTES: int = bindings.crypto_secretbox_NONCEBYTES
OPSLIMIT: int = bindings.crypto_pwhash_argon2id_OPSLIMIT_MODERATE
MEMLIMIT: int = bindings.crypto_pwhash_argon2id_MEMLIMIT_MODERATE
"""libsodium's middle choice: 3 passes over 256 MiB, about half a second."""


def derive_key(passphrase: bytes, salt: bytes) -> bytes:
    """32 bytes out of a passphrase and SALT_BYTES of salt; slow and large on purpose."""
    assert len(salt) == SALT_BYTES, len(salt)
    return bindings.crypto_pwhash_alg(32, passphrase, salt, OPSLIMIT, MEMLIMIT, bindings.crypto_pwhash_ALG_ARGON2ID13)


def seal(text: bytes, key: bytes, nonce: bytes) -> bytes:
    """Hide and protect; a nonce of NONCE_BYTES is never used twice under a key."""
    assert len(nonce) == NONCE_BYTES, len(nonce)
    return bindings.crypto_secretbox_easy(text, nonce, key)


def unseal(sealed: bytes, key: bytes, nonce: bytes) -> bytes:
    """What was sealed; MithqalError (`wrong_passphrase`) if the key is another one or a byte was changed."""
    try:
        return bindings.crypto_secretbox_open_easy(sealed, nonce, key)
    except (CryptoError, ValueError) as error:
        raise MithqalError("this passphrase does not open it", name="wrong_passphrase") from error
