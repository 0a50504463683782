"""L2 and L3: an accepted payment needs no second submission, and a validator that lost its ledger catches up."""

from dataclasses import replace

import pytest

from chain.primitives import SECOND_US
from chain.replica import Replica
from node.sim import workload
from node.sim.parties import START_US
from node.sim.scenario import Scenario
from node.sim.world import World
from node.storage.memory import MemoryStore


@pytest.mark.parametrize("seed", [1, 2])
def test_an_accepted_payment_is_final_without_a_retry(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """L2: a payment that one living validator accepted is final, though a fifth of all messages is lost."""
    monkeypatch.setattr(workload, "RETRY_US", 10**12)
    scenario = Scenario(duration_us=12 * SECOND_US, loss_ppm=200_000, reorder_ppm=100_000, invalid_ppm=0)
    world = World(scenario, seed)
    world.scheduler.at(START_US + 9 * SECOND_US, lambda: setattr(world.workload, "_pay", lambda: None))
    original = world.workload._pay

    def pay() -> None:
        if world.scheduler.now_us < START_US + 9 * SECOND_US:
            original()

    world.workload._pay = pay  # type: ignore[method-assign]
    result = world.run()
    assert result.violations == ()
    assert result.submissions.keys() == {"set_up", "payment"}
    assert result.payments_committed == result.submissions["payment"] > 50


def test_a_lost_ledger_is_fetched_again() -> None:
    """L3: a validator whose ledger is empty (its safety record is not) fetches hundreds of blocks and votes again."""
    fast = Scenario(duration_us=5 * SECOND_US, calm_ppm=900_000, delay_us=300, jitter_us=100, disk_delay_us=300)
    world = World(replace(fast, payments_per_s=200), 3)
    victim = world.validators[3]
    lost_at: list[int] = []

    def lose() -> None:
        lost_at.append(world.ledgers.announced[3])
        victim.crash()
        victim.disk.store = MemoryStore()
        world.ledgers.announced[3] = 0

    world.scheduler.at(START_US + 3 * SECOND_US, lose)
    world.scheduler.at(START_US + 3 * SECOND_US + 200_000, victim.start)
    result = world.run()
    assert lost_at[0] > 200
    assert result.violations == ()
    assert result.commits[3] >= max(result.commits) - 2
    assert max(result.commits) > lost_at[0] + 50


def test_three_of_four_go_on_and_two_of_four_stand_still() -> None:
    """With one validator dead payments are final; with two dead nothing is, and all goes on when one is back."""
    world = World(Scenario(duration_us=14 * SECOND_US, calm_ppm=990_000, max_rounds_to_recover=100), 6)
    heights: list[int] = []
    scheduler = world.scheduler
    scheduler.at(START_US + 2 * SECOND_US, world.validators[3].crash)
    scheduler.at(START_US + 5 * SECOND_US, world.validators[2].crash)
    for second in (2, 5, 6, 9, 13):
        scheduler.at(START_US + second * SECOND_US + 1, lambda: heights.append(max(world.ledgers.announced.values())))
    scheduler.at(START_US + 9 * SECOND_US + 2, world.validators[2].start)
    result = world.run()
    after_one, before_two, stalled, still_stalled, back = heights
    assert before_two > after_one + 3
    assert stalled == still_stalled
    assert back > still_stalled + 3
    assert {violation.rule for violation in result.violations} <= {"L1_liveness"}


@pytest.mark.slow
def test_a_node_away_for_thousands_of_blocks_catches_up() -> None:
    """Catch-up of a node that was away for thousands of blocks: it has them all within two seconds, and votes again."""
    fast = Scenario(
        duration_us=26 * SECOND_US, calm_ppm=999_000, delay_us=300, jitter_us=100, disk_delay_us=300,
        payments_per_s=200, max_rounds_to_recover=1_000,
    )  # fmt: skip
    world = World(fast, 4)
    victim = world.validators[2]
    heights: dict[str, int] = {}

    def note(name: str) -> None:
        heights[name] = world.ledgers.announced[2]
        heights[name + " of the others"] = max(world.ledgers.announced.values())

    def away() -> None:
        note("left")
        victim.crash()

    def back() -> None:
        note("back")
        victim.start()

    scheduler = world.scheduler
    scheduler.at(START_US + 2 * SECOND_US, away)
    scheduler.at(START_US + 23 * SECOND_US, back)
    scheduler.at(START_US + 25 * SECOND_US, note, "caught up")
    result = world.run()
    assert heights["back of the others"] - heights["left"] > 2_000
    assert heights["back"] == heights["left"]
    assert heights["caught up"] >= heights["caught up of the others"] - 2
    assert result.violations == ()
    machine = victim.machine
    assert isinstance(machine, Replica)
    vote = machine.consensus.machine.safety.last_vote()
    assert vote is not None
    assert vote.data.round >= max(result.rounds) - 8
    assert result.commits[2] >= max(result.commits) - 2


def test_clocks_that_step_back_do_not_stop_the_ledger() -> None:
    """All wall clocks jump back by an hour at once: blocks go on, and the ledger's time never goes back."""
    world = World(Scenario(duration_us=8 * SECOND_US, calm_ppm=900_000), 8)
    heights: list[int] = []

    def step_back() -> None:
        for validator in world.validators:
            validator.skew_us = -3_600 * SECOND_US
        heights.append(max(world.ledgers.announced.values()))

    world.scheduler.at(START_US + 4 * SECOND_US, step_back)
    world.scheduler.at(START_US + 7 * SECOND_US, lambda: heights.append(max(world.ledgers.announced.values())))
    result = world.run()
    assert result.violations == ()
    assert heights[1] > heights[0] + 20
