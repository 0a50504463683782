"""What a client of the HTTP port may cost: connections, time and bytes of a request, and names of the host.

uvicorn bounds none of these. A connection that has no request under way may be closed for a newer one, so that idle or
slow connections, however many, never keep a client out.
"""

from asyncio import TimerHandle, Transport
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class HttpBounds:
    """Every bound of the HTTP port. Tests make them smaller."""

    connections: int = 512
    """Open at once; above it the one goes that has waited longest without a request under way."""
    request_us: int = 10_000_000
    """From a connection's start, or a request's first byte, to the end of that request."""
    head_bytes: int = 32 << 10
    """Request line and headers; what comes in one read is looked at as a whole."""
    request_bytes: int = 8 << 20
    """All of a request. A body above what a call may have is answered, and read up to here for politeness only."""


class Bounded(HttpToolsProtocol):
    """A connection that is cut when it is too slow, too large, or in the way."""

    bounds: ClassVar[HttpBounds]
    open_now: ClassVar[dict["Bounded", None]]
    """All connections of one server, the one whose request began longest ago first."""
    _deadline: TimerHandle | None = None
    _bytes = 0
    _in_head = True

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Wait for the first request, at the cost of an older idle connection if need be."""
        super().connection_made(transport)
        self.open_now[self] = None
        self._arm()
        if len(self.open_now) > self.bounds.connections:
            next((one for one in self.open_now if not one.is_busy()), self).cut()

    def is_busy(self) -> bool:
        """Whether a whole request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body

    def cut(self) -> None:
        """Close at once."""
        self.open_now.pop(self, None)
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end."""
        self.open_now.pop(self, None)
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes came; too many without an end of the headers, or of the request, cut the connection."""
        self._bytes += len(data)
        super().data_received(data)
        if self._bytes > (self.bounds.head_bytes if self._in_head else self.bounds.request_bytes):
            self.cut()

    def on_message_begin(self) -> None:
        """A request's first byte."""
        self.open_now.pop(self, None)
        self.open_now[self] = None
        self._arm()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its body follows."""
        self._in_head = False
        super().on_headers_complete()

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


def bounded_protocol(bounds: HttpBounds) -> type[Bounded]:
    """The connection class of one server."""
    return type("BoundedHere", (Bounded,), {"bounds": bounds, "open_now": {}})


def is_allowed_host(headers: list[tuple[bytes, bytes]], own_host: str) -> bool:
    """Whether a request is meant for us: its Host is an address, `localhost`, our own name, or not there at all.

    A page of a stranger whose name was pointed at this machine (DNS rebinding) still sends that name.
    """
    hosts: list[Any] = [value for name, value in headers if name == b"host"]
    if len(hosts) != 1:
        return not hosts
    name = hosts[0].decode("latin-1").strip().lower()
    name = name[1:].partition("]")[0] if name.startswith("[") and "]" in name else name.partition(":")[0]
    if name in ("localhost", own_host.lower()):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
