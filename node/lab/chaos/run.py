"""`mithqal lab chaos`: faults on real validators under load, and what it did to the payments.

Paced: the next fault waits until the last victim votes again, so that liveness can be asked for. Overlap: faults come
at fixed times and more than f validators may be catching up; then safety and what was acknowledged must hold, and
liveness after the end.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain.primitives import SECOND_US
from node.lab.bench.crypto import cores
from node.lab.bench.figures import percentile
from node.lab.chaos.faults import Faults
from node.lab.chaos.judge import Verdict
from node.lab.chaos.load import Load, longest_gap_us
from node.lab.chaos.rules import ChaosError, now_us
from node.lab.chaos.schedule import Act, draw_acts
from node.lab.chaos.session import Session, Setting
from node.runtime import loop

RECOVERY_S = 30.0
"""Paced: a victim that does not vote again within so long breaks liveness."""
STALL_S = 10.0
"""Paced: so long without any acknowledged payment breaks liveness: twice the time-outs of four rounds."""
SETTLE_S = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run; `directory` None makes a network of its own."""

    seconds: float = 300.0
    every_s: float = 2.0
    is_paced: bool = True
    rate: int = 200
    kinds: tuple[str, ...] = ("kill",)
    seed: int = 0
    validators: int = 4
    directory: Path | None = None
    plant: str | None = None


def run_chaos(plan: Plan, say: Callable[[str], None]) -> dict[str, Any]:
    """Run a plan; gives one JSON-ready document, whose `ok` says whether all held. `say` is told what happens.

    ChaosError (`foreign_target`, `network_runs`, `not_ready`, `too_long`), and what starting a network raises.
    """
    return loop.run(_run(plan, say))


async def _run(plan: Plan, say: Callable[[str], None]) -> dict[str, Any]:
    """The same, on a loop."""
    session = Session(
        Setting(plan.seed, plan.rate, plan.seconds, plan.kinds, plan.directory, plan.validators, plan.plant), say
    )
    try:
        await session.open()
        run = _Run(plan, session, say)
        await run.play()
        await session.settle(SETTLE_S)
        verdict = await session.verdict()
        return run.document(verdict)
    finally:
        await session.close()


