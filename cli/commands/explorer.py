"""`mithqal explorer`: the network as text, or the page of whatever an id names."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from cli.viewing import open_verified, open_view, with_evidence
from node.view.explorer import explore


@click.command()
@click.argument("words", metavar="[ID]", nargs=-1)
@options.limit(10)
@options.trust_node
@options.network
@options.as_json
@output.reported
def explorer(words: tuple[str, ...], limit: int, trust_node: bool, directory: Path, as_json: bool) -> int:
    """Show the network, or what ID names; accounts, transactions and events are proved from the network's waypoint.

    ID is a version (1042 or v1042), a height (b12 or block 12), a hash, a block id, an address, a name of the address
    book, an event stream, a validator or a currency. A plain number is a version. docs/explorer.md has the order.
    """
    if not words:
        output.page(explore(open_view(directory), None, limit), as_json=as_json)
        return OK
    view = open_verified(directory, trust_node)
    output.page(with_evidence(view, explore(view, " ".join(words), limit)), as_json=as_json)
    return OK
