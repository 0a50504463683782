"""M11 to M14: whose signatures are checked next, by cost; room for everybody; the slow lane rests."""

from typing import NamedTuple, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain import limits
from chain.admission import CLIENTS, Admission, AdmissionError, LaneName, Waiting
from chain.primitives import Address
from chain.transaction import SignedTransaction

FAST, SLOW = LaneName.FAST, LaneName.SLOW


class _Raw(NamedTuple):
    sender: Address


class _Tx(NamedTuple):
    """As much of a transaction as the queue looks at."""

    raw: _Raw
    number: int


def waiting(sender: int, number: int = 0, *, origin: int = CLIENTS, cost: int = 1) -> Waiting:
    tx = cast(SignedTransaction, _Tx(_Raw(Address(bytes([sender]) * 16)), number))
    return Waiting(tx, None, origin, cost, 0)


def senders(batch: list[Waiting]) -> list[int]:
    return [item.tx.raw.sender[0] for item in batch]


def add(queue: Admission, *items: Waiting, now: int = 0) -> None:
    for item in items:
        queue.add(item, now)


def refused(queue: Admission, item: Waiting, now: int = 0) -> AdmissionError:
    with pytest.raises(AdmissionError) as caught:
        queue.add(item, now)
    return caught.value


def take_all(queue: Admission, lane: LaneName = FAST) -> list[Waiting]:
    taken: list[Waiting] = []
    while batch := queue.next_batch(lane, 0):
        taken += batch
        queue.done(lane, 0)
    return taken


def test_the_limits() -> None:
    """Exact values: a change of one is a change of the protocol's page."""
    assert (limits.SUBMIT_QUEUE, limits.VERIFY_BATCH, limits.SENDER_CHECKS) == (20_000, 256, 4_000)
    assert (limits.SLOW_CHECK, limits.SLOW_QUEUE, limits.SLOW_REST, limits.SLOW_REST_ALONE) == (40, 20_000, 7, 1)
    assert (limits.SLOW_REST_US, limits.MUTE_US) == (1_000_000, 60_000_000)


class TestTurns:
    """M11: 'whose turn it is goes by cost, first between origins, then between their senders'."""

    def test_one_sender_does_not_hold_up_another(self) -> None:
        """Senders in turn, each one's in order."""
        queue = Admission(4)
        add(queue, *(waiting(1, number) for number in range(5)), waiting(2, 0), waiting(2, 1))
        batch = queue.next_batch(FAST, 0)
        assert senders(batch) == [1, 2, 1, 2, 1, 1, 1]
        numbers = [cast(_Tx, item.tx).number for item in batch if item.tx.raw.sender[0] == 1]
        assert numbers == [0, 1, 2, 3, 4]

    def test_turns_go_by_cost(self) -> None:
        """Who signs with ten signatures gets one turn for ten of the other's."""
        queue = Admission(4)
        add(queue, *(waiting(1, number, cost=10) for number in range(3)), *(waiting(2, number) for number in range(20)))
        assert senders(queue.next_batch(FAST, 0)) == [1] + [2] * 10 + [1] + [2] * 10 + [1]

    def test_one_origin_does_not_hold_up_another(self) -> None:
        """A validator that spreads a flood of many senders gets the turn of one origin."""
        queue = Admission(4)
        add(queue, *(waiting(100 + number, origin=2) for number in range(6)), waiting(1), waiting(1, 1))
        add(queue, waiting(2, origin=3))
        found = queue.next_batch(FAST, 0)
        assert [item.origin for item in found] == [2, CLIENTS, 3, 2, CLIENTS, 2, 2, 2, 2]

    def test_a_newcomer_waits_for_no_backlog(self) -> None:
        """It starts where those stand who are served now, neither before nor behind them."""
        queue = Admission(4)
        add(queue, *(waiting(1, number) for number in range(600)))
        queue.next_batch(FAST, 0)
        queue.done(FAST, 0)
        add(queue, *(waiting(2, number) for number in range(300)))
        assert senders(queue.next_batch(FAST, 0))[:6] == [2, 1, 2, 1, 2, 1]


class TestBatches:
    """M13: one item of work a lane at a time."""

    def test_a_batch_is_bounded_by_cost(self) -> None:
        """256 of Ed25519, or fewer that cost as much; one that costs more goes alone."""
        queue = Admission(4)
        add(queue, *(waiting(number % 4, number) for number in range(300)))
        assert len(queue.next_batch(FAST, 0)) == 256
        assert queue.next_batch(FAST, 0) == [], "the last one is not judged yet"
        queue.done(FAST, 0)
        assert len(queue.next_batch(FAST, 0)) == 44
        queue = Admission(4)
        add(queue, *(waiting(number, cost=30) for number in range(9)))
        assert len(queue.next_batch(FAST, 0)) == 8

    def test_slow_signatures_have_a_lane_of_their_own(self) -> None:
        """From a cost of 40 on, one transaction an item; the other lane does not wait for it."""
        queue = Admission(4)
        add(queue, waiting(1, cost=39), waiting(1, cost=40), waiting(2, cost=1_280), waiting(3))
        assert senders(queue.next_batch(SLOW, 0)) == [1]
        assert senders(queue.next_batch(FAST, 0)) == [1, 3]
        queue.done(SLOW, 0)
        assert senders(queue.next_batch(SLOW, 0)) == [2]
        assert len(queue) == 0


