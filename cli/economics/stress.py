"""`mithqal reserve stress`: many simulated years of a reserve, and what went wrong in them."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import options, output
from cli.exits import INTERRUPTED, OK
from cli.progress import ProgressLine

if TYPE_CHECKING:
    from economy.reserve.presets import Preset
    from economy.stress.plan import Plan


def study(command: Callable[..., int]) -> Callable[..., int]:
    """The options that say what is simulated, and on how many processors; `stress` and `buffer` share them."""
    for option in reversed((
        click.option("--preset", "preset_name", default="libra-v2", show_default=True, help="See `reserve presets`."),
        click.option("--model", default="gbm", show_default=True, help="gbm, bootstrap, jump, regime or dark."),
        click.option("--run", "run", default="threshold", show_default=True,
                     help="Who runs: threshold, diamond-dybvig or global-game."),
        click.option("--paths", type=int, default=100_000, show_default=True, help="Simulated years."),
        click.option("--days", type=int, default=252, show_default=True, help="Business days in each."),
        click.option("--seed", type=int, default=7, show_default=True, help="The same seed, the same numbers."),
        click.option("--capital", type=float, help="Capital, a share of the coins; the preset's without it."),
        click.option("--haircut", type=float, help="Of whoever insists on payment in a stay, at least."),
        click.option("--volatility", type=float, help="Multiplies the volatilities of the exchange rates."),
        click.option("--set", "settings", multiple=True, metavar="NAME=VALUE",
                     help="Any parameter of docs/economy.md; may be repeated."),
        click.option("--workers", type=int, default=1, show_default=True, help="Processes on this machine."),
        click.option("--dask", metavar="ADDRESS", help="A Dask scheduler, tcp://HOST:PORT, instead of processes."),
    )):  # fmt: skip
        command = option(command)
    return command


def planned(
    *, preset_name: str, model: str, run: str, paths: int, days: int, seed: int, settings: tuple[str, ...], **said: Any
) -> "tuple[Preset, Plan]":
    """The plan that the options describe; errors name what is available."""
    from economy.market.reading import load_history
    from economy.reserve.presets import find_preset
    from economy.stress.factors import check_model
    from economy.stress.study import Draft, plan_of

    named = [f"{name}={said[name]!r}" for name in ("capital", "haircut", "volatility") if said.get(name) is not None]
    preset = find_preset(preset_name)
    check_model(model)
    return preset, plan_of(preset, load_history(), Draft(model, run, paths, days, seed), [*settings, *named])


@click.command()
@study
@click.option("--no-sensitivity", is_flag=True, help="Leave out the table of one changed parameter at a time.")
@click.option("--html", type=click.Path(path_type=Path), help="Write a report with pictures to this file.")
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Write every number to this file.")
@options.as_json
@output.reported
def stress(
    workers: int, dask: str | None, no_sensitivity: bool, html: Path | None, csv_file: Path | None, as_json: bool,
    **said: Any,
) -> int:  # fmt: skip
    """Simulate a year of a reserve many times: shortfalls, stays, broken pegs, and where the capital went.

    Results depend on the seed, never on the number of workers. Ctrl-C prints what is finished, marked partial.

    \b
    Examples:
      mithqal reserve stress --preset libra-v2 --model jump --paths 100000 --workers 2
      mithqal reserve stress --model dark --set dark_loss=0.2 --html stress.html
    """
    from economy.report.files import csv_text, write_text
    from economy.stress.document import document_of
    from economy.stress.runner import simulate
    from economy.stress.study import variants
    from economy.stress.words import CSV_HEADER, csv_rows, lines

    preset, plan = planned(**said)
    others = [] if no_sensitivity else variants(plan)
    with ProgressLine() as line:
        finished, *parts = simulate(
            [plan, *(other.plan for other in others)],
            workers=workers,
            dask=dask,
            progress=lambda done, total: line.say(f"{done:,} of {total:,} years"),
        )
    document = document_of(preset, plan, finished, list(zip(others, parts, strict=True)))
    if csv_file is not None:
        write_text(csv_file, csv_text(CSV_HEADER, csv_rows(document)))
    if html is not None:
        from economy.report.stress_page import page_of

        write_text(html, page_of(document))
    output.result(document, lines(document), as_json=as_json)
    return INTERRUPTED if finished.is_partial else OK
