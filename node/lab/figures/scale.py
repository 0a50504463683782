"""`mithqal lab scale`: many validators for many rounds in one process, with the code, codec and ledger of a real one.

Signatures are the keyed hash, every checker of the simulator is on, nothing fails. What is measured is the processor
time of the whole run, the checks at its end included.
"""

import time
from typing import Any

from chain.limits import BROADCAST_VOTES_UP_TO
from node.sim.result import Result
from node.sim.scenario import Scenario
from node.sim.world import World

ROUND_US = 3_000_000
"""Virtual time that a round may take before the run is given up: idle rounds take less than a second."""
SETTING_UP_US = 30_000_000
PAYERS = 4


def scenario_of(validators: int, rounds: int, payments_per_s: int) -> Scenario:
    """No faults; a new block is due within 2 n + 4 rounds (L1 with votes for the next leader alone)."""
    return Scenario(
        validators=validators, duration_us=rounds * ROUND_US + SETTING_UP_US, gst_us=0, stop_at_round=rounds,
        payers=PAYERS if payments_per_s else 0, payments_per_s=payments_per_s, invalid_ppm=0,
        max_rounds_to_recover=2 * validators + 4,
    )  # fmt: skip


def measure(validators: int, rounds: int, payments_per_s: int, seed: int) -> dict[str, Any]:
    """Run it; the document. `ok` says whether every invariant held and every validator passed the last round."""
    began, cpu = time.perf_counter(), time.process_time()
    result = World(scenario_of(validators, rounds, payments_per_s), seed).run()
    return document(result, validators, rounds, (time.process_time() - cpu, time.perf_counter() - began))


def document(result: Result, validators: int, rounds: int, took_s: tuple[float, float]) -> dict[str, Any]:
    """`took_s` are the seconds of processor time and of the clock."""
    cpu_s, wall_s = took_s
    return {
        "validators": validators,
        "rounds": rounds,
        "votes": "broadcast" if validators <= BROADCAST_VOTES_UP_TO else "to the next leader",
        "signatures": result.signatures,
        "seed": result.seed,
        "rounds_passed": min(result.rounds) - 1,
        "blocks": min(result.commits),
        "payments_committed": result.payments_committed,
        "virtual_s": result.virtual_us / 1_000_000,
        "events": result.events,
        "cpu_s": round(cpu_s, 2),
        "wall_s": round(wall_s, 2),
        "events_per_cpu_s": round(result.events / max(cpu_s, 1e-9)),
        "violations": [{"invariant": found.rule, "nodes": [found.node], "detail": found.text}
                       for found in result.violations],
        "trace_hash": result.trace_hash,
        "ok": not result.violations and min(result.rounds) > rounds,
    }  # fmt: skip
