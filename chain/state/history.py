"""The states of past blocks, so that an account can be read and proved as it was (KE1 to KE4).

A block's state is its tree, and the current records less what the blocks after it replaced. Trees share structure and
records are immutable, so that a recent state, kept in memory, costs no more than what its successor changed. An older
one is restored from the store's undo rows: one update of the tree by what was first replaced since. A few of those are
kept, and start the next one.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, Protocol

from chain.accounts import Record, leaf_key, read_record, value_hash
from chain.state.tree import Node, update
from chain.state.undo import UndoLog
from chain.state.view import StateView

RESTORED_STATES = 24
"""Old states that are kept once they were restored: more than the calls of one batch of a client."""


class CurrentState(StateView, Protocol):
    """The newest state."""

    def data(self, key: bytes) -> bytes | None:
        """A record's bytes, or None."""


class RecentState(NamedTuple):
    """A committed block's last version, its tree, and the records that the block itself replaced (None: none yet)."""

    version: int
    tree: Node
    replaced: Mapping[bytes, Record | None]


class _Restored(NamedTuple):
    """An old state: its block's last version, its tree, and what was first replaced from there to the block `end`."""

    version: int
    tree: Node
    replaced: Mapping[bytes, bytes | None]
    end: int


class _Read(Mapping[bytes, Record | None]):
    """Records by state key, from their bytes."""

    def __init__(self, data: Mapping[bytes, bytes | None]) -> None:
        self._data = data

    def __getitem__(self, key: bytes) -> Record | None:
        value = self._data[key]
        return None if value is None else read_record(key, value)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)


class PastState:
    """The state at the end of one block; a `StateView`. Use it before the next block is committed."""

    __slots__ = ("_current", "_later", "tree", "version")

    def __init__(self, block: RecentState, later: list[RecentState], current: CurrentState) -> None:
        """`later` holds the blocks after it, oldest first."""
        self.version = block.version
        """The last version of the block."""
        self.tree = block.tree
        self._later, self._current = later, current

    def get(self, key: bytes) -> Record | None:
        """The record as it was: what the first later block that touched it replaced, else the current one."""
        for block in self._later:
            if key in block.replaced:
                return block.replaced[key]
        return self._current.get(key)

    def data(self, key: bytes) -> bytes | None:
        """The record's bytes as they were; what nobody reads otherwise does not stay in memory."""
        for block in self._later:
            if key in block.replaced:
                record = block.replaced[key]
                return None if record is None else record.to_bytes()
        return self._current.data(key)


class History:
    """The newest blocks' states in memory, bounded by their number and by how many records they replaced, and older
    ones as far as the undo rows go."""

    def __init__(self, current: CurrentState, max_blocks: int, max_records: int, undo: UndoLog | None = None) -> None:
        """`current` reads the newest state."""
        self._current, self._undo = current, undo
        self._restored: dict[int, _Restored] = {}
        """By the version that was asked for, the last used one last."""
        self._max_blocks, self._max_records = max_blocks, max_records
        self._blocks: list[RecentState] = []
        self._records = 0

    @property
    def oldest(self) -> int:
        """The lowest version whose state is still here."""
        recent = self._blocks[0].version
        undone = None if self._undo is None else self._undo.oldest
        return recent if undone is None else min(recent, undone)

    def append(self, block: RecentState) -> None:
        """Add a committed block."""
        assert not self._blocks or block.version > self._blocks[-1].version
        self._blocks.append(block)
        self._records += len(block.replaced)

    def trim(self, durable_version: Callable[[], int]) -> None:
        """Forget the oldest blocks above the bounds, but neither the newest durable block nor any after it.

        `durable_version` gives the last version that is on disk: what clients are told of; asked only when needed.
        """
        if not self._is_full():
            return
        durable, drop, last = durable_version(), 0, len(self._blocks) - 1
        while drop < last and self._is_full(drop) and self._blocks[drop + 1].version <= durable:
            self._records -= len(self._blocks[drop].replaced)
            drop += 1
        del self._blocks[:drop]

    def _is_full(self, dropped: int = 0) -> bool:
        return len(self._blocks) - dropped > self._max_blocks or self._records > self._max_records

    def at(self, version: int) -> PastState | None:
        """The state at the end of the last block that ends at or before a version; None if it is forgotten."""
        place = bisect_right(self._blocks, version, key=lambda block: block.version)
        if place:
            return PastState(self._blocks[place - 1], self._blocks[place:], self._current)
        restored = None if version < self.oldest else self._find(version) or self.restore(version)
        if restored is None:
            return None
        first = self._blocks[0]
        if restored.end != first.version:
            restored = self._extend(restored, first.version)
            if restored is None:
                return None
        self._keep(version, restored)
        later = [first._replace(replaced=_Read(restored.replaced)), *self._blocks[1:]]
        return PastState(RecentState(restored.version, restored.tree, {}), later, self._current)

    def is_far(self, version: int) -> bool:
        """Whether reading this state takes `restore` first, which may read many rows."""
        return self.oldest <= version < self._blocks[0].version and self._find(version) is None

    def _find(self, version: int) -> _Restored | None:
        """The state that was restored for a version."""
        return self._restored.get(version)

    def restore(self, version: int) -> _Restored | None:
        """Bring the state at a version back from the undo rows, for `at`; None if it is forgotten.

        Unlike everything else here it may run in another thread than the one that commits.
        """
        if self._undo is None:
            return None
        first = self._blocks[0]
        start = min(
            (item for item in list(self._restored.values()) if item.version > version),
            key=lambda item: item.version, default=_Restored(first.version, first.tree, {}, first.version),
        )  # fmt: skip
        found = self._undo.replaced_between(version, start.version)
        if found is None:
            return None
        end, replaced = found
        changes = [(leaf_key(key), None if data is None else value_hash(data)) for key, data in replaced.items()]
        restored = _Restored(end, update(start.tree, changes), {**start.replaced, **replaced}, start.end)
        self._keep(version, restored)
        return restored

    def _extend(self, restored: _Restored, end: int) -> _Restored | None:
        """The same state, with what was replaced up to a later block."""
        assert self._undo is not None
        found = self._undo.replaced_between(restored.end, end)
        if found is None:
            return None
        return restored._replace(replaced={**found[1], **restored.replaced}, end=end)

    def _keep(self, version: int, restored: _Restored) -> None:
        """Remember it for this version; the RESTORED_STATES that were used last stay."""
        self._restored.pop(version, None)
        self._restored[version] = restored
        while len(self._restored) > RESTORED_STATES:
            self._restored.pop(next(iter(self._restored)), None)
