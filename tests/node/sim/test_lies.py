"""What a peer that lies about snapshots changes: one thing in each answer, every kind at some time, nothing else."""

from collections import Counter
from typing import Any

import pytest

from chain.messages import Recall, SignedTimeout, SyncInfo, Timeout, decode_message, encode_message
from chain.snapshot_messages import Chunk, ChunkRequest, SnapshotMessage, SnapshotOffer
from node.sim.entropy import Entropy, Stream
from node.sim.lies import bend, bend_chunk, bend_offer, flipped, unreminded
from tests.chain.consensus.conftest import Committee

FOUR = Committee(4)
B1 = FOUR.block(1, FOUR.genesis_qc)
QC = FOUR.qc(B1)
OFFER = SnapshotOffer((QC, QC), QC, B1, (1, b"data", b"info", (b"event",)), (b"p" * 32, b"q" * 32), (b"s" * 32,))
CHUNK = Chunk(7, b"", (b"k1", b"r1", b"k2", b"r2"), 3, (b"s" * 32, b"t" * 32))


def stream() -> Stream:
    """One row of chance."""
    return Entropy(5).stream("lies")


def bits(one: bytes, other: bytes) -> int:
    """How many differ."""
    assert len(one) == len(other)
    return sum((a ^ b).bit_count() for a, b in zip(one, other, strict=True))


def changed(before: Any, after: Any) -> list[str]:
    """Fields that differ."""
    return [name for name in before._fields if getattr(before, name) != getattr(after, name)]


def test_one_bit_is_flipped() -> None:
    """Anywhere, each bit at some time."""
    chance, data = stream(), b"\x00\x00"
    made = [flipped(data, chance) for _ in range(400)]
    assert {bits(data, one) for one in made} == {1}
    assert len(set(made)) == 16


def test_an_offer_lies_in_one_place() -> None:
    """A certificate's signature, an event more, the information, a sibling, a subtree, an epoch's end left out."""
    chance = stream()
    made = [bend_offer(OFFER, chance, turn) for turn in range(300)]
    kinds: dict[str, list[SnapshotOffer]] = {}
    for one in made:
        (field,) = changed(OFFER, one)
        kinds.setdefault(field, []).append(one)
    assert set(kinds) == {"certificate", "entry", "path", "subtrees", "epochs"}
    for one in kinds["certificate"]:
        assert changed(QC, one.certificate) == ["signatures"]
        assert one.certificate.signatures[1:] == QC.signatures[1:]
        assert one.certificate.signatures[0][0] == QC.signatures[0][0]
        assert bits(one.certificate.signatures[0][1], QC.signatures[0][1]) == 1
    assert {one.entry for one in kinds["entry"]} == {
        (1, b"data", b"info", (b"event", b"\x90")), (1, b"data", b"infn", (b"event",)),
    }  # fmt: skip
    assert {one.epochs for one in kinds["epochs"]} == {(QC,)}
    for field in ("path", "subtrees"):
        before = b"".join(getattr(OFFER, field))
        assert {bits(before, b"".join(getattr(one, field))) for one in kinds[field]} == {1}
    assert len({one.path[0] for one in kinds["path"]}) > 1 < len({one.path[1] for one in kinds["path"]})


def test_an_offer_without_more_lies_where_it_can() -> None:
    """No path, no subtrees, no earlier epoch: the certificate, an event, or the information."""
    bare, chance = OFFER._replace(path=(), subtrees=(), epochs=()), stream()
    assert {changed(bare, bend_offer(bare, chance, turn))[0] for turn in range(60)} == {"certificate", "entry"}


def test_a_chunk_lies_in_one_place() -> None:
    """Another record, a leaf twice or left out, another depth, another neighbour of the last leaf."""
    chance = stream()
    made = [bend_chunk(CHUNK, chance, turn) for turn in range(400)]
    found: dict[str, list[Chunk]] = {}
    for one in made:
        (field,) = changed(CHUNK, one)
        kind = field if field != "items" else {2: "missing", 4: "record", 6: "twice"}[len(one.items)]
        found.setdefault(kind, []).append(one)
    assert set(found) == {"missing", "record", "twice", "depth", "siblings"}
    assert {one.depth for one in found["depth"]} == {4}
    assert {one.items for one in found["missing"]} == {(b"k1", b"r1"), (b"k2", b"r2")}
    assert {one.items for one in found["twice"]} == {
        (b"k1", b"r1", b"k1", b"r1", b"k2", b"r2"), (b"k1", b"r1", b"k2", b"r2", b"k2", b"r2"),
    }  # fmt: skip
    for one in found["record"]:
        assert (one.items[0], one.items[2]) == (b"k1", b"k2")
        assert bits(one.items[1] + one.items[3], b"r1r2") == 1
    assert {bits(b"".join(CHUNK.siblings), b"".join(one.siblings)) for one in found["siblings"]} == {1}


def test_a_small_chunk_lies_where_it_can() -> None:
    """Its one leaf is never left out, and a neighbour that is not there never bent."""
    small, chance = CHUNK._replace(items=(b"k1", b"r1"), siblings=()), stream()
    made = [bend_chunk(small, chance, turn) for turn in range(100)]
    assert {(len(one.items), one.depth - 3, one.siblings) for one in made} == {(2, 0, ()), (4, 0, ()), (2, 1, ())}


@pytest.mark.parametrize("message", [OFFER, CHUNK])
def test_only_answers_about_snapshots_are_bent(message: SnapshotMessage) -> None:
    """Anything else stays as it is; a chunk that holds nothing says nothing."""
    chance, turns = stream(), Counter[str]()
    data = bend(encode_message(message), chance, turns)
    assert data is not None
    assert changed(message, decode_message(data))
    for other in (ChunkRequest(7, b""), SyncInfo(QC, QC, None), CHUNK._replace(items=())):
        assert bend(encode_message(other), chance, turns) is None
    assert turns.total() == 1


def test_a_liar_is_not_reminded() -> None:
    """R20: what others saw it sign is left out of an answer to it, the certificates stay; other messages are whole."""
    sync = SyncInfo(QC, QC, None)
    recall = Recall(4, sync, None, SignedTimeout(1, 2, 0, b"s" * 64), None)
    assert decode_message(unreminded(encode_message(recall))) == Recall(4, sync, None, None, None)
    for other in (encode_message(sync), encode_message(Timeout(1, 2, 0, b"s" * 64, sync))):
        assert unreminded(other) == other
    broken = encode_message(recall)[:-1]
    assert unreminded(broken) == broken
