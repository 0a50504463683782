"""What a receipt shows: exact amounts on a real day, rounding, and the corridor's usual cost beside it."""

import dataclasses
import datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import AmountError
from economy.basket import COIN_CURRENCY
from economy.corridors.quotes import LEAVES_OUT, Quote, cut_off, quote, significant
from economy.errors import RateError, UnknownNameError
from economy.market.rates import DayRates, load_day

DAY = load_day(datetime.date(2019, 6, 18))


def made_up(**per_euro: str) -> DayRates:
    """A day with invented rates."""
    rates = {"EUR": Decimal(1)} | {code: Decimal(text) for code, text in per_euro.items()}
    return DayRates(datetime.date(2020, 1, 2), rates, "0", "0")


def test_a_receipt_in_full() -> None:
    """25 dollars to India on 2019-06-18: 25 * 78.0005 / 1.1187 = 1743.1058... rupees, cut off."""
    assert quote(25_000_000, "XUS", "IN", DAY) == Quote(
        sent=Decimal("25.000000"),
        coin="XUS",
        from_country="US",
        to_country="IN",
        received=Decimal("1743.10"),
        currency="INR",
        rate=Decimal("69.72423348"),
        rate_date=datetime.date(2019, 6, 18),
        world_bank_pct=Decimal("3.15"),
        world_bank_quarter="2020Q3",
        world_bank_reason=None,
        leaves_out=LEAVES_OUT,
    )


@pytest.mark.parametrize(
    ("sent", "coin", "receiver", "received", "rate", "pct"),
    [
        (200_000_000, "XUS", "BR", "774.34", "3.871726110", "5.64"),
        (10_000_000_000, "XJP", "BR", "357.72", "0.03577221671", "11.05"),
        (100_000_000, "XGB", "IN", "8724.59", "87.24595371", "2.92"),
        (100_000_000, "XUS", "MX", "1912.35", "19.12353624", "4.18"),
        (100_000_000, "XUS", "PH", "5207.91", "52.07919907", "3.64"),
        (100_000_000, "XGB", "PH", "6516.67", "65.16671700", None),
        (1_000_000, "XUS", "JP", "108", "108.2327701", None),
        (1_234_567, "XUS", "US", "1.23", "1", None),
    ],
)
def test_the_corridors_of_the_story(
    sent: int, coin: str, receiver: str, received: str, rate: str, pct: str | None
) -> None:
    """What arrives, at the day's rate with ten significant digits, in the receiver's minor unit."""
    result = quote(sent, coin, receiver, DAY)
    assert str(result.received) == received
    assert str(result.sent) == f"{sent // 10**6}.{sent % 10**6:06d}"
    assert result.rate == Decimal(rate)
    assert result.world_bank_pct == (None if pct is None else Decimal(pct))
    assert (result.world_bank_quarter is None) == (result.world_bank_reason is not None) == (pct is None)


def test_the_date_of_the_rate_is_that_of_the_fixing() -> None:
    """A payment on a Sunday shows Friday's rate and says so."""
    sunday = load_day(datetime.date(2019, 6, 16))
    assert quote(1_000_000, "XUS", "IN", sunday).rate_date == datetime.date(2019, 6, 14)


def test_the_amount_follows_from_the_exact_ratio_not_from_the_shown_rate() -> None:
    """111.87 dollars are exactly 7800.05 rupees; by the shown, cut-off rate a paisa would be lost."""
    result = quote(111_870_000, "XUS", "IN", DAY)
    assert result.received == Decimal("7800.05")
    assert result.sent * result.rate < Decimal("7800.05")


@pytest.mark.parametrize(
    ("micro", "received"),
    [(0, "0.00"), (4_999, "0.00"), (5_000, "0.00"), (9_999, "0.00"), (10_000, "0.01"), (19_999, "0.01")],
)
def test_the_amount_received_is_cut_off(micro: int, received: str) -> None:
    """Rounded down to the minor unit, in favour of honesty: neither half up nor half even."""
    assert str(quote(micro, "XUS", "US", DAY).received) == received


@pytest.mark.parametrize(
    ("country", "currency", "received"), [("JP", "JPY", "1"), ("KW", "KWD", "1.999"), ("IN", "INR", "1.99")]
)
def test_the_minor_unit_is_the_receivers(country: str, currency: str, received: str) -> None:
    """ISO 4217: yen have no decimals, Kuwaiti dinars three."""
    day = made_up(USD="1", **{currency: "1.9999"})
    result = quote(1_000_000, "XUS", country, day)
    assert (str(result.received), result.currency) == (received, currency)


