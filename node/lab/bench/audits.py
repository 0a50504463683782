"""What must hold after a bench: every payment executed once, equal roots, no coin from nothing, a ledger on disk.

All of it is asked through the public RPC and from the processes' own counters.
"""

import os
from collections.abc import Sequence
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

from node.client.network import Member, Network
from node.client.rpc import RpcClient
from node.client.wallets.wallet import Wallet
from node.lab.bench.accounts import balance, read_accounts
from node.lab.bench.crypto import AMOUNT, CURRENCY, FEE, Lane, received
from node.lab.bench.figures import BenchError
from node.localnet.supervisor import Supervisor

CHECKS_METRIC = "mithqal_signature_checks"
PAGE = 100


class Observation(NamedTuple):
    """What one validator's process has used, and how many signatures of transactions it has checked."""

    cpu_s: float
    peak_rss_kb: int
    checks: int


class Expected(NamedTuple):
    """What an account must look like."""

    balance: int
    sequence_number: int


def cpu_s(pid: int | None) -> float:
    """Seconds that a process has used, its own and the system's for it; OSError where there is no /proc."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def observe(network: Network) -> list[Observation]:
    """Every validator, by index."""
    return [_observe(member) for member in network.members]


def _observe(member: Member) -> Observation:
    """One process, from /proc and its own metrics."""
    lines = Path(f"/proc/{member.pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    peak_kb = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    connection = HTTPConnection(*member.rpc, timeout=30)
    try:
        connection.request("GET", "/metrics")
        metrics = connection.getresponse().read().decode()
    finally:
        connection.close()
    checks = next(float(line.split()[1]) for line in metrics.splitlines() if line.startswith(f"{CHECKS_METRIC} "))
    return Observation(cpu_s(member.pid), peak_kb, int(checks))


def signatures_checked(before: Sequence[Observation], after: Sequence[Observation], payments: int) -> str:
    """ "all", if each validator checked at least as many signatures as payments were committed.

    BenchError (`invariant_violated`) otherwise.
    """
    for index, (old, new) in enumerate(zip(before, after, strict=True)):
        if new.checks - old.checks < payments:
            raise BenchError(
                f"validator {index} checked {new.checks - old.checks} signatures of {payments} payments",
                name="invariant_violated",
            )
    return "all"


def expected_balances(
    lanes: Sequence[Lane], used: Sequence[int], senders: Sequence[bytes], share: int
) -> dict[bytes, Expected]:
    """Each sender's account after all batches that were used, each payment executed exactly once."""
    coins = dict.fromkeys(senders, share)
    numbers: dict[bytes, int] = {}
    at = 0
    for lane, batches in zip(lanes, used, strict=True):
        for sender in senders[at : at + len(lane.secrets)]:
            numbers[sender] = batches * lane.each
            coins[sender] -= numbers[sender] * (AMOUNT + FEE)
        at += len(lane.secrets)
        for payee, count in received(lane, batches).items():
            coins[payee] += count * AMOUNT
    return {sender: Expected(coins[sender], numbers[sender]) for sender in senders}


def audit(clients: Sequence[RpcClient], network: Network, expected: dict[bytes, Expected]) -> dict[str, Any]:
    """Compare balances with what was paid, sums with the supply, and roots with each other.

    BenchError (`invariant_violated`) names what differs.
    """
    tips = [client.call("get_metadata") for client in clients]
    version = min(tip["version"] for tip in tips)
    roots = [client.call("get_metadata", version)["accumulator_root_hash"] for client in clients]
    if len(set(roots)) != 1:
        raise BenchError(f"validators have different roots at version {version}: {roots}", name="invariant_violated")
    accounts = read_accounts(clients[-1], expected)
    for address, wanted in expected.items():
        account = accounts[address]
        found = Expected(balance(account), account["sequence_number"])
        if found != wanted:
            raise BenchError(f"account {address.hex()} is {found}, not {wanted}", name="invariant_violated")
    wallet = Wallet(network)
    others = read_accounts(clients[-1], [entry.address for entry in wallet.entries()])
    wallet.close()
    held = sum(map(balance, (accounts | others).values()))
    coin = next(item for item in clients[-1].call("get_currencies") if item["code"] == CURRENCY)
    totals = {
        "supply": coin["total_value"], "balances": held, "preburn": coin["preburn_value"], "fees": coin["fees"],
        "receipts": coin["receipts_deposited"] - coin["receipts_released"],
    }  # fmt: skip
    if not held + totals["preburn"] + totals["fees"] == totals["supply"] == totals["receipts"]:
        raise BenchError(f"{CURRENCY} does not add up: {totals}", name="invariant_violated")
    return {
        "version": version, "height": min(tip["height"] for tip in tips), "root": roots[0],
        "validators_agreeing": len(roots), "accounts": len(accounts) + len(others), "totals": {CURRENCY: totals},
    }  # fmt: skip


def survives_kill(supervisor: Supervisor, audited: dict[str, Any]) -> bool:
    """SIGKILL every validator, start all again, and find the audited root at its version on each.

    BenchError (`invariant_violated`) if one has lost it.
    """
    for member in supervisor.network.members:
        supervisor.kill(member.name)
    for member in supervisor.up(foreground=True).members:
        client = RpcClient([member.rpc])
        try:
            root = client.call("get_metadata", audited["version"])["accumulator_root_hash"]
        finally:
            client.close()
        if root != audited["root"]:
            raise BenchError(f"{member.name} lost its ledger when it was killed", name="invariant_violated")
    return True


def block_sizes(client: RpcClient, above_height: int, height: int) -> dict[str, Any]:
    """Blocks with payments in a range of heights: how many, and how many payments each."""
    sizes: list[int] = []
    for first in range(above_height + 1, height + 1, PAGE):
        limit = min(PAGE, height - first + 1)
        sizes += [block["transactions"] for block in client.call("get_blocks", first, limit) if block["transactions"]]
    return {
        "count": len(sizes),
        "payments_mean": round(sum(sizes) / max(1, len(sizes)), 1),
        "payments_max": max(sizes, default=0),
    }
