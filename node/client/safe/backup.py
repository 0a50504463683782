"""`mithqal keys backup|restore`: everything is looked at first, then written; a different key is never overwritten."""

import base64
import json
import re
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from node.client.files import locked, write_durably
from node.client.network import GENESIS_FILE, NETWORK_FILE, NetworkError, load_network
from node.client.safe.contents import ADDRESSES, OUTBOX, as_memory, gather, is_empty_outbox, is_key
from node.client.safe.sealed import SafeError, check_passphrase, read_sealed, write_sealed
from node.files import write_new
from node.storage.signing_record import RESTORED_FILE

Json = dict[str, Any]
_PART = r"[A-Za-z0-9][A-Za-z0-9@._-]{0,127}"
_NAME = re.compile(
    rf"(keys|receipts)/{_PART}\.json|keys/{_PART}/{_PART}\.json|{_PART}/keys/{_PART}\.json|outbox/outbox\.sqlite3"
    r"|addresses\.json|network\.json|genesis\.bin"
)


class _Plan(NamedTuple):
    """What a restore would do."""

    write: dict[str, bytes]
    """New files."""
    book: Json | None
    """The address book with the names that come, if any do."""
    kept: list[str]
    """Keys and names that are there already, the same."""
    different: list[str]
    """Keys and names that are there already, and others: nothing overwrites them."""


def backup_keys(directory: Path, target: Path, passphrase: str) -> Json:
    """Write the keys, names, receipts and outbox of a network directory into a new encrypted file.

    Raises NetworkError, SafeError (`weak_passphrase`, `file_exists`, `cannot_write`).
    """
    check_passphrase(passphrase)
    network = load_network(directory)
    try:
        files = gather(network)
    except (OSError, sqlite3.Error) as error:
        raise SafeError(f"{directory} cannot be read: {error}", name="file_unreadable") from error
    document = {
        "genesis_hash": network.genesis_hash.hex(), "waypoint": network.waypoint, "made_us": time.time_ns() // 1_000,
        "files": {name: base64.b64encode(data).decode() for name, data in files.items()},
    }  # fmt: skip
    size = write_sealed(target, json.dumps(document).encode(), passphrase)
    return {
        "file": str(target), "size": size, "genesis_hash": document["genesis_hash"], **_counts(files),
        "made_us": document["made_us"],
    }  # fmt: skip


def restore_keys(source: Path, directory: Path, passphrase: str, *, skip_different: bool = False) -> Json:
    """Put what is missing into a network directory, or make one that holds what a wallet needs.

    Everything that is there stays as it is. Raises SafeError as `read_sealed`, and `wrong_network` (another network's
    directory), `key_differs` unless different keys and names are to be skipped, `cannot_write`; NetworkError.
    """
    document, files = _open(source, passphrase)
    try:
        found = load_network(directory).genesis_hash.hex()
    except NetworkError as error:
        if error.name != "network_missing":
            raise
        found = None
    if found not in (None, document["genesis_hash"]):
        raise SafeError(
            f"{source} is of the network with genesis {document['genesis_hash'][:16]}, {directory} of {found[:16]}",
            name="wrong_network",
        )
    outbox = files.pop(OUTBOX, None)
    book_lock = directory / f".{Path(ADDRESSES).stem}.lock"
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with locked(book_lock):
            plan = _plan(directory, files)
            if plan.different and not skip_different:
                raise SafeError(
                    f"{', '.join(plan.different[:5])} {'is' if len(plan.different) == 1 else 'are'} there already and"
                    " different; nothing was written: move it away, or leave it as it is with --skip-different",
                    name="key_differs", different=plan.different,
                )  # fmt: skip
            memory = _restore_outbox(directory, outbox, document["made_us"])  # before anybody can pay from here
            network_file = plan.write.pop(NETWORK_FILE, None)
            _mark_validators(directory, plan.write, document["made_us"])
            for name, data in plan.write.items():
                _write_new(directory / name, data)
            if plan.book is not None:
                write_durably(directory / ADDRESSES, json.dumps(plan.book, indent=1, sort_keys=True) + "\n")
            if network_file is not None:  # last: it says that all is there
                _write_new(directory / NETWORK_FILE, network_file)
    except (OSError, sqlite3.Error) as error:
        raise SafeError(f"{directory} cannot be written: {error}", name="cannot_write") from error
    return {
        "dir": str(directory), "genesis_hash": document["genesis_hash"], "made_us": document["made_us"],
        "keys": sum(map(is_key, plan.write)), "names": 0 if plan.book is None else _new_names(files, plan),
        "receipts": sum(name.startswith("receipts/") for name in plan.write), "kept": len(plan.kept),
        "different": plan.different, "outbox": memory, "made_network": network_file is not None,
    }  # fmt: skip


