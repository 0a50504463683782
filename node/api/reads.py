"""What the methods read: the ledger up to its durable tip, and a glance at the running validator.

A snapshot is its `Tip`. Rows of entries and blocks never change, records are read from the history of recent states,
and whatever lies above the tip is left out: so every answer is a function of the tip, however far the store or the
ledger in memory has gone on meanwhile.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from chain.accounts import ASSOCIATION, CONFIG_KEY, Account, Config, Currency, account_key
from chain.codec import decode, fields
from chain.entries import KIND_BLOCK_METADATA, TransactionInfo
from chain.genesis import GenesisDocument
from chain.kept import pruned
from chain.ledger import Ledger, read_block, read_entry, read_info
from chain.ledger import read_tip as read_stored_tip
from chain.mempool import Mempool
from chain.records.onchain import ONCHAIN_KEY, OnChainConfig
from chain.records.validators import VALIDATORS_KEY, ActiveSet
from chain.state.history import PastState
from chain.storage import Column, Index, Store
from chain.streams import root_counter
from node.api.results import transaction_json
from node.api.schema import INVALID_PARAMS, MAX_PAGE, Json, RpcError, Tip
from node.api.signing import UNKNOWN, Signing

PAGE_STEP = 100
"""Versions that a page reads at a time."""
MAX_PAGE_BYTES = 4 << 20
"""Stored bytes after which a page of transactions ends, though more were asked for: only batches of payments reach it,
whose JSON is some four times as large."""


class StateIsFar(Exception):
    """The state at `version` must be restored from the disk first."""

    def __init__(self, version: int) -> None:
        """Which one."""
        super().__init__(version)
        self.version = version


class Whole(Iterator[Json]):
    """One result that takes long: None after each piece of work, the result in the end."""

    def __init__(self, steps: Iterator[Json]) -> None:
        """`steps` end with the result."""
        self._steps = steps

    def __next__(self) -> Json:
        """One more piece."""
        return next(self._steps)


class Peers(Protocol):
    """What the API tells of the links."""

    def connected(self) -> list[int]:
        """Validators with a link up."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the methods read: ledger, pool and links of validator `index`."""

    ledger: Ledger
    index: int
    mempool: Mempool
    peers: Peers
    signing: Callable[[], Signing] = lambda: UNKNOWN
    """Whether the process signs."""
    waits_for_states: bool = False
    """Whether `StateIsFar` is caught and the state restored off the loop; else it is restored at once."""

    @property
    def store(self) -> Store:
        """The durable store."""
        return self.ledger.store

    @property
    def document(self) -> GenesisDocument:
        """The genesis document."""
        return self.ledger.document


def read_tip(context: Context) -> Tip:
    """The durable tip."""
    meta = context.store.row(Column.META, 0)
    assert meta is not None, "a ledger is opened before it is served"
    return _tip_of(meta, context.document.chain_id)


@lru_cache(maxsize=16)
def _tip_of(meta: bytes, chain_id: int) -> Tip:
    """The tip of a row of META; many calls ask for the same."""
    stored = read_stored_tip(decode(meta))
    return Tip(chain_id, stored.version, stored.timestamp_us, stored.height)


def check_version(tip: Tip, version: int) -> None:
    """A version above the latest is an invalid parameter."""
    if version > tip.version:
        raise RpcError(
            INVALID_PARAMS, f"version {version} is above the latest, {tip.version}", name="version_too_new",
            version=version, latest=tip.version,
        )  # fmt: skip


def check_kept(context: Context, version: int) -> None:
    """A version between genesis and the snapshot that this validator began with: RpcError `version_pruned` (KE5)."""
    base = context.ledger.base.version
    if 0 < version < base:
        raise gone(f"version {version}", base, version=version)


def gone(what: str, oldest: int, **details: object) -> RpcError:
    """`version_pruned`: what is asked for lies before what is kept here."""
    error = pruned(what, oldest)
    return RpcError(INVALID_PARAMS, error.message, name=error.name, **error.details, **details)


def check_first(context: Context, what: str, asked: int, found: list[tuple[int, int]], count: int) -> None:
    """Of a numbered list with `count` items those from `asked` on were looked for: RpcError `version_pruned` if the
    first of them lies before the snapshot."""
    base = context.ledger.base.version
    if base and asked < count and (not found or found[0][0] > asked):
        raise gone(f"{what} {asked}", base)


def used_numbers(context: Context, tip: Tip, account: bytes) -> int:
    """How many transactions an account has sent."""
    found = state_at(context, tip, None).get(account_key(account))
    return found.sequence_number if isinstance(found, Account) else 0


