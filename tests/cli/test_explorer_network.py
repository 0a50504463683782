"""The explorer's commands against four validator processes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from node.view.notice import PLAY_MONEY


def run(*arguments: str, network: Path) -> "subprocess.CompletedProcess[str]":
    """A command as people call it."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments, "--network", str(network)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def good(*arguments: str, network: Path) -> Any:
    """The document of a command that succeeds."""
    done = run(*arguments, "--json", network=network)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def words(*arguments: str, network: Path) -> str:
    """The text of a command that succeeds."""
    done = run(*arguments, network=network)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.network
@pytest.mark.timeout(180)
def test_the_main_pages_of_a_running_network(tmp_path: Path) -> None:
    """A payment, a failure, and every noun; one validator down is seen and does not matter; none left exits with 3."""
    network = tmp_path / "net"
    up = good("localnet", "up", "--detach", network=network)
    try:
        good("account", "create", "alice", network=network)
        good("account", "create", "bruno", "--provider", "br-wallet", network=network)
        good("account", "fund", "alice", "100", "XUS", network=network)
        paid = good("pay", "alice", "bruno", "25", "XUS", network=network)
        assert run("pay", "alice", "bruno", "500", "XUS", network=network).returncode == 5
        overview = words("explorer", network=network)
        assert overview.startswith(PLAY_MONEY)
        assert "alice paid bruno 25 XUS\n" in overview
        assert up["genesis_hash"] in overview
        assert up["waypoint"] in overview
        page = good("tx", "show", paid["hash"], network=network)
        assert page["sentence"] == "alice paid bruno 25 XUS"
        assert {row["party"]: row["amount"] for row in page["balance_changes"]} == {
            "alice": -25_000_600, "bruno": 25_000_000, "fees": 600,
        }  # fmt: skip
        assert len(page["signer_names"]) >= 3
        assert good("explorer", str(paid["version"]), network=network)["hash"] == paid["hash"]
        assert good("explorer", paid["hash"], network=network)["version"] == paid["version"]
        block = good("explorer", "block", str(page["height"]), network=network)
        assert [row["sentence"] for row in block["contents"]] == ["alice paid bruno 25 XUS"]
        assert block["proposer_name"] in {row["name"] for row in up["validators"]}
        listed = good("tx", "list", "--account", "alice", network=network)["transactions"]
        assert [row["sentence"] for row in listed][1:] == ["alice paid bruno 25 XUS", "dealer-one paid alice 100 XUS"]
        assert listed[0]["status"] == "move_abort"
        account = good("account", "show", "alice", network=network)
        assert {"amount": 74_998_800, "currency": "XUS"} in account["balances"]
        assert [row["version"] for row in account["transactions"]] == [row["version"] for row in listed]
        sent = good("event", "list", "--account", "alice", "--type", "sent", network=network)["events"]
        assert [event["sentence"] for event in sent] == ["alice sent 25 XUS to bruno"]
        xus = good("currency", "list", network=network)["currencies"][0]
        assert (xus["code"], xus["is_backed"], xus["receipts"]) == ("XUS", True, xus["total_value"])
        assert good("epoch", "show", network=network)["quorum"] == 3
        assert good("mempool", "list", network=network)["count"] == 0
        kinds = [match["kind"] for match in good("search", "alice", network=network)["matches"]]
        assert kinds == ["account"]
        assert run("explorer", "nobody", network=network).returncode == 6
        down = up["validators"][3]["name"]
        good("localnet", "kill", down, network=network)
        good("pay", "alice", "bruno", "1", "XUS", network=network)
        rows = good("validator", "list", network=network)["validators"]
        assert {row["name"]: row["is_connected"] for row in rows}[down] is False
    finally:
        good("localnet", "down", network=network)
    assert run("explorer", network=network).returncode == 3
