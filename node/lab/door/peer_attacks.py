"""Attacks on the validators' port by who has no validator's key: garbage, silence, wrong keys, replayed handshakes."""

import asyncio
import itertools
import ssl

from chain.crypto.signing import ed25519_public_key
from node.config import Endpoint
from node.keystore import new_secret
from node.lab.door.http_attacks import PATIENT_ENDS, PAUSE_S, TRICKLE_S, Attack
from node.lab.door.talk import PATIENCE_S, Talk, Tally
from node.runtime import tls
from node.wire.framing import encode_frame

GARBAGE = [
    bytes(256),
    b"GET / HTTP/1.1\r\n\r\n",
    b"\xff\xff\xff\xff",
    b"\x16\x03\x01\xff\xff" + bytes(1_024),
    encode_frame(b"no hello", 1_024),
    (4 << 20).to_bytes(4, "big") + bytes(4_096),
]


async def garbage(endpoint: Endpoint, source: str | None, tally: Tally) -> None:
    """Bytes that are no TLS, over and over."""
    for data in itertools.cycle(GARBAGE):
        await _until_refused(endpoint, source, tally, data)


async def silence(endpoint: Endpoint, source: str | None, tally: Tally) -> None:
    """A connection that says nothing."""
    while True:
        await _until_refused(endpoint, source, tally, b"")


async def _until_refused(endpoint: Endpoint, source: str | None, tally: Tally, data: bytes) -> None:
    """Connect, send, wait for the end."""
    talk: Talk | None = None
    try:
        talk = await Talk.dial(endpoint, source)
        tally.sent += 1
        await talk.send(data)
        async with asyncio.timeout(PATIENCE_S):
            while not talk.is_over:
                await talk.reader.read(4_096)
        tally.refused["closed"] += 1
    except TimeoutError:
        tally.refused["still_open"] += 1
    except PATIENT_ENDS:
        tally.refused["closed"] += 1
    finally:
        if talk is not None:
            talk.close()
    await asyncio.sleep(PAUSE_S)


def wrong_key(pinned: bytes) -> Attack:
    """Whole TLS handshakes by somebody whose key is nobody's; `pinned` is the dialled validator's."""

    async def attack(endpoint: Endpoint, source: str | None, tally: Tally) -> None:
        context = tls.context(new_secret(), [pinned], server=False)
        local = None if source is None else (source, 0)
        while True:
            tally.sent += 1
            try:
                async with asyncio.timeout(PATIENCE_S):
                    reader, writer = await asyncio.open_connection(
                        *endpoint, ssl=context, server_hostname="mithqal", local_addr=local
                    )
                    writer.write(encode_frame(bytes(64), 1_024))
                    await reader.read()
                    writer.transport.abort()
                tally.refused["closed"] += 1
            except (*PATIENT_ENDS, ssl.SSLError):
                tally.refused["closed"] += 1
            await asyncio.sleep(PAUSE_S)

    return attack


def recorded_handshake(client: bytes, server: bytes, hello: bytes) -> bytes:
    """What a dialler with the secret `client` sends to a listener with the secret `server`, first frame included.

    Both ends run in memory: what somebody on the wire would have recorded.
    """
    outer = tls.context(server, [ed25519_public_key(client)], server=True)
    inner = tls.context(client, [ed25519_public_key(server)], server=False)
    to_server, to_client, sent = ssl.MemoryBIO(), ssl.MemoryBIO(), bytearray()
    out = ssl.MemoryBIO()
    ours = inner.wrap_bio(to_client, out, server_hostname="mithqal")
    theirs = outer.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (ours, theirs):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
            data = out.read()
            sent += data
            to_server.write(data)
    ours.write(encode_frame(hello, 1_024))
    sent += out.read()
    return bytes(sent)


def replay(recorded: bytes) -> Attack:
    """The recorded bytes of an honest dialler, again."""

    async def attack(endpoint: Endpoint, source: str | None, tally: Tally) -> None:
        while True:
            await _until_refused(endpoint, source, tally, recorded)
            await asyncio.sleep(TRICKLE_S / 10)

    return attack
