"""What a campaign came to: counts over its scenarios, and whether it passes."""

import hashlib
from collections import Counter
from typing import NamedTuple

from chain.primitives import SECOND_US
from node.lab.generate.registry import claimed, part_of
from node.lab.generate.seeds import seeds
from node.sim.result import Result
from node.sim.scenario import CHANGES

KINDS_OF_FAULT = (
    "crash", "blackout", "restart", "pause", "resume", "partition", "heal", "loss", "duplicate", "reorder", "delay",
    "hold", "disk_slow", "false_down", "clock_skew", "clock_step",
    "disk_lost",
    *(f"governance_{kind}" for kind in CHANGES),
)  # fmt: skip
"""Every kind must fire in a campaign of seeds, and every kind of change by governance beside them."""
RARE_KINDS = ("record_lost", "sync_cut", "adoption_cut", "snapshot_lie")
"""What only some of the lost ledgers meet: these must fire in a long campaign."""
ENOUGH_SEEDS, ENOUGH_FOR_RARE = 20, 100
"""A campaign of fewer seeds need not fire every kind."""
ENOUGH_SMALL = 1_000
"""The same for small scenarios."""
KEPT_VIOLATIONS = 200
"""As many are listed; all are counted."""
SEEDS = seeds.__name__


class Key(NamedTuple):
    """Which scenario of a generator: its number, and which sibling of which sibling."""

    number: int
    path: tuple[int, ...] = ()


class Outcome(NamedTuple):
    """What is kept of a run."""

    key: Key
    result: Result
    is_committing: bool
    """Whether it tested anything: a payment became final, or without clients a block while there was trouble."""
    states: frozenset[int]
    """Abstract states that it reached."""
    cpu_s: float = 0.0
    """What it cost of a processor's time; no part of the result."""


class Tally:
    """Running totals."""

    def __init__(self, generator: str) -> None:
        """Nothing yet."""
        self.generator = generator
        self.scenarios = self.events = self.violating = 0
        self.virtual_us = self.validator_us = 0
        """Virtual time of all runs, and of all validators of all runs."""
        self.cpu_s = 0.0
        """Processor time of all runs, whatever process had them."""
        self.failures: list[Outcome] = []
        """Outcomes with violations, as many as are listed."""
        self.states: set[int] = set()
        self._kinds: set[bytes] = set()
        self._committing = self._siblings = self._blocks = self._payments = 0
        self._faults: Counter[str] = Counter()
        self._submissions: Counter[str] = Counter()
        self._signatures: Counter[str] = Counter()
        self._parts: Counter[str] = Counter()
        self._recovery: list[int] = []
        self._hashes = hashlib.sha256()

    def add(self, outcome: Outcome) -> bool:
        """One more; whether it reached a state that none before it did."""
        result, known = outcome.result, len(self.states)
        self.scenarios += 1
        self.events += result.events
        self.cpu_s += outcome.cpu_s
        self.virtual_us += result.virtual_us
        self.validator_us += result.virtual_us * len(result.commits)
        self.states |= outcome.states
        self._kinds.add(hashlib.sha256(repr(sorted(outcome.states)).encode()).digest()[:8])
        self._committing += outcome.is_committing
        self._siblings += bool(outcome.key.path)
        self._blocks += max(result.commits)
        self._payments += result.payments_committed
        self._faults.update(result.faults)
        self._submissions.update(result.submissions)
        self._signatures[result.signatures] += 1
        self._parts[part_of(self.generator, outcome.key.number)[0]] += 1
        self._recovery += result.recovery_rounds
        self._hashes.update(result.trace_hash.encode())
        if result.violations:
            self.violating += 1
            if len(self.failures) < KEPT_VIOLATIONS:
                self.failures.append(outcome)
        return len(self.states) > known

    def line(self) -> str:
        """How far it is."""
        text = f"{self.scenarios:,} scenarios, {len(self.states):,} states"
        return text if not self.violating else f"{text}, {self.violating:,} broke a rule"

    def document(self) -> dict[str, object]:
        """A JSON-ready summary; `ok` says whether the campaign passes."""
        count, missing = self.scenarios, self._missing()
        recovery = sorted(self._recovery)
        return {
            "generator": self.generator,
            "scenarios": count,
            "seeds": self._parts[SEEDS],
            "siblings": self._siblings,
            "generators": dict(sorted(self._parts.items())),
            "distinct": len(self._kinds),
            "states": len(self.states),
            "committing": self._committing,
            "committing_share": round(self._committing / max(1, count), 4),
            "committing_ppm": self._committing * 1_000_000 // max(1, count),
            "blocks": self._blocks,
            "payments_committed": self._payments,
            "events": self.events,
            "virtual_s": round(self.virtual_us / SECOND_US, 1),
            "validator_hours": round(self.validator_us / SECOND_US / 3_600, 3),
            "signatures": dict(sorted(self._signatures.items())),
            "faults": dict(sorted(self._faults.items())),
            "faults_missing": missing,
            "submissions": dict(sorted(self._submissions.items())),
            "recovery_rounds": {
                "median": recovery[len(recovery) // 2] if recovery else None,
                "max": recovery[-1] if recovery else None,
            },
            "trace_hash": self._hashes.hexdigest(),
            "violating": self.violating,
            "violations": [item for outcome in self.failures for item in self._violations(outcome)],
            "ok": not self.violating and not missing and self._committing * 10 >= count * 9,
        }

    def _missing(self) -> list[str]:
        """Kinds of fault that should have fired by now."""
        if self.generator != SEEDS:
            wanted = claimed(self.generator) if self.scenarios >= ENOUGH_SMALL else ()
        else:
            wanted = KINDS_OF_FAULT if self.scenarios >= ENOUGH_SEEDS else ()
            wanted += RARE_KINDS if self.scenarios >= ENOUGH_FOR_RARE else ()
        return [kind for kind in wanted if not self._faults[kind]]

    def _violations(self, outcome: Outcome) -> list[dict[str, object]]:
        """Of one run, each rule once."""
        first = {found.rule: found for found in reversed(outcome.result.violations)}
        who, index = part_of(self.generator, outcome.key.number)
        return [
            {
                "generator": who, "index": index, "path": list(outcome.key.path), "seed": outcome.result.seed,
                "rule": found.rule, "node": found.node, "text": found.text,
            }
            for found in sorted(first.values(), key=lambda found: found.at_us)
        ]  # fmt: skip
