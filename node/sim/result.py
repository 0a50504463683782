"""What a run came to, and the list in which its violations are kept."""

from collections.abc import Iterable
from typing import NamedTuple

from node.sim.accountability import Guilt
from node.sim.checkers import Violation
from node.sim.parties import START_US
from node.sim.scheduler import Scheduler


class Result(NamedTuple):
    """What a run came to."""

    seed: int
    signatures: str
    """Which port judged signatures."""
    commits: tuple[int, ...]
    """Highest announced height by validator."""
    rounds: tuple[int, ...]
    virtual_us: int
    events: int
    faults: dict[str, int]
    submissions: dict[str, int]
    replies: dict[str, int]
    alarms: dict[str, int]
    payments_committed: int
    recovery_rounds: tuple[int, ...]
    """Rounds that each validator took to a new block after the faults had stopped."""
    violations: tuple[Violation, ...]
    trace_hash: str
    states: frozenset[int] = frozenset()
    """The abstract states of the protocol that it reached (node/sim/coverage.py)."""
    guilt: Guilt = Guilt()
    """Who lied, and what is proved of it."""


class Record(list[Violation]):
    """Violations, stamped with the time at which they were noticed."""

    def __init__(self, scheduler: Scheduler) -> None:
        """None yet."""
        super().__init__()
        self._scheduler = scheduler

    def append(self, item: Violation) -> None:
        """One more."""
        super().append(item._replace(at_us=self._scheduler.now_us - START_US))

    def extend(self, items: Iterable[Violation]) -> None:
        """Several more."""
        for item in items:
            self.append(item)

    def __iadd__(self, items: Iterable[Violation]) -> "Record":  # type: ignore[override,misc] # narrower on purpose
        """As `extend`."""
        self.extend(items)
        return self
