"""A node's log: one JSON object a line, repeated names held back so that a flood of one alarm hides no other."""

import json
import time
from pathlib import Path
from typing import TextIO

BURST = 5
"""Lines of one name within WINDOW_S; further ones are counted only."""
WINDOW_S = 10.0


class NodeLog:
    """An append-only log file; opened lazily, closed by `close`. One thread at a time."""

    def __init__(self, path: Path | None) -> None:
        """`path` None drops everything (tests)."""
        self._file: TextIO | None = None if path is None else path.open("a", encoding="utf-8", buffering=1)
        self._seen: dict[str, tuple[float, int]] = {}

    def write(self, name: str, message: str, **fields: object) -> None:
        """Write a line unless `name` was written BURST times within the window."""
        now = time.monotonic()
        started, count = self._seen.get(name, (now, 0))
        held_back = 0
        if now - started >= WINDOW_S:
            held_back, started, count = max(0, count - BURST), now, 0
        self._seen[name] = (started, count + 1)
        if count >= BURST or self._file is None:
            return
        line: dict[str, object] = {"time_us": time.time_ns() // 1000, "name": name, "message": message, **fields}
        if held_back:
            line["held_back"] = held_back
        self._file.write(json.dumps(line, default=str) + "\n")

    def close(self) -> None:
        """Close the file; later lines are dropped."""
        if self._file is not None:
            self._file.close()
            self._file = None
