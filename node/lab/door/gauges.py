"""What is looked at while strangers attack: rounds, refusals and memory of each validator, and what its logs say."""

import json
import re
import subprocess
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import NamedTuple

from node.client.network import Member, Network
from node.config import Endpoint
from node.lab.bench.audits import cpu_s
from node.lab.bench.figures import BenchError

PATIENCE_S = 30
LOGS = ("output.log", "node.log", "node.log.1")
_TROUBLE = re.compile(r"Traceback|Exception|never retrieved|\b[A-Z]\w*Error\(|AssertionError")
BROKEN = ("broken",)
"""Names of log lines that are trouble whatever they say."""


class Gauge(NamedTuple):
    """One validator at one moment."""

    round: int
    requests_refused: int
    links_refused: int
    rss_kb: int
    cpu_s: float | None
    """None where the system does not tell."""


def read_gauges(network: Network) -> list[Gauge]:
    """Every validator, by index; BenchError (`validator_died`) if one is gone or does not answer."""
    return [_read(member) for member in network.members]


def _read(member: Member) -> Gauge:
    """From its metrics and the system's table of processes."""
    try:
        values = _metrics(member.rpc)
        return Gauge(
            int(values["mithqal_round"]), int(values["mithqal_requests_refused"]), int(values["mithqal_links_refused"]),
            _rss_kb(member.pid), _cpu_s(member.pid),
        )  # fmt: skip
    except (OSError, HTTPException, KeyError, ValueError) as error:
        raise BenchError(f"{member.name} does not tell how it is: {error!r}", name="validator_died") from error


def _metrics(rpc: Endpoint) -> dict[str, float]:
    """Those without labels, by name."""
    connection = HTTPConnection(*rpc, timeout=PATIENCE_S)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    finally:
        connection.close()
    rows = [line.split() for line in text.splitlines() if line[:1] not in ("#", "") and "{" not in line]
    return {row[0]: float(row[1]) for row in rows}


def _rss_kb(pid: int | None) -> int:
    """Resident memory; `ps` has the same columns on every Unix."""
    row = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return int(row.stdout.split()[0]) if row.stdout.split() else 0


def _cpu_s(pid: int | None) -> float | None:
    """Seconds of a processor that it has used."""
    try:
        return cpu_s(pid)
    except OSError:
        return None


class Logs:
    """The logs of a network, read on from where they were."""

    def __init__(self, network: Network) -> None:
        """What stands there now is known."""
        self._paths = [member.directory / name for member in network.members for name in LOGS]
        self._known = {path: _lines(path) for path in self._paths}

    def trouble(self) -> list[str]:
        """New lines that tell of an exception nobody expected, or of an assertion."""
        found: list[str] = []
        for path in self._paths:
            lines = _lines(path)
            known = self._known[path]
            fresh = lines[len(known) :] if lines[: len(known)] == known else lines
            self._known[path] = lines
            found += [f"{path.parent.name}: {line[:500]}" for line in fresh if is_trouble(path.name, line)]
        return found


def is_trouble(file: str, line: str) -> bool:
    """Whether a line of a log tells of an unhandled exception. `output.log` is empty while all is well."""
    if file == "output.log":
        return bool(line.strip())
    try:
        name = json.loads(line).get("name")
    except (ValueError, AttributeError):
        return bool(line.strip())
    return name in BROKEN or bool(_TROUBLE.search(line))


def _lines(path: Path) -> list[str]:
    """Whole lines; of no file none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
