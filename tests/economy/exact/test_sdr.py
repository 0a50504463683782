"""The IMF's sheet to the last printed digit, its rebuild from the ECB's rates, and what is refused."""

import datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from economy.errors import DateError, ParameterError, UnknownNameError
from economy.exact.sdr import parse_rates, rebuilt_rates, sheet_document, sheet_lines, value_sdr
from economy.exact.tables import basket_on, published_values, sdr_baskets, sdr_weights, sheets, source_of
from economy.market.rates import load_day

D = datetime.date.fromisoformat
SHEET = {"EUR": Fraction("1.38450"), "JPY": Fraction("76.79"), "GBP": Fraction("1.58010")}


def test_the_sheet_of_2011_10_19() -> None:
    """Legs 6 decimals half-up, USD-in-SDR 1/sum to 6 significant digits, SDR-in-USD 1/(that) to 6 significant."""
    found = sheet_document(value_sdr(D("2011-10-19"), SHEET))
    assert found == {
        "date": "2011-10-19",
        "basket_effective": "2011-01-01",
        "is_rebuild": False,
        "rates": {"source": "given with the command"},
        "rounding": "half-up",
        "legs": {"USD": "0.660000", "EUR": "0.585644", "JPY": "0.157573", "GBP": "0.175391"},
        "rows": [
            {"currency": "USD", "amount": "0.6600", "rate": "1.00000", "usd": "0.660000", "weight_pct": "41.81"},
            {"currency": "EUR", "amount": "0.4230", "rate": "1.38450", "usd": "0.585644", "weight_pct": "37.10"},
            {"currency": "JPY", "amount": "12.1", "rate": "76.79000", "usd": "0.157573", "weight_pct": "9.98"},
            {"currency": "GBP", "amount": "0.1110", "rate": "1.58010", "usd": "0.175391", "weight_pct": "11.11"},
        ],
        "sum": "1.578608",
        "sdr_per_usd": "0.633469",
        "usd_per_sdr": "1.57861",
    }


def test_the_sheet_of_2022_11_29() -> None:
    """Five currencies; CNY and JPY are quoted in units for a dollar."""
    rates = {
        "CNY": Fraction("7.16950"),
        "EUR": Fraction("1.03815"),
        "JPY": Fraction("137.96"),
        "GBP": Fraction("1.20235"),
    }
    found = sheet_document(value_sdr(D("2022-11-29"), rates))
    assert found["legs"] == {
        "USD": "0.578130",
        "EUR": "0.388050",
        "CNY": "0.153330",
        "JPY": "0.097507",
        "GBP": "0.097234",
    }
    assert (found["sum"], found["sdr_per_usd"], found["usd_per_sdr"]) == ("1.314251", "0.760890", "1.31425")


def test_an_sdr_in_dollars_is_the_reciprocal_of_the_rounded_number() -> None:
    """1/0.633469 is 1.578609..., 1/1.578608 is 0.6334695...: the second rounding starts from the first."""
    day, rates = D("2011-10-19"), {"EUR": Fraction("1.3"), "JPY": Fraction("90"), "GBP": Fraction("1.5")}
    found = value_sdr(day, rates)
    assert found.usd_per_sdr == round(1 / found.sdr_per_usd, 5)
    assert found.total == Decimal("1.510844")
    assert (str(found.sdr_per_usd), str(found.usd_per_sdr)) == ("0.661882", "1.51084")


@pytest.mark.parametrize("mode", ["half-down", "down", "up", "float"])
def test_every_other_rounding_misses_the_sheet(mode: str) -> None:
    """The rounding mode is one parameter, so that a mutation fails."""
    found = value_sdr(D("2011-10-19"), SHEET, mode)
    assert str(found.sdr_per_usd) == "0.633470"


@pytest.mark.parametrize(
    ("day", "effective"),
    [
        ("1999-01-01", "1999-01-01"),
        ("2000-12-31", "1999-01-01"),
        ("2001-01-01", "2001-01-01"),
        ("2010-12-31", "2006-01-01"),
        ("2011-01-01", "2011-01-01"),
        ("2016-09-30", "2011-01-01"),
        ("2016-10-01", "2016-10-01"),
        ("2022-07-31", "2016-10-01"),
        ("2022-08-01", "2022-08-01"),
        ("2027-07-31", "2022-08-01"),
    ],
)
def test_the_basket_in_force(day: str, effective: str) -> None:
    """For the basket in force on D."""
    assert basket_on(D(day)).effective == D(effective)


@pytest.mark.parametrize("day", ["1998-12-31", "2027-08-01"])
def test_days_without_a_known_basket(day: str) -> None:
    """Dates outside the data name what is available."""
    with pytest.raises(DateError, match="they run from 1999-01-01 to 2027-07-31") as caught:
        basket_on(D(day))
    assert caught.value.name == "date_outside_data"


def test_amounts_keep_their_digits() -> None:
    """11.900 yen since 2016, as published."""
    amounts = basket_on(D("2016-10-01")).amounts
    assert {code: str(amount) for code, amount in amounts.items()} == {
        "USD": "0.58252", "EUR": "0.38671", "CNY": "1.0174", "JPY": "11.900", "GBP": "0.085946"
    }  # fmt: skip
    assert len(sdr_baskets()) == 6
    assert "CNY" not in basket_on(D("2016-09-30")).amounts


