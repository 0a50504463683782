"""The store in dictionaries and sorted lists: what simulations run on, and the model that other stores are held to."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator

from chain.storage import KEPT_BY_ADOPTION, Column, Index, WriteBatch
from node.storage.rules import MAX_NUMBER, check_numbers


class MemoryStore:
    """A `chain.storage.Store` that ends with its process.

    `copy` is a snapshot, as a simulated disk keeps one: tables are copied, posting lists are shared until either side
    writes to one.
    """

    def __init__(self) -> None:
        """Empty."""
        self._rows: list[dict[int, bytes]] = [{} for _ in Column]
        self._keys: list[list[int]] = [[] for _ in Column]
        """Sorted keys of each table of rows."""
        self._state: dict[bytes, bytes] = {}
        self._staged: dict[bytes, bytes] = {}
        self._postings: list[dict[bytes, list[tuple[int, int]]]] = [{} for _ in Index]
        self._owned: list[set[bytes]] | None = None
        """Posting lists that no copy shares; None while there is no copy at all."""

    def row(self, column: Column, key: int) -> bytes | None:
        """The row's bytes, or None."""
        return self._rows[column].get(key)

    def rows(self, column: Column, start: int, limit: int) -> list[tuple[int, bytes]]:
        """Up to `limit` rows with key >= start, by ascending key."""
        keys, rows = self._keys[column], self._rows[column]
        first = bisect_left(keys, start)
        return [(key, rows[key]) for key in keys[first : first + max(limit, 0)]]

    def last_row(self, column: Column) -> tuple[int, bytes] | None:
        """The row with the highest key, or None."""
        keys = self._keys[column]
        return (keys[-1], self._rows[column][keys[-1]]) if keys else None

    def state(self, key: bytes) -> bytes | None:
        """The current value of a state key, or None."""
        return self._state.get(key)

    def states(self) -> Iterator[tuple[bytes, bytes]]:
        """Every state key and value, as they are now."""
        return iter(list(self._state.items()))

    def staged(self) -> Iterator[tuple[bytes, bytes]]:
        """Every staged key and value, as they are now."""
        return iter(list(self._staged.items()))

    def counts(self) -> dict[str, int]:
        """Rows by column, values of the state, postings."""
        found = {column.name: len(keys) for column, keys in zip(Column, self._keys, strict=True)}
        postings = sum(len(pairs) for lists in self._postings for pairs in lists.values())
        return {**found, "state": len(self._state), "postings": postings}

    def postings(
        self, index: Index, key: bytes, start: int, limit: int, *, descending: bool = False
    ) -> list[tuple[int, int]]:
        """Up to `limit` pairs (position, value) of a key, from position `start` on (or down from it)."""
        pairs = self._postings[index].get(key, [])
        limit = max(limit, 0)
        if descending:
            end = bisect_right(pairs, (start, MAX_NUMBER))
            return pairs[max(end - limit, 0) : end][::-1]
        first = bisect_left(pairs, (start, 0))
        return pairs[first : first + limit]

    def write(self, batch: WriteBatch) -> None:
        """Apply the batch, or nothing: StorageError (`number_out_of_range`) for a number that does not fit."""
        check_numbers(batch)
        if batch.drop_staged:
            self._staged = {}
        self._staged.update(batch.staged)
        if batch.adopt:
            self._adopt()
        for column, key, value in batch.rows:
            self._write_row(column, key, value)
        for state_key, data in batch.state:
            if data is None:
                self._state.pop(state_key, None)
            else:
                self._state[state_key] = data
        for index, posting_key, position, number in batch.postings:
            pairs = self._pairs(index, posting_key)
            if not pairs or position > pairs[-1][0]:
                pairs.append((position, number))
                continue
            place = bisect_left(pairs, (position, 0))
            if pairs[place][0] == position:
                pairs[place] = (position, number)
            else:
                pairs.insert(place, (position, number))

    def _adopt(self) -> None:
        """The staged state, and of the rows those that stay."""
        self._state, self._staged = self._staged, {}
        for column in Column:
            if column not in KEPT_BY_ADOPTION:
                self._rows[column], self._keys[column] = {}, []
        self._postings = [{} for _ in Index]
        if self._owned is not None:
            self._owned = [set() for _ in Index]

    def _write_row(self, column: Column, key: int, value: bytes | None) -> None:
        """Set or delete one row, and keep the keys sorted."""
        rows, keys = self._rows[column], self._keys[column]
        if value is None:
            if rows.pop(key, None) is not None:
                del keys[bisect_left(keys, key)]
            return
        if key not in rows:
            if not keys or key > keys[-1]:
                keys.append(key)
            else:
                insort(keys, key)
        rows[key] = value

    def _pairs(self, index: Index, key: bytes) -> list[tuple[int, int]]:
        """A posting list that may be changed: no copy shares it."""
        lists = self._postings[index]
        if self._owned is None:
            pairs = lists.get(key)
            if pairs is None:
                pairs = lists[key] = []
            return pairs
        owned = self._owned[index]
        if key not in owned:
            lists[key] = list(lists.get(key, ()))
            owned.add(key)
        return lists[key]

    def copy(self) -> "MemoryStore":
        """An independent store with the same contents."""
        other = MemoryStore()
        other._rows = [dict(rows) for rows in self._rows]
        other._keys = [list(keys) for keys in self._keys]
        other._state = dict(self._state)
        other._staged = dict(self._staged)
        other._postings = [dict(lists) for lists in self._postings]
        self._owned = [set() for _ in Index]
        other._owned = [set() for _ in Index]
        return other
