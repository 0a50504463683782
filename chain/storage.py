"""What a ledger needs of a disk: a small read interface, and writes as data. Bytes in columns, no meaning.

Three shapes: numbered rows, state values by key, and postings (an index key and a position give a number). A
`WriteBatch` is applied whole or not at all (docs/protocol.md, D1).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol


class Column(IntEnum):
    """Numbered rows: one B-tree with integer keys each."""

    META = 0
    """0: the ledger's tip. 1: whose signing record stands beside it (node/storage/signing_record.py).

    2: the last epoch and round that this validator voted in, durable before the record that says so (VOTED_ROW).
    BASE_ROW, SYNC_ROW and BARRED_ROW: see there."""
    BLOCK = 1
    """height -> committed block with what commits it."""
    TRANSACTION = 2
    """version -> transaction, information and events."""
    ACCUMULATOR = 3
    """node position -> hash of a frozen inner node of the transaction accumulator."""
    PENDING = 4
    """row -> a block that this validator stored before it voted and that is not committed yet."""
    EPOCH = 5
    """epoch -> the certificate that ended it; its commit info names the next set."""
    UNDO = 6
    """last version of a block -> the records that it replaced (chain/state/undo.py)."""
    EVIDENCE = 7
    """number -> evidence against a validator, in the order in which it was known here (chain/accountability.py)."""


class Index(IntEnum):
    """Postings: (key, position) -> version, or height where it says so."""

    TRANSACTION_BY_HASH = 0
    """first 8 bytes of a transaction's hash, position = version."""
    TRANSACTION_BY_SENDER = 1
    """address, position = sequence number."""
    EVENT = 2
    """event key, position = sequence number in the stream."""
    BLOCK_BY_ID = 3
    """first 8 bytes of a block's id, position = height, value = height."""


VOTED_ROW = 2
"""Row of META. A signing record with a later vote proves that the ledger lost something that was durable."""
BASE_ROW = 8
"""Row of META: where the ledger begins here if it came by a snapshot (chain/kept.py); missing: at genesis."""
SYNC_ROW = 9
"""Row of META: the verified snapshot whose state is being fetched. Its values so far are the staged ones."""
BARRED_ROW = 10
"""Row of META: keys of this validator that must not sign, since their records were lost (SY10)."""

DIVERGENCE_ROW = 6
"""Row of META: the blocks that gave another result here than a quorum certified, and that result (DV2)."""

KEPT_BY_ADOPTION = (Column.META, Column.PENDING, Column.EPOCH, Column.EVIDENCE)
"""Columns whose rows survive `WriteBatch.adopt`."""


@dataclass(slots=True, init=False)
class WriteBatch:
    """Changes that become durable together. `None` as a value deletes.

    They are applied in this order: `drop_staged`, `staged`, `adopt`, then the rest.
    """

    rows: list[tuple[Column, int, bytes | None]]
    state: list[tuple[bytes, bytes | None]]
    postings: list[tuple[Index, bytes, int, int]]
    drop_staged: bool
    """Forget what is staged."""
    staged: list[tuple[bytes, bytes]]
    """Values of another state, kept beside the current one and read by nobody until it is adopted."""
    adopt: bool
    """The staged state becomes the state, and nothing is staged any more; all postings go, and all rows but those of
    KEPT_BY_ADOPTION. Such a batch is written alone."""

    def __init__(
        self, rows: list[tuple[Column, int, bytes | None]] | None = None,
        state: list[tuple[bytes, bytes | None]] | None = None,
        postings: list[tuple[Index, bytes, int, int]] | None = None, *, drop_staged: bool = False,
        staged: list[tuple[bytes, bytes]] | None = None, adopt: bool = False,
    ) -> None:  # fmt: skip
        """What is not given is empty. By hand, as the `chain.interface.Output` that holds it."""
        self.rows = [] if rows is None else rows
        self.state = [] if state is None else state
        self.postings = [] if postings is None else postings
        self.drop_staged = drop_staged
        self.staged = [] if staged is None else staged
        self.adopt = adopt

    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.rows or self.state or self.postings or self.staged or self.drop_staged or self.adopt)

    def extend(self, other: "WriteBatch") -> None:
        """Append another batch's changes after these; neither adopts."""
        assert not self.adopt, "a batch that adopts is written alone"
        assert not other.adopt, "a batch that adopts is written alone"
        self.rows += other.rows
        self.state += other.state
        self.postings += other.postings
        if other.drop_staged:
            self.drop_staged, self.staged = True, []
        self.staged += other.staged


class Store(Protocol):
    """Reads of what is durable, and one write."""

    def row(self, column: Column, key: int) -> bytes | None:
        """The row's bytes, or None."""

    def rows(self, column: Column, start: int, limit: int) -> list[tuple[int, bytes]]:
        """Up to `limit` rows with key >= start, by ascending key."""

    def last_row(self, column: Column) -> tuple[int, bytes] | None:
        """The row with the highest key, or None."""

    def state(self, key: bytes) -> bytes | None:
        """The current value of a state key, or None."""

    def states(self) -> Iterator[tuple[bytes, bytes]]:
        """Every state key and value, in any order."""

    def staged(self) -> Iterator[tuple[bytes, bytes]]:
        """Every staged key and value, in any order."""

    def postings(
        self, index: Index, key: bytes, start: int, limit: int, *, descending: bool = False
    ) -> list[tuple[int, int]]:
        """Up to `limit` pairs (position, value) of a key, from position `start` on (or down from it)."""

    def write(self, batch: WriteBatch) -> None:
        """Apply the batch whole and durably, or raise and apply nothing."""


class CountedStore(Store, Protocol):
    """A store that can be held against a ledger as a whole."""

    def counts(self) -> dict[str, int]:
        """Rows by the column's name, values of the state as `state`, postings as `postings`."""