class TestRest:
    """M13: 'the slow lane rests seven times as long as its last item took, at most a second, or once as long'."""

    def test_once_as_long_while_nobody_signs_with_ed25519(self) -> None:
        """Both sides of the end; it says when it wakes."""
        queue = Admission(4)
        add(queue, waiting(1, cost=40), waiting(1, 1, cost=40), now=1_000)
        assert queue.wake_at(1_000) is None, "it does not rest"
        assert len(queue.next_batch(SLOW, 1_000)) == 1
        assert queue.wake_at(2_000) is None, "it works"
        queue.done(SLOW, 3_500)
        assert (queue.next_batch(SLOW, 3_500), queue.wake_at(3_500)) == ([], 6_000)
        assert (queue.next_batch(SLOW, 5_999), queue.wake_at(5_999)) == ([], 6_000)
        assert queue.wake_at(6_000) is None
        assert len(queue.next_batch(SLOW, 6_000)) == 1
        queue.done(SLOW, 6_001)
        assert queue.wake_at(6_001) is None, "nothing waits"

    def test_seven_times_as_long_while_somebody_does(self) -> None:
        """Whoever came into the fast lane since the last rest began, and was refused or not checked yet alike."""
        queue = Admission(4)
        add(queue, *(waiting(1, number, cost=40) for number in range(4)), waiting(2))
        queue.next_batch(SLOW, 0)
        queue.done(SLOW, 1_000)
        assert queue.wake_at(1_000) == 8_000
        queue.next_batch(SLOW, 8_000)
        add(queue, waiting(3, origin=2))
        queue.done(SLOW, 9_000)
        assert queue.wake_at(9_000) == 16_000
        queue.next_batch(SLOW, 16_000)
        queue.done(SLOW, 17_000)
        assert queue.wake_at(17_000) == 18_000

    def test_at_most_a_second(self) -> None:
        """However long it took."""
        queue = Admission(4)
        add(queue, waiting(1, cost=40), waiting(1, 1, cost=40))
        queue.next_batch(SLOW, 0)
        queue.done(SLOW, 5_000_000)
        assert queue.wake_at(5_000_000) == 6_000_000

    def test_a_clock_that_steps_back(self) -> None:
        """Neither a negative time nor a long sleep."""
        queue = Admission(4)
        add(queue, *(waiting(1, number, cost=40) for number in range(3)))
        queue.next_batch(SLOW, 9_000_000)
        queue.done(SLOW, 8_000_000)
        assert len(queue.next_batch(SLOW, 8_000_000)) == 1
        queue.done(SLOW, 8_300_000)
        assert queue.next_batch(SLOW, 8_300_000) == []
        assert len(queue.next_batch(SLOW, 1_000_000)) == 1

    def test_the_fast_lane_never_rests(self) -> None:
        """It holds nothing that costs much."""
        queue = Admission(4)
        add(queue, waiting(1), *(waiting(2, number) for number in range(256)))
        queue.next_batch(FAST, 0)
        queue.done(FAST, 400_000)
        assert len(queue.next_batch(FAST, 400_000)) == 1


class TestRoom:
    """M12: 'what waits is bounded by its cost'."""

    def test_our_clients(self) -> None:
        """20,000 in each lane; a full lane does not close the other."""
        queue = Admission(4)
        for sender in range(200):
            add(queue, *(waiting(sender, number) for number in range(100)))
        found = refused(queue, waiting(201))
        assert (found.name, found.details) == ("mempool_is_full", {"limit": 20_000})
        for sender in range(5):
            add(queue, *(waiting(sender, number, cost=40) for number in range(100)))
        assert refused(queue, waiting(201, cost=40)).details == {"limit": 20_000}
        assert len(queue) == 20_500

    def test_each_other_validator_has_an_equal_part(self) -> None:
        """Room for all of them as for our clients: one that floods fills its own part only."""
        queue = Admission(5)
        for sender in range(5):
            add(queue, *(waiting(sender, number, origin=1) for number in range(1_000)))
        assert refused(queue, waiting(9, origin=1)).details == {"limit": 5_000}
        add(queue, waiting(9, origin=2), waiting(9))
        alone = Admission(1)
        add(alone, waiting(1))
        pair = Admission(2)
        add(pair, *(waiting(sender, origin=1, cost=3_326) for sender in range(6)))
        assert refused(pair, waiting(6, origin=1, cost=45)).details == {"limit": 20_000}
        add(pair, waiting(6, origin=1, cost=44))

    def test_one_sender(self) -> None:
        """4,000: 100 signatures of P-256; a single transaction is never too much."""
        queue = Admission(4)
        add(queue, *(waiting(1, number, cost=40) for number in range(100)))
        found = refused(queue, waiting(1, 100, cost=40))
        assert (found.name, found.details) == ("too_many_checks", {"cost": 4_040, "limit": 4_000})
        assert "costs 4000 already, the limit is 4000" in found.message
        add(queue, waiting(2, cost=40))
        assert senders(take_all(queue, SLOW)).count(1) == 100
        add(queue, waiting(1, 101, cost=40))
        large = Admission(4)
        add(large, waiting(1, cost=4_500))
        assert refused(large, waiting(1, cost=40)).name == "too_many_checks"

    def test_what_was_taken_counts_no_more(self) -> None:
        """A sender of whom something still waits has its budget back bit by bit, exactly."""
        queue = Admission(4)
        add(queue, *(waiting(1, number, cost=40) for number in range(100)))
        assert len(queue.next_batch(SLOW, 0)) == 1
        add(queue, waiting(1, 100, cost=40))
        assert refused(queue, waiting(1, 101, cost=40)).details == {"cost": 4_040, "limit": 4_000}

    def test_a_refusal_takes_no_room(self) -> None:
        """After it the same place is free for others."""
        queue = Admission(2)
        add(queue, *(waiting(1, number, cost=40) for number in range(100)))
        for _ in range(3):
            refused(queue, waiting(1, cost=40))
        assert len(queue) == 100
        assert len(take_all(queue, SLOW)) == 100


