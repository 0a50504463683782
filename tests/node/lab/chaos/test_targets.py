"""Chaos touches only what it may: the validators of one network.json, on loopback, in processes that it started."""

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from node.client.network import load_network
from node.lab.chaos.cluster import _Child, check_targets
from node.lab.chaos.rules import ChaosError
from node.localnet.build import build_network


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A network that does not run."""
    build_network(tmp_path, 2)
    return tmp_path


def change(path: Path, **values: Any) -> None:
    """Change keys of a file of JSON."""
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def refusal(directory: Path) -> ChaosError:
    """Why the network is left alone."""
    with pytest.raises(ChaosError) as found:
        check_targets(load_network(directory))
    return found.value


def test_a_network_of_this_machine_that_does_not_run_is_taken(directory: Path) -> None:
    """As `mithqal localnet up` makes it."""
    check_targets(load_network(directory))


def test_another_machine_is_refused(directory: Path) -> None:
    """ "Chaos refuses any target outside the given network.json and non-loopback addresses, with a clear error"."""
    config = directory / "validator-1" / "node.json"
    endpoints = json.loads(config.read_text())["endpoints"]
    change(config, endpoints=[["192.0.2.1", 9000], endpoints[1]], allow_remote=True)
    error = refusal(directory)
    assert error.name == "foreign_target"
    assert "192.0.2.1" in error.message


@pytest.mark.parametrize("key", ["rpc", "p2p"])
def test_a_network_file_that_names_another_machine_is_refused(directory: Path, key: str) -> None:
    """Also where only `network.json` says so."""
    path = directory / "network.json"
    rows = json.loads(path.read_text())["validators"]
    rows[0][key] = ("http://" if key == "rpc" else "") + "198.51.100.7:9000"
    change(path, validators=rows)
    assert refusal(directory).name == "foreign_target"


def test_a_validator_that_the_network_file_does_not_name_is_refused(directory: Path) -> None:
    """Loopback, but somebody else's."""
    config = directory / "validator-1" / "node.json"
    endpoints = json.loads(config.read_text())["endpoints"]
    change(config, endpoints=[["127.0.0.1", 9], endpoints[1]])
    assert refusal(directory).name == "foreign_target"


def test_a_network_that_runs_is_refused(directory: Path) -> None:
    """Its processes are somebody's: "only ends processes that it started"."""
    path = directory / "network.json"
    target = str(directory.resolve() / "validator-0")
    with subprocess.Popen([sys.executable, "-c", "input()", target], stdin=subprocess.PIPE) as process:
        rows = json.loads(path.read_text())["validators"]
        rows[0]["pid"] = process.pid
        change(path, validators=rows)
        error = refusal(directory)
        process.kill()
    assert error.name == "network_runs"
    assert "validator-0" in error.message


def test_a_process_that_is_another_one_gets_no_signal(tmp_path: Path) -> None:
    """ "pid + start time checked": a pid that came to belong to somebody else is not ours."""

    async def test() -> None:
        command = [sys.executable, "-c", "input()"]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # noqa: ASYNC220 - it starts at once
            child = _Child(process, -1, tmp_path)
            child.started += 1
            with pytest.raises(ChaosError) as found:
                child.signal(signal.SIGKILL)
            assert process.poll() is None
            child.started -= 1
            child.signal(signal.SIGKILL)
            assert process.wait(10) == -signal.SIGKILL
        assert found.value.name == "not_ours"

    asyncio.run(test())
