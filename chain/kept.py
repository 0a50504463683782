"""What of a ledger is kept on one node: where it begins there, and what is said of what lies before (KE5, KE6).

A ledger that came by a snapshot begins at a *base*: the last version of a certified block. Genesis (version 0) is kept
too, the versions between are not.
"""

from typing import NamedTuple

from chain.codec import decode, encode, fields
from chain.errors import MithqalError
from chain.storage import BASE_ROW, Column, Store

KEPT_VERSIONS = 1_000_000
"""Versions whose states can be read and proved, counted back from the tip, unless `node.json` says otherwise (Diem's
window)."""
PRUNED_AT_ONCE = 4
"""Rows of replaced records that one block deletes at most: a smaller window is reached a little at a time."""


class Base(NamedTuple):
    """Where the ledger begins: (0, 0) at genesis, else the snapshot's last version and its block's height."""

    version: int
    height: int


GENESIS_BASE = Base(0, 0)


def read_base(store: Store) -> Base:
    """The base of a stored ledger."""
    row = store.row(Column.META, BASE_ROW)
    return GENESIS_BASE if row is None else Base(*fields(decode(row), "base", int, int))


def base_row(base: Base) -> tuple[Column, int, bytes | None]:
    """What says it in a batch."""
    return (Column.META, BASE_ROW, None if base == GENESIS_BASE else encode(tuple(base)))


def is_kept(base: Base, version: int) -> bool:
    """Whether a version that the ledger has reached has its row here: genesis, the base, and all after it."""
    return version == 0 or version >= base.version


def pruned(what: str, oldest: int) -> MithqalError:
    """`version_pruned`: what lies before the base, or before the window, and where to go."""
    return MithqalError(
        f"{what} is not kept on this validator, the oldest version that is kept here is {oldest}; ask a validator that"
        " keeps more",
        name="version_pruned",
        oldest=oldest,
    )
