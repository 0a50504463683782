"""`mithqal proof`: what the ledger holds, proved from a waypoint."""

import sys
from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from node.client.network import Network, load_network
from node.client.proof_file import Verified, verify_file
from node.client.proofs import fetch_account, fetch_transaction, save
from node.client.wallets.wallet import Wallet

_output = click.option(
    "-o", "--output", "path", type=click.Path(path_type=Path), help="Write the proof here instead of to stdout."
)


@click.group()
def proof() -> None:
    """Get proofs from a validator, and verify them with no network at all."""


@proof.group()
def get() -> None:
    """Fetch a proof, check it against the network's waypoint, and write it."""


@get.command()
@click.argument("which", metavar="HASH|VERSION")
@_output
@options.network
@options.as_json
@output.reported
def tx(which: str, path: Path | None, directory: Path, as_json: bool) -> int:
    """Prove a transaction: its bytes, result and events, at its version."""
    network = load_network(directory)
    verified, text = fetch_transaction(Wallet(network).client, which, network.waypoint)
    return _write(network, verified, text, path, as_json)


@get.command()
@click.argument("who", metavar="NAME|ADDRESS")
@_output
@options.network
@options.as_json
@output.reported
def account(who: str, path: Path | None, directory: Path, as_json: bool) -> int:
    """Prove an account's balances and keys now, or that there is no account at an address."""
    network = load_network(directory)
    wallet = Wallet(network)
    verified, text = fetch_account(wallet.client, wallet.find(who).address, network.waypoint)
    return _write(network, verified, text, path, as_json)


@proof.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True, path_type=Path))
@click.option("--waypoint", required=True, help="What you trust: version:hash, from somebody you believe.")
@options.network
@options.as_json
@output.reported
def verify(file: Path, waypoint: str, directory: Path, as_json: bool) -> int:
    """Verify a proof file (- reads stdin) from a waypoint, with no network. Exits 8 and names the step that fails."""
    data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    verified = verify_file(data, waypoint)
    output.result(verified.to_json(), verified.lines(), as_json=as_json)
    return OK


def _write(network: Network, verified: Verified, text: str, path: Path | None, as_json: bool) -> int:
    """The file, or the same text on stdout; how to verify it on stderr."""
    if path is None:
        output.result({}, [text.rstrip("\n")], as_json=False)
    else:
        save(path, text)
        document = {"file": str(path), "bytes": len(text), **verified.to_json()}
        output.result(document, [f"wrote {path}", *verified.lines()], as_json=as_json)
    output.talk(f"verify it offline: mithqal proof verify {path or '-'} --waypoint {network.waypoint}")
    return OK
