"""A run's result into its place, whole or not at all, whatever cuts it off.

While a run goes on everything lies in `.unfinished`. When all of it is there and on the disk, one rename calls it
`.finished`: from then on it is the result. Its parts are then moved into the network's directory, which is no network
meanwhile: `network.json` is taken away first and comes last. Whoever finds `.finished` moves what is left, so that no
program ever opens validators of which some are older than others.
"""

import fcntl
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from node.client.files import locked
from node.client.network import FINISHED, NETWORK_FILE
from node.files import sync_directory

UNFINISHED = ".unfinished"
DATA = "data"
"""A validator's folder that is replaced as one: its ledger and its signing record belong together."""
LOCK_FILE = ".simulate.lock"
FICLONE = 0x4004_9409
"""Linux: let one file share the blocks of another until either is written."""


def only_one(directory: Path) -> Any:
    """A lock: one run at a time in a directory."""
    return locked(directory / LOCK_FILE)


@contextmanager
def tidy(directory: Path) -> Generator[None]:
    """Leave nothing unfinished behind, whatever ends the run but a kill."""
    try:
        yield
    finally:
        shutil.rmtree(directory / UNFINISHED, ignore_errors=True)


def finish(directory: Path) -> None:
    """What lies in .unfinished is the result: call it so, and move it into its place."""
    place = directory / UNFINISHED
    for folder in (place, *(path for path in place.rglob("*") if path.is_dir())):
        sync_directory(folder)
    place.rename(directory / FINISHED)
    sync_directory(directory)
    settle(directory)


def settle(directory: Path) -> None:
    """Move what is left in .finished into its place; nothing if there is none. May be cut off anywhere, and called
    again."""
    place = directory / FINISHED
    if (place / NETWORK_FILE).exists():
        (directory / NETWORK_FILE).unlink(missing_ok=True)
        sync_directory(directory)
        for item in sorted(place.iterdir()):
            if item.name != NETWORK_FILE:
                _move(item, directory / item.name)
        sync_directory(directory)
        (place / NETWORK_FILE).replace(directory / NETWORK_FILE)
        sync_directory(directory)
    if place.exists():
        shutil.rmtree(place)


def _move(source: Path, target: Path) -> None:
    """A file or a validator's data in the place of the old; of any other directory each part so."""
    if not target.is_dir():
        source.replace(target)
    elif source.name == DATA:
        shutil.rmtree(target)
        source.rename(target)
    else:
        for item in sorted(source.iterdir()):
            _move(item, target / item.name)
        sync_directory(target)
        source.rmdir()


def copy_file(source: Path, target: Path) -> None:
    """A durable copy. Where the file system can (Btrfs, XFS), it takes no room until one of both is changed."""
    with source.open("rb") as old, target.open("xb") as new:
        target.chmod(source.stat().st_mode & 0o777)
        try:
            fcntl.ioctl(new.fileno(), FICLONE, old.fileno())
        except OSError:
            shutil.copyfileobj(old, new, 1 << 20)
            new.flush()
        os.fsync(new.fileno())