def test_the_rebuild_uses_the_last_fixing_and_says_so() -> None:
    """Without --rate: from ECB rates of that date, marked as a rebuild, with the fixing's age."""
    day = D("2023-03-12")
    rates = load_day(day)
    found = sheet_document(value_sdr(day, rebuilt_rates(day, rates)), rates)
    assert found["is_rebuild"] is True
    source = found["rates"]
    assert isinstance(source, dict)
    assert (source["fixing"], source["age_days"], source["is_filled"]) == ("2023-03-10", 2, True)
    assert source["version"] == rates.package_version
    assert source["sha256"] == rates.data_sha256
    assert sheet_lines(found)[-1].endswith("fixing of 2023-03-10, 2 days before: not a published figure")
    assert found["usd_per_sdr"] == "1.32736"


def test_rebuilt_rates_are_quoted_as_the_sheet_quotes_them() -> None:
    """EUR and GBP in dollars a unit, JPY and CNY in units a dollar, exact."""
    day = D("2019-06-18")
    assert rebuilt_rates(day, load_day(day)) == {
        "EUR": Fraction("1.1187"),
        "GBP": Fraction("1.1187") / Fraction("0.89403"),
        "JPY": Fraction("121.08") / Fraction("1.1187"),
        "CNY": Fraction(load_day(day).per_euro["CNY"]) / Fraction("1.1187"),
    }


@pytest.mark.parametrize("asked", ["2019-06-26", "2019-06-17"])
def test_rates_of_another_day_are_no_rebuild(asked: str) -> None:
    """At most seven days old, and never of a later day."""
    with pytest.raises(ParameterError, match="are not those of"):
        rebuilt_rates(D(asked), load_day(D("2019-06-18")))
    assert rebuilt_rates(D("2019-06-25"), load_day(D("2019-06-18")))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["EUR"], "a rate is written EUR=1.38450, not 'EUR'"),
        (["EUR=1", "EUR=1"], "EUR has two rates"),
        (["EUR="], "EUR has the rate ''"),
        (["EUR=0"], "EUR has the rate '0'"),
        (["EUR=0.000"], "EUR has the rate '0.000'"),
        (["EUR=-1"], "EUR has the rate '-1'"),
        (["EUR=nan"], "EUR has the rate 'nan'"),
        (["EUR=inf"], "EUR has the rate 'inf'"),
        (["EUR=1e3"], "EUR has the rate '1e3'"),
        (["EUR=1,38"], "EUR has the rate '1,38'"),
        (["EUR=1234567890123"], "EUR has the rate"),
    ],
)
def test_rates_that_cannot_be_read(words: list[str], message: str) -> None:
    """Negative or zero, NaN, inf, duplicates: one clear error."""
    with pytest.raises(ParameterError) as caught:
        parse_rates(words)
    assert caught.value.name == "bad_rates"
    assert message in caught.value.message


def test_a_currency_that_no_sdr_has_held() -> None:
    """Unknown currency: names what is available."""
    with pytest.raises(UnknownNameError, match="USD, EUR, CNY, JPY, GBP") as caught:
        parse_rates(["INR=80"])
    assert caught.value.name == "unknown_currency"


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ({"EUR": 1, "JPY": 1}, "needs rates of EUR, JPY, GBP: GBP is missing"),
        ({**SHEET, "CNY": 1}, "needs rates of EUR, JPY, GBP: CNY is not in it"),
        ({**SHEET, "USD": 1}, "the dollar is the unit"),
        ({**SHEET, "GBP": 0}, "a rate is above 0"),
        ({**SHEET, "GBP": -1}, "a rate is above 0"),
    ],
)
def test_the_rates_are_those_of_the_basket(rates: dict[str, Fraction], message: str) -> None:
    """Each currency of the basket once, and no other."""
    with pytest.raises(ParameterError) as caught:
        value_sdr(D("2011-10-19"), {code: Fraction(rate) for code, rate in rates.items()})
    assert caught.value.name == "bad_rates"
    assert message in caught.value.message


def test_rates_of_no_use_at_all() -> None:
    """A dollar in SDR has six digits, so far as it exists."""
    huge = {"EUR": Fraction(10**12), "JPY": Fraction(1, 10**12), "GBP": Fraction(10**12)}
    assert len(value_sdr(D("2011-10-19"), huge).sdr_per_usd.as_tuple().digits) == 6


def test_what_the_data_files_hold() -> None:
    """Copied with their source: nine published values, two sheets, two sets of weights that sum to 100."""
    assert [str(day) for day, _ in published_values()][::8] == ["2007-06-18", "2018-01-11"]
    assert [str(value) for _, value in published_values()][::8] == ["0.662469", "0.702769"]
    assert [str(sheet.date) for sheet in sheets()] == ["2011-10-19", "2022-11-29"]
    assert [sum(weights.percent.values()) for weights in sdr_weights()] == [100, 100]
    assert (
        source_of("sdr_published.csv")
        == "SDR per US dollar as published by the IMF on the day (printed by Business Recorder)"
    )
