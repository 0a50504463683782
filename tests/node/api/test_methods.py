"""Each read method on a small ledger, with exact values: pages, both sides of each limit, blocks, search."""

from typing import Any

import pytest

from chain.accounts import ASSOCIATION, TREASURY
from chain.mempool import Mempool
from chain.prover import certificate_of
from chain.records.onchain import ConsensusConfig, GasConstants
from node.api.handlers import answer
from node.api.reads import Context, read_tip
from node.api.schema import Request, RpcError
from tests.builders import CHAIN_ID, DEALER, NOW_SECS, TC, US, document, key, party
from tests.chains import VALIDATORS, Chain, small_chain

CHAIN = small_chain()
POOL = Mempool()
WAITING = CHAIN.sign(DEALER, "peer_to_peer_with_metadata", "XUS", US.address, 1, b"", b"")
POOL.add(WAITING, 2, NOW_SECS)
GENESIS_US = NOW_SECS * 1_000_000
SECOND = 1_000_000
UNKNOWN = "5" * 64


class Linked:
    """A link to validator 2 only."""

    def connected(self) -> list[int]:
        return [2]


CONTEXT = Context(CHAIN.ledger, 1, POOL, Linked())
TIP = read_tip(CONTEXT)


def call(method: str, *params: Any) -> Any:
    return answer(CONTEXT, TIP, Request(1, method, list(params)))


def refusal(method: str, *params: Any) -> str:
    """The rule that refuses invalid parameters."""
    with pytest.raises(RpcError) as caught:
        call(method, *params)
    assert caught.value.code == -32602
    return caught.value.name


def test_the_tip() -> None:
    """Version, height and time of what is durable: 7 blocks, of which three have 2, 1 and 2 transactions."""
    assert TIP == (CHAIN_ID, 11, GENESIS_US + 6 * SECOND, 6)


def test_metadata() -> None:
    """The latest has everything; a past version has its block's time and its root; 0 and nothing mean the latest."""
    root = CHAIN.ledger.tip_root.hex()
    latest = {
        "version": 11, "accumulator_root_hash": root, "chain_id": CHAIN_ID, "timestamp": TIP.timestamp_us,
        "script_hash_allow_list": None, "module_publishing_allowed": False, "diem_version": 4,
        "dual_attestation_limit": 10**9, "genesis_hash": CHAIN.genesis_hash.hex(), "height": 6,
    }  # fmt: skip
    for params in ((), (None,), (0,), (11,)):
        assert call("get_metadata", *params) == latest
    times = {version: call("get_metadata", version)["timestamp"] for version in range(1, 11)}
    heights = {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 3, 7: 3, 8: 3, 9: 4, 10: 5}
    assert times == {version: GENESIS_US + height * SECOND for version, height in heights.items()}
    past = call("get_metadata", 5)
    assert list(past) == ["version", "accumulator_root_hash", "chain_id", "timestamp"]
    assert (past["version"], past["chain_id"]) == (5, CHAIN_ID)
    assert refusal("get_metadata", 12) == "version_too_new"


@pytest.mark.parametrize(
    ("method", "before"),
    [
        ("get_transactions", (0,)),
        ("get_transactions_with_proofs", (0,)),
        ("get_account_transactions", (TREASURY.hex(), 0)),
        ("get_events", ("00" * 24, 0)),
        ("get_mempool", ()),
    ],
)
def test_a_page_has_at_most_a_thousand_items(method: str, before: tuple[Any, ...]) -> None:
    """Page 1,000: one more is refused."""
    call(method, *before, 1_000)
    assert refusal(method, *before, 1_001) == "page_too_large"


def versions(*params: Any) -> list[int]:
    return [item["version"] for item in call("get_transactions", *params)]


def test_pages_of_transactions() -> None:
    """From a version on; [] past the end, and for a limit of 0."""
    assert versions(0, 1_000) == list(range(12))
    assert versions(5, 3) == [5, 6, 7]
    assert versions(11, 2) == [11]
    assert versions(12, 1) == versions(2**64 - 1, 1_000) == versions(3, 0) == []
    assert [item["transaction"]["type"] for item in call("get_transactions", 0, 4)] == [
        "writeset", "blockmetadata", "user", "user",
    ]  # fmt: skip


def numbers(*params: Any) -> list[int]:
    rows = call("get_account_transactions", TREASURY.hex(), *params)
    assert all(row["transaction"]["sender"] == TREASURY.hex() for row in rows)
    return [row["transaction"]["sequence_number"] for row in rows]


def test_an_accounts_transactions() -> None:
    """A sender's transactions by number; [] for an unknown account."""
    assert numbers(0, 10) == [0, 1, 2]
    assert numbers(1, 1) == [1]
    assert numbers(3, 10) == numbers(2**64 - 1, 10) == numbers(0, 0) == []
    assert call("get_account_transactions", ASSOCIATION.hex(), 0, 10) == []
    assert call("get_account_transaction", TREASURY.hex(), 2)["version"] == 5
    assert call("get_account_transaction", TREASURY.hex(), 3) is None
    assert call("get_account_transaction", TREASURY.hex(), 2**64 - 1) is None


