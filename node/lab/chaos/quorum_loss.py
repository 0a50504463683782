"""`mithqal lab quorum-loss`: every validator killed at the same moment, again and again, at random moments under load.

Nobody is left who could know better: what comes back is what was on the disks, without what was not synced.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chain.primitives import SECOND_US
from node.lab.chaos.rules import ChaosError, now_us
from node.lab.chaos.run import SETTLE_S, counted, load_figures, spread_ms, unsynced_document
from node.lab.chaos.session import BROKEN_S, Session, Setting
from node.localnet.supervisor import is_ready
from node.runtime import loop
from node.sim.entropy import Entropy

MOMENTS_US = (200_000, 2_000_000)
"""After the network commits again, so long until the next kill, at least and at most."""
COMMIT_S = 60.0
"""The first new block must be there so long after the restart."""
GOAL_MS = 10_000
"""What reliability goal G7 asks of the first new commit."""
ROUND_S = 20.0
"""Accounts are funded for so long a round."""


@dataclass(frozen=True, slots=True)
class QuorumPlan:
    """What to run, on a network of its own."""

    times: int = 20
    rate: int = 100
    seed: int = 0
    validators: int = 4
    plant: str | None = None


def run_quorum_loss(plan: QuorumPlan, say: Callable[[str], None]) -> dict[str, Any]:
    """Run it; one JSON-ready document, whose `ok` says whether all held. Raises what `run_chaos` does."""
    return loop.run(_run(plan, say))


async def _run(plan: QuorumPlan, say: Callable[[str], None]) -> dict[str, Any]:
    """The same, on a loop."""
    length_s = plan.times * ROUND_S
    session = Session(Setting(plan.seed, plan.rate, length_s, validators=plan.validators, plant=plan.plant), say)
    try:
        await session.open()
        loading = asyncio.create_task(session.load.run(plan.rate, int(length_s * SECOND_US)))
        await session.first_payment()
        commits_us, broken = await _rounds(plan, session, say)
        session.load.stop()
        await loading
        await session.settle(BROKEN_S if broken else SETTLE_S)
        verdict = await session.verdict()
    finally:
        await session.close()
    first = spread_ms(commits_us)
    return {
        "ok": verdict.is_clean and not broken, "seed": plan.seed, "rate": plan.rate, "validators": plan.validators,
        "plant": plan.plant, "rounds": plan.times, "kills": plan.validators * (len(commits_us) + len(broken)),
        **counted(verdict), "unsynced_dropped": unsynced_document(session), **load_figures(session.load),
        "first_commit_ms": first, "goal_ms": GOAL_MS,
        "goal_met": not broken and first["max"] is not None and first["max"] <= GOAL_MS,
        "broken": broken,
    }  # fmt: skip


async def _rounds(plan: QuorumPlan, session: Session, say: Callable[[str], None]) -> tuple[list[int], list[str]]:
    """Kill and start all; gives the time from each start to the first new block, and what did not come back."""
    draws = Entropy(plan.seed).stream("quorum-loss")
    everybody = range(plan.validators)
    commits_us: list[int] = []
    for number in range(plan.times):
        await asyncio.sleep(draws.between(*MOMENTS_US) / SECOND_US)
        await session.cluster.kill(*everybody)
        for index in everybody:
            session.cluster.start(index)
        began_us = session.cluster.began_us(0)
        try:
            commits_us.append(await _first_commit(session, began_us) - began_us)
        except ChaosError as error:
            return commits_us, [error.message]
        say(f"{number + 1} of {plan.times}: a new block after {commits_us[-1] // 1000} ms")
    return commits_us, []


async def _first_commit(session: Session, began_us: int) -> int:
    """When the first validator reports a block that was committed since it started; ChaosError."""
    members = session.network.members
    while now_us() < began_us + COMMIT_S * SECOND_US:
        if any(await asyncio.gather(*(asyncio.to_thread(is_ready, member.rpc) for member in members))):
            return now_us()
        if all(session.cluster.is_down(index) for index in range(len(members))):
            break
        await asyncio.sleep(0.02)
    words = "; ".join(session.cluster.last_words(index) for index in range(len(members)))
    raise ChaosError(f"nothing new is committed after {COMMIT_S:g} s: {words}", name="cannot_recover")
