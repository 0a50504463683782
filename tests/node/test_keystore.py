"""Keys at rest: whole, private, never overwritten, and never shown."""

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chain.crypto.multi import Member, multi_key
from chain.crypto.signing import PrivateKey, Scheme, verify
from chain.errors import MithqalError, SignatureError
from node import keystore
from node.keystore import (
    MAX_FILE_BYTES,
    KeyFileError,
    copy_key,
    derive_secret,
    load_any,
    load_key,
    new_secret,
    save_key,
    save_multi_key,
)

SECRET = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
"""RFC 8032, section 7.1, test 1."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a key goes; its directory does not exist yet."""
    return tmp_path / "accounts" / "keys" / "alice.json"


def mode(path: Path) -> int:
    """Permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def refusal(path: Path) -> MithqalError:
    """The error of loading; it never shows the secret."""
    with pytest.raises(MithqalError) as caught:
        load_key(path)
    assert SECRET.hex() not in f"{caught.value.message} {caught.value.details}"
    assert str(path) in caught.value.message or str(path.parent) in caught.value.message
    return caught.value


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change a key file's document."""
    save_key(path, "alice", SECRET)
    document = json.loads(path.read_text())
    changed = change(document)
    path.write_text(json.dumps(document if changed is None else changed))


class TestSecrets:
    def test_new_secrets_are_32_bytes_and_differ(self) -> None:
        secrets = [new_secret() for _ in range(20)]
        assert {len(secret) for secret in secrets} == {32}
        assert len(set(secrets)) == 20

    def test_a_seed_and_a_label_give_the_same_secret_for_ever(self) -> None:
        """`--seed` (same keys, names, amounts)."""
        # SHA-256 of b"MITHQAL-UNSAFE-SEED::7::treasury"
        wanted = "fe95ef4c694a873b9e11962f5fe35bb1b66d03886b6b780bd1cdfe63d42a405e"
        assert derive_secret(7, "treasury").hex() == wanted

    def test_seeds_and_labels_are_apart(self) -> None:
        found = {derive_secret(seed, label) for seed in (0, 1, 11, -1) for label in ("", "1", "a", "::a")}
        assert len(found) == 16


