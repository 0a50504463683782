"""`mithqal lab timeline`: a live network as a picture."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import OK


@click.command()
@options.network
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page that needs nothing else.")
@click.option("--chrome", type=click.Path(path_type=Path, dir_okay=False), help="Write a trace for Perfetto.")
@click.option("--last", type=options.Seconds(0.1, 1e9), help="Only so many seconds before the newest event.")
@options.as_json
@output.reported
def timeline(directory: Path, html: Path | None, chrome: Path | None, last: float | None, as_json: bool) -> int:
    """Draw a local network's newest blocks, certificates, failed rounds, and the lines of its validators' logs.

    Messages are drawn too where validators noted them: `localnet up --trace-messages`.
    """
    from node.client.network import load_network
    from node.lab.timeline import files as timeline_files
    from node.lab.timeline import live as timeline_live

    if html is None and chrome is None:
        raise click.UsageError("name a file: --html, --chrome, or both.")
    found = timeline_live.read_live(load_network(directory), last)
    document = timeline_files.write(found, html, chrome)
    output.result(document, timeline_files.as_lines(document), as_json=as_json)
    return OK
