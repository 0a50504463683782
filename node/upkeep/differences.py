"""What a verification found: where a stored ledger is not what its own blocks give, by version and kind."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from chain.accounts import Record, read_record
from chain.codec import decode, fields
from chain.entries import TransactionInfo
from chain.errors import MithqalError
from node.storage.reading import Stored

SHOWN = 20
"""Differences that are told one by one; the others are counted."""
SHOWN_CHARS = 512
MISSING = "nothing"


class Difference(NamedTuple):
    """One place where the stored ledger is wrong."""

    version: int
    """The version it belongs to; for the state and what has no version of its own, the block's or the tip's last."""
    kind: str
    """What sort of row or check it is: see docs/operations.md."""
    what: str
    """Which one, in words."""
    stored: str
    recomputed: str

    def sentence(self) -> str:
        """For people."""
        return f"version {self.version}: {self.what} is {self.stored:.200}, recomputed {self.recomputed:.200}"


class Found:
    """The first differences by version, and how many there are."""

    def __init__(self) -> None:
        """None yet."""
        self.count = 0
        self.first: list[Difference] = []

    def add(self, difference: Difference) -> None:
        """Note one; of one version what was found first stays first."""
        self.count += 1
        self.first.append(difference)
        self.first.sort(key=lambda one: one.version)
        del self.first[SHOWN:]

    def extend(self, differences: Iterable[Difference]) -> None:
        """Note several."""
        for difference in differences:
            self.add(difference)


def shown(value: object) -> str:
    """A value in words, cut where it is long."""
    text = value.hex() if isinstance(value, bytes) else MISSING if value is None else str(value)
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}..."


def row_difference(version: int, kind: str, what: str, stored: Stored | None, expected: bytes) -> Difference | None:
    """None if a row is what it must be."""
    if stored is None:
        return Difference(version, kind, what, MISSING, shown(expected))
    if stored.value == expected and stored.is_whole:
        return None
    if stored.value == expected:
        return Difference(version, kind, what, "a value that fails its checksum", shown(expected))
    return Difference(version, kind, what, shown(stored.value), shown(expected))


def entry_difference(version: int, stored: Stored | None, expected: bytes) -> Difference | None:
    """None if a version's row is what executing gives; else which part of it differs first."""
    whole = row_difference(version, "transaction", "its row", stored, expected)
    if whole is None or stored is None or stored.value == expected:
        return whole
    try:
        here, there = _entry(stored.value), _entry(expected)
    except MithqalError:
        return whole
    for (kind, what, found), (_, _, wanted) in zip(here, there, strict=True):
        if found != wanted:
            return Difference(version, kind, what, shown(found), shown(wanted))
    return whole


def _entry(row: bytes) -> list[tuple[str, str, Any]]:
    """(kind, name, value) of the parts of a version's row."""
    kind, data, info_bytes, stored = fields(decode(row), "stored transaction", int, bytes, bytes, tuple)
    events = tuple([event.hex() if isinstance(event, bytes) else event for event in stored])
    info = TransactionInfo.from_bytes(info_bytes)
    return [
        ("transaction", "its kind", kind), ("transaction", "its bytes", data),
        ("transaction", "its hash", info.transaction_hash),
        ("status", "its status", ":".join(map(str, info.status))), ("gas", "its gas", info.gas_used),
        ("event", "what it stores of events", events),
        ("event", "the root of its events", info.event_root), ("state_root", "its state root", info.state_root),
    ]  # fmt: skip


def record_difference(version: int, key: bytes, stored: Stored | None, expected: Record | None) -> Difference | None:
    """None if a record of the state is what executing gives; else its first field that differs."""
    what = f"the state record {key.hex()}"
    if expected is None:
        return Difference(version, "state_record", what, shown(None if stored is None else stored.value), MISSING)
    whole = row_difference(version, "state_record", what, stored, expected.to_bytes())
    if whole is None or stored is None:
        return whole
    try:
        found = read_record(key, stored.value)
    except (MithqalError, KeyError, ValueError):
        return whole
    for name in getattr(expected, "_fields", getattr(type(expected), "__slots__", ())):
        here, there = getattr(found, name, None), getattr(expected, name)
        if here != there:
            return Difference(version, "state_record", f"{what} ({name})", shown(here), shown(there))
    return whole
