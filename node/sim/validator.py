"""The simulator's driver of one replica: what chain/interface.py asks of a driver, plus crash, restart and pause.

A crash forgets the replica, its timers, its work in flight and every write that is not durable; a restart builds a new
replica from the disk. A paused process keeps everything and handles nothing until it resumes.
"""

from collections.abc import Callable
from functools import partial
from typing import Protocol

from chain.crypto.multi import verification_cost
from chain.crypto.signing import Signatures, verify_all
from chain.errors import MithqalError
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
    Start,
    TimerFired,
    Work,
    WorkDone,
)
from chain.storage import Store
from chain.validators import ValidatorSet
from node.sim.disk import Disk
from node.sim.scheduler import Scheduler
from node.sim.trace import Trace

WORK_BASE_US = 50
"""Virtual time of a work item, plus WORK_CHECK_US for each verification of Ed25519 that it costs."""
WORK_CHECK_US = 40


class Tip(Protocol):
    """What the simulator reads of a ledger."""

    @property
    def tip_height(self) -> int:
        """Height of the last committed block."""

    @property
    def base_height(self) -> int:
        """Height of the block that it begins with: above 0 after a snapshot."""

    @property
    def tip_version(self) -> int:
        """Its last version."""

    @property
    def tip_timestamp_us(self) -> int:
        """The ledger's time."""

    @property
    def tip_root(self) -> bytes:
        """Root of the transaction accumulator at the tip."""


class EpochTip(Tip, Protocol):
    """The same with the epoch."""

    @property
    def validators(self) -> ValidatorSet:
        """The members of the current epoch."""


class Machine(Protocol):
    """What the simulator needs of `chain.replica.Replica`."""

    @property
    def ledger(self) -> EpochTip:
        """The committed ledger."""

    @property
    def current_round(self) -> int:
        """The round it is in."""

    def step(self, event: Event, now_us: int) -> Output:
        """Handle one event."""


Build = Callable[[int, Store, bytes | None], Machine]
"""(index, store, durable safety record) -> a fresh replica."""


class Observer(Protocol):
    """Who watches a validator: checkers and clients."""

    def on_start(self, node: int, tip: Tip) -> None:
        """A replica was built from its disk."""

    def on_crash(self, node: int) -> None:
        """A process is gone, and its connections with it."""

    def on_disk_lost(self, node: int, *, keeps_record: bool) -> None:
        """A process is gone with its ledger, and maybe with its signing record."""

    def on_send(self, node: int, data: bytes) -> None:
        """A message left, after what had to be durable is."""

    def on_committed(self, node: int, committed: Committed) -> None:
        """A durable block was announced."""

    def on_reply(self, node: int, reply: Reply) -> None:
        """A submission was answered."""

    def on_alarm(self, node: int, name: str, peer: int | None) -> None:
        """The replica raised an alarm, maybe about a peer."""

    def on_snapshot_write(self, node: int, *, adopts: bool) -> None:
        """A part of a snapshot is on its way to the disk, or the whole one is to be adopted."""

    def on_refused(self, node: int, error: MithqalError) -> None:
        """A process did not start from what is on its disk."""

    def on_halt(self, node: int, error: MithqalError) -> None:
        """A process ends by itself: what it computes is wrong."""

    def on_output(self, node: int, output: Output) -> None:
        """A step is done, and nothing of it is written or sent: the process may crash now."""

    def on_durable(self, node: int, output: Output, *, is_sent: bool) -> None:
        """A step's writes are durable, and its messages have left or not: the process may crash now."""


class Wires(Protocol):
    """What carries messages away."""

    def send(self, sender: int, receiver: int, data: bytes) -> None:
        """From a process to a validator."""


