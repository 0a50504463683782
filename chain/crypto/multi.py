"""Keys of several: any K of N holders sign (docs/protocol.md, K7 to K10). Bytes to keys and signatures, and back.

Scheme 1 has exactly Libra's bytes: the Ed25519 keys, then K in one byte; the signatures in the order of their keys,
then a bitmap of four bytes, whose bit for key i is `0x80 >> (i mod 8)` in byte `i div 8`. Scheme 4 (ours) is the same
with the scheme's byte before each key, so that schemes mix. Whether keys and signatures are good is for `signing`.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from chain.crypto.schemes import (
    MAX_SIGNERS,
    MULTI_KEY_SCHEMES,
    PUBLIC_KEY_BYTES,
    SIGNATURE_BYTES,
    VERIFY_COST,
    Scheme,
)
from chain.errors import SignatureError

BITMAP_BYTES = 4


class Member(NamedTuple):
    """One holder's key."""

    scheme: int
    public_key: bytes


class MultiKey(NamedTuple):
    """K of N keys. The order of the keys is part of it; a key that stands twice counts twice, as in Libra."""

    scheme: int
    threshold: int
    members: tuple[Member, ...]

    def to_bytes(self) -> bytes:
        """The public key's bytes, as an authenticator carries and an authentication key hashes them."""
        if self.scheme == Scheme.MULTI_ED25519:
            parts = [member.public_key for member in self.members]
        else:
            parts = [bytes([member.scheme]) + member.public_key for member in self.members]
        return b"".join(parts) + bytes([self.threshold])


class MemberSignature(NamedTuple):
    """One signature inside a K-of-N signature, with the key that it must verify under."""

    scheme: int
    public_key: bytes
    signature: bytes


def multi_key(threshold: int, members: Sequence[Member]) -> MultiKey:
    """A K-of-N key: scheme 1 if every key is of Ed25519, else scheme 4.

    SignatureError (`bad_threshold`) unless 1 <= K <= N <= 32; whether the keys are good is not asked.
    """
    if not 1 <= threshold <= len(members) <= MAX_SIGNERS:
        raise SignatureError(
            f"{threshold} of {len(members)} keys: K of N needs 1 <= K <= N <= {MAX_SIGNERS}", name="bad_threshold",
            threshold=threshold, keys=len(members),
        )  # fmt: skip
    is_plain = all(member.scheme == Scheme.ED25519 for member in members)
    return MultiKey(Scheme.MULTI_ED25519 if is_plain else Scheme.MIXED_MULTI, threshold, tuple(members))


@lru_cache(maxsize=4096)
def read_multi_key(scheme: int, data: bytes) -> MultiKey | None:
    """The K-of-N key of these bytes, or None: wrong lengths, an unknown scheme, or not 1 <= K <= N <= 32 (K7)."""
    if not data or scheme not in MULTI_KEY_SCHEMES:
        return None
    body, threshold = data[:-1], data[-1]
    members = _plain_members(body) if scheme == Scheme.MULTI_ED25519 else _mixed_members(body)
    if members is None or not 1 <= threshold <= len(members) <= MAX_SIGNERS:
        return None
    return MultiKey(scheme, threshold, members)


def _plain_members(body: bytes) -> tuple[Member, ...] | None:
    """Scheme 1: 32 bytes a key."""
    size = PUBLIC_KEY_BYTES[Scheme.ED25519]
    if len(body) % size:
        return None
    return tuple(Member(Scheme.ED25519, body[start : start + size]) for start in range(0, len(body), size))


def _mixed_members(body: bytes) -> tuple[Member, ...] | None:
    """Scheme 4: the scheme's byte, then as many bytes as its keys have."""
    members: list[Member] = []
    start = 0
    while start < len(body):
        size = PUBLIC_KEY_BYTES.get(body[start])
        end = start + 1 + (size or 0)
        if size is None or end > len(body) or len(members) == MAX_SIGNERS:
            return None
        members.append(Member(body[start], body[start + 1 : end]))
        start = end
    return tuple(members)


def write_multi_signature(signatures: Mapping[int, bytes]) -> bytes:
    """Signatures by the place of their key, as bytes: in ascending order, then the bitmap (K8).

    SignatureError (`bad_signature_set`) for none, for a place from 32 on, or one that has not 64 bytes.
    """
    if not signatures or not all(
        0 <= place < MAX_SIGNERS and len(item) == SIGNATURE_BYTES for place, item in signatures.items()
    ):
        raise SignatureError("signatures of 64 bytes by key number 0 to 31, at least one", name="bad_signature_set")
    bitmap = 0
    for place in signatures:
        bitmap |= 1 << (8 * BITMAP_BYTES - 1 - place)
    return b"".join(signatures[place] for place in sorted(signatures)) + bitmap.to_bytes(BITMAP_BYTES, "big")


def read_multi_signature(data: bytes) -> dict[int, bytes] | None:
    """Signatures by the place of their key, or None: a wrong length, or a bitmap that counts otherwise (K8)."""
    count, rest = divmod(len(data), SIGNATURE_BYTES)
    if rest != BITMAP_BYTES or not 1 <= count <= MAX_SIGNERS:
        return None
    bitmap = int.from_bytes(data[-BITMAP_BYTES:], "big")
    places = [place for place in range(MAX_SIGNERS) if bitmap >> (8 * BITMAP_BYTES - 1 - place) & 1]
    if len(places) != count:
        return None
    return {place: data[start : start + SIGNATURE_BYTES] for place, start in zip(places, range(0, len(data), 64))}


def member_signatures(scheme: int, public_key: bytes, signature: bytes) -> tuple[MemberSignature, ...] | None:
    """Every single signature that must verify for a signature to hold, in order; None if its form is bad already.

    One of a single-key scheme is its own only part. K-of-N has at least K, each under a key that exists (K9).
    """
    if scheme in PUBLIC_KEY_BYTES:
        return (MemberSignature(scheme, public_key, signature),)
    if scheme not in MULTI_KEY_SCHEMES:
        return None
    key, signatures = read_multi_key(scheme, public_key), read_multi_signature(signature)
    if key is None or signatures is None or len(signatures) < key.threshold or max(signatures) >= len(key.members):
        return None
    return tuple([MemberSignature(*key.members[place], item) for place, item in signatures.items()])


def verification_cost(scheme: int, public_key: bytes, signature: bytes) -> int:
    """How much work a signature makes, in verifications of Ed25519; 1 where its bad form shows before any (K11)."""
    if scheme in VERIFY_COST:
        return VERIFY_COST[scheme]
    parts = member_signatures(scheme, public_key, signature)
    return 1 if parts is None else sum([VERIFY_COST[part.scheme] for part in parts])


def signature_count(scheme: int, signature: bytes) -> int:
    """How many single signatures the bytes hold: Libra bounds their sum over all signers (K10)."""
    return len(signature) // SIGNATURE_BYTES if scheme in MULTI_KEY_SCHEMES else 1
