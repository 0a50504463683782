"""`mithqal lab fidelity`: how long the simulator says that a payment takes, against real processes on links as slow.

Both run the same `Replica` under a light load, every way between two validators takes the same time, and both measure
from a validator's hands to the moment when a validator reports the payment final. The simulator knows the links and
what a sync takes on this machine (measured first), and nothing of processors: what they add is the difference.
"""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain.interface import Committed
from chain.primitives import SECOND_US
from chain.storage import Column, WriteBatch
from node.lab.bench.crypto import cores
from node.lab.bench.figures import percentile
from node.lab.chaos.run import SETTLE_S, counted
from node.lab.chaos.session import Session, Setting
from node.runtime import loop
from node.sim.parties import START_US
from node.sim.scenario import Scenario
from node.sim.watch import Watch
from node.sim.world import World
from node.storage.safety_file import OWNER_BYTES, SafetyFile
from node.storage.sqlite import SqliteStore

SYNCS = 100
"""Saves that are timed; each is a transaction of the ledger and a signing record, as a vote needs them."""
SHARE_OF_MOST = 0.6
"""The simulated disk takes from a fifth of its delay to all of it, so on average this much."""
WARM_UP_US = 10 * SECOND_US
"""Set-up and first rounds, not counted."""
PAYERS = 20
GOAL = 0.15
"""Predicted and measured differ by at most so much (goal G15)."""


@dataclass(frozen=True, slots=True)
class FidelityPlan:
    """What to run on both."""

    one_way_us: int = 25_000
    rate: int = 20
    seconds: int = 30
    seed: int = 0


class _Clock(Watch):
    """Notes when payments become final."""

    waits_us: list[int]
    """Set before the run begins."""

    def on_committed(self, node: int, committed: Committed) -> None:
        """At each validator, from the first acceptance on."""
        super().on_committed(node, committed)
        now_us = self._scheduler.now_us
        if now_us > START_US + WARM_UP_US:
            accepted = (self.ears.workload.accepted.get(tx_hash) for tx_hash in committed.hashes)
            self.waits_us += [now_us - at_us for at_us in accepted if at_us is not None]


class _Timed(World):
    """A simulated network with that clock."""

    WATCH = _Clock
    watch: _Clock


def run_fidelity(plan: FidelityPlan, say: Callable[[str], None]) -> dict[str, Any]:
    """Predict, then measure; one JSON-ready document. Raises what `run_chaos` does."""
    say("measuring what a sync takes ...")
    save_us = measure_saves()
    say("simulating ...")
    predicted = predict(plan, save_us)
    measured, verdict = loop.run(_measure(plan, say))
    both = {"predicted_ms": _figures(predicted), "measured_ms": _figures(measured)}
    ratios = {
        name: round(both["measured_ms"][name] / both["predicted_ms"][name], 3) for name in ("p50", "p95")
    }  # fmt: skip
    return {
        "ok": verdict["lost"] == verdict["doubled"] == verdict["wrong"] == 0,
        "one_way_ms": plan.one_way_us / 1000, "rate": plan.rate, "seed": plan.seed,
        "save_ms": round(save_us / 1000, 2), **both, "measured_to_predicted": ratios, "goal": GOAL,
        "goal_met": all(abs(ratio - 1) <= GOAL for ratio in ratios.values()), **verdict,
        "machine": {"cores": cores(), "load_after": round(os.getloadavg()[0], 2)},
    }  # fmt: skip


def measure_saves() -> int:
    """The mean time of saving a small block and a signing record on this machine, in microseconds."""
    with tempfile.TemporaryDirectory(prefix="mithqal-saves-") as folder:
        store = SqliteStore(Path(folder) / "ledger.sqlite", bytes(32))
        record = SafetyFile(Path(folder) / "safety.bin", bytes(OWNER_BYTES))
        try:
            began_us = time.monotonic_ns() // 1000
            for number in range(SYNCS):
                store.write(WriteBatch(rows=[(Column.META, 100 + number, bytes(1_000))]))
                record.store(bytes(500))
            return (time.monotonic_ns() // 1000 - began_us) // SYNCS
        finally:
            record.close()
            store.close()


def predict(plan: FidelityPlan, save_us: int) -> list[int]:
    """What the simulator says, one value a payment and validator, in microseconds."""
    scenario = Scenario(
        duration_us=WARM_UP_US + plan.seconds * SECOND_US, delay_us=plan.one_way_us, jitter_us=0,
        disk_delay_us=int(save_us / SHARE_OF_MOST), payments_per_s=plan.rate, payers=PAYERS, invalid_ppm=0,
    )  # fmt: skip
    world = _Timed(scenario, plan.seed)
    world.watch.waits_us = []
    result = world.run()
    assert not result.violations, result.violations
    return world.watch.waits_us


async def _measure(plan: FidelityPlan, say: Callable[[str], None]) -> tuple[list[int], dict[str, Any]]:
    """What the processes do; the first seconds do not count."""
    length_us = WARM_UP_US + plan.seconds * SECOND_US
    setting = Setting(
        plan.seed, plan.rate, length_us / SECOND_US, delay_us=plan.one_way_us, drops_unsynced=False
    )  # fmt: skip
    session = Session(setting, say)
    try:
        await session.open()
        await session.load.run(plan.rate, length_us)
        waits = session.load.waits_us[int(plan.rate * WARM_UP_US / SECOND_US) :]
        await session.settle(SETTLE_S)
        return waits, counted(await session.verdict())
    finally:
        await session.close()


def _figures(values_us: list[int]) -> dict[str, Any]:
    """Median and 95th percentile in milliseconds; BenchError (`no_measurements`) without values."""
    ascending = sorted(values_us)
    return {
        "p50": round(percentile(ascending, 50) / 1000, 1), "p95": round(percentile(ascending, 95) / 1000, 1),
        "count": len(ascending),
    }  # fmt: skip
