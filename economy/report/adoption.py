"""The page of an adoption run, and its one picture for `--plot`."""

from collections.abc import Mapping, Sequence

from economy.adoption.model import Result
from economy.adoption.sizes import ecb_sizes
from economy.adoption.summary import CAVEAT, Report, document, year_ends
from economy.report.charts import line_chart
from economy.report.page import Section, Table, render

_MARKS = {"A": "seen or computed", "B": "secondary page", "C": "from memory", "assumed": "assumed", "yours": "yours"}
_MAX_LINES = 8


def users_chart(found: Report) -> str:
    """Users by country; the largest eight."""
    return line_chart("Users by country (model)", _days(found.result), _largest(found), unit="million people")


def adoption_page(found: Report) -> str:
    """Users, caps, sums, the ECB's sizes, parameters with their sources, and what was observed."""
    result, rollout = found.result, found.order.rollout
    days = _days(result)
    every = range(len(days))
    volume = {
        "between people": [result.total("people_usd", place) / 1e9 for place in every],
        "in shops": [result.total("shops_usd", place) / 1e9 for place in every],
        "sent home": [result.total("home_usd", place) / 1e9 for place in every],
    }
    reserve = {
        "as it was": [result.total("reserve_eur", place) / 1e9 for place in every],
        "without caps and halts": [found.freed.total("reserve_eur", place) / 1e9 for place in every],
    }
    income = {
        "income of the float (EUR)": [result.total("float_income_eur", place) / 1e9 for place in every],
        "advertising value (USD)": [result.total("advertising_usd", place) / 1e9 for place in every],
    }
    last = document(found)["years"][-1]
    lead = (
        f"{rollout.title}: {last['users'] / 1e6:,.0f} million users on {last['day']} ({found.how}),"
        f" a reserve of {last['reserve_eur'] / 1e9:,.1f} bn euros at {found.order.scenario.holding_eur} euros a user."
    )
    sections = [
        Section("Users", CAVEAT, users_chart(found), _years(found)),
        *(_bounded(found, code) for code in ("IN", "BR") if code in result.places),
        Section("Volume", figure=line_chart("Volume at the day's pace (model)", days, volume, unit="bn USD a year")),
        Section("Reserve", figure=line_chart("Reserve (model)", days, reserve, unit="bn EUR"), table=_ecb()),
        Section("Income", figure=line_chart("Income and advertising (model)", days, income, unit="bn a year")),
        Section("Parameters", table=_parameters(found)),
        Section("Countries", table=_countries(found)),
        Section("What was observed", table=_observed(rollout.observed)),
    ]
    return render("How payments spread through messaging apps", lead, sections)


def _bounded(found: Report, code: str) -> Section:
    """A country beside its cap and beside itself without caps and halts."""
    points, free = found.result.places[code], found.freed.places[code]
    series = {
        "users": [point.users / 1e6 for point in points],
        "without caps and halts": [point.users / 1e6 for point in free],
    }
    if any(point.cap is not None for point in points):
        series["cap"] = [float("nan") if point.cap is None else point.cap / 1e6 for point in points]
    closed = sum(not point.is_open for point in points)
    capped = sum(found.result.spreads[code].capped_days)
    text = f"Held back by its cap in {capped} of {len(points)} months; not open in {closed}."
    chart = line_chart(f"{code}: users, caps and halts (model)", _days(found.result), series, unit="million people")
    return Section(f"Caps and halts: {code}", text, chart)


def _years(found: Report) -> Table:
    """The ends of the years."""
    rows = []
    for place in year_ends(found.result.days):
        sums = [found.result.total(name, place) for name in ("people_usd", "shops_usd", "home_usd")]
        rows.append((
            found.result.days[place].isoformat(), f"{found.result.total('users', place) / 1e6:,.1f}",
            *(f"{value / 1e9:,.2f}" for value in sums),
            *(f"{found.result.total(name, place) / 1e9:,.3f}"
              for name in ("advertising_usd", "reserve_eur", "float_income_eur")),
        ))  # fmt: skip
    header = ("day", "users, million", "people, bn USD/y", "shops, bn USD/y", "home, bn USD/y", "advertising, bn USD/y",
              "reserve, bn EUR", "float income, bn EUR/y")  # fmt: skip
    return Table(header, tuple(rows), "All countries at the end of each year")


def _ecb() -> Table:
    """The ECB's three sizes."""
    cases = ecb_sizes()
    return Table(
        ("case", "holding, EUR", "size, bn EUR", "printed", "new in the euro area, bn EUR", "printed there"),
        tuple(
            (f"{case['name']}: {case['like']}", str(case["holding_eur"]), str(case["size_bn_eur"]),
             str(case["printed_size_bn_eur"]), str(case["inflow_bn_eur"]), str(case["printed_inflow_bn_eur"]))
            for case in cases
        ),
        "The ECB's three sizes, 2.4 bn users",
        tuple(str(case["source"]) for case in cases),
    )  # fmt: skip


def _parameters(found: Report) -> Table:
    """Every number of the model."""
    rows = found.order.rollout.parameters.values()
    return Table(
        ("parameter", "value", "how sure"),
        tuple(
            (row.name.replace("_", " "), f"{row.value:g}", _MARKS.get(row.confidence, row.confidence)) for row in rows
        ),
        "Numbers of the model",
        tuple(row.source for row in rows),
    )


def _countries(found: Report) -> Table:
    """Every country with the sources of its dates."""
    places = found.order.rollout.places
    return Table(
        ("country", "launch", "people online, million", "users at the end, million"),
        tuple(
            (place.code, place.terms.launch.isoformat(), f"{place.people / 1e6:,.1f}",
             f"{found.result.places[place.code][-1].users / 1e6:,.1f}")
            for place in places
        ),
        "Countries",
        tuple("; ".join(place.sources) for place in places),
    )  # fmt: skip


def _observed(facts: Sequence[Mapping[str, str]]) -> Table:
    """What was seen, beside which the model stands."""
    return Table(
        ("country", "time", "fact"),
        tuple((fact["country"], fact["date"], fact["fact"]) for fact in facts),
        "Facts, not model",
        tuple(fact["source"] for fact in facts),
    )


def _days(result: Result) -> list[str]:
    return [day.isoformat() for day in result.days]


def _largest(found: Report) -> dict[str, list[float]]:
    """Million users of the countries with the most at the end."""
    codes = sorted(found.result.places, key=lambda code: -found.result.places[code][-1].users)[:_MAX_LINES]
    return {code: [point.users / 1e6 for point in found.result.places[code]] for code in codes}
