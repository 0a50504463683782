"""`mithqal search`: everything that a text may name."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from cli.viewing import open_view
from node.view.explorer import search_page


@click.command()
@click.argument("anything")
@options.network
@options.as_json
@output.reported
def search(anything: str, directory: Path, as_json: bool) -> int:
    """List everything that ANYTHING names, exact matches first, then names that contain it."""
    output.page(search_page(open_view(directory), anything), as_json=as_json)
    return OK
