"""Bending valid bytes: a few bits and lengths anywhere, or one leaf of the value that they encode."""

from collections.abc import Sequence
from typing import Any

from chain.codec import decode, encode
from chain.errors import MithqalError
from node.sim.entropy import Stream

NUMBERS = (0, 1, 2, 63, 64, 255, 256, 2**31, 2**32, 2**63 - 1, 2**63, 2**64 - 1)
OCTETS = (0x00, 0x7F, 0x80, 0x90, 0x9F, 0xA0, 0xC0, 0xC1, 0xC4, 0xC6, 0xCF, 0xD9, 0xDB, 0xDC, 0xDD, 0xDF, 0xFF)
"""Bytes with a meaning in MessagePack: empty and full containers, types with a length after them, what is reserved."""
STRUCTURED_PPM = 500_000
DEEP = 40
"""Tuples around a value, when it is made deep."""


def mutate(stream: Stream, data: bytes, others: Sequence[bytes]) -> bytes:
    """Other bytes than `data`, or the same by chance; `others` are valid bytes of the same kind, to be mixed in."""
    if stream.chance(STRUCTURED_PPM):
        try:
            return encode(_bend(stream, decode(data)))
        except MithqalError:
            pass  # no MessagePack, or what came out has no encoding
    changed = bytearray(data)
    for _ in range(1 + stream.below(3)):
        _scratch(stream, changed, others)
    return bytes(changed)


def _scratch(stream: Stream, data: bytearray, others: Sequence[bytes]) -> None:
    """One change of bytes."""
    at = stream.below(len(data) + 1)
    kind = stream.below(8)
    if kind == 0 and at < len(data):
        data[at] ^= 1 << stream.below(8)
    elif kind == 1 and at < len(data):
        data[at] = stream.choice(OCTETS)
    elif kind == 2:
        del data[at : at + 1 + stream.below(8)]
    elif kind == 3:
        data[at:at] = stream.octets(1 + stream.below(8))
    elif kind == 4:
        del data[at:]
    elif kind == 5:
        data[at:at] = data[stream.below(len(data) + 1) :][: 1 + stream.below(64)]
    elif kind == 6:
        other = stream.choice(others)
        data[at:] = other[stream.below(len(other) + 1) :]
    else:
        data[at : at + 8] = stream.choice(NUMBERS).to_bytes(8, "big")


def _bend(stream: Stream, value: Any) -> Any:
    """The value with one leaf, or one place of a tuple, changed."""
    if type(value) is not tuple or not value or stream.below(8) == 0:
        return _other(stream, value)
    at = stream.below(len(value))
    kind = stream.below(16)
    if kind == 0:
        return (*value[:at], *value[at + 1 :])
    if kind == 1:
        return (*value[: at + 1], *value[at:])
    if kind == 2:
        with_ = stream.below(len(value))
        return tuple(value[with_] if place == at else value[at] if place == with_ else item
                     for place, item in enumerate(value))  # fmt: skip
    return (*value[:at], _bend(stream, value[at]), *value[at + 1 :])


def _other(stream: Stream, value: Any) -> Any:
    """Another value in a value's place."""
    kind = stream.below(8)
    if kind == 0:
        return None
    if kind == 1:
        return stream.choice((True, "", b"", (), 0, "\ud800", "１"))
    if kind == 2:
        for _ in range(stream.below(DEEP)):
            value = (value,)
        return value
    if type(value) is int:
        return stream.choice((*NUMBERS, value + 1, max(0, value - 1)))
    if type(value) is bytes and value:
        at = stream.below(len(value))
        return stream.choice((value[:-1], value + b"\0", value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]))
    if type(value) is str:
        return stream.choice((value + "x", value[:-1], value * 50))
    return stream.choice(NUMBERS)
