"""Seats of an epoch: members by their place in the set, everybody else behind them (chain/consensus/seats.py)."""

import pytest

from chain.consensus.seats import Seats
from chain.interface import ALL_OTHERS, Alarm, Output, Send
from chain.validators import Validator, ValidatorSet

NUMBERS = (7, 2, 0)
"""Of the members, by seat."""


@pytest.fixture
def seats() -> Seats:
    """Three members."""
    return Seats(ValidatorSet(4, tuple(Validator(f"v{number}", b"k" * 32, b"l" * 32, number) for number in NUMBERS)))


@pytest.mark.parametrize(("number", "seat"), [(7, 0), (2, 1), (0, 2), (1, 4), (3, 6), (8, 11)])
def test_members_sit_in_front_and_others_behind(seats: Seats, number: int, seat: int) -> None:
    """'Members have seats 0 to n - 1. Everybody else has the seat n + its number.'"""
    assert seats.of(number) == seat
    assert seats.number(seat) == number


def test_everybody_is_no_seat(seats: Seats) -> None:
    """A message to all others goes to all others in any epoch."""
    assert seats.number(ALL_OTHERS) == ALL_OTHERS


def test_only_what_was_added_since_is_translated(seats: Seats) -> None:
    """What stood there before the machine's step has numbers already: of each list alone."""
    out = Output()
    for place in range(3):
        out.send_now.append(Send(place, b"now"))
        out.after_persist.append(Send(place, b"later"))
        out.alarms.append(Alarm(f"a{place}", "text", place))
    out.alarms.append(Alarm("a3", "text", None))
    seats.translate(out, (1, 2, 1))
    assert out.send_now == [Send(0, b"now"), Send(2, b"now"), Send(0, b"now")]
    assert out.after_persist == [Send(0, b"later"), Send(1, b"later"), Send(0, b"later")]
    assert out.alarms == [
        Alarm("a0", "text", 0), Alarm("a1", "text", 2), Alarm("a2", "text", 0), Alarm("a3", "text", None),
    ]  # fmt: skip
    before = (list(out.send_now), list(out.after_persist), list(out.alarms))
    seats.translate(out, (3, 3, 4))
    assert (out.send_now, out.after_persist, out.alarms) == before
