"""The signing record and real processes: what is lost, foreign or old never signs (D6); what is fresh starts."""

import os
import shlex
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chain.genesis import genesis_hash
from chain.ledger import Ledger
from chain.storage import Column, WriteBatch
from node.client.network import Member, Network
from node.config import load_config
from node.localnet.build import build_network
from node.runtime.observer import WORDS
from node.runtime.process import open_identity
from node.runtime.signing_keys import SigningKeys
from node.storage.safety_file import SafetyFile, owner_of
from node.storage.signing_record import OBSERVING, OWNER_ROW, open_signing_record
from node.storage.sqlite import SqliteStore
from tests.node.runtime.processes import running, sentence

pytestmark = pytest.mark.network


def make(directory: Path, validators: int = 1, seed: int = 3) -> Network:
    """A network's directories; of one validator it commits alone."""
    return build_network(directory, validators, seed=seed)


def open_store(member: Member) -> SqliteStore:
    """The ledger of a validator that does not run."""
    document, _ = open_identity(load_config(member.directory))
    return SqliteStore(member.directory / "data" / "ledger.sqlite", genesis_hash(document))


def owner(member: Member) -> bytes:
    """Whose record it must be."""
    document, (key, _) = open_identity(load_config(member.directory))
    return owner_of(genesis_hash(document), key.public_key)


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """One validator that has committed, stopped; with its record of an earlier moment in `early.bin`."""
    network = make(tmp_path_factory.mktemp("used"))
    member = network.members[0]
    with running(member) as process:
        process.wait_for_height(2)
        assert process.end() == 0
    shutil.copy(member.directory / "data" / "safety.bin", member.directory / "early.bin")
    with running(member) as process:
        process.wait_for_height(process.height() + 2)
        assert process.end() == 0
    return network


@pytest.fixture
def member(used: Network) -> Member:
    """That validator, as it was when it stopped."""
    found = used.members[0]
    data, kept = found.directory / "data", found.directory / "kept"
    if not kept.exists():
        shutil.copytree(data, kept)
    shutil.rmtree(data)
    shutil.copytree(kept, data)
    return found


def observes(member: Member, reason: str) -> tuple[str, str]:
    """D6: it serves, signs nothing, and says the same in its status, its metrics and on standard error. Gives the rule
    and the sentence of the log, and the whole message of the status."""
    with running(member) as process:
        height, status = process.height(), process.ask("get_signing_status")
        assert height >= 2
        assert (status["state"], status["reason"]) == ("observer", reason)
        assert shlex.split(status["command"])[:4] == ["mithqal", "validator", "rotate-key", "validator-0"]
        assert Path(shlex.split(status["command"])[5]) == member.directory.parent.resolve()
        assert "\nmithqal_signing 0.0\n" in process.get("/metrics")
        time.sleep(0.5)
        assert process.height() == height, "the only validator of its network: nothing is committed without its vote"
        (rule, *_) = [line["name"] for line in process.logged() if line["name"] in (*OBSERVING, "safety_record_old")]
        assert process.end() == 0
        assert process.output() == (
            f"mithqal node: observer: {reason}: this validator follows and serves, and signs nothing until:"
            f" {status['command']}\n"
        )
    return rule, status["message"]


def test_a_deleted_record_is_observed(member: Member) -> None:
    """A ledger above genesis without a signing record: it must not sign, and says which file and what to do."""
    path = member.directory / "data" / "safety.bin"
    path.unlink()
    rule, text = observes(member, "signing record lost")
    assert rule == "safety_record_lost"
    assert text.startswith(f"there is no {path}, but the ledger beside it was run with one: ")
    assert "Put the newest file back" in text
    assert "docs/operations.md" in text
    assert not path.exists()
    assert observes(member, "signing record lost")[0] == "safety_record_lost"
    shutil.copy(member.directory / "kept" / "safety.bin", path)
    with running(member) as process:
        process.wait_for_height(process.height() + 1)
        assert process.ask("get_signing_status") == {"state": "signs", "reason": "", "message": "", "command": ""}


def damage_all(path: Path) -> None:
    """One bit in both copies of a slot."""
    data = bytearray(path.read_bytes())
    size = len(data) // 4
    data[60] ^= 1
    data[2 * size + 60] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-1]),
        lambda path: path.write_bytes(bytes(path.stat().st_size)),
        damage_all,
        lambda path: (path.unlink(), path.mkdir()),
        pytest.param(
            lambda path: path.chmod(0), marks=pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
        ),
    ],
    ids=["empty", "short", "zeros", "damaged", "directory", "denied"],
)
def test_an_unreadable_record_is_observed(member: Member, harm: Callable[[Path], object]) -> None:
    """Safety record unreadable: never vote (security 4.7)."""
    path = member.directory / "data" / "safety.bin"
    harm(path)
    rule, text = observes(member, "signing record unreadable")
    assert rule == "safety_record_unreadable"
    assert str(path) in text
    assert "must not sign again" in text


