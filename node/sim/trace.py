"""A run's fingerprint: a running SHA-256 over every event in order. Equal hashes mean equal runs (invariant S13)."""

import hashlib


class Trace:
    """Absorbs (time, node, kind, bytes) of every event."""

    __slots__ = ("_state", "count")

    def __init__(self) -> None:
        """Nothing happened yet."""
        self._state = hashlib.sha256()
        self.count = 0

    def add(self, time_us: int, node: int, kind: str, data: bytes = b"") -> None:
        """Absorb one event; lengths stand in front, so that no two sequences read the same."""
        self.count += 1
        self._state.update(b"%d %d %s %d:" % (time_us, node, kind.encode(), len(data)))
        self._state.update(data)

    def hexdigest(self) -> str:
        """The fingerprint so far."""
        return self._state.hexdigest()
