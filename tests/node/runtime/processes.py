"""Real validator processes for tests, `python -m node.runtime.process DIR`: run to their end, or kept for a while."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import node
from node.client.network import Member
from node.client.rpc import RpcClient

ROOT = Path(node.__file__).resolve().parent.parent
LIMIT_S = 60.0
"""For what never takes so long."""


def command(directory: Path, *before: str) -> list[str]:
    """The process of a directory; `before` stands in place of `-m node.runtime.process`."""
    return [sys.executable, *(before or ("-m", "node.runtime.process")), str(directory)]


def refused(directory: Path, *before: str) -> tuple[int, str]:
    """Run a process that ends by itself: its exit code, and what it said on standard error."""
    done = subprocess.run(
        command(directory, *before), capture_output=True, text=True, timeout=LIMIT_S, cwd=directory, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stdout == ""
    return done.returncode, done.stderr


def sentence(directory: Path, *before: str) -> tuple[int, str, str]:
    """The same, of which exactly one sentence is expected: exit code, name of the rule, the sentence."""
    code, said = refused(directory, *before)
    assert said.count("\n") == 1, said
    assert said.startswith("mithqal node: "), said
    _, name, text = said.rstrip("\n").split(": ", 2)
    return code, name, text


class Running:
    """A process that serves."""

    def __init__(self, member: Member, process: subprocess.Popen[str]) -> None:
        self.member, self.process = member, process

    @property
    def directory(self) -> Path:
        return self.member.directory

    def ask(self, method: str, *params: Any) -> Any:
        """One call by JSON-RPC."""
        client = RpcClient([self.member.rpc], timeout_s=5)
        try:
            return client.call(method, *params)
        finally:
            client.close()

    def get(self, path: str) -> str:
        """The body of a GET on its client port."""
        connection = http.client.HTTPConnection(*self.member.rpc, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def height(self) -> int:
        """Height of the ledger that it reports."""
        found: int = self.ask("get_metadata")["height"]
        return found

    def answers(self) -> bool:
        """Whether its port is open."""
        with socket.socket() as probe:
            return probe.connect_ex(self.member.rpc) == 0

    def wait_for(self, holds: Callable[[], bool]) -> None:
        """Until something holds; the process must live meanwhile."""
        deadline = time.monotonic() + LIMIT_S
        while not holds():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < deadline, self.logged()
            time.sleep(0.05)

    def wait_for_height(self, height: int) -> None:
        """Until it has committed so much."""
        self.wait_for(lambda: self.height() >= height)

    def logged(self) -> list[dict[str, Any]]:
        """Lines of the log."""
        path = self.directory / "node.log"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def has_logged(self, name: str) -> bool:
        """Whether a line of this name is there."""
        return any(line["name"] == name for line in self.logged())

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(LIMIT_S)

    def output(self) -> str:
        """What it said on standard error, once it has ended."""
        return self.process.communicate(timeout=LIMIT_S)[1]


@contextmanager
def running(member: Member, *before: str) -> Iterator[Running]:
    """A process that has started; killed at the end if it still lives."""
    (member.directory / "node.log").unlink(missing_ok=True)
    process = subprocess.Popen(
        command(member.directory, *before), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        cwd=member.directory, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    found = Running(member, process)
    try:
        found.wait_for(lambda: found.has_logged("started") and found.answers())
        yield found
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=LIMIT_S)


def wait_until(holds: Callable[[], bool]) -> None:
    """Until something holds."""
    deadline = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
