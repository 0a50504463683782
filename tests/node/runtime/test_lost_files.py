"""A network of four of which one loses a file: its ledger is fetched again, its signing record is not made anew."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from node.client.network import Member, NetworkError
from node.client.rpc import RpcClient
from node.config import CONFIG_FILE, load_config
from node.localnet.build import build_network, validator_ports
from node.localnet.supervisor import Supervisor
from tests.node.runtime.processes import running, wait_until

pytestmark = pytest.mark.network


@pytest.fixture
def four(tmp_path: Path) -> Iterator[Supervisor]:
    """Four validators that have committed some blocks."""
    build_network(tmp_path / "network", 4, seed=5)
    supervisor = Supervisor(tmp_path / "network")
    try:
        supervisor.up()
        yield supervisor
    finally:
        supervisor.down()


def metadata(member: Member, *version: int) -> dict[str, Any]:
    """What a validator says of its ledger."""
    client = RpcClient([member.rpc])
    try:
        found: dict[str, Any] = client.call("get_metadata", *version)
        return found
    finally:
        client.close()


def wait_for_height(member: Member, height: int) -> None:
    wait_until(lambda: metadata(member)["height"] >= height)


def log_of(member: Member) -> str:
    return (member.directory / "node.log").read_text()


def harm_log(data: Path) -> None:
    """One bit in the middle of the write-ahead log."""
    path = data / "ledger.sqlite-wal"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def remove(data: Path, pattern: str) -> None:
    for path in data.glob(pattern):
        path.unlink()


def test_a_ledger_that_is_lost_or_damaged_is_fetched_again(four: Supervisor) -> None:
    """docs/operations.md: keep the signing record, move the ledger away, start; it is level, and votes again."""
    name = "validator-1"
    others, member = four.network.members[0], four.network.members[1]
    wait_until(lambda: metadata(others)["height"] >= 5)
    four.kill(name)
    harm_log(member.directory / "data")
    with pytest.raises(NetworkError) as caught:
        four.restart(name)
    assert caught.value.name == "validator_died"
    assert "ledger_behind" in caught.value.message
    remove(member.directory / "data", "ledger.sqlite*")
    four.restart(name)
    target = metadata(others)["height"]
    wait_until(lambda: metadata(member)["height"] >= target + 4)
    assert '"ledger_lost"' in log_of(member)
    assert "safety_record_old" not in log_of(member)
    version = min(metadata(one)["version"] for one in four.network.members)
    roots = {metadata(one, version)["accumulator_root_hash"] for one in four.network.members}
    assert len(roots) == 1
    wait_until(lambda: signs_again(others, 1, target))


def signs_again(witness: Member, validator: int, above: int) -> bool:
    """Whether a block above a height has a validator's signature, as another one tells."""
    client = RpcClient([witness.rpc])
    try:
        return any(validator in block["signers"] for block in client.call("get_blocks", above + 1, 100))
    finally:
        client.close()


