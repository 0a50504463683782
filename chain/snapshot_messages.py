"""What validators send each other when one takes the state of a certified block (docs/protocol.md, SY1 to SY11)."""

from typing import NamedTuple

from chain.block import Block
from chain.certificates import QuorumCertificate
from chain.codec import Value, fields, sized
from chain.errors import DecodeError


class SnapshotRequest(NamedTuple):
    """Offer the state of your ledger, if it goes beyond `above_version`."""

    above_version: int

    def to_value(self) -> Value:
        """(version,)."""
        return (self.above_version,)

    @staticmethod
    def from_value(value: Value) -> "SnapshotRequest":
        """Read `to_value`."""
        (version,) = fields(value, "snapshot request", int)
        return SnapshotRequest(version)


class SnapshotOffer(NamedTuple):
    """A certified block whose state can be fetched, with all that connects it with genesis (SY3)."""

    epochs: tuple[QuorumCertificate, ...]
    """One certificate for each epoch that has ended, oldest first."""
    certificate: QuorumCertificate
    """Commits the block."""
    block: Block
    entry: tuple[int, bytes, bytes, tuple[bytes, ...]]
    """The block's last version: kind, data, information, events. The information names the state's root."""
    path: tuple[bytes, ...]
    """Siblings of that information in the transaction accumulator."""
    subtrees: tuple[bytes, ...]
    """What extends the accumulator from genesis alone to this version."""

    def to_value(self) -> Value:
        """The six fields in order."""
        epochs = tuple(certificate.to_value() for certificate in self.epochs)
        return (epochs, self.certificate.to_value(), self.block.to_value(), self.entry, self.path, self.subtrees)

    @staticmethod
    def from_value(value: Value) -> "SnapshotOffer":
        """Read `to_value`."""
        epochs, certificate, block, entry, path, subtrees = fields(
            value, "snapshot offer", tuple, tuple, tuple, tuple, tuple, tuple
        )
        kind, data, info, events = fields(entry, "snapshot entry", int, bytes, bytes, tuple)
        fields(events, "snapshot events", *[bytes] * len(events))
        for item in (*path, *subtrees):
            sized(item, 32, "snapshot hash")
        return SnapshotOffer(
            tuple(map(QuorumCertificate.from_value, epochs)), QuorumCertificate.from_value(certificate),
            Block.from_value(block), (kind, data, info, events), path, subtrees,
        )  # fmt: skip


class ChunkRequest(NamedTuple):
    """Send the leaves of the state at the end of the block `version` that follow `after` in the tree."""

    version: int
    after: bytes
    """A leaf's key of 32 bytes, or nothing: from the start."""

    def to_value(self) -> Value:
        """(version, key)."""
        return (self.version, self.after)

    @staticmethod
    def from_value(value: Value) -> "ChunkRequest":
        """Read `to_value`."""
        version, after = fields(value, "chunk request", int, bytes)
        return ChunkRequest(version, sized(after, 32, "leaf key") if after else b"")


class Chunk(NamedTuple):
    """Consecutive records of a state by their place in the tree; none: the state is not served."""

    version: int
    after: bytes
    items: tuple[bytes, ...]
    """State key and record in turn."""
    depth: int
    siblings: tuple[bytes, ...]
    """Where the last leaf lies, and what is to its right (chain/state/chunk.py)."""

    def to_value(self) -> Value:
        """The five fields in order."""
        return tuple(self)

    @staticmethod
    def from_value(value: Value) -> "Chunk":
        """Read `to_value`."""
        version, after, items, depth, siblings = fields(value, "chunk", int, bytes, tuple, int, tuple)
        if len(items) % 2:
            raise DecodeError("chunk: a key without a record", name="wrong_shape")
        fields(items, "chunk items", *[bytes] * len(items))
        for item in siblings:
            sized(item, 32, "chunk sibling")
        return Chunk(version, after, items, depth, siblings)


class SnapshotWritten(NamedTuple):
    """To oneself, once a whole snapshot is durable."""

    version: int

    def to_value(self) -> Value:
        """(version,)."""
        return (self.version,)

    @staticmethod
    def from_value(value: Value) -> "SnapshotWritten":
        """Read `to_value`."""
        (version,) = fields(value, "snapshot written", int)
        return SnapshotWritten(version)


SnapshotMessage = SnapshotRequest | SnapshotOffer | ChunkRequest | Chunk | SnapshotWritten
