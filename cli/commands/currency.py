"""`mithqal currency`: supply, where it is, and the receipts behind it."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from cli.viewing import open_view
from node.view.explorer import currency_by
from node.view.pages.currency import currencies_page, currency_page


@click.group()
def currency() -> None:
    """List and show currencies."""


@currency.command(name="list")
@options.limit(64)
@options.network
@options.as_json
@output.reported
def list_(limit: int, directory: Path, as_json: bool) -> int:
    """Every currency: supply, coins in accounts, to be burned and in fees, receipts, rate to XDX."""
    output.page(currencies_page(open_view(directory).source, limit), as_json=as_json)
    return OK


@currency.command()
@click.argument("code")
@options.limit(10)
@options.network
@options.as_json
@output.reported
def show(code: str, limit: int, directory: Path, as_json: bool) -> int:
    """One currency with its newest mints and burns; a basket also with the coins that it stands on."""
    view = open_view(directory)
    output.page(currency_page(view.source, view.names, currency_by(view.source, code), limit), as_json=as_json)
    return OK
