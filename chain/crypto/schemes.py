"""Signature schemes: their bytes, sizes, and what it costs to verify one signature (docs/protocol.md, K3 and K4)."""

from enum import IntEnum


class Scheme(IntEnum):
    """Scheme byte, the last byte that an authentication key hashes (Libra: 0 and 1; ours: 2 to 4)."""

    ED25519 = 0
    MULTI_ED25519 = 1
    SECP256K1 = 2
    P256 = 3
    MIXED_MULTI = 4


SINGLE_KEY_SCHEMES = (Scheme.ED25519, Scheme.SECP256K1, Scheme.P256)
MULTI_KEY_SCHEMES = (Scheme.MULTI_ED25519, Scheme.MIXED_MULTI)
KNOWN_SCHEMES = frozenset(int(scheme) for scheme in Scheme)
PUBLIC_KEY_BYTES: dict[int, int] = {Scheme.ED25519: 32, Scheme.SECP256K1: 33, Scheme.P256: 33}
SIGNATURE_BYTES = 64
MAX_SIGNERS = 32
"""Keys of one K-of-N key, and signatures of one transaction (Libra: 32)."""

VERIFY_COST: dict[int, int] = {Scheme.ED25519: 1, Scheme.SECP256K1: 40, Scheme.P256: 40}
"""What one verification costs, in verifications of Ed25519 (design decision 6)."""
