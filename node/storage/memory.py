"""The store in dictionaries: what the simulator runs on, and the reference for the contract tests."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator

from chain.storage import Column, Index, WriteBatch


class MemoryStore:
    """A `chain.storage.Store` that ends with its process. `copy` is what a simulated disk keeps."""

    def __init__(self) -> None:
        """Empty."""
        self._rows: dict[Column, dict[int, bytes]] = {column: {} for column in Column}
        self._state: dict[bytes, bytes] = {}
        self._postings: dict[tuple[Index, bytes], dict[int, int]] = {}
        self._positions: dict[tuple[Index, bytes], list[int]] = {}

    def row(self, column: Column, key: int) -> bytes | None:
        """The row's bytes, or None."""
        return self._rows[column].get(key)

    def rows(self, column: Column, start: int, limit: int) -> list[tuple[int, bytes]]:
        """Up to `limit` rows with key >= start, by ascending key."""
        rows = self._rows[column]
        if limit < len(rows):
            near = [(key, rows[key]) for key in range(start, start + limit) if key in rows]
            if len(near) == limit:
                return near
        return [(key, rows[key]) for key in sorted(key for key in rows if key >= start)[:limit]]

    def last_row(self, column: Column) -> tuple[int, bytes] | None:
        """The row with the highest key, or None."""
        rows = self._rows[column]
        if not rows:
            return None
        key = max(rows)
        return key, rows[key]

    def state(self, key: bytes) -> bytes | None:
        """The current value of a state key, or None."""
        return self._state.get(key)

    def states(self) -> Iterator[tuple[bytes, bytes]]:
        """Every state key and value."""
        return iter(list(self._state.items()))

    def postings(
        self, index: Index, key: bytes, start: int, limit: int, *, descending: bool = False
    ) -> list[tuple[int, int]]:
        """Up to `limit` pairs (position, value) of a key, from position `start` on (or down from it)."""
        values = self._postings.get((index, key), {})
        positions = self._positions.get((index, key), [])
        if descending:
            chosen = positions[: bisect_right(positions, start)][::-1][:limit]
        else:
            first = bisect_left(positions, start)
            chosen = positions[first : first + limit]
        return [(position, values[position]) for position in chosen]

    def write(self, batch: WriteBatch) -> None:
        """Apply the batch."""
        for column, key, value in batch.rows:
            if value is None:
                self._rows[column].pop(key, None)
            else:
                self._rows[column][key] = value
        for state_key, data in batch.state:
            if data is None:
                self._state.pop(state_key, None)
            else:
                self._state[state_key] = data
        for index, posting_key, position, number in batch.postings:
            values = self._postings.setdefault((index, posting_key), {})
            if position not in values:
                insort(self._positions.setdefault((index, posting_key), []), position)
            values[position] = number

    def copy(self) -> "MemoryStore":
        """An independent store with the same contents."""
        other = MemoryStore()
        other._rows = {column: dict(rows) for column, rows in self._rows.items()}
        other._state = dict(self._state)
        other._postings = {key: dict(values) for key, values in self._postings.items()}
        other._positions = {key: list(values) for key, values in self._positions.items()}
        return other
