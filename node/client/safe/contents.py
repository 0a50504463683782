"""What of a network directory goes into its backup: keys of all kinds, names, receipts with memos, and the outbox.

The outbox comes back as a memory, not as work to be done. What was signed before the backup keeps its id for good. A
payment that was open then may have been made again since, under other bytes that the backup does not know: so neither
its id nor its row in a payment file ever pays a second time out of a restored outbox.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from node.client.network import GENESIS_FILE, NETWORK_FILE, Network
from node.client.sending.database import FILE as OUTBOX_FILE
from node.client.sending.journal import RESTORED
from node.client.sending.outbox import RESTORED_NOTE

ADDRESSES = "addresses.json"
OUTBOX = f"outbox/{OUTBOX_FILE}"
_PATTERNS = ("keys/*.json", "keys/*/*.json", "receipts/*.json")


def gather(network: Network) -> dict[str, bytes]:
    """Relative path -> bytes of everything that is kept; OSError."""
    root = network.directory
    paths = [path for pattern in _PATTERNS for path in sorted(root.glob(pattern))]
    paths += [path for member in network.members for path in sorted((member.directory / "keys").glob("*.json"))]
    paths += [path for name in (ADDRESSES, NETWORK_FILE, GENESIS_FILE) if (path := root / name).is_file()]
    found = {str(path.relative_to(root)): path.read_bytes() for path in paths}
    if (root / OUTBOX).is_file():
        found[OUTBOX] = _read_database(root / OUTBOX)
    return found


def is_key(name: str) -> bool:
    """Whether a file holds a key."""
    return "keys" in Path(name).parts[:2]


def as_memory(data: bytes, made_us: int) -> bytes:
    """An outbox of a backup as it may come back: see above. sqlite3.Error for what is none."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.deserialize(data)
        connection.execute(
            "UPDATE entry SET note = json_set(note, ?, ?) WHERE status IN ('stored', 'submitted')",
            (f"$.{RESTORED_NOTE}", made_us),
        )
        connection.execute("UPDATE row SET status = 'refused', reason = ? WHERE status = 'waiting'", (RESTORED,))
        connection.execute("UPDATE row SET reason = ? WHERE status = 'signed'", (RESTORED,))
        return connection.serialize()


def is_empty_outbox(path: Path) -> bool:
    """Whether nothing was ever signed or taken over here."""
    if not path.is_file():
        return True
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            found = connection.execute("SELECT EXISTS(SELECT 1 FROM entry) OR EXISTS(SELECT 1 FROM file)").fetchone()
        except sqlite3.Error:
            return False
        return not found[0]


def _read_database(path: Path) -> bytes:
    """The outbox as it is at one moment, whoever else writes to it."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as source, closing(sqlite3.connect(":memory:")) as copy:
        source.backup(copy)
        data = copy.serialize()
    return data[:18] + b"\1\1" + data[20:]  # not in WAL mode: a database in memory has no log (sqlite.org/fileformat)
