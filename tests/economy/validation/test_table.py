"""Validation as a command: every gate passes, and fails under each rounding mutation and for a wrong figure."""

from fractions import Fraction

import pytest

from economy.errors import GateError, ParameterError
from economy.exact.rounding import MODES
from economy.validation import backtest, composing, rebuild, sheets
from economy.validation.gate import Gate
from economy.validation.table import SUBJECTS, check_gates, run_subject, table_document, table_lines

PASSING = Gate(1, "fine", "1.5", "1.5", "exact", True, "a book")
FAILING = Gate(3, "wrong", "2.90", "2.91", "printed digit", False, "a paper")
REPORTED = Gate(2, "told", "3.3 bp", "8.8 bp", "reported", False, "a table", is_gated=False)


@pytest.mark.parametrize("subject", [sheets, rebuild, backtest, composing], ids=lambda module: module.__name__)
def test_every_gate_of_ours_passes(subject) -> None:
    """`reserve validate` passes every gate."""
    found = list(subject.gates())
    assert [gate for gate in found if gate.is_gated and not gate.passed] == []
    assert {gate.number for gate in found} == {subject.GATE}
    assert all(gate.source and gate.tolerance for gate in found)


def test_the_gates_are_as_many_as_the_references() -> None:
    """Two sheets and a tie; nine values, five changes, amounts of two years; 29 rows; eleven vectors."""
    counts = [sum(gate.is_gated for gate in module.gates()) for module in (sheets, rebuild, backtest, composing)]
    assert counts == [3, 9 + 5 + 2 * 4 + 2 * 2, 29, 11]


@pytest.mark.parametrize("mode", MODES[1:])
def test_every_rounding_mutation_fails(mode: str) -> None:
    """`reserve validate` fails under each rounding mutation."""
    found = list(run_subject("sheets", mode))
    assert not all(gate.passed for gate in found)
    with pytest.raises(GateError):
        check_gates(found)


def test_the_tolerances_are_the_issues() -> None:
    """Nine values within 27 bp, changeovers <= 0.7 bp, amounts of 2016 <= 0.02 % ex-CNY, of 2022 <= 0.05 %."""
    assert rebuild.MOST_BP == 27
    assert rebuild.MOST_BP_AT_CHANGE * 10 == 7
    assert {2016: Fraction(1, 50), 2022: Fraction(1, 20)} == rebuild.MOST_PERCENT
    found = {gate.name: gate for gate in rebuild.gates()}
    ours = [gate.ours for name, gate in found.items() if name.startswith("change")]
    assert [text.split(" (")[0] for text in ours] == ["0.40 bp", "0.69 bp", "0.48 bp", "0.44 bp", "0.22 bp"]
    assert found["median distance"].ours == "8.8 bp over 9 days"
    assert [found[f"amount of CNY from weights, {day}"].is_gated for day in ("2016-10-01", "2022-08-01")] == [
        False,
        False,
    ]


def test_an_unknown_rounding_is_refused_for_every_subject() -> None:
    """Also for those that round nothing."""
    for subject in SUBJECTS:
        with pytest.raises(ParameterError):
            run_subject(subject, "none")


def test_a_figure_that_is_off_fails(monkeypatch) -> None:
    """The gate compares: another amount, another row, another ratio is noticed."""
    rows = backtest.published_rows()
    monkeypatch.setattr(backtest, "published_rows", lambda: rows | {"daily kurtosis": "6.08"})
    assert [gate.name for gate in backtest.gates() if not gate.passed] == ["daily kurtosis"]
    monkeypatch.setattr(rebuild, "MOST_BP", 26)
    assert [gate.name for gate in rebuild.gates() if not gate.passed] == ["SDR for a dollar, 2016-11-09"]
    monkeypatch.setattr(composing, "FIVE", composing.FIVE | {"XUS": "0.51"})
    assert not all(gate.passed for gate in composing.gates())


def test_a_failure_names_each_gate_with_both_numbers() -> None:
    """Exit 8 if one fails; a reported line cannot fail."""
    check_gates([PASSING, REPORTED])
    with pytest.raises(GateError) as caught:
        check_gates([PASSING, REPORTED, FAILING])
    assert caught.value.message == "1 of 2 gates fail: 3 wrong: published 2.90, ours 2.91"
    assert caught.value.details["failed"] == [
        {"gate": 3, "name": "wrong", "published": "2.90", "ours": "2.91", "tolerance": "printed digit", "passed": False,
         "source": "a paper", "is_gated": True}
    ]  # fmt: skip


def test_the_table_for_programs() -> None:
    """The published number, ours, the tolerance, pass or fail, the source."""
    document = table_document([PASSING, REPORTED], "half-up")
    assert document["passed"] is True
    assert document["failed"] == []
    assert document["gates"][0] == {
        "gate": 1, "name": "fine", "published": "1.5", "ours": "1.5", "tolerance": "exact", "passed": True,
        "source": "a book", "is_gated": True,
    }  # fmt: skip
    assert document["rates"]["version"]
    assert table_document([FAILING], "up")["failed"] == ["wrong"]


def test_the_table_for_people() -> None:
    """By gate; verdict, figures, sources, the count."""
    lines = table_lines([FAILING, PASSING, REPORTED])
    assert lines[:6] == [
        "pass   1  fine (exact)",
        "          published 1.5, ours 1.5",
        "       2  told (reported)",
        "          published 3.3 bp, ours 8.8 bp",
        "FAIL   3  wrong (printed digit)",
        "          published 2.90, ours 2.91",
    ]
    assert lines[-1] == "1 of 2 gates pass"
    assert "sources of 3: a paper" in lines
