"""Custodians' own books, in a file of the network's directory: what they hold beside what their receipts say.

A receipt on the ledger is a custodian's word at one moment. What it holds later is its own matter: a bank may fail, an
investor may add capital. The file lists such entries; without it custodians hold exactly what their receipts say. All
of it is simulated.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from chain.errors import MithqalError
from chain.primitives import U64_MAX
from economy.basket import COIN_CURRENCY
from economy.errors import UnknownNameError
from node.client.files import locked, write_durably

BOOKS_FILE = "custodians.json"
VERSION = 1
MAX_ENTRIES = 10_000
MAX_NOTE = 200


class BooksFileError(MithqalError):
    """A file of custodians' books that cannot be used."""

    name = "bad_custodian_books"


class BookEntry(NamedTuple):
    """A change of what a custodian holds that no receipt knows."""

    coin: str
    amount: int
    """Micro-units; below 0 for a loss."""
    note: str


def read_books(directory: Path) -> list[BookEntry]:
    """The entries of a network's custodians, oldest first; none without a file. BooksFileError."""
    path = directory / BOOKS_FILE
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if value["version"] != VERSION or len(value["entries"]) > MAX_ENTRIES:
            raise ValueError(f"version {value['version']}, or above {MAX_ENTRIES} entries")
        return [_entry(row) for row in value["entries"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BooksFileError(f"{path} cannot be used: {error!s:.200}") from error


def add_entry(directory: Path, entry: BookEntry) -> list[BookEntry]:
    """Add an entry durably; gives all. UnknownNameError `unknown_currency`, BooksFileError."""
    if entry.coin not in COIN_CURRENCY:
        raise UnknownNameError(
            f"no custodian holds {entry.coin[:20]!r}; the coins with custodians are {', '.join(COIN_CURRENCY)}",
            name="unknown_currency", currency=entry.coin[:20],
        )  # fmt: skip
    with locked(directory / f".{BOOKS_FILE}.lock"):
        entries = [*read_books(directory), _entry(entry._asdict())]
        if len(entries) > MAX_ENTRIES:
            raise BooksFileError(f"above {MAX_ENTRIES} entries")
        value = {"version": VERSION, "entries": [row._asdict() for row in entries]}
        write_durably(directory / BOOKS_FILE, json.dumps(value, indent=1) + "\n")
    return entries


def sums_of(entries: list[BookEntry]) -> Mapping[str, int]:
    """What the entries come to, by coin, in micro-units."""
    found = dict.fromkeys(COIN_CURRENCY, 0)
    for entry in entries:
        found[entry.coin] += entry.amount
    return found


def _entry(row: dict[str, Any]) -> BookEntry:
    """One row; ValueError names what is wrong."""
    if set(row) != {"coin", "amount", "note"}:
        raise ValueError(f"an entry has coin, amount and note, not {', '.join(sorted(row))}")
    coin, amount, note = row["coin"], row["amount"], row["note"]
    if coin not in COIN_CURRENCY:
        raise ValueError(f"no custodian holds {coin!r:.20}")
    if type(amount) is not int or not -U64_MAX <= amount <= U64_MAX:
        raise ValueError(f"an amount is whole micro-units, not {amount!r:.40}")
    if not isinstance(note, str) or len(note) > MAX_NOTE:
        raise ValueError(f"a note is a text of at most {MAX_NOTE} characters")
    return BookEntry(coin, amount, note)
