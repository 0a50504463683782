"""The methods of the API as functions of what is durable, and of a glance at the running validator.

`answer(context, request)` is the way in; `submit` and `wait_for_transaction` need the event loop and live in
node/runtime/http_server.py, with their parameters and errors here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from chain.accounts import CONFIG_KEY, Account, Config, Currency, account_key, currency_key
from chain.block import Block
from chain.certificates import QuorumCertificate
from chain.codec import decode, fields
from chain.entries import KIND_BLOCK_METADATA, TransactionInfo, info_hash
from chain.genesis import GenesisDocument
from chain.interface import Reply
from chain.ledger import (
    read_block,
    read_entry,
)
from chain.mempool import Mempool
from chain.primitives import Hash
from chain.state.accumulator import Frontier, position
from chain.storage import Column, Index, Store
from node.api.results import account_json, currency_json, event_json, transaction_json
from node.api.schema import (
    INVALID_PARAMS,
    MAX_PAGE,
    MEMPOOL_CODES,
    MEMPOOL_UNKNOWN,
    UNKNOWN_METHOD,
    VM_DESERIALIZATION,
    VM_VALIDATION,
    Json,
    Parameter,
    Request,
    RpcError,
    Tip,
    bind,
)

MAX_WAIT_MS = 60_000
DIEM_VERSION = 4
_LAST = 2**63 - 1
"""Highest key that a store can hold."""


class Peers(Protocol):
    """What the API tells of the links."""

    def connected(self) -> list[int]:
        """Validators with a link up."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the methods read: the durable store, the genesis, the pool and the links."""

    store: Store
    document: GenesisDocument
    genesis_hash: bytes
    index: int
    mempool: Mempool
    peers: Peers


def read_tip(context: Context) -> Tip:
    """The durable tip."""
    meta = context.store.row(Column.META, 0)
    assert meta is not None, "a ledger is opened before it is served"
    _, _, height, _, version, time_us, *_ = decode_list(meta)
    return Tip(context.document.chain_id, version, time_us, height)


def decode_list(data: bytes) -> tuple[Json, ...]:
    """A stored record as its fields."""
    value = decode(data)
    assert isinstance(value, tuple)
    return value


def _check_version(tip: Tip, version: int) -> None:
    """A version above the latest is an invalid parameter."""
    if version > tip.version:
        raise RpcError(
            INVALID_PARAMS, f"version {version} is above the latest, {tip.version}", name="version_too_new",
            version=version, latest=tip.version,
        )  # fmt: skip


def _check_limit(limit: int) -> None:
    """A page's limit."""
    if limit > MAX_PAGE:
        raise RpcError(INVALID_PARAMS, f"limit {limit} is above {MAX_PAGE}", name="page_too_large", limit=MAX_PAGE)


# --- reads of the store ---


def accumulator_root(store: Store, version: int) -> Hash:
    """Root of the transaction accumulator after `version`, from its frozen nodes."""
    size, roots, start = version + 1, [], 0
    for level in reversed(range(size.bit_length())):
        if not size >> level & 1:
            continue
        node = store.row(Column.ACCUMULATOR, position(level, start >> level)) if level else None
        if node is None:
            row = store.row(Column.TRANSACTION, start)
            assert row is not None, "frozen nodes are durable with their leaves"
            node = info_hash(read_entry(row)[2])
        roots.append(Hash(node))
        start += 1 << level
    return Frontier(size, tuple(roots)).root()


def block_metadata(store: Store, version: int) -> tuple[int, int] | None:
    """(height, time) of the block that holds a version; None for genesis."""
    for at in range(version, 0, -1):
        row = store.row(Column.TRANSACTION, at)
        if row is None:
            break
        kind, data, _, _ = read_entry(row)
        if kind == KIND_BLOCK_METADATA:
            _, _, _, height, _, time_us = fields(decode(data), "block metadata", bytes, int, int, int, int, int)
            return height, time_us
    return None


def find_transaction(store: Store, account: bytes, number: int) -> int | None:
    """Version of an account's transaction."""
    found = store.postings(Index.TRANSACTION_BY_SENDER, account, min(number, _LAST), 1)
    return found[0][1] if found and found[0][0] == number else None


