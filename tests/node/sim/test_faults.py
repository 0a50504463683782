"""Faults come from the plan, are counted when they fire, and all of them stop at the calm."""

from collections import Counter

from chain.primitives import SECOND_US
from node.sim.entropy import Entropy
from node.sim.faults import SLOW_DISK, Faults
from node.sim.network import Links, Network
from node.sim.scenario import Scenario
from node.sim.scheduler import Scheduler


class FakeDisk:
    slowdown = 1


class FakeProcess:
    """A process that notes what is done to it."""

    def __init__(self, index: int, scheduler: Scheduler) -> None:
        self.index = index
        self.skew_us = 0
        self.paused = False
        self.is_up = True
        self.disk = FakeDisk()
        self.log: list[tuple[str, int]] = []
        self.scheduler = scheduler

    def start(self) -> None:
        assert not self.is_up
        self.is_up = True
        self.log.append(("start", self.scheduler.now_us))

    def crash(self) -> None:
        assert self.is_up
        self.is_up, self.paused = False, False
        self.log.append(("crash", self.scheduler.now_us))

    def lose_disk(self, *, keeps_record: bool) -> None:
        self.crash()
        self.log.append(("disk lost" if keeps_record else "all lost", self.scheduler.now_us))

    def note_link(self, peer: int, is_up: bool) -> None:
        self.log.append((f"{'up' if is_up else 'down'} {peer}", self.scheduler.now_us))

    def pause(self) -> None:
        assert self.is_up
        assert not self.paused
        self.paused = True
        self.log.append(("pause", self.scheduler.now_us))

    def resume(self) -> None:
        assert self.paused
        self.paused = False
        self.log.append(("resume", self.scheduler.now_us))


class Rig:
    """Four processes under one scenario of ten seconds."""

    def __init__(self, seed: int = 1, **knobs: int) -> None:
        self.scenario = Scenario(duration_us=10 * SECOND_US, **knobs)  # type: ignore[arg-type]
        self.scheduler = Scheduler(0)
        self.counts: Counter[str] = Counter()
        self.arrived: list[tuple[int, int]] = []
        entropy = Entropy(seed)
        self.network = Network(
            self.scheduler,
            entropy.stream("n"),
            Links(100, 0),
            lambda a, b, data: self.arrived.append((a, b)),
            self.counts,
        )
        self.processes = [FakeProcess(index, self.scheduler) for index in range(4)]
        faults = Faults(self.scenario, entropy, self.scheduler, self.network, list(self.processes), self.counts)
        faults.plan(0)

    def run(self, until_us: int = 10 * SECOND_US) -> None:
        self.scheduler.run_until(until_us)

    def log(self, *kinds: str) -> list[tuple[str, int]]:
        return [item for process in self.processes for item in process.log if item[0] in kinds]


def test_no_fault_without_a_chance() -> None:
    """A fault whose mean interval is 0 never happens."""
    rig = Rig()
    rig.run()
    assert rig.counts == Counter()
    assert rig.log("crash", "pause", "start", "resume") == []


def test_crashes_restart_and_stop_at_the_calm() -> None:
    """Each crash is followed by a restart, and none lies outside of the faults' time."""
    rig = Rig(crash_every_us=300_000)
    rig.run()
    crashes = rig.log("crash")
    assert len(crashes) > 5
    assert all(SECOND_US < time_us < 6 * SECOND_US for _, time_us in crashes)
    assert len(rig.log("start")) == len(crashes)
    assert all(time_us <= 6 * SECOND_US for _, time_us in rig.log("start"))
    assert all(process.is_up for process in rig.processes)
    assert (rig.counts["crash"], rig.counts["restart"]) == (len(crashes), len(crashes))


def test_a_blackout_kills_everybody_at_one_instant() -> None:
    """All that live crash together, and all are up again at the calm at the latest."""
    rig = Rig(blackout_every_us=1_500_000)
    rig.run()
    blackouts = rig.counts["blackout"]
    assert blackouts >= 2
    times = Counter(time_us for _, time_us in rig.log("crash"))
    assert len(times) <= blackouts
    assert max(times.values()) == 4
    assert rig.counts["crash"] == 0
    assert len(rig.log("start")) == len(rig.log("crash")) == rig.counts["restart"]
    assert all(process.is_up for process in rig.processes)


def test_pauses_resume_even_beside_crashes() -> None:
    """Nobody stays paused after the calm; a killed process is not resumed."""
    rig = Rig(pause_every_us=300_000, crash_every_us=900_000)
    rig.run()
    assert rig.counts["pause"] > 3
    assert rig.counts["pause"] == len(rig.log("pause"))
    assert rig.counts["resume"] == len(rig.log("resume")) <= rig.counts["pause"]
    assert not any(process.paused for process in rig.processes)


