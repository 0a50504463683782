"""C1 to C5: one value, one byte string."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.codec import NIL, Value, decode, encode, fields, joined, sized
from chain.errors import DecodeError

leaves = st.none() | st.booleans() | st.integers(0, 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=20)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=5).map(tuple), max_leaves=20)


def refused(data: bytes) -> str:
    with pytest.raises(DecodeError) as caught:
        decode(data)
    return caught.value.name


@given(values)
def test_round_trip(value) -> None:
    """decode(encode(v)) = v, with the same types."""
    again = decode(encode(value))
    assert again == value
    assert repr(again) == repr(value)


@given(st.lists(values, max_size=7).map(tuple), st.lists(values, max_size=8))
def test_parts_join_to_the_encoding_of_the_whole(head, others) -> None:
    """joined((a, b), encode(c), encode(d)) = encode((a, b, c, d))."""
    assert joined(head, *map(encode, others)) == encode((*head, *others))


def test_what_is_joined_has_one_byte_of_length_and_a_head_that_C1_lists() -> None:
    """15 items, not 16: those have a longer head. None has its one byte."""
    assert joined((0,) * 8, *[NIL] * 7) == encode((0,) * 8 + (None,) * 7)
    with pytest.raises(AssertionError):
        joined((0,) * 8, *[NIL] * 8)
    with pytest.raises(DecodeError) as caught:
        joined((-1,), NIL)
    assert caught.value.name == "not_encodable"


@given(st.binary(max_size=60))
def test_whatever_decodes_encodes_to_the_same_bytes(data) -> None:
    """C3 for arbitrary bytes."""
    try:
        value = decode(data)
    except DecodeError:
        return
    assert encode(value) == data


@pytest.mark.parametrize(
    ("hex_bytes", "name"),
    [
        ("cc05", "not_canonical"),  # 5 in two bytes
        ("cd00ff", "not_canonical"),
        ("d10100", "not_canonical"),  # 256, 2^16 and 2^32 as signed integers: as long as the canonical bytes
        ("d200010000", "not_canonical"),
        ("d30000000100000000", "not_canonical"),
        ("d905" + "6162636465", "not_canonical"),
        ("c50001ff", "not_canonical"),
        ("dc000101", "not_canonical"),
        ("ff", "not_encodable"),  # -1
        ("d080", "not_encodable"),
        ("cb3ff0000000000000", "not_encodable"),  # 1.0
        ("80", "not_encodable"),  # {}
        ("81a161c0", "malformed_bytes"),
        ("d40100", "malformed_bytes"),  # extension
        ("c1", "malformed_bytes"),
        ("", "malformed_bytes"),
        ("0101", "malformed_bytes"),  # trailing byte
        ("a2c328", "malformed_bytes"),  # not UTF-8
        ("dd7fffffff", "malformed_bytes"),
        ("92c0", "malformed_bytes"),
    ],
)
def test_refused(hex_bytes, name) -> None:
    """C1, C2, C3 by example."""
    assert refused(bytes.fromhex(hex_bytes)) == name


@pytest.mark.parametrize(
    "value", [-1, 2**64, 1.0, [1], {}, {"a": 1}, object(), (1, (2, -1)), "\ud800", (1, ("\udfff",))]
)
def test_not_encodable(value) -> None:
    """C1: nothing else has an encoding."""
    with pytest.raises(DecodeError) as caught:
        encode(value)
    assert caught.value.name == "not_encodable"


def test_depth_is_bounded() -> None:
    """C4: 16 lists in one another, not 17."""
    value: Value = ()
    for _ in range(15):
        value = (value,)
    assert decode(encode(value)) == value
    with pytest.raises(DecodeError) as caught:
        encode((value,))
    assert caught.value.name == "too_deep"
    with pytest.raises(DecodeError) as caught:
        encode((0, (), (b"", (), (value,)), 1))
    assert caught.value.name == "too_deep"
    assert refused(b"\x91" * 16 + b"\x90") == "too_deep"
    assert refused(b"\x91" * 5000 + b"\xc0") in ("malformed_bytes", "too_deep")


def test_size_is_bounded() -> None:
    """C4: the limit itself is fine, one more byte is not."""
    data = encode(b"x" * 10)
    assert decode(data, len(data)) == b"x" * 10
    with pytest.raises(DecodeError) as caught:
        decode(data, len(data) - 1)
    assert caught.value.name == "too_large"


def test_exact_bytes() -> None:
    """C2: vectors that may not change."""
    assert encode((0, 127, 128, 2**64 - 1, b"ab", "ab", None, True, False, ())).hex() == (
        "9a007fcc80cfffffffffffffffffc4026162a26162c0c3c290"
    )


def test_fields_compare_types_exactly() -> None:
    """C5: true is never taken for 1; the number of fields is fixed."""
    assert fields((1, b"a", None), "x", int, bytes, None) == (1, b"a", None)
    wrong: list[object] = [(True, b"a", 0), (1, "a", 0), (1, b"a"), (1, b"a", 0, 0), b"abc", None]
    for value in wrong:
        with pytest.raises(DecodeError) as caught:
            fields(value, "x", int, bytes, None)
        assert caught.value.name == "wrong_shape"
    assert sized(b"abc", 3, "x") == b"abc"
    wrong = [b"ab", b"abcd", "abc", 3]
    for value in wrong:
        with pytest.raises(DecodeError) as caught:
            sized(value, 3, "x")
        assert caught.value.name == "wrong_size"
