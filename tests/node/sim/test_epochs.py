"""Members come, go and change their keys while payments are made and things go wrong (E4 to E12)."""

from dataclasses import replace
from itertools import pairwise

import pytest

from chain.certificates import QuorumCertificate
from chain.codec import decode
from chain.ledger import read_block
from chain.primitives import SECOND_US
from chain.records.validators import ValidatorConfig, validator_key
from chain.replica import Replica
from chain.storage import Column
from node.sim.scenario import Change, Scenario, scenario_for_seed
from node.sim.world import World

PLAN = (
    Change(3 * SECOND_US, "add", 4), Change(5 * SECOND_US, "remove", 1), Change(7 * SECOND_US, "rekey", 2),
    Change(9 * SECOND_US, "consensus"), Change(11 * SECOND_US, "add", 1),
)  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    """4 -> 5 -> 4, a new key, other time-outs, and the removed one again."""
    world = World(Scenario(spares=1, changes=PLAN, duration_us=14 * SECOND_US), 5)
    result = world.run()
    assert (result.violations, result.alarms) == ((), {})
    return world


def replica(world: World, node: int) -> Replica:
    machine = world.validators[node].machine
    assert isinstance(machine, Replica)
    return machine


def ends(world: World, node: int = 0) -> list[QuorumCertificate]:
    """The ends of all epochs on a disk."""
    rows = world.validators[node].disk.store.rows(Column.EPOCH, 0, 100)
    return [QuorumCertificate.from_value(decode(data)) for _, data in rows]


def test_each_epoch_has_the_set_that_governance_chose(world: World) -> None:
    """E4: the certificate that ends an epoch names the next set; numbers never change (E1)."""
    assert [end.data.epoch for end in ends(world)] == [1, 2, 3, 4, 5]
    sets = [end.commit.next_epoch for end in ends(world) if end.commit is not None]
    numbers = [[member.number for member in found.members] for found in sets if found is not None]
    assert numbers == [[0, 1, 2, 3, 4], [0, 2, 3, 4], [0, 2, 3, 4], [0, 2, 3, 4], [0, 1, 2, 3, 4]]
    keys = [dict(zip(row, found.members, strict=True)) for row, found in zip(numbers, sets, strict=True) if found]
    first, second = world.parties.consensus_keys[2]
    assert [row[2].consensus_key for row in keys] == [first.public_key] * 2 + [second.public_key] * 3


def test_everybody_is_level_and_signs_again(world: World) -> None:
    """The removed one followed all the time, and signs as a member again; the new time-out is in force (G13)."""
    assert len({replica(world, node).ledger.tip_height for node in range(5)}) == 1
    for node in range(5):
        machine = replica(world, node).consensus.machine
        assert (machine.validators.epoch, machine.own, machine.safety.silenced) == (6, node, None)
        assert machine.safety.record.epoch == 6
        assert machine.safety.record.voted_round > 0
    config = replica(world, 0).consensus.machine.app.epoch_start().config  # type: ignore[attr-defined]
    assert config.round_timeout_us == 700_000


def test_an_epoch_ends_with_the_reconfiguring_block(world: World) -> None:
    """E4, E5: heights run on; the last block of an epoch has its own certificate, and the next block a new epoch."""
    rows = world.validators[0].disk.store.rows(Column.BLOCK, 1, 10_000)
    blocks = [read_block(data) for _, data in rows]
    assert [height for height, _ in rows] == list(range(1, len(rows) + 1))
    for (block, _, proof), (child, _, _) in pairwise(blocks):
        assert block is not None
        assert child is not None
        if child.header.epoch == block.header.epoch:
            continue
        assert child.header.epoch == block.header.epoch + 1
        assert proof is not None
        assert proof.commit is not None
        assert proof.commit.next_epoch is not None
        assert child.parent_qc.round == 0
        assert child.parent_qc.signatures == ()


def test_a_spare_follows_before_it_is_a_member() -> None:
    """E10: it commits what the members commit, and never says anything that could count."""
    world = World(Scenario(spares=1, duration_us=5 * SECOND_US), 3)
    assert world.run().violations == ()
    machine = replica(world, 4)
    assert machine.ledger.tip_height > 50
    assert machine.consensus.machine.safety.silenced == "validator 4 is no member of epoch 1"
    assert world.validators[4].disk.safety is None
    found = machine.ledger.state.get(validator_key(world.parties.owners[4].address))
    assert isinstance(found, ValidatorConfig)
    assert (found.number, found.is_valid) == (4, True)


@pytest.mark.parametrize("seed", [2, 11, 23])
def test_epochs_under_every_fault(seed: int) -> None:
    """Crashes, blackouts, lost messages and cut links around six changes: safety always, and everybody gets there."""
    base = scenario_for_seed(seed, 12 * SECOND_US)
    changes = tuple(
        Change((3 + 2 * place) * SECOND_US // 2, kind, node)
        for place, (kind, node) in enumerate(
            (("add", 4), ("rekey", 0), ("remove", 3), ("add", 3), ("rekey", 4), ("remove", 0))
        )
    )
    scenario = replace(
        base, spares=1, changes=changes, crash_every_us=SECOND_US, blackout_every_us=4 * SECOND_US, loss_ppm=50_000,
        partition_every_us=2 * SECOND_US, hold_every_us=SECOND_US,
    )  # fmt: skip
    world = World(scenario, seed)
    assert world.run().violations == ()
    epochs = {replica(world, node).ledger.epoch for node in range(5)}
    assert len(epochs) == 1
    assert epochs.pop() >= 5


def test_a_validator_that_slept_through_several_epochs() -> None:
    """E9, L3: it comes back epochs later, is given one end after the other with the blocks of each, and votes."""
    changes = tuple(Change((3 + at) * SECOND_US, "consensus") for at in range(4))
    world = World(Scenario(changes=changes, duration_us=12 * SECOND_US), 8)
    sleeper = world.validators[3]
    world.scheduler.at(world.scheduler.now_us + 2 * SECOND_US, sleeper.crash)
    world.scheduler.at(world.scheduler.now_us + 9 * SECOND_US, sleeper.start)
    assert world.run().violations == ()
    machine = replica(world, 3)
    assert machine.ledger.epoch == 5
    assert len(ends(world, 3)) == 4
    assert machine.consensus.machine.safety.record.epoch == 5
    assert machine.consensus.machine.safety.record.voted_round > 0
