"""`mithqal reserve run`: the economy on a live network."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli import options, output
from cli.exits import OK
from node.client.amounts import format_amount
from node.client.network import load_network
from node.client.wallets.wallet import Wallet

if TYPE_CHECKING:
    from economy.world.live import LiveDay


@click.command()
@click.option(
    "--scenario", metavar="FILE", default="usd-shock", show_default=True, help="A live scenario's file or name."
)
@options.network
@options.as_json
@output.reported
def run(scenario: str, directory: Path, as_json: bool) -> int:
    """Drive a running network through some days: real rates, dealers who mint and redeem, a run with a stay in force.

    Everything is a real transaction. At the end the run's own books, the ledger's supply and custodians' receipts must
    agree to the micro-unit: exit 8 otherwise.
    """
    from economy.world.live import find_live, run_live

    live = find_live(scenario)
    wallet = Wallet(load_network(directory))
    coin = live.coin

    def say(day: "LiveDay") -> None:
        output.talk(
            f"{day.date}: {day.rates} rates; {format_amount(day.minted)} {coin} minted, {format_amount(day.redeemed)}"
            f" given back, {format_amount(day.burned)} burned, {format_amount(day.waiting)} wait"
        )

    done = run_live(wallet, live, say)
    minted, burned, waiting, most = (
        format_amount(done[name]) for name in ("minted", "burned", "waiting", "most_waiting")
    )
    before, after = format_amount(done["supply_before"]), format_amount(done["supply"])
    agree = "the run's books, the ledger and custodians' receipts agree to the micro-unit"
    lines = [
        live.title,
        f"  {len(done['days'])} days; {minted} {coin} minted, {burned} burned, {waiting} still wait",
        f"  under the stay at most {most} {coin} waited",
        f"  supply {before} -> {after}: {agree}",
    ]
    output.result(done, lines, as_json=as_json)
    return OK
