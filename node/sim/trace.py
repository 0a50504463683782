"""A run's fingerprint: a running SHA-256 over every event in order. Equal hashes mean equal runs (invariant S13)."""

import hashlib
from collections.abc import Callable

Sink = Callable[[int, int, str, bytes], None]
"""(time, node, kind, bytes) of an event."""


class Trace:
    """Absorbs (time, node, kind, bytes) of every event."""

    __slots__ = ("_sink", "_state", "count")

    def __init__(self, sink: Sink | None = None) -> None:
        """Nothing happened yet; whatever does is told to `sink` too."""
        self._state = hashlib.sha256()
        self._sink = sink
        self.count = 0

    def add(self, time_us: int, node: int, kind: str, data: bytes = b"") -> None:
        """Absorb one event; lengths stand in front, so that no two sequences read the same."""
        self.count += 1
        self._state.update(f"{time_us} {node} {kind} {len(data)}:".encode() + data)
        if self._sink is not None:
            self._sink(time_us, node, kind, data)

    def hexdigest(self) -> str:
        """The fingerprint so far."""
        return self._state.hexdigest()
