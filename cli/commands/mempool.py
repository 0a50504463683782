"""`mithqal mempool`: what waits to be put into a block."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from cli.viewing import open_view
from node.view.pages.network import mempool_page


@click.group()
def mempool() -> None:
    """List what waits."""


@mempool.command(name="list")
@options.limit(100)
@options.network
@options.as_json
@output.reported
def list_(limit: int, directory: Path, as_json: bool) -> int:
    """Transactions that wait on the validator that answers, oldest first."""
    view = open_view(directory)
    output.page(mempool_page(view.source, view.names, limit), as_json=as_json)
    return OK
