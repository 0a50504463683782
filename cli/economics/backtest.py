"""`mithqal reserve backtest`: a basket on the rates of history."""

import datetime
from pathlib import Path

import click

from cli import options, output
from cli.exits import OK

_DAY = click.DateTime(["%Y-%m-%d"])
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option("--basket", default="lbr2019", show_default=True, help="A name, or weights: USD=0.5,EUR=0.3,JPY=0.2")
@click.option("--from", "start", type=_DAY, help="First day; else the base date, else 2010-01-04.")
@click.option("--to", "end", type=_DAY, help="Last day; else the newest, or 2025-12-31 with no first day.")
@click.option("--base-date", "base", type=_DAY, help="When weights become amounts; else the first day.")
@click.option("--holder", default="USD", show_default=True, help="Whose money counts.")
@click.option("--rebalance", type=click.Choice(["never", "monthly", "daily"]), default="never", show_default=True)
@click.option("--rates", type=_FILE, help="Your own rates as CSV, instead of the ECB's.")
@click.option("--csv", "csv_file", type=_FILE, help="Write the value path.")
@click.option("--html", "html_file", type=_FILE, help="Write a page with pictures.")
@click.option("--plot", "plot_file", type=_FILE, help="Write the picture of the value, as SVG.")
@options.as_json
@output.reported
def backtest(  # noqa: PLR0913 - click options
    basket: str, start: datetime.datetime | None, end: datetime.datetime | None, base: datetime.datetime | None,
    holder: str, rebalance: str, rates: Path | None, csv_file: Path | None, html_file: Path | None,
    plot_file: Path | None, as_json: bool,
) -> int:  # fmt: skip
    """Show what a basket did to a holder: volatility, worst days, drawdown, beside what else could have been held."""
    from economy.backtest.baskets import currency_of, find_basket
    from economy.backtest.document import backtest_csv, backtest_document, backtest_lines
    from economy.backtest.run import Order, period, run_backtest
    from economy.market.reading import find_history
    from economy.report.backtest import backtest_page, value_chart
    from economy.report.files import write_text

    spec = find_basket(basket)
    history = find_history(rates)
    said = [None if day is None else day.date() for day in (start, end, base)]
    first, last = period(history, *said)
    order = Order(spec, first, last, currency_of(holder), said[2], rebalance)
    result = run_backtest(history, order)
    if csv_file is not None:
        write_text(csv_file, backtest_csv(result))
    if html_file is not None:
        write_text(html_file, backtest_page(result))
    if plot_file is not None:
        write_text(plot_file, value_chart(result))
    output.result(backtest_document(result), backtest_lines(result), as_json=as_json)
    return OK
