"""Epoch changes under load: 4 -> 5 -> 4 validators and a new key, while payments leave at a fixed rate.

Every payment is followed to finality; afterwards each one is looked for on the ledger, balances are compared to the
micro-unit, and a proof is checked from the genesis waypoint across all epochs.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from chain.crypto.signing import PrivateKey
from chain.errors import MithqalError
from chain.primitives import SECOND_US
from node.client.network import Network
from node.client.proofs import fetch_transaction
from node.client.rpc import RpcClient
from node.client.wallets.wallet import Wallet
from node.keystore import new_secret
from node.lab.bench import audits
from node.lab.bench.accounts import fund_senders
from node.lab.bench.crypto import Batch, Lane, sign_lane
from node.lab.bench.figures import BenchError, Report, latencies_us, percentile
from node.lab.bench.load import Measured, run_load
from node.lab.bench.own_network import address_of, honest_lanes, own_network
from node.localnet.bootstrap import bootstrap
from node.localnet.membership import Change
from node.localnet.supervisor import Supervisor
from node.runtime import loop

LANES = 40
"""Senders; each has one payment under way."""
PAGE = 500
NEWCOMER, LEAVER = "validator-4", "validator-1"
TARGET_S = 5.0
"""What a change may take."""


@dataclass(frozen=True, slots=True)
class EpochPlan:
    """What to run."""

    rate: int = 100
    """Payments a second."""
    seconds: int = 25
    """How long payments leave; the changes must be done by then."""
    pause_s: float = 2.0
    """Between two changes, and before the first."""
    keep: Path | None = None


def run_epochs(plan: EpochPlan, say: Callable[[str], object]) -> dict[str, Any]:
    """Measure a network of its own; BenchError (`invariant_violated`: a payment is lost or doubled, `too_slow`)."""
    with own_network("epochs", keep=plan.keep) as supervisor:
        say("starting 4 validators ...")
        supervisor.up(foreground=True)
        return _measure(plan, supervisor.network, supervisor, say)


def _measure(
    plan: EpochPlan, network: Network, supervisor: Supervisor, say: Callable[[str], object]
) -> dict[str, Any]:  # fmt: skip
    """Fund, sign, load, change, audit."""
    wallet = bootstrap(network)
    secrets = [new_secret() for _ in range(LANES)]
    keys = [PrivateKey(secret) for secret in secrets]
    share = fund_senders(wallet, keys)
    addresses = [address_of(secret) for secret in secrets]
    lanes, signed = _sign(plan, network, secrets)
    first_version = wallet.client.call("get_metadata")["version"] + 1
    say(f"{plan.rate} payments/s for {plan.seconds} s, with three changes meanwhile ...")
    with ThreadPoolExecutor(1, "changes") as thread:
        running = thread.submit(_changes, plan, supervisor, network, say)
        load = run_load(
            network.endpoints(), signed, ramp_us=0, timed_us=plan.seconds * SECOND_US, rate=plan.rate
        )  # fmt: skip
        measured: Measured = loop.run(load)
        changes = _result(running)
    wallet.close()
    say("looking for every payment on the ledger ...")
    clients = [RpcClient([member.rpc], chain_id=network.chain_id) for member in supervisor.network.members]
    try:
        counts = _payments(clients[0], first_version, set(addresses))
        sent = sum(report.payments for report in measured.reports)
        audits.audit(clients, supervisor.network, audits.expected_balances(lanes, measured.batches, addresses, share))
        proof = _proof(clients, network.waypoint)
    finally:
        for client in clients:
            client.close()
    document = {
        "validators": 4, "rate": plan.rate, "seconds": plan.seconds, "changes": changes,
        "slowest_change_s": max(item["seconds"] for item in changes), "target_s": TARGET_S,
        "longest_pause_s": longest_pause_s(measured.reports),
        "finality_ms": _finality(measured),
        "payments": {
            "sent": sent, "final": len(counts), "lost": sent - len(counts),
            "doubled": sum(1 for count in counts.values() if count > 1), "refused_at_first": measured.refused,
        },
        "epochs": changes[-1]["epoch"], "proof_from_genesis": proof,
    }  # fmt: skip
    return check(document)


def check(document: dict[str, Any]) -> dict[str, Any]:
    """The document, if no payment is lost or doubled; BenchError (`invariant_violated`)."""
    payments = document["payments"]
    if payments["lost"] or payments["doubled"]:
        raise BenchError(f"payments were lost or doubled: {payments}", name="invariant_violated")
    return document


def _sign(plan: EpochPlan, network: Network, secrets: Sequence[bytes]) -> tuple[list[Lane], list[list[Batch]]]:
    """Payments for the whole run, one a batch, with room for a lane that is used more than others."""
    batches = 2 * plan.rate * plan.seconds // LANES + 20
    lanes = honest_lanes(network, secrets, batches)
    return lanes, [sign_lane(lane) for lane in lanes]


def _changes(
    plan: EpochPlan, supervisor: Supervisor, network: Network, say: Callable[[str], object]
) -> list[dict[str, Any]]:  # fmt: skip
    """One more validator, one less, and a new key, each waited for; in a thread of its own, with its own wallet."""
    wallet = Wallet(network)
    change = Change(supervisor, wallet, say)
    steps: tuple[tuple[str, Callable[[str], dict[str, Any]], str], ...] = (
        ("add", change.add, NEWCOMER), ("remove", change.remove, LEAVER), ("rotate-key", change.rotate, NEWCOMER),
    )  # fmt: skip
    done = []
    try:
        for name, act, whom in steps:
            time.sleep(plan.pause_s)
            began = time.monotonic()
            found = act(whom)
            done.append({
                "change": name, "validator": found["validator"], "epoch": found["epoch"],
                "seconds": found["seconds"], "command_seconds": round(time.monotonic() - began, 3),
            })  # fmt: skip
    finally:
        wallet.close()
    return done


def _result(running: "Future[list[dict[str, Any]]]") -> list[dict[str, Any]]:
    """The changes; BenchError (`too_slow`) if the load ended before them."""
    if not running.done():
        running.result()
        raise BenchError("the changes took longer than the load: run for more seconds", name="too_slow")
    return running.result()


def _payments(client: RpcClient, version: int, senders: set[bytes]) -> Counter[tuple[str, int]]:
    """How often each payment of the senders, by sender and number, stands on the ledger as executed."""
    counts: Counter[tuple[str, int]] = Counter()
    while rows := client.call("get_transactions", version, PAGE, False):
        for row in rows:
            body = row["transaction"]
            is_ours = body["type"] == "user" and bytes.fromhex(body["sender"]) in senders
            if is_ours and row["vm_status"]["type"] == "executed":
                counts[body["sender"], body["sequence_number"]] += 1
        version += len(rows)
    return counts


def _proof(clients: Sequence[RpcClient], waypoint: str) -> dict[str, Any]:
    """Whether each validator's proof of its last transaction holds from the genesis waypoint."""
    try:
        found = [
            fetch_transaction(client, str(client.call("get_metadata")["version"]), waypoint)[0] for client in clients
        ]
    except MithqalError as error:
        return {"holds": False, "why": error.message}
    return {"holds": True, "validators": len(found)}


def longest_pause_s(reports: Sequence[Report]) -> float:
    """The longest time in which no payment became final, from the first that did to the last."""
    ends = sorted(report.committed_us for report in reports)
    return round(max((later - earlier for earlier, later in pairwise(ends)), default=0) / SECOND_US, 3)


def _finality(measured: Measured) -> dict[str, float]:
    """Time from the planned moment to finality."""
    waits = latencies_us(measured.reports, measured.window)
    return {name: round(percentile(waits, part) / 1000, 1) for name, part in (("p50", 50), ("p99", 99), ("max", 100))}
