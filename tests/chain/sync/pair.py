"""One validator that gives snapshots and one that takes them, without a network: every answer can be bent."""

from collections.abc import Callable

from chain.crypto.signing import RealSignatures
from chain.interface import Output, Send, TimerFired
from chain.kept import KEPT_VERSIONS
from chain.ledger import Ledger
from chain.messages import Message, decode_message, encode_message
from chain.snapshot_messages import SnapshotMessage
from chain.storage import WriteBatch
from chain.sync.client import TIMER
from chain.sync.snapshot import Snapshot
from chain.sync.state_sync import StateSync, SyncPlan
from node.storage.memory import MemoryStore
from tests.chains import Chain

TAKER, GIVERS = 3, (0, 1, 2)
CHUNK = 4
NOW_US = 5_000_000

Bend = Callable[[int, Message], Message | None]
"""(giver, answer) -> what arrives; None: nothing."""


class Taker:
    """A new ledger that takes a snapshot of a chain's; all givers serve from that chain."""

    def __init__(
        self, chain: Chain, store: MemoryStore | None = None, *, behind: int | None = 5, chunk_leaves: int = CHUNK
    ) -> None:
        """From an empty store, or go on with one."""
        self.chain = chain
        self.store = MemoryStore() if store is None else store
        self.ledger = Ledger(chain.ledger.document, self.store)
        plan = SyncPlan(behind, chunk_leaves)
        self.sync = StateSync(self.ledger, TAKER, RealSignatures(), plan)
        self.givers = {at: StateSync(chain.ledger, at, RealSignatures(), plan) for at in GIVERS}
        self.alarms: list[tuple[str, str, int | None]] = []
        self.asked: list[int] = []
        """Whom a request went to, in order."""
        self.written: list[WriteBatch] = []
        self.snapshot: Snapshot | None = None
        self._waiting: list[tuple[int, Message]] = []
        self._now_us = NOW_US
        self._timer = (0, 0)

    def begin(self, version: int | None = None) -> None:
        """Learn of a certified version (the chain's tip without one), and ask for what is needed."""
        out = Output()
        self.sync.start(self._now_us, out)
        self.sync.takes_over(self.chain.ledger.tip_version if version is None else version, 2)
        self._carry_out(out)

    def run(self, bend: Bend = lambda _, message: message, steps: int = 400) -> None:
        """Deliver what is under way until nothing more comes, time-outs included."""
        for _ in range(steps):
            if self.snapshot is not None or not self.sync.is_active:
                return
            if not self._waiting:
                self._now_us = self._timer[0]
                self.fire()
                continue
            self.deliver(bend)

    def deliver(self, bend: Bend = lambda _, message: message) -> None:
        """One message to where it goes."""
        giver, message = self._waiting.pop(0)
        if giver == TAKER:
            self.take(TAKER, message)
            return
        out = Output()
        assert isinstance(message, SnapshotMessage)
        self.givers[giver].on_message(TAKER, message, self._now_us, out)
        for send in out.send_now:
            answer = bend(giver, decode_message(send.data))
            if answer is not None:
                self.take(giver, answer)

    def take(self, sender: int, message: Message) -> None:
        """A message arrives."""
        message = decode_message(encode_message(message))
        assert isinstance(message, SnapshotMessage)
        out = Output()
        found = self.sync.on_message(sender, message, self._now_us, out)
        self.snapshot = found or self.snapshot
        self._carry_out(out)

    def fire(self) -> None:
        """The retry is due."""
        out = Output()
        self.sync.on_timer(TimerFired(TIMER, self._timer[1]).name, self._timer[1], self._now_us, out)
        self._carry_out(out)

    def _carry_out(self, out: Output) -> None:
        """Write, remember the timer, queue what was sent."""
        self.sync.ask(lambda: (*GIVERS, TAKER), self._now_us, out)
        if not out.persist.is_empty():
            self.written.append(out.persist)
            self.store.write(out.persist)
        for timer in out.timers:
            self._timer = timer.at_us, timer.token
        self.alarms += [(alarm.name, alarm.message, alarm.peer) for alarm in out.alarms]
        for send in [*out.send_now, *out.after_persist]:
            self._queue(send)

    def _queue(self, send: Send) -> None:
        """On its way."""
        if send.destination != TAKER:
            self.asked.append(send.destination)
        self._waiting.append((send.destination, decode_message(send.data)))


def reopened(taker: Taker, kept_versions: int = KEPT_VERSIONS) -> Ledger:
    """The taker's ledger as a restart finds it."""
    return Ledger(taker.chain.ledger.document, taker.store, kept_versions)


def twin_of(chain: Chain, taker: Taker) -> Chain:
    """A chain over the ledger that took the snapshot, which goes on like the one that gave it."""
    twin = Chain()
    twin.ledger, twin.store = taker.ledger, taker.store
    twin.qc, twin.numbers = chain.qc, dict(chain.numbers)
    twin.pending = [(block, twin.ledger.execute(twin.ledger.tip, block, [])) for block, _ in chain.pending]
    return twin
