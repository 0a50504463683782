"""S10: who lies before an honest validator's eyes is named by evidence at every honest one, and nobody else ever is.

A bystander hears what each honest validator hears from the author itself, and keeps its own list of what was signed; it
shares the codec and the signed messages with the chain, and none of its rules for finding evidence.
"""

from collections.abc import Sequence
from typing import NamedTuple

from chain.block import proposal_message
from chain.certificates import timeout_message, vote_message
from chain.codec import decode
from chain.crypto.signing import Scheme, SignatureCheck, Signatures
from chain.errors import MithqalError
from chain.evidence import Evidence, verify_evidence
from chain.limits import EVIDENCE_RETRY_US
from chain.messages import Proposal, Timeout, Vote
from chain.primitives import SECOND_US
from chain.replica import Replica
from chain.storage import Column
from chain.validators import ValidatorSet
from node.sim.checkers import Violation
from node.sim.epochs import Epochs
from node.sim.scheduler import Scheduler
from node.sim.validator import Machine, Validator
from node.sim.wire import parsed

EYES_ROUNDS = 16
"""So many rounds back a validator must remember what others signed."""
DURABLE_US = SECOND_US
"""What a validator has known for so long survives its crash."""
EVIDENCE_ROWS = 1 << 20


class Signed(NamedTuple):
    """A vote, time-out or proposal as a validator heard it: who, where, what it says, and its signature's check."""

    kind: str
    number: int
    epoch: int
    round: int
    level: int
    """Round of the certificate that a vote stands on or a time-out shows."""
    says: object
    """What is compared."""
    check: SignatureCheck


class Seen(NamedTuple):
    """An honest validator processed two statements that contradict each other."""

    node: int
    machine: Machine
    epoch: int
    at_us: int


class Life:
    """What one life of a validator has heard."""

    def __init__(self, machine: Machine, at_us: int) -> None:
        """From now on."""
        self.machine, self.begun_us = machine, at_us
        self.heard: dict[int, list[Signed]] = {}
        """number of the author -> what it was heard to sign lately."""


