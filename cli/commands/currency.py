"""`mithqal currency`: supply, where it is, and the receipts behind it."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from cli.viewing import open_view
from node.view.pages.currency import currencies_page


@click.group()
def currency() -> None:
    """List currencies."""


@currency.command(name="list")
@options.limit(64)
@options.network
@options.as_json
@output.reported
def list_(limit: int, directory: Path, as_json: bool) -> int:
    """Every currency: supply, coins in accounts, to be burned and in fees, receipts, rate to XDX."""
    output.page(currencies_page(open_view(directory).source, limit), as_json=as_json)
    return OK
