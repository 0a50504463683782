"""Blocks of paths over workers: this process, several processes, or a cluster; the result is the same to the bit."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from typing import NamedTuple

from economy.errors import ParameterError
from economy.stress.crowd import Crowd, check_run
from economy.stress.draws import SEED_LIMIT, Draws
from economy.stress.factors import Factors, Market, check_model
from economy.stress.kernel import Year
from economy.stress.ladder import WEEK
from economy.stress.outcome import Collected, Outcome, Recorder, blocks_of, outcome_of
from economy.stress.parameters import FACTORS, Parameters

MAX_PATHS = 100_000_000
MAX_DAYS = 2520
MAX_WORKERS = 256

Progress = Callable[[int, int], None]
"""Told how many paths are done, of how many."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is simulated: `paths` of `days` business days each."""

    parameters: Parameters
    market: Market
    model: str
    run: str
    paths: int
    days: int
    seed: int

    def __post_init__(self) -> None:
        """Raises ParameterError `bad_parameter`, `unknown_model` or `unknown_run`."""
        check_model(self.model)
        check_run(self.run)
        for name, value, low, high in (
            ("paths", self.paths, 1, MAX_PATHS),
            ("days", self.days, 1, MAX_DAYS),
            ("seed", self.seed, 0, SEED_LIMIT - 1),
        ):
            if not low <= value <= high:
                message = f"{name} is {value}, but must be from {low} to {high}"
                raise ParameterError(message, parameter=name, value=value)


@dataclass(frozen=True, slots=True)
class Finished:
    """What was simulated: all of it, or, when interrupted, the blocks that were finished (None for none)."""

    outcome: Outcome | None
    is_partial: bool


class Task(NamedTuple):
    """A block of one of several plans."""

    plan: int
    block: int
    paths: int


Tasks = list[Task]
Done = Iterator[tuple[Task, Outcome]]


def run_block(plan: Plan, block: int, count: int) -> Outcome:
    """One block: a pure function of its arguments."""
    draws = Draws(plan.seed, block, rows=FACTORS + 2, width=count)
    factors = Factors(plan.parameters, plan.market, plan.model, draws)
    year = Year(plan.parameters, factors, Crowd(plan.parameters, factors, plan.run))
    recorder = Recorder(plan.days)
    recorder.week(year)
    for _ in range(plan.days):
        year.step()
        if year.day % WEEK == 0:
            recorder.week(year)
    return outcome_of(year, recorder)


def simulate(
    plans: Sequence[Plan], *, workers: int = 1, dask: str | None = None, progress: Progress | None = None
) -> list[Finished]:
    """Run all blocks of all plans, the first plan first; KeyboardInterrupt ends it with what is finished.

    `dask` is the address of a scheduler (an extra). Raises ParameterError `bad_parameter`, `cluster_missing` when the
    package is not installed and `cluster_unreachable`.
    """
    if not 1 <= workers <= MAX_WORKERS:
        raise ParameterError(f"workers is {workers}, but must be from 1 to {MAX_WORKERS}", parameter="workers")
    tasks = [Task(place, block, count) for place, plan in enumerate(plans) for block, count in blocks_of(plan.paths)]
    if dask is not None:
        from economy.stress.cluster import on_cluster

        source: Done = on_cluster(plans, tasks, dask)
    elif workers == 1 or len(tasks) == 1:
        source = ((task, run_block(plans[task.plan], task.block, task.paths)) for task in tasks)
    else:
        source = _in_processes(plans, tasks, min(workers, len(tasks)))
    collected = [Collected() for _ in plans]
    done, total = 0, sum(plan.paths for plan in plans)
    try:
        for task, outcome in source:
            collected[task.plan].add(task.block, outcome)
            done += outcome.paths
            if progress is not None:
                progress(done, total)
    except KeyboardInterrupt:
        pass
    outcomes = [part.joined() for part in collected]
    return [Finished(outcome, outcome is None or outcome.paths < plan.paths) for outcome, plan in zip(outcomes, plans)]


def _in_processes(plans: Sequence[Plan], tasks: Tasks, workers: int) -> Done:
    """By processes of this machine, two tasks waiting for each, as they finish."""
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_leave_interrupts)
    waiting: dict[Future[Outcome], Task] = {}
    left = iter(tasks)
    try:
        while True:
            for task in left:
                waiting[pool.submit(run_block, plans[task.plan], task.block, task.paths)] = task
                if len(waiting) >= 2 * workers:
                    break
            if not waiting:
                return
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                yield waiting.pop(future), future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _leave_interrupts() -> None:
    """A worker does not hear ctrl-C: whoever asked for its work does, and ends it."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
