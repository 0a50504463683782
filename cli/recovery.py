"""`mithqal account recovery`: who may change a key that was lost."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from node.client.network import load_network
from node.client.operations import rotation as operations
from node.client.wallets.accounts import SCHEMES
from node.client.wallets.wallet import Wallet


@click.group()
def recovery() -> None:
    """Recovery accounts: a provider, or one of its children, that may change keys handed to it."""


@recovery.command()
@click.argument("name")
@options.network
@options.as_json
@output.reported
def create(name: str, directory: Path, as_json: bool) -> int:
    """Make NAME, a wallet provider or one of its children, a recovery account."""
    done = operations.create_recovery(Wallet(load_network(directory)), name)
    lines = [
        f"{name} is a recovery account, version {done['version']}",
        f"  next: mithqal account recovery add CHILD {name}",
    ]
    output.result(done, lines, as_json=as_json)
    return OK


@recovery.command()
@click.argument("name")
@click.argument("recovery")
@options.network
@options.as_json
@output.reported
def add(name: str, recovery: str, directory: Path, as_json: bool) -> int:
    """Let the recovery account RECOVERY change the key of NAME, an account of the same provider, for good."""
    done = operations.add_recovery(Wallet(load_network(directory)), name, recovery)
    lines = [
        f"{recovery} may change the key of {name}, version {done['version']}",
        f"  should it be lost: mithqal account recovery rotate {name} --by {recovery}",
    ]
    output.result(done, lines, as_json=as_json)
    return OK


@recovery.command()
@click.argument("name")
@click.option("--by", help="The recovery account, which signs; without it NAME signs with its old key.")
@click.option("--scheme", type=click.Choice(list(SCHEMES)), help="Of the new key: the old one's unless said otherwise.")
@options.network
@options.as_json
@output.reported
def rotate(name: str, by: str | None, scheme: str | None, directory: Path, as_json: bool) -> int:
    """Give NAME a new key; its address stays. A repeat finishes what was interrupted, with the same key."""
    chosen = None if scheme is None else SCHEMES[scheme]
    done = operations.change_key(Wallet(load_network(directory)), name, by=by, scheme=chosen)
    when = "" if done["version"] is None else f", version {done['version']}"
    output.result(done, [f"{name} signs with a new key{when}", f"  {done['public_key']}"], as_json=as_json)
    return OK
