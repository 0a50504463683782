"""`mithqal simulate`: a year of the currency on the real ledger."""

import os
import signal
from pathlib import Path
from types import FrameType

import click

from cli import options, output
from cli.exits import INTERRUPTED, INVARIANT, OK
from cli.progress import ProgressLine
from economy.limits import FEWEST_PEOPLE, MAX_DAYS, MAX_PEOPLE, MAX_WORKERS

DAYS, PEOPLE, SEED = 365, 2_000, 1
SCENARIO = "year-2021"


@click.command()
@click.option("--days", type=click.IntRange(1, MAX_DAYS), default=DAYS, show_default=True, help="Of virtual time.")
@click.option("--people", type=click.IntRange(FEWEST_PEOPLE, MAX_PEOPLE), help=f"Who live there; default {PEOPLE}.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help=f"Everything follows from it; default {SEED}.")
@click.option("--scenario", metavar="FILE", help=f"A scenario's file or name; default {SCENARIO} (docs/economy.md).")
@click.option("-o", "--output", "target", type=click.Path(path_type=Path, file_okay=False), help="The new network.")
@click.option(
    "--continue", "again", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
    help="Go on with a network that simulate made, by so many further days.",
)  # fmt: skip
@click.option(
    "--network-sim", is_flag=True,
    help="Blocks by the simulated network of validators (consensus, links, disks) instead of keys alone; slower.",
)  # fmt: skip
@click.option(
    "--workers", type=click.IntRange(0, MAX_WORKERS), help="Processes that sign; default: one less than cores."
)  # fmt: skip
@options.as_json
@output.reported
def simulate(  # noqa: PLR0913 - click options
    days: int, people: int | None, seed: int | None, scenario: str | None, target: Path | None, again: Path | None,
    network_sim: bool, workers: int | None, as_json: bool,
) -> int:  # fmt: skip
    """Let an invented world use the coin: wages, remittances, purchases, dealers, a regulator, a run.

    Each transaction is signed, and executed by the ledger in virtual time; validators' keys certify the blocks. The
    result is a network directory like any other. The same seed gives the same state root. Ctrl-C ends the run with the
    day that it is in; the directory is then whole, and can be continued.
    """
    if (target is None) == (again is None):
        raise click.UsageError("name a new directory with -o DIR, or one to go on with by --continue DIR")
    if again is not None and not (people is None and seed is None and scenario is None and not network_sim):
        raise click.UsageError("a run that is continued keeps its people, seed, scenario and network")
    from economy.errors import PlotsMissingError
    from economy.world import simulate as world
    from economy.world.scenario import find_scenario
    from economy.world.summary import books_agree, document_of, lines_of, write_summary

    count = max(0, (os.cpu_count() or 1) - 1) if workers is None else workers
    stop = _Interruption()
    with ProgressLine() as line, stop:

        def say(done: int, wanted: int, transactions: int) -> None:
            line.say(f"day {done} of {wanted}, {transactions} transactions")

        if again is not None:
            result = world.resume(again, days=days, workers=count, say=say, should_stop=stop.is_asked)
        else:
            assert target is not None
            number = SEED if seed is None else seed
            life = world.Life(find_scenario(scenario or SCENARIO), people or PEOPLE, number, network_sim)
            result = world.simulate(target, life, days=days, workers=count, say=say, should_stop=stop.is_asked)
    try:
        output.talk(f"pictures: {write_summary(result)}")
    except PlotsMissingError as error:
        output.talk(f"no pictures: {error.message}")
    if result.interrupted:
        words = f"interrupted after {result.days} days: {result.directory} is whole, go on with --continue"
        return output.refuse("interrupted", words, INTERRUPTED, as_json=as_json)
    output.result(document_of(result), lines_of(result), as_json=as_json)
    return OK if books_agree(result.books) else INVARIANT


class _Interruption:
    """Ctrl-C asks for an end, a second one insists."""

    def __init__(self) -> None:
        """Nobody asked."""
        self._asked = False
        self._before = signal.getsignal(signal.SIGINT)

    def is_asked(self) -> bool:
        """Whether the run shall end with this day."""
        return self._asked

    def __enter__(self) -> "_Interruption":
        signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        output.talk("ending with this day; Ctrl-C again to give it up")
