"""`mithqal keys backup|restore`: one encrypted file; nothing different is overwritten, and nothing is paid twice."""

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chain.crypto import sealing
from chain.crypto.signing import PrivateKey
from chain.errors import MithqalError
from chain.transaction import Payload, RawTransaction, SignedTransaction, sign_transaction
from node.client.network import load_network
from node.client.safe.backup import backup_keys, restore_keys
from node.client.safe.sealed import SafeError, read_sealed, write_sealed
from node.client.sending.journal import RESTORED, Draft, Journal
from node.client.sending.outbox import Outbox
from node.client.wallets.accounts import begin_account
from node.client.wallets.wallet import Wallet
from node.keystore import load_key, new_secret, save_key
from node.localnet.build import build_network
from tests.builders import ALICE, BOB

WORDS = "correct horse battery"
KEY = PrivateKey(b"\7" * 32)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network directory with two accounts, a receipt and an outbox."""
    directory = tmp_path_factory.mktemp("net") / "network"
    wallet = Wallet(build_network(directory, 2, seed=5))
    for name in ("alice", "bob"):
        begin_account(wallet, name, role="child", provider="us-wallet")
    (directory / "receipts").mkdir()
    (directory / "receipts" / ("ab" * 32 + ".json")).write_text('{"memo": "rent"}')
    outbox = Outbox(directory / "outbox")
    for number, key in enumerate(("paid", "open", None)):
        outbox.add(signed(number), key)
    outbox.mark(signed(0).hash, "committed", version=9)
    outbox.mark(signed(1).hash, "submitted")
    outbox.database.close()
    wallet.outbox.database.close()
    return directory


@pytest.fixture
def network(built: Path, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    return Path(shutil.copytree(built, tmp_path / "network"))


@pytest.fixture(scope="module")
def backup(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its backup."""
    target = tmp_path_factory.mktemp("backup") / "keys.backup"
    backup_keys(built, target, WORDS)
    return target


def signed(number: int) -> SignedTransaction:
    raw = RawTransaction(ALICE.address, number, Payload("preburn", ("XUS", 600)), 600, 1, "XUS", 100, 4)
    return sign_transaction(raw, KEY, int(KEY.scheme), bytes(32))


def refused(call: Callable[[], Any]) -> MithqalError:
    with pytest.raises(MithqalError) as caught:
        call()
    return caught.value


def files_of(directory: Path) -> dict[str, bytes]:
    kept = ("keys", "receipts")
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*.json")) if set(kept) & set(path.relative_to(directory).parts)
    }  # fmt: skip


def test_everything_comes_back_in_a_new_directory(built: Path, backup: Path, tmp_path: Path) -> None:
    """Keys of genesis, accounts and validators, names, receipts; private files in private directories."""
    target = tmp_path / "new"
    found = restore_keys(backup, target, WORDS)
    assert files_of(target) == files_of(built)
    assert json.loads((target / "addresses.json").read_text()) == json.loads((built / "addresses.json").read_text())
    keys = sum("receipts" not in name for name in files_of(built))
    assert (found["keys"], found["names"], found["receipts"], found["kept"]) == (keys, 2, 1, 0)
    assert (found["outbox"], found["different"], found["made_network"]) == ("restored", [], True)
    for path in target.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    restored = load_network(target)
    assert restored.genesis_hash == load_network(built).genesis_hash
    assert [member.pid for member in restored.members] == [None, None]
    assert load_key(target / "keys" / "accounts" / "alice.json").public_key
    assert restored.genesis == load_network(built).genesis


def test_the_file_shows_nothing(built: Path, backup: Path) -> None:
    """0600, and no secret, name or public key of it can be read without the passphrase."""
    data = backup.read_bytes()
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    for path in (built / "keys").rglob("*.json"):
        document = json.loads(path.read_text())
        assert document["secret"].encode() not in data
        assert document["public_key"].encode() not in data
    assert b"alice" not in data
    assert set(json.loads(data)) == {"format", "format_version", "kdf", "salt", "nonce", "sealed", "checksum"}
    assert [path.name for path in backup.parent.iterdir()] == [backup.name]


def test_the_same_words_give_another_file(built: Path, backup: Path, tmp_path: Path) -> None:
    """A new salt and nonce each time."""
    backup_keys(built, tmp_path / "b", WORDS)
    one, two = json.loads(backup.read_bytes()), json.loads((tmp_path / "b").read_bytes())
    assert one["salt"] != two["salt"]
    assert one["nonce"] != two["nonce"]


