"""Campaigns whose numbers are never run again: a ledger of what was run, a line of JSON for each part (goal G18).

A long campaign is cut into parts, each with a line of its own, so that a process that is killed loses one part's line.
"""

import fcntl
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from chain.errors import MithqalError
from node.lab.campaign.run import Plan, Report

PART_S = 600.0
"""The most of a line."""
COUNTED = ("scenarios", "committing", "events", "virtual_s", "validator_hours", "violating", "wall_s", "cpu_s")
"""What is added up."""

Line = dict[str, Any]
Run = Callable[[Plan], Report]
"""Runs one part."""


def soak(plan: Plan, path: Path, run: Run, clock: Callable[[], float] = time.monotonic) -> tuple[Line, list[Report]]:
    """Run the plan, `first` being the first number that the ledger's campaigns of this generator have not had; gives
    a JSON-ready document, of this campaign and of all, and what each part came to.

    MithqalError `file_unwritable`, `file_in_use` while another campaign has the ledger, `file_unreadable`.
    """
    with _opened(path) as ledger:
        before, reports = lines_of(ledger, path), []
        first = begin = max((line["next"] for line in before if line["generator"] == plan.generator), default=0)
        ended = None if plan.count is not None or plan.seconds is None else clock() + plan.seconds
        while True:
            left = plan.seconds if ended is None else min(PART_S, ended - clock())
            reports.append(run(replace(plan, first=begin, seconds=left)))
            line = line_of(plan.generator, begin, reports[-1])
            ledger.write(json.dumps(line) + "\n")
            ledger.flush()
            before.append(line)
            begin = line["next"]
            if reports[-1].is_partial or ended is None or clock() >= ended:
                break
    mine = before[-len(reports) :]
    return {"first": first, "next": begin, "parts": len(mine), **added(mine), "ledger": {
        "file": str(path), "parts": len(before), **added(before),
    }, "ok": all(report.tally.document()["ok"] for report in reports)}, reports  # fmt: skip


def line_of(generator: str, first: int, report: Report) -> Line:
    """What the ledger keeps of a part: numbers `first` to before `next` were given out."""
    found = report.document()
    return {"generator": generator, "first": first, "next": report.next, "time_s": int(time.time()),
            **{name: found[name] for name in COUNTED}}  # fmt: skip


def added(lines: list[Line]) -> Line:
    """The counts of all."""
    return {name: round(sum(line[name] for line in lines), 3) for name in COUNTED}


def lines_of(ledger: TextIO, path: Path) -> list[Line]:
    """What was run; MithqalError `file_unreadable` rather than a number twice."""
    ledger.seek(0)
    found = []
    for number, text in enumerate(ledger.read().splitlines(), 1):
        try:
            line = json.loads(text)
            assert type(line["next"]) is int
            assert isinstance(line["generator"], str)
            assert all(isinstance(line[name], int | float) for name in COUNTED)
        except (ValueError, TypeError, KeyError, AssertionError) as error:
            raise MithqalError(f"{path}, line {number}: no campaign's line", name="file_unreadable") from error
        found.append(line)
    return found


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    """The ledger, to be read and appended to, and nobody else's meanwhile."""
    try:
        file = path.open("a+", encoding="utf-8")
    except OSError as error:
        raise MithqalError(f"{path} cannot be written: {error.strerror}", name="file_unwritable") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise MithqalError(f"another campaign writes to {path}", name="file_in_use") from error
        yield file
