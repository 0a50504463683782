"""The proxy between validators: bytes come whole and in order, late where they should be late."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from node.lab.chaos.proxy import RETRANSMIT_US, Proxy
from node.lab.chaos.rules import now_us
from node.sim.entropy import Entropy

pytestmark = pytest.mark.network

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def linked(delay_us: int = 0) -> AsyncIterator[tuple[Proxy, Ends, Ends]]:
    """A proxy between two validators; the ends of validator 1, which dialled, and of validator 0."""
    accepted: asyncio.Queue[Ends] = asyncio.Queue()
    server = await asyncio.start_server(lambda reader, writer: accepted.put_nowait((reader, writer)), "127.0.0.1", 0)
    proxy = Proxy([server.sockets[0].getsockname(), ("127.0.0.1", 1)], Entropy(1).stream("proxy"), delay_us)
    await proxy.start()
    dialler = await asyncio.open_connection("127.0.0.1", proxy.routes[1][0])
    target = await accepted.get()
    dialler[1].write(b"!")
    assert await target[0].readexactly(1) == b"!"  # joined, not only dialled
    try:
        yield proxy, dialler, target
    finally:
        for _, writer in (dialler, target):
            writer.transport.abort()
        server.close()
        await proxy.stop()
        await server.wait_closed()


def run(test: Callable[[], Awaitable[None]]) -> None:
    """On a loop of its own, with an end."""

    async def bounded() -> None:
        async with asyncio.timeout(60):
            await test()

    asyncio.run(bounded())


def test_only_the_lower_number_is_dialled() -> None:
    """Links are dialled by the higher number: each has a port for every lower one."""

    async def test() -> None:
        async with linked() as (proxy, _, _):
            assert {index: set(ports) for index, ports in proxy.routes.items()} == {0: set(), 1: {0}}

    run(test)


def test_bytes_come_whole_and_in_order_both_ways() -> None:
    """TLS goes through unread."""

    async def test() -> None:
        async with linked() as (_, (reader, writer), (other_reader, other_writer)):
            sent = bytes(range(256)) * 2_000
            writer.write(sent)
            other_writer.write(sent[::-1])
            assert await other_reader.readexactly(len(sent)) == sent
            assert await reader.readexactly(len(sent)) == sent[::-1]

    run(test)


def test_a_cut_is_one_way_and_loses_nothing() -> None:
    """ "One-way partition": one direction is held until it heals, the other goes on."""

    async def test() -> None:
        async with linked() as (proxy, (reader, writer), (other_reader, other_writer)):
            proxy.cut(1, 0, is_cut=True)
            writer.write(b"held")
            other_writer.write(b"free")
            assert await reader.readexactly(4) == b"free"
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await other_reader.readexactly(1)
            proxy.cut(1, 0, is_cut=False)
            assert await other_reader.readexactly(4) == b"held"

    run(test)


@pytest.mark.parametrize("way", ["base", "slow", "loss"])
def test_a_slow_way_is_never_early(way: str) -> None:
    """A delay is at least that long, and pieces overtake nobody; a loss waits for a retransmission."""

    async def test() -> None:
        async with linked(30_000 if way == "base" else 0) as (proxy, (_, writer), (other_reader, _)):
            if way == "slow":
                proxy.slow(1, delay_us=30_000, loss_ppm=0)
            if way == "loss":
                proxy._draws = Entropy(3).stream("stalls")
                proxy.slow(0, delay_us=0, loss_ppm=1_000_000)
            began_us = now_us()
            writer.write(b"first")
            await asyncio.sleep(0.01)
            proxy.heal()
            writer.write(b"second")
            assert await other_reader.readexactly(11) == b"firstsecond"
            assert now_us() - began_us >= (RETRANSMIT_US if way == "loss" else 30_000)
            assert proxy.lost == (way == "loss")

    run(test)


def test_some_losses_break_the_connection() -> None:
    """The application then sees an end, and dials again."""

    async def test() -> None:
        async with linked() as (proxy, (_, writer), (other_reader, _)):
            proxy.slow(0, delay_us=0, loss_ppm=1_000_000)
            while not other_reader.at_eof():
                try:
                    writer.write(b"x")
                    await asyncio.sleep(0.001)
                    async with asyncio.timeout(0.001):
                        await other_reader.read(100)
                except TimeoutError:
                    continue
                except ConnectionError:
                    break
            assert proxy.lost > 0

    run(test)


def test_a_target_that_is_down_is_a_broken_connection() -> None:
    """As it would be without the proxy."""

    async def test() -> None:
        proxy = Proxy([("127.0.0.1", 1), ("127.0.0.1", 2)], Entropy(1).stream("proxy"))
        await proxy.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.routes[1][0])
        try:
            assert await reader.read() == b""
        except ConnectionError:
            pass
        writer.close()
        await proxy.stop()

    run(test)
