"""`mithqal account`: accounts by name."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from cli.viewing import open_verified, with_evidence
from node.client.amounts import parse_amount
from node.client.network import load_network
from node.client.payments.pay import Order, pay
from node.client.wallets.accounts import ROLES, SCHEMES, create_account, describe
from node.client.wallets.wallet import Wallet
from node.localnet.bootstrap import DEALER, DEFAULT_PROVIDER
from node.view.explorer import account_by
from node.view.pages.account import account_page


@click.group()
def account() -> None:
    """Create, fund and show accounts."""


@account.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="child", show_default=True, help="What it is.")
@click.option("--provider", help=f"Who makes a child: else what stands after the @, else {DEFAULT_PROVIDER}.")
@click.option("--scheme", type=click.Choice(list(SCHEMES)), help="Of a new key: ed25519 unless said otherwise.")
@options.network
@options.as_json
@output.reported
def create(name: str, role: str, provider: str | None, scheme: str | None, directory: Path, as_json: bool) -> int:
    """Make an account: a child at a wallet provider, or a provider (parent) or dealer by the treasury.

    A repeat finishes what was interrupted, with the same key.
    """
    if role == "child" and provider is None and "@" not in name:
        provider = DEFAULT_PROVIDER
    wallet = Wallet(load_network(directory))
    chosen = None if scheme is None else SCHEMES[scheme]
    document = create_account(wallet, name, role=role, provider=provider, scheme=chosen)
    where = f"a child of {document['provider']}" if document["provider"] else f"a {document['role']}"
    lines = [f"{name} is {document['address']}, {where}", f"  {document['identifier']}"]
    output.result(document, lines, as_json=as_json)
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
    document = pay(Wallet(load_network(directory)), Order(DEALER, name, micro, currency))
    output.result(document, [f"{name} has {amount} {currency} more, version {document['version']}"], as_json=as_json)
    return OK


@account.command()
@click.argument("name")
@options.limit(10)
@options.trust_node
@options.network
@options.as_json
@output.reported
def show(name: str, limit: int, trust_node: bool, directory: Path, as_json: bool) -> int:
    """Balances, role, keys and the latest transactions, own and received, each proved from the network's waypoint."""
    view = open_verified(directory, trust_node)
    page = account_page(view.source, view.names, account_by(view.source, view.names, name), limit)
    output.page(with_evidence(view, page), as_json=as_json)
    return OK


@account.command(name="list")
@options.network
@options.as_json
@output.reported
def list_(directory: Path, as_json: bool) -> int:
    """Names of the local address book."""
    wallet = Wallet(load_network(directory))
    rows = [describe(wallet, entry) for entry in wallet.entries()]
    lines = [_line(row) for row in rows] or ["no names yet: mithqal account create alice"]
    output.result({"accounts": rows}, lines, as_json=as_json)
    return OK


def _line(row: dict[str, str | bool | None]) -> str:
    """One name."""
    role = f"{row['role'] or '':6}  {row['provider'] or ''}"
    return f"{row['name']:20} {row['address']}  {role}{'  unfinished' if row['unfinished'] else ''}".rstrip()
