"""Snapshots in the whole simulated network: a wiped validator, a liar, crashes around each write."""

from collections import Counter
from dataclasses import replace

import pytest

from chain.messages import decode_message, encode_message
from chain.primitives import SECOND_US
from chain.snapshot_messages import Chunk, ChunkRequest
from node.sim.entropy import Entropy
from node.sim.lies import bend, bend_chunk, bend_offer
from node.sim.scenario import Scenario
from node.sim.world import World
from tests.chain.sync.test_client import answers

CALM = Scenario(duration_us=12 * SECOND_US, disk_lost_every_us=SECOND_US, snapshot_behind=20)


@pytest.mark.parametrize("seed", range(3))
def test_a_wiped_validator_takes_a_snapshot(seed: int) -> None:
    """L3: its ledger begins with a snapshot's block, and it is level with the others at the end."""
    world = World(CALM, seed)
    result = world.run()
    assert result.violations == ()
    assert result.faults["disk_lost"] > 0
    machine = world.validators[0].machine
    assert machine is not None
    assert machine.ledger.base_height > 0
    assert max(result.commits) - min(result.commits) <= 2


@pytest.mark.parametrize("seed", range(3))
def test_lies_and_crashes(seed: int) -> None:
    """A liar is noticed and only the liar accused; a crash around any write leaves the old ledger or the new one."""
    world = World(replace(CALM, sync_cut_ppm=500_000, lies_ppm=700_000), seed)
    result = world.run()
    assert result.violations == ()
    assert result.faults["sync_cut"] + result.faults.get("adoption_cut", 0) > 0
    assert result.alarms.get("snapshot_refused", 0) <= result.faults.get("snapshot_lie", 0)
    assert max(result.commits) - min(result.commits) <= 2


def test_without_snapshots_it_replays() -> None:
    """SY1: with None every block is fetched: the ledger begins at genesis."""
    world = World(replace(CALM, snapshot_behind=None), 1)
    result = world.run()
    assert result.violations == ()
    assert result.faults["disk_lost"] > 0
    machine = world.validators[0].machine
    assert machine is not None
    assert machine.ledger.base_height == 0


@pytest.mark.parametrize("seed", range(40))
def test_each_lie_is_another_message(seed: int) -> None:
    """A bent answer decodes, and is not the honest one; what is no answer stays."""
    stream = Entropy(seed).stream("lie")
    offer, chunk = answers()
    offers = [bend_offer(offer, stream, turn) for turn in range(5)]
    chunks = [bend_chunk(chunk, stream, turn) for turn in range(5)]
    assert offer not in offers
    assert chunk not in chunks
    assert (len(set(offers)), len(set(chunks))) == (5, 5), "each kind has its turn, whatever the seed"
    assert [len(one.items) - len(chunk.items) for one in chunks] == [0, 2, 0, 0, -2]
    turns: Counter[str] = Counter()
    for message in (offer, chunk):
        data = encode_message(message)
        bent = bend(data, stream, turns)
        assert bent is not None
        assert bent != data
        decode_message(bent)
    assert bend(encode_message(ChunkRequest(1, b"")), stream, turns) is None
    assert bend(encode_message(Chunk(1, b"", (), 0, ())), stream, turns) is None
    assert turns == {"offer": 1, "chunk": 1}
