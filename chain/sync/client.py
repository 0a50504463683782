"""Takes a snapshot: one offer, verified from genesis; its leaves chunk by chunk, each verified before it is written.

Nobody is believed and nobody is waited for: an offer or chunk that fails a check names the peer in an alarm and is
asked of the next one; so is what does not come in time. What was verified is staged beside the ledger, which stays as
it is until all leaves are there; then one batch puts the staged state in its place (SY4 to SY7). After a crash the
staged leaves are taken up again.
"""

from collections.abc import Callable

from chain.accounts import leaf_key, read_record, value_hash
from chain.codec import decode, encode
from chain.crypto.signing import Signatures
from chain.entries import KIND_USER, Event, entry_hash
from chain.errors import MithqalError, ProofError
from chain.executed import Entry, ExecutedBlock, SnapshotTip
from chain.interface import Output, Send, SetTimer
from chain.ledger import Ledger
from chain.limits import SYNC_RETRY_US
from chain.messages import encode_message
from chain.snapshot_messages import Chunk, ChunkRequest, SnapshotOffer, SnapshotRequest, SnapshotWritten
from chain.state import tree as state_tree
from chain.state.accumulator import position
from chain.state.chunk import NOTHING, EdgeProof, extend, is_complete
from chain.storage import SYNC_ROW, Column
from chain.sync.server import CHUNK_BYTES, CHUNK_LEAVES
from chain.sync.snapshot import Snapshot, verify_offer
from chain.transaction import decode_transaction

TIMER = "snapshot"
STALE_VERSIONS = 5_000
"""How far an offer may be behind what is known to be certified: peers are not level all the time."""
ROUNDS_OF_ASKING = 3
"""How often everybody is asked for a chunk before the snapshot is given up for a newer one."""


