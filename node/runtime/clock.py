"""A clock that never steps back: the wall clock at the start, plus what the monotonic clock measured since."""

import time


class Clock:
    """Microseconds since 1970."""

    __slots__ = ("_base_us",)

    def __init__(self) -> None:
        """Read the wall clock once."""
        self._base_us = (time.time_ns() - time.monotonic_ns()) // 1000

    def now_us(self) -> int:
        """The time now; never less than an earlier answer of this clock."""
        return self._base_us + time.monotonic_ns() // 1000
