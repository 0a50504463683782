"""Long answers in slices of the loop's time, so that consensus goes before them: rows of pages, and their JSON."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from chain.errors import MithqalError
from node.api.handlers import as_rpc_error
from node.api.reads import Whole
from node.api.schema import SERVER_ERROR, Json, RpcError, Tip, respond

_BILLION = 1_000_000_000
SLICE_NS = 3_000_000
"""Of the loop's time, for one long answer; then everybody else has a turn."""
REST = 4
"""While payments wait to be committed, a long answer rests so many times as long as its slice took."""
ROWS = 50
"""A page of fewer rows is encoded at once."""
MAX_ANSWER_BYTES = 4 << 20
"""Of a batch: above it the calls that are left are refused. They would hold the memory too long."""
_TOO_MUCH = RpcError(
    SERVER_ERROR, f"the batch's answers are above {MAX_ANSWER_BYTES} bytes: ask the rest in another one",
    name="answer_too_large", limit=MAX_ANSWER_BYTES,
)  # fmt: skip


class Answer(NamedTuple):
    """A response as it goes out, and what it cost."""

    data: bytes
    calls: int
    refusals: list[str]
    """Names of the errors in it."""
    tip: Tip
    busy_us: int
    """Time that its pages took, without what others had in between."""


def refusal_of(tip: Tip, error: RpcError) -> Answer:
    """An answer without an id: the request was not read, or is no call."""
    return Answer(json.dumps(respond(tip, None, error=error)).encode(), 1, [error.name], tip, 0)


class Slices:
    """Lets the loop serve others whenever a slice is over, and adds up what was used."""

    __slots__ = ("_began_ns", "_rest", "_used_ns")

    def __init__(self, rest: Callable[[], int] = lambda: 0) -> None:
        """Nothing was used yet. `rest` says how many times as long as a slice the time after it belongs to others."""
        self._rest = rest
        self._began_ns = time.monotonic_ns()
        self._used_ns = 0

    def begin(self) -> None:
        """The first slice begins now."""
        self._began_ns = time.monotonic_ns()

    async def next(self) -> None:
        """To be called between any two pieces of work."""
        used_ns = time.monotonic_ns() - self._began_ns
        if used_ns >= SLICE_NS:
            self._used_ns += used_ns
            await asyncio.sleep(self._rest() * used_ns / _BILLION)
            self._began_ns = time.monotonic_ns()

    def end(self) -> None:
        """The work is over for now."""
        self._used_ns += time.monotonic_ns() - self._began_ns

    def busy_us(self) -> int:
        """Of all slices that are over."""
        return self._used_ns // 1_000


async def read_pages(answers: list[dict[str, Json]], slices: Slices) -> None:
    """Read the pages in a batch's answers to their ends; once it is large, the rest is refused."""
    size = 0
    for answer in answers:
        page = answer.get("result")
        if not isinstance(page, Iterator):
            continue
        del answer["result"]
        if size > MAX_ANSWER_BYTES:
            answer["error"] = _TOO_MUCH.to_json()
            continue
        rows = list[Json]()
        try:
            for row in page:
                rows.append(row)
                size += len(json.dumps(row)) if len(answers) > 1 and row is not None else 0
                await slices.next()
            answer["result"] = rows[-1] if isinstance(page, Whole) else rows
        except MithqalError as error:
            found = as_rpc_error(error)
            if not isinstance(found, RpcError):
                raise
            answer["error"] = found.to_json()


async def encode(response: Json, slices: Slices) -> bytes:
    """JSON of a response or of a list of them, row by row where there are many."""
    if not isinstance(response, list):
        return await _encode_one(response, slices)
    if not any(map(_is_long, response)):
        return json.dumps(response).encode()
    return b"[" + b", ".join([await _encode_one(item, slices) for item in response]) + b"]"


def _is_long(response: dict[str, Json]) -> bool:
    """Whether it is a page of many rows."""
    rows = response.get("result")
    return isinstance(rows, list) and len(rows) >= ROWS


async def _encode_one(response: dict[str, Json], slices: Slices) -> bytes:
    """One response; its result stands last in it."""
    if not _is_long(response):
        return json.dumps(response).encode()
    rows = response["result"]
    assert isinstance(rows, list)
    parts = list[str]()
    for row in rows:
        parts.append(json.dumps(row))
        await slices.next()
    head = json.dumps({**response, "result": []})
    return f"{head.removesuffix(']}')}{', '.join(parts)}]}}".encode()
