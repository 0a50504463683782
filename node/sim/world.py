"""A whole run, `World(scenario, seed).run()`: validators, links, disks, clients, faults and checkers on one clock."""

from collections import Counter

from chain.crypto.signing import PrivateKey, RealSignatures, Signatures, Signer
from chain.errors import MithqalError, SafetyError
from chain.genesis import first_validators
from chain.primitives import SECOND_US
from chain.replica import Replica
from chain.storage import Store
from chain.sync.state_sync import SyncPlan
from node.sim.accountability import Bystander
from node.sim.adversary import Adversary, Hand
from node.sim.bending import Bender, Memory
from node.sim.checkers import Violation
from node.sim.decoded import decoded
from node.sim.disk import Disk
from node.sim.diverging import Diverging
from node.sim.entropy import Entropy
from node.sim.epochs import Epochs
from node.sim.faults import Faults
from node.sim.gate import Doors
from node.sim.governance import Governance
from node.sim.keys import RECORD_FAILURES, Keys
from node.sim.lies import unreminded
from node.sim.network import Links, Network
from node.sim.parties import START_US, Parties
from node.sim.pulse import BEAT_US, Pulse
from node.sim.refinement import Refinement
from node.sim.result import Record, Result
from node.sim.scenario import Scenario, election_of, unreminded_processes
from node.sim.scheduler import Scheduler
from node.sim.script import Script
from node.sim.signatures import KeyedHashSignatures
from node.sim.trace import Sink, Trace
from node.sim.validator import Machine, Validator
from node.sim.verdict import Verdict
from node.sim.watch import Ears, Watch
from node.sim.wire import Wire
from node.sim.workload import Workload
from node.storage.memory import MemoryStore

PATIENCE_US = 40 * SECOND_US
"""A run with a validator that is silent for good goes on for this long: rounds that it leads end by their time-out."""


