"""`mithqal localnet`: validator processes on this machine."""

import signal
import time
from pathlib import Path

import click

from cli import options, output
from cli.exits import OK
from economy.basket import xdx_rates
from economy.rates import load_day
from node.client.network import NETWORK_FILE, load_network
from node.localnet.bootstrap import bootstrap
from node.localnet.build import COINS, build_network
from node.localnet.supervisor import Supervisor


@click.group()
def localnet() -> None:
    """Start, stop and disturb a local network of validator processes."""


@localnet.command()
@options.network
@click.option("--validators", type=click.IntRange(1, 16), default=4, show_default=True)
@click.option(
    "--base-port", type=click.IntRange(0, 65_000), default=0, help="Ten ports a validator; 0 picks free ones."
)
@click.option("--seed", type=click.IntRange(0), help="The same keys each time: unsafe, for demonstrations.")
@click.option("--detach", is_flag=True, help="Return when the network commits; without it, Ctrl-C stops it.")
@options.as_json
@output.reported
def up(directory: Path, validators: int, base_port: int, seed: int | None, detach: bool, as_json: bool) -> int:
    """Start the network of the directory; make it first if there is none."""
    if not (directory / NETWORK_FILE).exists():
        quotes = {item.code: (item.numerator << 32) // item.denominator for item in xdx_rates(load_day(None))}
        coins = {code: quotes.pop(code) for code in COINS}
        build_network(directory, validators, rates=coins, local_rates=quotes, seed=seed, base_port=base_port)
    supervisor = Supervisor(directory)
    network = supervisor.up(foreground=not detach)
    bootstrap(network, seed)
    document = network.to_json()
    lines = [f"{item.name}  http://{item.rpc[0]}:{item.rpc[1]}  pid {item.pid}" for item in network.members]
    at = f"--network {directory}"
    lines += [
        "Try:", f"  mithqal account create alice {at}", f"  mithqal account fund alice 100 XUS {at}",
        f"  mithqal localnet status {at}",
    ]  # fmt: skip
    output.result(document, lines, as_json=as_json)
    if not detach:
        _until_interrupted(supervisor)
    return OK


def _until_interrupted(supervisor: Supervisor) -> None:
    """Wait for Ctrl-C or SIGTERM, then stop all."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        supervisor.down()


@localnet.command()
@options.network
@options.as_json
@output.reported
def down(directory: Path, as_json: bool) -> int:
    """Stop every validator; again is harmless."""
    stopped = Supervisor(directory).down()
    output.result({"stopped": stopped}, [f"stopped {stopped} validators"], as_json=as_json)
    return OK


@localnet.command()
@options.network
@options.as_json
@output.reported
def status(directory: Path, as_json: bool) -> int:
    """One line a validator."""
    rows = Supervisor(directory).status()
    network = load_network(directory)
    lines = ["  ".join(f"{key} {value}" for key, value in row.items()) for row in rows]
    output.result({"genesis_hash": network.genesis_hash.hex(), "validators": rows}, lines, as_json=as_json)
    return OK


def _act(name: str, words: str) -> None:
    """A command that does one thing to one validator."""

    @localnet.command(name=name, help=words)
    @click.argument("validator")
    @options.network
    @options.as_json
    @output.reported
    def act(validator: str, directory: Path, as_json: bool) -> int:
        getattr(Supervisor(directory), name)(validator)
        output.result({"validator": validator, "done": name}, [f"{name}: {validator}"], as_json=as_json)
        return OK


_act("kill", "SIGKILL one validator; it stays down until it is restarted.")
_act("restart", "Stop one validator if it runs, and start it.")
_act("pause", "SIGSTOP one validator.")
_act("resume", "SIGCONT one validator.")
