"""Proxies on loopback between validators: each ordered pair that dials has a port, and both directions can be bent.

TLS goes through unread, so no message can be lost by itself, nor any byte: TCP would bring it again. A partition holds
the bytes of one direction until it heals. Loss is what an application sees of it: now and then a piece waits for a
retransmission (200 ms and more, all behind it wait too), and now and then the connection breaks.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from chain.primitives import SECOND_US
from node.config import Endpoint
from node.lab.chaos.rules import now_us
from node.sim.entropy import Stream

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
PIECE = 1 << 16
RETRANSMIT_US = 200_000
"""The least time until TCP sends lost bytes again (RFC 6298 allows less than its one second; Linux waits 200 ms)."""
BREAK_PPM = 50_000
"""Of the losses, so many of a million break the connection."""
MAX_HELD = 32 << 20
"""Bytes held of one direction; above it the sender is not read, as by a full socket."""


class Way:
    """One direction between two validators: how it is bent now."""

    def __init__(self) -> None:
        """Straight."""
        self.open = asyncio.Event()
        self.open.set()
        self.delay_us = 0
        self.loss_ppm = 0


class Proxy:
    """All proxies of one network. `start` in a running loop, `stop` once."""

    def __init__(self, endpoints: Sequence[Endpoint], draws: Stream, delay_us: int = 0) -> None:
        """`endpoints` are where the validators listen; `delay_us` is what every way takes at least."""
        self._endpoints, self._draws, self._base_us = list(endpoints), draws, delay_us
        count = len(self._endpoints)
        self._ways = {(a, b): Way() for a in range(count) for b in range(count) if a != b}
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.routes: dict[int, dict[int, int]] = {index: {} for index in range(count)}
        """By validator: at which port it reaches which other one."""
        self.lost = 0
        """Pieces that waited for a retransmission, or broke their connection."""

    async def start(self) -> None:
        """Listen for every pair: the higher number dials the lower."""
        for dialler in range(len(self._endpoints)):
            for target in range(dialler):
                server = await asyncio.start_server(self._handler(dialler, target), "127.0.0.1", 0)
                self._servers.append(server)
                self.routes[dialler][target] = server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close everything."""
        for server in self._servers:
            server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for _ in range(3):  # connections that were cut close in the loop's next turns
            await asyncio.sleep(0)

    def cut(self, source: int, target: int, *, is_cut: bool) -> None:
        """Hold all bytes from one validator to another, or let them go."""
        way = self._ways[source, target]
        if is_cut:
            way.open.clear()
        else:
            way.open.set()

    def slow(self, index: int, *, delay_us: int, loss_ppm: int) -> None:
        """Make both directions of all links of a validator slow or lossy; zeros heal them."""
        for pair, way in self._ways.items():
            if index in pair:
                way.delay_us, way.loss_ppm = delay_us, loss_ppm

    def heal(self) -> None:
        """Every way is straight again."""
        for way in self._ways.values():
            way.open.set()
            way.delay_us = way.loss_ppm = 0

    # --- one connection ---

    def _handler(self, dialler: int, target: int) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        """What a server calls for each connection of a pair."""

        def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._join(dialler, target, (reader, writer)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        return handle

    async def _join(self, dialler: int, target: int, near: Ends) -> None:
        """Dial the target, and pass bytes on in both directions until one of them ends."""
        try:
            far = await asyncio.open_connection(*self._endpoints[target])
            try:
                await self._pass_on(
                    _Pipe(self._ways[dialler, target], near[0], far[1]),
                    _Pipe(self._ways[target, dialler], far[0], near[1]),
                )
            finally:
                far[1].transport.abort()
        except OSError:
            pass  # the dialler sees a broken connection, as it would without us
        finally:
            near[1].transport.abort()

    async def _pass_on(self, *pipes: "_Pipe") -> None:
        """Pump pipes until one of them ends, for whatever reason."""
        work = [pump(pipe) for pipe in pipes for pump in (self._read, self._write)]
        pumps = [asyncio.create_task(item) for item in work]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)

    async def _read(self, pipe: "_Pipe") -> None:
        """Take pieces as they come, each with the moment at which it is due."""
        while True:
            data = await pipe.reader.read(PIECE)
            if not data or not self._is_kept(pipe):
                return
            pipe.put(now_us() + self._base_us + pipe.way.delay_us, data)
            await pipe.room()

    def _is_kept(self, pipe: "_Pipe") -> bool:
        """Whether the connection survives this piece; a loss makes it, and all behind it, late."""
        if not self._draws.chance(pipe.way.loss_ppm):
            return True
        self.lost += 1
        pipe.late_until_us = now_us() + RETRANSMIT_US
        return not self._draws.chance(BREAK_PPM)

    async def _write(self, pipe: "_Pipe") -> None:
        """Pass pieces on in their order, none before its time, none while the way is cut."""
        while True:
            due_us, data = await pipe.take()
            await asyncio.sleep(max(0, max(due_us, pipe.late_until_us) - now_us()) / SECOND_US)
            await pipe.way.open.wait()
            pipe.writer.write(data)
            await pipe.writer.drain()


class _Pipe:
    """Bytes under way in one direction of one connection."""

    def __init__(self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Empty."""
        self.way, self.reader, self.writer = way, reader, writer
        self.late_until_us = 0
        self._pieces: deque[tuple[int, bytes]] = deque()
        self._held = 0
        self._filled, self._drained = asyncio.Event(), asyncio.Event()

    def put(self, due_us: int, data: bytes) -> None:
        """A piece."""
        self._pieces.append((due_us, data))
        self._held += len(data)
        self._filled.set()

    async def take(self) -> tuple[int, bytes]:
        """The oldest piece, once there is one."""
        while not self._pieces:
            self._filled.clear()
            await self._filled.wait()
        due_us, data = self._pieces.popleft()
        self._held -= len(data)
        self._drained.set()
        return due_us, data

    async def room(self) -> None:
        """Wait while too much is held."""
        while self._held > MAX_HELD:
            self._drained.clear()
            await self._drained.wait()
