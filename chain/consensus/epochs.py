"""From one epoch to the next: a machine for each, and what carries a validator over (docs/protocol.md, E5 to E12).

A `ConsensusMachine` knows one set. When its last block is committed, a new one is built on what the ledger says:
another set, other keys, rounds from 1. Messages of another epoch never reach a machine: an older one is answered by
the certificates that ended the epochs since, a newer one is asked about. A validator that is no member, or has no key
for its seat, follows with a machine that signs nothing.
"""

from collections.abc import Callable

from chain.certificates import QuorumCertificate
from chain.consensus.catch_up import Path
from chain.consensus.leader import Elect, LeaderElection, elect, window_blocks
from chain.consensus.machine import ConsensusMachine
from chain.consensus.pacemaker import NOBODY
from chain.consensus.ports import EpochApplication, EpochStart, Keyring, SigningKey
from chain.consensus.recollection import (
    ANSWER_US,
    REMIND_US,
    RETRY_US,
    TIMER,
    Asking,
    Recollection,
    check_recall,
)
from chain.consensus.safety import RECALLING, SafetyRules, read_record
from chain.consensus.seats import Seats
from chain.crypto.signing import Signatures
from chain.errors import CertificateError, DivergenceError, MithqalError, SafetyError
from chain.interface import ALL_OTHERS, Output, Send, SetTimer
from chain.limits import EPOCH_PROOFS, MAX_FRAME_BYTES, SYNC_RETRY_US
from chain.messages import (
    BlockResponse,
    CommittedResponse,
    EpochChange,
    EpochRequest,
    Message,
    Proposal,
    Recall,
    RecallRequest,
    SyncInfo,
    Timeout,
    Vote,
    encode_message,
)
from chain.storage import Column
from chain.validators import Validator

EARLY_MESSAGES = 8
"""Messages of the next epoch that are kept for each peer: it may commit the end a moment before us."""


