"""KE5: where a ledger begins on one node, and what is said of what lies before."""

import pytest

from chain.kept import GENESIS_BASE, KEPT_VERSIONS, PRUNED_AT_ONCE, Base, base_row, is_kept, pruned, read_base
from chain.storage import BASE_ROW, Column, WriteBatch
from node.storage.memory import MemoryStore


@pytest.mark.parametrize(("version", "kept"), [(0, True), (1, False), (6, False), (7, True), (8, True)])
def test_genesis_the_base_and_all_after_it_are_kept(version: int, kept: bool) -> None:
    """KE5: "Blocks, versions, events and indexes are kept from the *base* on ... Genesis itself stays."."""
    assert is_kept(Base(7, 3), version) is kept
    assert is_kept(GENESIS_BASE, version)


def test_the_row_of_a_base() -> None:
    """A ledger that begins at genesis has no row; another says version and height."""
    assert GENESIS_BASE == (0, 0)
    assert base_row(GENESIS_BASE) == (Column.META, BASE_ROW, None)
    store = MemoryStore()
    assert read_base(store) == GENESIS_BASE
    store.write(WriteBatch(rows=[base_row(Base(7, 3))]))
    assert read_base(store) == Base(7, 3)
    store.write(WriteBatch(rows=[base_row(GENESIS_BASE)]))
    assert read_base(store) == GENESIS_BASE


def test_what_is_not_kept_is_named_with_the_oldest_that_is() -> None:
    """KE5: "`version_pruned` with the oldest version that is kept here"."""
    error = pruned("version 3", 7)
    assert (error.name, error.details) == ("version_pruned", {"oldest": 7})
    assert error.message.startswith(
        "version 3 is not kept on this validator, the oldest version that is kept here is 7"
    )


def test_the_windows() -> None:
    """KE2: "1,000,000 unless it says otherwise"; "A smaller window is reached by four rows a block"."""
    assert (KEPT_VERSIONS, PRUNED_AT_ONCE) == (1_000_000, 4)
