"""What a kill drops: the writes that were not synced, and nothing else; by the library under a real process."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from node.lab.chaos.unsynced import (
    LIBRARY_SOURCE,
    Library,
    build_library,
    drop_unsynced,
    environment,
    read_log,
    set_full,
)

PRELUDE = """
import os, sys
data = sys.argv[1]
def put(name, text, at=0, flags=os.O_RDWR | os.O_CREAT):
    fd = os.open(data + "/" + name, flags, 0o600)
    os.pwrite(fd, text, at)
    return fd
def sync_names():
    fd = os.open(data, os.O_RDONLY)
    os.fsync(fd)
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled here."""
    built = build_library(tmp_path_factory.mktemp("library"))
    if built.path is None and built.reason.startswith("no C compiler"):
        pytest.skip(built.reason)
    assert built.path is not None, built.reason
    return built.path


@pytest.fixture
def killed(library: Path, tmp_path: Path) -> Callable[..., tuple[Path, int]]:
    """Runs a program under the library, which kills itself; gives its directory, and how many bytes were lost."""
    data, undo = tmp_path / "data", tmp_path / "undo"
    data.mkdir()

    def run(program: str, keeps: Callable[[], bool] | None = None) -> tuple[Path, int]:
        added = environment(library, data, undo)
        command = [sys.executable, "-c", f"{PRELUDE}\n{program}\nos.kill(os.getpid(), 9)", str(data)]
        done = subprocess.run(command, env={**os.environ, **added}, capture_output=True, text=True, check=False)
        assert done.returncode == -9, done.stderr
        return data, drop_unsynced(data, undo, keeps)

    return run


def test_writes_before_the_sync_stay_and_later_ones_go(killed: Callable[..., tuple[Path, int]]) -> None:
    """ "A shim under the real process also drops unsynced writes at the kill"."""
    data, dropped = killed(
        """
fd = put("a", b"synced, and more"); os.fdatasync(fd); sync_names()
os.pwrite(fd, b"UNSYNC", 0); os.pwrite(fd, b"longer than before", 10)
"""
    )
    assert (data / "a").read_bytes() == b"synced, and more"
    assert dropped > 0


def test_a_cut_and_an_append_are_undone(killed: Callable[..., tuple[Path, int]]) -> None:
    """The length of a file is a write too."""
    data, _ = killed(
        """
fd = put("a", b"x" * 3000); os.fsync(fd); sync_names()
os.ftruncate(fd, 10); os.pwrite(fd, b"yy", 5)
other = os.open(data + "/a", os.O_WRONLY | os.O_APPEND); os.write(other, b"appended")
"""
    )
    assert (data / "a").read_bytes() == b"x" * 3000


def test_names_last_from_the_sync_of_their_directory_on(killed: Callable[..., tuple[Path, int]]) -> None:
    """Created, renamed over and deleted without that sync: as it was before."""
    data, _ = killed(
        """
for name in ("old", "target", "doomed"):
    os.fsync(put(name, name.encode()))
sync_names()
os.fsync(put("fresh", b"fresh"))
os.rename(data + "/old", data + "/target")
os.unlink(data + "/doomed")
"""
    )
    found = {path.name: path.read_bytes() for path in data.iterdir()}
    assert found == {"old": b"old", "target": b"target", "doomed": b"doomed"}


def test_some_sectors_may_reach_the_disk_all_the_same(killed: Callable[..., tuple[Path, int]]) -> None:
    """A disk promises no order: of two sectors the second may be there without the first."""
    answers = iter([False, True])
    data, dropped = killed(
        'fd = put("a", b"a" * 1024); os.fsync(fd); sync_names(); os.pwrite(fd, b"b" * 1024, 0)', lambda: next(answers)
    )
    assert (data / "a").read_bytes() == b"a" * 512 + b"b" * 512
    assert dropped == 512


def test_nothing_is_lost_where_all_was_synced(killed: Callable[..., tuple[Path, int]]) -> None:
    """An honest program loses nothing, files that SQLite rebuilds and locks aside."""
    data, dropped = killed('os.fsync(put("a", b"kept")); put("x-shm", b"shared"); put("node.lock", b"1"); sync_names()')
    assert {path.name: path.read_bytes() for path in data.iterdir()} == {
        "a": b"kept", "x-shm": b"shared", "node.lock": b"1"
    }  # fmt: skip
    assert dropped == 0


def test_a_full_disk_refuses_what_would_grow(library: Path, tmp_path: Path) -> None:
    """ENOSPC for a file that grows, room for what stands within it; and again after there is space."""
    data, undo = tmp_path / "data", tmp_path / "undo"
    data.mkdir()
    added = environment(library, data, undo)
    program = """
fd = put("a", b"1234")
print("ready", flush=True); input()
os.pwrite(fd, b"in", 0)
try:
    os.pwrite(fd, b"beyond", 2)
except OSError as error:
    print(error.errno, flush=True)
input()
print(os.pwrite(fd, b"beyond", 2), flush=True)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", PRELUDE + program, str(data)], env={**os.environ, **added}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        said = [process.stdout.readline()]
        for is_full in (True, False):
            set_full(undo, is_full=is_full)
            process.stdin.write("\n")
            process.stdin.flush()
            said.append(process.stdout.readline())
    assert said == ["ready\n", "28\n", "6\n"]


def test_a_record_that_was_cut_short_is_none() -> None:
    """The write that it stands for never was."""
    head = (16).to_bytes(8, sys.byteorder) * 2
    record = b"".join(value.to_bytes(8, sys.byteorder) for value in (7, 100, 3)) + b"old"
    assert [tuple(item) for item in read_log(head + record + record[:-1])] == [(7, 100, b"old")]


def test_a_machine_without_a_compiler_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "If unavailable on a machine it's reported as skipped with the reason"."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build_library(tmp_path) == Library(None, "no C compiler (cc) on this machine")
    assert LIBRARY_SOURCE.is_file()
