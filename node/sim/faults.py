"""What goes wrong in a run, and when: drawn once from the seed, counted by name when it fires.

Names: crash, blackout, disk_lost, record_lost, sync_cut, adoption_cut, snapshot_lie, restart, pause, resume, partition,
heal, hold_begin, disk_slow, false_down, clock_skew, clock_step, besides the per-message faults of node.sim.network
(loss, duplicate, reorder, delay, partition, hold). At the scenario's calm all of them stop: the dead restart, the
paused resume, the links heal, the liar is honest, the clocks agree.
"""

from collections import Counter
from typing import Protocol

from chain.messages import MESSAGE_TYPES
from node.sim.entropy import Entropy, Stream
from node.sim.lies import bend
from node.sim.network import Network
from node.sim.scenario import Scenario
from node.sim.scheduler import Scheduler

SLOW_DISK = 40
"""Factor on a slow disk's delays."""
RECORD_LOST_PPM = 250_000
"""Of the lost disks, those that had the signing record on them."""


class Disklike(Protocol):
    """The one knob of a disk."""

    slowdown: int


class Process(Protocol):
    """What faults do to a validator."""

    index: int
    skew_us: int
    paused: bool

    @property
    def disk(self) -> Disklike:
        """Its disk."""

    @property
    def is_up(self) -> bool:
        """Whether it lives."""

    def start(self) -> None:
        """Start it again."""

    def crash(self) -> None:
        """Kill it."""

    def lose_disk(self, *, keeps_record: bool) -> None:
        """Kill it, and wipe its ledger, maybe with its signing record."""

    def pause(self) -> None:
        """SIGSTOP."""

    def resume(self) -> None:
        """SIGCONT."""

    def note_link(self, peer: int, is_up: bool) -> None:
        """Tell it that its link to another one came or went."""


