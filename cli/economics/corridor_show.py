"""`mithqal corridor show`: one corridor today, over the network, and beside the promises."""

from decimal import Decimal
from pathlib import Path

import click

from cli import options, output
from cli.economics import corridor_options
from cli.exits import OK

Overrides = dict[tuple[str, str], Decimal]


@click.command()
@click.argument("sender", metavar="FROM")
@click.argument("receiver", metavar="TO")
@corridor_options.html
@options.as_json
@output.reported
@corridor_options.terms
def show(sender: str, receiver: str, amount: Decimal, overrides: Overrides, html: Path | None, as_json: bool) -> int:
    """Show what sending money FROM one country TO another (US, IN, ...) costs and how long it takes.

    The World Bank's published average stands beside the network, whose steps (funding, on_ramp, chain_fee, fx_spread,
    off_ramp, cash_out, and delay_risk) are defaults with sources, or what --fee, --flat and --minutes say.
    """
    from economy.corridors.compare import compare, document, lines

    found = compare(sender.upper(), receiver.upper(), amount, overrides)
    if html is not None:
        from economy.report.corridors import corridor_page
        from economy.report.files import write_text

        write_text(html, corridor_page(found))
    output.result(document(found), lines(found), as_json=as_json)
    return OK
