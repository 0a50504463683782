"""Domain-separated hashes: SHA-256 over "MITHQAL::"-tagged seeds; SHA3-256 where Libra's identity rules say so.

The rule is Libra's (seed of the type's name in front of the canonical bytes) with our prefix and hash
(docs/protocol.md, H1 to H4).
"""

import hashlib
from functools import cache

from chain.primitives import Hash

PREFIX = b"MITHQAL::"

TAGS = (
    "Transaction",
    "RawTransaction",
    "BlockMetadata",
    "Genesis",
    "TransactionInfo",
    "TransactionAccumulator",
    "EventAccumulator",
    "Event",
    "AccountAddress",
    "StateKey",
    "StateValue",
    "SparseMerkleLeaf",
    "SparseMerkleInternal",
    "Block",
    "Payload",
    "QuorumCertificate",
    "TimeoutCertificate",
    "Vote",
    "Timeout",
    "Proposal",
    "ValidatorSet",
    "Waypoint",
    "EpochStart",
    "CustodianReceipt",
    "Memo",
    "JurisdictionPolicy",
)
"""Every type that is hashed or signed; a test holds that they differ."""


@cache
def seed(tag: str) -> bytes:
    """SHA-256("MITHQAL::" + tag): 32 bytes that start every hash or signed message of that type (H1)."""
    return hashlib.sha256(PREFIX + tag.encode("ascii")).digest()


def placeholder(text: str) -> Hash:
    """An ASCII name padded with zero bytes to 32: the hash of an empty subtree (Libra's form)."""
    return Hash(text.encode("ascii").ljust(32, b"\0"))


class Hasher:
    """SHA-256 of one domain; the seed is absorbed once and the state copied for each message (H2)."""

    __slots__ = ("_base", "seed")

    def __init__(self, tag: str) -> None:
        """Absorb the seed of `tag`, which must be listed in TAGS."""
        assert tag in TAGS, tag
        self.seed = seed(tag)
        self._base = hashlib.sha256(self.seed)

    def __call__(self, data: bytes) -> Hash:
        """Hash of `data` in this domain, 32 bytes."""
        state = self._base.copy()
        state.update(data)
        return Hash(state.digest())


def sha3(data: bytes) -> Hash:
    """SHA3-256, used for authentication keys and addresses only (H4)."""
    return Hash(hashlib.sha3_256(data).digest())


def signing_message(tag: str, genesis_hash: bytes, body: bytes) -> bytes:
    """What is signed: seed(tag), the chain's genesis hash (32 bytes), the canonical body (H3)."""
    return seed(tag) + genesis_hash + body
