"""Is what validators really do allowed by the specification? Each message and announcement becomes an action of it.

A run refines `node/sim/spec.py` if for all that an honest validator says or announces there is an enabled action; what
has none is a violation, `R_refinement`, with the rule of the specification. Certificates are read wherever an honest
validator shows one, and one that is shown must consist of statements that were made. The faulty may have said anything;
an epoch in which they are too many is not judged. Only the chain's codecs are used, and none of its rules.

Memory is bounded: EPOCHS epochs, and in each the rounds from WINDOW below the decided one on. What is said about
anything older is not judged.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Concatenate, ParamSpec

from chain.block import Block
from chain.certificates import QuorumCertificate, TimeoutCertificate, VoteData
from chain.codec import decode
from chain.consensus.leader import Elect
from chain.interface import Committed
from chain.messages import Message, Proposal, SyncInfo, Timeout, Vote
from chain.records.onchain import CONSENSUS_AT_GENESIS, ONCHAIN_KEY, OnChainConfig
from chain.storage import Column, Index, Store
from chain.validators import ValidatorSet
from node.sim import spec
from node.sim.checkers import Violation
from node.sim.coverage import View, digest, view
from node.sim.decoded import read_block

P = ParamSpec("P")
RULE = "R_refinement"
EPOCHS = 8
"""Epochs that are remembered."""
WINDOW = 2_048
"""Rounds of an epoch that are remembered below the decided one."""
MOST_REPORTS = 50
"""Violations of a run that are reported: once the model and the network differ, much follows from it."""
OLD = spec.Round(is_decided=True)


class Refinement:
    """Holds a run against the specification, one event after the other."""

    def __init__(
        self,
        violations: list[Violation],
        sets: Mapping[int, ValidatorSet],
        faulty: Collection[int],
        elect: Elect,
    ) -> None:
        """Violations are appended. `sets` has the members of each epoch in which somebody signed, `faulty` numbers."""
        self._violations = violations
        self._sets, self._faulty, self._elect = sets, faulty, elect
        self._epochs: dict[int, spec.State | None] = {}
        """None: not judged."""
        self._blocks: dict[int, dict[bytes, spec.Block]] = {}
        self._shown: dict[int, set[object]] = {}
        """Certificates that were looked at, by epoch."""
        self._floors: dict[int, int] = {}
        """The lowest round of each epoch that is remembered, but for genesis."""
        self._seats: dict[tuple[int, int], int | None] = {}
        self._in: dict[int, int] = {}
        """node -> the epoch in which it speaks."""
        self._down: set[int] = set()
        self._oldest = 0
        """The earliest epoch that may be remembered."""
        self._is_complete = True
        """Whether the blocks of all epochs so far are remembered."""
        self._reports = 0
        self._views: set[View] = set()

    @property
    def states(self) -> frozenset[int]:
        """The abstract states that the run reached (node/sim/coverage.py)."""
        return frozenset(sorted(map(digest, self._views)))  # sorted: it prints alike in every process, too

    # --- what a run tells ---

    def on_message(self, node: int, message: Message | None, store: Store) -> None:
        """An honest validator said something for the first time; `store` is its disk."""
        match message:
            case Vote():
                epoch, round_ = message.data.epoch, message.data.round
            case Timeout():
                epoch, round_ = message.epoch, message.round
            case Proposal():
                epoch, round_ = message.block.header.epoch, message.block.round
            case _:
                return
        if epoch < self._oldest:
            return
        if epoch not in self._epochs:
            self._begin(epoch, store)
        self._enter(node, epoch)
        who, state = self._seat(node, epoch), self._epochs[epoch]
        if state is None or who in state.faulty or round_ <= self._floors[epoch]:
            return
        if who is None:
            self._fail(node, f"validator {node} speaks in epoch {epoch}: it is no member")
        elif isinstance(message, Vote):
            self._on_vote(node, who, message, store)
        elif isinstance(message, Timeout):
            self._on_timeout(node, who, message)
        elif isinstance(message, Proposal):
            self._on_proposal(node, who, message)

    def on_committed(self, node: int, committed: Committed) -> None:
        """An honest validator announced a block."""
        for epoch, blocks in self._blocks.items():
            block = blocks.get(committed.block_id)
            if block is not None:
                self._commit(node, epoch, block.round, committed.height)
                return
        if self._is_complete:
            self._fail(node, f"announced height {committed.height}: nobody honest has voted for that block")

    def on_crash(self, node: int) -> None:
        """A process died."""
        self._down.add(node)
        self._for_all(node, spec.crash)

    def on_start(self, node: int) -> None:
        """A process started."""
        if node in self._down:
            self._down.discard(node)
            self._for_all(node, spec.recover)

    def on_record_lost(self, node: int) -> None:
        """What a validator signed does not bind it any more in the epochs so far."""
        self._for_all(node, spec.lose_memory)

    # --- messages as actions ---

    def _on_proposal(self, node: int, who: int, message: Proposal) -> None:
        """A block, its certificates, and one more."""
        block, epoch = message.block, message.block.header.epoch
        self._see_qc(node, message.high_commit)
        ours = self._learn(node, block)
        self._act(node, epoch, f"proposal of round {block.round}", spec.propose, who, ours)

    def _on_vote(self, node: int, who: int, vote: Vote, store: Store) -> None:
        """A vote, for a block that was seen before or that lies on the voter's disk."""
        data, epoch = vote.data, vote.data.epoch
        block, said = self._blocks[epoch].get(data.block_id), statement(vote.data, vote.commit is not None)
        if block is None:
            found = find_block(store, data.block_id)
            if found is None or found.header.epoch != epoch:
                self._act(node, epoch, "vote", _heard, who, said)  # S6 asks for the block
                return
            block = self._learn(node, found)
            self._act(node, epoch, f"block of round {data.round}", spec.propose_anything, block)
        self._act(node, epoch, f"vote of round {data.round}", spec.vote, who, block, said)
        self._count(node, epoch, said)

    def _count(self, node: int, epoch: int, said: spec.Statement) -> None:
        """A certificate exists once enough have voted, the faulty included, whether or not somebody shows it."""
        state = self._epochs[epoch]
        if state is None or said.round >= len(state.rounds):
            return
        here = state.rounds[said.round]
        if here.certified != said and len(here.votes) + len(state.faulty) >= state.quorum:
            voters = {who for who, other in here.votes if other == said} | state.faulty
            if len(voters) >= state.quorum:
                self._act(node, epoch, f"round {said.round}", spec.certify, said, voters)

    def _on_timeout(self, node: int, who: int, timeout: Timeout) -> None:
        """A time-out, with the certificates that it shows."""
        self._see_sync(node, timeout.sync)
        round_, high = timeout.round, timeout.sync.high_qc.round
        self._act(node, timeout.epoch, f"time-out of round {round_}", spec.time_out, who, round_, high)

    def _commit(self, node: int, epoch: int, round_: int, height: int) -> None:
        """An announcement; one that is no member follows by the same rule."""
        state, who = self._epochs[epoch], self._seat(node, epoch)
        if who is not None:
            self._act(node, epoch, f"announced height {height}", spec.commit, who, round_)
        elif state is not None and (round_ >= len(state.rounds) or not state.rounds[round_].is_decided):
            self._fail(node, f"announced height {height}: R13: it is not decided")

    # --- what messages show ---

    def _see_sync(self, node: int, sync: SyncInfo) -> None:
        """Up to three certificates."""
        self._see_qc(node, sync.high_qc)
        if sync.high_commit is not sync.high_qc:
            self._see_qc(node, sync.high_commit)
        if sync.tc is not None:
            self._see_tc(node, sync.tc)

    def _see_qc(self, node: int, qc: QuorumCertificate) -> None:
        """A certificate is shown."""
        data = qc.data
        state, signers = self._epochs.get(data.epoch), tuple([author for author, _ in qc.signatures])
        if state is None or 0 < data.round < self._floors[data.epoch]:
            return
        genesis = state.rounds[0].certified
        if data.round == 0:
            if genesis is None:
                self._epochs[data.epoch] = state._replace(rounds=(_genesis(data.block_id), *state.rounds[1:]))
            elif genesis.block != data.block_id:
                self._fail(node, "Q1: two certificates of round 0")
        elif self._is_new(data.epoch, (data, qc.commit is None, signers)):
            said = statement(data, qc.commit is not None)
            self._act(node, data.epoch, f"certificate of round {data.round}", spec.certify, said, signers)

    def _see_tc(self, node: int, tc: TimeoutCertificate) -> None:
        """A timeout certificate is shown."""
        self._see_qc(node, tc.high_qc)
        entries = tuple([entry[:2] for entry in tc.entries])
        high = tc.high_qc.round
        if tc.round >= self._floors.get(tc.epoch, tc.round + 1) and self._is_new(tc.epoch, (tc.round, high, entries)):
            what = f"timeout certificate of round {tc.round}"
            self._act(node, tc.epoch, what, spec.certify_timeouts, tc.round, entries, high)

    def _learn(self, node: int, block: Block) -> spec.Block:
        """A block is seen for the first time, with its certificates."""
        self._see_qc(node, block.parent_qc)
        if block.tc is not None:
            self._see_tc(node, block.tc)
        ours = abstract(block)
        self._blocks[block.header.epoch][block.id] = ours
        return ours

    def _is_new(self, epoch: int, certificate: object) -> bool:
        """Whether a certificate was not looked at before."""
        shown = self._shown[epoch]
        if certificate in shown:
            return False
        shown.add(certificate)
        return True

    # --- the states ---

    def _act(
        self, node: int, epoch: int, what: str, action: Callable[Concatenate[spec.State, P], spec.State],
        *args: P.args, **kwargs: P.kwargs,
    ) -> None:  # fmt: skip
        """Take an action, or report that it is not allowed."""
        state = self._epochs[epoch]
        if state is None:
            return
        try:
            after = action(state, *args, **kwargs)
        except spec.Disabled as rule:
            self._fail(node, f"{what}: {rule}")
            return
        if after is not state:
            self._epochs[epoch] = after
            self._views.add(view(after))
            if len(after.rounds) % WINDOW == 0 and after.rounds[-1] is not state.rounds[-1]:
                self._forget(epoch, after)

    def _for_all(self, node: int, action: Callable[[spec.State, int], spec.State]) -> None:
        """The same in each epoch of which a validator is a member."""
        for epoch in self._epochs:
            who = self._seat(node, epoch)
            if who is not None:
                self._act(node, epoch, "", action, who)
                self._judge(epoch)

    def _begin(self, epoch: int, store: Store) -> None:
        """The first word in an epoch: on the disk of who speaks it has just begun, with what governance chose."""
        members = self._sets[epoch]
        faulty = [seat for seat, member in enumerate(members.members) if member.number in self._faulty]
        data = store.state(ONCHAIN_KEY)
        config = CONSENSUS_AT_GENESIS if data is None else OnChainConfig.from_bytes(data).consensus
        election = self._elect(config.leader_election, len(members))
        state = spec.begin(epoch, len(members), faulty, _anybody if election.by_history else election.leader, None)
        down = [seat for seat, member in enumerate(members.members) if member.number in self._down]
        for who in down:
            state = spec.crash(state, who)
        self._epochs[epoch] = state._replace(rounds=(spec.Round(is_decided=True),))
        self._blocks[epoch], self._shown[epoch], self._floors[epoch] = {}, set(), 0
        self._judge(epoch)
        if len(self._epochs) > EPOCHS:
            oldest = min(self._epochs)
            self._oldest, self._is_complete = oldest + 1, False
            del self._epochs[oldest], self._blocks[oldest], self._shown[oldest], self._floors[oldest]

    def _judge(self, epoch: int) -> None:
        """Too many faulty members: of such an epoch nothing is promised."""
        state = self._epochs[epoch]
        if state is not None and 3 * len(state.faulty) >= len(state.validators):
            self._epochs[epoch] = None
            self._is_complete = False

    def _enter(self, node: int, epoch: int) -> None:
        """A validator that speaks in an epoch has left those before."""
        if self._in.get(node, 0) < epoch:
            self._in[node] = epoch
            for before in self._epochs:
                who = self._seat(node, before)
                if before < epoch and who is not None:
                    self._act(node, before, f"speaks in epoch {epoch}", spec.leave, who)

    def _forget(self, epoch: int, state: spec.State) -> None:
        """Old rounds are decided, and nothing more is known about them."""
        floor = self._floors[epoch] = max(1, state.tip - WINDOW)
        self._epochs[epoch] = state._replace(rounds=(state.rounds[0], *[OLD] * (floor - 1), *state.rounds[floor:]))
        self._blocks[epoch] = {id_: block for id_, block in self._blocks[epoch].items() if block.round >= floor}
        self._shown[epoch] = set()
        self._is_complete = False

    def _seat(self, node: int, epoch: int) -> int | None:
        """The author number of a validator in an epoch."""
        if (node, epoch) not in self._seats:
            self._seats[node, epoch] = self._sets[epoch].index_of(node)
        return self._seats[node, epoch]

    def _fail(self, node: int, text: str) -> None:
        """Record a violation."""
        self._reports += 1
        if self._reports <= MOST_REPORTS:
            self._violations.append(Violation(RULE, node, text))


