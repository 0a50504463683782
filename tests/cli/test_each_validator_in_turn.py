"""Any one validator may fail, two may not; and whatever was unknown then is on the ledger once when they are back."""

import json
import time
from pathlib import Path

import pytest

from tests.cli.test_network_commands import balance, good, mithqal


def roots(network: Path) -> set[str]:
    """Accumulator roots of all validators at one version, as soon as each has it."""
    from node.client.network import load_network
    from node.client.rpc import RpcClient

    clients = [RpcClient([member.rpc]) for member in load_network(network).members]
    try:
        version = max(client.call("get_metadata")["version"] for client in clients)
        deadline = time.monotonic() + 30
        while any(client.call("get_metadata")["version"] < version for client in clients):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return {client.call("get_metadata", version)["accumulator_root_hash"] for client in clients}
    finally:
        for client in clients:
            client.close()


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.timeout(400)
def test_each_validator_in_turn(tmp_path: Path) -> None:
    """'Kill any one validator with SIGKILL, the first included, and `pay` is final; kill a second, `pay --timeout 5`
    exits 7 and `tx wait` finds it committed exactly once after both restart; repeat with each validator in turn; all
    four report the same accumulator root at the same version.'"""
    network = tmp_path / "net"
    names = [item["name"] for item in good("localnet", "up", "--detach", network=network)["validators"]]
    try:
        good("account", "create", "alice", network=network)
        good("account", "create", "bob@br-wallet", network=network)
        good("account", "fund", "alice", "100", "XUS", network=network)
        for place, name in enumerate(names):
            other = names[(place + 2) % len(names)]
            good("localnet", "kill", name, network=network)
            good("pay", "alice", "bob@br-wallet", "1", "XUS", network=network)
            good("localnet", "kill", other, network=network)
            done = mithqal("pay", "alice", "bob@br-wallet", "2", "XUS", "--timeout", "5", network=network)
            assert (done.returncode, done.stdout) == (7, "")
            error = json.loads(done.stderr)["error"]
            tx_hash = error["details"]["hash"]
            assert f"mithqal tx wait {tx_hash}" in error["message"]
            good("localnet", "restart", name, network=network)
            good("localnet", "restart", other, network=network)
            version = good("tx", "wait", tx_hash, network=network)["version"]
            assert good("tx", "wait", tx_hash, network=network)["version"] == version
            assert good("tx", "show", tx_hash, network=network)["version"] == version
            assert balance("bob@br-wallet", network) == 3_000_000 * (place + 1)
            assert balance("alice", network) == 100_000_000 - (3_000_000 + 2 * 600) * (place + 1)
            assert len(roots(network)) == 1
        sent = good("tx", "list", "--account", "alice", "--limit", "100", network=network)["transactions"]
        assert len({item["version"] for item in sent}) == len(sent) == 1 + 2 * len(names)
    finally:
        good("localnet", "down", network=network)
