"""Frames: 4 bytes big-endian length, then the payload; a cap that holds before anything is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import MithqalError
from node.wire.framing import EMPTY_FRAME, PREFIX_BYTES, FrameError, FrameReader, encode_frame


def test_encoding_is_length_then_payload():
    """Length-prefixed: 4 bytes big-endian, then the payload."""
    assert encode_frame(b"abc", 3) == b"\x00\x00\x00\x03abc"
    assert encode_frame(b"", 0) == b"\x00\x00\x00\x00" == EMPTY_FRAME
    assert encode_frame(bytes(0x010203), 1 << 20)[:4] == b"\x00\x01\x02\x03"
    assert PREFIX_BYTES == 4


def test_the_cap_holds_when_encoding():
    """A payload of the cap is a frame, one byte more is refused with both numbers."""
    assert len(encode_frame(bytes(10), 10)) == 14
    with pytest.raises(FrameError) as caught:
        encode_frame(bytes(11), 10)
    assert caught.value.name == "frame_too_large"
    assert caught.value.details == {"size": 11, "cap": 10}
    assert isinstance(caught.value, MithqalError)


def test_split_at_every_byte():
    """However the bytes arrive, the payloads are the same."""
    payloads = [b"a", b"", b"hello", bytes(300), b"z"]
    stream = b"".join(encode_frame(payload, 1000) for payload in payloads)
    for cut in range(len(stream) + 1):
        reader = FrameReader(1000)
        assert reader.feed(stream[:cut]) + reader.feed(stream[cut:]) == payloads
        assert reader.pending == 0
    reader = FrameReader(1000)
    assert [frame for byte in stream for frame in reader.feed(bytes([byte]))] == payloads


def test_frames_come_as_soon_as_they_are_whole():
    """A frame is given with its last byte, not earlier and not later."""
    reader = FrameReader(10)
    assert reader.feed(b"\x00\x00\x00\x02a") == []
    assert reader.pending == 5
    assert reader.feed(b"b\x00\x00") == [b"ab"]
    assert reader.pending == 2
    assert reader.feed(b"\x00\x01") == []
    assert reader.feed(b"c\x00\x00\x00\x00\x00") == [b"c", b""]
    assert reader.pending == 1


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_every_kind_of_buffer_gives_bytes_of_its_own(kind):
    """A payload does not change when the read buffer is used again."""
    reader = FrameReader(10)
    buffer = bytearray(encode_frame(b"one", 10) + encode_frame(b"two", 10)[:5])
    first = reader.feed(kind(buffer))
    buffer[:] = bytes(len(buffer))
    assert first == [b"one"]
    assert type(first[0]) is bytes
    assert reader.feed(kind(b"wo")) == [b"two"]


def test_cap_boundary_when_reading():
    """A length of the cap is read, one more is refused at its fourth byte."""
    reader = FrameReader(5)
    assert reader.feed(b"\x00\x00\x00\x05abcde") == [b"abcde"]
    assert reader.feed(b"\x00\x00\x00") == []
    with pytest.raises(FrameError) as caught:
        reader.feed(b"\x06")
    assert caught.value.name == "frame_too_large"
    assert caught.value.details == {"size": 6, "cap": 5}


def test_giant_length_allocates_nothing():
    """A hard cap before allocation: nothing is kept of a frame that announces too much, and the reader stays shut."""
    reader = FrameReader(100)
    with pytest.raises(FrameError) as first:
        reader.feed(b"\xff\xff\xff\xff" + bytes(50))
    assert first.value.details["size"] == 2**32 - 1
    assert reader.pending == 0
    with pytest.raises(FrameError):
        reader.feed(encode_frame(b"fine", 100))
    assert reader.pending == 0
    split = FrameReader(100)
    split.feed(b"\x80\x00")
    with pytest.raises(FrameError):
        split.feed(b"\x00\x00")
    assert split.pending == 0


@given(st.lists(st.binary(max_size=60), max_size=12), st.lists(st.integers(1, 40), min_size=1, max_size=30))
def test_any_chunks_give_the_same_payloads(payloads, sizes):
    """Model: the list of payloads itself."""
    stream = b"".join(encode_frame(payload, 60) for payload in payloads)
    reader, got, place, turn = FrameReader(60), [], 0, 0
    while place < len(stream):
        size = sizes[turn % len(sizes)]
        got += reader.feed(memoryview(stream)[place : place + size])
        place, turn = place + size, turn + 1
    assert got == payloads
    assert reader.pending == 0
