"""Links between validators over real sockets on 127.0.0.1, with short waits."""

import asyncio
import gc
import socket
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import replace

import pytest
import uvloop

from chain.crypto.signing import ed25519_public_key
from node.runtime import tls
from node.runtime.links import Bounds, LinkError, Links
from node.wire.framing import EMPTY_FRAME, FrameError, encode_frame
from node.wire.hello import Hello

pytestmark = pytest.mark.network

SECRETS = [bytes([number + 1]) * 32 for number in range(4)]
KEYS = [ed25519_public_key(secret) for secret in SECRETS]
GENESIS = bytes(range(32))
MAX_FRAME = 1000
SHORT = Bounds(
    handshake_us=2_000_000, keep_alive_us=20_000, silence_us=5_000_000, frame_us=5_000_000, back_off_first_us=5_000,
    back_off_most_us=20_000, tick_us=5_000, queue_frames=8, held_frames=3, queue_bytes=4_000, handshakes=4,
)  # fmt: skip


class Node:
    """A validator's links and what they told."""

    def __init__(self, index: int, ports: list[int], size: int = 2, **options) -> None:
        self.frames: list[tuple[int, bytes]] = []
        self.changes: list[tuple[int, bool]] = []
        self.refusals: list[str] = []
        arguments = {
            "own_index": index, "network_keys": KEYS[:size], "network_secret": SECRETS[index],
            "endpoints": [("127.0.0.1", port) for port in ports], "chain_id": 7, "genesis_hash": GENESIS,
            "on_frame": lambda peer, payload: self.frames.append((peer, payload)), "max_frame": MAX_FRAME,
            "on_link": lambda peer, up: self.changes.append((peer, up)),
            "on_refused": lambda name, _message: self.refusals.append(name), "bounds": SHORT,
        }  # fmt: skip
        self.links = Links(**(arguments | options))


async def until(holds: Callable[[], object]) -> None:
    """Wait for a condition; the test's own time limit ends what never comes."""
    for _ in range(4_000):
        if holds():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came")


def play(story: Callable[[], Coroutine[None, None, None]], runner=asyncio.run) -> None:
    """Run a story; nothing may be left of it: no task, no complaint of the loop, no unclosed socket."""
    complaints: list[dict[str, object]] = []

    async def body() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: complaints.append(context))
        await story()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    runner(body())
    gc.collect()
    assert complaints == []


async def pair(**options) -> tuple[Node, Node]:
    """Validators 0 and 1 with a link up."""
    zero = Node(0, [0, 0], **options)
    one = Node(1, [await zero.links.start(), 0], **options)
    await one.links.start()
    await until(lambda: zero.links.connected() and one.links.connected())
    return zero, one


async def stop(*nodes: Node) -> None:
    for node in nodes:
        await node.links.stop()


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


