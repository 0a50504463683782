"""The curve of adoption in closed form, with caps on users and halts.

Bass: of those who will ever join, after t years of open time the share F(t) has, dF/dt = (p + q F)(1 - F), F(0) = 0:
F(t) = (1 - e^-(p+q)t) / (1 + (q/p) e^-(p+q)t). A halt and a cap that is reached stop that clock, not the curve: while
the service is halted, or as many as the cap allows have joined, nobody joins; then it goes on where it stood. A cap
below what is reached makes nobody leave.
"""

import bisect
import math
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

DAYS = 365.25
"""Days of a year on the clock."""


class Cap(NamedTuple):
    """From a day on at most so many users (in people); None is no cap."""

    since: date
    users: float | None
    source: str = ""


class Halt(NamedTuple):
    """No payments and no new users from a day (included) until another (not included); None is for good."""

    since: date
    until: date | None
    source: str = ""


class Terms(NamedTuple):
    """What bounds the spread: the first day, caps by their days, halts."""

    launch: date
    caps: tuple[Cap, ...] = ()
    halts: tuple[Halt, ...] = ()

    def is_open(self, day: date) -> bool:
        """Whether people can pay on a day."""
        return day >= self.launch and not any(
            halt.since <= day and (halt.until is None or day < halt.until) for halt in self.halts
        )

    def cap(self, day: date) -> float | None:
        """The cap in force on a day."""
        place = bisect.bisect_right([cap.since for cap in self.caps], day) - 1
        return None if place < 0 else self.caps[place].users


def share(years: float, p: float, q: float) -> float:
    """F: the share of those who will ever join that has, after so many years of open time."""
    decay = math.exp(-(p + q) * years)
    return (1 - decay) / (1 + q / p * decay)


def years_to(reached: float, p: float, q: float) -> float:
    """The inverse: the open time until a share below 1 is reached."""
    return math.log((1 + q / p * reached) / (1 - reached)) / (p + q)


def clock(terms: Terms, days: Sequence[date], potential: float, p: float, q: float) -> list[float]:
    """Open time in years at the beginning of each day (ascending): what `share` is asked for."""
    turns = sorted({
        terms.launch,
        *(cap.since for cap in terms.caps),
        *(halt.since for halt in terms.halts),
        *(halt.until for halt in terms.halts if halt.until is not None),
        *days,
    })  # fmt: skip
    open_time, found = 0.0, {}
    for day, following in zip(turns, [*turns[1:], turns[-1]], strict=True):
        found[day] = open_time
        if terms.is_open(day):
            later = open_time + (following - day).days / DAYS
            cap = terms.cap(day)
            if cap is not None and cap < potential:
                later = min(later, max(open_time, years_to(cap / potential, p, q)))
            open_time = later
    return [found[day] for day in days]
