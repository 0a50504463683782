"""JSON-RPC on a real replica of one validator, in memory: shapes, errors, limits, long polls."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from chain.accounts import TREASURY
from chain.crypto.signing import RealSignatures
from chain.genesis import genesis_hash
from chain.interface import Committed, Reply
from chain.primitives import SECOND_US
from chain.replica import Replica
from chain.transaction import Payload, RawTransaction, SignedTransaction, sign_transaction
from node.api.handlers import submission_result
from node.api.reads import Context
from node.api.schema import RpcError
from node.runtime.driver import Driver
from node.runtime.http_server import Rpc
from node.storage.memory import MemoryStore
from tests.builders import CHAIN_ID, CUSTODIAN, DEALER, NOW_SECS, TC, US, Party, document, key, new_world

DOCUMENT = document(validators=document().validators[:1])
CHAIN = genesis_hash(DOCUMENT)


class Node:
    """One validator without a network."""

    def __init__(self) -> None:
        """Wired like a process, with memory for a disk."""
        store = MemoryStore()
        replica = Replica(DOCUMENT, 0, key(10), store, None, RealSignatures())
        started = time.monotonic_ns()
        self.driver = Driver(
            replica, 0, store, self, RealSignatures(), self,
            lambda: NOW_SECS * SECOND_US + 1 + (time.monotonic_ns() - started) // 1000, self,
        )  # fmt: skip
        self.rpc = Rpc(Context(replica.ledger, 0, replica.mempool, self), self.driver.submit)
        self.numbers: dict[bytes, int] = {}

    def store(self, payload: bytes) -> None:
        """The safety record."""

    def send(self, peer: int, frame: bytes) -> None:
        """No peers."""

    def broadcast(self, frame: bytes) -> None:
        """No peers."""

    def connected(self) -> list[int]:
        """No peers."""
        return []

    def on_committed(self, committed: Committed) -> None:
        """Pass on."""
        self.rpc.on_committed(committed)

    def on_alarm(self, name: str, message: str, peer: int | None) -> None:
        """None is expected."""
        raise AssertionError((name, message, peer))

    async def body(self, value: Any) -> Any:
        """A request of any shape."""
        return await self.rpc.handle(value if isinstance(value, bytes) else json.dumps(value).encode())

    async def call(self, method: str, *params: Any) -> Any:
        """The result of a call."""
        answer = await self.body({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        assert "error" not in answer, answer
        return answer["result"]

    async def error(self, method: str, *params: Any) -> tuple[int, str]:
        """Code and name of a refusal."""
        answer = await self.body({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        return answer["error"]["code"], answer["error"]["data"]["name"]

    def sign(self, who: Party, function: str, *arguments: Any, number: int | None = None) -> SignedTransaction:
        """Sign, free of gas."""
        if number is None:
            number = self.numbers.get(who.address, 0)
            self.numbers[who.address] = number + 1
        raw = RawTransaction(
            who.address, number, Payload(function, arguments), 1_000_000, 0, "XUS", NOW_SECS + 600, CHAIN_ID
        )
        return sign_transaction(raw, who.key, 0, CHAIN)

    async def do(self, tx: SignedTransaction) -> Any:
        """Submit and wait."""
        await self.call("submit", tx.envelope.hex())
        return await self.call("wait_for_transaction", tx.raw.sender.hex(), tx.raw.sequence_number, tx.hash.hex(), 9000)


@asynccontextmanager
async def running() -> AsyncGenerator[Node]:
    """A node that steps."""
    node = Node()
    node.driver.start()
    try:
        yield node
    finally:
        await node.driver.stop()


def play(story: Callable[[Node], Awaitable[None]]) -> None:
    """Run a story on a fresh node."""

    async def run() -> None:
        async with running() as node:
            await story(node)

    asyncio.run(run())


def create_dealer(node: Node) -> SignedTransaction:
    """The treasury makes a dealer."""
    prefix = DEALER.key.authentication_key()[:16]
    return node.sign(TC, "create_designated_dealer", "XUS", 0, DEALER.address, prefix, "us-dealer", False)


def create_wallet(node: Node) -> SignedTransaction:
    """The treasury makes a wallet provider."""
    prefix = US.key.authentication_key()[:16]
    return node.sign(TC, "create_parent_vasp_account", "XUS", 0, US.address, prefix, "us-wallet", False)


def test_a_payment_is_seen_by_every_method() -> None:
    """Shapes of the reference, 6.4: amounts, events, keys, vm_status, script, as u64 numbers and hex without 0x."""

    async def story(node: Node) -> None:
        await node.do(create_dealer(node))
        await node.do(create_wallet(node))
        world = new_world()
        world.context = world.context._replace(genesis_hash=CHAIN)
        await node.do(node.sign(TC, "tiered_mint", *world.mint_arguments(5_000)))
        tx = node.sign(DEALER, "peer_to_peer_with_metadata", "XUS", US.address, 1_500, b"\x01", b"")
        paid = await node.do(tx)
        assert paid["hash"] == tx.hash.hex()
        assert paid["bytes"] == tx.envelope.hex()
        assert paid["vm_status"] == {"type": "executed"}
        assert paid["gas_used"] == 600
        body = paid["transaction"]
        assert body["type"] == "user"
        assert body["sender"] == DEALER.address.hex()
        assert body["signature_scheme"] == "Scheme::Ed25519"
        assert body["public_key"] == DEALER.key.public_key.hex()
        assert body["signature"] == tx.signature.hex()
        assert (body["sequence_number"], body["chain_id"], body["gas_currency"]) == (0, CHAIN_ID, "XUS")
        assert (body["max_gas_amount"], body["gas_unit_price"]) == (1_000_000, 0)
        assert body["expiration_timestamp_secs"] == NOW_SECS + 600
        script = body["script"]
        assert script["function_name"] == "peer_to_peer_with_metadata"
        assert script["module_name"] == "PaymentScripts"
        assert script["type_arguments"] == ["XUS"]
        assert script["arguments"] == [
            f"{{ADDRESS: {US.address.hex()}}}", "{U64: 1500}", "{U8Vector: 0x01}", "{U8Vector: 0x}",
        ]  # fmt: skip
        assert (script["receiver"], script["amount"], script["currency"]) == (US.address.hex(), 1500, "XUS")
        assert script["metadata"] == "01"
        sent, received = paid["events"]
        assert sent["data"] == {
            "type": "sentpayment", "amount": {"amount": 1500, "currency": "XUS"}, "sender": DEALER.address.hex(),
            "receiver": US.address.hex(), "metadata": "01",
        }  # fmt: skip
        assert received["data"]["type"] == "receivedpayment"
        assert sent["transaction_version"] == paid["version"]
        dealer = await node.call("get_account", DEALER.address.hex())
        wallet = await node.call("get_account", US.address.hex())
        assert dealer["balances"] == [{"amount": 3_500, "currency": "XUS"}]
        assert wallet["balances"] == [{"amount": 1_500, "currency": "XUS"}]
        assert (dealer["sequence_number"], wallet["sequence_number"]) == (1, 0)
        assert dealer["role"]["type"] == "designated_dealer"
        assert dealer["role"]["preburn_balances"] == []
        assert (wallet["role"]["type"], wallet["role"]["human_name"]) == ("parent_vasp", "us-wallet")
        assert wallet["role"]["num_children"] == 0
        assert list(dealer).index("is_frozen") > list(dealer).index("delegated_withdrawal_capability")
        assert sent["key"] == dealer["sent_events_key"]
        assert received["key"] == wallet["received_events_key"]
        assert await node.call("get_events", sent["key"], 0, 10) == [sent]
        assert await node.call("get_events", sent["key"], 1, 10) == []
        assert await node.call("get_transaction_by_hash", tx.hash.hex(), True) == paid
        assert await node.call("get_transaction_by_hash", bytes(32).hex()) is None
        assert await node.call("get_account_transaction", DEALER.address.hex(), 0, True) == paid
        assert await node.call("get_account_transaction", DEALER.address.hex(), 1, True) is None
        assert await node.call("get_account_transaction", DEALER.address.hex(), 2**64 - 1) is None
        assert await node.call("get_transactions", paid["version"], 1, True) == [paid]
        assert await node.call("get_transactions", paid["version"], 1) == [{**paid, "events": []}]
        made = await node.call("get_account_transactions", TREASURY.hex(), 1, 10)
        assert [item["transaction"]["sequence_number"] for item in made] == [1, 2]
        block = await node.call("get_block", None, None, paid["version"])
        assert block["first_version"] < paid["version"] <= block["last_version"]
        assert block["transactions"] == 1
        assert (block["proposer_name"], block["signers"]) == ("validator-0", [0])
        assert await node.call("get_block", None, block["id"]) == block
        assert await node.call("get_block", block["height"]) == block
        assert await node.call("search", tx.hash.hex()) == [{"kind": "transaction", "version": paid["version"]}]
        assert await node.call("search", US.address.hex()) == [{"kind": "account", "address": US.address.hex()}]
        assert await node.call("search", block["id"]) == [{"kind": "block", "height": block["height"]}]
        assert await node.call("search", "xus") == [{"kind": "currency", "code": "XUS"}]
        coin = (await node.call("get_currencies"))[0]
        assert (coin["code"], coin["total_value"], coin["receipts_deposited"]) == ("XUS", 5_000, 5_000)
        assert coin["custodian_key"] == CUSTODIAN["XUS"].public_key.hex()
        past = await node.call("get_metadata", paid["version"])
        assert past["version"] == paid["version"]
        assert len(past["accumulator_root_hash"]) == 64
        assert (
            block["accumulator_root_hash"]
            == (await node.call("get_metadata", block["last_version"]))["accumulator_root_hash"]
        )

    play(story)


def test_the_root_of_each_past_version_is_the_one_that_was_announced() -> None:
    """get_metadata of a past version gives the accumulator root that the quorum voted for."""

    async def story(node: Node) -> None:
        seen: dict[int, str] = {}
        announce = node.on_committed

        def watch(committed: Committed) -> None:
            seen[committed.version] = committed.root.hex()
            announce(committed)

        node.on_committed = watch  # type: ignore[method-assign]
        await node.do(create_dealer(node))
        for _ in range(6):
            await node.do(node.sign(DEALER, "add_currency_to_account", "XEU"))
        tip = (await node.call("get_metadata"))["version"]
        for version, root in seen.items():
            if version <= tip:
                assert (await node.call("get_metadata", version))["accumulator_root_hash"] == root
        assert len(seen) >= 7

    play(story)


def test_every_response_names_chain_version_and_time_errors_too() -> None:
    """The rule: "The three diem_ fields must be on error responses as well"; id is echoed."""

    async def story(node: Node) -> None:
        good = await node.body({"jsonrpc": "2.0", "id": "x", "method": "get_metadata"})
        bad = await node.body({"jsonrpc": "2.0", "id": 5, "method": "nope"})
        broken = await node.body(b"{")
        assert (good["id"], bad["id"], broken["id"]) == ("x", 5, None)
        for answer in (good, bad, broken):
            assert answer["jsonrpc"] == "2.0"
            assert answer["diem_chain_id"] == CHAIN_ID
            assert answer["diem_ledger_version"] >= 0
            assert answer["diem_ledger_timestampusec"] >= NOW_SECS * SECOND_US
        assert good["result"]["genesis_hash"] == CHAIN.hex()
        assert "result" not in bad

    play(story)


@pytest.mark.parametrize(
    ("body", "code", "name"),
    [
        (b"{", -32700, "parse_error"),
        (b"\xff", -32700, "parse_error"),
        (b"[" * 100_000, -32700, "parse_error"),
        (b'{"jsonrpc": "2.0", "id": NaN, "method": "get_metadata"}', -32700, "parse_error"),
        (b'{"jsonrpc": "2.0", "id": 1, "id": 2, "method": "get_metadata"}', -32700, "parse_error"),
        (b"9" * 5_000, -32700, "parse_error"),
        (b"7", -32600, "invalid_request"),
        (b"[]", -32600, "invalid_request"),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "get_metadata"}', -32600, "invalid_request"),
        (b'{"jsonrpc": "2.0", "id": 1}', -32600, "invalid_request"),
        (b'{"jsonrpc": "2.0", "id": -1, "method": "get_metadata"}', -32604, "invalid_format"),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "get_metadata", "params": 3}', -32602, "invalid_params"),
        (b" " * (256 * 1024 + 1), -32600, "request_too_large"),
    ],
)
def test_malformed_requests(body: bytes, code: int, name: str) -> None:
    """The rule: "malformed JSON-RPC": the code of the reference, 6.2."""

    async def story(node: Node) -> None:
        answer = await node.body(body)
        assert (answer["error"]["code"], answer["error"]["data"]["name"]) == (code, name)

    play(story)


def test_refused_parameters() -> None:
    """Invalid params are -32602, an unknown method -32601, a version above the latest -32602."""

    async def story(node: Node) -> None:
        assert await node.error("nope") == (-32601, "unknown_method")
        assert await node.error("get_currencies", 1) == (-32602, "invalid_params")
        assert await node.error("get_account") == (-32602, "invalid_params")
        wrong: object
        for wrong in ("0x" + "00" * 15, "00" * 15, "00" * 17, "zz" * 16, 5, " " + "0" * 31):
            assert await node.error("get_account", wrong) == (-32602, "invalid_params"), wrong
        for wrong in (-1, 2**64, True, 1.5, "1"):
            assert await node.error("get_metadata", wrong) == (-32602, "invalid_params"), wrong
        assert await node.error("get_metadata", 2**64 - 1) == (-32602, "version_too_new")
        assert await node.error("get_transactions", 0, 1001) == (-32602, "page_too_large")
        assert await node.call("get_transactions", 2**64 - 1, 1000) == []
        assert await node.call("get_transactions", 0, 0) == []
        assert await node.call("get_account", bytes(16).hex()) is None
        assert await node.call("get_account_transactions", bytes(16).hex(), 0, 5) == []

    play(story)


def test_a_batch_has_at_most_twenty_calls_and_answers_in_order() -> None:
    """Batch: an array, at most 20, responses in order; over the limit one error object."""

    async def story(node: Node) -> None:
        calls = [{"jsonrpc": "2.0", "id": n, "method": "get_metadata", "params": []} for n in range(21)]
        answers = await node.body(calls[:20])
        assert [answer["id"] for answer in answers] == list(range(20))
        answer = await node.body(calls)
        assert (answer["error"]["code"], answer["error"]["data"]["name"]) == (-32600, "batch_too_large")

    play(story)


def test_submissions_are_answered_by_the_rule_that_decides() -> None:
    """Accepted, parked with what it waits for, the same again, and refusals with their codes."""

    async def story(node: Node) -> None:
        first = create_dealer(node)
        parked = node.sign(TC, "update_dual_attestation_limit", 0, 7, number=2)
        other = node.sign(TC, "update_dual_attestation_limit", 0, 8, number=2)
        answer = await node.call("submit", parked.envelope.hex())
        assert (answer["status"], answer["waiting_for"], answer["hash"]) == ("parked", 0, parked.hash.hex())
        assert await node.call("submit", parked.envelope.hex()) == answer
        assert await node.error("submit", other.envelope.hex()) == (-32010, "invalid_update")
        pool = await node.call("get_mempool")
        assert (pool["count"], pool["transactions"][0]["hash"]) == (1, parked.hash.hex())
        await node.do(first)
        assert (await node.call("submit", first.envelope.hex()))["status"] == "accepted"
        again = node.sign(TC, "update_dual_attestation_limit", 0, 9, number=0)
        assert await node.error("submit", again.envelope.hex()) == (-32007, "sequence_number_too_old")
        forged = create_wallet(node).envelope
        forged = forged[:-1] + bytes([forged[-1] ^ 1])
        assert await node.error("submit", forged.hex()) == (-32001, "invalid_signature")
        huge = node.sign(TC, "update_dual_attestation_limit", 0, 9, number=2**64 - 1)
        assert await node.error("submit", huge.envelope.hex()) == (-32001, "sequence_number_too_big")
        assert (await node.error("submit", "00"))[0] == -32004
        assert (await node.error("submit", "00" * 4096))[0] == -32004
        assert (await node.error("submit", "00" * 4097)) == (-32001, "exceeded_max_transaction_size")
        assert await node.error("submit", "xx") == (-32602, "invalid_params")

    play(story)


@pytest.mark.parametrize(
    ("name", "status", "code", "told"),
    [
        ("invalid_signature", None, -32001, 1), ("exceeded_max_transaction_size", None, -32001, 10),
        ("sequence_number_too_old", 3, -32007, 3), ("transaction_expired", 6, -32001, 6),
        ("mempool_is_full", None, -32008, None), ("too_many_for_account", None, -32009, None),
        ("too_many_checks", None, -32009, None), ("invalid_update", None, -32010, None),
        ("transaction_expired", None, -32012, None), ("expiration_too_far", None, -32012, None),
        ("valid_from_too_far", None, -32012, None), ("wrong_shape", None, -32004, None),
    ],
)  # fmt: skip
def test_a_refusal_has_libras_code(name: str, status: int | None, code: int, told: int | None) -> None:
    """6.2: '-32007 to -32012 mempool: bad sequence / full / too many for account / invalid update / VM / unknown'; 'VM
    errors put {"StatusCode": <u64>} in data and the status name in the message'."""
    with pytest.raises(RpcError) as caught:
        submission_result(Reply(1, False, bytes(32), name, "why", status))
    assert caught.value.code == code
    assert caught.value.message == f"{name.upper()}: why"
    assert caught.value.details.get("StatusCode") == told


def test_a_wait_ends_with_the_transaction_or_with_its_time() -> None:
    """wait_for_transaction(account, sequence_number, hash, timeout_ms): a long poll; null if the time is over."""

    async def story(node: Node) -> None:
        tx = create_dealer(node)
        wait: list[Any] = ["wait_for_transaction", TREASURY.hex(), 0, tx.hash.hex()]
        assert await node.call(*wait, 10) is None
        assert node.rpc.waiting == 0
        waiting = asyncio.ensure_future(node.call(*wait, 9_000))
        await asyncio.sleep(0.01)
        assert node.rpc.waiting == 1
        await node.call("submit", tx.envelope.hex())
        found = await waiting
        assert found["hash"] == tx.hash.hex()
        assert node.rpc.waiting == 0
        assert await node.call(*wait[:3], bytes(32).hex(), 9_000) == found

    play(story)
