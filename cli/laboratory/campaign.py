"""`mithqal lab campaign`: many seeds, one summary."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import INVARIANT, OK

MICROSECONDS = 1_000_000


@click.command()
@click.option("--first", type=click.IntRange(0), default=0, show_default=True, help="First seed.")
@click.option("--count", type=click.IntRange(1), default=200, show_default=True, help="How many seeds.")
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option("--seconds", type=click.IntRange(1, 3600), default=20, show_default=True, help="Virtual time a seed.")
@click.option(
    "--failures", type=click.Path(path_type=Path, file_okay=False), help="Write the scenarios of failing seeds there."
)
@options.as_json
@output.reported
def campaign(first: int, count: int, processes: int, seconds: int, failures: Path | None, as_json: bool) -> int:
    """Run many seeds. Exits 8 unless all invariants hold, nine in ten seeds commit payments and every fault fired."""
    from node.lab.campaign import replays, run_seeds, summarize

    results = run_seeds(first, count, processes, seconds * MICROSECONDS)
    summary = {**summarize(results), "replay": replays(results, seconds * MICROSECONDS, failures)}
    lines = [f"{key:20} {value}" for key, value in summary.items()]
    output.result(summary, lines, as_json=as_json)
    return OK if summary["ok"] else INVARIANT
