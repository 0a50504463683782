"""`mithqal localnet`: validator processes on this machine."""

import datetime
import json
import signal
import time
from pathlib import Path
from typing import Any

import click

from cli import options, output
from cli.exits import INTERRUPTED, OK
from cli.money import day_of, genesis_rates
from node.client.network import Network, load_network
from node.localnet.bootstrap import bootstrap
from node.localnet.logs import LogLine, read_logs
from node.localnet.start import open_network
from node.localnet.supervisor import START_TIMEOUT_S, Supervisor, find_member, quorum

SECONDS = options.Seconds(0.1, 3600)


@click.group()
def localnet() -> None:
    """Start, stop and disturb a local network of validator processes."""


@localnet.command()
@options.network
@click.option("--validators", type=click.IntRange(1, 16), help="Of a new network; default 4.")
@click.option("--base-port", type=click.IntRange(0, 65_000), help="Ten ports a validator; 0, the default, picks free.")
@click.option("--seed", type=click.IntRange(0), help="The same keys each time: unsafe, for demonstrations.")
@click.option("--detach", is_flag=True, help="Return when the network commits; without it, Ctrl-C stops it.")
@click.option("--timeout", type=SECONDS, default=START_TIMEOUT_S, show_default=True, help="Seconds to the first block.")
@options.trace_messages
@options.as_json
@output.reported
def up(  # noqa: PLR0913 - an option each
    directory: Path, validators: int | None, base_port: int | None, seed: int | None, detach: bool, timeout: float,
    trace_messages: bool, as_json: bool,
) -> int:  # fmt: skip
    """Start the network of the directory; make it first if there is none.

    A network that is there goes on with its ledger. Validators that are down are started, killed ones too.
    """
    for number in (signal.SIGINT, signal.SIGTERM):  # also where a shell had them ignored
        signal.signal(number, signal.default_int_handler)
    network = open_network(
        directory, lambda: genesis_rates(day_of(None)), validators=validators, seed=seed, base_port=base_port
    )  # fmt: skip
    supervisor = Supervisor(directory)
    down = supervisor.names_down()
    output.talk(f"starting {', '.join(down)}" if down else "every validator runs already")
    try:
        network = supervisor.up(
            foreground=not detach, timeout_s=timeout, meanwhile=lambda: bootstrap(network, seed),
            trace_messages=trace_messages,
        )  # fmt: skip
        output.result(network.to_json(), _endpoints(network), as_json=as_json)
        if detach:
            return OK
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        stopped = supervisor.down()
        words = f"interrupted: stopped {stopped} validators" if stopped else "interrupted: no validator runs"
        return output.refuse("interrupted", words, INTERRUPTED, as_json=as_json)


def _endpoints(network: Network) -> list[str]:
    """Where each validator answers, and what to try."""
    lines = [f"{item.name}  http://{item.rpc[0]}:{item.rpc[1]}  pid {item.pid}" for item in network.members]
    at = f"--network {network.directory}"
    return [
        *lines, "Try:", f"  mithqal account create alice {at}", f"  mithqal account fund alice 100 XUS {at}",
        f"  mithqal localnet status {at}",
    ]  # fmt: skip


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
def reset(directory: Path, as_json: bool) -> int:
    """Stop every validator and forget the ledger, with names and transactions; keys and genesis stay."""
    stopped = Supervisor(directory).reset()
    lines = [f"stopped {stopped} validators; the ledger is gone, keys and genesis stay", "next: mithqal localnet up"]
    output.result({"stopped": stopped, "reset": True}, lines, as_json=as_json)
    return OK


@localnet.command()
@options.network
@options.as_json
@output.reported
def status(directory: Path, as_json: bool) -> int:
    """One line a validator."""
    rows = Supervisor(directory).status()
    network = load_network(directory)
    document = {"chain_id": network.chain_id, "genesis_hash": network.genesis_hash.hex(), "validators": rows}
    members = {member.name for member in network.members if member.is_member}
    output.result(document, _table(rows, members), as_json=as_json)
    return OK


