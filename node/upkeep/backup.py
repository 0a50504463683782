"""`mithqal node backup|restore`: a validator in one file, and a directory out of it that can do no harm.

The ledger is copied by SQLite, as it is at one moment, also while the validator runs. The signing record is never in a
backup: an old one makes a validator sign twice. So a restored directory says what it is (`restored.json`): none of its
keys begins a new record there, the validator follows and signs nothing, until it gets a key that never signed.
"""

import errno
import json
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from chain.codec import decode
from chain.errors import MithqalError
from chain.genesis import GenesisDocument, genesis_hash
from chain.kept import read_base
from chain.ledger import Ledger, read_tip
from chain.state.accumulator import Frontier
from chain.storage import Column
from node.config import CONFIG_FILE, load_config
from node.storage.reading import LEDGER_FILE, LedgerFile, find_ledger, open_ledger
from node.storage.rules import StorageError
from node.storage.signing_record import RESTORED_FILE
from node.upkeep.archive import BackupError, read_archive, sync_directories, write_archive
from node.upkeep.begin import whole_rows
from node.upkeep.replay import ReplayStore
from node.upkeep.verify import genesis_of, verify_file

Json = dict[str, Any]
Say = Callable[[int, int], None]
GENESIS_FILE = "genesis.bin"
PAGES_AT_ONCE = 5_000
"""Between two words of progress: 20 MB."""


def backup_node(directory: Path, target: Path, *, with_keys: bool, say: Say = lambda *_: None) -> Json:
    """Write the ledger, genesis and configuration of a validator's directory, and its keys if asked, into a new file.

    Gives the manifest. Raises BackupError (`file_exists`, `cannot_write`), StorageError (`unknown_ledger`,
    `storage_corrupt`, `storage_full`, ...), ConfigError.
    """
    if target.exists():
        raise BackupError(f"there is {target} already: a backup overwrites nothing", name="file_exists")
    path = find_ledger(directory)
    config = load_config(directory) if (directory / CONFIG_FILE).is_file() else None
    with _writing(target), tempfile.TemporaryDirectory(prefix=".mithqal-backup-", dir=target.parent) as folder:
        place = Path(folder)
        with open_ledger(path) as file:
            document = genesis_of(file, path)
            _copy(file, place / LEDGER_FILE, say)
        with open_ledger(place / LEDGER_FILE) as copy:
            if (verdict := copy.verdict()) != "ok":
                raise StorageError(f"{path} is damaged: {verdict}", name="storage_corrupt")
            manifest = _describe(copy, document)
        (place / GENESIS_FILE).write_bytes(document.to_bytes())
        members = {GENESIS_FILE: place / GENESIS_FILE}
        if config is not None:
            own = {**config.to_json(), "genesis": GENESIS_FILE, "data": "data", "keys": "keys", "log": "node.log"}
            (place / CONFIG_FILE).write_text(json.dumps(own, indent=1), encoding="utf-8")
            members[CONFIG_FILE] = place / CONFIG_FILE
        if with_keys:
            folder_of_keys = directory / "keys" if config is None else config.keys
            members |= {f"keys/{one.name}": one for one in sorted(folder_of_keys.glob("*.json"))}
        members[LEDGER_FILE] = place / LEDGER_FILE
        manifest |= {
            "index": None if config is None else config.index, "made_us": time.time_ns() // 1_000,
            "has_keys": any(name.startswith("keys/") for name in members),
        }  # fmt: skip
        whole = _write(target, place / "archive", manifest, members)
    return {"file": str(target), "size": target.stat().st_size, **whole}


