"""`mithqal node`: one validator of its own."""

from pathlib import Path

import click

from chain.errors import MithqalError
from cli import options, output
from cli.exits import OK
from cli.upkeep import backup, restore, verify_ledger
from node.config import Endpoint
from node.localnet.build import validator_ports
from node.localnet.genesis import load_genesis
from node.localnet.member import check_node, find_validator, init_node, run_here


@click.group()
def node() -> None:
    """Set up, run, verify and back up one validator."""


for _command in (verify_ledger, backup, restore):
    node.add_command(_command)


@node.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--genesis", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The genesis file.")
@click.option("--keys", type=click.Path(path_type=Path, file_okay=False), help="Default: DIRECTORY/keys.")
@click.option("--base-port", type=click.IntRange(1, 65_000), help="Ten ports a validator on 127.0.0.1, from here on.")
@click.option("--endpoint", "endpoints", multiple=True, help="HOST:PORT of each validator's links, in genesis order.")
@click.option("--rpc", help="HOST:PORT of this validator's JSON-RPC.")
@click.option("--allow-remote", is_flag=True, help="It may listen beyond loopback.")
@options.as_json
@output.reported
def init(  # noqa: PLR0913 - click options
    directory: Path, genesis: Path, keys: Path | None, base_port: int | None, endpoints: tuple[str, ...],
    rpc: str | None, allow_remote: bool, as_json: bool,
) -> int:  # fmt: skip
    """Make a validator's DIRECTORY from a genesis and its two keys.

    Say where validators listen with --base-port, or with --endpoint for each of them and --rpc.
    """
    keys = directory / "keys" if keys is None else keys
    document = load_genesis(genesis)
    if base_port is not None and not endpoints and rpc is None:
        ports = validator_ports(len(document.validators), base_port)
        links = [p2p for _, p2p in ports]
        own = ports[find_validator(document, keys)][0]
    elif base_port is None and endpoints and rpc is not None:
        links, own = [_endpoint(text) for text in endpoints], _endpoint(rpc)
    else:
        raise click.UsageError("give either --base-port, or --endpoint for each validator and --rpc")
    config = init_node(directory, genesis, keys, endpoints=links, rpc=own, allow_remote=allow_remote)
    name = document.validators[config.index].name
    shown = {
        "name": name, "index": config.index, "dir": str(directory), "rpc": f"http://{own[0]}:{own[1]}",
        "p2p": f"{links[config.index][0]}:{links[config.index][1]}",
    }  # fmt: skip
    lines = [
        f"{name} (number {config.index}) in {directory}, {shown['rpc']}",
        f"next: mithqal node run --dir {directory}",
    ]
    output.result(shown, lines, as_json=as_json)
    return OK


@node.command()
@click.option("--dir", "directory", type=click.Path(path_type=Path, file_okay=False), required=True)
@click.option("--allow-remote", is_flag=True, help="Listen beyond loopback, where node.json says so too.")
@click.option("--replay", is_flag=True, help="Catch up by executing every block from genesis on, by no snapshot.")
@options.trace_messages
@options.as_json
@output.reported
def run(directory: Path, allow_remote: bool, replay: bool, trace_messages: bool, as_json: bool) -> int:
    """Run the validator of a directory in the foreground, until Ctrl-C or SIGTERM."""
    config = check_node(directory, allow_remote=allow_remote)
    host, port = config.rpc
    output.talk(f"validator {config.index} answers on http://{host}:{port}; Ctrl-C stops it")
    run_here(directory, replay=replay, trace_messages=trace_messages)
    output.result({"stopped": True, "dir": str(directory)}, ["stopped"], as_json=as_json)
    return OK


def _endpoint(text: str) -> Endpoint:
    """HOST:PORT."""
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit():
        raise MithqalError(f"{text[:80]!r} is no HOST:PORT", name="bad_endpoint")
    return host.strip("[]"), int(port)
