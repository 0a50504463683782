"""The scripts and the lock file: documented, runnable, and clear when Python is too old."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.house.rules import ROOT

SCRIPTS = sorted(path for path in (ROOT / "scripts").iterdir() if path.suffix == "" and path.is_file())
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")


@pytest.mark.parametrize("script", [*SCRIPTS, ROOT / ".ci" / "run"], ids=lambda path: path.name)
def test_script_is_executable_and_says_what_it_does(script: Path) -> None:
    """Each script starts with bash, strict mode and a sentence, and has a line in scripts/README.md."""
    lines = script.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert lines[1].startswith("# ")
    assert any(re.fullmatch(r"set -e?uo pipefail", line) for line in lines)
    assert os.access(script, os.X_OK)
    readme = (ROOT / "scripts" / "README.md").read_text(encoding="utf-8")
    assert f"`{script.name}`" in readme or f"`.ci/{script.name}`" in readme


def test_demo_and_localnet_pass_their_arguments_on() -> None:
    """The two front doors call the command of the same environment, with the arguments given."""
    for name, command in (("demo", 'mithqal" demo "$@"'), ("localnet", 'mithqal" localnet up "$@"')):
        assert (ROOT / "scripts" / name).read_text(encoding="utf-8").rstrip().endswith(command)


def set_up(folder: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Run a copy of scripts/setup in an empty checkout, with that interpreter."""
    (folder / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "setup", folder / "scripts" / "setup")
    (folder / "requirements.lock").write_text("")
    (folder / "pyproject.toml").write_text("")
    environment = {**os.environ, "PYTHON": python}
    command = [str(folder / "scripts" / "setup")]
    return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)


def test_setup_refuses_an_old_python_in_one_sentence(tmp_path: Path) -> None:
    """Talk goes to stderr only, the status is not 0, and no half-made environment is left."""
    old = tmp_path / "python-old"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = set_up(tmp_path, str(old))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [f"setup: PYTHON={old} is not Python 3.11 or newer"]
    assert not (tmp_path / ".venv").exists()
    assert not (tmp_path / ".setup.lock").exists()


def test_setup_names_the_package_when_venv_is_missing(tmp_path: Path) -> None:
    """A Python without `venv` is told apart from an old one."""
    bare = tmp_path / "python-bare"
    bare.write_text('#!/bin/sh\ncase "$2" in *venv*) exit 1 ;; esac\nexit 0\n')
    bare.chmod(0o755)
    done = set_up(tmp_path, str(bare))
    assert done.returncode == 1
    assert "has no venv module" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_lock_file_pins_every_dependency_with_hashes_and_names_no_host() -> None:
    """Every dependency of pyproject.toml is pinned, each pin has a hash, no URL or option stands there."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.split(r"[<>=;\[ ]", line, maxsplit=1)[0].lower().replace("_", "-") for line in wanted}
    pin = r"^([a-z0-9.-]+)==\S+.*?((?: \\\n {4}--hash=sha256:[0-9a-f]{64})+)$"
    pins = re.findall(pin, LOCK, re.MULTILINE)
    assert names <= {name for name, _ in pins}
    assert {"hatchling", "editables"} <= names
    assert LOCK.count("==") == len(pins) >= 40
    assert "://" not in LOCK
    assert [line for line in LOCK.splitlines() if line.startswith("-")] == []