class Bystander:
    """Listens only where somebody may lie: that costs as much as decoding every message once more."""

    def __init__(
        self, scheduler: Scheduler, validators: Sequence[Validator], epochs: Epochs, faulty: frozenset[int],
        genesis_hash: bytes, signatures: Signatures,
    ) -> None:  # fmt: skip
        """`faulty` are processes of whom nothing is asked."""
        self._scheduler, self._validators, self._epochs = scheduler, validators, epochs
        self._faulty, self._genesis_hash, self._signatures = faulty, genesis_hash, signatures
        self._lives: dict[int, Life] = {}
        self._seen: dict[int, Seen] = {}
        """number of a liar -> who saw the lie, once its evidence must be durable."""
        self._fresh: list[tuple[int, Seen]] = []

    def on_message(self, node: int, sender: int, data: bytes) -> None:
        """A message reaches a process; `sender` is the number of the validator that it came from."""
        validator = self._validators[node]
        machine, now_us = validator.machine, self._scheduler.now_us
        if not self._faulty or node in self._faulty or validator.paused or not isinstance(machine, Replica):
            return
        life = self._lives.get(node)
        if life is None or life.machine is not machine:
            life = self._lives[node] = Life(machine, now_us)
        if self._fresh:
            self._settle()
        if len(data) < 2 or data[1] > 2 or machine.sync.is_switching:
            return
        message = parsed(data)
        if not isinstance(message, Vote | Timeout | Proposal):
            return
        signed = self._read(machine.ledger.validators, sender, message)
        if signed is None or not self._is_near(machine, signed) or not self._signatures.verify(signed.check):
            return
        first = machine.current_round - EYES_ROUNDS
        heard = [item for item in life.heard.get(sender, ()) if item.round >= first and item.epoch == signed.epoch]
        life.heard[sender] = heard
        if signed in heard:
            return  # it was held against all that came before it, and all since against it
        if any(contradict(item, signed) for item in heard):
            self._fresh.append((sender, Seen(node, machine, signed.epoch, now_us)))
        heard.append(signed)

    def violations(self, honest: Sequence[Validator], excused: frozenset[int], calm_us: int) -> list[Violation]:
        """At the end: `excused` are the numbers that may be named; the faults stopped at `calm_us`."""
        found = []
        for validator in honest:
            found += self._judge_stored(validator, excused)
        self._settle()
        wait_us = len(self._validators) * EVIDENCE_RETRY_US + DURABLE_US
        now_us = self._scheduler.now_us
        for number, seen in self._seen.items():
            if now_us - max(seen.at_us, calm_us) < wait_us:
                continue
            for validator in honest:
                if self._should_know(validator, seen, now_us - wait_us) and number not in self._named(validator):
                    text = f"validator {number} lied to validator {seen.node} in epoch {seen.epoch}: no evidence of it"
                    found.append(Violation("S10_no_evidence", validator.index, text))
        return found

    def _settle(self) -> None:
        """A life that has gone on for long enough has stored what it found."""
        waiting = []
        for number, seen in self._fresh:
            if self._validators[seen.node].machine is not seen.machine:
                continue
            if self._scheduler.now_us - seen.at_us >= DURABLE_US:
                self._seen.setdefault(number, seen)
            else:
                waiting.append((number, seen))
        self._fresh = waiting

    def _read(self, members: ValidatorSet, sender: int, message: Vote | Timeout | Proposal) -> Signed | None:
        """The statement, if its author is the member that sent it, in this epoch."""
        genesis = self._genesis_hash
        says: object = None
        if isinstance(message, Vote):
            kind, epoch, author, data = "vote", message.data.epoch, message.author, message.data
            round_, level, says = data.round, data.parent_round, (data, message.commit)
            body, signature = vote_message(data, message.commit, genesis), message.signature
        elif isinstance(message, Timeout):
            kind, epoch, author, round_ = "timeout", message.epoch, message.author, message.round
            level, signature = message.sync.high_qc.round, message.signature
            body = timeout_message(epoch, round_, level, genesis)
        else:
            header, signature = message.block.header, message.block.signature
            kind, epoch, author, round_, level = "proposal", header.epoch, header.author, header.round, 0
            says, body = header, proposal_message(header, genesis)
        if epoch != members.epoch or author >= len(members) or members.members[author].number != sender:
            return None
        check = SignatureCheck(Scheme.ED25519, members.members[author].consensus_key, body, signature)
        return Signed(kind, sender, epoch, round_, level, says, check)

    @staticmethod
    def _is_near(machine: Replica, signed: Signed) -> bool:
        """Whether a validator must look at it: of a late round or the next one, a proposal from the round's leader.

        Where leaders depend on history a proposal of anybody is looked at (R23).
        """
        consensus = machine.consensus.machine
        if consensus.validators.epoch != signed.epoch:
            return False
        if signed.kind == "proposal" and not consensus.leaders.by_history:
            leader = consensus.leaders.leader(signed.round)
            if consensus.validators.members[leader].number != signed.number:
                return False
        return consensus.round - EYES_ROUNDS <= signed.round <= consensus.round + 1

    def _should_know(self, validator: Validator, seen: Seen, since_us: int) -> bool:
        """Whether a validator was there for long enough, as a member of that epoch or a later one."""
        machine, life = validator.machine, self._lives.get(validator.index)
        if validator.paused or not isinstance(machine, Replica) or life is None or life.machine is not machine:
            return False
        ledger = machine.ledger
        is_member = ledger.validators.index_of(validator.number) is not None
        return is_member and ledger.epoch >= seen.epoch and life.begun_us <= since_us

    def _named(self, validator: Validator) -> set[int]:
        """Numbers of those whom a validator's stored evidence names."""
        return {self._number(validator, one) for one in stored(validator)}

    def _number(self, validator: Validator, evidence: Evidence) -> int:
        """The number of whom it names, -1 if there is none."""
        members = self._members(validator, evidence.epoch)
        return members.members[evidence.author].number if members and evidence.author < len(members) else -1

    def _members(self, validator: Validator, epoch: int) -> ValidatorSet | None:
        """The members of an epoch that the validator has been in."""
        row = validator.disk.store.row(Column.EPOCH, epoch - 1) if epoch > 1 else None
        if epoch > 1 and row is None:
            return None
        self._epochs.seat(validator.index, epoch)
        return self._epochs.members(epoch, None)

    def _judge_stored(self, validator: Validator, excused: frozenset[int]) -> list[Violation]:
        """No evidence names an honest validator, and each holds."""
        found = []
        for evidence in stored(validator):
            number, members = self._number(validator, evidence), self._members(validator, evidence.epoch)
            where = f"{evidence.id.name} of round {evidence.id.round}, epoch {evidence.epoch}"
            if number not in excused:
                found.append(Violation("S10_false_evidence", validator.index, f"{where} names validator {number}"))
            try:
                assert members is not None, "evidence is of an epoch that has begun"
                verify_evidence(evidence, members, self._genesis_hash, self._signatures)
            except MithqalError as error:
                found.append(Violation("S10_false_evidence", validator.index, f"{where}: {error.message}"))
        return found


def stored(validator: Validator) -> list[Evidence]:
    """The evidence on a validator's disk."""
    rows = validator.disk.store.rows(Column.EVIDENCE, 0, EVIDENCE_ROWS)
    return [Evidence.from_value(decode(data)) for _, data in rows]


def contradict(one: Signed, other: Signed) -> bool:
    """Whether no honest validator signs both, in whatever order they came."""
    if one.kind == other.kind:
        return one.kind != "timeout" and one.round == other.round and one.says != other.says
    vote, timeout = (one, other) if one.kind == "vote" else (other, one)
    if (vote.kind, timeout.kind) != ("vote", "timeout"):
        return False
    return timeout.round >= vote.round and timeout.level < vote.level
