"""`mithqal bench throughput`: payments a second of a network of processes on this machine, against Ed25519's bound.

In order: measure the bound while nothing else runs; start a network of its own; fund senders; sign every payment;
load all validators; stop loading and wait; compare every balance, every root, and what each validator checked; kill
all validators, start them again and look whether the ledger is still there. What is not as it must be is an error
with exit code 8, never a figure.
"""

import importlib.metadata
import os
import platform
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from chain.crypto.signing import PrivateKey, RealSignatures
from chain.primitives import SECOND_US
from node.client.network import Network
from node.client.rpc import RpcClient
from node.keystore import new_secret
from node.lab.bench import audits
from node.lab.bench.accounts import fund_senders
from node.lab.bench.crypto import AMOUNT, FEE, Batch, Lane, Speed, cores, measure_checks, sign_lane, workers
from node.lab.bench.figures import (
    BenchError,
    committed_within,
    latencies_us,
    percentile,
    ratio_by_cpu,
    signature_bound,
)
from node.lab.bench.load import Measured, run_load
from node.lab.bench.own_network import LIFETIME_S
from node.localnet.bootstrap import bootstrap
from node.localnet.build import build_network
from node.localnet.supervisor import Supervisor
from node.runtime import loop

LANES = 160
"""Without a rate: so many batches are under way, one a lane; the lanes are shared out over the validators."""
SENDERS_A_LANE, PAYMENTS_A_SENDER = 2, 10
MAX_BATCH = 20
MAX_LANES = 400
"""Each takes two of the 1,024 files that a process may usually open."""
STALL_S = 3
"""With a rate, so many seconds of payments may be under way before the plan waits."""
SIGNED_SHARE = 0.7
"""Without a rate so much of the bound is signed ahead; a run that needs more ends early, and says so."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. `rate` None loads as fast as answers come."""

    validators: int = 4
    seconds: int = 20
    ramp_seconds: int = 3
    rate: int | None = None
    keep: Path | None = None


class Shape(NamedTuple):
    """How the load is cut: lanes, senders a lane, payments a sender in each batch, batches a lane."""

    lanes: int
    senders: int
    each: int
    batches: int


