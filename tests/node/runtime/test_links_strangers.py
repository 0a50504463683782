"""Links between validators and those who should not be there, or do not behave: peers made by hand."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from node.runtime import tls
from node.wire.framing import EMPTY_FRAME, encode_frame
from node.wire.hello import refusal_bytes
from tests.node.runtime.peers import KEYS, SECRETS, SHORT, Node, Raw, hello, pair, play, stop, until

pytestmark = pytest.mark.network


@pytest.mark.parametrize(
    ("first", "name"),
    [
        (hello(genesis_hash=bytes(32)), "wrong_network"),
        (hello(chain_id=8), "wrong_network"),
        (hello(version=9), "protocol_version"),
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
        assert one.frames == []
        assert one.changes == []
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
        assert zero.frames == []
        assert zero.changes == []
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


def test_a_second_process_with_the_same_keys_is_refused_while_the_first_lives():
    """LK1: "a second connection with the same validator identity while the first lives": it hears why, gets no frame
    and delivers none; once the first is silent it takes its place."""

    async def story():
        zero = Node(0, [0, 0], bounds=replace(SHORT, alive_us=400_000))
        port = await zero.links.start()
        first = await Raw.dial(port, SECRETS[1], KEYS[0])
        first.writer.write(hello(life=b"1" * 16))
        await until(zero.links.connected)
        second = await Raw.dial(port, SECRETS[1], KEYS[0])
        second.writer.write(hello(life=b"2" * 16) + encode_frame(b"of the second", 1000))
        assert await second.rest() == encode_frame(refusal_bytes(), 1000)
        await until(lambda: zero.refusals == ["two_processes"])
        assert (zero.frames, zero.changes) == ([], [(1, True)])
        await asyncio.sleep(0.45)
        third = await Raw.dial(port, SECRETS[1], KEYS[0])
        third.writer.write(hello(life=b"2" * 16) + encode_frame(b"now", 1000))
        await until(lambda: zero.frames)
        assert zero.frames == [(1, b"now")]
        await stop(zero)
        await first.rest()
        await third.rest()

    play(story)


def test_two_processes_with_one_key_are_told_to_both():
    """LK1: who is refused learns that its keys are used elsewhere, and the first one keeps its link."""

    async def story():
        zero, one = await pair()
        twin = Node(1, [zero.links.port, 0], life=b"2" * 16)
        await twin.links.start()
        await until(lambda: "key_in_use" in twin.refusals and "two_processes" in zero.refusals)
        assert one.links.connected() == [0]
        assert twin.links.connected() == []
        await stop(one)
        await until(twin.links.connected)
        await stop(zero, twin)

    play(story)


def test_unfinished_handshakes_are_bounded():
    """A limit on inbound connections that have not finished the handshake; more are closed at once."""

    async def story():
        zero = Node(0, [0, 0], bounds=replace(SHORT, handshake_us=60_000_000))
        port = await zero.links.start()
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
        await until(lambda: zero.links._handshakes.total() == 4)
        assert zero.refusals == []
        with suppress(ConnectionResetError):  # it may hear of it before it hears that it is connected
            raw = Raw(*await asyncio.open_connection("127.0.0.1", port))
            assert await raw.rest() == b""
        assert zero.refusals == ["too_many_handshakes"]
        idle[0][1].transport.abort()
        await until(lambda: zero.links._handshakes.total() == 3)
        one = Node(1, [port, 0])
        await one.links.start()
        await until(lambda: zero.links.connected() == [1])
        assert zero.links._handshakes.total() == 3  # a link that is up no longer counts
        for _, writer in idle[1:]:
            writer.transport.abort()
        await stop(zero, one)

    play(story)


def test_handshakes_of_one_address_are_bounded_in_number_and_pace():
    """'max 100 inbound, per-IP caps': one address cannot take all places, and begins few handshakes a second."""
    zero = Node(0, [0, 0], bounds=replace(SHORT, handshakes=10, handshakes_an_address=2, handshakes_at_once=3))
    links = zero.links

    def refusal(group, now_us):
        found = links._refusal(group, now_us)
        return None if found is None else found[0]

    assert refusal("a", 0) is None
    links._handshakes["a"] = 2
    assert refusal("a", 0) == "too_many_handshakes"
    assert refusal("b", 0) is None
    links._handshakes.clear()
    assert [refusal("a", 0) is None for _ in range(3)] == [True, True, False]
    assert refusal("a", 0) == "handshakes_too_fast"
    assert refusal("a", 1_000_000) is None


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
        assert zero.links._handshakes.total() == 0
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
        await until(zero.links.connected)
        transport: Any = raw.writer.transport
        transport.pause_reading()
        total = 0
        while zero.links.counters.dropped < 100:
            assert zero.links.send(1, total.to_bytes(4, "big") + bytes(300_000)) is True
            total += 1
            await asyncio.sleep(0)
            assert total < 2_000
        assert len(zero.links._peers[1].outbox) == 50
        transport.resume_reading()
        last = b"\x00\x04\x93\xe4" + (total - 1).to_bytes(4, "big")
        seen = b""
        while last not in seen:
            seen = seen[-8:] + await raw.reader.read(1 << 20)
        await until(lambda: len(zero.links._peers[1].outbox) == 0)
        assert zero.links.counters.sent == total - zero.links.counters.dropped
        await stop(zero)
        await raw.rest()

    play(story)


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
