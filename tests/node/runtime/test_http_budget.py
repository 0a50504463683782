"""Budgets of the HTTP port: what calls cost, what is told to whom is above it, and what a flood cannot do."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from node.api.schema import RpcError, Tip, respond
from node.lab.bench.own_network import own_address
from node.runtime.http_answers import Answer, refusal_of
from node.runtime.http_budget import CallBudget, Prices
from node.runtime.http_limits import HttpBounds, bounded_protocol
from node.runtime.http_server import HttpServer, Rpc
from node.wire.budget import MOST_DEBT
from tests.node.runtime.peers import until
from tests.node.runtime.test_http_limits import OK, Client, request

TIP = Tip(4, 5, 6, 7)
PRICES = Prices(per_s=100, burst=200, refused=100, call=1, connection=1, hold_us=1_000)
SLOW = replace(PRICES, per_s=1)
"""A debt that lasts as long as a test."""


def answer(*refusals: str, calls: int = 1, size: int = 0, busy_us: int = 0) -> Answer:
    return Answer(bytes(size), calls, list(refusals), TIP, busy_us)


def test_refused_calls_cost_most_and_each_address_has_its_own_budget() -> None:
    """'per-IP token bucket': two bad transactions use up what two hundred good calls would."""
    budget = CallBudget(lambda: 0, PRICES)
    budget.charge("1.1.1.1", answer("invalid_signature", "invalid_signature", calls=2))
    refusal = budget.refusal("1.1.1.1")
    assert refusal is not None
    assert (refusal.status, refusal.retry_after_s, refusal.error.name) == (429, 1, "too_many_requests")
    assert budget.refusal("2.2.2.2") is None
    for _ in range(199):
        budget.charge("2.2.2.2", answer())
    assert budget.refusal("2.2.2.2") is None
    assert budget.refused == 1


def test_what_says_busy_costs_no_more_than_an_answer() -> None:
    """A full mempool is not the client's fault."""
    budget = CallBudget(lambda: 0, PRICES)
    budget.charge("1.1.1.1", answer(*["mempool_is_full"] * 20, calls=20))
    assert budget.refusal("1.1.1.1") is None


@pytest.mark.parametrize("costs", [{"size": 1_000_000}, {"busy_us": 10_000}])
def test_large_and_long_answers_cost(costs: dict[str, int]) -> None:
    """Bytes, and the loop's time for pages."""
    budget = CallBudget(lambda: 0, PRICES)
    budget.charge("1.1.1.1", answer(**costs))
    assert budget.refusal("1.1.1.1") is not None


def test_all_together_have_a_budget_too() -> None:
    """'and global token bucket': 503 for who has spent nothing itself."""
    budget = CallBudget(lambda: 0, PRICES)
    for number in range(7):
        budget.charge(f"1.1.1.{number}", answer("parse_error"))
    assert budget.refusal("2.2.2.2") is None
    budget.charge("1.1.1.7", answer("parse_error"))
    refusal = budget.refusal("2.2.2.2")
    assert refusal is not None
    assert (refusal.status, refusal.error.name) == (503, "overloaded")


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 200), st.integers(0, 400_000)), max_size=60))
def test_one_address_never_uses_up_everybody_s_budget(steps: list[tuple[int, int, int]]) -> None:
    """'One address alone never uses it up', whatever it sends and however fast; others are served all the time."""
    now = [0]
    budget = CallBudget(lambda: now[0], PRICES)
    for garbage, closed, pause_us in steps:
        now[0] += pause_us
        for _ in range(garbage):
            budget.charge_connection("1.1.1.1")
            budget.charge_garbage("1.1.1.1")
        for _ in range(closed):
            budget.charge_turned_away("1.1.1.1")
        budget.charge_time("1.1.1.1", 10_000)
        budget.charge("1.1.1.1", answer("parse_error", size=10_000_000))
        assert budget.refusal("2.2.2.2") is None


def test_the_budget_of_all_is_above_the_worst_of_one() -> None:
    """'more than a burst and the most debt of one'."""
    assert Prices().addresses > 1 + MOST_DEBT


