"""`mithqal corridor table`: every corridor of the World Bank file beside the network."""

from decimal import Decimal
from pathlib import Path

import click

from cli import options, output
from cli.economics import corridor_options
from cli.exits import OK

Overrides = dict[tuple[str, str], Decimal]


@click.command()
@corridor_options.html
@corridor_options.csv
@options.as_json
@output.reported
@corridor_options.terms
def table(amount: Decimal, overrides: Overrides, html: Path | None, csv: Path | None, as_json: bool) -> int:
    """List all corridors with their published costs, the network's, and the promises that they keep."""
    from economy.corridors.compare import all_corridors

    corridor_options.answer(all_corridors(), amount, overrides, html=html, csv=csv, as_json=as_json)
    return OK
