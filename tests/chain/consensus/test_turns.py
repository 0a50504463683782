"""R23 and R24: whose turn it is where leaders depend on what is final, and where that is not all known."""

from types import SimpleNamespace

import pytest

from chain.consensus.leader import LeaderElection
from chain.consensus.pacemaker import NOBODY, Pacemaker
from chain.consensus.turns import Turns
from chain.errors import SafetyError
from chain.interface import ALL_OTHERS, Output
from chain.messages import BlockResponse, Proposal, Vote
from tests.chain.consensus.conftest import Committee
from tests.chain.consensus.driven import Driven, chain, due, sent

OTHERS = (1, 2, 3)
"""Who signed what we have not."""


class ByCommits(LeaderElection):
    """Validator 2 leads every round, and 1 once anything is committed."""

    by_history = True

    def __init__(self) -> None:
        self.known = True
        self.heard: list[int] = []

    def leader(self, round_: int) -> int:
        return 1 if self.heard else 2

    def is_known(self, round_: int) -> bool:
        return self.known

    def note(self, block) -> None:
        self.heard.append(block.round)


@pytest.fixture
def four(four):
    """The committee of the package, with these leaders."""
    four.leaders = ByCommits()
    return four


def votes(out: Output) -> list[int]:
    """Rounds of the votes that an output sends to all."""
    return [vote.data.round for to, vote in sent(out.after_persist, Vote) if to == ALL_OTHERS]


def propose(driven: Driven, block, high_commit=None) -> Output:
    """A block from its author."""
    return driven.receive(block.header.author, Proposal(block, high_commit or driven.machine.high_commit))


def test_another_author_is_no_alarm_and_gets_no_vote(four) -> None:
    """R23: 'neither executed nor voted for, and no alarm is raised: it waits'. The leader's own block is voted for."""
    driven = Driven(four)
    out = propose(driven, four.block(1, four.genesis_qc, author=3))
    assert (votes(out), out.alarms, len(driven.machine.tree.nodes), len(driven.machine.held)) == ([], [], 1, 1)
    out = propose(driven, four.block(1, four.genesis_qc, author=2))
    assert (votes(out), out.alarms) == ([1], []), "two authors in a round are no double proposal"


def test_a_second_block_of_one_author_is_an_alarm(four) -> None:
    """R23: '`double_proposal` is about two blocks of one author', be it the leader or not."""
    driven = Driven(four)
    for author, name in ((3, 3), (2, 2)):
        propose(driven, four.block(1, four.genesis_qc, author=author))
        out = propose(driven, four.block(1, four.genesis_qc, author=author, payload=(b"x",)))
        assert [(alarm.name, alarm.peer) for alarm in out.alarms] == [("double_proposal", name)]


def first_two(four, driven: Driven):
    """Blocks of rounds 1 and 2 are here, and the certificate that commits the first is not."""
    (one, one_qc), (two, two_qc) = chain(four, 2)
    for block in (one, two):
        propose(driven, block)
    return one_qc, two, two_qc


def test_the_author_is_judged_by_what_it_shows(four) -> None:
    """R23: 'certificates are verified, learned and committed by before its author is judged'."""
    for author, expected in ((1, [3]), (2, [])):
        four.leaders = ByCommits()
        driven = Driven(four)
        _, two, two_qc = first_two(four, driven)
        assert four.leaders.heard == []
        out = propose(driven, four.block(3, two_qc, height=3, author=author), two_qc)
        assert four.leaders.heard == [1]
        assert (votes(out), out.alarms) == (expected, [])
        assert two.id in driven.machine.tree.nodes


def test_held_until_we_caught_up(four) -> None:
    """R23: 'it waits, and is judged again after each commit'."""
    driven = Driven(four)
    one = four.block(1, four.genesis_qc, height=1)
    two = four.block(2, four.qc(one, None, OTHERS), height=2)
    two_qc = four.qc(two, one, OTHERS)
    out = propose(driven, four.block(3, two_qc, height=3, author=1), two_qc)
    assert (votes(out), out.alarms) == ([], []), "its parent is not here"
    assert four.leaders.heard == []
    out = driven.receive(3, BlockResponse(two.id, (one, two)))
    assert four.leaders.heard == [1]
    assert votes(out) == [3]


def test_what_is_certified_is_taken_from_anybody(four) -> None:
    """R23: 'A block that a certificate names is taken whoever made it'."""
    driven = Driven(four)
    block = four.block(1, four.genesis_qc, author=3)
    propose(driven, block)
    assert block.id not in driven.machine.tree.nodes
    out = propose(driven, four.block(2, four.qc(block, None, OTHERS), author=2, height=2))
    assert block.id in driven.machine.tree.nodes
    assert votes(out) == [2]


