"""Faults that a scenario orders by hand, done to processes that note it: in time, for their length, and undone."""

from collections import Counter
from typing import Any

import pytest

from chain.interface import Output, Send
from chain.storage import Column, WriteBatch
from node.sim.directives import Rule
from node.sim.scenario_file import from_document
from node.sim.scheduler import Scheduler
from node.sim.script import Script, _flip_newest
from node.storage.memory import MemoryStore
from tests.node.sim.said import timeout, vote

MS = 1_000
START_US = 10_000 * MS
CALM_MS = 2_000


class Disk:
    """What acts do to a disk."""

    def __init__(self, log: list[Any]) -> None:
        self.log, self.store, self.slowdown, self.refuses = log, MemoryStore(), 1, ""
        self.safety: bytes | None = b"old"

    def settle(self, batch: WriteBatch | None = None, safety: bytes | None = None) -> None:
        self.log.append(("settle", batch is not None, safety))
        self.safety = safety or b"settled"

    def put_back(self, copy: tuple[MemoryStore, bytes | None]) -> None:
        self.log.append(("put back", copy[1]))
        self.store, self.safety = copy


class Process:
    """What acts do to a process, with the time from the run's start in milliseconds."""

    def __init__(self, index: int, scheduler: Scheduler) -> None:
        self.index = self.number = index
        self.scheduler = scheduler
        self.log: list[Any] = []
        self.disk = Disk(self.log)
        self.is_up, self.paused, self.skew_us, self.diverges = True, False, 0, False

    def _note(self, what: str) -> None:
        self.log.append((what, (self.scheduler.now_us - START_US) / MS))

    def start(self) -> None:
        self.is_up = True
        self._note("start")

    def crash(self) -> None:
        assert self.is_up
        self.is_up, self.paused = False, False
        self._note("crash")

    def lose_disk(self, *, keeps_record: bool) -> None:
        self.crash()
        self.log.append("lost" if keeps_record else "all lost")

    def pause(self) -> None:
        self.paused = True
        self._note("pause")

    def resume(self) -> None:
        self.paused = False
        self._note("resume")

    def note_link(self, peer: int, is_up: bool) -> None:
        self._note(f"{'up' if is_up else 'down'} {peer}")


class Rig:
    """Four processes under faults; rules, and what is asked of clients, are kept."""

    def __init__(self, *faults: dict[str, Any], **said: Any) -> None:
        self.scheduler = Scheduler(START_US)
        self.rules: list[Rule] = []
        self.asked: list[Any] = []
        self.counts: Counter[str] = Counter()
        scenario = from_document({"duration_ms": 3_000, "gst_ms": CALM_MS, "faults": list(faults), **said})
        self.processes = [Process(index, self.scheduler) for index in range(scenario.processes)]
        made: Any = self
        processes: Any = self.processes
        self.script = Script(scenario, self.scheduler, made, processes, made, self.counts)
        self.script.plan(START_US)

    def add(self, rule: Rule) -> None:
        self.rules.append(rule)

    def heal(self) -> None:
        self.asked.append("heal")

    def on_disk_lost(self, node: int, *, keeps_record: bool) -> None:
        self.asked.append(("disk lost", node, keeps_record))

    def break_rules(self, kinds: Any, count: int) -> None:
        self.asked.append((tuple(kinds), count))

    def run(self, to_ms: float = 3_000) -> list[Any]:
        """Until then; what happened to process 1."""
        self.scheduler.run_until(START_US + int(to_ms * MS))
        return self.processes[1].log


def fault(do: str, **said: Any) -> dict[str, Any]:
    """Of process 1, half a second after the start."""
    return {"do": do, "node": 1, "at_ms": 500, **said}


# --- processes ---


