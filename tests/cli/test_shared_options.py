"""Options that every command shares, and how a command fails: before any network is needed."""

import contextlib
import io
import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from cli import options, output


def mithqal(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments], capture_output=True, text=True, check=False, timeout=60,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **environment},
    )  # fmt: skip


def error(done):
    """On failure stdout is empty and stderr holds one document."""
    assert done.stdout == ""
    document = json.loads(done.stderr)
    assert set(document) == {"error"}
    assert set(document["error"]) == {"code", "name", "message", "details", "exit"}
    assert document["error"]["exit"] == done.returncode
    return document["error"]


def test_json_works_before_and_after_the_command() -> None:
    """'`--json`, `--quiet`, `--network` work after the command too'."""
    before, after = mithqal("--json", "explain", "1288"), mithqal("explain", "1288", "--json")
    assert before.returncode == after.returncode == 0
    assert json.loads(before.stdout) == json.loads(after.stdout)
    assert not mithqal("explain", "1288").stdout.startswith("{")


@pytest.mark.parametrize("place", ["before", "after", "both", "environment"])
def test_the_network_is_the_one_named_nearest_to_the_command(place: str, tmp_path: Path) -> None:
    """'`--network DIR`, else MITHQAL_NETWORK': the refusal names the directory that was meant."""
    wanted, other = str(tmp_path / "wanted"), str(tmp_path / "other")
    arguments = {
        "before": ("--network", wanted, "localnet", "status"),
        "after": ("localnet", "status", "--network", wanted),
        "both": ("--network", other, "localnet", "status", "--network", wanted),
        "environment": ("localnet", "status"),
    }[place]
    environment = wanted if place == "environment" else other
    done = mithqal(*arguments, "--json", MITHQAL_NETWORK=environment)
    found = error(done)
    assert (done.returncode, found["name"]) == (3, "network_missing")
    assert wanted in found["message"]
    assert other not in found["message"]


@pytest.mark.parametrize("arguments", [("frobnicate",), ("localnet", "frobnicate"), ("pay",), ("rates", "--date", "x")])
def test_a_usage_error_exits_with_2(arguments: tuple[str, ...]) -> None:
    """Exit 2: usage; unknown commands, missing arguments, malformed values."""
    found = error(mithqal(*arguments, "--json"))
    assert (found["name"], found["exit"], found["code"]) == ("usage", 2, None)
    plain = mithqal(*arguments)
    assert plain.returncode == 2
    assert plain.stdout == ""
    assert "Traceback" not in plain.stderr


@pytest.mark.parametrize(("group", "path"), [((), "mithqal"), (("localnet",), "mithqal localnet")])
def test_a_group_without_a_command_says_so_in_json(group: tuple[str, ...], path: str) -> None:
    """Exit 2, and a sentence with the next thing to type: the page of help is for people."""
    found = error(mithqal("--json", *group))
    assert (found["name"], found["exit"]) == ("usage", 2)
    assert found["message"] == f"Missing command. Try: {path} --help"
    plain = mithqal(*group)
    assert (plain.returncode, plain.stdout) == (2, "")
    assert plain.stderr.startswith("Usage: ")


def test_quiet_leaves_errors_and_results() -> None:
    """`--quiet` silences talk only."""
    assert mithqal("explain", "1288", "--quiet").stdout == mithqal("explain", "1288").stdout
    done = mithqal("--quiet", "explain", "999999")
    assert done.returncode == 6
    assert done.stderr.endswith("(unknown_code)\n")


@pytest.mark.parametrize("option", ["--json", "--quiet"])
def test_talk_is_silent_where_an_error_may_follow(option: str, tmp_path: Path) -> None:
    """'on failure stdout is empty and stderr holds only {"error": ...}': what was said before would stand there too."""
    command = ("node", "run", "--dir", str(tmp_path), option)
    assert mithqal(*command).stderr.count("\n") == 1
    said_before = options.Shared(as_json=option == "--json", quiet=option == "--quiet")
    context = click.Context(click.Command("x"), obj=said_before)
    with context, contextlib.redirect_stderr(io.StringIO()) as said:
        output.talk("working")
    assert said.getvalue() == ""
    with click.Context(click.Command("x")), contextlib.redirect_stderr(io.StringIO()) as said:
        output.talk("working")
    assert said.getvalue() == "working\n"


def test_a_reader_that_goes_away_is_no_error() -> None:
    """`mithqal ... | head -1` ends in silence."""
    command = f"{sys.executable} -m cli rates --json | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "{\n", "")


def test_help_names_every_command() -> None:
    """The help lists the commands with a line each, and loads none of them."""
    done = mithqal("--help")
    assert done.returncode == 0
    for name in ("localnet", "account", "pay", "tx", "explain", "lab", "rates"):
        assert f"\n  {name} " in done.stdout
