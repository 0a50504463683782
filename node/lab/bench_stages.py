"""What each stage of a payment costs a validator, one after the other in one process, on blocks as full as they get.

No network and no waiting: the sum is the processor time that one validator needs for a payment, without what sockets,
TLS and the event loop add. A stage that only some validators do (a client's own validator, the leader) says so.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from chain.accounts import Account, Role, account_key
from chain.block import Block, Header, header_id, payload_root, proposal_message
from chain.crypto.signing import PrivateKey, RealSignatures, verify_all
from chain.execution.context import BlockContext
from chain.execution.executor import execute_block
from chain.genesis import GenesisCurrency, GenesisDocument
from chain.ledger import Ledger
from chain.limits import MAX_BLOCK_BYTES, MAX_BLOCK_TRANSACTIONS, VERIFY_BATCH
from chain.mempool import Mempool
from chain.messages import Proposal, Transactions, decode_message, encode_message
from chain.primitives import SECOND_US, Address
from chain.state import tree as state_tree
from chain.state.view import Overlay
from chain.storage import WriteBatch
from chain.transaction import SignedTransaction, decode_transaction
from chain.validation import check_prologue
from chain.validators import Validator
from node.api.handlers import SUBMIT_PARAMETERS
from node.api.schema import bind, parse_body, parse_request
from node.lab.bench_crypto import CURRENCY, http_request, payment
from node.storage.sqlite import SqliteStore

ROUNDS = 5
SENDERS = 640
CHAIN_ID = 4
START_SECS = 1_700_000_000
COINS = 10**12


class Stage(NamedTuple):
    """A stage, what it costs, and the share of payments that a validator does it for (4 validators)."""

    name: str
    us: float
    share: float


class _Scene:
    """A ledger on disk with rich accounts, and the signed payments of one block after another."""

    def __init__(self, directory: Path) -> None:
        """Accounts are put into the state without transactions: only their cost matters here."""
        self.keys = [PrivateKey(at.to_bytes(32, "big")) for at in range(1, SENDERS + 1)]
        self.senders = [key.authentication_key()[16:] for key in self.keys]
        self.leader = self.keys[0]
        key = self.leader.public_key
        coin = GenesisCurrency(CURRENCY, 10**6, 100, 1 << 32, False, True, key)
        document = GenesisDocument(CHAIN_ID, START_SECS * SECOND_US, (Validator("v0", key, key),), key, key, (coin,), ())
        self.ledger = Ledger(document, SqliteStore(directory / "ledger.sqlite", bytes(32)))
        self.store = self.ledger.store
        for key_, sender in zip(self.keys, self.senders, strict=True):
            account = Account(
                Address(sender), int(Role.CHILD_VASP), key_.authentication_key(), 0, False, ((CURRENCY, COINS),), (0, 0),
                self.senders[0], 0, None, (),
            )  # fmt: skip
            self.ledger.state.cache[account_key(sender)] = account
        self._next = 0

    def payments(self) -> list[SignedTransaction]:
        """A block full of the next payments, in turn over the senders."""
        found = []
        for turn in range(self._next, self._next + MAX_BLOCK_TRANSACTIONS):
            place, number = turn % SENDERS, turn // SENDERS
            payee = self.senders[(place + 7 * number + 1) % SENDERS]
            found.append(
                payment(self.keys[place], self.senders[place], payee, number, self.ledger.genesis_hash, CHAIN_ID, START_SECS + 3600)
            )
        self._next += MAX_BLOCK_TRANSACTIONS
        return found

    def block(self, txs: list[SignedTransaction]) -> Block:
        """A leader's block of them, on the ledger's tip."""
        tip, payload = self.ledger.tip, tuple(tx.envelope for tx in txs)
        qc = self.ledger.genesis_qc
        header = Header(1, tip.round + 1, tip.height + 1, 0, tip.timestamp_us + 1, qc.digest(), None, payload_root(payload))
        signature = self.leader.sign(proposal_message(header, self.ledger.genesis_hash))
        return Block(header, qc, None, payload, signature, header_id(header))


class _Clock:
    """Adds up time by stage."""

    def __init__(self) -> None:
        """Nothing measured."""
        self.passed: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what happens within."""
        began = time.perf_counter()
        yield
        self.passed[name] = self.passed.get(name, 0.0) + time.perf_counter() - began


