"""Signed transactions kept on disk before they are submitted, so that a payment is never made twice.

An entry is synced before `add` returns. `writing` is the lock of the network directory: inside of it a number that
`free_numbers` gave is nobody else's. Finished entries are never read to pay.
"""

import json
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from chain.errors import MithqalError
from chain.transaction import SignedTransaction, decode_transaction
from node.client.sending.database import Database, OutboxError

__all__ = ["FINAL", "STATUSES", "Outbox", "OutboxEntry", "OutboxError"]

STATUSES = ("stored", "submitted", "refused", "committed", "expired")
"""`stored`: may or may not have left; the last three are final."""
FINAL = ("refused", "committed", "expired")
RESTORED_NOTE = "restored_us"
"""In the note of an entry that was open when a backup was made: its time. Its id may have been used again since."""
_LAST = 2**63 - 1
"""Highest number in an SQLite column; for above it, which no validator takes for 2^63 transactions, it stands too."""
_COLUMNS = "hash, envelope, status, key, note"


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
    """The entries of one network directory."""

    def __init__(self, directory: Path) -> None:
        """Open or create it in `directory` (0700). OutboxError: `outbox_malformed`, `outbox_format`."""
        self.database = Database(directory)

    @contextmanager
    def writing(self) -> Generator[None]:
        """Whatever is added and marked inside is one durable change, and no other process chooses a number."""
        with self.database.writing():
            yield

    def add(self, tx: SignedTransaction, key: str | None = None, note: dict[str, Any] | None = None) -> OutboxEntry:
        """Keep a signed transaction; the same one again is the same entry, and may get a key if it has none.

        OutboxError (`id_used`) for a key of another transaction, or a second key.
        """
        with self.writing():
            taken = self.by_key(key) if key is not None else None
            found = self._find(tx.hash)
            rival = found if found is not None and key is not None and found.key not in (None, key) else None
            if taken is not None and taken.hash != tx.hash:
                rival = taken
            if rival is not None:
                raise OutboxError(
                    f"a payment with the id {key!r} exists already", name="id_used", hash=rival.hash.hex()
                )
            if found is None:
                self.insert(tx, key, note)
            elif key is not None:
                self.database.run("UPDATE entry SET key = ? WHERE hash = ?", key, tx.hash)
        return self.get(tx.hash)

    def insert(self, tx: SignedTransaction, key: str | None = None, note: dict[str, Any] | None = None) -> int:
        """Keep a new transaction inside of `writing`; gives its number in the database."""
        return self.database.run(
            "INSERT INTO entry (hash, sender, number, envelope, status, key, note) VALUES (?, ?, ?, ?, 'stored', ?, ?)",
            tx.hash, tx.raw.sender, min(tx.raw.sequence_number, _LAST), tx.envelope, key, json.dumps(note or {}),
        )  # fmt: skip

    def get(self, tx_hash: bytes) -> OutboxEntry:
        """The entry of a hash; OutboxError (`unknown_hash`, `outbox_malformed`)."""
        found = self._find(tx_hash)
        if found is None:
            raise OutboxError(f"no signed transaction {tx_hash.hex()} is kept here", name="unknown_hash")
        return found

    def has(self, tx_hash: bytes) -> bool:
        """Whether a transaction is kept here."""
        return bool(self.database.rows("SELECT 1 FROM entry WHERE hash = ?", tx_hash))

    def release_key(self, tx_hash: bytes) -> None:
        """Its caller's own name is free again: these bytes can never run. Not so of what came out of a backup."""
        self.database.run(
            "UPDATE entry SET key = NULL WHERE hash = ? AND json_extract(note, ?) IS NULL", tx_hash,
            f"$.{RESTORED_NOTE}",
        )  # fmt: skip

    def by_key(self, key: str) -> OutboxEntry | None:
        """The entry of a caller's own name."""
        return self._one("key = ?", key)

    def entries(self) -> list[OutboxEntry]:
        """All entries, in the order in which they were kept."""
        return self._read("1 ORDER BY id")

    def open_entries(self, sender: bytes | None = None) -> list[OutboxEntry]:
        """Entries whose outcome is not known, of everybody or of one sender, by sender and number."""
        if sender is None:
            return self._read("status IN ('stored', 'submitted') ORDER BY sender, number, id")
        return self._read("status IN ('stored', 'submitted') AND sender = ? ORDER BY number, id", sender)

    def mark(self, tx_hash: bytes, status: str, **note: Any) -> OutboxEntry:
        """Set the status and add to the note. A final status stays, but for `committed`, which the ledger proves."""
        if status not in STATUSES:
            raise OutboxError(f"no status is called {status!r}", name="unknown_status")
        with self.writing():
            entry = self.get(tx_hash)
            if entry.status in FINAL and (status != "committed" or entry.status == "committed"):
                return entry
            entry = entry._replace(status=status, note={**entry.note, **note})
            text = json.dumps(entry.note)
            self.database.run("UPDATE entry SET status = ?, note = ? WHERE hash = ?", status, text, tx_hash)
        return entry

    def free_numbers(self, sender: bytes, start: int, count: int) -> list[int]:
        """The lowest `count` numbers from `start` on under which no transaction is open or committed here.

        Holds inside of `writing`. The number of one that was refused or has expired is free again: whichever takes
        it, the ledger runs one of them at most.
        """
        rows = self.database.rows(
            "SELECT number FROM entry WHERE sender = ? AND number >= ?"
            " AND status IN ('stored', 'submitted', 'committed')",
            sender, start,
        )  # fmt: skip
        return list(_lowest_free({number for (number,) in rows}, start, count))

    def _find(self, tx_hash: bytes) -> OutboxEntry | None:
        return self._one("hash = ?", tx_hash)

    def _one(self, condition: str, value: object) -> OutboxEntry | None:
        return next(iter(self._read(condition, value)), None)

    def _read(self, condition: str, *values: object) -> list[OutboxEntry]:
        """Entries by a condition of ours, each checked against its hash."""
        rows = self.database.rows(f"SELECT {_COLUMNS} FROM entry WHERE {condition}", *values)  # noqa: S608 - ours
        return [read_entry(*row) for row in rows]


def read_entry(tx_hash: bytes, envelope: bytes, status: str, key: str | None, note: str) -> OutboxEntry:
    """A row of the database; OutboxError (`outbox_malformed`) unless it holds the transaction of its hash."""
    try:
        entry = OutboxEntry(tx_hash, envelope, status, key, json.loads(note))
        matches = entry.transaction.hash == tx_hash and status in STATUSES and isinstance(entry.note, dict)
    except (ValueError, TypeError, MithqalError) as error:
        raise OutboxError(
            f"the outbox's entry {tx_hash.hex()} is malformed: {error}", name="outbox_malformed"
        ) from error
    if not matches:
        raise OutboxError(f"the outbox's entry {tx_hash.hex()} does not hold its transaction", name="outbox_malformed")
    return entry


def _lowest_free(used: set[int], start: int, count: int) -> Iterable[int]:
    number = start
    while count > 0:
        if number not in used:
            yield number
            count -= 1
        number += 1
