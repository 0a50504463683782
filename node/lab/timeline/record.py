"""A run of the simulator that is watched: the same run, event by event, and a timeline of it."""

from chain.interface import Committed
from chain.messages import message_name
from node.lab.timeline.model import ALARM, COMMIT, FAULT, MESSAGE, VIOLATION, Mark, Timeline, describe
from node.sim.parties import START_US
from node.sim.result import Result
from node.sim.scenario import Scenario
from node.sim.trace import Sink
from node.sim.watch import Watch
from node.sim.world import World


class _Listener(Watch):
    """Tells the timeline, then the checkers."""

    world: "WatchedWorld"
    """Set before the run begins."""

    def on_send(self, node: int, data: bytes) -> None:
        """A message leaves."""
        self.world.note_sent(node, data)
        super().on_send(node, data)

    def on_committed(self, node: int, committed: Committed) -> None:
        """A block is durable."""
        self.world.note_committed(node, committed)
        super().on_committed(node, committed)

    def on_alarm(self, node: int, name: str, peer: int | None) -> None:
        """An alarm of a validator."""
        self.world.note_alarm(node, name, peer)
        super().on_alarm(node, name, peer)


class WatchedWorld(World):
    """A world that notes what it does. It draws nothing and changes nothing, so the trace hash stays the same."""

    WATCH = _Listener
    watch: _Listener

    def __init__(self, scenario: Scenario, seed: int, sink: Sink | None = None) -> None:
        """Not run yet."""
        lanes = [f"validator {process}" for process in range(scenario.processes)]
        self.timeline = Timeline(f"seed {seed}", lanes)
        self._sink = sink
        self._sent: dict[tuple[int, bytes], int] = {}
        self._texts: dict[bytes, str] = {}
        self._counted: dict[str, int] = {}
        super().__init__(scenario, seed, self._note)
        self.watch.world = self

    def run(self) -> Result:
        """Play it; the timeline is whole then."""
        result = super().run()
        for found in result.violations:
            self.timeline.add(Mark(found.at_us - START_US, found.node, VIOLATION, found.rule, -1), found.text)
        self.timeline.finish()
        return result

    def _now(self) -> int:
        """From the beginning of the run."""
        return self.scheduler.now_us - START_US

    def _note(self, time_us: int, node: int, kind: str, data: bytes) -> None:
        """An event of the trace: starts and ends of processes, and faults that have fired since the last one."""
        if self._sink is not None:
            self._sink(time_us, node, kind, data)
        if kind in ("start", "crash", "refused"):
            self.timeline.add(Mark(time_us - START_US, node, FAULT, kind, -1), data.decode("utf-8", "replace"))
        for name, count in self.faults.items():
            if count != self._counted.get(name, 0) and name != "crash":  # which has its validator's lane
                self._counted[name] = count
                self.timeline.add(Mark(time_us - START_US, -1, FAULT, name, -1), f"{name}: {count} so far")

    def note_sent(self, node: int, data: bytes) -> None:
        """A message leaves."""
        self._sent[node, data] = self._now()

    def _deliver(self, sender: int, receiver: int, data: bytes) -> None:
        """A message arrives: now its arrow is known."""
        now_us = self._now()
        if data not in self._texts:
            self._texts[data] = describe(data)
        sent_us = self._sent.get((sender, data), now_us)
        mark = Mark(sent_us, sender, MESSAGE, message_name(data), -1, now_us, receiver)
        self.timeline.add(mark, self._texts[data])
        self.timeline.look_for_certificate(sender, sent_us, data)
        super()._deliver(sender, receiver, data)

    def note_committed(self, node: int, committed: Committed) -> None:
        """A block is durable."""
        text = (
            f"height {committed.height}, version {committed.version}\nblock {committed.block_id.hex()}\n"
            f"{len(committed.hashes)} transactions"
        )
        self.timeline.add(Mark(self._now(), node, COMMIT, f"height {committed.height}", -1), text)

    def note_alarm(self, node: int, name: str, peer: int | None) -> None:
        """An alarm of a validator."""
        about = "" if peer is None else f"about validator {peer}"
        self.timeline.add(Mark(self._now(), node, ALARM, name, -1), about)
