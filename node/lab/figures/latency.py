"""`mithqal lab latency`: how long until a payment is final, in the simulator's virtual time; every figure repeats.

Four questions: how many hops a commit takes where nothing fails; how many rounds until a new block once faults stop;
what a lost message in a hundred costs; and how soon a network that was split for five seconds is itself again.
"""

from dataclasses import replace
from typing import Any

from node.lab.figures.observed import Observed, quantile, watch
from node.sim.directives import Liar, Step
from node.sim.result import Result
from node.sim.scenario import Scenario, scenario_for_seed
from node.sim.scenario_file import from_document
from node.sim.strategies import COMPOSED
from node.sim.world import World

HOP_MS = 50
"""Delay of every link where hops are counted; jitter and disks take no time, a check of a signature 0.04 ms."""
HOPS_FOR = (4, 31)
"""Votes are broadcast, and votes go to the next leader."""
LIVENESS_FOR = ((4, 1), (7, 2), (10, 4), (31, 20))
"""Validators, and the share of the seeds (one in so many) that they are given."""
MUTE = (Step("any", "hide"),)
"""Whoever has this habit says nothing to anybody."""
FAULTS_MS = 4_000
STEADY_MS = 5_000
"""Until then the accounts are set up: nothing before is measured."""
PARTITION_MS = 5_000
WINDOW_US = 500_000
"""Payments are put together by when they were sent, this long."""
NORMAL_PPM = 1_500_000
"""p99 is normal again where it is at most this part of what it was."""
P50, P99 = 50, 99
MS = 1_000

Json = dict[str, Any]


