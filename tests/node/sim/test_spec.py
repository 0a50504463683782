"""The specification: each action and each rule that disables it, on states made by its own actions."""

from collections.abc import Callable

import pytest

from node.sim import spec
from node.sim.spec import Block, Disabled, State, Statement

ALL = (0, 1, 2, 3)


def leader(round_: int) -> int:
    """Round robin."""
    return round_ % 4


def block(round_: int, parent: Block | None = None, tc: tuple[int, int] | None = None, name: str = "b") -> Block:
    """A block of its round's leader."""
    below = (0, "genesis") if parent is None else (parent.round, parent.id)
    return Block(round_, f"{name}{round_}", leader(round_), *below, tc)


def said(of: Block, **changes: object) -> Statement:
    """What an honest vote for a block says."""
    commits = of.parent_round > 0 and of.round == of.parent_round + 1
    return Statement(of.round, of.id, of.parent_round, of.parent, commits)._replace(**changes)  # type: ignore[arg-type]


def offered(state: State, of: Block) -> State:
    """Proposed by its leader, who may be a faulty one."""
    if of.author in state.faulty:
        return spec.propose_anything(state, of)
    return spec.propose(state, of.author, of)


def certified(state: State, of: Block, voters: tuple[int, ...] = (0, 1, 2)) -> State:
    """Proposed, voted for and certified."""
    state = offered(state, of)
    for who in voters:
        if who not in state.faulty:
            state = spec.vote(state, who, of, said(of))
    return spec.certify(state, said(of), voters)


def given_up(state: State, round_: int, high: int, voters: tuple[int, ...] = (0, 1, 2)) -> State:
    """A round that a quorum gave up."""
    for who in voters:
        state = spec.time_out(state, who, round_, high)
    return spec.certify_timeouts(state, round_, [(who, high) for who in voters], high)


def refusal(call: Callable[[], State]) -> str:
    """The number of the rule that disables an action."""
    with pytest.raises(Disabled) as caught:
        call()
    return str(caught.value).split(":", maxsplit=1)[0]


@pytest.fixture
def start() -> State:
    """Four validators, none faulty."""
    return spec.begin(1, 4, (), leader, "genesis")


B1 = block(1)
B2, B3 = block(2, B1), block(3, block(2, B1))


def test_two_certificates_in_a_row_decide(start: State) -> None:
    """'When a block and its child are certified in consecutive rounds, the block is decided.'"""
    one = certified(start, B1)
    assert one.tip == 0
    two = certified(one, B2)
    assert (two.tip, two.rounds[1].is_decided, two.rounds[2].is_decided) == (1, True, False)
    assert spec.commit(two, 3, 1).validators[3].committed == 1
    assert refusal(lambda: spec.commit(two, 3, 2)) == "R13"
    assert certified(two, B3).tip == 2


def test_states_are_values(start: State) -> None:
    """'States are immutable and can be hashed': two ways to one state meet."""
    state = offered(start, B1)
    one = spec.vote(spec.vote(state, 0, B1, said(B1)), 1, B1, said(B1))
    other = spec.vote(spec.vote(state, 1, B1, said(B1)), 0, B1, said(B1))
    assert one == other
    assert len({start, state, one, other}) == 3


def test_a_gap_decides_nothing(start: State) -> None:
    """P3: 'only a child in the very next round decides its parent' (trap T8)."""
    state = given_up(certified(start, B1), 2, 1)
    late = block(3, B1, (2, 1))
    state = offered(state, late)
    assert refusal(lambda: spec.vote(state, 0, late, said(late, commits=True))) == "P3"
    after = certified(state, late)
    assert (after.tip, after.rounds[3].certified) == (0, said(late))
    assert certified(after, block(4, late)).rounds[1].is_decided  # and with its child's certificate all below


