"""Canonical MessagePack: one value, one byte string (docs/protocol.md, C1 to C5). The only door to `msgpack`.

A value is None, a bool, an integer 0 .. 2^64-1, bytes, text, or a tuple of values. There are no maps, no floats, no
negative integers and no extension types. Decoding refuses whatever would not encode to the same bytes again.
"""

from typing import Any

import msgpack

from chain.errors import DecodeError
from chain.limits import MAX_DECODE_DEPTH, MAX_FRAME_BYTES

_pack = msgpack.Packer(use_bin_type=True).pack
"""Kept, since a packer allocates 256 KB; between two calls it holds nothing."""

NIL = _pack(None)
"""The encoding of None."""

Value = None | bool | int | bytes | str | tuple["Value", ...]


def encode(value: Value) -> bytes:
    """Encode a value; DecodeError (`not_encodable`) if it holds anything that C1 does not list."""
    _check(value)
    try:
        data: bytes = _pack(value)
    except UnicodeEncodeError as error:  # half of a surrogate pair
        raise DecodeError(f"a text has no encoding: {error}", name="not_encodable", type="str") from error
    return data


def decode(data: bytes, max_bytes: int = MAX_FRAME_BYTES) -> Value:
    """Decode exactly one canonical value of at most `max_bytes`; DecodeError otherwise."""
    if len(data) > max_bytes:
        raise DecodeError(f"{len(data)} bytes are above the limit of {max_bytes}", name="too_large", size=len(data))
    try:
        value: Value = msgpack.unpackb(
            data, raw=False, use_list=False, strict_map_key=True, max_map_len=0, max_ext_len=0
        )
    except RecursionError as error:
        raise DecodeError("nested too deeply") from error
    except Exception as error:  # msgpack raises many unrelated types; any of them means bad bytes
        raise DecodeError(f"not MessagePack: {type(error).__name__}") from error
    _check(value)
    if _pack(value) != data:
        raise DecodeError("not the canonical encoding of its value", name="not_canonical")
    return value


def decode_own(data: bytes) -> Any:
    """The value of bytes that `encode` made and a hash vouches for: nothing is checked again, which is four times as
    fast."""
    return msgpack.unpackb(data, raw=False, use_list=False)


def joined(head: tuple[Value, ...], *parts: bytes) -> bytes:
    """The encoding of a tuple of fewer than 16 items: `head`, then those whose encodings are `parts`. What is encoded
    already is not looked at again; DecodeError as `encode`."""
    count = len(head) + len(parts)
    assert count < 16
    return bytes((0x90 + count,)) + (encode(head)[1:] if head else b"") + b"".join(parts)


def _check(value: Any) -> None:
    """Refuse what C1 does not list, and tuples nested more than MAX_DECODE_DEPTH deep: depth by depth, since a call a
    tuple costs more than the tuple."""
    level = [(value,)]
    for _ in range(MAX_DECODE_DEPTH + 1):
        below = []
        for items in level:
            for item in items:
                kind = type(item)
                if kind is bytes:
                    continue
                if kind is int:
                    if item >> 64:  # not 0 for a negative one either
                        raise DecodeError(f"integer {item} is outside of 0 .. 2^64-1", name="not_encodable", value=item)
                elif kind is tuple:
                    below.append(item)
                elif kind is not str and item is not None and kind is not bool:
                    raise DecodeError(f"a {kind.__name__} has no encoding", name="not_encodable", type=kind.__name__)
        if not below:
            return
        level = below
    raise DecodeError(f"nested deeper than {MAX_DECODE_DEPTH}", name="too_deep")


def fields(value: object, what: str, *kinds: type | None) -> tuple[Any, ...]:
    """The fields of a record: a tuple with exactly one value of each kind; `None` as a kind accepts any.

    Kinds are compared exactly, so that True is never taken for 1. Raises DecodeError (`wrong_shape`).
    """
    if type(value) is tuple and tuple(map(type, value)) == kinds:
        return value
    if type(value) is not tuple or len(value) != len(kinds):
        raise DecodeError(f"{what}: expected {len(kinds)} fields", name="wrong_shape", what=what)
    items: tuple[Any, ...] = value
    for position, (item, kind) in enumerate(zip(items, kinds, strict=True)):
        if kind is not None and type(item) is not kind:
            got = type(item).__name__
            raise DecodeError(
                f"{what}: field {position} must be {kind.__name__}, got {got}", name="wrong_shape", what=what
            )
    return items


def sized(value: object, size: int, what: str) -> bytes:
    """Bytes of exactly `size`; DecodeError (`wrong_size`) otherwise."""
    if type(value) is not bytes or len(value) != size:
        raise DecodeError(f"{what}: expected {size} bytes", name="wrong_size", what=what, size=size)
    return value
