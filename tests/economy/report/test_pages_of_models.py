"""Pages of a back-test and of an adoption run: every cell and every line is that of the document of the same run."""

import datetime
import html
import re
from typing import Any

import pytest

from economy.adoption.rollout import shipped
from economy.adoption.summary import Order as AdoptionOrder
from economy.adoption.summary import Report, document, year_ends
from economy.adoption.summary import report as run_adoption
from economy.backtest.baskets import find_basket
from economy.backtest.document import backtest_document
from economy.backtest.run import Order, Result, run_backtest
from economy.market.reading import load_history
from economy.report import adoption, backtest

D = datetime.date.fromisoformat
Calls = list[tuple[str, list[str], Any, str]]
"""Of each chart: title, names along the axis, series or values, unit."""


@pytest.fixture
def charts(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What the pages give to their charts, which are drawn all the same."""
    seen: Calls = []
    for module, name in ((adoption, "line_chart"), (backtest, "line_chart"), (backtest, "bar_chart")):
        draw = getattr(module, name)

        def note(title: str, names: Any, values: Any, *, unit: str, draw: Any = draw) -> str:
            seen.append((title, list(names), values, unit))
            found: str = draw(title, names, values, unit=unit)
            return found

        monkeypatch.setattr(module, name, note)
    return seen


def tables(page: str) -> dict[str, list[list[str]]]:
    """Rows of text by the first name of the header."""
    found = {}
    for table in re.findall(r"<table>.*?</table>", page, re.DOTALL):
        rows = [re.findall(r"<t[hd][ >].*?</t[hd]>", row) for row in re.findall(r"<tr>.*?</tr>", table)]
        cells = [[html.unescape(re.sub(r"<sup>.*?</sup>|<[^>]*>", "", cell)) for cell in row] for row in rows]
        found[cells[0][0]] = cells
    return found


def back_test(end: str = "2020-12-31") -> Result:
    """Libra's basket of 2019 in rupees."""
    return run_backtest(load_history(), Order(find_basket("lbr2019"), D("2019-06-18"), D(end), holder="INR"))


def test_the_tables_of_a_back_test(charts: Calls) -> None:
    """The basket and each alternative, the years, and what the basket is made of."""
    result = back_test()
    found, known = tables(backtest.backtest_page(result)), backtest_document(result)
    assert found["held"][0] == [
        "held", "volatility %", "total %", "worst 1 d %", "worst 30 d %", "worst 365 d %", "max drawdown %",
        "from", "to",
    ]  # fmt: skip
    items = [{**known, "name": "lbr2019"}, *known["alternatives"]]
    for row, item in zip(found["held"][1:], items, strict=True):
        fall = item["max_drawdown"]
        days = [fall["from"], fall["to"]] if fall["return_pct"] < 0 else ["", ""]
        assert row == [
            item["name"], f"{item['volatility_pct']:.2f}", f"{item['total_return_pct']:.1f}",
            *(f"{item['worst'][window]['return_pct']:.2f}" for window in ("1", "30", "365")),
            f"{fall['return_pct']:.2f}", *days,
        ]  # fmt: skip
    assert found["held"][2] == ["home (INR)", *["0.00", "0.0", "0.00", "0.00", "0.00", "0.00"], "", ""]
    assert found["year"][1:] == [["2019", "5.38", "3.17"], ["2020", "5.91", "5.34"]]
    assert found["currency"][0] == ["currency", "amount", "base date %", "start %", "end %"]
    assert found["currency"][1] == ["USD", "0.500000", "50.00", "50.00", "48.21"]
    assert [row[0] for row in found["currency"][1:]] == ["USD", "EUR", "JPY", "GBP", "SGD"]


def test_the_pictures_of_a_back_test(charts: Calls) -> None:
    """The basket beside the dollar, both 100 at the start and whole at the end; a bar of volatility for each."""
    known = backtest_document(back_test())
    backtest.backtest_page(back_test())
    (title, days, series, unit), (_, names, bars, bars_unit) = charts
    assert (title, unit, bars_unit) == ("Value in INR", "INR, 100 at the start", "percent")
    assert days == [day for day, _ in known["path"]]
    assert list(series) == ["lbr2019", "XUS"]
    assert series["lbr2019"] == pytest.approx([value / known["path"][0][1] * 100 for _, value in known["path"]])
    dollar = known["alternatives"][1]
    assert [series["XUS"][0], series["XUS"][-1]] == pytest.approx([100, 100 + dollar["total_return_pct"]])
    assert names == ["lbr2019", *(item["name"] for item in known["alternatives"])]
    assert bars == [round(item["volatility_pct"], 2) for item in (known, *known["alternatives"])]


@pytest.mark.parametrize(("most", "step"), [(396, 1), (395, 2), (198, 2), (197, 3), (1, 396)])
def test_a_picture_has_so_many_points(charts: Calls, monkeypatch: pytest.MonkeyPatch, most: int, step: int) -> None:
    """'at most, evenly chosen, the last among them'."""
    assert backtest.MOST_POINTS == 700
    monkeypatch.setattr(backtest, "MOST_POINTS", most)
    result = back_test()
    backtest.value_chart(result)
    dates = [day.isoformat() for day in result.window.dates]
    assert len(dates) == 396
    chosen = dates[::step]
    assert charts[0][1] == (chosen if chosen[-1] == dates[-1] else [*chosen, dates[-1]])


def test_two_fixings_have_no_volatility(charts: Calls) -> None:
    """One return has no deviation: no section, and empty cells."""
    page = backtest.backtest_page(back_test("2019-06-19"))
    assert [title for title, *_ in charts] == ["Value in INR"]
    assert "<h2" in page
    assert ">Volatility<" not in page
    assert {row[1] for row in tables(page)["held"][1:]} == {""}
    assert [row[1] for row in tables(page)["year"][1:]] == [""]


@pytest.fixture(scope="module")
def spread() -> Report:
    """The shipped rollout in three countries: one with caps, one with a halt, one with neither."""
    return run_adoption(AdoptionOrder(shipped().only(("US", "BR", "IN"))))


def test_the_tables_of_an_adoption_run(spread: Report) -> None:
    """Years, countries, parameters and facts, as the document has them."""
    known = document(spread)
    found = tables(adoption.adoption_page(spread))
    assert found["day"][0] == [
        "day", "users, million", "people, bn USD/y", "shops, bn USD/y", "home, bn USD/y", "advertising, bn USD/y",
        "reserve, bn EUR", "float income, bn EUR/y",
    ]  # fmt: skip
    assert found["day"][1:] == [
        [
            year["day"], f"{year['users'] / 1e6:,.1f}", f"{year['people_usd'] / 1e9:,.2f}",
            f"{year['shops_usd'] / 1e9:,.2f}", f"{year['home_usd'] / 1e9:,.2f}",
            f"{year['advertising_usd'] / 1e9:,.3f}",
            f"{year['reserve_eur'] / 1e9:,.3f}", f"{year['float_income_eur'] / 1e9:,.3f}",
        ]
        for year in known["years"]
    ]  # fmt: skip
    assert [row[0] for row in found["day"][1:]] == [
        spread.result.days[place].isoformat() for place in year_ends(spread.result.days)
    ]
    assert found["parameter"][1:] == [
        [name.replace("_", " "), f"{row['value']:g}", adoption._MARKS[row["confidence"]]]
        for name, row in known["parameters"].items()
    ]
    assert found["case"][1:] == [
        [f"{case['name']}: {case['like']}", *(str(case[key]) for key in (
            "holding_eur", "size_bn_eur", "printed_size_bn_eur", "inflow_bn_eur", "printed_inflow_bn_eur",
        ))]
        for case in known["ecb"]
    ]  # fmt: skip


def test_countries_and_facts_of_an_adoption_run(spread: Report) -> None:
    """Where it begins and how far it comes; beside it what was seen."""
    countries, observed = adoption._countries(spread), adoption._observed(spread.order.rollout.observed)
    assert countries.header == ("country", "launch", "people online, million", "users at the end, million")
    for row, source, place in zip(countries.rows, countries.sources, spread.order.rollout.places, strict=True):
        users = spread.result.places[place.code][-1].users
        people = place.people / 1e6
        assert row == (place.code, place.terms.launch.isoformat(), f"{people:,.1f}", f"{users / 1e6:,.1f}")
        assert source == "; ".join(place.sources)
    assert observed.rows == tuple((f["country"], f["date"], f["fact"]) for f in spread.order.rollout.observed)
    assert observed.sources == tuple(fact["source"] for fact in spread.order.rollout.observed)


def test_the_pictures_of_an_adoption_run(spread: Report, charts: Calls) -> None:
    """Each line in its unit: millions of people, billions a year; caps where there are some."""
    page = adoption.adoption_page(spread)
    days = [day.isoformat() for day in spread.result.days]
    assert all(names == days for _, names, _, _ in charts)
    by_title = {title: (series, unit) for title, _, series, unit in charts}
    users, unit = by_title["Users by country (model)"]
    order = sorted(spread.result.places, key=lambda code: -spread.result.places[code][-1].users)
    assert (list(users), unit) == (order, "million people")
    for code, line in users.items():
        assert line == [point.users / 1e6 for point in spread.result.places[code]]
    for title, unit, lines in (
        ("Volume at the day's pace (model)", "bn USD a year",
         {"between people": "people_usd", "in shops": "shops_usd", "sent home": "home_usd"}),
        ("Income and advertising (model)", "bn a year",
         {"income of the float (EUR)": "float_income_eur", "advertising value (USD)": "advertising_usd"}),
    ):  # fmt: skip
        series, found_unit = by_title[title]
        assert (found_unit, list(series)) == (unit, list(lines))
        for name, key in lines.items():
            assert series[name] == [spread.result.total(key, place) / 1e9 for place in range(len(days))]
    reserve, _ = by_title["Reserve (model)"]
    assert reserve["as it was"][-1] == spread.result.total("reserve_eur", -1) / 1e9
    assert reserve["without caps and halts"][-1] == spread.freed.total("reserve_eur", -1) / 1e9
    for code in ("IN", "BR"):
        series, unit = by_title[f"{code}: users, caps and halts (model)"]
        points = spread.result.places[code]
        assert unit == "million people"
        assert series["users"] == [point.users / 1e6 for point in points]
        assert series["without caps and halts"] == [point.users / 1e6 for point in spread.freed.places[code]]
        capped = [point.cap for point in points if point.cap is not None]
        assert ("cap" in series) == bool(capped)
        if capped:
            assert [value for value in series["cap"] if value == value] == [cap / 1e6 for cap in capped]
        closed = len([point for point in points if not point.is_open])
        held = sum(spread.result.spreads[code].capped_days)
        assert f"Held back by its cap in {held} of {len(points)} months; not open in {closed}." in page