def statement(data: VoteData, commits: bool) -> spec.Statement:
    """What a vote signs, in the specification's words."""
    result = (data.root, data.version, data.timestamp_us, data.next_validators)
    ends = data.next_validators is not None
    return spec.Statement(data.round, data.block_id, data.parent_round, data.parent_id, commits, result, ends)


def abstract(block: Block) -> spec.Block:
    """A block without its content."""
    tc = None if block.tc is None else (block.tc.round, block.tc.high_qc.round)
    return spec.Block(block.round, block.id, block.header.author, block.parent_qc.round, block.parent_id, tc)


def find_block(store: Store, block_id: bytes) -> Block | None:
    """A block on a disk, pending or committed."""
    for _, data in reversed(store.rows(Column.PENDING, 0, 1 << 20)):
        block = Block.from_value(decode(data))
        if block.id == block_id:
            return block
    for _, height in store.postings(Index.BLOCK_BY_ID, block_id[:8], 0, 8):
        for _, data in store.rows(Column.BLOCK, height, 1):
            found = read_block(data)[0]
            if found is not None and found.id == block_id:
                return found
    return None


def _genesis(block_id: bytes) -> spec.Round:
    """Round 0 of an epoch, once somebody has named it."""
    return spec.begin(1, 1, (), int, block_id).rounds[0]


def _anybody(_round: int) -> None:
    """Who leads where leaders depend on what each has heard (R22)."""


def _heard(state: spec.State, who: int, said: spec.Statement) -> spec.State:
    """A vote for a block that nobody can look at any more stands as a fact."""
    rounds = state.rounds + (spec.NOTHING,) * (said.round + 1 - len(state.rounds))
    here = rounds[said.round]
    now = here._replace(votes=here.votes | {(who, said)})
    return state._replace(rounds=(*rounds[: said.round], now, *rounds[said.round + 1 :]))