def test_a_lost_signing_record_makes_an_observer_until_the_printed_command_was_given(four: Supervisor) -> None:
    """D6: 'refuses to sign, keeps serving as an observer, and prints the exact command that rotates its key': that very
    line is given to a shell, and the validator votes again."""
    name = "validator-2"
    others, member = four.network.members[0], four.network.members[2]
    wait_until(lambda: metadata(others)["height"] >= 3)
    four.kill(name)
    path = member.directory / "data" / "safety.bin"
    kept = path.read_bytes()
    path.unlink()
    four.restart(name)
    height = metadata(others)["height"]
    wait_until(lambda: metadata(member)["height"] >= height + 6)
    assert not signs_again(others, 2, height + 3)
    row = four.status()[2]
    assert (row["state"], row["signing"]["state"], row["signing"]["reason"]) == (
        "up",
        "observer",
        "signing record lost",
    )
    (printed,) = (member.directory / "output.log").read_text().splitlines()
    command = printed.partition("signs nothing until: ")[2]
    assert command == f"mithqal validator rotate-key validator-2 --network {four.network.directory}"
    assert command == row["signing"]["command"]
    path.write_bytes(kept)  # the newest record, put back: nothing was lost after all
    four.restart(name)
    wait_until(lambda: four.status()[2]["signing"]["state"] == "signs")
    four.kill(name)
    path.unlink()
    four.restart(name)
    bin_directory = Path(sys.executable).parent
    done = subprocess.run(
        ["/bin/sh", "-c", command], env={**os.environ, "PATH": f"{bin_directory}:{os.environ['PATH']}"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    height = metadata(others)["height"]
    wait_until(lambda: signs_again(others, 2, height))
    assert four.status()[2]["signing"]["state"] == "signs"


def test_a_directory_put_back_to_an_earlier_moment_is_told_by_the_others(four: Supervisor) -> None:
    """R20: the whole directory is older, and whole: only the others know of what was signed since. It observes, also
    after a restart, and the network goes on with three."""
    name = "validator-1"
    others, member = four.network.members[0], four.network.members[1]
    wait_until(lambda: metadata(others)["height"] >= 3)
    four.kill(name)
    copy = member.directory.parent / "copy"
    shutil.copytree(member.directory, copy)
    four.restart(name)
    height = metadata(others)["height"]
    wait_until(lambda: signs_again(others, 1, height + 1))
    four.kill(name)
    shutil.rmtree(member.directory)
    copy.rename(member.directory)
    four.restart(name)
    wait_until(lambda: '"safety_record_old"' in log_of(member))
    for _ in range(2):
        height = metadata(others)["height"]
        wait_for_height(member, height + 6)
        assert not signs_again(others, 1, height + 3)
        assert four.status()[1]["signing"]["state"] == "observer"
        four.restart(name)


def test_a_second_process_with_the_same_keys_is_noticed_and_signs_nothing(four: Supervisor) -> None:
    """'Two processes with the same keys are noticed within 10 s': by the others, by itself, and by the metrics of both;
    the first one goes on to sign. When the first is gone, the second is told what was signed, and observes."""
    name = "validator-3"
    others = four.network.members[0]
    wait_until(lambda: metadata(others)["height"] >= 3)
    clone = clone_of(four, name)
    height = metadata(others)["height"]
    with running(clone) as process:
        began = time.monotonic()
        process.wait_for(lambda: process.has_logged("key_in_use"))
        wait_until(lambda: '"two_processes"' in log_of(others))
        assert time.monotonic() - began < 10, "the bound of the rule"
        assert 'mithqal_alarms_total{name="key_in_use"}' in process.get("/metrics")
        wait_until(lambda: signs_again(others, 3, height))
        assert process.ask("get_signing_status")["state"] == "asks"
        four.kill(name)
        process.wait_for(lambda: process.ask("get_signing_status")["state"] == "observer")
        height = metadata(others)["height"]
        wait_until(lambda: metadata(others)["height"] >= height + 6)
        assert not signs_again(others, 3, height + 3)


def clone_of(four: Supervisor, name: str) -> Member:
    """A copy of a running validator's directory, with its keys and ports of its own."""
    member = next(item for item in four.network.members if item.name == name)
    place = four.network.directory / "clone"
    shutil.copytree(member.directory, place, ignore=shutil.ignore_patterns("node.lock", "*.log"))
    ((rpc, p2p),) = validator_ports(1, 0)
    config = load_config(place)
    endpoints = list(config.endpoints)
    endpoints[config.index] = p2p
    config = replace(config, endpoints=tuple(endpoints), rpc=rpc, data=place / "data", keys=place / "keys",
                     log=place / "node.log")  # fmt: skip
    (place / CONFIG_FILE).write_text(json.dumps(config.to_json()), encoding="utf-8")
    return Member(name, None, rpc, p2p, place)
