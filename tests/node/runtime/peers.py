"""Validators' links for tests, and peers made by hand to lie to them. Everything on 127.0.0.1, with short waits."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any

from chain.crypto.signing import ed25519_public_key
from node.runtime import tls
from node.runtime.links import Bounds, Contact, Links
from node.wire.framing import encode_frame
from node.wire.hello import VERSION, Hello

SECRETS = [bytes([number + 1]) * 32 for number in range(4)]
KEYS = [ed25519_public_key(secret) for secret in SECRETS]
GENESIS = bytes(range(32))
MAX_FRAME = 1000
SHORT = Bounds(
    handshake_us=2_000_000, keep_alive_us=20_000, silence_us=5_000_000, frame_us=5_000_000, back_off_first_us=5_000,
    back_off_most_us=20_000, tick_us=5_000, queue_frames=8, held_frames=3, queue_bytes=4_000, handshakes=4,
)  # fmt: skip


def contacts(*ports: int, size: int = 2) -> dict[int, Contact]:
    """The first validators at these ports."""
    return {number: Contact((KEYS[number],), ("127.0.0.1", ports[number])) for number in range(size)}


class Node:
    """A validator's links and what they told."""

    def __init__(self, index: int, ports: list[int], size: int = 2, **options) -> None:
        self.frames: list[tuple[int, bytes]] = []
        self.changes: list[tuple[int, bool]] = []
        self.refusals: list[str] = []
        arguments: dict[str, Any] = {
            "own_index": index, "network_secret": SECRETS[index], "listen_at": ("127.0.0.1", ports[index]),
            "contacts": contacts(*ports, size=size), "chain_id": 7, "genesis_hash": GENESIS,
            "on_frame": lambda peer, payload: self.frames.append((peer, payload)), "max_frame": MAX_FRAME,
            "on_link": lambda peer, up: self.changes.append((peer, up)),
            "on_refused": lambda name, _message: self.refusals.append(name), "bounds": SHORT,
            "life": bytes(16),
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
    return encode_frame(Hello(VERSION, 7, GENESIS, 1, KEYS[1])._replace(**changes).to_bytes(), 1000)
