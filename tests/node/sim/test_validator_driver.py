"""The simulator's driver keeps the contract of chain/interface.py, tried with a machine that does as it is told."""

from collections import Counter
from collections.abc import Callable

from chain.crypto.signing import Scheme, SignatureCheck
from chain.errors import MithqalError
from chain.interface import (
    ALL_OTHERS,
    Alarm,
    Committed,
    Event,
    Output,
    PeerDown,
    PeerUp,
    Received,
    Reply,
    Send,
    SetTimer,
    Start,
    TimerFired,
    Work,
    WorkDone,
)
from chain.storage import Column, Store, WriteBatch
from chain.validators import ValidatorSet
from node.sim.disk import Disk
from node.sim.entropy import Entropy
from node.sim.network import Links, Network
from node.sim.scheduler import Scheduler
from node.sim.signatures import KeyedHashSignatures
from node.sim.trace import Trace
from node.sim.validator import WORK_BASE_US, WORK_CHECK_US, EpochTip, Tip, Validator
from tests.node.sim.stores import RecordingStore

Plan = Callable[[Event], Output | None]


class Ledger:
    """A tip at genesis."""

    tip_height, base_height, tip_version, tip_root, tip_timestamp_us = 0, 0, 0, bytes(32), 77
    validators = ValidatorSet(1, ())


class FakeReplica:
    """Answers each event with the output that the test planned."""

    current_round = 1

    def __init__(self, plan: Plan, log: list[tuple[int, Event]], safety: bytes | None) -> None:
        self.ledger: EpochTip = Ledger()
        self.plan, self.log, self.safety = plan, log, safety

    def step(self, event: Event, now_us: int) -> Output:
        self.log.append((now_us, event))
        return self.plan(event) or Output()


class Rig:
    """Three validators, of which number 0 follows the plan; links of 100 us."""

    def __init__(self, plan: Plan) -> None:
        self.scheduler = Scheduler(0)
        self.signatures = KeyedHashSignatures(b"w")
        self.logs: list[list[tuple[int, Event]]] = [[], [], []]
        self.told: list[tuple[int, str, object]] = []
        self.built: list[tuple[int, bytes | None]] = []
        self.crashed: list[int] = []
        network = Network(self.scheduler, Entropy(1).stream("n"), Links(100, 0), self.deliver, Counter())
        wires = (self.scheduler, network, Trace(), self)

        def build(index: int, store: Store, safety: bytes | None) -> FakeReplica:
            self.built.append((index, safety))
            return FakeReplica(plan if index == 0 else lambda event: None, self.logs[index], safety)

        self.nodes = [
            Validator(
                index, 3, build, Disk(RecordingStore(), self.scheduler, Entropy(1).stream("d"), 50),
                self.signatures, wires,
            )
            for index in range(3)
        ]  # fmt: skip
        for node in self.nodes:
            node.start()

    def deliver(self, sender: int, receiver: int, data: bytes) -> None:
        self.nodes[receiver].receive(sender, data)

    def on_start(self, node: int, tip: Tip) -> None:
        self.told.append((node, "start", tip.tip_height))

    def on_disk_lost(self, node: int, *, keeps_record: bool) -> None:
        self.told.append((node, "disk_lost", keeps_record))

    def on_crash(self, node: int) -> None:
        self.crashed.append(node)

    def on_send(self, node: int, data: bytes) -> None:
        self.told.append((node, "send", data))

    def on_committed(self, node: int, committed: Committed) -> None:
        self.told.append((node, "committed", committed.height))

    def on_reply(self, node: int, reply: Reply) -> None:
        self.told.append((node, "reply", reply.name))

    def on_refused(self, node: int, error: MithqalError) -> None:
        self.told.append((node, "refused", error.name))

    def on_halt(self, node: int, error: MithqalError) -> None:
        self.told.append((node, "halt", error.name))

    def on_output(self, node: int, output: Output) -> None:
        pass

    def on_durable(self, node: int, output: Output, *, is_sent: bool) -> None:
        pass

    def on_snapshot_write(self, node: int, *, adopts: bool) -> None:
        self.told.append((node, "snapshot_write", adopts))

    def on_alarm(self, node: int, name: str, peer: int | None) -> None:
        self.told.append((node, "alarm", name))

    def run(self, until_us: int = 10_000) -> None:
        self.scheduler.run_until(until_us)


