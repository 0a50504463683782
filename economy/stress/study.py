"""From the words of a command to plans: a regime, changes of single parameters, and the table of sensitivities."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from economy.errors import ParameterError
from economy.market.history import History
from economy.reserve.presets import Preset
from economy.stress.market import market_of, parameters_of
from economy.stress.parameters import BOUNDS, Parameters, change
from economy.stress.plan import Plan

SENSITIVE_PATHS = 4_096
"""Paths behind each line of the table of sensitivities, the first of the study itself: the same chance."""
FACTOR = 2.0
SENSITIVE = (
    "capital", "cash", "size_bn", "flow_vol", "rate_vol", "volatility", "run_speed", "whales", "haircut", "stay_trigger"
)  # fmt: skip
"""What is halved and doubled, one at a time; then what only one market model has."""
OF_MODEL = {
    "jump": ("jump_rate", "jump_flow"),
    "regime": ("stress_rate", "stress_factor", "stress_outflow"),
    "dark": ("dark_rate", "dark_share", "dark_loss"),
}
OF_RUN = {
    "threshold": ("price_slope",),
    "diamond-dybvig": ("sunspot", "sale_move_bp"),
    "global-game": ("exit_cost", "sale_move_bp"),
}


class Variant(NamedTuple):
    """A plan that differs from the study's in one parameter."""

    parameter: str
    value: float
    plan: Plan


class Draft(NamedTuple):
    """What a command says of a study, before it is checked."""

    model: str
    run: str
    paths: int
    days: int
    seed: int


def plan_of(preset: Preset, history: History, draft: Draft, settings: Sequence[str] = ()) -> Plan:
    """The plan of a study; `settings` are texts NAME=VALUE, later ones win.

    Raises ParameterError `bad_parameter`, `unknown_model`, `unknown_run` and `currency_not_modelled`.
    """
    parameters = parameters_of(preset)
    for setting in settings:
        parameters = set_by_text(parameters, setting)
    return Plan(parameters, market_of(preset, history), draft.model, draft.run, draft.paths, draft.days, draft.seed)


def set_by_text(parameters: Parameters, setting: str) -> Parameters:
    """The same with NAME=VALUE; ParameterError `bad_parameter`."""
    name, mark, text = setting.partition("=")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not mark or math.isnan(value):
        raise ParameterError(f"{setting[:60]!r} is not NAME=NUMBER, such as capital=0.02", setting=setting[:60])
    return change(parameters, name.strip().replace("-", "_"), value)


def variants(plan: Plan) -> list[Variant]:
    """The study with one parameter halved or doubled, as far as its bounds allow; same seed, fewer paths."""
    names = dict.fromkeys((*SENSITIVE, *OF_MODEL.get(plan.model, ()), *OF_RUN[plan.run]))
    few = min(plan.paths, SENSITIVE_PATHS)
    found = []
    for name in names:
        value = float(getattr(plan.parameters, name))
        low, high = BOUNDS[name]
        for other in (value / FACTOR, value * FACTOR):
            other = min(max(other, low), high)
            if other != value:
                changed = replace(plan, parameters=change(plan.parameters, name, other), paths=few)
                found.append(Variant(name, other, changed))
    return found
