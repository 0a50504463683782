"""Every answer is a function of one durable tip: batches, past versions, and a memory that is ahead of the disk."""

import asyncio
from typing import Any

import pytest

from chain.accounts import ASSOCIATION, TREASURY, event_key
from chain.codec import decode, fields
from chain.crypto.signing import RealSignatures
from chain.facts import LedgerProof, read
from chain.light_client import verify_ledger
from chain.mempool import Mempool
from chain.storage import Column
from node.api.handlers import answer
from node.api.reads import Context, read_tip
from node.api.schema import Request, RpcError, Tip
from tests.builders import DEALER, TC, US
from tests.chains import Chain, small_chain
from tests.node.api.test_rpc import Node, create_dealer, create_wallet, play


class NoPeers:
    """No links."""

    def connected(self) -> list[int]:
        return []


def context_of(chain: Chain) -> Context:
    """The API of a ledger without a network."""
    return Context(chain.ledger, 0, Mempool(), NoPeers())


def ask(chain: Chain, tip: Tip, method: str, *params: Any) -> Any:
    """A method's result at a tip."""
    return answer(context_of(chain), tip, Request(1, method, list(params)))


def refused(chain: Chain, method: str, *params: Any) -> RpcError:
    """The refusal at the newest tip."""
    with pytest.raises(RpcError) as caught:
        ask(chain, read_tip(context_of(chain)), method, *params)
    assert caught.value.code == -32602
    return caught.value


def test_accounts_at_recent_versions() -> None:
    """get_account(account, version): as it was at the end of the last block up to the version."""
    chain = small_chain()
    tip = read_tip(context_of(chain))
    assert tip.version == 11
    seen = {}
    for version in (*range(12), None):
        found = ask(chain, tip, "get_account", US.address.hex(), version)
        seen[version] = None if found is None else (found["version"], found["balances"][0]["amount"])
    assert seen == {
        0: None, 1: None, 2: None, 3: (3, 0), 4: (3, 0), 5: (5, 0), 6: (5, 0), 7: (5, 0), 8: (8, 1_500), 9: (9, 1_500),
        10: (10, 1_500), 11: (11, 1_500), None: (11, 1_500),
    }  # fmt: skip
    assert refused(chain, "get_account", US.address.hex(), 12).name == "version_too_new"


def test_a_version_that_is_no_longer_kept() -> None:
    """A state that left the window is refused with the oldest that is kept; other methods still answer."""
    chain = small_chain(kept_versions=0)
    chain.ledger.history._max_blocks = 3
    chain.add()
    error = refused(chain, "get_account", US.address.hex(), 9)
    assert (error.name, error.details) == ("version_pruned", {"version": 9, "oldest": 10})
    assert refused(chain, "get_account_state_with_proof", US.address.hex(), 9).name == "version_pruned"
    tip = read_tip(context_of(chain))
    assert ask(chain, tip, "get_account", US.address.hex(), 10)["version"] == 10
    assert ask(chain, tip, "get_metadata", 9)["version"] == 9


BLOCKS = event_key(17, ASSOCIATION).hex()
"""The root's stream of new blocks."""
EVERYTHING: list[tuple[Any, ...]] = [
    ("get_metadata",), ("get_metadata", 5), ("get_account", US.address.hex()), ("get_account", DEALER.address.hex()),
    ("get_account", US.address.hex(), 5), ("get_transactions", 0, 1000, True), ("get_transactions", 5, 3),
    ("get_account_transactions", TREASURY.hex(), 0, 1000), ("get_account_transaction", DEALER.address.hex(), 0, True),
    ("get_account_transaction", DEALER.address.hex(), 2), ("get_currencies",), ("get_rates",), ("get_block",),
    ("get_block", 2), ("get_block", 6), ("get_block", 7), ("get_block", 2**64 - 1), ("get_block", None, None, 8),
    ("get_blocks", None, 100), ("get_blocks", 3, 100), ("get_state_proof", 0), ("get_state_proof", 5),
    ("get_transactions_with_proofs", 0, 1000, True), ("get_transactions_with_proofs", 5, 1000, True),
    ("get_transactions", 5, 1000, True), ("get_account_state_with_proof", US.address.hex()),
    ("get_account_state_with_proof", DEALER.address.hex(), 5, 9), ("search", "7"), ("search", US.address.hex()),
    ("get_events_with_proofs", BLOCKS, 0, 1000), ("get_record_with_proof", "67"),
    ("get_stream_with_proof", BLOCKS), ("get_prefix_with_proof", 3),
    ("get_account_transactions_with_proofs", DEALER.address.hex(), 0, 1000),
    ("get_event_by_version_with_proof", BLOCKS, 11),
    ("get_accumulator_consistency_proof", 3),
    ("search", "12"), ("get_transactions_with_proofs", 12, 10, True), ("get_transactions", 12, 10),
]  # fmt: skip


