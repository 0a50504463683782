"""`mithqal lab fuzz`: hostile bytes against decoders and validators."""

import click

from cli import options, output
from cli.exits import INVARIANT, OK
from cli.progress import ProgressLine


@click.command()
@click.option("--seconds", type=click.IntRange(1, 86_400), default=60, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of the first batch.")
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True)
@options.as_json
@output.reported
def fuzz(seconds: int, seed: int, processes: int, as_json: bool) -> int:
    """Decode mutated bytes, and send mutated messages to validators amid a session; exit 8 on a crash or a hang.

    Each batch, and each session, has a seed of its own; the same seed brings the same bytes.
    """
    from node.lab.fuzz.run import as_lines, run_fuzz

    with ProgressLine() as progress:
        document = run_fuzz(seconds, seed, progress.say, processes)
    output.result(document, as_lines(document), as_json=as_json)
    return OK if document["ok"] else INVARIANT
