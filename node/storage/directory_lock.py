"""One process a data directory: two that sign with the same key would be a Byzantine validator (security 4.3)."""

import fcntl
import os
from pathlib import Path

from node.storage.rules import StorageError

LOCK_FILE = "node.lock"


class DirectoryLock:
    """An exclusive `flock` on a file that holds the owner's pid. The kernel gives it up when the process ends."""

    def __init__(self, directory: Path) -> None:
        """Take the lock; StorageError (`directory_in_use`) names the process that holds it."""
        self.path = directory / LOCK_FILE
        try:
            self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageError(f"{self.path} cannot be opened: {error.strerror}", name="storage_unreadable") from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.pread(self._fd, 20, 0).decode("ascii", "replace").strip()
            os.close(self._fd)
            raise StorageError(
                f"{directory} is in use by process {owner or 'unknown'}; two processes never share a data directory",
                name="directory_in_use",
                pid=int(owner) if owner.isdecimal() else None,
            ) from error
        try:
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, str(os.getpid()).encode(), 0)
        except OSError:
            pass  # a full disk: the lock holds all the same, only its owner has no name

    def close(self) -> None:
        """Give the lock up; once more does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