def test_events_of_a_stream() -> None:
    """By number in the stream; [] past the end."""
    stream = call("get_transactions", 1, 1, True)[0]["events"][0]["key"]
    blocks = call("get_events", stream, 0, 100)
    assert [event["sequence_number"] for event in blocks] == [0, 1, 2, 3, 4, 5]
    assert [event["transaction_version"] for event in blocks] == [1, 4, 6, 9, 10, 11]
    assert call("get_events", stream, 2, 2) == blocks[2:4]
    assert call("get_events", stream, 6, 10) == call("get_events", stream, 0, 0) == []


def test_genesis_as_a_block() -> None:
    """Height 0: no proposer, no parent, nobody signed."""
    genesis = {
        "height": 0, "id": CHAIN.genesis_hash.hex(), "epoch": 0, "round": 0, "proposer": None, "proposer_name": None,
        "timestamp_usecs": GENESIS_US, "parent_id": None, "first_version": 0, "last_version": 0, "transactions": 0,
        "signers": [], "signer_names": [], "committee_size": 0,
        "accumulator_root_hash": CHAIN.ledger.genesis_info.root.hex(),
    }  # fmt: skip
    assert call("get_block", 0) == genesis
    assert call("get_block", None, None, 0) == genesis
    assert call("get_block", None, genesis["id"]) == genesis


def test_a_block() -> None:
    """A block by height, id and each version in it; its signers are those of the certificate over it."""
    third = call("get_block", 3)
    certificate = certificate_of(CHAIN.store, 3)
    assert certificate is not None
    assert certificate.commit is not None
    assert third == {
        "height": 3, "id": certificate.commit.block_id.hex(), "epoch": 1, "round": 3, "proposer": 3,
        "proposer_name": "validator-3", "timestamp_usecs": GENESIS_US + 3 * SECOND,
        "parent_id": call("get_block", 2)["id"], "first_version": 6, "last_version": 8, "transactions": 2,
        "signers": [0, 1, 3], "signer_names": ["validator-0", "validator-1", "validator-3"],
        "committee_size": 4,
        "accumulator_root_hash": certificate.commit.root.hex(),
    }  # fmt: skip
    for version in (6, 7, 8):
        assert call("get_block", None, None, version) == third
    assert call("get_block", None, third["id"]) == third
    assert call("get_block") == call("get_block", 6)
    assert call("get_block", 6)["signers"] == [0, 1, 3]
    assert call("get_block", 7) is None
    assert call("get_block", None, UNKNOWN) is None
    assert call("get_block", None, third["id"][:16] + "0" * 48) is None
    assert refusal("get_block", None, None, 12) == "version_too_new"


def test_what_stands_at_the_very_tip() -> None:
    """The last entry of the last block is seen by every method."""
    chain = small_chain()
    tx = chain.sign(TC, "update_dual_attestation_limit", 0, 9)
    chain.add(tx)
    chain.add()
    context = Context(chain.ledger, 0, POOL, Linked())
    tip = read_tip(context)
    (found,) = answer(context, tip, Request(1, "get_transactions", [tip.version, 5]))
    assert found["hash"] == tx.hash.hex()
    assert answer(context, tip, Request(1, "get_account_transactions", [TREASURY.hex(), 3, 5])) == [found]
    assert answer(context, tip, Request(1, "get_account_transaction", [TREASURY.hex(), 3])) == found
    assert answer(context, tip, Request(1, "get_transaction_by_hash", [tx.hash.hex()])) == found
    block = answer(context, tip, Request(1, "get_block", [None, None, tip.version]))
    assert (block["height"], block["last_version"]) == (tip.height, tip.version)
    stream = answer(context, tip, Request(1, "get_transactions", [1, 1, True]))[0]["events"][0]["key"]
    assert len(answer(context, tip, Request(1, "get_events", [stream, 0, 100]))) == tip.height


def test_each_block_has_its_own_signers() -> None:
    """Those of the certificate over this very block; at the tip, of the one that committed it."""
    chain = Chain()
    quorums = [(0, 1, 2), (0, 1, 3), (0, 1, 2, 3), (1, 2, 3), (0, 2, 3)]
    for quorum in quorums:
        chain.signers = {index: VALIDATORS[index] for index in quorum}
        chain.add()
    context = Context(chain.ledger, 0, POOL, Linked())
    tip = read_tip(context)
    assert tip.height == 4
    found = [answer(context, tip, Request(1, "get_block", [height]))["signers"] for height in range(1, 5)]
    assert found == [[0, 1, 2], [0, 1, 3], [0, 1, 2, 3], [0, 2, 3]]


def heights(*params: Any) -> list[int]:
    return [block["height"] for block in call("get_blocks", *params)]


def test_pages_of_blocks() -> None:
    """Without a start the newest ones, newest first; from a height on ascending; 10 unless said, at most 100."""
    assert heights() == [6, 5, 4, 3, 2, 1, 0]
    assert heights(None, 3) == [6, 5, 4]
    assert heights(None, 7) == heights(None, 2**64 - 1) == [6, 5, 4, 3, 2, 1, 0]
    assert heights(0, 3) == [0, 1, 2]
    assert heights(5, 1) == [5]
    assert heights(5, 100) == [5, 6]
    assert heights(7, 1) == heights(2**64 - 1, 5) == heights(3, 0) == heights(None, 0) == []