class TestMute:
    """M14: a validator that brought a bad signature."""

    def test_what_it_brought_goes(self) -> None:
        """From both lanes, and from nobody else."""
        queue = Admission(4)
        add(queue, waiting(1, origin=2), waiting(1, origin=2, cost=40), waiting(1, origin=3), waiting(1))
        queue.mute(2, 0)
        assert len(queue) == 2
        assert [item.origin for item in queue.next_batch(FAST, 0)] == [3, CLIENTS]
        assert queue.next_batch(SLOW, 0) == []

    def test_for_a_minute(self) -> None:
        """Both sides of its end."""
        queue = Admission(4)
        queue.mute(2, 5)
        assert refused(queue, waiting(1, origin=2), 60_000_004).name == "muted"
        add(queue, waiting(1, origin=3), waiting(1), now=6)
        add(queue, waiting(1, origin=2), now=60_000_005)
        assert len(queue) == 3

    @pytest.mark.parametrize("muted", range(7))
    def test_the_turns_of_the_others_stay(self, muted: int) -> None:
        """M11: whoever was served least comes next, also after one of them was muted."""
        queue = Admission(8)
        costs = [31, 38, 37, 26, 33, 27, 35]
        for origin, cost in enumerate(costs):
            add(queue, waiting(1, 0, origin=origin, cost=cost), waiting(1, 1, origin=origin, cost=39))
        assert [item.origin for item in queue.next_batch(FAST, 0)] == [0, 1, 2, 3, 4, 5, 6]
        queue.mute(muted, 0)
        queue.done(FAST, 0)
        expected = sorted({*range(7)} - {muted}, key=costs.__getitem__)
        assert [item.origin for item in take_all(queue)] == expected
        """The batch under way ends as usual."""
        queue = Admission(4)
        add(queue, *(waiting(1, number, origin=2) for number in range(300)))
        assert len(queue.next_batch(FAST, 0)) == 256
        queue.mute(2, 0)
        queue.done(FAST, 0)
        assert (len(queue), queue.next_batch(FAST, 0)) == (0, [])


ITEMS = st.lists(
    st.builds(
        waiting, st.integers(0, 3), st.integers(0, 999), origin=st.sampled_from([CLIENTS, 1, 2]),
        cost=st.sampled_from([1, 2, 32, 39, 40, 80]),
    ), max_size=60,
)  # fmt: skip


@given(ITEMS)
def test_nothing_is_lost_or_turned_around(items) -> None:
    """Everything that was taken comes out once, each sender's in the order in which it came."""
    queue = Admission(4)
    add(queue, *items)
    taken = {lane: take_all(queue, lane) for lane in LaneName}
    assert len(queue) == 0
    for lane, batch in taken.items():
        own = [item for item in items if (item.cost >= 40) == (lane is SLOW)]
        assert sorted(batch, key=repr) == sorted(own, key=repr)
        for place in {(item.origin, item.tx.raw.sender) for item in own}:
            assert [item for item in batch if (item.origin, item.tx.raw.sender) == place] == [
                item for item in own if (item.origin, item.tx.raw.sender) == place
            ]


@given(ITEMS)
def test_nobody_with_a_backlog_gets_far_ahead(items) -> None:
    """While two origins both wait, what they got differs by less than two of the costliest items."""
    queue = Admission(4)
    add(queue, *items)
    for lane in LaneName:
        left = [item for item in items if (item.cost >= 40) == (lane is SLOW)]
        got: dict[int, int] = {item.origin: 0 for item in left}
        for item in take_all(queue, lane):
            got[item.origin] += item.cost
            left.remove(item)
            still = {one.origin for one in left}
            served = [cost for origin, cost in got.items() if origin in still]
            assert max(served, default=0) - min(served, default=0) <= 2 * 80
