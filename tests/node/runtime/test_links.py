"""Links between validators over real sockets on 127.0.0.1: reaching, sending, healing, stopping."""

import asyncio
import socket
import ssl
from dataclasses import replace

import pytest
import uvloop

from node.runtime.links import Bounds, Contact, LinkError
from node.wire.framing import FrameError
from tests.node.runtime.peers import KEYS, SHORT, Node, Raw, pair, play, stop, until

pytestmark = pytest.mark.network


@pytest.mark.parametrize("runner", [asyncio.run, uvloop.run])
def test_four_validators_reach_each_other(runner):
    """One link a pair, frames in order with their sender, under both event loops."""

    async def story():
        nodes = [Node(0, [0] * 4, size=4)]
        ports = [await nodes[0].links.start(), 0, 0, 0]
        for index in (1, 2, 3):
            nodes.append(Node(index, list(ports), size=4))
            ports[index] = await nodes[index].links.start()
            assert ports[index] == nodes[index].links.port != 0
        await until(lambda: all(len(node.links.connected()) == 3 for node in nodes))
        assert nodes[2].links.connected() == [0, 1, 3]
        for node in nodes:
            node.links.broadcast(b"to all")
            assert node.links.send(3 if node is not nodes[3] else 0, b"to one") is True
        await until(lambda: [len(node.frames) for node in nodes] == [4, 3, 3, 6])
        assert sorted(nodes[0].frames) == [(1, b"to all"), (2, b"to all"), (3, b"to all"), (3, b"to one")]
        assert [payload for peer, payload in nodes[3].frames if peer == 1] == [b"to all", b"to one"]
        assert nodes[0].links.counters.sent == 4
        assert nodes[0].links.counters.received == 4
        assert nodes[0].links.counters.links == 3
        assert nodes[0].links.counters.refused == nodes[0].links.counters.dropped == 0
        assert nodes[0].links.counters.reconnections == 0
        assert sorted(nodes[0].changes) == [(1, True), (2, True), (3, True)]
        await stop(*nodes)
        assert nodes[0].links.connected() == []
        assert sorted(nodes[0].changes[3:]) == [(1, False), (2, False), (3, False)]

    play(story, runner)


def test_a_frame_of_the_cap_passes_and_one_more_byte_is_refused_at_the_sender():
    """A hard cap on frames."""

    async def story():
        zero, one = await pair()
        largest = bytes(range(250)) * 4
        assert one.links.send(0, largest)
        for send in (lambda: one.links.send(0, largest + b"x"), lambda: one.links.broadcast(largest + b"x")):
            with pytest.raises(FrameError) as caught:
                send()
            assert caught.value.name == "frame_too_large"
        with pytest.raises(KeyError):
            one.links.send(1, b"to myself")
        await until(lambda: zero.frames)
        assert zero.frames == [(1, largest)]
        await stop(zero, one)

    play(story)


@pytest.mark.parametrize("runner", [asyncio.run, uvloop.run])
def test_many_frames_arrive_whole_and_in_order(runner):
    """Coalesced writes and reads of any size change nothing."""

    async def story():
        zero, one = await pair(bounds=replace(SHORT, queue_frames=9_000, queue_bytes=1 << 24))
        sent = [number.to_bytes(4, "big") * (number % 200 + 1) for number in range(8_000)]
        for payload in sent:
            assert one.links.send(0, payload)
        await until(lambda: len(zero.frames) == len(sent))
        assert [payload for _, payload in zero.frames] == sent
        assert one.links.counters.dropped == 0
        await stop(zero, one)

    play(story, runner)


def test_queue_bound_drops_the_oldest():
    """When full, drops the oldest and counts it."""

    async def story():
        zero, one = await pair()
        for number in range(11):  # within one turn of the loop: nothing is written in between
            assert one.links.send(0, bytes([number])) is True
        assert one.links.counters.dropped == 3
        await until(lambda: len(zero.frames) == 8)
        assert zero.frames == [(1, bytes([number])) for number in range(3, 11)]
        for number in range(5):
            one.links.send(0, bytes([number]) * 996)  # 1,000 bytes each with its length: four fill the queue
        assert one.links.counters.dropped == 4
        await until(lambda: len(zero.frames) == 12)
        assert [payload[0] for _, payload in zero.frames[8:]] == [1, 2, 3, 4]
        await stop(zero, one)

    play(story)


def test_without_a_link_only_the_newest_are_held():
    """Sending to a peer without a link says so, and keeps the newest few for it."""

    async def story():
        zero = Node(0, [0, 0])
        port = await zero.links.start()
        for number in range(5):
            assert zero.links.send(1, bytes([number])) is False
        assert zero.links.counters.dropped == 2
        one = Node(1, [port, 0])
        await one.links.start()
        await until(lambda: len(one.frames) == 3)
        assert one.frames == [(0, b"\x02"), (0, b"\x03"), (0, b"\x04")]
        await stop(zero, one)
        assert zero.links.send(1, b"after the end") is False

    play(story)


