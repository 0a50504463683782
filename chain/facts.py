"""What can be proved, and the bytes of a proof: the certified ledger, and one fact about it.

`light_client` verifies what stands here, `prover` makes it. A proof's bytes are canonical (C2, C3): a list of the
fields of each value, in the order in which they stand here. No field goes unverified (X14).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from chain.certificates import QuorumCertificate, waypoint_of
from chain.codec import Value, decode, encode, fields, sized
from chain.entries import Event, TransactionInfo
from chain.errors import DecodeError
from chain.evidence import Evidence
from chain.primitives import Hash
from chain.state.accumulator import ConsistencyProof, Frontier, LeafProof, RangeProof
from chain.state.tree import StateProof
from chain.validators import ValidatorSet


class Anchor(NamedTuple):
    """What a waypoint stands for: the ledger at the end of an epoch (genesis ends epoch 0), and who goes on."""

    epoch: int
    root: Hash
    version: int
    timestamp_us: int
    next_epoch: ValidatorSet

    def waypoint(self) -> str:
        """The waypoint's text (L5)."""
        return waypoint_of(*self)


class LedgerProof(NamedTuple):
    """From a waypoint to the latest certificate."""

    anchor: Anchor
    genesis_info: TransactionInfo
    """The leaf of version 0, whose transaction hash is the genesis hash."""
    genesis_path: LeafProof
    """From that leaf to the anchor's root."""
    epochs: tuple[QuorumCertificate, ...]
    """One certificate for each epoch that has ended since, oldest first."""
    certificate: QuorumCertificate | None
    """None where nothing is certified after the waypoint: then the ledger is the waypoint's own."""


class ProvedEntry(NamedTuple):
    """One entry of the ledger, whole."""

    info: TransactionInfo
    kind: int
    """KIND_USER, KIND_GENESIS or KIND_BLOCK_METADATA."""
    data: bytes
    """The envelope, the genesis document or the block's metadata."""
    events: tuple[Event, ...]


class TransactionProof(NamedTuple):
    """The entry of one version."""

    version: int
    path: LeafProof
    entry: ProvedEntry


class EntriesProof(NamedTuple):
    """All entries of consecutive versions."""

    first: int
    path: RangeProof
    entries: tuple[ProvedEntry, ...]


class EventProof(NamedTuple):
    """One event of one version, without its entry."""

    version: int
    path: LeafProof
    info: TransactionInfo
    place: int
    """Its place among the entry's events, from 0."""
    event_path: LeafProof
    event: Event


class Checkpoint(NamedTuple):
    """The state that a version has: that at the end of the last block up to it."""

    version: int
    """Where that block ends."""
    infos: tuple[TransactionInfo, ...]
    """The leaves from there up to the version that is meant; only the first one names a state root."""
    path: RangeProof

    @property
    def at(self) -> int:
        """The version that is meant."""
        return self.version + len(self.infos) - 1


class RecordProof(NamedTuple):
    """What the state holds under one key, or that it holds nothing there."""

    checkpoint: Checkpoint
    key: bytes
    record: bytes | None
    """The record's canonical bytes; None: there is none."""
    path: StateProof


class StreamProof(NamedTuple):
    """How many events a stream has: what its owner's record counts."""

    checkpoint: Checkpoint
    key: bytes
    """The stream's key, 24 bytes."""
    records: tuple[tuple[bytes | None, StateProof], ...]
    """The records that count it (`light_client.verify_stream`), in order, each with its path."""


class PrefixProof(NamedTuple):
    """The ledger at a later version begins with that at an earlier one, and the certified ledger with both."""

    earlier: Frontier
    """Of the accumulator at the earlier version: its size is that version + 1."""
    later: int
    between: ConsistencyProof
    rest: ConsistencyProof
    """From the later version to the certified one."""


class EpochsProof(NamedTuple):
    """Who has certified the ledger since the waypoint: the ledger proof says it all."""


class EvidenceProof(NamedTuple):
    """A validator lied: its own signatures say so, and the ledger proof whose they are."""

    evidence: Evidence


