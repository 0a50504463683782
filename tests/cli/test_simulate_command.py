"""`mithqal simulate` as people type it: results, errors with bounds, and what other commands make of its directory."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from click.testing import CliRunner

from cli.main import root
from node.client.network import load_network
from node.localnet.supervisor import Supervisor

SMALL = ["--days", "3", "--people", "30", "--seed", "4", "--workers", "0"]


class Done(NamedTuple):
    """What a command came to."""

    exit_code: int
    stdout: str
    stderr: str


def call(*words: str) -> Done:
    """A command as `main` runs it."""
    result = CliRunner().invoke(root, list(words), standalone_mode=False)
    if isinstance(result.exception, click.ClickException):
        return Done(2, result.stdout, result.exception.format_message())
    if result.exception is not None:
        raise result.exception
    return Done(result.return_value or 0, result.stdout, result.stderr)


def process(*words: str) -> Done:
    """A command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "cli", *words], capture_output=True, text=True, check=False, timeout=100
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    directory = tmp_path_factory.mktemp("simulated") / "network"
    result = call("simulate", *SMALL, "-o", str(directory), "--json")
    assert result.exit_code == 0, result.stderr
    return directory, json.loads(result.stdout)


def test_the_document(made):
    """transactions, by kind, days, state_root, version, wall seconds, refused by rule, volumes, reserve, books."""
    directory, document = made
    assert document["directory"] == str(directory)
    assert (document["days"], document["people"], document["seed"]) == (3, 30, 4)
    assert document["transactions"] == sum(document["by_kind"].values())
    assert len(document["state_root"]) == 64
    assert document["books_agree"] is True
    assert document["interrupted"] is False
    assert document["wave"] is None
    assert [day["date"] for day in document["reserve"]] == ["2021-01-01", "2021-01-02", "2021-01-03"]
    assert {"refused_by_rule", "corridors", "minted", "burned", "wall_seconds", "version", "blocks"} <= set(document)
    assert json.loads((directory / "summary.json").read_text()) == document
    assert (directory / "summary.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--days", "0"), "1<=x<=3660"), (("--days", "3661"), "1<=x<=3660"), (("--people", "19"), "20<=x<=50000"),
        (("--people", "50001"), "20<=x<=50000"), (("--seed", "-1"), "0<=x<="), (("--workers", "65"), "0<=x<=64"),
    ],
)  # fmt: skip
def test_absurd_parameters_are_named_with_their_bounds(tmp_path, words, said):
    """One clear error that names what is available."""
    result = call("simulate", *words, "-o", str(tmp_path / "x"))
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "x").exists()


def test_where_to(tmp_path):
    assert call("simulate").exit_code == 2
    both = call("simulate", "-o", str(tmp_path / "a"), "--continue", str(tmp_path / "b"))
    assert both.exit_code == 2
    other = call("simulate", "--continue", str(tmp_path / "b"), "--people", "50")
    assert other.exit_code == 2
    assert "keeps its people" in other.stderr


@pytest.mark.parametrize(
    ("words", "name", "code"),
    [
        (("--scenario", "nowhere.json"), "unknown_scenario", 6),
        (("--scenario", "{bad}"), "bad_scenario", 2),
        (("--days", "3660"), "rate_date_out_of_range", 6),
    ],
)  # fmt: skip
def test_errors_of_the_world(tmp_path, words, name, code):
    bad = tmp_path / "bad.json"
    bad.write_text('{"version": 1, "headline": "x"}')
    words = tuple(word.format(bad=bad) for word in words)
    result = call("simulate", *words, "-o", str(tmp_path / "x"), "--json")
    assert result.exit_code == code
    assert result.stdout == ""
    error = json.loads(result.stderr)["error"]
    assert (error["name"], error["exit"]) == (name, code)


def test_a_directory_in_use_is_left_alone(made):
    directory, _ = made
    result = call("simulate", *SMALL, "-o", str(directory))
    assert result.exit_code == 2
    assert "network_exists" in result.stderr
    elsewhere = call("simulate", "--continue", str(directory.parent), "--days", "1", "--json")
    assert elsewhere.exit_code == 3
    assert json.loads(elsewhere.stderr)["error"]["name"] == "network_missing"


