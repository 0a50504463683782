"""`mithqal corridor compare`: some corridors side by side."""

from decimal import Decimal
from pathlib import Path

import click

from cli import options, output
from cli.economics import corridor_options
from cli.exits import OK
from economy.errors import ParameterError

Overrides = dict[tuple[str, str], Decimal]


@click.command()
@click.argument("countries", nargs=-1, required=True, metavar="FROM TO [FROM TO]...")
@corridor_options.html
@corridor_options.csv
@options.as_json
@output.reported
@corridor_options.terms
def compare(
    countries: tuple[str, ...],
    amount: Decimal,
    overrides: Overrides,
    html: Path | None,
    csv: Path | None,
    as_json: bool,
) -> int:
    """Compare corridors, each a pair of countries: `compare US IN US BR`."""
    if len(countries) % 2:
        raise ParameterError(f"{len(countries)} countries: write pairs, such as US IN US BR", name="bad_argument")
    codes = [country.upper() for country in countries]
    pairs = list(zip(codes[::2], codes[1::2], strict=True))
    corridor_options.answer(pairs, amount, overrides, html=html, csv=csv, as_json=as_json)
    return OK
