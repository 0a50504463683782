"""The validator set of an epoch and its quorum arithmetic (docs/protocol.md, V1 to V3)."""

from functools import cached_property
from typing import NamedTuple

from chain.codec import Value, encode, fields, sized
from chain.crypto.hashing import Hasher
from chain.errors import DecodeError
from chain.limits import MAX_NAME_BYTES, MAX_VALIDATORS
from chain.primitives import Hash

_hash_set = Hasher("ValidatorSet")


class Validator(NamedTuple):
    """One member; its index in the set is its author number in that epoch. Every member has power 1."""

    name: str
    consensus_key: bytes
    network_key: bytes
    number: int
    """Its place among all validators that the chain ever registered: the same in every epoch (E1)."""


class ValidatorSet:
    """The members of one epoch, in ascending order of their numbers."""

    __slots__ = ("__dict__", "epoch", "members")

    def __init__(self, epoch: int, members: tuple[Validator, ...]) -> None:
        """`members` holds 1 to 256 validators with distinct keys."""
        self.epoch = epoch
        self.members = members

    def __eq__(self, other: object) -> bool:
        """Same epoch, same members."""
        return isinstance(other, ValidatorSet) and (self.epoch, self.members) == (other.epoch, other.members)

    def __hash__(self) -> int:
        """As equality has it."""
        return int.from_bytes(self.hash[:8], "big")

    def __len__(self) -> int:
        """Number of members, n."""
        return len(self.members)

    @cached_property
    def quorum(self) -> int:
        """floor(2n / 3) + 1 (V2): any two quorums share an honest member while at most f are faulty."""
        return 2 * len(self.members) // 3 + 1

    @cached_property
    def one_honest(self) -> int:
        """f + 1 = floor((n - 1) / 3) + 1: so many members include an honest one (V3)."""
        return (len(self.members) - 1) // 3 + 1

    def index_of(self, number: int) -> int | None:
        """The index of the member with this number, or None."""
        return self._indexes.get(number)

    @cached_property
    def _indexes(self) -> dict[int, int]:
        """By number."""
        return {member.number: index for index, member in enumerate(self.members)}

    @cached_property
    def hash(self) -> Hash:
        """Hash of the canonical set."""
        return _hash_set(encode(self.to_value()))

    def to_value(self) -> Value:
        """(epoch, ((name, consensus key, network key, number), ...))."""
        return (self.epoch, tuple(tuple(member) for member in self.members))

    @staticmethod
    def from_value(value: Value) -> "ValidatorSet":
        """Read `to_value`; DecodeError on a wrong shape, size or order, or a repeated key."""
        epoch, rows = fields(value, "validator set", int, tuple)
        members: list[Validator] = []
        for row in rows:
            name, consensus_key, network_key, number = fields(row, "validator", str, bytes, bytes, int)
            if not 0 < len(name.encode()) <= MAX_NAME_BYTES:
                raise DecodeError(f"a validator's name has 1 to {MAX_NAME_BYTES} bytes", name="wrong_size")
            sized(consensus_key, 32, "consensus key")
            sized(network_key, 32, "network key")
            if members and number <= members[-1].number:
                raise DecodeError(f"validator {number} stands after {members[-1].number}", name="wrong_order")
            members.append(Validator(name, consensus_key, network_key, number))
        if not 1 <= len(members) <= MAX_VALIDATORS:
            raise DecodeError(f"a set has 1 to {MAX_VALIDATORS} validators, got {len(members)}", name="wrong_size")
        if len({member.consensus_key for member in members}) != len(members):
            raise DecodeError("two validators share a consensus key", name="duplicate_key")
        return ValidatorSet(epoch, tuple(members))
