"""`mithqal governance halt|resume|set-gas|set-consensus|version`: what the association sets for everybody."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cli import options, output
from cli.exits import OK
from cli.proposals import propose_option, write_proposal
from node.client.network import load_network
from node.client.operations import validators as operations
from node.client.operations.governance import propose_call
from node.client.wallets.calls import Call, execute_calls
from node.client.wallets.wallet import Wallet

Command = Callable[..., Any]
SYSTEM_COMMANDS: list[click.Command] = []
"""In the order of the help; the group of `cli.commands.governance` takes them all."""


def _decides(name: str) -> Callable[[Command], Command]:
    """A command that makes one call of the association: it is executed, and the new epoch is told."""

    def decorate(make: Command) -> Command:
        @propose_option
        @options.network
        @options.as_json
        @output.reported
        def run(proposal: Path | None, directory: Path, as_json: bool, **arguments: Any) -> int:
            wallet = Wallet(load_network(directory))
            operations.association(wallet)
            call: Call = make(wallet, **arguments)
            if proposal is not None:
                write_proposal(proposal, propose_call(wallet, call), as_json=as_json)
                return OK
            (done,) = execute_calls(wallet, [call])
            words = f"{call.function}: in force from the next epoch on"
            lines = [words, f"  version  {done['version']}  {done['hash']}"]
            output.result({**done, "function": call.function}, lines, as_json=as_json)
            return OK

        run.__doc__ = make.__doc__
        for parameter in reversed(getattr(make, "parameters", [])):
            run = parameter(run)
        command = click.command(name=name)(run)
        SYSTEM_COMMANDS.append(command)
        return make

    return decorate


def _takes(*parameters: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Arguments of such a command."""

    def decorate(make: Command) -> Command:
        make.parameters = parameters  # type: ignore[attr-defined]
        return make

    return decorate


@_decides("halt")
def _halt(_wallet: Wallet) -> Call:
    """Let nobody but the association and the treasury send transactions."""
    return operations.halt_call(halt=True)


@_decides("resume")
def _resume(_wallet: Wallet) -> Call:
    """Let everybody send transactions again."""
    return operations.halt_call(halt=False)


@_decides("set-gas")
@_takes(click.argument("changes", nargs=-1, required=True, metavar="NAME=NUMBER..."))
def _set_gas(wallet: Wallet, changes: tuple[str, ...]) -> Call:
    """Change gas constants, such as min_price_per_gas_unit=1; the others stay."""
    return operations.gas_call(_now(wallet)["gas_constants"], operations.read_changes(changes))


@_decides("set-consensus")
@_takes(click.argument("changes", nargs=-1, required=True, metavar="NAME=NUMBER..."))
def _set_consensus(wallet: Wallet, changes: tuple[str, ...]) -> Call:
    """Change times of consensus in microseconds, such as round_timeout_us=500000, or who leads:
    leader_election=reputation or round_robin; the rest stays."""
    return operations.consensus_call(_now(wallet)["consensus"], operations.read_changes(changes))


@_decides("version")
@_takes(click.argument("major", type=click.IntRange(0, 2**64 - 1)))
def _version(_wallet: Wallet, major: int) -> Call:
    """Raise the protocol version to MAJOR."""
    return operations.version_call(major)


def _now(wallet: Wallet) -> dict[str, Any]:
    """What is in force."""
    found: dict[str, Any] = wallet.client.call("get_epoch")
    return found
