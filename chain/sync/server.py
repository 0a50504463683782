"""Gives snapshots to validators that are far behind, without promising them anything (SY8, SY9).

Nothing is copied: a state of the past is the tree of its block, and the records less what was replaced since
(chain/state/history.py). A peer has one snapshot here at a time, and so many chunks a second.
"""

from dataclasses import dataclass

from chain.codec import decode
from chain.ledger import Ledger, read_tip
from chain.primitives import SECOND_US
from chain.snapshot_messages import Chunk, ChunkRequest, SnapshotOffer
from chain.state.chunk import prove_edge
from chain.state.history import PastState
from chain.state.tree import leaves_after
from chain.storage import Column
from chain.sync.snapshot import make_offer

CHUNK_LEAVES = 1_024
"""Leaves of a chunk: a step that makes one takes about 10 ms."""
CHUNK_BYTES = 512 << 10
"""Bytes after which a chunk takes no further leaf."""
CHUNKS_A_SECOND = 50
"""Chunks to one peer: half of a core at most, whatever it asks for."""
SNAPSHOT_PINS = 8
"""Peers that are served at a time; of more the one that asked longest ago goes."""
REACH_VERSIONS = 100_000
"""A snapshot may be this far behind the tip, or it is not served: bringing it back would take too long."""


RESTORE_EVERY_US = 10 * SECOND_US
"""How often one peer may ask for another state that must be brought back from the disk first."""


@dataclass(slots=True)
class _Pin:
    """What one peer may fetch."""

    version: int
    second: int = 0
    chunks: int = 0
    """Given in that second."""


class SnapshotServer:
    """One validator's giving side."""

    def __init__(self, ledger: Ledger, chunk_leaves: int = CHUNK_LEAVES) -> None:
        """Nobody is served yet."""
        self._ledger, self._chunk_leaves = ledger, chunk_leaves
        self._pins: dict[int, _Pin] = {}
        """By peer, who asked last stands last."""
        self._restored_us: dict[int, int] = {}
        """When a state was last brought back for a peer."""

    def offer(self, sender: int, above_version: int, now_us: int) -> SnapshotOffer | None:
        """The newest durable block, if it is beyond what the peer has and not above its rate; it may fetch that state
        then."""
        meta = self._ledger.store.row(Column.META, 0)
        assert meta is not None, "genesis is durable before anything else"
        tip = read_tip(decode(meta))
        if tip.version <= above_version:
            return None
        if not self._count(self._pin(sender, tip.version), now_us):
            return None
        return make_offer(self._ledger, tip.height, tip.version)

    def chunk(self, sender: int, request: ChunkRequest, now_us: int) -> Chunk | None:
        """The next leaves of a state; empty if it is not served (any more), None above the peer's rate."""
        if not self._may_ask(sender, request.version, now_us):
            return Chunk(request.version, request.after, (), 0, ())
        if not self._count(self._pin(sender, request.version), now_us):
            return None
        state = self._ledger.history.at(request.version)
        if state is None or state.version != request.version:
            return Chunk(request.version, request.after, (), 0, ())
        return self._make(request, state)

    def _may_ask(self, sender: int, version: int, now_us: int) -> bool:
        """What it was offered here, or a state of a validator that gives no more, if that is near the tip."""
        pin = self._pins.get(sender)
        if pin is not None and pin.version == version:
            return True
        if not self._ledger.tip_version - REACH_VERSIONS <= version <= self._ledger.tip_version:
            return False
        if self._ledger.history.is_far(version):
            if now_us - self._restored_us.get(sender, -RESTORE_EVERY_US) < RESTORE_EVERY_US:
                return False
            self._restored_us[sender] = now_us
        return True

    def _count(self, pin: _Pin, now_us: int) -> bool:
        """Whether one more answer is within the peer's rate."""
        second = now_us // SECOND_US
        if pin.second != second:
            pin.second, pin.chunks = second, 0
        pin.chunks += 1
        return pin.chunks <= CHUNKS_A_SECOND

    def _pin(self, sender: int, version: int) -> _Pin:
        """Note what a peer fetches."""
        pin = self._pins.pop(sender, None) or _Pin(version)
        pin.version = version
        self._pins[sender] = pin
        if len(self._pins) > SNAPSHOT_PINS:
            del self._pins[next(iter(self._pins))]
        return pin

    def _make(self, request: ChunkRequest, state: PastState) -> Chunk:
        """Leaves up to the bounds, and the proof of the last."""
        items: list[bytes] = []
        size = 0
        last = b""
        for last, _ in leaves_after(state.tree, request.after or None, self._chunk_leaves):
            key = self._ledger.names[last]
            data = state.data(key)
            assert data is not None, "a leaf has its record"
            items += (key, data)
            size += len(key) + len(data)
            if size >= CHUNK_BYTES:
                break
        if not items:
            return Chunk(request.version, request.after, (), 0, ())
        proof = prove_edge(state.tree, last)
        return Chunk(request.version, request.after, tuple(items), *proof)
