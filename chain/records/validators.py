"""Who validates, as the state has it: the set in force, each validator's configuration, each operator's name.

Libra's DiemSystem, ValidatorConfig and ValidatorOperatorConfig (docs/protocol.md, E1 to E3). A validator's number is
its place in the list of all that were ever registered; it never changes.
"""

import re
from typing import Any, NamedTuple

from chain.codec import decode, encode, fields
from chain.errors import DecodeError
from chain.limits import MAX_ADDRESS_BYTES, MAX_MARKS

VALIDATORS_KEY = b"v"
"""State key of the set in force."""
_VALIDATOR, _OPERATOR = 0, 1
_ADDRESS = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):([1-9][0-9]{0,4})", re.ASCII)
_KEY_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)


class SetMember(NamedTuple):
    """A member as it was when its configuration last took effect (Libra's ValidatorInfo)."""

    number: int
    name: str
    consensus_key: bytes
    network_key: bytes
    updated_us: int
    """When its keys last changed while it was a member."""


class ActiveSet(NamedTuple):
    """The set of the epoch in force after a transaction, members by ascending number."""

    epoch: int
    changed_us: int
    """Time of the block that began the epoch."""
    members: tuple[SetMember, ...]
    registered: tuple[bytes, ...]
    """Account of every validator that there ever was, by its number."""

    def member(self, number: int) -> SetMember | None:
        """The member with a number, or None."""
        return next((member for member in self.members if member.number == number), None)

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode((self.epoch, self.changed_us, tuple(map(tuple, self.members)), self.registered))

    @staticmethod
    def from_bytes(data: bytes) -> "ActiveSet":
        """Read what `to_bytes` wrote."""
        epoch, changed_us, rows, registered = fields(decode(data), "validator set", int, int, tuple, tuple)
        members = tuple(SetMember(*fields(row, "member", int, str, bytes, bytes, int)) for row in rows)
        return ActiveSet(epoch, changed_us, members, registered)


class ValidatorConfig(NamedTuple):
    """What a validator's operator registered. Keys are empty until then; addresses may stay so."""

    account: bytes
    number: int
    human_name: str
    operator: bytes
    """Address of the account that may change the rest; empty until the owner chooses one."""
    consensus_key: bytes
    network_key: bytes
    network_address: str
    """`host:port` where it listens for other validators."""
    fullnode_address: str
    """`host:port` where it answers clients."""

    @property
    def is_valid(self) -> bool:
        """Whether it can become a member (Libra's ValidatorConfig::is_valid)."""
        return bool(self.consensus_key and self.network_key)

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode((_VALIDATOR, *self))

    @staticmethod
    def from_bytes(data: bytes) -> "ValidatorConfig":
        """Read what `to_bytes` wrote."""
        kinds = (int, bytes, int, str, bytes, bytes, bytes, str, str)
        return ValidatorConfig(*fields(decode(data), "validator", *kinds)[1:])


class Mark(NamedTuple):
    """One key that evidence on the ledger has proved guilty, by the first piece that anybody submitted."""

    consensus_key: bytes
    kind: int
    """Of `chain.evidence.EvidenceKind`."""
    epoch: int
    first_round: int
    second_round: int
    """Of the two statements."""


class Accusation(NamedTuple):
    """A validator's keys that were proved guilty, oldest first (docs/protocol.md, EV15)."""

    account: bytes
    marks: tuple[Mark, ...] = ()

    def names(self, consensus_key: bytes) -> bool:
        """Whether a key is guilty: it is marked, or there are so many marks that every key of the validator counts."""
        return len(self.marks) >= MAX_MARKS or any(mark.consensus_key == consensus_key for mark in self.marks)

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode((self.account, tuple(map(tuple, self.marks))))

    @staticmethod
    def from_bytes(data: bytes) -> "Accusation":
        """Read what `to_bytes` wrote."""
        account, rows = fields(decode(data), "accusation", bytes, tuple)
        return Accusation(account, tuple(Mark(*fields(row, "mark", bytes, int, int, int, int)) for row in rows))


class RetiredKey(NamedTuple):
    """A consensus key that was in force once, and whose it is for ever (docs/protocol.md, E13)."""

    consensus_key: bytes
    account: bytes

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode(tuple(self))

    @staticmethod
    def from_bytes(data: bytes) -> "RetiredKey":
        """Read what `to_bytes` wrote."""
        return RetiredKey(*fields(decode(data), "retired key", bytes, bytes))


class OperatorConfig(NamedTuple):
    """A validator operator's name."""

    account: bytes
    human_name: str

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return encode((_OPERATOR, *self))

    @staticmethod
    def from_bytes(data: bytes) -> "OperatorConfig":
        """Read what `to_bytes` wrote."""
        return OperatorConfig(*fields(decode(data), "operator", int, bytes, str)[1:])


def validator_key(account: bytes) -> bytes:
    """State key of a validator's or an operator's configuration."""
    return VALIDATORS_KEY + account


def accusation_key(account: bytes) -> bytes:
    """State key of what a validator is accused of."""
    return b"e" + account


def retired_key(consensus_key: bytes) -> bytes:
    """State key of a consensus key that is in force no more."""
    return b"o" + consensus_key


def is_address(text: str) -> bool:
    """Whether a text is `host:port` (`[::1]:port` for IPv6), or empty: not known."""
    found = _ADDRESS.fullmatch(text)
    return not text or (found is not None and int(found[1]) < 1 << 16 and len(text) <= MAX_ADDRESS_BYTES)


def network_address(key: bytes, address: str) -> str:
    """How a validator's network key and address are written in one text: `64 hex digits@host:port`."""
    return f"{key.hex()}@{address}"


def read_network_address(text: str) -> tuple[bytes, str]:
    """The key and the address of a `network_address`; DecodeError (`bad_address`) on anything else."""
    key, separator, address = text.partition("@")
    if not separator or not _KEY_HEX.fullmatch(key) or not is_address(address):
        raise DecodeError("a network address is 64 hex digits of a key, @, host:port", name="bad_address")
    return bytes.fromhex(key), address


def read_active_set(data: bytes) -> ActiveSet:
    """The record under VALIDATORS_KEY."""
    return ActiveSet.from_bytes(data)


def read_validator_record(data: bytes) -> ValidatorConfig | OperatorConfig:
    """The record under a `validator_key`."""
    value: Any = decode(data)
    kind = value[0] if type(value) is tuple and value else None
    if kind == _VALIDATOR:
        return ValidatorConfig.from_bytes(data)
    if kind == _OPERATOR:
        return OperatorConfig.from_bytes(data)
    raise DecodeError("neither a validator nor an operator", name="wrong_shape")
