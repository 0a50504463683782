"""A legal session of real replicas in the simulator, and mutations of what was just said from one of their peers."""

import gc
import time
from collections import deque

from chain.primitives import SECOND_US
from node.lab.fuzz.hang import Hang, cut_after
from node.lab.fuzz.mutate import mutate
from node.lab.fuzz.stateless import Found
from node.sim.entropy import Entropy
from node.sim.parties import START_US
from node.sim.scenario import Scenario
from node.sim.world import World

SENDER = 3
"""Who says it: a validator that might as well be faulty."""
PREFIX_US = 3 * SECOND_US // 2
"""Of the session, before the first."""
EVERY_US = 2_000
AT_ONCE = 4
"""A moment of the session is a legal prefix; few mutations follow it, before the session goes on."""
HANG_S = 120.0
"""Of processor time for a session."""
ALARMS = ("S10_false_alarm",)
"""Not looked at: the checkers take the sender for honest, and its mutated messages are rightly told of."""
RECENT = 60
"""Messages that are mutated: what is said now is what a machine in this state listens to."""


class Session:
    """One session of a seed."""

    def __init__(self, seed: int, duration_us: int, found: Found) -> None:
        """Not played yet."""
        self._seed, self._found = seed, found
        self._recent: deque[bytes] = deque(maxlen=RECENT)
        self._stream = Entropy(seed).stream("stateful fuzz")
        self._world = World(Scenario(duration_us=duration_us, snapshot_behind=20), seed, self._hear)
        self._duration_us = duration_us

    def play(self) -> None:
        """Run it; exceptions and broken rules of safety are findings.

        The collector waits until it is over: it would look at the whole world, in the time of some message.
        """
        for at_us in range(PREFIX_US, self._duration_us, EVERY_US):
            self._world.scheduler.at(START_US + at_us, self._inject)
        is_enabled = gc.isenabled()
        gc.disable()
        try:
            with cut_after(HANG_S):
                result = self._world.run()
        except (Exception, Hang) as error:  # noqa: BLE001 - that is what is looked for
            self._found.note_crash("session", self._seed, b"", repr(error)[:300])
            return
        finally:
            if is_enabled:
                gc.enable()
        for item in result.violations:
            if item.rule.startswith("S") and item.rule not in ALARMS:
                self._found.note_crash("session", self._seed, b"", f"{item.rule}: {item.text}"[:300])

    def _hear(self, _time_us: int, _node: int, kind: str, data: bytes) -> None:
        """An event of the trace."""
        if kind == "message":
            self._recent.append(data)

    def _inject(self) -> None:
        """Some mutated messages to one of the others."""
        target = self._stream.below(SENDER)
        recent = list(self._recent)
        said = [mutate(self._stream, self._stream.choice(recent), recent) for _ in range(AT_ONCE)]
        self._found.prefixes += 1
        began_ns = time.thread_time_ns()
        for data in said:
            self._found.tried += 1
            try:
                self._world.validators[target].receive(SENDER, data)
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                self._found.note_crash("session", self._seed, data, repr(error)[:300])
            now_ns = time.thread_time_ns()
            self._found.note_time("session", now_ns - began_ns)
            began_ns = now_ns
