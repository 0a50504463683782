"""The signing record in a file of two checksummed slots, synced before a signature leaves (design decision 8).

A write goes to the older slot, so that a torn one leaves the newer intact. Slot: magic (4), sequence (8), length (4),
BLAKE2b of all that and the payload (16), payload.
"""

import os
from hashlib import blake2b
from pathlib import Path

from node.storage.sqlite import StorageError

MAGIC = b"MQS1"
SLOT_BYTES = 64 * 1024
_HEADER = 32
MAX_PAYLOAD = SLOT_BYTES - _HEADER


class SafetyFile:
    """One validator's record. After any failed write the object refuses to go on."""

    def __init__(self, path: Path) -> None:
        """Open or create; StorageError (`safety_record_unreadable`) if it exists and no slot is whole."""
        existed = path.exists()
        self.path = path
        self._failed = False
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._payload: bytes | None = None
        self._sequence = 0
        if existed and os.fstat(self._fd).st_size > 0:
            self._read()
        else:
            os.ftruncate(self._fd, 2 * SLOT_BYTES)
            os.fsync(self._fd)
            _sync_directory(path.parent)

    def _read(self) -> None:
        """Take the newest whole slot; a file that was only ever blank holds none."""
        slots = [os.pread(self._fd, SLOT_BYTES, place * SLOT_BYTES) for place in (0, 1)]
        for data in slots:
            found = _parse(data)
            if found is not None and found[0] > self._sequence:
                self._sequence, self._payload = found
        if self._payload is None and any(data.strip(b"\0") for data in slots):
            os.close(self._fd)
            raise StorageError(
                f"{self.path}: no slot is whole; this validator must not sign again with this key",
                name="safety_record_unreadable",
            )

    def load(self) -> bytes | None:
        """The newest record, or None if none was ever stored."""
        return self._payload

    def store(self, payload: bytes) -> None:
        """Make a record durable; StorageError if it does not fit or the disk refuses, and for ever after."""
        if self._failed:
            raise StorageError(f"{self.path}: an earlier write failed", name="sync_failed")
        if len(payload) > MAX_PAYLOAD:
            raise StorageError(f"a record of {len(payload)} bytes is above {MAX_PAYLOAD}", name="record_too_large")
        sequence = self._sequence + 1
        head = MAGIC + sequence.to_bytes(8, "big") + len(payload).to_bytes(4, "big")
        data = head + blake2b(head + payload, digest_size=16).digest() + payload
        try:
            written = os.pwrite(self._fd, data, sequence % 2 * SLOT_BYTES)
            if written != len(data):
                raise OSError(f"short write of {written} bytes")
            os.fdatasync(self._fd)
        except OSError as error:
            self._failed = True
            raise StorageError(f"{self.path} cannot be synced: {error}", name="sync_failed") from error
        self._sequence, self._payload = sequence, payload

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


def _parse(data: bytes) -> tuple[int, bytes] | None:
    """Sequence and payload of a slot, or None if it is not whole."""
    if data[:4] != MAGIC:
        return None
    sequence, length = int.from_bytes(data[4:12], "big"), int.from_bytes(data[12:16], "big")
    payload = data[_HEADER : _HEADER + length]
    if len(payload) != length or blake2b(data[:16] + payload, digest_size=16).digest() != data[16:_HEADER]:
        return None
    return sequence, payload


def _sync_directory(path: Path) -> None:
    """Make a new file's name durable."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
