"""Twins: one validator runs twice with the same keys, and who leads and who hears whom is chosen round by round.

The method of "Twins: BFT Systems Made Robust" (arXiv 2004.10617): a doubled honest node does much of what a Byzantine
one can, equivocation and amnesia above all, and needs no code. Here a round's partition ends by itself, and in a part
of the scenarios an honest validator crashes at a point of its own work as well.
"""

from node.lab.generate.digits import digits_of
from node.lab.generate.ground import (
    LONG_MS,
    SEEDS,
    SHORT_MS,
    VALIDATORS,
    Case,
    Json,
    crash,
    document,
    last_round,
    scope,
    split,
    splits,
)
from node.sim.scenario_file import from_document

SPLITS = splits(VALIDATORS + 1, 3)


def twins(index: int) -> Case:
    """The scenario of a number."""
    digits = digits_of(index, "twins")
    twin = digits.below(VALIDATORS)
    honest = [number for number in range(VALIDATORS) if number != twin]
    rounds = scope(digits)
    leaders: list[int] = []
    rules: list[Json] = []
    for round_ in rounds:
        leaders.append(digits.pick((twin, *honest)))
        if digits.one_in(3):
            rules += split(digits.pick(SPLITS), round_, digits.pick((SHORT_MS, SHORT_MS, LONG_MS)))
    faults = [crash(digits, honest)] if digits.one_in(4) else []
    last = last_round(rounds, (rule["to_round"] for rule in rules), faults)
    parts = {"twins": [[twin]], "rules": rules, "faults": faults}
    return Case(from_document(document("twins", leaders, last, **parts)), index % SEEDS)
