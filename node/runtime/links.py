"""The real transport among validators: one TLS link a pair, dialled by the higher index, healed for ever.

A link is up only after the peer's hello: under TLS 1.3 a refused client first sees success. Sending never waits; a full
queue drops its oldest frame.
"""

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from chain.errors import MithqalError
from node.runtime import tls
from node.wire.framing import FrameError, FrameReader, encode_frame
from node.wire.hello import VERSION, Hello, read_hello

HANDSHAKE_S = 5.0
"""Until TLS and both hellos must be done."""
KEEP_ALIVE_S = 1.0
"""An idle link sends an empty frame so often."""
SILENCE_S = 10.0
"""A link that says nothing for so long is dead."""
BACK_OFF_S = (0.05, 2.0)
"""First wait before dialling again, and the longest; it doubles."""
QUEUE_FRAMES = 4_096
QUEUE_BYTES = 32 << 20
MAX_HANDSHAKES = 64
"""Inbound connections that have not said hello yet."""
READ_BYTES = 1 << 16


@dataclass(slots=True)
class Counters:
    """For metrics."""

    sent: int = 0
    received: int = 0
    dropped: int = 0
    refused: int = 0
    links: int = 0


class Outbox:
    """What waits to be written to one peer."""

    def __init__(self, counters: Counters) -> None:
        """Empty."""
        self._frames: deque[bytes] = deque()
        self._size = 0
        self._counters = counters
        self.ready = asyncio.Event()

    def put(self, frame: bytes) -> None:
        """Add a frame; the oldest go if there are too many."""
        self._frames.append(frame)
        self._size += len(frame)
        while len(self._frames) > QUEUE_FRAMES or self._size > QUEUE_BYTES:
            self._size -= len(self._frames.popleft())
            self._counters.dropped += 1
        self.ready.set()

    def take(self) -> bytes:
        """Everything that waits, in one piece."""
        data = b"".join(self._frames)
        self._counters.sent += len(self._frames)
        self._frames.clear()
        self._size = 0
        self.ready.clear()
        return data


