"""What a decision's file says, and `--propose FILE` for commands whose account may need several signatures."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cli import output
from node.client.operations.txfile import SIGNED, write_file

Command = Callable[..., Any]


def propose_option(command: Command) -> Command:
    """`--propose FILE`: write the decision for its holders to sign, instead of submitting it."""
    return click.option(
        "--propose", "proposal", type=click.Path(path_type=Path, dir_okay=False),
        help="Write the decision to this file, for `governance sign` and `submit`, instead of executing it.",
    )(command)  # fmt: skip


def write_proposal(file: Path, document: dict[str, Any], *, as_json: bool) -> None:
    """Write a decision's file, and say what comes next."""
    write_file(file, document)
    print_proposal(document, file, as_json=as_json)


def print_proposal(document: dict[str, Any], file: Path | None, *, as_json: bool) -> None:
    """The document, or where it is and what comes next."""
    if file is None:
        output.result(document, json.dumps(document, indent=1).splitlines(), as_json=as_json)
    elif document["kind"] == SIGNED:
        lines = [f"{file}: all signatures are there; next: mithqal governance submit {file}"]
        output.result(document, lines, as_json=as_json)
    else:
        lines = [f"{file}: {document['transaction']['function']}; next: mithqal governance sign {file} --key KEYFILE"]
        output.result(document, [*lines, *signer_lines(document)], as_json=as_json)


def signer_lines(document: dict[str, Any]) -> list[str]:
    """Who has signed, and who has not."""
    lines = []
    for one in document["signers"]:
        given = {item["key"] for item in one["signatures"]}
        lines.append(f"  {one['role']} {one['address']}: {len(given)} of {one['threshold']} signatures")
        lines += [
            f"    {'signed ' if place in given else 'missing'} {key['scheme']} {key['public_key']}"
            for place, key in enumerate(one["keys"])
        ]
    return lines