@pytest.mark.parametrize(
    ("said", "log"),
    [
        ({"do": "crash", "for_ms": 100}, [("crash", 500), ("start", 600)]),
        ({"do": "crash"}, [("crash", 500)]),
        ({"do": "crash", "disk": "keep", "for_ms": 1}, [("settle", False, None), ("crash", 500), ("start", 501)]),
        ({"do": "crash", "disk": "torn", "for_ms": 1}, [("settle", False, None), ("crash", 500), ("start", 501)]),
        ({"do": "crash", "disk": "lose_all", "for_ms": 1}, [("crash", 500), "all lost", ("start", 501)]),
        ({"do": "oom_kill", "for_ms": 7}, [("crash", 500), ("start", 507)]),
        ({"do": "restart.lost_unsynced"}, [("crash", 500), ("start", 1_000)]),
        ({"do": "restart.lost_disk"}, [("crash", 500), "all lost", ("start", 1_000)]),
        ({"do": "restart.lost_disk", "for_ms": 9}, [("crash", 500), "all lost", ("start", 509)]),
        ({"do": "pause", "for_ms": 40}, [("pause", 500), ("resume", 540)]),
        ({"do": "pause"}, [("pause", 500), ("resume", 2_000)]),
        ({"do": "resume"}, []),
        ({"do": "diverge", "for_ms": 30}, [("crash", 500), ("start", 500), ("crash", 530), ("start", 530)]),
    ],
)
def test_what_happens_to_a_process(said: dict[str, Any], log: list[Any]) -> None:
    """At its time, and back after its length; what says no length lasts until the faults stop, or for good."""
    rig = Rig({"node": 1, "at_ms": 500, **said})
    assert rig.run(499.9) == []
    assert rig.run() == log
    assert rig.counts[said["do"]] == (0 if said["do"] == "resume" else 1), "what finds nothing to do is not counted"
    assert rig.counts["restart"] == sum(item[0] == "start" for item in log) * (said["do"] != "diverge")
    assert all(process.log == [] for process in rig.processes if process.index != 1)


def test_what_a_torn_disk_keeps() -> None:
    """The ledger's part of all that was submitted, and the record of before."""
    for disk, record in (("torn", b"old"), ("keep", b"settled"), ("lose_unsynced", b"old")):
        rig = Rig(fault("crash", disk=disk))
        rig.run()
        assert rig.processes[1].disk.safety == record, disk


def test_who_is_down_dies_no_second_time() -> None:
    """It is not counted either; one that somebody started is not started again."""
    rig = Rig(fault("crash", for_ms=400), fault("crash", at_ms=600), fault("restart", at_ms=700))
    assert rig.run() == [("crash", 500), ("start", 700)]
    assert (rig.counts["crash"], rig.counts["restart"]) == (1, 1)
    rig = Rig(fault("crash", for_ms=400), fault("pause", at_ms=600, for_ms=10), fault("resume", at_ms=650))
    assert rig.run() == [("crash", 500), ("start", 900)]


def test_a_program_diverges_for_a_while() -> None:
    """`diverge`: another program from its start on."""
    rig = Rig(fault("diverge", for_ms=30))
    rig.run(510)
    assert rig.processes[1].diverges
    rig.run()
    assert not rig.processes[1].diverges


@pytest.mark.parametrize(
    ("said", "steps"),
    [
        ({"do": "clock.skew", "ms": 30, "for_ms": 100}, [(499, 0), (501, 30), (599, 30), (601, 0)]),
        ({"do": "clock_jump", "ms": -30, "for_ms": 100}, [(501, -30), (601, 0)]),
        ({"do": "clock.jump_back", "ms": 30, "for_ms": 100}, [(501, -30), (601, 0)]),
        ({"do": "clock.skew", "ms": 30}, [(1_999, 30), (2_001, 0)]),
        ({"do": "clock.drift", "ms": 5, "for_ms": 1_500}, [(501, 5), (1_499, 5), (1_501, 10), (2_900, 10)]),
        ({"do": "clock.drift", "ms": 5, "for_ms": 1_000}, [(501, 5), (2_900, 5)]),
    ],
)
def test_clocks(said: dict[str, Any], steps: list[tuple[int, int]]) -> None:
    """So much ahead for a while; a drift adds as much every second."""
    rig = Rig({"node": 1, "at_ms": 500, **said})
    for at_ms, skew_ms in steps:
        rig.run(at_ms)
        assert rig.processes[1].skew_us == skew_ms * MS, at_ms


def test_a_clock_that_the_calm_has_set_right_stays_right() -> None:
    """The end of a skew finds nothing to undo."""
    rig = Rig(fault("clock.skew", ms=30, for_ms=100))
    rig.run(550)
    rig.processes[1].skew_us = 0
    rig.run()
    assert rig.processes[1].skew_us == 0


# --- disks ---


def test_a_slow_disk_is_slow_for_a_while() -> None:
    """Forty times as slow."""
    rig = Rig(fault("fsync_slow", for_ms=100))
    for at_ms, factor in ((499, 1), (501, 40), (599, 40), (601, 1)):
        rig.run(at_ms)
        assert rig.processes[1].disk.slowdown == factor


