"""What a connection to the HTTP port may cost: its number, time and bytes, and what it leaves unread.

uvicorn bounds none of these. Where there are too many, the address with the most connections loses one, an idle one if
it has any, so that idle or slow connections, however many, never keep the clients of other addresses out.
"""

from asyncio import Task, TimerHandle, Transport
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from node.runtime.http_budget import CallBudget

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class HttpBounds:
    """Every bound of the HTTP port. Tests make them smaller."""

    connections: int = 512
    """Open at once; above it one of the address with the most of them goes."""
    request_us: int = 10_000_000
    """From a connection's start, or a request's first byte, to the end of that request."""
    head_bytes: int = 32 << 10
    """Request line and headers; what comes in one read is looked at as a whole."""
    request_bytes: int = 8 << 20
    """All of a request. A body above what a call may have is answered, and read up to here for politeness only."""
    in_debt: int = 8
    """Of an address that has used up its budget: enough to be told so; more are turned away."""
    hold_us: int = 500_000
    """Its new connections are not read for so long."""
    pipelined: int = 16
    """Requests of one connection that wait while one is answered."""
    unread_us: int = 10_000_000
    """How long a client may leave an answer unread."""
    unread_bytes: int = 32 << 20
    """Of all answers that clients leave unread; above it the connection goes that holds most of it."""


class Bounded(HttpToolsProtocol):
    """A connection that is cut when it is too slow, too large, or in the way."""

    bounds: ClassVar[HttpBounds]
    open_now: ClassVar[dict[str, dict["Bounded", None]]]
    """All connections of one server by address, each address's in the order of their requests' beginnings."""
    budget: ClassVar[CallBudget]
    unread: ClassVar[dict["Bounded", None]]
    """Those whose client does not read as fast as we write."""
    group = ""
    """The address that it counts for."""
    is_gone = False
    answering: Task[object] | None = None
    """The task of the application, while it answers."""
    _running: RequestResponseCycle | None = None
    _deadline: TimerHandle | None = None
    _unread_deadline: TimerHandle | None = None
    _early: bytearray | None = None
    """What came while an address in debt has to wait."""
    _bytes = 0
    _in_head = True

    @classmethod
    def is_refused(cls, group: str) -> bool:
        """Whether a new connection of an address is turned away; it costs the address little, as it costs us."""
        if len(cls.open_now.get(group, ())) < cls.bounds.in_debt or not cls.budget.is_in_debt(group):
            return False
        cls.budget.charge_turned_away(group)
        return True

    def enter(self, group: str) -> None:
        """Count from now on, at the cost of another connection if need be, though the transport is still to come."""
        self.group = group
        self.open_now.setdefault(group, {})[self] = None
        self._arm()
        self.budget.charge_connection(group)
        if sum(map(len, self.open_now.values())) > self.bounds.connections:
            most = max(self.open_now.values(), key=len)
            next((one for one in most if not one.is_busy()), next(reversed(most))).cut()

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Wait for the first request; who is in debt waits longer."""
        super().connection_made(transport)
        if self.is_gone:
            transport.abort()
        elif self.budget.is_in_debt(self.group):
            self._early = bytearray()
            self.loop.call_later(self.bounds.hold_us / _MILLION, self._listen)

    def _listen(self) -> None:
        """Read what was left unread on purpose."""
        early, self._early = self._early, None
        if not self.is_gone and early is not None:
            self.flow.resume_reading()
            if early:
                self.data_received(bytes(early))

    def is_busy(self) -> bool:
        """Whether a whole request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body

    def cut(self) -> None:
        """Close at once."""
        self.budget.charge_garbage(self.group)
        self.leave()
        if self.transport is not None:
            self.transport.abort()

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP."""
        self.budget.charge_garbage(self.group)
        super().send_400_response(msg)

    def connection_lost(self, exc: Exception | None) -> None:
        """The end."""
        self.leave()
        super().connection_lost(exc)

    def leave(self) -> None:
        """It counts no more, and nobody works for it: uvicorn would go on, and write into a closed socket."""
        self.is_gone = True
        if self._running is not None:
            self._running.disconnected = True
        if self.answering is not None:
            self.answering.cancel()
        mine = self.open_now.get(self.group, {})
        mine.pop(self, None)
        if not mine:
            self.open_now.pop(self.group, None)
        self._disarm()
        self._all_read()

    def pause_writing(self) -> None:
        """The client leaves unread what we write: not for ever, and not too much."""
        super().pause_writing()
        self.unread[self] = None
        self._unread_deadline = self.loop.call_later(self.bounds.unread_us / _MILLION, self.cut)
        sizes = {one: one.transport.get_write_buffer_size() for one in self.unread}
        if sum(sizes.values()) > self.bounds.unread_bytes:
            max(sizes, key=lambda one: sizes[one]).cut()

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        self._all_read()

    def _all_read(self) -> None:
        """Nothing of it waits to be read."""
        self.unread.pop(self, None)
        if self._unread_deadline is not None:
            self._unread_deadline.cancel()
            self._unread_deadline = None

    def data_received(self, data: bytes) -> None:
        """Bytes came; too many without an end of the headers, or of the request, cut the connection."""
        if self._early is not None:  # uvloop reads once more, whatever we say before
            self._early += data
            self.flow.pause_reading()
            return
        self._bytes += len(data)
        super().data_received(data)
        if self._bytes > (self.bounds.head_bytes if self._in_head else self.bounds.request_bytes):
            self.cut()

    def on_message_begin(self) -> None:
        """A request's first byte."""
        mine = self.open_now.get(self.group, {})
        if self in mine:
            mine[self] = mine.pop(self)
        self._arm()
        super().on_message_begin()
        self.scope["connection"] = self  # type: ignore[typeddict-unknown-key]

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Remember which request is being answered: of several that were sent ahead, uvicorn knows the last only."""
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def on_headers_complete(self) -> None:
        """Its body follows. What is sent ahead of answers is bounded: each request that waits costs memory."""
        self._in_head = False
        super().on_headers_complete()
        if len(self.pipeline) > self.bounds.pipelined:
            self.cut()
            raise ConnectionAbortedError("too many requests ahead of their answers")

    def on_message_complete(self) -> None:
        """All of it is here."""
        self._in_head, self._bytes = True, 0
        self._disarm()
        super().on_message_complete()

    def _arm(self) -> None:
        """Start the deadline of a request."""
        self._disarm()
        self._deadline = self.loop.call_later(self.bounds.request_us / _MILLION, self.cut)

    def _disarm(self) -> None:
        """No request is being received."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def bounded_protocol(bounds: HttpBounds, budget: CallBudget) -> type[Bounded]:
    """The connection class of one server."""
    return type("BoundedHere", (Bounded,), {"bounds": bounds, "budget": budget, "open_now": {}, "unread": {}})


def is_allowed_host(headers: list[tuple[bytes, bytes]], own_host: str) -> bool:
    """Whether a request is meant for us: its Host is an address, `localhost`, our own name, or not there at all.

    A page of a stranger whose name was pointed at this machine (DNS rebinding) still sends that name.
    """
    hosts: list[Any] = [value for name, value in headers if name == b"host"]
    if len(hosts) != 1:
        return not hosts
    return _is_here(hosts[0], own_host)


@lru_cache(256)
def _is_here(host: bytes, own_host: str) -> bool:
    """Whether that is how a client that means us calls us."""
    name = host.decode("latin-1").strip().lower()
    name = name[1:].partition("]")[0] if name.startswith("[") and "]" in name else name.partition(":")[0]
    if name in ("localhost", own_host.lower()):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
