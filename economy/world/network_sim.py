"""The validators of genesis as a simulated network: real consensus, links and disks, on one virtual clock.

Four replicas of the real code with the real keys and real ledger files. While there is nothing to do their clocks are
set ahead together, as if the machines had slept: else a year would be forty million empty rounds.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from chain.crypto.signing import PrivateKey, RealSignatures
from chain.entries import TransactionInfo
from chain.errors import MithqalError
from chain.genesis import GenesisDocument, genesis_hash
from chain.interface import Committed, Output, Reply, Submitted
from chain.ledger import Ledger, read_entry
from chain.primitives import SECOND_US
from chain.replica import Replica
from chain.storage import Column, Index, Store
from chain.transaction import SignedTransaction
from economy.world.committee import Ran, WorldError
from node.sim.disk import Disk
from node.sim.entropy import Entropy
from node.sim.network import Links, Network
from node.sim.scheduler import Scheduler
from node.sim.trace import Trace
from node.sim.validator import Machine, Tip, Validator
from node.storage.sqlite import SqliteStore

DELAY_US, JITTER_US, DISK_US = 2_000, 1_000, 2_000
STEP_US = 5_000
"""The clock goes on by so much between two looks."""
PATIENCE_US = 60 * SECOND_US
"""Virtual time after which what was submitted must be final."""
AT_ONCE, EACH_AT_ONCE = 400, 90
"""Transactions under way at once, together and of one sender: below the mempool's own bounds."""


