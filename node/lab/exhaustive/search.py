"""Everything that can happen in a few rounds, asked of the real safety module: `mithqal lab exhaustive`.

Four validators, one of them faulty (or seven and two, ...). The faulty sign whatever helps; who leads a round proposes
whatever can be justified or not, and several blocks at once. What is searched is every set of statements that the
honest ones can be brought to make, up to a last round. docs/simulation.md, "Every interleaving of a few rounds", says
why the search may go round by round, what is taken for symmetric, and what is left out.
"""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from chain.consensus.safety import SafetyRules
from node.lab.exhaustive.calls import Calls

AGREEMENT, CERTIFICATES, DISCIPLINE = "agreement", "one certificate a round", "discipline"
CHECKS = (AGREEMENT, CERTIFICATES, DISCIPLINE)
VARIANTS = 2
"""Blocks of a round that differ in nothing but their payload: two, since a leader may propose two."""


class Mind(NamedTuple):
    """An honest validator between two rounds: its record, and what it has said as anybody else saw it."""

    record: int
    voted: int = 0
    gave_up: int = 0
    lock: int = 0
    """Highest round on whose certificate it has voted."""


class State(NamedTuple):
    """All that matters after a round."""

    minds: tuple[Mind, ...]
    """In order of their numbers: which validator is which does not matter."""
    certified: tuple[int, ...] = (0,)
    tcs: tuple[int, ...] = ()
    """Timeout certificates of all rounds, in each from the weakest on: the one with the lowest certificate in it."""


class Outcome(NamedTuple):
    """What one validator may do in one round, whatever the order."""

    mind: Mind
    votes: frozenset[int] = frozenset()
    shown: int = -1
    """The lowest certificate that it showed when it gave the round up; -1: it did not."""
    broken: str = ""
    """A rule of discipline that it broke."""


Layer = dict[State, tuple[State, tuple[Outcome, ...]] | None]


class Broken(NamedTuple):
    """A violation, and how to get there."""

    check: str
    round: int
    text: str
    path: tuple[str, ...]


@dataclass
class Search:
    """What a search came to."""

    calls: Calls
    rounds: int
    variants: int
    layers: list[Layer]
    """The states after each round, the first for round 0; each with one that it came from, and by what."""
    transitions: int = 0
    violation: Broken | None = None
    cpu_s: float = 0.0


def search(
    rounds: int,
    validators: int = 4,
    checks: Collection[str] = CHECKS,
    rules: type[SafetyRules] = SafetyRules,
    variants: int = VARIANTS,
    progress: Callable[[str], None] = lambda _: None,
) -> Search:
    """All that can be said in rounds 1 to `rounds`; ends at the first violation of `checks`."""
    began = time.process_time()
    calls = Calls(validators, rules)
    found = Search(calls, rounds, variants, [{State((Mind(0),) * calls.honest): None}])
    for round_ in range(1, rounds + 1):
        layer: Layer = {}
        found.layers.append(layer)
        walk = Walk(calls, round_, checks, variants)
        for number, state in enumerate(found.layers[-2]):
            if not number % 256:
                progress(f"round {round_}: {number} of {len(found.layers[-2])} states, {len(layer)} new")
            for after, outcomes, broken in walk.steps(state):
                found.transitions += 1
                if broken:
                    path = _path(calls, found.layers[:-1], state, outcomes)
                    found.violation = Broken(broken[0], round_, broken[1], path)
                    found.cpu_s = time.process_time() - began
                    return found
                layer.setdefault(after, (state, outcomes))
    found.cpu_s = time.process_time() - began
    return found