def measure(seeds: int, run_ms: int = 60_000) -> Json:
    """All four; `ok` says whether every invariant held in every run. `run_ms` is how long the last two last."""
    results: list[Result] = []
    document = {
        "hops": [hops(validators, results) for validators in HOPS_FOR],
        "liveness": [
            liveness(count, max(seeds // share, 1), results, silent)
            for count, share in LIVENESS_FOR
            for silent in (0, (count - 1) // 3)
        ],
        "loss": loss(run_ms, results),
        "partition": partition(run_ms, results),
    }
    broken = [{"seed": result.seed, "invariant": item.rule, "detail": item.text}
              for result in results for item in result.violations]  # fmt: skip
    return {**document, "runs": len(results), "violations": broken, "ok": not broken}


def hops(validators: int, results: list[Result]) -> Json:
    """Units of delay from a proposal to its commit: at its proposer, and at the others."""
    scenario = from_document({
        "validators": validators, "duration_ms": 10_000, "gst_ms": 0, "liveness_rounds": 2 * validators + 4,
        "link": {"delay_ms": HOP_MS, "jitter_ms": 0}, "disk": {"delay_ms": 0},
        "clients": {"accounts": 4, "payments_per_s": 50, "invalid_share": 0},
    })  # fmt: skip
    observed, result = watch(scenario, 0)
    results.append(result)
    own: list[int] = []
    others: list[int] = []
    for block_id, (block, at_us) in observed.proposed.items():
        if at_us < STEADY_MS * MS:
            continue
        for node, final_us in observed.final.get(block_id, {}).items():
            (own if node == block.header.author else others).append(final_us - at_us)
    return {
        "validators": validators, "delay_ms": HOP_MS, "blocks": len(own),
        "proposer": _in_hops(own), "others": _in_hops(others),
    }  # fmt: skip


def _in_hops(taken_us: list[int]) -> Json:
    """Median and p99 in units of delay, two decimals."""
    return {
        name: round(quantile(taken_us, ppm) / (HOP_MS * MS), 2) for name, ppm in (("median", P50), ("p99", P99))
    }  # fmt: skip


def bound_of(validators: int) -> int:
    """Rounds to a new block after the faults: 12 of four validators, else 2 n + 4."""
    return 12 if validators == 4 else 2 * validators + 4


def after_faults(seed: int, validators: int, silent: int = 0) -> Scenario:
    """The mix of faults that a campaign's seed draws, for four seconds, and nobody who pays. The first validators say
    nothing, from beginning to end: they lead one after the other."""
    return replace(
        scenario_for_seed(seed, 90_000 * MS), validators=validators, gst_us=FAULTS_MS * MS, faults_from_us=500 * MS,
        stop_at_round=1, payers=0, payments_per_s=0, spares=0, changes=(), disk_lost_every_us=0, lies_ppm=0,
        max_rounds_to_recover=bound_of(validators), liars=tuple(Liar(node, COMPOSED, MUTE) for node in range(silent)),
    )  # fmt: skip


def liveness(validators: int, seeds: int, results: list[Result], silent: int = 0) -> Json:
    """The distribution of rounds to a new block once the faults have stopped, over all validators of all seeds that
    are not silent; `recovered` of `asked` came to one."""
    rounds: list[int] = []
    for seed in range(1, seeds + 1):
        result = World(after_faults(seed, validators, silent), seed).run()
        results.append(result)
        rounds += [taken for taken in result.recovery_rounds if taken >= 0]
    return {
        "validators": validators, "silent": silent, "seeds": seeds,
        "asked": seeds * (validators - silent), "recovered": len(rounds),
        "median": quantile(rounds, P50), "p99": quantile(rounds, P99), "max": max(rounds, default=0),
        "bound": bound_of(validators),
    }  # fmt: skip


def _paying(run_ms: int, **more: Any) -> Scenario:
    """Four validators, and payments all the time."""
    return from_document({
        "duration_ms": run_ms, "gst_ms": 0, "clients": {"accounts": 60, "payments_per_s": 50, "invalid_share": 0},
        "liveness_rounds": 10_000, **more,
    })  # fmt: skip


def _summary(observed: Observed, result: Result, from_ms: int, to_ms: int) -> Json:
    """Payments that were sent in this time."""
    found = observed.latencies(from_ms * MS, to_ms * MS, result.virtual_us)
    taken = [taken_us for _, taken_us, _ in found]
    done = sum(1 for _, _, is_final in found if is_final)
    return {
        "payments": len(found), "final": done, "per_s": round(done * 1_000 / (to_ms - from_ms), 1),
        "p50_ms": quantile(taken, P50) / MS, "p99_ms": quantile(taken, P99) / MS,
    }  # fmt: skip


def loss(run_ms: int, results: list[Result]) -> Json:
    """One message in a hundred is lost for good, against none."""
    quiet_ms = run_ms - 2_000
    found: Json = {}
    for name, share in (("none", 0), ("one_percent", 0.01)):
        link = {"loss": share}
        scenario = _paying(run_ms, link=link, gst_ms=quiet_ms, chances={"from_ms": STEADY_MS})
        observed, result = watch(scenario, 0)
        results.append(result)
        found[name] = {**_summary(observed, result, STEADY_MS, quiet_ms), "lost": result.faults.get("loss", 0)}
    return found


def partition(run_ms: int, results: list[Result]) -> Json:
    """Two against two for five seconds, while clients go on: nothing can be final. Then, from the healing on:

    `drained_ms` until no more payments wait than ever waited before, `normal_ms` until those that are sent are final as
    soon as before (their p99, by half seconds); None if that did not come.
    """
    split_ms = 2 * STEADY_MS
    act = {"do": "partition", "at_ms": split_ms, "for_ms": PARTITION_MS, "groups": [[0, 1], [2, 3]]}
    observed, result = watch(_paying(run_ms, faults=[act]), 0)
    results.append(result)
    heal_us, end_us = (split_ms + PARTITION_MS) * MS, result.virtual_us - 2_000_000
    found = observed.latencies(STEADY_MS * MS, end_us, result.virtual_us)
    usual_ms = split_ms - 1_000  # what is sent later may still wait when the split comes
    before = [taken_us for at_us, taken_us, _ in found if at_us < usual_ms * MS]
    return {
        "seconds": PARTITION_MS // 1_000,
        "before": _summary(observed, result, STEADY_MS, usual_ms),
        "backlog": _waiting(found, heal_us),
        "drained_ms": _drained(found, usual_ms * MS, heal_us, end_us),
        "normal_ms": _normal(found, quantile(before, P99), heal_us, end_us),
        "after": _summary(observed, result, (heal_us // MS) + PARTITION_MS, end_us // MS),
    }


Sent = list[tuple[int, int, bool]]


def _waiting(found: Sent, at_us: int) -> int:
    """Payments that are sent and not final at a time."""
    return sum(1 for sent_us, taken_us, _ in found if sent_us <= at_us < sent_us + taken_us)


def _drained(found: Sent, split_us: int, heal_us: int, end_us: int) -> float | None:
    """Milliseconds from the healing until no more wait than at any time before the split."""
    usual = max(_waiting(found, sent_us) for sent_us, _, _ in found if sent_us < split_us)
    for at_us in range(heal_us, end_us, 10_000):
        if _waiting(found, at_us) <= usual:
            return (at_us - heal_us) / MS
    return None


def _normal(found: Sent, usual_us: int, heal_us: int, end_us: int) -> float | None:
    """Milliseconds from the healing to the first half second from which on every p99 is normal."""
    normal_us = None
    for at_us in range(heal_us, end_us - WINDOW_US, WINDOW_US):
        taken = [taken_us for sent_us, taken_us, _ in found if at_us <= sent_us < at_us + WINDOW_US]
        is_normal = bool(taken) and quantile(taken, P99) * 1_000_000 <= usual_us * NORMAL_PPM
        normal_us = None if not is_normal else at_us if normal_us is None else normal_us
    return None if normal_us is None else (normal_us - heal_us) / MS