def _table(rows: list[dict[str, Any]], members: set[str]) -> list[str]:
    """The rows in columns, and whether enough members of the set run."""
    head = ("validator", "state", "pid", "height", "version", "peers", "root", "rpc")
    cells: list[tuple[str, ...]] = [head]
    for row in rows:
        root = None if row["root"] is None else row["root"][:12]
        values = (row["name"], _state(row), row["pid"], row["height"], row["version"], row["peers"], root, row["rpc"])
        cells.append(tuple("-" if value is None else str(value) for value in values))
    widths = [max(len(row[place]) for row in cells) for place in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    lines += [text for row in rows for text in _trouble(row)]
    running = sum(1 for row in rows if row["state"] == "up" and row["name"] in members and not _is_observer(row))
    return [*lines, f"{running} of {len(members)} are up, {quorum(len(members))} are needed to commit"]


def _is_observer(row: dict[str, Any]) -> bool:
    """Whether it serves and must not sign."""
    return row["signing"] is not None and row["signing"]["state"] == "observer"


def _state(row: dict[str, Any]) -> str:
    """In one word."""
    return "observer" if _is_observer(row) else row["state"]


def _trouble(row: dict[str, Any]) -> list[str]:
    """What must be done about it."""
    if _is_observer(row):
        return [f"{row['name']} is an observer: {row['signing']['reason']}. A new key: {row['signing']['command']}"]
    if row["ended"] is not None:
        return [f"{row['name']} ended: {row['ended']['rule']}: {row['ended']['message']}"]
    return []


@localnet.command()
@options.network
@click.option("--timeout", type=SECONDS, default=START_TIMEOUT_S, show_default=True, help="Seconds.")
@options.as_json
@output.reported
def wait(directory: Path, timeout: float, as_json: bool) -> int:
    """Wait until the network commits a block and every validator that runs has it."""
    found = Supervisor(directory).wait_for_block(timeout_s=timeout)
    names = ", ".join(found["validators"])
    output.result(found, [f"height {found['height']}, version {found['version']} on {names}"], as_json=as_json)
    return OK


@localnet.command()
@click.argument("validator", required=False)
@options.network
@click.option("--lines", type=click.IntRange(1, 100_000), default=20, show_default=True, help="Of each validator.")
@click.option("--grep", default="", help="Only lines that contain this text.")
@options.as_json
@output.reported
def logs(validator: str | None, directory: Path, lines: int, grep: str, as_json: bool) -> int:
    """Show what validators wrote, or one of them."""
    network = load_network(directory)
    members = network.members if validator is None else [find_member(network, validator)]
    found = read_logs(members, lines=lines, grep=grep)
    output.result({"lines": [line._asdict() for line in found]}, [_log_line(line) for line in found], as_json=as_json)
    return OK


def _log_line(line: LogLine) -> str:
    """One line for people: a JSON object as time, name and message, anything else as it is."""
    if line.time_us is None:
        return f"{line.validator}  {line.text}"
    value = json.loads(line.text)
    moment = datetime.datetime.fromtimestamp(line.time_us / 1_000_000, datetime.UTC)
    rest = {key: item for key, item in value.items() if key not in ("time_us", "name", "message") and item is not None}
    extra = f"  {json.dumps(rest)}" if rest else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z  {line.validator}  {value.get('name')}: {value.get('message')}{extra}"


def _act(name: str, words: str) -> None:
    """A command that does one thing to one validator."""

    @localnet.command(name=name, help=words)
    @click.argument("validator")
    @options.network
    @options.as_json
    @output.reported
    def act(validator: str, directory: Path, as_json: bool) -> int:
        getattr(Supervisor(directory), name)(validator)
        full = find_member(load_network(directory), validator).name  # it may have been given by its number
        output.result({"validator": full, "done": name}, [f"{name}: {full}"], as_json=as_json)
        return OK


_act("kill", "SIGKILL one validator; it stays down until it is restarted, or `localnet up` starts it.")


@localnet.command()
@click.argument("validator")
@click.option("--replay", is_flag=True, help="It catches up by executing every block from genesis on, by no snapshot.")
@options.trace_messages
@options.network
@options.as_json
@output.reported
def restart(validator: str, replay: bool, trace_messages: bool, directory: Path, as_json: bool) -> int:
    """Stop one validator if it runs, and start it."""
    Supervisor(directory).restart(validator, replay=replay, trace_messages=trace_messages)
    full = find_member(load_network(directory), validator).name
    output.result({"validator": full, "done": "restart"}, [f"restart: {full}"], as_json=as_json)
    return OK


_act("pause", "SIGSTOP one validator.")
_act("resume", "SIGCONT one validator.")
