"""Siblings: a scenario with one or two small things changed, made of those that reached something new."""

from collections.abc import Callable
from dataclasses import replace

from node.lab.generate.digits import Digits, digits_of
from node.lab.generate.ground import LONG_MS, ROUNDS, SHORT_MS, Case, split, splits
from node.sim.directives import Act, Rule
from node.sim.scenario import Scenario
from node.sim.scenario_file import from_document

KINDS = (None, ("proposal",), ("vote",), ("timeout", "sync_info"), ("sync",))


def sibling(case: Case, number: int) -> Case:
    """Another scenario close to this one, the same for the same number."""
    digits = digits_of(number, "siblings")
    scenario = case.scenario
    for _ in range(1 + digits.below(2)):
        scenario = digits.pick(CHANGES)(scenario, digits)
    return Case(scenario, case.seed + digits.below(4))


def _leader(scenario: Scenario, digits: Digits) -> Scenario:
    """Another leader in one of the first rounds."""
    if isinstance(scenario.leaders, str):
        return scenario
    leaders = list(scenario.leaders)
    leaders[digits.below(min(len(ROUNDS), len(leaders)))] = digits.below(scenario.validators)
    return replace(scenario, leaders=tuple(leaders))


def _rule(scenario: Scenario, digits: Digits) -> Scenario:
    """One rule is gone, a round earlier or later, of other kinds, or shorter or longer."""
    if not scenario.rules:
        return _partition(scenario, digits)
    place, change = digits.below(len(scenario.rules)), digits.below(4)
    rule = scenario.rules[place]
    rules = scenario.rules[:place] + _changed(rule, change, digits) + scenario.rules[place + 1 :]
    return replace(scenario, rules=rules)


def _changed(rule: Rule, change: int, digits: Digits) -> tuple[Rule, ...]:
    """What stands in the place of a rule."""
    by = digits.pick((-1, 1))
    if change == 0:
        return ()
    if change == 1 and rule.from_round is not None and rule.to_round is not None:
        return (rule._replace(from_round=max(rule.from_round + by, 1), to_round=max(rule.to_round + by, 1)),)
    if change == 2:
        return (rule._replace(types=digits.pick(KINDS)),)
    return (rule._replace(for_us=digits.pick((SHORT_MS, LONG_MS)) * 1_000) if rule.for_us is not None else rule,)


def _partition(scenario: Scenario, digits: Digits) -> Scenario:
    """One more partition of a round."""
    groups = digits.pick(splits(scenario.validators + len(scenario.twins), 2))
    rules = split(groups, digits.pick(ROUNDS), digits.pick((SHORT_MS, LONG_MS)))
    return replace(
        scenario, rules=scenario.rules + from_document({"rules": rules, "twins": [list(scenario.twins)]}).rules
    )


def _act(scenario: Scenario, digits: Digits) -> Scenario:
    """A crash comes one visit earlier or later, or never."""
    if not scenario.acts:
        return _leader(scenario, digits)
    place, by = digits.below(len(scenario.acts)), digits.pick((-1, 1, 0))
    act: Act = scenario.acts[place]
    changed = (act._replace(nth=max(act.nth + by, 1)),) if by else ()
    return replace(scenario, acts=scenario.acts[:place] + changed + scenario.acts[place + 1 :])


def _step(scenario: Scenario, digits: Digits) -> Scenario:
    """A liar has one habit less, or has it from one round earlier or later on."""
    if not scenario.liars:
        return _rule(scenario, digits)
    liar, by = scenario.liars[0], digits.pick((-1, 1, 0))
    place = digits.below(len(liar.steps))
    step = liar.steps[place]
    changed = (step._replace(from_round=max((step.from_round or 1) + by, 1)),) if by or len(liar.steps) == 1 else ()
    steps = liar.steps[:place] + changed + liar.steps[place + 1 :]
    return replace(scenario, liars=(liar._replace(steps=steps), *scenario.liars[1:]))


CHANGES: tuple[Callable[[Scenario, Digits], Scenario], ...] = (_leader, _rule, _rule, _partition, _act, _step)