def test_one_damaged_copy_is_mended(member: Member) -> None:
    """A flipped bit anywhere in the newest record is found and mended from its second copy."""
    path = member.directory / "data" / "safety.bin"
    whole = path.read_bytes()
    for copy in range(4):
        data = bytearray(path.read_bytes())
        data[copy * len(data) // 4 + 70] ^= 4
        path.write_bytes(data)
        SafetyFile(path, owner(member)).close()
        assert path.read_bytes() == whole
    data = bytearray(whole)
    data[70] ^= 4
    path.write_bytes(data)
    with running(member) as process:
        process.wait_for_height(process.height() + 1)


def test_an_older_record_is_observed(member: Member) -> None:
    """Rollback: certificates in the ledger prove later votes than the record knows (R18)."""
    shutil.copy(member.directory / "early.bin", member.directory / "data" / "safety.bin")
    rule, text = observes(member, WORDS["safety_record_old"])
    assert rule == "safety_record_old"
    assert text.startswith("this validator ")
    assert "its signing record ends at round" in text
    assert "must not sign with it again" in text


def test_a_new_record_beside_a_used_ledger_is_observed(member: Member) -> None:
    """Whoever makes an empty record by hand is found out by the ledger as well."""
    path = member.directory / "data" / "safety.bin"
    path.unlink()
    SafetyFile(path, owner(member)).close()
    assert observes(member, WORDS["safety_record_old"])[0] == "safety_record_old"


def test_a_record_of_another_network_or_validator_is_observed(member: Member, tmp_path: Path) -> None:
    """The record names its key and network: one of another key is as good as none."""
    path = member.directory / "data" / "safety.bin"
    path.unlink()
    SafetyFile(path, owner(make(tmp_path / "other", seed=4).members[0])).close()
    rule, text = observes(member, "signing record of another key")
    assert rule == "safety_record_foreign"
    assert str(path) in text


def test_a_ledger_of_another_validator_is_refused(tmp_path: Path) -> None:
    """A data directory belongs to one key, even within one network."""
    first, second = make(tmp_path, 2).members
    store = open_store(first)
    open_signing_record(store, first.directory / "data", owner(first), is_unused=True).close()
    store.close()
    shutil.copytree(first.directory / "data", second.directory / "data")
    assert sentence(second.directory)[:2] == (2, "foreign_ledger")
    (second.directory / "data" / "safety.bin").unlink()
    assert sentence(second.directory)[:2] == (2, "foreign_ledger")


class TestFresh:
    """A directory that never signed starts, wherever a crash cut its first start."""

    def check_starts(self, member: Member) -> None:
        with running(member) as process:
            process.wait_for_height(1)
            assert process.end() == 0

    def test_an_empty_directory(self, tmp_path: Path) -> None:
        self.check_starts(make(tmp_path).members[0])

    def test_tables_but_no_record(self, tmp_path: Path) -> None:
        member = make(tmp_path).members[0]
        open_store(member).close()
        self.check_starts(member)

    def test_genesis_written_never_voted(self, tmp_path: Path) -> None:
        """The crash came between the first ledger write and the first safety record."""
        network = make(tmp_path)
        store = open_store(network.members[0])
        Ledger(network.genesis, store)
        store.close()
        self.check_starts(network.members[0])

    def test_a_record_but_no_mark(self, tmp_path: Path) -> None:
        member = make(tmp_path).members[0]
        open_store(member).close()
        SafetyFile(member.directory / "data" / "safety.bin", owner(member)).close()
        self.check_starts(member)

    def test_an_unfinished_record(self, tmp_path: Path) -> None:
        member = make(tmp_path).members[0]
        open_store(member).close()
        (member.directory / "data" / "safety.bin.new").write_bytes(b"half")
        self.check_starts(member)

    @pytest.mark.parametrize(
        "row", [(Column.META, OWNER_ROW, None), (Column.PENDING, 0, b"x"), (Column.BLOCK, 1, b"x")],
        ids=["mark", "pending", "block"],
    )  # fmt: skip
    def test_what_says_that_it_has_run(self, tmp_path: Path, row: tuple[Column, int, bytes | None]) -> None:
        """The mark, a block stored before a vote, or a committed block: each alone is proof enough."""
        network = make(tmp_path)
        member = network.members[0]
        store = open_store(member)
        Ledger(network.genesis, store)
        store.write(WriteBatch(rows=[(*row[:2], owner(member) if row[2] is None else row[2])]))
        store.close()
        store = open_store(member)
        said: list[str] = []
        keys = SigningKeys(
            store, member.directory / "data", member.directory / "keys", network.genesis_hash,
            lambda name, _message: said.append(name),
        )  # fmt: skip
        keys.close()
        store.close()
        assert said == ["safety_record_lost"]