class Validator:
    """One validator process and its machine."""

    def __init__(
        self,
        index: int,
        count: int,
        build: Build,
        disk: Disk,
        signatures: Signatures,
        wires: tuple[Scheduler, Wires, Trace, Observer],
        number: int | None = None,
    ) -> None:
        """A process that is not started yet; `count` validators in all. A twin's `number` on chain is another's."""
        self.index = index
        self.number = index if number is None else number
        self.disk = disk
        self.skew_us = 0
        """What its clock is ahead of the true time."""
        self.machine: Machine | None = None
        self.paused = False
        self.diverges = False
        """Whether the program that it runs computes something else than the others' (fault `diverge`)."""
        self.announced_timestamp_us = 0
        """Ledger time of the last durable block."""
        self._others = [peer for peer in range(count) if peer != self.number]
        self._build = build
        self._signatures = signatures
        self._scheduler, self._network, self._trace, self._observer = wires
        self._deferred: list[Callable[[], None]] = []
        self._timers: dict[str, int] = {}
        self._timer_number = 0
        self._life = 0

    @property
    def is_up(self) -> bool:
        """Whether the process lives (it may be paused)."""
        return self.machine is not None

    def start(self) -> None:
        """Build the replica from the disk and give it its first event."""
        self._life += 1
        try:
            self.machine = self._build(self.index, self.disk.store, self.disk.safety)
        except MithqalError as error:
            self._trace.add(self._scheduler.now_us, self.index, "refused", error.name.encode())
            self._observer.on_refused(self.index, error)
            return
        self.announced_timestamp_us = self.machine.ledger.tip_timestamp_us
        self._observer.on_start(self.index, self.machine.ledger)
        self._trace.add(self._scheduler.now_us, self.index, "start")
        self._step(Start())

    def crash(self) -> None:
        """Forget everything that is not durable."""
        self.machine = None
        self.paused = False
        self._life += 1
        self._deferred.clear()
        self._timers.clear()
        self.disk.crash()
        self._trace.add(self._scheduler.now_us, self.index, "crash")
        self._observer.on_crash(self.index)

    def lose_disk(self, *, keeps_record: bool) -> None:
        """Crash, and never find the ledger again."""
        self.crash()
        self.disk.lose(keeps_record=keeps_record)
        self._observer.on_disk_lost(self.index, keeps_record=keeps_record)

    def pause(self) -> None:
        """Stop handling events, as SIGSTOP does."""
        self.paused = True

    def resume(self) -> None:
        """Handle what came in the meantime, in order."""
        self.paused = False
        waiting, self._deferred = self._deferred, []
        for call in waiting:
            call()

    def receive(self, sender: int, data: bytes) -> None:
        """A message arrived."""
        self.handle(Received(sender, data), "message", data)

    def note_link(self, peer: int, is_up: bool) -> None:
        """Its link to another validator came or went, or so it believes."""
        event = PeerUp(peer) if is_up else PeerDown(peer)
        self.handle(event, "peer_up" if is_up else "peer_down", bytes([peer]))

    def handle(self, event: Event, kind: str, data: bytes) -> None:
        """Give an event to the replica, or lose it with a dead process. `kind` and `data` go into the trace."""
        if self.machine is None:
            return
        if self.paused:
            self._deferred.append(partial(self.handle, event, kind, data))
            return
        self._trace.add(self._scheduler.now_us, self.index, kind, data)
        self._step(event)

    def _step(self, event: Event) -> None:
        """One step, and what it asks of the world."""
        assert self.machine is not None
        now_us = self._scheduler.now_us + self.skew_us
        output = self.machine.step(event, now_us)
        life = self._life
        self._observer.on_output(self.index, output)
        if life != self._life:
            return
        for timer in output.timers:
            self._timer_number += 1
            self._timers[timer.name] = self._timer_number
            fired = TimerFired(timer.name, timer.token)
            self._scheduler.after(max(0, timer.at_us - now_us), self._on_timer, life, self._timer_number, fired)
        for work in output.work:
            cost = sum([verification_cost(check[0], check[1], check[3]) for check in work.checks])
            delay_us = WORK_BASE_US + WORK_CHECK_US * cost
            self._scheduler.after(delay_us, self._on_work, life, work)
        for reply in output.replies:
            self._observer.on_reply(self.index, reply)
        for alarm in output.alarms:
            self._observer.on_alarm(self.index, alarm.name, alarm.peer)
        self._send(output.send_now)
        if output.persist.staged or output.persist.adopt:
            self._observer.on_snapshot_write(self.index, adopts=output.persist.adopt)
        writes = output.safety is not None or not output.persist.is_empty()
        if output.after_persist or output.committed or writes or output.halt:
            self.disk.submit(output.persist, output.safety, partial(self._release, life, output))

    def _release(self, life: int, output: Output) -> None:
        """An output's writes are durable: its messages may leave, its blocks may be announced; in the life that made
        it only, and later if the process is paused."""
        if life != self._life or self.machine is None:
            return
        if self.paused:
            self._deferred.append(partial(self._release, life, output))
            return
        self._observer.on_durable(self.index, output, is_sent=False)
        if life != self._life:
            return
        self._send(output.after_persist)
        self._observer.on_durable(self.index, output, is_sent=True)
        if life != self._life:
            return
        if output.halt is not None:
            self._observer.on_halt(self.index, output.halt)
            self.crash()
            return
        for committed in output.committed:
            self.announced_timestamp_us = committed.timestamp_us
            self._trace.add(self._scheduler.now_us, self.index, "committed", committed.block_id + committed.root)
            self._observer.on_committed(self.index, committed)

    def _send(self, sends: list[Send]) -> None:
        """To one, to all others, or back to itself."""
        for destination, data in sends:
            self._observer.on_send(self.index, data)
            if destination == ALL_OTHERS:
                for peer in self._others:
                    self._network.send(self.index, peer, data)
            elif destination == self.number:
                self._scheduler.after(0, self._loop_back, self._life, data)
            else:
                self._network.send(self.index, destination, data)

    def _loop_back(self, life: int, data: bytes) -> None:
        """A message to itself, which a crash loses."""
        if life == self._life:
            self.receive(self.number, data)

    def _on_timer(self, life: int, number: int, fired: TimerFired) -> None:
        """A timer is due, unless a newer one of its name or a crash replaced it."""
        if life == self._life and self._timers.get(fired.name) == number:
            del self._timers[fired.name]
            self.handle(fired, "timer", fired.name.encode())

    def _on_work(self, life: int, work: Work) -> None:
        """Signatures are judged."""
        if life == self._life:
            verdicts = tuple(verify_all(self._signatures, work.checks))
            self.handle(WorkDone(work.work_id, verdicts), "work", bytes(verdicts))
