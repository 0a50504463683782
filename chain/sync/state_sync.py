"""Whether a validator that is behind fetches the state or the blocks, and the way in for messages (SY1, SY2)."""

from collections.abc import Callable
from typing import NamedTuple

from chain.consensus.catch_up import send
from chain.crypto.signing import Signatures
from chain.interface import Output
from chain.ledger import Ledger
from chain.messages import CommittedResponse, Message
from chain.snapshot_messages import (
    Chunk,
    ChunkRequest,
    SnapshotMessage,
    SnapshotOffer,
    SnapshotRequest,
    SnapshotWritten,
)
from chain.sync.client import SnapshotClient
from chain.sync.server import CHUNK_LEAVES, SnapshotServer
from chain.sync.snapshot import Snapshot

SNAPSHOT_BEHIND = 10_000
"""Versions behind what is certified from which on the state is fetched: some two seconds of replaying."""


class SyncPlan(NamedTuple):
    """How to catch up."""

    snapshot_behind: int | None = SNAPSHOT_BEHIND
    """From so many versions on by a snapshot; None: always by replaying blocks, which recomputes every root."""
    chunk_leaves: int = CHUNK_LEAVES
    """Leaves of a chunk, the same on all validators."""


class StateSync:
    """One validator's side of all snapshots."""

    def __init__(self, ledger: Ledger, own_index: int, signatures: Signatures, plan: SyncPlan) -> None:
        """Nothing is fetched yet."""
        self._ledger, self._own, self._behind = ledger, own_index, plan.snapshot_behind
        self._client = SnapshotClient(ledger, own_index, signatures, plan.chunk_leaves)
        self._server = SnapshotServer(ledger, plan.chunk_leaves)
        self._unserved: set[int] = set()
        """Peers that do not have the blocks that come next."""
        self._is_stuck = False
        """Whether a replay needs blocks that honest validators do not have any more."""
        self._is_told = False

    @property
    def is_switching(self) -> bool:
        """Whether the ledger must not change until the snapshot is durable."""
        return self._client.is_switching

    @property
    def adopting(self) -> Snapshot | None:
        """The snapshot that is whole and on its way to the disk."""
        return self._client.adopting

    @property
    def is_active(self) -> bool:
        """Whether a snapshot is being fetched."""
        return self._client.is_active

    def start(self, now_us: int, out: Output) -> None:
        """Take up what an earlier life began."""
        if self._behind is not None:
            self._client.resume(now_us, out)

    def takes_over(self, version: int, one_honest: int) -> bool:
        """SY1: whether the ledger up to a certified version comes as a snapshot; `ask` begins it.

        It does from `snapshot_behind` versions on, twice as many after each snapshot, so that a network under load is
        caught in the end; and where `one_honest` peers said that they do not have the blocks any more.
        """
        if self._behind is None:
            self._is_stuck = len(self._unserved) >= one_honest
            return False
        is_far = version - self._ledger.tip_version > self._behind
        if self._client.is_active or is_far or len(self._unserved) >= one_honest:
            self._client.want(version)
        return self._client.is_active

    def ask(self, peers: Callable[[], tuple[int, ...]], now_us: int, out: Output) -> None:
        """Begin what is wanted, once who can be asked is known; end it where blocks came first."""
        if self._is_stuck and not self._is_told:
            self._is_told = True
            out.alarm(
                "blocks_pruned",
                f"the others do not have the blocks after height {self._ledger.tip_height} any more: these cannot be"
                " replayed; without --replay a snapshot takes their place",
            )
        if self._client.is_active:
            self._client.stop_if_level(out)
            self._client.ask_first(peers, now_us, out)

    def note_answer(self, sender: int, message: Message) -> None:
        """SY2: a peer says that it does not have the blocks after our tip."""
        if not isinstance(message, CommittedResponse):
            return
        if message.blocks:
            self._unserved.clear()
        elif message.start_height == self._ledger.tip_height + 1:
            self._unserved.add(sender)

    def on_timer(self, _name: str, token: int, now_us: int, out: Output) -> None:
        """Ask again."""
        self._client.on_timer(token, now_us, out)

    def on_message(self, sender: int, message: SnapshotMessage, now_us: int, out: Output) -> Snapshot | None:
        """Serve, or take; gives a snapshot when the ledger has just gone on from it."""
        match message:
            case SnapshotRequest(version):
                send(sender, self._server.offer(sender, version, now_us), out)
            case ChunkRequest():
                send(sender, self._server.chunk(sender, message, now_us), out)
            case SnapshotOffer():
                self._client.on_offer(sender, message, now_us, out)
            case Chunk():
                self._client.on_chunk(sender, message, now_us, out)
            case SnapshotWritten():
                return self._finish(message) if sender == self._own else None
        return None

    def _finish(self, message: SnapshotWritten) -> Snapshot | None:
        """The snapshot is durable."""
        snapshot = self._client.finish(message)
        if snapshot is not None:
            self._unserved.clear()
            if self._behind is not None:
                self._behind *= 2
        return snapshot