def test_a_wrong_passphrase_and_a_changed_file(backup: Path, tmp_path: Path) -> None:
    """Each by its own name; nothing is written."""
    target, bad = tmp_path / "new", tmp_path / "bad"
    assert refused(lambda: restore_keys(backup, target, WORDS + "x")).name == "wrong_passphrase"
    assert refused(lambda: restore_keys(backup, target, "")).name == "wrong_passphrase"
    document = json.loads(backup.read_bytes())
    for change in (
        {"salt": "00" * 16}, {"nonce": "00" * 24}, {"sealed": document["sealed"][:-8] + "AAAAAAA="}, {"checksum": "00"},
        {"format": "other"}, {"more": 1}, {"salt": 3},
    ):  # fmt: skip
        bad.write_text(json.dumps({**document, **change}))
        assert refused(lambda: restore_keys(bad, target, WORDS)).name == "bad_keys_backup", change
    for change in ({"format_version": 2}, {"kdf": "scrypt"}):
        bad.write_text(json.dumps({**document, **change}))
        assert refused(lambda: restore_keys(bad, target, WORDS)).name == "backup_format"
    for data in (b"", b"[]", b"{}", backup.read_bytes()[:-20]):
        bad.write_bytes(data)
        assert refused(lambda: restore_keys(bad, target, WORDS)).name == "bad_keys_backup"
    assert refused(lambda: restore_keys(tmp_path / "none", target, WORDS)).name == "file_unreadable"
    assert not target.exists()


def test_who_mends_the_checksum_still_cannot_change_it(backup: Path, tmp_path: Path) -> None:
    """The seal is what protects: salt, nonce and every sealed byte."""
    from node.client.safe import sealed

    document = json.loads(backup.read_bytes())
    document.pop("checksum")
    for change in ({"salt": "00" * 16}, {"nonce": "00" * 24}, {"sealed": "AAAA" + document["sealed"][4:]}):
        other = {**document, **change}
        (tmp_path / "bad").write_text(json.dumps({**other, "checksum": sealed._checksum(other)}))
        assert refused(lambda: read_sealed(tmp_path / "bad", WORDS)).name == "wrong_passphrase"


def test_a_weak_passphrase(built: Path, tmp_path: Path) -> None:
    """Eight characters are the least."""
    error = refused(lambda: backup_keys(built, tmp_path / "b", "1234567"))
    assert (error.name, error.details["least"]) == ("weak_passphrase", 8)
    assert not (tmp_path / "b").exists()
    assert write_sealed(tmp_path / "b", b"text", "12345678") > 100
    assert read_sealed(tmp_path / "b", "12345678") == b"text"


def test_nothing_is_overwritten(built: Path, backup: Path) -> None:
    before = backup.read_bytes()
    error = refused(lambda: backup_keys(built, backup, WORDS))
    assert isinstance(error, SafeError)
    assert error.name == "file_exists"
    assert backup.read_bytes() == before


def test_what_is_missing_comes_and_what_is_there_stays(network: Path, backup: Path) -> None:
    """A merge: one key and one name were lost, the rest is the same."""
    (network / "keys" / "accounts" / "alice.json").unlink()
    book = json.loads((network / "addresses.json").read_text())
    gone = book.pop("bob")
    (network / "addresses.json").write_text(json.dumps({**book, "carol": {**gone, "address": "0" * 32}}))
    found = restore_keys(backup, network, WORDS)
    assert (found["keys"], found["names"], found["receipts"], found["made_network"]) == (1, 1, 0, False)
    assert load_key(network / "keys" / "accounts" / "alice.json").public_key
    after = json.loads((network / "addresses.json").read_text())
    assert (set(after), after["bob"]) == ({"alice", "bob", "carol"}, gone)
    again = restore_keys(backup, network, WORDS)
    assert (again["keys"], again["names"]) == (0, 0)


