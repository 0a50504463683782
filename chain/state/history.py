"""The states of recent blocks, so that an account can be read and proved as it was a moment ago.

A block's state is its tree, and the current records less what the blocks after it replaced. Trees share structure and
records are immutable, so that a past state costs no more than what its successor changed.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import NamedTuple

from chain.accounts import Record
from chain.state.tree import Node
from chain.state.view import StateView


class RecentState(NamedTuple):
    """A committed block's last version, its tree, and the records that the block itself replaced (None: none yet)."""

    version: int
    tree: Node
    replaced: Mapping[bytes, Record | None]


class PastState:
    """The state at the end of one recent block; a `StateView`. Use it before the next block is committed."""

    __slots__ = ("_current", "_later", "tree", "version")

    def __init__(self, block: RecentState, later: list[RecentState], current: StateView) -> None:
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


class History:
    """The newest blocks' states, bounded by their number and by how many records they replaced."""

    def __init__(self, current: StateView, max_blocks: int, max_records: int) -> None:
        """`current` reads the newest state."""
        self._current = current
        self._max_blocks, self._max_records = max_blocks, max_records
        self._blocks: list[RecentState] = []
        self._records = 0

    @property
    def oldest(self) -> int:
        """The lowest version whose state is still here."""
        return self._blocks[0].version

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
        if not place:
            return None
        return PastState(self._blocks[place - 1], self._blocks[place:], self._current)
