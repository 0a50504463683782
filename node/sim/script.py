"""Faults that a scenario orders by hand: at a time, when a round is reached, or at a point of a node's own work."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from chain.interface import Output
from chain.messages import message_name
from chain.storage import Column, Store, WriteBatch
from node.sim.directives import Act, Rule
from node.sim.scenario import Scenario
from node.sim.scheduler import Scheduler
from node.sim.validator import Validator
from node.sim.vocabulary import (
    CLIENT_FAULTS,
    CRASHES,
    DISKS_OF,
    FLAP_US,
    NETWORK,
    READ_FAILURES,
    WRITE_FAILURES,
)
from node.sim.wire import Wire

DOWN_US = 500_000
"""How long a node stays down after a fault that ends by itself, if nothing is said."""
RESET_US = 5_000
"""How long a connection that was reset is away."""
SLOW_DISK = 40


class Host(Protocol):
    """What the script asks of the world."""

    def on_disk_lost(self, node: int, *, keeps_record: bool) -> None:
        """A node is no longer bound by what it announced, and may not sign without its record."""

    def break_rules(self, kinds: Sequence[str], count: int) -> None:
        """Clients submit what may not pass."""


class Script:
    """All acts of a run."""

    def __init__(
        self, scenario: Scenario, scheduler: Scheduler, wire: Wire, validators: list[Validator], host: Host,
        counts: Counter[str],
    ) -> None:  # fmt: skip
        """Nothing is planned before `plan`."""
        self._scenario, self._scheduler, self._wire = scenario, scheduler, wire
        self._validators, self._host, self._counts = validators, host, counts
        self._start_us = 0
        self._copies: dict[int, tuple[Store, bytes | None]] = {}
        self._by_round = [act for act in scenario.acts if act.at_round is not None]
        self._by_point = [act for act in scenario.acts if act.at_point is not None and act.at_us is None]
        self._failing: list[Act] = []
        self._visits: Counter[tuple[int, str]] = Counter()

    def plan(self, start_us: int) -> None:
        """Put rules and acts on the clock; `start_us` is the beginning of the run."""
        self._start_us = start_us
        for rule in self._scenario.rules:
            self._wire.add(self._from_start(rule))
        for number, act in enumerate(self._scenario.acts):
            if act.disk == "old_snapshot" or act.do == "restart.old_snapshot":
                self._scheduler.at(start_us + act.of_us, self._copy, number, act.node)
            if act.at_us is not None and act.at_point is not None:
                self._scheduler.at(start_us + act.at_us, self._by_point.append, act)
            elif act.at_us is not None:
                self._scheduler.at(start_us + act.at_us, self._act, act)

    def _from_start(self, rule: Rule) -> Rule:
        """The rule on the run's clock; one that says no end ends with the faults."""
        start = self._start_us
        to_us = self._scenario.calm_us if rule.to_us is None and rule.to_round is None else rule.to_us
        return rule._replace(
            from_us=start + rule.from_us, to_us=None if to_us is None else start + to_us,
            release_at_us=None if rule.release_at_us is None else start + rule.release_at_us,
        )  # fmt: skip

    def calm(self) -> None:
        """The faults have stopped: what waits for a round, a point or a write does not happen any more."""
        self._by_round, self._by_point, self._failing = [], [], []

    def on_round(self, round_: int) -> None:
        """Somebody honest entered a round for the first time."""
        due = [act for act in self._by_round if (act.at_round or 0) <= round_]
        self._by_round = [act for act in self._by_round if (act.at_round or 0) > round_]
        for act in due:
            self._scheduler.after(0, self._act, act)

    def on_output(self, node: int, output: Output) -> None:
        """A step is computed: a disk may fail it, or the node crashes before or while it is written."""
        if not self._failing and not self._by_point:
            return
        validator = self._validators[node]
        is_write = output.safety is not None or not output.persist.is_empty()
        for act in [act for act in self._failing if act.node == node and is_write]:
            self._failing.remove(act)
            self._count(act)
            if act.do in ("short_write", "torn_write"):
                validator.disk.settle(output.persist)
            elif act.do == "fsync_EIO":
                validator.disk.settle(output.persist, output.safety)
            self._down(validator, act, act.for_us or DOWN_US)
            return
        self._visit(node, "computed", output)
        if validator.is_up:
            self._visit(node, "written", output)

    def on_durable(self, node: int, output: Output, *, is_sent: bool) -> None:
        """A step's writes are durable; its messages have left or not."""
        self._visit(node, "sent" if is_sent else "synced", output)

    def _visit(self, node: int, stage: str, output: Output) -> None:
        """Crash there if an act says so."""
        if not self._by_point or not (output.after_persist or output.committed):
            return
        kinds = {message_name(send.data) for send in output.after_persist}
        kinds |= {"commit"} if output.committed else set()
        for kind in sorted(kinds):
            point = f"{kind}.{stage}"
            wanted = [act for act in self._by_point if act.node == node and act.at_point == point]
            if not wanted:
                continue
            self._visits[node, point] += 1
            for act in [act for act in wanted if act.nth == self._visits[node, point]]:
                self._by_point.remove(act)
                if stage == "written":
                    self._validators[node].disk.settle(output.persist)
                self._count(act)
                self._die(act)
                return

    # --- acts ---

    def _act(self, act: Act) -> None:
        """Do it now."""
        if act.do in WRITE_FAILURES:
            self._failing.append(act)
        elif act.do in CRASHES:
            if self._validators[act.node].is_up:
                self._count(act)
                self._die(act)
        elif act.do in READ_FAILURES or act.do == "bit_rot":
            self._rot(act)
        elif act.do in NETWORK:
            self._count(act)
            self._network(act)
        elif act.do in CLIENT_FAULTS or act.do == "mempool_spam":
            self._count(act)
            self._host.break_rules(CLIENT_FAULTS.get(act.do, ("future_sequence", "duplicate")), act.times)
        else:
            self._process(act)

    def _process(self, act: Act) -> None:
        """Faults of a process, its clock and its disk that leave it alive. One that finds nothing to do is none."""
        if act.do == "heal":
            self._count(act)
            self._wire.heal()
            return
        validator, for_us = self._validators[act.node], act.for_us
        if act.do == "restart":
            self._start(validator, False)  # counts by itself
            return
        if (act.do == "pause" and not validator.is_up) or (act.do == "resume" and not validator.paused):
            return
        self._count(act)
        match act.do:
            case "pause":
                validator.pause()
                self._later(for_us, _go_on, validator)
            case "resume":
                _go_on(validator)
            case "clock.skew" | "clock.jump_back" | "clock_jump":
                by_us = -abs(act.us) if act.do == "clock.jump_back" else act.us
                validator.skew_us += by_us
                self._later(for_us, self._turn_back, validator, by_us)
            case "clock.drift":
                self._drift(validator, act.us, self._scheduler.now_us + (for_us or self._left_us()))
            case "fsync_slow":
                validator.disk.slowdown = SLOW_DISK
                self._later(for_us, setattr, validator.disk, "slowdown", 1)
            case "fsync_lie":
                copy = (_copied(validator.disk.store), validator.disk.safety)
                self._scheduler.after(for_us or DOWN_US, self._put_back, validator, copy, DOWN_US)
            case "diverge":
                self._diverge(validator, True)
                self._later(for_us, self._diverge, validator, False)
            case "clone":
                twin = self._validators[act.src[0] if act.src else -1]
                twin.disk.put_back((_copied(validator.disk.store), validator.disk.safety))
                twin.start()
            case _:
                raise AssertionError(f"{act.do} is in the vocabulary and has no deed")

    def _diverge(self, validator: Validator, diverges: bool) -> None:
        """Another program is there: it starts with it at once."""
        validator.diverges = diverges
        if validator.is_up:
            validator.crash()
        validator.start()

    def _network(self, act: Act) -> None:
        """Rules until the act's end."""
        now_us = self._scheduler.now_us
        end_us = now_us + (act.for_us if act.for_us is not None else self._left_us())
        rules = NETWORK[act.do](act, range(len(self._validators)))
        if act.do == "reset_mid_frame":
            end_us = now_us + RESET_US
            self._links(act, False)
            self._scheduler.after(RESET_US, self._links, act, True)
        elif act.do == "half_open":
            self._hint(act.src or (), act.dst or (), False)
        if act.do != "flap":
            spans = [(now_us, end_us)]
        else:
            every_us = act.us or FLAP_US
            spans = [(at, min(at + every_us, end_us)) for at in range(now_us, end_us, 2 * every_us)]
        for rule in rules:
            for from_us, to_us in spans:
                self._wire.add(rule._replace(from_us=from_us, to_us=to_us, name=f"{act.do}.message"))

    def _links(self, act: Act, is_up: bool) -> None:
        """Both ends notice."""
        self._hint(act.src or (), act.dst or (), is_up)
        self._hint(act.dst or (), act.src or (), is_up)

    def _hint(self, peers: Sequence[int], nodes: Sequence[int], is_up: bool) -> None:
        """Tell nodes that their links to peers came or went."""
        for node in nodes:
            for peer in peers:
                if peer != node:
                    self._validators[node].note_link(self._validators[peer].number, is_up)

    def _die(self, act: Act) -> None:
        """Crash with what the disk makes of it."""
        validator, disk = self._validators[act.node], DISKS_OF.get(act.do, act.disk)
        down_us = act.for_us if act.for_us is not None or not act.do.startswith("restart") else DOWN_US
        match disk:
            case "keep":
                validator.disk.settle()
            case "torn":
                record = validator.disk.safety
                validator.disk.settle()
                validator.disk.safety = record
            case "bit_rot":
                self._rot(act)
                return
            case "old_snapshot":
                copy = self._copies.get(self._scenario.acts.index(act))
                if copy is not None:
                    self._put_back(validator, copy, down_us)
                    return
            case _:
                pass
        if disk == "lose_all":
            validator.lose_disk(keeps_record=False)
            self._restart_after(validator, down_us)
        else:
            self._down(validator, act, down_us)

    def _rot(self, act: Act) -> None:
        """Crash, and find something damaged: what cannot be read is refused at the start."""
        validator = self._validators[act.node]
        self._count(act)
        if validator.is_up:
            validator.crash()
        if act.do == "bit_rot" and act.part == "ledger":
            _flip_newest(validator.disk.store)
            self._host.on_disk_lost(act.node, keeps_record=True)
        else:
            validator.disk.refuses = READ_FAILURES.get(act.do, "safety_record_unreadable")
        self._restart_after(validator, RESET_US)
        if act.for_us is not None:
            self._scheduler.after(max(act.for_us, 2 * RESET_US), self._start, validator, True)

    def _put_back(self, validator: Validator, copy: tuple[Store, bytes | None], down_us: int | None) -> None:
        """The disk is an older one."""
        if validator.is_up:
            validator.crash()
        validator.disk.put_back((_copied(copy[0]), copy[1]))
        self._host.on_disk_lost(validator.index, keeps_record=False)
        self._restart_after(validator, down_us)

    def _down(self, validator: Validator, act: Act, down_us: int | None) -> None:
        """Crash now, start later."""
        if validator.is_up:
            validator.crash()
        self._restart_after(validator, down_us)

    def _restart_after(self, validator: Validator, down_us: int | None) -> None:
        """Start it, unless somebody did; None: nobody does before the faults stop."""
        if down_us is not None:
            self._scheduler.after(down_us, self._start, validator, False)

    def _start(self, validator: Validator, is_mended: bool) -> None:
        """Start it now, maybe on a disk that can be read again."""
        if is_mended:
            validator.disk.refuses = ""
            if validator.is_up:
                validator.crash()
        if not validator.is_up:
            self._counts["restart"] += 1
            validator.start()

    # --- small helpers ---

    def _copy(self, number: int, node: int) -> None:
        """Keep a copy of a disk, for an act that puts it back."""
        disk = self._validators[node].disk
        self._copies[number] = (_copied(disk.store), disk.safety)

    def _later(self, for_us: int | None, call: Callable[..., None], *args: object) -> None:
        """Undo after a time; the calm undoes the rest."""
        self._scheduler.after(self._left_us() if for_us is None else for_us, call, *args)

    def _left_us(self) -> int:
        """Until the faults stop."""
        return max(self._start_us + self._scenario.calm_us - self._scheduler.now_us, 0)

    def _turn_back(self, validator: Validator, us: int) -> None:
        """The clock is right again, unless the calm made it so."""
        if validator.skew_us:
            validator.skew_us -= us

    def _drift(self, validator: Validator, us: int, end_us: int) -> None:
        """So much more wrong every second."""
        if self._scheduler.now_us < end_us:
            validator.skew_us += us
            self._scheduler.after(1_000_000, self._drift, validator, us, end_us)

    def _count(self, act: Act) -> None:
        """By its name."""
        self._counts["crash.at" if act.at_point is not None else act.do] += 1


def _go_on(validator: Validator) -> None:
    """Resume it, unless it was killed meanwhile."""
    if validator.is_up and validator.paused:
        validator.resume()


def _copied(store: Store) -> Store:
    """An independent copy of a simulated disk's store."""
    copied: Store = store.copy()  # type: ignore[attr-defined] # every simulated disk is a MemoryStore
    return copied


def _flip_newest(store: Store) -> None:
    """One bit of the newest committed block is wrong."""
    found = store.last_row(Column.BLOCK)
    if found is not None:
        key, data = found
        batch = WriteBatch()
        batch.rows.append((Column.BLOCK, key, data[:40] + bytes([data[40] ^ 1]) + data[41:]))
        store.write(batch)
