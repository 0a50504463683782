"""The signing record in a file of two checksummed slots, each kept twice (design decision 8; docs/operations.md).

Record n stands in slot n mod 2, so that a torn write leaves the record before it whole. `store` writes and syncs the
slot's first copy, which is the acknowledgement, and only then its second copy, which the next sync makes durable too.
What is read at the start follows from that order:

- first copy damaged, second one newer than the other slot: rot after the acknowledgement; the second copy is used;
- first copy damaged, second one older than the other slot: a write that was cut short before anything it stands for
  could leave; the other slot is used;
- both copies of a slot damaged: no cut write does that, so an acknowledged record may be lost: refused.

The one thing that cannot be told: damage to the newest first copy when the machine also lost power before the second
copy reached the disk (less than a second while the node runs). It is taken for a cut write.

A copy of `SLOT_BYTES`: magic (4), format (4), owner (32), sequence (8), length (4), BLAKE2b-128 of all that and the
payload (16), payload; integers big-endian. A new file appears whole under its name with records 0 and 1, which say that
nothing was stored yet: a file without them has lost a record, and is never taken for a new one (T1, T2).
"""

import os
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from node.storage.rules import StorageError

MAGIC = b"MQSR"
FORMAT = 2
SLOT_BYTES = 64 * 1024
FILE_BYTES = 4 * SLOT_BYTES
HEADER_BYTES = 68
OWNER_BYTES = 32
MAX_PAYLOAD = SLOT_BYTES - HEADER_BYTES
_HASHED = HEADER_BYTES - 16
"""Bytes of the header before the checksum."""
_FIRST = 2
"""Sequence of the first record that was stored."""


def owner_of(genesis_hash: bytes, public_key: bytes) -> bytes:
    """Whose record it is: one consensus key on one network, 32 bytes."""
    return blake2b(genesis_hash + public_key, digest_size=OWNER_BYTES, person=b"mithqal-signer").digest()


class _Copy(NamedTuple):
    """A whole copy of a record."""

    format: int
    owner: bytes
    sequence: int
    payload: bytes


class SafetyFile:
    """One validator's record, one object a file. After a failed write it refuses every further call."""

    def __init__(self, path: Path, owner: bytes, *, may_create: bool = True) -> None:
        """Open the file of `owner` (see `owner_of`), or create it, 0600, if it is missing and that is allowed.

        Raises StorageError: `safety_record_lost` (missing, and must not be), `safety_record_unreadable` (damaged),
        `safety_record_foreign` (another validator's or network's), `safety_record_format` (another program's),
        `sync_failed` (it cannot be created or mended).
        """
        assert len(owner) == OWNER_BYTES
        self.path, self._owner = path, owner
        self._failed = False
        self._fd = _open(path, owner, may_create=may_create)
        try:
            newest = self._read()
        except StorageError:
            self.close()
            raise
        self._sequence = newest.sequence
        self._payload = newest.payload if newest.sequence >= _FIRST else None

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
        data = _copy_bytes(self._owner, sequence, payload)
        try:
            _write(self._fd, data, _offset(sequence % 2, 0))
            _sync(self._fd)
            _write(self._fd, data, _offset(sequence % 2, 1))
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

    # --- reading ---

    def _read(self) -> _Copy:
        """The newest record, by the rules above; copies that are damaged or behind are mended."""
        try:
            data = os.pread(self._fd, FILE_BYTES + 1, 0)
        except OSError as error:
            raise _unreadable(self.path, str(error.strerror)) from error
        if len(data) != FILE_BYTES:
            found = int.from_bytes(data[4:8], "big")
            if data[:4] == MAGIC and found != FORMAT:
                raise self._wrong_format(found)
            raise _unreadable(self.path, f"it has not {FILE_BYTES} bytes")
        slots = [[_parse(data, place, number) for number in (0, 1)] for place in (0, 1)]
        for found_copy in (item for slot in slots for item in slot if item is not None):
            if found_copy.format != FORMAT:
                raise self._wrong_format(found_copy.format)
            if found_copy.owner != self._owner:
                raise StorageError(
                    f"{self.path} is the signing record of another validator or network;"
                    " put back the one that belongs to this validator's keys",
                    name="safety_record_foreign",
                )
        best = [max(slot, key=lambda item: -1 if item is None else item.sequence) for slot in slots]
        even, odd = best
        if even is None or odd is None:
            raise _unreadable(self.path, "both copies of a record are damaged")
        if abs(even.sequence - odd.sequence) != 1:
            raise _unreadable(self.path, f"records {even.sequence} and {odd.sequence} do not follow each other")
        self._mend(slots, (even, odd))
        return max(even, odd, key=lambda item: item.sequence)

    def _mend(self, slots: list[list[_Copy | None]], best: tuple[_Copy, _Copy]) -> None:
        """Write the better copy over one that is damaged or behind, so that each record stands twice again."""
        wrong = [(place, number) for place in (0, 1) for number in (0, 1) if slots[place][number] != best[place]]
        try:
            for place, number in wrong:
                data = _copy_bytes(self._owner, best[place].sequence, best[place].payload)
                _write(self._fd, data, _offset(place, number))
            if wrong:
                _sync(self._fd)
        except OSError as error:
            raise StorageError(f"{self.path} cannot be synced: {error}", name="sync_failed") from error

    def _wrong_format(self, found: int) -> StorageError:
        """A record of another program is never passed over: the other slot may be older than what was signed."""
        return StorageError(
            f"{self.path} has format {found}, this program reads format {FORMAT}: run the program that wrote it",
            name="safety_record_format",
            found=found,
            expected=FORMAT,
        )


