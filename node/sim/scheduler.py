"""Virtual time: a heap of (time, sequence, callback). Callbacks of one instant run in the order of their planning."""

from collections.abc import Callable
from heapq import heappop as _pop
from heapq import heappush as _push


class Scheduler:
    """The clock of a run, in integer microseconds."""

    __slots__ = ("_heap", "_sequence", "events", "now_us")

    def __init__(self, now_us: int) -> None:
        """Start the clock."""
        self.now_us = now_us
        self.events = 0
        """Callbacks that ran."""
        self._sequence = 0
        self._heap: list[tuple[int, int, Callable[..., None], tuple[object, ...]]] = []

    def at(self, time_us: int, callback: Callable[..., None], *args: object) -> None:
        """Call at that time; what lies in the past runs now, after what is planned for now already."""
        self._sequence += 1
        if time_us < self.now_us:
            time_us = self.now_us
        _push(self._heap, (time_us, self._sequence, callback, args))

    def after(self, delay_us: int, callback: Callable[..., None], *args: object) -> None:
        """Call after a delay of 0 or more."""
        self._sequence += 1
        _push(self._heap, (self.now_us + delay_us, self._sequence, callback, args))

    def run_until(self, end_us: int) -> None:
        """Run everything that is due up to and including `end_us`; the clock ends there."""
        heap = self._heap
        while heap and heap[0][0] <= end_us:
            self.now_us, _, callback, args = _pop(heap)
            self.events += 1
            callback(*args)
        self.now_us = end_us

    def __len__(self) -> int:
        """Callbacks that wait."""
        return len(self._heap)
