"""The README's commands, run as they stand: what a newcomer copies works.

Every block fenced as `sh` is run, all of them in their order by one shell that stops at the first failure,
from the root of the checkout with the environment's command on the path and an empty home. Blocks fenced as
anything else (`text`, `console`) are only shown.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.rules import ROOT


def shell_blocks(markdown: str) -> list[str]:
    """The text of each block fenced as `sh`, in order."""
    return re.findall(r"^```sh\n(.*?)^```$", markdown, re.MULTILINE | re.DOTALL)


def run_blocks(blocks: list[str], home: Path) -> subprocess.CompletedProcess[str]:
    """Run the blocks in one shell; the commands are echoed to stderr, so that a failure names its line."""
    program = "set -euo pipefail\nset -x\n" + "\n".join(blocks)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "MITHQAL_"))}
    environment = {**kept, "PATH": path, "HOME": str(home), "NO_COLOR": "1"}
    command = ["bash", "-c", program]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.readme
@pytest.mark.timeout(900)
def test_commands_of_the_readme_work(tmp_path: Path) -> None:
    """Every command that the README tells a newcomer to type succeeds, in the order given there."""
    blocks = shell_blocks((ROOT / "README.md").read_text(encoding="utf-8"))
    assert "./scripts/demo" in "".join(blocks)
    done = run_blocks(blocks, tmp_path)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"


def test_the_shown_output_is_what_the_command_prints(tmp_path: Path) -> None:
    """The README shows the sheet that its own line of `reserve sdr` prints, digit by digit."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (line,) = [line for block in shell_blocks(text) for line in block.splitlines() if "reserve sdr" in line]
    blocks = re.findall(r"^```text\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (shown,) = [block for block in blocks if block.startswith("SDR on")]
    assert run_blocks([f"{line}\n"], tmp_path).stdout == shown


def test_only_blocks_fenced_as_sh_are_run() -> None:
    """What is only shown is not run."""
    text = "```sh\none\ntwo\n```\n```text\nthree\n```\nfour\n```sh\nfive\n```\n"
    assert shell_blocks(text) == ["one\ntwo\n", "five\n"]


def test_a_failing_command_of_the_readme_is_noticed(tmp_path: Path) -> None:
    """The first command that fails stops the run, and is named."""
    done = run_blocks(["echo first\n", "false\n", "echo never\n"], tmp_path)
    assert done.returncode == 1
    assert done.stdout == "first\n"
    assert done.stderr.splitlines() == ["+ echo first", "+ false"]