def restore_node(
    source: Path, directory: Path, *, quick: bool = False, waypoint: str | None = None, say: Say = lambda *_: None
) -> Json:
    """Make a validator's directory out of a backup, verified; what is there already is never touched.

    Every file is held against the manifest, and the ledger recomputed (`quick`: only its tip and pages are looked at).
    The directory appears whole, or not at all. Raises BackupError (`bad_backup`, `backup_format`,
    `directory_not_empty`, `cannot_write`), LedgerDiffers, StorageError (`wrong_network`, ...).
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise BackupError(f"{directory} is there already: restore to a new name", name="directory_not_empty")
    with _writing(directory):
        directory.absolute().parent.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=f".{directory.name}.restoring-", dir=directory.absolute().parent))
        try:
            found = _restore(source, place, quick=quick, waypoint=waypoint, say=say)
            place.rename(directory)
            sync_directories([directory.absolute().parent])
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
    return {"dir": str(directory), **found}


def _restore(source: Path, place: Path, *, quick: bool, waypoint: str | None, say: Say) -> Json:
    """Everything but the last step, in a directory with a passing name."""
    manifest = read_archive(source, place)
    data = place / "data"
    data.mkdir(mode=0o700)
    ledger = (place / LEDGER_FILE).rename(data / LEDGER_FILE)
    document = GenesisDocument.from_bytes((place / GENESIS_FILE).read_bytes())
    with open_ledger(ledger) as file:
        found = _describe(file, document)
        if waypoint not in (None, found["waypoint"]):
            raise StorageError(
                f"the waypoint of its genesis is {found['waypoint']}, not {waypoint}", name="wrong_network"
            )
        if quick and (verdict := file.verdict()) != "ok":
            raise StorageError(f"{source}: its ledger is damaged: {verdict}", name="storage_corrupt")
        if not quick:
            verify_file(file, document, waypoint, say)
    for name, value in found.items():
        if manifest.get(name) != value:
            raise BackupError(f"{source}: its ledger's {name} is {value}, its manifest says {manifest.get(name)}")
    mark = {name: manifest.get(name) for name in ("genesis_hash", "version", "root", "made_us")}
    descriptor = os.open(data / RESTORED_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        target.write(json.dumps(mark, indent=1))
        target.flush()
        os.fsync(target.fileno())
    has_keys = (place / "keys").is_dir()
    sync_directories([*([place / "keys"] if has_keys else []), data, place])
    return {
        **found, "verified": "checksums" if quick else "recomputed", "has_keys": has_keys,
        "index": manifest.get("index"), "made_us": manifest.get("made_us"), "votes": False,
    }  # fmt: skip


def _describe(file: LedgerFile, document: GenesisDocument) -> Json:
    """What a ledger is: its network, its last version, its roots."""
    stored = file.row(Column.META, 0)
    if file.genesis_hash != genesis_hash(document):
        raise StorageError(f"{file.path} belongs to another network than its genesis", name="wrong_network")
    if stored is None or not stored.is_whole:
        raise StorageError(f"{file.path} is damaged: its tip is missing", name="storage_corrupt")
    tip = read_tip(decode(stored.value))
    return {
        "genesis_hash": file.genesis_hash.hex(), "waypoint": Ledger(document, ReplayStore(None), 0).waypoint(),
        "from_version": read_base(whole_rows(file)).version, "version": tip.version, "height": tip.height,
        "timestamp_us": tip.timestamp_us, "root": Frontier.from_value(tip.frontier).root().hex(),
        "state_root": tip.state_root.hex(),
    }  # fmt: skip


def _copy(file: LedgerFile, target: Path, say: Say) -> None:
    """The whole file as it is at one moment, without a log beside it."""

    def told(_status: int, remaining: int, total: int) -> None:
        say(total - remaining, total)

    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        try:
            file.connection.backup(copy, pages=PAGES_AT_ONCE, progress=told)
            copy.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.Error as error:
            full = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL
            name = "storage_full" if full else "storage_corrupt"
            raise StorageError(f"{file.path} cannot be copied: {error}", name=name) from error


def _write(target: Path, archive: Path, manifest: Json, members: dict[str, Path]) -> Json:
    """The archive under a passing name, synced, then under its own; BackupError (`file_exists`)."""
    with os.fdopen(os.open(archive, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        whole = write_archive(file, manifest, members)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(archive, target)
    except FileExistsError as error:
        raise BackupError(f"there is {target} already: a backup overwrites nothing", name="file_exists") from error
    sync_directories([target.absolute().parent])
    return whole


@contextmanager
def _writing(target: Path) -> Iterator[None]:
    """Errors of the place that is written to; MithqalError of other places go through."""
    try:
        yield
    except MithqalError:
        raise
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StorageError(f"{target} cannot be written: {error.strerror}", name="storage_full") from error
        raise BackupError(f"{target} cannot be written: {error.strerror}", name="cannot_write") from error
