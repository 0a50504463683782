"""`mithqal governance`: decisions of the association and the treasury as files that their holders sign one by one."""

import json
from pathlib import Path
from typing import Any

import click

from chain.primitives import U64_MAX
from cli import options, output
from cli.exits import OK
from cli.governing import SYSTEM_COMMANDS
from cli.proposals import print_proposal, signer_lines
from node.client.network import load_network
from node.client.operations import governance as files
from node.client.operations.txfile import write_file
from node.client.wallets.wallet import Wallet

_INPUT = click.Path(path_type=Path, dir_okay=False, exists=True)
_OUTPUT = click.Path(path_type=Path, dir_okay=False)


@click.group()
def governance() -> None:
    """Decide by files: propose a call, let each holder sign it, submit it. For any account, K-of-N or not."""


for _command in SYSTEM_COMMANDS:
    governance.add_command(_command)


@governance.command(context_settings={"ignore_unknown_options": True})
@click.argument("function")
@click.argument("arguments", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("-o", "--output", "file", type=_OUTPUT, help="Where to write it; without it the document is printed.")
@click.option("--by", metavar="NAME", help="Whose decision: the association's or the treasury's unless said otherwise.")
@click.option("--with", "others", multiple=True, metavar="NAME", help="Who signs too, where the function needs it.")
@click.option("--key", "key_file", type=_INPUT, help="The account's key file, if it does not lie in the directory.")
@click.option("--sequence-number", type=click.IntRange(0, U64_MAX), help="Without it the network is asked.")
@click.option("--expires-in", type=click.IntRange(1, 86_400), default=files.LIFETIME_S, show_default=True,
              help="Seconds; a validator takes up to a day.")  # fmt: skip
@options.network
@options.as_json
@output.reported
def propose(  # noqa: PLR0913 - click options
    function: str, arguments: tuple[str, ...], file: Path | None, by: str | None, others: tuple[str, ...],
    key_file: Path | None, sequence_number: int | None, expires_in: int, directory: Path, as_json: bool,
) -> int:  # fmt: skip
    """Make the file of a call of FUNCTION that nobody has signed yet. Amounts are micro-units here.

    \b
    Examples:
      mithqal governance propose freeze_account to_freeze_account=alice -o freeze.json
      mithqal governance sign freeze.json --key holder-1.json
      mithqal governance submit freeze.json
    """
    proposal = files.Proposal(function, arguments, by, others, key_file, sequence_number, expires_in)
    document = files.propose(Wallet(load_network(directory)), proposal)
    if file is not None:
        write_file(file, document)
    print_proposal(document, file, as_json=as_json)
    return OK


@governance.command()
@click.argument("file", type=_INPUT)
@click.option("--key", "key_files", type=_INPUT, multiple=True, required=True, help="A holder's key file.")
@click.option("-o", "--output", "target", type=_OUTPUT, help="Where to write it; without it FILE itself is replaced.")
@options.as_json
@output.reported
def sign(file: Path, key_files: tuple[Path, ...], target: Path | None, as_json: bool) -> int:
    """Add a holder's signature to a file. No network is needed; a file that was changed by hand is refused."""
    document = files.sign(file, key_files)
    write_file(target or file, document)
    print_proposal(document, target or file, as_json=as_json)
    return OK


@governance.command()
@click.argument("file", type=_INPUT)
@click.option("--timeout", type=options.Seconds(0.1, 600), default=30.0, show_default=True, help="Seconds.")
@options.network
@options.as_json
@output.reported
def submit(file: Path, timeout: float, directory: Path, as_json: bool) -> int:
    """Submit a file that has all its signatures, and wait until it is final; a repeat is harmless."""
    document = files.submit(Wallet(load_network(directory)), file, timeout_s=timeout)
    lines = [f"final: version {document['version']}  {document['hash']}"]
    output.result(document, lines, as_json=as_json)
    return OK


@governance.command()
@click.argument("file", type=_INPUT)
@options.as_json
@output.reported
def show(file: Path, as_json: bool) -> int:
    """What a file decides, who signs it, and who has. No network is needed."""
    document = files.show(file)
    output.result(document, [*_call(document), *signer_lines(document)], as_json=as_json)
    return OK


def _call(document: dict[str, Any]) -> list[str]:
    """What is decided."""
    call = document["transaction"]
    rows = [f"{call['function']} by {call['sender']}, number {call['sequence_number']}"]
    return rows + [f"  {name} = {json.dumps(value)}" for name, value in call["arguments"].items()]
