"""`mithqal event`: events of a stream, in words."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from cli.viewing import open_view
from node.view.explorer import account_by
from node.view.pages.event import TYPES, account_keys, events_page, stream_key


@click.group()
def event() -> None:
    """List events."""


@event.command(name="list")
@click.argument("key", required=False)
@click.option("--account", "name", help="The streams of this account (a local name or an address).")
@click.option("--type", "type_", type=click.Choice(TYPES), help="Only this stream of the account.")
@options.limit(20)
@click.option("--before", type=click.IntRange(0), help="Only events of KEY with a number below this.")
@options.network
@options.as_json
@output.reported
def list_(
    key: str | None, name: str | None, type_: str | None, limit: int, before: int | None, directory: Path,
    as_json: bool,
) -> int:  # fmt: skip
    """The newest events of the stream KEY, or of the streams of an account."""
    if (key is None) == (name is None):
        raise click.UsageError("name one stream: KEY (48 hex digits), or --account NAME")
    if key is not None and type_ is not None:
        raise click.UsageError("--type goes with --account: KEY names one stream already")
    view = open_view(directory)
    if name is None:
        keys = [stream_key(key or "")]
    else:
        keys = account_keys(account_by(view.source, view.names, name), name, type_)
    if before is not None and len(keys) != 1:
        raise click.UsageError("--before is a number in one stream: name it by KEY or --type")
    output.page(events_page(view.source, view.names, keys, limit, before), as_json=as_json)
    return OK
