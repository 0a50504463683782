"""At the end every honest disk is looked at once more: what is planted on one is named, and only there."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from chain.accounts import Account, account_key
from chain.primitives import SECOND_US
from chain.storage import Column, Store, WriteBatch
from node.sim.parties import START_US
from node.sim.pulse import SETTLE_BLOCKS, SETTLE_US
from node.sim.scenario import Scenario
from node.sim.verdict import Verdict
from node.sim.world import World
from node.storage.memory import MemoryStore

SCENARIO = Scenario(duration_us=3 * SECOND_US, calm_ppm=100_000, payments_per_s=20, invalid_ppm=0)


@pytest.fixture(scope="module")
def played() -> World:
    """A short honest run."""
    world = World(SCENARIO, 5)
    assert world.run().violations == ()
    return world


@pytest.fixture
def world(played: World) -> Iterator[World]:
    """The same; its disks and heights are put back after each test."""
    stores = [validator.disk.store for validator in played.validators]
    machines = [validator.machine for validator in played.validators]
    announced, calm = dict(played.ledgers.announced), played.watch.calm_height
    yield played
    for validator, store, machine in zip(played.validators, stores, machines, strict=True):
        validator.disk.store, validator.machine = store, machine
    played.ledgers.announced, played.watch.calm_height = announced, calm


def judged(
    world: World, nodes: tuple[int, ...] = (0, 1, 2, 3), scenario: Scenario = SCENARIO, *, is_whole: bool = True
) -> list[tuple[str, int]]:
    """Rules and validators, each once."""
    watch, workload, pulse = world.watch, world.workload, world.pulse
    verdict = Verdict(scenario, world.parties, world.signatures, watch, workload, pulse)
    found = verdict.violations([world.validators[node] for node in nodes], is_whole=is_whole)
    return sorted({(item.rule, item.node) for item in found})


def plant(world: World, node: int) -> MemoryStore:
    """A disk of its own, on which something may be changed."""
    store = world.validators[node].disk.store
    assert isinstance(store, MemoryStore)
    world.validators[node].disk.store = changed = store.copy()
    return changed


def richer(world: World, store: Store) -> WriteBatch:
    """One micro-unit more for a payer."""
    address = world.parties.payers[0].address
    data = store.state(account_key(address))
    assert data is not None
    account = Account.from_bytes(data)
    grown = account.with_balance("XUS", dict(account.balances)["XUS"] + 1)
    return WriteBatch(state=[(account_key(address), grown.to_bytes())])


def test_honest_disks_are_silent(world: World) -> None:
    """Nothing to say about any of them, or about none."""
    assert judged(world) == []
    assert judged(world, ()) == []


@pytest.mark.parametrize("node", [0, 3])
def test_money_is_counted_on_each_disk(world: World, node: int) -> None:
    """S8 and the root of S7: 'recomputed from the stored records alone', whichever validator it is."""
    store = plant(world, node)
    store.write(richer(world, store))
    found = judged(world)
    assert set(found) >= {("S8_money", node), ("S7_state_root", node)}
    assert {where for _, where in found} == {node}


@pytest.mark.parametrize("node", [0, 3])
def test_every_height_is_proven_on_each_disk(world: World, node: int) -> None:
    """S3: a block that is not there is missed, up to the height that this validator announced."""
    store = plant(world, node)
    height = world.ledgers.announced[node]
    store.write(WriteBatch(rows=[(Column.BLOCK, height, None)]))
    assert ("S3_certified", node) in judged(world)
    world.ledgers.announced[node] = height - 1
    assert ("S3_certified", node) not in judged(world)


@pytest.mark.parametrize("node", [0, 3])
def test_announced_payments_are_on_each_disk(world: World, monkeypatch: pytest.MonkeyPatch, node: int) -> None:
    """S9: what any validator announced up to this one's height is in this one's ledger."""
    height = world.ledgers.announced[node]
    for at, expected in ((height, True), (height + 1, False), (0, False)):
        monkeypatch.setitem(world.ledgers.committed_at, b"lost" * 8, at)
        monkeypatch.setitem(world.workload.acknowledged, b"lost" * 8, (b"nobody" + bytes(10), 1))
        assert (("S9_acknowledged", node) in judged(world)) is expected, at


def test_transactions_are_judged_again_on_the_furthest_disk(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """S11: on one disk, that of the validator which announced most."""
    asked: dict[int, bool] = {}

    def note(node: int, *_: Any, is_full: bool) -> list[Any]:
        asked[node] = is_full
        return []

    monkeypatch.setattr("node.sim.verdict.check_replay", note)
    for best in (1, 2):
        world.ledgers.announced = {0: 5, 1: 5, 2: 5, 3: 5, best: 6}
        judged(world, (0, 1, 2))
        assert asked == {node: node == best for node in (0, 1, 2)}


# --- L2 and L3 ---


def late(world: World, after_us: int, calm_height: int, *, is_whole: bool = True) -> list[tuple[str, int]]:
    """What is said of validator 1, which lacks a block that was there two seconds before the end, if the run went on
    for so long after the faults."""
    world.ledgers.announced[1] = world.pulse.newest - 1
    world.watch.calm_height = calm_height
    scenario = replace(SCENARIO, duration_us=2 * after_us, calm_ppm=500_000)
    return [item for item in judged(world, scenario=scenario, is_whole=is_whole) if item[0].startswith("L")]


def test_catching_up_is_asked_of_runs_that_went_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """L3: 'at the end, 5 s and 5 blocks or more after the faults', on both sides of each bound."""
    monkeypatch.setattr(world.workload, "check_accepted", lambda *_: [])
    newest = max(world.ledgers.announced.values())
    assert (SETTLE_US, SETTLE_BLOCKS) == (5 * SECOND_US, 5)
    behind = [("L3_catch_up", 1)]
    assert late(world, SETTLE_US, newest - 5) == behind
    assert late(world, SETTLE_US - 1, newest - 5) == []
    assert late(world, SETTLE_US, newest - 4) == []
    assert late(world, SETTLE_US, newest - 5, is_whole=False) == []
    world.validators[1].machine = None
    assert late(world, SETTLE_US, newest - 5) == [], "of the dead nothing is asked"
    for validator in world.validators:
        validator.machine = None
    assert late(world, SETTLE_US, newest - 5) == []


def test_an_accepted_payment_is_asked_for_by_the_time_of_the_furthest_ledger(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L2: accepted before the faults stopped; expired or not by the last block of whoever announced most."""
    asked: list[tuple[int, int]] = []

    def note(before_us: int, ledger_secs: int) -> list[Any]:
        asked.append((before_us, ledger_secs))
        return []

    monkeypatch.setattr(world.workload, "check_accepted", note)
    world.ledgers.announced = {0: 30, 1: 31, 2: 30, 3: 30}
    monkeypatch.setattr(world.validators[1], "announced_timestamp_us", START_US + 77 * SECOND_US + 999_999)
    world.watch.calm_height = 0
    judged(world, scenario=replace(SCENARIO, duration_us=2 * SETTLE_US, calm_ppm=500_000))
    assert asked == [(START_US + SETTLE_US, START_US // SECOND_US + 77)]
    for validator in world.validators:
        validator.machine = None
    judged(world, scenario=replace(SCENARIO, duration_us=2 * SETTLE_US, calm_ppm=500_000))
    assert len(asked) == 1, "where nobody lives there is nobody to ask"
