"""Business days: TARGET explains every missing fixing, and weekends are those of the country and the time."""

import datetime

import pytest

from economy.errors import ParameterError, UnknownNameError
from economy.market.calendar import CALENDARS, add_business_days, business_days, is_business_day
from economy.market.reading import load_history

D = datetime.date.fromisoformat


def test_the_target_calendar_explains_every_missing_weekday() -> None:
    """TARGET calendar = `holidays`, financial ECB: 7,260 weekdays, zero mismatches."""
    history = load_history()
    fixings = set(history.dates)
    days = [history.first + datetime.timedelta(step) for step in range((history.last - history.first).days + 1)]
    weekdays = [day for day in days if day.weekday() < 5]
    assert len(weekdays) == 7260
    assert [day for day in weekdays if is_business_day("TARGET", day) != (day in fixings)] == []
    assert not any(day in fixings or is_business_day("TARGET", day) for day in days if day.weekday() >= 5)
    assert business_days("TARGET", history.first, history.last) == list(history.dates)


@pytest.mark.parametrize(
    ("calendar", "day", "is_open"),
    [
        ("TARGET", "2023-03-10", True),
        ("TARGET", "2023-03-11", False),
        ("TARGET", "2019-04-19", False),
        ("US", "2019-04-19", True),
        ("US", "2022-07-04", False),
        ("TARGET", "2022-07-04", True),
        ("IN", "2024-01-26", False),
        ("BR", "2024-04-21", False),
        ("EG", "2023-03-12", True),
        ("EG", "2023-03-10", False),
        ("AE", "2021-11-05", False),
        ("AE", "2023-03-10", True),
        ("AE", "2023-03-12", False),
    ],
)
def test_weekends_and_holidays_of_the_country(calendar: str, day: str, is_open: bool) -> None:
    """Friday and Saturday in Egypt, in the Emirates until 2021; Good Friday is no federal holiday in the US."""
    assert is_business_day(calendar, D(day)) is is_open


def test_counting_on() -> None:
    """0 is the day itself if it is one, else the next; the weekend of March 2023 separates Friday from Monday."""
    assert add_business_days("US", D("2023-03-10"), 0) == D("2023-03-10")
    assert add_business_days("US", D("2023-03-11"), 0) == D("2023-03-13")
    assert add_business_days("US", D("2023-03-10"), 1) == D("2023-03-13")
    assert add_business_days("TARGET", D("2019-04-18"), 1) == D("2019-04-23")
    for day in ("2023-03-10", "2023-03-11", "2023-03-12"):
        assert add_business_days("US", D(day), 1 if day.endswith("10") else 0) == D("2023-03-13")
    assert add_business_days("US", D("2023-03-10"), 2) == D("2023-03-14")
    assert add_business_days("EG", D("2023-03-09"), 1) == D("2023-03-12")


def test_every_calendar_answers() -> None:
    """All of the table."""
    assert all(is_business_day(name, D("2024-02-13")) for name in CALENDARS if name != "BR")
    assert not is_business_day("TARGET", D("2024-12-25"))


@pytest.mark.parametrize("count", [-1, 100_001])
def test_a_count_out_of_reach(count: int) -> None:
    """Bounded, as every loop."""
    with pytest.raises(ParameterError):
        add_business_days("US", D("2023-03-10"), count)


@pytest.mark.parametrize("day", ["1998-12-31", "2100-01-01"])
def test_years_that_the_calendars_do_not_know(day: str) -> None:
    """TARGET began in 1999."""
    with pytest.raises(ParameterError, match="1999 to 2099"):
        is_business_day("TARGET", D(day))


def test_the_outermost_years_are_known() -> None:
    """1999 to 2099."""
    assert is_business_day("TARGET", D("1999-01-04"))
    assert is_business_day("TARGET", D("2099-12-31"))


def test_an_unknown_calendar_names_those_that_exist() -> None:
    """One clear error."""
    with pytest.raises(UnknownNameError, match="TARGET, US, GB") as caught:
        is_business_day("MARS", D("2023-03-10"))
    assert caught.value.name == "unknown_calendar"
