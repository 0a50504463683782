"""Opening the ledger, and the first blocks on it (L1, L2, L4)."""

import pytest

from chain.block import Block, Header, header_id, payload_root
from chain.certificates import CommitInfo, QuorumCertificate, VoteData
from chain.codec import decode, fields
from chain.entries import TransactionInfo, info_hash
from chain.errors import GenesisError
from chain.ledger import Ledger
from chain.prover import certificate_of
from chain.state.accumulator import Frontier
from chain.state.tree import root_hash
from chain.storage import Column, Index, WriteBatch
from node.storage.memory import MemoryStore
from tests.builders import document
from tests.chains import Chain


def next_block(ledger) -> Block:
    qc = ledger.genesis_qc
    header = Header(1, 1, 1, 1, ledger.tip_timestamp_us + 1_000_000, qc.digest(), None, payload_root(()))
    return Block(header, qc, None, (), b"", header_id(header))


def grown(store) -> tuple[Ledger, Block]:
    """A ledger with one empty block, committed by a certificate without signatures."""
    ledger = Ledger(document(), store)
    block = next_block(ledger)
    result = ledger.execute(ledger.tip, block, [])
    info = CommitInfo(1, 1, block.id, result.root, result.version, result.timestamp_us, None)
    data = VoteData(1, 2, block.id, 1, block.id, result.root, 2, result.timestamp_us + 1, None)
    batch = WriteBatch()
    ledger.commit([(block, result)], QuorumCertificate(data, info, ()), batch)
    store.write(batch)
    return ledger, block


def test_genesis_is_version_0_and_written_once() -> None:
    store = MemoryStore()
    ledger = Ledger(document(), store)
    assert (ledger.tip_version, ledger.tip_height) == (0, 0)
    row = store.row(Column.TRANSACTION, 0)
    assert row is not None
    _, data, info, events = fields(decode(row), "row", int, bytes, bytes, tuple)
    assert (data, events) == (document().to_bytes(), ())
    assert TransactionInfo.from_bytes(info).state_root == root_hash(ledger.tip.tree)
    assert ledger.tip_root == Frontier.empty().append([info_hash(info)])[0].root()
    assert store.postings(Index.TRANSACTION_BY_HASH, ledger.genesis_hash[:8], 0, 9) == [(0, 0)]
    before = store.copy().__dict__
    assert Ledger(document(), store).tip_root == ledger.tip_root
    assert store.__dict__ == before


def test_reopening_gives_the_same_tip_and_the_same_next_root() -> None:
    """A restart must not bring genesis values back over newer records."""
    store = MemoryStore()
    ledger, block = grown(store)
    again = Ledger(document(), store)
    assert (again.tip_version, again.tip_height, again.tip_root) == (1, 1, ledger.tip_root)
    assert (again.tip.block_id, again.high_commit) == (block.id, ledger.high_commit)
    header = block.header._replace(round=2, height=2, timestamp_us=block.header.timestamp_us + 1)
    following = block._replace(header=header, id=header_id(header))
    roots = [one.execute(one.tip, following, []).root for one in (ledger, again)]
    assert roots[0] == roots[1]
    assert store.postings(Index.BLOCK_BY_ID, block.id[:8], 0, 9) == [(1, 1)]


def test_another_genesis_and_corrupt_state_are_refused() -> None:
    store = MemoryStore()
    grown(store)
    with pytest.raises(GenesisError) as caught:
        Ledger(document(chain_id=5), store)
    assert caught.value.name == "wrong_network"
    key, _ = next(store.states())
    store.write(WriteBatch(state=[(key, None)]))
    with pytest.raises(GenesisError) as caught:
        Ledger(document(), store)
    assert caught.value.name == "corrupt_state"


def test_an_answer_to_who_catches_up_ends_at_a_block_with_its_own_certificate() -> None:
    """R16: committed blocks with the proof of the last of them; one certificate may commit several blocks."""
    chain = Chain()
    blocks = [chain.add(commit=place != 1) for place in range(5)]
    chain.add(commit=False)
    first, second, third, fourth, _ = blocks
    assert chain.ledger.tip_height == 4

    def answer(start: int, limit: int = 64, max_bytes: int = 1 << 20) -> tuple[list[Block], Block | None]:
        found = chain.ledger.committed_blocks(start, limit, max_bytes)
        assert found is not None
        assert found.start_height == start
        if found.proof is None:
            return list(found.blocks), None
        assert found.proof.commit is not None
        (named,) = [block for block in blocks if block.id == found.proof.commit.block_id]
        return list(found.blocks), named

    assert answer(1) == ([first, second, third, fourth], fourth)
    assert answer(1, limit=3) == ([first, second, third], third)
    assert answer(1, limit=2) == ([first, second], second)
    assert answer(1, limit=1) == ([], None)
    assert answer(1, max_bytes=1) == ([first, second], second)
    assert answer(2, max_bytes=1) == ([second], second)
    assert answer(4) == ([fourth], fourth)
    assert chain.ledger.committed_blocks(5, 64, 1 << 20) is None, "not durable yet"
    assert answer(0) == ([], None)
    assert [certificate_of(chain.store, height) for height in (1, 2)] == [certificate_of(chain.store, 2)] * 2
