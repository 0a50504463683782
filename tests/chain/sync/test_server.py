"""SY3, SY9: what a validator gives, to how many, how often, and of which states."""

import pytest

from chain.ledger import read_block
from chain.primitives import Hash
from chain.snapshot_messages import ChunkRequest
from chain.storage import Column
from chain.sync import server as rules
from chain.sync.server import RESTORE_EVERY_US, SnapshotServer
from chain.sync.snapshot import make_offer
from tests.builders import DEALER, US
from tests.chain.sync.pair import Taker
from tests.chains import VALIDATORS, small_chain

NOW_US = 7_000_000


def test_only_certified_blocks_of_their_own_are_offered() -> None:
    """SY3: genesis has no certificate, and a block below the last of a path has none of its own."""
    chain = small_chain()
    chain.add(commit=False)
    chain.add()
    tip = chain.ledger.tip_height
    assert make_offer(chain.ledger, tip, chain.ledger.tip_version) is not None
    assert make_offer(chain.ledger, tip - 1, chain.ledger.tip_version - 1) is None
    assert make_offer(chain.ledger, 0, 0) is None
    assert make_offer(chain.ledger, 99, 999) is None


def test_an_end_of_an_epoch_that_an_empty_block_committed_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """SY3, E5: the certificate names a block that is not the ledger's last."""
    chain = small_chain()
    chain.end_epoch({0: VALIDATORS[0], 1: VALIDATORS[2], 2: VALIDATORS[3]})
    height, version = chain.ledger.tip_height, chain.ledger.tip_version
    assert make_offer(chain.ledger, height, version) is not None

    def above(data: bytes) -> object:
        block, span, proof = read_block(data)
        if proof is None or proof.commit is None:
            return block, span, proof
        return block, span, proof._replace(commit=proof.commit._replace(block_id=Hash(bytes(32))))

    monkeypatch.setattr("chain.sync.snapshot.read_block", above)
    assert make_offer(chain.ledger, height, version) is None


def test_a_snapshots_block_keeps_its_first_version() -> None:
    """SY7: of the block only the last version is here, but its span is that of the block."""
    chain = small_chain()
    chain.add(chain.sign(DEALER, "peer_to_peer_with_metadata", "XUS", US.address, 1, b"", b""))
    chain.add()
    taker = Taker(chain)
    taker.begin()
    taker.run()
    height = chain.ledger.tip_height
    own, other = (store.row(Column.BLOCK, height) for store in (taker.store, chain.store))
    assert own is not None
    assert other is not None
    assert read_block(own) == read_block(other)
    assert read_block(own)[1] == (13, 14)


def test_so_many_peers_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """SY9: eight; of nine the one that asked longest ago goes, and may come again for a state near the tip."""
    server = SnapshotServer(small_chain().ledger)
    for peer in range(9):
        assert server.offer(peer, 0, NOW_US) is not None
    assert list(server._pins) == list(range(1, 9))
    monkeypatch.setattr(rules, "REACH_VERSIONS", -1)
    request = ChunkRequest(11, b"")
    found = [server.chunk(peer, request, NOW_US) for peer in (0, 1)]
    assert [chunk is not None and bool(chunk.items) for chunk in found] == [False, True]


@pytest.mark.parametrize(("reach", "given"), [(2, False), (3, True)])
def test_how_far_back_a_state_is_given(monkeypatch: pytest.MonkeyPatch, reach: int, given: bool) -> None:
    """SY9: a state at most REACH_VERSIONS behind the tip, which is at 11; none above it."""
    monkeypatch.setattr(rules, "REACH_VERSIONS", reach)
    server = SnapshotServer(small_chain().ledger)
    chunk = server.chunk(5, ChunkRequest(8, b""), NOW_US)
    assert chunk is not None
    assert bool(chunk.items) is given
    above = server.chunk(5, ChunkRequest(12, b""), NOW_US)
    assert above is not None
    assert not above.items


def test_how_often_a_state_is_brought_back() -> None:
    """SY9: one peer makes it restore another old state once in ten seconds; the pinned one it may go on with."""
    chain = small_chain()
    chain.ledger.history._max_blocks = 2
    chain.add()
    server = SnapshotServer(chain.ledger)

    def given(version: int, now_us: int, peer: int = 5) -> bool:
        chunk = server.chunk(peer, ChunkRequest(version, b""), now_us)
        assert chunk is not None
        return bool(chunk.items)

    assert given(3, NOW_US)
    assert given(3, NOW_US + 1)
    assert not given(5, NOW_US + RESTORE_EVERY_US - 1)
    assert given(5, NOW_US + RESTORE_EVERY_US)
    assert given(8, NOW_US + RESTORE_EVERY_US, peer=6)


def test_a_newer_offer_is_what_a_peer_may_fetch_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """SY9: 'one state to a peer': the one that it asked for last."""
    chain = small_chain()
    server = SnapshotServer(chain.ledger)
    assert server.offer(5, 0, NOW_US) is not None
    chain.add()
    assert server.offer(5, 11, NOW_US) is not None
    monkeypatch.setattr(rules, "REACH_VERSIONS", -1)
    found = [server.chunk(5, ChunkRequest(version, b""), NOW_US) for version in (12, 11)]
    assert [chunk is not None and bool(chunk.items) for chunk in found] == [True, False]


def test_a_chunk_is_full_at_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """SY6: '512 KiB together': the leaf that reaches them is the last."""
    assert (rules.CHUNK_LEAVES, rules.CHUNK_BYTES) == (1_024, 512 << 10)
    server = SnapshotServer(small_chain().ledger)

    def leaves() -> int:
        chunk = server.chunk(5, ChunkRequest(11, b""), NOW_US)
        assert chunk is not None
        return len(chunk.items) // 2

    whole = server.chunk(5, ChunkRequest(11, b""), NOW_US)
    assert whole is not None
    two = sum(map(len, whole.items[:4]))
    for most, expected in ((two - 1, 2), (two, 2), (two + 1, 3)):
        monkeypatch.setattr(rules, "CHUNK_BYTES", most)
        assert leaves() == expected
