"""Signed transactions kept on disk before they are submitted, so that a payment is never made twice.

One file a transaction, named by its hash: JSON with the signed bytes and a status. It is synced before `add` returns.
"""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from chain.errors import MithqalError
from chain.transaction import SignedTransaction, decode_transaction

STATUSES = ("stored", "submitted", "refused", "committed", "expired")
"""`stored`: may or may not have left; the last three are final."""
FINAL = ("refused", "committed", "expired")


class OutboxError(MithqalError):
    """An entry that is missing, malformed, or would be used twice."""

    name = "outbox"


class OutboxEntry(NamedTuple):
    """One signed transaction and what became of it."""

    hash: bytes
    envelope: bytes
    status: str
    key: str | None
    """The caller's own name of the payment (`--id`), at most once in an outbox."""
    note: dict[str, Any]

    @property
    def transaction(self) -> SignedTransaction:
        """The parsed transaction."""
        return decode_transaction(self.envelope)


class Outbox:
    """A directory of entries."""

    def __init__(self, directory: Path) -> None:
        """Create the directory (0700) if it is missing."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._directory = directory

    def add(self, tx: SignedTransaction, key: str | None = None, note: dict[str, Any] | None = None) -> OutboxEntry:
        """Keep a signed transaction; the same one again is the same entry. OutboxError (`id_used`) for a used key."""
        if key is not None:
            found = self.by_key(key)
            if found is not None and found.hash != tx.hash:
                raise OutboxError(
                    f"a payment with the id {key!r} exists already", name="id_used", hash=found.hash.hex()
                )
        path = self._path(tx.hash)
        if path.exists():
            return self.get(tx.hash)
        entry = OutboxEntry(tx.hash, tx.envelope, "stored", key, note or {})
        self._write(entry)
        return entry

    def get(self, tx_hash: bytes) -> OutboxEntry:
        """The entry of a hash; OutboxError (`unknown_hash`, `outbox_malformed`)."""
        path = self._path(tx_hash)
        if not path.exists():
            raise OutboxError(f"no signed transaction {tx_hash.hex()} is kept here", name="unknown_hash")
        return self._read(path)

    def by_key(self, key: str) -> OutboxEntry | None:
        """The entry of a caller's own name."""
        return next((entry for entry in self.entries() if entry.key == key), None)

    def entries(self) -> list[OutboxEntry]:
        """All entries by hash."""
        return [self._read(path) for path in sorted(self._directory.glob("*.json"))]

    def open_entries(self) -> list[OutboxEntry]:
        """Entries whose outcome is not known."""
        return [entry for entry in self.entries() if entry.status not in FINAL]

    def mark(self, tx_hash: bytes, status: str, **note: Any) -> OutboxEntry:
        """Set the status and add to the note. A final status stays."""
        if status not in STATUSES:
            raise OutboxError(f"no status is called {status!r}", name="unknown_status")
        entry = self.get(tx_hash)
        if entry.status in FINAL:
            return entry
        entry = entry._replace(status=status, note={**entry.note, **note})
        self._write(entry)
        return entry

    def _path(self, tx_hash: bytes) -> Path:
        """Where an entry lies."""
        return self._directory / f"{tx_hash.hex()}.json"

    def _read(self, path: Path) -> OutboxEntry:
        """One file; its name must be the hash of its bytes."""
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
            envelope = bytes.fromhex(value["envelope"])
            entry = OutboxEntry(bytes.fromhex(path.stem), envelope, value["status"], value["key"], value["note"])
            matches = entry.transaction.hash == entry.hash and entry.status in STATUSES
        except (ValueError, KeyError, TypeError, MithqalError) as error:
            raise OutboxError(f"{path} is malformed: {error}", name="outbox_malformed") from error
        if not matches:
            raise OutboxError(f"{path} does not hold the transaction of its name", name="outbox_malformed")
        return entry

    def _write(self, entry: OutboxEntry) -> None:
        """Write whole, synced, or not at all."""
        path = self._path(entry.hash)
        value = {"envelope": entry.envelope.hex(), "status": entry.status, "key": entry.key, "note": entry.note}
        temporary = path.with_suffix(".tmp")
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            json.dump(value, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
