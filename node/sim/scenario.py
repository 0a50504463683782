"""What may happen in a run: every parameter with its default, and the mix that a seed draws.

Chances are in parts per million, times in microseconds of virtual time.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from chain.consensus.leader import Elect, LeaderElection, elect
from chain.primitives import SECOND_US
from chain.records.onchain import REPUTATION, ROUND_ROBIN
from node.sim.directives import Act, Liar, Rule
from node.sim.entropy import Entropy, Stream

REAL_SIGNATURES_EVERY = 100
"""One seed in so many runs on libsodium."""


class Change(NamedTuple):
    """Governance acts at a time from the start: `add`, `remove`, `rekey` a validator, set `consensus` times (leaders
    take turns then), or leaders by `reputation`."""

    at_us: int
    kind: str
    node: int = 0


CHANGES = ("add", "remove", "rekey", "consensus")
"""Kinds of `Change` that a seed draws ..."""
TO_REPUTATION = "reputation"
"""... and one that it does not."""
ROUNDS_TO_RECOVER = 12
"""L1's bound where leaders take turns, ..."""
ROUNDS_BY_REPUTATION = 60
"""... and where they are picked: fewer than one run in 10^9 has no two good ones in a row (docs/simulation.md)."""
REPUTATION_PPM = 125_000
"""Share of seeds whose leaders are picked by reputation."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """The parameters of a run. A fault whose mean interval is 0 never happens."""

    validators: int = 4
    duration_us: int = 20 * SECOND_US
    faults_from_us: int = 1 * SECOND_US
    """Until then the parties are created and funded in peace."""
    calm_ppm: int = 600_000
    """Share of the duration after which all faults stop for good (GST)."""
    delay_us: int = 8_000
    jitter_us: int = 8_000
    loss_ppm: int = 0
    duplicate_ppm: int = 0
    reorder_ppm: int = 0
    spike_ppm: int = 0
    crash_every_us: int = 0
    """Mean time between crashes, over all validators; each restarts after at most `down_us`."""
    down_us: int = 2 * SECOND_US
    blackout_every_us: int = 0
    """Mean time between power failures that crash all validators at one instant."""
    disk_lost_every_us: int = 0
    """Mean time between losses of a validator's whole ledger."""
    snapshot_behind: int | None = 60
    """Versions from which on a validator catches up by a snapshot; None: never."""
    chunk_leaves: int = 8
    """Leaves of a chunk of a snapshot: the states are small here, and shall come in several."""
    sync_cut_ppm: int = 0
    """Chance that a validator crashes around a write of a part of a snapshot."""
    liar: int = 1
    """Who lies about snapshots."""
    lies_ppm: int = 0
    """Chance of a lie in each of its answers."""
    pause_every_us: int = 0
    pause_us: int = 1_500_000
    partition_every_us: int = 0
    partition_us: int = 1_500_000
    hold_every_us: int = 0
    """Mean time between spells in which one kind of message waits."""
    hold_us: int = 800_000
    disk_slow_every_us: int = 0
    disk_slow_us: int = 1 * SECOND_US
    false_down_every_us: int = 0
    """Mean time between wrong beliefs that a link to a validator is down."""
    false_down_us: int = 3 * SECOND_US
    skew_us: int = 0
    """A validator's clock is off by up to this much, either way."""
    disk_delay_us: int = 3_000
    payments_per_s: int = 20
    payers: int = 6
    """Accounts that pay; half of them at each of two wallet providers."""
    invalid_ppm: int = 100_000
    """Share of submissions that break a rule."""
    signatures: str = "keyed-hash"
    """"keyed-hash" or "libsodium"."""
    spares: int = 0
    """Processes beyond the first set: registered in the set-up, they follow until a change adds them."""
    changes: tuple[Change, ...] = ()
    """What governance does; what cannot be done then fails on the ledger, as it should."""
    max_rounds_to_recover: int = ROUNDS_TO_RECOVER
    """Invariant L1: rounds in which every validator commits a new block once the faults have stopped."""
    gst_us: int | None = None
    """When the faults stop, if it is said in microseconds instead of by `calm_ppm`."""
    gst_round: int | None = None
    """The faults stop as soon as an honest validator enters this round, if that is earlier."""
    stop_at_round: int | None = None
    """After the faults the run ends as soon as every honest validator that lives has passed this round and has a new
    block (L1)."""
    mutant: str | None = None
    """The seeded bug of the tree that it is meant for (tests/mutants); a world plays the tree that it lies in."""
    leaders: str | tuple[int, ...] = ROUND_ROBIN
    """Who leads: by the ledger's configuration, which begins with ROUND_ROBIN; always by REPUTATION; or by a list
    (rounds 1, 2, ..., then again)."""
    hot_ppm: int = 0
    """Share of payments that all go to one account."""
    rules: tuple[Rule, ...] = ()
    acts: tuple[Act, ...] = ()
    twins: tuple[int, ...] = ()
    """Validators that get a second process with the same keys, as often as they stand here."""
    liars: tuple[Liar, ...] = ()
    """Byzantine validators."""

    @property
    def calm_us(self) -> int:
        """When the faults stop, from the start of the run."""
        return self.duration_us * self.calm_ppm // 1_000_000 if self.gst_us is None else self.gst_us

    @property
    def is_directed(self) -> bool:
        """Whether anything is ordered by hand, besides what the seed draws."""
        return bool(self.rules or self.acts or self.twins or self.liars)

    @property
    def processes(self) -> int:
        """Validators, spares and twins."""
        return self.validators + self.spares + len(self.twins)

    def number_of(self, process: int) -> int:
        """The validator's number on chain that a process signs for."""
        first_twin = self.validators + self.spares
        return process if process < first_twin else self.twins[process - first_twin]


