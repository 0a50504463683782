"""The result of a back-test for programs, for people and for spreadsheets."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from economy.backtest.measures import Drawdown, Floats, Move
from economy.backtest.run import WINDOWS, Measured, Result

Json = dict[str, Any]

CONVENTIONS = (
    "Volatility: sample standard deviation of daily log returns x sqrt(252); a window of N days: from a fixing to the"
    " last fixing that is not more than N calendar days later; returns are simple; no cost, no yield, no spread"
)
NOTE = "Past rates, not a forecast; reference rates are for information, nobody is promised a trade at them"


def backtest_document(result: Result) -> Json:
    """Everything; percentages and values as numbers, days as ISO text, what cannot be computed as null."""
    order, window = result.order, result.window
    basket = order.basket
    return {
        "basket": {
            "name": basket.name,
            "is_amounts": basket.is_amounts,
            "source": basket.source,
            "base_date": (order.base or window.dates[0]).isoformat(),
            "base_fixing": result.base_fixing.isoformat(),
            "is_hindsight": result.is_hindsight,
            "amounts": _rounded(result.amounts),
            "end_amounts": _rounded(result.end_amounts),
            **{f"weights_{at}_pct": _percent(shares) for at, shares in result.weights.items()},
        },
        "holder": order.holder,
        "from": order.start.isoformat(),
        "to": order.end.isoformat(),
        "rebalance": order.rebalance,
        "days": len(window.dates),
        **_measured(result.basket),
        "start_value_usd": _number(result.usd_values[0]),
        "end_value_usd": _number(result.usd_values[-1]),
        "analytic_volatility_pct": _number(result.analytic_volatility_percent),
        "alternatives": [{"name": item.name, **_measured(item)} for item in result.alternatives],
        "rates": window.provenance(),
        "conventions": CONVENTIONS,
        "note": NOTE,
        "path": [
            [day.isoformat(), _number(value)] for day, value in zip(window.dates, result.basket.values, strict=True)
        ],
    }


def backtest_csv(result: Result) -> str:
    """The value path as CSV: the basket in the holder's money and in dollars, and each alternative."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    out.write(f"# {result.window.source.name}, sha256 {result.window.source.sha256}; {caution(result) or NOTE}\n")
    holder = result.order.holder
    heads = [f"{item.name} in {holder}" for item in result.alternatives]
    writer.writerow(["date", f"{result.basket.name.replace(',', ' ')} in {holder}", "basket in USD", *heads])
    columns = [result.basket.values, result.usd_values, *(item.values for item in result.alternatives)]
    for place, day in enumerate(result.window.dates):
        writer.writerow([day.isoformat(), *(f"{column[place]:.10g}" for column in columns)])
    return out.getvalue()


def backtest_lines(result: Result) -> list[str]:
    """A table for people."""
    order, window = result.order, result.window
    held = " ".join(f"{code} {amount:.6f}" for code, amount in result.amounts.items())
    windows = " ".join(f"{f'worst {days} d':>22}" for days in WINDOWS)
    lines = [
        f"{order.basket.name} in {order.holder}, {window.dates[0]} to {window.dates[-1]}: {len(window.dates)} fixings",
        f"  amounts set on {result.base_fixing}: {held}; rebalanced: {order.rebalance}",
        f"  weights at the end: {' '.join(f'{code} {share:.2%}' for code, share in result.weights['end'].items())}",
        f"  value {_span(result.basket.values)} {order.holder} ({_span(result.usd_values)} USD)",
        "",
        f"  {'held instead':14} {'vol %':>7} {'total %':>9} {windows} {'max drawdown':>34}",
    ]
    lines += [_row("the basket", result.basket), *(_row(item.name, item) for item in result.alternatives), ""]
    warning = caution(result)
    lines += [f"  {words}" for words in (warning, f"source: {window.source.name}", NOTE) if words]
    return lines


def caution(result: Result) -> str:
    """In words, whatever in the rates is not a published figure of its own day, and hindsight; "" if nothing is."""
    window = result.window
    words = []
    filled = sum(len(days) for days in window.filled.values())
    if filled:
        codes = ", ".join(code for code, days in window.filled.items() if days)
        words.append(f"{filled} rates are filled with an older one ({codes})")
    if window.synthetic:
        words.append(f"{', '.join(window.synthetic)} is synthetic: a peg, not a published rate")
    words += [f"{code}: {how}" for code, how in window.redenominated.items()]
    if result.is_hindsight:
        words.append(f"the amounts are those of {result.base_fixing}, after the start: known only with hindsight")
    return "; ".join(words)


def _measured(item: Measured) -> Json:
    """What is measured on one path."""
    normal, historical = item.var_percent or (None, None)
    return {
        "volatility_pct": _number(item.volatility_percent),
        "start_value": _number(item.values[0]),
        "end_value": _number(item.values[-1]),
        "total_return_pct": _number(item.total_percent),
        "worst": {str(days): _move(item.worst[days]) for days in WINDOWS},
        "best": {str(days): _move(item.best[days]) for days in WINDOWS},
        "max_drawdown": _drawdown(item.drawdown),
        "kurtosis": _number(item.kurtosis),
        "var_99_1d_pct": {"normal": _number(normal), "historical": _number(historical)},
        "years": [
            {"year": year, "volatility_pct": _number(volatility), "return_pct": _number(percent)}
            for year, volatility, percent in item.years
        ],
    }


def _move(move: Move | None) -> Json | None:
    if move is None:
        return None
    return {"return_pct": _number(move.percent), "from": move.start.isoformat(), "to": move.end.isoformat()}


def _drawdown(found: Drawdown) -> Json:
    back = None if found.recovered is None else found.recovered.isoformat()
    return {
        "return_pct": _number(found.percent),
        "from": found.peak.isoformat(),
        "to": found.trough.isoformat(),
        "recovered": back,
    }


def _row(name: str, item: Measured) -> str:
    """One line of the table."""
    volatility = "" if item.volatility_percent is None else f"{item.volatility_percent:.2f}"
    cells = []
    for days in WINDOWS:
        move = item.worst[days]
        cells.append("" if move is None else f"{move.percent:.2f} ({move.end})")
    deep = item.drawdown
    fall = f"{deep.percent:.2f} ({deep.peak}..{deep.trough})" if deep.percent < 0 else "0.00"
    moves = " ".join(f"{cell:>22}" for cell in cells)
    return f"  {name:14} {volatility:>7} {item.total_percent:>9.1f} {moves} {fall:>34}"


def _span(values: Floats) -> str:
    """First and last of a path."""
    return f"{values[0]:.6f} -> {values[-1]:.6f}"


def _rounded(amounts: Mapping[str, float]) -> Json:
    return {code: round(amount, 6) for code, amount in amounts.items()}


def _percent(shares: Mapping[str, float]) -> Json:
    return {code: round(share * 100, 6) for code, share in shares.items()}


def _number(value: float | None) -> float | None:
    """Ten significant digits: more than any figure means, and the same text on every machine."""
    return None if value is None else float(f"{float(value):.10g}") + 0.0  # no -0
