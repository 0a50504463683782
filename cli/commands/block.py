"""`mithqal block`: blocks with proposer, signers and contents."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from cli.viewing import open_view
from node.view.explorer import block_by
from node.view.pages.block import block_page, blocks_page


@click.group()
def block() -> None:
    """List and show blocks."""


@block.command(name="list")
@options.limit(10)
@click.option("--before", type=click.IntRange(0), help="Only blocks below this height.")
@options.network
@options.as_json
@output.reported
def list_(limit: int, before: int | None, directory: Path, as_json: bool) -> int:
    """The newest blocks, newest first."""
    view = open_view(directory)
    output.page(blocks_page(view.source, view.names, limit, before), as_json=as_json)
    return OK


@block.command()
@click.argument("which", metavar="HEIGHT|ID|latest")
@options.limit(20)
@options.network
@options.as_json
@output.reported
def show(which: str, limit: int, directory: Path, as_json: bool) -> int:
    """One block: proposer, signers, versions, transactions in words."""
    view = open_view(directory)
    output.page(block_page(view.source, view.names, block_by(view.source, which), limit), as_json=as_json)
    return OK
