"""A whole replica takes a snapshot: what it is told of reaches the right part, also after a crash."""

import pytest

from chain.crypto.signing import RealSignatures
from chain.interface import Output, PeerUp, Received, Start
from chain.messages import CommittedResponse, decode_message, encode_message
from chain.replica import Replica
from chain.snapshot_messages import Chunk, ChunkRequest, SnapshotMessage
from chain.sync.state_sync import SyncPlan
from node.storage.memory import MemoryStore
from tests.chain.sync.pair import CHUNK, GIVERS, NOW_US, TAKER, Taker
from tests.chains import VALIDATORS, Chain, small_chain


def replica(chain: Chain, store: MemoryStore, behind: int = 5) -> Replica:
    """The taker's machine."""
    return Replica(
        chain.ledger.document, TAKER, VALIDATORS[TAKER], store, None, RealSignatures(), plan=SyncPlan(behind, CHUNK)
    )


def requests(out: Output) -> list[SnapshotMessage]:
    """What it asks of others about snapshots."""
    found = [decode_message(send.data) for send in out.send_now if send.destination in GIVERS]
    return [message for message in found if isinstance(message, SnapshotMessage)]


def test_what_was_staged_is_taken_up_at_the_start() -> None:
    """SY7: "leaves that are there are not fetched again": the first request after a crash goes on where it was."""
    chain, store = small_chain(), MemoryStore()
    taker = Taker(chain, store)
    taker.begin()
    taker.run(steps=3)
    staged = dict(store.staged())
    assert staged
    again = replica(chain, store)
    out = again.step(Start(), NOW_US)
    (request,) = requests(out)
    assert isinstance(request, ChunkRequest)
    assert request.version == chain.ledger.tip_version
    assert request.after != b""
    assert dict(store.staged()) == staged
    assert not out.persist.drop_staged


def test_answers_without_blocks_lead_to_a_snapshot() -> None:
    """SY2: f + 1 validators that cannot serve the blocks after our tip are enough, one is not."""
    chain = small_chain()
    machine = replica(chain, MemoryStore(), behind=1_000)
    machine.step(Start(), NOW_US)
    nothing = encode_message(CommittedResponse(1, (), None))
    machine.step(Received(0, nothing), NOW_US)
    assert not machine.takes_snapshot(chain.ledger.tip_version)
    machine.step(Received(1, nothing), NOW_US)
    assert machine.takes_snapshot(chain.ledger.tip_version)
    assert len(requests(machine.step(PeerUp(0), NOW_US))) == 1


@pytest.mark.parametrize(("limit", "leaves"), [(1, 1), (10**6, CHUNK)])
def test_a_chunk_ends_with_the_leaf_that_fills_it(monkeypatch: pytest.MonkeyPatch, limit: int, leaves: int) -> None:
    """SY6: a chunk has so many leaves, "or fewer of 512 KiB together": such a shorter one is taken."""
    for where in ("chain.sync.server", "chain.sync.client"):
        monkeypatch.setattr(f"{where}.CHUNK_BYTES", limit)
    taker = Taker(small_chain())
    sizes = []

    def note(_: int, message: object) -> object:
        if isinstance(message, Chunk):
            sizes.append(len(message.items) // 2)
        return message

    taker.begin()
    taker.run(note)  # type: ignore[arg-type]
    assert taker.snapshot is not None
    assert taker.alarms == []
    assert set(sizes[:-1]) == {leaves}
