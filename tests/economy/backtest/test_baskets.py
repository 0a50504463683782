"""Baskets by name and as typed, and what is refused."""

from decimal import Decimal

import pytest

from economy.backtest.baskets import basket_names, find_basket
from economy.basket import BASKET
from economy.errors import ParameterError, UnknownNameError


def test_the_disclosed_weights() -> None:
    """lbr2019: USD 50, EUR 18, JPY 14, GBP 11, SGD 7; no CNY."""
    basket = find_basket("lbr2019")
    assert {code: str(part) for code, part in basket.parts.items()} == {
        "USD": "0.50", "EUR": "0.18", "JPY": "0.14", "GBP": "0.11", "SGD": "0.07"
    }  # fmt: skip
    assert not basket.is_amounts


def test_fixed_amounts() -> None:
    """xdx is the chain's basket, sdr2022 the IMF's amounts."""
    assert list(find_basket("xdx").parts.values()) == list(BASKET.values())
    assert list(find_basket("xdx").parts) == ["USD", "EUR", "JPY", "GBP", "SGD"]
    assert find_basket("sdr2022").parts["CNY"] == Decimal("1.0993")
    assert find_basket("xdx").is_amounts
    assert find_basket("sdr1999").is_amounts


def test_the_names() -> None:
    """Every name finds its basket, and each set of weights sums to 1."""
    names = ["lbr2019", "guess2019", "xdx", "sdr1999", "sdr2001", "sdr2006", "sdr2011", "sdr2016", "sdr2022"]
    assert basket_names() == names
    for name in names:
        basket = find_basket(name)
        assert basket.name == name
        assert basket.source
        assert basket.is_amounts or sum(basket.parts.values()) == 1


def test_typed_weights() -> None:
    """USD=0.5,EUR=0.3,...: exact decimals that sum to exactly 1."""
    basket = find_basket("USD=0.5,EUR=0.3, JPY=0.2")
    assert basket.parts == {"USD": Decimal("0.5"), "EUR": Decimal("0.3"), "JPY": Decimal("0.2")}
    assert find_basket("USD=0.1,EUR=0.2,JPY=0.7")
    assert find_basket("INR=1").parts == {"INR": 1}
    assert find_basket("xus=0.5,eur=0.5").parts == {"USD": Decimal("0.5"), "EUR": Decimal("0.5")}


def test_twenty_currencies_are_a_basket() -> None:
    """One more is refused."""
    assert len(find_basket(",".join(f"A{chr(65 + n)}A=0.05" for n in range(20))).parts) == 20


def test_percentages_are_told_how_they_are_written() -> None:
    """What to type next."""
    with pytest.raises(ParameterError, match="sum to 100, not to 1: write"):
        find_basket("USD=50,EUR=50")


@pytest.mark.parametrize(
    ("text", "total"), [("USD=0.5,EUR=0.499999", "0.999999"), ("USD=0.5,EUR=0.500001", "1.000001")]
)
def test_weights_that_do_not_sum_to_1(text: str, total: str) -> None:
    """One clear error with the sum."""
    with pytest.raises(ParameterError) as caught:
        find_basket(text)
    assert caught.value.name == "weights_do_not_sum"
    assert caught.value.details == {"sum": total}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("USD=0.5,USD=0.5", "USD stands twice"),
        ("USD=1.5,EUR=-0.5", "EUR has the weight '-0.5'"),
        ("USD=1,EUR=0", "EUR has the weight '0'"),
        ("USD=nan", "USD has the weight 'nan'"),
        ("USD=inf", "USD has the weight 'inf'"),
        ("USD=1e0", "USD has the weight '1e0'"),
        ("USD=", "USD has the weight ''"),
        ("US=1", "a weight is written USD=0.5, not 'US=1'"),
        ("xus=0.5,USD=0.5", "USD stands twice"),
        ("USD=1,", "a weight is written USD=0.5, not ''"),
        ("=1", "a weight is written USD=0.5"),
        (",".join(f"A{chr(65 + n)}A=0.1" for n in range(21)), "21 currencies, at most 20"),
    ],
)
def test_baskets_that_cannot_be_read(text: str, message: str) -> None:
    """Negative or zero, NaN, inf, duplicates."""
    with pytest.raises(ParameterError) as caught:
        find_basket(text)
    assert caught.value.name == "bad_basket"
    assert message in caught.value.message


def test_an_unknown_basket_names_those_that_exist() -> None:
    """One clear error that names what is available."""
    with pytest.raises(UnknownNameError, match="lbr2019, guess2019, xdx, sdr1999") as caught:
        find_basket("libra")
    assert caught.value.name == "unknown_basket"
    assert caught.value.details == {"basket": "libra", "available": basket_names()}
