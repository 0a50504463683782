"""One hostile connection, and the tally of what became of what was sent."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from node.config import Endpoint

PATIENCE_S = 3.0
"""For an answer; a validator that is silent for so long is counted as `no_answer`."""


@dataclass(slots=True)
class Tally:
    """What was sent (requests, transactions, connections) and the words of refusals."""

    sent: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    taken: int = 0
    """What was answered as if it were right."""

    def count_answer(self, status: int, body: bytes) -> None:
        """Count each answer of a response."""
        if status not in (200, 429, 503):
            self.refused[f"http_{status}"] += 1
            return
        try:
            value = json.loads(body)
        except ValueError:
            self.refused["no_json"] += 1
            return
        for item in value if isinstance(value, list) else [value]:
            self._count_one(item)

    def _count_one(self, item: Any) -> None:
        """One JSON-RPC answer."""
        error = item.get("error") if isinstance(item, dict) else None
        if error is None:
            self.taken += 1
        else:
            self.refused[str((error.get("data") or {}).get("name", error.get("code")))] += 1


class Talk:
    """A raw TCP connection. Everything that goes wrong is OSError."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Made by `dial`."""
        self.reader, self._writer = reader, writer

    @classmethod
    async def dial(cls, endpoint: Endpoint, source: str | None) -> "Talk":
        """Connect from `source`."""
        local = None if source is None else (source, 0)
        async with asyncio.timeout(PATIENCE_S):
            return cls(*await asyncio.open_connection(*endpoint, local_addr=local, limit=1 << 22))

    async def send(self, data: bytes) -> None:
        """Write, and wait until most of it has left."""
        self._writer.write(data)
        async with asyncio.timeout(PATIENCE_S):
            await self._writer.drain()

    async def answer(self) -> tuple[int, bytes]:
        """Status and body of the next response; EOFError if the connection ended."""
        async with asyncio.timeout(PATIENCE_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
            lower = head.lower()
            size = int(lower.partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            body = await self.reader.readexactly(size) if size else b""
        return int(head.split(b" ", 2)[1]), body

    @property
    def is_over(self) -> bool:
        """Whether the other side has ended it."""
        return self.reader.at_eof() or self.reader.exception() is not None

    def close(self) -> None:
        """End it."""
        self._writer.transport.abort()