class Walk:
    """One round, from any state."""

    def __init__(self, calls: Calls, round_: int, checks: Collection[str], variants: int) -> None:
        """Nothing is known yet."""
        self._calls, self._round, self._checks, self._variants = calls, round_, checks, variants
        self._outcomes: dict[tuple[Mind, tuple[int, ...], tuple[int, ...]], tuple[Outcome, ...]] = {}
        self._certified: dict[tuple[frozenset[int], ...], tuple[int, ...] | None] = {}
        self._verdicts: dict[tuple[int, ...], tuple[str, str] | None] = {}

    def steps(self, state: State) -> Iterator[tuple[State, tuple[Outcome, ...], tuple[str, str] | None]]:
        """Every way through the round: the state after it, what each did, and what broke."""
        options = [self._options(mind, state) for mind in state.minds]
        for outcomes in _choices(state.minds, options):
            new = self._certify(tuple(sorted([outcome.votes for outcome in outcomes], key=sorted)))
            if new is None:
                continue
            shown = tuple(sorted([outcome.shown for outcome in outcomes if outcome.shown >= 0]))
            certified = state.certified + new
            tcs = state.tcs + self._calls.certify_time_outs(self._round, shown, state.certified)
            after = State(tuple(sorted([outcome.mind for outcome in outcomes])), certified, tcs)
            yield after, outcomes, self._judge(outcomes, certified, new)

    # --- one validator ---

    def _options(self, mind: Mind, state: State) -> tuple[Outcome, ...]:
        """All that one validator may say in this round: any votes and time-outs that its module gives, in any order."""
        key = (mind, state.certified, state.tcs)
        if key not in self._outcomes:
            blocks = self._offers(state)
            found: dict[Outcome, None] = {}
            waiting = [Outcome(mind)]
            while waiting:
                outcome = waiting.pop()
                if outcome in found:
                    continue
                found[outcome] = None
                waiting += self._votes(outcome, blocks)
                waiting += self._time_out(outcome, state)
            self._outcomes[key] = tuple([self._in_order(outcome) for outcome in found])
        return self._outcomes[key]

    def _in_order(self, outcome: Outcome) -> Outcome:
        """A module that would go back to an earlier round is broken: the search goes round by round."""
        if outcome.broken or DISCIPLINE not in self._checks:
            return outcome
        mind = outcome.mind
        return outcome._replace(broken=self._calls.goes_back(mind.record, max(mind.voted, mind.gave_up)))

    def _offers(self, state: State) -> list[list[int]]:
        """Every block that may be proposed; in each list the same one with ever more of a justification."""
        return [
            [
                self._calls.block(self._round, below, tc, variant)
                for tc in (-1, *(tc for tc in state.tcs if self._round_of(below) + 1 < self._round))
            ]
            for below in state.certified
            for variant in range(self._variants)
        ]

    def _votes(self, outcome: Outcome, blocks: list[list[int]]) -> Iterator[Outcome]:
        """One more vote. What a weak timeout certificate justifies is not offered with a stronger one too."""
        mind = outcome.mind
        for alike in blocks:
            for made in alike:
                answer = self._calls.vote(mind.record, made)
                if answer is None:
                    continue
                record, statement = answer
                parent = self._round_of(self._calls.blocks[made].below)
                is_new = statement not in outcome.votes
                broken = ""
                if is_new and self._round <= mind.voted:
                    broken = f"a second vote in round {mind.voted}"
                elif is_new and self._round <= mind.gave_up:
                    broken = f"a vote in round {self._round} after giving up {mind.gave_up}"
                after = Mind(record, max(mind.voted, self._round), mind.gave_up, max(mind.lock, parent))
                yield Outcome(after, outcome.votes | {statement}, outcome.shown, outcome.broken or broken)
                break

    def _time_out(self, outcome: Outcome, state: State) -> Iterator[Outcome]:
        """Give the round up, showing as little as the module allows."""
        mind = outcome.mind
        for high in state.certified:
            for tc in (-1, *state.tcs):
                record = self._calls.time_out(mind.record, self._round, high, tc)
                if record is None:
                    continue
                shown = high
                if outcome.shown >= 0 and self._round_of(outcome.shown) <= self._round_of(high):
                    shown = outcome.shown
                is_low = self._round_of(high) < mind.lock
                broken = f"gives up round {self._round} below its lock on {mind.lock}" if is_low else ""
                after = Mind(record, mind.voted, max(mind.gave_up, self._round), mind.lock)
                yield Outcome(after, outcome.votes, shown, outcome.broken or broken)
                return

    # --- all of them ---

    def _certify(self, votes: tuple[frozenset[int], ...]) -> tuple[int, ...] | None:
        """What is certified by these votes and the faulty ones'.

        None where the second of two like blocks has more votes than the first: the same with their names changed.
        """
        if votes not in self._certified:
            calls, counts = self._calls, dict[int, int]()
            for statement in [statement for said in votes for statement in sorted(said)]:
                counts[statement] = counts.get(statement, 0) + 1
            enough = calls.set.quorum - calls.faulty
            new = [calls.certify(statement) for statement, count in sorted(counts.items()) if count >= enough]
            self._certified[votes] = tuple(qc for qc in new if qc is not None) if self._is_first(counts) else None
        return self._certified[votes]

    def _is_first(self, counts: dict[int, int]) -> bool:
        """Whether of blocks that differ in their payload only the first has the most votes."""
        by_block = {self._calls.statements[statement][0].block_id: count for statement, count in counts.items()}
        alike: dict[object, list[int]] = {}
        for made in self._calls.blocks:
            if made.block.round == self._round:
                key = (made.below, made.block.header.tc_digest)
                alike.setdefault(key, []).append(by_block.get(made.block.id, 0))
        return all(counts == sorted(counts, reverse=True) for counts in alike.values())

    def _judge(
        self, outcomes: tuple[Outcome, ...], certified: tuple[int, ...], new: tuple[int, ...]
    ) -> tuple[str, str] | None:
        """The first check that fails, and why."""
        if DISCIPLINE in self._checks:
            for outcome in outcomes:
                if outcome.broken:
                    return DISCIPLINE, outcome.broken
        if CERTIFICATES in self._checks and len(new) > 1:
            return CERTIFICATES, f"{len(new)} blocks are certified in round {self._round}"
        if AGREEMENT in self._checks and new:
            if certified not in self._verdicts:
                self._verdicts[certified] = self._agreement(certified)
            return self._verdicts[certified]
        return None

    def _agreement(self, certified: tuple[int, ...]) -> tuple[str, str] | None:
        """All that is committed lies on one chain."""
        calls = self._calls
        tips = [calls.chain(number)[1] for number in certified if calls.certificates[number].qc.commit is not None]
        for one in tips:
            for other in tips:
                if one not in calls.chain(other) and other not in calls.chain(one):
                    rounds = sorted((self._round_of(one), self._round_of(other)))
                    return AGREEMENT, f"blocks of rounds {rounds[0]} and {rounds[1]} are committed on two branches"
        return None

    def _round_of(self, certificate: int) -> int:
        """Of the certified block."""
        return self._calls.certificates[certificate].qc.round


