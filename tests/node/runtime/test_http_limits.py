"""The HTTP port under slow, large, many and misled clients. Each bound is made small, none is waited for in full."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry

from chain.errors import MithqalError
from node.api.schema import MAX_BODY_BYTES, Tip, parse_body, respond
from node.runtime.http_answers import Answer, refusal_of
from node.runtime.http_limits import HttpBounds, is_allowed_host
from node.runtime.http_server import HttpServer, Rpc

pytestmark = pytest.mark.network

OK = b"HTTP/1.1 200 OK"


class Echo:
    """An `Rpc` that answers with the size of a body, or not before it is told to."""

    committed_since_start = 1

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: MithqalError | None = None

    def tip(self) -> Tip:
        return Tip(4, 5, 6, 7)

    async def answer(self, body: bytes) -> Answer:
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        try:
            parse_body(body)
        except MithqalError as error:
            return refusal_of(self.tip(), cast(Any, error))
        data = json.dumps(respond(self.tip(), 1, result=len(body))).encode()
        return Answer(data, 1, [], self.tip(), 0)


class Client:
    """A raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def end(self) -> bytes:
        """What comes until the server closes."""
        try:
            return await self.reader.read()
        except ConnectionError:
            return b""

    async def pour(self) -> None:
        """Write for ever; ConnectionError when the server has enough."""
        while True:
            self.writer.write(bytes(100_000))
            await self.writer.drain()

    async def ask(self, data: bytes) -> bytes:
        """The answer to a request: status line, headers and body."""
        self.writer.write(data)
        head = await self.reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return head + await self.reader.readexactly(size)


def request(body: bytes = b"1", *, host: bytes = b"127.0.0.1:80", kind: bytes = b"application/json") -> bytes:
    size = str(len(body)).encode()
    return b"POST / HTTP/1.1\r\nHost: %b\r\nContent-Type: %b\r\nContent-Length: %b\r\n\r\n" % (host, kind, size) + body


Story = Callable[[Echo, Callable[[], Awaitable[Client]]], Awaitable[None]]


def play(story: Story, bounds: HttpBounds | None = None) -> None:
    """Run a story against a server."""

    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            echo = Echo()
            server = HttpServer(cast(Rpc, echo), CollectorRegistry(), lambda: 7, listener, bounds)
            server.start()

            clients: list[Client] = []

            async def dial() -> Client:
                clients.append(Client(*await asyncio.open_connection("127.0.0.1", listener.getsockname()[1])))
                return clients[-1]

            try:
                await asyncio.wait_for(story(echo, dial), 20)
            finally:
                echo.gate.set()
                for client in clients:
                    client.writer.transport.abort()
                await asyncio.sleep(0)
                await server.stop()

    asyncio.run(run())


