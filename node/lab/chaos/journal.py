"""The client's journal: each payment is on the disk before it is submitted, and each acknowledgement before it counts.

Lines of JSON: `{"account", "balance", "number"}` as the ledger had it before the run, `{"pay", "from", "number", "to",
"amount", "fee"}` with the hash, and `{"final", "version", "by", "executed"}` once a validator reported it. Whoever
reads it knows what the ledger owes.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple


class Opening(NamedTuple):
    """An account before the run."""

    account: str
    balance: int
    number: int
    """Its next sequence number."""


class Payment(NamedTuple):
    """A payment that may have been submitted; amounts in micro-units."""

    pay: str
    """Hash of the signed bytes, hexadecimal."""
    sender: str
    number: int
    payee: str
    amount: int
    fee: int


class Final(NamedTuple):
    """An acknowledgement: a validator said that this payment is final, at which version and with which outcome."""

    pay: str
    version: int
    by: int
    executed: bool


@dataclass(slots=True)
class Recorded:
    """What a journal says."""

    openings: dict[str, Opening] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    finals: dict[str, Final] = field(default_factory=dict)


class Journal:
    """An open journal. `append` returns when the lines are durable; one caller at a time."""

    def __init__(self, path: Path) -> None:
        """A new file; FileExistsError if there is one."""
        self.path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def append(self, items: Iterable[Opening | Payment | Final]) -> None:
        """Write and sync."""
        data = b"".join(json.dumps(_line(item)).encode() + b"\n" for item in items)
        if os.write(self._fd, data) != len(data):
            raise OSError(f"{self.path} took only a part")
        os.fsync(self._fd)

    def close(self) -> None:
        """Close it."""
        os.close(self._fd)


def read_journal(path: Path) -> Recorded:
    """Everything that is whole in a journal; a last line that was cut short was not durable, so nobody relied on it."""
    lines = path.read_bytes().split(b"\n")
    return collect(_item(json.loads(line)) for line in lines[:-1])


def collect(items: Iterable[Opening | Payment | Final]) -> Recorded:
    """Sort entries; the first acknowledgement of a payment counts."""
    found = Recorded()
    for item in items:
        match item:
            case Opening():
                found.openings[item.account] = item
            case Payment():
                found.payments[item.pay] = item
            case Final():
                found.finals.setdefault(item.pay, item)
    return found


_PAYMENT = ("pay", "from", "number", "to", "amount", "fee")


def _line(item: Opening | Payment | Final) -> dict[str, Any]:
    """An entry as JSON."""
    match item:
        case Opening():
            return {"account": item.account, "balance": item.balance, "number": item.number}
        case Payment():
            return dict(zip(_PAYMENT, item, strict=True))
        case Final():
            return {"final": item.pay, "version": item.version, "by": item.by, "executed": item.executed}


def _item(line: dict[str, Any]) -> Opening | Payment | Final:
    """An entry from JSON."""
    if "account" in line:
        return Opening(line["account"], line["balance"], line["number"])
    if "pay" in line:
        return Payment(*_values(line, _PAYMENT))
    return Final(line["final"], line["version"], line["by"], line["executed"])


def _values(line: dict[str, Any], keys: Sequence[str]) -> list[Any]:
    """Values in the order of the keys."""
    return [line[key] for key in keys]
