"""A whole run, `World(scenario, seed).run()`: validators, links, disks, clients, faults and checkers on one clock."""

from collections import Counter
from typing import NamedTuple

from chain.accounts import Account, account_key
from chain.certificates import QuorumCertificate
from chain.codec import decode
from chain.consensus.ports import SigningKey
from chain.consensus.safety import read_record
from chain.crypto.signing import PrivateKey, RealSignatures, Signatures, Signer
from chain.genesis import first_validators
from chain.interface import Committed, Reply, Submitted
from chain.kept import read_base
from chain.primitives import SECOND_US
from chain.replica import Replica
from chain.storage import Column, Store
from chain.sync.state_sync import SyncPlan
from node.sim.checkers import Discipline, Ledgers, Recovery, Violation, check_acknowledged, check_money
from node.sim.disk import Disk
from node.sim.entropy import Entropy
from node.sim.faults import Faults
from node.sim.governance import Governance
from node.sim.network import Links, Network
from node.sim.parties import GENESIS_US, Parties
from node.sim.proofs import check_proofs
from node.sim.scenario import Scenario
from node.sim.scheduler import Scheduler
from node.sim.signatures import KeyedHashSignatures
from node.sim.trace import Trace
from node.sim.validator import Machine, Tip, Validator
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

    def __init__(self, scenario: Scenario, seed: int) -> None:
        """Wire everything; deterministic in (scenario, seed)."""
        self.scenario = scenario
        self.seed = seed
        self.violations: list[Violation] = []
        self.faults: Counter[str] = Counter()
        self.alarms: Counter[str] = Counter()
        self.trace = Trace()
        self.scheduler = Scheduler(START_US)
        self.ledgers = Ledgers(self.violations)
        self.discipline = Discipline(self.violations, self._seat)
        self.lost_disks: set[int] = set()
        """Validators that lost their ledger once."""
        self.lost_records: set[int] = set()
        """Validators that lost their signing record."""
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
        wires = (self.scheduler, self.network, self.trace, self)
        everyone = scenario.validators + scenario.spares
        self.validators = [
            Validator(
                index, everyone, self._build,
                Disk(MemoryStore(), self.scheduler, entropy.stream(f"disk:{index}"), scenario.disk_delay_us),
                self.signatures, wires,
            )
            for index in range(everyone)
        ]  # fmt: skip
        self._faults = Faults(scenario, entropy, self.scheduler, self.network, list(self.validators), self.faults)
        self.workload = Workload(
            scenario, entropy.stream("workload"), self.scheduler, self, self.parties.chain, self.violations
        )
        self._governance = Governance(scenario, self.scheduler, self.parties, self.workload, self.faults)
        self._sets = {1: first_validators(self.parties.document)}
        """The members of each epoch in which somebody signed."""
        self._rounds_before: dict[int, int] = {1: 0}
        """Rounds of all epochs before one, as far as anybody was seen to go."""
        self._furthest = 0

    def run(self) -> Result:
        """Play the whole scenario, then look at every ledger once more."""
        scenario = self.scenario
        for validator in self.validators:
            self.scheduler.after(0, validator.start)
        self.workload.begin(self.parties.stages, self.parties.payers, self.parties.prober)
        self._faults.plan(START_US)
        self._governance.plan(START_US)
        self.scheduler.at(START_US + scenario.calm_us, self._on_calm)
        self.scheduler.run_until(START_US + scenario.duration_us)
        if self.lost_records and self.recovery.is_waiting:
            self.scheduler.run_until(START_US + scenario.duration_us + PATIENCE_US)
        self.recovery.finish()
        for validator in self.validators:
            self._inspect(validator)
        self.trace.add(self.scheduler.now_us, -1, "end")
        return self._result()

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
        parties = self.parties
        keys = parties.consensus_keys[index]
        return Replica(
            parties.document, index, keys[0], store, safety, self.signatures, Keys(keys, safety),
            plan=SyncPlan(self.scenario.snapshot_behind, self.scenario.chunk_leaves),
        )  # fmt: skip

    def _deliver(self, sender: int, receiver: int, data: bytes) -> None:
        """A message is at its receiver's door."""
        self.validators[receiver].receive(sender, self._faults.answered(sender, data))

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
        rounds = [self._progress(validator.machine) for validator in self.validators]
        self.recovery.begin(rounds, max(self.ledgers.announced.values(), default=0), self.lost_disks)

    # --- what validators tell (Observer) ---

    def on_start(self, node: int, tip: Tip) -> None:
        """A replica was built: the others get a link to it, and it learns in time who is not there."""
        self.ledgers.on_start(node, tip)
        for other in self.validators:
            if other.index != node:
                self.scheduler.after(LINK_US, other.note_link, node, True)
                self.scheduler.after(ABSENCE_US, self._note_absence, node, other.index)

    def on_crash(self, node: int) -> None:
        """Its connections break."""
        for other in self.validators:
            if other.index != node:
                self.scheduler.after(LINK_US, other.note_link, node, False)

    def on_disk_lost(self, node: int, *, keeps_record: bool) -> None:
        """What it announced is gone; with its record gone, what it signed does not bind it any more."""
        self.ledgers.forget(node)
        self.lost_disks.add(node)
        if not keeps_record:
            self.discipline.forget(node)
            self.lost_records.add(node)

    def _note_absence(self, node: int, other: int) -> None:
        """Tell a validator that has been up for a while whom it could not reach."""
        if not self.validators[other].is_up:
            self.validators[node].note_link(other, False)

    def on_send(self, node: int, data: bytes) -> None:
        """A message left."""
        self.discipline.on_send(node, data, self.validators[node].disk)

    def on_committed(self, node: int, committed: Committed) -> None:
        """A durable block was announced."""
        machine = self.validators[node].machine
        if machine is not None:
            self.ledgers.note_base(node, machine.ledger.base_height)
        self.ledgers.on_committed(node, committed)
        self.workload.on_committed(node, committed)
        if machine is not None:
            self.recovery.on_committed(node, committed.height, self._progress(machine))

    def on_reply(self, node: int, reply: Reply) -> None:
        """A submission was answered."""
        self.workload.on_reply(reply)

    def on_snapshot_write(self, node: int, *, adopts: bool) -> None:
        """It may crash around it."""
        self._faults.cut_snapshot(node, adopts=adopts)

    def on_alarm(self, node: int, name: str, peer: int | None) -> None:
        """S10: nobody lies but about snapshots, so that every other alarm accuses an honest validator."""
        self.alarms[name] += 1
        if (name == "signing_record_new" and node in self.lost_records) or peer in self.lost_records:
            return  # until it finds out, who lost its record may sign twice: it is the one that is faulty
        if name == "snapshot_refused" and peer == self.scenario.liar and self.faults["snapshot_lie"]:
            return
        self.violations.append(Violation("S10_false_alarm", node, name))

    # --- how clients reach validators (Gate) ---

    def reachable(self) -> list[int]:
        """Those that live and are not paused."""
        return [validator.index for validator in self.validators if validator.is_up and not validator.paused]

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


class Keys:
    """A validator's keyring on a simulated disk: all its keys, and the one record beside the ledger."""

    def __init__(self, keys: list[Signer], record: bytes | None) -> None:
        """`keys` grows while the run goes on."""
        self._keys, self._record = keys, record

    def find(self, public_key: bytes) -> SigningKey | None:
        """A key, with the record if that key made it."""
        for key in self._keys:
            if key.public_key == public_key:
                is_its = self._record is not None and read_record(self._record).key == public_key
                return SigningKey(key, self._record if is_its else None)
        return None

    def newest(self) -> bytes | None:
        """The record."""
        return self._record
