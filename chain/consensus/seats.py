"""Seats of one epoch: a machine counts members from 0 as its set does, the world calls validators by their numbers.

Members have seats 0 to n - 1. Everybody else, who may ask and answer, has the seat n + its number.
"""

from chain.interface import ALL_OTHERS, Alarm, Output, Send
from chain.validators import ValidatorSet


class Seats:
    """Numbers to seats and back."""

    def __init__(self, validators: ValidatorSet) -> None:
        """The members' seats."""
        self._numbers = [member.number for member in validators.members]
        self._seats = {number: seat for seat, number in enumerate(self._numbers)}

    def of(self, number: int) -> int:
        """The seat of a number."""
        seat = self._seats.get(number)
        return len(self._numbers) + number if seat is None else seat

    def number(self, seat: int) -> int:
        """The number of a seat; ALL_OTHERS stays what it is."""
        count = len(self._numbers)
        if seat == ALL_OTHERS:
            return ALL_OTHERS
        return self._numbers[seat] if seat < count else seat - count

    def translate(self, out: Output, marks: tuple[int, int, int]) -> None:
        """Put numbers for seats in what a machine has added since (sends at once, sends later, alarms)."""
        now, later, alarms = marks
        if len(out.send_now) > now:
            out.send_now[now:] = [Send(self.number(seat), data) for seat, data in out.send_now[now:]]
        if len(out.after_persist) > later:
            out.after_persist[later:] = [Send(self.number(seat), data) for seat, data in out.after_persist[later:]]
        if len(out.alarms) > alarms:
            out.alarms[alarms:] = [
                Alarm(name, text, None if seat is None else self.number(seat))
                for name, text, seat in out.alarms[alarms:]
            ]
