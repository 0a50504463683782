"""A network that does not run, read from the ledger's file of one of its validators.

The answers are those of the validator's own JSON-RPC, from the same code over the same file, so that whoever verifies
them by proofs need not care. Nothing can be sent.
"""

import asyncio
from pathlib import Path

from chain.errors import MithqalError
from chain.interface import Reply
from chain.ledger import Ledger
from chain.mempool import Mempool
from node.api.reads import Context
from node.api.schema import Json
from node.client.network import Network
from node.client.rpc import ConnectionFailed, RpcClient
from node.runtime.http_server import Rpc
from node.storage.rules import StorageError
from node.storage.sqlite import SqliteStore


class _Nobody:
    """The links of a validator that does not run."""

    def connected(self) -> list[int]:
        """None."""
        return []


class OfflineLedger:
    """The first validator's ledger, held until `close`; `client` asks it as if a validator answered."""

    def __init__(self, network: Network) -> None:
        """Open it; ConnectionFailed if there is none, or a process uses it."""
        path = network.members[0].directory / "data" / "ledger.sqlite"
        if not path.is_file():
            raise ConnectionFailed(f"no validator answers, and there is no {path}")
        try:
            self._store, self._rpc = _open(network, path)
        except MithqalError as error:
            raise ConnectionFailed(f"no validator answers, and {path} cannot be read: {error.message}") from error
        self.client = RpcClient(network.endpoints(), chain_id=network.chain_id, local=self._answer)

    def close(self) -> None:
        """Give the file free."""
        self._store.close()

    def _answer(self, body: bytes) -> Json:
        """The response to a request."""
        return asyncio.run(self._rpc.handle(body))


def _open(network: Network, path: Path) -> tuple[SqliteStore, Rpc]:
    """The validator's JSON-RPC without the validator. StorageError, GenesisError."""
    store = SqliteStore(path, network.genesis_hash, check_below_bytes=0)
    try:
        ledger = Ledger(network.genesis, store)
    except MithqalError:
        store.close()
        raise
    return store, Rpc(Context(ledger, 0, Mempool(), _Nobody()), _refuse)


def _refuse(_envelope: bytes) -> "asyncio.Future[Reply]":
    """Nobody takes transactions."""
    raise StorageError("no validator runs: mithqal localnet up starts them", name="not_running")