class SimulatedNetwork:
    """What `Committee` is, by consensus; one object a run."""

    def __init__(
        self, document: GenesisDocument, keys: Sequence[PrivateKey], ledgers: Sequence[Path],
        records: Sequence[bytes | None], seed: int,
    ) -> None:  # fmt: skip
        """Start a validator for each key, from its ledger's file and its signing record."""
        self._document, self._keys = document, keys
        self._genesis_hash = genesis_hash(document)
        entropy = Entropy(seed)
        self._scheduler = Scheduler(document.timestamp_us)
        self._committed: set[bytes] = set()
        self._refused: dict[int, Reply] = {}
        self._requests = 0
        links = Links(DELAY_US, JITTER_US)
        network = Network(self._scheduler, entropy.stream("network"), links, self._deliver, Counter())
        wires = (self._scheduler, network, Trace(), self)
        self._stores = [SqliteStore(path, self._genesis_hash, check_below_bytes=0) for path in ledgers]
        self.validators = []
        for index, (store, record) in enumerate(zip(self._stores, records, strict=True)):
            disk = Disk(store, self._scheduler, entropy.stream(f"disk:{index}"), DISK_US)
            disk.safety = record
            self.validators.append(Validator(index, len(keys), self._build, disk, RealSignatures(), wires))
        for validator in self.validators:
            self._scheduler.after(0, validator.start)
        self._scheduler.run_until(self._scheduler.now_us + STEP_US)

    @property
    def ledger(self) -> Ledger:
        """The first validator's."""
        machine = self.validators[0].machine
        assert isinstance(machine, Replica)
        return machine.ledger

    @property
    def store(self) -> Store:
        """The first validator's."""
        return self._stores[0]

    @property
    def height(self) -> int:
        """Of the first validator's last block."""
        return self.ledger.tip_height

    def run(self, transactions: list[SignedTransaction], timestamp_us: int) -> list[Ran]:
        """Submit, and let virtual time pass until all of them are final everywhere; what each came to, in order."""
        self._sleep_until(timestamp_us)
        for wave in _waves(transactions):
            for place, tx in enumerate(wave):
                self._requests += 1
                validator = self.validators[place % len(self.validators)]
                validator.handle(Submitted(self._requests, tx.envelope), "submit", tx.envelope)
            self._until({tx.hash for tx in wave})
        return [self._ran(tx) for tx in transactions]

    def _sleep_until(self, time_us: int) -> None:
        """Set every clock ahead to `time_us`, and wait for a block of that time: an idle network makes one at once."""
        ahead = time_us - (self._scheduler.now_us + self.validators[0].skew_us)
        if ahead <= 0:
            return
        for validator in self.validators:
            validator.skew_us += ahead
        self._wait_for(lambda: all(item.announced_timestamp_us >= time_us for item in self.validators), "a block")

    def _until(self, wanted: set[bytes]) -> None:
        """Until everybody has announced them."""
        self._wait_for(lambda: self._are_final(wanted), f"the end of {len(wanted)} transactions")

    def _wait_for(self, is_done: Callable[[], bool], what: str) -> None:
        """Let virtual time pass; WorldError if it does not come, or a validator refuses something."""
        end_us = self._scheduler.now_us + PATIENCE_US
        while not is_done():
            self._scheduler.run_until(self._scheduler.now_us + STEP_US)
            if self._refused:
                reply = next(iter(self._refused.values()))
                raise WorldError(f"a validator refuses a transaction: {reply.message} ({reply.name})")
            if self._scheduler.now_us > end_us:
                raise WorldError(f"the simulated network waits in vain for {what}")

    def _are_final(self, wanted: set[bytes]) -> bool:
        """Whether they are on the first ledger, and the others have come as far."""
        if not wanted <= self._committed:
            return False
        heights = {validator.announced_timestamp_us for validator in self.validators}
        return len(heights) == 1

    def _ran(self, tx: SignedTransaction) -> Ran:
        """What a final transaction came to, from the ledger's file."""
        for _, version in self.store.postings(Index.TRANSACTION_BY_SENDER, tx.raw.sender, tx.raw.sequence_number, 1):
            row = self.store.row(Column.TRANSACTION, version)
            assert row is not None, "a posting names a version that is there"
            _, _, info, events = read_entry(row)
            if TransactionInfo.from_bytes(info).transaction_hash == tx.hash:
                return Ran(version, info, bool(events))
        raise WorldError(f"{tx.hash.hex()} is not on the ledger")

    def flush(self) -> None:
        """Everything is durable as it becomes final."""

    def wait(self) -> None:
        """Until every disk is idle."""
        while not all(validator.disk.is_idle() for validator in self.validators):
            self._scheduler.run_until(self._scheduler.now_us + 1_000)

    def records(self, _old: Sequence[bytes | None]) -> list[bytes]:
        """The validators' own signing records, which are durable."""
        found = [validator.disk.safety for validator in self.validators]
        assert all(record is not None for record in found)
        return [record for record in found if record is not None]

    def close(self) -> None:
        """Close the files."""
        for store in self._stores:
            with closing(store):
                pass

    def _build(self, index: int, store: Store, safety: bytes | None) -> Machine:
        """A replica of the real code."""
        return Replica(self._document, index, self._keys[index], store, safety, RealSignatures())

    def _deliver(self, sender: int, receiver: int, data: bytes) -> None:
        """A message is at its receiver's door."""
        self.validators[receiver].receive(sender, data)

    # --- what validators tell (Observer) ---

    def on_start(self, node: int, tip: Tip) -> None:
        """Nothing to note."""

    def on_crash(self, node: int) -> None:
        """Nobody crashes here."""

    def on_disk_lost(self, node: int, *, keeps_record: bool) -> None:
        """Nobody loses a disk here."""

    def on_send(self, node: int, data: bytes) -> None:
        """Nothing to note."""

    def on_committed(self, node: int, committed: Committed) -> None:
        """A durable block: the first validator's count."""
        if node == 0:
            self._committed.update(committed.hashes)

    def on_reply(self, node: int, reply: Reply) -> None:
        """A refusal ends the run."""
        if not reply.accepted:
            self._refused[reply.request_id] = reply

    def on_alarm(self, node: int, name: str, peer: int | None) -> None:
        """Nobody lies here: an alarm is a mistake."""
        about = "" if peer is None else f" about {peer}"
        raise WorldError(f"validator {node} raises the alarm {name}{about}")

    def on_snapshot_write(self, node: int, *, adopts: bool) -> None:
        """Nobody falls so far behind here."""

    def on_refused(self, node: int, error: MithqalError) -> None:
        """A validator that does not start from its own ledger is a mistake."""
        raise error

    def on_halt(self, node: int, error: MithqalError) -> None:
        """All run the same program, so that none may differ."""
        raise error

    def on_output(self, node: int, output: Output) -> None:
        """Nothing to note."""

    def on_durable(self, node: int, output: Output, *, is_sent: bool) -> None:
        """Nothing to note."""


def _waves(transactions: Sequence[SignedTransaction]) -> list[list[SignedTransaction]]:
    """Transactions in order, in portions that every mempool has room for."""
    waves: list[list[SignedTransaction]] = []
    counts: Counter[bytes] = Counter()
    for tx in transactions:
        if not waves or len(waves[-1]) >= AT_ONCE or counts[tx.raw.sender] >= EACH_AT_ONCE:
            waves.append([])
            counts = Counter()
        waves[-1].append(tx)
        counts[tx.raw.sender] += 1
    return waves
