"""Validators are added, removed and re-keyed on a live network that carries payments (issue 3, point 5)."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node.client.network import load_network
from node.client.rpc import RpcClient
from node.localnet.supervisor import Supervisor

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.timeout(240)]

ALL_FIVE = {f"validator-{number}": "member" for number in range(5)}


def mithqal(network: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments, "--network", str(network), "--json"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def good(network: Path, *arguments: str) -> Any:
    done = mithqal(network, *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def failed(network: Path, *arguments: str) -> tuple[int, str]:
    done = mithqal(network, *arguments)
    assert done.stdout == ""
    error = json.loads(done.stderr)["error"]
    assert error["exit"] == done.returncode
    return done.returncode, error["name"]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Four validators, stopped at the end whatever happens."""
    directory = tmp_path_factory.mktemp("epochs")
    try:
        good(directory, "localnet", "up", "--detach")
        yield directory
    finally:
        if (directory / "network.json").exists():
            Supervisor(directory).down()


class Load(threading.Thread):
    """Pays one micro coin after the other, each by a command of its own name, until it is told to stop."""

    def __init__(self, network: Path) -> None:
        super().__init__(daemon=True)
        self.network, self.ends = network, threading.Event()
        self.paid: list[dict[str, Any]] = []
        self.errors: list[str] = []

    def run(self) -> None:
        while not self.ends.is_set():
            done = mithqal(self.network, "pay", "us-wallet", "gb-wallet", "0.000001", "XUS")
            if done.returncode == 0:
                self.paid.append(json.loads(done.stdout))
            else:
                self.errors.append(done.stderr)


def members(network: Path) -> dict[str, str]:
    return {row["name"]: row["state"] for row in good(network, "validator", "list")["validators"]}


def received(network: Path) -> int:
    found = good(network, "account", "show", "gb-wallet")["balances"]
    return int(next(item["amount"] for item in found if item["currency"] == "XUS"))


def signers_in(network: Path, epoch: int) -> set[str]:
    """Who signed blocks of an epoch."""
    client = RpcClient([load_network(network).members[0].rpc])
    blocks = client.call("get_blocks", None, 100)
    client.close()
    return {name for block in blocks if block["epoch"] == epoch for name in block["signer_names"]}


def _add_remove_and_rotate_under_load(network: Path) -> None:
    """'4 -> 5 -> 4 validators and a key rotation ... no payment lost or doubled'; the fifth joins from one address."""
    before = received(network)
    load = Load(network)
    load.start()
    try:
        added = good(network, "validator", "add", "validator-4")
        assert (added["validator"], added["epoch"]) == ("validator-4", 2)
        config = json.loads((network / "validator-4" / "node.json").read_text())
        assert [row is None for row in config["endpoints"]] == [False, True, True, True, False], "one peer's address"
        assert members(network) == ALL_FIVE
        assert added["seconds"] > 0
        removed = good(network, "validator", "remove", "validator-1")
        assert (removed["validator"], removed["epoch"]) == ("validator-1", 3)
        rotated = good(network, "validator", "rotate-key", "4")
        assert (rotated["validator"], rotated["epoch"]) == ("validator-4", 4)
        assert Path(rotated["key_file"]).exists()
    finally:
        load.ends.set()
        load.join(60)
    assert load.errors == []
    assert len({payment["hash"] for payment in load.paid}) == len(load.paid) > 0
    assert received(network) == before + len(load.paid), "none is lost, none is made twice"
    assert members(network) == {**ALL_FIVE, "validator-1": "registered"}
    row = next(row for row in good(network, "validator", "list")["validators"] if row["name"] == "validator-4")
    assert row["consensus_key"] == rotated["consensus_key"]


def _the_new_key_signs_and_the_removed_one_serves(network: Path) -> None:
    """The re-keyed process switched without a restart; who left follows to the newest block and answers."""
    deadline = time.monotonic() + 30
    while "validator-4" not in signers_in(network, 4) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert signers_in(network, 4) <= {"validator-0", "validator-2", "validator-3", "validator-4"}
    assert "validator-4" in signers_in(network, 4)
    good(network, "localnet", "wait")
    client = RpcClient([load_network(network).members[1].rpc])
    assert client.call("get_epoch")["members"] == [0, 2, 3, 4]
    assert client.call("get_blocks", 1, 1)[0]["epoch"] == 1
    client.close()
    good(network, "localnet", "restart", "validator-4")
    good(network, "localnet", "wait")


