"""A ledger damaged anywhere: it is refused, or the damage is not in what the validator goes on from."""

import random
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from chain.crypto.signing import RealSignatures
from chain.errors import MithqalError
from chain.genesis import genesis_hash
from chain.replica import Replica
from chain.storage import Column
from node.client.network import Member, Network
from node.config import load_config
from node.localnet.build import build_network
from node.runtime.process import open_identity
from node.storage.rules import StorageError
from node.storage.safety_file import owner_of
from node.storage.signing_record import open_signing_record
from node.storage.sqlite import SqliteStore
from tests.node.runtime.processes import running, sentence

pytestmark = pytest.mark.network

FLIPS = 150
"""Places to flip a bit at, in each file."""


class Ran:
    """A lone validator that has run, and copies of its data to harm."""

    def __init__(self, directory: Path, number: int) -> None:
        self.network: Network = build_network(directory, 1, seed=3)
        self.member: Member = self.network.members[0]
        self.data = self.member.directory / "data"
        with running(self.member) as process:
            process.wait_for_height(6)
            process.end(number)
        self.good = self.member.directory / "good"
        shutil.copytree(self.data, self.good)
        self.tip = self.open()

    def restore(self) -> None:
        shutil.rmtree(self.data)
        shutil.copytree(self.good, self.data)

    def flip(self, name: str, at: int, bit: int) -> None:
        """The data as they were, with one bit flipped."""
        self.restore()
        data = bytearray((self.data / name).read_bytes())
        data[at] ^= 1 << bit
        (self.data / name).write_bytes(data)

    def open(self) -> tuple[int, int, bytes] | str:
        """What a process goes on from, height, version and root, or the rule by which it refuses."""
        try:
            return self._open()
        except MithqalError as error:
            return error.name

    def _open(self) -> tuple[int, int, bytes] | str:
        """Make all the checks of a process."""
        document, (key, _) = open_identity(load_config(self.member.directory))
        store = SqliteStore(self.data / "ledger.sqlite", genesis_hash(document))
        try:
            safety = open_signing_record(
                store, self.data, owner_of(genesis_hash(document), key.public_key), is_unused=False
            )
            safety.close()
            replica = Replica(document, 0, key, store, safety.load(), RealSignatures())
            if replica.is_ledger_lost:
                return "ledger_lost"
            ledger = replica.ledger
            return ledger.tip_height, ledger.tip_version, ledger.tip_root
        finally:
            store.close()

    def rows(self) -> dict[Column, Any]:
        """All rows, or the error of reading them."""
        store = SqliteStore(self.data / "ledger.sqlite", self.network.genesis_hash)
        found: dict[Column, Any] = {}
        for column in Column:
            try:
                found[column] = store.rows(column, 0, 10_000)
            except StorageError as error:
                found[column] = error.name
        store.close()
        return found


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Stopped on request: everything is in `ledger.sqlite`."""
    ran = Ran(tmp_path_factory.mktemp("stopped"), signal.SIGTERM)
    assert not (ran.good / "ledger.sqlite-wal").exists()
    return ran


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Killed: everything is in the write-ahead log."""
    ran = Ran(tmp_path_factory.mktemp("killed"), signal.SIGKILL)
    assert (ran.good / "ledger.sqlite-wal").stat().st_size > 100_000
    return ran


def test_a_flipped_bit_in_the_ledger(stopped: Ran) -> None:
    """It is refused as corrupt, or the tip is what it was and each row is whole or named as corrupt when it is read."""
    stopped.restore()
    whole = stopped.rows()
    dice = random.Random(7)
    size = (stopped.good / "ledger.sqlite").stat().st_size
    names = set()
    for _ in range(FLIPS):
        at = dice.randrange(size)
        stopped.flip("ledger.sqlite", at, dice.randrange(8))
        found_tip = stopped.open()
        if isinstance(found_tip, str):
            names.add(found_tip)
            continue
        assert found_tip == stopped.tip, at
        for column, found in stopped.rows().items():
            assert found in (whole[column], "storage_corrupt"), (at, column)
    assert "storage_corrupt" in names
    assert names <= {"storage_corrupt", "storage_format", "wrong_network"}


def test_a_flipped_bit_in_the_log(killed: Ran) -> None:
    """SQLite takes a damaged log for one that ends there. The signing record knows that there was more.

    The last batch alone cannot be told from one that was never durable: without a vote in it, its block is gone.
    """
    dice = random.Random(8)
    size = (killed.good / "ledger.sqlite-wal").stat().st_size
    found = []
    for _ in range(FLIPS):
        killed.flip("ledger.sqlite-wal", dice.randrange(size), dice.randrange(8))
        found.append(killed.open())
    names = [name for name in found if isinstance(name, str)]
    assert set(names) == {"ledger_behind", "ledger_lost"}
    assert len(names) > FLIPS * 3 // 4
    heights = {tip[0] for tip in found if not isinstance(tip, str)}
    assert heights <= {int(killed.tip[0]) - 1, int(killed.tip[0])}


def test_a_process_beside_a_damaged_ledger(stopped: Ran) -> None:
    """The state's own bytes: the process ends with 8 and one sentence."""
    stopped.restore()
    data = bytearray((stopped.data / "ledger.sqlite").read_bytes())
    at = data.rindex(b"XUS")
    data[at] ^= 1
    (stopped.data / "ledger.sqlite").write_bytes(data)
    before = (stopped.data / "safety.bin").read_bytes()
    code, name, text = sentence(stopped.member.directory)
    assert (code, name) == (8, "storage_corrupt")
    assert str(stopped.data / "ledger.sqlite") in text
    assert (stopped.data / "safety.bin").read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough" * 100, bytes(8192)])
def test_a_process_whose_ledger_is_another_file(stopped: Ran, content: bytes) -> None:
    """An empty file is a ledger that was lost; with one validator nobody else has its blocks."""
    stopped.restore()
    (stopped.data / "ledger.sqlite").write_bytes(content)
    code, name, text = sentence(stopped.member.directory)
    if content:
        assert (code, name) == (8, "storage_corrupt")
    else:
        assert (code, name) == (8, "ledger_lost")
        assert "no other has them" in text


def test_a_process_whose_log_is_damaged(killed: Ran) -> None:
    """Blocks that were durable are gone: refused, with what to do."""
    killed.restore()
    path = killed.data / "ledger.sqlite-wal"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    code, name, text = sentence(killed.member.directory)
    assert (code, name) == (8, "ledger_behind")
    assert "Keep the signing record, move the ledger's files away" in text


def test_a_truncated_ledger(stopped: Ran) -> None:
    """Any half of it."""
    whole = (stopped.good / "ledger.sqlite").read_bytes()
    for size in (1, 100, 4_096, len(whole) // 2, len(whole) - 1):
        stopped.restore()
        (stopped.data / "ledger.sqlite").write_bytes(whole[:size])
        assert stopped.open() == ("ledger_lost" if size == 1 else "storage_corrupt"), size
