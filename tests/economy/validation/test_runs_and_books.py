"""Gates 5 and 10: they pass, and fail where something is wrong."""

import pytest

from economy.reserve import postings
from economy.validation import accounting, runs
from economy.validation.table import SUBJECTS


def test_the_runs() -> None:
    """'Reserve Primary 0.96511 / 0.98744; USDC 0.92162 / 0.96081 / 0.91749; Tether 10.8 bn met at par; UST not.'"""
    found = list(runs.gates())
    assert [gate.name for gate in found if not gate.passed] == []
    assert {gate.number for gate in found} == {5}
    assert [gate.ours for gate in found] == [
        "0.92162", "0.96081", "0.91749", "0.91232", "0.96511", "0.98744", "10.8 bn, 0 days late, 0 haircut", "6 of 6",
    ]  # fmt: skip
    assert {"runs", "accounting"} <= set(SUBJECTS)


def test_a_wrong_figure_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """One digit off."""
    monkeypatch.setattr(runs, "USDC", ("0.92163", *runs.USDC[1:]))
    assert [gate.passed for gate in runs.gates()].count(False) == 1


def test_the_books(monkeypatch: pytest.MonkeyPatch) -> None:
    """'Assets - liabilities - capital = 0 to the micro-unit'; a book that leaks fails the gate and says where."""
    (gate,) = accounting.gates(2_000)
    assert (gate.number, gate.passed, gate.ours) == (10, True, "0")
    assert accounting.EVENTS == 500_000
    honest = postings.issue
    monkeypatch.setattr(postings, "issue", lambda book, amount: honest(book, amount + 1))
    (gate,) = accounting.gates(2_000)
    assert not gate.passed
    assert gate.ours.startswith("event ")
