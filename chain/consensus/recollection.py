"""What others saw this validator sign: asked for before anything is signed, and held against the record (R19 to R21).

A disk that was put back to an earlier moment, and a second process with the same keys, look well to themselves: the
record is whole, and only others know of later statements. Each validator therefore keeps the newest vote, time-out and
proposal of each member, and shows them to their author: when it asks, when its link comes up, and when it says
something older, or something else in the same place. What is shown carries the author's own signature, so that no liar
can silence anybody.

Nothing here is durable. After a start a validator waits for so many answers that any later quorum contains one who
answered; with each comes that one's newest certificates, below which nothing can be signed any more.
"""

from chain.block import Header, proposal_message
from chain.certificates import timeout_message, vote_message
from chain.consensus.memory import old_record
from chain.consensus.safety import SafetyRecord, read_vote
from chain.crypto.signing import Scheme, SignatureCheck, Signatures
from chain.messages import Proposal, Recall, SignedHeader, SignedTimeout, Timeout, Vote

Place = tuple[int, int]
"""Epoch and round."""
TIMER = "recall"
RETRY_US = 300_000
"""Until who has not answered is asked again."""
REMIND_US = 1_000_000
"""At most so often somebody is reminded because of an old statement, ..."""
ANSWER_US = 100_000
"""... and so often answered."""


class Statements:
    """The newest of one validator, as they came from itself. Nobody has judged their signatures: their author will."""

    __slots__ = ("proposal", "timeout", "vote")

    def __init__(self) -> None:
        """None yet."""
        self.vote: Vote | None = None
        self.timeout: SignedTimeout | None = None
        self.proposal: SignedHeader | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return self.vote is None and self.timeout is None and self.proposal is None

    def note(self, message: Vote | Timeout | Proposal) -> bool:
        """Keep a statement if it is newer; gives whether its author has said before what forbids it: something later,
        or something else in the same place."""
        if isinstance(message, Vote):
            vote = self.vote
            is_other = vote is not None and (message.data, message.commit) != (vote.data, vote.commit)
            at, known = _at(message), _at(vote)
            self.vote = message if at > known else vote
        elif isinstance(message, Timeout):
            signed = SignedTimeout(message.epoch, message.round, message.sync.high_qc.round, message.signature)
            is_other = False  # a later one of the same round may show a higher certificate
            at, known = _at(signed), _at(self.timeout)
            self.timeout = signed if at > known else self.timeout
        else:
            header = SignedHeader(message.block.header, message.block.signature)
            is_other = self.proposal is not None and header.header != self.proposal.header
            at, known = _at(header), _at(self.proposal)
            self.proposal = header if at > known else self.proposal
        return at < known or (at == known and is_other)


class Recollection:
    """The newest statements of each member, by its number."""

    def __init__(self) -> None:
        """Nothing heard yet."""
        self._of: dict[int, Statements] = {}
        self._told_us: dict[tuple[int, int], int] = {}

    def of(self, number: int) -> Statements:
        """What there is of a validator."""
        return self._of.get(number) or Statements()

    def note(self, number: int, message: Vote | Timeout | Proposal) -> bool:
        """A statement came from its author: whether one before forbids it."""
        known = self._of.get(number)
        if known is None:
            known = self._of[number] = Statements()
        return known.note(message)

    def keep(self, numbers: list[int]) -> None:
        """Forget all others: the set has changed, and what is kept stays bounded by it."""
        self._of = {number: statements for number, statements in self._of.items() if number in numbers}
        self._told_us = {key: at_us for key, at_us in self._told_us.items() if key[0] in numbers}

    def may_tell(self, number: int, spacing_us: int, now_us: int) -> bool:
        """Whether a validator was told nothing of this kind (a kind has its spacing) for so long; then it is now."""
        last_us = self._told_us.get((number, spacing_us))
        if last_us is not None and 0 <= now_us - last_us < spacing_us:
            return False
        self._told_us[number, spacing_us] = now_us
        return True


class Asking:
    """Before its first signature in this life of the process a validator hears a quorum, itself included."""

    def __init__(self) -> None:
        """Nobody has answered."""
        self.is_done = False
        self.token = 0
        """Of this life's question; an answer to an earlier life's says too little."""
        self._answered: dict[int, None] = {}

    def note(self, number: int) -> None:
        """One has told all that it knows."""
        self._answered[number] = None

    def missing(self, others: list[int]) -> list[int]:
        """Of the other members those that have not."""
        return [number for number in others if number not in self._answered]

    def is_enough(self, others: list[int], quorum: int) -> bool:
        """Whether so many have that any quorum has one of them, or ourselves, in common with what we signed."""
        return len(others) - len(self.missing(others)) >= quorum - 1


def check_recall(
    recall: Recall, record: SafetyRecord, key: bytes, genesis_hash: bytes, signatures: Signatures
) -> None:  # fmt: skip
    """SafetyError (`safety_record_old`, `signing_record_new`) if a statement that `key` signed is not ours (R20).

    Beyond the record is: a later round; the record's own round with something else in it; a vote for a block whose
    parent is above the lock. What `key` did not sign proves nothing and is passed over.
    """
    vote, timeout, proposal = recall.vote, recall.timeout, recall.proposal
    if vote is not None and _is_foreign_vote(vote, record):
        message = vote_message(vote.data, vote.commit, genesis_hash)
        if signatures.verify(SignatureCheck(Scheme.ED25519, key, message, vote.signature)):
            raise old_record("voted in", vote.data.round, record)
    if timeout is not None and _at(timeout) > (record.epoch, record.voted_round):
        message = timeout_message(timeout.epoch, timeout.round, timeout.high_round, genesis_hash)
        if signatures.verify(SignatureCheck(Scheme.ED25519, key, message, timeout.signature)):
            raise old_record("gave up", timeout.round, record)
    if proposal is not None and _is_foreign_proposal(proposal, record):
        message = proposal_message(proposal.header, genesis_hash)
        if signatures.verify(SignatureCheck(Scheme.ED25519, key, message, proposal.signature)):
            raise old_record("proposed in", proposal.header.round, record)


def _is_foreign_vote(vote: Vote, record: SafetyRecord) -> bool:
    """Whether the record proves that we did not make it."""
    if _at(vote) > (record.epoch, record.voted_round):
        return True
    if vote.data.epoch != record.epoch:
        return False
    last = None if record.last_vote is None else read_vote(record.last_vote)
    if last is not None and last.data.round == vote.data.round:
        return (last.data, last.commit) != (vote.data, vote.commit)
    return vote.data.round == record.voted_round or vote.data.parent_round > record.locked_round


def _is_foreign_proposal(proposal: SignedHeader, record: SafetyRecord) -> bool:
    """The same of a proposal."""
    at, own = _at(proposal), (record.epoch, record.proposed_round)
    return at > own or (at == own and proposal.block_id != record.proposed_id)


def _at(statement: Vote | SignedTimeout | SignedHeader | None) -> Place:
    """Where it stands; before everything if there is none."""
    match statement:
        case Vote():
            return (statement.data.epoch, statement.data.round)
        case None:
            return (0, 0)
        case SignedTimeout():
            return (statement.epoch, statement.round)
        case SignedHeader():
            header: Header = statement.header
            return (header.epoch, header.round)
