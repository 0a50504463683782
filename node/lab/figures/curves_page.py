"""Curves of latency as one HTML file that needs nothing else: a chart for each fault against the run without it."""

from html import escape
from math import log10
from typing import Any

WIDTH, HEIGHT, LEFT, BOTTOM = 560, 240, 44, 34
TICKS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1.5rem; }
svg { width: 100%; height: auto; } text { font-size: 11px; fill: #555; }
table { border-collapse: collapse; } td, th { padding: .2rem .8rem; text-align: right; border-bottom: 1px solid #ddd; }
td:first-child, th:first-child { text-align: left; } .grid { stroke: #e4e4e4; }
.base { stroke: #0072b2; } .fault { stroke: #d55e00; } polyline { fill: none; stroke-width: 2; }
.between { fill: #d55e00; opacity: .15; }
"""

NONE = "none"
"""The fault of a size's first row, against which the others stand."""
Curve = list[tuple[float, float]]
"""(seconds, share of payments that were final within them), rising."""


def page(found: dict[str, Any]) -> str:
    """The page of a `node.lab.figures.sensitivity.measure`."""
    rows = found["faults"]
    spans = [seconds for row in rows for seconds, _ in row["curve"]]
    span = (min(spans, default=0.1), max(spans, default=1.0))
    sizes = " and ".join(map(str, found["validators"]))
    about = (
        f"Networks of {sizes} validators, {found['rate']} payments a second for {found['run_ms'] / 1000:g} s of"
        f" virtual time, seed {found['seed']}, signatures by {found['signatures']}. Blue: without the fault; orange:"
        " with it. The score is the absolute difference of the integrals of the two curves (Stabl, arXiv 2409.13142)."
    )
    charts, base = "", []
    for row in rows:
        if row["fault"] == NONE:
            base = row["curve"]
        else:
            title = f"{row['validators']} validators, {row['fault']}: {row['score_s']} s"
            charts += f"<section><h2>{escape(title)}</h2>{chart(base, row['curve'], span)}</section>"
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Sensitivity to faults</title>'
        f"<style>{STYLE}</style><h1>Sensitivity to faults</h1><p>{escape(about)}</p>{table(rows)}"
        f"<main>{charts}</main></html>\n"
    )


def table(rows: list[dict[str, Any]]) -> str:
    """All figures."""
    names = ("validators", "score_s", "area_s", "payments", "unfinished", "p50_ms", "p99_ms", "max_ms")
    head = "".join(f"<th>{escape(name)}</th>" for name in ("fault", *names))
    body = "".join("<tr>" + f"<td>{escape(row['fault'])}</td>" + "".join(f"<td>{row[name]}</td>" for name in names)
                   + "</tr>" for row in rows)  # fmt: skip
    return f"<table><tr>{head}</tr>{body}</table>"


def chart(base: Curve, fault: Curve, span: tuple[float, float]) -> str:
    """Two steps that rise from 0 to 1, and the area between them; seconds on a logarithmic scale."""
    low, high = log10(span[0]) - 0.05, log10(span[1]) + 0.05

    def at(seconds: float, share: float) -> str:
        across = (log10(max(seconds, span[0])) - low) / (high - low)
        return f"{LEFT + across * (WIDTH - LEFT):.1f},{(HEIGHT - BOTTOM) * (1 - share) + 4:.1f}"

    def steps(curve: Curve) -> list[str]:
        found, before = [], 0.0
        for seconds, share in curve:
            found += [at(seconds, before), at(seconds, share)]
            before = share
        return [*found, at(span[1], 1.0)]

    lines = ""
    for share in (0, 0.25, 0.5, 0.75, 1):
        start, end = at(span[0], share).split(","), at(span[1], share).split(",")
        lines += f'<line class="grid" x1="{LEFT}" y1="{start[1]}" x2="{end[0]}" y2="{end[1]}"/>'
        lines += f'<text x="2" y="{float(start[1]) + 4:.1f}">{share:.0%}</text>'
    for tick in TICKS_S:
        if low <= log10(tick) <= high:
            across = at(tick, 0).split(",")[0] if tick >= span[0] else str(LEFT)
            lines += f'<text x="{across}" y="{HEIGHT - 12}" text-anchor="middle">{tick:g} s</text>'
    between = " ".join([*steps(base), *reversed(steps(fault))])
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img"><title>Share of payments that were final within a time</title>'
        f'{lines}<polygon class="between" points="{between}"/>'
        f'<polyline class="base" points="{" ".join(steps(base))}"/>'
        f'<polyline class="fault" points="{" ".join(steps(fault))}"/></svg>'
    )
