"""The consensus keys in a validator's directory, each with its own signing record (docs/operations.md, "A new key").

`consensus.json` is the first key, its record is `safety.bin`. A key that `mithqal validator rotate-key` has made lies
in `consensus-PREFIX.json`, its record in `safety-PREFIX.bin`. The chain says which key is in force; the others sign
nothing.
"""

from collections.abc import Callable
from pathlib import Path

from chain.consensus.ports import SigningKey
from chain.consensus.safety import read_record
from chain.crypto.signing import PrivateKey
from chain.errors import MithqalError
from chain.storage import Store
from node.keystore import forget_unused, is_unused, load_key
from node.storage.rules import StorageError
from node.storage.safety_file import SafetyFile, owner_of
from node.storage.signing_record import (
    OBSERVING,
    note_owner,
    open_further_record,
    open_signing_record,
    owners_beside,
)

FIRST_KEY = "consensus.json"
PREFIX_CHARS = 16
"""Hexadecimal digits of a later key that stand in the names of its files."""


def later_key_file(public_key: bytes) -> str:
    """The file name of a key that replaces another one."""
    return f"consensus-{public_key.hex()[:PREFIX_CHARS]}.json"


def load_consensus_keys(directory: Path) -> dict[bytes, PrivateKey]:
    """The keys of a validator by their public keys, the first one first; KeyFileError, SignatureError."""
    paths = [directory / FIRST_KEY, *sorted(directory.glob("consensus-*.json"))]
    keys = [load_key(path) for path in paths]
    return {key.public_key: key for key in keys}


def begin_record(data: Path, genesis_hash: bytes, public_key: bytes) -> None:
    """Make the signing record of a key that was made a moment ago, and has never signed, in its validator's `data`.

    StorageError as `SafetyFile` raises it.
    """
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    SafetyFile(_record_of(data, public_key), owner_of(genesis_hash, public_key)).close()


def _record_of(data: Path, public_key: bytes) -> Path:
    """The record of a key that is not the first one."""
    return data / f"safety-{public_key.hex()[:PREFIX_CHARS]}.bin"


class SigningKeys:
    """A `Keyring` on disk, and the driver's slot for signing records."""

    def __init__(
        self, store: Store, data: Path, keys: Path, genesis_hash: bytes, say: Callable[[str, str], None]
    ) -> None:
        """Open the records of the keys that are there. `say` gets what the operator should know.

        A key whose record cannot be used (`OBSERVING`) signs nothing: without another one the validator observes (D6).
        StorageError: `foreign_ledger` if the ledger was run by somebody else, and what else the disk or a record of
        another program's format raises.
        """
        self._store, self._data, self._directory, self._genesis_hash = store, data, keys, genesis_hash
        self._say = say
        self._keys = load_consensus_keys(keys)
        self._files: dict[bytes, SafetyFile] = {}
        self.barred: dict[bytes, MithqalError] = {}
        """Keys that must not sign, and why."""
        self._noted = dict.fromkeys(owners_beside(store))
        try:
            for public_key in self._keys:
                self._try(public_key)
        except StorageError:
            self.close()
            raise

    def _try(self, public_key: bytes) -> None:
        """Open a key's record, or bar the key."""
        try:
            self._open(public_key)
        except StorageError as error:
            if error.name not in OBSERVING:
                raise
            self.bar(public_key, error)

    def bar(self, public_key: bytes, error: MithqalError) -> None:
        """This key signs nothing any more in this process."""
        self.barred[public_key] = error
        self._say(error.name, error.message)

    def find(self, public_key: bytes) -> SigningKey | None:
        """The key in force, if it is here; a file that came since the start counts."""
        if public_key not in self._keys:
            try:
                self._keys = load_consensus_keys(self._directory)
            except MithqalError as error:
                self._say(error.name, error.message)
        if public_key not in self._keys or public_key in self.barred:
            return None
        try:
            return SigningKey(self._keys[public_key], self._open(public_key).load())
        except StorageError as error:
            self.bar(public_key, error)
            return None

    def newest(self) -> bytes | None:
        """The record of the latest epoch, whichever key made it."""
        records = [record for record in (file.load() for file in self._files.values()) if record is not None]
        return max(records, key=lambda record: read_record(record).epoch, default=None)

    def store(self, payload: bytes) -> None:
        """Make a record durable in its key's file; StorageError (`sync_failed`)."""
        public_key = read_record(payload).key
        owner = owner_of(self._genesis_hash, public_key)
        if owner not in self._noted:
            note_owner(self._store, owner)
            self._noted[owner] = None
        self._files[public_key].store(payload)

    def close(self) -> None:
        """Close every file."""
        for file in self._files.values():
            file.close()

    def _open(self, public_key: bytes) -> SafetyFile:
        """The file of a key's record, opened once."""
        if public_key not in self._files:
            owner = owner_of(self._genesis_hash, public_key)
            if public_key == next(iter(self._keys)):
                key = self._directory / FIRST_KEY
                others = [owner_of(self._genesis_hash, other) for other in self._keys if other != public_key]
                self._files[public_key] = open_signing_record(
                    self._store, self._data, owner, is_unused=is_unused(key), others=others
                )
                forget_unused(key)
                self._noted[owner] = None
            else:
                self._files[public_key] = open_further_record(self._store, _record_of(self._data, public_key), owner)
        return self._files[public_key]
