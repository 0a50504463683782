"""`mithqal reserve monitor`: an alarm at the first block whose coins are not covered."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import options, output
from cli.economics.show import lines_of
from cli.exits import OK
from cli.progress import ProgressLine
from cli.viewing import reading_wallet
from node.client.network import load_network

if TYPE_CHECKING:
    from economy.statement.backing import Reserve


@click.command()
@click.option(
    "--seconds", type=options.Seconds(0, 86_400), default=30, show_default=True, help="How long; 0 looks once."
)  # fmt: skip
@options.network
@options.as_json
@output.reported
def monitor(seconds: float, directory: Path, as_json: bool) -> int:
    """Watch a running network: after each block, compare what custodians hold with the proved supply.

    Exit 8, naming what is missing, at the first block that is not covered; 0 when the time is over.
    """
    from economy.statement.monitor import watch

    network = load_network(directory)
    client = reading_wallet(network).client
    with ProgressLine() as line:

        def say(reserve: "Reserve", height: int) -> None:
            line.say(f"block {height}, version {reserve.version}: every coin is covered")

        seen = watch(client, network.waypoint, directory, seconds, say)
    document = {"alarm": False, "blocks": seen.blocks, **seen.reserve.to_json()}
    output.result(document, [f"{seen.blocks} blocks, no alarm", *lines_of(seen.reserve)], as_json=as_json)
    return OK