def find_hash(store: Store, tx_hash: bytes) -> int | None:
    """Version of a transaction by its whole hash."""
    for version, _ in store.postings(Index.TRANSACTION_BY_HASH, tx_hash[:8], 0, 100):
        row = store.row(Column.TRANSACTION, version)
        if row is not None and TransactionInfo.from_bytes(read_entry(row)[2]).transaction_hash == tx_hash:
            return version
    return None


def read_transaction(store: Store, version: int | None, *, include_events: bool) -> Json:
    """Transaction, or None."""
    row = None if version is None else store.row(Column.TRANSACTION, min(version, _LAST))
    if version is None or row is None:
        return None
    return transaction_json(version, row, include_events=include_events)


def _config(context: Context) -> Config:
    """The configuration, there from genesis on."""
    data = context.store.state(CONFIG_KEY)
    assert data is not None
    return Config.from_bytes(data)


# --- methods ---


def get_metadata(context: Context, tip: Tip, version: int | None) -> Json:
    """Metadata; 0 means the latest, as Libra's client has it."""
    at = version or tip.version
    _check_version(tip, at)
    result: dict[str, Json] = {
        "version": at,
        "accumulator_root_hash": accumulator_root(context.store, at).hex(),
        "chain_id": tip.chain_id,
    }
    if at == tip.version:
        result.update(
            timestamp=tip.timestamp_us, script_hash_allow_list=None, module_publishing_allowed=False,
            diem_version=DIEM_VERSION, dual_attestation_limit=_config(context).dual_attestation_limit,
            genesis_hash=context.genesis_hash.hex(), height=tip.height,
        )  # fmt: skip
    else:
        found = block_metadata(context.store, at)
        result["timestamp"] = context.document.timestamp_us if found is None else found[1]
    return result


def get_account(context: Context, tip: Tip, account: bytes, version: int | None) -> Json:
    """Account, or None; of the latest version only."""
    if version is not None:
        _check_version(tip, version)
        if version != tip.version:
            raise RpcError(INVALID_PARAMS, "accounts are served at the latest version only", name="version_pruned")
    data = context.store.state(account_key(account))
    return None if data is None else account_json(Account.from_bytes(data), tip.version)


def get_transactions(context: Context, tip: Tip, start: int, limit: int, include_events: bool) -> Json:
    """Transactions from a version on; empty past the end."""
    _check_limit(limit)
    if start > tip.version or limit == 0:
        return []
    rows = context.store.rows(Column.TRANSACTION, start, min(limit, tip.version - start + 1))
    return [transaction_json(version, row, include_events=include_events) for version, row in rows]


def get_transaction_by_hash(context: Context, _tip: Tip, tx_hash: bytes, include_events: bool) -> Json:
    """Transaction, or None."""
    return read_transaction(context.store, find_hash(context.store, tx_hash), include_events=include_events)


def get_account_transaction(
    context: Context, _tip: Tip, account: bytes, number: int, include_events: bool
) -> Json:  # fmt: skip
    """Transaction by sender and sequence number, or None."""
    version = find_transaction(context.store, account, number)
    return read_transaction(context.store, version, include_events=include_events)


def get_account_transactions(
    context: Context, _tip: Tip, account: bytes, start: int, limit: int, include_events: bool
) -> Json:  # fmt: skip
    """A sender's transactions by sequence number."""
    _check_limit(limit)
    found = context.store.postings(Index.TRANSACTION_BY_SENDER, account, min(start, _LAST), limit)
    return [read_transaction(context.store, version, include_events=include_events) for _, version in found]


def get_events(context: Context, _tip: Tip, key: bytes, start: int, limit: int) -> Json:
    """Events of a stream."""
    _check_limit(limit)
    result = []
    for number, version in context.store.postings(Index.EVENT, key, min(start, _LAST), limit):
        row = context.store.row(Column.TRANSACTION, version)
        assert row is not None
        result += [
            event_json(event, version) for event in read_entry(row)[3] if (event.key, event.sequence) == (key, number)
        ]
    return result


def get_currencies(context: Context, _tip: Tip) -> Json:
    """Every registered currency, in order of registration."""
    result = []
    for place, code in enumerate(_config(context).currencies):
        data = context.store.state(currency_key(code))
        assert data is not None
        result.append(currency_json(Currency.from_bytes(data), place))
    return result


def get_rates(context: Context, _tip: Tip) -> Json:
    """Local currencies without a coin: value of one unit in XDX, 32-bit fixed point."""
    return [{"currency": code, "rate_fixed_point32": rate} for code, rate in _config(context).rates]


