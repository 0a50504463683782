"""New files that are whole and durable or not there at all, and directories whose names are."""

import os
import tempfile
from pathlib import Path


def write_new(path: Path, data: bytes) -> None:
    """A new file (0600) under a passing name, synced, then linked to its own. OSError, FileExistsError if taken."""
    fd, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mkstemp: 0600
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    finally:
        Path(temporary).unlink()
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make what was made, renamed, linked or removed in a directory durable."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
