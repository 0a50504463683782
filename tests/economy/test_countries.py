"""Who uses which money, and the digits of each currency."""

import pytest

from economy.basket import COIN_CURRENCY
from economy.corridors.prices import load_corridors
from economy.countries import COIN_HOME, COUNTRIES, find_country, minor_digits
from economy.errors import UnknownNameError


@pytest.mark.parametrize(
    ("code", "currency", "coin"),
    [
        ("US", "USD", "XUS"),
        ("GB", "GBP", "XGB"),
        ("JP", "JPY", "XJP"),
        ("SG", "SGD", "XSG"),
        ("DE", "EUR", "XEU"),
        ("IN", "INR", None),
        ("BR", "BRL", None),
        ("MX", "MXN", None),
        ("PH", "PHP", None),
        ("EG", "EGP", None),
    ],
)
def test_local_money_and_coin(code: str, currency: str, coin: str | None) -> None:
    """Country -> local currency, and the coin people there pay in."""
    country = find_country(code)
    assert (country.code, country.currency, country.coin) == (code, currency, coin)


def test_the_names_of_the_countries() -> None:
    """English names, for sentences."""
    assert [country.name for country in COUNTRIES.values()] == [
        "United States",
        "United Kingdom",
        "Japan",
        "Singapore",
        "Germany",
        "Portugal",
        "India",
        "Brazil",
        "Mexico",
        "Philippines",
        "Guatemala",
        "Egypt",
        "Saudi Arabia",
        "United Arab Emirates",
        "Kuwait",
        "Qatar",
    ]


def test_a_coin_exists_for_the_currencies_of_the_basket_and_no_other() -> None:
    """People pay in the coin of their own currency, where there is one."""
    coin_of = {currency: coin for coin, currency in COIN_CURRENCY.items()}
    for code, country in COUNTRIES.items():
        assert country.code == code
        assert country.coin == coin_of.get(country.currency)
        assert minor_digits(country.currency) in (0, 2, 3)


def test_the_home_of_a_coin() -> None:
    """The one country whose money a coin is; the euro has many."""
    assert dict(COIN_HOME) == {"XUS": "US", "XGB": "GB", "XJP": "JP", "XSG": "SG"}
    assert all(COUNTRIES[home].coin == coin for coin, home in COIN_HOME.items())


def test_every_country_of_the_corridor_file_is_known() -> None:
    """The corridors' countries are all listed."""
    assert {code for corridor in load_corridors().costs for code in corridor} <= set(COUNTRIES)


@pytest.mark.parametrize("code", ["ZZ", "us", "", "USA"])
def test_an_unknown_country_names_those_that_exist(code: str) -> None:
    """One clear error that names what is available."""
    with pytest.raises(UnknownNameError) as caught:
        find_country(code)
    assert caught.value.name == "unknown_country"
    assert caught.value.details == {"country": code, "known": sorted(COUNTRIES)}
    assert f"unknown country {code!r}; known are AE, BR, DE" in str(caught.value)


@pytest.mark.parametrize(("currency", "digits"), [("USD", 2), ("JPY", 0), ("KWD", 3), ("INR", 2), ("CLF", 4)])
def test_digits_by_iso_4217(currency: str, digits: int) -> None:
    """Decimal places of a currency's minor unit."""
    assert minor_digits(currency) == digits


@pytest.mark.parametrize("currency", ["XDX", "usd", "", "XDR"])
def test_a_code_without_minor_unit_is_refused(currency: str) -> None:
    """Not in ISO 4217, or there without a minor unit (the SDR)."""
    with pytest.raises(UnknownNameError) as caught:
        minor_digits(currency)
    assert caught.value.name == "unknown_currency"
    assert caught.value.details == {"currency": currency}
