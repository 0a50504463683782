"""Validators as processes of this run: start, kill, pause; nothing is ever signalled that this run did not start.

A kill drops what was not synced, if the library for that is there. Each vote comes through a pipe, so that the time
from a process's start to its first vote is measured where it happens.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

import node
from node.client.network import Network
from node.config import Endpoint, load_config
from node.lab.chaos.rules import ChaosError, now_us
from node.lab.chaos.unsynced import drop_unsynced, environment, set_full
from node.localnet.logs import OUTPUT_LOG
from node.localnet.supervisor import Supervisor

_ROOT = Path(node.__file__).resolve().parent.parent
END_S = 10.0
"""A process that was killed is gone within so long; one that was asked to stop is killed after it."""
POLL_S = 0.05
UNDO_DIRECTORY = "unsynced"


@dataclass(frozen=True, slots=True)
class Bent:
    """How the processes differ from ordinary ones."""

    library: Path | None = None
    """The compiled `unsynced.c`; without it a kill loses nothing."""
    plant: str | None = None
    routes: Mapping[int, Mapping[int, int]] = field(default_factory=dict)
    """By validator: at which port of the proxy it dials which other one."""
    keeps: Callable[[], bool] | None = None
    """Asked for each unsynced sector at a kill: whether it reached the disk all the same."""


class _Child:
    """One process that this run started."""

    def __init__(self, process: "subprocess.Popen[bytes]", pipe: int, data: Path) -> None:
        """Just started."""
        self.process, self.pipe, self.data = process, pipe, data
        self.started = _start_ticks(process.pid)
        self.began_us = now_us()
        self.voted_us = 0
        self.first_vote_cpu_us = 0
        self.told = asyncio.Event()

    def read(self) -> None:
        """Votes came through the pipe, or its end."""
        try:
            text = os.read(self.pipe, 1 << 16)
        except BlockingIOError:
            return
        if not text:
            self.close()
            return
        lines = text.split(b"\n")[:-1]  # a vote is told in one write, which a pipe keeps whole
        if lines and not self.voted_us:
            self.first_vote_cpu_us = int(lines[0].split()[1])
        if lines:
            self.voted_us = int(lines[-1].split()[0])
            self.told.set()

    def close(self) -> None:
        """Close the pipe; once more does nothing."""
        if self.pipe >= 0:
            asyncio.get_running_loop().remove_reader(self.pipe)
            os.close(self.pipe)
            self.pipe = -1

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the very process that was started; ChaosError (`not_ours`) if another one has its pid."""
        if self.process.poll() is not None:
            return
        if _start_ticks(self.process.pid) != self.started:
            raise ChaosError(f"process {self.process.pid} is not the one that this run started", name="not_ours")
        self.process.send_signal(number)


