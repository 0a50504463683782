"""A ledger that is made without a network is one that the validators could have committed, and they go on from it."""

from pathlib import Path

import pytest

from chain.consensus.safety import RECALLING, read_record
from chain.crypto.signing import RealSignatures
from chain.entries import KIND_USER
from chain.genesis import genesis_hash
from chain.ledger import read_block, read_entry
from chain.replica import Replica
from chain.storage import Column
from node.client.network import GENESIS_FILE, Network
from node.keystore import load_key
from node.lab.bench.sync import make_ledger
from node.localnet.build import build_network
from node.localnet.genesis import load_genesis
from node.runtime.signing_keys import SigningKeys
from node.sim.proofs import check_proofs
from node.storage.sqlite import SqliteStore

COUNT = 1_300


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Network:
    """A network whose ledger has 1,300 transactions."""
    directory = tmp_path_factory.mktemp("made")
    network = build_network(directory, 4, seed=3)
    assert make_ledger(network, directory, 150, COUNT, lambda _: None) == COUNT
    return network


def opened(network: Network, index: int) -> tuple[SqliteStore, SigningKeys, Replica]:
    """A validator as its process opens it."""
    member = network.members[index]
    document = load_genesis(network.directory / GENESIS_FILE)
    store = SqliteStore(member.directory / "data" / "ledger.sqlite", genesis_hash(document))
    said: list[str] = []
    keys = SigningKeys(
        store, member.directory / "data", member.directory / "keys", genesis_hash(document),
        lambda name, _: said.append(name),
    )  # fmt: skip
    first = load_key(member.directory / "keys" / "consensus.json")
    replica = Replica(document, index, first, store, None, RealSignatures(), keys)
    assert said == []
    return store, keys, replica


def test_each_validator_has_it_with_its_own_record(made: Network) -> None:
    """The count is true, every block is certified, roots are equal, and no record is older than what was signed."""
    roots = set()
    for index in range(4):
        store, keys, replica = opened(made, index)
        try:
            ledger = replica.ledger
            roots.add((ledger.tip_height, ledger.tip_version, ledger.tip_root))
            rows = store.rows(Column.TRANSACTION, 0, 10**6)
            assert sum(read_entry(row)[0] == KIND_USER for _, row in rows) == COUNT
            document = ledger.document
            consensus = [validator.consensus_key for validator in document.validators]
            assert check_proofs(
                index, store, consensus, ledger.genesis_hash, RealSignatures(), ledger.tip_height
            ) == []  # fmt: skip
            record = keys.newest()
            assert record is not None
            last = read_block(store.rows(Column.BLOCK, ledger.tip_height, 1)[0][1])[2]
            assert last is not None
            assert read_record(record).voted_round == last.round
            assert replica.consensus.machine.safety.silenced == RECALLING
            assert not replica.is_ledger_lost
        finally:
            keys.close()
            store.close()
    assert len(roots) == 1


def test_nobody_has_a_leftover(made: Network) -> None:
    """Each data directory holds the ledger and the record, nothing else."""
    for member in made.members:
        names = {path.name for path in Path(member.directory / "data").iterdir()}
        assert {"ledger.sqlite", "safety.bin"} <= names
        assert not any(name == "empty" for name in names)
