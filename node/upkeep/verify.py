"""`mithqal node verify-ledger`: a validator's directory recomputed offline, and the first version that differs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chain.crypto.signing import RealSignatures
from chain.errors import EvidenceError, MithqalError
from chain.evidence import Evidence, verify_evidence
from chain.execution import conservation
from chain.genesis import GenesisDocument, genesis_hash
from chain.ledger import Ledger, read_entry
from chain.state.tree import root_hash
from chain.storage import Column, Index
from node.config import CONFIG_FILE, load_config
from node.storage.reading import LedgerFile, find_ledger, open_ledger
from node.storage.rules import StorageError
from node.upkeep.differences import MISSING, Difference, Found, record_difference, shown
from node.upkeep.diverged import divergences
from node.upkeep.indexes import is_earned
from node.upkeep.replay import Replay, Say, last_leaf

Json = dict[str, Any]


class LedgerDiffers(MithqalError):
    """A stored ledger is not what its blocks give; `details` has the first version, its kind, and both values."""

    name = "ledger_differs"


def verify_directory(directory: Path, waypoint: str | None = None, say: Say = lambda *_: None) -> Json:
    """Recompute the ledger of a validator's directory (or of its `data`); nothing is written there.

    Raises LedgerDiffers (`ledger_differs`), and before anything is recomputed StorageError: `unknown_ledger`,
    `storage_format`, `storage_corrupt`, `storage_unreadable`, `wrong_network` (its `node.json`, or the waypoint of
    genesis that is given, names another network).
    """
    path = find_ledger(directory)
    with open_ledger(path) as file:
        return {"dir": str(directory), **verify_file(file, genesis_of(file, path), waypoint, say)}


def verify_file(file: LedgerFile, document: GenesisDocument, waypoint: str | None, say: Say) -> Json:
    """The same of an opened file, which must be of this genesis."""
    if file.genesis_hash != genesis_hash(document):
        raise _foreign(file, genesis_hash(document).hex())
    found = Found()
    try:
        replay = Replay(file, document, found, say)
    except MithqalError as error:
        raise _no_beginning(error) from error
    if waypoint is not None and replay.ledger.waypoint() != waypoint:
        raise StorageError(
            f"the waypoint of its genesis is {replay.ledger.waypoint()}, not {waypoint}", name="wrong_network"
        )
    ledger = replay.ledger
    try:
        replay.run()
        _check_rest(file, replay, found)
        if (verdict := file.verdict()) != "ok":
            found.add(Difference(ledger.tip_version, "file", "the file", verdict, "a file that SQLite finds whole"))
    except StorageError as error:
        found.add(Difference(ledger.tip_version + 1, "file", "the file", error.message, "a file that can be read"))
    if found.count:
        raise _differs(found, replay)
    return {
        "genesis_hash": ledger.genesis_hash.hex(), "waypoint": ledger.waypoint(), **_span(replay),
        "height": ledger.tip_height, "epoch": ledger.epoch, "transactions": replay.transactions,
        "signatures": replay.signatures, "certificates": replay.certificates, "index_entries": replay.postings,
        "state_records": len(replay.written), "root": ledger.tip_root.hex(),
        "state_root": root_hash(ledger.tip.tree).hex(), "timestamp_us": ledger.tip_timestamp_us,
    }  # fmt: skip


def _span(replay: Replay) -> Json:
    """Which versions were verified, and what they begin with."""
    beginning, last = replay.beginning, replay.ledger.tip_version
    first, executed = (0, 0) if beginning is None else (beginning.base.version, beginning.version + 1)
    return {
        "begins": "genesis" if beginning is None else "snapshot", "from_version": first, "executed_from": executed,
        "version": last, "versions": last - first + 1,
    }  # fmt: skip


def _no_beginning(error: MithqalError) -> LedgerDiffers:
    """What a snapshot left is not what the certificates say: nothing can be executed on it."""
    version, kind = error.details.get("version", 0), error.details.get("kind", "snapshot")
    first = Difference(version if isinstance(version, int) else 0, str(kind), "where the ledger begins", error.message,
                       "what its certificates say")  # fmt: skip
    return LedgerDiffers(
        f"{first.sentence()}: nothing can be executed from there", **first._asdict(), differences=[first._asdict()],
        count=1, complete=False,
    )  # fmt: skip


def _differs(found: Found, replay: Replay) -> LedgerDiffers:
    """The first difference, and the others in the details."""
    first = found.first[0]
    more = f" ({found.count - 1} more)" if found.count > 1 else ""
    return LedgerDiffers(
        f"{first.sentence()}{more}; restore a backup, or move the ledger away and let it be fetched again"
        " (docs/operations.md)",
        **first._asdict(), differences=[one._asdict() for one in found.first], count=found.count,
        verified_to=replay.ledger.tip_version, complete=replay.is_whole,
    )  # fmt: skip


def genesis_of(file: LedgerFile, path: Path) -> GenesisDocument:
    """The genesis that `node.json` names, else the one in the ledger; StorageError (`wrong_network`)."""
    for directory in (path.parent, path.parent.parent):
        if (directory / CONFIG_FILE).is_file():
            config = load_config(directory)
            if config.genesis_hash not in (None, file.genesis_hash):
                raise _foreign(file, (config.genesis_hash or b"").hex())
            if config.genesis.is_file():
                return GenesisDocument.from_bytes(config.genesis.read_bytes())
    stored = file.row(Column.TRANSACTION, 0)
    try:
        if stored is None:
            raise StorageError("it is missing", name="storage_corrupt")
        return GenesisDocument.from_bytes(read_entry(stored.value)[1])
    except MithqalError as error:
        first = Difference(0, "transaction", "its bytes", f"no genesis ({error.message})", file.genesis_hash.hex())
        raise LedgerDiffers(first.sentence(), **first._asdict(), differences=[first._asdict()], count=1) from error


def _foreign(file: LedgerFile, wanted: str) -> StorageError:
    """The ledger is another network's."""
    return StorageError(
        f"{file.path} belongs to the network with genesis {file.genesis_hash.hex()[:16]}, not to {wanted[:16]}",
        name="wrong_network", found=file.genesis_hash.hex(), expected=wanted,
    )  # fmt: skip


