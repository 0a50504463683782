"""`mithqal account`: people's accounts by name."""

from pathlib import Path

import click

from chain.errors import MithqalError
from cli import options, output
from cli.exits import OK
from node.client.amounts import format_amount, parse_amount
from node.client.network import load_network
from node.client.wallet import Wallet
from node.localnet.bootstrap import DEALER, DEFAULT_PROVIDER, create_child


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
@options.network
@options.as_json
@output.reported
def show(name: str, directory: Path, as_json: bool) -> int:
    """Balances, sequence number and role."""
    wallet = Wallet(load_network(directory))
    entry = wallet.find(name)
    found = wallet.client.call("get_account", entry.address.hex())
    if found is None:
        raise MithqalError(f"{name} has no account on the ledger", name="unknown_account")
    lines = [f"{name}  {entry.address.hex()}  {found['role']['type']}  next number {found['sequence_number']}"]
    lines += [f"  {format_amount(item['amount']):>24} {item['currency']}" for item in found["balances"]]
    output.result({"name": name, **found}, lines, as_json=as_json)
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
