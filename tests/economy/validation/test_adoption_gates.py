"""Gate 7 by the adoption model: it passes, and a holding that is a little off fails."""

from decimal import Decimal

import pytest

from economy.adoption import sizes
from economy.validation.adoption import gates


def test_the_ecb_s_sizes_come_out_of_the_model() -> None:
    """152.7, 563.6 and 2,930 bn euros; 12.2, 45.1 and 234.3 bn flow in anew."""
    found = list(gates())
    assert [gate.ours for gate in found] == ["152.7 / 12.2", "563.6 / 45.1", "2930 / 234.3"]
    assert all(gate.passed and gate.number == 7 and gate.is_gated and gate.source for gate in found)


@pytest.mark.parametrize(("holding", "passed"), [("63.61", True), ("63.6", False), ("63.65", False)])
def test_another_holding_fails(holding: str, passed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """63.61 euros still print 152.7; 63.6 print 152.6, and 63.65 print 152.8."""
    changed = (sizes.SCENARIOS[0]._replace(holding_eur=Decimal(holding)), *sizes.SCENARIOS[1:])
    monkeypatch.setattr(sizes, "SCENARIOS", changed)
    assert [gate.passed for gate in gates()] == [passed, True, True]
