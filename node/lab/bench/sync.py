"""How long a wiped validator takes until it votes again, with a short ledger and with a long one.

Each size is a network of its own, whose ledger is made first (`made_ledger`). Then its processes run, one of them
is killed and loses its ledger (the signing record stays), and is started again. It votes again when a certificate
of a block holds its signature. With `replay` the same is measured without a snapshot.
"""

import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chain.errors import MithqalError
from node.client.network import GENESIS_FILE, Member, Network
from node.client.rpc import RpcClient
from node.lab.bench.figures import BenchError
from node.lab.bench.made_ledger import LEDGER_FILE, MadeLedger
from node.localnet.build import build_network
from node.localnet.genesis import load_genesis
from node.localnet.supervisor import Supervisor

VALIDATORS = 4
WIPED = 3
"""The validator that loses its ledger."""
ACCOUNTS = 1_000
POLL_S = 0.02
TARGET_S, TARGET_RATIO = 15.0, 1.5
SAY_EVERY = 100_000


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """What to measure."""

    sizes: tuple[int, ...] = (50_000, 500_000)
    """User transactions of each ledger, ascending."""
    accounts: int = ACCOUNTS
    runs: int = 3
    """How often each is wiped: the slowest is shown, the ratio is of the medians."""
    replay: bool = False
    """By every block from genesis on."""
    timeout_s: float = 600.0


def run_sync(plan: SyncPlan, say: Callable[[str], object]) -> dict[str, Any]:
    """Measure each size; BenchError (`invariant_violated`: another root, or not the way that was asked for)."""
    rows = [_measure_size(plan, size, say) for size in plan.sizes]
    first, last = rows[0], rows[-1]
    return {
        "validators": VALIDATORS, "accounts": plan.accounts, "by": "replay" if plan.replay else "snapshot",
        "ledgers": rows, "ratio": round(last["median_seconds"] / first["median_seconds"], 2),
        "target_s": TARGET_S, "target_ratio": TARGET_RATIO,
    }  # fmt: skip


def _measure_size(plan: SyncPlan, size: int, say: Callable[[str], object]) -> dict[str, Any]:
    """One network: make it, run it, wipe one validator."""
    directory = Path(tempfile.mkdtemp(prefix="mithqal-sync-"))
    supervisor: Supervisor | None = None
    try:
        network = build_network(directory, VALIDATORS)
        say(f"making a ledger of {size:,} transactions ...")
        began = time.monotonic()
        made = make_ledger(network, directory, plan.accounts, size, say)
        seconds = round(time.monotonic() - began, 1)
        supervisor = Supervisor(directory)
        supervisor.up(foreground=True, timeout_s=plan.timeout_s)
        runs = [_wipe_once(plan, supervisor, say) for _ in range(plan.runs)]
        slowest = max(runs, key=lambda run: float(run["seconds_to_vote"]))
        median = statistics.median(run["seconds_to_vote"] for run in runs)
        return {"transactions": made, "made_in_s": seconds, **slowest, "median_seconds": median, "runs": runs}
    finally:
        if supervisor is not None:
            supervisor.down()
        shutil.rmtree(directory, ignore_errors=True)


def make_ledger(network: Network, directory: Path, accounts: int, size: int, say: Callable[[str], object]) -> int:
    """Give each validator of a new network a ledger of `size` user transactions; gives their number."""
    document = load_genesis(directory / GENESIS_FILE)
    path = directory / "made" / LEDGER_FILE
    made = MadeLedger(network, document, path)
    made.grow(accounts, size, lambda count: say(f"{count:,} ...") if count % SAY_EVERY == 0 else None)
    made.hand_out()
    shutil.rmtree(path.parent)
    return made.transactions


def _wipe_once(plan: SyncPlan, supervisor: Supervisor, say: Callable[[str], object]) -> dict[str, Any]:
    """Kill, wipe, start, wait for a vote."""
    member = supervisor.network.members[WIPED]
    others = [other for place, other in enumerate(supervisor.network.members) if place != WIPED]
    supervisor.kill(member.name)
    for path in (member.directory / "data").glob(f"{LEDGER_FILE}*"):
        path.unlink()
    client = RpcClient([other.rpc for other in others])
    try:
        began, began_us = time.monotonic(), time.time_ns() // 1_000
        supervisor.restart(member.name, foreground=True, replay=plan.replay, timeout_s=plan.timeout_s)
        answers_s = time.monotonic() - began
        _wait_for_vote(client, began_us, began + plan.timeout_s)
        seconds = time.monotonic() - began
        base = _check(plan, member, client)
    finally:
        client.close()
    say(f"{member.name} votes again after {seconds:.2f} s")
    return {
        "seconds_to_vote": round(seconds, 2), "seconds_to_answer": round(answers_s, 2), "snapshot_version": base
    }  # fmt: skip


def _wait_for_vote(client: RpcClient, since_us: int, deadline: float) -> None:
    """Until the wiped validator has signed the certificate of a block that was proposed after a time by the clock.

    BenchError (`too_slow`).
    """
    while True:
        for block in client.call("get_blocks", None, 2):
            if block["timestamp_usecs"] > since_us and WIPED in block["signers"]:
                return
        if time.monotonic() > deadline:
            raise BenchError(f"validator-{WIPED} has not voted in time", name="too_slow")
        time.sleep(POLL_S)


def _check(plan: SyncPlan, member: Member, others: RpcClient) -> int:
    """The wiped validator has the others' root, by the way that was asked for; the version that it began with."""
    own = RpcClient([member.rpc])
    try:
        tip = _tip(own)
        root = others.call("get_metadata", tip["version"])["accumulator_root_hash"]
        if root != tip["accumulator_root_hash"]:
            raise BenchError(f"{member.name} has another root at version {tip['version']}", name="invariant_violated")
        base = oldest_kept(own)
    finally:
        own.close()
    if plan.replay != (base == 0):
        raise BenchError(f"{member.name} began at version {base}", name="invariant_violated")
    return base


def oldest_kept(client: RpcClient) -> int:
    """The version that a validator's ledger begins with: 0, or that of a snapshot."""
    try:
        client.call("get_transactions", 1, 1, False)
    except MithqalError as error:
        if error.name == "version_pruned":
            oldest = error.details["oldest"]
            assert isinstance(oldest, int)
            return oldest
        raise
    return 0


def _tip(client: RpcClient) -> dict[str, Any]:
    """Metadata of the last block."""
    found: dict[str, Any] = client.call("get_metadata")
    return found


def as_lines(document: dict[str, Any]) -> list[str]:
    """The figures in words."""
    lines = [
        f"{row['transactions']:>9,} transactions  votes again after {row['seconds_to_vote']:6.2f} s, the slowest of"
        f" {len(row['runs'])}; median {row['median_seconds']:.2f} s"
        for row in document["ledgers"]
    ]
    return [*lines, f"ratio {document['ratio']:.2f}, by {document['by']}, {document['accounts']:,} accounts"]
