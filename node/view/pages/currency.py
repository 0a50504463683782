"""Currencies: what is issued, where it is, and what the custodians hold for it."""

from typing import Any

from node.client.amounts import format_amount
from node.view.events import event_sentence
from node.view.layout import Fields, Page, Part, Table
from node.view.names import Names
from node.view.source import Source, newest_events
from node.view.text import rate

Json = Any
STREAMS = {
    "mint": "mint_events_key",
    "burn": "burn_events_key",
    "preburn": "preburn_events_key",
    "cancelburn": "cancel_burn_events_key",
    "to_xdx_exchange_rate_update": "exchange_rate_update_events_key",
}
"""Event streams of a currency, by event type."""


def totals(currency: Json) -> dict[str, Json]:
    """A CurrencyInfo with what follows from it: coins in accounts, receipts held, and whether they match the supply."""
    held = currency["receipts_deposited"] - currency["receipts_released"]
    supply = currency["total_value"]
    return {
        **currency,
        "in_accounts": supply - currency["preburn_value"] - currency["fees"] - currency["in_baskets"],
        "receipts": held,
        "is_backed": None if currency["is_synthetic"] else held == supply,
        "backing": [_part(part, supply) for part in currency["backing"]],
    }


def _part(part: Json, supply: int) -> Json:
    """A coin in a basket, with what of it must lie in the reserve: supply x ratio, rounded up."""
    needed = -(-supply * part["ratio_fixed_point32"] >> 32)
    return {**part, "needed": needed, "is_covered": part["amount"] >= needed}


def _backing(row: Json) -> str:
    """Whether receipts cover the supply, in words."""
    if row["is_backed"] is None:
        if all(part["is_covered"] for part in row["backing"]):
            return "synthetic: it stands on other coins"
        return "THE COINS IT STANDS ON DO NOT COVER THE SUPPLY"
    return "receipts equal the supply" if row["is_backed"] else "RECEIPTS DO NOT EQUAL THE SUPPLY"


def currencies_table(title: str, rows: list[Json]) -> Table:
    """One currency a line."""
    cells = [
        (
            row["code"], format_amount(row["total_value"]), format_amount(row["in_accounts"]),
            format_amount(row["preburn_value"]), format_amount(row["fees"]), format_amount(row["in_baskets"]),
            format_amount(row["receipts"]), rate(row["rate_fixed_point32"]), _backing(row),
        )
        for row in rows
    ]  # fmt: skip
    heads = ("code", "supply", "in accounts", "to be burned", "fees", "in baskets", "receipts", "in XDX", "reserve")
    return Table(title, heads, cells, "none", frozenset(range(1, 8)))


def currencies_page(source: Source, limit: int) -> Page:
    """All currencies in the order of registration, and local ones that have a rate but no coin."""
    rows = [totals(currency) for currency in source.call("get_currencies")][:limit]
    local = source.call("get_rates")[:limit]
    quoted = [(row["currency"], rate(row["rate_fixed_point32"])) for row in local]
    parts: list[Part] = [
        currencies_table("Currencies", rows),
        Table("Rates of local currencies, which have no coin", ("code", "in XDX"), quoted, "none", frozenset({1})),
    ]
    return Page({"currencies": rows, "local_rates": local}, parts)


def _backing_table(row: Json) -> Table:
    """The coins that a synthetic coin stands on: what one consists of, what lies in the reserve, what must."""
    cells = [
        (
            part["currency"], rate(part["ratio_fixed_point32"]), format_amount(part["amount"]),
            format_amount(part["needed"]), "covered" if part["is_covered"] else "NOT COVERED",
        )
        for part in row["backing"]
    ]  # fmt: skip
    title = f"What {row['code']} stands on"
    return Table(
        title, ("coin", f"in one {row['code']}", "in reserve", "needed", ""), cells, "none", frozenset({1, 2, 3})
    )


def currency_page(source: Source, names: Names, currency: Json, limit: int) -> Page:
    """One currency, with its newest mints and burns."""
    row = totals(currency)
    happened = [
        event for stream in ("mint", "burn") for event in newest_events(source, currency[STREAMS[stream]], limit)
    ]
    happened.sort(key=lambda event: event["transaction_version"], reverse=True)
    happened = happened[:limit]
    minting = "on" if row["can_mint"] else "off"
    fields = [
        ("supply", f"{format_amount(row['total_value'])}"),
        ("in accounts", format_amount(row["in_accounts"])),
        ("to be burned", format_amount(row["preburn_value"])),
        ("fees", format_amount(row["fees"])),
        ("in baskets", format_amount(row["in_baskets"])),
        ("receipts", f"{format_amount(row['receipts'])}: {_backing(row)}"),
        ("rate", f"1 {row['code']} is {rate(row['rate_fixed_point32'])} XDX"),
        ("minting", minting),
        ("custodian", row["custodian_key"]),
        *[(f"{name} events", row[key]) for name, key in STREAMS.items()],
    ]
    cells = [(str(event["transaction_version"]), event_sentence(event, names)) for event in happened]
    parts: list[Part] = [
        Fields(f"Currency {row['code']}", fields),
        *([_backing_table(row)] if row["backing"] else []),
        Table("Latest mints and burns", ("version", "what happened"), cells, "none", frozenset({0})),
    ]
    return Page({**row, "events": happened}, parts)
