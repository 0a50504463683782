"""`mithqal treasury policy`: the jurisdiction policy, read and set."""

from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from economy.countries import parse_country
from economy.policies import ANYWHERE, PRESETS, find_policy
from node.client.network import load_network
from node.client.operations import policy as operations
from node.client.operations.treasury import Result
from node.client.wallets.wallet import Wallet
from node.view.pages.policy import policy_page


@click.group()
def policy() -> None:
    """Which payments between countries are open, and up to which amounts."""


@policy.command()
@click.option("--account", "name", help="Show what this account has used of each rule, too.")
@options.network
@options.as_json
@output.reported
def show(name: str | None, directory: Path, as_json: bool) -> int:
    """The policy in force, rule by rule."""
    output.page(policy_page(operations.show_policy(Wallet(load_network(directory)), name)), as_json=as_json)
    return OK


@policy.command(name="set")
@click.argument("preset", metavar="PRESET|FILE")
@options.network
@options.as_json
@output.reported
def set_(preset: str, directory: Path, as_json: bool) -> int:
    """Put a policy in force: a preset (br-2021, in-upi), or a file in the same form."""
    found = find_policy(preset)
    done = operations.set_policy(Wallet(load_network(directory)), found.name, found.rules)
    lines = [
        f"policy {found.name} is in force as version {done['policy_version']}: {found.title}",
        f"  source: {found.source}",
        "  next: mithqal treasury policy show",
    ]
    document = {**done, "title": found.title, "source": found.source, "is_preset": preset in PRESETS}
    output.result(document, lines, as_json=as_json)
    return OK


@policy.command()
@click.argument("sender", metavar="FROM")
@click.argument("receiver", metavar="TO")
@options.network
@options.as_json
@output.reported
def halt(sender: str, receiver: str, directory: Path, as_json: bool) -> int:
    """Let no payment pass from one country to another; `any` stands for every country."""
    pair = _pair(sender, receiver)
    return _corridor(operations.halt(Wallet(load_network(directory)), *pair), pair, as_json)


@policy.command(name="open")
@click.argument("sender", metavar="FROM")
@click.argument("receiver", metavar="TO")
@options.network
@options.as_json
@output.reported
def open_(sender: str, receiver: str, directory: Path, as_json: bool) -> int:
    """Lift what halts payments from one country to another; caps stay."""
    pair = _pair(sender, receiver)
    return _corridor(operations.open_corridor(Wallet(load_network(directory)), *pair), pair, as_json)


def _pair(sender: str, receiver: str) -> tuple[str, str]:
    """Two countries as the chain has them, empty for any."""
    first, second = ("" if text == ANYWHERE else parse_country(text) for text in (sender, receiver))
    return first, second


def _corridor(done: Result, pair: tuple[str, str], as_json: bool) -> int:
    """Say how it is with a corridor now."""
    state = "halted" if done["halted"] else "open"
    since = f"version {done['policy_version']} of the policy" if done["changed"] else "as before: nothing was changed"
    sender, receiver = (country or "any country" for country in pair)
    document = {**done, "from": pair[0] or ANYWHERE, "to": pair[1] or ANYWHERE}
    output.result(document, [f"payments from {sender} to {receiver} are {state}, {since}"], as_json=as_json)
    return OK
