"""What a validator process refuses before it runs, and its HTTP side."""

import asyncio
import http.client
import json
import os
import shutil
import socket
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from chain.errors import MithqalError
from chain.genesis import genesis_hash
from node.api.schema import Tip, respond
from node.client.network import Network
from node.config import ConfigError, load_config
from node.localnet.build import build_network
from node.runtime.exits import NOT_READY, USAGE
from node.runtime.http_answers import Answer
from node.runtime.http_server import HttpServer, Rpc
from node.runtime.process import listen, open_identity, run_node
from node.storage.sqlite import SqliteStore


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """Two validators' directories."""
    return build_network(tmp_path, 2, seed=3)


def test_a_validator_refuses_another_validators_keys(network: Network, capsys: pytest.CaptureFixture[str]) -> None:
    """The issue: "a validator given another validator's keys" is one clear error."""
    first, second = (member.directory for member in network.members)
    shutil.copy(second / "keys" / "consensus.json", first / "keys" / "consensus.json")
    with pytest.raises(ConfigError, match="consensus key") as caught:
        open_identity(load_config(first))
    assert caught.value.name == "foreign_keys"
    assert run_node(first) == USAGE
    assert capsys.readouterr().err.startswith("mithqal node: foreign_keys: ")
    shutil.copy(second / "keys" / "network.json", first / "keys" / "network.json")
    shutil.copytree(first / "keys", second / "keys", dirs_exist_ok=True)
    assert open_identity(load_config(second))[0] == network.genesis


def test_a_validator_refuses_another_network_key(network: Network) -> None:
    """The network key is held against genesis too."""
    first, second = (member.directory for member in network.members)
    shutil.copy(second / "keys" / "network.json", first / "keys" / "network.json")
    with pytest.raises(ConfigError, match="network key") as caught:
        open_identity(load_config(first))
    assert caught.value.name == "foreign_keys"


def test_open_permissions_of_a_key_are_refused(network: Network) -> None:
    """The issue: "key file with open permissions"."""
    path = network.members[0].directory / "keys" / "consensus.json"
    path.chmod(0o644)
    assert run_node(network.members[0].directory) == USAGE


def test_a_second_process_on_the_same_data_is_refused(network: Network, capsys: pytest.CaptureFixture[str]) -> None:
    """The issue: "second process on the same data directory"; the error names the owner's pid."""
    directory = network.members[0].directory
    store = SqliteStore(directory / "data" / "ledger.sqlite", genesis_hash(network.genesis))
    assert run_node(directory) == NOT_READY
    error = capsys.readouterr().err
    assert "directory_in_use" in error
    assert str(os.getpid()) in error
    store.close()


def test_a_data_directory_of_another_network_is_refused(network: Network, capsys: pytest.CaptureFixture[str]) -> None:
    """The issue: "data directory of another network"."""
    directory = network.members[0].directory
    SqliteStore(directory / "data" / "ledger.sqlite", bytes(32)).close()
    assert run_node(directory) == USAGE
    assert "wrong_network" in capsys.readouterr().err


def test_a_used_port_is_refused_by_its_number(network: Network, capsys: pytest.CaptureFixture[str]) -> None:
    """The issue: "port in use"."""
    endpoint = network.members[0].rpc
    with listen(endpoint) as taken:
        taken.listen()
        assert run_node(network.members[0].directory) == NOT_READY
    assert f"port {endpoint[1]}" in capsys.readouterr().err


class Still:
    """An `Rpc` that stands still: enough for the HTTP side."""

    committed_since_start = 0

    def tip(self) -> Tip:
        """An old one."""
        return Tip(4, 5, 0, 7)

    async def answer(self, body: bytes) -> Answer:
        """Echo."""
        data = json.dumps(respond(self.tip(), 1, result=len(body))).encode()
        return Answer(data, 1, [], self.tip(), 0)


def test_http_paths_headers_and_readiness() -> None:
    """Health, readiness only after a commit, metrics, POST on / and /v1, headers of the reference, 6.1."""
    still = Still()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    port = listener.getsockname()[1]

    def ask(method: str, path: str, body: bytes = b"", kind: str = "application/json") -> tuple[int, bytes, str | None]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request(method, path, body, {"Content-Type": kind})
        response = connection.getresponse()
        found = response.status, response.read(), response.getheader("X-Diem-Ledger-Version")
        connection.close()
        return found

    async def story() -> None:
        rpc: Rpc = still  # type: ignore[assignment]
        server = HttpServer(rpc, CollectorRegistry(), lambda: 10_000_001, listener)
        # An answer leaves as two segments: with Nagle's algorithm each kept connection would wait 40 ms for it.
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        server.start()
        try:
            run = asyncio.to_thread
            assert (await run(ask, "GET", "/-/healthy"))[:2] == (200, b"diem-node:ok")
            assert (await run(ask, "GET", "/-/healthy?duration_secs=10"))[0] == 500
            assert (await run(ask, "GET", "/-/healthy?duration_secs=11"))[0] == 200
            assert (await run(ask, "GET", "/-/ready"))[0] == 503
            still.committed_since_start = 1
            assert (await run(ask, "GET", "/-/ready"))[0] == 200
            assert (await run(ask, "GET", "/metrics"))[0] == 200
            assert (await run(ask, "GET", "/other"))[0] == 404
            assert (await run(ask, "POST", "/other"))[0] == 404
            for path in ("/", "/v1"):
                status, body, version = await run(ask, "POST", path, b"12345")
                assert (status, json.loads(body)["result"], version) == (200, 5, "5")
        finally:
            await server.stop()

    asyncio.run(story())
    listener.close()


def test_listening_names_the_port() -> None:
    """A port that is taken is named."""
    with listen(("127.0.0.1", 0)) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(MithqalError, match=str(port)) as caught:
            listen(("127.0.0.1", port))
    assert caught.value.name == "port_in_use"
    assert caught.value.details == {"port": port}
