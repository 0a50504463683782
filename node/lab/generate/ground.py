"""What the small scenarios share: four validators, six or seven rounds of trouble, then peace until all have committed.

Nothing is set up before the trouble begins: the transactions that bring accounts and money onto the ledger are what the
first rounds are about. So a scenario costs milliseconds.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from node.lab.generate.digits import Digits
from node.sim.scenario import Scenario

Json = dict[str, Any]


class Case(NamedTuple):
    """What a generator makes of a number."""

    scenario: Scenario
    seed: int


VALIDATORS = 4
SEEDS = 256
"""Different seeds: keys, genesis and the delays of links and disks. What scenarios differ in is what they order."""
ROUNDS = tuple(range(1, 8))
"""Rounds in which a scenario may order something."""
SCOPES = (6, 7)
"""How many of them have trouble (of `adversary` all). With fewer, too many scenarios would come to peace before a block
is final."""
GST_MS = 20_000
END_MS = 60_000
"""Time for a new block after the faults, at the latest: scenarios end when it is there."""
PEACEFUL_ROUNDS = 64
"""Leaders take turns that long after the last listed one: a list repeats, and its bad rounds may not come again."""
SHORT_MS, LONG_MS = 1_300, 2_300
"""How long trouble of a round lasts once the round has begun: until the proposal of an idle leader (0.8 s) and its
votes are lost; or the first time-outs of an idle round (1.8 s) too. Without an end rounds would never be left, and
nothing would be tested."""
CRASH_POINTS = tuple(f"{what}.{stage}" for what in ("vote", "timeout", "proposal", "commit")
                     for stage in ("computed", "written", "synced", "sent"))  # fmt: skip
HONEST_DISKS = ("lose_unsynced", "keep", "torn")
"""What a disk may make of a crash without its validator becoming faulty."""


def scope(digits: Digits) -> tuple[int, ...]:
    """The rounds of trouble of a scenario."""
    return ROUNDS[: digits.pick(SCOPES)]


def last_round(rounds: tuple[int, ...], ordered: Iterable[int], faults: list[Json]) -> int:
    """The last round before the peace, where something is ordered for some of these rounds: what is said and done there
    meets the next one, and more trouble does not come. A point of somebody's work may come in any round; without one
    the peace may begin a round sooner, so that blocks become final amid the trouble."""
    return rounds[-1] if faults else min(max([rounds[-2], *(round_ + 1 for round_ in ordered)]), rounds[-1])


def document(name: str, leaders: list[int], last: int, **parts: Any) -> Json:
    """A small scenario with these leaders of the first rounds; after round `last` there is peace. `parts` are further
    keys of the file."""
    tail = [round_ % VALIDATORS for round_ in range(len(leaders), len(leaders) + PEACEFUL_ROUNDS)]
    return {
        "name": name, "validators": VALIDATORS, "duration_ms": END_MS, "gst_ms": GST_MS,
        "gst_round": last + 1, "stop_at_round": last,
        "leaders": [*leaders, *tail], "link": {"delay_ms": 10, "jitter_ms": 8},
        "clients": {"accounts": 0}, **parts,
    }  # fmt: skip


def split(groups: tuple[tuple[int, ...], ...], round_: int, for_ms: int, types: list[str] | None = None) -> list[Json]:
    """Rules of one round: only members of one group hear each other."""
    rules = []
    for group in groups:
        others = sorted(process for other in groups if other is not group for process in other)
        rule: Json = {
            "do": "drop", "src": list(group), "dst": others, "from_round": round_, "to_round": round_,
            "for_ms": for_ms, "to_ms": GST_MS, "name": "partition.message",
        }  # fmt: skip
        rules.append(rule if types is None else {**rule, "types": types})
    return rules


def splits(count: int, most: int) -> list[tuple[tuple[int, ...], ...]]:
    """All ways to put processes 0 .. count - 1 into 2 to `most` groups."""
    found: list[list[list[int]]] = [[]]
    for process in range(count):
        found = [
            [*[[*group] for group in groups[:place]], [*groups[place], process], *groups[place + 1 :]]
            if place < len(groups) else [*groups, [process]]
            for groups in found for place in range(min(len(groups) + 1, most))
        ]  # fmt: skip
    return [tuple(tuple(group) for group in groups) for groups in found if len(groups) > 1]


def crash(digits: Digits, nodes: list[int], disks: tuple[str, ...] = HONEST_DISKS) -> Json:
    """A crash of one of these at a point of its own work, back after a while."""
    return {
        "do": "crash.at", "node": digits.pick(nodes), "at_point": digits.pick(CRASH_POINTS),
        "nth": 1 + digits.below(6), "disk": digits.pick(disks), "for_ms": digits.pick((20, 300, 1_500)),
    }  # fmt: skip
