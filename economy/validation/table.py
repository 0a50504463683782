"""All gates: what `mithqal reserve validate` prints, and the error when one fails."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from economy.errors import GateError
from economy.exact.rounding import HALF_UP, check_mode
from economy.market.reading import load_history
from economy.validation import (
    accounting,
    adoption,
    backtest,
    composing,
    corridors,
    issuer,
    models,
    rebuild,
    runs,
    sheets,
    signs,
    volatility,
)
from economy.validation.gate import Gate

SUBJECTS: Mapping[str, Callable[[], Iterator[Gate]]] = {
    "sheets": sheets.gates,
    "rebuild": rebuild.gates,
    "backtest": backtest.gates,
    "composing": composing.gates,
    "corridors": corridors.gates,
    "adoption": adoption.gates,
    "runs": runs.gates,
    "accounting": accounting.gates,
    "volatility": volatility.gates,
    "models": models.gates,
    "signs": signs.gates,
    "issuer": issuer.gates,
}
"""A function for each subject, in the order of the table. That of the sheets is also given the rounding."""

Json = dict[str, Any]


def run_subject(subject: str, rounding: str = HALF_UP) -> Iterator[Gate]:
    """The gates of one subject."""
    check_mode(rounding)
    return sheets.gates(rounding) if subject == "sheets" else SUBJECTS[subject]()


def in_order(gates: Sequence[Gate]) -> list[Gate]:
    """By number; those of one number stay in the order of the table."""
    return sorted(gates, key=lambda gate: gate.number)


def table_document(gates: Sequence[Gate], rounding: str) -> Json:
    """The table as the command's result."""
    source = load_history().source
    failed = _failed(gates)
    return {
        "passed": not failed,
        "gates": [_line(gate) for gate in in_order(gates)],
        "failed": [gate.name for gate in failed],
        "rounding": rounding,
        "rates": {"source": source.name, "version": source.version, "sha256": source.sha256},
    }


def table_lines(gates: Sequence[Gate]) -> list[str]:
    """The table for people: short figures on one line, long ones below each other."""
    lines = []
    gates = in_order(gates)
    for gate in gates:
        verdict = ("pass" if gate.passed else "FAIL") if gate.is_gated else "    "
        lines.append(f"{verdict}  {gate.number:>2}  {gate.name} ({gate.tolerance})")
        if len(gate.published) + len(gate.ours) <= 60:
            lines.append(f"          published {gate.published}, ours {gate.ours}")
        else:
            lines += [f"          published {gate.published}", f"          ours      {gate.ours}"]
    sources: dict[str, list[int]] = {}
    for gate in gates:
        sources.setdefault(gate.source, []).append(gate.number)
    lines.append("")
    lines += [f"sources of {', '.join(map(str, sorted(set(n))))}: {text}" for text, n in sources.items()]
    passed = sum(gate.passed for gate in gates if gate.is_gated)
    lines.append(f"{passed} of {sum(gate.is_gated for gate in gates)} gates pass")
    return lines


def check_gates(gates: Sequence[Gate]) -> None:
    """GateError `gate_failed` naming each gate that fails, with both numbers."""
    failed = _failed(gates)
    if failed:
        told = "; ".join(f"{gate.number} {gate.name}: published {gate.published}, ours {gate.ours}" for gate in failed)
        raise GateError(
            f"{len(failed)} of {sum(gate.is_gated for gate in gates)} gates fail: {told}",
            failed=[_line(gate) for gate in failed],
        )


def _line(gate: Gate) -> Json:
    """One gate; its number is called by its usual name."""
    return {"gate": gate.number, **{key: value for key, value in gate._asdict().items() if key != "number"}}


def _failed(gates: Sequence[Gate]) -> list[Gate]:
    return [gate for gate in gates if gate.is_gated and not gate.passed]
