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
@click.option("--first", type=click.IntRange(0), help="First seed, or number.  [default: 0]")
@click.option("--count", type=click.IntRange(1), help=f"How many.  [default: {COUNT}, without --seconds]")
@click.option("--seconds", type=click.IntRange(1), help="Begin nothing new after so long.")
@click.option("--hours", type=options.Seconds(0.001, 10_000), help="The same, in hours.")
@click.option("--ledger", type=click.Path(path_type=Path, dir_okay=False),
              help="Go on where the campaigns that this file tells of ended, and add to it.")  # fmt: skip
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
      mithqal lab campaign --generator all --hours 8 --processes 2 --ledger soak.jsonl
    """
    from node.lab.campaign.failures import kept
    from node.lab.campaign.run import Plan, Report
    from node.lab.campaign.run import campaign as run
    from node.lab.campaign.soak import soak

    if said["seconds"] is not None and said["hours"] is not None:
        raise click.UsageError("say --seconds or --hours.")
    if said["ledger"] is not None and said["first"] is not None:
        raise click.UsageError("--ledger says where to begin: leave --first out.")
    seconds = said["seconds"] if said["hours"] is None else said["hours"] * 3_600
    count = COUNT if said["count"] is None and seconds is None else said["count"]
    plan = Plan(said["generator"], said["first"] or 0, count, seconds, said["virtual_seconds"] * MICROSECONDS)
    replays: list[str] = []
    with ProgressLine() as line:

        def part(plan: Plan) -> Report:
            found = run(plan, processes=processes, dask=dask, heard=lambda _, tally: line.say(tally.line()))
            replays.extend(kept(plan, found.tally, failures, line.say))
            return found

        if said["ledger"] is None:
            report = part(plan)
            summary, is_partial = report.document(), report.is_partial
        else:
            summary, reports = soak(plan, said["ledger"], part)
            is_partial = reports[-1].is_partial
    summary = {**summary, "replay": replays}
    output.result(summary, [f"{key:20} {value}" for key, value in summary.items()], as_json=as_json)
    if is_partial:
        return INTERRUPTED
    return OK if summary["ok"] else INVARIANT
