"""Files of a network directory that people own: written whole and synced or not at all, changed under a lock."""

import fcntl
import os
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from node.files import sync_directory


def write_durably(path: Path, text: str) -> None:
    """Replace a file (0600), making its directory (0700) if it is missing. Raises OSError; then the old one stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fd, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mkstemp: 0600
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def write_all_durably(texts: Mapping[Path, str]) -> None:
    """Write many files of one directory (0600) that are not there yet, each whole, and all of them synced at the end.

    Raises OSError; then some are written and some are not.
    """
    folders = {path.parent for path in texts}
    assert len(folders) <= 1, "of one directory"
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    written: list[tuple[int, str, Path]] = []
    try:
        for path, text in texts.items():
            fd, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            written.append((fd, temporary, path))
            os.write(fd, text.encode())
        for fd, _, _ in written:  # after all writes: the first sync takes most of the others with it
            os.fsync(fd)
        for _, temporary, path in written:
            Path(temporary).replace(path)
    finally:
        for fd, temporary, _ in written:
            os.close(fd)
            Path(temporary).unlink(missing_ok=True)
    for folder in folders:
        sync_directory(folder)


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Hold the lock of a file (made if it is missing): one process at a time, the others wait. Not for two threads."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
