"""The smallest capital with which a shortfall is rarer than a target: by bisection, always with the same chance.

The capital that holders see changes what they do, so every candidate is simulated anew; with the same random numbers
the answer is a step function of the capital, and bisection finds its edge to one basis point of the coins.
The standard error of the answer is half of the distance between the order statistics of the loss one standard error
of the target above and below it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from economy.errors import ParameterError
from economy.stress.document import check_books, probability
from economy.stress.outcome import Outcome
from economy.stress.parameters import change
from economy.stress.plan import Plan
from economy.stress.runner import Finished

STEP = 0.0001
"""A basis point of the coins."""
MOST = 5_000
"""Half of the coins, in steps."""
FIRST_GUESS = 64
LEAST_HITS = 10
"""Expected paths with a shortfall at the target: with fewer, chance decides."""

Simulation = Callable[[Plan], Finished]
Json = dict[str, Any]


class Trial(NamedTuple):
    """A candidate: capital in steps, how often it was not enough, and of how many paths."""

    steps: int
    hits: int
    paths: int


@dataclass(frozen=True, slots=True)
class Buffer:
    """The answer; `steps` is None when it was interrupted (`is_partial`) or when not even `MOST` is enough.

    `below` and `above` are the best known bounds: the largest capital that is too small, the smallest that suffices.
    """

    target: float
    steps: int | None
    standard_error: float | None
    trials: tuple[Trial, ...]
    is_partial: bool

    @property
    def below(self) -> int | None:
        """The largest capital tried that is not enough."""
        return max((trial.steps for trial in self.trials if not is_enough(trial, self.target)), default=None)

    @property
    def above(self) -> int | None:
        """The smallest capital tried that is enough."""
        return min((trial.steps for trial in self.trials if is_enough(trial, self.target)), default=None)


def is_enough(trial: Trial, target: float) -> bool:
    """Whether shortfalls are rarer than the target, strictly."""
    return trial.hits < target * trial.paths


def smallest_buffer(plan: Plan, target: float, run: Simulation) -> Buffer:
    """Search; `run` simulates a plan. ParameterError `bad_parameter` for a target that so few paths cannot show."""
    if not 0 < target < 1:
        raise ParameterError(f"the target is a probability between 0 and 1, not {target:g}", parameter="target")
    if plan.paths * target < LEAST_HITS:
        needed = math.ceil(LEAST_HITS / target)
        raise ParameterError(
            f"{plan.paths} paths cannot show a probability of {target:g}: use --paths {needed} or more",
            parameter="paths", needed=needed,
        )  # fmt: skip
    trials: list[Trial] = []
    outcomes: dict[int, Outcome] = {}

    def enough(steps: int) -> bool | None:
        capital = change(plan.parameters, "capital", steps * STEP)
        finished = run(replace(plan, parameters=capital))
        if finished.is_partial or finished.outcome is None:
            return None
        check_books(finished.outcome)
        outcomes[steps] = finished.outcome
        trials.append(Trial(steps, int((finished.outcome.shortfall > 0).sum()), finished.outcome.paths))
        return is_enough(trials[-1], target)

    low, high = -1, FIRST_GUESS
    answer = enough(high)
    while answer is False and high < MOST:
        low, high = high, min(4 * high, MOST)
        answer = enough(high)
    while answer and high - low > 1:
        middle = (low + high) // 2
        found = enough(middle)
        if found is None:
            answer = None
        else:
            low, high = (low, middle) if found else (middle, high)
    if not answer:
        return Buffer(target, None, None, tuple(trials), is_partial=answer is None)
    return Buffer(target, high, error_of(outcomes[high], target), tuple(trials), is_partial=False)


def error_of(outcome: Outcome, target: float) -> float:
    """Standard error of the loss that is exceeded with probability `target`, by order statistics."""
    spread = math.sqrt(target * (1 - target) / outcome.paths)
    low, high = np.quantile(outcome.loss, [max(0.0, 1 - target - spread), min(1.0, 1 - target + spread)])
    return float(high - low) / 2


def document_of_buffer(plan: Plan, preset: str, buffer: Buffer) -> Json:
    """The answer as one JSON object."""
    return {
        "preset": preset, "model": plan.model, "run": plan.run, "seed": plan.seed, "days": plan.days,
        "paths": plan.paths, "target": buffer.target, "partial": buffer.is_partial,
        "buffer": None if buffer.steps is None else buffer.steps / 10_000,
        "buffer_bp": buffer.steps, "standard_error": buffer.standard_error,
        "too_small_bp": buffer.below, "enough_bp": buffer.above,
        "trials": [
            {"capital_bp": trial.steps, **probability(trial.hits, trial.paths)} for trial in buffer.trials
        ],
        "data": plan.market.provenance,
    }  # fmt: skip