def scenario_for_seed(seed: int, duration_us: int = 20 * SECOND_US) -> Scenario:
    """The mix of a seed: each kind of fault is in about half of the runs (blackouts in a quarter), a few have none."""
    stream = Entropy(seed).stream("scenario")
    base = Scenario(
        duration_us=duration_us, delay_us=stream.between(2_000, 25_000), jitter_us=stream.between(500, 20_000)
    )
    base = replace(
        base,
        disk_delay_us=stream.between(500, 10_000),
        payments_per_s=stream.between(10, 40),
        signatures="libsodium" if seed % REAL_SIGNATURES_EVERY == 0 else "keyed-hash",
    )
    base = replace(base, **_draw_changes(Entropy(seed).stream("changes"), duration_us))
    if Entropy(seed).stream("leaders").chance(REPUTATION_PPM):
        base = by_reputation(base)
    if stream.chance(62_500):
        return base
    half = 500_000
    return replace(
        base,
        loss_ppm=stream.between(1_000, 120_000) if stream.chance(half) else 0,
        duplicate_ppm=stream.between(1_000, 100_000) if stream.chance(half) else 0,
        reorder_ppm=stream.between(10_000, 300_000) if stream.chance(half) else 0,
        spike_ppm=stream.between(1_000, 60_000) if stream.chance(half) else 0,
        crash_every_us=stream.between(SECOND_US // 2, 4 * SECOND_US) if stream.chance(half) else 0,
        blackout_every_us=stream.between(2 * SECOND_US, 6 * SECOND_US) if stream.chance(half // 2) else 0,
        pause_every_us=stream.between(SECOND_US, 4 * SECOND_US) if stream.chance(half) else 0,
        partition_every_us=stream.between(SECOND_US, 4 * SECOND_US) if stream.chance(half) else 0,
        partition_us=stream.between(SECOND_US // 2, 6 * SECOND_US),
        hold_every_us=stream.between(SECOND_US, 4 * SECOND_US) if stream.chance(half) else 0,
        disk_slow_every_us=stream.between(SECOND_US, 4 * SECOND_US) if stream.chance(half) else 0,
        skew_us=stream.between(1_000, 1_500_000) if stream.chance(half) else 0,
        false_down_every_us=stream.between(SECOND_US // 4, 2 * SECOND_US) if stream.chance(half) else 0,
        disk_lost_every_us=stream.between(2 * SECOND_US, 6 * SECOND_US) if stream.chance(half) else 0,
        snapshot_behind=stream.choice([None, 20, 20, 60]),
        sync_cut_ppm=stream.between(200_000, 800_000) if stream.chance(half) else 0,
        lies_ppm=stream.between(100_000, 1_000_000) if stream.chance(half) else 0,
    )


def by_reputation(scenario: Scenario) -> Scenario:
    """The same with leaders that are picked, and the patience that they need."""
    return replace(scenario, leaders=REPUTATION, max_rounds_to_recover=ROUNDS_BY_REPUTATION)


def _draw_changes(stream: Stream, duration_us: int) -> dict[str, Any]:
    """Spare validators and what governance does, in about half of the runs: up to six changes, some after the calm."""
    if stream.chance(500_000):
        return {}
    spares = stream.between(1, 2)
    changes = []
    for _ in range(stream.between(1, 6)):
        kind = CHANGES[stream.below(len(CHANGES))]
        nodes = 4 + spares
        changes.append(Change(stream.between(duration_us // 8, duration_us * 9 // 10), kind, stream.below(nodes)))
    first = Change(duration_us // 6, "add", 4)
    return {"spares": spares, "changes": tuple(sorted([first, *changes]))}


def faulty_processes(scenario: Scenario) -> frozenset[int]:
    """Liars, and every process of a validator that has more than one."""
    numbers = [scenario.number_of(process) for process in range(scenario.processes)]
    bad = {liar.node for liar in scenario.liars} | set(scenario.twins)
    return frozenset(process for process, number in enumerate(numbers) if number in bad)


def unreminded_processes(scenario: Scenario) -> frozenset[int]:
    """Liars and twins: whatever others tell them of their signatures, they go on. A clone is no liar, and listens."""
    clones = sum(1 for act in scenario.acts if act.do == "clone")
    doubled = set(scenario.twins[: len(scenario.twins) - clones])
    bad = {liar.node for liar in scenario.liars} | doubled
    return frozenset(process for process in range(scenario.processes) if scenario.number_of(process) in bad)


class ListedLeaders(LeaderElection):
    """A leader for each round from a list: rounds 1, 2, ..., then again."""

    def __init__(self, leaders: tuple[int, ...], count: int) -> None:
        """`count` members; one that is no member any more is counted round."""
        self._leaders, self._count = leaders, count

    def leader(self, round_: int) -> int:
        """Of a round from 1 on."""
        return self._leaders[(round_ - 1) % len(self._leaders)] % self._count


def election_of(scenario: Scenario) -> Elect:
    """The ledger's election, or the scenario's in its place."""
    leaders = scenario.leaders
    if isinstance(leaders, tuple):
        return lambda _name, count: ListedLeaders(leaders, count)
    return elect if leaders == ROUND_ROBIN else lambda _name, count: elect(leaders, count)
