"""The naive model agrees with an honest ledger, and names what is planted on the disk."""

from collections.abc import Callable

import pytest

from chain.accounts import Account, account_key
from chain.interface import Committed, Reply
from chain.state import tree
from chain.storage import Column, WriteBatch
from node.sim.checkers import Violation
from node.sim.entropy import Stream
from node.sim.pulse import BOUNDS, Pulse, check_tables
from node.sim.replay import check_replay, check_root, entries, naive_root
from node.sim.scenario import Scenario
from node.sim.scheduler import Scheduler
from node.sim.world import World
from node.storage.memory import MemoryStore

QUIET = Scenario(duration_us=3_000_000, payments_per_s=20, invalid_ppm=0)


@pytest.fixture(scope="module")
def world() -> World:
    """A short honest run."""
    played = World(QUIET, 5)
    assert played.run().violations == ()
    return played


def rules(world: World, store: MemoryStore, chain: tuple[int, bytes] | None = None) -> list[str]:
    """What the model finds."""
    found = check_replay(0, store, chain or world.parties.chain, world.signatures, is_full=True)
    return sorted({item.rule for item in found})


def copy_of(world: World) -> MemoryStore:
    """A disk to plant something on."""
    store = world.validators[0].disk.store
    assert isinstance(store, MemoryStore)
    return store.copy()


def test_an_honest_ledger_agrees(world: World) -> None:
    """S7, S8, S11: nothing to say about a ledger of payments, fees and new accounts."""
    assert rules(world, copy_of(world)) == []
    assert len(list(entries(copy_of(world)))) > 20


def test_a_planted_coin_is_found(world: World) -> None:
    """S7: a child that holds one micro-unit more than its payments explain; and the root is another."""
    store, wallet = copy_of(world), world.parties.payers[0]
    data = store.state(account_key(wallet.address))
    assert data is not None
    account = Account.from_bytes(data)
    richer = account.with_balance("XUS", dict(account.balances)["XUS"] + 1)
    store.write(WriteBatch(state=[(account_key(wallet.address), richer.to_bytes())]))
    assert rules(world, store) == ["S7_model", "S7_state_root"]
    assert check_root(0, store)[0].rule == "S7_state_root"


def test_a_gap_of_numbers_is_found(world: World) -> None:
    """S8: sequence numbers are gap-free: a transaction is missing on the disk."""
    store = copy_of(world)
    version = next(entry.version for entry in entries(store) if entry.tx.raw.sequence_number == 1)
    store.write(WriteBatch(rows=[(Column.TRANSACTION, version, None)]))
    assert "S8_sequence" in rules(world, store)


def test_another_chain_and_a_bad_signature_are_found(world: World) -> None:
    """S11: chain id and signature are judged again from the stored bytes."""
    store, (chain_id, genesis) = copy_of(world), world.parties.chain
    assert rules(world, store, (chain_id + 1, genesis)) == ["S11_validity"]
    assert rules(world, store, (chain_id, bytes(32))) == ["S11_validity"]


def test_a_transaction_after_its_expiry_is_found(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """S11: unexpired, strictly: at the second of its expiry it is too late."""
    store = copy_of(world)
    late = [entry._replace(block_secs=entry.tx.raw.expiration_secs) for entry in entries(store)]
    monkeypatch.setattr("node.sim.replay.entries", lambda _store: iter(late))
    assert rules(world, store) == ["S11_validity"]
    early = [entry._replace(block_secs=entry.tx.raw.expiration_secs - 1) for entry in late]
    monkeypatch.setattr("node.sim.replay.entries", lambda _store: iter(early))
    assert rules(world, store) == []


def test_the_naive_root_is_the_trees() -> None:
    """The recursive root against the chain's tree, for sizes from none on."""
    stream = Stream(b"leaves")
    for size in (0, 1, 2, 3, 17, 200):
        leaves = sorted((stream.octets(32), stream.octets(32)) for _ in range(size))
        assert naive_root(leaves) == tree.root_hash(tree.build(leaves))


def test_tables_at_their_bounds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """S12: exactly at a bound is fine, one above is named."""
    machine = world.validators[0].machine
    assert check_tables(0, machine) == []
    held = len(machine.consensus.machine.tree.nodes)  # type: ignore[union-attr]
    monkeypatch.setattr("node.sim.pulse.BOUNDS", (held, *BOUNDS[1:]))
    assert check_tables(0, machine) == []
    monkeypatch.setattr("node.sim.pulse.BOUNDS", (held - 1, *BOUNDS[1:]))
    assert [item.rule for item in check_tables(3, machine)] == ["S12_bounded_memory"]


def pulse(progress: Callable[[], tuple[int, int, int]]) -> list[Violation]:
    """What a pulse of five calm seconds says of such progress."""
    scheduler, found = Scheduler(0), list[Violation]()
    beating = Pulse(scheduler, found, list, progress, max_rounds=12)
    beating.begin(0, 5_000_000)
    scheduler.run_until(5_000_000)
    return found + beating.check_caught_up({0: 7, 1: 6}, [0, 1])


def test_a_lasso_is_found() -> None:
    """L4: more than 24 rounds with messages and without a block is a lasso; 24 are not, nor is silence."""
    now = iter(range(1_000))
    assert "L4_lasso" in {item.rule for item in pulse(lambda: (3, 5 * next(now), next(now)))}
    step = iter(range(1_000))
    assert pulse(lambda: (3, min(next(step), 24), next(step))) == []
    quiet = iter(range(1_000))
    assert pulse(lambda: (3, 5 * next(quiet), 9)) == []


def test_whoever_is_behind_at_the_end_is_found() -> None:
    """L3: at the end everybody has what anybody had two seconds before."""
    assert [(item.rule, item.node) for item in pulse(lambda: (7, 0, 0))] == [("L3_catch_up", 1)]
    assert pulse(lambda: (6, 0, 0)) == []


def test_an_accepted_payment_that_is_lost_is_found(world: World) -> None:
    """L2: accepted before the faults stopped, neither final nor expired, and no other under its number."""
    work, wallet = world.workload, world.parties.payers[0]
    used = [number for sender, number in work.acknowledged.values() if sender == wallet.address]
    lost = work._sign(wallet, work._payment(wallet), max(used) + 1, 3_600)
    waits = work._sign(wallet, work._payment(wallet), max(used) + 2, 3_600)
    work.on_reply(Reply(0, True, waits.hash, "accepted", "", None))
    work.on_reply(Reply(0, True, lost.hash, "accepted", "", None))
    now_us, expiry = world.scheduler.now_us, lost.raw.expiration_secs

    def judged(before_us: int, ledger_secs: int) -> list[str]:
        found = work.check_accepted(before_us, ledger_secs)
        assert not [item for item in found if waits.hash.hex() in item.text]
        return [item.rule for item in found if lost.hash.hex() in item.text]

    assert judged(now_us + 1, expiry - 1) == ["L2_payment"]
    assert judged(now_us, expiry - 1) == []
    assert judged(now_us + 1, expiry) == []
    del work.accepted[lost.hash]


def test_a_block_too_far_ahead_is_found() -> None:
    """S11: a block's time may be 67 s ahead of the true time (voters bear 62, clocks may be wrong by 5), not more."""
    world = World(QUIET, 1)
    limit_us = world.scheduler.now_us + 67_000_000
    for ahead, expected in ((0, []), (1, ["S11_time"])):
        world.violations.clear()
        world.watch.on_committed(0, Committed(1 + ahead, 9 * ahead, bytes(32), bytes([ahead]), limit_us + ahead, ()))
        assert [item.rule for item in world.violations if item.rule == "S11_time"] == expected
