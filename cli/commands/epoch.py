"""`mithqal epoch`: the present epoch."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from cli.viewing import open_view
from node.view.pages.network import epoch_page


@click.group()
def epoch() -> None:
    """Show the epoch."""


@epoch.command()
@options.network
@options.as_json
@output.reported
def show(directory: Path, as_json: bool) -> int:
    """Validators, quorum, how many may fail, and the waypoint to begin from."""
    view = open_view(directory)
    output.page(epoch_page(view.source, view.waypoint), as_json=as_json)
    return OK
