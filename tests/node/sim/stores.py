"""Stores for tests of the simulator."""

from collections.abc import Iterator

from chain.storage import Column, Index, WriteBatch


class RecordingStore:
    """Keeps the batches that were written, and reads nothing."""

    def __init__(self) -> None:
        self.written: list[WriteBatch] = []

    def write(self, batch: WriteBatch) -> None:
        """Keep it."""
        self.written.append(batch)

    def row(self, column: Column, key: int) -> bytes | None:
        """Never asked."""
        raise NotImplementedError

    def rows(self, column: Column, start: int, limit: int) -> list[tuple[int, bytes]]:
        """Never asked."""
        raise NotImplementedError

    def last_row(self, column: Column) -> tuple[int, bytes] | None:
        """Never asked."""
        raise NotImplementedError

    def state(self, key: bytes) -> bytes | None:
        """Never asked."""
        raise NotImplementedError

    def states(self) -> Iterator[tuple[bytes, bytes]]:
        """Never asked."""
        raise NotImplementedError

    def staged(self) -> Iterator[tuple[bytes, bytes]]:
        """Never asked."""
        raise NotImplementedError

    def postings(
        self, index: Index, key: bytes, start: int, limit: int, *, descending: bool = False
    ) -> list[tuple[int, int]]:
        """Never asked."""
        raise NotImplementedError
