"""`mithqal tx`: transactions by hash or version, in words."""

from pathlib import Path

import click

from chain.errors import MithqalError
from cli import options, output
from cli.exits import OK
from cli.viewing import open_view
from node.client.network import load_network
from node.client.wallet import Wallet
from node.view.explorer import account_by, transaction_by
from node.view.pages.transaction import transaction_page, transactions_page
from node.view.source import account_listing, is_user, newest_transactions


@click.group()
def tx() -> None:
    """Show transactions, and wait for those that were sent from here."""


@tx.command()
@click.argument("which", metavar="VERSION|HASH")
@options.network
@options.as_json
@output.reported
def show(which: str, directory: Path, as_json: bool) -> int:
    """One transaction in full: sentence, status, balance changes that sum to zero, events, signature."""
    view = open_view(directory)
    output.page(transaction_page(view.source, view.names, transaction_by(view.source, which)), as_json=as_json)
    return OK


@tx.command(name="list")
@click.option("--account", "name", help="Only what this account (a local name or an address) signed or was paid.")
@options.limit(20)
@click.option("--before", type=click.IntRange(0), help="Only versions below this.")
@click.option("--all", "everything", is_flag=True, help="Genesis and block metadata too.")
@options.network
@options.as_json
@output.reported
def list_(name: str | None, limit: int, before: int | None, everything: bool, directory: Path, as_json: bool) -> int:
    """Transactions in words, newest first."""
    view = open_view(directory)
    if name is None:
        wanted = (lambda _: True) if everything else is_user
        listing = newest_transactions(view.source, limit, before=before, wanted=wanted)
        more = "mithqal tx list --all" if everything else "mithqal tx list"
    else:
        listing = account_listing(view.source, account_by(view.source, view.names, name), limit, before)
        more = f"mithqal tx list --account {name}"
    output.page(transactions_page(view.source, view.names, listing, "Transactions", more), as_json=as_json)
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
