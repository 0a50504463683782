"""`mithqal lab door`: a network of its own under an honest load, attacked phase by phase on its open ports.

In each phase one process on one core attacks every validator in one way, while honest payers pay at a fixed rate. What
honest users see (round time, finality) is compared with the same before and after all attacks, in the same run.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from chain.crypto.signing import PrivateKey
from chain.primitives import SECOND_US
from node.keystore import new_secret
from node.lab.bench.accounts import fund_senders
from node.lab.bench.crypto import sign_lane
from node.lab.bench.figures import BenchError, latencies_us, percentile
from node.lab.bench.load import run_load
from node.lab.bench.own_network import HonestRun, address_of, honest_lanes, own_address, own_network
from node.lab.door.attacker import PHASES
from node.lab.door.gauges import Logs, read_gauges
from node.localnet.supervisor import Supervisor
from node.runtime import loop

BEFORE, AFTER = "before", "after"
STALL_S = 4
"""So many seconds of honest payments may be under way."""
LANES_A_VALIDATOR = 100
"""Each takes two connections, of the 512 that a validator has for everybody."""
RAMP_S = 1
"""Of each phase, not counted."""
MAX_RATIO = 2.0
"""Of honest round time under attack to the one without (reliability goal G9)."""
MAX_GROWTH_MB = 100
"""Of a validator's memory in a phase (G9)."""


@dataclass(frozen=True, slots=True)
class DoorPlan:
    """What to run: `seconds` for all phases together."""

    validators: int = 4
    seconds: int = 80
    rate: int = 40
    """Honest payments a second."""
    phases: tuple[str, ...] = PHASES

    @property
    def phase_s(self) -> float:
        """Of each phase, the two without an attack included."""
        return max(2.0, self.seconds / (len(self.phases) + 2) - RAMP_S)


def run_door(plan: DoorPlan, say: Callable[[str], None]) -> dict[str, Any]:
    """Run a plan; gives one JSON-ready document. BenchError, and what a network's start raises."""
    with own_network("door", plan.validators) as supervisor, ExitStack() as opened:
        run = _Run(plan, supervisor, opened, say)
        run.prepare()
        return run.measure()