def test_votes_rise(start: State) -> None:
    """P1: one vote a round, none below, none after a time-out; the same one may be repeated."""
    state = spec.begin(1, 4, (1,), leader, "genesis")
    rival = block(1, name="rival")
    state = spec.vote(offered(offered(state, B1), rival), 0, B1, said(B1))
    assert spec.vote(state, 0, B1, said(B1)) is state
    assert refusal(lambda: spec.vote(state, 0, rival, said(rival))) == "P1"
    gone = spec.time_out(state, 2, 1, 0)
    assert refusal(lambda: spec.vote(gone, 2, B1, said(B1))) == "P1"
    assert refusal(lambda: spec.time_out(certified(start, B1)._replace(), 0, 1, 1)) == "P5"
    later = certified(certified(start, B1), B2)
    assert refusal(lambda: spec.time_out(later, 0, 1, 0)) in ("P5", "P7")


def test_a_vote_is_for_a_block_of_its_leader(start: State) -> None:
    """R1: nobody votes for a block that its leader did not sign, and only a leader proposes, once (P8)."""
    assert refusal(lambda: spec.vote(start, 0, B1, said(B1))) == "R1"
    assert refusal(lambda: spec.propose(start, 2, B1._replace(author=2))) == "R1"
    assert refusal(lambda: spec.propose_anything(start, B1)) == "R1"
    state = offered(start, B1)
    assert spec.propose(state, 1, B1) == state
    assert refusal(lambda: spec.propose(state, 1, block(1, name="rival"))) == "P8"
    liar = spec.begin(1, 4, (2,), leader, "genesis")
    stolen = B1._replace(author=2)
    assert refusal(lambda: spec.vote(spec.propose_anything(liar, stolen), 0, stolen, said(stolen))) == "R1"
    assert refusal(lambda: spec.vote(state, 0, B1, said(B1, block="x"))) == "a vote is about its block"


def test_blocks_stand_on_certificates(start: State) -> None:
    """R2, P2: 'a block builds on a certified one', and skips rounds only by a TC, on no less than that shows."""
    assert refusal(lambda: offered(start, B2)) == "R2"
    one = certified(start, B1)
    assert refusal(lambda: offered(one, block(2)._replace(parent="x"))) == "R2"
    assert refusal(lambda: offered(one, block(3, B1))) == "P2"
    assert refusal(lambda: offered(one, block(3, B1, (2, 1)))) == "P2"  # that TC does not exist
    failed = given_up(one, 2, 1)
    assert offered(failed, block(3, B1, (2, 1)))
    assert refusal(lambda: offered(failed, block(3, None, (2, 1)))) == "P2"  # below the TC
    assert refusal(lambda: offered(given_up(failed, 3, 1), block(5, B1, (3, 1)))) == "P2"  # of another round


def test_time_outs_show_the_lock(start: State) -> None:
    """P5, P6, P7: what a time-out shows exists and is no lower than the lock; a certificate leads into its round."""
    two = certified(certified(start, B1), B2)
    state = spec.vote(offered(two, B3), 0, B3, said(B3))
    assert state.validators[0].lock == 2
    assert refusal(lambda: spec.time_out(state, 0, 3, 1)) == "P5"
    assert refusal(lambda: spec.time_out(state, 0, 3, 3)) == "P5"
    assert refusal(lambda: spec.time_out(state, 0, 4, 2)) == "P6"
    assert refusal(lambda: spec.time_out(state, 3, 3, 1)) == "P6"
    once = spec.time_out(state, 0, 3, 2)
    assert once.validators[0].gave_up == 3
    assert spec.time_out(once, 0, 3, 2) == once
    last = given_up(once, 3, 2)
    assert refusal(lambda: spec.time_out(spec.time_out(last, 0, 4, 2), 0, 3, 2)) == "P7"