class TestSaving:
    @pytest.mark.parametrize("scheme", [Scheme.ED25519, Scheme.SECP256K1, Scheme.P256])
    def test_a_saved_key_loads(self, path: Path, scheme: Scheme) -> None:
        saved = save_key(path, "alice", SECRET, scheme)
        loaded = load_key(path)
        assert loaded.public_key == saved.public_key == PrivateKey(SECRET, scheme).public_key
        assert loaded.scheme == saved.scheme == scheme
        assert verify(scheme, saved.public_key, b"message", loaded.sign(b"message"))

    def test_the_document(self, path: Path) -> None:
        save_key(path, "alice@us-wallet", SECRET)
        assert json.loads(path.read_text()) == {
            "name": "alice@us-wallet", "scheme": "ed25519", "public_key": PUBLIC.hex(), "secret": SECRET.hex(),
        }  # fmt: skip
        assert path.read_text().endswith("}\n")

    def test_0600_in_0700_whatever_the_umask(self, path: Path) -> None:
        before = os.umask(0)
        try:
            save_key(path, "alice", SECRET)
        finally:
            os.umask(before)
        assert mode(path) == 0o600
        assert mode(path.parent) == 0o700

    def test_nothing_else_is_left(self, path: Path) -> None:
        save_key(path, "alice", SECRET)
        save_key(path.with_name("bob.json"), "bob", new_secret())
        assert sorted(item.name for item in path.parent.iterdir()) == ["alice.json", "bob.json"]
        assert path.stat().st_nlink == 1

    def test_a_key_is_never_overwritten(self, path: Path) -> None:
        save_key(path, "alice", SECRET)
        before = path.read_bytes()
        with pytest.raises(KeyFileError) as caught:
            save_key(path, "alice", new_secret())
        assert caught.value.name == "key_file_exists"
        assert str(path) in caught.value.message
        assert path.read_bytes() == before
        assert [item.name for item in path.parent.iterdir()] == ["alice.json"]

    @pytest.mark.parametrize(
        ("secret", "scheme"),
        [(SECRET[:31], Scheme.ED25519), (bytes(32), Scheme.SECP256K1), (SECRET, Scheme.MULTI_ED25519)],
    )
    def test_what_is_no_key_is_not_saved(self, path: Path, secret: bytes, scheme: Scheme) -> None:
        with pytest.raises(SignatureError) as caught:
            save_key(path, "alice", secret, scheme)
        assert caught.value.name == "bad_private_key"
        assert not path.parent.exists()

    def test_a_place_that_cannot_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(KeyFileError) as caught:
            save_key(tmp_path / "file" / "deeper" / "alice.json", "alice", SECRET)
        assert caught.value.name == "key_file_unwritable"

    def test_written_synced_named_and_the_name_synced(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """write -> fsync(file) -> its name -> fsync(directory) (security 4.7)."""
        calls: list[str] = []
        fsync, link = os.fsync, os.link

        def log_sync(fd: int) -> None:
            state = os.fstat(fd)
            calls.append("sync directory" if stat.S_ISDIR(state.st_mode) else f"sync {state.st_size} bytes")
            fsync(fd)

        def log_link(source: str, target: Path) -> None:
            calls.append("name")
            assert mode(Path(source)) == 0o600
            assert load_key(Path(source)).public_key == PUBLIC
            link(source, target)

        monkeypatch.setattr(os, "fsync", log_sync)
        monkeypatch.setattr(os, "link", log_link)
        save_key(path, "alice", SECRET)
        assert calls == [f"sync {path.stat().st_size} bytes", "name", "sync directory"]

    def test_a_failed_sync_leaves_nothing(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(fd: int) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(KeyFileError) as caught:
            save_key(path, "alice", SECRET)
        assert caught.value.name == "key_file_unwritable"
        assert list(path.parent.iterdir()) == []


class TestPermissions:
    @pytest.mark.parametrize("bits", [0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o666, 0o777])
    def test_a_key_file_that_others_may_use(self, path: Path, bits: int) -> None:
        """Key file with open permissions: the octal mode and the command to type."""
        save_key(path, "alice", SECRET)
        path.chmod(bits)
        error = refusal(path)
        assert isinstance(error, KeyFileError)
        assert error.name == "key_file_permissions"
        assert error.details == {"mode": f"{bits:04o}"}
        assert f"mode {bits:04o}" in error.message
        assert error.message.endswith(f"chmod 600 {path}")

    @pytest.mark.parametrize("bits", [0o600, 0o400, 0o700])
    def test_a_key_file_that_only_its_owner_may_use(self, path: Path, bits: int) -> None:
        save_key(path, "alice", SECRET)
        path.chmod(bits)
        assert load_key(path).public_key == PUBLIC

    @pytest.mark.parametrize("bits", [0o720, 0o702, 0o777])
    def test_a_directory_that_others_may_change(self, path: Path, bits: int) -> None:
        """They could put a key of theirs in its place."""
        save_key(path, "alice", SECRET)
        path.parent.chmod(bits)
        error = refusal(path)
        assert error.name == "key_file_permissions"
        assert error.details == {"mode": f"{bits:04o}"}
        assert error.message.endswith(f"chmod 700 {path.parent}")

    def test_a_directory_that_others_may_list(self, path: Path) -> None:
        save_key(path, "alice", SECRET)
        path.parent.chmod(0o755)
        assert load_key(path).public_key == PUBLIC

    def test_permissions_come_before_contents(self, path: Path) -> None:
        save_key(path, "alice", SECRET)
        path.write_text("no key")
        path.chmod(0o644)
        assert refusal(path).name == "key_file_permissions"


class TestLoading:
    def test_a_missing_file_or_directory(self, path: Path) -> None:
        assert refusal(path).name == "key_file_missing"
        path.parent.mkdir(parents=True)
        assert refusal(path).name == "key_file_missing"

    def test_what_is_no_ordinary_file(self, path: Path) -> None:
        path.mkdir(parents=True, mode=0o700)
        assert refusal(path).name == "key_file_unreadable"
        os.mkfifo(path.with_name("pipe"), 0o600)
        assert refusal(path.with_name("pipe")).name == "key_file_unreadable"
        path.with_name("loop").symlink_to("loop")
        assert refusal(path.with_name("loop")).name == "key_file_unreadable"

    @pytest.mark.parametrize(
        "text",
        ["", "null", "[]", "{", "\x00", "NaN", "[" * 4_000, '{"secret": "' + SECRET.hex(), "\udcff", "1" * 4_097],
    )
    def test_what_is_no_document(self, path: Path, text: str) -> None:
        save_key(path, "alice", SECRET)
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        assert refusal(path).name == "key_file_malformed"

    @pytest.mark.parametrize(
        "change",
        [
            lambda d: d.pop("name") and None,
            lambda d: d.pop("scheme") and None,
            lambda d: d.pop("public_key") and None,
            lambda d: d.pop("secret") and None,
            lambda d: d.update(more="x"),
            lambda d: d.update(name=1),
            lambda d: d.update(scheme=0),
            lambda d: d.update(secret=None),
            lambda d: d.update(public_key=["d7"]),
            lambda d: d.update(scheme="rsa"),
            lambda d: d.update(scheme=""),
            lambda d: d.update(secret="zz" * 32),
            lambda d: d.update(secret=SECRET.hex()[:-1]),
            lambda d: d.update(public_key="zz"),
            lambda d: [d],
        ],
    )
    def test_a_document_of_another_shape(self, path: Path, change: Callable[[dict[str, Any]], object]) -> None:
        rewrite(path, change)
        error = refusal(path)
        assert isinstance(error, KeyFileError)
        assert error.name == "key_file_malformed"
        assert error.__suppress_context__

    def test_the_size_of_a_file(self, path: Path) -> None:
        save_key(path, "alice", SECRET)
        text = path.read_text()
        path.write_text(text.ljust(MAX_FILE_BYTES))
        assert load_key(path).public_key == PUBLIC
        path.write_text(text.ljust(MAX_FILE_BYTES + 1))
        assert refusal(path).name == "key_file_malformed"

    @pytest.mark.parametrize(
        "change",
        [
            lambda d: d.update(public_key=PUBLIC.hex()[:-2] + "1b"),
            lambda d: d.update(public_key=PUBLIC.hex()[:-2]),
            lambda d: d.update(public_key=""),
            lambda d: d.update(secret="11" * 32),
            lambda d: d.update(scheme="p256"),
        ],
    )
    def test_the_secret_gives_the_public_key(self, path: Path, change: Callable[[dict[str, Any]], object]) -> None:
        """Loading checks that the secret gives the public key: SignatureError otherwise."""
        rewrite(path, change)
        error = refusal(path)
        assert isinstance(error, SignatureError)
        assert error.name == "key_file_mismatch"

    @pytest.mark.parametrize(
        "change",
        [
            lambda d: d.update(secret="11" * 31),
            lambda d: d.update(scheme="multi_ed25519"),
            lambda d: d.update(scheme="secp256k1", secret="00" * 32),
        ],
    )
    def test_what_is_no_secret_of_the_scheme(self, path: Path, change: Callable[[dict[str, Any]], object]) -> None:
        rewrite(path, change)
        with pytest.raises(SignatureError) as caught:
            load_key(path)
        assert caught.value.name == "bad_private_key"

    def test_a_key_shows_nothing_secret(self, path: Path) -> None:
        save_key(path, "alice", SECRET)
        assert SECRET.hex() not in repr(load_key(path))
        assert PUBLIC.hex() in repr(load_key(path))


def test_a_temporary_file_of_another_is_never_used(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that somebody put in the way, open to all, must not become the key's."""
    path.parent.mkdir(parents=True, mode=0o700)
    trap = path.with_suffix(".tmp")
    trap.touch(0o666)
    save_key(path, "alice", SECRET)
    assert trap.read_bytes() == b""
    assert mode(path) == 0o600
    assert keystore.load_key(path).public_key == PUBLIC


class TestKeysOfSeveral:
    """The file of a K-of-N key holds public keys only."""

    MULTI = multi_key(
        2, [Member(int(scheme), PrivateKey(bytes([9]) * 32, scheme).public_key) for scheme in keystore.SCHEMES.values()]
    )

    def test_bytes_and_back(self, path: Path) -> None:
        """As it was made; 0600 like every key file; no secret in it."""
        save_multi_key(path, "board", self.MULTI)
        assert load_any(path) == self.MULTI
        assert mode(path) == 0o600
        document = json.loads(path.read_text())
        assert sorted(document) == ["keys", "name", "public_key", "scheme", "threshold"]
        assert (document["name"], document["threshold"], document["scheme"]) == ("board", 2, "mixed_multi")
        assert [row["scheme"] for row in document["keys"]] == ["ed25519", "secp256k1", "p256"]

    def test_32_keys_fit(self, path: Path) -> None:
        """The largest."""
        key = multi_key(32, [Member(0, PrivateKey(bytes([n + 1]) * 32).public_key) for n in range(32)])
        save_multi_key(path, "large", key)
        assert load_any(path) == key
        assert path.stat().st_size < MAX_FILE_BYTES

    def test_it_is_never_overwritten(self, path: Path) -> None:
        """Neither kind by the other."""
        save_key(path, "alice", SECRET)
        with pytest.raises(KeyFileError) as caught:
            save_multi_key(path, "board", self.MULTI)
        assert caught.value.name == "key_file_exists"
        assert load_key(path).public_key == PUBLIC

    def test_it_is_no_private_key(self, path: Path) -> None:
        """Who needs a secret is told where they are."""
        save_multi_key(path, "board", self.MULTI)
        assert refusal(path).name == "key_file_of_several"
        assert "2 of 3 keys" in refusal(path).message

    @pytest.mark.parametrize(
        ("change", "rule"),
        [
            (lambda doc: doc.update(threshold=3), "key_file_mismatch"),
            (lambda doc: doc.update(scheme="multi_ed25519"), "key_file_mismatch"),
            (lambda doc: doc["keys"].reverse(), "key_file_mismatch"),
            (lambda doc: doc["keys"].pop(), "key_file_mismatch"),
            (lambda doc: doc.update(public_key="00"), "key_file_mismatch"),
            (lambda doc: doc.update(threshold=0), "key_file_malformed"),
            (lambda doc: doc.update(threshold=4), "key_file_malformed"),
            (lambda doc: doc.update(threshold=True), "key_file_malformed"),
            (lambda doc: doc.update(threshold="2"), "key_file_malformed"),
            (lambda doc: doc.update(keys={}), "key_file_malformed"),
            (lambda doc: doc.update(keys=[]), "key_file_malformed"),
            (lambda doc: doc["keys"][0].update(scheme="multi_ed25519"), "key_file_malformed"),
            (lambda doc: doc["keys"][0].update(public_key="00" * 32), "key_file_malformed"),
            (lambda doc: doc["keys"][0].update(public_key="x"), "key_file_malformed"),
            (lambda doc: doc["keys"][0].update(secret="00"), "key_file_malformed"),
            (lambda doc: doc["keys"].append("x"), "key_file_malformed"),
            (lambda doc: doc.update(secret="00" * 32), "key_file_malformed"),
            (lambda doc: doc.pop("name"), "key_file_malformed"),
        ],
    )  # fmt: skip
    def test_what_is_none(self, path: Path, change: Callable[[dict[str, Any]], object], rule: str) -> None:
        """Exactly the document that was written, and good keys (K1)."""
        save_multi_key(path, "board", self.MULTI)
        document = json.loads(path.read_text())
        change(document)
        path.write_text(json.dumps(document))
        assert refusal(path).name == rule

    @pytest.mark.parametrize("several", [False, True])
    def test_a_copy_under_another_name(self, path: Path, several: bool) -> None:
        """The key is the same, the name is the new one; what exists stays."""
        if several:
            save_multi_key(path, "board", self.MULTI)
        else:
            save_key(path, "alice", SECRET)
        target = path.with_name("copy.json")
        copy_key(path, target, "copy")
        assert json.loads(target.read_text())["name"] == "copy"
        assert mode(target) == 0o600
        one, other = load_any(path), load_any(target)
        assert (one == other) if several else (one.public_key == other.public_key)  # type: ignore[union-attr]
        with pytest.raises(KeyFileError) as caught:
            copy_key(path, target, "copy")
        assert caught.value.name == "key_file_exists"