class _Run:
    """Faults and load, at the same time."""

    def __init__(self, plan: Plan, session: Session, say: Callable[[str], None]) -> None:
        """Ready to play."""
        self._plan, self._session, self._say = plan, session, say
        self.faults = Faults(session.cluster, session.proxy)
        self._skipped = {}
        if "disk_full" in plan.kinds and session.library.path is None:
            self._skipped["disk_full"] = session.library.reason
        kinds = [kind for kind in plan.kinds if kind not in self._skipped]
        self._acts = draw_acts(plan.seed, kinds, len(session.network.members)) if kinds else iter(())
        self._not_recovered: list[str] = []

    async def play(self) -> None:
        """Load for the whole time, faults meanwhile."""
        length_us = int(self._plan.seconds * SECOND_US)
        until_us = now_us() + length_us
        loading = asyncio.create_task(self._session.load.run(self._plan.rate, length_us))
        self._say(f"loading with {self._plan.rate} payments/s for {self._plan.seconds:g} s ...")
        await self._session.first_payment()
        await (self._pace if self._plan.is_paced else self._overlap)(until_us)
        await loading
        for index in range(len(self._session.network.members)):
            self._revive(index)

    async def _pace(self, until_us: int) -> None:
        """One act after the other."""
        for act in self._acts:
            next_us = now_us() + int(self._plan.every_s * SECOND_US)
            if next_us > until_us:
                return
            after_us = await self.faults.perform(act)
            try:
                await self.faults.recover(act, after_us, RECOVERY_S)
            except ChaosError as error:
                self._not_recovered.append(error.message)
                return
            self._progress()
            await asyncio.sleep(max(0, next_us - now_us()) / SECOND_US)

    async def _overlap(self, until_us: int) -> None:
        """Acts at fixed times; two on one victim wait for each other, but not for its recovery."""
        busy = [asyncio.Lock() for _ in self._session.network.members]
        tasks: set[asyncio.Task[None]] = set()
        at_us = now_us()
        for act in self._acts:
            at_us += int(self._plan.every_s * SECOND_US)
            if at_us > until_us:
                break
            tasks.add(asyncio.create_task(self._act(act, busy[act.victim])))
            self._progress()
            await asyncio.sleep(max(0, at_us - now_us()) / SECOND_US)
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    async def _act(self, act: Act, busy: asyncio.Lock) -> None:
        """One act, and its victim's recovery unless that is hit again."""
        async with busy:
            self._revive(act.victim)
            after_us = await self.faults.perform(act)
        try:
            await self.faults.recover(act, after_us, RECOVERY_S)
        except ChaosError:
            pass  # killed again before it voted: the end of the run asks for its vote

    def _revive(self, index: int) -> None:
        """Nobody may be down but by our hand."""
        words = self.faults.revive(index)
        if words is not None:
            self._session.problems.append(f"validator {index} had ended by itself: {words}")

    def _progress(self) -> None:
        """Say how far it is."""
        load = self._session.load
        self._say(f"{self.faults.counts.total()} faults, {load.acknowledged} of {load.sent} payments final")

    # --- the document ---

    def document(self, verdict: Verdict) -> dict[str, Any]:
        """Everything that the run says."""
        plan, session, load = self._plan, self._session, self._session.load
        stall_us = longest_gap_us(load.acknowledged_us, began_us=load.began_us, ended_us=load.ended_us)
        broken = list(self._not_recovered) if plan.is_paced else []
        if plan.is_paced and stall_us > STALL_S * SECOND_US:
            broken.append(f"{stall_us / SECOND_US:.1f} s without an acknowledged payment, {STALL_S:g} s are allowed")
        return {
            "ok": verdict.is_clean and not broken,
            "seed": plan.seed,
            "mode": "paced" if plan.is_paced else "overlap",
            "seconds": plan.seconds, "kill_every_s": plan.every_s, "rate": plan.rate,
            "validators": len(session.network.members), "plant": plan.plant,
            **counted(verdict),
            "kills": self.faults.counts["kill"],
            "faults": dict(sorted(self.faults.counts.items())),
            "skipped": self._skipped,
            "unsynced_dropped": unsynced_document(session),
            **load_figures(load),
            "longest_stall_ms": stall_us // 1000,
            "revote_ms": spread_ms(self.faults.revotes_us),
            "revote_cpu_ms": spread_ms(self.faults.revotes_cpu_us),
            "liveness": {"asked_for": plan.is_paced, "broken": broken, "stall_bound_ms": int(STALL_S * 1000)},
            "disk_full_by": "ENOSPC from the library under the process" if "disk_full" in plan.kinds else None,
            "loss_is": "stalls of 200 ms and broken connections" if "loss" in plan.kinds else None,
            "read": {
                "up_to_version": session.last, "with_proofs_from": session.network.waypoint,
            },
            "machine": {"cores": cores(), "load_after": round(os.getloadavg()[0], 2)},
        }  # fmt: skip


def counted(verdict: Verdict) -> dict[str, Any]:
    """The verdict's counts."""
    return {
        "lost": verdict.lost, "doubled": verdict.doubled, "wrong": verdict.wrong, "findings": verdict.findings,
        "on_ledger": verdict.on_ledger,
    }  # fmt: skip


def unsynced_document(session: Session) -> dict[str, Any]:
    """Whether kills lost what was not synced, and how much."""
    is_active = session.library.path is not None
    return {
        "active": is_active, "bytes": session.cluster.bytes_dropped,
        "skipped_because": None if is_active else session.library.reason,
    }  # fmt: skip


def load_figures(load: Load) -> dict[str, Any]:
    """What the client saw."""
    waits = load.waits_us
    return {
        "sent": load.sent, "acknowledged": load.acknowledged, "resent": load.resent, "held_back": load.held_back,
        "p50_commit_ms": round(percentile(sorted(waits), 50) / 1000, 1) if waits else None,
        "p99_commit_ms": round(percentile(sorted(waits), 99) / 1000, 1) if waits else None,
    }  # fmt: skip


def spread_ms(values_us: list[int]) -> dict[str, Any]:
    """Median, 99th percentile and maximum, in milliseconds; None without values."""
    if not values_us:
        return {"median": None, "p99": None, "max": None, "count": 0}
    ascending = sorted(values_us)
    at = {"median": percentile(ascending, 50), "p99": percentile(ascending, 99), "max": ascending[-1]}
    return {**{name: round(value / 1000, 1) for name, value in at.items()}, "count": len(ascending)}
