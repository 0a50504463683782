"""A validator out of a backup on a live network: it follows, signs nothing, and votes again with a new key only."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node.client.network import load_network
from node.client.rpc import RpcClient
from node.localnet.supervisor import Supervisor

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.timeout(240)]


def mithqal(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments, "--json"], capture_output=True, text=True, check=False, timeout=120
    )


def good(*arguments: str) -> Any:
    done = mithqal(*arguments)
    assert done.returncode == 0, (arguments, done.stderr)
    return json.loads(done.stdout)


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Path]:
    """Four validators, stopped at the end whatever happens."""
    directory = tmp_path / "network"
    try:
        good("localnet", "up", "--detach", "--network", str(directory))
        yield directory
    finally:
        if (directory / "network.json").exists():
            Supervisor(directory).down()


def blocks(network: Path, above: int) -> list[dict[str, Any]]:
    """Blocks above a height, as validator-0 has them."""
    client = RpcClient([load_network(network).members[0].rpc])
    found: list[dict[str, Any]] = client.call("get_blocks", None, 200)
    client.close()
    return [block for block in found if block["height"] > above]


def wait_for_blocks(network: Path, above: int, count: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + 60
    while len(found := blocks(network, above)) < count and time.monotonic() < deadline:
        time.sleep(0.2)
    assert len(found) >= count
    return found


def test_a_restored_validator_follows_and_signs_nothing_until_it_has_a_new_key(network: Path, tmp_path: Path) -> None:
    """The backup is made while it runs, and it signs on afterwards: what it signed is in no backup."""
    where, old, file = ("--network", str(network)), network / "validator-3", tmp_path / "v3.backup"
    made = good("node", "backup", str(old), "-o", str(file))
    good("pay", "us-wallet", "gb-wallet", "0.000001", "XUS", *where)
    assert good("node", "verify-ledger", str(old))["version"] > made["version"], "while it runs"
    good("localnet", "kill", "validator-3", *where)
    old.rename(tmp_path / "old")
    assert good("node", "restore", str(file), "-o", str(old))["version"] == made["version"]
    good("localnet", "restart", "validator-3", *where)
    good("localnet", "wait", *where)
    tip = max(block["height"] for block in blocks(network, 0))
    found = wait_for_blocks(network, tip + 3, 6)
    assert {name for block in found for name in block["signer_names"]} == {"validator-0", "validator-1", "validator-2"}
    assert not list((old / "data").glob("safety*"))
    assert "safety_record_restored" in (old / "node.log").read_text()
    done = good("validator", "rotate-key", "validator-3", *where)
    assert [path.name for path in (old / "data").glob("safety*")] == [f"safety-{done['consensus_key'][:16]}.bin"]
    deadline = time.monotonic() + 60
    signers: set[str] = set()
    while "validator-3" not in signers and time.monotonic() < deadline:
        time.sleep(0.2)
        signers = {
            name for block in blocks(network, tip) if block["epoch"] == done["epoch"] for name in block["signer_names"]
        }
    assert "validator-3" in signers
    good("localnet", "restart", "validator-3", *where)
    good("localnet", "wait", *where)
    assert good("node", "verify-ledger", str(old))["epoch"] == done["epoch"]