class SnapshotClient:
    """One validator's taking side. Idle until `want`."""

    def __init__(
        self, ledger: Ledger, own_index: int, signatures: Signatures, chunk_leaves: int = CHUNK_LEAVES
    ) -> None:
        """`resume` takes up what an earlier life began."""
        self._chunk_leaves = chunk_leaves
        self._ledger, self._own, self._signatures = ledger, own_index, signatures
        self._peers: tuple[int, ...] = ()
        self._liars: set[int] = set()
        self._attempt = 0
        self._asked: int | None = None
        """Who was asked last: only from there "I have nothing" is an answer."""
        self._failures = 0
        """Requests since the last chunk that was good."""
        self._token = 0
        self._wanted_version = 0
        """The highest certified version that is known."""
        self._snapshot: Snapshot | None = None
        self._tree = NOTHING
        self._names: dict[bytes, bytes] = {}
        self._last: bytes | None = None
        self.is_active = False
        """Whether a snapshot is being fetched."""
        self._is_asking = False
        self.is_switching = False
        """Whether it is whole and on its way to the disk: the ledger must not change until `finish`."""

    @property
    def adopting(self) -> Snapshot | None:
        """The snapshot that is whole and on its way to the disk."""
        return self._snapshot if self.is_switching else None

    # --- beginning ---

    def want(self, version: int) -> None:
        """Fetch a snapshot of about this version; `ask_first` begins it."""
        self._wanted_version = max(self._wanted_version, version)
        self.is_active = True

    def ask_first(self, peers: Callable[[], tuple[int, ...]], now_us: int, out: Output) -> None:
        """Ask somebody, if a snapshot is wanted and nobody was asked yet."""
        if self.is_active and not self._is_asking:
            self._peers = tuple(peer for peer in peers() if peer != self._own)
            self._is_asking = bool(self._peers)
            if self._peers:
                self._ask(now_us, out)

    def resume(self, now_us: int, out: Output) -> None:
        """Go on with what was staged before a stop; what belongs to no offer is dropped."""
        row = self._ledger.store.row(Column.META, SYNC_ROW)
        if row is None:
            if next(iter(self._ledger.store.staged()), None) is not None:
                out.persist.drop_staged = True
            return
        snapshot = verify_offer(SnapshotOffer.from_value(decode(row)), self._ledger, self._signatures)
        leaves = []
        for key, data in self._ledger.store.staged():
            leaves.append((leaf_key(key), value_hash(data)))
            self._names[leaves[-1][0]] = key
        self._snapshot, self._tree = snapshot, state_tree.build(leaves)
        self._last = max(self._names, default=None)
        self.want(snapshot.version)

    def stop_if_level(self, out: Output) -> None:
        """SY1: blocks came first after all."""
        if self.is_active and not self.is_switching and self._ledger.tip_version >= self._wanted_version:
            self._reset(out)
            self._token += 1
            self.is_active = self._is_asking = False

    def on_timer(self, token: int, now_us: int, out: Output) -> None:
        """Nothing good came in time."""
        if token == self._token and self.is_active and not self.is_switching:
            self._ask(now_us, out)

    # --- asking ---

    def _ask(self, now_us: int, out: Output) -> None:
        """Ask the next peer that did not lie (all again, once all did); give a snapshot up that nobody has any more."""
        if self._failures > ROUNDS_OF_ASKING * len(self._peers):
            self._reset(out)
        honest = [peer for peer in self._peers if peer not in self._liars]
        if not honest:
            self._liars.clear()
            honest = list(self._peers)
        peer = honest[self._attempt % len(honest)]
        self._attempt += 1
        self._asked = peer
        self._failures += 1
        if self._snapshot is None:
            message = encode_message(SnapshotRequest(self._ledger.tip_version))
        else:
            message = encode_message(ChunkRequest(self._snapshot.version, self._last or b""))
        out.send_now.append(Send(peer, message))
        self._token += 1
        out.timers.append(SetTimer(TIMER, now_us + SYNC_RETRY_US, self._token))

    def _ask_next(self, sender: int, now_us: int, out: Output) -> None:
        """SY4: a peer has nothing for us: that counts once for each time it is asked, or it could talk us out of a
        snapshot that all others give."""
        if sender == self._asked:
            self._asked = None
            self._ask(now_us, out)

    def _reset(self, out: Output) -> None:
        """Forget the snapshot, and what is staged of it."""
        if self._snapshot is not None:
            out.persist.drop_staged = True
            out.persist.staged = []
            out.persist.rows.append((Column.META, SYNC_ROW, None))
        self._snapshot, self._tree, self._names, self._last = None, NOTHING, {}, None
        self._failures = 0

    # --- what comes ---

    def on_offer(self, sender: int, offer: SnapshotOffer, now_us: int, out: Output) -> None:
        """SY3, SY4: verify it whole, then begin with its first chunk."""
        if not self.is_active or self._snapshot is not None or not self._is_asked(sender):
            return
        try:
            snapshot = verify_offer(offer, self._ledger, self._signatures)
        except MithqalError as error:
            self._blame(sender, f"a snapshot is refused: {error.message}", now_us, out)
            return
        if snapshot.version <= max(self._ledger.tip_version, self._wanted_version - STALE_VERSIONS):
            self._ask_next(sender, now_us, out)  # behind too, which is no lie
            return
        self._reset(out)
        self._snapshot = snapshot
        out.persist.drop_staged = True
        out.persist.rows.append((Column.META, SYNC_ROW, encode(offer.to_value())))
        self._ask(now_us, out)

    def on_chunk(self, sender: int, chunk: Chunk, now_us: int, out: Output) -> None:
        """SY5, SY6: prove it against the state's root, stage it, ask for the next or finish."""
        snapshot = self._snapshot
        if snapshot is None or self.is_switching or not self._is_asked(sender):
            return
        if (chunk.version, chunk.after) != (snapshot.version, self._last or b""):
            return
        if not chunk.items:
            self._ask_next(sender, now_us, out)
            return
        try:
            leaves = check_items(chunk.items)
            proof = EdgeProof.from_value((chunk.depth, chunk.siblings))
            hashed = [(key, hashed_value) for key, hashed_value, _, _ in leaves]
            grown = extend(self._tree, snapshot.state_root, self._last, hashed, proof)
            check_size(chunk, self._chunk_leaves, is_last=is_complete(grown, snapshot.state_root))
        except MithqalError as error:
            self._blame(sender, f"a chunk of version {chunk.version} is refused: {error.message}", now_us, out)
            return
        self._tree, self._last, self._failures = grown, leaves[-1][0], 0
        for key, _, name, data in leaves:
            self._names[key] = name
            out.persist.staged.append((name, data))
        if not is_complete(grown, snapshot.state_root):
            self._ask(now_us, out)
            return
        if snapshot.version <= self._ledger.tip_version:  # some blocks came first
            self._reset(out)
            self._ask(now_us, out)
            return
        staged, out.persist.staged = out.persist.staged, []
        assert out.persist.is_empty(), "a batch that adopts is written alone"
        out.persist = self._ledger.adoption_batch(self._tip(snapshot))
        out.persist.staged = staged
        self.is_switching = True
        out.after_persist.append(Send(self._own, encode_message(SnapshotWritten(snapshot.version))))

    def _is_asked(self, sender: int) -> bool:
        """Whether anything is taken from a peer: a member that has not lied."""
        return sender in self._peers and sender not in self._liars

    def _blame(self, sender: int, message: str, now_us: int, out: Output) -> None:
        """What this peer sent is wrong: it is not asked again while another can be."""
        out.alarm("snapshot_refused", message, sender)
        self._liars.add(sender)
        self._ask(now_us, out)

    # --- ending ---

    def finish(self, message: SnapshotWritten) -> Snapshot | None:
        """SY7: the snapshot is durable: the ledger goes on from it. None if that is no news."""
        snapshot = self._snapshot
        if not self.is_switching or snapshot is None or snapshot.version != message.version:
            return None
        self._ledger.adopt(self._tip(snapshot))
        self._snapshot, self._tree, self._names, self._last = None, NOTHING, {}, None
        self._liars, self._failures, self._token = set(), 0, self._token + 1
        self.is_active = self._is_asking = self.is_switching = False
        return snapshot

    def _tip(self, snapshot: Snapshot) -> SnapshotTip:
        """The ledger's new tip."""
        commit, block = snapshot.commit, snapshot.block
        kind, data, info, stored = snapshot.offer.entry
        events = tuple(Event.from_value(decode(event)) for event in stored)
        entry = Entry(
            kind, data, entry_hash(kind, data), info, events, stored,
            decode_transaction(data) if kind == KIND_USER else None,
        )  # fmt: skip
        nodes = [(position(*place), node) for place, node in snapshot.accumulator_nodes().items()]
        tip = ExecutedBlock(
            block.id, block.height, block.round, commit.version, commit.root, commit.timestamp_us, self._ledger.state,
            {}, {}, self._tree, snapshot.frontier, nodes, [entry],
        )  # fmt: skip
        return SnapshotTip(tip, block, snapshot.certificate, self._names, snapshot.offer.epochs)


def check_items(items: tuple[bytes, ...]) -> list[tuple[bytes, bytes, bytes, bytes]]:
    """(leaf key, value hash, state key, record) of a chunk's items; ProofError (`record`) for what is no record."""
    found = []
    for name, data in zip(items[::2], items[1::2], strict=True):
        try:
            read_record(name, data)
        except (KeyError, MithqalError) as error:
            raise ProofError(f"{name.hex()} is no record: {error}", step="record") from error
        found.append((bytes(leaf_key(name)), bytes(value_hash(data)), name, data))
    return found


def check_size(chunk: Chunk, most: int, *, is_last: bool) -> None:
    """SY6: a chunk is full unless it is the last one: nobody can drag a snapshot out by single leaves. ProofError."""
    leaves, size = len(chunk.items) // 2, sum(map(len, chunk.items))
    if leaves > most or (not is_last and leaves < most and size < CHUNK_BYTES):
        raise ProofError(f"{leaves} leaves of {size} bytes are no chunk", step="size")