# --- what is left once all blocks are executed ---


def _check_rest(file: LedgerFile, replay: Replay, found: Found) -> None:
    """The state against what was executed, and rows that nothing executed gives."""
    ledger = replay.ledger
    for difference in (*_extra_rows(file, ledger), *_bad_evidence(file, ledger)):
        found.add(difference)
    for column in (Column.META, Column.PENDING):
        for key, stored in file.rows(column):
            if not stored.is_whole:
                what = f"the validator's own row {column.name.lower()} {key}"
                words = "a value that fails its checksum"
                found.add(Difference(ledger.tip_version, column.name.lower(), what, words, "what was written"))
    for batch in file.damaged_logs():
        words = "a value that fails its checksum"
        found.add(Difference(ledger.tip_version, "index", f"row {batch} of the index log", words, "what was written"))
    if not replay.is_whole:
        return
    found.extend(divergences(file, ledger))
    _check_state(file, replay, found)
    if file.count(Column.ACCUMULATOR) > replay.inner_nodes:
        for position, _ in file.rows(Column.ACCUMULATOR):
            if not _is_expected(position, replay):
                what = f"the accumulator's node {position}"
                found.add(Difference(ledger.tip_version, "accumulator", what, "a node", MISSING))
    if file.count_postings() > replay.postings:
        for difference in _extra_postings(file, ledger):
            found.add(difference)


def _is_expected(place: int, replay: Replay) -> bool:
    """Whether the accumulator must have a row for a node."""
    beginning, made = replay.beginning, last_leaf(place)
    if beginning is None:
        return 0 <= made <= replay.ledger.tip_version
    return place in beginning.inner or beginning.version < made <= replay.ledger.tip_version


def _check_state(file: LedgerFile, replay: Replay, found: Found) -> None:
    """Every record of the state, and none that is missing; and the sums of money in it.

    A record does not say who wrote it: it counts from its last writer on, or where later versions are stored whose
    blocks are missing, from the first of those on.
    """
    ledger, left = replay.ledger, dict(replay.written)
    beyond = ledger.tip_version + 1
    least = 0 if file.row(Column.TRANSACTION, beyond) is None else beyond
    for key, stored in file.states():
        version = max(least, left.pop(key, ledger.tip_version))
        expected = ledger.state.get(key) if key in replay.written else None
        difference = record_difference(version, key, stored, expected)
        if difference is not None:
            found.add(difference)
    for key, version in left.items():
        difference = record_difference(max(least, version), key, None, ledger.state.get(key))
        assert difference is not None
        found.add(difference)
    try:
        conservation.check(record for key in replay.written if (record := ledger.state.get(key)) is not None)
    except MithqalError as error:
        found.add(Difference(ledger.tip_version, error.name, "the state's sums", error.message, "equal sums"))


def _extra_rows(file: LedgerFile, ledger: Ledger) -> Iterator[Difference]:
    """Rows beyond the last block that was executed, or of no epoch."""
    for column, start, what in (
        (Column.TRANSACTION, ledger.tip_version + 1, "version"),
        (Column.BLOCK, ledger.tip_height + 1, "block"),
        (Column.EPOCH, ledger.epoch, "the end of epoch"),
        (Column.UNDO, ledger.tip_version + 1, "undo"),
    ):
        for key, stored in file.rows(column, start):
            version = key if column in (Column.TRANSACTION, Column.UNDO) else ledger.tip_version + 1
            yield Difference(version, what.rsplit(maxsplit=1)[-1], f"{what} {key}", shown(stored.value), MISSING)
            break


def _bad_evidence(file: LedgerFile, ledger: Ledger) -> Iterator[Difference]:
    """Evidence that does not hold by the set of its epoch (EV1)."""
    for number, stored in file.rows(Column.EVIDENCE):
        try:
            evidence = Evidence.from_bytes(stored.value)
            if evidence.epoch > ledger.epoch:
                raise EvidenceError(f"epoch {evidence.epoch} has not begun", name="evidence_epoch")
            verify_evidence(evidence, ledger.set_of(evidence.epoch), ledger.genesis_hash, RealSignatures())
        except MithqalError as error:
            yield Difference(ledger.tip_version, "evidence", f"evidence {number}", error.message, "evidence that holds")


def _extra_postings(file: LedgerFile, ledger: Ledger) -> Iterator[Difference]:
    """Index entries that the row they lead to does not give."""
    for posting in file.postings():
        if not is_earned(file, posting):
            index, key, place, value = posting
            version = ledger.tip_version if index is Index.BLOCK_BY_ID else min(value, ledger.tip_version)
            what = f"{index.name.lower()} {key.hex()} {place} in the index"
            yield Difference(version, "index", what, shown(value), MISSING)
