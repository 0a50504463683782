"""One line of progress on stderr: overwritten on a terminal, else a plain line every few seconds."""

import os
import sys
import time
from collections.abc import Callable
from types import TracebackType

from cli.options import shared

PLAIN_S = 3.0
"""Between two plain lines."""
TERMINAL_S = 0.1
"""Between two changes of a terminal's line."""


class ProgressLine:
    """Say how far it is; silent with `--quiet` and with `--json`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is printed yet."""
        self._is_silent = shared().quiet or shared().as_json
        self._overwrites = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._clock = clock
        self._began = clock()
        self._last = self._began if not self._overwrites else 0.0
        self._is_open = False

    def say(self, text: str) -> None:
        """Show `text` with the time since the beginning, unless the last one is too fresh."""
        now = self._clock()
        if self._is_silent or now - self._last < (TERMINAL_S if self._overwrites else PLAIN_S):
            return
        self._last = now
        line = f"{text}  {now - self._began:.0f} s"
        if self._overwrites:
            sys.stderr.write(f"\r\x1b[K{line[: _columns() - 1]}")
            self._is_open = True
        else:
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    def tell(self, text: str) -> None:
        """A line that stays."""
        if not self._is_silent:
            self.close()
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()

    def close(self) -> None:
        """Take the overwritten line away."""
        if self._is_open:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._is_open = False

    def __enter__(self) -> "ProgressLine":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _columns() -> int:
    """Width of the terminal."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns
    except OSError:
        return 80
