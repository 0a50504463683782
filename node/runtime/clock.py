"""A clock that never steps back: the wall clock at the start, plus what the monotonic clock measured since.

A validator's clock starts no earlier than its ledger's time. So a wall clock that was set back, even over a restart,
neither stops the ledger's time nor slows it: it goes on from where it was.
"""

import time


class Clock:
    """Microseconds since 1970."""

    __slots__ = ("_base_us",)

    def __init__(self, at_least_us: int = 0) -> None:
        """Read the wall clock once; the first answer is not below `at_least_us`."""
        self._base_us = max(time.time_ns() // 1000, at_least_us) - time.monotonic_ns() // 1000

    def now_us(self) -> int:
        """The time now; never less than an earlier answer of this clock."""
        return self._base_us + time.monotonic_ns() // 1000
