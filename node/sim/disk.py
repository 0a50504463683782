"""A simulated disk: writes become durable later, strictly in order, in groups; a crash loses what is not durable.

The rule that it models is the driver's contract of chain/interface.py: an output's `persist` is written whole, then its
`safety` record is synced in a file of its own, and only then may its messages leave.
"""

from collections.abc import Callable
from typing import NamedTuple

from chain.storage import Store, WriteBatch
from node.sim.entropy import Stream
from node.sim.scheduler import Scheduler
from node.storage.memory import MemoryStore


class Pending(NamedTuple):
    """One output's writes, and what to do when they are durable."""

    batch: WriteBatch
    safety: bytes | None
    release: Callable[[], None]

    def is_write(self) -> bool:
        """Whether there is anything to sync."""
        return self.safety is not None or not self.batch.is_empty()


class Disk:
    """One validator's disk: a store for the ledger, and the safety record beside it."""

    def __init__(self, store: Store, scheduler: Scheduler, stream: Stream, delay_us: int) -> None:
        """`delay_us` is what a sync takes at most; the least is a fifth of it."""
        self.store = store
        self.safety: bytes | None = None
        """The durable safety record."""
        self.begun: set[bytes] = set()
        """Keys that have begun a record here."""
        self.lost_records: set[bytes] = set()
        """Those of them whose record is gone: they never begin another one (D5)."""
        self.slowdown = 1
        """Factor on every delay (fault `disk_slow`)."""
        self.refuses = ""
        """Name of the error that who opens this disk meets; empty: it can be read."""
        self.lost = 0
        """Writes that crashes threw away."""
        self._scheduler = scheduler
        self._stream = stream
        self._delay_us = delay_us
        self._waiting: list[Pending] = []
        self._flying: list[Pending] = []
        self._epoch = 0

    def submit(self, batch: WriteBatch, safety: bytes | None, release: Callable[[], None]) -> None:
        """Write both, then call `release`; at once if there is nothing to write and nothing before it."""
        pending = Pending(batch, safety, release)
        if not self._flying and not pending.is_write():
            release()
            return
        self._waiting.append(pending)
        if not self._flying:
            self._start()

    def crash(self) -> None:
        """Lose what is not durable. Of the group in flight, a prefix may have reached the disk: each batch whole
        or not at all, and possibly the last batch without its safety record.
        """
        written = self._stream.below(2 * len(self._flying) + 1) if self._flying else 0
        for number, pending in enumerate(self._flying):
            if 2 * number < written:
                self._write_batch(pending)
            if 2 * number + 1 < written:
                self._write_safety(pending)
        writes = [item for item in self._flying + self._waiting if item.is_write()]
        self.lost += max(0, len(writes) - (written + 1) // 2)
        self._flying, self._waiting = [], []
        self._epoch += 1

    def lose(self, *, keeps_record: bool) -> None:
        """The ledger's part is gone for good, and the signing record with it unless that is kept; after `crash`."""
        self.store = MemoryStore()
        if not keeps_record:
            self.safety = None
            self.lost_records |= self.begun

    def settle(self, batch: WriteBatch | None = None, safety: bytes | None = None) -> None:
        """All that was submitted reaches the disk, and these two after it; nothing is released: a crash follows."""
        for pending in (*self._flying, *self._waiting):
            self._write_batch(pending)
            self._write_safety(pending)
        self._flying, self._waiting = [], []
        if batch is not None:
            self._write_batch(Pending(batch, None, _nothing))
        self.safety = safety or self.safety

    def put_back(self, copy: tuple[Store, bytes | None]) -> None:
        """The disk is what it was when the copy was taken; after `crash`."""
        self.store, self.safety = copy
        if self.safety is None:
            self.lost_records |= self.begun

    def is_idle(self) -> bool:
        """Whether everything submitted is durable."""
        return not self._flying

    def _start(self) -> None:
        """Sync all that waits as one group."""
        self._flying, self._waiting = self._waiting, []
        delay_us = self._stream.between(self._delay_us // 5, self._delay_us) * self.slowdown
        self._scheduler.after(delay_us, self._finish, self._epoch)

    def _finish(self, epoch: int) -> None:
        """The group is durable: apply, start the next, release in order."""
        if epoch != self._epoch:
            return
        group, self._flying = self._flying, []
        for pending in group:
            self._write_batch(pending)
            self._write_safety(pending)
        if self._waiting:
            self._start()
        for pending in group:
            if epoch != self._epoch:
                break
            pending.release()

    def _write_batch(self, pending: Pending) -> None:
        """The ledger's part."""
        if not pending.batch.is_empty():
            self.store.write(pending.batch)

    def _write_safety(self, pending: Pending) -> None:
        """The safety record's part."""
        if pending.safety is not None:
            self.safety = pending.safety


def _nothing() -> None:
    """Nobody waits for it."""