@pytest.mark.parametrize(("for_ms", "at_ms"), [(None, 1_000), (100, 600)])
def test_a_disk_that_lied_is_put_back(for_ms: int | None, at_ms: int) -> None:
    """`fsync_lie`: what was durable at the fault is all that is left later; nothing binds it any more."""
    rig = Rig(fault("fsync_lie", **({} if for_ms is None else {"for_ms": for_ms})))
    rig.run(501)
    rig.processes[1].disk.safety = b"newer"
    assert rig.run() == [("crash", at_ms), ("put back", b"old"), ("start", at_ms + 500)]
    assert rig.processes[1].disk.safety == b"old"
    assert rig.asked == [("disk lost", 1, False)]


@pytest.mark.parametrize(
    "said", [{"do": "restart.old_snapshot"}, {"do": "crash", "disk": "old_snapshot", "for_ms": 500}]
)
def test_an_old_copy_is_put_back(said: dict[str, Any]) -> None:
    """Taken at `of_ms`: what the disk had then, and not what it has now."""
    rig = Rig(fault(of_ms=300, **said))
    rig.run(299)
    rig.processes[1].disk.safety = b"at 299"
    rig.run(301)
    rig.processes[1].disk.safety = b"at 301"
    assert rig.run() == [("crash", 500), ("put back", b"at 299"), ("start", 1_000)]
    assert rig.asked == [("disk lost", 1, False)]


@pytest.mark.parametrize(
    ("name", "error"),
    [("misdirected_write", "safety_record_unreadable"), ("lost_rename", "safety_record_lost"),
     ("read_EIO", "storage_read_failed"), ("perm_denied", "storage_unreadable"),
     ("bit_rot", "safety_record_unreadable")],
)  # fmt: skip
def test_a_disk_that_cannot_be_read(name: str, error: str) -> None:
    """It crashes and meets the error at its next start, 5 ms later; with `for_ms` the cause is gone after that."""
    rig = Rig(fault(name, for_ms=100))
    rig.run(550)
    assert rig.processes[1].disk.refuses == error
    assert rig.run() == [("crash", 500), ("start", 505), ("crash", 600), ("start", 600)]
    assert rig.processes[1].disk.refuses == ""
    assert rig.asked == []
    for_good = Rig(fault(name))
    assert for_good.run() == [("crash", 500), ("start", 505)]
    assert for_good.processes[1].disk.refuses == error
    soon = Rig(fault(name, for_ms=1))
    assert soon.run() == [("crash", 500), ("start", 505), ("crash", 510), ("start", 510)]


def test_a_rotten_ledger_is_lost() -> None:
    """`bit_rot` of the `ledger`: one bit of the newest block, and the record is whole."""
    rig = Rig(fault("bit_rot", part="ledger"))
    store = rig.processes[1].disk.store
    rows = [(Column.BLOCK, height, bytes([height]) * 50) for height in (1, 2)]
    store.write(WriteBatch(rows=list(rows)))
    rig.run()
    assert rig.processes[1].disk.refuses == ""
    assert rig.asked == [("disk lost", 1, True)]
    assert store.row(Column.BLOCK, 1) == rows[0][2]
    assert store.row(Column.BLOCK, 2) == bytes([2]) * 40 + bytes([3]) + bytes([2]) * 9
    _flip_newest(MemoryStore())


# --- points and writes ---

WRITES = Output(safety=b"record", after_persist=[Send(0, vote(3))])


def steps(rig: Rig, output: Output) -> list[str]:
    """A step of process 1 with this output, until it dies: where it did."""
    died = []
    for stage in ("computed and written", "synced", "sent"):
        if stage == "computed and written":
            rig.script.on_output(1, output)
        else:
            rig.script.on_durable(1, output, is_sent=stage == "sent")
        if not rig.processes[1].is_up:
            died.append(stage)
            break
    return died


@pytest.mark.parametrize(
    ("stage", "where", "settles"),
    [("computed", "computed and written", 0), ("written", "computed and written", 1), ("synced", "synced", 0),
     ("sent", "sent", 0)],
)  # fmt: skip
def test_a_crash_at_a_point_of_its_own_work(stage: str, where: str, settles: int) -> None:
    """At the visit that is named, of the node and message that are named; `written`: the ledger's part is on disk."""
    rig = Rig({"do": "crash.at", "node": 1, "at_point": f"vote.{stage}", "nth": 2, "for_ms": 10})
    other = Output(safety=b"record", after_persist=[Send(0, timeout(3, 2))])
    assert steps(rig, WRITES) == steps(rig, other) == []
    assert steps(rig, WRITES) == [where]
    log = rig.run()
    assert [item for item in log if item[0] == "settle"] == [("settle", True, None)] * settles
    assert [item for item in log if item[0] != "settle"] == [("crash", 0), ("start", 10)]
    assert steps(rig, WRITES) == [], "it happens once"
    assert rig.counts["crash.at"] == 1


