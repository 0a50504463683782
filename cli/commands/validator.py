"""`mithqal validator`: the validator set, what each did lately, and how it changes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from chain.errors import MithqalError
from cli import options, output
from cli.exits import OK
from cli.proposals import propose_option, write_proposal
from cli.viewing import open_view
from node.client.network import load_network
from node.client.operations.accusing import guilty_by
from node.client.wallets.wallet import Wallet
from node.localnet.membership import Change
from node.localnet.supervisor import START_TIMEOUT_S, Supervisor
from node.view.pages.network import validators_page

Command = Callable[..., Any]


@click.group()
def validator() -> None:
    """List validators; add, remove and re-key them while the network runs."""


@validator.command(name="list")
@options.limit(256)
@options.network
@options.as_json
@output.reported
def list_(limit: int, directory: Path, as_json: bool) -> int:
    """Every registered validator: member or not, address, blocks proposed and signed of the newest hundred."""
    output.page(validators_page(open_view(directory).source, limit), as_json=as_json)
    return OK


def _change(*, is_named: bool = True) -> Callable[[Command], Command]:
    """The options of a change; `is_named`: the validator's name must be given."""

    def options_of(command: Command) -> Command:
        command = propose_option(command)
        command = click.option(
            "--timeout", type=options.Seconds(0.1, 3600), default=START_TIMEOUT_S, show_default=True,
            help="Seconds a step.",
        )(options.network(options.as_json(output.reported(command))))  # fmt: skip
        return click.argument("name", required=is_named)(command)

    return options_of


def _open(directory: Path, timeout: float, *, as_json: bool) -> Change:
    """What changes the set of a directory's network; each step is told on stderr, which JSON keeps for errors."""
    say = _silent if as_json else output.talk
    return Change(Supervisor(directory), Wallet(load_network(directory)), say, timeout)


def _silent(_text: str) -> None:
    """Say nothing."""


def _told(done: dict[str, Any], words: str) -> list[str]:
    """What happened, and when it was in force."""
    return [
        f"{done['validator']} {words}: epoch {done['epoch']} runs on every validator after {done['seconds']} s",
        f"  version  {done['version']}  {done['hash']}",
    ]


@validator.command()
@_change()
def add(name: str, proposal: Path | None, directory: Path, timeout: float, as_json: bool) -> int:
    """Make validator NAME on this machine, let it catch up, and take it into the set.

    Keys and accounts are made, its keys and addresses are registered, and its process starts from the genesis and the
    address of one peer. A command that broke off goes on when it is given again. With --propose it goes as far as the
    next decision of the association: its two accounts, then its membership; submit that, and give it again.
    """
    if proposal is not None:
        write_proposal(proposal, _open(directory, timeout, as_json=as_json).propose_addition(name), as_json=as_json)
        return OK
    done = _open(directory, timeout, as_json=as_json).add(name)
    output.result(done, _told(done, "is a member"), as_json=as_json)
    return OK


@validator.command()
@click.option("--evidence", "piece", help="Whom this names, a file or an id of `evidence list`; the ledger accuses it.")
@_change(is_named=False)
def remove(
    name: str | None, piece: str | None, proposal: Path | None, directory: Path, timeout: float, as_json: bool
) -> int:
    """Take NAME out of the set, or whom --evidence names, if it holds here and is on the ledger. Its process goes on:
    it follows, signs nothing, and serves what it has."""
    if piece is not None:
        network = load_network(directory)
        name = guilty_by(Wallet(network), piece, network.waypoint, name)
    if name is None:
        raise MithqalError("name a validator, or give --evidence", name="bad_argument")
    if proposal is not None:
        write_proposal(proposal, _open(directory, timeout, as_json=as_json).propose_removal(name), as_json=as_json)
        return OK
    done = _open(directory, timeout, as_json=as_json).remove(name)
    output.result(done, [*_told(done, "is no member"), f"stop it: mithqal localnet kill {name}"], as_json=as_json)
    return OK


@validator.command(name="rotate-key")
@_change()
def rotate_key(name: str, proposal: Path | None, directory: Path, timeout: float, as_json: bool) -> int:
    """Give NAME a new consensus key, in force from the next epoch on; the old one signs nothing any more.

    So does a validator come back whose signing record is lost or too old: a process that is down is started. The
    validator's operator decides; with --propose its call is written to a file.
    """
    if proposal is not None:
        write_proposal(proposal, _open(directory, timeout, as_json=as_json).propose_key(name), as_json=as_json)
        return OK
    done = _open(directory, timeout, as_json=as_json).rotate(name)
    lines = [*_told(done, "signs with a new key"), f"  key      {done['consensus_key']}  {done['key_file']}"]
    output.result(done, lines, as_json=as_json)
    return OK
