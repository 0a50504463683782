"""The attacker's process: `python -m node.lab.door.attacker` with one order as JSON on its standard input.

It takes one core at the lowest priority, reads whom it may attack from `network.json` itself, and refuses everything
that is not a loopback address of that network.
"""

import asyncio
import ipaddress
import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from chain.crypto.signing import PrivateKey
from chain.errors import MithqalError
from node.client.network import Network, load_network
from node.config import Endpoint
from node.keystore import load_key
from node.lab.bench.own_network import own_address
from node.lab.door import http_attacks, payloads, peer_attacks
from node.lab.door.http_attacks import Attack
from node.lab.door.talk import Tally
from node.runtime import loop
from node.wire.hello import VERSION, Hello

PHASES = (
    "slow_loris", "malformed_http", "malformed_json", "batch_bombs", "pipelining", "unread_answers",
    "invalid_transactions", "validators_port",
)  # fmt: skip
SLOW_CONNECTIONS = 1_000
"""Of the slow-loris to each validator."""
FLOOD_PER_S = 5_000
"""Transactions a second, at all validators together."""
FLOOD_CONNECTIONS = 16
"""To each validator."""
INVALID_OF_A_KIND = 400
FILES = 6_000
"""That the attacker opens at once, if the system lets it."""


def check_targets(network: Network, endpoints: Sequence[Endpoint]) -> None:
    """MithqalError (`foreign_target`) unless each is an address of this network and on loopback."""
    own = {address for member in network.members for address in (member.rpc, member.p2p)}
    for host, port in endpoints:
        try:
            is_here = host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            is_here = False
        if not is_here or (host, port) not in own:
            raise MithqalError(
                f"{host}:{port} is no loopback address of this network: nothing else is attacked", name="foreign_target"
            )


def attacks_of(phase: str, network: Network, secret: bytes) -> list[tuple[Endpoint, list[Attack]]]:
    """Who is attacked in a phase, and by what at once."""
    rpc = network.endpoints()
    if phase == "validators_port":
        return [(member.p2p, _on_peers(network, place)) for place, member in enumerate(network.members)]
    if phase == "invalid_transactions":
        envelopes = payloads.invalid_transactions(
            PrivateKey(secret), network.chain_id, network.genesis_hash, INVALID_OF_A_KIND
        )
        attack = http_attacks.flood_of(payloads.submissions(envelopes), FLOOD_PER_S // (FLOOD_CONNECTIONS * len(rpc)))
        return [(endpoint, [attack] * FLOOD_CONNECTIONS) for endpoint in rpc]
    many: dict[str, list[Attack]] = {
        "slow_loris": [http_attacks.slow] * SLOW_CONNECTIONS,
        "malformed_http": [http_attacks.bad_http] * 16,
        "malformed_json": [http_attacks.bad_json] * 8,
        "batch_bombs": [http_attacks.bombs] * 4,
        "pipelining": [http_attacks.ahead] * 4,
        "unread_answers": [http_attacks.unread] * 50,
    }
    return [(endpoint, many[phase]) for endpoint in rpc]


def _on_peers(network: Network, place: int) -> list[Attack]:
    """All attacks on one validator's port; the recording is of the last validator dialling it."""
    secrets = [_network_secret(member.directory) for member in network.members]
    keys = [load_key(member.directory / "keys" / "network.json").public_key for member in network.members]
    last = len(secrets) - 1
    hello = Hello(VERSION, network.chain_id, network.genesis_hash, last, keys[last]).to_bytes()
    dialler = secrets[last] if last != place else bytes([9]) * 32
    recorded = peer_attacks.recorded_handshake(dialler, secrets[place], hello)
    return [
        *[peer_attacks.garbage] * 4, *[peer_attacks.silence] * 40, *[peer_attacks.wrong_key(keys[place])] * 4,
        *[peer_attacks.replay(recorded)] * 4,
    ]  # fmt: skip


def _network_secret(directory: Path) -> bytes:
    """The network key of a validator of our own network: to record a handshake that somebody could have listened to."""
    return bytes.fromhex(json.loads((directory / "keys" / "network.json").read_text(encoding="utf-8"))["secret"])


async def attack(phase: str, network: Network, secret: bytes, seconds: float) -> Tally:
    """Attack for a while."""
    plan = attacks_of(phase, network, secret)
    check_targets(network, [endpoint for endpoint, _ in plan])
    tally, source = Tally(), own_address()
    tasks = [
        asyncio.create_task(item(endpoint, source, tally))
        for turn in range(max(len(items) for _, items in plan))
        for endpoint, items in plan
        for item in items[turn : turn + 1]
    ]
    await asyncio.wait(tasks, timeout=seconds)
    for task in tasks:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, Exception):
            tally.refused[f"attacker_failed_{type(ended).__name__}"] += 1
    return tally


def settle_down() -> None:
    """One core, last in line, many files."""
    os.nice(10)
    if hasattr(os, "sched_setaffinity"):
        with suppress(OSError):
            os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def main() -> None:
    """Read an order, carry it out, print the tally."""
    order: dict[str, Any] = json.loads(sys.stdin.read())
    settle_down()
    network = load_network(Path(order["network"]))
    tally = loop.run(attack(order["phase"], network, bytes.fromhex(order["secret"]), order["seconds"]))
    document = {
        "sent": tally.sent, "taken": tally.taken, "refused": dict(sorted(tally.refused.items())),
        "cpu_s": round(time.process_time(), 2),
    }  # fmt: skip
    sys.stdout.write(json.dumps(document) + "\n")


if __name__ == "__main__":
    main()
