"""`mithqal evidence`: validators that were caught lying, each by its own signatures."""

import sys
from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from cli.viewing import reading_wallet
from node.client.evidence import evidence_rows, save_evidence, verify_evidence_file
from node.client.network import load_network
from node.client.operations.accusing import submit_evidence
from node.client.wallets.wallet import Wallet

_waypoint = click.option(
    "--waypoint", help="What you trust: version:hash, from somebody you believe; else that of network.json."
)


@click.group()
def evidence() -> None:
    """List and verify evidence against validators that lied, and put it on the ledger."""


@evidence.command(name="list")
@click.option("--save", "folder", type=click.Path(path_type=Path), help="Write each piece into this directory.")
@_waypoint
@options.network
@options.as_json
@output.reported
def list_(folder: Path | None, waypoint: str | None, directory: Path, as_json: bool) -> int:
    """List the evidence that a validator knows, each piece verified here from the waypoint."""
    network = load_network(directory)
    trusted = network.waypoint if waypoint is None else waypoint
    rows = evidence_rows(reading_wallet(network).client, trusted)
    if folder is not None:
        save_evidence(rows, folder)
    lines = [row.line() for row in rows] or ["no evidence against anybody"]
    output.result({"waypoint": trusted, "evidence": [row.to_json() for row in rows]}, lines, as_json=as_json)
    return OK


@evidence.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True, path_type=Path))
@_waypoint
@options.network
@options.as_json
@output.reported
def verify(file: Path, waypoint: str | None, directory: Path, as_json: bool) -> int:
    """Verify a file of evidence (- reads stdin) from a waypoint, with no network: 8 if it does not hold, 2 if it is no
    such file."""
    trusted = load_network(directory).waypoint if waypoint is None else waypoint
    data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    verified = verify_evidence_file(data, trusted)
    output.result(verified.to_json(), verified.lines(), as_json=as_json)
    return OK


@evidence.command()
@click.argument("piece")
@click.option("--as", "name", required=True, help="The account that submits it: anybody's.")
@options.network
@options.as_json
@output.reported
def submit(piece: str, name: str, directory: Path, as_json: bool) -> int:
    """Put PIECE of evidence, a file or an id of `evidence list`, on the ledger: it marks the validator's key, which
    cannot be taken into the set again."""
    network = load_network(directory)
    done = submit_evidence(Wallet(network), name, piece, network.waypoint)
    words = f"{done['validator']} is accused on the ledger: {done['kind']} in epoch {done['epoch']}"
    lines = [
        f"{words}, version {done['version']}",
        f"  the association removes it: mithqal validator remove --evidence {piece}",
    ]
    output.result(done, lines, as_json=as_json)
    return OK
