"""From weights to amounts and back: the IMF's re-basing rule."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from economy.errors import ParameterError
from economy.exact.rebasing import amounts_from_weights, rounded_amounts, weights_from_amounts

POSITIVE = st.fractions(min_value=Fraction(1, 1000), max_value=1000)


@given(st.lists(st.tuples(POSITIVE, POSITIVE, POSITIVE), min_size=1, max_size=6), POSITIVE)
def test_value_on_the_last_day_and_weights_by_the_means(
    rows: list[tuple[Fraction, Fraction, Fraction]], value: Fraction
) -> None:
    """amount_i = k w_i / mean_i, with k such that old and new have equal value on the transition day: exactly."""
    names = [f"C{place}" for place in range(len(rows))]
    weights, means, last = (dict(zip(names, column, strict=True)) for column in zip(*rows, strict=True))
    amounts = amounts_from_weights(weights, means, last, value)
    assert sum(amounts[name] * last[name] for name in names) == value
    back = weights_from_amounts(amounts, means)
    assert sum(back.values()) == 1
    assert back == {name: weight / sum(weights.values()) for name, weight in weights.items()}


def test_amounts_are_rounded_to_five_digits_and_the_dollar_is_nudged() -> None:
    """Since 2016 to 5 significant digits, with a nudge on the dollar if needed."""
    one = Fraction(1)
    last = {"USD": one, "EUR": Fraction("1.2")}
    amounts = {"USD": Fraction("0.600004"), "EUR": Fraction("0.3333333")}
    value = sum((amounts[code] * last[code] for code in amounts), Fraction(0))
    assert rounded_amounts(amounts, last, value) == {"USD": Decimal("0.60001"), "EUR": Decimal("0.33333")}
    higher = value + Fraction("0.00002")
    assert rounded_amounts(amounts, last, higher)["USD"] == Decimal("0.60003")
    lower = value - Fraction("0.00002")
    assert rounded_amounts(amounts, last, lower)["USD"] == Decimal("0.59999")


def test_the_nudge_counts_in_the_money_of_the_value() -> None:
    """A unit of the nudged currency may be worth more than one: the value decides, not the amount."""
    last = {"GBP": Fraction(2)}
    amounts = {"GBP": Fraction("0.10000")}
    for step, expected in ((9, "0.10000"), (11, "0.10001"), (29, "0.10001"), (31, "0.10002"), (-11, "0.09999")):
        value = Fraction("0.2") + Fraction(step, 10**6)
        assert rounded_amounts(amounts, last, value, nudged="GBP")["GBP"].quantize(Decimal("0.00001")) == Decimal(
            expected
        )


@pytest.mark.parametrize(
    ("weights", "means"),
    [({"USD": 1}, {"EUR": 1}), ({"USD": 0}, {"USD": 1}), ({"USD": 1}, {"USD": 0}), ({"USD": -1}, {"USD": 1})],
)
def test_what_makes_no_sense(weights: dict[str, int], means: dict[str, int]) -> None:
    """The same currencies, each with a positive number."""
    shares, rates = ({code: Fraction(number) for code, number in row.items()} for row in (weights, means))
    with pytest.raises(ParameterError):
        amounts_from_weights(shares, rates, dict.fromkeys(weights, Fraction(1)), Fraction(1))