@pytest.mark.parametrize(
    "beginning",
    [b"", b"POST / HT", b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", request(b"12345")[:-1]],
    ids=["silence", "line", "header", "body"],
)
def test_a_slow_request_is_cut(beginning: bytes) -> None:
    """Header and body deadlines (slow-loris): from a connection's start to the end of its request."""

    async def story(echo: Echo, dial: Callable[[], Awaitable[Client]]) -> None:
        slow = await dial()
        slow.writer.write(beginning)
        assert await slow.end() == b""

    play(story, HttpBounds(request_us=100_000))


def test_a_trickle_does_not_extend_the_deadline() -> None:
    """The deadline counts from the first byte, not from the last one."""

    async def story(echo: Echo, dial: Callable[[], Awaitable[Client]]) -> None:
        slow = await dial()
        slow.writer.write(b"POST / HTTP/1.1\r\nX-Slow: ")
        while not slow.reader.at_eof():
            slow.writer.write(b"x")
            try:
                await asyncio.wait_for(slow.reader.read(), 0.01)
            except TimeoutError:
                continue
            except ConnectionError:
                break

    play(story, HttpBounds(request_us=100_000))


def test_an_answer_may_take_longer_than_a_request() -> None:
    """Long polls wait on us: only the receiving of a request has the deadline. Kept alive, the next one has its own."""

    async def story(echo: Echo, dial: Callable[[], Awaitable[Client]]) -> None:
        client = await dial()
        echo.gate.clear()
        asyncio.get_running_loop().call_later(0.3, echo.gate.set)
        assert (await client.ask(request())).startswith(OK)
        await asyncio.sleep(0.2)
        assert (await client.ask(request())).startswith(OK)
        client.writer.write(request()[:-1])
        assert await client.end() == b""

    play(story, HttpBounds(request_us=100_000))


@pytest.mark.parametrize(("size", "is_cut"), [(900, False), (1_100, True)])
def test_headers_are_bounded(size: int, is_cut: bool) -> None:
    """Nothing grows with a header that does not end."""

    async def story(echo: Echo, dial: Callable[[], Awaitable[Client]]) -> None:
        client = await dial()
        client.writer.write(b"GET /-/ready HTTP/1.1\r\nHost: localhost\r\nX-Long: ".ljust(size, b"x"))
        await asyncio.sleep(0.05)
        if is_cut:
            assert await client.end() == b""
        else:
            assert (await client.ask(b"\r\n\r\n")).startswith(OK)

    play(story, HttpBounds(head_bytes=1_000))


def test_a_huge_body_is_answered_before_it_is_read() -> None:
    """Above the limit of a call the answer names it; the rest is not kept, and not read for ever."""

    async def story(echo: Echo, dial: Callable[[], Awaitable[Client]]) -> None:
        client = await dial()
        limit = b" " * (MAX_BODY_BYTES - 1) + b"1"
        assert (await client.ask(request(limit))).startswith(OK)
        answer = await client.ask(request(b" " + limit))
        error = json.loads(answer.split(b"\r\n\r\n")[1])["error"]
        assert (error["code"], error["data"]) == (-32600, {"name": "request_too_large", "limit": MAX_BODY_BYTES})
        endless = await dial()
        endless.writer.write(request(b" " * 400_000).replace(b"Length: 400000", b"Length: 99999999999"))
        head = await endless.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(OK)
        with pytest.raises(ConnectionError):
            await endless.pour()

    play(story, HttpBounds(request_bytes=1_000_000))


def test_idle_connections_give_way_to_new_ones() -> None:
    """Many connections: above the bound the one goes that has waited longest, never the one that is being answered."""

    async def story(echo: Echo, dial: Callable[[], Awaitable[Client]]) -> None:
        echo.gate.clear()
        busy = await dial()
        busy.writer.write(request())
        await asyncio.sleep(0.05)
        idle = [await dial() for _ in range(20)]
        for client in idle[:-3]:
            assert await client.end() == b""
        fresh = await dial()
        echo.gate.set()
        assert (await fresh.ask(request())).startswith(OK)
        assert (await busy.reader.readuntil(b"\r\n\r\n")).startswith(OK)
        assert await idle[-3].end() == b""
        assert (await idle[-1].ask(request())).startswith(OK)

    play(story, HttpBounds(connections=4))


def test_when_all_are_busy_the_newest_is_refused() -> None:
    """What is being answered is never cut for a newcomer."""

    async def story(echo: Echo, dial: Callable[[], Awaitable[Client]]) -> None:
        echo.gate.clear()
        busy = [await dial() for _ in range(2)]
        for client in busy:
            client.writer.write(request())
        await asyncio.sleep(0.05)
        assert await (await dial()).end() == b""
        echo.gate.set()
        for client in busy:
            assert (await client.reader.readuntil(b"\r\n\r\n")).startswith(OK)

    play(story, HttpBounds(connections=2))


def test_malformed_http_gets_400_and_the_end() -> None:
    """Bytes that are no HTTP."""

    async def story(echo: Echo, dial: Callable[[], Awaitable[Client]]) -> None:
        for data in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"NONSENSE\r\n\r\n", b"GET / HTTP/9\r\n\r\n"):
            client = await dial()
            client.writer.write(data)
            assert (await client.end()).startswith(b"HTTP/1.1 400 ")

    play(story)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1", True), ("127.0.0.1:8080", True), ("localhost", True), ("LocalHost:1", True), ("[::1]:80", True),
        ("[::1]", True), ("10.1.2.3:80", True), ("node-1.example:80", True), ("evil.example", False),
        ("127.0.0.1.evil.example", False), ("localhost.evil.example:80", False), ("", False), ("[::1", False),
        ("[evil]", False),
    ],
)  # fmt: skip
def test_the_host_is_an_address_or_our_own_name(host: str, allowed: bool) -> None:
    """Host check against DNS rebinding (security 4.6)."""
    assert is_allowed_host([(b"accept", b"*/*"), (b"host", host.encode())], "node-1.example") is allowed


