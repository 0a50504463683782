"""The simulated store and the real one are one contract: a seed runs the same on SQLite, reopened at each crash."""

from pathlib import Path

from chain.primitives import SECOND_US
from node.sim.scenario import Scenario
from node.sim.validator import Validator
from node.sim.world import World
from node.storage.sqlite import SqliteStore

SCENARIO = Scenario(
    duration_us=5 * SECOND_US,
    payments_per_s=10,
    crash_every_us=SECOND_US // 2,
    blackout_every_us=SECOND_US,
    down_us=300_000,
)


def open_store(world: World, directory: Path, index: int) -> SqliteStore:
    """One validator's file."""
    return SqliteStore(directory / str(index) / "ledger.db", world.parties.chain[1])


def reopen_at_crashes(world: World, directory: Path, validator: Validator) -> None:
    """A killed process closes its file; the next life opens it again."""
    crash = validator.crash

    def crash_and_reopen() -> None:
        crash()
        store = validator.disk.store
        assert isinstance(store, SqliteStore)
        store.close()
        validator.disk.store = open_store(world, directory, validator.index)

    validator.crash = crash_and_reopen  # type: ignore[method-assign]


def test_same_run_on_sqlite(tmp_path: Path) -> None:
    """Equal trace hashes: every message, commit and restart is the same on both stores."""
    in_memory = World(SCENARIO, 5).run()
    world = World(SCENARIO, 5)
    for validator in world.validators:
        validator.disk.store = open_store(world, tmp_path, validator.index)
        reopen_at_crashes(world, tmp_path, validator)
    on_disk = world.run()
    for validator in world.validators:
        store = validator.disk.store
        assert isinstance(store, SqliteStore)
        store.close()
    assert in_memory.violations == ()
    assert in_memory.faults["crash"] >= 2
    assert in_memory.faults["blackout"] >= 1
    assert on_disk == in_memory
