"""The ECB's three sizes of May 2020, in the digits printed."""

from decimal import Decimal

import pytest

from economy.adoption.sizes import SCENARIOS, ecb_sizes, printed, reserve_size
from economy.adoption.summary import find_scenario
from economy.errors import ParameterError


def test_the_ecb_s_three_sizes() -> None:
    """2.4 bn users; 152.7, 563.6 and 2,930 bn euros; inflows of (18 % - 10 %) x size: 12.2, 45.1, 234.3."""
    found = [(row["size_bn_eur"], row["inflow_bn_eur"], row["exact"]) for row in ecb_sizes()]
    assert found == [("152.7", "12.2", True), ("563.6", "45.1", True), ("2930", "234.3", True)]
    assert all(row["source"] for row in ecb_sizes())


def test_the_size() -> None:
    """Users x holding, in exact decimals; the holdings are those that the printed sizes imply."""
    assert reserve_size(Decimal(2_400_000_000), Decimal("63.62")) == Decimal(152_688_000_000)
    assert [(case.name, str(case.holding_eur), case.printed_size, case.printed_inflow) for case in SCENARIOS] == [
        ("payments", "63.62", "152.7", "12.2"),
        ("savings", "234.83", "563.6", "45.1"),
        ("fund", "1220.3", "2930", "234.3"),
    ]


@pytest.mark.parametrize(
    ("value", "like", "text"),
    [("152.688", "152.7", "152.7"), ("2928.72", "2930", "2930"), ("2924.9", "2930", "2920"), ("12.04", "12", "12"),
     ("234.35", "234.3", "234.4"), ("234.34999", "234.3", "234.3")],
)  # fmt: skip
def test_printed_digits(value: str, like: str, text: str) -> None:
    """As many decimals as were printed, or tens where the printed number ends in a zero."""
    assert printed(Decimal(value), like) == text


@pytest.mark.parametrize("text", ["rich", "", "-1", "-0.01", "NaN", "inf", "10000000.01"])
def test_absurd_holdings(text: str) -> None:
    """A holding is one of the ECB's cases, or 0 to 10,000,000 euros."""
    with pytest.raises(ParameterError, match="a holding is payments, savings, fund") as caught:
        find_scenario(text)
    assert caught.value.name == "bad_parameter"


def test_holdings_at_the_bounds() -> None:
    """Nothing, and ten million."""
    assert [str(find_scenario(text).holding_eur) for text in ("0", "10000000", "fund")] == ["0", "10000000", "1220.3"]
