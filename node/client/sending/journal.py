"""Payment files in the client's database: what was asked, what was signed for it, and what became of it.

A file is known by the hash of its content. Its rows are taken over whole, checked, before the first is signed; after
that the file itself is not read again. A row is `waiting`, then `signed` (its bytes stand in the outbox), then final:
`executed`, `failed`, `refused`, or from the start `skipped`. It goes back to `waiting` only by `unsign`, whose caller
has seen on the ledger that the signed bytes can never run.
"""

import json
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from chain.primitives import Address
from chain.transaction import SignedTransaction, decode_transaction
from node.client.amounts import parse_amount
from node.client.sending.outbox import Outbox

PAGE = 500
"""Rows read at once."""
FINAL = ("executed", "failed", "refused", "skipped")
RESTORED = "restored_from_backup"
"""Reason of a row that was open when a backup was made: it may have been paid since, so it never is again."""


class FileRecord(NamedTuple):
    """One payment file, by its content."""

    id: int
    hash: bytes
    path: str
    columns: tuple[str, ...]
    rows: int
    skipped: int


class Draft(NamedTuple):
    """One row of a file as it was read: its fields in the file's order; addresses, or what is wrong with it."""

    line: int
    fields: tuple[str, ...]
    sender: Address | None
    payee: Address | None
    problem: str | None


class Row(NamedTuple):
    """One payment of a file."""

    number: int
    """Counted from 0, skipped ones too."""
    payer: str
    to: str
    sender: Address
    payee: Address
    amount: int
    currency: str
    memo: str
    signed_us: int | None = None
    """When an earlier run signed it (wall clock)."""


class Result(NamedTuple):
    """One row's line in the result."""

    number: int
    fields: tuple[str, ...]
    status: str
    version: int | None
    reason: str | None
    fee: int
    seconds: float | None
    hash: bytes | None
    """Of the last transaction that was signed for it."""


