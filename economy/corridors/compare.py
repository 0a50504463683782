"""A corridor today beside the network and beside what governments promised, as a document and as lines to read."""

import hashlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import NamedTuple

from economy.corridors.costs import (
    DEFAULT_AMOUNT,
    NetworkCost,
    Overrides,
    Published,
    Verdict,
    judge,
    network_cost,
    published_cost,
)
from economy.corridors.prices import DATA_FILE, load_corridors
from economy.corridors.quotes import cut_off
from economy.corridors.tables import Average, load_averages
from economy.countries import find_country, minor_digits
from economy.errors import RateError
from economy.market.rates import DayRates, load_day

CAVEAT = (
    "The World Bank's average is for USD 200, over the services that it surveyed in that quarter, cash-in and cash-out"
    " included. The network's side is a model: its steps are defaults with the source named beside each, or yours."
)
_PROMISES = {
    "cost_pct": "cost at most {} %",
    "within_hour_pct": "{} % within an hour",
    "slowest_hours": "all within {} h",
}


class Received(NamedTuple):
    """What arrives by the newest reference rate, or why that cannot be said."""

    amount: Decimal | None
    currency: str
    rate_date: str | None
    package_version: str
    data_sha256: str
    reason: str | None


class Comparison(NamedTuple):
    """A corridor: what the World Bank publishes, what the network would cost, and the promises beside both."""

    published: Published
    network: NetworkCost
    received: Received
    today: tuple[Verdict, ...]
    over_network: tuple[Verdict, ...]

    @property
    def saving_pct(self) -> Decimal:
        """How much less the network costs than the newest published average, in points of the amount."""
        return self.published.latest[1] - self.network.total_pct


def compare(
    from_country: str, to_country: str, amount: Decimal = DEFAULT_AMOUNT, overrides: Overrides | None = None
) -> Comparison:
    """A corridor of the World Bank file beside the network; raises what `published_cost` and `network_cost` raise."""
    published = published_cost(from_country, to_country)
    network = network_cost(from_country, to_country, amount, overrides)
    return Comparison(
        published,
        network,
        _received(network),
        judge(published.latest[1], None, None),
        judge(network.total_pct, network.within_hour_pct, network.slowest_hours),
    )


def all_corridors() -> list[tuple[str, str]]:
    """The corridors of the World Bank file, in its order."""
    return list(load_corridors().costs)


def newest_averages() -> dict[str, Average]:
    """The newest published average of each group of services."""
    return {row.group: row for row in sorted(load_averages(), key=lambda row: row.quarter)}


def mean_pct(values: Iterable[Decimal]) -> Decimal:
    """The plain mean."""
    found = list(values)
    return sum(found, Decimal(0)) / len(found)


def pct(value: Decimal) -> str:
    """A percentage with the two digits that the World Bank prints."""
    return f"{value:.2f}"


@cache
def data_source() -> dict[str, str]:
    """Which corridor file this is."""
    data = resources.files("economy").joinpath("data", DATA_FILE).read_bytes()
    return {"file": DATA_FILE, "sha256": hashlib.sha256(data).hexdigest(), "source": load_corridors().source}


def document(found: Comparison) -> dict[str, object]:
    """A comparison as JSON; percentages are text, so that no digit is lost."""
    cost = found.network
    return {
        "from": cost.from_country,
        "to": cost.to_country,
        "amount_usd": str(cost.amount),
        "world_bank": {
            "history": [{"quarter": quarter, "cost_pct": str(value)} for quarter, value in found.published.history],
            "quarter": found.published.latest[0],
            "cost_pct": str(found.published.latest[1]),
        },
        "network": {
            "parts": [
                {"step": part.step, "usd": f"{part.usd:.4f}", "pct": f"{part.pct:.4f}", "minutes": float(part.minutes),
                 "confidence": part.confidence, "source": part.source}
                for part in cost.parts
            ],
            "fee_usd": f"{cost.fee_usd:.4f}",
            "fx_margin_pct": f"{cost.fx_margin_pct:.4f}",
            "total_pct": f"{cost.total_pct:.4f}",
            "minutes": float(cost.minutes),
            "within_hour_pct": f"{cost.within_hour_pct:.2f}",
            "slowest_hours": float(round(cost.slowest_hours, 4)),
        },
        "received": _received_document(found.received),
        "saving_pct": f"{found.saving_pct:.4f}",
        "saving_usd": f"{found.saving_pct * cost.amount / 100:.4f}",
        "targets": [
            {"id": now.target.id, "promise": promise(now), "scope": now.target.scope, "segment": now.target.segment,
             "by": now.target.by, "today_met": now.is_met, "network_met": then.is_met,
             "confidence": now.target.confidence, "source": now.target.source}
            for now, then in _both(found)
        ],
        "data": data_source(),
        "caveat": CAVEAT,
    }  # fmt: skip