class World:
    """One run, not started yet."""

    WATCH: type[Watch] = Watch
    """Who listens; a subclass of a world may listen for more."""

    def __init__(self, scenario: Scenario, seed: int, sink: Sink | None = None) -> None:
        """Wire everything; deterministic in (scenario, seed). `sink` is told every event of the trace."""
        self.scenario = scenario
        self.seed = seed
        self.faults: Counter[str] = Counter()
        self.trace = Trace(sink)
        self.scheduler = Scheduler(START_US)
        self.violations: list[Violation] = Record(self.scheduler)
        self._unreminded = unreminded_processes(scenario)
        entropy = Entropy(seed)
        self.signatures: Signatures
        keyed = KeyedHashSignatures(entropy.stream("world secret").octets(32))
        self.signatures = keyed if scenario.signatures == keyed.name else RealSignatures()

        def signer(secret: bytes) -> Signer:
            return keyed.signer(secret) if self.signatures is keyed else PrivateKey(secret)

        self.parties = Parties(scenario, entropy.stream("keys"), signer)
        self.validators: list[Validator] = []
        self.epochs = Epochs(first_validators(self.parties.document), self.validators)
        self.watch = self.WATCH(scenario, self.scheduler, self.validators, self.epochs, self.violations, self.faults)
        self.watch.refinement = Refinement(
            self.violations, self.epochs.sets, self.watch.faulty_numbers, election_of(scenario)
        )  # fmt: skip
        self.ledgers, self.discipline = self.watch.ledgers, self.watch.discipline
        self.bystander = Bystander(
            self.scheduler, self.validators, self.epochs, self.watch.faulty, self.parties.chain[1], self.signatures
        )
        self.network = Network(
            self.scheduler, entropy.stream("network"), Links(scenario.delay_us, scenario.jitter_us), self._deliver,
            self.faults,
        )  # fmt: skip
        numbers = [scenario.number_of(process) for process in range(scenario.processes)]
        self.wire = Wire(
            self.scheduler, self.network, entropy.stream("rules"), self.faults, numbers, self.watch.round_of
        )  # fmt: skip
        self._people(entropy, numbers)
        self.script = Script(scenario, self.scheduler, self.wire, self.validators, self.watch, self.faults)
        self.adversary = self._adversary(scenario.validators + scenario.spares)
        self._faults = Faults(scenario, entropy, self.scheduler, self.network, list(self.validators), self.faults)
        self.gate = Doors(self.scheduler, self.validators, self.watch.faulty)
        self.workload = Workload(
            scenario, entropy.stream("workload"), self.scheduler, self.gate, self.parties.chain, self.violations
        )
        self._governance = Governance(scenario, self.scheduler, self.parties, self.workload, self.faults)
        self.watch.ears = Ears(self.script, self.wire, self.workload, self._faults, self._calm_early)
        self.pulse = Pulse(
            self.scheduler, self.violations, self._machines, self._furthest_seen, scenario.max_rounds_to_recover
        )

    def _people(self, entropy: Entropy, numbers: list[int]) -> None:
        """All processes of validators."""
        scenario = self.scenario
        wires = (self.scheduler, self.wire if scenario.is_directed else self.network, self.trace, self.watch)
        for index, number in enumerate(numbers):
            disk = Disk(MemoryStore(), self.scheduler, entropy.stream(f"disk:{index}"), scenario.disk_delay_us)
            self.validators.append(
                Validator(
                    index, scenario.validators + scenario.spares, self._build, disk, self.signatures, wires, number
                )
            )

    def _adversary(self, everyone: int) -> Adversary:
        """The liars, with their hands on the wire."""
        hand = Hand(self._bender, self.watch.round_of, self.wire.post, range(everyone))
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
        self.scheduler.at(START_US + scenario.calm_us, self.watch.on_calm)
        self.pulse.begin(START_US + scenario.calm_us, START_US + scenario.duration_us)
        self._play(START_US + scenario.duration_us)
        recovery = self.watch.recovery
        is_whole = self.scheduler.now_us >= START_US + scenario.duration_us
        if self.watch.lost_records and recovery.is_waiting:
            self.scheduler.run_until(START_US + scenario.duration_us + PATIENCE_US)
        recovery.excuse([validator.index for validator in self.validators if not validator.is_up])
        recovery.finish()
        verdict = Verdict(scenario, self.parties, self.signatures, self.watch, self.workload, self.pulse)
        honest = [validator for validator in self.validators if validator.index not in self.watch.faulty]
        self.violations += verdict.violations(honest, is_whole=is_whole)
        excused = frozenset(self.watch.faulty_numbers | self.watch.lost_records)
        self.violations += self.bystander.violations(honest, excused, START_US + scenario.calm_us)
        self.trace.add(self.scheduler.now_us, -1, "end")
        return self._result()

    def _play(self, end_us: int) -> None:
        """Until then, or until the beat after the faults at which the last round that is wanted has been passed."""
        last, scheduler = self.scenario.stop_at_round, self.scheduler
        while scheduler.now_us < end_us and not (last is not None and self._have_passed(last)):
            scheduler.run_until(end_us if last is None else min(scheduler.now_us + BEAT_US, end_us))

    def _have_passed(self, round_: int) -> bool:
        """Whether the faults have stopped, every honest validator that lives is beyond a round, and has a new block."""
        alive = [item for item in self.validators if item.is_up and item.index not in self.watch.faulty]
        passed = [self.epochs.progress(item.machine) > round_ for item in alive]
        return self.watch.is_calm and bool(passed) and all(passed) and not self.watch.recovery.is_waiting

    def _calm_early(self) -> None:
        """The round has begun in which the faults stop."""
        if not self.watch.is_calm:
            self._faults.calm()
            self.wire.heal()
            self.watch.on_calm()
            self.pulse.calm()

    def _machines(self) -> list[tuple[int, object]]:
        """The honest ones that live."""
        return [
            (validator.index, validator.machine)
            for validator in self.validators
            if validator.machine is not None and validator.index not in self.watch.faulty
        ]

    def _furthest_seen(self) -> tuple[int, int, int]:
        """Highest announced height, furthest round over all epochs, messages sent."""
        rounds = [self.epochs.progress(item.machine) for item in self.validators if item.index not in self.watch.faulty]
        return max(self.ledgers.announced.values(), default=0), max(rounds, default=0), self.network.sent

    def _result(self) -> Result:
        """The summary."""
        return Result(
            self.seed, self.signatures.name,
            tuple(self.ledgers.announced.get(validator.index, 0) for validator in self.validators),
            tuple(validator.machine.current_round for validator in self.validators if validator.machine),
            min(self.scenario.duration_us, self.scheduler.now_us - START_US), self.scheduler.events,
            dict(sorted(self.faults.items())),
            dict(sorted(self.workload.submissions.items())), dict(sorted(self.workload.replies.items())),
            dict(sorted(self.watch.alarms.items())), self.workload.payments_committed,
            tuple(self.watch.recovery.rounds.get(validator.index, -1) for validator in self.validators),
            tuple(self.violations), self.trace.hexdigest(), self.watch.refinement.states,
        )  # fmt: skip

    def _build(self, index: int, store: Store, safety: bytes | None) -> Machine:
        """A replica from its disk."""
        refuses = self.validators[index].disk.refuses
        if refuses and refuses not in RECORD_FAILURES:
            raise MithqalError(f"the disk of validator {index} cannot be read", name=refuses)
        parties, number = self.parties, self.scenario.number_of(index)
        keys = parties.consensus_keys[number]
        program, disk = Diverging if self.validators[index].diverges else Replica, self.validators[index].disk
        while True:
            try:
                return program(
                    parties.document, number, keys[0], store, safety, self.signatures, Keys(keys, disk),
                    plan=SyncPlan(self.scenario.snapshot_behind, self.scenario.chunk_leaves),
                    elect=election_of(self.scenario), decode_message=decoded,
                )  # fmt: skip
            except SafetyError as error:
                key = error.details.get("key")
                if not isinstance(key, str):
                    raise
                self.watch.on_refused(index, error)
                disk.lost_records.add(bytes.fromhex(key))  # it observes (D6), as a process does

    def _deliver(self, sender: int, receiver: int, data: bytes) -> None:
        """A message is at its receiver's door."""
        number = self.scenario.number_of(sender)
        if self.scenario.liars and self.adversary.is_liar(receiver):
            if not self.validators[receiver].is_up or not self.adversary.on_heard(receiver, number, data):
                return
        data = self._faults.answered(sender, data)
        self.bystander.on_message(receiver, number, data)
        self.validators[receiver].receive(number, unreminded(data) if receiver in self._unreminded else data)

    def _bender(self, process: int, epoch: int, memory: Memory) -> Bender | None:
        """A liar's hand in an epoch, or in its own one for a message of none; None where it is no member."""
        machine = self.validators[process].machine
        members = self.epochs.members(epoch, None if machine is None else machine.ledger.validators)
        number = self.scenario.number_of(process)
        seat = None if members is None else members.index_of(number)
        if members is None or seat is None:
            return None
        signer = self.parties.consensus_keys[number][-1]
        return Bender(seat, signer, self.parties.chain[1], members.quorum, memory)