class Journal:
    """The files of one outbox. Every change is inside of the outbox's `writing`."""

    def __init__(self, outbox: Outbox) -> None:
        """The tables lie in the outbox's database."""
        self._outbox = outbox
        self._database = outbox.database

    @property
    def path(self) -> Path:
        """The database."""
        return self._database.path

    @contextmanager
    def writing(self) -> Generator[None]:
        """The outbox's `writing`."""
        with self._outbox.writing():
            yield

    # --- files ---

    def find(self, content: bytes) -> FileRecord | None:
        """The file of a content hash."""
        return next(iter(self._files("hash = ?", content)), None)

    def others(self, path: str, content: bytes) -> list[FileRecord]:
        """Files of another content that were paid under the same path."""
        return [record for record in self._files("path = ?", path) if record.hash != content]

    def take(self, content: bytes, path: str, columns: Sequence[str], drafts: Iterable[Draft]) -> FileRecord:
        """Take over a new file, whole and durable or (if `drafts` raises) not at all."""
        with self._outbox.writing():
            file = self._database.run(
                "INSERT INTO file (hash, path, columns, rows, skipped) VALUES (?, ?, ?, 0, 0)",
                content, path, json.dumps(columns),
            )  # fmt: skip
            self._database.run_many(
                "INSERT INTO row (file, number, line, fields, sender, payee, status, reason)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (file, number, draft.line, json.dumps(draft.fields, ensure_ascii=False), draft.sender, draft.payee,
                     "waiting" if draft.problem is None else "skipped", draft.problem)
                    for number, draft in enumerate(drafts)
                ),
            )  # fmt: skip
            self._database.run(
                "UPDATE file SET rows = (SELECT count(*) FROM row WHERE file = ?1),"
                " skipped = (SELECT count(*) FROM row WHERE file = ?1 AND status = 'skipped') WHERE id = ?1",
                file,
            )
        found = self.find(content)
        assert found is not None
        return found

    def count_open(self, file: FileRecord) -> int:
        """Rows that are not final."""
        ((count,),) = self._database.rows(
            "SELECT count(*) FROM row WHERE file = ? AND status IN ('waiting', 'signed')", file.id
        )
        return int(count)

    # --- rows ---

    def waiting(self, file: FileRecord, start: int, limit: int = PAGE) -> list[Row]:
        """Rows from `start` on that are to be signed."""
        rows = self._database.rows(
            "SELECT number, fields, sender, payee FROM row WHERE file = ? AND number >= ? AND status = 'waiting'"
            " ORDER BY number LIMIT ?",
            file.id, start, limit,
        )  # fmt: skip
        return [_row(file, *values) for values in rows]

    def signed(self, file: FileRecord) -> list[tuple[Row, SignedTransaction]]:
        """Rows whose signed bytes may be under way: bounded by what one run has in flight."""
        rows = self._database.rows(
            "SELECT row.number, row.fields, row.sender, row.payee, row.signed_us, entry.envelope FROM row"
            " JOIN entry ON entry.id = row.entry WHERE row.file = ? AND row.status = 'signed' ORDER BY row.number",
            file.id,
        )
        return [(_row(file, *values), decode_transaction(envelope)) for *values, envelope in rows]

    def sign(
        self, file: FileRecord, row: Row, tx: SignedTransaction, *, now_us: int, extra: str | None
    ) -> None:  # fmt: skip
        """Keep what was signed for a row; inside of `writing`. `extra` is what only its owner may know of the memo."""
        entry = self._outbox.insert(tx, note={"file": file.hash.hex(), "row": row.number})
        self._database.run(
            "UPDATE row SET status = 'signed', entry = ?, signed_us = ?, extra = ?"
            " WHERE file = ? AND number = ? AND status = 'waiting'",
            entry, now_us, extra, file.id, row.number,
        )  # fmt: skip

    def finish(
        self, file: FileRecord, number: int, *, status: str, version: int | None, reason: str | None, fee: int,
        seconds: float,
    ) -> None:  # fmt: skip
        """A row is final; inside of `writing`."""
        self._database.run(
            "UPDATE row SET status = ?, version = ?, reason = ?, fee = ?, seconds = ? WHERE file = ? AND number = ?",
            status, version, reason, fee, seconds, file.id, number,
        )  # fmt: skip

    def unsign(self, file: FileRecord, number: int) -> None:
        """The bytes that were signed for a row can never run: it waits again, unless it came out of a backup.

        Inside of `writing`.
        """
        self._database.run(
            "UPDATE row SET status = CASE WHEN reason = ? THEN 'refused' ELSE 'waiting' END, entry = NULL"
            " WHERE file = ? AND number = ? AND status = 'signed'",
            RESTORED, file.id, number,
        )  # fmt: skip

    def correct(self, tx_hash: bytes, status: str, version: int, reason: str | None) -> None:
        """The ledger holds a transaction of ours whatever was thought of it: its row is told so. In `writing`."""
        self._database.run(
            "UPDATE row SET status = ?, version = ?, reason = ?"
            " WHERE entry = (SELECT id FROM entry WHERE hash = ?) AND status IN ('signed', 'refused')",
            status, version, reason, tx_hash,
        )  # fmt: skip

    def memo_of(self, tx_hash: bytes) -> tuple[str, str] | None:
        """The memo's text and what opens it, of a transaction that was signed for a row with one."""
        rows = self._database.rows(
            "SELECT file.columns, row.fields, row.extra FROM entry JOIN row ON row.entry = entry.id"
            " JOIN file ON file.id = row.file WHERE entry.hash = ? AND row.extra IS NOT NULL",
            tx_hash,
        )
        for columns, text, extra in rows:
            return dict(zip(_fields(columns), _fields(text), strict=True))["memo"], extra
        return None

    def results(self, file: FileRecord) -> Iterator[Result]:
        """Every row in the file's order."""
        start = 0
        while True:
            rows = self._database.rows(
                "SELECT row.number, row.fields, row.status, row.version, row.reason, row.fee, row.seconds, entry.hash"
                " FROM row LEFT JOIN entry ON entry.id = row.entry WHERE row.file = ? AND row.number >= ?"
                " ORDER BY row.number LIMIT ?",
                file.id, start, PAGE,
            )  # fmt: skip
            for number, text, status, version, reason, fee, seconds, tx_hash in rows:
                yield Result(number, _fields(text), status, version, reason, fee or 0, seconds, tx_hash)
            if len(rows) < PAGE:
                return
            start = rows[-1][0] + 1

    def _files(self, condition: str, value: object) -> list[FileRecord]:
        wanted = "id, hash, path, columns, rows, skipped"
        sql = f"SELECT {wanted} FROM file WHERE {condition} ORDER BY id"  # noqa: S608 - ours
        rows = self._database.rows(sql, value)
        return [
            FileRecord(id_, content, path, _fields(columns), count, skipped)
            for id_, content, path, columns, count, skipped in rows
        ]


def _row(
    file: FileRecord, number: int, text: str, sender: bytes, payee: bytes, signed_us: int | None = None
) -> Row:  # fmt: skip
    """A payment from its fields, which were checked when the file was taken over."""
    named = dict(zip(file.columns, _fields(text), strict=True))
    return Row(
        number, named["from"].strip(), named["to"].strip(), Address(sender), Address(payee),
        parse_amount(named["amount"].strip()), named["currency"].strip(), named["memo"], signed_us,
    )  # fmt: skip


def _fields(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
