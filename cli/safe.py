"""`mithqal keys backup|restore`: the keys and names of a network directory in one encrypted file."""

import os
import sys
from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from node.client.safe.backup import backup_keys, restore_keys
from node.client.safe.sealed import SafeError

PASSPHRASE = "MITHQAL_PASSPHRASE"  # noqa: S105 - a variable's name
_FILE = click.Path(path_type=Path, dir_okay=False)
_passphrase = click.option(
    "--passphrase-file", type=click.Path(path_type=Path, dir_okay=False, exists=True, allow_dash=True),
    help=f"Its first line is the passphrase; else {PASSPHRASE}, else it is asked for.",
)  # fmt: skip


@click.command()
@click.option("-o", "--output", "target", type=_FILE, required=True, help="The new file; nothing is overwritten.")
@_passphrase
@options.network
@options.as_json
@output.reported
def backup(target: Path, passphrase_file: Path | None, directory: Path, as_json: bool) -> int:
    """Put all keys, the address book, receipts and the outbox into one encrypted file.

    Validators' keys are among it, their signing records are not. Whoever has the file and the passphrase has the money.
    """
    document = backup_keys(directory, target, _read_passphrase(passphrase_file, confirm=True))
    lines = [
        f"{target}: {document['keys']} keys, {document['names']} names, {document['receipts']} receipts, encrypted",
        f"next: mithqal keys restore {target} --network DIR",
    ]
    output.result(document, lines, as_json=as_json)
    return OK


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@_passphrase
@click.option("--skip-different", is_flag=True, help="Leave a key or name that is there and different as it is.")
@options.network
@options.as_json
@output.reported
def restore(file: Path, passphrase_file: Path | None, skip_different: bool, directory: Path, as_json: bool) -> int:
    """Put the keys and names of a backup FILE that are missing into a network directory; nothing is overwritten.

    Payments that were made after the backup are not in it: look at the ledger before something is paid again.
    """
    passphrase = _read_passphrase(passphrase_file, confirm=False)
    document = restore_keys(file, directory, passphrase, skip_different=skip_different)
    memory = {
        "restored": "the ids and files of payments made before the backup are known again",
        "kept": "the outbox that is here stays as it is",
        "none": "no payment had been made",
    }[document["outbox"]]
    came = (
        f"{directory}: {document['keys']} keys, {document['names']} names, {document['receipts']} receipts came"
        f", {document['kept']} were here already"
    )
    lines = [
        came,
        f"  {memory}; payments made after it are not: see the ledger (mithqal tx list) before paying again",
        *(f"  {name} stays as it is: here is a different one" for name in document["different"]),
    ]
    output.result(document, lines, as_json=as_json)
    return OK


def _read_passphrase(file: Path | None, *, confirm: bool) -> str:
    """From a file, the environment, or the terminal; SafeError (`no_passphrase`)."""
    if file is not None:
        try:
            lines = (sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")).splitlines()
        except (OSError, ValueError) as error:
            raise SafeError(f"{file} cannot be read: {error}", name="file_unreadable") from error
        return lines[0] if lines else ""
    found = os.environ.get(PASSPHRASE)
    if found is not None:
        return found
    if not sys.stdin.isatty():
        raise SafeError(
            f"there is no terminal to ask on: give the passphrase with --passphrase-file or {PASSPHRASE}",
            name="no_passphrase",
        )
    asked: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm, err=True)
    return asked
