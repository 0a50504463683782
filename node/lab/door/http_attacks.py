"""Attacks on the public port. Each runs until it is cancelled, against one validator, and counts in a tally."""

import asyncio
import itertools
import time
from collections.abc import Callable, Coroutine, Iterable

from node.config import Endpoint
from node.lab.door import payloads
from node.lab.door.talk import Talk, Tally

Attack = Callable[[Endpoint, str | None, Tally], Coroutine[None, None, None]]
BEGINNING = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nX-Slow: "
TRICKLE_S = 1.0
PAUSE_S = 0.02
PATIENT_ENDS = (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError, ValueError, RuntimeError)
"""How a connection may end; RuntimeError is uvloop's word for a write after the end."""


async def slow(endpoint: Endpoint, source: str | None, tally: Tally) -> None:
    """One connection of a slow-loris: headers that never end, a byte a second; again whenever it is cut."""
    while True:
        talk: Talk | None = None
        try:
            talk = await Talk.dial(endpoint, source)
            tally.sent += 1
            await talk.send(BEGINNING)
            while not talk.is_over:
                await asyncio.sleep(TRICKLE_S)
                await talk.send(b"x")
            tally.refused["cut"] += 1
        except PATIENT_ENDS:
            tally.refused["cut"] += 1
        finally:
            if talk is not None:
                talk.close()
        await asyncio.sleep(TRICKLE_S)


async def _each_on_its_own(
    endpoint: Endpoint, source: str | None, tally: Tally, requests: Iterable[bytes]
) -> None:  # fmt: skip
    """Each request on a new connection."""
    for request in requests:
        try:
            talk = await Talk.dial(endpoint, source)
        except PATIENT_ENDS:
            tally.refused["no_connection"] += 1
            await asyncio.sleep(PAUSE_S)
            continue
        tally.sent += 1
        try:
            await talk.send(request)
            tally.count_answer(*await talk.answer())
        except TimeoutError:
            tally.refused["no_answer"] += 1
        except PATIENT_ENDS:
            tally.refused["cut"] += 1
        finally:
            talk.close()


async def bad_http(endpoint: Endpoint, source: str | None, tally: Tally) -> None:
    """Bytes that are no HTTP. What waits for more gets no answer, so the client gives up first."""
    await _each_on_its_own(endpoint, source, tally, itertools.cycle(payloads.malformed_http()))


async def bad_json(endpoint: Endpoint, source: str | None, tally: Tally) -> None:
    """Deep, huge, doubled and strange JSON."""
    requests = list(map(payloads.post, payloads.malformed_json()))
    await _each_on_its_own(endpoint, source, tally, itertools.cycle(requests))


async def bombs(endpoint: Endpoint, source: str | None, tally: Tally) -> None:
    """Batches with far too much in them."""
    requests = list(map(payloads.post, payloads.batch_bombs()))
    await _each_on_its_own(endpoint, source, tally, itertools.cycle(requests))


async def ahead(endpoint: Endpoint, source: str | None, tally: Tally) -> None:
    """Requests by the thousand ahead of their answers."""
    many = payloads.post(b"{}") * 2_000
    await _each_on_its_own(endpoint, source, tally, itertools.repeat(many))


async def unread(endpoint: Endpoint, source: str | None, tally: Tally) -> None:
    """Large answers that nobody reads; again whenever the connection is cut."""
    page = payloads.post(payloads.batch_bombs()[3])
    while True:
        talk: Talk | None = None
        try:
            talk = await Talk.dial(endpoint, source)
            talk.reader._transport.pause_reading()  # type: ignore[attr-defined]  # noqa: SLF001 - streams have no door
            tally.sent += 1
            await talk.send(page * 4)
            await asyncio.sleep(TRICKLE_S)
        except PATIENT_ENDS:
            tally.refused["cut"] += 1
        finally:
            if talk is not None:
                talk.close()


def flood_of(requests: list[bytes], per_s: int) -> Attack:
    """Submissions that cannot be right, at this pace (transactions a second), or as fast as answers come."""

    async def flood(endpoint: Endpoint, source: str | None, tally: Tally) -> None:
        began = time.monotonic()
        talk: Talk | None = None
        for batches, request in enumerate(itertools.cycle(requests)):
            await asyncio.sleep(max(0.0, began + batches * payloads.BATCH / per_s - time.monotonic()))
            try:
                if talk is None or talk.is_over:
                    talk = await Talk.dial(endpoint, source)
                tally.sent += payloads.BATCH
                await talk.send(request)
                tally.count_answer(*await talk.answer())
            except PATIENT_ENDS:
                tally.refused["cut"] += 1
                if talk is not None:
                    talk.close()
                talk = None

    return flood
