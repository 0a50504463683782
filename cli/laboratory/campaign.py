"""`mithqal lab campaign`: many scenarios, one summary."""

from pathlib import Path
from typing import Any

import click

from cli import options, output
from cli.exits import INTERRUPTED, INVARIANT, OK
from cli.progress import ProgressLine

MICROSECONDS = 1_000_000
COUNT = 200
"""Scenarios, if nothing is said."""


@click.command()
@click.option("--generator", default="seeds", show_default=True, help="Where scenarios come from (docs/simulation.md).")
@click.option("--first", type=click.IntRange(0), default=0, show_default=True, help="First seed, or number.")
@click.option("--count", type=click.IntRange(1), help=f"How many.  [default: {COUNT}, without --seconds]")
@click.option("--seconds", type=click.IntRange(1), help="Begin nothing new after so long.")
@click.option("--virtual-seconds", type=click.IntRange(1, 3600), default=20, show_default=True,
              help="Virtual time a seed, of the generator seeds.")  # fmt: skip
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option("--dask", metavar="ADDRESS", help="A Dask scheduler, tcp://HOST:PORT, instead of processes.")
@click.option(
    "--failures", type=click.Path(path_type=Path, file_okay=False),
    help="Write what failed there, shrunk.  [default: a new temporary folder]",
)  # fmt: skip
@options.as_json
@output.reported
def campaign(
    *, processes: int, dask: str | None, failures: Path | None, as_json: bool, **said: Any
) -> int:  # fmt: skip
    """Run many scenarios. Exits 8 unless all invariants hold, nine in ten commit and every claimed fault fired.

    \b
    Examples:
      mithqal lab campaign --count 20
      mithqal lab campaign --generator all --seconds 60 --processes 2 --json
    """
    from node.lab.campaign.failures import kept
    from node.lab.campaign.run import Plan
    from node.lab.campaign.run import campaign as run

    count = COUNT if said["count"] is None and said["seconds"] is None else said["count"]
    virtual_us = said["virtual_seconds"] * MICROSECONDS
    plan = Plan(said["generator"], said["first"], count, said["seconds"], virtual_us)
    with ProgressLine() as line:
        report = run(plan, processes=processes, dask=dask, heard=lambda _, tally: line.say(tally.line()))
        replay = kept(plan, report.tally, failures, line.say)
    summary = {**report.document(), "replay": replay}
    output.result(summary, [f"{key:20} {value}" for key, value in summary.items()], as_json=as_json)
    if report.is_partial:
        return INTERRUPTED
    return OK if summary["ok"] else INVARIANT