def test_no_answer_changes_when_the_ledger_goes_on() -> None:
    """A batch is served from one ledger snapshot: what is above its tip is not seen by any method."""
    chain = small_chain()
    tip = read_tip(context_of(chain))
    event_key = ask(chain, tip, "get_account", DEALER.address.hex())["sent_events_key"]
    calls: list[tuple[Any, ...]] = [*EVERYTHING, ("get_events", event_key, 0, 1000)]
    before = [ask(chain, tip, *call) for call in calls]
    pay = chain.sign(DEALER, "peer_to_peer_with_metadata", "XUS", US.address, 7, b"", b"")
    mint = chain.sign(TC, "update_exchange_rate", "XUS", 0, 3, 2)
    newest = chain.add(pay, mint)
    chain.add()
    chain.add()
    assert read_tip(context_of(chain)).version > tip.version
    assert [ask(chain, tip, *call) for call in calls] == before
    assert ask(chain, tip, "get_transaction_by_hash", pay.hash.hex()) is None
    assert ask(chain, tip, "get_block", None, newest.id.hex()) is None
    assert ask(chain, tip, "search", newest.id.hex()) == []
    now = read_tip(context_of(chain))
    after = [ask(chain, now, *call) for call in calls]
    changed = {call[0] for call, old, new in zip(calls, before, after, strict=True) if old != new}
    assert changed >= {"get_metadata", "get_account", "get_currencies", "get_blocks", "get_events", "get_state_proof"}
    assert ask(chain, now, "get_transaction_by_hash", pay.hash.hex())["hash"] == pay.hash.hex()
    assert ask(chain, now, "get_block", None, newest.id.hex())["height"] == newest.height


def test_what_is_not_durable_is_not_told() -> None:
    """RPC answers only what is durable, however far the ledger in memory has gone on."""
    chain = small_chain()
    tip = read_tip(context_of(chain))
    before = [ask(chain, tip, *call) for call in EVERYTHING]
    chain.write = lambda batch: None  # type: ignore[method-assign]
    chain.add(chain.sign(DEALER, "peer_to_peer_with_metadata", "XUS", US.address, 7, b"", b""))
    chain.add()
    chain.add()
    assert chain.ledger.tip_version > tip.version
    assert read_tip(context_of(chain)) == tip
    assert [ask(chain, tip, *call) for call in EVERYTHING] == before


def test_a_batch_is_answered_from_one_snapshot_and_later_ones_never_go_back() -> None:
    """One snapshot for the whole batch; versions and time never go backwards for a client of one validator."""

    async def story(node: Node) -> None:
        seen: list[tuple[int, int]] = []

        async def watch() -> None:
            while True:
                batch = [{"jsonrpc": "2.0", "id": n, "method": "get_metadata"} for n in range(3)]
                batch.append({"jsonrpc": "2.0", "id": 3, "method": "get_transactions", "params": [0, 1000, False]})
                batch.append({"jsonrpc": "2.0", "id": 4, "method": "nope"})
                answers = await node.body(batch)
                assert [item["id"] for item in answers] == [0, 1, 2, 3, 4]
                tips = {(item["diem_ledger_version"], item["diem_ledger_timestampusec"]) for item in answers}
                assert len(tips) == 1
                (tip,) = tips
                assert [item["result"]["version"] for item in answers[:3]] == [tip[0]] * 3
                assert answers[0]["result"]["timestamp"] == tip[1]
                assert [item["version"] for item in answers[3]["result"]] == list(range(tip[0] + 1))
                assert not seen or seen[-1] <= tip
                assert not seen or (seen[-1][0] == tip[0]) == (seen[-1][1] == tip[1])
                seen.append(tip)
                await asyncio.sleep(0)

        watching = asyncio.ensure_future(watch())
        for make in (create_dealer, create_wallet):
            await node.do(make(node))
        for _ in range(5):
            await node.do(node.sign(TC, "update_dual_attestation_limit", 0, 10**9))
        watching.cancel()
        await asyncio.wait([watching])
        assert watching.cancelled()
        assert len(set(seen)) >= 4

    play(story)


def test_a_batch_that_submits_waits_and_reads() -> None:
    """Submissions and waits come first, then everything is read from one snapshot: a batch sees its own payment."""

    async def story(node: Node) -> None:
        tx = create_dealer(node)
        params: list[list[Any]] = [
            [DEALER.address.hex()], [tx.envelope.hex()], [TREASURY.hex(), 0, tx.hash.hex(), 9_000], [tx.hash.hex()]
        ]  # fmt: skip
        methods = ["get_account", "submit", "wait_for_transaction", "get_transaction_by_hash"]
        calls = [
            {"jsonrpc": "2.0", "id": method, "method": method, "params": values}
            for method, values in zip(methods, params, strict=True)
        ]
        account, submitted, waited, found = await node.body(calls)
        assert submitted["result"]["status"] == "accepted"
        assert waited["result"]["hash"] == found["result"]["hash"] == tx.hash.hex()
        assert account["result"]["address"] == DEALER.address.hex()
        assert len({item["diem_ledger_version"] for item in (account, submitted, waited, found)}) == 1
        assert account["diem_ledger_version"] >= waited["result"]["version"]

    play(story)


def test_a_wait_that_another_number_ends_tells_what_is_there() -> None:
    """Without a hash the wait only looks: at once, from the snapshot."""

    async def story(node: Node) -> None:
        assert await node.call("wait_for_transaction", TREASURY.hex(), 0) is None
        tx = create_dealer(node)
        await node.do(tx)
        found = await node.call("wait_for_transaction", TREASURY.hex(), 0)
        assert found["hash"] == tx.hash.hex()

    play(story)


def test_genesis_only_has_nothing_certified() -> None:
    """get_state_proof before the first commit: no certificate, the waypoint is the ledger; reads of genesis work."""
    chain = Chain()
    tip = read_tip(context_of(chain))
    assert (tip.version, tip.height) == (0, 0)
    found = ask(chain, tip, "get_state_proof", 0)
    assert found["ledger_info_with_signatures"] is None
    start, epochs = fields(decode(bytes.fromhex(found["epoch_change_proof"])), "start", tuple, tuple)
    proof = read(LedgerProof, (*start, epochs, None))
    assert verify_ledger(chain.waypoint, proof, RealSignatures()).commit.version == 0
    assert ask(chain, tip, "get_account", TREASURY.hex())["version"] == 0
    assert chain.store.row(Column.BLOCK, 1) is None