def _choices(minds: tuple[Mind, ...], options: list[tuple[Outcome, ...]]) -> Iterator[tuple[Outcome, ...]]:
    """One outcome for each; of those who are alike, each multiset once."""

    def rest(at: int, least: int) -> Iterator[tuple[Outcome, ...]]:
        if at == len(minds):
            yield ()
            return
        for number in range(least, len(options[at])):
            follows = number if at + 1 < len(minds) and minds[at + 1] == minds[at] else 0
            for others in rest(at + 1, follows):
                yield (options[at][number], *others)

    yield from rest(0, 0)


def _path(calls: Calls, layers: list[Layer], state: State, last: tuple[Outcome, ...]) -> tuple[str, ...]:
    """What was said in each round until something broke, in words."""
    steps = [last]
    for layer in reversed(layers):
        came = layer[state]
        if came is not None:
            state = came[0]
            steps.append(came[1])
    return tuple(
        f"round {round_}: " + "; ".join(_words(calls, outcome) for outcome in outcomes)
        for round_, outcomes in enumerate(reversed(steps), start=1)
    )


def _words(calls: Calls, outcome: Outcome) -> str:
    """What one validator said in a round."""
    said = []
    for statement in sorted(outcome.votes):
        data = calls.statements[statement][0]
        said.append(f"votes for {data.block_id.hex()[:6]} on round {data.parent_round}")
    if outcome.shown >= 0:
        said.append(f"gives up, showing round {calls.certificates[outcome.shown].qc.round}")
    return " and ".join(said) or "says nothing"


def document(found: Search) -> dict[str, Any]:
    """What `lab exhaustive --json` prints."""
    broken, states = found.violation, [len(layer) for layer in found.layers]
    return {
        "validators": len(found.calls.set),
        "faulty": found.calls.faulty,
        "rounds": found.rounds,
        "variants": found.variants,
        "states": sum(states),
        "states_by_round": states,
        "transitions": found.transitions,
        "depth": len(states) - 1,
        "module_calls": found.calls.asked,
        "certificates": len(found.calls.certificates),
        "violations": [] if broken is None else [broken._asdict()],
        "cpu_s": round(found.cpu_s, 3),
    }
