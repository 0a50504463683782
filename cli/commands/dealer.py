"""`mithqal dealer`: what a designated dealer does with the treasury."""

from pathlib import Path

import click

from chain.accounts import BASKET
from cli import options, output
from cli.exits import OK
from node.client.amounts import format_amount, parse_amount
from node.client.network import load_network
from node.client.operations import coins, treasury
from node.client.wallets.wallet import Wallet
from node.localnet.bootstrap import DEALER


@click.group()
def dealer() -> None:
    """Compose and decompose the basket, send coins back to the treasury."""


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


@dealer.command(context_settings={"ignore_unknown_options": True})
@click.argument("amount")
@click.option("--currency", default=BASKET, show_default=True, help="Which synthetic coin.")
@click.option("--dealer", "name", default=DEALER, show_default=True, help="Whose coins.")
@options.network
@options.as_json
@output.reported
def compose(amount: str, currency: str, name: str, directory: Path, as_json: bool) -> int:
    """Make AMOUNT whole coins of the basket out of the coins that it stands on."""
    done = coins.compose(Wallet(load_network(directory)), name, parse_amount(amount), currency)
    return _moved(done, f"{name} gave", as_json)


@dealer.command(context_settings={"ignore_unknown_options": True})
@click.argument("amount")
@click.option("--currency", default=BASKET, show_default=True, help="Which synthetic coin.")
@click.option("--dealer", "name", default=DEALER, show_default=True, help="Whose coins.")
@options.network
@options.as_json
@output.reported
def decompose(amount: str, currency: str, name: str, directory: Path, as_json: bool) -> int:
    """Take AMOUNT whole coins of the basket apart into the coins that it stands on."""
    done = coins.decompose(Wallet(load_network(directory)), name, parse_amount(amount), currency)
    return _moved(done, f"{name} got", as_json)


def _moved(done: treasury.Result, who: str, as_json: bool) -> int:
    """Say which coins moved for how much of the basket."""
    lines = [f"{who} for {format_amount(done['amount'])} {done['currency']}, version {done['version']}:"]
    lines += [f"  {format_amount(part['amount'])} {part['currency']}" for part in done["parts"]]
    output.result(done, lines, as_json=as_json)
    return OK