def block_json(context: Context, height: int) -> Json:
    """One committed block, or None. `signers` are those of the certificate over it."""
    row = context.store.row(Column.BLOCK, min(height, _LAST))
    if row is None:
        return None
    block, (first, last), proof = read_block(row)
    members = context.document.validators
    if block is None:
        return {
            "height": 0, "id": context.genesis_hash.hex(), "epoch": 0, "round": 0, "proposer": None,
            "proposer_name": None, "timestamp_usecs": context.document.timestamp_us, "parent_id": None,
            "first_version": first, "last_version": last, "transactions": 0, "signers": [], "signer_names": [],
            "accumulator_root_hash": accumulator_root(context.store, last).hex(),
        }  # fmt: skip
    signers = [author for author, _ in _certificate_over(context.store, block, proof)]
    header = block.header
    return {
        "height": height, "id": block.id.hex(), "epoch": header.epoch, "round": header.round,
        "proposer": header.author, "proposer_name": members[header.author].name,
        "timestamp_usecs": header.timestamp_us, "parent_id": block.parent_id.hex(), "first_version": first,
        "last_version": last, "transactions": last - first, "signers": signers,
        "signer_names": [members[author].name for author in signers],
        "accumulator_root_hash": accumulator_root(context.store, last).hex(),
    }  # fmt: skip


def _certificate_over(
    store: Store, block: Block, proof: QuorumCertificate | None
) -> tuple[tuple[int, bytes], ...]:  # fmt: skip
    """Signatures over the block: its child's parent certificate, else those of what committed it."""
    row = store.row(Column.BLOCK, block.height + 1)
    child = None if row is None else read_block(row)[0]
    if child is not None and child.parent_id == block.id:
        return child.parent_qc.signatures
    return () if proof is None else proof.signatures


def get_block(context: Context, tip: Tip, height: int | None, id_: bytes | None, version: int | None) -> Json:
    """A block by height, by id or by a version that it holds; the latest without any."""
    if id_ is not None:
        for found, _ in context.store.postings(Index.BLOCK_BY_ID, id_[:8], 0, 10):
            block = block_json(context, found)
            if block is not None and block["id"] == id_.hex():
                return block
        return None
    if version is not None:
        _check_version(tip, version)
        metadata = block_metadata(context.store, version)
        height = 0 if metadata is None else metadata[0]
    return block_json(context, tip.height if height is None else height)


def get_blocks(context: Context, tip: Tip, start: int | None, limit: int) -> Json:
    """Blocks from a height on, ascending; without a start the newest ones, newest first."""
    limit = min(limit, 100)
    if start is None:
        heights = range(tip.height, max(-1, tip.height - limit), -1)
    else:
        heights = range(start, min(tip.height + 1, start + limit))
    return [block for height in heights if (block := block_json(context, height)) is not None]


def get_validators(context: Context, _tip: Tip) -> Json:
    """The validator set, and which of them this validator has a link to."""
    connected = context.peers.connected()
    return [
        {
            "index": index, "name": member.name, "consensus_key": member.consensus_key.hex(),
            "network_key": member.network_key.hex(), "power": 1, "is_self": index == context.index,
            "is_connected": index == context.index or index in connected,
        }
        for index, member in enumerate(context.document.validators)
    ]  # fmt: skip


def get_mempool(context: Context, _tip: Tip, limit: int) -> Json:
    """What waits on this validator, oldest first."""
    _check_limit(limit)
    pool = context.mempool
    waiting = [
        {
            "hash": tx_hash.hex(), "sender": tx.raw.sender.hex(), "sequence_number": tx.raw.sequence_number,
            "expiration_timestamp_secs": tx.raw.expiration_secs, "function_name": tx.raw.payload.function,
            "bytes": len(tx.envelope),
        }
        for tx_hash, tx in list(pool.by_hash.items())[:limit]
    ]  # fmt: skip
    return {"count": len(pool), "bytes": pool.total_bytes, "transactions": waiting}


def get_network_status(context: Context, _tip: Tip) -> Json:
    """Connected peers."""
    return len(context.peers.connected())