def _offset(place: int, number: int) -> int:
    """Where a slot's copy begins: both first copies, then both second ones."""
    return (2 * number + place) * SLOT_BYTES


def _copy_bytes(owner: bytes, sequence: int, payload: bytes) -> bytes:
    """A copy's bytes, without the rest of an earlier and longer one."""
    head = MAGIC + FORMAT.to_bytes(4, "big") + owner + sequence.to_bytes(8, "big") + len(payload).to_bytes(4, "big")
    return head + blake2b(head + payload, digest_size=16).digest() + payload


def _parse(data: bytes, place: int, number: int) -> _Copy | None:
    """What a slot's copy holds in the whole file's bytes, or None if it is not whole or belongs in the other slot."""
    start = _offset(place, number)
    head = data[start : start + HEADER_BYTES]
    length = int.from_bytes(head[_HASHED - 4 : _HASHED], "big")
    payload = data[start + HEADER_BYTES : start + min(HEADER_BYTES + length, SLOT_BYTES)]
    checksum = blake2b(head[:_HASHED] + payload, digest_size=16).digest()
    if head[:4] != MAGIC or len(payload) != length or checksum != head[_HASHED:]:
        return None
    sequence = int.from_bytes(head[40:48], "big")
    if sequence % 2 != place:
        return None
    return _Copy(int.from_bytes(head[4:8], "big"), head[8:40], sequence, payload)


def _open(path: Path, owner: bytes, *, may_create: bool) -> int:
    """A descriptor of the file, created if it is missing and that is allowed."""
    try:
        try:
            return os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            if not may_create:
                raise StorageError(
                    f"there is no {path}, but the ledger beside it was run with one: {_ADVICE}",
                    name="safety_record_lost",
                ) from None
            _create(path, owner)
            return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise _unreadable(path, str(error.strerror)) from error


_ADVICE = (
    "what this validator has signed is unknown, it must not sign again with this key."
    " Put the newest file back if it was moved, never an older copy; or give the validator another key:"
    " mithqal validator rotate-key NAME (docs/operations.md)"
)


def _unreadable(path: Path, why: str) -> StorageError:
    """The error after which a validator must not sign."""
    return StorageError(f"{path} cannot be read ({why}): {_ADVICE}", name="safety_record_unreadable")


def _create(path: Path, owner: bytes) -> None:
    """A new file under a passing name, all of it written and synced, then its own name made durable."""
    temporary = path.with_name(path.name + ".new")
    data = b"".join(_copy_bytes(owner, sequence, b"").ljust(SLOT_BYTES, b"\0") for sequence in (0, 1)) * 2
    try:
        temporary.unlink(missing_ok=True)
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            _write(fd, data, 0)
            os.fsync(fd)
        finally:
            os.close(fd)
        temporary.rename(path)
        _sync_directory(path.parent)
    except OSError as error:
        raise StorageError(f"{path} cannot be created: {error}", name="sync_failed") from error


def _write(fd: int, data: bytes, offset: int) -> None:
    """Write all of it; OSError if the disk takes less."""
    written = os.pwrite(fd, data, offset)
    if written != len(data):
        raise OSError(f"only {written} of {len(data)} bytes were written")


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