def vote_of(four, block, author) -> Vote:
    """Another validator's vote."""
    qc = four.qc(block, None, authors=(0, 1, 2, 3))
    signature = dict(qc.signatures)[author]
    return Vote(qc.data, qc.commit, author, signature)


def test_without_the_window_it_follows_f_plus_one(four) -> None:
    """R24: 'votes for what f + 1 validators have voted for'; one vote, which may be a liar's, is not enough."""
    four.leaders.known = False
    driven = Driven(four)
    block = four.block(1, four.genesis_qc, author=3)
    assert votes(propose(driven, block)) == []
    assert votes(driven.receive(3, vote_of(four, block, 3))) == []
    assert votes(driven.receive(1, vote_of(four, block, 1))) == [1]


def test_the_votes_may_come_before_the_block(four) -> None:
    """R24, in the other order."""
    four.leaders.known = False
    driven = Driven(four)
    block = four.block(1, four.genesis_qc, author=3)
    for author in (1, 3):
        assert votes(driven.receive(author, vote_of(four, block, author))) == []
    assert votes(propose(driven, block)) == [1]


COMMITTED = SimpleNamespace(commit=SimpleNamespace(round=10))
"""A certificate that commits round 10."""


@pytest.mark.parametrize(("round_", "is_late"), [(16, False), (17, True)])
def test_a_turn_without_a_commit_ends_the_waiting(four, round_: int, is_late: bool) -> None:
    """R24: 'once n + 2 rounds have passed without a commit, for what comes first; from then on it also proposes'."""
    four.leaders.known = False
    block = SimpleNamespace(round=round_, header=SimpleNamespace(author=3))
    assert Turns(0, four.set, four.leaders).may_vote(block, 0, COMMITTED) is is_late  # type: ignore[arg-type]
    for own, is_ours in ((2, is_late), (0, False)):
        assert Turns(own, four.set, four.leaders).is_ours(round_, COMMITTED) is is_ours  # type: ignore[arg-type]


def test_who_knows_goes_by_the_leader_alone(four) -> None:
    """Many votes, or a long time, do not make another author a leader; a follower leads nothing."""
    turns = Turns(2, four.set, four.leaders)
    for author, expected in ((2, True), (3, False)):
        block = SimpleNamespace(round=99, header=SimpleNamespace(author=author))
        assert turns.may_vote(block, 3, COMMITTED) is turns.may_execute(block) is expected  # type: ignore[arg-type]
    assert turns.is_ours(99, COMMITTED)  # type: ignore[arg-type]
    four.leaders.leader = lambda _round: NOBODY
    assert not Turns(NOBODY, four.set, four.leaders).is_ours(99, COMMITTED)  # type: ignore[arg-type]


@pytest.mark.parametrize(("count", "known", "wanted"), [(20, True, (0, -1)), (21, True, (2,)), (21, False, (0, -1))])
def test_where_votes_go(count: int, known: bool, wanted: tuple[int, ...]) -> None:
    """R6, and R24: 'sends its votes to all'."""
    leaders = ByCommits()
    leaders.known = known
    turns = Turns(0, Committee(count).set, leaders)
    assert turns.voted_to(5) == wanted
    assert turns.leader(5) == (2 if known else NOBODY)
    block = SimpleNamespace(round=5, header=SimpleNamespace(author=3))
    assert turns.may_vote(block, 0, COMMITTED) is (not known and count > 20)  # type: ignore[arg-type]


def test_the_signing_module_refuses_where_it_knows(four) -> None:
    """R24: 'The signing module knows as little and lets it'; else `wrong_leader`."""
    block, result = four.block(1, four.genesis_qc, author=3), four.info(None)
    safety = four.safety(0)
    with pytest.raises(SafetyError) as caught:
        safety.vote(block, four.root(block), 1, result)
    assert caught.value.name == "wrong_leader"
    four.leaders.known = False
    assert safety.vote(block, four.root(block), 1, result).data.round == 1


def test_another_leader_has_its_own_patience() -> None:
    """R17 goes by the leader as it is known now: an absent one's 20 ms are no measure for the next."""
    pacemaker, out = Pacemaker(4), Output()
    pacemaker.note_link(2, False)
    pacemaker.enter(5, 3, 0, False, out, 2)
    assert [timer.at_us for timer in due(out, "round")] == [1_000_000, 20_000]
    for leader, wanted in ((2, []), (1, [1_000_007]), (2, [1_000_007, 20_007])):
        out = Output()
        pacemaker.change_leader(leader, 7, False, out)
        assert [timer.at_us for timer in due(out, "round")] == wanted
    pacemaker.timed_out, out = True, Output()
    pacemaker.change_leader(1, 9, False, out)
    assert due(out, "round") == []
