"""`mithqal account`: accounts by name."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from cli.recovery import recovery
from cli.viewing import open_verified, with_evidence
from economy.countries import parse_country
from node.client.amounts import parse_amount
from node.client.network import load_network
from node.client.operations import policy as operations
from node.client.operations.domains import give_domains
from node.client.operations.limits import show_limits
from node.client.payments.pay import Order, pay
from node.client.wallets.accounts import ROLES, SCHEMES, create_account, describe
from node.client.wallets.names import key_path
from node.client.wallets.rotation import rotate_key
from node.client.wallets.wallet import Wallet
from node.localnet.bootstrap import DEALER, DEFAULT_PROVIDER
from node.view.explorer import account_by
from node.view.pages.account import account_page
from node.view.pages.policy import limits_page

_KEY_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.group()
def account() -> None:
    """Create, fund and show accounts."""


account.add_command(recovery)


@account.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="child", show_default=True, help="What it is.")
@click.option("--provider", help=f"Who makes a child: else what stands after the @, else {DEFAULT_PROVIDER}.")
@click.option("--scheme", type=click.Choice(list(SCHEMES)), help="Of a new key: ed25519 unless said otherwise.")
@click.option("--domain", "domains", multiple=True, help="A domain for a parent; may be said several times.")
@click.option("--key", "key_file", type=_KEY_FILE, help="A key file, of one key or of K-of-N; a copy is kept here.")
@options.network
@options.as_json
@output.reported
def create(  # noqa: PLR0913 - click options
    name: str, role: str, provider: str | None, scheme: str | None, domains: tuple[str, ...], key_file: Path | None,
    directory: Path, as_json: bool,
) -> int:  # fmt: skip
    """Make an account: a child at a wallet provider, or a provider (parent) or dealer by the treasury.

    A repeat finishes what was interrupted, with the same key.
    """
    if domains and role != "parent":
        raise click.UsageError(f"a {role} has no domains: leave out --domain")
    if role == "child" and provider is None and "@" not in name:
        provider = DEFAULT_PROVIDER
    wallet = Wallet(load_network(directory))
    chosen = None if scheme is None else SCHEMES[scheme]
    document = create_account(wallet, name, role=role, provider=provider, scheme=chosen, key_file=key_file)
    if domains:
        give_domains(wallet, name, domains)
        document["domains"] = list(domains)
    where = f"a child of {document['provider']}" if document["provider"] else f"a {document['role']}"
    lines = [f"{name} is {document['address']}, {where}", f"  {document['identifier']}"]
    output.result(document, lines, as_json=as_json)
    return OK


@account.command(name="rotate-key")
@click.argument("name")
@click.option("--scheme", type=click.Choice(list(SCHEMES)), help="Of a new key: ed25519 unless said otherwise.")
@click.option("--multi", metavar="NAME", help="A K-of-N key of `keys new-multi`.")
@click.option("--key", "key_file", type=_KEY_FILE, help="A key file, of one key or of K-of-N.")
@options.network
@options.as_json
@output.reported
def rotate(
    name: str, scheme: str | None, multi: str | None, key_file: Path | None, directory: Path, as_json: bool
) -> int:  # fmt: skip
    """Give an account another key; its address stays. Signed with the key that it has.

    A repeat finishes what was interrupted, with the same new key. Old keys stay in keys/retired.
    """
    wallet = Wallet(load_network(directory))
    if sum(item is not None for item in (scheme, multi, key_file)) > 1:
        raise click.UsageError("give one of --scheme, --multi and --key")
    source = key_path(wallet.network.keys, multi) if multi is not None else key_file
    document = rotate_key(wallet, name, scheme=None if scheme is None else SCHEMES[scheme], source=source)
    lines = [f"{document['name']} signs with {document['scheme']} {document['public_key']}"]
    lines.append(f"  its address stays {document['address']}")
    if document["retired"]:
        lines.append(f"  the old key lies in {document['retired']}")
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


@account.command(name="set-country")
@click.argument("name")
@click.argument("country")
@options.network
@options.as_json
@output.reported
def set_country(name: str, country: str, directory: Path, as_json: bool) -> int:
    """Say in which COUNTRY (ISO 3166-1, such as BR) the wallet provider NAME is: signed by the treasury."""
    code = parse_country(country)
    done = operations.set_country(Wallet(load_network(directory)), name, code)
    words = f"{name} and its children are in {code}, version {done['version']}"
    output.result(done, [words], as_json=as_json)
    return OK


@account.command()
@click.argument("name")
@options.network
@options.as_json
@output.reported
def limits(name: str, directory: Path, as_json: bool) -> int:
    """Account limits that bind an account's provider, and what is used of them."""
    output.page(limits_page(show_limits(Wallet(load_network(directory)), name)), as_json=as_json)
    return OK


def _line(row: dict[str, str | bool | None]) -> str:
    """One name."""
    role = f"{row['role'] or '':6}  {row['provider'] or ''}"
    return f"{row['name']:20} {row['address']}  {role}{'  unfinished' if row['unfinished'] else ''}".rstrip()
