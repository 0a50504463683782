"""Domain-separated hashes: H1 to H4."""

import hashlib

import pytest

from chain.crypto.hashing import TAGS, Hasher, placeholder, seed, sha3, signing_message


def test_seeds() -> None:
    """H1: SHA-256("MITHQAL::" + type), and all types differ."""
    assert seed("Vote") == hashlib.sha256(b"MITHQAL::Vote").digest()
    assert len({seed(tag) for tag in TAGS}) == len(TAGS) == 25


@pytest.mark.parametrize("tag", TAGS)
def test_hashes(tag: str) -> None:
    """H2: SHA-256(seed + bytes), whatever was hashed before."""
    hasher = Hasher(tag)
    for data in (b"", b"x", bytes(1000), b"x"):
        assert hasher(data) == hashlib.sha256(hashlib.sha256(b"MITHQAL::" + tag.encode()).digest() + data).digest()


def test_unlisted_types_are_refused() -> None:
    """Every type is listed, so that a test can hold that they differ."""
    with pytest.raises(AssertionError):
        Hasher("Nothing")


def test_signed_messages() -> None:
    """H3: seed, genesis hash, body."""
    assert signing_message("Vote", b"g" * 32, b"body") == seed("Vote") + b"g" * 32 + b"body"


def test_sha3_and_placeholder() -> None:
    """H4, and Libra's form of an empty subtree."""
    assert sha3(b"").hex() == "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"
    assert placeholder("NAME") == b"NAME" + bytes(28)