def measure_stages() -> list[Stage]:
    """Microseconds a payment, the mean of a few blocks after a first one that warms up."""
    with tempfile.TemporaryDirectory(prefix="mithqal-stages-") as directory:
        scene = _Scene(Path(directory))
        _one_block(scene, _Clock())
        clock = _Clock()
        for _ in range(ROUNDS):
            _one_block(scene, clock)
        scene.store.close()
    payments = ROUNDS * MAX_BLOCK_TRANSACTIONS
    shares = {"JSON-RPC in and out": 0.25, "spreading: encode": 0.25, "spreading: decode": 0.75, "block: build": 0.25}
    return [
        Stage(name, round(seconds * SECOND_US / payments, 2), shares.get(name, 1.0))
        for name, seconds in clock.passed.items()
    ]


def _one_block(scene: _Scene, clock: _Clock) -> None:
    """From a client's request to rows on the disk."""
    txs = scene.payments()
    ledger = scene.ledger
    requests = [
        http_request([("submit", [tx.envelope.hex()]) for tx in txs[at : at + 20]]).partition(b"\r\n\r\n")[2]
        for at in range(0, len(txs), 20)
    ]
    with clock.stage("JSON-RPC in and out"):
        for request in requests:
            _serve(request)
    with clock.stage("transaction: decode"):
        txs = [decode_transaction(tx.envelope) for tx in txs]
    with clock.stage("admission: prologue"):
        for tx in txs:
            check_prologue(
                Overlay(ledger.state), tx, chain_id=CHAIN_ID, now_secs=ledger.tip_timestamp_us // SECOND_US,
                allow_future_sequence=True,
            )  # fmt: skip
    with clock.stage("admission: questions to ask"):
        checks = [tx.check(ledger.genesis_hash) for tx in txs]
    with clock.stage("signature"):
        for first in range(0, len(checks), VERIFY_BATCH):
            assert all(verify_all(RealSignatures(), checks[first : first + VERIFY_BATCH]))
    pool = Mempool()
    with clock.stage("mempool: add"):
        for tx in txs:
            pool.add(tx, tx.raw.sequence_number, ledger.tip_timestamp_us // SECOND_US)
    with clock.stage("spreading: encode"):
        message = encode_message(Transactions(tuple(tx.envelope for tx in txs)))
    with clock.stage("spreading: decode"):
        decode_message(message)
    with clock.stage("block: build"):
        numbers = {tx.raw.sender: tx.raw.sequence_number for tx in reversed(txs)}
        picked = pool.pick(numbers.__getitem__, 0, MAX_BLOCK_TRANSACTIONS, MAX_BLOCK_BYTES)
        block = scene.block(picked)
        data = encode_message(Proposal(block, ledger.genesis_qc))
    _execute_and_commit(scene, clock, data, pool)


def _execute_and_commit(scene: _Scene, clock: _Clock, data: bytes, pool: Mempool) -> None:
    """From a proposal to rows on the disk."""
    ledger = scene.ledger
    with clock.stage("block: decode"):
        message = decode_message(data)
    assert isinstance(message, Proposal)
    block = message.block
    with clock.stage("block: store before the vote"):
        from chain.codec import encode
        from chain.storage import Column

        pending = WriteBatch()
        pending.rows.append((Column.PENDING, 0, encode(block.to_value())))
        scene.store.write(pending)
    with clock.stage("block: find its transactions"):
        from chain.transaction import transaction_hash

        found = [pool.by_hash[transaction_hash(envelope)] for envelope in block.payload]
    header = block.header
    context = BlockContext(CHAIN_ID, ledger.genesis_hash, 1, header.round, header.height, 0, header.timestamp_us)
    with clock.stage("execution: payments"):
        overlay, _, _ = execute_block(ledger.tip.state, context, found)
    with clock.stage("execution: whole (payments, state tree, events, accumulator)"):
        result = ledger.execute(ledger.tip, block, found)
    assert len(result.entries) == 1 + len(found)
    batch = WriteBatch()
    with clock.stage("commit: rows"):
        ledger.commit([(block, result)], ledger.genesis_qc, batch)
    with clock.stage("commit: mempool"):
        pool.on_commit({tx.raw.sender: tx.raw.sequence_number + 1 for tx in found}, 0)
    with clock.stage("commit: SQLite, synced"):
        scene.store.write(batch)


def _serve(body: bytes) -> None:
    pass
