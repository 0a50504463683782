"""A network of one real validator inside of the test's process: its directory on disk, its ledger in memory, no socket.

Whoever asks the endpoint in its `network.json` is answered by the validator's own JSON-RPC, so that wallets and
commands run as they are.
"""

import asyncio
import json
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chain.crypto.signing import RealSignatures
from chain.interface import Committed
from chain.replica import Replica
from node.api.reads import Context
from node.client.network import Network
from node.client.rpc import RpcClient
from node.client.wallets.wallet import Wallet
from node.keystore import load_key
from node.localnet.bootstrap import bootstrap
from node.localnet.build import build_network
from node.localnet.genesis import Rates
from node.runtime.driver import Driver
from node.runtime.http_server import Rpc
from node.storage.memory import MemoryStore

SEED = 11
RATES = Rates({"XUS": 129 * (1 << 32) // 125, "XEU": 3 << 31}, {"INR": 1 << 26})
"""An XUS is 1.032 XDX, an XEU 1.5, the other coins 1; the rupee has a rate and no coin."""
HOST = "in-process"
_NODES: dict[tuple[str, int], "Node"] = {}
_exchange_by_http = RpcClient._exchange


class Node:
    """One validator on a loop in a thread of its own. `down` makes it unreachable; `asked` are the methods called."""

    def __init__(self, network: Network) -> None:
        """Wired as a process is, with memory for a disk."""
        self.down = False
        self.asked: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(network), self._loop).result(10)

    async def _start(self, network: Network) -> None:
        """On the loop: step until `stop`."""
        store = MemoryStore()
        key = load_key(network.members[0].directory / "keys" / "consensus.json")
        replica = Replica(network.genesis, 0, key, store, None, RealSignatures())
        self._driver = Driver(replica, 0, store, self, RealSignatures(), self, lambda: time.time_ns() // 1000, self)
        self._rpc = Rpc(Context(replica.ledger, 0, replica.mempool, self), self._driver.submit)
        self._driver.start()

    def stop(self) -> None:
        """End the loop and its thread."""
        asyncio.run_coroutine_threadsafe(self._driver.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def answer(self, body: bytes, timeout_s: float) -> Any:
        """What the HTTP server would answer."""
        if self.down:
            raise ConnectionRefusedError("it is down")
        requests = json.loads(body)
        self.asked += [item["method"] for item in (requests if isinstance(requests, list) else [requests])]
        return asyncio.run_coroutine_threadsafe(self._rpc.handle(body), self._loop).result(timeout_s + 5)

    def store(self, payload: bytes) -> None:
        """The safety record."""

    def send(self, peer: int, frame: bytes) -> None:
        """No peers."""

    def broadcast(self, frame: bytes) -> None:
        """No peers."""

    def connected(self) -> list[int]:
        """No peers."""
        return []

    def on_committed(self, committed: Committed) -> None:
        """Pass on."""
        self._rpc.on_committed(committed)

    def on_alarm(self, name: str, message: str, peer: int | None) -> None:
        """None is expected."""
        raise AssertionError((name, message, peer))


def _exchange(client: RpcClient, body: bytes, timeout_s: float) -> Any:
    """Answer for the validators of this process; all others are asked by HTTP as ever."""
    node = _NODES.get(client._endpoints[client._current])
    if node is None:
        return _exchange_by_http(client, body, timeout_s)
    answer = node.answer(body, timeout_s)
    return json.loads(answer) if isinstance(answer, bytes) else answer


@contextmanager
def running(directory: Path, *, founded: bool = True) -> Generator[tuple[Wallet, Node]]:
    """A network in `directory`, founded as `localnet up` does it, and the validator's handle."""
    network = build_network(directory, 1, seed=SEED, rates=RATES)
    network.members[0].rpc = (HOST, len(_NODES) + 1)
    network.save()
    node = Node(network)
    _NODES[network.members[0].rpc] = node
    RpcClient._exchange = _exchange  # type: ignore[method-assign,assignment]
    try:
        yield bootstrap(network, SEED) if founded else Wallet(network), node
    finally:
        node.stop()
