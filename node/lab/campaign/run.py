"""Many scenarios, several processes, one summary; the same numbers whatever the number of processes.

Scenarios come in batches of fixed size. Those that reached an abstract state for the first time are looked at closer:
their siblings make up to half of a later batch. A batch is made of what is known of all batches but the last one, so
that nobody waits, and so that nothing depends on who is quick.
"""

import gc
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from chain.primitives import SECOND_US
from node.lab.campaign.tally import SEEDS, Key, Outcome, Tally
from node.lab.campaign.workers import Pending, Pool, workers
from node.lab.generate.ground import Case
from node.lab.generate.registry import ALL, GENERATORS, LARGE, case_of, checked, part_of
from node.lab.generate.seeds import seeds
from node.lab.generate.siblings import sibling
from node.sim.result import Result
from node.sim.scenario import Scenario, scenario_for_seed
from node.sim.world import World

BATCH = 256
"""Scenarios between two looks at what is new."""
CHUNK = 8
"""Small scenarios that a worker gets at once."""
SIBLINGS, DEPTH = 2, 3
"""Of a scenario that reached something new; and how far siblings of siblings go."""
PARENTS = 1_024
"""Scenarios that wait to get siblings; the oldest go."""
YOUNG = 0
"""The generation of the collector that holds what a run has made, and nothing that lives for long."""
AHEAD = 2
"""Batches that are under way at a time."""

Heard = Callable[[Outcome, Tally], None]
"""Told each outcome, in order, and what all came to so far."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: `count` scenarios from number `first` on, or as many as `seconds` of the clock allow, or both."""

    generator: str = SEEDS
    first: int = 0
    count: int | None = None
    seconds: float | None = None
    virtual_us: int = 20 * SECOND_US
    """Length of a run of `seeds`."""

    @property
    def is_guided(self) -> bool:
        """Whether what is new gets siblings: large scenarios are run as they are."""
        return self.generator == ALL or GENERATORS[self.generator].is_small


@dataclass(frozen=True, slots=True)
class Report:
    """What a campaign came to."""

    tally: Tally
    is_partial: bool
    """Whether it was interrupted."""
    wall_s: float
    next: int
    """The first number that was not given out."""

    def document(self) -> dict[str, object]:
        """What `lab campaign --json` prints."""
        return {
            **self.tally.document(), "is_partial": self.is_partial, "wall_s": round(self.wall_s, 1),
            "scenarios_per_s": round(self.tally.scenarios / max(self.wall_s, 0.001), 1),
            "events_per_s": round(self.tally.events / max(self.wall_s, 0.001)),
            "cpu_s": round(self.tally.cpu_s, 1),
            "events_per_cpu_s": round(self.tally.events / max(self.tally.cpu_s, 0.001)),
        }  # fmt: skip


