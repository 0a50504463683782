"""One run of the simulator from a scenario file or from a seed alone, and what it came to as a document."""

import json
import shlex
import time
from pathlib import Path
from typing import IO, Any

from chain.errors import MithqalError
from chain.messages import message_name
from node.sim.parties import START_US
from node.sim.result import Result
from node.sim.scenario import Scenario
from node.sim.scenario_dump import to_document
from node.sim.scenario_file import read_scenario
from node.sim.world import World


def load(path: Path) -> Scenario:
    """The scenario in a file; MithqalError `file_unreadable`, ScenarioError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MithqalError(f"{path} cannot be read: {error.strerror}", name="file_unreadable") from error
    return read_scenario(data.decode("utf-8", "replace"))


def save(scenario: Scenario, path: Path) -> None:
    """Write a scenario as a file; MithqalError `file_unwritable`."""
    try:
        path.write_text(json.dumps(to_document(scenario), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise MithqalError(f"{path} cannot be written: {error.strerror}", name="file_unwritable") from error


def replay(path: Path, seed: int) -> str:
    """What to type to run a scenario file again."""
    return f"mithqal lab run {shlex.quote(str(path))} --seed {seed}"


def play(scenario: Scenario, seed: int, trace: Path | None = None) -> dict[str, Any]:
    """Run it; the document of the result. `trace` gets one JSON line an event.

    MithqalError `file_unwritable` if the trace cannot be written.
    """
    began = time.perf_counter()
    if trace is None:
        result = World(scenario, seed).run()
    else:
        try:
            with trace.open("w", encoding="utf-8") as file:
                result = World(scenario, seed, Lines(file)).run()
        except OSError as error:
            raise MithqalError(f"{trace} cannot be written: {error.strerror}", name="file_unwritable") from error
    return document(result, time.perf_counter() - began)


class Lines:
    """Writes each event of a trace as one line of JSON."""

    def __init__(self, file: IO[str]) -> None:
        """To an open file."""
        self._file = file

    def __call__(self, time_us: int, node: int, kind: str, data: bytes) -> None:
        """One event; of a message its kind, and all its bytes."""
        line: dict[str, Any] = {"at_ms": (time_us - START_US) / 1_000, "node": node, "event": kind}
        if kind == "message":
            line["message"] = message_name(data)
        if data:
            line["data"] = data.hex()
        self._file.write(json.dumps(line) + "\n")


def document(result: Result, wall_s: float) -> dict[str, Any]:
    """What `lab run --json` prints."""
    return {
        "seed": result.seed,
        "signatures": result.signatures,
        "commits": list(result.commits),
        "rounds": list(result.rounds),
        "virtual_s": result.virtual_us / 1_000_000,
        "wall_s": round(wall_s, 3),
        "events": result.events,
        "payments_committed": result.payments_committed,
        "faults": result.faults,
        "alarms": result.alarms,
        "recovery_rounds": list(result.recovery_rounds),
        "violations": [
            {
                "invariant": found.rule,
                "kind": "liveness" if found.rule.startswith("L") else "safety",
                "at_ms": found.at_us // 1_000,
                "nodes": [found.node] if found.node >= 0 else [],
                "detail": found.text,
            }
            for found in result.violations
        ],
        "states": len(result.states),
        "trace_hash": result.trace_hash,
    }