class Epochs:
    """One validator's consensus over all epochs. `number` is what the chain calls it."""

    def __init__(
        self, number: int, app: EpochApplication, keyring: Keyring, genesis_hash: bytes, signatures: Signatures,
        *, elect: Elect = elect,
    ) -> None:  # fmt: skip
        """Begin in the ledger's epoch; `elect` says who leads under a configuration's name."""
        self._elect = elect
        self.number = number
        self._app, self._keyring = app, keyring
        self._genesis_hash, self._signatures = genesis_hash, signatures
        self._absent: dict[int, None] = {}
        self._early: dict[int, list[Message]] = {}
        self._asked_us: dict[int, int] = {}
        self._barred: dict[bytes, str] = {}
        self._ends: dict[int, QuorumCertificate] = {}
        """Verified ends of this epoch and later ones, whose blocks are not here yet."""
        self.recollection, self.asking = Recollection(), Asking()
        self.on_barred: Callable[[bytes, str, Output], None] = lambda _key, _why, _out: None
        """Told of a key that was found to have signed what its record does not know."""
        self.on_diverged: Callable[[Path, bytes, Output], None] = lambda _path, _root, _out: None
        """Told of blocks whose last one gave another result here than a quorum certified (DV2)."""
        self.halted: DivergenceError | None = None
        """Why this validator computes nothing any more."""
        self.machine, self.seats = self._build()

    @property
    def epoch(self) -> int:
        """The current one."""
        return self.machine.validators.epoch

    # --- events ---

    def start(self, pending: list[tuple[int, bytes]], now_us: int, out: Output) -> None:
        """Rebuild what was stored before a stop."""
        self.asking.token = now_us
        self._run(lambda: self.machine.start(pending, now_us, out), now_us, out)
        self._ask(now_us, out)

    def on_message(self, sender: int, message: Message, now_us: int, out: Output) -> None:
        """Handle one decoded message of an authenticated peer, by its number."""
        if isinstance(message, EpochRequest):
            self._send_ends(sender, message.epoch, out)
            return
        if isinstance(message, EpochChange):
            self._on_epoch_change(sender, message, now_us, out)
            return
        if isinstance(message, RecallRequest):
            if self.recollection.may_tell(sender, ANSWER_US, now_us):
                self._tell(sender, message.token, out)
            return
        if isinstance(message, Recall):
            self._on_recall(sender, message, now_us, out)
            return
        epoch = epoch_of(message)
        if epoch is None or epoch == self.epoch:
            seat = self.seats.of(sender)
            self._run(lambda: self.machine.on_message(seat, message, now_us, out), now_us, out)
            self._remember(sender, message, now_us, out)
        elif epoch > self.epoch:
            self._on_later(sender, message, epoch, now_us, out)
        elif isinstance(message, Proposal | Timeout | SyncInfo):
            self._send_ends(sender, epoch, out)

    def on_timer(self, name: str, token: int, now_us: int, out: Output) -> None:
        """A timer is due; one of an epoch that is over has a token that nobody knows."""
        if name == TIMER:
            self._ask(now_us, out)
            return
        self._run(lambda: self.machine.on_timer(name, token, now_us, out), now_us, out)

    def on_work_done(self, work_id: int, verdicts: tuple[bool, ...], now_us: int, out: Output) -> None:
        """Signatures are judged."""
        self._run(lambda: self.machine.on_work_done(work_id, verdicts, now_us, out), now_us, out)

    def on_transactions(self, now_us: int, out: Output) -> None:
        """The mempool has something."""
        self._run(lambda: self.machine.on_transactions(now_us, out), now_us, out)

    def on_link(self, peer: int, is_up: bool, now_us: int, out: Output) -> None:
        """A link came or went; remembered, since the peer may be a member of a later epoch."""
        if is_up:
            self._absent.pop(peer, None)
            if not self.recollection.of(peer).is_empty:
                self._tell(peer, 0, out)
        else:
            self._absent[peer] = None
        seat = self.seats.of(peer)
        if seat < len(self.machine.validators):
            self._run(lambda: self.machine.on_link(seat, is_up, now_us, out), now_us, out)

    def go_on_from(self, proof: QuorumCertificate, now_us: int, out: Output) -> None:
        """SY7: the ledger has gone on from a snapshot that `proof` commits, in this epoch or a later one."""
        start = self._app.epoch_start()
        if start.validators.epoch == self.epoch:
            self._tell_history(self.machine.leaders, len(start.validators))
            self._run(lambda: self.machine.go_on_from(start.root, proof, now_us, out), now_us, out)
            return
        rows = [node.row for node in self.machine.tree.nodes.values() if node.row >= 0]
        out.persist.rows += [(Column.PENDING, row, None) for row in rows]
        self._next_epoch(now_us, out)

    def latest_members(self) -> tuple[Validator, ...]:
        """The members of the latest epoch that is known to follow this one."""
        end = self._ends[max(self._ends)].commit if self._ends else None
        return () if end is None or end.next_epoch is None else end.next_epoch.members

    def bar(self, public_key: bytes, why: str) -> None:
        """SY10: sign nothing with this key any more, in this epoch or a later one."""
        self._barred[public_key] = why
        if self.machine.safety.public_key == public_key:
            self.machine.safety.silenced = why

    def is_barred(self, public_key: bytes) -> bool:
        """Whether a key was found to have signed what its record does not know."""
        return public_key in self._barred

    def is_record_lost(self, public_key: bytes) -> bool:
        """Whether this process has a key without a signing record, be it new or lost."""
        found = self._keyring.find(public_key)
        return found is not None and found.record is None

    # --- what was signed before (R19 to R21) ---

    def _others(self) -> list[int]:
        """The other members' numbers."""
        return [member.number for member in self.machine.validators.members if member.number != self.number]

    def _ask(self, now_us: int, out: Output) -> None:
        """R19: ask who has not answered, until enough have."""
        if self.machine.safety.silenced != RECALLING:
            return
        others = self._others()
        missing = self.asking.missing(others)
        data = encode_message(RecallRequest(self.asking.token))
        sends = [Send(ALL_OTHERS, data)] if missing == others else [Send(number, data) for number in missing]
        out.send_now += sends
        out.timers.append(SetTimer(TIMER, now_us + RETRY_US, 0))

    def _remember(self, sender: int, message: Message, now_us: int, out: Output) -> None:
        """R21: keep a member's newest statements; who sends what they forbid is shown them."""
        if not isinstance(message, Vote | Timeout | Proposal) or self.seats.of(sender) != author_of(message):
            return
        is_forbidden = sender != self.number and self.recollection.note(sender, message)
        if is_forbidden and self.recollection.may_tell(sender, REMIND_US, now_us):
            self._tell(sender, 0, out)

    def _tell(self, peer: int, token: int, out: Output) -> None:
        """Show a validator the newest of its own statements, and our certificates."""
        known = self.recollection.of(peer)
        recall = Recall(token, self.machine.sync_info(), known.vote, known.timeout, known.proposal)
        out.send_now.append(Send(peer, encode_message(recall)))

    def _on_recall(self, sender: int, recall: Recall, now_us: int, out: Output) -> None:
        """R20: believe our own signatures, and count the answer if it comes from where we are."""
        theirs = recall.sync.high_qc.data.epoch
        if theirs == self.epoch:
            seat = self.seats.of(sender)
            self._run(lambda: self.machine.on_message(seat, recall.sync, now_us, out), now_us, out)
        safety = self.machine.safety
        if not safety.public_key or safety.is_barred:
            return
        try:
            check_recall(recall, safety.record, safety.public_key, self._genesis_hash, self._signatures)
        except SafetyError as error:
            safety.silenced = error.message
            out.alarm(error.name, error.message)
            self._note_barred(out)
            return
        if safety.silenced == RECALLING and recall.token == self.asking.token and theirs <= self.epoch:
            self.asking.note(sender)
            if self.asking.is_enough(self._others(), self.machine.validators.quorum):
                self.asking.is_done, safety.silenced = True, None
                self._run(lambda: self.machine.begin_to_sign(now_us, out), now_us, out)

    def _note_barred(self, out: Output) -> None:
        """What the machine has found out about its key is remembered for good."""
        safety = self.machine.safety
        if safety.is_barred and safety.public_key and safety.public_key not in self._barred:
            self._barred[safety.public_key] = why = safety.silenced or ""
            self.on_barred(safety.public_key, why, out)

    # --- other epochs ---

    def _on_later(self, sender: int, message: Message, epoch: int, now_us: int, out: Output) -> None:
        """E9: the sender is ahead: keep what the next epoch will want, and ask how this one ended."""
        if epoch == self.epoch + 1:
            kept = self._early.setdefault(sender, [])
            kept.append(message)
            del kept[:-EARLY_MESSAGES]
        if now_us - self._asked_us.get(sender, -SYNC_RETRY_US) >= SYNC_RETRY_US:
            self._asked_us[sender] = now_us
            out.send_now.append(Send(sender, encode_message(EpochRequest(self.epoch))))

    def _send_ends(self, peer: int, first: int, out: Output) -> None:
        """E9: the certificates that ended epochs from one on, as many as fit; nothing if we know none."""
        ends = self._app.epoch_ends(max(first, 1), EPOCH_PROOFS)
        while ends:
            data = encode_message(EpochChange(tuple(ends)))
            if len(data) <= MAX_FRAME_BYTES:
                out.send_now.append(Send(peer, data))
                return
            ends = ends[: len(ends) // 2]

    def _on_epoch_change(self, sender: int, message: EpochChange, now_us: int, out: Output) -> None:
        """E9: believe ends only one after the other, each by the set that the one before named."""
        validators = self.machine.validators
        if len(message.ends) > EPOCH_PROOFS:
            raise CertificateError(f"{len(message.ends)} epochs in one message", name="too_large")
        for end in message.ends:
            if end.data.epoch < validators.epoch:
                continue
            known = self._ends.get(end.data.epoch)
            if known is None:
                known = self._verified(end, validators.epoch)
                known.verify(validators, self._genesis_hash, self._signatures)
                self._ends[end.data.epoch] = known
            assert known.commit is not None
            assert known.commit.next_epoch is not None
            validators = known.commit.next_epoch
        if self.epoch in self._ends:
            self.machine.fetcher.help_from(self.seats.of(sender))
            self._learn_end(now_us, out)

    @staticmethod
    def _verified(end: QuorumCertificate, epoch: int) -> QuorumCertificate:
        """The certificate, if by its shape it ends this epoch."""
        if end.data.epoch != epoch or end.commit is None or end.commit.next_epoch is None:
            raise CertificateError(f"no certificate that ends epoch {epoch}", name="no_epoch_end")
        return end

    def _learn_end(self, now_us: int, out: Output) -> None:
        """A verified end of our epoch: commit it, or ask for its blocks."""
        end = self._ends[self.epoch]
        self._run(lambda: self.machine.learn_end(end, now_us, out), now_us, out)

    # --- one machine after the other ---

    def _run(self, call: Callable[[], None], now_us: int, out: Output) -> None:
        """Let the machine work, put numbers for its seats, and go on to the next epoch if this one is over."""
        if self.halted is not None:
            return
        machine, marks = self.machine, (len(out.send_now), len(out.after_persist), len(out.alarms))
        try:
            call()
        except DivergenceError as error:
            self._halt(error, out)
        finally:
            self.seats.translate(out, marks)
            for evidence in machine.verifier.witness.take():
                self._app.accuse(evidence, now_us, out)
            self._note_barred(out)
            if machine.ended and machine is self.machine:
                self._next_epoch(now_us, out)

    def _halt(self, error: DivergenceError, out: Output) -> None:
        """DV1: nothing more is voted for, committed or answered from what was computed here."""
        self.halted = out.halt = error
        out.alarm(error.name, error.message)
        self.on_diverged(error.path, error.certified, out)

    def _next_epoch(self, now_us: int, out: Output) -> None:
        """E7, E8: another machine; the new epoch's signing record is durable before anything that it signs."""
        next_row = self.machine.tree.next_row
        self.machine, self.seats = self._build()
        self.machine.tree.next_row = next_row
        if not self.machine.safety.is_barred:
            out.safety = self.machine.safety.record_bytes()
        self._ends = {epoch: end for epoch, end in self._ends.items() if epoch >= self.epoch}
        self._asked_us = {}
        early, self._early = self._early, {}
        self.recollection.keep(self._others())
        self._run(lambda: self.machine.start([], now_us, out), now_us, out)
        self._ask(now_us, out)
        if self.epoch in self._ends:
            self._learn_end(now_us, out)
        for sender, messages in early.items():
            for message in messages:
                try:
                    self.on_message(sender, message, now_us, out)
                except MithqalError as error:
                    out.alarm(error.name, error.message, sender)

    def _build(self) -> tuple[ConsensusMachine, Seats]:
        """The machine of the ledger's epoch."""
        start = self._app.epoch_start()
        validators = start.validators
        leaders = self._elect(start.config.leader_election, len(validators))
        self._tell_history(leaders, len(validators))
        index, key, why = self._own_key(start)
        safety = SafetyRules(
            None if key is None else key.signer, validators, leaders, start.genesis_qc, self._genesis_hash,
            self._signatures, None if key is None else key.record,
        )  # fmt: skip
        if key is None:
            index, safety.silenced = NOBODY, why
        elif validators.quorum > 1 and not self.asking.is_done:
            safety.silenced = RECALLING
        machine = ConsensusMachine(
            index, validators, leaders, safety, self._app, start.root, start.genesis_qc, start.high_commit,
            self._genesis_hash, self._signatures, start.config,
        )  # fmt: skip
        seats = Seats(validators)
        for number in self._absent:
            if seats.of(number) < len(validators):
                machine.pacemaker.note_link(seats.of(number), False)
        return machine, seats

    def _tell_history(self, leaders: LeaderElection, count: int) -> None:
        """R22: what is committed of the epoch, after a start or a snapshot."""
        if leaders.by_history:
            blocks = self._app.epoch_blocks(window_blocks(count))
            leaders.begin(blocks, is_whole=not blocks or blocks[0].parent_qc.round == 0)

    def _own_key(self, start: EpochStart) -> tuple[int, SigningKey | None, str]:
        """Our seat in this epoch and what signs for it; None and why not, for one that only follows (E10, E11)."""
        epoch = start.validators.epoch
        index = start.validators.index_of(self.number)
        if index is None:
            return NOBODY, None, f"validator {self.number} is no member of epoch {epoch}"
        newest = self._keyring.newest()
        signed = 0 if newest is None else read_record(newest).epoch
        if signed > epoch:
            return NOBODY, None, f"this validator has signed in epoch {signed}, it signs nothing in epoch {epoch}"
        wanted = start.validators.members[index].consensus_key
        if wanted in self._barred:
            return NOBODY, None, self._barred[wanted]
        key = self._keyring.find(wanted)
        if key is None:
            return NOBODY, None, f"this process has no key {wanted.hex()[:16]} that may sign in epoch {epoch}"
        return index, key, ""


def author_of(message: Vote | Timeout | Proposal) -> int:
    """The seat that a statement says it is from."""
    return message.block.header.author if isinstance(message, Proposal) else message.author


def epoch_of(message: Message) -> int | None:
    """The epoch that a message belongs to; None for a question, and for an answer that says nothing."""
    match message:
        case Proposal():
            return message.block.header.epoch
        case Vote():
            return message.data.epoch
        case Timeout():
            return message.epoch
        case SyncInfo():
            return message.high_qc.data.epoch
        case BlockResponse():
            return message.blocks[0].header.epoch if message.blocks else None
        case CommittedResponse():
            return None if message.proof is None else message.proof.data.epoch
        case _:
            return None
