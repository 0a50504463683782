"""`mithqal reserve sdr`: the IMF's daily sheet."""

import datetime

import click

from cli import options, output
from cli.exits import OK


@click.command()
@click.option("--date", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The basket in force then is valued.")
@click.option("--rate", "rates", multiple=True, metavar="CODE=RATE", help="EUR, GBP in dollars; JPY, CNY a dollar.")
@options.as_json
@output.reported
def sdr(date: datetime.datetime, rates: tuple[str, ...], as_json: bool) -> int:
    """Value the IMF's SDR to the last digit of its sheet, from your rates or rebuilt from the ECB's.

    With --rate for each currency of the basket but the dollar, the result is the IMF's own arithmetic. Without, it is
    a rebuild from the ECB's reference rates of that day, which are set two hours later than the IMF's.
    """
    from economy.exact.sdr import parse_rates, rebuilt_rates, sheet_document, sheet_lines, value_sdr
    from economy.exact.tables import basket_on
    from economy.market.rates import load_day

    given = parse_rates(rates)
    basket_on(date.date())
    day = None if given else load_day(date.date())
    document = sheet_document(value_sdr(date.date(), given if day is None else rebuilt_rates(date.date(), day)), day)
    output.result(document, sheet_lines(document), as_json=as_json)
    return OK
