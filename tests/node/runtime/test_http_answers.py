"""Long answers: the same bytes as at once, everybody else's turn in between, and a bound on a batch's size."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.api.reads import Whole
from node.api.schema import Json, RpcError, Tip, respond
from node.runtime import http_answers
from node.runtime.http_answers import Slices, encode, read_pages

TIP = Tip(4, 5, 6, 7)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(st.lists(VALUES, max_size=60) | VALUES, min_size=1, max_size=4), st.booleans())
def test_row_by_row_gives_the_same_json(results: list[Any], is_batch: bool) -> None:
    """Encoding in slices changes no byte."""
    responses = [respond(TIP, 1, result=result) for result in results]
    response: Json = responses if is_batch else responses[0]
    assert asyncio.run(encode(response, Slices())) == json.dumps(response).encode()


def test_others_have_their_turn_while_a_page_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """security 4.2: 'client flood must not delay a vote': a long answer leaves the loop after each slice."""
    monkeypatch.setattr(http_answers, "SLICE_NS", 0)
    seen: list[str] = []

    def page() -> Iterator[Json]:
        for number in range(3):
            seen.append(f"row {number}")
            yield number

    async def story() -> list[Json]:
        async def vote() -> None:
            seen.append("vote")

        answers = [respond(TIP, 1, result=page())]
        task = asyncio.ensure_future(vote())
        await read_pages(answers, Slices())
        await task
        rows: list[Json] = answers[0]["result"]
        return rows

    assert asyncio.run(story()) == [0, 1, 2]
    assert seen == ["row 0", "vote", "row 1", "row 2"]


def test_a_result_that_takes_long_is_one_result() -> None:
    """Its steps are no rows."""
    answers = [respond(TIP, 1, result=Whole(iter([None, None, {"a": 1}])))]
    asyncio.run(read_pages(answers, Slices()))
    assert answers[0]["result"] == {"a": 1}


def test_a_batch_s_answers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty of the largest pages would be 80 MiB: what is left is refused by name, and was not read."""
    monkeypatch.setattr(http_answers, "MAX_ANSWER_BYTES", 100)
    read: list[int] = []

    def page(number: int) -> Iterator[Json]:
        read.append(number)
        yield "x" * 60

    answers = [respond(TIP, at, result=page(at)) for at in range(4)]
    asyncio.run(read_pages(answers, Slices()))
    names = [answer.get("error", {}).get("data", {}).get("name") for answer in answers]
    assert names == [None, None, "answer_too_large", "answer_too_large"]
    assert read == [0, 1]
    assert all(("result" in answer) is (name is None) for answer, name in zip(answers, names, strict=True))


def test_a_row_that_is_gone_is_an_error_of_its_call() -> None:
    """Old versions may be dropped while a page is read."""

    def page() -> Iterator[Json]:
        yield 1
        raise RpcError(-32602, "gone", name="version_pruned")

    answers = [respond(TIP, 1, result=page()), respond(TIP, 2, result=3)]
    asyncio.run(read_pages(answers, Slices()))
    assert answers[0]["error"]["data"] == {"name": "version_pruned"}
    assert answers[1]["result"] == 3


def test_pages_rest_while_payments_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause after a slice is a multiple of it; its time is counted without the pauses."""
    paused: list[float] = []

    async def sleep(seconds: float) -> None:
        paused.append(seconds)

    monkeypatch.setattr(http_answers, "SLICE_NS", 0)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    clock = iter(range(0, 10**9, 1_000_000))
    monkeypatch.setattr(time, "monotonic_ns", lambda: next(clock))
    slices = Slices(lambda: 4)

    async def story() -> None:
        for _ in range(3):
            await slices.next()

    with pytest.raises(StopIteration):
        story().send(None)
    assert paused == [0.004] * 3
    assert slices.busy_us() == 3_000