@pytest.mark.parametrize(
    ("charge", "tokens"),
    [
        (lambda budget: budget.charge_connection("a"), 3),
        (lambda budget: budget.charge_turned_away("a"), 1),
        (lambda budget: budget.charge_garbage("a"), 50),
        (lambda budget: budget.charge_time("a", 39), 3),
        (lambda budget: budget.charge_time("a", 40), 4),
    ],
    ids=["connection", "turned_away", "garbage", "short", "long"],
)
def test_what_is_no_call_has_its_price(charge: Callable[[CallBudget], None], tokens: int) -> None:
    """What is no call costs as much as a refused one; a connection that is closed as soon as it is there, little."""
    prices = Prices(per_s=1, burst=1_000, call=2, refused=50, connection=3, turned_away=1, us_a_token=20)
    for spare, refused in ((1, False), (0, True)):
        budget = CallBudget(lambda: 0, prices)
        budget.charge("a", answer(calls=(1_000 - tokens - spare) // 2, size=1_000 * ((1_000 - tokens - spare) % 2)))
        charge(budget)
        assert budget.is_in_debt("a") is refused


def test_who_is_in_debt_is_turned_away_above_a_few_connections_until_it_is_paid() -> None:
    """'Of an address that has used up its budget: enough to be told so; more are turned away.'"""
    now = [0]
    budget = CallBudget(lambda: now[0], PRICES)
    protocol = bounded_protocol(HttpBounds(in_debt=2), budget)
    full: Any = {object(): None, object(): None}
    protocol.open_now["a"] = protocol.open_now["b"] = full
    protocol.open_now["c"] = dict(list(full.items())[:1])
    assert not protocol.is_refused("a")
    for group in ("a", "c"):
        budget.charge(group, answer("parse_error", "parse_error", calls=2))
    assert [protocol.is_refused(group) for group in "abc"] == [True, False, False]
    now[0] = 20_000  # one token for what was owed, and one for who was turned away
    assert not protocol.is_refused("a")
    assert budget.refusal("a") is None


def test_dialling_in_debt_costs_its_price() -> None:
    """Who dials again and again stays in debt, but not longer than the most."""
    budget = CallBudget(lambda: 0, PRICES)
    protocol = bounded_protocol(HttpBounds(in_debt=0), budget)
    budget.charge("a", answer("parse_error", "parse_error", calls=2))
    assert all(protocol.is_refused("a") for _ in range(1_000))
    refusal = budget.refusal("a")
    assert refusal is not None
    assert refusal.retry_after_s == (MOST_DEBT * PRICES.burst + 1) // PRICES.per_s + 1


Story = Callable[[Callable[[], Awaitable[Client]]], Awaitable[None]]


class Refusing:
    """An `Rpc` whose answer to everything is the same."""

    committed_since_start = 1

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.cancelled = asyncio.Event()
        self.gate: asyncio.Event | None = None

    def tip(self) -> Tip:
        return TIP

    async def answer(self, body: bytes) -> Answer:
        if self.gate is not None:
            try:
                await self.gate.wait()
            except asyncio.CancelledError:
                self.cancelled.set()
                raise
        if not self.name:
            return Answer(json.dumps(respond(TIP, 1, result=1)).encode(), 1, [], TIP, 0)
        return refusal_of(TIP, RpcError(-32000, "no", name=self.name))


def play(rpc: Refusing, story: Story, bounds: HttpBounds | None = None, prices: Prices = PRICES) -> HttpServer:
    """Run a story against a server."""
    servers = []

    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = HttpServer(cast(Rpc, rpc), CollectorRegistry(), lambda: 7, listener, bounds, prices)
            servers.append(server)
            server.start()
            clients: list[Client] = []

            async def dial() -> Client:
                clients.append(Client(*await asyncio.open_connection("127.0.0.1", listener.getsockname()[1])))
                return clients[-1]

            try:
                await asyncio.wait_for(story(dial), 20)
            finally:
                for client in clients:
                    client.writer.transport.abort()
                await asyncio.sleep(0)
                await server.stop()

    asyncio.run(run())
    return servers[0]


@pytest.mark.network
def test_who_asks_too_much_gets_429_and_when_to_come_back() -> None:
    """'HTTP 429 with Retry-After and a clear JSON-RPC error', before the body is looked at."""

    async def story(dial: Callable[[], Awaitable[Client]]) -> None:
        client = await dial()
        for _ in range(2):
            assert (await client.ask(request())).startswith(OK)
        told = await client.ask(request())
        head, _, body = told.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 429 ")
        assert b"retry-after: 1" in head
        error = json.loads(body)["error"]
        assert error["data"] == {"name": "too_many_requests", "retry_after_s": 1}

    assert play(Refusing("invalid_signature"), story, prices=replace(PRICES, per_s=10)).budget.refused == 1


@pytest.mark.network
def test_too_many_long_polls_are_503() -> None:
    """'503 with Retry-After' where it is the validator that cannot."""

    async def story(dial: Callable[[], Awaitable[Client]]) -> None:
        told = await (await dial()).ask(request())
        assert told.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 1" in told

    play(Refusing("too_many_waiting"), story)


@pytest.mark.network
def test_an_address_in_debt_keeps_few_connections() -> None:
    """Dialling again and again does not help: above a few, connections of that address are cut unread."""

    async def story(dial: Callable[[], Awaitable[Client]]) -> None:
        client = await dial()
        for _ in range(3):
            await client.ask(request())
        held = await dial()
        with suppress(ConnectionResetError):  # it may hear of it before it hears that it is connected
            assert await (await dial()).end() == b""
        assert (await held.ask(request())).startswith(b"HTTP/1.1 429 ")

    play(Refusing("invalid_signature"), story, HttpBounds(in_debt=2, hold_us=10_000), SLOW)


@pytest.mark.network
@pytest.mark.parametrize(
    "garbage",
    [
        request().replace(b"POST /", b"GET /nothing"),
        request(host=b"evil.example"),
        request(kind=b"text/plain"),
    ],
    ids=["path", "host", "type"],
)
def test_what_is_no_call_costs_like_a_refused_one(garbage: bytes) -> None:
    """Another path, host or type: after two of them the address is in debt, and hears it whatever it asks."""

    async def story(dial: Callable[[], Awaitable[Client]]) -> None:
        client = await dial()
        for _ in range(2):
            assert not (await client.ask(garbage)).startswith(b"HTTP/1.1 429 ")
        assert (await client.ask(request())).startswith(b"HTTP/1.1 429 ")
        assert (await client.ask(request().replace(b"POST", b"PUT"))).startswith(b"HTTP/1.1 429 ")
        assert (await client.ask(request().replace(b"POST /", b"GET /metrics"))).startswith(b"HTTP/1.1 429 ")

    play(Refusing(), story, prices=SLOW)


@pytest.mark.network
def test_nobody_asks_on_another_s_budget() -> None:
    """Whose budget it is says the connection, and no header: 'behind a proxy all clients are one address'."""

    async def story(dial: Callable[[], Awaitable[Client]]) -> None:
        client = await dial()
        for address in (b"9.9.9.1", b"9.9.9.2"):
            named = b"\r\nX-Forwarded-For: %b\r\nContent-Type" % address
            await client.ask(request(host=b"evil.example").replace(b"\r\nContent-Type", named))
        named = b"\r\nX-Forwarded-For: 9.9.9.3\r\nContent-Type"
        assert (await client.ask(request().replace(b"\r\nContent-Type", named))).startswith(b"HTTP/1.1 429 ")

    play(Refusing(), story, prices=SLOW)


@pytest.mark.network
def test_a_call_and_one_piece_of_garbage_leave_something() -> None:
    """The other side of the bound above: one piece of garbage is not enough."""

    async def story(dial: Callable[[], Awaitable[Client]]) -> None:
        client = await dial()
        await client.ask(request(host=b"evil.example"))
        for _ in range(50):
            assert (await client.ask(request())).startswith(OK)

    play(Refusing(), story, prices=SLOW)


@pytest.mark.network
def test_what_is_no_http_costs_like_a_refused_call() -> None:
    """Two connections with nonsense, and the address is in debt."""

    async def story(dial: Callable[[], Awaitable[Client]]) -> None:
        client = await dial()
        for _ in range(2):
            other = await dial()
            other.writer.write(b"NONSENSE\r\n\r\n")
            assert (await other.end()).startswith(b"HTTP/1.1 400 ")
        assert (await client.ask(request())).startswith(b"HTTP/1.1 429 ")

    play(Refusing(), story, prices=SLOW)


@pytest.mark.network
def test_a_probe_is_answered_to_who_is_in_debt() -> None:
    """Who looks after a validator behind the same address as a flood still hears how it is."""

    async def story(dial: Callable[[], Awaitable[Client]]) -> None:
        client = await dial()
        for _ in range(3):
            await client.ask(request())
        for path in (b"/-/healthy", b"/-/ready"):
            probe = b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % path
            assert (await client.ask(probe)).startswith(OK)
        assert (await client.ask(request())).startswith(b"HTTP/1.1 429 ")

    play(Refusing("invalid_signature"), story, prices=SLOW)


@pytest.mark.network
def test_who_is_cut_before_it_was_heard_is_gone() -> None:
    """'at the cost of another connection if need be, though the transport is still to come': all but a few end."""

    async def story(dial: Callable[[], Awaitable[Client]]) -> None:
        first = await dial()
        port = first.writer.get_extra_info("peername")[1]
        dialled = [socket.create_connection(("127.0.0.1", port)) for _ in range(24)]  # all come in one turn
        readers = [(await asyncio.open_connection(sock=item)) for item in dialled]
        ends = [asyncio.create_task(Client(*item).end()) for item in readers]
        await until(lambda: sum(item.done() for item in ends) == 21)
        assert (await first.end()) == b""
        assert sum(item.done() for item in ends) == 21
        for item in ends:
            item.cancel()
        await asyncio.gather(*ends, return_exceptions=True)
        for _, writer in readers:
            writer.transport.abort()

    play(Refusing(), story, HttpBounds(connections=3), Prices())


@pytest.mark.network
def test_nobody_works_for_a_client_that_is_gone() -> None:
    """An answer that nobody waits for is not made, and nothing is logged about it."""
    rpc = Refusing()

    async def story(dial: Callable[[], Awaitable[Client]]) -> None:
        rpc.gate = asyncio.Event()
        client = await dial()
        client.writer.write(request())
        await asyncio.sleep(0.05)
        client.writer.transport.abort()
        await rpc.cancelled.wait()

    play(rpc, story)
    assert rpc.cancelled.is_set()


@pytest.mark.network
def test_requests_ahead_of_their_answers_are_bounded() -> None:
    """Each that waits costs memory: the connection is cut."""
    rpc = Refusing()

    async def story(dial: Callable[[], Awaitable[Client]]) -> None:
        rpc.gate = asyncio.Event()
        few, many = await dial(), await dial()
        few.writer.write(request() * 4)
        many.writer.write(request() * 8)
        await many.end()
        rpc.gate.set()
        for _ in range(4):
            assert (await few.ask(b"")).startswith(OK)

    play(rpc, story, HttpBounds(pipelined=4), Prices())


@pytest.mark.network
def test_an_answer_that_nobody_reads_ends_the_connection() -> None:
    """What clients leave unread is bounded in time, so in memory."""

    class Large(Refusing):
        async def answer(self, body: bytes) -> Answer:
            return Answer(bytes(8 << 20), 1, [], TIP, 0)

    async def story(dial: Callable[[], Awaitable[Client]]) -> None:
        client = await dial()
        client.writer.write(request())
        await asyncio.sleep(0.5)
        assert len(await client.end()) < 8 << 20

    play(Large(), story, HttpBounds(unread_us=100_000), Prices())


@pytest.mark.network
def test_unread_answers_together_are_bounded() -> None:
    """Not each for itself only: the connection that holds most goes."""

    class Large(Refusing):
        async def answer(self, body: bytes) -> Answer:
            return Answer(bytes(8 << 20), 1, [], TIP, 0)

    async def story(dial: Callable[[], Awaitable[Client]]) -> None:
        client = await dial()
        client.writer.write(request())
        await asyncio.sleep(0.3)
        assert len(await client.end()) < 8 << 20

    play(Large(), story, HttpBounds(unread_bytes=100_000), Prices())


@pytest.mark.network
def test_the_address_with_most_connections_loses_one() -> None:
    """Slow connections of one address, however many, do not shut out another."""

    async def story(dial: Callable[[], Awaitable[Client]]) -> None:
        other = await dial()
        port = other.writer.get_extra_info("peername")[1]
        idle = [await asyncio.open_connection("127.0.0.1", port, local_addr=("127.66.6.6", 0)) for _ in range(6)]
        assert (await other.ask(request())).startswith(OK)
        assert await idle[0][0].read() == b""
        for _, writer in idle:
            writer.transport.abort()

    if own_address() is None:
        pytest.skip("this system has one loopback address")
    play(Refusing(), story, HttpBounds(connections=4), Prices())