def test_the_explorer_opens_it_though_nothing_runs(made):
    """`mithqal explorer --network DIR` opens it; `account show` and proofs verify from the waypoint."""
    directory, document = made
    at = ("--network", str(directory))
    page = call("explorer", *at, "--json")
    assert page.exit_code == 0, page.stderr
    assert json.loads(page.stdout)["version"] == document["version"]
    shown = call("account", "show", "us-00000@us-wallet", *at, "--json")
    assert shown.exit_code == 0, shown.stderr
    assert json.loads(shown.stdout)["verified"]["version"] == document["version"]
    proof = directory.parent / "proof.json"
    assert call("proof", "get", "account", "us-00000@us-wallet", "-o", str(proof), *at).exit_code == 0
    waypoint = load_network(directory).waypoint
    assert call("proof", "verify", str(proof), "--waypoint", waypoint).exit_code == 0
    assert call("proof", "verify", str(proof), "--waypoint", "0:" + "0" * 64).exit_code == 8
    refused = call("pay", "us-00000@us-wallet", "us-00001@us-wallet", "1", "XUS", *at)
    assert refused.exit_code == 3, "to be read it need not run, to be paid on it must"


def test_an_audit_of_its_ledger(made):
    directory, document = made
    result = call("audit", "--dir", str(directory / "validator-3"), "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["transactions"] == document["transactions"]


def test_it_goes_on(made, tmp_path):
    result = call("simulate", *SMALL, "-o", str(tmp_path / "n"), "--json")
    later = call("simulate", "--continue", str(tmp_path / "n"), "--days", "2", "--workers", "0", "--json")
    assert later.exit_code == 0, later.stderr
    document = json.loads(later.stdout)
    assert document["days"] == 5
    assert document["version"] > json.loads(result.stdout)["version"]
    whole = call("simulate", "--days", "5", *SMALL[2:], "-o", str(tmp_path / "whole"), "--json")
    assert json.loads(whole.stdout)["state_root"] == document["state_root"]


@pytest.mark.network
def test_live_validators_go_on_with_the_chain(tmp_path):
    """`localnet up` continues the chain: live processes commit above what keys had certified, and people pay."""
    directory = tmp_path / "network"
    before = json.loads(call("simulate", *SMALL, "-o", str(directory), "--json").stdout)
    at = ("--network", str(directory))
    try:
        assert process("localnet", "up", "--detach", *at).exit_code == 0
        paid = process("pay", "us-wallet", "us-00000@us-wallet", "1", "XUS", *at, "--json")
        assert paid.exit_code == 0, paid.stderr
        assert json.loads(paid.stdout)["version"] > before["version"]
        rows = Supervisor(directory).status()
        assert [row["state"] for row in rows] == ["up"] * 4
        heights = [row["height"] for row in rows]
        assert min(heights) > before["blocks"] - 1
        audit = process("audit", *at, "--json")
        assert audit.exit_code == 0, audit.stderr
        refused = process("simulate", "--continue", str(directory), "--days", "1", "--json")
        assert json.loads(refused.stderr)["error"]["name"] == "network_runs"
        assert refused.exit_code == 3
        alarms = [
            line
            for member in load_network(directory).members
            for line in (member.directory / "node.log").read_text().splitlines()
            if "safety" in line or "ledger_lost" in line or "divergence" in line
        ]
        assert alarms == []
    finally:
        Supervisor(directory).down()
    moved = process("simulate", "--continue", str(directory), "--days", "1", "--json")
    assert json.loads(moved.stderr)["error"]["name"] == "simulation_moved"
    assert moved.exit_code == 2


def test_ctrl_c_ends_with_the_day(tmp_path):
    """Interruption leaves a consistent directory, and exits 130."""
    directory = tmp_path / "network"
    command = [sys.executable, "-m", "cli", "simulate", "--days", "300", "--people", "40", "--workers", "1", "-o"]
    with subprocess.Popen(
        [*command, str(directory)], stderr=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONUNBUFFERED": "1"}, text=True,
    ) as process:  # fmt: skip
        ledger = directory / ".unfinished" / "validator-0" / "data" / "ledger.sqlite"
        deadline = time.monotonic() + 60
        while not (ledger.exists() and ledger.stat().st_size > 500_000) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "go on with --continue" in said
    assert call("explorer", "--network", str(directory)).exit_code == 0
    later = call("simulate", "--continue", str(directory), "--days", "1", "--workers", "0", "--json")
    assert later.exit_code == 0, later.stderr


def test_a_directory_that_cannot_be(tmp_path: Path) -> None:
    """A file in the way is one clear error with exit 2, before anything is made."""
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "below"
    done = call("simulate", *SMALL, "-o", str(place), "--json")
    error = json.loads(done.stderr)["error"]
    assert (done.exit_code, done.stdout, error["name"]) == (2, "", "cannot_write")
    assert str(place) in error["message"]
