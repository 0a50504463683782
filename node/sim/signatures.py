"""A stand-in for signatures: a keyed hash, about fifty times as fast as Ed25519 and as unforgeable inside a run.

Each registered public key has a secret that nobody but its signer and this judge knows. A run says by `name` which port
it used; one seed in a hundred uses libsodium (docs/simulation.md).
"""

import hashlib

from chain.crypto.signing import PUBLIC_KEY_BYTES, SIGNATURE_BYTES, PrivateKey, Scheme, SignatureCheck


class KeyedSigner:
    """Signs with the keyed hash of its public key."""

    __slots__ = ("_base", "public_key")

    def __init__(self, public_key: bytes, secret: bytes) -> None:
        """Absorb the secret once; each signature copies the state."""
        self.public_key = public_key
        self._base = hashlib.blake2b(key=secret, digest_size=SIGNATURE_BYTES)

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        state = self._base.copy()
        state.update(message)
        return state.digest()


class KeyedHashSignatures:
    """The judge of one run. Knows the keys that it made, and no others."""

    name = "keyed-hash"

    def __init__(self, world_secret: bytes) -> None:
        """`world_secret` (up to 64 bytes) separates two runs' keys."""
        self._world_secret = world_secret
        self._signers: dict[tuple[int, bytes], KeyedSigner] = {}

    def signer(self, secret: bytes) -> KeyedSigner:
        """Register the Ed25519 key of a 32-byte secret, and give its signer. The public key is the real one."""
        public_key = PrivateKey(secret).public_key
        inner = hashlib.blake2b(public_key, key=self._world_secret, digest_size=32).digest()
        signer = self._signers[Scheme.ED25519, public_key] = KeyedSigner(public_key, inner)
        return signer

    def verify(self, check: SignatureCheck) -> bool:
        """Whether the registered key made this signature over this message. Never raises."""
        signer = self._signers.get((check.scheme, check.public_key))
        return signer is not None and signer.sign(check.message) == check.signature

    def is_valid_key(self, scheme: int, public_key: bytes) -> bool:
        """Any key of the right length may be registered."""
        return len(public_key) == PUBLIC_KEY_BYTES.get(Scheme(scheme), -1) if scheme in PUBLIC_KEY_BYTES else False
