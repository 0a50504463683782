"""SY3, SY5: the shapes of what validators tell each other of snapshots; anything else is no message."""

from collections.abc import Callable
from typing import Any

import pytest

from chain.errors import DecodeError
from chain.snapshot_messages import Chunk, ChunkRequest, SnapshotOffer, SnapshotWritten
from chain.sync.snapshot import make_offer
from tests.chains import small_chain

A, B = b"a" * 32, b"b" * 32
CHUNK = Chunk(11, A, (b"key", b"record", b"other", b""), 5, (A, B))
HASHES: list[tuple[Any, ...]] = [(A[:31],), (A, B + b"x"), (b"",), ("a" * 32,), (None,), (A, 5)]


def refused(read: Callable[[Any], object], value: object) -> None:
    with pytest.raises(DecodeError):
        read(value)


@pytest.fixture(scope="module")
def offer() -> SnapshotOffer:
    chain = small_chain()
    found = make_offer(chain.ledger, chain.ledger.tip_height, chain.ledger.tip_version)
    assert found is not None
    return found


def test_what_is_sent_is_what_is_read(offer: SnapshotOffer) -> None:
    """A chunk without records, and a request from the start, are messages too."""
    assert SnapshotOffer.from_value(offer.to_value()) == offer
    for chunk in (CHUNK, Chunk(11, b"", (), 0, ())):
        assert Chunk.from_value(chunk.to_value()) == chunk
    for after in (b"", A):
        assert ChunkRequest.from_value((11, after)) == ChunkRequest(11, after)
    assert SnapshotWritten.from_value((11,)) == SnapshotWritten(11)


@pytest.mark.parametrize("items", [(b"key",), (b"a", b"b", b"c"), (b"key", None), (b"key", "record"), (5, b"record")])
def test_a_chunk_holds_pairs_of_bytes(items: tuple[Any, ...]) -> None:
    """Key and record in turn."""
    refused(Chunk.from_value, CHUNK._replace(items=items).to_value())


@pytest.mark.parametrize("hashes", HASHES)
def test_hashes_have_32_bytes(offer: SnapshotOffer, hashes: tuple[Any, ...]) -> None:
    """Siblings of a chunk, path and subtrees of an offer."""
    refused(Chunk.from_value, CHUNK._replace(siblings=hashes).to_value())
    for bent in (offer._replace(path=hashes), offer._replace(subtrees=hashes)):
        refused(SnapshotOffer.from_value, bent.to_value())


@pytest.mark.parametrize("after", [A[:31], A + b"x", b"x"])
def test_a_request_names_a_leaf_or_nothing(after: bytes) -> None:
    """32 bytes, or none."""
    refused(ChunkRequest.from_value, (11, after))


def test_the_entry_of_an_offer(offer: SnapshotOffer) -> None:
    """(kind, data, information, events as bytes)."""
    kind, data, info, events = offer.entry
    wrong = [
        (kind, data, info),
        (str(kind), data, info, events),
        (kind, data, info, (*events, None)),
        (kind, data, info, ("x",)),
    ]
    for entry in wrong:
        refused(SnapshotOffer.from_value, offer._replace(entry=entry).to_value())  # type: ignore[arg-type]