class Raw:
    """A peer made by hand: TLS with a secret of its choice, then whatever bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def dial(cls, port: int, secret: bytes, pinned: bytes) -> "Raw":
        context = tls.context(secret, [pinned], server=False)
        return cls(*await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="x"))

    async def rest(self) -> bytes:
        """What comes until the connection ends."""
        data = b""
        try:
            while piece := await self.reader.read(1 << 16):
                data += piece
        except OSError:
            pass
        self.writer.transport.abort()
        await asyncio.sleep(0)
        return data


def hello(**changes) -> bytes:
    return encode_frame(Hello(1, 7, GENESIS, 1, KEYS[1])._replace(**changes).to_bytes(), 1000)


@pytest.mark.parametrize(
    ("first", "name"),
    [
        (hello(genesis_hash=bytes(32)), "wrong_network"),
        (hello(chain_id=8), "wrong_network"),
        (hello(version=2), "protocol_version"),
        (hello(author=0), "wrong_identity"),
        (hello(network_key=KEYS[2]), "wrong_identity"),
        (EMPTY_FRAME, "bad_hello"),
        (encode_frame(bytes(300), 1000), "bad_hello"),
        ((1001).to_bytes(4, "big"), "frame_too_large"),
    ],
    ids=["genesis", "chain", "version", "index", "key", "empty", "long", "giant"],
)
def test_a_wrong_hello_gets_no_frame_and_delivers_none(first, name):
    """A peer with another genesis never gets a frame from us, nor is any of its frames delivered."""

    async def story():
        zero = Node(0, [0, 0])
        port = await zero.links.start()
        zero.links.send(1, b"held for validator 1")
        raw = await Raw.dial(port, SECRETS[1], KEYS[0])
        raw.writer.write(first + encode_frame(b"an order", 1000))
        assert await raw.rest() == b""
        await until(lambda: zero.refusals)
        assert zero.refusals == [name]
        assert zero.links.counters.refused == 1
        assert (zero.frames, zero.changes, zero.links.connected()) == ([], [], [])
        await stop(zero)

    play(story)


def test_a_right_hello_by_hand_is_answered_and_served():
    """The dialler speaks first; a link is up after its hello, and held frames follow ours."""

    async def story():
        zero = Node(0, [0, 0], bounds=replace(SHORT, keep_alive_us=10**9))
        port = await zero.links.start()
        zero.links.send(1, b"held")
        raw = await Raw.dial(port, SECRETS[1], KEYS[0])
        await asyncio.sleep(0.05)
        assert (zero.links.connected(), zero.changes) == ([], [])  # TLS alone is no link
        raw.writer.write(hello() + encode_frame(b"one", 1000) + EMPTY_FRAME + encode_frame(b"two", 1000)[:6])
        answer = hello(author=0, network_key=KEYS[0]) + encode_frame(b"held", 1000)
        assert await raw.reader.readexactly(len(answer)) == answer
        await until(lambda: zero.frames)
        assert zero.frames == [(1, b"one")]
        assert zero.links.counters.received == 1
        raw.writer.write((2_000).to_bytes(4, "big") * 4)
        assert await raw.rest() == b""
        await until(lambda: zero.changes == [(1, True), (1, False)])
        assert zero.links.counters.refused == 0  # it was up before it went wrong
        await stop(zero)

    play(story)


@pytest.mark.parametrize("dialler", [0, 2, 3])
def test_a_foreign_certificate_gets_no_frame(dialler):
    """Wrong key refused as server: a stranger, our own key, and one of ours that is to be dialled, not to dial."""

    async def story():
        one = Node(1, [1, 0], size=2)  # nobody listens on port 1
        port = await one.links.start()
        raw = await Raw.dial(port, SECRETS[dialler], KEYS[1])  # under TLS 1.3 it seems to succeed
        raw.writer.write(hello(author=dialler, network_key=KEYS[dialler]))
        assert await raw.rest() == b""
        await until(lambda: one.refusals)
        assert one.refusals == ["tls"]
        assert one.frames == one.changes == []
        await stop(one)

    play(story)


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", hello()], ids=["http", "hello"])
def test_plain_tcp_gets_no_frame(data):
    """Plain TCP on the validator port gets no frame, at most a TLS alert (RFC 8446, 5.1: type 21)."""

    async def story():
        zero = Node(0, [0, 0])
        raw = Raw(*await asyncio.open_connection("127.0.0.1", await zero.links.start()))
        raw.writer.write(data)
        got = await raw.rest()
        assert got == b"" or (got[0] == 21 and len(got) == 7)
        await until(lambda: zero.refusals)
        assert zero.refusals == ["tls"]
        assert zero.frames == zero.changes == []
        await stop(zero)

    play(story)


def test_a_server_that_holds_another_key_is_refused():
    """Wrong key refused as client: the key is compared with the one of the dialled validator, not only with the set."""

    async def story():
        zero = Node(0, [0, 0, 0], size=3)
        port = await zero.links.start()
        two = Node(2, [port, port, 0], size=3)  # at validator 1's address answers validator 0
        await two.links.start()
        await until(lambda: two.refusals.count("wrong_key") >= 2 and two.links.connected())
        assert set(two.refusals) == {"wrong_key"}
        assert two.links.connected() == [0]
        assert two.links.send(1, b"secret") is False
        assert two.links.send(0, b"open") is True
        await until(lambda: zero.frames)
        assert zero.frames == [(2, b"open")]
        assert zero.changes == [(2, True)]
        await stop(zero, two)

    play(story)


def test_a_stranger_behind_a_validator_s_address_is_refused_by_tls():
    """Wrong key refused as client, at the handshake; no hello is sent to it."""

    async def story():
        got: list[bytes] = []

        async def stranger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            got.append(await reader.read(100))
            writer.transport.abort()

        context = tls.context(SECRETS[2], [KEYS[1]], server=True)
        server = await asyncio.start_server(stranger, "127.0.0.1", 0, ssl=context)
        one = Node(1, [server.sockets[0].getsockname()[1], 0])
        await one.links.start()
        await until(lambda: len(one.refusals) >= 2)
        assert set(one.refusals) == {"tls"}
        await stop(one)
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.05)
        assert got in ([], [b""] * len(got))
        assert one.changes == []

    play(story)


def test_a_newer_link_of_the_same_peer_replaces_the_older():
    """A newer link from the same authenticated peer replaces the older one, which delivers nothing more."""

    async def story():
        zero = Node(0, [0, 0])
        port = await zero.links.start()
        older, newer = [await Raw.dial(port, SECRETS[1], KEYS[0]) for _ in range(2)]
        older.writer.write(hello() + encode_frame(b"older", 1000))
        await until(lambda: zero.frames)
        newer.writer.write(hello() + encode_frame(b"newer", 1000))
        await until(lambda: len(zero.frames) == 2)
        older.writer.write(encode_frame(b"too late", 1000))
        await older.rest()
        newer.writer.write(encode_frame(b"last", 1000))
        await until(lambda: len(zero.frames) == 3)
        assert zero.frames == [(1, b"older"), (1, b"newer"), (1, b"last")]
        assert zero.changes == [(1, True), (1, False), (1, True)]
        assert zero.links.connected() == [1]
        assert (zero.links.counters.links, zero.links.counters.reconnections) == (2, 1)
        await stop(zero)
        await newer.rest()
        assert zero.changes[3:] == [(1, False)]

    play(story)


def test_unfinished_handshakes_are_bounded():
    """A limit on inbound connections that have not finished the handshake; more are closed at once."""

    async def story():
        zero = Node(0, [0, 0], bounds=replace(SHORT, handshake_us=60_000_000))
        port = await zero.links.start()
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
        await until(lambda: zero.links._handshakes == 4)
        assert zero.refusals == []
        raw = Raw(*await asyncio.open_connection("127.0.0.1", port))
        assert await raw.rest() == b""
        assert zero.refusals == ["too_many_handshakes"]
        idle[0][1].transport.abort()
        await until(lambda: zero.links._handshakes == 3)
        one = Node(1, [port, 0])
        await one.links.start()
        await until(lambda: zero.links.connected() == [1])
        assert zero.links._handshakes == 3  # a link that is up no longer counts
        for _, writer in idle[1:]:
            writer.transport.abort()
        await stop(zero, one)

    play(story)


@pytest.mark.parametrize("with_tls", [False, True])
def test_a_handshake_that_does_not_end_is_cut(with_tls):
    """Handshake time-out, for silence before TLS and for silence after it."""

    async def story():
        zero = Node(0, [0, 0], bounds=replace(SHORT, handshake_us=100_000))
        port = await zero.links.start()
        if with_tls:
            raw = await Raw.dial(port, SECRETS[1], KEYS[0])
        else:
            raw = Raw(*await asyncio.open_connection("127.0.0.1", port))
        assert await raw.rest() == b""
        await until(lambda: zero.refusals)
        assert zero.refusals == ["handshake_timeout"]
        assert zero.links._handshakes == 0
        await stop(zero)

    play(story)


def test_a_frame_that_trickles_is_cut():
    """Per-frame read deadline: a sender that keeps adding bytes and never finishes is cut."""

    async def story():
        zero = Node(0, [0, 0], bounds=replace(SHORT, frame_us=60_000))
        raw = await Raw.dial(await zero.links.start(), SECRETS[1], KEYS[0])
        raw.writer.write(hello() + (1000).to_bytes(4, "big"))
        await until(lambda: zero.changes == [(1, True)])
        while zero.links.connected():
            raw.writer.write(b".")
            await asyncio.sleep(0.005)
        assert zero.changes == [(1, True), (1, False)]
        await raw.rest()
        await stop(zero)

    play(story)


def test_whole_frames_reset_the_deadline():
    """The deadline is a frame's, not a link's: who finishes frames stays, though one is always unfinished."""

    async def story():
        zero = Node(0, [0, 0], bounds=replace(SHORT, frame_us=200_000))
        raw = await Raw.dial(await zero.links.start(), SECRETS[1], KEYS[0])
        frame = encode_frame(b"ab", 1000)
        raw.writer.write(hello() + frame[:5])
        for _ in range(60):
            raw.writer.write(frame[5:] + frame[:5])
            await asyncio.sleep(0.01)
        assert zero.links.connected() == [1]
        await until(lambda: len(zero.frames) == 60)
        await stop(zero)
        await raw.rest()

    play(story)


def test_a_silent_link_is_dead():
    """A link is dead after a time of silence, whoever dialled."""

    async def story():
        zero = Node(0, [0, 0], bounds=replace(SHORT, silence_us=100_000))
        raw = await Raw.dial(await zero.links.start(), SECRETS[1], KEYS[0])
        raw.writer.write(hello())
        await until(lambda: zero.changes == [(1, True), (1, False)])
        await raw.rest()
        await stop(zero)

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


def test_a_ping_is_an_empty_frame():
    """Idle keep-alive ping as an empty frame, not more often than said."""

    async def story():
        zero = Node(0, [0, 0])
        raw = await Raw.dial(await zero.links.start(), SECRETS[1], KEYS[0])
        raw.writer.write(hello())
        answer = hello(author=0, network_key=KEYS[0])
        assert await raw.reader.readexactly(len(answer) + 12) == answer + EMPTY_FRAME * 3
        await stop(zero)
        await raw.rest()

    play(story)


def test_a_peer_that_does_not_read_costs_bounded_memory():
    """Sending never blocks: what a stalled peer does not take is dropped, oldest first, and the link goes on after."""

    async def story():
        bounds = replace(SHORT, queue_frames=50, queue_bytes=60_000_000)
        zero = Node(0, [0, 0], bounds=bounds, max_frame=1 << 20)
        raw = await Raw.dial(await zero.links.start(), SECRETS[1], KEYS[0])
        raw.writer.write(hello())
        await until(lambda: zero.links.connected())
        raw.writer.transport.pause_reading()
        total = 0
        while zero.links.counters.dropped < 100:
            assert zero.links.send(1, total.to_bytes(4, "big") + bytes(300_000)) is True
            total += 1
            await asyncio.sleep(0)
            assert total < 2_000
        assert len(zero.links._peers[1].outbox) == 50
        raw.writer.transport.resume_reading()
        last = b"\x00\x04\x93\xe4" + (total - 1).to_bytes(4, "big")
        seen = b""
        while last not in seen:
            seen = seen[-8:] + await raw.reader.read(1 << 20)
        await until(lambda: len(zero.links._peers[1].outbox) == 0)
        assert zero.links.counters.sent == total - zero.links.counters.dropped
        await stop(zero)
        await raw.rest()

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
        assert [wait for wait in slept if wait != 9][:6] == [0.05, 0.1, 0.2, 0.4, 0.8, 1.6]
        assert one.refusals == []  # nobody there is no refusal
        await stop(one)

    play(story)


def test_default_bounds():
    """50 ms doubling to 2 s; handshake 5 s; ping 1 s; dead after 10 s of silence; 64 unfinished handshakes."""
    bounds = Bounds()
    assert (bounds.back_off_first_us, bounds.back_off_most_us) == (50_000, 2_000_000)
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
        Node(0, [0, 0], network_keys=[KEYS[0], KEYS[0]])
    assert caught.value.name == "duplicate_network_key"


def test_a_lone_validator():
    """With one validator there is nobody to reach and nobody gets in."""

    async def story():
        alone = Node(0, [0], size=1)
        port = await alone.links.start()
        alone.links.broadcast(b"anybody?")
        assert alone.links.connected() == []
        raw = await Raw.dial(port, SECRETS[1], KEYS[0])
        assert await raw.rest() == b""
        await until(lambda: alone.refusals == ["tls"])
        await stop(alone)

    play(story)


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
        await until(lambda: zero.links._handshakes == 1 and two.links.connected() == [0])
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
            sock = link._transport.get_extra_info("socket")
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
            assert isinstance(link._transport.get_extra_info("ssl_object"), ssl.SSLObject)
        await stop(*nodes)

    play(story)
