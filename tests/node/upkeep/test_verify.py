"""`mithqal node verify-ledger`: rows of a stored ledger are what its blocks give, or the first that is not is named.

The issue: "`node verify-ledger DIR` recomputes a directory offline and names the first version that differs".
"""

import json
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from chain.codec import encode
from chain.entries import KIND_USER, TransactionInfo
from chain.ledger import read_block, read_entry
from chain.state.tree import root_hash
from chain.storage import Column, Index, WriteBatch
from node.storage.recent_postings import SLICES
from node.storage.rules import StorageError
from node.storage.sqlite import SqliteStore
from node.upkeep.verify import LedgerDiffers, verify_directory
from tests.accusations import Liar
from tests.stored_ledgers import (
    account_key_of,
    change,
    changed_block,
    changed_entry,
    differs,
    ledger_of,
    ledger_path,
    put_row,
    put_state,
    run,
    saved,
    stored_row,
    value_of,
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that is not changed."""
    return saved(tmp_path_factory.mktemp("sound"))


@pytest.fixture
def directory(sound: Path, tmp_path: Path) -> Path:
    """One that may be."""
    return Path(shutil.copytree(sound, tmp_path / "validator"))


def user_version(directory: Path, least: int) -> int:
    """The first version from `least` on that a user's transaction made with an event."""
    version = least
    while True:
        kind, _, _, events = read_entry(stored_row(directory, Column.TRANSACTION, version))
        if kind == KIND_USER and events:
            return version
        version += 1


def test_a_sound_ledger_gives_the_roots_that_the_validator_has(sound: Path) -> None:
    """Versions, roots, and how much was checked; five epochs, lost messages and crashes among it. Nothing is written
    into the directory."""
    before = sorted((path, path.read_bytes()) for path in sound.rglob("*") if path.is_file())
    ledger = ledger_of()
    document = verify_directory(sound)
    assert document["root"] == ledger.tip_root.hex()
    assert document["state_root"] == root_hash(ledger.tip.tree).hex()
    assert (document["version"], document["height"], document["epoch"]) == (ledger.tip_version, ledger.tip_height, 5)
    assert (document["begins"], document["from_version"], document["executed_from"]) == ("genesis", 0, 0)
    assert document["versions"] == ledger.tip_version + 1
    assert document["waypoint"] == ledger.waypoint()
    counts = run().validators[1].disk.store.counts()  # type: ignore[attr-defined]
    assert document["index_entries"] == counts["postings"]
    assert document["state_records"] == counts["state"]
    assert document["transactions"] + counts["BLOCK"] == counts["TRANSACTION"]
    assert document["signatures"] >= document["transactions"]
    assert sorted((path, path.read_bytes()) for path in sound.rglob("*") if path.is_file()) == before
    assert verify_directory(sound / "data")["root"] == document["root"]


def test_progress_is_told_now_and_then(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("node.upkeep.replay.SAY_EVERY", 20)
    said: list[tuple[int, int]] = []
    last = verify_directory(sound, say=lambda version, end: said.append((version, end)))["version"]
    assert [end for _, end in said] == [last] * 3
    assert [version for version, _ in said] == sorted({version for version, _ in said})


def test_the_waypoint_of_genesis_says_which_network(sound: Path) -> None:
    waypoint = ledger_of().waypoint()
    assert verify_directory(sound, waypoint)["waypoint"] == waypoint
    other = waypoint[:-1] + ("0" if waypoint[-1] != "0" else "1")
    with pytest.raises(StorageError) as caught:
        verify_directory(sound, other)
    assert caught.value.name == "wrong_network"


# --- a changed version ---


def test_a_changed_status_gas_event_root_or_state_root(directory: Path) -> None:
    """What a client would be told of a transaction's outcome is recomputed, each part by its name."""
    version = user_version(directory, 40)
    info = TransactionInfo.from_bytes(read_entry(stored_row(directory, Column.TRANSACTION, version))[2])
    original = stored_row(directory, Column.TRANSACTION, version)
    cases = [
        ("status", lambda one: one._replace(status=one.status._replace(kind="out_of_gas")), "out_of_gas::0"),
        ("gas", lambda one: one._replace(gas_used=one.gas_used + 1), str(info.gas_used + 1)),
        ("event", lambda one: one._replace(event_root=bytes(32)), bytes(32).hex()),
        ("transaction", lambda one: one._replace(transaction_hash=bytes(32)), bytes(32).hex()),
    ]
    for kind, changed, stored in cases:
        changed_entry(directory, version, changed)
        found = differs(directory)
        assert (found["version"], found["kind"], found["stored"]) == (version, kind, stored)
        put_row(directory, Column.TRANSACTION, version, original)
    last = read_block(stored_row(directory, Column.BLOCK, 20))[1][1]
    changed_entry(directory, last, lambda one: one._replace(state_root=bytes(32)))
    found = differs(directory)
    assert (found["version"], found["kind"], found["stored"]) == (last, "state_root", bytes(32).hex())
    assert found["count"] == 1


def test_a_changed_event_and_changed_bytes(directory: Path) -> None:
    version = user_version(directory, 60)
    kind, data, info, events = value_of(stored_row(directory, Column.TRANSACTION, version))
    put_row(directory, Column.TRANSACTION, version, encode((kind, data, info, events[:-1])))
    found = differs(directory)
    assert (found["version"], found["kind"]) == (version, "event")
    other = data[:-1] + bytes([data[-1] ^ 1])
    put_row(directory, Column.TRANSACTION, version, encode((kind, other, info, events)))
    found = differs(directory)
    assert (found["version"], found["kind"]) == (version, "transaction")
    assert found["recomputed"].startswith(data.hex()[:64])


def test_a_flipped_byte_that_the_checksum_shows(directory: Path) -> None:
    """What a disk does: another byte, the checksum of the old ones. Each table of rows."""
    tip = verify_directory(directory)["version"]
    for table, key, version, kind in (
        ("row_transaction", 50, 50, "event"),
        ("row_accumulator", 31, 31, "accumulator"),
        ("row_epoch", 1, None, "epoch"),
        ("row_undo", None, None, "undo"),
        ("row_meta", 2, tip, "meta"),
    ):
        copy = Path(shutil.copytree(directory, directory.with_name(f"{table}-flipped")))
        where = "key=?" if key is not None else "key=(SELECT max(key) FROM row_undo) AND ? IS NULL"
        changed = change(
            copy,
            f"UPDATE {table} SET value=CAST(substr(value, 1, length(value) - 1) || x'ff' AS BLOB) WHERE {where}",
            key,
        )
        assert changed == 1
        found = differs(copy)
        assert found["kind"] == kind, table
        assert version is None or found["version"] == version


def test_a_wrong_checksum_alone_is_a_difference(directory: Path) -> None:
    """A validator could not read that row: `storage_corrupt`."""
    change(directory, "UPDATE row_transaction SET checksum=checksum+1 WHERE key=33")
    found = differs(directory)
    assert (found["version"], found["kind"], found["stored"]) == (33, "transaction", "a value that fails its checksum")


def test_the_first_of_several(directory: Path) -> None:
    """The first version is named, the others are listed and counted, whatever order they are found in."""
    for version in (90, 44, 61):
        change(directory, "UPDATE row_transaction SET checksum=checksum+1 WHERE key=?", version)
    found = differs(directory)
    assert (found["version"], found["count"]) == (44, 3)
    assert [one["version"] for one in found["differences"]] == [44, 61, 90]
    for version in range(1, 31):
        change(directory, "UPDATE row_transaction SET checksum=checksum+1 WHERE key=?", version)
    found = differs(directory)
    assert (found["version"], found["count"], len(found["differences"])) == (1, 33, 20)


# --- blocks and certificates ---


def flipped(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def test_a_forged_signature_in_what_commits_a_block(directory: Path) -> None:
    """Q2: a quorum's signatures; the certificate that stands with a block is verified, not believed."""

    def forge(row: tuple[Any, ...]) -> tuple[Any, ...]:
        block, first, last, (data, commit, ((author, signature), *others)) = row
        return block, first, last, (data, commit, ((author, flipped(signature)), *others))

    version = changed_block(directory, 30, forge)
    found = differs(directory)
    assert (found["version"], found["kind"], found["count"]) == (version, "certificate", 1)
    assert found["complete"] is True


def test_too_few_signatures(directory: Path) -> None:
    def thin(row: tuple[Any, ...]) -> tuple[Any, ...]:
        block, first, last, (data, commit, signatures) = row
        return block, first, last, (data, commit, signatures[:2])

    version = changed_block(directory, 31, thin)
    found = differs(directory)
    assert (found["version"], found["kind"]) == (version, "certificate")


def test_a_forged_proposal(directory: Path) -> None:
    """R1: the round's leader signed the block."""

    def forge(row: tuple[Any, ...]) -> tuple[Any, ...]:
        (header, qc, tc, payload, signature), *rest = row
        return (header, qc, tc, payload, flipped(signature)), *rest

    changed_block(directory, 12, forge)
    first = read_block(stored_row(directory, Column.BLOCK, 12))[1][0]
    found = differs(directory)
    assert (found["version"], found["kind"], found["count"]) == (first, "block", 1)


def test_a_payload_that_is_not_the_headers(directory: Path) -> None:
    """B4: the header names its payload; from there on nothing can be executed, and what lies above is not compared."""
    height = next(
        height for height in range(20, 60) if value_of(stored_row(directory, Column.BLOCK, height))[0][3]
    )  # fmt: skip

    def drop(row: tuple[Any, ...]) -> tuple[Any, ...]:
        (header, qc, tc, payload, signature), *rest = row
        return (header, qc, tc, payload[:-1], signature), *rest

    first = read_block(stored_row(directory, Column.BLOCK, height))[1][0]
    changed_block(directory, height, drop)
    found = differs(directory)
    assert (found["version"], found["kind"], found["complete"]) == (first, "block", False)
    assert found["verified_to"] == first - 1


def test_wrong_first_or_last_version_of_a_block(directory: Path) -> None:
    version = changed_block(directory, 25, lambda row: (row[0], row[1] - 1, row[2], row[3]))
    found = differs(directory)
    assert (found["version"], found["kind"]) == (version, "block")


def test_the_end_of_an_epoch(directory: Path) -> None:
    """The row of an epoch's end is the certificate that the block of that end has."""
    one, two = stored_row(directory, Column.EPOCH, 1), stored_row(directory, Column.EPOCH, 2)
    put_row(directory, Column.EPOCH, 2, one)
    end = value_of(two)[1][4]
    found = differs(directory)
    assert (found["version"], found["kind"], found["what"]) == (end, "epoch", "epoch 2")


# --- state, indexes, the tip ---


def last_written(directory: Path, key: bytes) -> int:
    """The last version of the block that wrote a record last, by the rows of replaced records."""
    found = 0
    for version, row in run().validators[1].disk.store.rows(Column.UNDO, 0, 1 << 20):
        if key in value_of(row)[1][::2]:
            found = version
    return found


def test_a_changed_balance(directory: Path) -> None:
    """A record of the state: its field, both values, and the version that wrote it last."""
    key, record = account_key_of(directory)
    richer = record._replace(balances=tuple((code, amount + 1) for code, amount in record.balances))
    put_state(directory, key, richer.to_bytes())
    found = differs(directory)
    assert (found["version"], found["kind"]) == (last_written(directory, key), "state_record")
    assert found["what"] == f"the state record {key.hex()} (balances)"
    assert (found["stored"], found["recomputed"]) == (str(richer.balances), str(record.balances))


def test_a_missing_and_an_invented_record(directory: Path) -> None:
    key, record = account_key_of(directory)
    assert change(directory, "DELETE FROM state_0 WHERE key=?", key) == 1
    found = differs(directory)
    assert (found["version"], found["kind"], found["stored"]) == (
        last_written(directory, key),
        "state_record",
        "nothing",
    )
    invented = key[:1] + bytes(16)
    change(directory, "INSERT INTO state_0 VALUES (9999, ?, ?, 0)", invented, record.to_bytes())
    found = differs(directory)
    assert found["count"] == 2
    other = next(one for one in found["differences"] if invented.hex() in one["what"])
    assert (other["kind"], other["recomputed"]) == ("state_record", "nothing")


def test_an_index_entry_that_leads_elsewhere_is_missing_or_invented(directory: Path) -> None:
    """An index changes no state or proof, but it could hide a transaction from a search."""
    version = user_version(directory, 20)
    with closing(SqliteStore(ledger_path(directory), run().parties.chain[1])) as store:  # until the log has moved on
        again = [(Index.BLOCK_BY_ID, run().parties.chain[1][:8], 0, 0)]
        for _ in range(SLICES + 1):
            store.write(WriteBatch(postings=list(again)))
    where = f"kind={int(Index.TRANSACTION_BY_HASH)} AND position=?"
    for statement in (f"UPDATE posting SET value=value+1 WHERE {where}", f"DELETE FROM posting WHERE {where}"):
        copy = Path(shutil.copytree(directory, directory.with_name(statement.split()[0])))
        assert change(copy, statement, version) == 1
        found = differs(copy)
        stored = str(version + 1) if statement.startswith("UPDATE") else "nothing"
        assert (found["kind"], found["stored"], found["recomputed"]) == ("index", stored, str(version))
        assert (found["version"], found["count"]) == (version, 1)
    assert change(directory, "INSERT INTO posting VALUES (?, ?, 7, ?)", bytes(8), int(Index.EVENT), version) == 1
    found = differs(directory)
    assert (found["version"], found["kind"], found["count"]) == (version, "index", 1)
    assert (found["stored"], found["recomputed"]) == (str(version), "nothing")


def test_a_damaged_index_log(directory: Path) -> None:
    assert (
        change(directory, "UPDATE posting_log SET checksum=checksum+1 WHERE batch=(SELECT max(batch) FROM posting_log)")
        == 1
    )
    assert {"index"} == {one["kind"] for one in differs(directory)["differences"]}


def test_the_tip(directory: Path) -> None:
    """What a restart begins from is recomputed as well."""
    row = value_of(stored_row(directory, Column.META, 0))
    put_row(directory, Column.META, 0, encode((*row[:5], row[5] + 1, *row[6:])))
    found = differs(directory)
    assert (found["kind"], found["what"], found["count"]) == ("tip", "the ledger's tip", 1)


@pytest.mark.parametrize(
    ("table", "kind"),
    [("row_transaction", "transaction"), ("row_block", "block"), ("row_accumulator", "accumulator"),
     ("row_epoch", "epoch"),
     ("row_undo", "undo")],
)  # fmt: skip
def test_a_deleted_row(directory: Path, table: str, kind: str) -> None:
    """Each kind of row, one in the middle."""
    key = {"row_epoch": 2, "row_block": 40, "row_transaction": 70}.get(table)
    if key is None:
        key = sorted(row for row in keys_of(directory, table))[4]
    assert change(directory, f"DELETE FROM {table} WHERE key=?", key) == 1
    found = differs(directory)
    assert (found["kind"], found["stored"]) == (kind, "nothing")
    if table == "row_transaction":
        assert found["version"] == 70
    if table == "row_block":
        first = read_block(stored_row(directory, Column.BLOCK, 41))[1][0]
        assert found["version"] < first


def keys_of(directory: Path, table: str) -> list[int]:
    column = Column[table.removeprefix("row_").upper()]
    return [key for key, _ in run().validators[1].disk.store.rows(column, 0, 1 << 20)]


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (Column.TRANSACTION, "version"),
        (Column.BLOCK, "block"),
        (Column.ACCUMULATOR, "accumulator"),
        (Column.EPOCH, "epoch"),
        (Column.UNDO, "undo"),
    ],
)
def test_a_row_too_many(directory: Path, column: Column, kind: str) -> None:
    """Nothing stands above the tip, and no epoch ends that has not ended."""
    last = keys_of(directory, f"row_{column.name.lower()}")[-1]
    put_row(
        directory, column, 1 << 20 if column is Column.ACCUMULATOR else last + 1, stored_row(directory, column, last)
    )
    assert kind in {one["kind"] for one in differs(directory)["differences"]}


def test_evidence_is_judged_again(directory: Path) -> None:
    """EV1: by the set of its epoch; what does not hold, or is of no epoch yet, is a difference."""
    world = run()
    signer, genesis_hash = world.parties.consensus_keys[1][0], world.parties.chain[1]
    good = Liar(signer, genesis_hash, 1).double_vote()
    put_row(directory, Column.EVIDENCE, 0, good.to_bytes())
    verify_directory(directory)
    for bad in (good._replace(author=2), Liar(signer, genesis_hash, 1, epoch=99).lock_lie()):
        put_row(directory, Column.EVIDENCE, 1, bad.to_bytes())
        assert {one["kind"] for one in differs(directory)["differences"]} == {"evidence"}


def test_the_last_block_is_gone(directory: Path) -> None:
    """The tip names a block that is missing: a ledger cut short does not pass for a shorter one."""
    height = keys_of(directory, "row_block")[-1]
    first = read_block(stored_row(directory, Column.BLOCK, height))[1][0]
    change(directory, "DELETE FROM row_block WHERE key=?", height)
    found = differs(directory)
    assert found["version"] in (first - 1, first)
    assert found["kind"] in ("block", "tip")


# --- files and directories ---


def test_a_truncated_file(directory: Path) -> None:
    """Exit 8, whether SQLite sees it at once or at a page in the middle."""
    path = ledger_path(directory)
    whole = path.read_bytes()
    for part in (100, 5_000, len(whole) // 2, len(whole) - 4_096):
        path.write_bytes(whole[:part])
        with pytest.raises((StorageError, LedgerDiffers)) as caught:
            verify_directory(directory)
        assert caught.value.name in ("storage_corrupt", "storage_format", "ledger_differs"), part


def test_what_is_no_ledger(tmp_path: Path) -> None:
    """Nothing is made where there is nothing."""
    for subject in (tmp_path / "missing", tmp_path):
        with pytest.raises(StorageError) as caught:
            verify_directory(subject)
        assert caught.value.name == "unknown_ledger"
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "ledger.sqlite").write_bytes(b"something else" * 100)
    with pytest.raises(StorageError) as caught:
        verify_directory(tmp_path)
    assert caught.value.name == "storage_corrupt"
    (tmp_path / "ledger.sqlite").write_bytes(b"")
    with pytest.raises(StorageError) as caught:
        verify_directory(tmp_path)
    assert caught.value.name == "storage_format"


def test_a_directory_of_another_network(directory: Path) -> None:
    """`node.json` says which genesis the ledger must have."""
    config = {"index": 1, "endpoints": [["127.0.0.1", 1], ["127.0.0.1", 2]], "rpc": ["127.0.0.1", 3],
              "genesis": "genesis.bin", "genesis_hash": "ab" * 32}  # fmt: skip
    (directory / "node.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(StorageError) as caught:
        verify_directory(directory)
    assert caught.value.name == "wrong_network"
    assert caught.value.details["expected"] == "ab" * 32
    config["genesis_hash"] = run().parties.chain[1].hex()
    (directory / "node.json").write_text(json.dumps(config), encoding="utf-8")
    assert verify_directory(directory)["begins"] == "genesis"


def test_genesis_itself(directory: Path) -> None:
    """Version 0 is what its network's hash names."""
    kind, data, info, events = value_of(stored_row(directory, Column.TRANSACTION, 0))
    put_row(directory, Column.TRANSACTION, 0, encode((kind, b"\x90", info, events)))
    found = differs(directory)
    assert (found["version"], found["kind"]) == (0, "transaction")
    assert isinstance(data, bytes)
    (directory / "genesis.bin").write_bytes(data)
    config = {"index": 0, "endpoints": [["127.0.0.1", 1]], "rpc": ["127.0.0.1", 3], "genesis": "genesis.bin"}
    (directory / "node.json").write_text(json.dumps(config), encoding="utf-8")
    found = differs(directory)
    assert (found["version"], found["kind"], found["complete"]) == (0, "transaction", True)
