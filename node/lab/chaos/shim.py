"""A validator's process under test: `python -m node.lab.chaos.shim DIR`, the real one with its surroundings bent.

The clock may be wrong, the way to other validators may lead through a proxy, and each vote is told through a pipe the
moment its record is durable. A planted defect shows that the judge sees. Nothing of this is in the code of a validator.
"""

import argparse
import os
import resource
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from chain.consensus.safety import read_record
from node.config import Endpoint, NodeConfig, load_config
from node.runtime import process
from node.runtime.signing_keys import SigningKeys

PLANTS = ("fsync_lie", "synchronous_off")
"""Defects that a run can plant: a disk that says it synced and did not; a database that never asks it to."""


class _TellingKeys(SigningKeys):
    """Signing records whose votes are told to whoever started the process: a line each, in microseconds, when by the
    monotonic clock and after how much processor time."""

    tell_fd = -1
    voted = (0, 0)

    def store(self, payload: bytes) -> None:
        """Store the record, then tell; a reader that is slow misses some."""
        super().store(payload)
        record = read_record(payload)
        vote = record.epoch, record.voted_round
        if vote > type(self).voted:
            type(self).voted = vote
            try:
                os.write(self.tell_fd, b"%d %d\n" % (time.monotonic_ns() // 1000, time.process_time_ns() // 1000))
            except (BlockingIOError, BrokenPipeError):
                pass


class _CarelessConnection(sqlite3.Connection):
    """A database connection that never syncs."""

    def execute(self, query: str, *values: Any) -> sqlite3.Cursor:
        """As asked, but for one pragma."""
        return super().execute(query.replace("synchronous=FULL", "synchronous=OFF"), *values)


def bend(*, clock_offset_us: int, routes: dict[int, Endpoint], tell_fd: int, plant: str | None) -> None:
    """Change the surroundings of this process, before the validator starts in it."""
    if clock_offset_us:
        right = time.time_ns
        time.time_ns = lambda: right() + clock_offset_us * 1_000
        time.time = lambda: time.time_ns() / 1e9
    if routes:
        vars(process)["load_config"] = lambda directory: _routed(load_config(directory), routes)
    if tell_fd >= 0:
        os.set_blocking(tell_fd, False)
        _TellingKeys.tell_fd = tell_fd
        vars(process)["SigningKeys"] = _TellingKeys
    if plant is not None:
        connect: Callable[..., Any] = sqlite3.connect
        sqlite3.connect = lambda *given, **named: connect(*given, **named, factory=_CarelessConnection)
    if plant == "fsync_lie":
        vars(os)["fdatasync"] = lambda _fd: None


def _routed(config: NodeConfig, routes: dict[int, Endpoint]) -> NodeConfig:
    """The same validator, which dials some others elsewhere; where it listens stays."""
    endpoints = tuple(
        endpoint if number == config.index else routes.get(number, endpoint)
        for number, endpoint in enumerate(config.endpoints)
    )
    return replace(config, endpoints=endpoints)


def main() -> None:
    """Command line of the process."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold the keys
    parser = argparse.ArgumentParser(prog="node.lab.chaos.shim")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--parent", type=int, required=True, help="stop when this process is no longer the parent")
    parser.add_argument("--tell", type=int, default=-1, help="descriptor that is told each vote")
    parser.add_argument("--clock-offset-us", type=int, default=0)
    parser.add_argument("--route", action="append", default=[], help="NUMBER=PORT: dial this validator there")
    parser.add_argument("--plant", choices=PLANTS, default=None)
    given = parser.parse_args()
    routes = {int(number): ("127.0.0.1", int(port)) for number, port in (item.split("=") for item in given.route)}
    bend(clock_offset_us=given.clock_offset_us, routes=routes, tell_fd=given.tell, plant=given.plant)
    raise SystemExit(process.run_node(given.directory, given.parent))


if __name__ == "__main__":
    main()