class Faults:
    """The plan of a run's faults."""

    def __init__(
        self,
        scenario: Scenario,
        entropy: Entropy,
        scheduler: Scheduler,
        network: Network,
        validators: list[Process],
        counts: Counter[str],
    ) -> None:
        """Nothing is planned before `plan`."""
        self._scenario = scenario
        self._entropy = entropy
        self._scheduler = scheduler
        self._network = network
        self._validators = validators
        self._counts = counts
        self._calm = False
        self._cuts, self._lies = entropy.stream("faults:sync_cut"), entropy.stream("faults:snapshot_lie")
        self._turns: Counter[str] = Counter()

    def plan(self, start_us: int) -> None:
        """Put the whole run's faults on the clock; `start_us` is the beginning of the run."""
        scenario = self._scenario
        self._scheduler.at(start_us + scenario.faults_from_us, self._storm)
        spells = (
            ("crash", scenario.crash_every_us, self._crash),
            ("blackout", scenario.blackout_every_us, self._blackout),
            ("disk_lost", scenario.disk_lost_every_us, self._lose_disk),
            ("pause", scenario.pause_every_us, self._pause),
            ("partition", scenario.partition_every_us, self._partition),
            ("hold", scenario.hold_every_us, self._hold),
            ("disk_slow", scenario.disk_slow_every_us, self._slow_disk),
            ("false_down", scenario.false_down_every_us, self._false_down),
        )
        for label, every_us, act in spells:
            stream = self._entropy.stream(f"faults:{label}")
            time_us = scenario.faults_from_us
            while every_us:
                time_us += stream.between(1, 2 * every_us)
                if time_us >= scenario.calm_us:
                    break
                self._scheduler.at(start_us + time_us, act, stream)
        self._scheduler.at(start_us + scenario.calm_us, self.calm)

    def calm(self) -> None:
        """All faults stop for good."""
        self._calm = True
        self._network.calm()
        for validator in self._validators:
            validator.disk.slowdown = 1
            if validator.skew_us:
                validator.skew_us = 0
                self._counts["clock_step"] += 1
            if not validator.is_up:
                self._restart(validator)
            elif validator.paused:
                self._resume(validator)

    def _storm(self) -> None:
        """The chances on every message, and the clocks' errors, begin."""
        scenario, links = self._scenario, self._network.links
        links.loss_ppm = scenario.loss_ppm
        links.duplicate_ppm = scenario.duplicate_ppm
        links.reorder_ppm = scenario.reorder_ppm
        links.spike_ppm = scenario.spike_ppm
        stream = self._entropy.stream("faults:clock_skew")
        for validator in self._validators if scenario.skew_us else ():
            validator.skew_us = stream.between(-scenario.skew_us, scenario.skew_us)
            self._counts["clock_skew"] += 1

    def _crash(self, stream: Stream) -> None:
        """Kill one that lives; it restarts later."""
        validator = stream.choice(self._validators)
        down_us = stream.between(1, self._scenario.down_us)
        if validator.is_up:
            self._counts["crash"] += 1
            validator.crash()
            self._scheduler.after(down_us, self._restart, validator)

    def _blackout(self, stream: Stream) -> None:
        """Kill all that live at one instant; each restarts in its own time."""
        self._counts["blackout"] += 1
        for validator in self._validators:
            down_us = stream.between(1, self._scenario.down_us)
            if validator.is_up:
                validator.crash()
                self._scheduler.after(down_us, self._restart, validator)

    def _lose_disk(self, stream: Stream) -> None:
        """Wipe the ledger of one validator, always the same: more of them would be more than the network tolerates.

        With its record gone it signs nothing for good, so that happens once, and the last time; never where
        governance makes a set of which one missing member is too many.
        """
        validator = self._validators[0]
        down_us = stream.between(1, self._scenario.down_us)
        keeps_record = not stream.chance(RECORD_LOST_PPM) or bool(self._scenario.changes)
        if validator.is_up and not self._counts["record_lost"]:
            self._counts["disk_lost"] += 1
            if not keeps_record:
                self._counts["record_lost"] += 1
            validator.lose_disk(keeps_record=keeps_record)
            self._scheduler.after(down_us, self._restart, validator)

    def cut_snapshot(self, index: int, *, adopts: bool) -> None:
        """A validator is about to write a part of a snapshot, or to adopt it: maybe it crashes before, in or after."""
        if self._calm or not self._cuts.chance(self._scenario.sync_cut_ppm):
            return
        delay_us = self._cuts.between(1, 2 * self._scenario.disk_delay_us)
        down_us = self._cuts.between(1, self._scenario.down_us)
        kind = "adoption_cut" if adopts else "sync_cut"
        self._scheduler.after(delay_us, self._cut, self._validators[index], kind, down_us)

    def _cut(self, validator: Process, kind: str, down_us: int) -> None:
        """The crash."""
        if validator.is_up and not self._calm:
            self._counts[kind] += 1
            validator.crash()
            self._scheduler.after(down_us, self._restart, validator)

    def answered(self, data: bytes) -> bytes:
        """What arrives of a message of the liar's: answers about snapshots are bent."""
        if self._calm or not self._lies.chance(self._scenario.lies_ppm):
            return data
        bent = bend(data, self._lies, self._turns)
        if bent is None:
            return data
        self._counts["snapshot_lie"] += 1
        return bent

    def _restart(self, validator: Process) -> None:
        """Start it unless somebody did."""
        if not validator.is_up:
            self._counts["restart"] += 1
            validator.start()

    def _pause(self, stream: Stream) -> None:
        """Stop one process for a while."""
        validator = stream.choice(self._validators)
        pause_us = stream.between(1, self._scenario.pause_us)
        if validator.is_up and not validator.paused:
            self._counts["pause"] += 1
            validator.pause()
            self._scheduler.after(pause_us, self._resume, validator)

    def _resume(self, validator: Process) -> None:
        """Go on, unless it was killed meanwhile."""
        if validator.is_up and validator.paused:
            self._counts["resume"] += 1
            validator.resume()

    def _partition(self, stream: Stream) -> None:
        """Split the validators in two groups for a while."""
        everyone = [validator.index for validator in self._validators]
        if len(everyone) < 2:
            return
        one = stream.sample(everyone, stream.between(1, len(everyone) - 1))
        self._counts["partition_begin"] += 1
        self._network.partition([sorted(one), [index for index in everyone if index not in one]])
        self._scheduler.after(stream.between(1, self._scenario.partition_us), self._heal)

    def _heal(self) -> None:
        """All hear each other again."""
        self._counts["heal"] += 1
        self._network.partition([])

    def _hold(self, stream: Stream) -> None:
        """One kind of message waits for a while."""
        if self._calm:
            return
        kind = stream.choice([name for name, _ in MESSAGE_TYPES[:4]])
        self._counts["hold_begin"] += 1
        self._network.hold(kind, self._scheduler.now_us + stream.between(1, self._scenario.hold_us))

    def _slow_disk(self, stream: Stream) -> None:
        """One disk's syncs take long for a while."""
        disk = stream.choice(self._validators).disk
        self._counts["disk_slow"] += 1
        disk.slowdown = SLOW_DISK
        self._scheduler.after(stream.between(1, self._scenario.disk_slow_us), self._fast_disk, disk)

    def _fast_disk(self, disk: Disklike) -> None:
        """It is as before."""
        disk.slowdown = 1

    def _false_down(self, stream: Stream) -> None:
        """One believes for a while that its link to another is down; messages flow all the same."""
        node, peer = stream.choice(self._validators), stream.choice(self._validators)
        if node.index == peer.index:
            return
        self._counts["false_down"] += 1
        node.note_link(peer.index, False)
        self._scheduler.after(stream.between(1, self._scenario.false_down_us), node.note_link, peer.index, True)