def on_start(output: Output) -> Plan:
    """A plan that answers only the start."""
    return lambda event: output if isinstance(event, Start) else None


ROW = WriteBatch(rows=[(Column.META, 0, b"x")])


def test_first_event_is_start_and_all_others_means_others() -> None:
    """`Start` comes first; ALL_OTHERS reaches every other validator, not oneself; an own send is looped back."""
    rig = Rig(on_start(Output(send_now=[Send(ALL_OTHERS, b"all"), Send(2, b"two"), Send(0, b"self")])))
    rig.run()
    assert rig.logs[0] == [(0, Start()), (0, Received(0, b"self"))]
    assert rig.logs[1] == [(0, Start()), (100, Received(0, b"all"))]
    assert rig.logs[2] == [(0, Start()), (100, Received(0, b"all")), (100, Received(0, b"two"))]


def test_after_persist_waits_for_the_disk_and_send_now_does_not() -> None:
    """Nothing of `after_persist`, and no announcement, before the writes are durable."""
    committed = Committed(1, 2, bytes(32), bytes(32), 55, ())
    rig = Rig(
        on_start(
            Output(
                persist=ROW, safety=b"r", after_persist=[Send(1, b"later")], send_now=[Send(1, b"now")],
                committed=[committed], replies=[Reply(1, True, b"", "accepted", "", None)], alarms=[Alarm("odd", "")],
            )
        )
    )  # fmt: skip
    assert [item[1:] for item in rig.told if item[0] == 0] == [
        ("start", 0), ("reply", "accepted"), ("alarm", "odd"), ("send", b"now"),
    ]  # fmt: skip
    assert rig.nodes[0].disk.safety != b"r"
    assert rig.nodes[0].announced_timestamp_us == 77
    rig.run()
    assert [item[1:] for item in rig.told if item[0] == 0][4:] == [("send", b"later"), ("committed", 1)]
    assert rig.nodes[0].disk.safety == b"r"
    assert rig.nodes[0].announced_timestamp_us == 55
    assert [event for _, event in rig.logs[1]] == [Start(), Received(0, b"now"), Received(0, b"later")]


def test_safety_alone_is_written() -> None:
    """An output with nothing but a safety record still reaches the disk."""
    rig = Rig(on_start(Output(safety=b"only")))
    rig.run()
    assert rig.nodes[0].disk.safety == b"only"


def test_timers_by_name_replace_older_ones() -> None:
    """A newer timer of the same name replaces the older, whatever its time; other names stand."""
    rig = Rig(on_start(Output(timers=[SetTimer("round", 300, 1), SetTimer("idle", 200, 9), SetTimer("round", 400, 2)])))
    rig.run()
    assert rig.logs[0][1:] == [(200, TimerFired("idle", 9)), (400, TimerFired("round", 2))]


def test_timers_are_distances_of_the_own_clock() -> None:
    """A skewed clock shows in `now_us`; a timer still fires after its distance in true time."""
    rig = Rig(lambda event: Output(timers=[SetTimer("t", 1_000 + 250, 1)]) if isinstance(event, Received) else None)
    rig.nodes[0].skew_us = 1_000
    rig.nodes[0].receive(1, b"m")
    rig.run()
    assert rig.logs[0][1:] == [(1_000, Received(1, b"m")), (1_250, TimerFired("t", 1))]