def lines(found: Comparison) -> list[str]:
    """A comparison for people."""
    cost = found.network
    quarter, value = found.published.latest
    before = ", ".join(f"{then} % in {when}" for when, then in found.published.history[:-1]) or "none"
    shown = [f"{cost.from_country} to {cost.to_country}, {cost.amount:f} dollars"]
    shown.append(f"  today: {pct(value)} % by the World Bank's average of {quarter} (before: {before})")
    shown.append(
        f"  over the network: {pct(cost.total_pct)} % = {cost.fee_usd:.4f} dollars of fees"
        f" + {cost.fx_margin_pct:.4f} % margin on the rate"
    )
    for part in cost.parts:
        shown.append(
            f"    {part.step:<10} {part.pct:>8.4f} %  {part.minutes:>6g} min  [{part.confidence}] {part.source}"
        )
    shown.append(
        f"  time: {cost.minutes:g} minutes; {cost.within_hour_pct:.1f} % within an hour,"
        f" the slow ones within {cost.slowest_hours:.4g} hours"
    )
    if found.received.amount is None:
        shown.append(f"  received: not said, {found.received.reason}")
    else:
        shown.append(f"  received: {found.received.amount} {found.received.currency} at the ECB's rate of"
                     f" {found.received.rate_date}")  # fmt: skip
    better = "less" if found.saving_pct >= 0 else "more"
    shown.append(f"  the network costs {pct(abs(found.saving_pct))} points {better} than today")
    for now, then in _both(found):
        shown.append(
            f"  {now.target.id:<12} {promise(now)}, {now.target.scope}, by {now.target.by}:"
            f" today {said(now)}, network {said(then)}"
        )
    return [*shown, f"  {CAVEAT}"]


def promise(verdict: Verdict) -> str:
    """What was promised."""
    return _PROMISES[verdict.target.measure].format(f"{verdict.target.limit:f}")


def said(verdict: Verdict) -> str:
    """A verdict in a word."""
    return {True: "met", False: "missed", None: "not published"}[verdict.is_met]


def table_rows(found: Sequence[Comparison]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows of many corridors, for a table or a CSV file."""
    quarters = sorted({quarter for item in found for quarter, _ in item.published.history})
    header = ("from", "to", *(f"world_bank_{quarter.lower()}_pct" for quarter in quarters), "network_pct", "saving_pct",
              "network_minutes", "network_within_hour_pct", "sdg_corridor_today", "sdg_corridor_network",
              "g20_corridor_today", "g20_corridor_network")  # fmt: skip
    rows = []
    for item in found:
        now = {verdict.target.id: said(verdict) for verdict in item.today}
        then = {verdict.target.id: said(verdict) for verdict in item.over_network}
        history = dict(item.published.history)
        rows.append((
            item.network.from_country, item.network.to_country,
            *(str(history.get(quarter, "")) for quarter in quarters), pct(item.network.total_pct), pct(item.saving_pct),
            f"{item.network.minutes:g}", f"{item.network.within_hour_pct:.2f}", now["sdg_corridor"],
            then["sdg_corridor"], now["g20_corridor"], then["g20_corridor"],
        ))  # fmt: skip
    return header, rows


def table_document(found: Sequence[Comparison]) -> dict[str, object]:
    """Many corridors as JSON, with their means and the world's averages."""
    return {
        "corridors": [document(item) for item in found],
        "mean": {
            "world_bank_pct": f"{mean_pct(item.published.latest[1] for item in found):.4f}",
            "network_pct": f"{mean_pct(item.network.total_pct for item in found):.4f}",
        },
        "world": [row._asdict() | {"cost_pct": str(row.cost_pct)} for row in newest_averages().values()],
        "data": data_source(),
        "caveat": CAVEAT,
    }


def table_lines(found: Sequence[Comparison]) -> list[str]:
    """Many corridors for people."""
    amount = found[0].network.amount
    head = f"{'':8}{'World Bank':>16}{'network':>10}{'saving':>9}{'time':>10}  {'SDG 5 %':<16}G20 3 %"
    shown = [f"Percent of {amount:f} dollars; of a promise: kept today/over the network", head]
    for item in found:
        quarter, value = item.published.latest
        marks = {then.target.id: f"{said(now)}/{said(then)}" for now, then in _both(item)}
        shown.append(
            f"{item.network.from_country}-{item.network.to_country:<5}{pct(value):>9} {quarter}"
            f"{pct(item.network.total_pct):>10}{pct(item.saving_pct):>9}{item.network.minutes:>6g} min"
            f"  {marks['sdg_corridor']:<16}{marks['g20_corridor']}"
        )
    shown.append(
        f"mean    {pct(mean_pct(item.published.latest[1] for item in found)):>9} {'':6}"
        f"{pct(mean_pct(item.network.total_pct for item in found)):>10}"
    )
    world = newest_averages()["global"]
    shown.append(f"the world's average: {pct(world.cost_pct)} % ({world.quarter}, {world.source})")
    return [*shown, CAVEAT]


def _both(found: Comparison) -> list[tuple[Verdict, Verdict]]:
    """Each promise today and over the network."""
    return list(zip(found.today, found.over_network, strict=True))


def _received(cost: NetworkCost) -> Received:
    """What is left of the amount, at the newest fixing, cut off to the minor unit."""
    day: DayRates = load_day(None)
    currency = find_country(cost.to_country).currency
    data = (day.package_version, day.data_sha256)
    try:
        rate = day.cross("USD", currency)
    except RateError as error:
        return Received(None, currency, None, *data, error.message)
    left = Fraction(cost.amount) * (100 - Fraction(cost.total_pct)) / 100
    return Received(cut_off(left * rate, minor_digits(currency)), currency, day.date.isoformat(), *data, None)


def _received_document(found: Received) -> dict[str, object]:
    """As JSON."""
    return {
        "amount": None if found.amount is None else str(found.amount),
        "currency": found.currency,
        "rate_date": found.rate_date,
        "rates": {"package_version": found.package_version, "data_sha256": found.data_sha256},
        "reason": found.reason,
    }
