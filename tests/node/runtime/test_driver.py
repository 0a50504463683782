"""The driver's contract: order of writes and messages, grouping, timers, work, failures."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Coroutine

import pytest

from chain.crypto.signing import RealSignatures, SignatureCheck
from chain.errors import MithqalError
from chain.interface import (
    ALL_OTHERS,
    Committed,
    Event,
    Output,
    Received,
    Reply,
    Send,
    SetTimer,
    Start,
    Submitted,
    TimerFired,
    Work,
    WorkDone,
)
from chain.storage import Column, WriteBatch
from node.runtime.driver import Driver, merge, next_group
from tests.builders import key

OWN = 1


def row(number: int) -> WriteBatch:
    """A batch of one row."""
    return WriteBatch(rows=[(Column.BLOCK, number, b"x")])


def committed(height: int) -> Committed:
    """An announcement."""
    return Committed(height, height, bytes(32), bytes(32), height, ())


class Bench:
    """A scripted machine, a disk with a gate, and everything that happened, in order."""

    def __init__(self, script: Callable[[Event], Output]) -> None:
        """`script` is the machine."""
        self.script = script
        self.events: list[Event] = []
        self.happened: list[object] = []
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.driver = Driver(self, OWN, self, Safety(self), RealSignatures(), self, lambda: 0, self)

    def step(self, event: Event, now_us: int) -> Output:
        """The machine."""
        self.events.append(event)
        return self.script(event)

    def write(self, batch: WriteBatch) -> None:
        """The ledger's disk."""
        self.gate.wait(5)
        if self.error:
            raise self.error
        self.happened.append(("write", [number for _, number, _ in batch.rows]))

    def send(self, peer: int, frame: bytes) -> None:
        """A frame to one."""
        self.happened.append(("send", peer, frame))

    def broadcast(self, frame: bytes) -> None:
        """A frame to all others."""
        self.happened.append(("broadcast", frame))

    def on_committed(self, block: Committed) -> None:
        """An announcement."""
        self.happened.append(("committed", block.height))

    def on_alarm(self, name: str, message: str, peer: int | None) -> None:
        """An alarm."""
        self.happened.append(("alarm", name, peer))

    async def until(self, done: Callable[[], bool]) -> None:
        """Let the loop run until something holds."""
        async with asyncio.timeout(5):
            while not done():  # noqa: ASYNC110 - polls a script
                await asyncio.sleep(0.002)


class Safety:
    """The safety record's disk."""

    def __init__(self, bench: Bench) -> None:
        """Report to the bench."""
        self.bench = bench

    def store(self, payload: bytes) -> None:
        """A record."""
        self.bench.happened.append(("safety", payload))


def play(script: Callable[[Event], Output], story: Callable[[Bench], Coroutine[None, None, None]]) -> Bench:
    """Run a story with a fresh driver and stop it."""

    async def run() -> Bench:
        bench = Bench(script)
        bench.driver.start()
        try:
            await story(bench)
        finally:
            bench.gate.set()
            await bench.driver.stop()
        return bench

    return asyncio.run(run())


def test_nothing_of_after_persist_leaves_before_its_writes_and_all_earlier_ones() -> None:
    """D2 / the contract: persist, then safety, then after_persist and committed; send_now need not wait."""

    def script(event: Event) -> Output:
        match event:
            case Start():
                return Output(
                    persist=row(1), safety=b"s1", after_persist=[Send(ALL_OTHERS, b"vote")], send_now=[Send(0, b"now")],
                    committed=[committed(1)],
                )  # fmt: skip
            case Received(_, b"second"):
                return Output(after_persist=[Send(2, b"later")])
            case _:
                return Output()

    async def story(bench: Bench) -> None:
        bench.gate.clear()
        bench.driver.receive(0, b"second")
        await bench.until(lambda: len(bench.events) == 2)
        await asyncio.sleep(0.02)
        assert bench.happened == [("send", 0, b"now")]
        bench.gate.set()
        await bench.until(lambda: len(bench.happened) == 6)

    assert play(script, story).happened == [
        ("send", 0, b"now"), ("write", [1]), ("safety", b"s1"), ("broadcast", b"vote"), ("committed", 1),
        ("send", 2, b"later"),
    ]  # fmt: skip


def test_an_output_without_writes_waits_for_a_write_that_is_under_way() -> None:
    """D2: no message leaves before all earlier writes are durable, also where nothing waits but what the disk has."""

    def script(event: Event) -> Output:
        if isinstance(event, Received):
            return Output(after_persist=[Send(2, event.data)])
        return Output(persist=row(1), safety=b"s1")

    async def story(bench: Bench) -> None:
        bench.gate.clear()
        await bench.until(lambda: len(bench.events) == 1 and bench.driver.unsaved == 0)
        bench.driver.receive(0, b"later")
        await bench.until(lambda: len(bench.events) == 2)
        await asyncio.sleep(0.02)
        assert bench.happened == []
        bench.gate.set()
        await bench.until(lambda: len(bench.happened) == 3)

    assert play(script, story).happened == [("write", [1]), ("safety", b"s1"), ("send", 2, b"later")]


