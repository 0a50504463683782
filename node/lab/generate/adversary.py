"""An active adversary: one validator that lies by a few habits, on links that it half controls.

Twins misses what no honest machine does: hidden certificates, old ones in time-outs, a timeout certificate of the
lowest time-outs. Each habit here is in the words of a scenario file (as in node.sim.strategies); two to four are
combined, each for some rounds or for good. Proposals, votes and time-outs are cut apart independently, so that of a
round's certificate often one validator alone knows; who leads the round after trouble is often the liar.
"""

from node.lab.generate.digits import Digits, digits_of
from node.lab.generate.ground import (
    GST_MS,
    LONG_MS,
    ROUNDS,
    SEEDS,
    SHORT_MS,
    VALIDATORS,
    Case,
    Json,
    crash,
    document,
    last_round,
    split,
    splits,
)
from node.sim.scenario_file import from_document

HABITS: tuple[Json, ...] = (
    {"on": "timeout", "do": "lie", "change": {"qc": "lowest"}},
    {"on": "timeout", "do": "lie", "change": {"qc": "older"}},
    {"on": "timeout", "do": "lie", "to": "half", "change": {"qc": "older"}},
    {"on": "timeout", "do": "hide", "to": "half"},
    {"on": "heard.timeout", "do": "send", "change": {"as": "tc"}},
    {"on": "proposal", "do": "lie", "change": {"tc": "lowest", "qc": "tc"}},
    {"on": "proposal", "do": "lie", "to": "half", "change": {"tc": "lowest", "qc": "tc"}},
    {"on": "proposal", "do": "lie", "change": {"qc": "tc"}},
    {"on": "proposal", "do": "lie", "change": {"qc": "older"}},
    {"on": "proposal", "do": "lie", "change": {"qc": "lowest"}},
    {"on": "proposal", "do": "lie", "change": {"tc": "highest", "qc": "older"}},
    {"on": "proposal", "do": "lie", "change": {"tc": "lowest", "qc": "lowest"}},
    {"on": "proposal", "do": "send", "change": {"qc": "older", "time_ms": 3}},
    {"on": "proposal", "do": "lie", "to": "half", "change": {"time_ms": 1}},
    {"on": "proposal", "do": "lie", "to": "rest", "change": {"time_ms": 2}},
    {"on": "proposal", "do": "hold", "after_rounds": 1},
    {"on": "proposal", "do": "hold", "ms": 1_100},
    {"on": "proposal", "do": "hide", "to": "half"},
    {"on": "heard.vote", "do": "send", "change": {"as": "vote"}},
    {"on": "vote", "do": "send", "change": {"block": "other", "commit": "none"}},
    {"on": "vote", "do": "hide"},
    {"on": "vote", "do": "hide", "to": "rest"},
    {"on": "vote", "do": "lie", "change": {"root": "flip"}},
    {"on": "sync_info", "do": "hide"},
    {"on": "sync_info", "do": "hold", "after_rounds": 2},
    {"on": "sync_info", "do": "lie", "change": {"qc": "older"}},
    {"on": "heard.proposal", "do": "hide"},
)
"""What an adversary may do again and again."""
SPLITS = splits(VALIDATORS, 2)
KINDS = (["proposal"], ["vote"], ["timeout", "sync_info"])


def adversary(index: int) -> Case:
    """The scenario of a number."""
    digits = digits_of(index, "adversary")
    liar = digits.below(VALIDATORS)
    honest = [number for number in range(VALIDATORS) if number != liar]
    steps = [_habit(digits) for _ in range(2 + digits.below(3))]
    leaders = [digits.pick((liar, *honest))]
    rules: list[Json] = []
    for round_ in ROUNDS:
        is_troubled = digits.one_in(3)
        if is_troubled:
            rules += _trouble(digits, round_)
        leaders.append(digits.pick((liar, liar, *honest) if is_troubled else (liar, *honest)))
    faults = [crash(digits, honest)] if digits.one_in(4) else []
    last = last_round(ROUNDS, (part["to_round"] for part in (*rules, *steps) if "to_round" in part), faults)
    parts = {"byzantine": [{"node": liar, "strategy": "composed", "steps": steps}], "rules": rules, "faults": faults}
    return Case(from_document(document("adversary", leaders, last, **parts)), index % SEEDS)


def _habit(digits: Digits) -> Json:
    """One habit, for good or from a round on for some rounds."""
    habit = digits.pick(HABITS)
    first, length = digits.pick(ROUNDS), digits.pick((0, 0, 1, 3))
    return {**habit, "from_round": first, "to_round": first + length - 1} if length else habit


def _trouble(digits: Digits, round_: int) -> list[Json]:
    """One validator alone hears the votes of a round; or each kind of message has a partition of its own, or none."""
    for_ms = digits.pick((SHORT_MS, LONG_MS))
    if digits.one_in(3):
        only = digits.below(VALIDATORS)
        others = [process for process in range(VALIDATORS) if process != only]
        return [{
            "do": "drop", "types": ["vote"], "dst": others, "from_round": round_, "to_round": round_, "for_ms": for_ms,
            "to_ms": GST_MS, "name": "one_way.message",
        }]  # fmt: skip
    rules = []
    for types in KINDS:
        if digits.one_in(2):
            rules += split(digits.pick(SPLITS), round_, for_ms, types)
    return rules
