"""What each committed block replaced, as rows of the store: old states are the current one with that put back (KE1).

The row of a block stands under its last version and holds the version before the block, and for each record that the
block wrote its key and, as the next item, its bytes before the block (None: there was none). Rows are written in the
batch of their block, so that they are exactly as durable, and deleted when they leave the window (KE2).
"""

from collections.abc import Iterator, Mapping

from chain.accounts import Record
from chain.codec import decode, encode, fields
from chain.errors import DecodeError
from chain.kept import PRUNED_AT_ONCE
from chain.limits import RECENT_RECORDS
from chain.storage import Column, Store, WriteBatch

_PAGE = 64
"""Rows in one read."""


class UndoLog:
    """The rows of one store, within a window of so many versions before the tip."""

    def __init__(self, store: Store, window: int) -> None:
        """With a window of 0 no further row is written, and those that are there go."""
        self._store, self._window = store, window
        self.oldest: int | None = None
        """The lowest version whose state the rows can give back; None without any row."""
        self._first = 0
        """Key of the first row."""
        self._newest: dict[bytes, bytes] = {}
        """Bytes of records that were written lately: the next block that replaces one need not encode it again."""
        self._find_first(0)

    def _find_first(self, start: int) -> None:
        """Note the first durable row from a key on."""
        found = self._store.rows(Column.UNDO, start, 1)
        if found:
            self._first, self.oldest = found[0][0], read_undo(found[0][1])[0]

    def append(
        self, span: tuple[int, int], replaced: Mapping[bytes, Record | None], values: Mapping[bytes, bytes],
        batch: WriteBatch,
    ) -> None:  # fmt: skip
        """Write a block's row, and delete rows that have left the window.

        `span` is (version before the block, its last version); `values` holds the records that it wrote, as bytes.
        """
        before, version = span
        self._prune(version - self._window, batch)
        if self._window:
            items: list[bytes | None] = []
            known = self._newest
            for key, record in replaced.items():
                items += (key, None if record is None else known.get(key) or record.to_bytes())
            batch.rows.append((Column.UNDO, version, encode((before, tuple(items)))))
            if len(known) > RECENT_RECORDS:
                known.clear()
            known.update(values)
            if self.oldest is None:
                self._first, self.oldest = version, before

    def _prune(self, up_to: int, batch: WriteBatch) -> None:
        """Delete rows at or below a version, PRUNED_AT_ONCE at most, oldest first, each once its successor is there."""
        for _ in range(PRUNED_AT_ONCE):
            gone = self._first
            if self.oldest is None or gone > up_to:
                return
            self._find_first(gone + 1)
            if self._first == gone:
                if self._window:
                    return
                self.oldest = None
            batch.rows.append((Column.UNDO, gone, None))

    def replaced_between(self, version: int, end: int) -> tuple[int, dict[bytes, bytes | None]] | None:
        """What was first replaced after the block that holds `version`, up to a block that ends at `end`.

        Gives that block's last version and the records' bytes by key, or None if rows are missing. It may run in
        another thread than the one that commits.
        """
        found: dict[bytes, bytes | None] = {}
        start: int | None = None
        reached = -1
        for key, row in self._rows(version + 1, end):
            before, items = read_undo(row)
            if start is None:
                start = reached = before
                if before > version:
                    return None
            if before != reached:
                return None
            reached = key
            for name, value in items:
                found.setdefault(name, value)
        return None if start is None or reached != end else (start, found)

    def _rows(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Rows from `start` to `end`, a page at a time."""
        while start <= end:
            page = self._store.rows(Column.UNDO, start, _PAGE)
            for key, row in page:
                if key > end:
                    return
                yield key, row
            if not page:
                return
            start = page[-1][0] + 1


def read_undo(row: bytes) -> tuple[int, tuple[tuple[bytes, bytes | None], ...]]:
    """The version before the block, and each (state key, bytes before the block or None); DecodeError."""
    before, items = fields(decode(row), "undo", int, tuple)
    if len(items) % 2:
        raise DecodeError("undo: a key without a value", name="wrong_shape")
    keys, values = items[::2], items[1::2]
    fields(keys, "undone keys", *[bytes] * len(keys))
    for value in values:
        if value is not None:
            fields((value,), "undone record", bytes)
    return before, tuple(zip(keys, values, strict=True))
