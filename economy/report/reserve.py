"""Pages and pictures of a projected reserve and of a replayed crisis; facts and model output are kept apart."""

from typing import Any

from economy.market.reading import load_history
from economy.replay.fx import path_around
from economy.replay.tables import load_fx
from economy.report.charts import bar_chart, line_chart
from economy.report.page import Section, Table, render
from economy.reserve.book import ONE
from economy.reserve.order import NOTE, Order, currency_of
from economy.reserve.presets import DISCLAIMER
from economy.reserve.project import Projection

Json = dict[str, Any]
MILLION = 1_000_000 * ONE
MOST_LINES = 6
"""Regimes in one picture; more are told by the table."""


def project_chart(projection: Projection) -> str:
    """The price of the coin, and what it is worth at the worst, day by day; SVG text."""
    days = [row.day.isoformat() for row in projection.rows]
    series = {
        "price (model)": [row.price for row in projection.rows],
        "worth at the worst": [row.worst for row in projection.rows],
    }
    return line_chart(f"A coin in {currency_of(projection.plan)}, {days[0]} to {days[-1]}", days, series, unit="par")


def project_page(projections: tuple[Projection, ...], order: Order) -> str:
    """The runs as a page; PlotsMissingError without matplotlib."""
    sections = []
    for projection in projections:
        currency = currency_of(projection.plan)
        days = [row.day.isoformat() for row in projection.rows]
        flows = {
            "asked": [row.asked / MILLION for row in projection.rows],
            "paid": [row.paid / MILLION for row in projection.rows],
            "late": [row.late / MILLION for row in projection.rows],
        }
        liquidity = {
            "cash at once": [row.at_once_ppm / 10_000 for row in projection.rows],
            "within five business days": [row.five_days_ppm / 10_000 for row in projection.rows],
        }
        sections += [
            Section(f"Price, {currency}", figure=project_chart(projection)),
            Section(f"Redemptions, {currency}", figure=line_chart("Coins", days, flows, unit="million coins")),
            Section(f"Liquidity, {currency}", figure=line_chart("Of the reserve", days, liquidity, unit="percent")),
            Section(f"Summary, {currency}", table=_summary_table(projection.summary())),
        ]
    sections.append(Section("Conventions", f"{NOTE}. {DISCLAIMER}."))
    lead = f"The regime {order.preset}, {order.days} days from {order.start}. Model output."
    return render("A reserve, projected", lead, sections)


def _summary_table(found: Json) -> Table:
    """The figures of a run."""
    return Table(
        ("figure", "value"),
        tuple((name.replace("_", " "), _cell(name, value)) for name, value in found.items()),
    )


def _cell(name: str, value: object) -> str:
    """A figure as text: amounts in whole coins."""
    if name in ("asked", "paid", "owed_at_end", "sale_cost", "haircuts", "coins_at_end") and isinstance(value, int):
        return f"{value // ONE:,}"
    return f"{value:.6f}" if isinstance(value, float) else "none" if value is None else str(value)


def replay_chart(document: Json) -> str:
    """The crisis as a picture; SVG text."""
    if document["kind"] == "rates":
        crisis = load_fx()[document["crisis"]]
        days, path = path_around(load_history(), crisis)
        move = crisis.moves[0]
        title = f"{move.of} in {move.unit}: {crisis.title}"
        return line_chart(
            title, [day.isoformat() for day in days], {move.of: [100 * value / path[0] for value in path]},
            unit="first day shown = 100",
        )  # fmt: skip
    rows = document["model_output"]
    if document["crisis"] == "usdc-2023":
        return _hours_chart(rows)
    if document["crisis"] == "terrausd-2022":
        series = {
            "TerraUSD (fact)": [float(row["price"]) for row in rows],
            "floor of a fully reserved coin (model)": [row["floor"] for row in rows],
        }
        return line_chart("TerraUSD and the floor", [row["time"][:10] for row in rows], series, unit="dollars")
    names = [row["preset"] for row in rows]
    if document["crisis"] == "reserve-primary-2008":
        values = [row["worth_of_those_who_stay"] for row in rows]
        return bar_chart("Worth of a coin for those who stay (model)", names, values, unit="par")
    values = [row["paid_micro"] / 1000 / MILLION for row in rows]
    return bar_chart("Paid at par (model)", names, values, unit="billion dollars")


