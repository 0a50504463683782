"""Who hears everything that validators do (`validator.Observer`): the checkers, the clients, the script, the links."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from chain.errors import MithqalError
from chain.interface import Committed, Output, Reply
from chain.limits import MAX_CLOCK_LEAD_US, MAX_LEDGER_LEAD_US
from chain.primitives import SECOND_US
from node.sim.checkers import Discipline, Ledgers, Recovery, Violation
from node.sim.epochs import Epochs
from node.sim.faults import Faults
from node.sim.refinement import Refinement
from node.sim.scenario import Scenario, faulty_processes
from node.sim.scheduler import Scheduler
from node.sim.script import Script
from node.sim.validator import Tip, Validator
from node.sim.wire import Wire
from node.sim.workload import Workload

LINK_US = 1_500
"""Until validators notice that a link broke, or is there again."""
ABSENCE_US = 2 * SECOND_US
"""Until one that started says of a validator that it cannot be reached."""
ALARMS_ABOUT_ONESELF = ("signing_record_new", "safety_record_old")
"""A validator says these of its own signing record."""
MOST_AHEAD_US = MAX_CLOCK_LEAD_US + MAX_LEDGER_LEAD_US + 5 * SECOND_US
"""No block's time is further ahead of the true time: what voters bear, and what their clocks may be wrong by."""


class Ears(NamedTuple):
    """Who else wants to hear, apart from the checkers."""

    script: Script
    wire: Wire
    workload: Workload
    faults: Faults
    calm_early: Callable[[], None]
    """Stops the faults before their time."""


