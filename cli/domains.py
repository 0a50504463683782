"""`mithqal treasury domain`: names by which people find a wallet provider."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from node.client.network import load_network
from node.client.operations import domains as operations
from node.client.wallets.wallet import Wallet


@click.group()
def domain() -> None:
    """Give wallet providers domains, take them away, and list them."""


@domain.command()
@click.argument("provider")
@click.argument("domain")
@options.network
@options.as_json
@output.reported
def add(provider: str, domain: str, directory: Path, as_json: bool) -> int:
    """Give PROVIDER the DOMAIN: up to 63 letters, digits and dots, which no other provider has."""
    done = operations.add_domain(Wallet(load_network(directory)), provider, domain)
    output.result(done, [f"{domain} is a domain of {provider}, version {done['version']}"], as_json=as_json)
    return OK


@domain.command()
@click.argument("provider")
@click.argument("domain")
@options.network
@options.as_json
@output.reported
def remove(provider: str, domain: str, directory: Path, as_json: bool) -> int:
    """Take the DOMAIN away from PROVIDER, however it is spelled."""
    done = operations.remove_domain(Wallet(load_network(directory)), provider, domain)
    output.result(done, [f"{domain} is nobody's domain now, version {done['version']}"], as_json=as_json)
    return OK


@domain.command(name="list")
@options.network
@options.as_json
@output.reported
def list_(directory: Path, as_json: bool) -> int:
    """Every domain and whose it is."""
    rows = operations.list_domains(Wallet(load_network(directory)))
    lines = [f"{row['domain']:32} {row['name'] or row['address']}" for row in rows] or ["no provider has a domain yet"]
    output.result({"domains": rows}, lines, as_json=as_json)
    return OK
