"""One version of the ledger as everybody hashes it: entry, status, events and the accumulator's leaf (L1, L2, L4).

A client that believes nobody needs exactly this of an entry, so it lies below whatever executes or stores one.
"""

from typing import NamedTuple

from chain.codec import Value, decode, encode, fields, sized
from chain.crypto.hashing import Hasher
from chain.errors import DecodeError
from chain.primitives import Hash
from chain.transaction import transaction_hash

KIND_USER = 0
KIND_GENESIS = 1
KIND_BLOCK_METADATA = 2

_hash_genesis = Hasher("Genesis")
_hash_metadata = Hasher("BlockMetadata")
_hash_info = Hasher("TransactionInfo")
_hash_event = Hasher("Event")


class Event(NamedTuple):
    """One event: its stream's key (24 bytes), its number in the stream, its type and fields."""

    key: bytes
    sequence: int
    type: str
    data: tuple[Value, ...]

    def to_bytes(self) -> bytes:
        """Canonical bytes, as the event accumulator hashes them."""
        return encode(tuple(self))

    @staticmethod
    def from_value(value: object) -> "Event":
        """Read the tuple of an event; DecodeError on a wrong shape."""
        return Event(*fields(value, "event", bytes, int, str, tuple))


class Status(NamedTuple):
    """`executed`, `out_of_gas` or `move_abort`; module and code stand for an abort only."""

    kind: str
    module: str
    code: int


class TransactionInfo(NamedTuple):
    """The accumulator's leaf of one entry. `state_root` stands in the last entry of a block only."""

    transaction_hash: Hash
    event_root: Hash
    gas_used: int
    status: Status
    state_root: Hash | None

    def to_value(self) -> Value:
        """The five fields in order."""
        return (self.transaction_hash, self.event_root, self.gas_used, tuple(self.status), self.state_root)

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode(self.to_value())

    @staticmethod
    def from_value(value: object) -> "TransactionInfo":
        """Read `to_value`; DecodeError on a wrong shape or size."""
        tx_hash, events, gas, status, root = fields(value, "info", bytes, bytes, int, tuple, None)
        for item, what in ((tx_hash, "transaction hash"), (events, "event root"), (root, "state root")):
            if item is not None:
                sized(item, 32, what)
        return TransactionInfo(tx_hash, events, gas, Status(*fields(status, "status", str, str, int)), root)

    @staticmethod
    def from_bytes(data: bytes) -> "TransactionInfo":
        """Read `to_bytes`."""
        return TransactionInfo.from_value(decode(data))


def info_hash(info: bytes) -> Hash:
    """The accumulator's leaf hash of an entry's information."""
    return _hash_info(info)


def event_hash(event: Event) -> Hash:
    """An event's leaf hash in its entry's accumulator."""
    return event_leaf(event.to_bytes())


def event_leaf(data: bytes) -> Hash:
    """The leaf hash of an event's bytes."""
    return _hash_event(data)


def entry_hash(kind: int, data: bytes) -> Hash:
    """What an entry's information calls `transaction_hash`; each kind hashes in a domain of its own.

    DecodeError (`unknown_kind`) for a number that is no kind.
    """
    if kind == KIND_USER:
        return transaction_hash(data)
    if kind == KIND_GENESIS:
        return _hash_genesis(data)
    if kind == KIND_BLOCK_METADATA:
        return _hash_metadata(data)
    raise DecodeError(f"no entry has kind {kind}", name="unknown_kind", kind=kind)
