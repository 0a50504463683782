"""`mithqal node backup|restore`: one file, verified when it is restored; a directory out of it never signs."""

import hashlib
import io
import json
import sqlite3
import stat
import tarfile
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chain.codec import encode
from chain.errors import MithqalError
from chain.storage import Column, WriteBatch
from node.keystore import new_secret, save_key
from node.runtime.signing_keys import SigningKeys, begin_record, later_key_file
from node.storage.directory_lock import DirectoryLock
from node.storage.rules import StorageError
from node.storage.safety_file import SafetyFile, owner_of
from node.storage.signing_record import note_owner
from node.storage.sqlite import SqliteStore
from node.upkeep.archive import BackupError
from node.upkeep.backup import backup_node, restore_node
from node.upkeep.verify import LedgerDiffers, verify_directory
from tests.stored_ledgers import FROM_SNAPSHOT, change, ledger_of, ledger_path, put_row, run, saved, stored_row


@pytest.fixture(scope="module")
def validator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole directory: ledger, signing record, genesis, configuration, keys."""
    directory = saved(tmp_path_factory.mktemp("whole") / "validator-1")
    genesis = run().parties.chain[1]
    (directory / "genesis.bin").write_bytes(ledger_of().document.to_bytes())
    config = {"index": 1, "endpoints": [["127.0.0.1", 1], ["127.0.0.1", 2]], "rpc": ["127.0.0.1", 3],
              "genesis": "genesis.bin", "genesis_hash": genesis.hex()}  # fmt: skip
    (directory / "node.json").write_text(json.dumps(config), encoding="utf-8")
    keys = {
        name: save_key(directory / "keys" / f"{name}.json", name, new_secret()) for name in ("consensus", "network")
    }
    owner = owner_of(genesis, keys["consensus"].public_key)
    record = SafetyFile(directory / "data" / "safety.bin", owner)
    record.store(b"what it signed")
    record.close()
    with closing(SqliteStore(ledger_path(directory), genesis)) as store:
        note_owner(store, owner)
    return directory


@pytest.fixture(scope="module")
def archive(validator: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its backup, with keys."""
    target = tmp_path_factory.mktemp("backup") / "one.backup"
    backup_node(validator, target, with_keys=True)
    return target


def refused(call: Callable[[], Any]) -> MithqalError:
    with pytest.raises(MithqalError) as caught:
        call()
    return caught.value


def names_in(archive: Path) -> list[str]:
    with tarfile.open(archive) as opened:
        return opened.getnames()


