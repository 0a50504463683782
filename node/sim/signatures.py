"""A stand-in for signatures: a keyed hash, about fifty times as fast as Ed25519 and as unforgeable inside a run.

Each registered public key has a secret that nobody but its signer and this judge knows. A run says by `name` which port
it used; one seed in a hundred uses libsodium (docs/simulation.md).
"""

import hashlib
from functools import lru_cache

from chain.crypto.multi import member_signatures, read_multi_key
from chain.crypto.schemes import MULTI_KEY_SCHEMES, PUBLIC_KEY_BYTES, SIGNATURE_BYTES, Scheme
from chain.crypto.signing import PrivateKey, SignatureCheck

VERDICTS_KEPT = 8_192
"""Answers that are kept."""
KEYS_KEPT = 8_192
"""Keys that are kept: scenarios that are drawn have few seeds, and each seed has its people."""


private_key = lru_cache(maxsize=KEYS_KEPT)(PrivateKey)
"""As `chain.crypto.signing.PrivateKey`, which costs a multiplication on the curve."""


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
        self._verdict = lru_cache(maxsize=VERDICTS_KEPT)(self._judge)

    def signer(self, secret: bytes, scheme: Scheme = Scheme.ED25519) -> KeyedSigner:
        """Register the key of a 32-byte secret, and give its signer. The public key is the real one."""
        public_key = private_key(secret, scheme).public_key
        inner = hashlib.blake2b(public_key, key=self._world_secret, digest_size=32).digest()
        signer = self._signers[scheme, public_key] = KeyedSigner(public_key, inner)
        self._verdict.cache_clear()
        return signer

    def verify(self, check: SignatureCheck) -> bool:
        """Whether the registered key made this signature over this message; of K-of-N, whether each of its keys did.
        Never raises. Every validator and checker asks the same questions: an answer is kept while it is new."""
        return self._verdict(check)

    def _judge(self, check: SignatureCheck) -> bool:
        """The answer itself."""
        signer = self._signers.get((check.scheme, check.public_key))
        if signer is not None:
            return signer.sign(check.message) == check.signature
        if check.scheme not in MULTI_KEY_SCHEMES:
            return False
        parts = member_signatures(check.scheme, check.public_key, check.signature)
        return parts is not None and all(
            self.verify(SignatureCheck(part.scheme, part.public_key, check.message, part.signature)) for part in parts
        )

    def is_valid_key(self, scheme: int, public_key: bytes) -> bool:
        """Any key of the right length may be registered, and any K of N such keys."""
        if scheme in MULTI_KEY_SCHEMES:
            return read_multi_key(scheme, public_key) is not None
        return len(public_key) == PUBLIC_KEY_BYTES.get(scheme, -1)
