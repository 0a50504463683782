"""Postings of the newest batches: in memory and in one packed row a batch, on their way into the table (record 0003).

Index keys are spread all over the table, so that a block's postings, written at once, would each touch a page of their
own. Instead every batch is appended whole to a log of packed rows, kept here, and the keys are cut into SLICES ranges:
each write moves one range, from all batches since its last turn, into the table, where many postings then share a page.
A row of the log can go when every range had its turn after it.

Readers take what is here first and ask the table after; the newest row of the log, read with the table's answer, tells
which batches are durable, and each posting remembers its batch. All of it is bytes, which cost the garbage collector
nothing.
"""

from collections.abc import Iterable, Sequence
from struct import Struct

from chain.codec import decode, encode, fields
from chain.storage import Index

_SHIFT = 2
SLICES = 256 >> _SHIFT
"""Ranges of keys, by the first byte of the stored key: the last of the key itself."""
MAX_ENTRIES = 150_000
"""Above it (a long catch-up in few batches) a write moves as many ranges as it takes."""

Posting = tuple[Index, bytes, int, int]
Row = tuple[bytes, int, int, int]
"""Stored key, kind, position, value: a row of the table."""

_ENTRY = Struct(">QQQ")
"""Position, value, batch."""
_KINDS = [bytes([kind]) for kind in range(256)]


class RecentPostings:
    """Belongs to the writer; `find` may run in another thread."""

    def __init__(self, batch: int = 0) -> None:
        """Empty, after a batch with this number."""
        self._slices: list[dict[bytes, bytes]] = [{} for _ in range(SLICES)]
        self._held = 0
        self._moved = [batch] * SLICES
        """By range: the last batch whose postings are in the table."""
        self._turn = 0
        self.batch = batch
        """Number of the newest batch."""

    def __len__(self) -> int:
        """Postings held."""
        return self._held

    def load(self, rows: Iterable[tuple[int, bytes]]) -> None:
        """Take the log of a file that is opened, oldest first; DecodeError if a row is not what `pack` wrote."""
        for at, (batch, packed) in enumerate(rows):
            if at == 0:
                self._moved = [batch - 1] * SLICES
            self.batch = batch
            self._add(unpack(packed))

    def add(self, postings: Sequence[Posting]) -> None:
        """Begin the next batch; readers see it when its row of the log is durable."""
        self.batch += 1
        self._add(postings)

    def _add(self, postings: Sequence[Posting]) -> None:
        """Append postings of the newest batch under their stored key and kind."""
        slices, batch, pack_entry = self._slices, self.batch, _ENTRY.pack
        for index, key, position, value in postings:
            stored = key[::-1] + _KINDS[index]
            entries = slices[stored[0] >> _SHIFT]
            entries[stored] = entries.get(stored, b"") + pack_entry(position, value, batch)
        self._held += len(postings)

    def _size(self, place: int) -> int:
        """Postings held of a range."""
        return sum(map(len, self._slices[place].values())) // _ENTRY.size

    def due(self) -> list[int]:
        """The ranges whose turn it is."""
        turns, left = [self._turn], self._held
        while left > MAX_ENTRIES and len(turns) < SLICES:
            left -= self._size(turns[-1])
            turns.append((turns[-1] + 1) % SLICES)
        return turns

    def rows(self, turns: Sequence[int]) -> list[Row]:
        """What is to be written to the table for these ranges, about in the table's order; the last of two counts."""
        return [
            (stored[:-1], stored[-1], position, value)
            for place in sorted(turns)
            for stored, entries in sorted(self._slices[place].items())
            for position, value, _ in _ENTRY.iter_unpack(entries)
        ]

    def obsolete(self, turns: Sequence[int]) -> int:
        """The last batch whose row of the log can go once these ranges are in the table."""
        return min(self.batch if place in turns else moved for place, moved in enumerate(self._moved))

    def forget(self, turns: Sequence[int]) -> None:
        """These ranges are in the table, durably."""
        for place in turns:
            self._held -= self._size(place)
            self._slices[place], self._moved[place] = {}, self.batch
        self._turn = (turns[-1] + 1) % SLICES

    def find(self, index: Index, key: bytes) -> list[tuple[int, int, int]]:
        """What is held of a key: (position, value, batch), oldest batch first."""
        stored = key[::-1] + _KINDS[index]
        return list(_ENTRY.iter_unpack(self._slices[stored[0] >> _SHIFT].get(stored, b"")))


def pack(postings: Sequence[Posting]) -> bytes:
    """A batch's postings as one row of the log."""
    kinds = bytes(int(posting[0]) for posting in postings)
    keys, positions, values = (tuple(posting[field] for posting in postings) for field in (1, 2, 3))
    return encode((kinds, keys, positions, values))


def unpack(data: bytes) -> list[Posting]:
    """Read `pack`; DecodeError or ValueError on anything else."""
    kinds, keys, positions, values = fields(decode(data, len(data)), "postings", bytes, tuple, tuple, tuple)
    return list(zip(map(Index, kinds), keys, positions, values, strict=True))
