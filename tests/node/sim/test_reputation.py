"""R22 to R24 in a whole network: leaders by reputation, with every checker and the refinement on."""

import hashlib
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from chain.ledger import read_block
from chain.primitives import SECOND_US
from chain.records.onchain import REPUTATION, ROUND_ROBIN
from chain.storage import Column
from node.sim.parties import START_US
from node.sim.scenario import ROUNDS_BY_REPUTATION, Scenario, by_reputation
from node.sim.scenario_dump import to_document
from node.sim.scenario_file import from_document
from node.sim.world import World

CALM = Scenario(duration_us=8 * SECOND_US, calm_ppm=900_000, delay_us=2_000, jitter_us=1_000, disk_delay_us=500)
IDLE = from_document({"duration_ms": 40_000, "gst_ms": 39_000, "clients": {"accounts": 0}, "liveness_rounds": 100})


def blocks_of(world: World, node: int = 0):
    """The committed blocks of a validator's disk."""
    rows = world.validators[node].disk.store.rows(Column.BLOCK, 1, 1 << 20)
    return [block for block, _, _ in (read_block(data) for _, data in rows) if block is not None]


def expected(round_: int, history, count: int = 4) -> int:
    """The rule, from the hash alone."""
    window = [block for block in history if block.round <= round_ - 4][-count:]
    active = set()
    if len(window) == count:
        for block in window:
            active |= {block.header.author, *(author for author, _ in block.parent_qc.signatures)}
    line = [seat for seat in range(count) for _ in range(99 if seat in active else 1)]
    digest = hashlib.sha3_256(round_.to_bytes(8, "little")).digest()
    return line[int.from_bytes(digest[:8], "little") % len(line)]


def test_every_author_is_the_rules() -> None:
    """Where nothing fails all agree: each block is by whom the rule picks, and nobody raises an alarm."""
    world = World(by_reputation(CALM), 1)
    result = world.run()
    assert (result.violations, result.alarms) == ((), {})
    blocks = blocks_of(world)
    assert len(blocks) > 50
    epoch = [block for block in blocks if block.header.epoch == blocks[0].header.epoch]
    for height, block in enumerate(epoch):
        assert block.header.author == expected(block.round, epoch[:height])
    assert len({block.header.author for block in blocks}) == 4


def lost_rounds(leaders: str) -> tuple[int, int]:
    """One of four is dead from the tenth second on: rounds and those without a block, of the last half of a minute."""
    world = World(replace(IDLE, leaders=leaders), 3)
    world.scheduler.at(START_US + 10 * SECOND_US, world.validators[2].crash)
    world.run()
    assert {violation.rule for violation in world.violations} <= {"L1_liveness"}, "the dead one commits nothing"
    rounds = [block.round for block in blocks_of(world) if block.header.timestamp_us > START_US + 16 * SECOND_US]
    return rounds[-1] - rounds[0] + 1, rounds[-1] - rounds[0] + 1 - len(rounds)


def test_a_dead_one_leads_no_more() -> None:
    """The point of it, in virtual time: every fourth round is lost in turn, and none by reputation."""
    assert lost_rounds(ROUND_ROBIN) == (51, 13)
    assert lost_rounds(REPUTATION) == (27, 0)


EVENTFUL = {
    "leaders": "reputation", "duration_ms": 9_000, "gst_ms": 6_000, "signatures": "keyed-hash",
    "clients": {"accounts": 4, "payments_per_s": 20},
    "epochs": [{"at_ms": 2_500, "add": [4]}],
    "faults": [{"do": "crash", "node": 1, "at_ms": 1_800, "for_ms": 700}],
    "rules": [{"do": "drop", "types": ["vote", "proposal"], "from_ms": 3_500, "to_ms": 4_800, "chance": 0.4}],
}  # fmt: skip


def test_a_file_says_so_and_is_written_again() -> None:
    """`"leaders": "reputation"`; L1's bound follows unless the file gives one."""
    scenario = from_document(EVENTFUL)
    assert (scenario.leaders, scenario.max_rounds_to_recover) == (REPUTATION, ROUNDS_BY_REPUTATION)
    assert from_document(to_document(scenario)) == scenario
    assert from_document({**EVENTFUL, "liveness_rounds": 7}).max_rounds_to_recover == 7
    assert from_document({"leaders": "round_robin"}).max_rounds_to_recover == 12


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_crash_restart_losses_and_a_new_epoch(seed: int) -> None:
    """No invariant breaks, and disagreement about a leader is no reason for any alarm."""
    result = World(from_document(EVENTFUL), seed).run()
    assert (result.violations, result.alarms) == ((), {})
    assert result.payments_committed > 20


def test_governance_switches_and_back() -> None:
    """`update_diem_consensus_config`: in force from the next epoch on, whose window begins empty."""
    document = {
        **EVENTFUL, "leaders": "round_robin", "faults": [], "rules": [],
        "epochs": [{"at_ms": 2_500, "reputation": True}, {"at_ms": 6_500, "consensus": True}],
    }  # fmt: skip
    scenario = from_document(document)
    assert from_document(to_document(scenario)) == scenario
    world = World(scenario, 1)
    result = world.run()
    assert (result.violations, result.alarms) == ((), {})
    epochs: dict[int, list[Any]] = {}
    for block in blocks_of(world):
        epochs.setdefault(block.header.epoch, []).append(block)
    first, picked, last = [epochs[epoch] for epoch in sorted(epochs)[-3:]]
    for blocks in (first, last):
        assert all(block.header.author == block.round % 4 for block in blocks)
    assert [block.header.author for block in picked] == [
        expected(block.round, picked[:height]) for height, block in enumerate(picked)
    ]
    assert Counter(block.header.author == block.round % 4 for block in picked)[False] > 5


def test_after_a_snapshot_it_follows_and_leads_again() -> None:
    """R24: away for long, back by a snapshot without the window: it votes, and the window fills."""
    document = {
        "leaders": "reputation", "duration_ms": 14_000, "gst_ms": 9_000, "sync": {"snapshot_behind": 20},
        "clients": {"accounts": 4, "payments_per_s": 20},
        "faults": [{"do": "crash", "node": 3, "at_ms": 2_000, "for_ms": 4_000}],
    }  # fmt: skip
    world = World(from_document(document), 2)
    result = world.run()
    assert result.violations == ()
    back = world.validators[3].machine
    assert back is not None
    assert back.ledger.base_height > 0, "it came by a snapshot"
    consensus = back.consensus.machine  # type: ignore[attr-defined]
    assert consensus.leaders.is_known(consensus.round)
    others = world.validators[0].machine
    election = others.consensus.machine.leaders  # type: ignore[union-attr]
    assert consensus.leaders.weights(consensus.round) == election.weights(consensus.round) == [99] * 4
