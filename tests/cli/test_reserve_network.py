"""`reserve show|statement|monitor|run|write-off` from outside: on a simulated network at rest, and on a live one."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from node.client.network import load_network
from node.localnet.supervisor import Supervisor

Done = subprocess.CompletedProcess[str]


def run(*words: str, network: Path | None = None) -> Done:
    """A command as people call it."""
    at = [] if network is None else ["--network", str(network)]
    return subprocess.run(
        [sys.executable, "-m", "cli", *words, *at], capture_output=True, text=True, check=False, timeout=110
    )


def error_of(done: Done) -> str:
    assert done.stdout == ""
    return str(json.loads(done.stderr)["error"]["name"])


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("reserve") / "network"
    done = run("simulate", "--days", "6", "--people", "30", "--workers", "0", "-o", str(directory))
    assert done.returncode == 0, done.stderr
    return directory


def test_a_network_at_rest(simulated, tmp_path):
    """`reserve show|statement` on any network; a statement verifies with no network at all, from its waypoint."""
    shown = run("reserve", "show", "--json", network=simulated)
    assert shown.returncode == 0, shown.stderr
    document = json.loads(shown.stdout)
    assert document["covered"] is True
    books = json.loads((simulated / "summary.json").read_text())["books"]
    for coin in document["coins"]:
        assert coin["supply"] == books[coin["coin"]]["supply"]
        assert coin["held"] == books[coin["coin"]]["receipts"]
    assert document["basket"]["supply"] == books["XDX"]["supply"]
    file = tmp_path / "statement.json"
    made = run("reserve", "statement", "-o", str(file), "--json", network=simulated)
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["bytes"] == file.stat().st_size
    waypoint = load_network(simulated).waypoint
    offline = run("reserve", "statement", "--verify", str(file), "--waypoint", waypoint, "--json", network=tmp_path)
    assert offline.returncode == 0, offline.stderr
    assert json.loads(offline.stdout)["verified"] is True
    other = run("reserve", "statement", "--verify", str(file), "--waypoint", "0:" + "0" * 64, "--json")
    assert (other.returncode, error_of(other)) == (8, "bad_statement")
    file.write_text(file.read_text().replace('"held":', '"held":1'))
    changed = run("reserve", "statement", "--verify", str(file), "--waypoint", waypoint, "--json")
    assert (changed.returncode, error_of(changed)) == (8, "bad_statement")


def test_a_planted_shortfall_exits_with_8(simulated, tmp_path):
    assert run("reserve", "monitor", "--seconds", "0", network=simulated).returncode == 0
    planted = run("reserve", "write-off", "0.000001", "XJP", "--note", "lost", "--json", network=simulated)
    assert planted.returncode == 0, planted.stderr
    assert json.loads(planted.stdout)["beside_receipts"] == -1
    try:
        alarm = run("reserve", "monitor", "--seconds", "0", "--json", network=simulated)
        assert (alarm.returncode, error_of(alarm)) == (8, "reserve_shortfall")
        assert json.loads(alarm.stderr)["error"]["details"]["missing"] == {"XJP": 1}
        shown = run("reserve", "show", network=simulated)
        assert shown.returncode == 8
        assert "0.000001 ARE MISSING" in shown.stdout
        file = tmp_path / "statement.json"
        assert run("reserve", "statement", "-o", str(file), network=simulated).returncode == 8
        held = run("reserve", "statement", "--verify", str(file), "--json", network=simulated)
        assert held.returncode == 8, "it holds, and says that a coin is not covered"
        assert json.loads(held.stdout)["verified"] is True
    finally:
        assert run("reserve", "write-off", "0.000001", "XJP", "--add", network=simulated).returncode == 0
    assert run("reserve", "show", network=simulated).returncode == 0


@pytest.mark.parametrize(
    ("words", "name", "code"),
    [
        (("write-off", "1", "XDX"), "unknown_currency", 6), (("write-off", "-1", "XUS"), "bad_amount", 2),
        (("run", "--scenario", "nothing"), "unknown_scenario", 6), (("run",), "cannot_connect", 3),
    ],
)  # fmt: skip
def test_errors(simulated, words, name, code):
    done = run("reserve", *words, "--json", network=simulated)
    assert (done.returncode, error_of(done)) == (code, name)


@pytest.mark.network
def test_a_live_network(tmp_path):
    """`reserve run` drives a live network to books that agree; the monitor finds a loss within a block."""
    network = tmp_path / "network"
    up = run("localnet", "up", "--validators", "1", "--detach", network=network)
    assert up.returncode == 0, up.stderr
    try:
        done = run("reserve", "run", "--scenario", "usd-shock", "--json", network=network)
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        assert document["books_agree"] is True
        assert document["supply"] == document["supply_before"] + document["minted"] - document["burned"]
        assert document["most_waiting"] > 0
        xus = next(coin for coin in document["reserve"]["coins"] if coin["coin"] == "XUS")
        assert (xus["supply"], xus["receipts"]) == (document["supply"], document["supply"])
        audit = run("audit", "--json", network=network)
        found = {row["currency"]: row for row in json.loads(audit.stdout)["currencies"]}
        assert found["XUS"]["supply"] == document["supply"]
        command = [sys.executable, "-m", "cli", "reserve", "monitor", "--seconds", "60", "--json"]
        with subprocess.Popen(
            [*command, "--network", str(network)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as monitor:
            time.sleep(1.5)
            assert monitor.poll() is None, "covered so far"
            assert run("reserve", "write-off", "1", "XUS", network=network).returncode == 0
            _, said = monitor.communicate(timeout=30)
        assert monitor.returncode == 8
        assert json.loads(said)["error"]["name"] == "reserve_shortfall"
    finally:
        Supervisor(network).down()
