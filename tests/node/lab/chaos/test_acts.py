"""Acts of the schedule, done to a cluster that notes what it is told: each is kept up for its length, and undone."""

import asyncio
from typing import Any

import pytest

from node.lab.chaos import faults as module
from node.lab.chaos.faults import FULL_EXIT, Faults
from node.lab.chaos.rules import ChaosError
from node.lab.chaos.schedule import Act

LENGTH_US = 5_000


class Cluster:
    """Three validators; what is done to them, in order."""

    def __init__(self) -> None:
        self.log: list[Any] = []
        self.down: set[int] = set()
        self.exit = FULL_EXIT
        self.dies_when_full = True
        self.votes: list[int | None] = []
        """When the victim votes, at each time of asking; None where it does not come back."""

    async def kill(self, index: int) -> None:
        self.log.append(("kill", index))

    def start(self, index: int, offset_us: int = 0) -> None:
        self.down.discard(index)
        self.log.append(("start", index, offset_us))

    def began_us(self, index: int) -> int:
        return 1_000 + index

    def pause(self, index: int) -> None:
        self.log.append(("pause", index))

    def resume(self, index: int) -> None:
        self.log.append(("resume", index))

    def fill_disk(self, index: int, *, is_full: bool) -> None:
        self.log.append(("fill", index, is_full))
        if is_full and self.dies_when_full:
            self.down.add(index)

    def is_down(self, index: int) -> bool:
        return index in self.down

    def last_words(self, index: int) -> str:
        return f"words of {index}"

    def exit_code(self, index: int) -> int:
        return self.exit

    async def voted_after(self, index: int, after_us: int, timeout_s: float) -> int:
        self.log.append(("voted", index, after_us, timeout_s))
        voted = self.votes.pop(0)
        if voted is None:
            raise ChaosError("it does not vote", name="cannot_recover")
        return voted

    def first_vote_cpu_us(self, index: int) -> int:
        return 77 + index


class Links:
    """What is done to links, in the same log."""

    def __init__(self, log: list[Any]) -> None:
        self.log = log

    def cut(self, source: int, target: int, *, is_cut: bool) -> None:
        self.log.append(("cut", source, target, is_cut))

    def slow(self, index: int, *, delay_us: int, loss_ppm: int) -> None:
        self.log.append(("slow", index, delay_us, loss_ppm))


@pytest.fixture
def cluster() -> Cluster:
    """All are up."""
    return Cluster()


