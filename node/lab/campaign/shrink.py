"""Make a failing scenario small: leave things out while the same invariant still breaks, in a bounded number of runs.

Faults, rules, a liar's steps, doubled validators, changes by governance, what the seed draws, clients: first in halves,
then one by one. What is left is what the failure needs.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

from node.lab.generate.ground import Case
from node.sim.document import ScenarioError
from node.sim.scenario import Scenario
from node.sim.scenario_dump import to_document
from node.sim.scenario_file import from_document
from node.sim.world import World

MOST_RUNS = 200
"""For one failure."""
LISTS = ("acts", "rules", "liars", "changes", "twins")
"""Fields whose items may be left out."""
DRAWN = ("_ppm", "_every_us", "skew_us")
"""How the fields end that say what the seed draws."""
CLOSELY_US = 1_000_000
"""A run ends so long after what it breaks, if that still breaks it."""

Breaks = Callable[[Case], int | None]
"""When a run broke the invariant, in microseconds from its start; None if it did not."""


def breaks(rule: str) -> Breaks:
    """Asks a run for one invariant."""

    def ask(case: Case) -> int | None:
        found = [item.at_us for item in World(case.scenario, case.seed).run().violations if item.rule == rule]
        return min(found, default=None)

    return ask


def shrunk(case: Case, ask: Breaks, most_runs: int = MOST_RUNS) -> Case:
    """A smaller scenario that breaks the same invariant under the same seed; the case itself if nothing can go."""
    best = from_document(to_document(case.scenario))
    at_us, tried = ask(Case(best, case.seed)), {best}
    while at_us is not None:
        for candidate in _candidates(best, at_us):
            if candidate in tried or not _is_file(candidate):
                continue
            if len(tried) > most_runs:
                return Case(best, case.seed)
            tried.add(candidate)
            found_us = ask(Case(candidate, case.seed))
            if found_us is not None:
                best, at_us = candidate, found_us
                break
        else:
            break
    return Case(best, case.seed)


def _is_file(scenario: Scenario) -> bool:
    """Whether it can be written down and read again as it is."""
    try:
        return from_document(to_document(scenario)) == scenario
    except ScenarioError:
        return False


def _candidates(scenario: Scenario, at_us: int) -> Iterator[Scenario]:
    """Smaller scenarios, the smallest first; `at_us` is when this one broke."""
    for name in LISTS:
        if name == "twins" and scenario.twins:
            yield _without_twins(scenario)
        else:
            yield from (_with(scenario, name, items) for items in _fewer(getattr(scenario, name)))
    for place, liar in enumerate(scenario.liars):
        for steps in _fewer(liar.steps):
            liars = (*scenario.liars[:place], liar._replace(steps=steps), *scenario.liars[place + 1 :])
            if steps:
                yield replace(scenario, liars=liars)
    for name in [field.name for field in fields(scenario) if field.name.endswith(DRAWN)]:
        if name != "calm_ppm" and getattr(scenario, name):
            yield _with(scenario, name, 0)
    yield replace(scenario, payers=0, payments_per_s=0)
    yield replace(scenario, spares=0)
    yield replace(scenario, leaders="round_robin")
    if not isinstance(scenario.leaders, str):
        yield replace(scenario, leaders=scenario.leaders[: max(len(scenario.leaders) // 2, 1)])
    duration_us = max(at_us + CLOSELY_US, CLOSELY_US)
    if duration_us < scenario.duration_us:
        yield replace(scenario, duration_us=duration_us, gst_us=min(scenario.calm_us, duration_us))


def _with(scenario: Scenario, name: str, value: Any) -> Scenario:
    """With another value of a field."""
    return replace(scenario, **{name: value})


def _fewer(items: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Without all, without each half, without each quarter, ... without each one."""
    size = len(items)
    while size:
        for first in range(0, len(items), size):
            yield items[:first] + items[first + size :]
        size //= 2


def _without_twins(scenario: Scenario) -> Scenario:
    """Everybody once; rules for the others stay."""
    first = scenario.validators + scenario.spares
    rules = []
    for rule in scenario.rules:
        src, dst = _below(rule.src, first), _below(rule.dst, first)
        if src != () and dst != ():
            rules.append(rule._replace(src=src, dst=dst))
    acts = tuple(act for act in scenario.acts if act.node < first and act.do != "clone")
    return replace(scenario, twins=(), rules=tuple(rules), acts=acts)


def _below(processes: tuple[int, ...] | None, first: int) -> tuple[int, ...] | None:
    """Those that are left."""
    return None if processes is None else tuple(process for process in processes if process < first)
