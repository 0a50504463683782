"""`mithqal reserve project`: a reserve day by day while holders leave."""

import datetime
from pathlib import Path

import click

from cli import options, output
from cli.exits import OK

_FILE = click.Path(path_type=Path, dir_okay=False)
_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option("--preset", default="libra-v2", show_default=True, help="One regime of `reserve presets`.")
@click.option("--book", type=_FILE, help="Your own balance sheet as CSV; the regime's rules apply to it.")
@click.option("--coins", default="1000000000", show_default=True, help="Coins outstanding, without --book.")
@click.option("--start", type=_DAY, default="2026-01-05", show_default=True, help="First day.")
@click.option("--days", type=int, default=30, show_default=True, help="How many days.")
@click.option("--redeem", default="0.01", show_default=True, help="Share of the crowd that leaves each day.")
@click.option("--alarm", help="Share that leaves each day while the price is below 0.99.")
@click.option("--buy", default="0", show_default=True, help="Share by which the crowd buys more each day.")
@click.option("--whale", "whales", multiple=True, metavar="DAY:SHARE", help="A holder who leaves at once; repeatable.")
@click.option("--insist", "insists", is_flag=True, help="In a stay leave at a haircut, where the regime allows it.")
@click.option("--bank-fails", multiple=True, metavar="DAY:SHARE", help="This share of the deposits is stuck.")
@click.option("--recovery", default="0", show_default=True, help="What comes back of stuck money at the worst.")
@click.option("--floors", metavar="hard|usable", help="Liquidity floors as hard minima or as buffers.")
@click.option("--haircut", help="Least early-redemption haircut in a stay.")
@click.option("--fee", help="Redemption fee.")
@click.option("--yield", "bill_yield", help="Yield of bills a year; else assumed.")
@click.option("--overnight", help="Yield of the overnight sweep a year; else assumed.")
@click.option("--dealers", type=click.IntRange(1, 100), default=3, show_default=True, help="Designated dealers.")
@click.option("--credit", default="0.05", show_default=True, help="Each dealer's credit, as a share of the coins.")
@click.option("--inventory", default="0.01", show_default=True, help="Each dealer's stock, as a share of the coins.")
@click.option("--csv", "csv_file", type=_FILE, help="Write the days.")
@click.option("--html", "html_file", type=_FILE, help="Write a page with pictures.")
@click.option("--plot", "plot_file", type=_FILE, help="Write the picture of the price, as SVG.")
@options.as_json
@output.reported
def project(  # noqa: PLR0913 - click options
    preset: str, book: Path | None, coins: str, start: datetime.datetime, days: int, redeem: str, alarm: str | None,
    buy: str, whales: tuple[str, ...], insists: bool, bank_fails: tuple[str, ...], recovery: str, floors: str | None,
    haircut: str | None, fee: str | None, bill_yield: str | None, overnight: str | None, dealers: int, credit: str,
    inventory: str, csv_file: Path | None, html_file: Path | None, plot_file: Path | None, as_json: bool,
) -> int:  # fmt: skip
    """Run a reserve day by day: holders leave, dealers redeem, bills are sold, stays and gates hold.

    Shares are written 0.05 or 5%. The books are integers, and balance after every step.
    """
    from economy.reserve.order import COLUMNS, Order, document, lines, plans, rows
    from economy.reserve.project import project as run

    order = Order(
        preset, coins, start.date(), days, book, redeem, alarm, buy, whales, bank_fails, recovery, insists, floors,
        haircut, fee, bill_yield, overnight, dealers, credit, inventory,
    )  # fmt: skip
    found = tuple(run(plan) for plan in plans(order))
    if csv_file is not None or html_file is not None or plot_file is not None:
        from economy.report.files import csv_text, write_text
        from economy.report.reserve import project_chart, project_page

        if csv_file is not None:
            cells = [[str(cell) for cell in row] for projection in found for row in rows(projection)]
            write_text(csv_file, csv_text(COLUMNS, cells))
        if html_file is not None:
            write_text(html_file, project_page(found, order))
        if plot_file is not None:
            write_text(plot_file, project_chart(found[0]))
    output.result(document(found, order), lines(found, order), as_json=as_json)
    return OK
