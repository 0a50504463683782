"""Business days: when money moves, by the `holidays` package. `TARGET` is the euro's, and that of the ECB's fixings.

    is_business_day("TARGET", day)     add_business_days("US", day, 1)     business_days("TARGET", start, end)

Weekends are those of the country and of the time: Friday and Saturday in Egypt, in the Emirates until 2021. The
calendars are of public holidays; banks of a country may close on other days.
"""

import datetime
from collections.abc import Mapping
from functools import cache
from typing import Any

from economy.errors import ParameterError, UnknownNameError

CALENDARS: Mapping[str, str] = {
    "TARGET": "the euro's payment system",
    "US": "United States", "GB": "United Kingdom", "JP": "Japan", "SG": "Singapore", "IN": "India", "BR": "Brazil",
    "EG": "Egypt", "AE": "United Arab Emirates", "SA": "Saudi Arabia", "MX": "Mexico", "PH": "Philippines",
}  # fmt: skip
"""The calendars by name."""

FIRST_YEAR, LAST_YEAR = 1999, 2099
"""Years that the calendars know; TARGET began in 1999."""

_MOST_STEPS = 100_000


def is_business_day(calendar: str, day: datetime.date) -> bool:
    """Whether money moves on a day; UnknownNameError `unknown_calendar`, ParameterError for years out of reach."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ParameterError(f"calendars are known from {FIRST_YEAR} to {LAST_YEAR}, not in {day.year}", date=str(day))
    return bool(_calendar(calendar).is_working_day(day))


def business_days(calendar: str, start: datetime.date, end: datetime.date) -> list[datetime.date]:
    """The business days from `start` to `end`, both included."""
    days = (start + datetime.timedelta(step) for step in range((end - start).days + 1))
    return [day for day in days if is_business_day(calendar, day)]


def add_business_days(calendar: str, day: datetime.date, count: int) -> datetime.date:
    """The business day that is `count` after `day`; 0 gives `day` itself if it is one, else the next."""
    if not 0 <= count <= _MOST_STEPS:
        raise ParameterError(f"{count} business days are not in 0 .. {_MOST_STEPS}", count=count)
    while not is_business_day(calendar, day):
        day += datetime.timedelta(1)
    for _ in range(count):
        day += datetime.timedelta(1)
        while not is_business_day(calendar, day):
            day += datetime.timedelta(1)
    return day


@cache
def _calendar(name: str) -> Any:
    """The package's calendar; imported here, for it takes a third of a second."""
    import holidays

    if name not in CALENDARS:
        words = f"unknown calendar {name[:20]!r}; there are {', '.join(CALENDARS)}"
        raise UnknownNameError(words, name="unknown_calendar", calendar=name[:20], available=list(CALENDARS))
    return holidays.financial_holidays("ECB") if name == "TARGET" else holidays.country_holidays(name)
