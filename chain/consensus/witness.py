"""What each validator was seen to sign, held against whatever it signs next (docs/protocol.md, EV7 to EV9).

The first statement is kept and goes on counting; a second one that contradicts it becomes evidence, and nothing else
changes: a liar's time-outs still count. Bounded by rounds: `WITNESSED_ROUNDS` back, `FUTURE_ROUNDS` ahead, one
statement of a kind for each author and round, and one vote a validator beyond that. Of this a restart brings back
what stored blocks and certificates hold (`Verifier.recall`); what was found is kept (chain/accountability.py).

A statement whose signature nobody has checked yet may be kept if its author sent it: on a contradiction both
signatures are checked before anything is believed.
"""

from typing import Any, NamedTuple

from chain.block import Header, proposal_message
from chain.certificates import CommitInfo, QuorumCertificate, TimeoutCertificate, VoteData, vote_message
from chain.codec import encode
from chain.crypto.signing import Scheme, SignatureCheck, Signatures
from chain.errors import EvidenceError
from chain.evidence import Evidence, EvidenceId, EvidenceKind, Statement, verify_evidence
from chain.limits import FUTURE_ROUNDS, WITNESSED_ROUNDS
from chain.messages import SignedHeader
from chain.validators import ValidatorSet


class SeenVote(NamedTuple):
    """What a vote signs, and the signature."""

    data: VoteData
    commit: CommitInfo | None
    signature: bytes


class SeenTimeout(NamedTuple):
    """What a time-out signs, and the signature."""

    round: int
    high_round: int
    signature: bytes


Rounds = dict[int, dict[int, Any]]
"""round -> author -> statement."""


