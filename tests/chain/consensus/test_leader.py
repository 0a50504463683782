"""R22: who leads by reputation, held against the rule computed here from the hash alone."""

import hashlib
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.consensus.leader import Reputation, RoundRobin, elect, pick, window_blocks

History = list[tuple[int, int, tuple[int, ...]]]
"""Round, author and voters of committed blocks."""


class Made:
    """As much of a block as the election reads."""

    def __init__(self, round_: int, author: int, voters: tuple[int, ...]) -> None:
        self.round = round_
        self.header = self.parent_qc = self
        self.author, self.signatures = author, tuple((voter, b"") for voter in voters)


def told(count: int, history: History, **begun) -> Reputation:
    """An election that was told of blocks one after the other, or of all at its beginning."""
    election = Reputation(count)
    blocks = [Made(*item) for item in history]
    if begun:
        election.begin(blocks, **begun)  # type: ignore[arg-type]
        return election
    for block in blocks:
        election.note(block)  # type: ignore[arg-type]
    return election


def expected(round_: int, count: int, history: History) -> int:
    """The rule, word by word: last n blocks with round <= r - 4; weight 99 for who proposed or voted, else 1."""
    window = [item for item in history if item[0] <= round_ - 4][-count:]
    active = {seat for _, author, voters in window for seat in (author, *voters)} if len(window) == count else set()
    line = [seat for seat in range(count) for _ in range(99 if seat in active else 1)]
    digest = hashlib.sha3_256(round_.to_bytes(8, "little")).digest()
    return line[int.from_bytes(digest[:8], "little") % len(line)]


@st.composite
def histories(draw) -> tuple[int, History]:
    """Rounds rise, some are left out."""
    count = draw(st.integers(1, 7))
    rounds, seats = 0, st.integers(0, count - 1)
    history: History = []
    for _ in range(draw(st.integers(0, 3 * count + 6))):
        rounds += draw(st.sampled_from((1, 1, 1, 2, 5)))
        history.append((rounds, draw(seats), tuple(sorted(draw(st.sets(seats))))))
    return count, history


@given(histories(), st.integers(0, 12))
def test_the_leader_is_the_rules(made: tuple[int, History], ahead: int) -> None:
    """Told block by block, for every round that may come: the last committed block is two rounds below, or more."""
    count, history = made
    for cut in range(len(history) + 1):
        election, known = told(count, history[:cut]), history[:cut]
        round_ = (known[-1][0] if known else -1) + 2 + ahead
        assert election.is_known(round_)
        assert election.leader(round_) == expected(round_, count, known)


@given(histories(), st.integers(2, 12))
def test_after_a_restart_the_same_leads(made: tuple[int, History], ahead: int) -> None:
    """'rebuilt at start from durable blocks of the epoch': the last of them are enough."""
    count, history = made
    round_ = (history[-1][0] if history else 0) + ahead
    last = history[-window_blocks(count) :]
    again = told(count, last, is_whole=len(last) == len(history))
    assert again.is_known(round_)
    assert again.leader(round_) == told(count, history).leader(round_)


def test_vectors_of_the_pick() -> None:
    """The first eight bytes of SHA3-256 of the round, little-endian both, modulo the sum: exact numbers."""
    first = hashlib.sha3_256(bytes(8)).digest()
    assert pick(0, [1] * 4) == int.from_bytes(first[:8], "little") % 4
    assert [pick(round_, [1] * 4) for round_ in range(12)] == [
        int.from_bytes(hashlib.sha3_256(round_.to_bytes(8, "little")).digest()[:8], "little") % 4
        for round_ in range(12)
    ]  # fmt: skip
    assert [pick(round_, [0, 0, 7]) for round_ in range(5)] == [2] * 5