def _hours_chart(rows: list[Json]) -> str:
    """USDC by the hour: observed prices, and the lower bound under some regimes."""
    times = [f"{hour['time'][8:10]}., {hour['time'][11:13]}h" for hour in rows[0]["hours"]]
    facts = [float("nan") if hour["fact"] is None else hour["fact"] for hour in rows[0]["hours"]]
    series = {"observed": _joined(facts)}
    for row in rows[:MOST_LINES]:
        series[f"{row['preset']} (model)"] = [hour["low"] for hour in row["hours"]]
    return line_chart("USDC: observed prices, and the lowest in the model; 2023, UTC", times, series, unit="dollars")


def _joined(values: list[float]) -> list[float]:
    """Observations held until the next one, so that a line shows them; none before the first."""
    held, found = float("nan"), []
    for value in values:
        held = held if value != value else value
        found.append(held)
    return found


def replay_page(document: Json) -> str:
    """A replay as a page: facts with sources first, then the model's output, called that."""
    facts = document["facts"]
    if document["kind"] == "rates":
        header = ("currency", "in", "from", "to", "measure", "published %", "ours %")
        keys = ("of", "in", "from", "to", "measure", "published_pct", "ours_pct")
        table = Table(header, tuple(tuple(str(fact[key]) for key in keys) for fact in facts))
        source = f"{document['source']}; {document['data']['source']}, sha256 {document['data']['sha256']}"
    else:
        rows = tuple(
            (fact["time"], "exact" if fact["hour_is_exact"] else "about", f"{fact['kind']} {fact['what']}",
             fact["value"] or "", fact["note"])
            for fact in facts
        )  # fmt: skip
        sources = tuple(fact["source"] for fact in facts)
        table = Table(("time, UTC", "hour", "what", "value", "note"), rows, sources=sources)
        source = "beside each row; amounts in USD bn"
    model = [
        {key: value for key, value in row.items() if key != "hours"} for row in document["model_output"]
    ]  # fmt: skip
    sections = [
        Section("Facts", _dark(document), table=table, source=source),
        Section("Picture", figure=replay_chart(document)),
        Section("Model output", f"{document['model_note']}.", table=_model_table(model)),
        Section("Terms", f"{document['disclaimer']}."),
    ]
    if "worth" in document:
        worth = Table(("case", "worth of a coin"), tuple(document["worth"].items()))
        sections.insert(1, Section("Arithmetic on the facts", table=worth))
    lead = document.get("sentence", "Facts are sourced; what a regime would have done is model output, without blame.")
    return render(document["title"], lead, sections)


def _dark(document: Json) -> str:
    """What is said of a currency that is not quoted any more."""
    dark = document.get("dark")
    if not dark:
        return ""
    again = f"until {dark['quoted_again']}" if dark["quoted_again"] else "to the end of the data"
    return (
        f"{dark['currency']} goes dark: the last reference rate is of {dark['last_quoted']}, and there is none {again}."
        " No rate is put in its place, so that receipts and caps in it stop; a coin of other currencies is untouched."
    )


def _model_table(rows: list[Json]) -> Table:
    """The model's figures, one regime a row."""
    header = tuple(key.replace("_micro", ", bn").replace("_pct", " %").replace("_", " ") for key in rows[0])
    return Table(header, tuple(tuple(_figure(key, value) for key, value in row.items()) for row in rows))


def _figure(key: str, value: object) -> str:
    """A figure as text; micro-units as billions, small costs not lost."""
    if key.endswith("_micro") and isinstance(value, int):
        return f"{value / 1000 / MILLION:.6f}" if 0 < value < 10 * MILLION else f"{value / 1000 / MILLION:.3f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.5f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
