"""A validator's signing record and its ledger belong together: what is missing or another's is refused.

The ledger keeps whose record stands beside it, from before anything is signed. So a deleted record is told from a
directory that never had one: the mark, a committed block, or a block stored before a vote says that there was one.

Where the ledger is gone as well nothing here tells a lost record from one that was never begun. So a record is begun
only for a key that is known never to have signed: its maker says so, once (`node.keystore.mark_unused`; D5).
"""

from collections.abc import Collection
from pathlib import Path

from chain.storage import Column, Store, WriteBatch
from node.storage.rules import StorageError
from node.storage.safety_file import OWNER_BYTES, SafetyFile

SAFETY_FILE = "safety.bin"
RESTORED_FILE = "restored.json"
"""Beside a ledger that came out of a backup: what its keys have signed since is unknown, so no record begins here."""
OWNER_ROW = 1
"""Row of `Column.META`: the owners of all signing records that were begun beside the ledger, 32 bytes each."""


def owners_beside(store: Store) -> list[bytes]:
    """Whose records were begun beside a ledger, oldest first."""
    known = store.row(Column.META, OWNER_ROW) or b""
    return [known[place : place + OWNER_BYTES] for place in range(0, len(known), OWNER_BYTES)]


def open_further_record(store: Store, path: Path, owner: bytes) -> SafetyFile:
    """The record of a key that replaces another one here, which was begun when the key was made.

    The mark in the ledger is not written (see `note_owner`). Raises what `SafetyFile` raises, `_check_restored` and
    `_check_begun`.
    """
    _check_restored(path)
    _check_begun(path, is_marked=owner in owners_beside(store))
    return SafetyFile(path, owner, may_create=False)


def note_owner(store: Store, owner: bytes) -> None:
    """Mark that a key's record has been begun, before anything is stored in it."""
    owners = owners_beside(store)
    if owner not in owners:
        store.write(WriteBatch(rows=[(Column.META, OWNER_ROW, b"".join((*owners, owner)))]))


def open_signing_record(
    store: Store, directory: Path, owner: bytes, *, is_unused: bool, others: Collection[bytes] = ()
) -> SafetyFile:
    """The record of `owner` in `directory`, whose ledger is `store`; a new one only for a key that `is_unused`, beside
    a ledger that never ran. `others` are those of the validator's later keys: a ledger that one of them ran is its own.

    Raises StorageError: `_check_restored`, `foreign_ledger`, `_check_begun`, and what `SafetyFile` raises,
    `safety_record_lost` among it.
    """
    path, owners = directory / SAFETY_FILE, owners_beside(store)
    _check_restored(path)
    if owners and not {owner, *others}.intersection(owners):
        raise StorageError(
            f"the ledger in {directory} was run by another validator: a data directory belongs to one key;"
            " start with an empty one, the blocks are fetched from the others",
            name="foreign_ledger",
        )
    _check_begun(path, is_marked=is_unused or bool(owners))
    has_run = bool(owners) or store.row(Column.BLOCK, 1) is not None or store.last_row(Column.PENDING) is not None
    safety = SafetyFile(path, owner, may_create=not has_run)
    try:
        note_owner(store, owner)
    except StorageError:
        safety.close()
        raise
    return safety


def _check_restored(path: Path) -> None:
    """StorageError (`safety_record_restored`) for a record that is missing where a backup was restored."""
    if not path.exists() and (path.parent / RESTORED_FILE).exists():
        raise StorageError(
            f"{path.parent} was restored from a backup, which holds no signing record: what this key has signed is not"
            f" known here. {_FOLLOWS}",
            name="safety_record_restored",
        )


def _check_begun(path: Path, *, is_marked: bool) -> None:
    """StorageError (`signing_record_new`) for a record that is missing where neither the ledger nor the key's maker
    says what it signed."""
    if not path.exists() and not is_marked:
        raise StorageError(
            f"there is no {path}, and nothing says that its key has never signed: it would be made anew. {_FOLLOWS}",
            name="signing_record_new",
        )


_FOLLOWS = (
    "This validator follows the ledger and signs nothing until it has another key: mithqal validator rotate-key NAME"
    " (docs/operations.md)"
)
OBSERVING = (
    "safety_record_lost", "safety_record_unreadable", "safety_record_foreign", "safety_record_restored",
    "signing_record_new",
)  # fmt: skip
"""Names of the errors under which a validator observes: it follows and serves, and signs nothing (D6)."""
