"""Rounding: exactly the printed digits, by a mode that is one parameter; a model of the standard library beside it."""

import decimal
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from economy.errors import ParameterError
from economy.exact.rounding import FLOAT, HALF_UP, MODES, round_places, round_significant

MODELS = {
    "half-up": decimal.ROUND_HALF_UP,
    "half-even": decimal.ROUND_HALF_EVEN,
    "half-down": decimal.ROUND_HALF_DOWN,
    "down": decimal.ROUND_DOWN,
    "up": decimal.ROUND_UP,
}


def test_the_rule_is_the_first_mode() -> None:
    """The rounding mode is one parameter, half up unless it is said otherwise."""
    assert MODES[0] == HALF_UP == "half-up"
    assert set(MODES) == {*MODELS, FLOAT}
    assert round_places(Fraction("0.5852205"), 6) == Decimal("0.585221")


@pytest.mark.parametrize(
    ("value", "mode", "printed"),
    [
        ("0.5856435", "half-up", "0.585644"),
        ("0.5856435", "half-even", "0.585644"),
        ("0.5856435", "half-down", "0.585643"),
        ("0.5856435", "float", "0.585643"),
        ("0.5852205", "half-up", "0.585221"),
        ("0.5852205", "half-even", "0.585220"),
        ("0.58522050000001", "half-down", "0.585221"),
        ("0.5852209", "down", "0.585220"),
        ("0.5852201", "up", "0.585221"),
        ("0.585220", "up", "0.585220"),
        ("0", "up", "0.000000"),
        ("-0.5852205", "half-up", "-0.585221"),
    ],
)
def test_ties_and_their_neighbours(value: str, mode: str, printed: str) -> None:
    """Each leg has six decimals; on a tie the modes part."""
    assert str(round_places(Fraction(value), 6, mode)) == printed


@given(st.decimals(min_value=-10, max_value=10, places=9), st.integers(0, 8), st.sampled_from(sorted(MODELS)))
def test_decimal_places_as_the_standard_library(value: Decimal, places: int, mode: str) -> None:
    """Our integers and the decimal module agree on everything that has an end."""
    expected = value.quantize(Decimal(1).scaleb(-places), rounding=MODELS[mode])
    ours = round_places(Fraction(value), places, mode)
    assert ours == expected
    assert ours.as_tuple().exponent == -places


@given(st.fractions(min_value=Fraction(1, 10**6), max_value=10**6), st.sampled_from(sorted(MODELS)))
def test_significant_digits_as_the_standard_library(value: Fraction, mode: str) -> None:
    """Six significant digits, none more, none fewer."""
    context = decimal.Context(prec=6, rounding=MODELS[mode])
    ours = round_significant(value, 6, mode)
    assert ours == context.divide(Decimal(value.numerator), Decimal(value.denominator))
    assert len(ours.as_tuple().digits) == 6


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("9.9999949", "9.99999"),
        ("9.999995", "10.0000"),
        ("0.0999999499", "0.0999999"),
        ("0.09999995", "0.100000"),
        ("1", "1.00000"),
        ("1234567", "1234570"),
    ],
)
def test_a_carry_keeps_the_number_of_digits(value: str, printed: str) -> None:
    """9.999995 becomes 10.0000, not 10.00000."""
    ours = round_significant(Fraction(value), 6)
    assert f"{ours:f}" == printed


@pytest.mark.parametrize("value", ["1.578607", "0.633470", "9.9999996", "0.1"])
def test_the_float_mutation_prints_as_many_digits(value: str) -> None:
    """A spreadsheet's way, for comparison."""
    assert len(round_significant(Fraction(value), 6, FLOAT).as_tuple().digits) == 6


def test_an_unknown_mode_names_the_modes() -> None:
    """One clear error that names what is available."""
    with pytest.raises(ParameterError, match="half-up, half-even, half-down, down, up, float") as caught:
        round_places(Fraction(1), 2, "banker")
    assert caught.value.details == {"rounding": "banker"}
