"""A ledger that begins at a snapshot is verified from there on, and says so; nothing of it is believed unproved."""

import shutil
from pathlib import Path

import pytest

from chain.codec import encode
from chain.ledger import read_block
from chain.state.undo import read_undo
from chain.storage import BASE_ROW, Column, Index
from node.upkeep.verify import verify_directory
from tests.stored_ledgers import (
    FROM_SNAPSHOT,
    account_key_of,
    change,
    changed_block,
    changed_entry,
    differs,
    ledger_of,
    put_row,
    put_state,
    run,
    saved,
    stored_row,
    value_of,
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that begins at genesis."""
    return saved(tmp_path_factory.mktemp("sound"))


@pytest.fixture(scope="module")
def shortened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ledger of a validator that came back by a snapshot; not changed."""
    return saved(tmp_path_factory.mktemp("snapshot"), FROM_SNAPSHOT)


@pytest.fixture
def snapshot(shortened: Path, tmp_path: Path) -> Path:
    """One that may be changed."""
    return Path(shutil.copytree(shortened, tmp_path / "validator"))


def test_from_a_snapshot_on(snapshot: Path, sound: Path) -> None:
    """It says where it begins, and ends with the roots of a ledger that was recomputed from genesis."""
    base = ledger_of(FROM_SNAPSHOT).base.version
    assert base > 0
    found, whole = verify_directory(snapshot), verify_directory(sound)
    assert (found["begins"], found["from_version"], found["executed_from"]) == ("snapshot", base, base + 1)
    assert (found["root"], found["state_root"]) == (whole["root"], whole["state_root"])
    assert found["versions"] == whole["version"] - base + 1
    assert found["waypoint"] == whole["waypoint"]


def test_a_window_that_begins_above_the_snapshot(snapshot: Path) -> None:
    """Old states may be dropped: versions below are held against the accumulator, what lies above is executed."""
    base = verify_directory(snapshot)["from_version"]
    rows = run().validators[FROM_SNAPSHOT].disk.store.rows(Column.UNDO, base + 30, 1)
    executed = read_undo(rows[0][1])[0]
    assert base < executed
    assert change(snapshot, "DELETE FROM row_undo WHERE key<?", base + 30) > 3
    found = verify_directory(snapshot)
    assert found["from_version"] == base
    assert found["executed_from"] == executed + 1
    changed_entry(snapshot, base + 5, lambda one: one._replace(gas_used=one.gas_used + 1))
    again = differs(snapshot)
    assert again["kind"] in ("certificate", "accumulator")
    assert again["version"] <= executed
    changed_entry(snapshot, base + 5, lambda one: one._replace(gas_used=one.gas_used - 1))
    height = int(value_of(stored_row(snapshot, Column.META, BASE_ROW))[1]) + 2
    changed_block(snapshot, height, lambda row: (row[0], row[1] + 1, row[2], row[3]))
    again = differs(snapshot)
    assert (again["kind"], again["version"]) == (
        "block",
        read_block(stored_row(snapshot, Column.BLOCK, height - 1))[1][1] + 1,
    )


@pytest.mark.parametrize("what", ["entry", "node", "certificate", "state", "undo", "base"])
def test_a_false_snapshot(snapshot: Path, what: str) -> None:
    """Nothing of it is believed without the certificates that lead from genesis to it."""
    base = verify_directory(snapshot)["from_version"]
    height = int(value_of(stored_row(snapshot, Column.META, BASE_ROW))[1])
    if what == "entry":
        changed_entry(snapshot, base, lambda one: one._replace(gas_used=one.gas_used + 1))
    elif what == "node":
        change(
            snapshot, "UPDATE row_accumulator SET value=zeroblob(32) WHERE key=(SELECT min(key) FROM row_accumulator)"
        )
    elif what == "certificate":
        row = value_of(stored_row(snapshot, Column.BLOCK, height))
        block, first, last, (data, commit, signatures) = row
        put_row(snapshot, Column.BLOCK, height, encode((block, first, last, (data, commit, signatures[:1]))))
    elif what == "state":
        key, record = account_key_of(snapshot)
        put_state(snapshot, key, record._replace(sequence_number=record.sequence_number + 1).to_bytes())
    elif what == "undo":
        change(snapshot, "DELETE FROM row_undo WHERE key=(SELECT key FROM row_undo ORDER BY key LIMIT 1 OFFSET 3)")
    else:
        put_row(snapshot, Column.META, BASE_ROW, encode((base + 1, height)))
    found = differs(snapshot)
    assert isinstance(found["version"], int)
    assert found["kind"] in ("snapshot", "state_record", "undo", "accumulator", "transaction", "certificate")


def test_index_entries_of_where_it_begins(snapshot: Path) -> None:
    """The block that a snapshot begins with is found by its id, or that is a difference."""
    height = int(value_of(stored_row(snapshot, Column.META, BASE_ROW))[1])
    key = ledger_of(FROM_SNAPSHOT).store.row(Column.BLOCK, height)
    assert key is not None
    block, _, _ = read_block(key)
    assert block is not None
    gone = change(
        snapshot, "DELETE FROM posting WHERE kind=? AND key=?", int(Index.BLOCK_BY_ID), bytes(block.id[:8])[::-1]
    )
    logged = change(snapshot, "DELETE FROM posting_log")
    assert gone + logged > 0
    found = differs(snapshot)
    assert f"block_by_id {bytes(block.id[:8]).hex()} {height} in the index" in {
        one["what"] for one in found["differences"]
    }
