"""The basket XDX: its value and weights on real days, and the rates that the chain stores."""

import datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from economy.basket import (
    BASKET,
    COIN_CURRENCY,
    QUOTE_DENOMINATOR,
    RateQuote,
    exact_quote,
    xdx_rates,
    xdx_value,
    xdx_weights,
)
from economy.errors import RateError
from economy.market.rates import DayRates, load_day

ANNOUNCED = load_day(datetime.date(2019, 6, 18))


def made_up(**per_euro: str) -> DayRates:
    """A day with invented rates."""
    rates = {"EUR": Decimal(1)} | {code: Decimal(text) for code, text in per_euro.items()}
    return DayRates(datetime.date(2020, 1, 2), rates, "0", "0")


def test_the_amounts_of_the_basket() -> None:
    """One XDX is 0.5 XUS + 0.160901 XEU + 15.152588 XJP + 0.087909 XGB + 0.095974 XSG."""
    assert [(coin, COIN_CURRENCY[coin], str(amount)) for coin, amount in BASKET.items()] == [
        ("XUS", "USD", "0.5"),
        ("XEU", "EUR", "0.160901"),
        ("XJP", "JPY", "15.152588"),
        ("XGB", "GBP", "0.087909"),
        ("XSG", "SGD", "0.095974"),
    ]


def test_one_xdx_was_one_dollar_when_it_was_announced() -> None:
    """On 2019-06-18 one XDX is worth 1 USD within 1e-6 and weighs 50/18/14/11/7 %."""
    assert abs(xdx_value(ANNOUNCED, "USD") - 1) < Fraction(1, 10**6)
    weights = xdx_weights(ANNOUNCED)
    assert list(weights) == ["XUS", "XEU", "XJP", "XGB", "XSG"]
    for weight, percent in zip(weights.values(), (50, 18, 14, 11, 7), strict=True):
        assert abs(weight * 100 - percent) < Fraction(1, 10**3)
    assert sum(weights.values()) == 1


@pytest.mark.parametrize(
    ("date", "dollars"),
    [
        ("2019-12-31", "1.007778"),
        ("2020-12-31", "1.037044"),
        ("2021-12-31", "1.003500"),
        ("2022-09-28", "0.918081"),
        ("2022-12-31", "0.963818"),
        ("2023-12-31", "0.969359"),
        ("2024-12-31", "0.944239"),
        ("2025-12-31", "0.978804"),
    ],
)
def test_the_basket_in_dollars_over_the_years(date: str, dollars: str) -> None:
    """The value path that was computed independently from the same rates, within a millionth."""
    value = xdx_value(load_day(datetime.date.fromisoformat(date)), "USD")
    assert abs(value - Fraction(dollars)) <= Fraction(1, 10**6)


def test_the_drifted_weights_at_the_end_of_2025() -> None:
    """51.08/19.32/9.88/12.09/7.63 %: fixed amounts let the weights drift."""
    weights = xdx_weights(load_day(datetime.date(2025, 12, 31)))
    assert [f"{round(weight * 10000) / 100:.2f}" for weight in weights.values()] == [
        "51.08",
        "19.32",
        "9.88",
        "12.09",
        "7.63",
    ]


def test_a_made_up_day_by_hand() -> None:
    """Each amount times the value of its currency: at par the basket is the sum of its amounts."""
    par = made_up(USD="1", JPY="1", GBP="1", SGD="1")
    total = Fraction("15.997372")
    assert xdx_value(par, "EUR") == xdx_value(par, "USD") == total
    assert xdx_weights(par)["XJP"] == Fraction("15.152588") / total
    doubled = made_up(USD="2", JPY="1", GBP="1", SGD="1")
    assert xdx_value(doubled, "EUR") == total - Fraction("0.25")
    assert xdx_value(doubled, "USD") == 2 * total - Fraction("0.5")


def test_the_rates_of_the_announcement_day() -> None:
    """How many XDX one unit is worth, to twelve places cut off."""
    quotes = {quote.code: quote for quote in xdx_rates(ANNOUNCED)}
    expected = {
        "XUS": 999999418126,
        "XEU": 1118699349057,
        "XJP": 9239340510,
        "XGB": 1251299563837,
        "XSG": 729364551478,
        "INR": 14342207409,
        "BRL": 258282582378,
        "IDR": 69820175,
    }
    assert {code: quotes[code].numerator for code in expected} == expected
    assert {quote.denominator for quote in quotes.values()} == {10**12}
    assert quotes["XUS"].raw == (999999418126 << 32) // 10**12 == 4294964796


