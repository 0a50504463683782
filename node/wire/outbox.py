"""What waits to be written to one peer: bounded in frames and in bytes, the oldest goes first when it is full."""

from collections import deque


class Outbox:
    """A queue of encoded frames. Never refuses a frame: the newest is worth more to a peer than the oldest."""

    __slots__ = ("_frames", "_max_bytes", "_max_frames", "_size")

    def __init__(self, max_frames: int, max_bytes: int) -> None:
        """Bounds of the queue; `max_bytes` must hold the largest frame."""
        self._max_frames, self._max_bytes = max_frames, max_bytes
        self._frames: deque[bytes] = deque()
        self._size = 0

    def __len__(self) -> int:
        """Frames that wait."""
        return len(self._frames)

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return self._size

    def put(self, frame: bytes) -> int:
        """Add a frame at the end; gives how many of the oldest had to go."""
        self._frames.append(frame)
        self._size += len(frame)
        return self._shrink(self._max_frames)

    def take(self, max_bytes: int) -> list[bytes]:
        """Remove and give the oldest frames: at least one if any waits, else as many as fit in `max_bytes`."""
        frames: list[bytes] = []
        room = max_bytes
        while self._frames and (not frames or len(self._frames[0]) <= room):
            frame = self._frames.popleft()
            frames.append(frame)
            room -= len(frame)
        self._size -= sum(map(len, frames))
        return frames

    def keep_newest(self, max_frames: int) -> int:
        """Forget all but the newest `max_frames`; gives how many went."""
        return self._shrink(max_frames)

    def _shrink(self, max_frames: int) -> int:
        """Drop from the front until both bounds hold."""
        dropped = 0
        while len(self._frames) > max_frames or self._size > self._max_bytes:
            self._size -= len(self._frames.popleft())
            dropped += 1
        return dropped
