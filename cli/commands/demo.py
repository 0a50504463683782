"""`mithqal demo`: the whole story on a fresh network of real processes."""

import datetime
import shutil
import signal
import tempfile
from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from cli.story.play import play
from cli.story.stage import Stage
from economy.market.rates import load_day


@click.command()
@click.option("--validators", type=click.IntRange(1, 16), default=4, show_default=True)
@click.option("--seed", type=click.IntRange(0), help="The same keys, names and amounts each time.")
@click.option("--date", type=click.DateTime(["%Y-%m-%d"]), help="Exchange rates of this day; default: the newest.")
@click.option("--keep", is_flag=True, help="Leave the network running at the end, and say how to go on.")
@options.as_json
@output.reported
def demo(validators: int, seed: int | None, date: datetime.datetime | None, keep: bool, as_json: bool) -> int:
    """Start a fresh network and tell one story on it: genesis, reserve, payments, a crash, redemption, a proof."""
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell had them ignored
        signal.signal(number, signal.default_int_handler)
    say = output.talk if as_json else output.tell
    day = load_day(None if date is None else date.date())
    directory = Path(tempfile.mkdtemp(prefix="mithqal-demo-")) / "network"
    stage = Stage(directory, validators, seed, day, say, keep=keep)
    done = False
    try:
        document = play(stage)
        done = True
    finally:
        if not (done and keep):
            stage.close()
            shutil.rmtree(directory.parent, ignore_errors=True)
    if keep:
        document["network"] = str(directory)
    output.result(document, closing(stage, document), as_json=as_json)
    return OK


def closing(stage: Stage, document: dict[str, object]) -> list[str]:
    """The last lines for people."""
    lines = [
        f"The first payment was final after {document['first_final_s']} s, the story took {document['seconds']} s."
    ]
    if not stage.keep:
        return [*lines, "Everything is stopped. `mithqal demo --keep` leaves the network running."]
    return [
        *lines, "The network runs on. To go on:", f"  export MITHQAL_NETWORK={stage.directory}", "  mithqal explorer",
        "  mithqal pay alice@us-wallet bruno@br-wallet 5 XUS", "  mithqal localnet down",
    ]  # fmt: skip
