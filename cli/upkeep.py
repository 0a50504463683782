"""`mithqal node verify-ledger|backup|restore`: a validator's directory from outside."""

from pathlib import Path
from typing import Any

import click

from cli import options, output
from cli.exits import OK
from cli.progress import ProgressLine
from node.upkeep.backup import backup_node, restore_node
from node.upkeep.verify import verify_directory

_ANY = click.Path(path_type=Path)


@click.command(name="verify-ledger")
@click.argument("directory", type=_ANY, metavar="DIR")
@click.option("--waypoint", help="What its genesis must be: the waypoint of `mithqal genesis show`.")
@options.as_json
@output.reported
def verify_ledger(directory: Path, waypoint: str | None, as_json: bool) -> int:
    """Recompute the ledger of a validator's DIR offline: execute every block again and compare every row.

    DIR is only read, and a validator may run on it meanwhile. Exit 8 names the first version that differs, with what is
    stored there and what was recomputed.
    """
    with ProgressLine() as line:
        document = verify_directory(directory, waypoint, lambda version, last: line.say(f"version {version} of {last}"))
    output.result(document, _words(document), as_json=as_json)
    return OK


def _words(document: dict[str, Any]) -> list[str]:
    """A verified ledger for people."""
    begin = "genesis" if document["begins"] == "genesis" else f"the snapshot of version {document['from_version']}"
    later = "" if document["executed_from"] in (0, document["from_version"] + 1) else (
        f" (executed from version {document['executed_from']} on: older states are not kept)"
    )  # fmt: skip
    return [
        f"versions {document['from_version']} to {document['version']} from {begin} are what their blocks give{later}",
        f"  transactions  {document['transactions']}, {document['signatures']} signatures",
        f"  blocks        to {document['height']}, epoch {document['epoch']}, {document['certificates']} certificates",
        f"  root          {document['root']}",
        f"  state root    {document['state_root']}  {document['state_records']} records",
        f"  waypoint      {document['waypoint']}",
    ]


@click.command(name="backup")
@click.argument("directory", type=_ANY, metavar="DIR")
@click.option("-o", "--output", "target", type=_ANY, required=True, help="The new file; nothing is overwritten.")
@click.option("--without-keys", is_flag=True, help="Leave the validator's secret keys out.")
@options.as_json
@output.reported
def backup(directory: Path, target: Path, without_keys: bool, as_json: bool) -> int:
    """Put a validator's DIR into one file: ledger, genesis, configuration, keys. It may run meanwhile.

    The signing record is never in it. With its keys the file is secret: it is readable by its owner only.
    """
    with ProgressLine() as line:
        document = backup_node(
            directory, target, with_keys=not without_keys, say=lambda now, all_: line.say(f"page {now} of {all_}")
        )
    keys = "with the validator's secret keys" if document["has_keys"] else "no keys in it"
    lines = [
        f"{target}: versions {document['from_version']} to {document['version']}, {document['size']} bytes, {keys}",
        f"  root          {document['root']}",
        f"next: mithqal node restore {target} -o DIR",
    ]
    output.result(document, lines, as_json=as_json)
    return OK


@click.command(name="restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("-o", "--output", "target", type=_ANY, required=True, metavar="DIR", help="The new directory.")
@click.option("--quick", is_flag=True, help="Check sums and the tip only; the ledger is not recomputed.")
@click.option("--waypoint", help="What its genesis must be: the waypoint of `mithqal genesis show`.")
@options.as_json
@output.reported
def restore(file: Path, target: Path, quick: bool, waypoint: str | None, as_json: bool) -> int:
    """Make a validator's directory out of a backup FILE, verified whole before it appears.

    It follows the ledger and signs nothing until it has a new key: what its old one has signed is in no backup.
    """
    with ProgressLine() as line:
        document = restore_node(
            file, target, quick=quick, waypoint=waypoint, say=lambda now, last: line.say(f"version {now} of {last}")
        )
    how = "every block executed again" if document["verified"] == "recomputed" else "check sums only"
    lines = [
        f"{target}: versions {document['from_version']} to {document['version']}, {how}",
        f"  root          {document['root']}",
        "  it follows and signs nothing until it has a new key: mithqal validator rotate-key NAME",
    ]
    if document["has_keys"]:
        lines.append(f"next: mithqal node run --dir {target}, or mithqal localnet restart NAME where it belongs there")
    else:
        lines.append(f"next: put its keys into {target / 'keys'}")
    output.result(document, lines, as_json=as_json)
    return OK