class Links:
    """All links of one validator."""

    def __init__(  # noqa: PLR0913 - the identity of a validator on its network, given once
        self,
        own_index: int,
        network_keys: list[bytes],
        network_secret: bytes,
        endpoints: list[tuple[str, int]],
        chain_id: int,
        genesis_hash: bytes,
        on_frame: Callable[[int, bytes], None],
        max_frame: int,
        on_link: Callable[[int, bool], None] | None = None,
    ) -> None:
        """`network_keys` and `endpoints` are by validator index; `on_frame(index, payload)` runs on the loop."""
        self._own = own_index
        self._keys = network_keys
        self._endpoints = endpoints
        self._hello = Hello(VERSION, chain_id, genesis_hash, own_index)
        self._on_frame = on_frame
        self._on_link = on_link or (lambda _index, _up: None)
        self._max_frame = max_frame
        others = [key for index, key in enumerate(network_keys) if index != own_index]
        self._server_context = tls.context(network_secret, others, server=True) if others else None
        self._client_context = tls.context(network_secret, others, server=False) if others else None
        self._outboxes: dict[int, Outbox] = {}
        self._writers: dict[int, asyncio.StreamWriter] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._handshakes = 0
        self.counters = Counters()

    async def start(self) -> int:
        """Listen, and dial every lower index for ever; gives the port."""
        if self._server_context is None:
            return 0
        host, port = self._endpoints[self._own]
        self._server = await asyncio.start_server(
            self._accepted, host, port, ssl=self._server_context, ssl_handshake_timeout=HANDSHAKE_S
        )
        for index in range(self._own):
            self._spawn(self._dial(index))
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Close everything; leaves no task behind."""
        if self._server is not None:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in list(self._writers.values()):
            writer.transport.abort()
        if self._server is not None:
            await self._server.wait_closed()
        await asyncio.sleep(0)

    def connected(self) -> list[int]:
        """Peers with a link that is up."""
        return sorted(self._outboxes)

    def send(self, index: int, payload: bytes) -> bool:
        """Queue a payload for a peer; False if there is no link."""
        outbox = self._outboxes.get(index)
        if outbox is None:
            return False
        outbox.put(encode_frame(payload, self._max_frame))
        return True

    def broadcast(self, payload: bytes) -> None:
        """Queue a payload for every peer with a link."""
        frame = encode_frame(payload, self._max_frame)
        for outbox in self._outboxes.values():
            outbox.put(frame)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run a task that `stop` ends."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Every inbound connection is a task that `stop` ends."""
        self._spawn(self._accept(reader, writer))

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A peer that passed TLS: its key must be a higher validator's; hello within the time."""
        key = tls.peer_key(writer.get_extra_info("ssl_object"))
        index = self._keys.index(key) if key in self._keys else -1
        if index <= self._own or self._handshakes >= MAX_HANDSHAKES:
            self.counters.refused += 1
            writer.transport.abort()
            return
        self._handshakes += 1
        try:
            frames = await asyncio.wait_for(self._greet(index, reader, writer, first=False), HANDSHAKE_S)
        except (OSError, MithqalError, TimeoutError, ssl.SSLError):
            self.counters.refused += 1
            writer.transport.abort()
            return
        finally:
            self._handshakes -= 1
        await self._serve(index, reader, writer, frames)

    async def _dial(self, index: int) -> None:
        """Keep a link to one lower validator."""
        wait = BACK_OFF_S[0]
        while True:
            try:
                wait = await self._dial_once(index, wait)
            except (OSError, MithqalError, TimeoutError, ssl.SSLError):
                self.counters.refused += 1
            await asyncio.sleep(wait)
            wait = min(2 * wait, BACK_OFF_S[1])

    async def _dial_once(self, index: int, wait: float) -> float:
        """One connection from start to end; gives the next wait."""
        host, port = self._endpoints[index]
        reader, writer = await asyncio.wait_for(
            asyncio.open_connection(
                host, port, ssl=self._client_context, server_hostname="", ssl_handshake_timeout=HANDSHAKE_S
            ),
            2 * HANDSHAKE_S,
        )
        try:
            if tls.peer_key(writer.get_extra_info("ssl_object")) != self._keys[index]:
                raise FrameError(f"another key answers at validator {index}'s address", name="wrong_key")
            frames = await asyncio.wait_for(self._greet(index, reader, writer, first=True), HANDSHAKE_S)
        except BaseException:
            writer.transport.abort()
            raise
        await self._serve(index, reader, writer, frames)
        return BACK_OFF_S[0] if wait else wait

    async def _greet(
        self, index: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, first: bool
    ) -> FrameReader:
        """Exchange hellos; the dialler speaks first. Raises FrameError for the wrong version, chain or index."""
        greeting = encode_frame(self._hello.to_bytes(), self._max_frame)
        if first:
            writer.write(greeting)
        size = int.from_bytes(await reader.readexactly(4), "big")
        if size > 128:
            raise FrameError(f"a hello of {size} bytes", name="bad_hello")
        hello = read_hello(await reader.readexactly(size), self._hello)
        if hello.author != index:
            raise FrameError(f"validator {index}'s key says it is {hello.author}", name="bad_hello")
        if not first:
            writer.write(greeting)
        return FrameReader(self._max_frame)

    async def _serve(
        self, index: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, frames: FrameReader
    ) -> None:
        """Carry frames until the link ends; a newer link of the same peer replaces an older one."""
        older = self._writers.get(index)
        if older is not None:
            older.transport.abort()
        outbox = Outbox(self.counters)
        self._writers[index], self._outboxes[index] = writer, outbox
        self.counters.links += 1
        self._on_link(index, True)
        writing = asyncio.ensure_future(self._write(outbox, writer))
        try:
            while True:
                data = await asyncio.wait_for(reader.read(READ_BYTES), SILENCE_S)
                if not data:
                    break
                for payload in frames.feed(data):
                    if payload:
                        self.counters.received += 1
                        self._on_frame(index, payload)
        except (OSError, MithqalError, TimeoutError, ssl.SSLError):
            pass
        finally:
            writing.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await writing
            writer.transport.abort()
            if self._writers.get(index) is writer:
                del self._writers[index]
                del self._outboxes[index]
                self._on_link(index, False)

    async def _write(self, outbox: Outbox, writer: asyncio.StreamWriter) -> None:
        """Write what is queued, all at once; an empty frame where nothing is."""
        while True:
            try:
                await asyncio.wait_for(outbox.ready.wait(), KEEP_ALIVE_S)
            except TimeoutError:
                writer.write(bytes(4))
            data = outbox.take()
            if data:
                writer.write(data)
            try:
                await writer.drain()
            except OSError:
                return
