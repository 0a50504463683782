"""Separate budgets for validators and clients: nobody's flood takes another's room or turn."""

from hypothesis import given
from hypothesis import strategies as st

from chain.interface import Event, Received, Submitted, TimerFired
from node.runtime import inbox
from node.runtime.inbox import CLIENT_EVENTS, CLIENT_TURN, PEER_BYTES, PEER_EVENTS, Inbox


def filled(peers: dict[int, int], clients: int) -> Inbox:
    found = Inbox()
    for sender, count in peers.items():
        for number in range(count):
            found.put_message(Received(sender, b"%d" % number))
    for number in range(clients):
        found.put_transaction(Submitted(number, b""))
    return found


def test_a_flood_of_clients_never_delays_a_vote() -> None:
    """security 4.2: 'Consensus CPU first: validators' queue isolated from client queue'."""
    found = filled({}, CLIENT_EVENTS)
    assert found.put_transaction(Submitted(0, b"")) is False
    assert found.put_message(Received(1, b"vote")) == 0
    assert found.take() == Received(1, b"vote")


def test_own_events_go_first() -> None:
    """A time-out does not wait behind what others send."""
    found = filled({1: 3}, 3)
    timer = TimerFired("round", 1)
    found.put(timer)
    found.put_first(TimerFired("start", 0))
    assert [found.take(), found.take()] == [TimerFired("start", 0), timer]


def test_a_flooding_validator_loses_its_own_oldest() -> None:
    """'per-peer bounded queues with drop-oldest': the others' messages stay."""
    found = filled({1: 1, 2: PEER_EVENTS}, 0)
    assert found.put_message(Received(2, b"new")) == 1
    assert len(found) == PEER_EVENTS + 1
    assert {found.take(), found.take()} == {Received(1, b"0"), Received(2, b"1")}


def test_bytes_of_a_validator_are_bounded_too() -> None:
    """4,096 frames of 4 MiB would be 16 GiB."""
    found = Inbox()
    frame = bytes(4 << 20)
    dropped = sum(found.put_message(Received(1, frame)) for _ in range(20))
    assert dropped == 20 - PEER_BYTES // len(frame)


def test_bytes_that_were_taken_are_free_again() -> None:
    """Both sides of the bound, and again when one message went: exactly its bytes are free."""
    found = Inbox()
    frame = bytes(PEER_BYTES // 8)
    assert [found.put_message(Received(1, frame)) for _ in range(8)] == [0] * 8
    found.take()
    assert found.put_message(Received(1, frame)) == 0
    assert found.put_message(Received(1, b"x")) == 1
    assert len(found) == 8


def test_a_message_above_the_bound_is_taken_alone() -> None:
    """'at least one frame of the largest size': the newest is never dropped, all older ones are."""
    found = filled({1: 3}, 0)
    large = Received(1, bytes(PEER_BYTES + 1))
    assert found.put_message(large) == 3
    assert (len(found), found.take()) == (1, large)
    assert found.put_message(large) == 0
    assert found.put_message(Received(1, b"newer")) == 1
    assert found.take() == Received(1, b"newer")


def test_validators_take_turns_and_clients_are_not_starved() -> None:
    """Each validator in turn; every fourth event is a client's while both wait."""
    found = filled({1: 6, 2: 6}, 3)
    kinds = [getattr(found.take(), "sender", "client") for _ in range(12)]
    assert kinds == [1, 2, 1, "client", 2, 1, 2, "client", 1, 2, 1, "client"]
    assert CLIENT_TURN == 4


@given(st.lists(st.sampled_from(["own", "client", 0, 1, 2, "take"]), max_size=200))
def test_nothing_is_lost_or_doubled_below_the_bounds(steps: list[object]) -> None:
    """The queues together are one: what goes in comes out once, each validator's in its order."""
    found = Inbox()
    put: list[Event] = []
    taken: list[Event] = []
    for number, step in enumerate(steps):
        if step == "take":
            if len(found):
                taken.append(found.take())
        elif step == "own":
            timer = TimerFired("t", number)
            put.append(timer)
            found.put(timer)
        elif isinstance(step, int):
            message = Received(step, b"%d" % number)
            put.append(message)
            found.put_message(message)
        else:
            submitted = Submitted(number, b"")
            put.append(submitted)
            found.put_transaction(submitted)
    while len(found):
        taken.append(found.take())
    assert sorted(map(repr, taken)) == sorted(map(repr, put))
    for sender in range(3):
        mine = [item for item in put if isinstance(item, Received) and item.sender == sender]
        assert [item for item in taken if isinstance(item, Received) and item.sender == sender] == mine
    assert inbox.PEER_EVENTS >= 200
