"""Small-scope mutation: a few messages of one validator are changed a little, and some links are cut for a round.

The method of "ByzzFuzz" (Winter et al., OOPSLA 2023): faults by round, corruptions that stay close to a real message (a
round more or less, an old value, another block). One process is corrupted; the network's faults hit anybody.
"""

from node.lab.generate.digits import Digits, digits_of
from node.lab.generate.ground import (
    GST_MS,
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
)
from node.sim.scenario_file import from_document

CHANGES: dict[str, tuple[Json, ...]] = {
    "proposal": (
        {"round": 1}, {"round": -1}, {"height": 1}, {"height": -1}, {"epoch": 1}, {"author": 1}, {"time_ms": 1},
        {"time_ms": -1}, {"time_ms": 5_000}, {"qc": "older"}, {"qc": "lowest"}, {"qc": "tc"}, {"qc": "highest"},
        {"tc": "none"}, {"tc": "lowest"}, {"tc": "highest"}, {"payload": "garbage"}, {"payload": "twice"},
        {"claim_round": 3}, {"signers": "duplicate"}, {"signers": "fewer"}, {"signature": "flip"},
        {"signature": "other_chain"}, {"signature": "other_type"}, {"bytes": "truncated"}, {"bytes": "trailing"},
    ),
    "vote": (
        {"round": 1}, {"round": -1}, {"epoch": 1}, {"author": 1}, {"root": "flip"}, {"block": "other"},
        {"commit": "none"}, {"block": "other", "commit": "none"}, {"signature": "flip"}, {"signature": "other_type"},
        {"bytes": "truncated"}, {"bytes": "nonminimal"},
    ),
    "timeout": (
        {"round": 1}, {"round": -1}, {"epoch": 1}, {"author": 1}, {"qc": "older"}, {"qc": "lowest"},
        {"qc": "genesis"}, {"claim_round": 2}, {"signers": "fewer"}, {"signature": "flip"}, {"bytes": "garbage"},
    ),
    "sync_info": ({"qc": "older"}, {"qc": "lowest"}, {"claim_round": 2}, {"bytes": "garbage"}),
}  # fmt: skip
"""Kind of message -> small changes of it."""
DOES = ("lie", "lie", "send")
TO = (None, None, "half", "rest")
LINKS = tuple((one, other) for one in range(VALIDATORS) for other in range(VALIDATORS) if one != other)


def mutation(index: int) -> Case:
    """The scenario of a number."""
    digits = digits_of(index, "mutation")
    node = digits.below(VALIDATORS)
    honest = [number for number in range(VALIDATORS) if number != node]
    rounds = scope(digits)
    steps = [_step(digits, rounds) for _ in range(1 + digits.below(4))]
    leaders = [digits.pick((node, *honest)) for _ in rounds]
    rules = [rule for _ in range(digits.below(4)) for rule in _cut(digits, rounds)]
    faults = [crash(digits, honest)] if digits.one_in(4) else []
    last = last_round(rounds, [*(rule["to_round"] for rule in rules), *(step["rounds"][0] for step in steps)], faults)
    parts = {"byzantine": [{"node": node, "strategy": "composed", "steps": steps}], "rules": rules, "faults": faults}
    return Case(from_document(document("mutation", leaders, last, **parts)), index % SEEDS)


def _step(digits: Digits, rounds: tuple[int, ...]) -> Json:
    """In one round, messages of one kind are changed, or followed by a changed one, for all or for some."""
    kind, round_ = digits.pick(tuple(CHANGES)), digits.pick(rounds)
    step: Json = {
        "on": kind, "do": digits.pick(DOES), "rounds": [round_], "change": digits.pick(CHANGES[kind]),
    }  # fmt: skip
    to = digits.pick(TO)
    return step if to is None else {**step, "to": to}


def _cut(digits: Digits, rounds: tuple[int, ...]) -> list[Json]:
    """Some links are dead for a round."""
    round_, for_ms = digits.pick(rounds), digits.pick((SHORT_MS, LONG_MS))
    return [
        {
            "do": "drop", "src": [one], "dst": [other], "from_round": round_, "to_round": round_, "for_ms": for_ms,
            "to_ms": GST_MS, "name": "one_way.message",
        }
        for one, other in (digits.pick(LINKS) for _ in range(1 + digits.below(4)))
    ]  # fmt: skip
