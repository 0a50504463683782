"""How a command starts and ends: closed standard files, readers that go away, Ctrl-C at any moment."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli import exits, output, start

PYTHON = [sys.executable, "-m", "cli"]


@pytest.mark.parametrize("option", [[], ["--json"]])
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_files_are_opened_on_nothing(closed: str, option: list[str]) -> None:
    """No traceback where the caller closed a file: what is printed there goes nowhere, the rest as ever."""
    shell = f'exec "$@" {closed}'
    command = ["sh", "-c", shell, "sh", *PYTHON, "explain", "1288", *option]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert bool(done.stdout) == (">&-" not in closed.replace("2>&-", ""))


def test_a_closed_standard_file_is_not_given_to_another_file() -> None:
    """What is printed never lands in a database that got the number of a closed stdout."""
    program = (
        "import os\nos.close(1)\nfrom cli import start\nstart._open_standard_files()\n"
        "assert os.path.samestat(os.fstat(1), os.stat(os.devnull))\nassert os.open(os.devnull, os.O_RDONLY) > 2\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["localnet", "--help"], ["pay", "--help"], ["explain", "1288"], ["explain", "1288", "--json"]],
)
def test_a_reader_that_goes_away_is_no_failure(arguments: list[str]) -> None:
    """As with `mithqal ... | head -1`: 0 and not a word, for help as for results."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*PYTHON, *arguments], stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=60,
            env={name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},
        )  # fmt: skip
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("buffering", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["buffered", "unbuffered"])
def test_a_full_disk_is_a_failure(buffering: dict[str, str]) -> None:
    """Only a pipe that nobody reads is silent: 1 where a result could not be written, said once."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PYTHON, "explain", "1288", "--json"], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            timeout=60, env={**environment, **buffering},
        )  # fmt: skip
    error = json.loads(done.stderr)["error"]
    assert (done.returncode, error["name"], error["exit"]) == (1, "system", 1)


@pytest.mark.parametrize("as_json", [False, True])
def test_interrupted_reads_as_everywhere(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """130, and the words of the one printer, which is not loaded yet."""
    assert start._interrupted(as_json=as_json) == start.INTERRUPTED == exits.INTERRUPTED
    mine = capsys.readouterr()
    output.refuse("interrupted", "interrupted", exits.INTERRUPTED, as_json=as_json)
    assert mine == capsys.readouterr()
    assert mine.out == ""


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_ctrl_c_while_modules_are_loaded(option: list[str], tmp_path: Path) -> None:
    """'130 interrupted', with one error and no traceback, also before the command line is read."""
    (tmp_path / "click.py").write_text("import time\nprint('loading', flush=True)\ntime.sleep(60)\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    root = Path(start.__file__).parents[1]
    process = subprocess.Popen(
        [*PYTHON, "explain", "1288", *option], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment, cwd=root,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "loading\n"
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    if option:
        assert json.loads(error)["error"]["name"] == "interrupted"
    else:
        assert error == "mithqal: interrupted (interrupted)\n"


def catches_interrupts(pid: str) -> bool:
    """Whether a process has a handler of its own for SIGINT, as Python does from the start."""
    (caught,) = re.findall(r"^SigCgt:\s*(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return bool(int(caught, 16) >> (signal.SIGINT - 1) & 1)


def test_ctrl_c_ends_the_workers_without_a_word() -> None:
    """A terminal interrupts the whole group of processes: one error on stderr, none of each worker."""
    command = [*PYTHON, "lab", "campaign", "--processes", "2", "--virtual-seconds", "3600", "--json"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + 20
    while len(found := children.read_text().split()) < 2 or any(catches_interrupts(pid) for pid in found):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert json.loads(error)["error"]["name"] == "interrupted"