def test_the_sender_picks_the_corridor() -> None:
    """The corridor starts at the coin's home unless a country is given; the euro has no single home."""
    assert quote(1, "XUS", "IN", DAY, from_country="AE").world_bank_pct == Decimal("2.97")
    assert quote(1, "XUS", "IN", DAY, from_country="AE").from_country == "AE"
    assert quote(1, "XSG", "IN", DAY).world_bank_pct == Decimal("1.77")
    euro = quote(1_000_000, "XEU", "BR", DAY)
    assert (euro.from_country, euro.world_bank_pct, euro.world_bank_quarter) == (None, None, None)
    assert euro.world_bank_reason == "the sender's country is not known, so no corridor can be named"
    assert (euro.received, euro.rate) == (Decimal("4.33"), Decimal("4.3313"))
    assert quote(1_000_000, "XEU", "BR", DAY, from_country="PT").world_bank_pct == Decimal("6.52")


def test_plain_words_say_what_the_comparison_leaves_out() -> None:
    """Cash-in and cash-out are not included."""
    assert LEAVES_OUT.startswith("cash-in and cash-out are not included")
    assert "World Bank" in LEAVES_OUT
    assert "margin" in LEAVES_OUT


@pytest.mark.parametrize("amount", [-1, 2**64])
def test_an_amount_is_unsigned_64_bit(amount: int) -> None:
    """0 .. 2^64-1 micro-units, and one more or less is refused."""
    with pytest.raises(AmountError) as caught:
        quote(amount, "XUS", "IN", DAY)
    assert (caught.value.name, caught.value.details) == ("amount_out_of_range", {"amount": amount})
    assert str(caught.value) == f"{amount} micro-units is not in 0 .. 18446744073709551615"


def test_the_largest_amount_is_quoted_to_the_last_digit() -> None:
    """No digit is lost to a decimal context."""
    result = quote(2**64 - 1, "XUS", "IN", DAY)
    exact = DAY.cross("USD", "INR") * (2**64 - 1) / 10**6
    assert result.sent == Decimal("18446744073709.551615")
    assert 0 <= exact - Fraction(result.received) < Fraction(1, 100)


def test_what_cannot_be_quoted_is_refused_by_name() -> None:
    """Unknown coin, unknown country at either end, a currency that the ECB does not quote."""
    with pytest.raises(UnknownNameError) as coin:
        quote(1, "USD", "IN", DAY)
    assert str(coin.value) == "unknown coin 'USD'; the coins are XUS, XEU, XJP, XGB, XSG"
    assert (coin.value.name, coin.value.details) == ("unknown_currency", {"currency": "USD"})
    for keywords in ({"to_country": "ZZ"}, {"to_country": "IN", "from_country": "ZZ"}):
        with pytest.raises(UnknownNameError) as country:
            quote(1, "XUS", day=DAY, **keywords)
        assert (country.value.name, country.value.details["country"]) == ("unknown_country", "ZZ")
    with pytest.raises(RateError, match="EGP has no ECB reference rate on 2019-06-18") as rate:
        quote(1, "XUS", "EG", DAY)
    assert rate.value.name == "rate_not_available"


def test_no_float_is_in_a_receipt() -> None:
    """No floats anywhere near published figures."""
    values = dataclasses.asdict(quote(25_000_000, "XUS", "IN", DAY)).values()
    assert not any(isinstance(value, float) for value in values)


COINS = st.sampled_from(list(COIN_CURRENCY))


@given(st.integers(0, 2**64 - 1), COINS, st.sampled_from(["US", "IN", "JP", "BR"]))
def test_never_more_than_the_exact_amount_and_less_than_one_minor_unit_below(
    micro: int, coin: str, country: str
) -> None:
    """The amount received and the rate shown are both cut off, never rounded up."""
    result = quote(micro, coin, country, DAY)
    ratio = DAY.cross(COIN_CURRENCY[coin], result.currency)
    unit = Fraction(1) if country == "JP" else Fraction(1, 100)
    assert 0 <= ratio * micro / 10**6 - Fraction(result.received) < unit
    assert 0 <= ratio - Fraction(result.rate) < ratio / 10**9
    assert Fraction(result.sent) == Fraction(micro, 10**6)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [("0", 2, "0.00"), ("1/3", 0, "0"), ("2/3", 3, "0.666"), ("199/100", 1, "1.9"), ("12", 2, "12.00")],
)
def test_cut_off_keeps_exactly_the_digits(value: str, digits: int, text: str) -> None:
    """Exactly that many decimal places, the rest cut off."""
    assert str(cut_off(Fraction(value), digits)) == text


@pytest.mark.parametrize(
    ("value", "digits", "number"),
    [("2/3", 4, "0.6666"), ("199999/10", 4, "19990"), ("1", 10, "1"), ("1/8", 10, "0.125"), ("0", 3, "0")],
)
def test_significant_digits_are_cut_off(value: str, digits: int, number: str) -> None:
    """At most that many significant digits, the rest cut off."""
    assert significant(Fraction(value), digits) == Decimal(number)
