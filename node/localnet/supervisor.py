"""Run a network's validators as processes of their own: up, down, kill, restart, pause, resume, wait, status, reset.

Nothing is kept in memory: pids live in `network.json`, so that every command works from any process. Whoever starts
or stops validators holds the directory's lock meanwhile, so that two commands at once do not start one twice.
"""

import fcntl
import http.client
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import node
from chain.errors import MithqalError
from node.client.network import Member, Network, NetworkError, load_network
from node.client.rpc import RpcClient
from node.config import Endpoint
from node.keystore import load_key, mark_unused
from node.localnet.genesis import CONSENSUS_KEY
from node.localnet.logs import LOGS, OUTPUT_LOG, last_rule
from node.runtime.process import listen

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 5.0
POLL_S = 0.05
LOCK_FILE = ".localnet.lock"
LEDGER_FILES = ("addresses.json", "outbox*", "receipts")
"""What a network's directory knows of accounts and transactions: gone with the ledger. Keys are no part of it."""
_ROOT = Path(node.__file__).resolve().parent.parent


class Supervisor:
    """The processes of one network directory."""

    def __init__(self, directory: Path) -> None:
        """NetworkError if there is no usable network in `directory`."""
        self._directory = directory.resolve()
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        load_network(self._directory)

    @property
    def network(self) -> Network:
        """The directory as it is now."""
        return load_network(self._directory)

    def names_down(self) -> list[str]:
        """Names of the validators that do not run."""
        return [member.name for member in self.network.members if not self.is_alive(member)]

    def up(
        self,
        *,
        foreground: bool = False,
        timeout_s: float = START_TIMEOUT_S,
        meanwhile: Callable[[], object] | None = None,
        trace_messages: bool = False,
    ) -> Network:
        """Start every validator that is down, and wait until each commits. With `foreground` they end with us.

        `meanwhile` is called as soon as each answers: what it submits makes the first blocks. With `trace_messages`
        each that is started notes what it says and hears.

        ConfigError (`port_in_use`), NetworkError (`validator_died`, `not_ready`): then none that it started runs on.
        """
        started: list[str] = []
        try:
            with self._locked():
                network = self.network
                down = [index for index, member in enumerate(network.members) if not self.is_alive(member)]
                for index in down:
                    for endpoint in (network.members[index].rpc, network.members[index].p2p):
                        listen(endpoint).close()
                for index in down:
                    self._spawn(network, index, foreground=foreground, trace_messages=trace_messages)
                    started.append(network.members[index].name)
                    network.save()
            if meanwhile is not None:
                self._until_answering(timeout_s)
                meanwhile()
            self.wait(timeout_s=timeout_s)
        except BaseException:
            self._stop(started)
            raise
        return network

    def down(self) -> int:
        """Stop every validator; gives how many ran. Again is harmless."""
        return self._stop([member.name for member in self.network.members])

    def _stop(self, names: list[str]) -> int:
        """Stop these validators, by force after a while; gives how many ran."""
        with self._locked():
            network = self.network
            members = [member for member in network.members if member.name in names]
            running = [member for member in members if self.is_alive(member)]
            for member in running:
                self._signal(member, signal.SIGCONT)
                self._signal(member, signal.SIGTERM)
            deadline = time.monotonic() + STOP_TIMEOUT_S
            for member in running:
                if not self._has_ended(member, deadline):
                    self._signal(member, signal.SIGKILL)
                    self._has_ended(member, time.monotonic() + STOP_TIMEOUT_S)
            for member in members:
                member.pid = None
            network.save()
        return len(running)

    def kill(self, name: str) -> None:
        """SIGKILL one validator; it stays down until it is restarted."""
        with self._locked():
            network = self.network
            member = find_member(network, name)
            if self.is_alive(member):
                self._signal(member, signal.SIGKILL)
                self._has_ended(member, time.monotonic() + STOP_TIMEOUT_S)
            member.pid = None
            network.save()

    def restart(
        self, name: str, *, foreground: bool = False, replay: bool = False, trace_messages: bool = False,
        timeout_s: float = START_TIMEOUT_S,
    ) -> None:  # fmt: skip
        """Stop one validator if it runs, start it, wait until it answers. With `replay` it takes no snapshot, with
        `trace_messages` it notes what it says and hears."""
        name = find_member(self.network, name).name
        self._stop([name])
        with self._locked():
            network = self.network
            member = find_member(network, name)
            if not self.is_alive(member):
                for endpoint in (member.rpc, member.p2p):
                    listen(endpoint).close()
                index = network.members.index(member)
                self._spawn(network, index, foreground=foreground, replay=replay, trace_messages=trace_messages)
                network.save()
        if not self._wait_for(lambda: self._answers(member), time.monotonic() + timeout_s):
            raise NetworkError(f"{name} does not answer after {timeout_s:g} s", name="not_ready")

    def pause(self, name: str) -> None:
        """SIGSTOP: the process keeps its connections and does nothing."""
        self._signal_running(name, signal.SIGSTOP)
        member = find_member(self.network, name)
        self._wait_for(lambda: _is_stopped(member), time.monotonic() + STOP_TIMEOUT_S)

    def resume(self, name: str) -> None:
        """SIGCONT."""
        self._signal_running(name, signal.SIGCONT)
        member = find_member(self.network, name)
        self._wait_for(lambda: not _is_stopped(member), time.monotonic() + STOP_TIMEOUT_S)

    def wait(self, *, timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until every validator that was started has committed a block since.

        NetworkError: `not_running`, `validator_died` with the end of its log, `not_ready`.
        """
        members = [member for member in self.network.members if member.pid is not None]
        if not members:
            raise NetworkError("no validator runs: mithqal localnet up starts them", name="not_running")
        deadline = time.monotonic() + timeout_s
        for member in members:
            while not is_ready(member.rpc):
                self._check_alive(member)
                if time.monotonic() > deadline:
                    raise NetworkError(
                        f"{member.name} commits nothing after {timeout_s:g} s: {self._how_many_run()}",
                        name="not_ready",
                    )
                time.sleep(POLL_S)

    def wait_for_block(self, *, timeout_s: float = START_TIMEOUT_S) -> dict[str, Any]:
        """Wait until the network commits a further block and every validator that runs has caught up with it.

        Gives {height, version, validators}: their names. NetworkError: `not_running`, `validator_died`, `not_ready`.
        """
        members = [member for member in self.network.members if self.is_alive(member)]
        if not members:
            raise NetworkError("no validator runs: mithqal localnet up starts them", name="not_running")
        deadline = time.monotonic() + timeout_s
        wanted: int | None = None
        while True:
            tips = [_tip(member) for member in members]
            heights = [tip["height"] for tip in tips if tip is not None]
            if wanted is None and heights:
                wanted = max(heights) + 1
            if wanted is not None and len(heights) == len(members) and min(heights) >= wanted:
                versions = [tip["version"] for tip in tips if tip is not None]
                names = [member.name for member in members]
                return {"height": min(heights), "version": min(versions), "validators": names}
            for member in members:
                self._check_alive(member)
            if time.monotonic() > deadline:
                behind = [
                    member.name
                    for member, tip in zip(members, tips, strict=True)
                    if wanted is None or tip is None or tip["height"] < wanted
                ]
                raise NetworkError(
                    f"no new block on {', '.join(behind)} within {timeout_s:g} s: {self._how_many_run()}",
                    name="not_ready",
                )
            time.sleep(POLL_S)

    def status(self) -> list[dict[str, Any]]:
        """One object a validator: name, state (up, paused, down), pid, height, version, root, peers; of one that is up
        whether it signs, of one that is down the rule by which its process ended, with its sentence."""
        return [self._status(member) for member in self.network.members]

    def reset(self) -> int:
        """Stop everything and forget the ledger, with the names and transactions that lived on it; gives how many ran.

        Keys, genesis and `network.json` stay: the same network begins again at version 0. What its keys have signed is
        void, since nobody has it any more: they count as unused.
        """
        stopped = self.down()
        with self._locked():
            members = self.network.members
            paths = [member.directory / name for member in members for name in ("data", *LOGS)]
            paths += [path for pattern in LEDGER_FILES for path in self._directory.glob(pattern)]
            for path in paths:
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
            for key in (member.directory / "keys" / CONSENSUS_KEY for member in members):
                mark_unused(key, load_key(key).public_key)
        return stopped

    def is_alive(self, member: Member) -> bool:
        """Whether the validator's process runs (or is paused); another process with its old pid does not count."""
        if member.pid is None:
            return False
        child = self._children.get(member.pid)
        if child is not None and child.poll() is not None:
            return False
        try:
            command = Path(f"/proc/{member.pid}/cmdline").read_bytes()
        except OSError:
            return False
        alive = str(member.directory).encode() in command.split(b"\0")
        if child is not None and not alive:
            try:
                child.wait(STOP_TIMEOUT_S)  # it is ending: nobody else would collect it
            except subprocess.TimeoutExpired:
                return True  # on a busy machine that takes its time; until then its port and files are held
        return alive

    def is_active(self, member: Member) -> bool:
        """Whether its process runs and is not paused."""
        return self.is_alive(member) and not _is_stopped(member)

    def enlist(self, member: Member, *, is_member: bool | None = None) -> None:
        """Keep a process in `network.json`: a new one at the end, a known one with whether it is in the set."""
        with self._locked():
            network = self.network
            known = [other for other in network.members if other.name == member.name]
            if not known:
                network.members.append(member)
            elif is_member is not None:
                known[0].is_member = is_member
            network.save()

    # --- processes ---

    @contextmanager
    def _locked(self) -> Generator[None]:
        """Nobody else starts or stops validators of this directory meanwhile."""
        with (self._directory / LOCK_FILE).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _check_alive(self, member: Member) -> None:
        """NetworkError (`validator_died`) with the end of what it wrote."""
        if not self.is_alive(member):
            raise NetworkError(f"{member.name} ended: {_tail(member)}", name="validator_died")

    def _how_many_run(self) -> str:
        """How many run, and how many it takes to commit."""
        members = [member for member in self.network.members if member.is_member]
        running = sum(1 for member in members if self.is_active(member))
        return f"{running} of {len(members)} validators run, {quorum(len(members))} are needed"

    def _spawn(
        self, network: Network, index: int, *, foreground: bool, replay: bool = False, trace_messages: bool = False
    ) -> None:  # fmt: skip
        """Start one validator in a session of its own, with none of our pipes."""
        member = network.members[index]
        command = [sys.executable, "-m", "node.runtime.process", str(member.directory)]
        if foreground:
            command += ["--parent", str(os.getpid())]
        if replay:
            command.append("--replay")
        if trace_messages:
            command.append("--trace-messages")
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])}
        with (member.directory / OUTPUT_LOG).open("ab") as output:
            child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, close_fds=True,
                start_new_session=True, cwd=member.directory, env=environment,
            )  # fmt: skip
        self._children[child.pid] = child
        member.pid = child.pid

    def _signal(self, member: Member, number: signal.Signals) -> None:
        """Send a signal, if the process is still there."""
        if member.pid is not None and self.is_alive(member):
            try:
                os.kill(member.pid, number)
            except ProcessLookupError:
                return

    def _signal_running(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a validator that must run."""
        member = find_member(self.network, name)
        if not self.is_alive(member):
            raise NetworkError(
                f"{member.name} does not run: mithqal localnet restart {member.name} starts it", name="not_running"
            )
        self._signal(member, number)

    def _until_answering(self, timeout_s: float) -> None:
        """Wait until every validator that was started answers; NetworkError if one died or stays silent."""
        deadline = time.monotonic() + timeout_s
        for member in self.network.members:
            if member.pid is not None and not self._wait_for(partial(self._answers, member), deadline):
                raise NetworkError(f"{member.name} does not answer after {timeout_s:g} s", name="not_ready")

    def _has_ended(self, member: Member, deadline: float) -> bool:
        """Wait for a process to end; whether it did before the deadline."""
        return self._wait_for(lambda: not self.is_alive(member), deadline)

    def _wait_for(self, done: Callable[[], bool], deadline: float) -> bool:
        """Poll until `done` or the deadline; whether it was done."""
        while not done():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
        return True

    def _answers(self, member: Member) -> bool:
        """Whether it answers; NetworkError if it died."""
        self._check_alive(member)
        return _get(member.rpc, "/-/healthy") == 200

    def _status(self, member: Member) -> dict[str, Any]:
        """One validator's line."""
        result: dict[str, Any] = {
            "name": member.name, "state": "down", "pid": None, "rpc": f"http://{member.rpc[0]}:{member.rpc[1]}",
            "height": None, "version": None, "root": None, "peers": None, "signing": None, "ended": None,
        }  # fmt: skip
        if not self.is_alive(member):
            return {**result, "ended": last_rule(member.directory)}
        result["pid"] = member.pid
        if _is_stopped(member):
            return {**result, "state": "paused"}
        result["state"] = "up"
        client = RpcClient([member.rpc], timeout_s=2)
        try:
            metadata, peers, signing = client.batch(
                [("get_metadata", []), ("get_network_status", []), ("get_signing_status", [])]
            )
            result.update(
                height=metadata["height"], version=metadata["version"], root=metadata["accumulator_root_hash"],
                peers=peers, signing=signing,
            )  # fmt: skip
        except (MithqalError, TypeError):
            result["state"] = "starting"
        finally:
            client.close()
        return result


def find_member(network: Network, name: str) -> Member:
    """A validator by name or index; NetworkError (`unknown_validator`)."""
    for index, member in enumerate(network.members):
        if name in (member.name, str(index)):
            return member
    known = ", ".join(member.name for member in network.members)
    raise NetworkError(f"no validator is called {name!r}; there are {known}", name="unknown_validator")


def quorum(validators: int) -> int:
    """How many of so many validators it takes to commit (V2)."""
    return 2 * validators // 3 + 1


def is_ready(endpoint: Endpoint) -> bool:
    """Whether a validator has committed something since it started."""
    return _get(endpoint, "/-/ready") == 200


def _get(endpoint: Endpoint, path: str) -> int:
    """The status of a GET, 0 if nobody answers."""
    connection = http.client.HTTPConnection(*endpoint, timeout=2)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        return response.status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _tip(member: Member) -> dict[str, Any] | None:
    """A validator's height and version, or None if it does not answer."""
    client = RpcClient([member.rpc], timeout_s=2)
    try:
        found: dict[str, Any] = client.call("get_metadata")
    except MithqalError:
        return None
    finally:
        client.close()
    return found


def _is_stopped(member: Member) -> bool:
    """Whether the process is stopped by a signal."""
    try:
        stat = Path(f"/proc/{member.pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] in ("T", "t")


def _tail(member: Member) -> str:
    """The last line of what a validator wrote."""
    try:
        lines = (member.directory / OUTPUT_LOG).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "no output"
    return lines[-1] if lines else "no output"
