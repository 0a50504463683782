"""Long polls: who waits, for how long, and that nothing stays behind."""

import asyncio
from typing import Any

import pytest

from chain.accounts import TREASURY
from node.api.handlers import MAX_WAIT_MS
from node.runtime import http_server
from tests.node.api.test_rpc import Node, create_dealer, play


def waiting_for(node: Node, tx: Any, timeout_ms: int, number: int = 0) -> "asyncio.Future[Any]":
    """A wait that is under way."""
    params = [TREASURY.hex(), number, tx.hash.hex(), timeout_ms]
    return asyncio.ensure_future(
        node.body({"jsonrpc": "2.0", "id": 1, "method": "wait_for_transaction", "params": params})
    )


def test_many_wait_for_one_and_each_for_its_own_time() -> None:
    """One gives up, the other two are told; nothing is left of any of them."""

    async def story(node: Node) -> None:
        tx = create_dealer(node)
        short, *others = [waiting_for(node, tx, timeout_ms) for timeout_ms in (20, 9_000, 9_000)]
        assert (await short)["result"] is None
        assert node.rpc.waiting == 2
        await node.call("submit", tx.envelope.hex())
        assert [(await other)["result"]["hash"] for other in others] == [tx.hash.hex()] * 2
        assert (node.rpc.waiting, node.rpc._waiters) == (0, {})
        assert (await waiting_for(node, tx, 9_000))["result"]["hash"] == tx.hash.hex()
        assert (node.rpc.waiting, node.rpc._waiters) == (0, {})

    play(story)


def test_a_wait_without_a_hash_only_looks() -> None:
    """It answers at once, whatever its time."""

    async def story(node: Node) -> None:
        assert await node.call("wait_for_transaction", TREASURY.hex(), 0, None, 60_000) is None
        assert (node.rpc.waiting, node.rpc._waiters) == (0, {})

    play(story)


def test_so_many_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """One more than the limit is refused, and may come again when one has gone."""
    monkeypatch.setattr(http_server, "MAX_WAITERS", 2)

    async def story(node: Node) -> None:
        tx = create_dealer(node)
        under_way = [waiting_for(node, tx, 200) for _ in range(2)]
        await asyncio.sleep(0.01)
        refused = (await waiting_for(node, tx, 200))["error"]
        assert (refused["code"], refused["data"]["name"]) == (-32000, "too_many_waiting")
        assert [(await item)["result"] for item in under_way] == [None, None]
        assert (await waiting_for(node, tx, 10))["result"] is None
        assert (node.rpc.waiting, node.rpc._waiters) == (0, {})

    play(story)


def test_a_client_that_goes_away_leaves_nothing() -> None:
    """A request that is cut ends its wait."""

    async def story(node: Node) -> None:
        under_way = waiting_for(node, create_dealer(node), 9_000)
        await asyncio.sleep(0.01)
        assert node.rpc.waiting == 1
        under_way.cancel()
        await asyncio.wait([under_way])
        await asyncio.sleep(0.01)
        assert (node.rpc.waiting, node.rpc._waiters) == (0, {})

    play(story)


def test_a_wait_longer_than_the_limit_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most MAX_WAIT_MS, whatever is asked for."""
    assert MAX_WAIT_MS == 60_000
    monkeypatch.setattr(http_server, "MAX_WAIT_MS", 20)

    async def story(node: Node) -> None:
        assert (await waiting_for(node, create_dealer(node), 2**64 - 1))["result"] is None

    play(story)
