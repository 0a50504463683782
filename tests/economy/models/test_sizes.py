"""The ECB's closed form, on its own figures and on others."""

from decimal import Decimal

import pytest

from economy.models import sizes


def test_the_printed_scenarios() -> None:
    """'152.7 / 563.6 / 2,930 bn EUR = 63.6 / 234.8 / 1,221 EUR per user; inflow = (18 % - 10 %) x size; paper 80 %.'"""
    printed = [
        (str(case.size_bn), str(case.holding), str(case.inflow_bn), str(case.paper_bn)) for case in sizes.SCENARIOS
    ]
    assert printed == [
        ("152.7", "63.6", "12.2", "122"), ("563.6", "234.8", "45.1", "451"), ("2930", "1221", "234.3", "2344"),
    ]  # fmt: skip


@pytest.mark.parametrize(("size", "inflow", "paper"), [("100", "8", "80"), ("2930", "234.4", "2344"), ("0", "0", "0")])
def test_inflow_and_paper(size: str, inflow: str, paper: str) -> None:
    """Exact decimals: 8 % of the size is new in the euro area, 80 % of it is government paper at least."""
    assert sizes.euro_inflow_bn(Decimal(size)) == Decimal(inflow)
    assert sizes.paper_bn(Decimal(size)) == Decimal(paper)


def test_size_and_holding_are_each_others_inverse() -> None:
    """2.4 bn users unless said otherwise."""
    assert sizes.size_bn(Decimal(50)) == 120
    assert sizes.size_bn(Decimal(50), Decimal(3)) == 150
    assert sizes.holding(Decimal(120)) == 50
    assert sizes.holding(Decimal(150), Decimal(3)) == 50