def repacked(archive: Path, target: Path, changed: Callable[[dict[str, bytes]], object]) -> Path:
    """The archive with other members, and a manifest that fits them unless it is among what was changed."""
    with tarfile.open(archive) as opened:
        members = {name: opened.extractfile(name).read() for name in opened.getnames()}  # type: ignore[union-attr]
    before = members["manifest.json"]
    changed(members)
    if members["manifest.json"] == before:
        manifest = json.loads(before)
        manifest["files"] = [
            {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in members.items() if name != "manifest.json"
        ]  # fmt: skip
        members["manifest.json"] = json.dumps(manifest).encode()
    with tarfile.open(target, "w") as opened:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            opened.addfile(entry, io.BytesIO(data))
    return target


def test_the_manifest_says_what_is_in_it(validator: Path, archive: Path) -> None:
    """Network, version, roots, and size and hash of each file; the signing record is in no backup."""
    ledger = ledger_of()
    with tarfile.open(archive) as opened:
        manifest = json.loads(opened.extractfile("manifest.json").read())  # type: ignore[union-attr]
        digests = {
            row["name"]: hashlib.sha256(opened.extractfile(row["name"]).read()).hexdigest()  # type: ignore[union-attr]
            for row in manifest["files"]
        }
    assert (manifest["format"], manifest["format_version"]) == ("mithqal-node-backup", 1)
    assert (manifest["version"], manifest["height"]) == (ledger.tip_version, ledger.tip_height)
    assert (manifest["root"], manifest["waypoint"]) == (ledger.tip_root.hex(), ledger.waypoint())
    assert manifest["genesis_hash"] == ledger.genesis_hash.hex()
    assert (manifest["index"], manifest["has_keys"], manifest["from_version"]) == (1, True, 0)
    assert {row["name"]: row["sha256"] for row in manifest["files"]} == digests
    keys = ["keys/consensus.json", "keys/network.json"]
    assert names_in(archive) == ["manifest.json", "genesis.bin", "node.json", *keys, "ledger.sqlite"]
    assert b"MQSR" not in archive.read_bytes(), "the magic of a signing record"
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert sorted(path.name for path in archive.parent.iterdir()) == ["one.backup"]


def test_without_keys(validator: Path, tmp_path: Path) -> None:
    document = backup_node(validator, tmp_path / "b", with_keys=False)
    assert document["has_keys"] is False
    assert names_in(tmp_path / "b") == ["manifest.json", "genesis.bin", "node.json", "ledger.sqlite"]
    found = restore_node(tmp_path / "b", tmp_path / "new")
    assert (found["has_keys"], (tmp_path / "new" / "keys").exists()) == (False, False)


def test_a_restored_directory_is_the_same_ledger(archive: Path, tmp_path: Path) -> None:
    """Recomputed whole, modes as a validator wants them, marked as restored, without a signing record."""
    target = tmp_path / "deep" / "new"
    said: list[tuple[int, int]] = []
    found = restore_node(archive, target, waypoint=ledger_of().waypoint(), say=lambda *now: said.append(now))
    assert (found["verified"], found["votes"], found["index"]) == ("recomputed", False, 1)
    assert found["root"] == verify_directory(target)["root"] == ledger_of().tip_root.hex()
    files = {str(path.relative_to(target)): stat.S_IMODE(path.stat().st_mode) for path in target.rglob("*")}
    assert files == {
        "data": 0o700, "data/ledger.sqlite": 0o600, "data/restored.json": 0o600, "genesis.bin": 0o600,
        "keys": 0o700, "keys/consensus.json": 0o600, "keys/network.json": 0o600, "node.json": 0o600,
    }  # fmt: skip
    config = json.loads((target / "node.json").read_text())
    assert (config["data"], config["keys"], config["genesis"]) == ("data", "keys", "genesis.bin")
    assert stat.S_IMODE(target.stat().st_mode) == 0o700
    assert [path.name for path in target.parent.iterdir()] == ["new"]


def test_while_the_validator_runs(validator: Path, tmp_path: Path) -> None:
    """Somebody else has the directory and writes; the backup is the ledger of one moment."""
    genesis = run().parties.chain[1]
    with closing(SqliteStore(ledger_path(validator), genesis)) as store:
        assert refused(lambda: DirectoryLock(validator / "data")).name == "directory_in_use"
        document = backup_node(validator, tmp_path / "b", with_keys=False)
        store.write(WriteBatch(rows=[(Column.META, 77, b"later")]))
        verify_directory(validator)
        store.write(WriteBatch(rows=[(Column.META, 77, None)]))
    assert document["version"] == ledger_of().tip_version
    restore_node(tmp_path / "b", tmp_path / "new")
    with closing(sqlite3.connect(tmp_path / "new" / "data" / "ledger.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM row_meta WHERE key=77").fetchone() == (0,)


def test_a_ledger_that_begins_at_a_snapshot(tmp_path: Path) -> None:
    """Only a ledger, without `node.json`: its own genesis goes with it."""
    directory = saved(tmp_path / "short", FROM_SNAPSHOT)
    document = backup_node(directory, tmp_path / "b", with_keys=True)
    assert document["from_version"] == ledger_of(FROM_SNAPSHOT).base.version
    assert (document["has_keys"], document["index"]) == (False, None)
    assert restore_node(tmp_path / "b", tmp_path / "new")["from_version"] == document["from_version"]


def test_nothing_is_overwritten(validator: Path, archive: Path, tmp_path: Path) -> None:
    before = archive.read_bytes()
    assert refused(lambda: backup_node(validator, archive, with_keys=True)).name == "file_exists"
    assert archive.read_bytes() == before
    full, file, empty = tmp_path / "full", tmp_path / "file", tmp_path / "empty"
    full.mkdir()
    empty.mkdir()
    (full / "mine").write_text("mine")
    file.write_text("mine")
    for taken in (full, file):
        assert refused(lambda: restore_node(archive, taken)).name == "directory_not_empty"  # noqa: B023
    assert restore_node(archive, empty, quick=True)["verified"] == "checksums"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "file", "full"]
    assert [path.name for path in full.iterdir()] == ["mine"]


def test_a_changed_byte_anywhere(archive: Path, tmp_path: Path) -> None:
    """What is cut short or changed gives no directory at all, not even a hidden one."""
    data = archive.read_bytes()
    bad = tmp_path / "bad"
    for at in (700, 2_600, 5_000, len(data) // 2, len(data) - 12_000):
        bad.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        error = refused(lambda: restore_node(bad, tmp_path / "new", quick=True))
        assert error.name in ("bad_backup", "backup_format"), at
    for length in (0, 100, 512, 4_000, len(data) // 2, len(data) - 12_000):
        bad.write_bytes(data[:length])
        assert refused(lambda: restore_node(bad, tmp_path / "new", quick=True)).name == "bad_backup", length
    bad.unlink()
    assert list(tmp_path.iterdir()) == []


def test_what_the_manifest_must_say(archive: Path, tmp_path: Path) -> None:
    """Its format, and only names that a backup has: nothing is written outside of the new directory."""

    def manifest(change: Callable[[dict[str, Any]], object]) -> Callable[[dict[str, bytes]], object]:
        def changed(members: dict[str, bytes]) -> None:
            document = json.loads(members["manifest.json"])
            change(document)
            members["manifest.json"] = json.dumps(document).encode()

        return changed

    cases: list[tuple[Callable[[dict[str, bytes]], object], str]] = [
        (manifest(lambda one: one.update(format_version=2)), "backup_format"),
        (manifest(lambda one: one.update(format="other")), "bad_backup"),
        (manifest(lambda one: one.update(version=one["version"] + 1)), "bad_backup"),
        (manifest(lambda one: one.update(root="00" * 32)), "bad_backup"),
        (manifest(lambda one: one["files"].pop()), "bad_backup"),
        (lambda members: members.update({"../outside": b"x"}), "bad_backup"),
        (lambda members: members.update({"keys/../../outside.json": b"x"}), "bad_backup"),
        (lambda members: members.update({"data/safety.bin": b"x"}), "bad_backup"),
        (lambda members: members.pop("genesis.bin"), "bad_backup"),
    ]
    for number, (changed, name) in enumerate(cases):
        bad = repacked(archive, tmp_path / f"{number}.backup", changed)
        assert refused(lambda: restore_node(bad, tmp_path / "new", quick=True)).name == name, number  # noqa: B023
        bad.unlink()
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_no_member(archive: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    with tarfile.open(archive) as source, tarfile.open(bad, "w") as target:
        for entry in source:
            if entry.name == "node.json":
                entry.type, entry.linkname, entry.size = tarfile.SYMTYPE, "/etc/passwd", 0
            target.addfile(entry, source.extractfile(entry) if entry.isreg() else None)
    assert refused(lambda: restore_node(bad, tmp_path / "new", quick=True)).name == "bad_backup"


def test_a_ledger_that_is_not_what_its_blocks_give(validator: Path, tmp_path: Path) -> None:
    """The checksums of a backup say only that it is what was backed up; its ledger is recomputed unless `--quick`."""
    directory = saved(tmp_path / "wrong")
    put_row(directory, Column.META, 1, stored_row(directory, Column.META, 0)[:32])
    change(directory, "UPDATE row_transaction SET value=?, checksum=0 WHERE key=50", encode((0, b"", b"", ())))
    backup_node(directory, tmp_path / "b", with_keys=False)
    error = refused(lambda: restore_node(tmp_path / "b", tmp_path / "new"))
    assert isinstance(error, LedgerDiffers)
    assert error.details["version"] == 50
    assert not (tmp_path / "new").exists()
    assert restore_node(tmp_path / "b", tmp_path / "new", quick=True)["verified"] == "checksums"


def test_a_damaged_ledger_is_not_backed_up(tmp_path: Path) -> None:
    directory = saved(tmp_path / "wrong")
    path = ledger_path(directory)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    assert refused(lambda: backup_node(directory, tmp_path / "b", with_keys=False)).name == "storage_corrupt"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["wrong"]
    assert refused(lambda: backup_node(tmp_path / "none", tmp_path / "b", with_keys=False)).name == "unknown_ledger"


def test_a_waypoint_of_another_network(archive: Path, tmp_path: Path) -> None:
    for quick in (False, True):
        ask = partial(restore_node, archive, tmp_path / "new", waypoint="0:" + "00" * 32, quick=quick)
        error = refused(ask)
        assert isinstance(error, StorageError)
        assert error.name == "wrong_network"
        assert list(tmp_path.iterdir()) == []


def test_a_ledger_whose_file_is_damaged_inside_is_not_restored_quickly(archive: Path, tmp_path: Path) -> None:
    """`--quick` recomputes nothing, but SQLite's own check of the file stays: `storage_corrupt`, and no directory."""

    def harm(members: dict[str, bytes]) -> None:
        data = bytearray(members["ledger.sqlite"])
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(bytes(data))
            (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name='row_undo'").fetchone()
            (size,) = connection.execute("PRAGMA page_size").fetchone()
        data[(root - 1) * size] = 0x0D ^ data[(root - 1) * size]
        members["ledger.sqlite"] = bytes(data)

    broken = repacked(archive, tmp_path / "broken", harm)
    assert refused(lambda: restore_node(broken, tmp_path / "new", quick=True)).name == "storage_corrupt"
    assert not (tmp_path / "new").exists()


def test_where_nothing_can_be_written(validator: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for target in (tmp_path / "file" / "b", tmp_path / "missing" / "b"):
        error = refused(lambda: backup_node(validator, target, with_keys=True))  # noqa: B023
        assert isinstance(error, BackupError)
        assert error.name == "cannot_write"


# --- the signing record ---


def keys_of(directory: Path, said: list[str]) -> SigningKeys:
    store = SqliteStore(ledger_path(directory), run().parties.chain[1])
    try:
        return SigningKeys(
            store, directory / "data", directory / "keys", run().parties.chain[1], lambda name, _: said.append(name)
        )
    finally:
        store.close()


def test_no_key_begins_a_record_in_a_restored_directory(archive: Path, tmp_path: Path) -> None:
    """T1: what a key has signed since the backup is unknown, so it signs nothing: neither the first key, nor one whose
    file is put there, nor any of them once the ledger was moved away."""
    directory = tmp_path / "new"
    restore_node(archive, directory, quick=True)
    later = save_key(tmp_path / "later" / "consensus-x.json", "later", new_secret())
    (directory / "keys" / later_key_file(later.public_key)).write_bytes(
        (tmp_path / "later" / "consensus-x.json").read_bytes()
    )
    (directory / "keys" / later_key_file(later.public_key)).chmod(0o600)
    for _ in range(2):
        said: list[str] = []
        keys = keys_of(directory, said)
        assert said == ["safety_record_restored", "safety_record_restored"]
        assert keys.newest() is None
        assert [keys.find(key) for key in list(keys._keys)] == [None, None]
        keys.close()
        assert sorted(path.name for path in (directory / "data").glob("safety*")) == []
        ledger_path(directory).unlink(missing_ok=True)


def test_a_key_that_was_made_there_signs(archive: Path, tmp_path: Path) -> None:
    """`validator rotate-key` makes a key together with its record: it has never signed."""
    directory = tmp_path / "new"
    restore_node(archive, directory, quick=True)
    secret = new_secret()
    fresh = save_key(tmp_path / "made" / "k.json", "fresh", secret)
    begin_record(directory / "data", run().parties.chain[1], fresh.public_key)
    save_key(directory / "keys" / later_key_file(fresh.public_key), "fresh", secret)
    said: list[str] = []
    keys = keys_of(directory, said)
    found = keys.find(fresh.public_key)
    assert found is not None
    assert found.record is None
    assert said == ["safety_record_restored"]
    assert len(keys.barred) == 1
    keys.close()


def test_the_newest_record_put_back_counts(archive: Path, tmp_path: Path) -> None:
    """A record that was saved from the old directory says what the key has signed."""
    directory = tmp_path / "new"
    restore_node(archive, directory, quick=True)
    genesis = run().parties.chain[1]
    said: list[str] = []
    keys = keys_of(directory, said)
    public_key = next(iter(keys._keys))
    keys.close()
    SafetyFile(directory / "data" / "safety.bin", owner_of(genesis, public_key)).close()
    again = keys_of(directory, said)
    assert again.find(public_key) is not None
    again.close()