def test_coins_come_first_and_each_money_once() -> None:
    """Coins in the basket's order, then the other currencies by code; those with a coin are not repeated."""
    codes = [quote.code for quote in xdx_rates(ANNOUNCED)]
    assert codes[:5] == ["XUS", "XEU", "XJP", "XGB", "XSG"]
    assert codes[5:] == sorted(set(ANNOUNCED.per_euro) - {"USD", "EUR", "JPY", "GBP", "SGD"})
    assert {"INR", "BRL", "MXN", "PHP"} <= set(codes)


@pytest.mark.parametrize("dark", ["USD", "JPY", "GBP", "SGD"])
def test_without_one_of_the_five_nothing_has_a_rate(dark: str) -> None:
    """A currency of the basket that is dark leaves no value of XDX."""
    rates = {code: "1" for code in ("USD", "JPY", "GBP", "SGD", "INR") if code != dark}
    with pytest.raises(RateError) as caught:
        xdx_rates(made_up(**rates))
    assert (caught.value.name, caught.value.details["currency"]) == ("rate_not_available", dark)


@pytest.mark.parametrize("date", ["1999-01-04", "2008-12-10", "2019-06-18", "2022-03-02", "2026-10-30"])
def test_the_chain_stores_the_bits_of_the_exact_ratio(date: str) -> None:
    """Truncation happens once: numerator << 32 // denominator is the exact ratio cut off to 32 bits."""
    day = load_day(datetime.date.fromisoformat(date))
    for quote in xdx_rates(day):
        exact = 1 / xdx_value(day, COIN_CURRENCY.get(quote.code, quote.code))
        assert (quote.numerator << 32) // quote.denominator == exact * 2**32 // 1 == quote.raw
        assert quote.raw >= 1
        assert max(quote.numerator, quote.denominator) < 2**64


def test_the_stored_rates_almost_add_up_to_one_basket() -> None:
    """Amounts times stored rates are one XDX, short by less than the sum of the cut-off bits."""
    raws = {quote.code: quote.raw for quote in xdx_rates(ANNOUNCED)}
    total = sum(Fraction(amount) * Fraction(raws[coin], 2**32) for coin, amount in BASKET.items())
    assert 0 <= 1 - total < Fraction(16, 2**32)


@given(st.fractions(min_value=Fraction(1, 2**32), max_value=10**6))
@example(Fraction(1, 2**32))
@example(Fraction(3, 2**32))
@example(Fraction(2**32 - 1, 2**32))
@example(Fraction(1))
def test_a_quote_is_the_exact_ratio_cut_off(ratio: Fraction) -> None:
    """Within 10^-12 of the exact ratio, and the same 32-bit value."""
    quote = exact_quote("INR", ratio)
    assert quote.raw == ratio.numerator * 2**32 // ratio.denominator
    assert abs(Fraction(quote.numerator, quote.denominator) - ratio) < Fraction(1, QUOTE_DENOMINATOR)


def test_the_next_decimal_up_only_where_cutting_off_would_lose_a_bit() -> None:
    """3 * 2^-32 is 698.49 * 10^-12: 698 would be stored as 2, so 699 is published; 1/3 is simply cut off."""
    assert exact_quote("A", Fraction(3, 2**32)) == RateQuote("A", 699, 10**12)
    assert exact_quote("A", Fraction(1, 3)) == RateQuote("A", 333333333333, 10**12)
    assert exact_quote("A", Fraction(2, 3)) == RateQuote("A", 666666666666, 10**12)
    assert exact_quote("A", Fraction(1)) == RateQuote("A", 10**12, 10**12)


def test_the_limits_of_the_chains_rates() -> None:
    """A ratio that underflows to 0 aborts on chain, and both integers are u64: refused before that."""
    assert exact_quote("A", Fraction(1, 2**32)).raw == 1
    largest = Fraction(2**64 - 1, 10**12)
    assert exact_quote("A", largest).numerator == 2**64 - 1
    for ratio in (Fraction(1, 2**32) - Fraction(1, 2**80), largest + Fraction(1, 10**12)):
        with pytest.raises(RateError) as caught:
            exact_quote("IDR", ratio)
        assert caught.value.name == "rate_not_representable"
        assert caught.value.details == {"currency": "IDR"}
