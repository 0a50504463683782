"""Days and months of the calendar (proleptic Gregorian, UTC) by integer arithmetic: `chain` has no clock and no dates.

Ledger time is microseconds since 1970-01-01. A day has 86,400 seconds, as in POSIX: leap seconds do not exist.
"""

from chain.primitives import SECOND_US

DAY_US = 86_400 * SECOND_US
_DAYS_OF_400_YEARS = 146_097
_DAYS_BEFORE_1970 = 719_468
"""From 0000-03-01, where the algorithm's year begins, to 1970-01-01."""


def day_of(time_us: int) -> int:
    """Number of the day that a time lies in; 1970-01-01 is 0."""
    return time_us // DAY_US


def civil(day: int) -> tuple[int, int, int]:
    """Year, month and day of month of a day's number. Years begin in March, so that the leap day comes last."""
    era, of_era = divmod(day + _DAYS_BEFORE_1970, _DAYS_OF_400_YEARS)
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return 400 * era + year + (month <= 2), month, of_year - (153 * shifted + 2) // 5 + 1


def day_number(year: int, month: int, day: int) -> int:
    """The number of a date's day; the inverse of `civil`."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * _DAYS_OF_400_YEARS + of_era * 365 + of_era // 4 - of_era // 100 + of_year - _DAYS_BEFORE_1970


def month_of(time_us: int) -> int:
    """Number of the month that a time lies in: 12 x year + month - 1."""
    year, month, _ = civil(day_of(time_us))
    return 12 * year + month - 1


def day_start_us(day: int) -> int:
    """When a day begins."""
    return day * DAY_US


def month_start_us(month: int) -> int:
    """When a month, by its number, begins."""
    return day_start_us(day_number(month // 12, month % 12 + 1, 1))


def utc(time_us: int) -> str:
    """A time as text, cut off to seconds: `2023-11-14T22:13:20Z`."""
    day, rest = divmod(time_us, DAY_US)
    minutes, seconds = divmod(rest // SECOND_US, 60)
    year, month, date = civil(day)
    return f"{year:04}-{month:02}-{date:02}T{minutes // 60:02}:{minutes % 60:02}:{seconds:02}Z"
