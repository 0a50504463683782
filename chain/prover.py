"""Makes the proofs that `chain.light_client` checks, from what is durable and the states of recent blocks.

A proof is against one version of the ledger, which clients have been told of: the last one of a certified block.
"""

from functools import partial

from chain.accounts import account_key, leaf_key
from chain.certificates import QuorumCertificate
from chain.entries import TransactionInfo, info_hash
from chain.kept import is_kept, pruned, read_base
from chain.ledger import Ledger, read_block, read_entry, read_info
from chain.light_client import AccountProof, LedgerProof, TransactionProof
from chain.primitives import Address, Hash
from chain.state import tree
from chain.state.accumulator import (
    ConsistencyProof,
    LeafProof,
    RangeProof,
    ReadNode,
    frontier_at,
    inner_node,
    node_at,
    position,
    prove_consistency,
    prove_leaf,
    prove_range,
)
from chain.state.history import PastState
from chain.storage import Column, Store


def accumulator_nodes(store: Store) -> ReadNode:
    """Reads the transaction accumulator's full subtrees."""

    base = read_base(store)

    def read_inner(at: int) -> Hash:
        node = store.row(Column.ACCUMULATOR, at)
        if node is None:
            raise pruned("a part of the transaction accumulator", base.version)
        return Hash(node)

    def read_leaves(first: int, count: int) -> list[Hash]:
        return [info_hash(read_info(row)) for _, row in store.rows(Column.TRANSACTION, first, count)]

    read = partial(node_at, read_inner=read_inner, read_leaves=read_leaves)

    def read_kept(level: int, index: int) -> Hash:
        """U6: around the base a subtree's leaves are not here; it stands in a row, or is made of its halves."""
        if index << level > base.version:
            return read(level, index)
        node = store.row(Column.ACCUMULATOR, position(level, index))
        if node is not None:
            return Hash(node)
        if level == 0:
            return read(0, index) if is_kept(base, index) else read_inner(position(0, index))
        return inner_node(read_kept(level - 1, 2 * index), read_kept(level - 1, 2 * index + 1))

    return read_kept if base.version else read


def accumulator_root(store: Store, version: int) -> Hash:
    """Root of the transaction accumulator after a durable version."""
    return frontier_at(version + 1, accumulator_nodes(store)).root()


def certificate_of(store: Store, height: int) -> QuorumCertificate | None:
    """What commits a durable block: its own certificate, else that of the last block committed with it.

    None for genesis, which has none.
    """
    if height == 0:
        return None
    while True:
        row = store.row(Column.BLOCK, height)
        assert row is not None, "a block is durable with the one that has its certificate"
        certificate = read_block(row)[2]
        if certificate is not None:
            return certificate
        height += 1


class Prover:
    """Proofs against the ledger up to `version`, which is durable."""

    def __init__(self, ledger: Ledger, version: int) -> None:
        """Nothing is read yet."""
        self._ledger, self._store, self._size = ledger, ledger.store, version + 1
        self._read = accumulator_nodes(ledger.store)

    def ledger(self, certificate: QuorumCertificate) -> LedgerProof:
        """From genesis to a certificate."""
        return LedgerProof(self._ledger.genesis_info, self.info(0), (), certificate)

    def consistency(self, known_version: int) -> ConsistencyProof:
        """That the ledger begins with what a client knows."""
        return prove_consistency(known_version + 1, self._size, self._read)

    def info(self, version: int) -> TransactionInfo:
        """The accumulator's leaf of a version."""
        return TransactionInfo.from_bytes(read_info(self._row(version)))

    def path(self, version: int) -> LeafProof:
        """The siblings of that leaf."""
        return prove_leaf(version, self._size, self._read)

    def paths(self, first_version: int, count: int) -> RangeProof:
        """The siblings around consecutive leaves."""
        return prove_range(first_version, count, self._size, self._read)

    def transaction(self, version: int) -> TransactionProof:
        """One entry with its events."""
        kind, data, info, events = read_entry(self._row(version))
        return TransactionProof(
            version, TransactionInfo.from_bytes(info), self.path(version), kind, data, events
        )  # fmt: skip

    def account(self, address: bytes, state: PastState) -> AccountProof:
        """An account or its absence in the state of a recent block."""
        key = account_key(address)
        record = state.get(key)
        return AccountProof(
            state.version, self.info(state.version), self.path(state.version), Address(address),
            None if record is None else record.to_bytes(), tree.prove(state.tree, leaf_key(key)),
        )  # fmt: skip

    def _row(self, version: int) -> bytes:
        """The stored entry of a durable version."""
        row = self._store.row(Column.TRANSACTION, version)
        if row is None:
            raise pruned(f"version {version}", self._ledger.base.version)
        return row
