"""Length-prefixed frames: 4 bytes big-endian, then the payload. An empty frame is a sign of life."""

from chain.errors import MithqalError

PREFIX_BYTES = 4
EMPTY_FRAME = bytes(PREFIX_BYTES)


class FrameError(MithqalError):
    """The peer's bytes are no frames of ours; the link must end."""

    name = "bad_frame"


def encode_frame(payload: bytes, max_frame: int) -> bytes:
    """Put the length in front; FrameError (`frame_too_large`) if the payload is above `max_frame` bytes."""
    if len(payload) > max_frame:
        raise _too_large(len(payload), max_frame)
    return len(payload).to_bytes(PREFIX_BYTES, "big") + payload


class FrameReader:
    """Cuts received bytes into payloads. Holds at most one unfinished frame; no byte is copied more than thrice."""

    __slots__ = ("_failed", "_max", "_tail", "_wanted")

    def __init__(self, max_frame: int) -> None:
        """`max_frame` caps a payload (bytes); a larger announced length is refused before anything is kept for it."""
        self._max = max_frame
        self._tail = bytearray()
        self._wanted = PREFIX_BYTES
        self._failed: FrameError | None = None

    @property
    def pending(self) -> int:
        """Bytes of an unfinished frame, its prefix included."""
        return len(self._tail)

    def feed(self, data: bytes | bytearray | memoryview) -> list[bytes]:
        """The payloads that `data` completes, in order.

        Raises FrameError (`frame_too_large`) at a length above the cap, and again at every later call.
        """
        if self._failed is not None:
            raise self._failed
        tail = self._tail
        if not tail:
            frames, used = self._cut(data)
            tail += data[used:]
            return frames
        tail += data
        if len(tail) < self._wanted:
            return []
        with memoryview(tail) as whole:
            frames, used = self._cut(whole)
        del tail[:used]
        return frames

    def _cut(self, data: bytes | bytearray | memoryview) -> tuple[list[bytes], int]:
        """Payloads and the number of bytes they took; notes how many bytes the next frame wants."""
        frames: list[bytes] = []
        start, size = 0, len(data)
        self._wanted = PREFIX_BYTES
        while size - start >= PREFIX_BYTES:
            body = start + PREFIX_BYTES
            length = int.from_bytes(data[start:body], "big")
            if length > self._max:
                self._tail = bytearray()
                self._failed = _too_large(length, self._max)
                raise self._failed
            if size - body < length:
                self._wanted = PREFIX_BYTES + length
                break
            frames.append(bytes(data[body : body + length]))
            start = body + length
        return frames, start


def _too_large(size: int, cap: int) -> FrameError:
    """The one refusal of framing."""
    return FrameError(f"a frame of {size} bytes, the cap is {cap}", name="frame_too_large", size=size, cap=cap)