@pytest.mark.parametrize("restarted", [0, 1])
def test_restart_of_a_peer_heals(restarted):
    """Whichever side restarts, the link comes back by itself."""

    async def story():
        nodes = list(await pair())
        port, other = nodes[0].links.port, nodes[1 - restarted]
        for _ in range(2):
            await nodes[restarted].links.stop()
            await until(lambda: other.links.connected() == [])
            nodes[restarted] = Node(restarted, [port, 0])
            await nodes[restarted].links.start()
            await until(lambda: nodes[0].links.connected() and nodes[1].links.connected())
            other.links.send(restarted, b"again")
            await until(lambda: nodes[restarted].frames == [(1 - restarted, b"again")])
        assert other.links.counters.links == 3
        assert other.links.counters.reconnections == 2
        assert other.changes == [(restarted, True), (restarted, False)] * 2 + [(restarted, True)]
        await stop(*nodes)

    play(story)


def test_pings_keep_an_idle_link_alive():
    """An idle link sends an empty frame each keep-alive time; these are no frames for anybody above."""

    async def story():
        zero, one = await pair(bounds=replace(SHORT, silence_us=300_000))
        await asyncio.sleep(0.9)
        for node in (zero, one):
            assert len(node.changes) == 1
            assert node.frames == []
            assert node.links.counters.sent == node.links.counters.received == 0
        await stop(zero, one)

    play(story)


def test_back_off_doubles_to_its_bound(monkeypatch):
    """Reconnection with deterministic steps: the first, doubling, up to the most."""

    async def story():
        slept: list[float] = []
        rest = asyncio.sleep

        async def spy(seconds: float) -> None:
            slept.append(seconds)
            await rest(0 if seconds < 1 else seconds)

        with socket.create_server(("127.0.0.1", 0)) as held:
            port = held.getsockname()[1]
        one = Node(1, [port, 0], bounds=replace(Bounds(), tick_us=9_000_000))
        monkeypatch.setattr("node.runtime.links.asyncio.sleep", spy)
        await one.links.start()
        for _ in range(2_000):
            await rest(0.001)
            if len(slept) >= 7:
                break
        monkeypatch.undo()
        assert [wait for wait in slept if wait != 9][:6] == [0.05, 0.1, 0.2, 0.4, 0.4, 0.4]
        assert one.refusals == []  # nobody there is no refusal
        await stop(one)

    play(story)


def test_default_bounds():
    """50 ms doubling to 0.4 s; handshake 5 s; ping 1 s; dead after 10 s of silence; 64 unfinished handshakes."""
    bounds = Bounds()
    assert (bounds.back_off_first_us, bounds.back_off_most_us) == (50_000, 400_000)
    assert (bounds.handshake_us, bounds.keep_alive_us, bounds.silence_us) == (5_000_000, 1_000_000, 10_000_000)
    assert (bounds.frame_us, bounds.handshakes) == (10_000_000, 64)
    assert (bounds.queue_frames, bounds.queue_bytes, bounds.held_frames) == (4_096, 32 << 20, 256)


def test_a_taken_port_is_an_error_with_its_number():
    """Port in use: one clear error."""

    async def story():
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            node = Node(0, [port, 0])
            with pytest.raises(LinkError) as caught:
                await node.links.start()
            assert caught.value.name == "port_in_use"
            assert caught.value.details == {"port": port}
            assert str(port) in caught.value.message
            await stop(node)

    play(story)


def test_two_validators_with_one_key():
    """Unique subjects: a key stands for one validator."""
    with pytest.raises(LinkError) as caught:
        Node(0, [0, 0], contacts={1: Contact((KEYS[0],), None)})
    assert caught.value.name == "duplicate_network_key"


@pytest.mark.parametrize("runner", [asyncio.run, uvloop.run])
def test_stop_in_the_middle_of_everything(runner):
    """stop() leaves no task pending and no warning: during a handshake, while dialling, with a link up, twice."""

    async def story():
        zero = Node(0, [0, 0, 0], size=3)
        port = await zero.links.start()
        deaf = socket.create_server(("127.0.0.1", 0))  # takes connections and never says a word
        two = Node(2, [port, deaf.getsockname()[1], 0], size=3)
        await two.links.start()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await until(lambda: zero.links._handshakes.total() == 1 and two.links.connected() == [0])
        two.links.broadcast(b"last words")
        await stop(two, zero, zero)
        deaf.close()
        assert await Raw(reader, writer).rest() == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(0.05)

    play(story, runner)


def test_no_delay():
    """TCP_NODELAY on both ends."""

    async def story():
        nodes = await pair()
        for node in nodes:
            [link] = node.links._open
            assert link._transport is not None
            sock = link._transport.get_extra_info("socket")
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
            assert isinstance(link._transport.get_extra_info("ssl_object"), ssl.SSLObject)
        await stop(*nodes)

    play(story)