def test_no_host_and_two_hosts() -> None:
    """HTTP/1.0 names none; two are a contradiction."""
    assert is_allowed_host([], "127.0.0.1") is True
    assert is_allowed_host([(b"host", b"localhost"), (b"host", b"localhost")], "127.0.0.1") is False


@pytest.mark.parametrize("method", [b"GET /metrics", b"POST /", b"OPTIONS /"])
def test_another_host_gets_421_whatever_it_asks(method: bytes) -> None:
    """A page whose name was pointed at this machine reads nothing, submits nothing."""

    async def story(echo: Echo, dial: Callable[[], Awaitable[Client]]) -> None:
        client = await dial()
        answer = await client.ask(request(host=b"evil.example:80").replace(b"POST /", method))
        assert answer.startswith(b"HTTP/1.1 421 ")
        assert b"access-control" not in answer.lower()

    play(story)


def test_get_never_asks_the_machine() -> None:
    """GET never mutates: calls are POST only, and of type application/json, which no foreign form can send."""

    async def story(echo: Echo, dial: Callable[[], Awaitable[Client]]) -> None:
        client = await dial()
        for verb in (b"GET", b"PUT", b"DELETE", b"PATCH"):
            assert (await client.ask(request().replace(b"POST", verb))).startswith(b"HTTP/1.1 404 ")
        for kind in (b"text/plain", b"application/x-www-form-urlencoded", b"multipart/form-data", b""):
            answer = await client.ask(request(kind=kind))
            assert answer.startswith(OK)
            error = json.loads(answer.split(b"\r\n\r\n")[1])["error"]
            assert (error["code"], error["data"]["name"]) == (-32604, "content_type")

    play(story)


@pytest.mark.parametrize(
    "kind", [b"application/json; charset=utf-8", b"Application/JSON", b"APPLICATION/JSON ;charset=utf-8"]
)
def test_a_media_type_is_read_as_http_has_it(kind: bytes) -> None:
    """RFC 9110: 'the type and subtype tokens are case-insensitive'; parameters may follow."""

    async def story(echo: Echo, dial: Callable[[], Awaitable[Client]]) -> None:
        client = await dial()
        answer = await client.ask(request(kind=kind))
        assert "error" not in json.loads(answer.split(b"\r\n\r\n")[1])

    play(story)


def test_a_disk_that_fails_is_a_named_error_of_the_server() -> None:
    """A row that fails its checksum: an answer of JSON-RPC, not a broken connection."""

    async def story(echo: Echo, dial: Callable[[], Awaitable[Client]]) -> None:
        client = await dial()
        echo.error = MithqalError("a stored value fails its checksum", name="storage_corrupt")
        answer = json.loads((await client.ask(request())).split(b"\r\n\r\n")[1])
        assert answer["error"] == {
            "code": -32000, "message": "a stored value fails its checksum", "data": {"name": "storage_corrupt"},
        }  # fmt: skip
        assert answer["diem_ledger_version"] == 5

    play(story)


@pytest.mark.parametrize("seconds", ["%C2%B2", "9" * 30, "-1", "1.5", ""])
def test_an_odd_duration_is_no_question(seconds: str) -> None:
    """`/-/healthy?duration_secs=` of anything but a small whole number asks nothing."""

    async def story(echo: Echo, dial: Callable[[], Awaitable[Client]]) -> None:
        client = await dial()
        line = f"GET /-/healthy?duration_secs={seconds} HTTP/1.1\r\n\r\n"
        assert (await client.ask(line.encode("latin-1"))).startswith(OK)

    play(story)