def search(context: Context, tip: Tip, text: str) -> Json:
    """What a text may name: version, height, hash, block id, address, validator, currency."""
    found: list[Json] = []
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) <= 20:
        number = int(text)
        if number <= tip.version:
            found.append({"kind": "transaction", "version": number})
        if number <= tip.height:
            found.append({"kind": "block", "height": number})
    try:
        data = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        data = b""
    if len(data) == 32:
        version = find_hash(context.store, data)
        if version is not None:
            found.append({"kind": "transaction", "version": version})
        block = get_block(context, tip, None, data, None)
        if block is not None:
            found.append({"kind": "block", "height": block["height"]})
        if data in context.mempool.by_hash:
            found.append({"kind": "pending", "hash": data.hex()})
    if len(data) == 16 and context.store.state(account_key(data)) is not None:
        found.append({"kind": "account", "address": data.hex()})
    found += [
        {"kind": "validator", "index": index, "name": member.name}
        for index, member in enumerate(context.document.validators)
        if text.lower() == member.name.lower() or text.lower() in (member.consensus_key.hex(), member.network_key.hex())
    ]
    found += [{"kind": "currency", "code": code} for code in _config(context).currencies if code == text.upper()]
    return found


_EVENTS = Parameter("include_events", "bool", False)
_VERSION = Parameter("version", "u64", None)
_ACCOUNT = Parameter("account", "address")
_NUMBER = Parameter("sequence_number", "u64")
_LIMIT = Parameter("limit", "u64")
_START = Parameter("start", "u64")

METHODS: dict[str, tuple[Callable[..., Json], tuple[Parameter, ...]]] = {
    "get_metadata": (get_metadata, (_VERSION,)),
    "get_account": (get_account, (_ACCOUNT, _VERSION)),
    "get_transactions": (get_transactions, (Parameter("start_version", "u64"), _LIMIT, _EVENTS)),
    "get_transaction_by_hash": (get_transaction_by_hash, (Parameter("hash", "hash"), _EVENTS)),
    "get_account_transaction": (get_account_transaction, (_ACCOUNT, _NUMBER, _EVENTS)),
    "get_account_transactions": (get_account_transactions, (_ACCOUNT, _START, _LIMIT, _EVENTS)),
    "get_events": (get_events, (Parameter("key", "key"), _START, _LIMIT)),
    "get_currencies": (get_currencies, ()),
    "get_rates": (get_rates, ()),
    "get_block": (get_block, (Parameter("height", "u64", None), Parameter("id", "hash", None), _VERSION)),
    "get_blocks": (get_blocks, (Parameter("start_height", "u64", None), Parameter("limit", "u64", 10))),
    "get_validators": (get_validators, ()),
    "get_mempool": (get_mempool, (Parameter("limit", "u64", 100),)),
    "get_network_status": (get_network_status, ()),
    "search": (search, (Parameter("text", "text"),)),
}
"""Function and parameters by method."""

SUBMIT_PARAMETERS = (Parameter("data", "hex"),)
WAIT_PARAMETERS = (_ACCOUNT, _NUMBER, Parameter("hash", "hash", None), Parameter("timeout_ms", "u64", 10_000))


def answer(context: Context, tip: Tip, request: Request) -> Json:
    """The result of a read method; RpcError otherwise."""
    found = METHODS.get(request.method)
    if found is None:
        raise RpcError(UNKNOWN_METHOD, f"no method is called {request.method[:64]!r}", name="unknown_method")
    function, parameters = found
    return function(context, tip, *bind(parameters, request.params))


def submission_result(reply: Reply) -> Json:
    """Result of `submit`: {hash, status, message, waiting_for}; RpcError where the machine refuses."""
    if reply.accepted:
        return {
            "hash": reply.hash.hex(), "status": reply.name, "message": reply.message, "waiting_for": reply.waiting_for
        }  # fmt: skip
    details: dict[str, Json] = {} if not reply.hash else {"hash": reply.hash.hex()}
    if reply.name == "sequence_number_too_old":
        code = MEMPOOL_CODES[reply.name]
    elif reply.code is not None or reply.name == "invalid_signature":
        code = VM_VALIDATION
    elif reply.name in MEMPOOL_CODES:
        code = MEMPOOL_CODES[reply.name]
    elif reply.name in ("transaction_expired", "expiration_too_far"):
        code = MEMPOOL_UNKNOWN
    else:
        code = VM_DESERIALIZATION
    status = 1 if reply.name == "invalid_signature" else reply.code
    if status is not None:
        details["StatusCode"] = status
    raise RpcError(code, f"{reply.name.upper()}: {reply.message}", name=reply.name, **details)