def test_a_different_key_of_the_same_name_stays(network: Path, backup: Path) -> None:
    """All or nothing: what differs is named before anything is written; or it is left as it is, said so."""
    path = network / "keys" / "accounts" / "alice.json"
    path.unlink()
    save_key(path, "alice", new_secret())
    (network / "keys" / "accounts" / "bob.json").unlink()
    book = json.loads((network / "addresses.json").read_text())
    book["Bob"] = {**book.pop("bob"), "address": "1" * 32}
    (network / "addresses.json").write_text(json.dumps(book))
    before = files_of(network)
    error = refused(lambda: restore_keys(backup, network, WORDS))
    different: Any = error.details["different"]
    assert (error.name, sorted(different)) == ("key_differs", ["bob", "keys/accounts/alice.json"])
    assert files_of(network) == before
    found = restore_keys(backup, network, WORDS, skip_different=True)
    assert (found["keys"], found["names"], len(found["different"])) == (1, 0, 2)
    assert path.read_bytes() == before["keys/accounts/alice.json"]
    assert set(json.loads((network / "addresses.json").read_text())) == {"alice", "Bob"}


def test_another_networks_directory(backup: Path, tmp_path: Path) -> None:
    build_network(tmp_path / "other", 1, seed=6)
    before = files_of(tmp_path / "other")
    error = refused(lambda: restore_keys(backup, tmp_path / "other", WORDS))
    assert error.name == "wrong_network"
    assert files_of(tmp_path / "other") == before


def test_a_payment_is_never_made_twice(network: Path, tmp_path: Path) -> None:
    """What was signed before the backup keeps its id for good; what was open then never pays again by itself: it may
    have been paid since, under other bytes."""
    outbox = Outbox(network / "outbox")
    journal = Journal(outbox)
    drafts = [Draft(line, ("alice", "bob", "1", "XUS", ""), ALICE.address, BOB.address, None) for line in (2, 3)]
    with outbox.writing():
        file = journal.take(b"f" * 32, "payments.csv", ("from", "to", "amount", "currency", "memo"), drafts)
        outbox.database.run("UPDATE row SET status = 'signed', entry = 1 WHERE number = 0")
    outbox.database.close()
    backup_keys(network, tmp_path / "b", WORDS)
    restore_keys(tmp_path / "b", tmp_path / "new", WORDS)
    back = Outbox(tmp_path / "new" / "outbox")
    with back.writing():
        assert [(entry.key, entry.status) for entry in back.entries()] == [
            ("paid", "committed"), ("open", "submitted"), (None, "stored"),
        ]  # fmt: skip
        back.release_key(signed(1).hash)
        found = back.by_key("open")
        assert found is not None
        assert found.note["restored_us"] > 0
        assert back.by_key("paid") is not None
        rows = back.database.rows("SELECT status, reason FROM row ORDER BY number")
        assert rows == [("signed", RESTORED), ("refused", RESTORED)]
        Journal(back).unsign(file, 0)
        assert back.database.rows("SELECT status FROM row") == [("refused",), ("refused",)]
    back.database.close()


def test_the_outbox_that_is_there_is_newer(network: Path, backup: Path) -> None:
    before = (network / "outbox" / "outbox.sqlite3").read_bytes()
    assert restore_keys(backup, network, WORDS)["outbox"] == "kept"
    assert (network / "outbox" / "outbox.sqlite3").read_bytes() == before


def test_no_signing_record_begins_beside_a_restored_validator_key(network: Path, backup: Path, tmp_path: Path) -> None:
    """What a validator's key has signed is in no backup."""
    restore_keys(backup, tmp_path / "new", WORDS)
    assert sorted(path.parent.parent.name for path in (tmp_path / "new").rglob("restored.json")) == [
        "validator-0", "validator-1",
    ]  # fmt: skip
    restore_keys(backup, network, WORDS)
    assert list(network.rglob("restored.json")) == []


def test_argon2id_is_what_the_file_says(backup: Path) -> None:
    """libsodium's own parameters, so that other programs can open it (RFC 9106)."""
    import base64

    import nacl.pwhash
    import nacl.secret

    document = json.loads(backup.read_bytes())
    key = nacl.pwhash.argon2id.kdf(
        32, WORDS.encode(), bytes.fromhex(document["salt"]),
        opslimit=nacl.pwhash.argon2id.OPSLIMIT_MODERATE, memlimit=nacl.pwhash.argon2id.MEMLIMIT_MODERATE,
    )  # fmt: skip
    assert key == sealing.derive_key(WORDS.encode(), bytes.fromhex(document["salt"]))
    text = nacl.secret.SecretBox(key).decrypt(base64.b64decode(document["sealed"]), bytes.fromhex(document["nonce"]))
    assert set(json.loads(text)) == {"genesis_hash", "waypoint", "made_us", "files"}