def test_certificates_are_of_what_was_said(start: State) -> None:
    """Q2, Q3: a quorum of different members, each of whom said it; the faulty count as having said it."""
    state = offered(start, B1)
    for who in (0, 1):
        state = spec.vote(state, who, B1, said(B1))
    assert refusal(lambda: spec.certify(state, said(B1), (0, 1))) == "Q2"
    assert refusal(lambda: spec.certify(state, said(B1), (0, 1, 1))) == "Q2"
    assert refusal(lambda: spec.certify(state, said(B1), (0, 1, 7))) == "Q2"
    assert refusal(lambda: spec.certify(state, said(B1), (0, 1, 2))) == "Q3"
    weak = spec.lose_memory(state, 2)
    assert spec.certify(weak, said(B1), (0, 1, 2)).rounds[1].certified == said(B1)
    assert refusal(lambda: spec.certify(state, said(B1, result="other"), (0, 1, 2))) == "Q3"


def test_timeout_certificates_count_for_their_highest(start: State) -> None:
    """Q3, Q7 to Q9 (traps T10 and T11)."""
    state = certified(start, B1)
    for who, high in ((0, 1), (1, 1), (2, 1)):
        state = spec.time_out(state, who, 2, high)
    assert refusal(lambda: spec.certify_timeouts(state, 2, [(0, 1), (1, 1), (2, 0)], 1)) == "Q3"
    assert refusal(lambda: spec.certify_timeouts(state, 2, [(0, 1), (1, 1), (2, 1)], 0)) == "Q7"
    liar = spec.lose_memory(state, 3)
    assert refusal(lambda: spec.certify_timeouts(liar, 2, [(0, 1), (1, 1), (3, 5)], 5)) == "Q8, Q9"
    assert refusal(lambda: spec.certify_timeouts(liar, 2, [(0, 1), (1, 1), (3, 1), (2, 1), (2, 1)], 1)) == "Q2"
    assert spec.certify_timeouts(liar, 2, [(0, 1), (1, 1), (3, 0)], 1).rounds[2].tcs == {1}


def test_what_a_timeout_certificate_shows_exists_below_its_round(start: State) -> None:
    """Q8, Q9: each by itself: a certificate of its own round exists, and one below was never made."""
    liars = spec.begin(1, 4, ALL[1:], leader, "genesis")
    rows = [(1, 2), (2, 2), (3, 2)]
    two = certified(certified(liars, B1), B2)
    assert refusal(lambda: spec.certify_timeouts(two, 2, rows, 2)) == "Q8, Q9"
    assert refusal(lambda: spec.certify_timeouts(certified(liars, B1), 3, rows, 2)) == "Q8, Q9"
    assert spec.certify_timeouts(two, 3, rows, 2).rounds[3].tcs == {2}


def test_a_block_is_above_its_parent(start: State) -> None:
    """R2: 'a certified one of an earlier round': not of its own, whatever certifies that."""
    liars = spec.begin(1, 4, ALL, leader, "genesis")
    one = certified(liars, B1)
    inside = block(1)._replace(parent_round=1, parent="b1", id="x")
    with_it = spec.propose_anything(one, inside)
    honest = with_it._replace(faulty=frozenset(ALL[1:]))
    assert refusal(lambda: spec.vote(honest, 0, inside, said(inside))) == "R2"
    below = block(1)._replace(parent_round=3, parent="b3", id="y")
    three = spec.propose_anything(certified(certified(one, B2), B3), below)._replace(faulty=frozenset(ALL[1:]))
    assert refusal(lambda: spec.vote(three, 0, below, said(below))) == "R2"


def test_a_vote_is_about_all_of_its_block(start: State) -> None:
    """Round, name, parent's round and parent: each by itself."""
    state = offered(certified(start, B1), B2)
    assert spec.vote(state, 0, B2, said(B2)).validators[0].vote == said(B2)
    for other in (
        said(B2, round=3), said(B2, block="x"), said(B2, parent_round=0), said(B2, parent="x"),
    ):  # fmt: skip
        with pytest.raises(Disabled, match="a vote is about its block"):
            spec.vote(state, 0, B2, other)
    assert refusal(lambda: spec.vote(state, 0, B2, said(B2, commits=False))) == "P3"
    assert refusal(lambda: spec.vote(offered(start, B1), 0, B1, said(B1, commits=True))) == "P3"


