"""A whole validator as one state machine, and its wiring diagram: consensus, execution, mempool, ledger.

`step(event, now_us)` is the only way in (see chain/interface.py for the contract with a driver).
"""

from collections.abc import Callable

from chain.accountability import TIMER as EVIDENCE_TIMER
from chain.accountability import Accountability
from chain.accounts import Account, Role, account_key
from chain.admission import CLIENTS, Admission, LaneName, Waiting
from chain.answers import acceptance, known_already, refusal
from chain.block import Block
from chain.certificates import QuorumCertificate
from chain.codec import decode, fields
from chain.consensus.epochs import Epochs
from chain.consensus.leader import Elect, elect
from chain.consensus.memory import check_blocks, check_certificates, check_ledger
from chain.consensus.ports import EpochStart, Keyring, SigningKey
from chain.consensus.safety import SafetyRecord, read_record
from chain.crypto.signing import SignatureCheck, Signatures, Signer
from chain.entries import KIND_USER
from chain.errors import MithqalError, SafetyError
from chain.evidence import Evidence
from chain.executed import ExecutedBlock
from chain.execution.gas import gas_of
from chain.genesis import GenesisDocument
from chain.interface import (
    ALL_OTHERS,
    Committed,
    Event,
    Output,
    PeerDown,
    PeerUp,
    Received,
    Send,
    SetTimer,
    Start,
    Submitted,
    TimerFired,
    Work,
    WorkDone,
)
from chain.kept import KEPT_VERSIONS
from chain.ledger import Ledger
from chain.limits import (
    GOSSIP_BYTES,
    MAX_BLOCK_BYTES,
    MAX_BLOCK_TRANSACTIONS,
    MAX_PENDING_BLOCKS,
    SYNC_BLOCKS,
    SYNC_BYTES,
)
from chain.mempool import Mempool, MempoolError
from chain.messages import (
    ASIDE,
    Accusation,
    CommittedResponse,
    EvidenceKnown,
    Message,
    Transactions,
    decode_message,
    encode_message,
    message_name,
)
from chain.primitives import SECOND_US, Hash
from chain.roles import ROLES
from chain.snapshot_messages import SnapshotMessage
from chain.standing import Standing
from chain.state.view import Overlay
from chain.storage import VOTED_ROW, Column, Index, Store
from chain.sync.client import TIMER as SYNC_TIMER
from chain.sync.snapshot import Snapshot
from chain.sync.state_sync import SNAPSHOT_BEHIND, StateSync, SyncPlan
from chain.transaction import SignedTransaction, decode_transaction, transaction_hash
from chain.validation import check_prologue

MEMORY_BLOCKS = 16
"""Committed blocks that are held against the signing record at the start: a validator that votes is in most of them."""
DEFAULT_PLAN = SyncPlan()
ADMISSION_WORK = 1 << 62
"""Work numbers from here on belong to the mempool, those below to consensus."""
ADMISSION_TIMER = "admission"
"""The slow lane of signatures has rested."""


class SingleKey:
    """The keyring of a validator with one consensus key."""

    def __init__(self, signer: Signer, record: bytes | None) -> None:
        """`record` is the durable one, if the key has signed."""
        self._key = SigningKey(signer, record)

    def find(self, public_key: bytes) -> SigningKey | None:
        """The key, if it is that one."""
        return self._key if public_key == self._key.signer.public_key else None

    def newest(self) -> bytes | None:
        """Its record."""
        return self._key.record


