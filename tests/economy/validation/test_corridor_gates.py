"""Gate 9: it passes, and it fails when a number or the identity is wrong."""

from decimal import Decimal

import pytest

from economy.corridors import costs
from economy.validation import corridors
from economy.validation.corridors import gates, holds_identity, synthetic_quotes


def test_sixteen_corridors_and_the_identity() -> None:
    """Gate 9 of the reference: the 16 corridors to 0.01 pp, the cost identity on every synthetic quote."""
    found = list(gates())
    assert len(found) == 17
    assert all(gate.passed and gate.number == 9 and gate.is_gated and gate.source for gate in found)
    assert found[0].published == found[0].ours == "2.80 / 3.15"
    assert found[-1].ours == "100 %"


@pytest.mark.parametrize(("shown", "passed"), [("3.15", True), ("3.16", False), ("3.14", False)])
def test_a_hundredth_of_a_point_fails(shown: str, passed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less than 0.01 points apart passes; 0.01 does not."""
    monkeypatch.setattr(corridors, "PUBLISHED", f"US IN 2.80 {shown}")
    assert [gate.passed for gate in gates()] == [passed, True]


def test_a_wrong_total_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A margin that is forgotten, or rounding to two digits, breaks the identity."""
    right = costs.total_pct
    monkeypatch.setattr(costs, "total_pct", lambda fee, amount, margin: right(fee, amount, Decimal(0)))
    assert [gate.passed for gate in gates()][-1] is False
    monkeypatch.setattr(costs, "total_pct", lambda fee, amount, margin: round(right(fee, amount, margin), 2))
    assert [gate.passed for gate in gates()][-1] is False


def test_synthetic_quotes_differ_and_come_again() -> None:
    """Made-up quotes are the same each time and not one quote many times."""
    first, second = list(synthetic_quotes(50)), list(synthetic_quotes(50))
    assert first == second
    assert len({quote.total_pct for quote in first}) == 50
    assert all(holds_identity(quote) for quote in first)
