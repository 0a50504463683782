"""A whole run, `World(scenario, seed).run()`: validators, links, disks, clients, faults and checkers on one clock."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from chain.accounts import Account, account_key
from chain.certificates import QuorumCertificate
from chain.codec import decode
from chain.consensus.leader import elect
from chain.consensus.ports import SigningKey
from chain.consensus.safety import read_record
from chain.crypto.signing import PrivateKey, RealSignatures, Signatures, Signer
from chain.errors import MithqalError
from chain.genesis import first_validators
from chain.interface import Committed, Output, Reply, Submitted
from chain.kept import read_base
from chain.limits import MAX_CLOCK_LEAD_US, MAX_LEDGER_LEAD_US
from chain.primitives import SECOND_US
from chain.replica import Replica
from chain.storage import Column, Store
from chain.sync.state_sync import SyncPlan
from node.sim.adversary import Adversary, Hand
from node.sim.bending import Bender, Memory
from node.sim.checkers import Discipline, Ledgers, Recovery, Violation, check_acknowledged, check_money
from node.sim.disk import Disk
from node.sim.entropy import Entropy
from node.sim.faults import Faults
from node.sim.governance import Governance
from node.sim.lies import unreminded
from node.sim.network import Links, Network
from node.sim.parties import GENESIS_US, Parties
from node.sim.proofs import check_proofs
from node.sim.pulse import SETTLE_BLOCKS, SETTLE_US, Pulse
from node.sim.replay import check_replay
from node.sim.scenario import Scenario, faulty_processes, listed_election, unreminded_processes
from node.sim.scheduler import Scheduler
from node.sim.script import Script
from node.sim.signatures import KeyedHashSignatures
from node.sim.trace import Sink, Trace
from node.sim.validator import Machine, Tip, Validator
from node.sim.wire import Wire
from node.sim.workload import Workload
from node.storage.memory import MemoryStore

START_US = GENESIS_US + 10 * SECOND_US
"""True time when the validators start."""
LINK_US = 1_500
"""Until validators notice that a link broke, or is there again."""
PATIENCE_US = 40 * SECOND_US
"""A run with a validator that is silent for good goes on for this long: rounds that it leads end by their time-out."""
ABSENCE_US = 2 * SECOND_US
"""Until one that started says of a validator that it cannot be reached."""
CLIENT_DELAY_US = 1_000
"""From a client to a validator."""


ALARMS_ABOUT_ONESELF = ("signing_record_new", "safety_record_old")
"""A validator says these of its own signing record."""


MOST_AHEAD_US = MAX_CLOCK_LEAD_US + MAX_LEDGER_LEAD_US + 5 * SECOND_US
"""No block's time is further ahead of the true time: what voters bear, and what their clocks may be wrong by."""


class Result(NamedTuple):
    """What a run came to."""

    seed: int
    signatures: str
    """Which port judged signatures."""
    commits: tuple[int, ...]
    """Highest announced height by validator."""
    rounds: tuple[int, ...]
    virtual_us: int
    events: int
    faults: dict[str, int]
    submissions: dict[str, int]
    replies: dict[str, int]
    alarms: dict[str, int]
    payments_committed: int
    recovery_rounds: tuple[int, ...]
    """Rounds that each validator took to a new block after the faults had stopped."""
    violations: tuple[Violation, ...]
    trace_hash: str