def test_outputs_that_pile_up_are_written_together_in_order() -> None:
    """Several queued outputs are one batch and one safety record, the last one."""

    def script(event: Event) -> Output:
        if isinstance(event, Received):
            number = event.data[0]
            return Output(persist=row(number), safety=event.data, after_persist=[Send(0, event.data)])
        return Output()

    async def story(bench: Bench) -> None:
        bench.gate.clear()
        bench.driver.receive(0, b"\x01")
        await bench.until(lambda: bench.driver.unsaved == 0 and len(bench.events) == 2)
        for number in (2, 3, 4):
            bench.driver.receive(0, bytes([number]))
        await bench.until(lambda: bench.driver.unsaved == 3)
        bench.gate.set()
        await bench.until(lambda: len(bench.happened) == 8)

    assert play(script, story).happened == [
        ("write", [1]), ("safety", b"\x01"), ("send", 0, b"\x01"), ("write", [2, 3, 4]), ("safety", b"\x04"),
        ("send", 0, b"\x02"), ("send", 0, b"\x03"), ("send", 0, b"\x04"),
    ]  # fmt: skip


def test_a_batch_that_adopts_is_written_alone() -> None:
    """WriteBatch.adopt: such a batch is written alone, in its turn, with its own record."""
    plain = [Output(persist=row(at)) for at in range(5)]
    adopting = Output(persist=WriteBatch(adopt=True), safety=b"s")
    waiting = deque([plain[0], plain[1], adopting, adopting, plain[2], plain[3]])
    groups = []
    while waiting:
        groups.append(next_group(waiting))
    assert groups == [plain[:2], [adopting], [adopting], plain[2:4]]
    assert merge([adopting]) == (adopting.persist, b"s")


def test_merge_keeps_the_last_record_that_there_is() -> None:
    """An output without a safety record does not erase an earlier one's."""
    batch, safety = merge([Output(persist=row(1), safety=b"a"), Output(persist=row(2))])
    assert [number for _, number, _ in batch.rows] == [1, 2]
    assert safety == b"a"
    assert merge([Output(), Output(safety=b"b")])[1] == b"b"
    assert merge([Output()]) == (WriteBatch(), None)


def test_a_send_to_oneself_comes_back_as_received() -> None:
    """A send to one's own index is looped back by the driver."""

    def script(event: Event) -> Output:
        return Output(after_persist=[Send(OWN, b"mine")]) if isinstance(event, Start) else Output()

    async def story(bench: Bench) -> None:
        await bench.until(lambda: len(bench.events) == 2)

    assert play(script, story).events == [Start(), Received(OWN, b"mine")]


def test_a_newer_timer_replaces_the_older_of_its_name() -> None:
    """SetTimer: "a newer timer of the same name replaces the older"."""

    def script(event: Event) -> Output:
        if isinstance(event, Start):
            return Output(timers=[SetTimer("round", 20_000, 1), SetTimer("idle", 0, 5), SetTimer("round", 40_000, 2)])
        return Output()

    async def story(bench: Bench) -> None:
        await bench.until(lambda: len(bench.events) == 3)
        await asyncio.sleep(0.05)

    assert play(script, story).events == [Start(), TimerFired("idle", 5), TimerFired("round", 2)]


def test_work_comes_back_with_verdicts_in_order() -> None:
    """Signatures are judged off the loop, and come back as WorkDone."""
    good = SignatureCheck(0, key(1).public_key, b"m", key(1).sign(b"m"))
    bad = good._replace(message=b"n")

    def script(event: Event) -> Output:
        return Output(work=[Work(9, (good, bad, good))]) if isinstance(event, Start) else Output()

    async def story(bench: Bench) -> None:
        await bench.until(lambda: len(bench.events) == 2)

    assert play(script, story).events[1] == WorkDone(9, (True, False, True))


def test_a_submission_gets_its_own_reply() -> None:
    """Replies go by request id."""

    def script(event: Event) -> Output:
        if isinstance(event, Submitted):
            return Output(replies=[Reply(event.request_id, True, event.envelope, "accepted", "", None)])
        return Output()

    async def story(bench: Bench) -> None:
        first, second = bench.driver.submit(b"a"), bench.driver.submit(b"b")
        assert ((await second).hash, (await first).hash) == (b"b", b"a")

    play(script, story)


def test_a_failed_write_ends_the_process_and_nothing_leaves() -> None:
    """D3: a failed sync stops the process; the message that needed it never leaves."""

    def script(event: Event) -> Output:
        return Output(persist=row(1), after_persist=[Send(0, b"vote")]) if isinstance(event, Start) else Output()

    async def story(bench: Bench) -> None:
        bench.error = MithqalError("no space left", name="storage_write_failed")
        with pytest.raises(MithqalError, match="no space left"):
            await asyncio.wait_for(bench.driver.failed, 5)

    assert play(script, story).happened == []


def test_a_broken_invariant_ends_the_process() -> None:
    """An AssertionError of the machine is not swallowed."""

    def script(event: Event) -> Output:
        raise AssertionError("broken")

    async def story(bench: Bench) -> None:
        with pytest.raises(AssertionError, match="broken"):
            await asyncio.wait_for(bench.driver.failed, 5)

    play(script, story)
