"""A validator is killed while payments flow, comes back, catches up and votes again."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chain.errors import MithqalError
from cli.story.cast import ALICE, COIN, MERCADO
from cli.story.stage import Stage
from node.client.calls import execute_calls, payment
from node.client.rpc import RpcClient
from node.client.wallet import Wallet

FEWEST = 4
"""Validators from which on one may fail: f = floor((n - 1) / 3)."""
FLOW = 60
PAUSE_S = 0.05
PATIENCE_S = 20.0


def failure(stage: Stage) -> str | None:
    """Gives why the step is skipped, or None."""
    if stage.validators < FEWEST:
        stage.say(f"   skipped: {stage.validators} validators tolerate no failure, {FEWEST} tolerate one")
        roots(stage)
        return f"{stage.validators} validators tolerate no failure; {FEWEST} tolerate one"
    victim = stage.network.members[1].name
    with ThreadPoolExecutor(1) as pool:
        flowing = pool.submit(_pay_on, Wallet(stage.network))
        time.sleep(4 * PAUSE_S)
        stage.supervisor.kill(victim)
        stage.say(f"   {victim} is killed with SIGKILL while {ALICE.name} pays {MERCADO.name} again and again")
        final = flowing.result()
    stage.say(f"   all {len(final)} payments are final, with three of {stage.validators} validators for the later ones")
    stage.supervisor.restart(victim, foreground=not stage.keep)
    stage.open(stage.supervisor.network)
    version = _until_it_votes(stage, victim)
    stage.say(f"   {victim} runs again, has caught up to version {version}, and signs blocks again")
    roots(stage)
    return None


def _pay_on(wallet: Wallet) -> list[dict[str, Any]]:
    """Many small payments in a row; every one must become final."""
    calls = [payment(ALICE.name, wallet.find(MERCADO.name), COIN // 100, "XUS") for _ in range(FLOW)]
    return execute_calls(wallet, calls)


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
    stage.say(f"   all {len(found)} show the same accumulator root at version {version}: {found[0]}")


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