class World:
    """One run, not started yet."""

    def __init__(self, scenario: Scenario, seed: int, sink: Sink | None = None) -> None:
        """Wire everything; deterministic in (scenario, seed). `sink` is told every event of the trace."""
        self.scenario = scenario
        self.seed = seed
        self.faults: Counter[str] = Counter()
        self.alarms: Counter[str] = Counter()
        self.trace = Trace(sink)
        self.scheduler = Scheduler(START_US)
        self.violations: list[Violation] = Record(self.scheduler)
        self.faulty = faulty_processes(scenario)
        """Liars, and all processes of a number that has more than one: nothing is asked of them."""
        self.faulty_numbers = {scenario.number_of(process) for process in self.faulty}
        self.ledgers = Ledgers(self.violations)
        self.discipline = Discipline(self.violations, self._seat)
        self.lost_disks: set[int] = set()
        """Validators that lost their ledger once."""
        self.lost_records: set[int] = set()
        """Validators whose signing record is lost or old: they sign nothing any more."""
        self._lost_keys: dict[int, set[bytes]] = {}
        """Keys whose record a validator had, and has not any more (D5)."""
        self._unreminded = unreminded_processes(scenario)
        self.recovery = Recovery(scenario.max_rounds_to_recover, self.violations)
        entropy = Entropy(seed)
        self.signatures: Signatures
        keyed = KeyedHashSignatures(entropy.stream("world secret").octets(32))
        self.signatures = keyed if scenario.signatures == keyed.name else RealSignatures()

        def signer(secret: bytes) -> Signer:
            return keyed.signer(secret) if self.signatures is keyed else PrivateKey(secret)

        self.parties = Parties(scenario, entropy.stream("keys"), signer)
        links = Links(scenario.delay_us, scenario.jitter_us)
        self.network = Network(self.scheduler, entropy.stream("network"), links, self._deliver, self.faults)
        everyone = scenario.validators + scenario.spares
        numbers = [scenario.number_of(process) for process in range(scenario.processes)]
        self.wire = Wire(
            self.scheduler, self.network, entropy.stream("rules"), self.faults, numbers, self._round_of
        )  # fmt: skip
        wires = (self.scheduler, self.wire if scenario.is_directed else self.network, self.trace, self)
        self.validators = [
            Validator(
                index, everyone, self._build,
                Disk(MemoryStore(), self.scheduler, entropy.stream(f"disk:{index}"), scenario.disk_delay_us),
                self.signatures, wires, numbers[index],
            )
            for index in range(scenario.processes)
        ]  # fmt: skip
        self.script = Script(scenario, self.scheduler, self.wire, self.validators, self, self.faults)
        self.adversary = self._adversary(everyone)
        self._round = 0
        """The highest that anybody honest was in."""
        self._faults = Faults(scenario, entropy, self.scheduler, self.network, list(self.validators), self.faults)
        self.workload = Workload(
            scenario, entropy.stream("workload"), self.scheduler, self, self.parties.chain, self.violations
        )
        self._governance = Governance(scenario, self.scheduler, self.parties, self.workload, self.faults)
        self.pulse = self._pulse()
        self._sets = {1: first_validators(self.parties.document)}
        """The members of each epoch in which somebody signed."""
        self._rounds_before: dict[int, int] = {1: 0}
        """Rounds of all epochs before one, as far as anybody was seen to go."""
        self._furthest = self._calm_height = 0

    def _pulse(self) -> Pulse:
        """What is looked at again and again."""
        limit = self.scenario.max_rounds_to_recover
        return Pulse(self.scheduler, self.violations, self._machines, self._furthest_seen, limit)

    def _adversary(self, everyone: int) -> Adversary:
        """The liars, with their hands on the wire."""
        hand = Hand(self._bender, self._round_of, self.wire.post, range(everyone))
        adversary = Adversary(self.scenario.liars, hand, self.faults)
        if self.scenario.liars:
            self.wire.tamper = adversary
        return adversary

    def run(self) -> Result:
        """Play the whole scenario, then look at every ledger once more."""
        scenario = self.scenario
        later = {act.src[0] for act in scenario.acts if act.do == "clone" and act.src}
        for validator in self.validators:
            if validator.index not in later:
                self.scheduler.after(0, validator.start)
        self.script.plan(START_US)
        self.workload.begin(self.parties.stages, self.parties.payers, self.parties.prober)
        self._faults.plan(START_US)
        self._governance.plan(START_US)
        self.scheduler.at(START_US + scenario.calm_us, self._on_calm)
        self.pulse.begin(START_US + scenario.calm_us, START_US + scenario.duration_us)
        self.scheduler.run_until(START_US + scenario.duration_us)
        if self.lost_records and self.recovery.is_waiting:
            self.scheduler.run_until(START_US + scenario.duration_us + PATIENCE_US)
        self.recovery.excuse([validator.index for validator in self.validators if not validator.is_up])
        self.recovery.finish()
        for validator in self.validators:
            if validator.index not in self.faulty:
                self._inspect(validator)
        self._judge_the_end()
        self.trace.add(self.scheduler.now_us, -1, "end")
        return self._result()

    def _judge_the_end(self) -> None:
        """L2 and L3, if the run went on for long enough after the faults; S11 and the naive model on one disk."""
        scenario, announced = self.scenario, self.ledgers.announced
        honest = [validator for validator in self.validators if validator.index not in self.faulty]
        alive = [validator for validator in honest if validator.is_up]
        best = max(honest, key=lambda validator: announced.get(validator.index, 0), default=None)
        for validator in honest:
            self.violations += check_replay(
                validator.index, validator.disk.store, self.parties.chain, self.signatures, is_full=validator is best
            )  # fmt: skip
        blocks = max(announced.values(), default=0) - self._calm_height
        is_settled = scenario.duration_us - scenario.calm_us >= SETTLE_US and blocks >= SETTLE_BLOCKS
        if is_settled and alive and best is not None:
            self.violations += self.pulse.check_caught_up(announced, [validator.index for validator in alive])
            self.violations += self.workload.check_accepted(
                START_US + scenario.calm_us, best.announced_timestamp_us // SECOND_US
            )  # fmt: skip

    def _machines(self) -> list[tuple[int, object]]:
        """The honest ones that live."""
        return [
            (validator.index, validator.machine)
            for validator in self.validators
            if validator.machine is not None and validator.index not in self.faulty
        ]

    def _furthest_seen(self) -> tuple[int, int, int]:
        """Highest announced height, furthest round over all epochs, messages sent."""
        rounds = [self._progress(item.machine) for item in self.validators if item.index not in self.faulty]
        return max(self.ledgers.announced.values(), default=0), max(rounds, default=0), self.network.sent

    def _inspect(self, validator: Validator) -> None:
        """S3, S8 and S9 on what a validator has on disk, up to what it announced."""
        index, store = validator.index, validator.disk.store
        height = self.ledgers.announced.get(index, 0)
        keys = [validator.consensus_key for validator in self.parties.document.validators]
        self.violations += check_proofs(index, store, keys, self.parties.chain[1], self.signatures, height)
        self.violations += check_money(index, store)
        at, base = self.ledgers.committed_at, read_base(store).height
        known = {tx: where for tx, where in self.workload.acknowledged.items() if base < at[tx] <= height}
        self.violations += check_acknowledged(index, store, known)

    def _result(self) -> Result:
        """The summary."""
        return Result(
            self.seed, self.signatures.name,
            tuple(self.ledgers.announced.get(validator.index, 0) for validator in self.validators),
            tuple(validator.machine.current_round for validator in self.validators if validator.machine),
            self.scenario.duration_us, self.scheduler.events, dict(sorted(self.faults.items())),
            dict(sorted(self.workload.submissions.items())), dict(sorted(self.workload.replies.items())),
            dict(sorted(self.alarms.items())), self.workload.payments_committed,
            tuple(self.recovery.rounds.get(validator.index, -1) for validator in self.validators),
            tuple(self.violations), self.trace.hexdigest(),
        )  # fmt: skip

    def _build(self, index: int, store: Store, safety: bytes | None) -> Machine:
        """A replica from its disk."""
        refuses = self.validators[index].disk.refuses
        if refuses:
            raise MithqalError(f"the disk of validator {index} cannot be read", name=refuses)
        parties, number = self.parties, self.scenario.number_of(index)
        keys, leaders = parties.consensus_keys[number], self.scenario.leaders
        return Replica(
            parties.document, number, keys[0], store, safety, self.signatures,
            Keys(keys, safety, self._lost_keys.get(index, set())),
            plan=SyncPlan(self.scenario.snapshot_behind, self.scenario.chunk_leaves),
            elect=elect if isinstance(leaders, str) else listed_election(leaders),
        )  # fmt: skip

    def _deliver(self, sender: int, receiver: int, data: bytes) -> None:
        """A message is at its receiver's door."""
        number = self.scenario.number_of(sender)
        if self.scenario.liars and self.adversary.is_liar(receiver):
            if not self.validators[receiver].is_up or not self.adversary.on_heard(receiver, number, data):
                return
        data = self._faults.answered(sender, data)
        self.validators[receiver].receive(number, unreminded(data) if receiver in self._unreminded else data)

    def _round_of(self, process: int) -> int:
        """The round that a process is in; 0 for a dead one."""
        machine = self.validators[process].machine
        return 0 if machine is None else machine.current_round

    def _bender(self, process: int, epoch: int, memory: Memory) -> Bender | None:
        """A liar's hand in an epoch, or in its own one for a message of none; None where it is no member."""
        machine = self.validators[process].machine
        members = self._sets.get(epoch, None if machine is None else machine.ledger.validators)
        number = self.scenario.number_of(process)
        seat = None if members is None else members.index_of(number)
        if members is None or seat is None:
            return None
        signer = self.parties.consensus_keys[number][-1]
        return Bender(seat, signer, self.parties.chain[1], members.quorum, memory)

    def _progress(self, machine: Machine | None) -> int:
        """Rounds that a validator has gone through, over all epochs."""
        if machine is None:
            return 0
        progress = self._rounds_before.setdefault(machine.ledger.validators.epoch, self._furthest)
        progress += machine.current_round
        self._furthest = max(self._furthest, progress)
        return progress

    def _seat(self, node: int, epoch: int) -> int | None:
        """The author number of a validator in an epoch; None for one that is no member."""
        if epoch not in self._sets:
            row = self.validators[node].disk.store.row(Column.EPOCH, epoch - 1)
            assert row is not None, "the end of an epoch is durable before anything of the next one leaves"
            commit = QuorumCertificate.from_value(decode(row)).commit
            assert commit is not None
            assert commit.next_epoch is not None
            self._sets[epoch] = commit.next_epoch
        return self._sets[epoch].index_of(node)

    def _on_calm(self) -> None:
        """The faults have just stopped."""
        self._calm_height = max(self.ledgers.announced.values(), default=0)
        rounds = [self._progress(validator.machine) for validator in self.validators]
        self.recovery.begin(rounds, self._calm_height, self.lost_disks)
        self.recovery.excuse(self.faulty)

    # --- what validators tell (Observer) ---

    def on_start(self, node: int, tip: Tip) -> None:
        """A replica was built: the others get a link to it, and it learns in time who is not there."""
        if node not in self.faulty:
            self.ledgers.on_start(node, tip)
        number = self.validators[node].number
        for other in self.validators:
            if other.number != number:
                self.scheduler.after(LINK_US, other.note_link, number, True)
                self.scheduler.after(ABSENCE_US, self._note_absence, node, other.index)

    def on_crash(self, node: int) -> None:
        """Its connections break."""
        number = self.validators[node].number
        for other in self.validators:
            if other.number != number:
                self.scheduler.after(LINK_US, other.note_link, number, False)

    def on_refused(self, node: int, error: MithqalError) -> None:
        """A process that finds its disk damaged or old must not start; no other one may refuse."""
        self.faults[f"refused.{error.name}"] += 1
        if node not in self.lost_records | self.lost_disks | self.faulty and not self.validators[node].disk.refuses:
            self.violations.append(Violation("S6_refused_start", node, error.message))

    def on_output(self, node: int, output: Output) -> None:
        """A step is computed."""
        if not self.scenario.is_directed:
            return
        if node not in self.faulty and self._round_of(node) > self._round:
            self._round = self._round_of(node)
            self.script.on_round(self._round)
            self.wire.on_round(self._round)
        self.script.on_output(node, output)

    def on_durable(self, node: int, output: Output, *, is_sent: bool) -> None:
        """A step is durable."""
        if self.scenario.is_directed:
            self.script.on_durable(node, output, is_sent=is_sent)

    def break_rules(self, kinds: Sequence[str], count: int) -> None:
        """Clients submit what may not pass."""
        self.workload.break_rules(kinds, count)

    def on_disk_lost(self, node: int, *, keeps_record: bool) -> None:
        """What it announced is gone; what it signed binds it all the same: it must not sign without its record."""
        self.ledgers.forget(node)
        self.lost_disks.add(node)
        if not keeps_record:
            keys = self.parties.consensus_keys[self.validators[node].number]
            self._lost_keys.setdefault(node, set()).update(key.public_key for key in keys)
            self.lost_records.add(node)

    def on_disk_put_back(self, node: int) -> None:
        """Ledger and record are those of an earlier moment."""
        is_gone = self.validators[node].disk.safety is None
        self.on_disk_lost(node, keeps_record=not is_gone)
        self.lost_records.add(node)

    def _note_absence(self, node: int, other: int) -> None:
        """Tell a validator that has been up for a while whom it could not reach."""
        if not self.validators[other].is_up:
            self.validators[node].note_link(self.validators[other].number, False)

    def on_send(self, node: int, data: bytes) -> None:
        """A message left."""
        if node in self.faulty:
            return
        self.discipline.on_send(node, data, self.validators[node].disk)

    def on_committed(self, node: int, committed: Committed) -> None:
        """A durable block was announced."""
        machine = self.validators[node].machine
        if node in self.faulty:
            return
        if machine is not None:
            self.ledgers.note_base(node, machine.ledger.base_height)
        self.ledgers.on_committed(node, committed)
        if committed.timestamp_us > self.scheduler.now_us + MOST_AHEAD_US:
            text = f"height {committed.height} lies {committed.timestamp_us - self.scheduler.now_us} us ahead"
            self.violations.append(Violation("S11_time", node, text))
        self.workload.on_committed(node, committed)
        if machine is not None:
            self.recovery.on_committed(node, committed.height, self._progress(machine))

    def on_reply(self, node: int, reply: Reply) -> None:
        """A submission was answered."""
        if node in self.faulty:
            return
        self.workload.on_reply(reply)

    def on_snapshot_write(self, node: int, *, adopts: bool) -> None:
        """It may crash around it."""
        self._faults.cut_snapshot(node, adopts=adopts)

    def on_alarm(self, node: int, name: str, peer: int | None) -> None:
        """S10: nobody lies but about snapshots, so that every other alarm accuses an honest validator."""
        self.alarms[name] += 1
        if node in self.faulty or peer in self.faulty_numbers:
            return
        if peer is None and self.faulty and name not in ALARMS_ABOUT_ONESELF:
            return  # it names nobody, and somebody does lie
        if name in ALARMS_ABOUT_ONESELF and node in self.lost_records:
            return
        if name == "snapshot_refused" and peer == self.scenario.liar and self.faults["snapshot_lie"]:
            return
        self.violations.append(Violation("S10_false_alarm", node, name))

    # --- how clients reach validators (Gate) ---

    def reachable(self) -> list[int]:
        """Those that live and are not paused."""
        return [
            validator.index
            for validator in self.validators
            if validator.is_up and not validator.paused and validator.index not in self.faulty
        ]

    def submit(self, node: int, request_id: int, envelope: bytes) -> None:
        """Arrives a little later."""
        event = Submitted(request_id, envelope)
        self.scheduler.after(CLIENT_DELAY_US, self.validators[node].handle, event, "submit", envelope)

    def account(self, node: int, address: bytes) -> Account | None:
        """From the durable state."""
        data = self.validators[node].disk.store.state(account_key(address))
        return None if data is None else Account.from_bytes(data)

    def ledger_secs(self, node: int) -> int:
        """Of the last announced block."""
        return self.validators[node].announced_timestamp_us // SECOND_US


