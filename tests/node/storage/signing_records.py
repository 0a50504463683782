"""Signing records by the description of their format, and what a new process finds in a file."""

from hashlib import blake2b
from pathlib import Path

import pytest

from node.storage.rules import StorageError
from node.storage.safety_file import SLOT_BYTES, SafetyFile, owner_of

OWNER = owner_of(b"\x01" * 32, b"\x02" * 32)
OLD, NEW = b"the record that was signed for", b"the record after it, which is longer than the old one"


def written(path: Path, *payloads: bytes) -> bytes:
    """The file's bytes after these records."""
    file = SafetyFile(path, OWNER)
    for payload in payloads:
        file.store(payload)
    file.close()
    return path.read_bytes()


def read(path: Path) -> bytes | None:
    """What a new process finds."""
    file = SafetyFile(path, OWNER)
    try:
        return file.load()
    finally:
        file.close()


def refusal(path: Path) -> StorageError:
    """The error of a new process."""
    with pytest.raises(StorageError) as caught:
        SafetyFile(path, OWNER)
    return caught.value


def slot(sequence: int, payload: bytes, *, magic: bytes = b"MQSR", version: int = 2, owner: bytes = OWNER) -> bytes:
    """A copy's bytes, by the format's description."""
    head = magic + version.to_bytes(4, "big") + owner + sequence.to_bytes(8, "big") + len(payload).to_bytes(4, "big")
    return head + blake2b(head + payload, digest_size=16).digest() + payload


def file_of(even: bytes, odd: bytes, even_again: bytes | None = None, odd_again: bytes | None = None) -> bytes:
    """A file of the first copies of both slots and their second copies, which are alike unless given."""
    copies = (even, odd, even if even_again is None else even_again, odd if odd_again is None else odd_again)
    return b"".join(data.ljust(SLOT_BYTES, b"\0") for data in copies)
