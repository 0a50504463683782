"""A node's log: one JSON object a line, repeated names held back so that a flood of one alarm hides no other.

It lies in a `BoundedFile`, as the trace of a validator's messages does (node/runtime/message_trace.py).
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


class BoundedFile:
    """A text file that is appended to, line by line, and never grows beyond `max_bytes`: then it becomes `<name>.1`, in
    place of an older one, and a new file begins. One thread at a time. A line that the disk refuses is dropped."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        """Go on at the end of the file. OSError if it cannot be opened."""
        self._path, self._max_bytes = path, max_bytes
        self._file = self._opened()
        self._size = self._file.tell()

    def put(self, line: str) -> None:
        """Append a line, ASCII without its end; begin a new file first if it would not fit."""
        line += "\n"
        if self._file.closed:
            return  # ended, or the disk refused to open the next file
        try:
            if self._size and self._size + len(line) > self._max_bytes:
                self._file.close()
                self._path.replace(self._path.with_name(self._path.name + ".1"))
                self._file, self._size = self._opened(), 0
            self._file.write(line)
            self._size += len(line)
        except OSError:
            pass  # nothing may end because of a log

    def close(self) -> None:
        """Close it; later lines are dropped."""
        try:
            self._file.close()
        except OSError:
            pass  # a full disk refused the last line

    def _opened(self) -> TextIO:
        """Each line goes to the system at once."""
        return self._path.open("a", encoding="utf-8", buffering=1)


class NodeLog:
    """The log of a process, closed by `close`. One thread at a time."""

    def __init__(self, path: Path) -> None:
        """OSError if the file cannot be opened."""
        self._file = BoundedFile(path, MAX_BYTES)
        self._seen: dict[str, tuple[float, int]] = {}

    def write(self, name: str, message: str, **fields: object) -> None:
        """Write a line unless `name` was written BURST times within the window."""
        now = time.monotonic()
        started, count = self._seen.get(name, (now, 0))
        held_back = 0
        if now - started >= WINDOW_S:
            held_back, started, count = max(0, count - BURST), now, 0
        self._seen[name] = (started, count + 1)
        if count >= BURST:
            return
        message = message[:MAX_MESSAGE]
        line: dict[str, object] = {"time_us": time.time_ns() // 1000, "name": name, "message": message, **fields}
        if held_back:
            line["held_back"] = held_back
        self._file.put(json.dumps(line, default=str))

    def close(self) -> None:
        """Close the file; later lines are dropped."""
        self._file.close()


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
