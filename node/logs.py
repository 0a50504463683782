"""A node's log: one JSON object a line, repeated names held back so that a flood of one alarm hides no other.

The file never grows beyond `MAX_BYTES`: then it becomes `<name>.1`, in place of an older one, and a new file begins.
"""

import json
import logging
import time
from pathlib import Path
from typing import TextIO

BURST = 5
"""Lines of one name within WINDOW_S; further ones are counted only."""
WINDOW_S = 10.0
MAX_BYTES = 8 << 20
"""Size of one log file; two are kept."""
MAX_MESSAGE = 2_000
"""Characters of one message."""


class NodeLog:
    """An append-only log file, closed by `close`. One thread at a time. A line that the disk refuses is dropped."""

    def __init__(self, path: Path | None, *, max_bytes: int = MAX_BYTES) -> None:
        """`path` None drops everything (tests). OSError if the file cannot be opened."""
        self._path, self._max_bytes = path, max_bytes
        self._file: TextIO | None = None
        self._size = 0
        self._seen: dict[str, tuple[float, int]] = {}
        if path is not None:
            self._open(path)

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
        message = message[:MAX_MESSAGE]
        line: dict[str, object] = {"time_us": time.time_ns() // 1000, "name": name, "message": message, **fields}
        if held_back:
            line["held_back"] = held_back
        self._put(json.dumps(line, default=str) + "\n")

    def close(self) -> None:
        """Close the file; later lines are dropped."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError:
                pass  # a full disk refused the last line

    def _open(self, path: Path) -> None:
        """Go on at the end of the file."""
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._size = self._file.tell()

    def _put(self, line: str) -> None:
        """Append a line, which is ASCII; begin a new file first if it would not fit."""
        assert self._file is not None
        try:
            if self._size and self._size + len(line) > self._max_bytes and self._path is not None:
                self._file.close()
                self._path.replace(self._path.with_name(self._path.name + ".1"))
                self._open(self._path)
            self._file.write(line)
            self._size += len(line)
        except (OSError, ValueError):
            pass  # ValueError: the disk refused to open the next file; nothing may end because of a log


class LogHandler(logging.Handler):
    """What libraries tell `logging` goes into the node's log, under its bounds, and not to the process's output."""

    def __init__(self, log: NodeLog) -> None:
        """Warnings and errors only."""
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record by its logger's name."""
        text = record.getMessage()
        if record.exc_info is not None and record.exc_info[1] is not None:
            text = f"{text}: {record.exc_info[1]!r}"
        self._log.write(f"library_{record.name.partition('.')[0]}", text)
