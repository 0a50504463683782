"""Whether a validator that is behind fetches the state or the blocks, and the way in for messages (Y1, Y2)."""

from typing import NamedTuple

from chain.crypto.signing import Signatures
from chain.interface import Output, Send
from chain.ledger import Ledger
from chain.messages import (
    Chunk,
    ChunkRequest,
    CommittedResponse,
    Message,
    SnapshotMessage,
    SnapshotOffer,
    SnapshotRequest,
    SnapshotWritten,
    encode_message,
)
from chain.sync.client import SnapshotClient
from chain.sync.server import SnapshotServer
from chain.sync.snapshot import Snapshot

SNAPSHOT_BEHIND = 10_000
"""Versions behind what is certified from which on the state is fetched: some two seconds of replaying."""


class SyncPlan(NamedTuple):
    """How to catch up."""

    snapshot_behind: int | None = SNAPSHOT_BEHIND
    """From so many versions on by a snapshot; None: always by replaying blocks, which recomputes every root."""


class StateSync:
    """One validator's side of all snapshots."""

    def __init__(self, ledger: Ledger, own_index: int, signatures: Signatures, plan: SyncPlan) -> None:
        """Nothing is fetched yet."""
        self._ledger, self._own, self._behind = ledger, own_index, plan.snapshot_behind
        self._client = SnapshotClient(ledger, own_index, signatures)
        self._server = SnapshotServer(ledger)
        self._unserved: set[int] = set()
        """Peers that do not have the blocks that come next."""

    @property
    def is_switching(self) -> bool:
        """Whether the ledger must not change until the snapshot is durable."""
        return self._client.is_switching

    @property
    def is_active(self) -> bool:
        """Whether a snapshot is being fetched."""
        return self._client.is_active

    def start(self, now_us: int, out: Output) -> None:
        """Take up what an earlier life began."""
        if self._behind is not None:
            self._client.resume(now_us, out)

    def takes_over(self, version: int, one_honest: int) -> bool:
        """Y1: whether the ledger up to a certified version comes as a snapshot; `ask` begins it.

        It does from `snapshot_behind` versions on, twice as many after each snapshot, so that a network under load is
        caught in the end; and where `one_honest` peers said that they do not have the blocks any more.
        """
        if self._behind is None:
            return False
        is_far = version - self._ledger.tip_version > self._behind
        if self._client.is_active or is_far or len(self._unserved) >= one_honest:
            self._client.want(version)
        return self._client.is_active

    def ask(self, peers: tuple[int, ...], now_us: int, out: Output) -> None:
        """Begin what is wanted, once who can be asked is known."""
        self._client.ask_first(peers, now_us, out)

    def note_answer(self, sender: int, message: Message) -> None:
        """Y2: a peer says that it does not have the blocks after our tip."""
        if isinstance(message, CommittedResponse) and not message.blocks:
            if message.start_height == self._ledger.tip_height + 1:
                self._unserved.add(sender)
        elif isinstance(message, CommittedResponse):
            self._unserved.clear()

    def on_timer(self, _name: str, token: int, now_us: int, out: Output) -> None:
        """Ask again."""
        self._client.on_timer(token, now_us, out)

    def on_message(self, sender: int, message: SnapshotMessage, now_us: int, out: Output) -> Snapshot | None:
        """Serve, or take; gives a snapshot when the ledger has just gone on from it."""
        match message:
            case SnapshotRequest(version):
                offer = self._server.offer(sender, version)
                if offer is not None:
                    out.send_now.append(Send(sender, encode_message(offer)))
            case ChunkRequest():
                chunk = self._server.chunk(sender, message, now_us)
                if chunk is not None:
                    out.send_now.append(Send(sender, encode_message(chunk)))
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
