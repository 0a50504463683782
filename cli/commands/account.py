"""`mithqal account`: people's accounts by name."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from cli.viewing import open_view
from node.client.amounts import parse_amount
from node.client.network import load_network
from node.client.wallet import Wallet
from node.localnet.bootstrap import DEALER, DEFAULT_PROVIDER, create_child
from node.view.explorer import account_by
from node.view.pages.account import account_page


@click.group()
def account() -> None:
    """Create, fund and show accounts."""


@account.command()
@click.argument("name")
@click.option("--provider", default=DEFAULT_PROVIDER, show_default=True, help="The wallet provider.")
@options.network
@options.as_json
@output.reported
def create(name: str, provider: str, directory: Path, as_json: bool) -> int:
    """Make a child account at a wallet provider."""
    document = create_child(Wallet(load_network(directory)), name, provider)
    output.result(document, [f"{name} is {document['address']} at {provider}"], as_json=as_json)
    return OK


@account.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("amount")
@click.argument("currency")
@options.network
@options.as_json
@output.reported
def fund(name: str, amount: str, currency: str, directory: Path, as_json: bool) -> int:
    """Bring coins from the dealer."""
    micro = parse_amount(amount)
    wallet = Wallet(load_network(directory))
    payee = wallet.find(name).address
    tx = wallet.sign(DEALER, "peer_to_peer_with_metadata", currency, payee, micro, b"", b"", fee_currency="XUS")
    document = wallet.execute(tx)
    output.result(document, [f"{name} has {amount} {currency} more, version {document['version']}"], as_json=as_json)
    return OK


@account.command()
@click.argument("name")
@options.limit(10)
@options.network
@options.as_json
@output.reported
def show(name: str, limit: int, directory: Path, as_json: bool) -> int:
    """Balances, role, keys and the latest transactions, own and received."""
    view = open_view(directory)
    output.page(
        account_page(view.source, view.names, account_by(view.source, view.names, name), limit), as_json=as_json
    )
    return OK


@account.command(name="list")
@options.network
@options.as_json
@output.reported
def list_(directory: Path, as_json: bool) -> int:
    """Names of the local address book."""
    entries = Wallet(load_network(directory)).entries()
    rows = [{"name": item.name, "address": item.address.hex(), "scheme": item.scheme.name.lower()} for item in entries]
    output.result({"accounts": rows}, [f"{item['name']:20} {item['address']}" for item in rows], as_json=as_json)
    return OK