def test_a_page_of_blocks_has_at_most_a_hundred() -> None:
    """More are not given; the default is 10."""
    chain = small_chain()
    for _ in range(110):
        chain.add()
    context = Context(chain.ledger, 0, POOL, Linked())
    tip = read_tip(context)
    for params, count in (([None, 101], 100), ([0, 101], 100), ([None, 99], 99), ([], 10)):
        assert len(answer(context, tip, Request(1, "get_blocks", params))) == count


def test_validators() -> None:
    """Names, keys, equal power; which one answers, and whom it has a link to."""
    members = document().validators
    assert call("get_validators") == [
        {
            "index": index, "name": f"validator-{index}", "account": party(200 + index).address.hex(),
            "operator": party(300 + index).address.hex(), "consensus_key": members[index].consensus_key.hex(),
            "network_key": members[index].network_key.hex(), "network_address": "", "fullnode_address": "",
            "state": "member", "is_accused": False, "accusations": [], "power": 1, "is_self": index == 1,
            "is_connected": index in (1, 2),
        }
        for index in range(4)
    ]  # fmt: skip
    assert call("get_network_status") == 1
    assert call("get_epoch") == {
        "epoch": 1, "began_usecs": NOW_SECS * 1_000_000, "members": [0, 1, 2, 3], "quorum": 3, "is_halted": False,
        "diem_version": 4, "gas_constants": GasConstants()._asdict(), "consensus": ConsensusConfig()._asdict(),
    }  # fmt: skip


def test_the_pool() -> None:
    """What waits: count, bytes, and each transaction up to the limit."""
    waiting = {
        "hash": WAITING.hash.hex(), "sender": DEALER.address.hex(), "sequence_number": 2,
        "expiration_timestamp_secs": NOW_SECS + 600, "function_name": "peer_to_peer_with_metadata",
        "valid_from_timestamp_secs": 0, "bytes": len(WAITING.envelope),
    }  # fmt: skip
    assert call("get_mempool") == {"count": 1, "bytes": len(WAITING.envelope), "transactions": [waiting]}
    assert call("get_mempool", 0) == {"count": 1, "bytes": len(WAITING.envelope), "transactions": []}


def test_rates_and_currencies() -> None:
    """In order of registration; local currencies apart."""
    assert [item["code"] for item in call("get_currencies")] == ["XUS", "XEU", "XDX"]
    assert call("get_rates") == [{"currency": "INR", "rate_fixed_point32": 1 << 26}]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0", [{"kind": "transaction", "version": 0}, {"kind": "block", "height": 0}]),
        ("6", [{"kind": "transaction", "version": 6}, {"kind": "block", "height": 6}]),
        (" 7 ", [{"kind": "transaction", "version": 7}]),
        ("11", [{"kind": "transaction", "version": 11}]),
        ("12", []),
        ("9" * 21, []),
        ("٧", []),
        ("-1", []),
        ("", []),
        (DEALER.address.hex(), [{"kind": "account", "address": DEALER.address.hex()}]),
        ("0x" + DEALER.address.hex().upper(), [{"kind": "account", "address": DEALER.address.hex()}]),
        ("00" * 16, []),
        ("00" * 15, []),
        (WAITING.hash.hex(), [{"kind": "pending", "hash": WAITING.hash.hex()}]),
        (CHAIN.transaction(7).entry.info.transaction_hash.hex(), [{"kind": "transaction", "version": 7}]),
        (call("get_block", 3)["id"], [{"kind": "block", "height": 3}]),
        (CHAIN.genesis_hash.hex(), [{"kind": "transaction", "version": 0}, {"kind": "block", "height": 0}]),
        (UNKNOWN, []),
        ("Validator-2", [{"kind": "validator", "index": 2, "name": "validator-2"}]),
        (key(13).public_key.hex(), [{"kind": "validator", "index": 3, "name": "validator-3"}]),
        (key(21).public_key.hex().upper(), [{"kind": "validator", "index": 1, "name": "validator-1"}]),
        ("xeu", [{"kind": "currency", "code": "XEU"}]),
        ("XE", []),
    ],
)
def test_search(text: str, found: list[dict[str, Any]]) -> None:
    """A text may name a version, a height, a hash, a block, an address, a validator or a currency."""
    assert call("search", text) == found


def test_a_number_of_twenty_digits_may_be_one() -> None:
    """The largest 64-bit number has twenty digits."""
    assert call("search", "00000000000000000011") == [{"kind": "transaction", "version": 11}]
    assert call("search", "000000000000000000011") == []


def test_the_treasury_is_an_account() -> None:
    """An account's shape at the tip."""
    found = call("get_account", TC.address.hex())
    events = "00" * 8 + TC.address.hex()
    role = {"type": "treasury_compliance", "vasp_domain_events_key": events, "diem_id_domain_events_key": events}
    assert (found["role"], found["version"], found["sequence_number"]) == (role, 11, 3)
