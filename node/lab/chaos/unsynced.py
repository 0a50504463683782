"""What a power cut loses: after a SIGKILL, writes that were not synced are taken out of a validator's files again.

`unsynced.c`, compiled with the machine's C compiler and loaded into the process, logs what undoes them. A kill drops
all of them, or by sectors of 512 bytes some and not others, in no order: a disk promises nothing until the sync.
"""

import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

LIBRARY_SOURCE = Path(__file__).with_name("unsynced.c")
SECTOR = 512
"""A disk writes so many bytes whole or not at all."""
HEAD_BYTES = 16
_RECORD = struct.Struct("=QQQ")
_WORD = struct.Struct("=Q")
FULL_FILE, FULL_BYTES = "full", 4096


class Undo(NamedTuple):
    """What stood in a file before a write: where, how long the file was, which bytes."""

    offset: int
    size: int
    old: bytes


class Library(NamedTuple):
    """The compiled library, or why there is none."""

    path: Path | None
    reason: str


def build_library(directory: Path) -> Library:
    """Compile `unsynced.c` into a directory, and try whether it works here."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if sys.platform != "linux" or compiler is None:
        return Library(None, "no C compiler (cc) on this machine" if sys.platform == "linux" else "not Linux")
    path = directory / "unsynced.so"
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(path), str(LIBRARY_SOURCE), "-lpthread"]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode:
        return Library(None, f"{compiler} failed: {built.stderr.strip().splitlines()[-1:]}")
    return Library(path, "") if _works(path) else Library(None, "the compiled library does not see the writes here")


def environment(library: Path, data: Path, undo: Path) -> dict[str, str]:
    """What a process needs to be watched; makes the directory of the logs anew."""
    shutil.rmtree(undo, ignore_errors=True)
    undo.mkdir(parents=True)
    (undo / FULL_FILE).write_bytes(bytes(FULL_BYTES))
    return {"LD_PRELOAD": str(library), "CHAOS_DATA": str(data.resolve()), "CHAOS_UNDO": str(undo.resolve())}


def set_full(undo: Path, *, is_full: bool) -> None:
    """From now on no watched file of the running process grows (ENOSPC), or may grow again."""
    with (undo / FULL_FILE).open("r+b") as file:
        file.write(b"\x01" if is_full else b"\x00")


def drop_unsynced(data: Path, undo: Path, keeps: Callable[[], bool] | None = None) -> int:
    """Undo what was not synced in `data`, whose process is dead; gives the number of bytes that were lost.

    `keeps` is asked for each sector whether it reached the disk all the same; without it all are lost.
    """
    _drop_names(data, undo)
    logs = {int(path.stem): path for path in undo.glob("*.undo")}
    dropped = 0
    for entry in os.scandir(data):
        log = logs.get(entry.inode())
        if log is not None and entry.is_file(follow_symlinks=False):
            dropped += _drop_writes(Path(entry.path), read_log(log.read_bytes()), keeps)
    shutil.rmtree(undo, ignore_errors=True)
    return dropped


def read_log(log: bytes) -> list[Undo]:
    """The records that still count, oldest first. A last one that is cut short belongs to a write that never was."""
    found: list[Undo] = []
    at = _WORD.unpack_from(log)[0]
    while at + _RECORD.size <= len(log):
        offset, size, count = _RECORD.unpack_from(log, at)
        at += _RECORD.size
        if at + count > len(log):
            break
        found.append(Undo(offset, size, log[at : at + count]))
        at += count
    return found


def _drop_writes(path: Path, undos: list[Undo], keeps: Callable[[], bool] | None) -> int:
    """Put the old bytes back, all or by sectors."""
    if not undos:
        return 0
    with path.open("r+b") as file:
        size_now = os.fstat(file.fileno()).st_size
        size_synced = undos[0].size
        now = _touched(file.fileno(), undos, size_now)
        synced = {number: bytearray(sector) for number, sector in now.items()}
        size = size_now
        for undo in reversed(undos):
            for start in range(undo.size, size, SECTOR):  # what grew beyond the old end was nothing
                _put(synced, start, bytes(min(SECTOR, size - start)))
            _put(synced, undo.offset, undo.old)
            size = undo.size
        dropped, end = 0, size_synced
        for number in sorted(now):
            if now[number] == synced[number]:
                continue
            if keeps is not None and keeps():
                end = max(end, min((number + 1) * SECTOR, size_now))
                continue
            os.pwrite(file.fileno(), bytes(synced[number]), number * SECTOR)
            dropped += sum(1 for a, b in zip(now[number], synced[number], strict=True) if a != b)
        os.ftruncate(file.fileno(), end)
    return dropped


def _touched(fd: int, undos: list[Undo], size_now: int) -> dict[int, bytes]:
    """Every sector that may differ from what was synced, as it is now; zeros beyond the end."""
    numbers: set[int] = set()
    for undo in undos:
        numbers.update(range(undo.offset // SECTOR, -(-(undo.offset + len(undo.old)) // SECTOR)))
    low = min(size_now, *(undo.size for undo in undos))
    high = max(size_now, *(undo.size for undo in undos))
    numbers.update(range(low // SECTOR, -(-high // SECTOR)))
    return {number: os.pread(fd, SECTOR, number * SECTOR).ljust(SECTOR, b"\0") for number in sorted(numbers)}


def _put(sectors: dict[int, bytearray], offset: int, data: bytes) -> None:
    """Write bytes over whole sectors that are in memory."""
    at = 0
    while at < len(data):
        number, inside = divmod(offset + at, SECTOR)
        part = data[at : at + SECTOR - inside]
        sectors[number][inside : inside + len(part)] = part
        at += len(part)


def _drop_names(data: Path, undo: Path) -> None:
    """Undo what was created, renamed and deleted without a sync of the directory, newest first."""
    log = (undo / "names").read_bytes()
    lines = log[_WORD.unpack_from(log)[0] :].decode("utf-8", "replace").splitlines()
    for line in reversed(lines):
        match line.split("\t"):
            case ["created", name]:
                (data / name).unlink(missing_ok=True)
            case ["deleted", name, kept] if (undo / kept).exists() and not (data / name).exists():
                (undo / kept).rename(data / name)
            case ["renamed", old, name, kept] if (data / name).exists():
                (data / name).rename(data / old)
                if (undo / kept).exists():
                    (undo / kept).rename(data / name)
            case _:
                continue  # cut short: it never happened


_TRIAL = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1] + "/trial.sqlite", isolation_level=None)
connection.execute("PRAGMA journal_mode=WAL")
connection.execute("PRAGMA synchronous=FULL")
connection.execute("CREATE TABLE t (n INTEGER)")
connection.execute("INSERT INTO t VALUES (1)")
connection.execute("PRAGMA synchronous=OFF")
connection.execute("INSERT INTO t VALUES (2)")
os.kill(os.getpid(), 9)
"""


def _works(library: Path) -> bool:
    """Whether here, after a kill, a synced row of a database is kept and one that was not synced is lost."""
    import sqlite3

    with tempfile.TemporaryDirectory(prefix="mithqal-unsynced-") as folder:
        data, undo = Path(folder).resolve() / "data", Path(folder).resolve() / "undo"
        data.mkdir()
        added = environment(library, data, undo)
        subprocess.run([sys.executable, "-c", _TRIAL, str(data)], env={**os.environ, **added}, check=False)
        try:
            drop_unsynced(data, undo)
            connection = sqlite3.connect(data / "trial.sqlite")
            rows = connection.execute("SELECT n FROM t").fetchall()
            connection.close()
        except (OSError, sqlite3.Error):
            return False
    return rows == [(1,)]
