"""`mithqal reserve buffer`: how much capital makes a shortfall rare enough."""

from typing import Any

import click

from cli import options, output
from cli.economics.stress import planned, study
from cli.exits import INTERRUPTED, OK
from cli.progress import ProgressLine


@click.command()
@click.option("--target", type=float, default=0.001, show_default=True, help="Probability of a shortfall in the time.")
@study
@options.as_json
@output.reported
def buffer(target: float, workers: int, dask: str | None, as_json: bool, **said: Any) -> int:
    """Find the smallest capital with which a shortfall is rarer than the target, to a basis point of the coins.

    Every candidate is simulated with the same random numbers.

    \b
    Example:
      mithqal reserve buffer --target 0.001 --preset libra-v2 --model dark
    """
    from economy.stress.buffer import document_of_buffer, smallest_buffer
    from economy.stress.plan import Plan
    from economy.stress.runner import Finished, simulate
    from economy.stress.words import buffer_lines

    preset, plan = planned(**said)
    with ProgressLine() as line:

        def run(candidate: Plan) -> Finished:
            what = f"capital {10_000 * candidate.parameters.capital:.0f} bp"
            return simulate(
                [candidate],
                workers=workers,
                dask=dask,
                progress=lambda done, total: line.say(f"{what}: {done:,} of {total:,} years"),
            )[0]

        found = smallest_buffer(plan, target, run)
    document = document_of_buffer(plan, preset.name, found)
    output.result(document, buffer_lines(document), as_json=as_json)
    return INTERRUPTED if found.is_partial else OK
