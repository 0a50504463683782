"""The load of the bench: lanes that submit to one validator and ask another, over connections that stay open.

Everything that is sent was encoded before. All times are this process's monotonic clock in microseconds.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from chain.primitives import SECOND_US
from node.config import Endpoint
from node.lab.bench.crypto import Batch
from node.lab.bench.figures import BenchError, Report, Window

RETRY_S = 0.2
"""A batch that is refused is sent again after so long: the same transaction again does no harm."""
PATIENCE_US = 60 * SECOND_US
"""A batch that is not committed after so long means that the network does not work."""


def now_us() -> int:
    """The client's clock."""
    return time.monotonic_ns() // 1000


@dataclass(slots=True)
class Measured:
    """What the lanes saw."""

    window: Window
    """The timed part; its end comes early if the signed payments do not last."""
    reports: list[Report] = field(default_factory=list)
    refused: int = 0
    """Answers to `submit` that were errors; the batch was then sent again."""
    batches: list[int] = field(default_factory=list)
    """How many batches each lane used up."""

    def ran_dry(self) -> None:
        """A lane has nothing signed left: from here on the load is not whole."""
        self.window = Window(self.window.start_us, min(self.window.end_us, now_us()))


class Connection(asyncio.Protocol):
    """One HTTP/1.1 connection, one request at a time."""

    def __init__(self, endpoint: Endpoint, source: str | None = None) -> None:
        """Not connected yet."""
        self._endpoint, self._source = endpoint, source
        self._transport: asyncio.Transport | None = None
        self._data = bytearray()
        self._answer: asyncio.Future[bytes] | None = None

    async def open(self) -> None:
        """Connect; BenchError (`cannot_connect`)."""
        local, loop = None if self._source is None else (self._source, 0), asyncio.get_running_loop()
        self._data.clear()
        try:
            await loop.create_connection(lambda: self, *self._endpoint, local_addr=local)
        except OSError as error:
            host, port = self._endpoint
            raise BenchError(f"{host}:{port} does not answer: {error}", name="cannot_connect") from error

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Part of a response; a whole one is the answer."""
        self._data += data
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._data[:end]).lower()
        _, _, rest = head.partition(b"content-length:")
        size = int(rest.split(b"\r\n", 1)[0])
        if len(self._data) >= end + 4 + size and self._answer is not None and not self._answer.done():
            self._answer.set_result(bytes(self._data[end + 4 : end + 4 + size]))
            self._data.clear()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more comes."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(BenchError(f"a validator closed the connection: {exc}", name="cannot_connect"))

    async def ask(self, request: bytes) -> Any:
        """The JSON value of the response; BenchError (`cannot_connect`) if the connection ends."""
        assert self._transport is not None
        if self._transport.is_closing():  # an idle one, or one too many: a client opens another
            await self.open()
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return json.loads(await self._answer)

    def close(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.abort()


async def connect(endpoint: Endpoint, source: str | None = None) -> Connection:
    """Open a connection to a validator's RPC, from `source` if given; BenchError (`cannot_connect`)."""
    connection = Connection(endpoint, source)
    await connection.open()
    return connection


class _Lane:
    """Signed batches that follow one another, and the two connections that they take."""

    def __init__(self, batches: list[Batch], submit: Connection, ask: Connection) -> None:
        """`submit` and `ask` lead to different validators."""
        self._batches, self._submit, self._ask = batches, submit, ask
        self.used = 0

    @property
    def is_dry(self) -> bool:
        """Whether nothing signed is left."""
        return self.used >= len(self._batches)

    @property
    def next_payments(self) -> int:
        """Payments of a batch; all have as many."""
        return self._batches[0].payments

    async def run_one(self, began_us: int, measured: Measured) -> None:
        """Submit the next batch, and wait until the other validator reports all of it."""
        batch = self._batches[self.used]
        self.used += 1
        while now_us() < began_us + PATIENCE_US:
            answers = await self._submit.ask(batch.submit)
            refused = _errors(answers, batch.payments)
            measured.refused += refused
            if not refused and not _missing(await self._ask.ask(batch.wait)):
                measured.reports.append(Report(began_us, now_us(), batch.payments))
                return
            await asyncio.sleep(RETRY_S)
        raise BenchError(f"a batch was not committed in {PATIENCE_US // SECOND_US} s", name="not_committed")

    def close(self) -> None:
        """Close both connections."""
        self._submit.close()
        self._ask.close()


def _errors(answers: Any, payments: int) -> int:
    """How many submissions were refused; all of them if the whole request was."""
    if not isinstance(answers, list):
        return payments
    return sum("error" in answer for answer in answers)


def _missing(answers: Any) -> bool:
    """Whether a sender's last payment was not reported as executed."""
    if not isinstance(answers, list):
        return True
    return not all((answer.get("result") or {}).get("vm_status") == {"type": "executed"} for answer in answers)


async def run_load(
    endpoints: Sequence[Endpoint], lanes: list[list[Batch]], *, ramp_us: int, timed_us: int, rate: int | None
) -> Measured:
    """Connect, load the validators for `ramp_us` and then `timed_us`, and wait for what is under way.

    Without a rate each lane submits a batch as soon as its last one is committed. With one, batches leave at fixed
    moments, each by the lane that is idle for longest; time to finality then counts from the planned moment.
    """
    opened = [
        _Lane(
            batches, await connect(endpoints[at % len(endpoints)]), await connect(endpoints[(at + 1) % len(endpoints)])
        )
        for at, batches in enumerate(lanes)
    ]
    start_us = now_us() + ramp_us
    window = Window(start_us, start_us + timed_us)
    measured = Measured(window)
    try:
        if rate is None:
            await asyncio.gather(*(_keep_busy(lane, window.end_us, measured) for lane in opened))
        else:
            await _keep_pace(opened, start_us - ramp_us, measured, rate)
    finally:
        for lane in opened:
            lane.close()
    measured.batches = [lane.used for lane in opened]
    return measured


async def _keep_busy(lane: _Lane, end_us: int, measured: Measured) -> None:
    """One batch after the other."""
    while (began_us := now_us()) < end_us:
        if lane.is_dry:
            measured.ran_dry()
            return
        await lane.run_one(began_us, measured)


async def _keep_pace(lanes: list[_Lane], planned_us: int, measured: Measured, rate: int) -> None:
    """Batches at fixed moments, whatever becomes of the earlier ones."""
    idle = asyncio.Queue[_Lane]()
    for lane in lanes:
        idle.put_nowait(lane)
    tasks: set[asyncio.Task[None]] = set()

    async def run(lane: _Lane, planned_us: int) -> None:
        await lane.run_one(planned_us, measured)
        idle.put_nowait(lane)

    while planned_us < measured.window.end_us:
        await asyncio.sleep(max(0, planned_us - now_us()) / SECOND_US)
        lane = await idle.get()
        if lane.is_dry:
            measured.ran_dry()
            break
        tasks.add(asyncio.create_task(run(lane, planned_us)))
        planned_us += lane.next_payments * SECOND_US // rate
    await asyncio.gather(*tasks)