Fact = (
    TransactionProof | RecordProof | EventProof | StreamProof | EntriesProof | PrefixProof | EpochsProof | EvidenceProof
)
FACTS: tuple[type[Fact], ...] = (
    TransactionProof, RecordProof, EventProof, StreamProof, EntriesProof, PrefixProof, EpochsProof, EvidenceProof,
)  # fmt: skip
"""What can be proved; its place is its number in a proof's bytes."""


def encode_proof(ledger: LedgerProof, fact: Fact) -> bytes:
    """(number of the kind, ledger proof, fact) as canonical bytes."""
    return encode((FACTS.index(type(fact)), value_of(ledger), value_of(fact)))


def read_proof(data: bytes) -> tuple[LedgerProof, Fact]:
    """Read `encode_proof`; DecodeError."""
    number, ledger, fact = fields(decode(data), "proof", int, tuple, tuple)
    if number >= len(FACTS):
        raise DecodeError(f"no kind of proof has the number {number}", name="unknown_kind")
    return read(LedgerProof, ledger), read(FACTS[number], fact)


def value_of(item: Any) -> Value:
    """A value of this module as the codec takes it."""
    if isinstance(item, tuple) and not hasattr(item, "to_value"):
        return tuple(map(value_of, item))
    value: Value = item.to_value() if hasattr(item, "to_value") else item
    return value


def read(kind: type[Any], value: object) -> Any:
    """A class of this module from its value; DecodeError on a wrong shape."""
    readers = _READERS[kind]
    items = fields(value, kind.__name__, *[None] * len(readers))
    return kind(*(reader(item) for reader, item in zip(readers, items, strict=True)))


Reader = Callable[[Any], Any]


def _of(kind: type) -> Reader:
    """Exactly this type."""
    return lambda value: fields((value,), "field", kind)[0]


def _sized(size: int) -> Reader:
    """So many bytes."""
    return lambda value: sized(value, size, "field")


def _each(reader: Reader) -> Reader:
    """A list of what the reader reads."""
    return lambda value: tuple(map(reader, _of(tuple)(value)))


def _this(kind: type) -> Reader:
    """A class of this module."""
    return lambda value: read(kind, value)


def _record(value: object) -> object:
    """A record's bytes, or None."""
    return None if value is None else _of(bytes)(value)


def _pair(value: object) -> tuple[object, StateProof]:
    """A record with its path."""
    record, path = fields(value, "record and path", None, tuple)
    return _record(record), StateProof.from_value(path)


_NUMBER, _BYTES, _HASH = _of(int), _of(bytes), _sized(32)
_INFO, _LEAF = TransactionInfo.from_value, LeafProof.from_value
_READERS: dict[type, tuple[Reader, ...]] = {
    Anchor: (_NUMBER, _HASH, _NUMBER, _NUMBER, ValidatorSet.from_value),
    LedgerProof: (
        _this(Anchor), _INFO, _LEAF, _each(QuorumCertificate.from_value),
        lambda value: None if value is None else QuorumCertificate.from_value(value),
    ),
    ProvedEntry: (_INFO, _NUMBER, _BYTES, _each(Event.from_value)),
    TransactionProof: (_NUMBER, _LEAF, _this(ProvedEntry)),
    EntriesProof: (_NUMBER, RangeProof.from_value, _each(_this(ProvedEntry))),
    EventProof: (_NUMBER, _LEAF, _INFO, _NUMBER, _LEAF, Event.from_value),
    Checkpoint: (_NUMBER, _each(_INFO), RangeProof.from_value),
    RecordProof: (_this(Checkpoint), _BYTES, _record, StateProof.from_value),
    StreamProof: (_this(Checkpoint), _sized(24), _each(_pair)),
    PrefixProof: (Frontier.from_value, _NUMBER, ConsistencyProof.from_value, ConsistencyProof.from_value),
    EpochsProof: (),
    EvidenceProof: (Evidence.from_value,),
}  # fmt: skip
"""How the fields of each class are read."""
