"""A back-test as a page: the path, the comparison with what could have been held instead, the years, and the data."""

import math

from economy.backtest.document import CONVENTIONS, NOTE, caution
from economy.backtest.measures import Move
from economy.backtest.run import WINDOWS, Measured, Result
from economy.report.charts import bar_chart, line_chart
from economy.report.page import Section, Table, render

MOST_POINTS = 700
"""A picture shows so many fixings at most, evenly chosen, the last among them; every figure is from all of them."""


def backtest_page(result: Result) -> str:
    """The whole page; PlotsMissingError without matplotlib."""
    order, window = result.order, result.window
    lead = (
        f"{order.basket.name} in the money of a holder of {order.holder}, {window.dates[0]} to {window.dates[-1]},"
        f" {len(window.dates)} fixings; amounts of {result.base_fixing}, rebalanced: {order.rebalance}. {NOTE}."
    )
    warning = caution(result)
    sections = [
        Section("Value", warning and f"Mind: {warning}.", value_chart(result)),
        Section("Beside what could have been held", "Simple returns, in percent.", table=_comparison(result)),
        *_volatility(result),
        Section("Year by year", table=_years(result.basket)),
        Section("Basket", f"Source: {order.basket.source}.", table=_parts(result)),
        Section("Conventions and data", f"{CONVENTIONS}.", source=_source(result)),
    ]
    return render(f"Back-test of {order.basket.name}", lead, sections)


def value_chart(result: Result) -> str:
    """The basket and the dollar in the holder's money, both 100 at the start, as SVG text; its title says what in the
    rates is filled or synthetic."""
    dates = result.window.dates
    step = max(1, math.ceil(len(dates) / MOST_POINTS))
    places = sorted({*range(0, len(dates), step), len(dates) - 1})
    items = [result.basket, *(item for item in result.alternatives if item.name == "XUS")]
    series = {item.name: [float(item.values[place] / item.values[0] * 100) for place in places] for item in items}
    days = [dates[place].isoformat() for place in places]
    warning = caution(result)
    title = f"Value in {result.order.holder}" + (f" (mind: {warning})" if warning else "")
    return line_chart(title, days, series, unit=f"{result.order.holder}, 100 at the start")


def _volatility(result: Result) -> list[Section]:
    """The bars of volatility; no section for a path that is too short for any."""
    names, bars = _volatilities(result)
    if not bars:
        return []
    chart = bar_chart(f"Yearly volatility in {result.order.holder}", names, bars, unit="percent")
    return [Section("Volatility", "", chart)]


def _comparison(result: Result) -> Table:
    """The basket and its alternatives."""
    header = (
        "held", "volatility %", "total %", *(f"worst {days} d %" for days in WINDOWS), "max drawdown %", "from", "to"
    )  # fmt: skip
    return Table(header, tuple(_compared(item) for item in (result.basket, *result.alternatives)))


def _compared(item: Measured) -> tuple[str, ...]:
    fall = item.drawdown
    moves = (_percent(item.worst[days]) for days in WINDOWS)
    days = (fall.peak.isoformat(), fall.trough.isoformat()) if fall.percent < 0 else ("", "")
    volatility = "" if item.volatility_percent is None else f"{item.volatility_percent:.2f}"
    return item.name, volatility, f"{item.total_percent:.1f}", *moves, f"{fall.percent:.2f}", *days


def _percent(move: Move | None) -> str:
    return "" if move is None else f"{move.percent:.2f}"


def _volatilities(result: Result) -> tuple[list[str], list[float]]:
    """Names and bars."""
    items = [item for item in (result.basket, *result.alternatives) if item.volatility_percent is not None]
    return [item.name for item in items], [round(item.volatility_percent or 0.0, 2) for item in items]


def _years(item: Measured) -> Table:
    rows = tuple(
        (str(year), "" if volatility is None else f"{volatility:.2f}", f"{percent:.2f}")
        for year, volatility, percent in item.years
    )
    return Table(("year", "volatility %", "return %"), rows)


def _parts(result: Result) -> Table:
    """What the basket is made of."""
    rows = tuple(
        (code, f"{amount:.6f}", *(f"{result.weights[at][code] * 100:.2f}" for at in ("base", "start", "end")))
        for code, amount in result.amounts.items()
    )
    return Table(("currency", "amount", "base date %", "start %", "end %"), rows)


def _source(result: Result) -> str:
    source = result.window.source
    return f"{source.name}, file with SHA-256 {source.sha256}"
