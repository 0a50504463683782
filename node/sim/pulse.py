"""What is looked at every quarter of a second: S12 always, L4 after the faults have stopped; and L3 at the end."""

from collections.abc import Callable, Iterable

from chain.limits import FUTURE_ROUNDS, MAX_HELD_PROPOSALS, MAX_PENDING_BLOCKS, MEMPOOL_CAPACITY
from chain.primitives import SECOND_US
from chain.replica import Replica
from node.sim.checkers import Violation
from node.sim.scheduler import Scheduler

BEAT_US = 250_000
SETTLE_US = 5 * SECOND_US
"""L2 and L3 are judged in runs that last this long after the faults stopped ..."""
SETTLE_BLOCKS = 5
"""... and in which so many blocks came since: a leader that is silent for good makes them rare."""
NEWEST_US = 2 * SECOND_US
"""L3: at the end everybody has what anybody had so long before."""
ROUNDS_KEPT = FUTURE_ROUNDS + 4
"""Rounds whose votes and time-outs may be kept: the one before ours, ours, and those ahead."""

TABLES = ("votes and time-outs", "blocks", "held proposals", "transactions")
BOUNDS = (MAX_PENDING_BLOCKS + 1, MAX_HELD_PROPOSALS, MEMPOOL_CAPACITY)
"""Of all tables but the first."""


def check_tables(node: int, machine: object) -> list[Violation]:
    """S12: nothing that peers can fill is larger than its bound."""
    if not isinstance(machine, Replica):
        return []
    consensus = machine.consensus.machine
    sizes = (len(consensus.collector), len(consensus.tree.nodes), len(consensus.held), len(machine.mempool.by_hash))
    bounds = (2 * ROUNDS_KEPT * len(consensus.validators), *BOUNDS)
    return [
        Violation("S12_bounded_memory", node, f"{size} {what}, at most {bound}")
        for what, size, bound in zip(TABLES, sizes, bounds, strict=True)
        if size > bound
    ]


class Pulse:
    """The clock of these checks."""

    def __init__(
        self, scheduler: Scheduler, violations: list[Violation], machines: Callable[[], Iterable[tuple[int, object]]],
        progress: Callable[[], tuple[int, int, int]], max_rounds: int,
    ) -> None:  # fmt: skip
        """`machines` are the honest ones that live; `progress` is (highest height, furthest round, messages sent)."""
        self._scheduler, self._violations = scheduler, violations
        self._machines, self._progress = machines, progress
        self._max_rounds = max_rounds
        self._is_calm = False
        self._frozen: tuple[int, int, int] | None = None
        self._end_us = 0
        self.newest = 0
        """Highest height that anybody had shortly before the end."""

    def begin(self, calm_us: int, end_us: int) -> None:
        """Beat until the end; both are the scheduler's times."""
        self._end_us = end_us
        self._scheduler.at(calm_us, self.calm)
        self._scheduler.at(end_us - NEWEST_US, self._note_newest)
        self._scheduler.after(BEAT_US, self._beat)

    def calm(self) -> None:
        """The faults have stopped."""
        self._is_calm = True

    def _note_newest(self) -> None:
        """For L3."""
        self.newest = self._progress()[0]

    def _beat(self) -> None:
        """Look at everything."""
        for node, machine in self._machines():
            self._violations.extend(check_tables(node, machine))
        if self._is_calm:
            self._look_for_a_lasso()
        if self._scheduler.now_us < self._end_us:
            self._scheduler.after(BEAT_US, self._beat)

    def _look_for_a_lasso(self) -> None:
        """L4: rounds pass and messages flow, and nothing else changes: the state repeats, whatever the clock says."""
        height, round_, sent = self._progress()
        if self._frozen is None or height > self._frozen[0]:
            self._frozen = (height, round_, sent)
        elif round_ - self._frozen[1] > 2 * self._max_rounds and sent > self._frozen[2]:
            text = f"height {height} since round {self._frozen[1]}, now round {round_}, and messages flow"
            self._violations.append(Violation("L4_lasso", -1, text))
            self._frozen = (height, round_, sent)

    def check_caught_up(self, announced: dict[int, int], nodes: Iterable[int]) -> list[Violation]:
        """L3: whoever missed something has it by the end."""
        return [
            Violation("L3_catch_up", node, f"at height {announced.get(node, 0)}, {self.newest} was there 2 s ago")
            for node in nodes
            if announced.get(node, 0) < self.newest
        ]
