"""A Scenario as the document of a scenario file: reading it again gives the same run."""

from decimal import Decimal
from typing import Any

from node.sim.directives import PPM, Act, Liar, Rule, Step
from node.sim.document import Node
from node.sim.scenario import TO_REPUTATION, Scenario
from node.sim.scenario_file import CHANCES_MS, CHANCES_SHARE, LIAR_KEYS, VERSION, read_liar
from node.sim.strategies import COMPOSED, STRATEGIES

Json = dict[str, Any]


def to_document(scenario: Scenario) -> Json:
    """What json.dumps takes; every value is said."""
    link = {
        "delay_ms": ms(scenario.delay_us), "jitter_ms": ms(scenario.jitter_us), "loss": part(scenario.loss_ppm),
        "duplicate": part(scenario.duplicate_ppm), "reorder": part(scenario.reorder_ppm),
    }  # fmt: skip
    clients = {
        "accounts": scenario.payers, "payments_per_s": scenario.payments_per_s, "hot_share": part(scenario.hot_ppm),
        "invalid_share": part(scenario.invalid_ppm),
    }  # fmt: skip
    chances: Json = {"from_ms": ms(scenario.faults_from_us), "liar": scenario.liar}
    chances |= {f"{name}_ms": ms(getattr(scenario, f"{name}_us")) for name in CHANCES_MS}
    chances |= {key: part(getattr(scenario, field)) for key, field in CHANCES_SHARE.items()}
    leaders = scenario.leaders
    clones = sum(1 for act in scenario.acts if act.do == "clone")
    twins = scenario.twins[: len(scenario.twins) - clones]
    return {
        "version": VERSION, "validators": scenario.validators, "spares": scenario.spares,
        "duration_ms": ms(scenario.duration_us), "gst_ms": ms(scenario.calm_us),
        "gst_round": scenario.gst_round, "stop_at_round": scenario.stop_at_round,
        "liveness_rounds": scenario.max_rounds_to_recover,
        "leaders": leaders if isinstance(leaders, str) else list(leaders),
        "signatures": scenario.signatures, "link": link, "disk": {"delay_ms": ms(scenario.disk_delay_us)},
        "sync": {"snapshot_behind": scenario.snapshot_behind, "chunk_leaves": scenario.chunk_leaves},
        "clients": clients, "chances": chances, "rules": [_rule(rule) for rule in scenario.rules],
        "faults": [_act(act) for act in scenario.acts], "twins": [[node] for node in twins],
        "byzantine": [_liar(liar, scenario.validators + scenario.spares) for liar in scenario.liars],
        "epochs": [_change(change.at_us, change.kind, change.node) for change in scenario.changes],
        "mutant": scenario.mutant,
    }  # fmt: skip


def ms(us: int) -> int | float:
    """Microseconds as milliseconds: three decimals are exact as a float's text."""
    return us // 1_000 if us % 1_000 == 0 else float(Decimal(us) / 1_000)


def part(ppm: int) -> float:
    """Parts per million as a share."""
    return float(Decimal(ppm) / PPM)


def _change(at_us: int, kind: str, node: int) -> Json:
    """One change by governance."""
    return {"at_ms": ms(at_us), kind: True if kind in ("consensus", TO_REPUTATION) else [node]}


def _rule(rule: Rule) -> Json:
    """Without what is not said."""
    return _said({
        "do": rule.do, "from_ms": ms(rule.from_us) or None, "to_ms": _ms(rule.to_us), "from_round": rule.from_round,
        "to_round": rule.to_round, "src": _list(rule.src), "dst": _list(rule.dst), "types": _list(rule.types),
        "ms": ms(rule.us) or None, "release_at_ms": _ms(rule.release_at_us),
        "release_at_round": rule.release_at_round, "chance": None if rule.ppm == PPM else part(rule.ppm),
        "name": rule.name or None, "for_ms": _ms(rule.for_us),
    })  # fmt: skip


def _act(act: Act) -> Json:
    """Without what is not said."""
    plain = Act(act.do)
    return _said({
        "do": act.do, "node": act.node if act.node >= 0 else None, "at_ms": _ms(act.at_us), "at_round": act.at_round,
        "at_point": act.at_point, "nth": act.nth if act.nth != 1 else None,
        "disk": act.disk if act.disk != plain.disk else None, "for_ms": _ms(act.for_us), "ms": ms(act.us) or None,
        "of_ms": ms(act.of_us), "groups": [list(group) for group in act.groups] or None,
        "src": None if act.do == "clone" else _list(act.src), "dst": _list(act.dst), "types": _list(act.types),
        "chance": None if act.ppm == PPM else part(act.ppm), "part": act.part if act.part != plain.part else None,
        "count": act.times if act.times != 1 else None,
    })  # fmt: skip


def _liar(liar: Liar, validators: int) -> Json:
    """By its name where that says it all, by its steps otherwise."""
    first = liar.steps[0]
    named = _said({
        "node": liar.node, "strategy": liar.strategy, "rounds": _list(first.rounds), "from_round": first.from_round,
        "to_round": first.to_round,
    })  # fmt: skip
    if liar.strategy in STRATEGIES and read_liar(Node(named, "", LIAR_KEYS), validators) == liar:
        return named
    return {"node": liar.node, "strategy": COMPOSED, "steps": [_step(step) for step in liar.steps]}


def _step(step: Step) -> Json:
    """Without what is not said."""
    return _said({
        "on": step.on, "do": step.do, "to": _list(step.to), "from_round": step.from_round, "to_round": step.to_round,
        "rounds": _list(step.rounds), "change": dict(step.change) or None, "ms": ms(step.us) or None,
        "after_rounds": step.after_rounds or None, "release_at_round": step.release_at_round,
        "release_at_ms": _ms(step.release_at_us), "count": step.times if step.times != 1 else None,
    })  # fmt: skip


def _said(items: Json) -> Json:
    """Without the Nones."""
    return {key: value for key, value in items.items() if value is not None}


def _ms(us: int | None) -> int | float | None:
    """A time that may be missing."""
    return None if us is None else ms(us)


def _list(items: tuple[Any, ...] | None) -> list[Any] | None:
    """A tuple that may be missing."""
    return None if items is None else list(items)
