"""Whole coins to micro-units, each refusal by its rule and number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.client.amounts import AmountSyntaxError, format_amount, parse_amount


@pytest.mark.parametrize(
    ("text", "micro"),
    [
        ("25", 25_000_000),
        ("0.50", 500_000),
        ("0.000001", 1),
        ("007.5", 7_500_000),
        ("18446744073709.551615", 2**64 - 1),
    ],
)
def test_amounts(text, micro) -> None:
    """'Amounts are whole coins with decimals on the command line, micro-units in JSON'."""
    assert parse_amount(text) == micro


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0", "above 0"),
        ("0.000000", "above 0"),
        ("-5", "above 0, got -5"),
        ("0.0000001", "6 decimals, 0.0000001 has 7"),
        ("18446744073709.551616", "at most 18446744073709.551615"),
        ("9" * 21, "at most 18446744073709.551615"),
        ("", "no amount"),
        ("1.", "no amount"),
        (".5", "no amount"),
        ("1e3", "no amount"),
        ("1,5", "no amount"),
        ("+1", "no amount"),
        (" 1", "no amount"),
        ("\uff11", "no amount"),
    ],
)
def test_refused(text, words) -> None:
    """Zero, negative, more digits than micro-units, above 2^64-1, and what is no number."""
    with pytest.raises(AmountSyntaxError) as caught:
        parse_amount(text)
    assert words in caught.value.message
    assert caught.value.name == "bad_amount"


@given(st.integers(1, 2**64 - 1))
def test_round_trip(micro) -> None:
    """What is shown can be typed."""
    assert parse_amount(format_amount(micro)) == micro
