"""`mithqal keys`: the keys of a network directory; secrets are never shown."""

from pathlib import Path
from typing import Any

import click

from chain.crypto.schemes import MAX_SIGNERS
from cli import options, output
from cli.exits import OK
from cli.safe import backup, restore
from node.client.network import load_network
from node.client.wallets.accounts import SCHEMES
from node.client.wallets.keys import list_keys, new_key, new_multi_key, show_key
from node.client.wallets.wallet import Wallet


@click.group()
def keys() -> None:
    """Make, show and back up keys; secrets are never shown."""


for _command in (backup, restore):
    keys.add_command(_command)


@keys.command()
@click.argument("name")
@click.option("--scheme", type=click.Choice(list(SCHEMES)), default="ed25519", show_default=True)
@options.network
@options.as_json
@output.reported
def new(name: str, scheme: str, directory: Path, as_json: bool) -> int:
    """Make a key under a new name; `account create NAME` then makes its account."""
    document = new_key(Wallet(load_network(directory)), name, SCHEMES[scheme])
    output.result(document, [*_lines(document), f"next: mithqal account create {name}"], as_json=as_json)
    return OK


@keys.command(name="new-multi")
@click.argument("name")
@click.argument("members", nargs=-1, required=True, metavar="KEY...")
@click.option("--threshold", type=click.IntRange(1, MAX_SIGNERS), required=True, help="How many must sign: K of N.")
@options.network
@options.as_json
@output.reported
def new_multi(name: str, members: tuple[str, ...], threshold: int, directory: Path, as_json: bool) -> int:
    """Make a K-of-N key of N public keys, of any schemes: names with a key here, key files, or SCHEME:HEX.

    It holds no secret: each holder signs with a key file of its own. The order of the keys is part of it.
    """
    document = new_multi_key(Wallet(load_network(directory)), name, threshold, members)
    following = f"next: mithqal account create {name}, or mithqal account rotate-key ACCOUNT --multi {name}"
    output.result(document, [*_lines(document), following], as_json=as_json)
    return OK


@keys.command()
@click.argument("name")
@options.network
@options.as_json
@output.reported
def show(name: str, directory: Path, as_json: bool) -> int:
    """The public side of a key."""
    document = show_key(Wallet(load_network(directory)), name)
    output.result(document, _lines(document), as_json=as_json)
    return OK


@keys.command(name="list")
@options.network
@options.as_json
@output.reported
def list_(directory: Path, as_json: bool) -> int:
    """Every key that is kept here: of genesis, of accounts, of providers' compliance."""
    rows = list_keys(Wallet(load_network(directory)))
    lines = [f"{row['kind']:10} {row['name']:20} {row['scheme']:9} {row['public_key']}" for row in rows]
    output.result({"keys": rows}, lines, as_json=as_json)
    return OK


def _lines(document: dict[str, Any]) -> list[str]:
    """A key for people; of K-of-N a line each."""
    rows = [(name.replace("_", " "), value) for name, value in document.items() if value is not None]
    lines = [f"{name:18} {value}" for name, value in rows if name != "keys"]
    return [*lines, *(f"{f'key {place}':18} {key}" for place, key in enumerate(document.get("keys", ())))]