def test_what_a_vote_leaves_in_memory(start: State) -> None:
    """P1, P5: the round, the lock that never sinks, and the vote; who has announced more does not announce less."""
    state = given_up(certified(certified(start, B1), B2), 3, 2)
    after = spec.vote(offered(state, block(4, B2, (3, 2))), 0, block(4, B2, (3, 2)), said(block(4, B2, (3, 2))))
    mind = after.validators[0]
    assert (mind.voted, mind.lock, mind.gave_up, mind.committed) == (4, 2, 3, 0)
    three = certified(certified(certified(start, B1), B2), B3)
    assert spec.commit(spec.commit(three, 0, 2), 0, 1).validators[0].committed == 2
    low = spec.begin(1, 4, (3,), leader, "genesis")
    high = certified(certified(low, B1), B2)
    with_lock = spec.vote(offered(high, B3), 0, B3, said(B3))
    assert with_lock.validators[0].lock == 2
    assert with_lock.validators[0].voted == 3
    assert spec.begin(1, 4, (), leader, "genesis").validators == (spec.Validator(0, 0, None, 0, (0, None), 0),) * 4


def test_two_certificates_in_a_round_are_noticed() -> None:
    """S4: with two liars among four, two blocks of a round can be certified, and the model says so."""
    state = certified(spec.begin(1, 4, (1, 2), leader, "genesis"), B1, (0, 1, 2))
    rival = block(1, name="rival")
    state = spec.vote(offered(state, rival), 3, rival, said(rival))
    assert refusal(lambda: spec.certify(state, said(rival), (1, 2, 3))) == "S4"


def test_a_fork_is_noticed(start: State) -> None:
    """S1: were a block decided beside what is final, the model would say so."""
    state = certified(certified(start, B1), B2)
    other = Statement(3, "x", 0, "genesis", commits=False)
    child = Statement(4, "y", 3, "x", commits=True)
    forced = state._replace(
        rounds=(
            *state.rounds,
            spec.NOTHING._replace(certified=other),
            spec.NOTHING._replace(votes=frozenset((who, child) for who in ALL)),
        )
    )
    assert refusal(lambda: spec.certify(forced, child, ALL)) == "S1"
    lost = forced._replace(rounds=(*forced.rounds[:3], spec.NOTHING, forced.rounds[4]))
    assert refusal(lambda: spec.certify(lost, child, ALL)) == "S3"


def test_a_crash_forgets_nothing(start: State) -> None:
    """'Nothing that binds it is lost': a dead process says nothing, and a restarted one is bound as before."""
    state = certified(start, B1)
    down = spec.crash(state, 0)
    assert refusal(lambda: spec.time_out(down, 0, 2, 1)) == "a process that is down says nothing"
    assert spec.recover(down, 0) == state


def test_an_epoch_ends_once(start: State) -> None:
    """E5, E8, P10: above the end nothing changes; it is left when it is decided, and nobody comes back."""
    assert refusal(lambda: spec.leave(start, 0)) == "E5"
    state = offered(start, B1)
    end = said(B1, result="root", ends=True)
    for who in ALL:
        state = spec.vote(state, who, B1, end)
    state = offered(spec.certify(state, end, ALL), B2)
    assert refusal(lambda: spec.vote(state, 0, B2, said(B2))) == "P10"
    assert refusal(lambda: spec.vote(state, 0, B2, said(B2, result="other", ends=True))) == "P10"
    empty = said(B2, result="root", ends=True)
    for who in ALL:
        state = spec.vote(state, who, B2, empty)
    over = spec.certify(state, empty, ALL)
    assert over.is_over
    gone = spec.leave(over, 0)
    assert refusal(lambda: spec.time_out(gone, 0, 3, 2)) == "E8"
    assert spec.time_out(gone, 1, 3, 2)


@pytest.mark.parametrize(("count", "quorum"), [(1, 1), (2, 2), (3, 3), (4, 3), (6, 5), (7, 5), (100, 67)])
def test_quorums(count: int, quorum: int) -> None:
    """V2: floor(2n / 3) + 1."""
    assert spec.begin(1, count, (), leader, "genesis").quorum == quorum
