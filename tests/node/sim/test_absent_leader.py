"""R17 in a whole network: a dead leader costs little, and a wrong belief that everybody is down stops nobody."""

from dataclasses import replace
from itertools import pairwise

import pytest

from chain.interface import Event, PeerDown, PeerUp
from chain.primitives import SECOND_US
from node.sim.parties import START_US
from node.sim.scenario import Scenario
from node.sim.validator import Validator
from node.sim.world import World

CALM = Scenario(
    duration_us=12 * SECOND_US, calm_ppm=990_000, delay_us=2_000, jitter_us=1_000, max_rounds_to_recover=100
)
CRASH_US = START_US + 4 * SECOND_US


def gaps_us(world: World, victim: int) -> list[int]:
    """Times between the blocks that validator 0 announces from half a second after the crash on."""
    times: list[int] = []
    original = world.ledgers.on_committed

    def note(node: int, committed: object) -> None:
        original(node, committed)  # type: ignore[arg-type]
        if node == 0 and world.scheduler.now_us > CRASH_US + SECOND_US // 2:
            times.append(world.scheduler.now_us)

    world.ledgers.on_committed = note  # type: ignore[method-assign, assignment]
    world.scheduler.at(CRASH_US, world.validators[victim].crash)
    world.run()
    assert {violation.rule for violation in world.violations} <= {"L1_liveness"}, "the dead one commits nothing"
    return [later - earlier for earlier, later in pairwise(times)]


def test_a_dead_leader_costs_little(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one of four dead a payment waits tens of milliseconds for its round, not a whole time-out."""
    told = gaps_us(World(CALM, 3), 2)
    assert max(told) < 200_000
    with monkeypatch.context() as patch:
        patch.setattr(Validator, "note_link", lambda *_: None)
        untold = gaps_us(World(CALM, 3), 2)
    assert max(untold) > 1_000_000
    assert len(told) > 2 * len(untold)


@pytest.mark.parametrize("dead", [(), (1,)])
def test_an_idle_ledger_ticks_every_second(dead: tuple[int, ...]) -> None:
    """The ledger's clock ticks at least once a second when idle: also when one of four never leads its round."""
    ticks: list[int] = []
    world = World(replace(CALM, duration_us=16 * SECOND_US, payments_per_s=0), 3)
    original = world.watch.on_committed

    def note(node: int, committed) -> None:
        original(node, committed)
        if node == 0 and world.scheduler.now_us > CRASH_US + SECOND_US:
            ticks.append(committed.timestamp_us)

    world.watch.on_committed = note  # type: ignore[method-assign]
    for victim in dead:
        world.scheduler.at(CRASH_US, world.validators[victim].crash)
    world.workload._pay = lambda: None  # type: ignore[method-assign]
    world.run()
    gaps = [later - earlier for earlier, later in pairwise(ticks)]
    assert len(gaps) >= 10
    assert max(gaps) <= SECOND_US


@pytest.mark.parametrize("validators", [4, 7])
def test_wrong_beliefs_for_ever_do_not_stop_the_network(validators: int) -> None:
    """A false "down" must not livelock: here everybody believes for ever that every other one is down."""
    scenario = replace(CALM, validators=validators, delay_us=40_000, jitter_us=20_000, calm_ppm=500_000)
    world = World(replace(scenario, max_rounds_to_recover=3 * validators), 5)

    def lie() -> None:
        for node in world.validators:
            for peer in range(validators):
                if peer != node.index:
                    node.handle(PeerDown(peer), "peer_down", bytes([peer]))

    def no_truth(self: Validator, event: Event, kind: str, data: bytes) -> None:
        if not isinstance(event, PeerUp):
            original(self, event, kind, data)

    original = Validator.handle
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Validator, "handle", no_truth)
        world.scheduler.at(START_US + 10_000, lie)
        result = world.run()
    assert result.violations == ()
    assert result.payments_committed > 50