@pytest.mark.parametrize("weights", [(99, 1, 99), (1, 99, 1), (1, 1, 1)])
def test_each_weight_is_a_stretch_of_the_line(weights: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ends of every stretch."""
    starts = [sum(weights[:seat]) for seat in range(3)]
    for seat, (start, weight) in enumerate(zip(starts, weights, strict=True)):
        for point in (start, start + weight - 1):
            monkeypatch.setattr(
                "chain.consensus.leader.sha3", lambda _data, p=point: p.to_bytes(8, "little") + b"x" * 24
            )
            assert pick(1, weights) == seat


BLOCKS: History = [(1, 0, ()), (2, 1, (0, 1)), (3, 0, (0, 1)), (4, 1, (0, 1)), (5, 2, (0, 1)), (6, 0, (0, 1, 3))]


@pytest.mark.parametrize(
    ("round_", "weights"),
    [
        (7, [1, 1, 1, 1]),  # blocks 1 to 3 are old enough: too few
        (8, [99, 99, 1, 1]),  # 1 to 4: r - 4 exactly
        (9, [99, 99, 99, 1]),  # 2 to 5: its author is in
        (10, [99, 99, 99, 99]),  # 3 to 6: so is a voter
        (90, [99, 99, 99, 99]),
    ],
)
def test_the_window_ends_four_rounds_before(round_: int, weights: list[int]) -> None:
    """'the last n committed blocks of the epoch with round <= r - 4'; all alike before there are n."""
    assert told(4, BLOCKS).weights(round_) == weights


def test_the_window_has_n_blocks() -> None:
    """Who took part n blocks ago counts, n + 1 blocks ago no more."""
    later: History = [(round_, 0, (0, 1)) for round_ in range(2, 7)]
    election = told(4, [(1, 2, ()), *later])
    assert election.weights(8) == [99, 99, 99, 1]
    assert election.weights(9) == [99, 99, 1, 1]


def test_who_lacks_the_window_knows_that() -> None:
    """After a snapshot: unknown until n blocks are old enough; the whole of an epoch is always known."""
    part = BLOCKS[2:]
    election = told(4, part, is_whole=False)
    assert [election.is_known(round_) for round_ in (7, 9, 10, 11)] == [False, False, True, True]
    assert told(4, part, is_whole=True).is_known(7)
    assert told(4, [], is_whole=True).is_known(1)
    assert not told(4, [], is_whole=False).is_known(1)
    assert election.weights(9) == [1, 1, 1, 1]


def test_memory_is_bounded_and_still_known() -> None:
    """Of a long epoch the newest blocks are kept, all that a round above the last one may ask for."""
    election = told(4, [(round_, round_ % 4, (0, 1, 2)) for round_ in range(1, 1_000)])
    assert len(election._blocks) == window_blocks(4) == 7
    assert election.is_known(1_000)
    assert not election.is_known(999), "which nobody asks for: it is no later than the last committed block"


def test_a_new_epoch_begins_alike() -> None:
    """'With no history (new epoch) all weights are equal', whatever the election before has seen."""
    election = elect("reputation", 4)
    assert isinstance(election, Reputation)
    assert election.weights(1) == election.weights(1_000) == [1, 1, 1, 1]
    assert isinstance(elect("round_robin", 4), RoundRobin)
    assert (election.by_history, RoundRobin(4).by_history) == (True, False)


def test_a_dead_one_leads_one_round_in_298() -> None:
    """One of four that neither proposes nor votes: its share of 100,000 rounds is 1 / (3 * 99 + 1)."""
    election = told(4, [(round_, round_ % 3, (0, 1, 2)) for round_ in range(1, 8)])
    led = sum(election.leader(round_) == 3 for round_ in range(100, 100_100))
    assert 250 < led < 425, "335.6 are expected, and the standard deviation is 18"


def test_two_good_leaders_in_a_row_come_soon() -> None:
    """The bound of L1 by reputation (node/sim/scenario.py): also with one of three active ones bad the hash's picks
    leave no gap of 60 rounds."""
    for weights in ([99, 99, 1, 99], [1, 1, 1, 1], [99, 99, 99, 99]):
        rounds = range(1, 30_000)
        good = [pick(round_, weights) != 3 for round_ in rounds]
        pairs = [round_ for round_, both in zip(rounds, pairwise(good), strict=False) if all(both)]
        assert max(later - earlier for earlier, later in islice(pairwise(pairs), len(pairs))) < 56
