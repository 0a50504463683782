"""The signing record in a file of two checksummed slots, synced before a signature leaves (design decision 8).

A write goes to the slot of the older record, so that a torn one leaves the newer intact. A slot of `SLOT_BYTES`:
magic (4), format (4), sequence (8), length (4), BLAKE2b-128 of all that and the payload (16), payload; integers
big-endian. The record with sequence n stands in slot n mod 2. A new file appears whole under its name, with an empty
record 0: a file without a single whole slot therefore has lost a record, and is never taken for a new one (T1, T2).
"""

import os
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from node.storage.rules import StorageError

MAGIC = b"MQSR"
FORMAT = 1
SLOT_BYTES = 64 * 1024
FILE_BYTES = 2 * SLOT_BYTES
HEADER_BYTES = 36
MAX_PAYLOAD = SLOT_BYTES - HEADER_BYTES
_HASHED = 20
"""Bytes of the header before the checksum."""


class _Record(NamedTuple):
    """A whole slot."""

    format: int
    sequence: int
    payload: bytes


class SafetyFile:
    """One validator's record, one object a file. After a failed write it refuses every further call."""

    def __init__(self, path: Path) -> None:
        """Open or create, 0600.

        Raises StorageError: `safety_record_unreadable` (no slot is whole: this key must never vote again),
        `safety_record_format` (a newer program wrote it), `sync_failed` (it cannot be created).
        """
        self.path = path
        self._failed = False
        if not path.exists():
            _create(path)
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise _unreadable(path, str(error.strerror)) from error
        try:
            newest = _newest(path, self._fd)
        except StorageError:
            os.close(self._fd)
            raise
        self._sequence = newest.sequence
        self._payload = newest.payload if newest.sequence else None

    def load(self) -> bytes | None:
        """The newest record, or None if none was ever stored. StorageError (`sync_failed`) after a failed write."""
        self._refuse_if_failed()
        return self._payload

    def store(self, payload: bytes) -> None:
        """Make a record durable before returning.

        StorageError `record_too_large` above `MAX_PAYLOAD`, with nothing written; `sync_failed` if the disk refuses,
        and from then on for every call: what a later sync says about the same pages proves nothing (security 4.7).
        """
        self._refuse_if_failed()
        if len(payload) > MAX_PAYLOAD:
            raise StorageError(
                f"{self.path}: a record of {len(payload)} bytes is above {MAX_PAYLOAD}",
                name="record_too_large",
                size=len(payload),
                limit=MAX_PAYLOAD,
            )
        sequence = self._sequence + 1
        data = _slot(sequence, payload)
        try:
            written = os.pwrite(self._fd, data, sequence % 2 * SLOT_BYTES)
            if written != len(data):
                raise OSError(f"only {written} of {len(data)} bytes were written")
            _sync(self._fd)
        except OSError as error:
            self._failed = True
            raise StorageError(f"{self.path} cannot be synced: {error}", name="sync_failed") from error
        self._sequence, self._payload = sequence, payload

    def _refuse_if_failed(self) -> None:
        """Nobody knows what stands on the disk after a failed sync."""
        if self._failed:
            raise StorageError(f"{self.path}: an earlier write failed", name="sync_failed")

    def close(self) -> None:
        """Close the file; further writes fail."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _slot(sequence: int, payload: bytes) -> bytes:
    """A slot's bytes, without the rest of an earlier and longer one."""
    head = MAGIC + FORMAT.to_bytes(4, "big") + sequence.to_bytes(8, "big") + len(payload).to_bytes(4, "big")
    return head + blake2b(head + payload, digest_size=16).digest() + payload


def _parse(data: bytes, place: int) -> _Record | None:
    """What a slot holds, or None if it is not whole or belongs in the other place."""
    length = int.from_bytes(data[16:_HASHED], "big")
    payload = data[HEADER_BYTES : HEADER_BYTES + length]
    checksum = blake2b(data[:_HASHED] + payload, digest_size=16).digest()
    if data[:4] != MAGIC or len(payload) != length or checksum != data[_HASHED:HEADER_BYTES]:
        return None
    sequence = int.from_bytes(data[8:16], "big")
    return _Record(int.from_bytes(data[4:8], "big"), sequence, payload) if sequence % 2 == place else None


def _newest(path: Path, fd: int) -> _Record:
    """The newest whole slot. A slot of a newer format refuses the file: the other one is older than what was signed."""
    try:
        data = os.pread(fd, FILE_BYTES + 1, 0)
    except OSError as error:
        raise _unreadable(path, str(error.strerror)) from error
    if len(data) != FILE_BYTES:
        raise _unreadable(path, f"it has not {FILE_BYTES} bytes")
    records = [
        record
        for place in (0, 1)
        if (record := _parse(data[place * SLOT_BYTES : (place + 1) * SLOT_BYTES], place)) is not None
    ]
    for record in records:
        if record.format != FORMAT:
            raise StorageError(
                f"{path} has format {record.format}, this program reads format {FORMAT}",
                name="safety_record_format",
                found=record.format,
                expected=FORMAT,
            )
    if not records:
        raise _unreadable(path, "neither slot is whole")
    return max(records, key=lambda record: record.sequence)


def _unreadable(path: Path, why: str) -> StorageError:
    """The error after which a validator must not sign."""
    advice = "what this validator has signed is unknown, it must not sign again with this key"
    return StorageError(f"{path} cannot be read ({why}): {advice}", name="safety_record_unreadable")


def _create(path: Path) -> None:
    """A new file under a passing name, all of it written and synced, then its own name made durable."""
    temporary = path.with_name(path.name + ".new")
    try:
        temporary.unlink(missing_ok=True)
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            if os.write(fd, _slot(0, b"").ljust(FILE_BYTES, b"\0")) != FILE_BYTES:
                raise OSError("short write")
            os.fsync(fd)
        finally:
            os.close(fd)
        temporary.rename(path)
        _sync_directory(path.parent)
    except OSError as error:
        raise StorageError(f"{path} cannot be created: {error}", name="sync_failed") from error


def _sync(fd: int) -> None:
    """Make written data durable; not every system has the cheaper call."""
    getattr(os, "fdatasync", os.fsync)(fd)


def _sync_directory(path: Path) -> None:
    """Make names in a directory durable."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
