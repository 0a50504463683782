"""`mithqal lab sensitivity`: how much slower payments become final under faults, as one number for each kind of fault.

The score is that of Stabl (Gramoli, Guerraoui, Lebedev, Voron: "Stabl: The Sensitivity of Blockchains to Failures",
Middleware 2025, arXiv 2409.13142): the absolute difference between the integrals of two cumulative distributions of
latency, one of a run without the fault and one of a run with it. Its abstract says so; which faults, and that a network
that does not recover has no finite score, is told here from memory. The area between the two curves, which does not let
faster payments pay for slower ones, stands beside it. A payment that was never final counts with the time to the end
of the run, and is counted in `unfinished`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chain.errors import MithqalError
from node.lab.figures.curves_page import NONE, Curve, page
from node.lab.figures.observed import quantile, watch
from node.sim.result import Result
from node.sim.scenario import Scenario
from node.sim.scenario_file import from_document

MS = 1_000
SETTLED_MS = 5_000
"""Until then the accounts are set up: nothing before is measured."""
FAULT_MS = 10_000
"""When a fault begins ..."""
FAULT_FOR_MS = 5_000
"""... and how long one lasts that ends."""
QUIET_MS = 2_000
"""At the end nothing that is sent is measured: it may not have had its time."""
P50, P99 = 50, 99

Json = dict[str, Any]


def faults_of(validators: int) -> dict[str, Json]:
    """The faults by name, as keys of a scenario file; f = floor((n - 1) / 3) validators may be faulty."""
    f = (validators - 1) // 3
    away = range(f + 1)
    rest = [node for node in range(validators) if node not in away]
    begins, ends = {"at_ms": FAULT_MS}, {"at_ms": FAULT_MS, "for_ms": FAULT_FOR_MS}
    return {
        "crash of f": {"faults": [{"do": "crash", "node": node, **begins, "for_ms": 3_600_000} for node in range(f)]},
        "transient f + 1": {"faults": [{"do": "crash", "node": node, **ends} for node in away]},
        "partition": {"faults": [{"do": "partition", "groups": [list(away), rest], **ends}]},
        "byzantine: silent leaders": {"byzantine": [{"node": n, "strategy": "silent_leader"} for n in range(f)]},
        "byzantine: two blocks": {"byzantine": [{"node": n, "strategy": "equivocate_proposal"} for n in range(f)]},
    }


def scenario_of(validators: int, run_ms: int, rate: int, fault: Json) -> Scenario:
    """Payments all the time; liveness is judged by the latencies here, not in rounds."""
    return from_document({
        "validators": validators, "duration_ms": run_ms, "gst_ms": 0, "liveness_rounds": 10_000,
        "clients": {"accounts": 60, "payments_per_s": rate, "invalid_share": 0}, **fault,
    })  # fmt: skip


def measure(sizes: Sequence[int], run_ms: int, rate: int, seed: int) -> Json:
    """All faults against none, for networks of these sizes; `ok` says whether every invariant held in every run."""
    rows, broken, signatures = [], [], ""
    for validators in sizes:
        base: list[int] = []
        for name, fault in {NONE: {}, **faults_of(validators)}.items():
            taken, unfinished, result = _latencies(scenario_of(validators, run_ms, rate, fault), seed)
            base = taken if name == NONE else base
            rows.append({
                "validators": validators, "f": (validators - 1) // 3, "fault": name,
                "score_s": round(score(base, taken) / 1e6, 3), "area_s": round(area(base, taken) / 1e6, 3),
                "payments": len(taken), "unfinished": unfinished, "p50_ms": quantile(taken, P50) / MS,
                "p99_ms": quantile(taken, P99) / MS, "max_ms": max(taken, default=0) / MS, "curve": curve(taken),
            })  # fmt: skip
            broken += [{"validators": validators, "fault": name, "invariant": item.rule, "detail": item.text}
                       for item in result.violations]  # fmt: skip
            signatures = result.signatures
    return {
        "validators": list(sizes), "rate": rate, "seed": seed, "run_ms": run_ms, "signatures": signatures,
        "faults": rows, "violations": broken, "ok": not broken,
    }  # fmt: skip


def save_page(found: Json, path: Path) -> None:
    """Write the curves as a page; MithqalError `file_unwritable`."""
    try:
        path.write_text(page(found), encoding="utf-8")
    except OSError as error:
        raise MithqalError(f"{path} cannot be written: {error.strerror}", name="file_unwritable") from error


def _latencies(scenario: Scenario, seed: int) -> tuple[list[int], int, Result]:
    """Latencies in microseconds, how many payments were never final, and the run's result."""
    observed, result = watch(scenario, seed)
    sent = observed.latencies(SETTLED_MS * MS, result.virtual_us - QUIET_MS * MS, result.virtual_us)
    return [taken_us for _, taken_us, _ in sent], sum(1 for item in sent if not item[2]), result


def score(base: list[int], taken: list[int]) -> float:
    """Absolute difference of the integrals of the two cumulative distributions, in the unit of the latencies.

    Over any span that holds both, the integral of one is the span's end less the mean.
    """
    return abs(sum(taken) / len(taken) - sum(base) / len(base)) if base and taken else 0.0


def area(base: list[int], taken: list[int]) -> float:
    """Area between the two cumulative distributions, in the unit of the latencies."""
    if not base or not taken:
        return 0.0
    steps = sorted([(value, len(taken)) for value in base] + [(value, -len(base)) for value in taken])
    total, apart, before = 0, 0, steps[0][0]
    for value, step in steps:
        total += abs(apart) * (value - before)
        apart, before = apart + step, value
    return total / (len(base) * len(taken))


def curve(taken: list[int], points: int = 200) -> Curve:
    """The cumulative distribution at so many places of equal share."""
    ordered = sorted(taken)
    places = sorted({-(-len(ordered) * place // points) for place in range(1, points + 1)}) if ordered else []
    return [(round(ordered[place - 1] / 1e6, 4), round(place / len(ordered), 4)) for place in places if place]