def campaign(
    plan: Plan, *, processes: int = 1, dask: str | None = None, heard: Heard | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Report:  # fmt: skip
    """Run the plan; KeyboardInterrupt ends it with what is finished, if that is anything.

    MithqalError `bad_argument` for no generator and no address, `cluster_missing`, `cluster_unreachable`; and
    `file_unreadable` of `directed` without a checkout.
    """
    checked(plan.generator)
    tally, guide, began, is_partial = Tally(plan.generator), Guide(plan), clock(), False
    with workers(processes, dask) as pool:
        try:
            for outcome in _outcomes(plan, guide, pool):
                is_new = tally.add(outcome)
                guide.learn(outcome.key, is_new=is_new and outcome.is_committing)  # near one that stalls, most stall
                if heard is not None:
                    heard(outcome, tally)
                if plan.seconds is not None and clock() >= began + plan.seconds:
                    break
        except KeyboardInterrupt:
            if not tally.scenarios:
                raise
            is_partial = True
    return Report(tally, is_partial, clock() - began, guide.next)


def _outcomes(plan: Plan, guide: "Guide", pool: Pool) -> Iterator[Outcome]:
    """In the order of the keys; a batch is asked for as soon as all but the one before it are known."""
    waiting: deque[list[Pending[list[Outcome]]]] = deque()
    while True:
        while len(waiting) < AHEAD and (batch := guide.batch()):
            waiting.append(
                [pool.submit(play_all, plan.generator, keys, plan.virtual_us) for keys in chunks(plan, batch)]
            )
        if not waiting:
            return
        for pending in waiting.popleft():
            yield from pending.result()


def chunks(plan: Plan, batch: list[Key]) -> list[list[Key]]:
    """Shares of workers: a large scenario is one of its own."""
    found: list[list[Key]] = []
    for key in batch:
        is_large = part_of(plan.generator, key.number)[0] in LARGE
        if is_large or not found or len(found[-1]) >= CHUNK:
            found.append([])
        found[-1].append(key)
    return found


class Guide:
    """Which scenarios come next."""

    def __init__(self, plan: Plan) -> None:
        """Nothing is known yet."""
        self._plan = plan
        self._next, self._left = plan.first, plan.count
        self._parents: deque[Key] = deque(maxlen=PARENTS)

    @property
    def next(self) -> int:
        """The first number that is not given out yet."""
        return self._next

    def learn(self, key: Key, *, is_new: bool) -> None:
        """A scenario was run, and reached something new or not."""
        is_small = part_of(self._plan.generator, key.number)[0] not in LARGE
        if is_new and is_small and self._plan.is_guided and len(key.path) < DEPTH:
            self._parents.append(key)

    def batch(self) -> list[Key]:
        """The next scenarios; none when all are given out."""
        size = BATCH if self._left is None else min(BATCH, self._left)
        keys: list[Key] = []
        while self._parents and len(keys) + SIBLINGS <= size // 2:
            parent = self._parents.popleft()
            keys += [Key(parent.number, (*parent.path, way)) for way in range(SIBLINGS)]
        fresh = size - len(keys)
        keys += [Key(number) for number in range(self._next, self._next + fresh)]
        self._next += fresh
        if self._left is not None:
            self._left -= size
        return keys


# --- single runs ---


def case(generator: str, key: Key, virtual_us: int = 20 * SECOND_US) -> Case:
    """Scenario and seed of a key; `virtual_us` is the length of a run of `seeds`."""
    if generator == SEEDS:
        return seeds(key.number, virtual_us)
    found = case_of(generator, key.number)
    for way in key.path:
        found = sibling(found, key.number * SIBLINGS + way)
    return found


def play(generator: str, key: Key, virtual_us: int = 20 * SECOND_US) -> Outcome:
    """Run one. A world is one large cycle: the collector looks once, when it is over, instead of in its midst."""
    began_s, is_enabled = time.process_time(), gc.isenabled()
    gc.disable()
    try:
        outcome = _played(key, *case(generator, key, virtual_us))
        gc.collect(YOUNG)
    finally:
        if is_enabled:
            gc.enable()
    return outcome._replace(cpu_s=time.process_time() - began_s)


def _played(key: Key, scenario: Scenario, seed: int) -> Outcome:
    """What a scenario came to; its world is garbage afterwards."""
    world = World(scenario, seed)
    result = world.run()
    is_committing = result.payments_committed > 0 if scenario.payers else world.watch.calm_height > 0
    return Outcome(key, result, is_committing, result.states)


def play_all(generator: str, keys: list[Key], virtual_us: int) -> list[Outcome]:
    """A worker's share."""
    return [play(generator, key, virtual_us) for key in keys]


def run_seed(seed: int, duration_us: int = 20 * SECOND_US, signatures: str | None = None) -> Result:
    """One seed with the mix that it draws; `signatures` overrides the port."""
    scenario: Scenario = scenario_for_seed(seed, duration_us)
    if signatures is not None:
        scenario = replace(scenario, signatures=signatures)
    return World(scenario, seed).run()
