"""`mithqal validator`: the validator set, and what each did lately."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from cli.viewing import open_view
from node.view.pages.network import validators_page


@click.group()
def validator() -> None:
    """List validators."""


@validator.command(name="list")
@options.limit(256)
@options.network
@options.as_json
@output.reported
def list_(limit: int, directory: Path, as_json: bool) -> int:
    """Every validator: reached or not, blocks proposed and signed of the newest hundred."""
    output.page(validators_page(open_view(directory).source, limit), as_json=as_json)
    return OK