class Cluster:
    """All validators of a network directory. Use it within one event loop; `stop` ends all of them."""

    def __init__(self, network: Network, bent: Bent) -> None:
        """Nothing runs yet. ChaosError (`foreign_target`, `network_runs`) as of `check_targets`."""
        check_targets(network)
        self.network, self._bent = network, bent
        self._children: dict[int, _Child] = {}
        self.bytes_dropped = 0
        """Bytes that kills have taken out of the validators' files."""

    def start(self, index: int, clock_offset_us: int = 0) -> None:
        """Start a validator that is down; at most one process a validator."""
        old = self._children.get(index)
        assert old is None or old.process.poll() is not None, "a validator runs once"
        if old is not None:
            old.close()
        directory = self.network.members[index].directory.resolve()
        read_end, write_end = os.pipe()
        os.set_blocking(read_end, False)
        command = [sys.executable, "-m", "node.lab.chaos.shim", str(directory), "--parent", str(os.getpid())]
        command += ["--tell", str(write_end), "--clock-offset-us", str(clock_offset_us)]
        command += [f"--route={number}={port}" for number, port in self._bent.routes.get(index, {}).items()]
        if self._bent.plant is not None:
            command += ["--plant", self._bent.plant]
        added = {"PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])}
        data = load_config(directory).data
        if self._bent.library is not None:
            data.mkdir(parents=True, exist_ok=True, mode=0o700)
            added |= environment(self._bent.library, data, directory / UNDO_DIRECTORY)
        with (directory / OUTPUT_LOG).open("ab") as output:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
                cwd=directory, env={**os.environ, **added}, pass_fds=(write_end,),
            )  # fmt: skip
        os.close(write_end)
        child = self._children[index] = _Child(process, read_end, data)
        asyncio.get_running_loop().add_reader(read_end, child.read)

    async def kill(self, *indexes: int) -> None:
        """SIGKILL to all of these at once; when they are gone, what they had not synced is lost."""
        children = [self._children[index] for index in indexes]
        for child in children:
            child.signal(signal.SIGKILL)
        for index, child in zip(indexes, children, strict=True):
            await self._gone(child)
            await self._lose(index, child)

    def pause(self, index: int) -> None:
        """SIGSTOP."""
        self._children[index].signal(signal.SIGSTOP)

    def resume(self, index: int) -> None:
        """SIGCONT."""
        self._children[index].signal(signal.SIGCONT)

    def fill_disk(self, index: int, *, is_full: bool) -> None:
        """From now on the validator's files cannot grow, or can again."""
        set_full(self._undo(index), is_full=is_full)

    def is_down(self, index: int) -> bool:
        """Whether its process has ended."""
        return self._children[index].process.poll() is not None

    def exit_code(self, index: int) -> int | None:
        """How its process ended; None while it runs."""
        return self._children[index].process.poll()

    def began_us(self, index: int) -> int:
        """When its process was started."""
        return self._children[index].began_us

    def first_vote_cpu_us(self, index: int) -> int:
        """Processor time that its process took until its first vote, which has been waited for."""
        return self._children[index].first_vote_cpu_us

    async def voted_after(self, index: int, after_us: int, timeout_s: float) -> int:
        """When the validator first voted after a moment, in microseconds of the monotonic clock.

        ChaosError (`cannot_recover`) if its process ends, or does not vote in time.
        """
        child = self._children[index]
        deadline = now_us() + int(timeout_s * 1_000_000)
        while child.voted_us <= after_us:
            child.told.clear()
            if child.process.poll() is not None or now_us() > deadline:
                what = "ended" if child.process.poll() is not None else f"does not vote after {timeout_s:g} s"
                raise ChaosError(f"validator {index} {what}: {self.last_words(index)}", name="cannot_recover")
            try:
                async with asyncio.timeout(POLL_S):
                    await child.told.wait()
            except TimeoutError:
                continue
        return child.voted_us

    async def stop(self) -> None:
        """End every process that this run started, by force after a while."""
        for child in self._children.values():
            child.signal(signal.SIGCONT)
            child.signal(signal.SIGTERM)
        for child in self._children.values():
            try:
                await self._gone(child)
            except ChaosError:
                child.signal(signal.SIGKILL)
                await self._gone(child)
            child.close()

    async def _gone(self, child: _Child) -> None:
        """Wait for a process's end; ChaosError (`cannot_recover`)."""
        deadline = now_us() + int(END_S * 1_000_000)
        while child.process.poll() is None:
            if now_us() > deadline:
                raise ChaosError(f"process {child.process.pid} does not end", name="cannot_recover")
            await asyncio.sleep(POLL_S / 10)

    async def _lose(self, index: int, child: _Child) -> None:
        """Drop what was not synced."""
        undo = self._undo(index)
        if self._bent.library is not None and undo.exists():
            self.bytes_dropped += await asyncio.to_thread(drop_unsynced, child.data, undo, self._bent.keeps)

    def _undo(self, index: int) -> Path:
        """Where the logs of unsynced writes lie."""
        return self.network.members[index].directory / UNDO_DIRECTORY

    def last_words(self, index: int) -> str:
        """The last line of what it wrote."""
        path = self.network.members[index].directory / OUTPUT_LOG
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1] if lines else "no output"


def check_targets(network: Network) -> None:
    """Only validators of this directory, on loopback, none of them running: ChaosError (`foreign_target`,
    `network_runs`)."""
    for member in network.members:
        config = load_config(member.directory)
        known = {other.p2p for other in network.members}
        for endpoint in (member.rpc, member.p2p, config.rpc, *config.endpoints):
            if endpoint is None or not _is_loopback(endpoint):
                raise _foreign(f"{member.name} has {endpoint}, which is not on loopback")
        if config.rpc != member.rpc or not known.issuperset(config.endpoints):
            raise _foreign(f"node.json of {member.name} names what is not in network.json")
    running = {member.name for member in network.members} - set(Supervisor(network.directory).names_down())
    if running:
        raise ChaosError(
            f"{', '.join(sorted(running))} of {network.directory} run: chaos ends only processes that it started;"
            " stop them (mithqal localnet down), or leave --network out",
            name="network_runs",
        )


def _foreign(what: str) -> ChaosError:
    """A target that chaos leaves alone."""
    return ChaosError(
        f"{what}: chaos touches only the validators of one network.json, on loopback", name="foreign_target"
    )


def _is_loopback(endpoint: Endpoint) -> bool:
    """Whether an endpoint is of this machine only."""
    try:
        return ip_address(endpoint[0]).is_loopback
    except ValueError:
        return endpoint[0] == "localhost"


def _start_ticks(pid: int) -> int:
    """When a process began, in the kernel's ticks; 0 if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return int(stat.rpartition(")")[2].split()[19])
