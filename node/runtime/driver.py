"""The asyncio driver of one `Replica`: the contract of chain/interface.py, with real threads, timers and disks.

One task steps the machine, one task persists. Outputs that pile up while the disk syncs are written as one
transaction and one safety record; no message of an output leaves before the writes of it and of all earlier ones are
durable (docs/protocol.md, D1 to D3).
"""

import asyncio
import sys
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from chain.crypto.signing import Scheme, Signatures, verify_all
from chain.interface import (
    ALL_OTHERS,
    Committed,
    Event,
    Output,
    PeerDown,
    PeerUp,
    Received,
    Reply,
    Send,
    SetTimer,
    Start,
    Submitted,
    TimerFired,
    Work,
    WorkDone,
)
from chain.storage import WriteBatch
from node.runtime.inbox import CLIENT_EVENTS, Inbox

MAX_UNSAVED = 256
"""Outputs that may wait for the disk; above it the machine is not stepped."""
SWITCH_S, FINE_SWITCH_S = 0.005, 0.0005
"""How long a thread may keep the interpreter while another waits for it: CPython's own value, and while a worker checks
slow signatures, which would else hold up every turn of the loop."""
STEPS_A_TURN = 16
"""Steps before the loop serves sockets and timers again."""


class Machine(Protocol):
    """What the driver needs of `chain.replica.Replica`."""

    def step(self, event: Event, now_us: int) -> Output:
        """Handle one event."""


class Wires(Protocol):
    """What the driver needs of the links to other validators."""

    def send(self, peer: int, frame: bytes) -> object:
        """Queue a frame for one validator."""

    def broadcast(self, frame: bytes) -> object:
        """Queue a frame for every other validator."""


class Ledger(Protocol):
    """A store that writes a batch whole and durably."""

    def write(self, batch: WriteBatch) -> None:
        """Apply it, or raise."""


class SafetySlot(Protocol):
    """The file of the safety record."""

    def store(self, payload: bytes) -> None:
        """Store and sync it, or raise."""


class Watcher(Protocol):
    """Who is told what happened, on the loop."""

    def on_committed(self, committed: Committed) -> None:
        """A block is final and durable."""

    def on_alarm(self, name: str, message: str, peer: int | None) -> None:
        """The machine or the driver raised an alarm."""


