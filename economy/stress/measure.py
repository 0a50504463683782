"""How fast the stress model is on this machine: one-year paths a second on one core, and many paths on several."""

import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from economy.market.reading import load_history
from economy.reserve.presets import find_preset
from economy.stress.draws import BLOCK
from economy.stress.factors import MODELS
from economy.stress.plan import run_block
from economy.stress.runner import simulate
from economy.stress.study import Draft, plan_of

PRESET = "libra-v2"
"""Four factors, 13 bills, three dealers, stays and haircuts."""
DAYS = 252


class Row(NamedTuple):
    """One measurement: so many paths took so long, by the clock and by the processor."""

    model: str
    run: str
    paths: int
    wall_s: float
    cpu_s: float

    def document(self) -> dict[str, Any]:
        """With the rates that follow."""
        return {
            **self._asdict(),
            "paths_per_s": round(self.paths / self.wall_s),
            "paths_per_cpu_s": round(self.paths / self.cpu_s),
        }


def measure_models(talk: Callable[[str], None], *, turns: int, run: str = "threshold") -> list[Row]:
    """The best of `turns` blocks in this process for each market model; other load takes from the clock's figures."""
    rows = []
    for model in MODELS:
        plan = plan_of(find_preset(PRESET), load_history(), Draft(model, run, BLOCK, DAYS, 7))
        run_block(replace(plan, days=5), 0, BLOCK)
        walls, cpus = [], []
        for turn in range(turns):
            wall, cpu = time.perf_counter(), time.process_time()
            run_block(plan, turn, BLOCK)
            walls.append(time.perf_counter() - wall)
            cpus.append(time.process_time() - cpu)
        rows.append(Row(model, run, BLOCK, min(walls), min(cpus)))
        talk(f"{model}: {BLOCK / min(cpus):,.0f} one-year paths a second of processor")
    return rows


def measure_many(paths: int, workers: int, model: str) -> dict[str, Any]:
    """One study of many paths over several processes: the clock, and the most memory of this and of one worker."""
    plan = plan_of(find_preset(PRESET), load_history(), Draft(model, "threshold", paths, DAYS, 7))
    began = time.perf_counter()
    finished = simulate([plan], workers=workers)[0]
    wall = time.perf_counter() - began
    assert finished.outcome is not None, "it was not interrupted"
    own = _most_memory(resource.RUSAGE_SELF)
    return {
        "model": model, "paths": paths, "workers": workers, "wall_s": round(wall, 2),
        "paths_per_s": round(paths / wall), "memory_mb": own,
        "memory_of_a_worker_mb": _most_memory(resource.RUSAGE_CHILDREN) if workers > 1 else 0,
        "worst_residual": finished.outcome.worst_residual,
    }  # fmt: skip


def _most_memory(who: int) -> int:
    """Megabytes at the peak: of this process, or of the largest child."""
    most = resource.getrusage(who).ru_maxrss
    return most // (1 << 20) if sys.platform == "darwin" else most // 1024


def as_lines(rows: Sequence[Row], many: dict[str, Any] | None) -> list[str]:
    """For people."""
    lines = [f"{PRESET}, {DAYS} days, one core, best block of {BLOCK:,} paths"]
    for row in rows:
        found = row.document()
        lines.append(
            f"{row.model:<10} {found['paths_per_s']:>8,} paths/s by the clock"
            f" {found['paths_per_cpu_s']:>8,} by the processor"
        )
    if many is not None:
        lines.append(
            f"{many['paths']:,} paths of {many['model']} with {many['workers']} workers: {many['wall_s']} s,"
            f" {many['paths_per_s']:,} paths/s; memory {many['memory_mb']} MB,"
            f" a worker {many['memory_of_a_worker_mb']} MB"
        )
    return lines
