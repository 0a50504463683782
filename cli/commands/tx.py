"""`mithqal tx`: transactions by hash or version."""

import json
from pathlib import Path

import click

from chain.errors import MithqalError
from cli import options, output
from cli.exits import OK
from node.client.network import load_network
from node.client.wallet import Wallet


@click.group()
def tx() -> None:
    """Show transactions, and wait for those that were sent from here."""


@tx.command()
@click.argument("which")
@options.network
@options.as_json
@output.reported
def show(which: str, directory: Path, as_json: bool) -> int:
    """Show a transaction by its version or hash, as the ledger has it."""
    client = Wallet(load_network(directory)).client
    if which.isascii() and which.isdigit() and len(which) < 20:
        rows = client.call("get_transactions", int(which), 1, True)
        found = rows[0] if rows else None
    elif len(which) == 64:
        found = client.call("get_transaction_by_hash", which, True)
    else:
        found = None
    if found is None:
        raise MithqalError(f"no transaction {which[:80]} is on the ledger", name="unknown_transaction")
    output.result(found, json.dumps(found, indent=2).splitlines(), as_json=as_json)
    return OK


@tx.command()
@click.argument("tx_hash", metavar="HASH")
@click.option("--timeout", type=click.FloatRange(0.1, 600), default=30.0, show_default=True, help="Seconds.")
@options.network
@options.as_json
@output.reported
def wait(tx_hash: str, timeout: float, directory: Path, as_json: bool) -> int:
    """Send a transaction of the outbox again, which is harmless, and wait until it is final."""
    try:
        wanted = bytes.fromhex(tx_hash)
    except ValueError as error:
        raise MithqalError(f"{tx_hash[:80]!r} is no hash", name="unknown_hash") from error
    document = Wallet(load_network(directory)).resume(wanted, timeout_s=timeout)
    output.result(document, [f"final: version {document['version']}"], as_json=as_json)
    return OK
