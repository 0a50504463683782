"""`localnet`, `genesis` and `node` against real processes: start, go on, disturb, reset, stop; what is left running."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from node.client.network import load_network
from node.localnet.supervisor import Supervisor, quorum

PYTHON = [sys.executable, "-m", "cli"]


class Net:
    """Commands on one network directory."""

    def __init__(self, directory: Path) -> None:
        """It need not be there yet."""
        self.directory = directory

    def run(self, *arguments: str, as_json: bool = True) -> "subprocess.CompletedProcess[str]":
        """One command."""
        command = [*PYTHON, "--network", str(self.directory), *arguments, *(["--json"] if as_json else [])]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    def good(self, *arguments: str) -> dict[str, Any]:
        """The document of a command that succeeds."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        document: dict[str, Any] = json.loads(done.stdout)
        return document

    def failed(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, rule and sentence of a command that fails: stdout is empty, the error is all of stderr's JSON."""
        done = self.run(*arguments)
        assert done.stdout == ""
        error = json.loads(done.stderr)["error"]
        assert error["exit"] == done.returncode
        return done.returncode, error["name"], error["message"]

    def alive(self) -> list[str]:
        """Validators whose process runs."""
        supervisor = Supervisor(self.directory)
        return [member.name for member in supervisor.network.members if supervisor.is_alive(member)]

    def pids(self) -> list[int | None]:
        """As network.json has them."""
        return [member.pid for member in load_network(self.directory).members]


@pytest.fixture
def net(tmp_path: Path) -> Generator[Net]:
    """A directory whose validators are stopped afterwards."""
    found = Net(tmp_path / "net")
    try:
        yield found
    finally:
        if (found.directory / "network.json").exists():
            found.run("localnet", "down")


def used_port(port: int = 0) -> socket.socket:
    """A port that somebody listens on; 0 takes a free one."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen()
    return listener


def two_ports() -> tuple[int, int]:
    """Two ports that nobody used a moment ago."""
    with used_port() as one, used_port() as other:
        return one.getsockname()[1], other.getsockname()[1]


def wait_until_it_answers(process: "subprocess.Popen[str]", port: int) -> None:
    """Until the process accepts connections there."""
    deadline = time.monotonic() + 60
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.network
@pytest.mark.timeout(240)
def test_up_goes_on_disturbed_and_down(net: Net) -> None:
    """'`up --json` prints the network.json document'; a second `up` goes on; killed ones start; `down` twice."""
    first = net.good("localnet", "up", "--detach", "--validators", "4")
    assert first == json.loads((net.directory / "network.json").read_text())
    assert sorted(first) == ["chain_id", "genesis_hash", "validators", "waypoint"]
    assert [sorted(row) for row in first["validators"]] == [["dir", "name", "p2p", "pid", "rpc"]] * 4
    assert net.good("localnet", "up", "--detach") == first
    code, name, words = net.failed("localnet", "up", "--detach", "--validators", "3")
    assert (code, name) == (2, "network_differs")
    assert "has 4 validators, --validators 3 was asked for" in words
    assert len(net.alive()) == 4

    waited = net.good("localnet", "wait")
    assert waited["validators"] == ["validator-0", "validator-1", "validator-2", "validator-3"]
    assert net.good("localnet", "wait")["height"] > waited["height"]
    table = net.run("localnet", "status", as_json=False).stdout.splitlines()
    assert table[0].split() == ["validator", "state", "pid", "height", "version", "peers", "root", "rpc"]
    assert [line.split()[:2] for line in table[1:5]] == [[f"validator-{place}", "up"] for place in range(4)]
    assert len({line.index("http://") for line in table[1:5]} | {table[0].index("rpc")}) == 1
    assert table[5] == "4 of 4 are up, 3 are needed to commit"

    victim = first["validators"][2]["pid"]
    os.kill(victim, signal.SIGKILL)  # as an outsider does: network.json still has the pid
    deadline = time.monotonic() + 10
    while "validator-2" in net.alive():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert net.good("localnet", "wait")["validators"] == ["validator-0", "validator-1", "validator-3"]
    assert net.good("localnet", "kill", "1") == {"validator": "validator-1", "done": "kill"}
    code, name, words = net.failed("localnet", "wait", "--timeout", "2")
    assert (code, name) == (3, "not_ready")
    assert "2 of 4 validators run, 3 are needed" in words
    states = [row["state"] for row in net.good("localnet", "status")["validators"]]
    assert states == ["up", "down", "down", "up"]
    again = net.run("localnet", "up", "--detach", as_json=False)
    assert again.returncode == 0
    assert again.stderr == "starting validator-1, validator-2\n"
    after = net.good("localnet", "up", "--detach")
    assert after["genesis_hash"] == first["genesis_hash"]
    assert [row["pid"] == old["pid"] for row, old in zip(after["validators"], first["validators"], strict=True)] == [
        True, False, False, True,
    ]  # fmt: skip
    assert net.good("localnet", "wait")["version"] > waited["version"]

    shown = net.good("localnet", "logs", "--grep", '"started"')["lines"]
    assert [line["validator"] for line in shown].count("validator-2") == 2
    assert [line["validator"] for line in shown].count("validator-0") == 1
    times = [line["time_us"] for line in shown]
    assert times == sorted(times)
    only = net.good("localnet", "logs", "2", "--lines", "1")["lines"]
    assert [(line["validator"], line["file"]) for line in only] == [("validator-2", "node.log")]
    assert "started: validator 2 at height" in net.run("localnet", "logs", "validator-2", as_json=False).stdout
    assert net.good("localnet", "logs", "--grep", "nothing says this")["lines"] == []
    assert net.failed("localnet", "logs", "validator-9")[:2] == (6, "unknown_validator")

    assert net.good("localnet", "down") == {"stopped": 4}
    assert net.alive() == []
    stale = json.loads((net.directory / "network.json").read_text())
    stale["validators"][0]["pid"], stale["validators"][1]["pid"] = victim, os.getpid()
    (net.directory / "network.json").write_text(json.dumps(stale))
    assert net.good("localnet", "down") == {"stopped": 0}
    assert net.pids() == [None] * 4
    assert net.failed("localnet", "wait")[:2] == (3, "not_running")


@pytest.mark.network
def test_a_detached_network_holds_no_pipe_of_its_caller(net: Net) -> None:
    """'a detached process holds none of its caller's pipes': `mithqal localnet up --detach | cat` returns."""
    words = [*PYTHON, "localnet", "up", "--detach", "--validators", "1", "--network", str(net.directory)]
    done = subprocess.run(
        ["bash", "-c", f"{shlex.join(words)} 2>&1 | cat"], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith("starting validator-0\nvalidator-0  http://127.0.0.1:")
    assert net.alive() == ["validator-0"]


@pytest.mark.network
@pytest.mark.timeout(240)
def test_reset_and_up_is_the_same_network_from_the_start(net: Net) -> None:
    """'after `reset` and `up` the network must work, incl. bootstrap being done again with the same keys'."""
    first = net.good("localnet", "up", "--detach", "--validators", "1")
    made = net.good("account", "create", "alice")
    net.good("account", "fund", "alice", "100", "XUS")
    dealer = net.good("account", "show", "dealer-one")
    supply_version = net.good("localnet", "wait")["version"]
    done = net.good("localnet", "reset")
    assert (done["stopped"], done["reset"]) == (1, True)
    assert net.alive() == []
    assert net.good("account", "list")["accounts"] == []
    assert sorted(path.name for path in net.directory.iterdir() if not path.name.startswith(".")) == [
        "genesis.bin", "keys", "network.json", "outbox", "validator-0",
    ]  # fmt: skip
    assert sorted(path.name for path in (net.directory / "validator-0").iterdir()) == ["keys", "node.json"]

    again = net.good("localnet", "up", "--detach")
    assert {**again, "validators": 0} == {**first, "validators": 0}
    fresh = net.good("account", "show", "dealer-one")
    assert fresh["address"] == dealer["address"]
    assert fresh["version"] < supply_version
    code, name, _ = net.failed("account", "show", "alice")
    assert (code, name) == (6, "unknown_account")
    assert net.good("account", "create", "alice")["address"] == made["address"]
    net.good("account", "fund", "alice", "1", "XUS")
    held = net.good("account", "show", "alice")["balances"]
    assert {item["currency"]: item["amount"] for item in held}["XUS"] == 1_000_000
    assert net.good("localnet", "reset")["stopped"] == 1
    assert net.good("localnet", "reset")["stopped"] == 0


@pytest.mark.network
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_foreground_stops_all_and_exits_with_130(net: Net, number: signal.Signals) -> None:
    """'`up` ... in the foreground prints each endpoint and three commands to try, Ctrl-C stops all': 130."""
    command = [*PYTHON, "localnet", "up", "--validators", "1", "--network", str(net.directory)]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=buffered)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        lines = [process.stdout.readline().rstrip() for _ in range(5)]
        assert lines[0].startswith("validator-0  http://127.0.0.1:")
        assert lines[1] == "Try:"
        assert [line.split()[:3] for line in lines[2:]] == [
            ["mithqal", "account", "create"], ["mithqal", "account", "fund"], ["mithqal", "localnet", "status"]
        ]  # fmt: skip
        assert net.alive() == ["validator-0"]
        process.send_signal(number)
        assert process.wait(20) == 130
        words = process.stderr.read().splitlines()
        assert words == ["starting validator-0", "mithqal: interrupted: stopped 1 validators (interrupted)"]
    finally:
        process.kill()
        process.communicate()
    assert net.alive() == []
    assert net.pids() == [None]


@pytest.mark.network
def test_a_used_port_leaves_nothing_running(net: Net) -> None:
    """'`up` when a port is in use: one clear error, nothing left running', new network or old."""
    with used_port(22_011):
        code, name, words = net.failed("localnet", "up", "--detach", "--validators", "2", "--base-port", "22000")
        assert (code, name) == (3, "port_in_use")
        assert "port 22011 on 127.0.0.1" in words
        assert not net.directory.exists()
    net.good("localnet", "up", "--detach", "--validators", "2")
    net.good("localnet", "down")
    member = load_network(net.directory).members[1]
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(member.p2p)
        again.listen()
        assert net.failed("localnet", "up", "--detach")[:2] == (3, "port_in_use")
        assert net.failed("localnet", "restart", "1")[:2] == (3, "port_in_use")
    assert net.alive() == []


@pytest.mark.network
def test_a_validator_that_dies_at_the_start_takes_the_others_down(net: Net) -> None:
    """One clear error with its reason (here: other keys), nothing left running; mended, `up` works."""
    net.good("localnet", "up", "--detach", "--validators", "2")
    net.good("localnet", "down")
    one, other = (net.directory / f"validator-{place}" / "keys" / "consensus.json" for place in (0, 1))
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    code, name, words = net.failed("localnet", "up", "--detach")
    assert (code, name) == (3, "validator_died")
    assert "foreign_keys" in words
    assert net.alive() == []
    one.write_bytes(kept)
    net.good("localnet", "up", "--detach")
    assert len(net.alive()) == 2


@pytest.mark.network
def test_two_ups_at_once_start_each_validator_once(net: Net) -> None:
    """The directory's lock: neither fails, and four processes run, not eight."""
    net.good("localnet", "up", "--detach", "--validators", "2")
    net.good("localnet", "down")
    command = [*PYTHON, "localnet", "up", "--detach", "--json", "--network", str(net.directory)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    documents = [json.loads(process.communicate(timeout=60)[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert documents[0] == documents[1]
    assert net.pids() == [row["pid"] for row in documents[0]["validators"]]


@pytest.mark.parametrize(("validators", "needed"), [(1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (6, 5), (7, 5), (16, 11)])
def test_how_many_are_needed(validators: int, needed: int) -> None:
    """V2: floor(2n / 3) + 1."""
    assert quorum(validators) == needed


# --- one validator of its own ---


@pytest.mark.network
@pytest.mark.timeout(180)
def test_genesis_node_init_and_node_run(net: Net) -> None:
    """'`node run --dir DIR` (foreground)': it answers, stops on SIGTERM with 0; a second on its directory exits 3."""
    where = net.directory
    built = net.good("genesis", "build", "-o", str(where), "--validators", "1", "--date", "2019-06-22")
    assert (built["chain_id"], built["rates_date"]) == (4, "2019-06-21")
    genesis = where / "genesis.bin"
    shown = json.loads(subprocess.check_output([*PYTHON, "genesis", "show", str(genesis), "--json"], text=True))
    assert {**built, **shown} == built
    words = subprocess.check_output([*PYTHON, "genesis", "show", str(where)], text=True).splitlines()
    assert words[0] == "chain       4 (testing)"
    assert words[1] == f"hash        {built['genesis_hash']}"
    assert words[2] == f"waypoint    {built['waypoint']}"
    port, rpc = two_ports()
    own = where / "validator-0"
    made = net.good("node", "init", str(own), "--genesis", str(genesis), "--endpoint", f"127.0.0.1:{port}", "--rpc",
                    f"127.0.0.1:{rpc}")  # fmt: skip
    assert made == {
        "name": "validator-0", "index": 0, "dir": str(own), "rpc": f"http://127.0.0.1:{rpc}",
        "p2p": f"127.0.0.1:{port}",
    }  # fmt: skip
    command = [*PYTHON, "node", "run", "--dir", str(own), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        wait_until_it_answers(process, rpc)
        assert net.failed("node", "run", "--dir", str(own))[:2] == (3, "port_in_use")
        process.send_signal(signal.SIGTERM)
        out, said = process.communicate(timeout=20)
        assert (process.returncode, json.loads(out), said) == (0, {"stopped": True, "dir": str(own)}, "")
    finally:
        process.kill()
        process.communicate()

    (own / "data" / "ledger.sqlite").write_bytes(b"not a ledger" * 1000)
    assert net.failed("node", "run", "--dir", str(own))[:2] == (8, "storage_corrupt")


@pytest.mark.network
def test_node_run_refuses_another_networks_ledger(net: Net) -> None:
    """'data directory of another network': refused with the rule; it stays so until somebody mends it."""
    port, rpc = two_ports()
    for name in ("a", "b"):
        where = net.directory.parent / name
        net.good("genesis", "build", "-o", str(where), "--validators", "1")
        net.good("node", "init", str(where / "validator-0"), "--genesis", str(where / "genesis.bin"), "--endpoint",
                 f"127.0.0.1:{port}", "--rpc", f"127.0.0.1:{rpc}")  # fmt: skip
    first, second = (net.directory.parent / name / "validator-0" for name in ("a", "b"))
    process = subprocess.Popen([*PYTHON, "node", "run", "--dir", str(first)], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        assert process.stderr.readline() == f"validator 0 answers on http://127.0.0.1:{rpc}; Ctrl-C stops it\n"
        wait_until_it_answers(process, rpc)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 0
    (first / "data").rename(second / "data")
    assert net.failed("node", "run", "--dir", str(second))[:2] == (2, "wrong_network")


def test_node_and_genesis_refuse_with_their_codes(tmp_path: Path) -> None:
    """Config errors exit with 2 or 3; a chain of real money and an option too few are usage."""
    net = Net(tmp_path / "net")
    at = str(tmp_path / "g")
    assert net.failed("node", "run", "--dir", str(tmp_path))[:2] == (2, "config_missing")
    assert net.failed("genesis", "show", str(tmp_path / "none.bin"))[:2] == (2, "genesis_unreadable")
    assert net.failed("genesis", "show")[:2] == (3, "network_missing")
    assert net.failed("genesis", "build", "-o", at, "--chain-id", "1")[:2] == (2, "not_a_test_chain")
    assert net.failed("genesis", "build", "-o", at, "--date", "1990-01-01")[:2] == (6, "rate_date_out_of_range")
    assert not (tmp_path / "g").exists()
    net.good("genesis", "build", "-o", at, "--validators", "2", "--seed", "1", "--chain-id", "2")
    assert net.failed("genesis", "build", "-o", at)[:2] == (2, "genesis_exists")
    (tmp_path / "bad.bin").write_bytes((tmp_path / "g" / "genesis.bin").read_bytes()[:-1])
    assert net.failed("genesis", "show", str(tmp_path / "bad.bin"))[:2] == (2, "malformed_genesis")
    init = ("node", "init", str(tmp_path / "g" / "validator-0"), "--genesis", str(tmp_path / "g" / "genesis.bin"))
    assert net.failed(*init)[:2] == (2, "usage")
    assert net.failed(*init, "--base-port", "30000", "--rpc", "127.0.0.1:1")[:2] == (2, "usage")
    assert net.failed(*init, "--endpoint", "here", "--rpc", "127.0.0.1:1")[:2] == (2, "bad_endpoint")
    assert net.failed(*init, "--endpoint", "127.0.0.1:1", "--rpc", "127.0.0.1:2")[:2] == (2, "wrong_endpoints")
    remote = ("--endpoint", "0.0.0.0:30001", "--endpoint", "127.0.0.1:30011", "--rpc", "127.0.0.1:30000")
    assert net.failed(*init, *remote)[:2] == (2, "not_loopback")
    assert net.good(*init, *remote, "--allow-remote")["p2p"] == "0.0.0.0:30001"
    code, name, words = net.failed("node", "run", "--dir", str(tmp_path / "g" / "validator-0"))
    assert (code, name) == (2, "not_loopback")
    assert "--allow-remote" in words