class Witness:
    """The memory of one epoch's statements; `take` gives what was found."""

    def __init__(self, validators: ValidatorSet, genesis_hash: bytes, signatures: Signatures) -> None:
        """Nothing was seen yet."""
        self._validators = validators
        self._genesis_hash = genesis_hash
        self._signatures = signatures
        self._votes: Rounds = {}
        self._headers: Rounds = {}
        self._timeouts: Rounds = {}
        self._locks: dict[int, SeenVote] = {}
        """author -> the vote on top of the highest certificate, however long ago."""
        self._highest = 0
        """Round of the highest certificate of either kind."""
        self._floor = 0
        """The earliest round that is remembered."""
        self._known: set[EvidenceId] = set()
        self._found: list[Evidence] = []

    def take(self) -> list[Evidence]:
        """Evidence since the last call."""
        found, self._found = self._found, []
        return found

    def __len__(self) -> int:
        """Statements that are kept."""
        tables = (self._votes, self._headers, self._timeouts)
        return len(self._locks) + sum(len(row) for table in tables for row in table.values())

    # --- what is seen ---

    def saw_vote(self, author: int, vote: SeenVote, *, is_checked: bool = True) -> None:
        """A vote that its author sent or a certificate holds; `is_checked` says whether the signature is verified."""
        data = vote.data
        earlier = self._keep(self._votes, data.round, author, vote)
        if earlier is not None and (earlier.data, earlier.commit) != (data, vote.commit):
            is_settled = self._double(EvidenceKind.DOUBLE_VOTE, author, data.round, _vote(earlier), _vote(vote))
            message = vote_message(earlier.data, earlier.commit, self._genesis_hash)
            if not is_settled and not self._signed(author, message, earlier.signature):
                self._votes[data.round][author] = vote
        lock = self._locks.get(author)
        if is_checked and (lock is None or lock.data.parent_round < data.parent_round):
            self._locks[author] = vote
        for round_, row in self._timeouts.items():
            if round_ >= data.round and author in row and row[author].high_round < data.parent_round:
                self._lie(author, vote, row[author])

    def saw_header(self, header: Header, signature: bytes, *, is_kept: bool = True) -> None:
        """A proposal; `is_kept` is False for one that neither was checked nor came from its author."""
        author, seen = header.author, SignedHeader(header, signature)
        if is_kept:
            earlier = self._keep(self._headers, header.round, author, seen)
        else:
            earlier = self._headers.get(header.round, {}).get(author)
        if earlier is None or earlier.header == header:
            return
        kind = EvidenceKind.DOUBLE_PROPOSAL
        is_settled = self._double(kind, author, header.round, _header(earlier), _header(seen))
        message = proposal_message(earlier.header, self._genesis_hash)
        if is_kept and not is_settled and not self._signed(author, message, earlier.signature):
            self._headers[header.round][author] = seen

    def saw_timeout(self, author: int, timeout: SeenTimeout) -> None:
        """A time-out whose signature is verified; of several in a round the one that shows least is kept."""
        earlier = self._keep(self._timeouts, timeout.round, author, timeout)
        if earlier is not None and timeout.high_round < earlier.high_round:
            self._timeouts[timeout.round][author] = timeout
        candidates = [row[author] for round_, row in self._votes.items() if round_ <= timeout.round and author in row]
        lock = self._locks.get(author)
        if lock is not None and lock.data.round <= timeout.round:
            candidates.append(lock)
        for vote in candidates:
            if vote.data.parent_round > timeout.high_round:
                self._lie(author, vote, timeout)

    def saw_qc(self, qc: QuorumCertificate) -> None:
        """A verified certificate: a vote of each of its authors."""
        self._rise(qc.round)
        for author, signature in qc.signatures:
            self.saw_vote(author, SeenVote(qc.data, qc.commit, signature))

    def saw_tc(self, tc: TimeoutCertificate) -> None:
        """A verified certificate: a time-out of each of its authors."""
        self._rise(tc.round)
        for author, high_round, signature in tc.entries:
            self.saw_timeout(author, SeenTimeout(tc.round, high_round, signature))

    # --- memory ---

    def _keep(self, table: Rounds, round_: int, author: int, statement: Any) -> Any:
        """Remember a statement if it is the first of its author and round; gives the one that is remembered already."""
        row = table.get(round_)
        if row is not None and author in row:
            return row[author]
        if author < len(self._validators) and self._floor <= round_ <= self._highest + FUTURE_ROUNDS:
            table.setdefault(round_, {})[author] = statement
        return None

    def _rise(self, round_: int) -> None:
        """Forget what is too long ago."""
        if round_ <= self._highest:
            return
        self._highest, self._floor = round_, max(round_ - WITNESSED_ROUNDS, 0)
        for table in (self._votes, self._headers, self._timeouts):
            for old in [other for other in table if other < self._floor]:
                del table[old]

    # --- contradictions ---

    def _double(self, kind: EvidenceKind, author: int, round_: int, one: Statement, other: Statement) -> bool:
        """Two statements of one round; gives whether the matter is settled."""
        epoch = self._validators.epoch
        if EvidenceId(epoch, author, kind, round_) not in self._known:
            first, second = (one, other) if encode(one.body) < encode(other.body) else (other, one)
            self._accuse(Evidence(kind, epoch, author, first, second))
        return EvidenceId(epoch, author, kind, round_) in self._known

    def _lie(self, author: int, vote: SeenVote, timeout: SeenTimeout) -> None:
        """A vote and a time-out that hides what the vote stands on."""
        epoch = self._validators.epoch
        shown = Statement((epoch, timeout.round, timeout.high_round), timeout.signature)
        self._accuse(Evidence(EvidenceKind.LOCK_LIE, epoch, author, _vote(vote), shown))

    def _accuse(self, evidence: Evidence) -> None:
        """EV8: believe it only if it stands for itself, and once."""
        if evidence.id in self._known:
            return
        try:
            verify_evidence(evidence, self._validators, self._genesis_hash, self._signatures)
        except EvidenceError:
            return
        self._known.add(evidence.id)
        self._found.append(evidence)

    def _signed(self, author: int, message: bytes, signature: bytes) -> bool:
        """Whether a statement that was kept unchecked is its author's; one that is not makes room."""
        key = self._validators.members[author].consensus_key
        return self._signatures.verify(SignatureCheck(Scheme.ED25519, key, message, signature))


def _vote(vote: SeenVote) -> Statement:
    """As evidence holds it."""
    commit = None if vote.commit is None else vote.commit.to_value()
    return Statement((tuple(vote.data), commit), vote.signature)


def _header(seen: SignedHeader) -> Statement:
    """As evidence holds it."""
    return Statement(tuple(seen.header), seen.signature)