class Record(list[Violation]):
    """Violations, stamped with the time at which they were noticed."""

    def __init__(self, scheduler: Scheduler) -> None:
        """None yet."""
        super().__init__()
        self._scheduler = scheduler

    def append(self, item: Violation) -> None:
        """One more."""
        super().append(item._replace(at_us=self._scheduler.now_us - START_US))

    def extend(self, items: Iterable[Violation]) -> None:
        """Several more."""
        for item in items:
            self.append(item)

    def __iadd__(self, items: Iterable[Violation]) -> "Record":  # type: ignore[override,misc] # narrower on purpose
        """As `extend`."""
        self.extend(items)
        return self


class Keys:
    """A validator's keyring on a simulated disk: all its keys, and the one record beside the ledger."""

    def __init__(self, keys: list[Signer], record: bytes | None, lost: Collection[bytes]) -> None:
        """`keys` grows while the run goes on; those whose record is `lost` do not begin another one (D5)."""
        self._keys, self._record, self._lost = keys, record, lost

    def find(self, public_key: bytes) -> SigningKey | None:
        """A key, with the record if that key made it; none whose record is lost."""
        for key in self._keys:
            if key.public_key == public_key:
                is_its = self._record is not None and read_record(self._record).key == public_key
                if not is_its and public_key in self._lost:
                    return None
                return SigningKey(key, self._record if is_its else None)
        return None

    def newest(self) -> bytes | None:
        """The record."""
        return self._record
