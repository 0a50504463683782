"""What is simulated, and the one function that does it: a block of paths from a plan, wherever it runs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from economy.errors import ParameterError
from economy.stress.crowd import Crowd, check_run
from economy.stress.draws import SEED_LIMIT, Draws
from economy.stress.factors import Factors, Market, check_model
from economy.stress.kernel import Year
from economy.stress.ladder import WEEK
from economy.stress.outcome import Outcome, Recorder, outcome_of
from economy.stress.parameters import FACTORS, Parameters

MAX_PATHS = 100_000_000
MAX_DAYS = 2520


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