class Driver:
    """Steps one machine. `start` it inside a running loop; `stop` it once."""

    def __init__(  # noqa: PLR0913 - the wiring of one process, called in one place
        self,
        machine: Machine,
        index: int,
        store: Ledger,
        safety: SafetySlot,
        signatures: Signatures,
        wires: Wires,
        now_us: Callable[[], int],
        watcher: Watcher,
    ) -> None:
        """Wire it; nothing runs yet."""
        self._machine, self._index = machine, index
        self._store, self._safety = store, safety
        self._signatures, self._wires = signatures, wires
        self._now_us, self._watcher = now_us, watcher
        self._inbox = Inbox()
        self._wake = asyncio.Event()
        self._unsaved: deque[Output] = deque()
        self._saving = False
        self._save = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._requests: dict[int, asyncio.Future[Reply]] = {}
        self._request_id = 0
        self._disk = ThreadPoolExecutor(1, "disk")
        self._workers = ThreadPoolExecutor(2, "signatures")
        self._tasks: list[asyncio.Task[None]] = []
        self.signature_checks = 0
        """Signatures of transactions that were judged."""
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Gets an exception when the process must end: a failed sync, or a broken invariant."""

    # --- life ---

    def start(self) -> None:
        """Begin to step."""
        self._tasks = [
            asyncio.create_task(self._guard(self._step_all)),
            asyncio.create_task(self._guard(self._save_all)),
        ]
        self._inbox.put_first(Start())
        self._wake.set()

    async def stop(self) -> None:
        """Stop stepping, finish the write in flight, end the threads. Writes that wait are dropped, like in a crash."""
        for timer in self._timers.values():
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for future in self._requests.values():
            future.cancel()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, self._disk.shutdown)
        self._workers.shutdown(wait=False, cancel_futures=True)
        if not self.failed.done():
            self.failed.cancel()

    async def _guard(self, body: Callable[[], object]) -> None:
        """Run a task; what it raises ends the process."""
        try:
            await body()  # type: ignore[misc]
        except Exception as error:  # noqa: BLE001 - whatever it is, the process ends with it
            self.fail(error)

    def fail(self, error: BaseException) -> None:
        """The first failure is the one that is told."""
        if not self.failed.done():
            self.failed.set_exception(error)

    # --- events in ---

    @property
    def queued(self) -> int:
        """Events that wait."""
        return len(self._inbox)

    @property
    def unsaved(self) -> int:
        """Outputs that wait for the disk."""
        return len(self._unsaved)

    def receive(self, sender: int, data: bytes) -> None:
        """A frame of an authenticated validator."""
        if self._inbox.put_message(Received(sender, data)):
            self._watcher.on_alarm("inbox_full", "too many messages of a validator wait: the oldest went", sender)
        self._wake.set()

    def note_link(self, peer: int, is_up: bool) -> None:
        """A link to another validator came or went."""
        self._post(PeerUp(peer) if is_up else PeerDown(peer))

    def submit(self, envelope: bytes) -> "asyncio.Future[Reply]":
        """A client's transaction; the future gets the machine's reply."""
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._request_id += 1
        if self._inbox.put_transaction(Submitted(self._request_id, envelope)):
            self._requests[self._request_id] = future
            self._wake.set()
        else:
            future.set_result(Reply(0, False, b"", "mempool_is_full", f"{CLIENT_EVENTS} transactions wait", None))
        return future

    def _post(self, event: Event) -> None:
        """Queue an event of our own."""
        self._inbox.put(event)
        self._wake.set()

    # --- stepping ---

    async def _step_all(self) -> None:
        """Step while there are events and the disk keeps up."""
        steps = 0
        while True:
            await self._room.wait()
            if not len(self._inbox):
                self._wake.clear()
                await self._wake.wait()
                continue
            self._handle(self._machine.step(self._inbox.take(), self._now_us()))
            steps += 1
            if steps >= STEPS_A_TURN:
                steps = 0
                await asyncio.sleep(0)

    def _handle(self, out: Output) -> None:
        """Do what a step asked for."""
        for timer in out.timers:
            self._set_timer(timer)
        for work in out.work:
            self._give_work(work)
        for reply in out.replies:
            future = self._requests.pop(reply.request_id, None)
            if future is not None and not future.done():
                future.set_result(reply)
        for alarm in out.alarms:
            self._watcher.on_alarm(alarm.name, alarm.message, alarm.peer)
        self._send(out.send_now)
        writes = out.safety is not None or not out.persist.is_empty()
        if not writes and not self._unsaved and not self._saving:
            self._release(out)
        elif writes or out.after_persist or out.committed or out.halt:
            self._unsaved.append(out)
            self._save.set()
            if len(self._unsaved) > MAX_UNSAVED:
                self._room.clear()

    def _set_timer(self, timer: SetTimer) -> None:
        """A newer timer of the same name replaces the older."""
        older = self._timers.pop(timer.name, None)
        if older is not None:
            older.cancel()
        delay_s = max(0, timer.at_us - self._now_us()) / 1_000_000
        loop = asyncio.get_running_loop()
        self._timers[timer.name] = loop.call_later(delay_s, self._post, TimerFired(timer.name, timer.token))

    def _give_work(self, work: Work) -> None:
        """Judge signatures off the loop."""
        loop = asyncio.get_running_loop()
        self.signature_checks += len(work.checks)
        running = loop.run_in_executor(self._workers, self._judge, work)
        running.add_done_callback(self._on_verdicts)

    def _judge(self, work: Work) -> WorkDone:
        """In a worker thread. ECDSA is checked in Python: meanwhile the event loop gets its turns more often."""
        if all(check.scheme == Scheme.ED25519 for check in work.checks):
            return WorkDone(work.work_id, tuple(verify_all(self._signatures, work.checks)))
        sys.setswitchinterval(FINE_SWITCH_S)
        try:
            return WorkDone(work.work_id, tuple(verify_all(self._signatures, work.checks)))
        finally:
            sys.setswitchinterval(SWITCH_S)

    def _on_verdicts(self, running: "asyncio.Future[WorkDone]") -> None:
        """Back on the loop."""
        if running.cancelled():
            return
        error = running.exception()
        if error is not None:
            self.fail(error)
        else:
            self._post(running.result())

    # --- persisting, then sending ---

    async def _save_all(self) -> None:
        """Write outputs in order, whatever has piled up at once, and release them."""
        loop = asyncio.get_running_loop()
        while True:
            await self._save.wait()
            self._save.clear()
            while self._unsaved:
                group = next_group(self._unsaved)
                self._room.set()
                self._saving = True
                await loop.run_in_executor(self._disk, self._write, *merge(group))
                self._saving = False
                for out in group:
                    self._release(out)

    def _write(self, batch: WriteBatch, safety: bytes | None) -> None:
        """In the disk thread: first the blocks, then the record that speaks of them."""
        if not batch.is_empty():
            self._store.write(batch)
        if safety is not None:
            self._safety.store(safety)

    def _release(self, out: Output) -> None:
        """What may happen only now."""
        self._send(out.after_persist)
        for committed in out.committed:
            self._watcher.on_committed(committed)
        if out.halt is not None:
            self.fail(out.halt)

    def _send(self, sends: Sequence[Send]) -> None:
        """To one, to all others, or back to itself."""
        for destination, data in sends:
            if destination == ALL_OTHERS:
                self._wires.broadcast(data)
            elif destination == self._index:
                self._post(Received(destination, data))
            else:
                self._wires.send(destination, data)


def next_group(waiting: deque[Output]) -> list[Output]:
    """Take what is written together off the queue: all of it, but a batch that adopts a state is written alone."""
    group = [waiting.popleft()]
    while waiting and not (group[-1].persist.adopt or waiting[0].persist.adopt):
        group.append(waiting.popleft())
    return group


def merge(group: Sequence[Output]) -> tuple[WriteBatch, bytes | None]:
    """All writes of consecutive outputs in order, and the last safety record."""
    if group[0].persist.adopt:
        return group[0].persist, group[0].safety
    batch = WriteBatch()
    safety: bytes | None = None
    for out in group:
        batch.extend(out.persist)
        safety = out.safety if out.safety is not None else safety
    return batch, safety