class Watch:
    """The checkers of a run, and what they have noticed so far."""

    ears: Ears
    """Set by the world before the run begins: they are wired to the validators, which are wired to this."""
    refinement: Refinement
    """Set by the world too: holds what is said against the specification."""

    def __init__(
        self, scenario: Scenario, scheduler: Scheduler, validators: Sequence[Validator], epochs: Epochs,
        violations: list[Violation], counts: Counter[str],
    ) -> None:  # fmt: skip
        """`violations` are appended, `counts` counts faults by name; `validators` is filled later."""
        self._scenario, self._scheduler, self._validators, self._epochs = scenario, scheduler, validators, epochs
        self._violations, self._counts = violations, counts
        self.faulty = faulty_processes(scenario)
        """Liars, and all processes of a number that has more than one: nothing is asked of them."""
        self.faulty_numbers = {scenario.number_of(process) for process in self.faulty}
        self.alarms: Counter[str] = Counter()
        self.ledgers = Ledgers(violations)
        self.discipline = Discipline(violations, epochs.seat)
        self.recovery = Recovery(scenario.max_rounds_to_recover, violations)
        self.lost_disks: set[int] = set()
        """Validators that lost their ledger once."""
        self.lost_records: set[int] = set()
        """Validators whose signing record is lost or old: they sign nothing any more."""
        self.is_calm = False
        """Whether the faults have stopped."""
        self.calm_height = 0
        """Highest height that anybody had announced when the faults stopped."""
        self._is_directed = scenario.is_directed
        self._round = 0
        """The highest that anybody honest was in."""

    def round_of(self, process: int) -> int:
        """The round that a process is in; 0 for a dead one."""
        machine = self._validators[process].machine
        return 0 if machine is None else machine.current_round

    def on_calm(self) -> None:
        """The faults have just stopped; the second time nothing happens."""
        if self.is_calm:
            return
        self.is_calm = True
        if self._scenario.gst_round is not None:
            self.ears.script.calm()
        self.calm_height = max(self.ledgers.announced.values(), default=0)
        rounds = [self._epochs.progress(validator.machine) for validator in self._validators]
        self.recovery.begin(rounds, self.calm_height, self.lost_disks)
        self.recovery.excuse(self.faulty)

    # --- what validators tell (validator.Observer) ---

    def on_start(self, node: int, tip: Tip) -> None:
        """A replica was built: the others get a link to it, and it learns in time who is not there."""
        if node not in self.faulty:
            self.ledgers.on_start(node, tip)
            self.refinement.on_start(node)
        number = self._validators[node].number
        for other in self._validators:
            if other.number != number:
                self._scheduler.after(LINK_US, other.note_link, number, True)
                self._scheduler.after(ABSENCE_US, self._note_absence, node, other.index)

    def on_crash(self, node: int) -> None:
        """Its connections break."""
        self.refinement.on_crash(node)
        number = self._validators[node].number
        for other in self._validators:
            if other.number != number:
                self._scheduler.after(LINK_US, other.note_link, number, False)

    def on_refused(self, node: int, error: MithqalError) -> None:
        """A process that finds its disk damaged or old must not start; no other one may refuse."""
        self._counts[f"refused.{error.name}"] += 1
        excused = self.lost_records | self.lost_disks | self.faulty
        if node not in excused and not self._validators[node].disk.refuses:
            self._violations.append(Violation("S6_refused_start", node, error.message))

    def on_output(self, node: int, output: Output) -> None:
        """A step is computed."""
        if not self._is_directed:
            return
        if node not in self.faulty and self.round_of(node) > self._round:
            self._round = self.round_of(node)
            self.ears.script.on_round(self._round)
            self.ears.wire.on_round(self._round)
            if self._scenario.gst_round is not None and self._round >= self._scenario.gst_round:
                self._scheduler.after(0, self.ears.calm_early)
        self.ears.script.on_output(node, output)

    def on_durable(self, node: int, output: Output, *, is_sent: bool) -> None:
        """A step is durable."""
        if self._is_directed:
            self.ears.script.on_durable(node, output, is_sent=is_sent)

    def on_disk_lost(self, node: int, *, keeps_record: bool) -> None:
        """What it announced is gone; what it signed binds it all the same: it must not sign without its record."""
        self.ledgers.forget(node)
        self.lost_disks.add(node)
        if not keeps_record:
            self.lost_records.add(node)

    def on_halt(self, node: int, error: MithqalError) -> None:
        """Only one whose results are not the others' halts by itself."""
        self._counts[f"halted.{error.name}"] += 1
        if not self._validators[node].diverges:
            self._violations.append(Violation("S7_halt", node, error.message))

    def on_send(self, node: int, data: bytes) -> None:
        """A message left."""
        if node in self.faulty:
            return
        disk = self._validators[node].disk
        self.refinement.on_message(node, self.discipline.on_send(node, data, disk), disk.store)

    def on_committed(self, node: int, committed: Committed) -> None:
        """A durable block was announced."""
        machine = self._validators[node].machine
        if node in self.faulty:
            return
        if machine is not None:
            self.ledgers.note_base(node, machine.ledger.base_height)
        self.ledgers.on_committed(node, committed)
        self.refinement.on_committed(node, committed)
        ahead_us = committed.timestamp_us - self._scheduler.now_us
        if ahead_us > MOST_AHEAD_US:
            self._violations.append(Violation("S11_time", node, f"height {committed.height} lies {ahead_us} us ahead"))
        self.ears.workload.on_committed(node, committed)
        if machine is not None:
            self.recovery.on_committed(node, committed.height, self._epochs.progress(machine))

    def on_reply(self, node: int, reply: Reply) -> None:
        """A submission was answered."""
        if node in self.faulty:
            return
        self.ears.workload.on_reply(reply)

    def on_snapshot_write(self, node: int, *, adopts: bool) -> None:
        """It may crash around it."""
        validator = self._validators[node]
        if validator.machine is not None and validator.machine.ledger.validators.index_of(validator.number) is None:
            self.recovery.follows_by_snapshot(node)
        self.ears.faults.cut_snapshot(node, adopts=adopts)

    def on_alarm(self, node: int, name: str, peer: int | None) -> None:
        """S10: nobody lies but about snapshots, so that every other alarm accuses an honest validator."""
        self.alarms[name] += 1
        if node in self.faulty or peer in self.faulty_numbers:
            return
        if peer is None and self.faulty and name not in ALARMS_ABOUT_ONESELF:
            return  # it names nobody, and somebody does lie
        if name in ALARMS_ABOUT_ONESELF and node in self.lost_records:
            return
        if name == "execution_divergence" and peer is None and self._counts["diverge"]:
            return
        if name == "snapshot_refused" and peer == self._scenario.liar and self._counts["snapshot_lie"]:
            return
        self._violations.append(Violation("S10_false_alarm", node, name))

    # --- what the script asks (script.Host) ---

    def break_rules(self, kinds: Sequence[str], count: int) -> None:
        """Clients submit what may not pass."""
        self.ears.workload.break_rules(kinds, count)

    def _note_absence(self, node: int, other: int) -> None:
        """Tell a validator that has been up for a while whom it could not reach."""
        if not self._validators[other].is_up:
            self._validators[node].note_link(self._validators[other].number, False)