def test_points_of_a_commit_and_of_others() -> None:
    """`commit` is an announcement; another node's work is no visit."""
    rig = Rig({"do": "crash.at", "node": 1, "at_point": "commit.synced", "for_ms": 10})
    committed: Any = Output(committed=[object()])  # type: ignore[list-item]
    rig.script.on_durable(0, committed, is_sent=False)
    rig.script.on_durable(1, WRITES, is_sent=False)
    assert all(process.is_up for process in rig.processes)
    rig.script.on_durable(1, committed, is_sent=False)
    assert [process.is_up for process in rig.processes] == [True, False, True, True]


def test_a_point_that_counts_from_a_time() -> None:
    """`at_ms` with `at_point`: visits before that time do not count."""
    rig = Rig(fault("crash.at", at_point="vote.sent", for_ms=10))
    assert steps(rig, WRITES) == []
    rig.run(501)
    assert steps(rig, WRITES) == ["sent"]


@pytest.mark.parametrize(
    ("name", "settled"),
    [("full", []), ("short_write", [("settle", True, None)]), ("torn_write", [("settle", True, None)]),
     ("fsync_EIO", [("settle", True, b"record")])],
)  # fmt: skip
def test_the_next_write_fails(name: str, settled: list[Any]) -> None:
    """It stops before anything of that leaves; the disk has nothing of it, the ledger's part, or all; half a second."""
    rig = Rig(fault(name))
    rig.run(500)
    rig.script.on_output(1, Output(after_persist=[Send(0, vote(3))]))
    rig.script.on_output(0, WRITES)
    assert all(process.is_up for process in rig.processes), "nothing was written, or not there"
    rig.script.on_output(1, Output(persist=WriteBatch(rows=[(Column.META, 1, b"x")]), safety=b"record"))
    assert rig.run() == [*settled, ("crash", 500), ("start", 1_000)]
    assert rig.counts[name] == 1
    steps(rig, WRITES)
    assert rig.processes[1].is_up, "the next one only"


def test_what_waits_for_a_round() -> None:
    """`at_round`: when the first honest validator enters it, once; the calm forgets all that waits."""
    rig = Rig({"do": "crash", "node": 1, "at_round": 4, "for_ms": 1}, {"do": "pause", "node": 2, "at_round": 5})
    rig.script.on_round(3)
    assert rig.run(1) == []
    rig.script.on_round(4)
    assert rig.run(10) == [("crash", 1), ("start", 2)]
    rig.script.on_round(4)
    rig.script.calm()
    rig.script.on_round(9)
    assert len(rig.run()) == 2
    assert rig.processes[2].log == []
    failing = Rig(fault("full"), {"do": "crash.at", "node": 1, "at_point": "vote.sent"})
    failing.run(501)
    failing.script.calm()
    assert steps(failing, WRITES) == []


# --- the network and clients ---


def test_rules_are_put_on_the_runs_clock() -> None:
    """From the start of the run; one that says no end ends with the faults, one with a last round by that."""
    rig = Rig(rules=[
        {"do": "drop", "from_ms": 10, "to_ms": 20}, {"do": "hold", "release_at_ms": 30},
        {"do": "drop", "from_round": 1, "to_round": 2}, {"do": "drop", "from_round": 1, "to_round": 2, "to_ms": 40},
    ])  # fmt: skip
    spans = [(rule.from_us - START_US, rule.to_us and rule.to_us - START_US) for rule in rig.rules]
    assert spans == [(10 * MS, 20 * MS), (0, CALM_MS * MS), (0, None), (0, 40 * MS)]
    assert [rule.release_at_us for rule in rig.rules] == [None, START_US + 30 * MS, None, None]


