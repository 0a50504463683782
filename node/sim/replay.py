"""A naive model of the ledger, run over what is on a disk: S7, S8 and S11 once more, by other means.

Nothing of the chain's execution, trees or mempool is called: plain dictionaries, a recursive root, one pass. The codecs
and the signature port are the only things shared.
"""

from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from chain.accounts import Account
from chain.crypto.signing import Signatures
from chain.entries import KIND_USER, TransactionInfo
from chain.kept import read_base
from chain.ledger import read_entry
from chain.primitives import SECOND_US
from chain.storage import Column, Store
from chain.transaction import SignedTransaction, decode_transaction
from node.sim.checkers import Violation
from node.sim.decoded import read_block, read_state

PAY, CREATE = "peer_to_peer_with_metadata", "create_child_vasp_account"
TAGS = {tag: sha256(b"MITHQAL::" + tag).digest() for tag in (b"AccountAddress", b"StateKey", b"StateValue")}
LEAF, INNER = (sha256(b"MITHQAL::SparseMerkle" + tag).digest() for tag in (b"Leaf", b"Internal"))
NOTHING = b"SPARSE_MERKLE_PLACEHOLDER_HASH".ljust(32, b"\0")


class Entry(NamedTuple):
    """One transaction of a user on the ledger, and the time of its block in whole seconds."""

    version: int
    tx: SignedTransaction
    info: TransactionInfo
    block_secs: int


def entries(store: Store) -> Iterator[Entry]:
    """Every user's transaction on a disk, by version."""
    for _, row in store.rows(Column.BLOCK, 1, 1 << 40):
        block, (first, last), _ = read_block(row)
        if block is None:
            continue
        for version, data in store.rows(Column.TRANSACTION, first, last + 1 - first):
            kind, body, info, _ = read_entry(data)
            if kind == KIND_USER and version <= last:
                secs = block.header.timestamp_us // SECOND_US
                yield Entry(version, decode_transaction(body), TransactionInfo.from_bytes(info), secs)


def check_replay(
    node: int, store: Store, chain: tuple[int, bytes], signatures: Signatures, *, is_full: bool
) -> list[Violation]:
    """S11: every transaction is signed, of this chain and in time. S8: numbers of an account have no gap. S7, S8: what
    children hold is what a dictionary says. `is_full` asks for all of it, and else for the state's root alone."""
    found = check_root(node, store)
    if not is_full:
        return found
    begins_at_genesis = read_base(store).height == 0
    numbers: dict[bytes, int] = {}
    money: dict[tuple[bytes, str], int] = {}
    for entry in entries(store):
        raw, version = entry.tx.raw, entry.version
        if raw.chain_id != chain[0]:
            found.append(Violation("S11_validity", node, f"version {version} is of chain {raw.chain_id}"))
        if raw.expiration_secs <= entry.block_secs:
            found.append(Violation("S11_validity", node, f"version {version} expired before its block"))
        if not all(signatures.verify(check) for check in entry.tx.checks(chain[1])):
            found.append(Violation("S11_validity", node, f"version {version} has a bad signature"))
        expected = numbers.get(raw.sender, 0 if begins_at_genesis else raw.sequence_number)
        if raw.sequence_number != expected:
            text = f"version {version} has number {raw.sequence_number} of {raw.sender.hex()}, {expected} was next"
            found.append(Violation("S8_sequence", node, text))
        numbers[raw.sender] = raw.sequence_number + 1
        _move(money, entry)
    return found + _compare(node, store, numbers, money if begins_at_genesis else {})


def _move(money: dict[tuple[bytes, str], int], entry: Entry) -> None:
    """What a transaction does to children's accounts: they are made with money, pay, are paid, and pay fees."""
    raw, info = entry.tx.raw, entry.info
    payer = (bytes(raw.sender), raw.gas_currency)
    if payer in money:
        money[payer] -= info.gas_used * raw.gas_unit_price
    if info.status.kind != "executed":
        return
    arguments = raw.payload.arguments
    if raw.payload.function == CREATE:
        currency, child, amount = arguments[0], arguments[1], arguments[4]
        assert isinstance(currency, str)
        assert isinstance(child, bytes)
        assert isinstance(amount, int)
        money[child, currency] = amount
    elif raw.payload.function == PAY:
        currency, payee, amount = arguments[:3]
        assert isinstance(currency, str)
        assert isinstance(payee, bytes)
        assert isinstance(amount, int)
        for place, by in (((bytes(raw.sender), currency), -amount), ((payee, currency), amount)):
            if place in money:
                money[place] += by


def _compare(
    node: int, store: Store, numbers: dict[bytes, int], money: dict[tuple[bytes, str], int]
) -> list[Violation]:  # fmt: skip
    """The accounts on the disk are those of the model."""
    found = []
    for key, data in store.states():
        record = read_state(key, data)
        if not isinstance(record, Account):
            continue
        address = bytes(record.address)
        if numbers.get(address, record.sequence_number) != record.sequence_number:
            text = f"{address.hex()} is at number {record.sequence_number}, its transactions lead to {numbers[address]}"
            found.append(Violation("S8_sequence", node, text))
        for code, amount in record.balances:
            if money.get((address, code), amount) != amount:
                text = f"{address.hex()} holds {amount} {code}, the model says {money[address, code]}"
                found.append(Violation("S7_model", node, text))
    return found


def check_root(node: int, store: Store) -> list[Violation]:
    """S7: the root of all records on the disk, from scratch, is the one that the newest version names."""
    newest = store.last_row(Column.TRANSACTION)
    if newest is None:
        return []
    named = TransactionInfo.from_bytes(read_entry(newest[1])[2]).state_root
    root = root_of(tuple(store.states()))
    if root == named:
        return []
    said = "nothing" if named is None else named.hex()
    return [Violation("S7_state_root", node, f"version {newest[0]} names {said}, its records give {root.hex()}")]


@lru_cache(maxsize=4)
def root_of(records: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """The root of keys and values, whatever their order: the disks of a run hold the same ones, mostly."""
    return naive_root(sorted((_place(key), _hash(b"StateValue", value)) for key, value in records))


def naive_root(leaves: list[tuple[bytes, bytes]], depth: int = 0) -> bytes:
    """The sparse Merkle root of sorted (key, value hash): a lone leaf stands for its whole subtree."""
    if not leaves:
        return NOTHING
    if len(leaves) == 1:
        return sha256(LEAF + leaves[0][0] + leaves[0][1]).digest()
    sides: tuple[list[tuple[bytes, bytes]], list[tuple[bytes, bytes]]] = ([], [])
    for leaf in leaves:
        sides[leaf[0][depth // 8] >> (7 - depth % 8) & 1].append(leaf)
    return sha256(INNER + naive_root(sides[0], depth + 1) + naive_root(sides[1], depth + 1)).digest()


def _place(key: bytes) -> bytes:
    """Where a record lies in the tree: accounts by the hash of their address, all others by that of their key."""
    return _hash(b"AccountAddress", key[1:]) if key[:1] == b"a" else _hash(b"StateKey", key)


def _hash(tag: bytes, data: bytes) -> bytes:
    """The domain's hash of a record's key or value."""
    return sha256(TAGS[tag] + data).digest()
