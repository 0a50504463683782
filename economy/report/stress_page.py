"""The report of a stress study: one HTML page with fans, waterfall and tables."""

from collections.abc import Mapping
from typing import Any

from economy.report.charts import bar_chart, fan_chart
from economy.report.page import Section, Table, render
from economy.stress import words
from economy.stress.outcome import FANS

Json = Mapping[str, Any]

HEADINGS = (
    ("backing", "Backing of a coin", "assets for each coin"),
    ("price", "Price in the market", "of par"),
    ("coins", "Coins outstanding", "of the coins at the start"),
)


def page_of(document: Json) -> str:
    """The page; PlotsMissingError without matplotlib."""
    title = f"Stress of a reserve: {document['preset']}"
    if not document["paths"]:
        return render(title, "Interrupted before the first block was finished: no result.", [])
    sections = [
        Section("What went wrong, and how often", _probabilities(document),
                table=Table(words.CHANCES_HEADER, words.chances(document))),
        _waterfall(document),
        *(_fan(document, *fan) for fan in HEADINGS),
    ]  # fmt: skip
    if document["sensitivity"]:
        paths = document["sensitivity"][0]["paths"]
        sections.append(
            Section(
                "What matters: one parameter at a time",
                f"Each line changes one parameter to half or to double its value; {paths:,} paths, the same random"
                " numbers as above, so that differences are not chance.",
                table=Table(words.SENSITIVITY_HEADER, words.sensitivity(document)),
            )
        )
    return render(title, words.lead(document), [*sections, _assumptions(document), _data(document)])


def _probabilities(document: Json) -> str:
    """The loss in words."""
    loss, peg = document["loss"], document["broken_peg"]
    return (
        f"At its worst the capital was {words.basis_points(loss['p50'])} of the coins below its target in the median"
        " year,"
        f" {words.basis_points(loss['p99'])} in one of a hundred, {words.basis_points(loss['p999'])} in one of a"
        f" thousand. The lowest price was {peg['price_p50']:.4f} in the median year, {peg['price_p01']:.4f} in one of"
        " a hundred."
    )


def _waterfall(document: Json) -> Section:
    """Where the capital went, as a table and as bars of the years with a shortfall, or of all."""
    short = document["waterfall"]["with_shortfall"]
    shown, which = (short, "years with a shortfall") if short else (document["waterfall"]["all"], "all years")
    names = ("capital_at_start", *words.CAUSES, "capital_at_end")
    return Section(
        "Where the capital went",
        "Means, in basis points of the coins at the start: what changed the capital, by cause. Below zero it is the"
        " holders who lose.",
        figure=bar_chart(
            f"Capital, {which}", [name.replace("_", " ") for name in names],
            [10_000 * shown[name] for name in names], unit="basis points of the coins",
        ),
        table=Table(words.WATERFALL_HEADER, words.waterfall(document)),
    )  # fmt: skip


def _fan(document: Json, name: str, heading: str, unit: str) -> Section:
    """A fan over the year."""
    part = document["fans"][name]
    percentiles = {int(rank): values for rank, values in part["percentiles"].items()}
    low, high, _ = FANS[name]
    return Section(
        heading,
        "Percentiles over the paths at the end of each week, on business days; what lies below"
        f" {low:g} or above {high:g} is drawn there.",
        figure=fan_chart(heading, part["days"], percentiles, unit=unit),
    )


def _assumptions(document: Json) -> Section:
    """Every parameter with what it means."""
    from economy.stress.parameters import MEANINGS

    rows = tuple(
        (name, f"{document['parameters'][name]:g}", meaning) for name, meaning in MEANINGS.items()
    )  # fmt: skip
    rooms = " / ".join(f"{room:g}" for room in document["parameters"]["dealer_room"])
    rows += (("dealer_room", rooms, "what each dealer can hold, a share of the coins at the start"),)
    return Section(
        "Every number that went in",
        "Rules of the regime come from its preset, the others are assumptions: docs/economy.md says why.",
        table=Table(("parameter", "value", "meaning"), rows),
        source=document["source"],
    )


def _data(document: Json) -> Section:
    """The exchange rates behind it."""
    data, market = document["data"], document["market"]
    rows = tuple((code, words.percent(vol, 2)) for code, vol in zip(market["factors"], market["vols"], strict=True))
    return Section(
        "Exchange rates",
        f"Volatility a year against {market['base']}. {data['fixings']} fixings from {data['first_fixing']} to"
        f" {data['last_fixing']}, {data['filled_count']} filled, synthetic: {', '.join(data['synthetic']) or 'none'};"
        f" SHA-256 {data['sha256']}. {document['disclaimer'].capitalize()}.",
        table=Table(("currency", "volatility"), rows),
        source=data["source"],
    )