def count_events(context: Context, tip: Tip, key: bytes) -> int:
    """How many events a stream has (X17)."""
    state, handle, creator = state_at(context, tip, None), int.from_bytes(key[:8], "little"), key[8:]
    if creator != ASSOCIATION:
        owner, place = account_key(creator), handle
    else:
        config = config_of(state)
        owner, place = root_counter(handle, config.currencies) or (CONFIG_KEY, len(config.streams))
    found = state.get(owner)
    counters = found.streams if isinstance(found, Account | Config | Currency) else ()
    return counters[place] if place < len(counters) else 0


def check_limit(limit: int) -> None:
    """A page's limit."""
    if limit > MAX_PAGE:
        raise RpcError(INVALID_PARAMS, f"limit {limit} is above {MAX_PAGE}", name="page_too_large", limit=MAX_PAGE)


def state_at(context: Context, tip: Tip, version: int | None) -> PastState:
    """The state at the end of the last block up to a version, the latest without one.

    RpcError `version_too_new`, or `version_pruned` for what has left the window (KE2); StateIsFar if the context waits.
    """
    if version is not None:
        check_version(tip, version)
    history = context.ledger.history
    if version is not None and context.waits_for_states and history.is_far(version):
        raise StateIsFar(version)
    state = history.at(tip.version if version is None else version)
    if state is None:
        raise RpcError(
            INVALID_PARAMS,
            f"the state at version {version} is no longer kept, the oldest kept is that of version {history.oldest}",
            name="version_pruned", version=version, oldest=history.oldest,
        )  # fmt: skip
    return state


def config_of(state: PastState) -> Config:
    """The configuration, there from genesis on."""
    config = state.get(CONFIG_KEY)
    assert isinstance(config, Config)
    return config


def active_set_of(state: PastState) -> ActiveSet:
    """The validators in force, there from genesis on."""
    active = state.get(VALIDATORS_KEY)
    assert isinstance(active, ActiveSet)
    return active


def onchain_of(state: PastState) -> OnChainConfig:
    """What governance has set, there from genesis on."""
    config = state.get(ONCHAIN_KEY)
    assert isinstance(config, OnChainConfig)
    return config


def read_page(context: Context, tip: Tip, start: int, limit: int) -> Iterator[tuple[int, bytes]]:
    """At most `limit` versions from `start` on, as they are stored. Fewer where those have MAX_PAGE_BYTES already.

    RpcError `version_pruned` if one of them is not kept here.
    """
    if limit and start + limit > 1:
        check_kept(context, min(max(start, 1), start + limit - 1, tip.version))
    return _rows(context, start, min(start + limit, tip.version + 1))


def _rows(context: Context, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """The same, read when they are asked for."""
    size = 0
    for first in range(start, end, PAGE_STEP):
        for version, row in context.store.rows(Column.TRANSACTION, first, min(PAGE_STEP, end - first)):
            yield version, row
            size += len(row)
            if size >= MAX_PAGE_BYTES:
                return


def find_transaction(context: Context, tip: Tip, account: bytes, number: int) -> int | None:
    """Version of an account's transaction; RpcError `version_pruned`."""
    found = context.store.postings(Index.TRANSACTION_BY_SENDER, account, number, 1)
    if context.ledger.base.version:
        check_first(context, "transaction number", number, found, used_numbers(context, tip, account))
    return found[0][1] if found and found[0][0] == number and found[0][1] <= tip.version else None


def find_hash(context: Context, tip: Tip, tx_hash: bytes) -> int | None:
    """Version of a transaction by its whole hash."""
    for version, _ in context.store.postings(Index.TRANSACTION_BY_HASH, tx_hash[:8], 0, 100):
        row = None if version > tip.version else context.store.row(Column.TRANSACTION, version)
        if row is not None and TransactionInfo.from_bytes(read_info(row)).transaction_hash == tx_hash:
            return version
    return None


def read_transaction(context: Context, version: int | None, *, include_events: bool) -> Json:
    """Transaction, or None; the version is not above the tip, and kept."""
    row = None if version is None else context.store.row(Column.TRANSACTION, version)
    if version is None or row is None:
        return None
    return transaction_json(version, row, include_events=include_events)


def block_metadata(context: Context, version: int) -> tuple[int, int] | None:
    """(height, time) of the block that holds a kept version; None for genesis."""
    store, base = context.store, context.ledger.base
    for at in range(version, 0, -1):
        if at == base.version:  # of its block only the last version is here
            stored = store.row(Column.BLOCK, base.height)
            block = None if stored is None else read_block(stored)[0]
            assert block is not None, "a ledger begins with its base's block"
            return base.height, block.header.timestamp_us
        row = store.row(Column.TRANSACTION, at)
        assert row is not None, "versions up to the tip have a row"
        kind, data, _, _ = read_entry(row)
        if kind == KIND_BLOCK_METADATA:
            _, _, _, height, _, time_us = fields(decode(data), "block metadata", bytes, int, int, int, int, int)
            return height, time_us
    return None
