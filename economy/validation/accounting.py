"""Gate 10: assets - liabilities - capital = 0 to the micro-unit after every one of many random events."""

from collections.abc import Iterator

from economy.reserve.trial import run_trial
from economy.validation.gate import Gate

GATE = 10
EVENTS = 500_000
"""A few seconds; ten million are `python -m economy.reserve.trial`."""
SOURCE = "double entry: an identity, checked on this machine"


def gates(events: int = EVENTS) -> Iterator[Gate]:
    """One line: how many random events conserve."""
    told = "0"
    try:
        book = run_trial(events)
        told = str(book.assets - book.liabilities - book.capital)
    except AssertionError as error:
        told = str(error)[:200]
    yield Gate(
        GATE, f"assets - liabilities - capital, {events:,} random events", "0", told, "exact", told == "0", SOURCE
    )
