"""The calendar by integers, held against the standard library's, which `chain` may not use."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.civil import DAY_US, civil, day_number, day_of, day_start_us, month_of, month_start_us, utc

EPOCH = datetime.date(1970, 1, 1)
dates = st.dates(datetime.date(1970, 1, 1), datetime.date(9999, 12, 31))


@given(dates)
def test_days_are_the_calendars(date: datetime.date) -> None:
    """Number of a day, and its year, month and day of month, both ways."""
    number = (date - EPOCH).days
    assert civil(number) == (date.year, date.month, date.day)
    assert day_number(date.year, date.month, date.day) == number
    assert day_start_us(number) == number * 86_400_000_000


@pytest.mark.parametrize(
    ("number", "date"),
    [
        (0, (1970, 1, 1)), (-1, (1969, 12, 31)), (58, (1970, 2, 28)), (59, (1970, 3, 1)), (789, (1972, 2, 29)),
        (790, (1972, 3, 1)), (10_956, (1999, 12, 31)), (11_016, (2000, 2, 29)), (47_540, (2100, 2, 28)),
        (47_541, (2100, 3, 1)), (19_675, (2023, 11, 14)),
    ],
)  # fmt: skip
def test_known_days(number: int, date: tuple[int, int, int]) -> None:
    """Leap years: by 4, not by 100, but by 400."""
    assert civil(number) == date
    assert day_number(*date) == number


def test_a_day_ends_at_midnight() -> None:
    """UTC; to the microsecond."""
    assert DAY_US == 86_400_000_000
    assert (day_of(DAY_US - 1), day_of(DAY_US)) == (0, 1)


@given(dates)
def test_months(date: datetime.date) -> None:
    """12 x year + month - 1; it begins at the first of the month, and ends a microsecond before the next begins."""
    month = month_of(day_number(date.year, date.month, date.day) * DAY_US)
    assert month == 12 * date.year + date.month - 1
    start = month_start_us(month)
    assert start == (date.replace(day=1) - EPOCH).days * DAY_US
    assert (month_of(start), month_of(start - 1)) == (month, month - 1)


def test_text() -> None:
    """ISO 8601, cut off to seconds."""
    assert utc(0) == "1970-01-01T00:00:00Z"
    assert utc(1_700_000_000_999_999) == "2023-11-14T22:13:20Z"
    assert utc(951_868_799_000_000) == "2000-02-29T23:59:59Z"
