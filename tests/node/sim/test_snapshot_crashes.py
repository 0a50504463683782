"""SY7: a crash at each write of a snapshot, from the offer to what follows the adoption, lost or on the disk."""

from collections.abc import Callable

import pytest

from chain.primitives import SECOND_US
from chain.storage import SYNC_ROW, Column, WriteBatch
from node.sim.scenario import Scenario
from node.sim.validator import Validator
from node.sim.world import World

SCENARIO = Scenario(
    duration_us=9 * SECOND_US,
    disk_lost_every_us=4 * SECOND_US,
    snapshot_behind=20,
    chunk_leaves=8,
)
SEED = 3
AFTER = 4
"""Writes after the adoption that count too."""


class Cut:
    """Counts the writes of one validator from its first offer on, and crashes it at one of them."""

    def __init__(self, world: World, at: int | None, *, reaches_disk: bool) -> None:
        self.world, self.at, self.reaches_disk = world, at, reaches_disk
        self.validator: Validator = world.validators[0]
        self.count = 0
        self.adopted_at: int | None = None
        self.is_done = False
        self.bases: list[int] = []
        """Where the ledger began when the process came back after the crash."""
        self._submit = self.validator.disk.submit
        self.validator.disk.submit = self.submit  # type: ignore[method-assign]

    def submit(self, batch: WriteBatch, safety: bytes | None, release: Callable[[], None]) -> None:
        if not self.is_done and (self.count or any(row[:2] == (Column.META, SYNC_ROW) for row in batch.rows)):
            self.count += 1
            if batch.adopt:
                self.adopted_at = self.count
            if self.count == self.at:
                self.is_done = True
                self._submit(batch, safety, release)
                self.world.scheduler.after(0, self.crash)
                return
            if self.adopted_at is not None and self.count >= self.adopted_at + AFTER:
                self.is_done = True
        self._submit(batch, safety, release)

    def crash(self) -> None:
        if self.reaches_disk:
            self.validator.disk.settle()
        else:
            self.validator.disk._flying, self.validator.disk._waiting = [], []
        self.validator.crash()
        self.world.scheduler.after(20_000, self.start)

    def start(self) -> None:
        if not self.validator.is_up:  # the end of the faults may have started it already
            self.validator.start()
        assert self.validator.machine is not None
        self.bases.append(self.validator.machine.ledger.base_height)


def counted() -> Cut:
    """The run without a crash."""
    world = World(SCENARIO, SEED)
    cut = Cut(world, None, reaches_disk=True)
    assert world.run().violations == ()
    return cut


WRITES = 10


def test_the_writes_that_are_cut() -> None:
    """The table below reaches from the offer to beyond the adoption."""
    cut = counted()
    assert cut.adopted_at is not None
    assert (cut.count, cut.adopted_at) == (WRITES, WRITES - AFTER)


@pytest.mark.parametrize("reaches_disk", [False, True], ids=["lost", "kept"])
@pytest.mark.parametrize("at", range(1, WRITES + 1))
def test_a_crash_at_each_write(at: int, reaches_disk: bool) -> None:
    """SY7: "after a crash the ledger is the old one or the whole new one"; it is level in the end, and nobody is
    accused."""
    world = World(SCENARIO, SEED)
    cut = Cut(world, at, reaches_disk=reaches_disk)
    result = world.run()
    assert result.violations == ()
    assert len(cut.bases) == 1
    assert max(result.commits) - min(result.commits) <= 2
    machine = world.validators[0].machine
    assert machine is not None
    assert machine.ledger.base_height > 0
    if cut.adopted_at is not None:
        assert (cut.bases[0] > 0) is (reaches_disk or at > cut.adopted_at)
    else:
        assert cut.bases == [0]
