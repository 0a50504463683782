"""`pay_file`: one run of a payment file, from the path to the result file and the summary."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chain.errors import MithqalError
from node.client.payfile.engine import PayFile, Progress
from node.client.payfile.orders import Memo, Names, WalletSigner, content_hash, no_memo, take_file
from node.client.payfile.results_csv import check_writable, result_path, write_results
from node.client.sending.database import file_lock
from node.client.sending.journal import FileRecord, Journal
from node.client.wallets.wallet import Wallet


def wall_us() -> int:
    """The clock on the wall."""
    return time.time_ns() // 1000


class PayFileError(MithqalError):
    """Not every row was paid, or the file is being paid; `details` holds the summary."""

    name = "pay_file"


def pay_file(  # noqa: PLR0913 - the options of the command
    wallet: Wallet, path: Path, target: Path | None = None, *, skip_bad: bool = False, timeout_s: float = 60.0,
    memo: Memo = no_memo, say: Callable[[Progress], None] = lambda _: None,
    tell: Callable[[str], None] = lambda _: None,
) -> dict[str, Any]:  # fmt: skip
    """Pay every row once and write the result file; gives the summary.

    `say` hears progress, `tell` what a person should know. Raises BadFile before anything is paid, ConnectionFailed if
    no validator answers, and PayFileError: `file_in_use`; and after the result was written, with the summary as
    details, `outcomes_unknown`, `rows_failed`, `rows_refused`.
    """
    began = time.monotonic()
    content, mode = content_hash(path), path.stat().st_mode & 0o666
    target = target or result_path(path)
    check_writable(target, path)
    journal = Journal(wallet.outbox)
    with file_lock(journal.path.with_name(f"payfile-{content.hex()}.lock"), wait=False) as is_ours:
        if not is_ours:
            raise PayFileError(f"another process is paying {path.name} now", name="file_in_use")
        names = Names(wallet)
        file = journal.find(content)
        is_new = file is None
        if file is None:
            file = _take(wallet, path, content, journal, names, skip_bad=skip_bad, tell=tell)
        already = not is_new and not journal.count_open(file)
        _explain(file, journal, tell, is_new=is_new, already=already)
        reasons: dict[int, str | None] = {}
        try:
            if not already:
                run = PayFile(file, wallet.outbox, wallet.gateway(), WalletSigner(wallet, names, memo), wall_us=wall_us)
                reasons = run.run(timeout_s, say)
        finally:
            summary = write_results(target, file, journal.results(file), reasons, mode=mode)
    document = {
        **summary, "result_file": str(target), "journal": str(journal.path), "already_paid": already,
        "seconds": round(time.monotonic() - began, 3),
    }  # fmt: skip
    _judge(path, document)
    return document


def _take(
    wallet: Wallet, path: Path, content: bytes, journal: Journal, names: Names, *, skip_bad: bool,
    tell: Callable[[str], None],
) -> FileRecord:  # fmt: skip
    """Check a new file and take it over; says so if another content was paid under its path."""
    currencies = frozenset(currency.code for currency in wallet.network.genesis.currencies)
    file = take_file(path, content, journal, names, currencies, skip_bad=skip_bad)
    for other in journal.others(file.path, content)[-1:]:
        tell(
            f"{path.name} has changed since {other.rows} rows of it were taken over: its content makes it another file,"
            f" and all of its {file.rows - file.skipped} rows are paid"
        )
    return file


def _explain(
    file: FileRecord, journal: Journal, tell: Callable[[str], None], *, is_new: bool, already: bool
) -> None:  # fmt: skip
    """What a person should know before it starts."""
    if file.skipped:
        tell(f"{file.skipped} of {file.rows} rows are bad and skipped; pay them by a file of their own")
    if already:
        tell("this file was paid already: answered from the journal, nothing is sent")
    elif not is_new:
        tell(f"going on with a file that was begun: {journal.count_open(file)} of {file.rows} rows are left")


def _judge(path: Path, document: dict[str, Any]) -> None:
    """PayFileError unless every row that is not skipped was paid."""
    counts = (
        f"{document['paid']} of {document['rows']} rows of {path.name} are paid, {document['failed']} failed,"
        f" {document['skipped']} skipped, {document['unknown']} unknown: see {document['result_file']}"
    )
    if document["unknown"]:
        raise PayFileError(
            f"{counts}; the same command goes on and pays no row twice", name="outcomes_unknown", **document
        )
    if document["failed"]:
        name = "rows_failed" if document["failed"] > document["refused"] else "rows_refused"
        raise PayFileError(counts, name=name, **document)