def shape_of(plan: Plan, bound_per_s: float) -> Shape:
    """Lanes and batches for a plan on a machine with this bound."""
    seconds = plan.seconds + plan.ramp_seconds
    if plan.rate is None:
        lanes, senders, each = LANES, SENDERS_A_LANE, PAYMENTS_A_SENDER
        payments = int(bound_per_s * SIGNED_SHARE * seconds)
    else:
        senders, each = max(1, min(MAX_BATCH, plan.rate // 100)), 1
        lanes = min(-(-plan.rate * STALL_S // senders), MAX_LANES)
        payments = plan.rate * seconds + lanes * senders
    return Shape(lanes, senders, each, -(-payments // (lanes * senders * each)) + 1)


def run_bench(plan: Plan, say: Callable[[str], None]) -> dict[str, Any]:
    """Run a plan; gives one JSON-ready document. `say` is told what happens.

    Raises BenchError (`invariant_violated`, `not_committed`, `directory_not_empty`), and what a network's start raises.
    """
    if plan.keep is not None and plan.keep.exists() and any(plan.keep.iterdir()):
        raise BenchError(f"{plan.keep} is not empty: name a new directory", name="directory_not_empty")
    directory = plan.keep or Path(tempfile.mkdtemp(prefix="mithqal-bench-"))
    try:
        with workers() as pool:
            say("measuring how fast this machine checks signatures ...")
            speeds = measure_checks(pool)
            bound = _bound(plan, speeds)
            say(f"{bound * plan.validators:.0f} checks/s on {len(speeds)} cores: at most {bound:.0f} payments/s")
            run = _Run(plan, directory, say)
            try:
                run.prepare(pool, bound)
                document = run.measure()
            finally:
                run.stop()
            speeds_after = measure_checks(pool)
    finally:
        if plan.keep is None:
            shutil.rmtree(directory, ignore_errors=True)
    return _document(plan, speeds, speeds_after, document)


class _Run:
    """One network, from its making to its end."""

    def __init__(self, plan: Plan, directory: Path, say: Callable[[str], None]) -> None:
        """Nothing made yet."""
        self._plan, self._say = plan, say
        self._network: Network = build_network(directory, plan.validators)
        self._supervisor = Supervisor(directory)
        self._keys: list[PrivateKey] = []
        self._addresses: list[bytes] = []
        self._lanes: list[Lane] = []
        self._signed: list[list[Batch]] = []
        self._share = 0
        self._opened = ExitStack()

    def prepare(self, pool: ProcessPoolExecutor, bound: float) -> None:
        """Start the validators, make and fund the senders, sign all payments."""
        self._say(f"starting {self._plan.validators} validators ...")
        self._network = self._supervisor.up(foreground=True)
        wallet = bootstrap(self._network)
        self._opened.callback(wallet.close)
        shape = shape_of(self._plan, bound)
        secrets = [new_secret() for _ in range(shape.lanes * shape.senders)]
        self._keys = [PrivateKey(secret) for secret in secrets]
        self._say(f"funding {len(secrets)} senders ...")
        self._share = fund_senders(wallet, self._keys)
        each = shape.batches * shape.each
        if each * (AMOUNT + FEE) > self._share:
            raise BenchError(f"a sender cannot afford {each} payments: run for fewer seconds", name="too_long")
        self._say(f"signing {len(secrets) * each} payments ...")
        addresses = self._addresses = [bytes(key.authentication_key()[16:]) for key in self._keys]
        self._lanes = [
            Lane(
                tuple(secrets[first : first + shape.senders]),
                (*addresses[first + shape.senders :], *addresses[: first + shape.senders]),
                shape.batches, shape.each, self._network.genesis_hash, self._network.chain_id,
                int(time.time()) + LIFETIME_S,
            )
            for first in range(0, len(secrets), shape.senders)
        ]  # fmt: skip
        running = [pool.submit(sign_lane, lane) for lane in self._lanes]
        self._signed = [item.result() for item in running]

    def measure(self) -> dict[str, Any]:
        """Load, wait, audit."""
        plan, network = self._plan, self._network
        clients = [RpcClient([member.rpc], chain_id=network.chain_id) for member in network.members]
        for client in clients:
            self._opened.callback(client.close)
        before = audits.observe(network)
        self._say(f"loading for {plan.ramp_seconds} + {plan.seconds} s ...")
        first_height = clients[0].call("get_metadata")["height"]
        own_cpu_s = time.process_time()
        ramp_us, timed_us = plan.ramp_seconds * SECOND_US, plan.seconds * SECOND_US
        load = run_load(network.endpoints(), self._signed, ramp_us=ramp_us, timed_us=timed_us, rate=plan.rate)
        measured = loop.run(load)
        own_cpu_s = time.process_time() - own_cpu_s
        after = audits.observe(network)
        figures = self._figures(measured)
        self._say("auditing balances, roots and checks ...")
        paid = audits.expected_balances(self._lanes, measured.batches, self._addresses, self._share)
        audit = audits.audit(clients, network, paid)
        payments = sum(report.payments for report in measured.reports)
        checked = audits.signatures_checked(before, after, payments)
        self._say("killing all validators and starting them again ...")
        durable = audits.survives_kill(self._supervisor, audit)
        return {
            **figures,
            "blocks": audits.block_sizes(clients[0], first_height, audit["height"]),
            "cpu_us_a_payment": _cpu(before, after, own_cpu_s, payments),
            "peak_rss_mb": round(max(item.peak_rss_kb for item in after) / 1024, 1),
            "signature_checks": checked,
            "signature_checks_a_payment": round(_mean_use("checks", before, after) / payments, 3),
            "durable": durable,
            "audit": audit,
        }

    def _figures(self, measured: Measured) -> dict[str, Any]:
        """What the window says."""
        window = measured.window
        if window.seconds <= 0 or not measured.reports:
            raise BenchError("no payment was committed within the window: run longer", name="no_measurements")
        committed = committed_within(measured.reports, window)
        waits = latencies_us(measured.reports, window)
        return {
            "seconds": round(window.seconds, 3),
            "payments": committed,
            "payments_submitted": sum(report.payments for report in measured.reports),
            "senders": len(self._keys),
            "refused": measured.refused,
            "committed_per_s": round(committed / window.seconds, 1),
            "finality_ms": {
                "p50": round(percentile(waits, 50) / 1000, 1), "p99": round(percentile(waits, 99) / 1000, 1)
            },
            "finality_samples": len(waits),
        }  # fmt: skip

    def stop(self) -> None:
        """Close what was opened, stop every validator."""
        self._opened.close()
        self._supervisor.down()


def _mean_use(what: str, before: list[audits.Observation], after: list[audits.Observation]) -> float:
    """By how much a count of the validators grew, on average."""
    return statistics.fmean(getattr(new, what) - getattr(old, what) for old, new in zip(before, after, strict=True))


def _cpu(
    before: list[audits.Observation], after: list[audits.Observation], own_cpu_s: float, payments: int
) -> dict[str, float]:
    """Processor time a payment: of one validator on average, and of the load's own process."""
    return {
        "validator": round(_mean_use("cpu_s", before, after) * SECOND_US / payments, 1),
        "load_generator": round(own_cpu_s * SECOND_US / payments, 1),
    }


def _bound(plan: Plan, speeds: list[Speed]) -> float:
    """Payments a second that signature checks alone allow."""
    return signature_bound([speed.per_s for speed in speeds], plan.validators)


def _document(plan: Plan, before: list[Speed], after: list[Speed], figures: dict[str, Any]) -> dict[str, Any]:
    """Everything beside the figures that a reader needs to judge them.

    The bound counts as it was before the run; the one after it tells how steady the machine was.
    """
    bound, cpu = _bound(plan, before), figures["cpu_us_a_payment"]
    check_us = statistics.fmean(speed.cpu_us for speed in before)
    ratio_cpu = ratio_by_cpu(
        check_us=check_us, validator_us=cpu["validator"], load_us=cpu["load_generator"], validators=plan.validators
    )
    return {
        **figures,
        "bound_per_s": round(bound, 1),
        "bound_after_per_s": round(_bound(plan, after), 1),
        "ratio_to_bound": round(figures["committed_per_s"] / bound, 3),
        "ratio_by_cpu": round(ratio_cpu, 3),
        "checks_per_s_a_core": [round(speed.per_s, 1) for speed in before],
        "cpu_us_a_check": round(check_us, 1),
        "offered_per_s": plan.rate,
        "validators": plan.validators,
        "ramp_seconds": plan.ramp_seconds,
        "ledger": None if plan.keep is None else str(plan.keep),
        "machine": {"cores": cores(), "system": platform.system(), "load_before": round(os.getloadavg()[0], 2)},
        "python": platform.python_version(),
        "signatures": f"{RealSignatures.name} by PyNaCl {importlib.metadata.version('PyNaCl')}",
    }
