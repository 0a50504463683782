"""A peer that lies about snapshots: what it answers is changed in one place, and must be noticed (SY3 to SY6)."""

from collections import Counter
from functools import lru_cache

from chain.errors import MithqalError
from chain.messages import Message, Recall, decode_message, encode_message, message_name
from chain.snapshot_messages import Chunk, SnapshotOffer
from node.sim.decoded import decoded
from node.sim.entropy import Stream

SNAPSHOT_ANSWERS = ("snapshot_offer", "chunk")
"""Messages that are bent."""


def bend(data: bytes, stream: Stream, turns: Counter[str]) -> bytes | None:
    """The same answer with one lie in it; None for another message, and for one that says nothing.

    `turns` counts the lies by message: each kind of lie has its turn, so that a run of a few lies tells all kinds.
    """
    if message_name(data) not in SNAPSHOT_ANSWERS:
        return None
    message = decode_message(data)
    bent: Message | None = None
    if isinstance(message, SnapshotOffer):
        bent = bend_offer(message, stream, turns["offer"])
        turns["offer"] += 1
    elif isinstance(message, Chunk) and message.items:
        bent = bend_chunk(message, stream, turns["chunk"])
        turns["chunk"] += 1
    return None if bent is None else encode_message(bent)


def bend_chunk(chunk: Chunk, stream: Stream, turn: int) -> Chunk:
    """Another record, a leaf left out or put in twice, another place or another neighbour of the last leaf."""
    kinds = ["record", "twice", "depth"]
    if chunk.siblings:
        kinds.append("sibling")
    if len(chunk.items) > 2:
        kinds.append("missing")
    kind, place = kinds[turn % len(kinds)], 2 * stream.below(len(chunk.items) // 2)
    items = list(chunk.items)
    match kind:
        case "record":
            items[place + 1] = flipped(items[place + 1], stream)
        case "twice":
            items[place:place] = items[place : place + 2]
        case "missing":
            del items[place : place + 2]
        case "depth":
            return chunk._replace(depth=chunk.depth + 1)
        case _:
            return chunk._replace(siblings=_flipped_one(chunk.siblings, stream))
    return chunk._replace(items=tuple(items))


def bend_offer(offer: SnapshotOffer, stream: Stream, turn: int) -> SnapshotOffer:
    """A certificate, an entry, a path or an accumulator that is not the ledger's."""
    kinds = ["info", "event", "certificate"]
    kinds += [name for name in ("path", "subtrees") if getattr(offer, name)]
    if offer.epochs:
        kinds.append("epochs")
    kind, data, info, events = offer.entry
    match kinds[turn % len(kinds)]:
        case "certificate":
            author, signature = offer.certificate.signatures[0]
            signatures = ((author, flipped(signature, stream)), *offer.certificate.signatures[1:])
            return offer._replace(certificate=offer.certificate._replace(signatures=signatures))
        case "event":
            return offer._replace(entry=(kind, data, info, (*events, b"\x90")))
        case "info":
            return offer._replace(entry=(kind, data, info[:-1] + bytes([info[-1] ^ 1]), events))
        case "path":
            return offer._replace(path=_flipped_one(offer.path, stream))
        case "subtrees":
            return offer._replace(subtrees=_flipped_one(offer.subtrees, stream))
        case _:
            return offer._replace(epochs=offer.epochs[:-1])


def flipped(data: bytes, stream: Stream) -> bytes:
    """The bytes with one bit changed."""
    place = stream.below(len(data))
    return data[:place] + bytes([data[place] ^ 1 << stream.below(8)]) + data[place + 1 :]


def _flipped_one(hashes: tuple[bytes, ...], stream: Stream) -> tuple[bytes, ...]:
    """The hashes with one bit of one changed."""
    place = stream.below(len(hashes))
    return (*hashes[:place], flipped(hashes[place], stream), *hashes[place + 1 :])


@lru_cache(maxsize=64)
def unreminded(data: bytes) -> bytes:
    """What a liar or a twin believes of a message: nobody reminds it of what it has signed (R20), or it would stop."""
    if message_name(data) != "recall":
        return data
    try:
        recall = decoded(data)
    except MithqalError:
        return data
    assert isinstance(recall, Recall)
    return encode_message(recall._replace(vote=None, timeout=None, proposal=None))