def test_work_comes_back_with_verdicts_in_order() -> None:
    """Verdicts come in the order of the checks, after a delay by their number."""
    good = b"m"
    rig = Rig(lambda event: Output(work=[work]) if isinstance(event, Received) else None)
    signer = rig.signatures.signer(bytes(32))
    check = SignatureCheck(Scheme.ED25519, signer.public_key, good, signer.sign(good))
    work = Work(5, (check, check._replace(message=b"other"), check))
    rig.nodes[0].receive(1, b"go")
    rig.run()
    assert rig.logs[0][2] == (WORK_BASE_US + 3 * WORK_CHECK_US, WorkDone(5, (True, False, True)))


def test_crash_loses_what_is_not_durable_and_restart_reads_the_disk() -> None:
    """A crash loses timers, work, loop-backs and messages to it; the new replica gets the durable safety record."""
    rig = Rig(
        on_start(
            Output(
                persist=ROW, safety=b"r", after_persist=[Send(1, b"never")], timers=[SetTimer("t", 500, 1)],
                work=[Work(1, ())], send_now=[Send(0, b"self")],
            )
        )
    )  # fmt: skip
    node = rig.nodes[0]
    node.crash()
    node.disk.safety = b"durable"
    assert not node.is_up
    rig.nodes[1].receive(0, b"x")
    node.receive(1, b"lost")
    rig.run(5_000)
    assert rig.logs[0] == [(0, Start())]
    assert (0, "send", b"never") not in rig.told
    node.start()
    assert rig.built[-1] == (0, b"durable")
    assert rig.logs[0][-1] == (5_000, Start())


def test_old_life_does_not_reach_the_new_one() -> None:
    """Timers, work and syncs of before a crash never reach the replica after it."""
    first: list[int] = []

    def plan(event: Event) -> Output | None:
        if isinstance(event, Start) and not first:
            first.append(1)
            return Output(
                persist=ROW, after_persist=[Send(1, b"never")], timers=[SetTimer("t", 500, 1)], work=[Work(1, ())],
                send_now=[Send(0, b"self")],
            )  # fmt: skip
        return None

    rig = Rig(plan)
    rig.nodes[0].crash()
    rig.nodes[0].start()
    rig.run()
    assert rig.logs[0] == [(0, Start()), (0, Start())]
    assert (0, "send", b"never") not in rig.told


def test_pause_defers_and_resume_handles_in_order() -> None:
    """A paused process handles nothing, keeps everything, and goes on in order, its announcements included."""
    output = Output(persist=ROW, after_persist=[Send(1, b"later")], timers=[SetTimer("t", 500, 1)])
    rig = Rig(on_start(output))
    rig.nodes[0].pause()
    rig.nodes[0].receive(1, b"m")
    rig.run(2_000)
    assert rig.logs[0] == [(0, Start())]
    assert (0, "send", b"later") not in rig.told
    rig.nodes[0].resume()
    assert [event for _, event in rig.logs[0][1:]] == [Received(1, b"m"), TimerFired("t", 1)]
    assert (0, "send", b"later") in rig.told


def test_what_a_paused_process_held_dies_with_it() -> None:
    """SIGKILL after SIGSTOP."""
    rig = Rig(on_start(Output()))
    rig.nodes[0].pause()
    rig.nodes[0].receive(1, b"m")
    rig.nodes[0].crash()
    rig.nodes[0].start()
    assert not rig.nodes[0].paused
    rig.nodes[0].receive(1, b"n")
    assert [event for _, event in rig.logs[0]] == [Start(), Start(), Received(1, b"n")]


def test_links_are_told_as_events() -> None:
    """`PeerDown` and `PeerUp` reach a live replica, wait for a paused one, and are lost on a dead one."""
    rig = Rig(on_start(Output()))
    node = rig.nodes[0]
    node.note_link(2, False)
    node.pause()
    node.note_link(2, True)
    assert [event for _, event in rig.logs[0][1:]] == [PeerDown(2)]
    node.resume()
    assert [event for _, event in rig.logs[0][1:]] == [PeerDown(2), PeerUp(2)]
    node.crash()
    assert rig.crashed == [0]
    node.note_link(1, False)
    node.start()
    assert [event for _, event in rig.logs[0][3:]] == [Start()]
