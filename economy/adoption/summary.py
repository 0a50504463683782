"""An adoption run as a document, as rows and as lines."""

import hashlib
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from importlib import resources
from typing import Any, NamedTuple

from economy.adoption.model import IDENTITIES, MAX_MONTHS, ONE, Point, Result, Spread, closed_form, month_days, run
from economy.adoption.rollout import Place, Rollout
from economy.adoption.sizes import SCENARIOS, Scenario, ecb_sizes
from economy.corridors.costs import network_cost
from economy.corridors.prices import load_corridors
from economy.errors import ParameterError

CAVEAT = (
    "Dates, caps and halts are history; users, volumes and sums are a model, and what is observed in India is far below"
    " it: a cap that binds here need not have bound there. Every holder is taken to hold the same, wherever they live."
)
SUMS = ("people_usd", "shops_usd", "home_usd", "advertising_usd", "reserve_eur", "float_income_eur")
_COARSE = ("people_usd", "shops_usd", "home_usd", "reserve_eur")
DEFAULT_LAST = date(2027, 12, 31)

Json = dict[str, Any]


class Order(NamedTuple):
    """What to run: until when, which holding (a scenario of `sizes` or euros), one identity or each app's own."""

    rollout: Rollout
    last: date = DEFAULT_LAST
    scenario: Scenario = SCENARIOS[0]
    identity: str = ONE


class Report(NamedTuple):
    """A run beside the same without caps and halts, and beside an identity for each app."""

    order: Order
    result: Result
    freed: Result
    other: Result
    how: str


def find_scenario(text: str) -> Scenario:
    """A scenario by name, or a holding in euros; ParameterError `bad_parameter` names what there is."""
    for case in SCENARIOS:
        if case.name == text:
            return case
    try:
        holding = Decimal(text)
    except ArithmeticError:
        holding = Decimal(-1)
    if not holding.is_finite() or not 0 <= holding <= 10**7:
        names = ", ".join(case.name for case in SCENARIOS)
        raise ParameterError(f"a holding is {names}, or 0 to 10,000,000 euros, not {text[:40]!r}", holding=text[:40])
    return Scenario("yours", holding, "", "", "yours")


def report(
    order: Order,
    spread: Callable[[Rollout, Place, Sequence[date], str], Spread] = closed_form,
    how: str = "closed form",
) -> Report:
    """Run it; ParameterError `bad_parameter` for a period that is empty or above `MAX_MONTHS`, or an identity."""
    if order.identity not in IDENTITIES:
        raise ParameterError(f"an identity is {' or '.join(IDENTITIES)}, not {order.identity[:20]!r}")
    first = min(place.terms.launch for place in order.rollout.places)
    if order.last <= first:
        raise ParameterError(f"the first launch is on {first}: {order.last} is not after it", first=first.isoformat())
    if (order.last.year - first.year) * 12 > MAX_MONTHS:
        raise ParameterError(f"at most {MAX_MONTHS // 12} years from {first}, not until {order.last}")
    days = month_days(first, order.last)
    holding = order.scenario.holding_eur
    other = next(identity for identity in IDENTITIES if identity != order.identity)
    return Report(
        order,
        run(order.rollout, days, holding_eur=holding, identity=order.identity, spread=spread),
        run(order.rollout.freed(), days, holding_eur=holding, identity=order.identity),
        run(order.rollout, days, holding_eur=holding, identity=other),
        how,
    )


def year_ends(days: Sequence[date]) -> list[int]:
    """The places of the last day of each year among the days."""
    return [place for place, day in enumerate(days) if place + 1 == len(days) or days[place + 1].year > day.year]


def capped_months(found: Report, code: str) -> int:
    """On how many of the days (one a month) the cap held a country back."""
    return sum(found.result.spreads[code].capped_days)


def saved_on_money_sent_home(found: Report) -> float:
    """Dollars a year at the end: what senders would pay less than by the World Bank's average of their corridor."""
    prices = load_corridors().costs
    saved = 0.0
    for place in found.order.rollout.places:
        point = found.result.places[place.code][-1]
        weights = {code: part * found.result.places[code][-1].share for code, part in place.senders.items()
                   if code in found.result.places}  # fmt: skip
        for code, weight in weights.items():
            history = prices.get((code, place.code))
            if history and sum(weights.values()) > 0:
                less = history[-1][1] - network_cost(code, place.code).total_pct
                saved += point.home_usd * weight / sum(weights.values()) * float(less) / 100
    return saved


