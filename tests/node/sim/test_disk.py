"""Writes become durable in order and late; nothing is released before; a crash keeps a prefix of whole batches."""

import pytest

from chain.storage import Column, WriteBatch
from node.sim.disk import Disk
from node.sim.entropy import Entropy
from node.sim.scheduler import Scheduler
from tests.node.sim.stores import RecordingStore


class Rig:
    """A disk with a delay of 100 us at most, and what it released."""

    def __init__(self, seed: int = 1) -> None:
        self.scheduler = Scheduler(0)
        self.store = RecordingStore()
        self.disk = Disk(self.store, self.scheduler, Entropy(seed).stream("disk"), 100)
        self.released: list[tuple[str, int]] = []

    def submit(self, name: str, *, rows: int = 0, safety: bytes | None = None) -> None:
        batch = WriteBatch(rows=[(Column.META, number, name.encode()) for number in range(rows)])
        self.disk.submit(batch, safety, lambda: self.released.append((name, self.scheduler.now_us)))

    def names(self) -> list[str]:
        return [name for name, _ in self.released]


def test_nothing_to_write_is_released_at_once() -> None:
    """An output without writes need not wait if nothing is before it."""
    rig = Rig()
    rig.submit("empty")
    assert rig.released == [("empty", 0)]
    assert rig.disk.is_idle()


def test_released_only_when_durable() -> None:
    """`after_persist` leaves after the sync: a fifth of the delay at least, the delay at most."""
    rig = Rig()
    rig.submit("vote", rows=1, safety=b"record")
    assert rig.released == []
    assert not rig.disk.is_idle()
    assert (rig.store.written, rig.disk.safety) == ([], None)
    rig.scheduler.run_until(19)
    assert (rig.released, rig.store.written) == ([], [])
    rig.scheduler.run_until(100)
    assert rig.names() == ["vote"]
    assert 20 <= rig.released[0][1] <= 100
    assert len(rig.store.written) == 1
    assert rig.disk.safety == b"record"
    assert rig.disk.is_idle()


def test_strictly_in_order_even_without_writes() -> None:
    """Nothing leaves before the writes of the same and of all earlier outputs are durable."""
    rig = Rig()
    rig.submit("one", rows=1)
    rig.submit("empty")
    rig.submit("two", safety=b"2")
    rig.submit("three", rows=2, safety=b"3")
    assert rig.released == []
    rig.scheduler.run_until(1_000)
    assert rig.names() == ["one", "empty", "two", "three"]
    assert rig.disk.safety == b"3"
    assert [batch.rows[0][2] for batch in rig.store.written] == [b"one", b"three"]


def test_slow_disk_multiplies_the_delay() -> None:
    """Fault `disk_slow`."""
    rig = Rig()
    rig.disk.slowdown = 40
    rig.submit("slow", rows=1)
    rig.scheduler.run_until(799)
    assert rig.released == []
    rig.scheduler.run_until(4_000)
    assert rig.names() == ["slow"]


def test_crash_releases_nothing() -> None:
    """What was in flight at a crash is never announced, and what comes after a restart is."""
    rig = Rig()
    rig.submit("lost", rows=1)
    rig.disk.crash()
    rig.submit("new", rows=1)
    rig.scheduler.run_until(1_000)
    assert rig.names() == ["new"]


@pytest.mark.parametrize("seed", range(3))
def test_crash_keeps_a_prefix_of_whole_batches(seed: int) -> None:
    """A crash in mid-write keeps each batch whole or not at all, in order, and possibly the last without its record."""
    outcomes = set()
    for attempt in range(60):
        rig = Rig(seed * 1_000 + attempt)
        rig.submit("begin", rows=1)
        rig.submit("a", rows=3, safety=b"a")
        rig.submit("b", rows=3, safety=b"b")
        while not rig.released:
            rig.scheduler.run_until(rig.scheduler.now_us + 1)
        rig.submit("waiting", rows=1, safety=b"w")
        rig.disk.crash()
        batches = b"".join(batch.rows[0][2] or b"" for batch in rig.store.written[1:])
        assert all(len(batch.rows) == 3 for batch in rig.store.written[1:])
        outcomes.add((batches, rig.disk.safety))
        assert rig.disk.lost == 3 - len(batches)
        rig.scheduler.run_until(1_000)
        assert rig.names() == ["begin"]
    assert outcomes == {(b"", None), (b"a", None), (b"a", b"a"), (b"ab", b"a"), (b"ab", b"b")}
