"""One TLS connection to another validator, from the end of its TLS handshake to its own end.

The protocol object under `node.runtime.links`, which decides who the peer is; here are bytes, time marks and flow
control. All of it runs on the event loop.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import cast

from chain.errors import MithqalError
from node.wire.framing import EMPTY_FRAME, FrameError, FrameReader
from node.wire.outbox import Outbox

READ_BYTES = 1 << 18
"""Room for one read."""
WRITE_BYTES = 1 << 17
"""Queued frames are joined into writes of about this size."""
WRITE_BUFFER_BYTES = 1 << 20
"""Encrypted or not, what may lie between us and the kernel; above it frames stay in the bounded queue."""
_MILLION = 1_000_000


class Link(asyncio.BufferedProtocol):
    """A connection. `peer` is the validator at its other end once its certificate says so, until then -1."""

    def __init__(
        self,
        max_frame: int,
        on_open: Callable[["Link", ssl.SSLObject], None],
        on_hello: Callable[["Link", bytes], None],
        on_frame: Callable[[int, bytes], None],
        on_end: Callable[["Link"], None],
    ) -> None:
        """`on_open` after TLS, `on_hello` for the first frame (a MithqalError of either refuses), `on_frame` then."""
        loop = asyncio.get_running_loop()
        self._clock = loop.time
        self._on_open, self._on_hello, self._on_frame, self._on_end = on_open, on_hello, on_frame, on_end
        self._reader = FrameReader(max_frame)
        self._transport: asyncio.Transport | None = None
        self._room = memoryview(b"")
        self._paused = False
        self._ended = False
        self._greeted: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        """Done when the connection is gone."""
        self.peer = -1
        self.key = b""
        """The key that the peer has proved to hold."""
        self.life = b""
        """Which process of the peer it is."""
        self.is_up = False
        self.is_refused = False
        """Whether it ends by itself once our last words are written."""
        self.failure: Exception | None = None
        """Why it ended before its time, if known."""
        self.heard_us = self.wrote_us = 0
        """When the last byte came and the last left us (loop time)."""
        self.unfinished_since_us: int | None = None
        """When the frame began that is not whole yet."""

    # --- what the owner does ---

    async def greeted(self) -> None:
        """Wait for the peer's hello; raises what ended the link instead."""
        await self._greeted
        if self.failure is not None:
            raise self.failure

    def write_from(self, outbox: Outbox) -> int:
        """Write what waits, until the transport has enough; gives the number of frames."""
        written = 0
        while len(outbox) and not self._paused and not self._ended:
            frames = outbox.take(WRITE_BYTES)
            written += len(frames)
            self.write(b"".join(frames))
        return written

    def write(self, data: bytes) -> None:
        """Write encoded frames now."""
        if self._transport is not None and not self._ended:
            self.wrote_us = self._now_us()
            self._transport.write(data)

    def ping_if_idle(self, now_us: int, after_us: int) -> None:
        """Send an empty frame where nothing was written for so long."""
        if now_us - self.wrote_us >= after_us and not self._paused:
            self.write(EMPTY_FRAME)

    def fail(self, error: Exception) -> None:
        """End the link for a reason; the first reason is kept."""
        if self.failure is None:
            self.failure = error
        if self.is_refused:
            self._settle()
        else:
            self.abort()

    def refuse(self, data: bytes) -> None:
        """Say why, and end as soon as that is written."""
        self.write(data)
        self._ended = self.is_refused = True
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End the link at once; nothing more is delivered or written."""
        self._ended = True
        if self._transport is not None:
            self._transport.abort()

    # --- what the loop calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TLS is done on our side."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(WRITE_BUFFER_BYTES)
        # asyncio does this only for sockets that it made itself, not for accepted ones
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._room = memoryview(bytearray(READ_BYTES))
        self.heard_us = self.wrote_us = self._now_us()
        try:
            self._on_open(self, transport.get_extra_info("ssl_object"))
        except MithqalError as error:
            self.fail(error)

    def get_buffer(self, _sizehint: int) -> memoryview:
        """Where the next bytes go."""
        return self._room

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes came."""
        if self._ended:
            return
        now_us = self.heard_us = self._now_us()
        try:
            payloads = self._reader.feed(self._room[:nbytes])
            if not self.is_up and payloads:
                self._on_hello(self, payloads.pop(0))
                self.is_up = True
                self._settle()
        except MithqalError as error:
            self.fail(error)
            return
        if not self._reader.pending:
            self.unfinished_since_us = None
        elif payloads or self.unfinished_since_us is None:
            self.unfinished_since_us = now_us
        for payload in payloads:
            if payload and not self._ended:
                self._on_frame(self.peer, payload)

    def pause_writing(self) -> None:
        """The transport has enough."""
        self._paused = True

    def resume_writing(self) -> None:
        """The transport can take more; the owner's next flush finds out."""
        self._paused = False
        self.on_room()

    def on_room(self) -> None:
        """Replaced by the owner: the transport has room again."""

    def eof_received(self) -> bool:
        """The peer is done, so are we."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The end, whoever wanted it."""
        self._ended = True
        if self.failure is None:
            self.failure = exc or FrameError("the peer closed the connection", name="peer_closed")
        self._room = memoryview(b"")
        self._settle()
        if not self.closed.done():
            self.closed.set_result(None)
        self._on_end(self)

    def _settle(self) -> None:
        """Wake who waits for the hello."""
        if not self._greeted.done():
            self._greeted.set_result(None)

    def _now_us(self) -> int:
        """Loop time."""
        return int(self._clock() * _MILLION)
