"""`mithqal node verify-ledger|backup|restore`: a validator's directory from outside."""

from pathlib import Path
from typing import Any

import click

from cli import options, output
from cli.exits import OK
from cli.progress import ProgressLine
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