@pytest.mark.parametrize(
    ("said", "rules"),
    [
        ({"do": "drop", "src": [0], "types": ["vote"], "chance": 0.5}, [("drop", (0,), None, 0)]),
        ({"do": "delay", "dst": [0]}, [("delay", None, (0,), 100)]),
        ({"do": "delay", "dst": [0], "ms": 7}, [("delay", None, (0,), 7)]),
        ({"do": "dup"}, [("duplicate", None, None, 0)]),
        ({"do": "reorder"}, [("delay", None, None, 30)]),
        ({"do": "replay_old"}, [("duplicate", None, None, 3_000)]),
        ({"do": "corrupt_bit"}, [("drop", None, None, 0)]),
        ({"do": "slow_link", "src": [1], "dst": [2]}, [("delay", (1,), (2,), 200)]),
        ({"do": "one_way", "src": [1], "dst": [2]}, [("drop", (1,), (2,), 0)]),
        ({"do": "partial", "src": [1], "dst": [2, 3]}, [("drop", (1,), (2, 3), 0), ("drop", (2, 3), (1,), 0)]),
        ({"do": "eclipse", "node": 1}, [("drop", (1,), None, 0), ("drop", None, (1,), 0)]),
        ({"do": "slow_cpu", "node": 1}, [("delay", (1,), None, 50), ("delay", None, (1,), 50)]),
        ({"do": "slow_cpu", "node": 1, "ms": 9}, [("delay", (1,), None, 9), ("delay", None, (1,), 9)]),
        ({"do": "partition", "groups": [[0, 1], [2]]},
         [("drop", (0, 1), (2, 3), 0), ("drop", (2,), (0, 1, 3), 0), ("drop", (3,), (0, 1, 2), 0)]),
        ({"do": "partition", "groups": [[0, 1], [2, 3]]}, [("drop", (0, 1), (2, 3), 0), ("drop", (2, 3), (0, 1), 0)]),
    ],
)  # fmt: skip
def test_what_the_networks_faults_are_made_of(said: dict[str, Any], rules: list[Any]) -> None:
    """Each as rules of links, from its time on for its length, under its own name."""
    rig = Rig({"at_ms": 500, "for_ms": 60, **said})
    rig.run()
    assert [(rule.do, rule.src, rule.dst, rule.us // MS) for rule in rig.rules] == rules
    for rule in rig.rules:
        assert (rule.from_us, rule.to_us) == (START_US + 500 * MS, START_US + 560 * MS)
        assert rule.name == f"{said['do']}.message"
        assert rule.types == (tuple(said["types"]) if "types" in said else None)
        assert rule.ppm == (500_000 if "chance" in said else 1_000_000)
    assert rig.counts[said["do"]] == 1
    until_calm = Rig({"at_ms": 500, **said})
    until_calm.run()
    assert {rule.to_us for rule in until_calm.rules} == {START_US + CALM_MS * MS}


def test_a_link_that_flaps() -> None:
    """There and gone in turn, 300 ms each if nothing is said, until its end."""
    for said, spans in (({}, [(500, 800), (1_100, 1_200)]), ({"ms": 200}, [(500, 700), (900, 1_100)])):
        rig = Rig({"do": "flap", "at_ms": 500, "for_ms": 700, "src": [1], "dst": [2], **said})
        rig.run()
        found = [((rule.from_us - START_US) // MS, ((rule.to_us or 0) - START_US) // MS) for rule in rig.rules]
        assert sorted(found) == sorted(spans * 2)


def test_both_ends_notice_a_reset() -> None:
    """The link is away for 5 ms; of one that is half open only the receivers are told."""
    rig = Rig({"do": "reset_mid_frame", "at_ms": 500, "for_ms": 700, "src": [1], "dst": [2]})
    assert rig.run() == [("down 2", 500), ("up 2", 505)]
    assert rig.processes[2].log == [("down 1", 500), ("up 1", 505)]
    assert {rule.to_us for rule in rig.rules} == {START_US + 505 * MS}
    half = Rig({"do": "half_open", "at_ms": 500, "for_ms": 700, "src": [1], "dst": [2]})
    assert half.run() == []
    assert half.processes[2].log == [("down 1", 500)]


def test_clients_break_rules() -> None:
    """What may not pass, so many times; and all links are whole again when asked."""
    rig = Rig(
        {"do": "tx_replay", "at_ms": 1, "count": 5}, {"do": "tx_cross_chain", "at_ms": 2},
        {"do": "mempool_spam", "at_ms": 3, "count": 9}, {"do": "heal", "at_ms": 4},
    )  # fmt: skip
    rig.run()
    assert rig.asked == [
        (("duplicate", "old_sequence"), 5), (("wrong_chain",), 1), (("future_sequence", "duplicate"), 9), "heal",
    ]  # fmt: skip
    assert rig.counts == {"tx_replay": 1, "tx_cross_chain": 1, "mempool_spam": 1, "heal": 1}
