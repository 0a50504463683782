"""A validator is killed while payments flow, comes back, catches up and votes again."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from chain.errors import MithqalError
from cli.story.cast import ALICE, COIN, MERCADO
from cli.story.stage import Stage
from node.client.network import Network
from node.client.rpc import RpcClient
from node.client.wallets.calls import execute_calls, payment
from node.client.wallets.wallet import Wallet
from node.view import text

FEWEST = 4
"""Validators from which on one may fail: f = floor((n - 1) / 3)."""
BATCH = 4
"""Payments in flight at once."""
BEFORE, AFTER = 8, 24
"""Payments that are final before the kill, and after it until the story goes on."""
PAUSE_S = 0.05
PATIENCE_S = 20.0


def failure(stage: Stage) -> str | None:
    """Gives why the step is skipped, or None."""
    if stage.validators < FEWEST:
        why = f"of {text.count(stage.validators, 'validator')} none may fail, of {FEWEST} one may"
        stage.say(f"   skipped: {why}")
        roots(stage)
        return why
    victim = stage.network.members[1].name
    final: list[dict[str, Any]] = []
    stop = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        flow = pool.submit(_pay_on, stage.network, final, stop)
        try:
            _until_paid(final, BEFORE, flow)
            stage.supervisor.kill(victim)
            before = len(final)
            stage.say(f"   {victim} is killed with SIGKILL while {ALICE.name} pays {MERCADO.name} again and again")
            _until_paid(final, before + AFTER, flow)
        finally:
            stop.set()
        flow.result()
    slowest = max(item["final_s"] for item in final[before:])
    stage.say(f"   {before} payments were final before, {len(final) - before} after; the slowest took {slowest} s")
    stage.supervisor.restart(victim, foreground=not stage.keep)
    stage.open(stage.supervisor.network)
    version = _until_it_votes(stage, victim)
    stage.say(f"   {victim} runs again, has caught up, and signs blocks again at version {version}")
    roots(stage)
    return None


def _pay_on(network: Network, final: list[dict[str, Any]], stop: threading.Event) -> None:
    """Small payments, a few at a time, until somebody says stop; every one must become final."""
    wallet = Wallet(network)
    calls = [payment(ALICE.name, wallet.find(MERCADO.name), COIN // 100, "XUS")] * BATCH
    while not stop.is_set():
        final += execute_calls(wallet, calls)


def _until_paid(final: list[dict[str, Any]], count: int, flow: "Future[None]") -> None:
    """Wait for payments; MithqalError `not_ready` if they stop. What the payer raises is raised."""
    deadline = time.monotonic() + PATIENCE_S
    while len(final) < count:
        if flow.done():
            flow.result()
        if time.monotonic() > deadline:
            raise MithqalError(f"{len(final)} of {count} payments within {PATIENCE_S:g} s", name="not_ready")
        time.sleep(PAUSE_S)


def _until_it_votes(stage: Stage, name: str) -> int:
    """Wait until a new block carries the validator's signature; gives the version it has reached."""
    deadline = time.monotonic() + PATIENCE_S
    start = stage.wallet.client.call("get_metadata")["height"]
    while time.monotonic() < deadline:
        blocks = stage.wallet.client.call("get_blocks", start + 1, 100)
        for block in blocks:
            if name in block["signer_names"]:
                version: int = block["last_version"]
                return version
        time.sleep(PAUSE_S)
    raise MithqalError(f"{name} signed no block within {PATIENCE_S:.0f} s of its restart", name="not_ready")


def roots(stage: Stage) -> None:
    """Every validator's accumulator root at one version; MithqalError `invariant_violated` if they differ."""
    version = stage.wallet.client.call("get_metadata")["version"]
    found = [_root(member.rpc, version) for member in stage.network.members]
    if len(set(found)) != 1:
        raise MithqalError(f"roots differ at version {version}: {found}", name="invariant_violated")
    stage.document["roots"] = found
    stage.say(
        f"   all of {text.count(len(found), 'validator')} show the accumulator root {found[0]} at version {version}"
    )


def _root(endpoint: tuple[str, int], version: int) -> str:
    """One validator's root at a version, as soon as it has reached it."""
    client = RpcClient([endpoint])
    deadline = time.monotonic() + PATIENCE_S
    try:
        while client.call("get_metadata")["version"] < version:
            if time.monotonic() > deadline:
                raise MithqalError(f"{endpoint} does not reach version {version}", name="not_ready")
            time.sleep(PAUSE_S)
        root: str = client.call("get_metadata", version)["accumulator_root_hash"]
        return root
    finally:
        client.close()
