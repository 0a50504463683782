"""Simulated links: delay and jitter always; loss, duplicates, reordering, partitions and held kinds while faults last.

A link keeps order, as TCP does, except for the messages that the fault `reorder` picks. Every fault that fires is
counted by name.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from chain.messages import message_name
from node.sim.entropy import Stream
from node.sim.scheduler import Scheduler

Deliver = Callable[[int, int, bytes], None]
"""(sender, receiver, message)."""


@dataclass(slots=True)
class Links:
    """What links do to messages; chances are in parts per million. Mutable: faults turn these knobs."""

    delay_us: int
    jitter_us: int
    loss_ppm: int = 0
    duplicate_ppm: int = 0
    reorder_ppm: int = 0
    spike_ppm: int = 0
    """Chance of a delay spike (fault `delay`)."""
    spike_us: int = 400_000
    """Longest delay spike."""


class Network:
    """All links between the validators of a run."""

    def __init__(
        self, scheduler: Scheduler, stream: Stream, links: Links, deliver: Deliver, faults: Counter[str]
    ) -> None:
        """`deliver` is called at the time of arrival; `faults` counts."""
        self.links = links
        self.sent = 0
        self._scheduler = scheduler
        self._stream = stream
        self._deliver = deliver
        self._faults = faults
        self._group: dict[int, int] = {}
        self._held: dict[str, int] = {}
        self._last_us: dict[tuple[int, int], int] = {}

    def partition(self, groups: list[list[int]]) -> None:
        """Only members of one group hear each other; nodes that are not named form a group of their own."""
        self._group = {node: number for number, group in enumerate(groups) for node in group}

    def hold(self, kind: str, until_us: int) -> None:
        """Messages of that kind (chain.messages) arrive no earlier than `until_us`."""
        self._held[kind] = until_us

    def calm(self) -> None:
        """Faults stop: only delay and jitter remain."""
        self._group = {}
        self._held = {}
        links = self.links
        links.loss_ppm = links.duplicate_ppm = links.reorder_ppm = links.spike_ppm = 0

    def send(self, sender: int, receiver: int, data: bytes) -> None:
        """Put a message on the link."""
        self.sent += 1
        links, stream = self.links, self._stream
        if self._group and self._group.get(sender, -1) != self._group.get(receiver, -1):
            self._faults["partition"] += 1
            return
        if links.loss_ppm and stream.chance(links.loss_ppm):
            self._faults["loss"] += 1
            return
        self._plan(sender, receiver, data)
        if links.duplicate_ppm and stream.chance(links.duplicate_ppm):
            self._faults["duplicate"] += 1
            self._plan(sender, receiver, data)

    def _plan(self, sender: int, receiver: int, data: bytes) -> None:
        """Choose the time of arrival."""
        links, stream = self.links, self._stream
        arrival_us = self._scheduler.now_us + links.delay_us + stream.below(links.jitter_us + 1)
        if links.spike_ppm and stream.chance(links.spike_ppm):
            self._faults["delay"] += 1
            arrival_us += stream.below(links.spike_us) + 1
        if self._held:
            until_us = self._held.get(message_name(data), 0)
            if until_us > arrival_us:
                self._faults["hold"] += 1
                arrival_us = until_us
        link = (sender, receiver)
        if links.reorder_ppm and stream.chance(links.reorder_ppm):
            self._faults["reorder"] += 1
            arrival_us += stream.below(4 * links.jitter_us + 1)
        else:
            last_us = self._last_us.get(link, 0)
            if arrival_us < last_us:
                arrival_us = last_us
            self._last_us[link] = arrival_us
        self._scheduler.at(arrival_us, self._deliver, sender, receiver, data)