class Replica:
    """One validator. Consensus sees it as its `Application`."""

    def __init__(  # noqa: PLR0913 - the wiring of one validator, called by the drivers
        self,
        document: GenesisDocument,
        index: int,
        signer: Signer,
        store: Store,
        safety_record: bytes | None,
        signatures: Signatures,
        keyring: Keyring | None = None,
        *,
        kept_versions: int = KEPT_VERSIONS,
        plan: SyncPlan = DEFAULT_PLAN,
        elect: Elect = elect,
        decode_message: Callable[[bytes], Message] = decode_message,
    ) -> None:
        """Open the ledger in `store`; writes genesis into an empty one. `index` is the validator's number on chain.

        `keyring` holds its consensus keys; without one there is `signer` alone, with its `safety_record`. States of the
        last `kept_versions` can be read; `plan` says how to catch up, `elect` who leads, `decode_message` may remember.

        Raises GenesisError (see `Ledger`), and SafetyError: `ledger_behind` if the record knows a vote that the ledger
        has lost; `safety_record_old` if the ledger proves more signatures than the record knows.
        """
        self.index = index
        self.ledger = Ledger(document, store, kept_versions)
        self.sync = StateSync(self.ledger, index, signatures, plan)
        self.store, self.signatures = store, signatures
        self.mempool = Mempool()
        ledger = self.ledger
        keyring = keyring or SingleKey(signer, safety_record)
        newest = keyring.newest()
        record = SafetyRecord(0) if newest is None else read_record(newest)
        noted = store.row(Column.META, VOTED_ROW)
        check_ledger(record, None if noted is None else fields(decode(noted), "voted round", int, int))
        self.is_ledger_lost = noted is None and record.last_vote is not None
        """Whether blocks that this validator voted for are gone as a whole, and must be fetched from others."""
        self.consensus = Epochs(index, self, keyring, ledger.genesis_hash, signatures, elect=elect)
        machine = self.consensus.machine
        self.standing = Standing(index, ledger, self.consensus, grace=plan.snapshot_behind or SNAPSHOT_BEHIND)
        recent = self._recent_blocks()
        for block in recent:
            machine.verifier.recall(block)
        try:
            check_blocks(machine.safety.record, machine.own, recent)
            check_certificates(machine.safety.record, machine.own, machine.high_commit)
        except SafetyError as error:
            self.standing.judge(error)
        self._decode_message = decode_message
        self.accountability = Accountability(index, ledger, signatures, self._peers)
        self._held: list[Event] = []
        """Events that wait until a snapshot is on the disk."""
        self.admission = Admission(len(ledger.validators))
        self._checking: dict[int, tuple[LaneName, list[Waiting]]] = {}
        self._work_id = ADMISSION_WORK
        self._parsed: tuple[Hash, list[SignedTransaction]] | None = None

    def _recent_blocks(self) -> list[Block]:
        """The last committed blocks of this epoch, and those that were stored before a vote in it."""
        stored = [Block.from_value(decode(data)) for _, data in self.store.rows(Column.PENDING, 0, MAX_PENDING_BLOCKS)]
        pending = [block for block in stored if block.header.epoch == self.ledger.epoch]
        return self.ledger.epoch_blocks(MEMORY_BLOCKS) + pending

    @property
    def current_round(self) -> int:
        """The round that this validator is in."""
        return self.consensus.machine.round

    def step(self, event: Event, now_us: int) -> Output:
        """Handle one event. What a peer or client may cause becomes an alarm or a refusal, never an exception."""
        out = Output()
        if self.sync.is_switching and not self._ends_switching(event):
            return out
        self._try(event, now_us, out)
        self.sync.ask(self._peers, now_us, out)
        return out

    def _try(self, event: Event, now_us: int, out: Output) -> None:
        """Handle an event; a refusal becomes an alarm."""
        try:
            self._dispatch(event, now_us, out)
        except MithqalError as error:
            sender = event.sender if isinstance(event, Received) else None
            out.alarm(error.name, error.message, sender)

    def _ends_switching(self, event: Event) -> bool:
        """SY7: while a snapshot is on its way to the disk only its arrival counts; peers' messages are dropped, as they
        come again, and the rest waits."""
        if not isinstance(event, Received):
            self._held.append(event)
            return False
        return event.sender == self.index and message_name(event.data) == "snapshot_written"

    def _dispatch(self, event: Event, now_us: int, out: Output) -> None:
        """One branch an event."""
        match event:
            case Received(sender, data):
                self._on_message(sender, self._decode_message(data), now_us, out)
            case TimerFired(name, token) if name == ADMISSION_TIMER:
                self._check_next(now_us, out)
            case TimerFired(name, token) if name == EVIDENCE_TIMER:
                self.accountability.on_timer(now_us, out)
            case TimerFired(name, token):
                timers = self.sync.on_timer if name == SYNC_TIMER else self.consensus.on_timer
                timers(name, token, now_us, out)
            case Submitted(request_id, envelope):
                self._on_submitted(request_id, envelope, now_us, out)
            case WorkDone(work_id, verdicts):
                if work_id >= ADMISSION_WORK:
                    self._on_admission(work_id, verdicts, now_us, out)
                else:
                    self.consensus.on_work_done(work_id, verdicts, now_us, out)
            case PeerDown(peer):
                self.consensus.on_link(peer, False, now_us, out)
            case PeerUp(peer):
                self.consensus.on_link(peer, True, now_us, out)
                self.accountability.on_peer_up(peer, out)
            case Start():
                pending = self.store.rows(Column.PENDING, 0, 1 << 20)
                self.consensus.start(pending, now_us, out)
                self.sync.start(now_us, out)
                self.accountability.start(now_us, out)

    def _on_message(self, sender: int, message: Message, now_us: int, out: Output) -> None:
        """To whom it belongs."""
        if type(message) not in ASIDE:
            self.sync.note_answer(sender, message)
            self.consensus.on_message(sender, message, now_us, out)
        elif isinstance(message, Transactions):
            self._on_peer_transactions(sender, message, now_us, out)
        elif isinstance(message, Accusation | EvidenceKnown):
            self.accountability.on_message(sender, message, now_us, out)
        elif isinstance(message, SnapshotMessage):
            was_adopting = self.sync.is_switching
            snapshot = self.sync.on_message(sender, message, now_us, out)
            if self.sync.adopting is not None and not was_adopting:
                self.standing.on_snapshot(self.sync.adopting, out)
            if snapshot is not None:
                self._go_on_from(snapshot, now_us, out)

    # --- snapshots ---

    def _go_on_from(self, snapshot: Snapshot, now_us: int, out: Output) -> None:
        """SY7: the ledger is that of the snapshot now: tell consensus and the mempool, then do what had to wait."""
        self.consensus.go_on_from(snapshot.certificate, now_us, out)
        used = {bytes(tx.raw.sender): self._next_sequence(tx.raw.sender) for tx in self.mempool.by_hash.values()}
        self.mempool.on_commit(used, self.ledger.tip_timestamp_us // SECOND_US)
        held, self._held = self._held, []
        for event in held:
            self._try(event, now_us, out)

    def takes_snapshot(self, version: int) -> bool:
        """SY1."""
        return self.sync.takes_over(version, self.ledger.validators.one_honest)

    def _peers(self) -> tuple[int, ...]:
        """Who may have the ledger: the members of this epoch, and of the latest that is known to follow."""
        members = (*self.ledger.validators.members, *self.consensus.latest_members())
        return tuple(dict.fromkeys(member.number for member in members))

    # --- admission ---

    def _on_submitted(self, request_id: int, envelope: bytes, now_us: int, out: Output) -> None:
        """A client's transaction: cheap checks now, its signatures when it is its turn."""
        try:
            tx = decode_transaction(envelope)
            self._check_cheaply(tx)
            if self._is_committed(tx):
                out.replies.append(known_already(request_id, tx))
            elif tx.hash in self.mempool.by_hash:
                out.replies.append(acceptance(request_id, tx, self._admit(tx)))
            else:
                self.admission.add(
                    Waiting(tx, request_id, CLIENTS, tx.verification_cost, self.ledger.tip.version), now_us
                )
        except MithqalError as error:
            out.replies.append(refusal(request_id, b"", error))
        self._check_next(now_us, out)

    def _on_peer_transactions(self, sender: int, message: Transactions, now_us: int, out: Output) -> None:
        """Another validator's clients' transactions; refused ones are nobody's business here."""
        for tx in [decode_transaction(envelope) for envelope in message.envelopes]:
            is_used = tx.raw.sequence_number < self._next_sequence(tx.raw.sender)
            if tx.hash in self.mempool.by_hash or is_used:
                continue
            try:
                self._check_cheaply(tx)
                self.admission.add(Waiting(tx, None, sender, tx.verification_cost, self.ledger.tip.version), now_us)
            except MithqalError:
                continue
        self._check_next(now_us, out)

    def _check_cheaply(self, tx: SignedTransaction) -> None:
        """What can be refused before a signature is checked."""
        if self._is_committed(tx):
            return
        check_prologue(
            Overlay(self.ledger.state), tx, chain_id=self.ledger.document.chain_id,
            now_secs=self.ledger.tip_timestamp_us // SECOND_US, allow_future_sequence=True,
        )  # fmt: skip

    def _is_committed(self, tx: SignedTransaction) -> bool:
        """Whether this very transaction is on the ledger."""
        raw = tx.raw
        if raw.sequence_number >= self._next_sequence(raw.sender):
            return False
        found = self.store.postings(Index.TRANSACTION_BY_SENDER, raw.sender, raw.sequence_number, 1)
        if not found or found[0][0] != raw.sequence_number:
            return False
        return (found[0][1], found[0][1]) in self.store.postings(Index.TRANSACTION_BY_HASH, tx.hash[:8], found[0][1], 1)

    def _check_next(self, now_us: int, out: Output) -> None:
        """Send each lane's next signatures out, one batch at a time; what the ledger has settled needs no check."""
        for lane in LaneName:
            while batch := self.admission.next_batch(lane, now_us):
                batch = [item for item in batch if not self._is_settled(item, out)]
                if not batch:
                    self.admission.done(lane, now_us)
                    continue
                self._work_id += 1
                self._checking[self._work_id] = lane, batch
                checks = checks_of([item.tx for item in batch], self.ledger.genesis_hash)
                out.work.append(Work(self._work_id, checks))
        wake_us = self.admission.wake_at(now_us)
        if wake_us is not None:
            out.timers.append(SetTimer(ADMISSION_TIMER, wake_us, 0))

    def _is_settled(self, item: Waiting, out: Output) -> bool:
        """Whether the number was used while the transaction waited for its check; a client is told at once."""
        tx, request_id = item.tx, item.request_id
        if item.version == self.ledger.tip.version or tx.raw.sequence_number >= self._next_sequence(tx.raw.sender):
            return False
        if request_id is not None:
            try:
                self._check_cheaply(tx)
                out.replies.append(known_already(request_id, tx))
            except MithqalError as error:
                out.replies.append(refusal(request_id, tx.hash, error))
        return True

    def _on_admission(self, work_id: int, verdicts: tuple[bool, ...], now_us: int, out: Output) -> None:
        """Signatures are judged: admit, answer, and pass on what our own clients brought."""
        lane, batch = self._checking.pop(work_id)
        self.admission.done(lane, now_us)
        fresh, judged = list[bytes](), iter(verdicts)
        for item in batch:
            tx, request_id, origin = item[:3]
            own = [next(judged) for _ in range(1 + len(tx.secondaries))]
            verdict = all(own)
            if verdict and self._is_settled(item, out):
                continue
            known = tx.hash in self.mempool.by_hash
            try:
                if not verdict:
                    raise MempoolError("the signature does not verify", name="invalid_signature")
                if item.version != self.ledger.tip.version:
                    self._check_cheaply(tx)
                waiting_for = self._admit(tx)
            except MithqalError as error:
                if request_id is not None:
                    out.replies.append(refusal(request_id, tx.hash, error))
                elif not verdict:
                    self.admission.mute(origin, now_us)
                    out.alarm("bad_signature_spread", f"validator {origin} spread a bad signature", origin)
                continue
            if request_id is not None:
                out.replies.append(acceptance(request_id, tx, waiting_for))
                if not known:
                    fresh.append(tx.envelope)
        out.send_now += [Send(ALL_OTHERS, encode_message(part)) for part in split(fresh)]
        self._check_next(now_us, out)
        if len(self.mempool):
            self.consensus.on_transactions(now_us, out)

    def _admit(self, tx: SignedTransaction) -> int | None:
        """Take it into the mempool, or find it there: the number that it waits for, or None. MempoolError."""
        now_secs = self.ledger.tip_timestamp_us // SECOND_US
        account = self.ledger.state.get(account_key(tx.raw.sender))
        if not isinstance(account, Account):
            return self.mempool.add(tx, 0, now_secs)
        return self.mempool.add(tx, account.sequence_number, now_secs, ROLES[Role(account.role)].priority)

    def _next_sequence(self, sender: bytes) -> int:
        """A sender's next number on the committed ledger; 0 for an unknown one."""
        account = self.ledger.state.get(account_key(sender))
        return account.sequence_number if isinstance(account, Account) else 0

    # --- Application, as consensus sees it ---

    def signature_checks(self, block: Block) -> tuple[SignatureCheck, ...]:
        """Signatures of transactions that this validator has not checked for its mempool."""
        known = self.mempool.by_hash
        transactions = self._transactions(block)
        return checks_of([tx for tx in transactions if tx.hash not in known], self.ledger.genesis_hash)

    def execute(self, parent: ExecutedBlock, block: Block) -> ExecutedBlock:
        """Run the block."""
        return self.ledger.execute(parent, block, self._transactions(block))

    def payload(
        self, parent: ExecutedBlock, timestamp_us: int, max_count: int = MAX_BLOCK_TRANSACTIONS
    ) -> tuple[bytes, ...]:
        """Up to `max_count` transactions that can run on top of `parent`."""
        if not len(self.mempool):
            return ()
        view = Overlay(parent.state)

        def next_sequence(sender: bytes) -> int:
            account = view.account(sender)
            return 0 if account is None else account.sequence_number

        picked = self.mempool.pick(next_sequence, timestamp_us // SECOND_US, max_count, MAX_BLOCK_BYTES, gas_of)
        return tuple(tx.envelope for tx in picked)

    def commit(
        self,
        path: list[tuple[Block, ExecutedBlock]],
        proof: QuorumCertificate,
        out: Output,
    ) -> None:
        """Blocks are final: write them, tell the driver, clean the mempool."""
        self.ledger.commit(path, proof, out.persist)
        self.standing.on_commit([block for block, _ in path], out)
        used: dict[bytes, int] = {}
        for _, result in path:
            hashes = []
            for entry in result.entries:
                if entry.kind == KIND_USER and entry.transaction is not None:
                    raw = entry.transaction.raw
                    used[raw.sender] = raw.sequence_number + 1
                    hashes.append(entry.hash)
            out.committed.append(
                Committed(
                    result.height,
                    result.version,
                    result.root,
                    result.block_id,
                    result.timestamp_us,
                    tuple(hashes),
                )
            )
            for tx_hash in result.refused:
                self.mempool.drop(tx_hash)
        self.mempool.on_commit(used, self.ledger.tip_timestamp_us // SECOND_US)

    def epoch_start(self) -> EpochStart:
        """The epoch that the ledger is in."""
        ledger = self.ledger
        is_begun = ledger.high_commit.data.epoch == ledger.epoch
        return EpochStart(
            ledger.validators, ledger.genesis_qc, ledger.root(),
            ledger.high_commit if is_begun else ledger.genesis_qc, Overlay(ledger.state).onchain().consensus,
        )  # fmt: skip

    def epoch_blocks(self, limit: int) -> list[Block]:
        """The last durable blocks of this epoch."""
        return self.ledger.epoch_blocks(limit)

    def epoch_ends(self, first: int, limit: int) -> list[QuorumCertificate]:
        """Durable certificates that ended epochs."""
        return self.ledger.epoch_ends(first, limit)

    def committed_blocks(self, start_height: int) -> CommittedResponse | None:
        """Durable blocks for a node that catches up."""
        return self.ledger.committed_blocks(start_height, SYNC_BLOCKS, SYNC_BYTES)

    def accuse(self, evidence: Evidence, now_us: int, out: Output) -> None:
        """Consensus has seen a validator lie."""
        self.accountability.report(evidence, now_us, out)

    def _transactions(self, block: Block) -> list[SignedTransaction]:
        """A block's transactions, parsed once where the mempool has them; the last block's are kept."""
        if self._parsed is None or self._parsed[0] != block.id:
            known = self.mempool.by_hash
            found = [known.get(transaction_hash(data)) or decode_transaction(data) for data in block.payload]
            self._parsed = block.id, found
        return self._parsed[1]


def split(envelopes: list[bytes]) -> list[Transactions]:
    """Envelopes as messages of about GOSSIP_BYTES each, in order: batches are large."""
    messages: list[Transactions] = []
    part: list[bytes] = []
    size = 0
    for envelope in envelopes:
        if part and size + len(envelope) > GOSSIP_BYTES:
            messages.append(Transactions(tuple(part)))
            part, size = [], 0
        part.append(envelope)
        size += len(envelope)
    return [*messages, Transactions(tuple(part))] if part else messages


def checks_of(transactions: list[SignedTransaction], genesis_hash: bytes) -> tuple[SignatureCheck, ...]:
    """Every signature of some transactions, one after the other."""
    return tuple([check for tx in transactions for check in tx.checks(genesis_hash)])
