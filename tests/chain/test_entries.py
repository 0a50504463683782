"""Entries, their information and events as everybody hashes them (L2)."""

from hashlib import sha256

import pytest

from chain.codec import encode
from chain.entries import (
    KIND_BLOCK_METADATA,
    KIND_GENESIS,
    KIND_USER,
    Event,
    Status,
    TransactionInfo,
    entry_hash,
    event_hash,
    info_hash,
)
from chain.errors import DecodeError
from chain.genesis import genesis_hash
from chain.primitives import Hash
from chain.transaction import transaction_hash
from tests.builders import document

A, B = Hash(b"a" * 32), Hash(b"b" * 32)
INFO = TransactionInfo(A, B, 600, Status("move_abort", "DiemAccount", 1288), None)


def tagged(tag: str, data: bytes) -> bytes:
    """H1, H2 written out."""
    return sha256(sha256(b"MITHQAL::" + tag.encode()).digest() + data).digest()


def test_each_kind_hashes_in_its_own_domain() -> None:
    """A user's envelope, the genesis document and a block's metadata: H("Transaction"), H("Genesis"), ..."""
    assert (KIND_USER, KIND_GENESIS, KIND_BLOCK_METADATA) == (0, 1, 2)
    assert entry_hash(KIND_USER, b"x") == transaction_hash(b"x") == tagged("Transaction", b"x")
    assert entry_hash(KIND_GENESIS, b"x") == tagged("Genesis", b"x")
    assert entry_hash(KIND_BLOCK_METADATA, b"x") == tagged("BlockMetadata", b"x")
    assert entry_hash(KIND_GENESIS, document().to_bytes()) == genesis_hash(document())
    with pytest.raises(DecodeError) as caught:
        entry_hash(3, b"x")
    assert (caught.value.name, caught.value.details) == ("unknown_kind", {"kind": 3})


def test_information_is_five_fields() -> None:
    """L2: (transaction hash, event root, gas used, status, state root or None)."""
    data = encode((A, B, 600, ("move_abort", "DiemAccount", 1288), None))
    assert INFO.to_bytes() == data
    assert TransactionInfo.from_bytes(data) == INFO
    assert info_hash(data) == tagged("TransactionInfo", data)
    ended = INFO._replace(state_root=A)
    assert TransactionInfo.from_bytes(ended.to_bytes()) == ended


@pytest.mark.parametrize(
    "value",
    [
        (A, B, 600, ("executed", "", 0)),
        (A, B, 600, ("executed", "", 0), None, None),
        (A[:31], B, 600, ("executed", "", 0), None),
        (A, B + b"b", 600, ("executed", "", 0), None),
        (A, B, 600, ("executed", "", 0), A[1:]),
        (A, B, 600, ("executed", "", 0), 0),
        (A, B, True, ("executed", "", 0), None),
        (A, B, 600, ("executed", "", False), None),
        (A, B, 600, ("executed", ""), None),
        (A, B, 600, "executed", None),
        (None, B, 600, ("executed", "", 0), None),
    ],
)
def test_information_of_a_wrong_shape(value) -> None:
    """Hashes have 32 bytes, numbers are numbers."""
    with pytest.raises(DecodeError):
        TransactionInfo.from_bytes(encode(value))


def test_an_event_is_four_fields() -> None:
    """H("Event") over (key, number, type, fields)."""
    event = Event(b"k" * 24, 3, "mint", (5, "XUS", b"r"))
    data = encode((b"k" * 24, 3, "mint", (5, "XUS", b"r")))
    assert event.to_bytes() == data
    assert event_hash(event) == tagged("Event", data)
    assert Event.from_value(tuple(event)) == event
    for wrong in ((b"k", 3, "mint"), (b"k", True, "mint", ()), ("k", 3, "mint", ()), (b"k", 3, "mint", None)):
        with pytest.raises(DecodeError):
            Event.from_value(wrong)