def _open(source: Path, passphrase: str) -> tuple[Json, dict[str, bytes]]:
    """The contents, of which every name is one that a backup has; SafeError."""
    try:
        document = json.loads(read_sealed(source, passphrase))
        files = {str(name): base64.b64decode(text, validate=True) for name, text in document["files"].items()}
        if len(bytes.fromhex(document["genesis_hash"])) != 32 or type(document["made_us"]) is not int:
            raise ValueError("genesis hash or time")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SafeError(f"{source} holds no keys: {error!r:.100}") from error
    wrong = [name for name in files if not _NAME.fullmatch(name)]
    if wrong:
        raise SafeError(f"{source} holds {wrong[0][:100]!r}, which no backup has")
    return document, files


def _plan(directory: Path, files: dict[str, bytes]) -> _Plan:
    """Look at everything; write nothing."""
    plan = _Plan({}, None, [], [])
    for name, data in files.items():
        path = directory / name
        if name == ADDRESSES:
            plan = plan._replace(book=_merged(path, data, plan))
        elif not path.exists():
            plan.write[name] = _without_pids(data) if name == NETWORK_FILE else data
        elif is_key(name):
            (plan.kept if _same(path.read_bytes(), data) else plan.different).append(name)
    if NETWORK_FILE not in plan.write:
        plan.write.pop(GENESIS_FILE, None)
    return plan


def _merged(path: Path, data: bytes, plan: _Plan) -> Json | None:
    """The address book with the names that are missing in it; None if none are."""
    coming, here = json.loads(data), json.loads(path.read_bytes()) if path.exists() else {}
    lower = {name.lower(): name for name in here}
    fresh = {}
    for name, entry in coming.items():
        known = lower.get(name.lower())
        if known is None:
            fresh[name] = entry
        elif known == name and here[name].get("address") == entry.get("address"):
            plan.kept.append(name)
        else:
            plan.different.append(name)
    return {**here, **fresh} if fresh else None


def _new_names(files: dict[str, bytes], plan: _Plan) -> int:
    """How many names came."""
    names = set(json.loads(files[ADDRESSES]))
    return len(names - set(plan.kept) - set(plan.different))


def _restore_outbox(directory: Path, data: bytes | None, made_us: int) -> str:
    """Bring the memory of payments back where there is none: `restored`, `kept` or `none`."""
    if data is None:
        return "none"
    path = directory / OUTBOX
    if not is_empty_outbox(path):
        return "kept"
    memory = as_memory(data, made_us)
    for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        name.unlink(missing_ok=True)
    _write_new(path, memory)
    return "restored"


def _mark_validators(directory: Path, names: Iterable[str], made_us: int) -> None:
    """What a validator's key has signed is in no backup: where one comes back, no signing record begins."""
    for name in names:
        folder, _, file = name.partition("/keys/")
        mark = directory / folder / "data" / RESTORED_FILE
        if file.startswith("consensus") and not mark.exists():
            _write_new(mark, json.dumps({"made_us": made_us}).encode())


def _write_new(path: Path, data: bytes) -> None:
    """A file that is not there yet, 0600 in 0700, whole and synced."""
    for folder in (*reversed(path.parent.parents), path.parent):  # `parents=True` gives only the last one its mode
        folder.mkdir(exist_ok=True, mode=0o700)
    write_new(path, data)


def _same(here: bytes, there: bytes) -> bool:
    """Whether two files hold the same key."""
    parts: list[object] = []
    for data in (here, there):
        try:
            parts.append({name: value for name, value in json.loads(data).items() if name != "name"})
        except (ValueError, AttributeError):
            return here == there
    return parts[0] == parts[1]


def _without_pids(data: bytes) -> bytes:
    """`network.json` where no process runs."""
    document = json.loads(data)
    for row in document["validators"]:
        row["pid"] = None
    return json.dumps(document, indent=1).encode()


def _counts(files: dict[str, bytes]) -> Json:
    """How many of each."""
    return {
        "keys": sum(map(is_key, files)), "names": len(json.loads(files.get(ADDRESSES, b"{}"))),
        "receipts": sum(name.startswith("receipts/") for name in files), "outbox": OUTBOX in files,
    }  # fmt: skip