@pytest.fixture
def faults(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Faults:
    """With links; sleeping is noted."""

    async def sleep(delay_s: float) -> None:
        cluster.log.append(("sleep", delay_s))

    monkeypatch.setattr("node.lab.chaos.faults.asyncio.sleep", sleep)
    monkeypatch.setattr(module, "now_us", lambda: 9_999)
    made: Any = cluster
    return Faults(made, Links(cluster.log))


def act(kind: str, victim: int = 1, amount: int = 0) -> Act:
    """One of this kind; validator 2 is the peer."""
    return Act(0, kind, victim, 2, LENGTH_US, amount)


SLEPT = ("sleep", LENGTH_US / 1_000_000)


@pytest.mark.parametrize(
    ("kind", "amount", "log", "after_us"),
    [
        ("kill", 0, [("kill", 1), ("start", 1, 0)], 1_001),
        ("kill", 55, [("kill", 1), ("start", 1, 0)], 1_001),
        ("clock", -55, [("kill", 1), ("start", 1, -55)], 1_001),
        ("pause", 0, [("pause", 1), SLEPT, ("resume", 1)], 9_999),
        ("partition", 0, [("cut", 1, 2, True), SLEPT, ("cut", 1, 2, False)], 9_999),
        ("delay", 300, [("slow", 1, 300, 0), SLEPT, ("slow", 1, 0, 0)], 9_999),
        ("loss", 400, [("slow", 1, 0, 400), SLEPT, ("slow", 1, 0, 0)], 9_999),
    ],
)
def test_an_act_is_done_and_undone(
    faults: Faults, cluster: Cluster, kind: str, amount: int, log: list[Any], after_us: int
) -> None:
    """'Do it, keep it up for its length, undo it'; a killed victim is asked to vote from its start on."""
    assert asyncio.run(faults.perform(act(kind, amount=amount))) == after_us
    assert cluster.log == log
    assert dict(faults.counts) == {kind: 1}


def test_a_full_disk_ends_its_process_which_starts_with_room_again(faults: Faults, cluster: Cluster) -> None:
    """It ends at once, is started when there is room, and is counted."""
    assert asyncio.run(faults.perform(act("disk_full"))) == 9_999
    assert cluster.log == [("fill", 1, True), ("fill", 1, False), ("start", 1, 0)]
    assert faults.counts == {"disk_full": 1, "disk_full_stops": 1}


def test_a_full_disk_is_full_for_so_long(faults: Faults, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not end has room again after FULL_END_S; should it end late, it is started by whoever waits."""
    times = iter([0, 4_999_999, 5_000_000, 7])
    monkeypatch.setattr(module, "now_us", lambda: next(times))
    cluster.dies_when_full = False
    assert asyncio.run(faults.perform(act("disk_full"))) == 7
    assert cluster.log == [("fill", 1, True), ("sleep", 0.02), ("fill", 1, False)]
    assert faults.counts == {"disk_full": 1}
    cluster.down.add(1)
    cluster.votes = [None, 8]
    asyncio.run(faults.recover(act("disk_full"), 7, 3.0))
    assert cluster.log[3:] == [("voted", 1, 7, 3.0), ("start", 1, 0), ("voted", 1, 7, 3.0)]
    assert (faults.counts["disk_full_stops"], faults.revotes_us) == (1, [])


def test_only_kills_are_measured(faults: Faults, cluster: Cluster) -> None:
    """From its start after a kill to its first vote, by the clock and by processor time."""
    cluster.votes = [1_500, 2_000]
    asyncio.run(faults.recover(act("kill"), 1_001, 3.0))
    asyncio.run(faults.recover(act("pause"), 1_001, 3.0))
    assert (faults.revotes_us, faults.revotes_cpu_us) == ([499], [78])


@pytest.mark.parametrize(("is_filled", "is_down"), [(False, False), (False, True), (True, False)])
def test_who_does_not_come_back_is_a_failure(faults: Faults, cluster: Cluster, is_filled: bool, is_down: bool) -> None:
    """`cannot_recover`, unless a full disk explains that it is down."""
    if is_filled:
        cluster.dies_when_full = False
        faults._filled.add(1)
    if is_down:
        cluster.down.add(1)
    cluster.votes = [None]
    with pytest.raises(ChaosError) as caught:
        asyncio.run(faults.recover(act("kill"), 5, 3.0))
    assert caught.value.name == "cannot_recover"
    assert [item for item in cluster.log if item[0] == "start"] == []


@pytest.mark.parametrize(
    ("is_filled", "code", "words", "stops"),
    [(True, FULL_EXIT, None, 1), (True, FULL_EXIT + 1, "words of 1", 0), (False, FULL_EXIT, "words of 1", 0)],
)
def test_last_words_are_told_unless_the_disk_was_full(
    faults: Faults, cluster: Cluster, is_filled: bool, code: int, words: str | None, stops: int
) -> None:
    """Whoever ended by itself is started again; why it ended is told, unless it ended as one with a full disk does."""
    assert faults.revive(1) is None
    assert cluster.log == []
    cluster.down.add(1)
    cluster.exit = code
    if is_filled:
        faults._filled.add(1)
    assert faults.revive(1) == words
    assert cluster.log == [("start", 1, 0)]
    assert faults.counts["disk_full_stops"] == stops
    cluster.down.add(1)
    cluster.exit = FULL_EXIT
    assert faults.revive(1) == "words of 1", "a full disk explains one end"