def test_partitions_heal() -> None:
    """After the calm everybody hears everybody."""
    rig = Rig(partition_every_us=400_000, partition_us=60 * SECOND_US)
    for step in range(100):
        rig.scheduler.at(step * 100_000, rig.network.send, 0, 1, b"x")
    rig.run()
    assert rig.counts["partition_begin"] > 3
    assert rig.counts["partition"] > 5
    late = [pair for pair in range(100) if pair * 100_000 > 6 * SECOND_US]
    assert len(rig.arrived) == 100 - rig.counts["partition"]
    assert len(late) == 39
    rig.network.send(2, 3, b"x")
    rig.scheduler.run_until(11 * SECOND_US)
    assert rig.arrived[-1] == (2, 3)


def test_slow_disks_are_fast_again() -> None:
    """For a spell, one disk is forty times as slow."""
    rig = Rig(disk_slow_every_us=400_000, disk_slow_us=60 * SECOND_US)
    rig.run(6 * SECOND_US - 1)
    assert SLOW_DISK == 40
    assert SLOW_DISK in {process.disk.slowdown for process in rig.processes}
    rig.run()
    assert {process.disk.slowdown for process in rig.processes} == {1}
    assert rig.counts["disk_slow"] > 3


def test_clocks_err_and_then_agree() -> None:
    """Clocks differ while faults last, within the bound, and step to the true time at the calm."""
    rig = Rig(skew_us=50_000)
    rig.run(5 * SECOND_US)
    skews = [process.skew_us for process in rig.processes]
    assert len(set(skews)) > 1
    assert all(abs(skew) <= 50_000 for skew in skews)
    rig.run()
    assert [process.skew_us for process in rig.processes] == [0, 0, 0, 0]
    assert rig.counts == Counter(clock_skew=4, clock_step=4)


def test_message_faults_last_from_the_storm_to_the_calm() -> None:
    """Chances on messages are the scenario's between `faults_from_us` and the calm, and zero outside."""
    rig = Rig(loss_ppm=1, duplicate_ppm=2, reorder_ppm=3, spike_ppm=4)

    def chances() -> tuple[int, int, int, int]:
        links = rig.network.links
        return links.loss_ppm, links.duplicate_ppm, links.reorder_ppm, links.spike_ppm

    rig.run(SECOND_US - 1)
    assert chances() == (0, 0, 0, 0)
    rig.run(SECOND_US)
    assert chances() == (1, 2, 3, 4)
    rig.run(6 * SECOND_US)
    assert chances() == (0, 0, 0, 0)


def test_holds_are_spells_of_one_kind() -> None:
    """The fault `hold` begins spells, none after the calm."""
    rig = Rig(hold_every_us=200_000)
    rig.run()
    assert rig.counts["hold_begin"] > 10
    for kind in range(4):
        rig.network.send(0, 1, bytes([0x92, kind]))
    rig.scheduler.run_until(10 * SECOND_US + 100)
    assert rig.arrived == [(0, 1)] * 4


def test_false_down_is_a_belief_that_ends() -> None:
    """`false_down`: one believes for up to `false_down_us` that its link to another is down; none of itself."""
    rig = Rig(false_down_every_us=SECOND_US // 2, false_down_us=SECOND_US)
    rig.run()
    total = 0
    for process in rig.processes:
        downs = [(int(name.split()[1]), at) for name, at in process.log if name.startswith("down")]
        ups = [(int(name.split()[1]), at) for name, at in process.log if name.startswith("up")]
        assert sorted(peer for peer, _ in downs) == sorted(peer for peer, _ in ups)
        assert process.index not in [peer for peer, _ in downs]
        for (peer, down_us), (other, up_us) in zip(sorted(downs), sorted(ups), strict=True):
            assert peer == other
            assert up_us > down_us
        total += len(downs)
    assert total == rig.counts["false_down"] > 3


def test_lost_disks_are_of_one_validator_and_restart() -> None:
    """More wiped validators than one would be more than four tolerate; each loss is followed by a restart."""
    losses = 0
    for seed in range(30):
        rig = Rig(seed, disk_lost_every_us=400_000)
        rig.run()
        lost, all_lost = rig.log("disk lost"), rig.log("all lost")
        assert rig.counts["disk_lost"] == len(lost) + len(all_lost)
        assert rig.counts["record_lost"] == len(all_lost) <= 1
        assert all(process.log == [] for process in rig.processes[1:])
        assert rig.processes[0].is_up
        assert len(rig.log("start")) == rig.counts["disk_lost"]
        if all_lost:
            assert all(time_us < all_lost[0][1] for _, time_us in lost)
        losses += rig.counts["disk_lost"]
    assert losses > 30