class _Run(HonestRun):
    """The run of a plan."""

    def __init__(
        self, plan: DoorPlan, supervisor: Supervisor, opened: ExitStack, say: Callable[[str], None]
    ) -> None:  # fmt: skip
        """As every run of honest payers."""
        super().__init__(supervisor, opened, say)
        self._plan = plan
        self._secret = new_secret()

    def prepare(self) -> None:
        """Start the validators, make accounts, sign the honest payments."""
        plan = self._plan
        wallet = self._start(plan.validators)
        secrets = [new_secret() for _ in range(min(plan.rate * STALL_S, LANES_A_VALIDATOR * plan.validators))]
        self._say(f"funding {len(secrets)} honest payers, and the attacker ...")
        fund_senders(wallet, [PrivateKey(secret) for secret in (*secrets, self._secret)])
        phases = len(plan.phases) + 2
        batches = int(plan.rate * (plan.phase_s + RAMP_S) * phases / len(secrets)) + phases + 1
        network = self._network
        self._honest = [sign_lane(lane) for lane in honest_lanes(network, secrets, batches)]
        # the attacker's number 0 is used, so that it is old from now on
        (own,) = honest_lanes(network, [self._secret], 1)
        own = own._replace(payees=(address_of(secrets[0]),))
        loop.run(run_load(network.endpoints(), [sign_lane(own)], ramp_us=0, timed_us=SECOND_US, rate=1))

    def measure(self) -> dict[str, Any]:
        """All phases, one after the other."""
        rows = [self._phase(name) for name in (BEFORE, *self._plan.phases, AFTER)]
        quiet = [row for row in rows if row["name"] in (BEFORE, AFTER)]
        baseline = {
            "round_ms": round(statistics.fmean(row["round_ms"] for row in quiet), 2),
            "p99_ms": round(statistics.fmean(row["finality_ms"]["p99"] for row in quiet), 1),
        }
        for row in rows:
            row["ratio"] = round(row["round_ms"] / baseline["round_ms"], 2)
            row["finality_ratio"] = round(row["finality_ms"]["p99"] / baseline["p99_ms"], 2)
        goals = verdict(rows)
        return {
            "phases": rows,
            "baseline": baseline,
            "goals": goals,
            "ok": all(goals.values()),
            "validators": self._plan.validators,
            "rate": self._plan.rate,
            "seconds_a_phase": round(self._plan.phase_s, 2),
            "attacker_address": own_address() or "127.0.0.1, shared with the honest clients",
        }

    def _phase(self, name: str) -> dict[str, Any]:
        """Honest payments for a while, and one attack at the same time."""
        self._say(f"{name.replace('_', ' ')} ...")
        logs, before = Logs(self._network), read_gauges(self._network)
        began = time.monotonic()
        measured, tally = loop.run(self._load(name))
        took_s = time.monotonic() - began
        after = read_gauges(self._network)
        self._spend(measured.batches)
        waits = latencies_us(measured.reports, measured.window)
        pairs = list(zip(before, after, strict=True))
        rounds = max(new.round - old.round for old, new in pairs)
        if not waits or rounds <= 0:
            raise BenchError(f"nothing was final while {name} went on: run longer", name="no_measurements")
        used = [None if new.cpu_s is None or old.cpu_s is None else new.cpu_s - old.cpu_s for old, new in pairs]
        trouble = logs.trouble()
        return {
            "name": name,
            "sent": tally["sent"],
            "taken": tally["taken"],
            "refused": tally["refused"],
            "refused_by_validators": {
                "requests": sum(new.requests_refused - old.requests_refused for old, new in pairs),
                "links": sum(new.links_refused - old.links_refused for old, new in pairs),
            },
            "round_ms": round(took_s * 1_000 / rounds, 2),
            "ratio": 1.0,
            "cpu_s": {
                "validators": None if None in used else [round(seconds or 0.0, 2) for seconds in used],
                "attacker": tally["cpu_s"], "of": round(took_s, 2),
            },
            "finality_ms": {f"p{share}": round(percentile(waits, share) / 1_000, 1) for share in (50, 99)},
            "finality_ratio": 1.0,
            "honest_payments": len(waits),
            "honest_refused": measured.refused,
            "rss_growth_mb": max(round((new.rss_kb - old.rss_kb) / 1_024, 1) for old, new in pairs),
            "unhandled": len(trouble),
            "unhandled_lines": trouble[:5],
        }  # fmt: skip

    async def _load(self, name: str) -> tuple[Any, dict[str, Any]]:
        """The honest load, with the attacker's process beside it."""
        plan = self._plan
        attacking = None if name in (BEFORE, AFTER) else asyncio.create_task(self._attack(name))
        measured = await run_load(
            self._network.endpoints(), self._honest, ramp_us=RAMP_S * SECOND_US,
            timed_us=int(plan.phase_s * SECOND_US), rate=plan.rate,
        )  # fmt: skip
        tally = {"sent": 0, "taken": 0, "refused": {}, "cpu_s": 0.0} if attacking is None else await attacking
        return measured, tally

    async def _attack(self, phase: str) -> dict[str, Any]:
        """One order to a process of its own; BenchError (`attacker_failed`) if that ends otherwise than it should."""
        order = {
            "phase": phase, "network": str(self._network.directory), "secret": self._secret.hex(),
            "seconds": self._plan.phase_s + RAMP_S,
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "node.lab.door.attacker", stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            out, err = await process.communicate(json.dumps(order).encode())
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode != 0:
            raise BenchError(f"the attacker failed: {err.decode(errors='replace')[-500:]}", name="attacker_failed")
        found: dict[str, Any] = json.loads(out)
        return found


def verdict(rows: list[dict[str, Any]]) -> dict[str, bool]:
    """Each goal, and whether every phase reached it."""
    return {
        "round_ratio": all(row["ratio"] <= MAX_RATIO for row in rows),
        "rss_growth": all(row["rss_growth_mb"] <= MAX_GROWTH_MB for row in rows),
        "unhandled": all(row["unhandled"] == 0 for row in rows),
    }


def _cpu(used: dict[str, Any]) -> str:
    """The mean of the validators, the attacker, and the seconds that it took."""
    validators = "?" if used["validators"] is None else f"{statistics.fmean(used['validators']):.1f}"
    return f"{validators}+{used['attacker']:.1f}/{used['of']:.1f}"


def as_lines(document: dict[str, Any]) -> list[str]:
    """The figures in words."""
    numbers = f"{'round ms':>9} {'ratio':>6} {'p99 ms':>8} {'ratio':>6} {'cpu s':>13} {'+MB':>6}"
    lines = [f"{'phase':21} {'sent':>8} {numbers}  unhandled"]
    for row in document["phases"]:
        lines.append(
            f"{row['name']:21} {row['sent']:8} {row['round_ms']:9.1f} {row['ratio']:6.2f}"
            f" {row['finality_ms']['p99']:8.0f} {row['finality_ratio']:6.2f} {_cpu(row['cpu_s']):>13}"
            f" {row['rss_growth_mb']:6.1f}  {row['unhandled']}"
        )
        words = ", ".join(f"{name} {count}" for name, count in row["refused"].items())
        if words:
            lines.append(f"  refused: {words}")
    missed = [name for name, reached in document["goals"].items() if not reached]
    lines.append(f"missed: {', '.join(missed)}" if missed else "every goal was reached")
    return lines
