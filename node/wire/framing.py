"""Length-prefixed frames: 4 bytes big-endian, then the payload. An empty frame is a sign of life."""

from chain.errors import MithqalError

PREFIX_BYTES = 4


class FrameError(MithqalError):
    """The peer's bytes are no frames of ours; the link must end."""

    name = "bad_frame"


def encode_frame(payload: bytes, max_bytes: int) -> bytes:
    """Put the length in front; FrameError (`frame_too_large`) above the cap."""
    if len(payload) > max_bytes:
        raise FrameError(f"a frame of {len(payload)} bytes, the cap is {max_bytes}", name="frame_too_large")
    return len(payload).to_bytes(PREFIX_BYTES, "big") + payload


class FrameReader:
    """Collects received bytes until frames are whole. Holds at most one frame's cap and one read."""

    def __init__(self, max_bytes: int) -> None:
        """`max_bytes` caps a payload; a larger announced length is refused before anything is kept for it."""
        self._max = max_bytes
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Whole payloads in order; FrameError (`frame_too_large`) at the first length above the cap."""
        self._buffer += data
        frames: list[bytes] = []
        start = 0
        while len(self._buffer) - start >= PREFIX_BYTES:
            length = int.from_bytes(self._buffer[start : start + PREFIX_BYTES], "big")
            if length > self._max:
                raise FrameError(f"a frame of {length} bytes, the cap is {self._max}", name="frame_too_large")
            end = start + PREFIX_BYTES + length
            if end > len(self._buffer):
                break
            frames.append(bytes(self._buffer[start + PREFIX_BYTES : end]))
            start = end
        del self._buffer[:start]
        return frames
