"""Disks that are lost, older or unreadable, clones, and wrong programs (D5, D6, R19 to R21, DV1) in virtual time.

S5 (nobody signs twice) is checked over all lives of every key here: a lost disk excuses nobody.
"""

from typing import Any

import pytest

from chain.consensus.ports import SigningKey
from chain.replica import Replica
from node.sim import world as world_module
from node.sim.keys import Keys
from node.sim.parties import START_US
from node.sim.result import Result
from node.sim.scenario_file import from_document
from node.sim.world import World

BASE: dict[str, Any] = {"duration_ms": 6_000, "gst_ms": 4_500, "clients": {"accounts": 2, "payments_per_s": 10}}


def played(seed: int = 1, **said: Any) -> tuple[World, Result]:
    world = World(from_document({**BASE, **said}), seed)
    return world, world.run()


def safety_of(world: World, process: int) -> Any:
    machine = world.validators[process].machine
    assert isinstance(machine, Replica)
    return machine.consensus.machine.safety


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_disk_put_back_is_noticed_and_signs_nothing(seed: int) -> None:
    """R20: 'older than what its peers saw': one alarm by itself, no second signature, the network goes on and it
    follows."""
    world, result = played(seed, faults=[{"do": "restart.old_snapshot", "node": 2, "at_ms": 3_000, "of_ms": 1_500}])
    assert result.violations == ()
    assert result.alarms == {"safety_record_old": 1}
    assert safety_of(world, 2).is_barred
    assert result.commits[2] >= max(result.commits) - 1


@pytest.mark.parametrize("fault", ["restart.lost_disk", "lost_rename", "misdirected_write", "bit_rot"])
def test_a_record_that_is_gone_or_unreadable_makes_an_observer(fault: str) -> None:
    """D5, D6: 'refuses to sign, keeps serving as an observer; the network goes on with three'."""
    world, result = played(faults=[{"do": fault, "node": 2, "at_ms": 2_000}])
    assert result.violations == ()
    assert result.alarms == {}
    assert safety_of(world, 2).public_key == b""
    assert result.commits[2] >= max(result.commits) - 1 > 20


class Forgetful(Keys):
    """D5 broken: a key whose record is lost begins another one."""

    def find(self, public_key: bytes) -> SigningKey | None:
        self._disk.lost_records.clear()
        return super().find(public_key)


def test_who_signs_after_it_lost_its_record_leaves_the_specification(monkeypatch: pytest.MonkeyPatch) -> None:
    """Losing the record excuses nothing: with the questions of R19 gone as well, the node gives up rounds that are long
    over and hides its lock, and the refinement says so. Without D5 alone, R19 still holds it back."""
    faults = [
        {"do": "partition", "groups": [[2], [0, 1, 3]], "at_ms": 1_950, "for_ms": 2_400},
        {"do": "restart.lost_disk", "node": 2, "at_ms": 2_000},
    ]
    monkeypatch.setattr(world_module, "Keys", Forgetful)
    _, held_back = played(faults=faults)
    assert held_back.violations == ()
    monkeypatch.setattr("chain.consensus.epochs.RECALLING", None)
    _, result = played(faults=faults)
    broken = [violation for violation in result.violations if violation.rule == "R_refinement"]
    assert broken
    assert {violation.node for violation in broken} == {2}


def test_a_record_that_can_be_read_again_signs_again() -> None:
    """What was only out of reach is not lost."""
    world, result = played(faults=[{"do": "lost_rename", "node": 2, "at_ms": 2_000, "for_ms": 500}])
    assert result.violations == ()
    assert safety_of(world, 2).silenced is None


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_clone_is_noticed_and_one_of_the_two_stops(seed: int) -> None:
    """'who sees a statement of its own key that is not in its record stops signing': from then on no two votes."""
    world, result = played(seed, faults=[{"do": "clone", "node": 2, "at_ms": 1_500}])
    assert result.violations == ()
    assert result.alarms["safety_record_old"] >= 1
    assert [safety_of(world, process).is_barred for process in (2, 4)].count(True) >= 1
    assert 1 <= result.alarms["double_vote"] < 10, "noticed within the first rounds that it leads"


def test_one_wrong_program_of_four_halts_and_comes_back() -> None:
    """DV1: 'the network goes on (1 of 4 differing)'; with the right program it goes on from what it has."""
    world = World(from_document({**BASE, "faults": [{"do": "diverge", "node": 3, "at_ms": 1_500}]}), 1)
    seen: list[Any] = []
    world.scheduler.at(
        START_US + 4_400_000, lambda: seen.append((world.validators[3].is_up, dict(world.ledgers.announced)))
    )
    result = world.run()
    ((is_up, heights),) = seen
    assert not is_up
    assert min(heights[0], heights[1], heights[2]) > heights[3] + 10
    assert result.faults["halted.execution_divergence"] == 1
    assert result.alarms["execution_divergence"] == 1
    assert result.violations == ()
    assert result.commits[3] >= max(result.commits) - 1


@pytest.mark.parametrize("seed", [1, 2])
def test_two_wrong_programs_of_four_stall_and_never_fork(seed: int) -> None:
    """DV1: 'or stalls (2 of 4), never forks': S1, S4 and S7 hold, nothing is final until the programs are one again."""
    faults = [{"do": "diverge", "node": node, "at_ms": 1_500} for node in (2, 3)]
    world = World(from_document({**BASE, "duration_ms": 8_000, "faults": faults}), seed)
    heights: list[int] = []
    for at_us in (2_500_000, 4_400_000):
        world.scheduler.at(START_US + at_us, lambda: heights.append(max(world.ledgers.announced.values())))
    result = world.run()
    assert heights[0] == heights[1]
    assert result.alarms["execution_divergence"] >= 2
    assert result.violations == ()
    assert min(result.commits) > heights[1] + 5
