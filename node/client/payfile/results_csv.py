"""`payments.result.csv`: the rows of a file with what became of each, and the summary of them."""

import csv
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from node.client.amounts import parse_amount
from node.client.payfile.payments_csv import BadFile
from node.client.sending.journal import FileRecord, Result

ADDED = ("version", "status", "reason", "seconds")
"""Columns beside those of the input."""
SHOWN_AS = {"waiting": "unsent", "signed": "unknown"}
"""A row that is not final, in words: not signed yet, or signed and not seen on the ledger."""


def result_path(path: Path) -> Path:
    """Beside the input: payments.csv gives payments.result.csv."""
    return path.with_name(f"{path.stem}.result.csv")


def check_writable(target: Path, source: Path) -> None:
    """BadFile unless a result may be written there: asked before anything is paid."""
    if target.exists() and target.samefile(source):
        raise BadFile(f"the result would overwrite {source}: choose another -o")
    if target.is_dir() or not target.parent.is_dir() or not os.access(target.parent, os.W_OK):
        raise BadFile(f"the result cannot be written to {target}: choose another -o")


def write_results(
    target: Path, file: FileRecord, results: Iterable[Result], reasons: Mapping[int, str | None], *, mode: int
) -> dict[str, Any]:  # fmt: skip
    """Write the result file, whole or not at all; gives the summary's counts and totals.

    `reasons` adds what is known of rows that are not final; `mode` is who may read it. OSError if it cannot be written.
    """
    counts = dict.fromkeys(("executed", "failed", "refused", "skipped", "unknown", "unsent"), 0)
    totals: dict[str, dict[str, int]] = {}
    fd, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(fd, "w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow((*file.columns, *ADDED))
            for result in results:
                status = SHOWN_AS.get(result.status, result.status)
                counts[status] += 1
                writer.writerow(_line(file, result, status, reasons))
                _add(totals, file, result)
            out.flush()
            os.fsync(out.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return {
        "rows": file.rows,
        "paid": counts["executed"],
        "failed": counts["failed"] + counts["refused"],
        "refused": counts["refused"],
        "skipped": counts["skipped"],
        "unknown": counts["unknown"] + counts["unsent"],
        "unsent": counts["unsent"],
        "totals": totals,
    }


def _line(file: FileRecord, result: Result, status: str, reasons: Mapping[int, str | None]) -> list[object]:
    """One row: the input's fields, then ours."""
    fields = [*result.fields[: len(file.columns)]]
    fields += [""] * (len(file.columns) - len(fields))
    reason = result.reason
    if status == "unknown" and result.hash is not None:
        last = reasons.get(result.number)
        reason = f"{last + '; ' if last else ''}it may still become final: mithqal tx wait {result.hash.hex()}"
    seconds = "" if result.seconds is None else f"{result.seconds:.3f}"
    return [*fields, "" if result.version is None else result.version, status, reason or "", seconds]


def _add(totals: dict[str, dict[str, int]], file: FileRecord, result: Result) -> None:
    """Sum what was paid and the fees, by currency, in micro-units. A failed payment costs its fee."""
    if result.status not in ("executed", "failed"):
        return
    named = dict(zip(file.columns, result.fields, strict=True))
    sums = totals.setdefault(named["currency"].strip(), {"paid": 0, "fees": 0})
    sums["fees"] += result.fee
    if result.status == "executed":
        sums["paid"] += parse_amount(named["amount"].strip())
