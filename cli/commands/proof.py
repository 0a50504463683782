"""`mithqal proof`: what the ledger holds, proved from a waypoint."""

import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from chain.primitives import U64_MAX
from cli import options, output
from cli.exits import OK
from cli.viewing import reading_wallet
from node.client import proofs
from node.client.network import load_network
from node.client.proof_file import Verified, verify_file
from node.client.state_keys import record_key, stream_key
from node.client.wallets.wallet import Wallet

Fetch = Callable[[Wallet, str], tuple[Verified, str]]
"""Asks a wallet's validators for a proof from a waypoint."""
_VERSION = click.IntRange(0, U64_MAX)
_at = click.option("--at", type=_VERSION, help="As it was at this version; without it now.")
_waypoint = click.option(
    "--waypoint", help="What you trust: version:hash, from somebody you believe; else that of network.json."
)


def _proving(command: Callable[..., Fetch]) -> Callable[..., Any]:
    """Make a command of what fetches a proof: check it, write it to a file or to stdout, say how to verify it."""

    @wraps(command)
    def run(
        *arguments: Any, path: Path | None, waypoint: str | None, directory: Path, as_json: bool, **others: Any
    ) -> int:  # fmt: skip
        fetch = command(*arguments, **others)
        network = load_network(directory)
        trusted = network.waypoint if waypoint is None else waypoint
        verified, text = fetch(reading_wallet(network), trusted)
        if path is None:
            output.result({}, [text.rstrip("\n")], as_json=False)
        else:
            proofs.save(path, text)
            document = {"file": str(path), "bytes": len(text), **verified.to_json()}
            output.result(document, [f"wrote {path}", *verified.lines()], as_json=as_json)
        output.talk(f"verify it offline: mithqal proof verify {path or '-'} --waypoint {trusted}")
        return OK

    kind = click.Path(path_type=Path)
    place = click.option("-o", "--output", "path", type=kind, help="Write the proof here instead of to stdout.")
    return place(_waypoint(options.network(options.as_json(output.reported(run)))))


@click.group()
def proof() -> None:
    """Get proofs from a validator, and verify them with no network at all."""


@proof.group()
def get() -> None:
    """Fetch a proof, check it against the waypoint, and write it."""


@get.command()
@click.argument("which", metavar="VERSION|HASH")
@_proving
def transaction(which: str) -> Fetch:
    """Prove a transaction: its bytes, status, gas and events, at its version."""
    return lambda wallet, waypoint: proofs.fetch_transaction(wallet.client, which, waypoint)


get.add_command(transaction, "tx")


@get.command(name="range")
@click.argument("first", type=_VERSION)
@click.argument("last", type=_VERSION)
@_proving
def range_(first: int, last: int) -> Fetch:
    """Prove all transactions from version FIRST to version LAST, with their events."""
    return lambda wallet, waypoint: proofs.fetch_range(wallet.client, first, last, waypoint)


@get.command()
@click.argument("where", metavar="STREAM|VERSION")
@click.argument("number", type=_VERSION)
@_proving
def event(where: str, number: int) -> Fetch:
    """Prove one event: number NUMBER of a stream (48 hex digits), or the NUMBER-th (from 0) of a version.

    Where a stream has no such number yet, that is proved: how many events it has.
    """
    if where.isascii() and where.isdigit() and len(where) < 20:
        return lambda wallet, waypoint: proofs.fetch_event_of(wallet.client, int(where), number, waypoint)
    key = stream_key(where)
    return lambda wallet, waypoint: proofs.fetch_event(wallet.client, key, number, waypoint)


@get.command()
@click.argument("key", metavar="STREAM")
@_at
@_proving
def stream(key: str, at: int | None) -> Fetch:
    """Prove how many events a stream has: its numbers are those below."""
    wanted = stream_key(key)
    return lambda wallet, waypoint: proofs.fetch_stream(wallet.client, wanted, waypoint, at)


@get.command()
@click.argument("who", metavar="NAME|ADDRESS")
@_at
@_proving
def account(who: str, at: int | None) -> Fetch:
    """Prove an account's balances and keys, or that there is no account at an address."""
    return lambda wallet, waypoint: proofs.fetch_account(wallet.client, wallet.find(who).address, waypoint, at)


@get.command()
@click.argument("name", metavar="RECORD")
@_at
@_proving
def record(name: str, at: int | None) -> Fetch:
    """Prove a record of the state, or that there is none.

    RECORD is config, currency:CODE, receipt:ID, account:ADDRESS, or hex:KEY for any key of the state.
    """
    key = record_key(name)
    return lambda wallet, waypoint: proofs.fetch_record(wallet.client, key, waypoint, at)


@get.command()
@click.argument("earlier", metavar="FROM", type=_VERSION)
@click.argument("later", metavar="[TO]", type=_VERSION, required=False)
@_proving
def consistency(earlier: int, later: int | None) -> Fetch:
    """Prove that the ledger of version TO (the newest without it) begins with that of version FROM."""
    return lambda wallet, waypoint: proofs.fetch_consistency(wallet.client, earlier, later, waypoint)


@get.command()
@_proving
def epochs() -> Fetch:
    """Prove who the validators of each epoch were, from the waypoint's on."""
    return lambda wallet, waypoint: proofs.fetch_epochs(wallet.client, waypoint)


@proof.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True, path_type=Path))
@_waypoint
@options.network
@options.as_json
@output.reported
def verify(file: Path, waypoint: str | None, directory: Path, as_json: bool) -> int:
    """Verify a proof file (- reads stdin) from a waypoint, with no network. Exits 8 and names the step that fails."""
    trusted = load_network(directory).waypoint if waypoint is None else waypoint
    data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    verified = verify_file(data, trusted)
    output.result(verified.to_json(), verified.lines(), as_json=as_json)
    return OK


@proof.command(name="waypoint")
@_waypoint
@options.network
@options.as_json
@output.reported
def waypoint_(waypoint: str | None, directory: Path, as_json: bool) -> int:
    """Print the newest waypoint, the end of the last epoch, verified from an older one: save it, and trust it later."""
    network = load_network(directory)
    trusted = network.waypoint if waypoint is None else waypoint
    verified, _ = proofs.fetch_epochs(Wallet(network).client, trusted)
    newest = verified.claim["epochs"][-1]
    names = ("waypoint", "epoch", "after_version", "timestamp_usecs")
    output.result({"from": trusted, **{name: newest[name] for name in names}}, [newest["waypoint"]], as_json=as_json)
    output.talk(f"epoch {newest['epoch']} begins after version {newest['after_version']}; verified from {trusted}")
    return OK