def rows(found: Report) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and a row for each country and day, for a CSV file."""
    header = ("day", "country", *Point._fields)
    body = []
    for place, day in enumerate(found.result.days):
        for code, points in found.result.places.items():
            body.append((day.isoformat(), code, *(_cell(value) for value in points[place])))
    return header, body


def document(found: Report) -> Json:
    """As JSON: year by year and by country, with parameters and sources."""
    result, order = found.result, found.order
    return {
        "title": order.rollout.title,
        "how": found.how,
        "identity": order.identity,
        "scenario": order.scenario.name,
        "holding_eur": str(order.scenario.holding_eur),
        "from": result.days[0].isoformat(),
        "to": result.days[-1].isoformat(),
        "years": [_total(result, place) for place in year_ends(result.days)],
        "countries": [_country(found, place) for place in order.rollout.places],
        "without_caps_and_halts": _total(found.freed, -1),
        "other_identity": _total(found.other, -1),
        "saved_on_money_sent_home_usd": round(saved_on_money_sent_home(found)),
        "ecb": ecb_sizes(),
        "parameters": {
            name: {"value": row.value, "confidence": row.confidence, "source": row.source}
            for name, row in order.rollout.parameters.items()
        },
        "apps": [app._asdict() for app in order.rollout.apps],
        "observed": list(order.rollout.observed),
        "data": {"file": "adoption.json", "sha256": data_sha256()},
        "caveat": CAVEAT,
    }


def lines(found: Report) -> list[str]:
    """For people."""
    result, order = found.result, found.order
    units = ("million", "bn USD/y", "bn USD/y", "bn USD/y", "bn USD/y", "bn EUR", "bn EUR/y")
    shown = [
        f"{order.rollout.title}: {found.how}, {order.identity} identity, {order.scenario.holding_eur} euros a user"
    ]
    shown += [_row("", ("users", "people", "shops", "home", "advertising", "reserve", "income")), _row("", units)]
    for number in year_ends(result.days):
        shown.append(_line(result.days[number].isoformat(), _total(result, number)))
    shown.append(_line("free", _total(found.freed, -1)) + "   without caps and halts")
    other = next(identity for identity in IDENTITIES if identity != order.identity)
    shown.append(_line(f"{other} identity", _total(found.other, -1)) + "   the same with another identity")
    for place in order.rollout.places:
        last, held = result.places[place.code][-1], capped_months(found, place.code)
        ever = result.spreads[place.code].potential
        words = f"held back by its cap in {held} months" if held else "never held back by a cap"
        shown.append(
            f"  {place.code}: {last.users / 1e6:,.1f} million users of {ever / 1e6:,.1f} who will ever join; {words}"
        )
    saved = saved_on_money_sent_home(found)
    shown.append(f"Sent home over the network it would cost {saved / 1e9:,.2f} bn dollars a year less")
    for case in ecb_sizes():
        shown.append(
            f"ECB, {case['name']}: {case['holding_eur']} euros x 2.4 bn users = {case['size_bn_eur']} bn euros"
            f" (printed {case['printed_size_bn_eur']}), new in the euro area {case['inflow_bn_eur']}"
            f" (printed {case['printed_inflow_bn_eur']})"
        )
    shown += [f"Observed, {fact['country']} {fact['date']}: {fact['fact']}" for fact in order.rollout.observed]
    return [*shown, CAVEAT]


def data_sha256() -> str:
    """The shipped file's hash."""
    return hashlib.sha256(resources.files("economy").joinpath("data", "adoption.json").read_bytes()).hexdigest()


def _country(found: Report, place: Place) -> Json:
    """One country: its last day and the ends of the years."""
    points = found.result.places[place.code]
    return {
        "country": place.code,
        "potential_users": round(found.result.spreads[place.code].potential),
        "capped_months": capped_months(found, place.code),
        "users_without_caps_and_halts": round(found.freed.places[place.code][-1].users),
        "years": [
            {"day": found.result.days[number].isoformat(), "users": round(points[number].users),
             "reach": round(points[number].reach, 6), "cap": points[number].cap, "open": points[number].is_open,
             **{name: round(getattr(points[number], name)) for name in SUMS}}
            for number in year_ends(found.result.days)
        ],
        "sources": list(place.sources),
    }  # fmt: skip


def _total(result: Result, place: int) -> Json:
    """All countries on a day."""
    sums = {name: round(result.total(name, place)) for name in SUMS}
    return {"day": result.days[place].isoformat(), "users": round(result.total("users", place)), **sums}


def _line(name: str, total: Json) -> str:
    """A row of the table for people."""
    billions = [f"{total[field] / 1e9:,.{2 if field in _COARSE else 3}f}" for field in SUMS]
    return _row(name, (f"{total['users'] / 1e6:,.1f}", *billions))


def _row(name: str, cells: Sequence[str]) -> str:
    """Cells of the table, one below the other."""
    return f"{name:<14}" + "".join(f"{cell:>12}" for cell in cells)


def _cell(value: object) -> str:
    """A number for a file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) and abs(value) < 1 else f"{value:.0f}"
