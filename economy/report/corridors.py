"""Pages about corridors: one in detail, or many side by side."""

from collections.abc import Sequence

from economy.corridors.compare import CAVEAT, Comparison, newest_averages, pct, promise, said, table_rows
from economy.report.charts import bar_chart
from economy.report.page import Section, Table, render

_TITLES = {
    "funding": "Funding", "on_ramp": "On-ramp", "chain_fee": "Fee on the chain", "fx_spread": "Spread on the rate",
    "off_ramp": "Off-ramp", "cash_out": "Cash-out", "delay_risk": "Risk of delay",
}  # fmt: skip
_MARKS = {"A": "seen or computed", "B": "secondary page", "C": "from memory", "assumed": "assumed", "yours": "yours"}


def corridor_page(found: Comparison) -> str:
    """One corridor: what it costs, where that goes, how long it takes, and the promises."""
    cost = found.network
    quarter, value = found.published.latest
    name = f"{cost.from_country} to {cost.to_country}"
    labels = [*(f"World Bank {when}" for when, _ in found.published.history), "network (model)"]
    values = [*(float(then) for _, then in found.published.history), round(float(cost.total_pct), 2)]
    chart = bar_chart(f"Cost of sending {cost.amount:f} dollars, {name}", labels, values, unit="% of the amount")
    rows = [
        (_TITLES[part.step], f"{part.pct:.4f}", f"{part.usd:.4f}", f"{part.minutes:g}", _MARKS[part.confidence])
        for part in cost.parts
    ]
    rows.append(
        ("Total", f"{cost.total_pct:.4f}", f"{cost.total_pct * cost.amount / 100:.4f}", f"{cost.minutes:g}", "")
    )
    parts = Table(
        ("step", "% of the amount", "dollars", "minutes", "how sure"),
        tuple(rows),
        "Where the cost comes from",
        (*(part.source for part in cost.parts), ""),
    )
    lead = (
        f"Sending {cost.amount:f} dollars cost {pct(value)} % in {quarter} by the World Bank's average;"
        f" over the network the model says {pct(cost.total_pct)} %, usually in {cost.minutes:g} minutes."
    )
    return render(
        f"Corridor {name}",
        lead,
        [
            Section("Cost", figure=chart, source=found.published.source),
            Section("Step by step", CAVEAT, table=parts),
            Section("What governments promised", table=_promises(found)),
        ],
    )


def corridors_page(found: Sequence[Comparison]) -> str:
    """Many corridors side by side, with the world's averages beside them."""
    quarter = found[0].published.latest[0]
    names = [f"{item.network.from_country} to {item.network.to_country}" for item in found]
    today = bar_chart(f"Today: World Bank, {quarter}", names, [float(item.published.latest[1]) for item in found],
                      unit="% of USD 200")  # fmt: skip
    totals = [round(float(item.network.total_pct), 2) for item in found]
    title = f"Over the network (model), {found[0].network.amount:f} dollars"
    network = bar_chart(title, names, totals, unit="% of the amount")
    header, rows = table_rows(found)
    averages = newest_averages()
    world = Table(
        ("average", "time", "% of USD 200", "how sure"),
        tuple((row.group, row.quarter, pct(row.cost_pct), _MARKS[row.confidence]) for row in averages.values()),
        "The world's averages, the newest that we have",
        tuple(row.source for row in averages.values()),
    )
    return render(
        "What it costs to send money",
        f"{len(found)} corridors: the World Bank's published averages beside a model of the network.",
        [
            Section("Today", figure=today, source=found[0].published.source),
            Section("Over the network", CAVEAT, figure=network),
            Section("All figures", table=Table(tuple(name.replace("_", " ") for name in header), tuple(rows))),
            Section("The world", table=world),
        ],
    )


def _promises(found: Comparison) -> Table:
    """The promises, and whether they are kept."""
    return Table(
        ("promise", "scope", "segment", "by", "today", "network"),
        tuple(
            (promise(now), now.target.scope, now.target.segment, now.target.by, said(now), said(then))
            for now, then in zip(found.today, found.over_network, strict=True)
        ),
        "Averages are promised of all corridors together; a single corridor is shown beside them all the same",
        tuple(now.target.source for now in found.today),
    )
