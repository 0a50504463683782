"""Blocks of paths over workers: this process, several processes, or a cluster; the result is the same to the bit."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass

from economy.errors import ParameterError
from economy.processes import start_pool, submit
from economy.stress.outcome import Collected, Outcome, blocks_of
from economy.stress.plan import Done, Plan, Task, Tasks, run_block

MAX_WORKERS = 256

Progress = Callable[[int, int], None]
"""Told how many paths are done, of how many."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What was simulated: all of it, or, when interrupted, the blocks that were finished (None for none)."""

    outcome: Outcome | None
    is_partial: bool


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
    pool = start_pool(workers)
    waiting: dict[Future[Outcome], Task] = {}
    left = iter(tasks)
    try:
        while True:
            for task in left:
                waiting[submit(pool, run_block, plans[task.plan], task.block, task.paths)] = task
                if len(waiting) >= 2 * workers:
                    break
            if not waiting:
                return
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                yield waiting.pop(future), future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
