"""`node verify-ledger|backup|restore` and `keys backup|restore` from the command line: both outputs, exit codes."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.main import root
from node.localnet.build import build_network
from tests.stored_ledgers import FROM_SNAPSHOT, change, ledger_of, ledger_path, saved

WORDS = "correct horse battery"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger that is not changed."""
    return saved(tmp_path_factory.mktemp("sound"))


def call(*arguments: str, words: str | None = None, stdin: str = "") -> tuple[int, str, str]:
    """Exit code, stdout, stderr; `words` is the passphrase of the environment."""
    environment = {"MITHQAL_PASSPHRASE": words}
    done = CliRunner().invoke(root, arguments, standalone_mode=False, env=environment, input=stdin)
    assert done.exception is None, done.exception
    return int(str(done.return_value)), done.stdout, done.stderr


def good(*arguments: str, words: str | None = None) -> Any:
    code, out, error = call(*arguments, "--json", words=words)
    assert (code, error) == (0, "")
    return json.loads(out)


def failed(*arguments: str, words: str | None = None) -> tuple[int, str, dict[str, Any]]:
    code, out, text = call(*arguments, "--json", words=words)
    error = json.loads(text)["error"]
    assert (out, error["exit"]) == ("", code)
    return code, error["name"], error["details"]


def test_verify_says_versions_and_roots(sound: Path, tmp_path: Path) -> None:
    document = good("node", "verify-ledger", str(sound))
    assert (document["dir"], document["root"]) == (str(sound), ledger_of().tip_root.hex())
    _, out, _ = call("node", "verify-ledger", str(sound))
    lines = out.splitlines()
    assert lines[0] == f"versions 0 to {document['version']} from genesis are what their blocks give"
    assert f"  root          {document['root']}" in lines
    assert f"  state root    {document['state_root']}  {document['state_records']} records" in lines
    short = saved(tmp_path / "short", FROM_SNAPSHOT)
    base = ledger_of(FROM_SNAPSHOT).base.version
    _, out, _ = call("node", "verify-ledger", str(short))
    assert out.startswith(f"versions {base} to {document['version']} from the snapshot of version {base} are what")


def test_verify_names_the_first_difference(sound: Path, tmp_path: Path) -> None:
    """Exit 8: version, kind, stored and recomputed."""
    directory = Path(shutil.copytree(sound, tmp_path / "changed"))
    change(directory, "UPDATE row_transaction SET checksum=checksum+1 WHERE key=50")
    code, name, details = failed("node", "verify-ledger", str(directory))
    assert (code, name, details["version"], details["kind"]) == (8, "ledger_differs", 50, "transaction")
    _, out, error = call("node", "verify-ledger", str(directory))
    assert out == ""
    assert error.startswith("mithqal: version 50: its row is a value that fails its checksum, recomputed ")
    assert error.rstrip().endswith("(ledger_differs)")
    ledger_path(directory).write_bytes(b"x" * 5_000)
    assert failed("node", "verify-ledger", str(directory))[:2] == (8, "storage_corrupt")


def test_verify_of_what_is_none_or_another(sound: Path, tmp_path: Path) -> None:
    assert failed("node", "verify-ledger", str(tmp_path / "none"))[:2] == (6, "unknown_ledger")
    assert failed("node", "verify-ledger", str(tmp_path))[:2] == (6, "unknown_ledger")
    (tmp_path / "file").write_text("")
    assert failed("node", "verify-ledger", str(tmp_path / "file"))[:2] == (6, "unknown_ledger")
    waypoint = "0:" + "ab" * 32
    assert failed("node", "verify-ledger", str(sound), "--waypoint", waypoint)[:2] == (2, "wrong_network")


def test_backup_and_restore_of_a_node(sound: Path, tmp_path: Path) -> None:
    file, target = tmp_path / "b", tmp_path / "new"
    document = good("node", "backup", str(sound), "-o", str(file))
    assert (document["file"], document["has_keys"]) == (str(file), False)
    assert document["size"] == file.stat().st_size
    assert failed("node", "backup", str(sound), "-o", str(file))[:2] == (2, "file_exists")
    restored = good("node", "restore", str(file), "-o", str(target))
    assert (restored["dir"], restored["verified"], restored["root"]) == (str(target), "recomputed", document["root"])
    assert failed("node", "restore", str(file), "-o", str(target))[:2] == (2, "directory_not_empty")
    _, out, _ = call("node", "restore", str(file), "-o", str(tmp_path / "quick"), "--quick")
    lines = out.splitlines()
    assert lines[0] == f"{tmp_path / 'quick'}: versions 0 to {document['version']}, check sums only"
    assert "signs nothing until it has a new key: mithqal validator rotate-key NAME" in lines[2]
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    assert failed("node", "restore", str(file), "-o", str(tmp_path / "no"))[:2] == (8, "bad_backup")
    assert not (tmp_path / "no").exists()


def test_backup_and_restore_of_keys(tmp_path: Path) -> None:
    network, file, target = tmp_path / "net", tmp_path / "k", tmp_path / "new"
    build_network(network, 1, seed=3)
    where = ("--network", str(network))
    document = good("keys", "backup", "-o", str(file), *where, words=WORDS)
    assert (document["keys"], document["names"]) == (len(list(network.rglob("keys/*.json"))), 0)
    assert failed("keys", "backup", "-o", str(file), *where, words=WORDS)[:2] == (2, "file_exists")
    assert failed("keys", "backup", "-o", str(tmp_path / "x"), *where, words="short")[:2] == (2, "weak_passphrase")
    assert failed("keys", "backup", "-o", str(tmp_path / "x"), *where)[:2] == (2, "no_passphrase")
    assert failed("keys", "restore", str(file), "--network", str(target), words="another one")[:2] == (
        2, "wrong_passphrase",
    )  # fmt: skip
    assert not target.exists()
    restored = good("keys", "restore", str(file), "--network", str(target), words=WORDS)
    assert (restored["keys"], restored["made_network"]) == (document["keys"], True)
    (target / "keys" / "treasury.json").write_bytes((target / "keys" / "association.json").read_bytes())
    code, name, details = failed("keys", "restore", str(file), "--network", str(target), words=WORDS)
    assert (code, name, details["different"]) == (2, "key_differs", ["keys/treasury.json"])
    file.write_bytes(file.read_bytes()[:-30])
    assert failed("keys", "restore", str(file), "--network", str(target), words=WORDS)[:2] == (8, "bad_keys_backup")


def test_where_the_passphrase_comes_from(tmp_path: Path) -> None:
    """A file's first line, or stdin as `-`, goes before the environment."""
    network, secret = tmp_path / "net", tmp_path / "secret"
    build_network(network, 1, seed=3)
    secret.write_text(f"{WORDS}\nsecond line\n")
    where = ("--network", str(network))
    good("keys", "backup", "-o", str(tmp_path / "k"), "--passphrase-file", str(secret), *where, words="not this one")
    code, _, _ = call(
        "keys", "restore", str(tmp_path / "k"), "--passphrase-file", "-", "--network", str(tmp_path / "new"),
        stdin=f"{WORDS}\n",
    )  # fmt: skip
    assert code == 0