def _a_validator_whose_record_is_lost_comes_back(network: Path) -> None:
    """Silenced for good until it has another key: 'can now come back by `validator rotate-key`'."""
    good(network, "localnet", "kill", "validator-2")
    (network / "validator-2" / "data" / "safety.bin").unlink()
    good(network, "localnet", "restart", "validator-2")
    rows = {row["name"]: row for row in good(network, "localnet", "status")["validators"]}
    assert rows["validator-2"]["signing"]["state"] == "observer"
    done = good(network, "validator", "rotate-key", "validator-2")
    assert "restarted" not in done, "an observer runs, and takes its new key as it is"
    good(network, "localnet", "wait")
    deadline = time.monotonic() + 30
    while "validator-2" not in signers_in(network, done["epoch"]) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert "validator-2" in signers_in(network, done["epoch"])


def _halted_and_resumed(network: Path) -> None:
    """'halt and resume user transactions ... effective by an epoch change'; exit 9 with a sentence."""
    good(network, "governance", "halt")
    assert failed(network, "pay", "us-wallet", "gb-wallet", "1", "XUS") == (9, "unknown_script")
    assert failed(network, "governance", "halt") == (5, "failed_on_chain")
    good(network, "governance", "resume")
    good(network, "pay", "us-wallet", "gb-wallet", "1", "XUS")


def _gas_consensus_and_version(network: Path) -> None:
    """Each is in force in the next epoch; what is not named stays."""
    good(network, "governance", "set-gas", "max_price_per_gas_unit=9000")
    good(network, "governance", "set-consensus", "round_timeout_us=900000")
    good(network, "governance", "version", "5")
    client = RpcClient([load_network(network).members[0].rpc])
    found = client.call("get_epoch")
    client.close()
    assert (found["gas_constants"]["max_price_per_gas_unit"], found["gas_constants"]["min_transaction_gas_units"]) == (
        9_000, 600,
    )  # fmt: skip
    assert (found["consensus"]["round_timeout_us"], found["consensus"]["idle_proposal_us"]) == (900_000, 800_000)
    assert found["diem_version"] == 5
    assert failed(network, "governance", "version", "5") == (5, "failed_on_chain")
    assert failed(network, "governance", "set-gas", "nothing=1") == (6, "unknown_constant")
    assert failed(network, "governance", "set-consensus", "leader_election=1") == (6, "unknown_constant")
    assert failed(network, "governance", "set-gas", "max_price_per_gas_unit") == (2, "bad_argument")


def _what_cannot_be_done_says_why(network: Path) -> None:
    """Names that nobody has, a member twice, one that is none."""
    assert failed(network, "validator", "remove", "nobody") == (6, "unknown_validator")
    assert failed(network, "validator", "rotate-key", "nobody") == (6, "unknown_validator")
    assert failed(network, "validator", "remove", "validator-1") == (5, "failed_on_chain")
    assert failed(network, "validator", "add", "validator-0") == (2, "already_a_member")
    assert failed(network, "validator", "add", "keys") == (2, "name_taken")


def _who_left_may_come_again(network: Path) -> None:
    """With its ledger, its keys and its number."""
    done = good(network, "validator", "add", "validator-1")
    assert members(network)["validator-1"] == "member"
    deadline = time.monotonic() + 30
    while "validator-1" not in signers_in(network, done["epoch"]) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert "validator-1" in signers_in(network, done["epoch"])


def test_a_day_of_governance(network: Path) -> None:
    """One network, one step after the other: each begins where the one before ended."""
    _add_remove_and_rotate_under_load(network)
    _the_new_key_signs_and_the_removed_one_serves(network)
    _a_validator_whose_record_is_lost_comes_back(network)
    _halted_and_resumed(network)
    _gas_consensus_and_version(network)
    _what_cannot_be_done_says_why(network)
    _who_left_may_come_again(network)
