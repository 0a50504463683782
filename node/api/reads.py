"""What the methods read: the ledger up to its durable tip, and a glance at the running validator.

A snapshot is its `Tip`. Rows of entries and blocks never change, records are read from the history of recent states,
and whatever lies above the tip is left out: so every answer is a function of the tip, however far the store or the
ledger in memory has gone on meanwhile.
"""

from dataclasses import dataclass
from typing import Protocol

from chain.accounts import CONFIG_KEY, Config
from chain.codec import decode, fields
from chain.entries import KIND_BLOCK_METADATA, TransactionInfo
from chain.genesis import GenesisDocument
from chain.ledger import Ledger, read_entry, read_info
from chain.mempool import Mempool
from chain.records.onchain import ONCHAIN_KEY, OnChainConfig
from chain.records.validators import VALIDATORS_KEY, ActiveSet
from chain.state.history import PastState
from chain.storage import Column, Index, Store
from node.api.results import transaction_json
from node.api.schema import INVALID_PARAMS, MAX_PAGE, Json, RpcError, Tip


class StateIsFar(Exception):
    """The state at `version` must be restored from the disk first."""

    def __init__(self, version: int) -> None:
        """Which one."""
        super().__init__(version)
        self.version = version


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
    value = decode(meta)
    assert isinstance(value, tuple)
    _, _, height, _, version, time_us, *_ = value
    assert isinstance(height, int)
    assert isinstance(version, int)
    assert isinstance(time_us, int)
    return Tip(context.document.chain_id, version, time_us, height)


def check_version(tip: Tip, version: int) -> None:
    """A version above the latest is an invalid parameter."""
    if version > tip.version:
        raise RpcError(
            INVALID_PARAMS, f"version {version} is above the latest, {tip.version}", name="version_too_new",
            version=version, latest=tip.version,
        )  # fmt: skip


def check_limit(limit: int) -> None:
    """A page's limit."""
    if limit > MAX_PAGE:
        raise RpcError(INVALID_PARAMS, f"limit {limit} is above {MAX_PAGE}", name="page_too_large", limit=MAX_PAGE)


def state_at(context: Context, tip: Tip, version: int | None) -> PastState:
    """The state at the end of the last block up to a version, the latest without one.

    RpcError `version_too_new`, or `version_pruned` for what has left the window (U2); StateIsFar if the context waits.
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


def find_transaction(context: Context, tip: Tip, account: bytes, number: int) -> int | None:
    """Version of an account's transaction."""
    found = context.store.postings(Index.TRANSACTION_BY_SENDER, account, number, 1)
    return found[0][1] if found and found[0][0] == number and found[0][1] <= tip.version else None


def find_hash(context: Context, tip: Tip, tx_hash: bytes) -> int | None:
    """Version of a transaction by its whole hash."""
    for version, _ in context.store.postings(Index.TRANSACTION_BY_HASH, tx_hash[:8], 0, 100):
        row = None if version > tip.version else context.store.row(Column.TRANSACTION, version)
        if row is not None and TransactionInfo.from_bytes(read_info(row)).transaction_hash == tx_hash:
            return version
    return None


def read_transaction(context: Context, version: int | None, *, include_events: bool) -> Json:
    """Transaction, or None; the version is not above the tip."""
    row = None if version is None else context.store.row(Column.TRANSACTION, version)
    if version is None or row is None:
        return None
    return transaction_json(version, row, include_events=include_events)


def block_metadata(store: Store, version: int) -> tuple[int, int] | None:
    """(height, time) of the block that holds a version; None for genesis."""
    for at in range(version, 0, -1):
        row = store.row(Column.TRANSACTION, at)
        assert row is not None, "versions up to the tip have a row"
        kind, data, _, _ = read_entry(row)
        if kind == KIND_BLOCK_METADATA:
            _, _, _, height, _, time_us = fields(decode(data), "block metadata", bytes, int, int, int, int, int)
            return height, time_us
    return None
