"""`mithqal dealer`: what a designated dealer does with the treasury."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from node.client.amounts import format_amount, parse_amount
from node.client.network import load_network
from node.client.operations import treasury
from node.client.wallets.wallet import Wallet
from node.localnet.bootstrap import DEALER


@click.group()
def dealer() -> None:
    """Send coins back to the treasury."""


@dealer.command(context_settings={"ignore_unknown_options": True})
@click.argument("amount")
@click.argument("currency")
@click.option("--dealer", "name", default=DEALER, show_default=True, help="Whose coins.")
@options.network
@options.as_json
@output.reported
def preburn(amount: str, currency: str, name: str, directory: Path, as_json: bool) -> int:
    """Put AMOUNT whole coins of CURRENCY in the queue to be burned."""
    micro = parse_amount(amount)
    done = treasury.preburn(Wallet(load_network(directory)), name, micro, currency)
    lines = [
        f"{format_amount(micro)} {currency} of {name} wait to be burned, version {done['version']}",
        f"  next: mithqal treasury burn {name} {amount} {currency}, or cancel-burn",
    ]
    output.result(done, lines, as_json=as_json)
    return OK
