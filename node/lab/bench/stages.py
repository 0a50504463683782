"""`mithqal bench stages`: what each stage of a payment costs a validator, on blocks as full as they get.

No network and no waiting: the sum is the processor time of a payment without what sockets, TLS and the event loop add.
Times are of this thread's processor, each stage's best block, so that other processes disturb them little.
"""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from chain.accounts import Account, Role, account_key, leaf_key, value_hash
from chain.block import Block, Header, header_id, payload_root, proposal_message
from chain.codec import encode
from chain.crypto.signing import PrivateKey, RealSignatures, verify_all
from chain.execution.context import BlockContext
from chain.execution.executor import execute_block
from chain.genesis import GenesisCurrency, GenesisDocument, GenesisValidator, genesis_hash
from chain.ledger import Ledger
from chain.limits import MAX_BLOCK_BYTES, MAX_BLOCK_TRANSACTIONS
from chain.mempool import Mempool
from chain.messages import Proposal, Transactions, decode_message, encode_message
from chain.primitives import SECOND_US, Address
from chain.state import tree as state_tree
from chain.state.view import Overlay
from chain.storage import Column, WriteBatch
from chain.transaction import SignedTransaction, decode_transaction, transaction_hash
from chain.validation import check_prologue
from node.api.handlers import SUBMIT_PARAMETERS
from node.api.schema import MAX_BATCH, Tip, bind, parse_body, parse_request, respond
from node.lab.bench.crypto import CURRENCY, http_request, payment
from node.storage.sqlite import SqliteStore

ROUNDS = 8
SENDERS = 640
CHAIN_ID = 4
START_SECS = 1_700_000_000
COINS = 10**12
SIGNATURE = "check the signature"
EXECUTE = "run the payment"
EXECUTE_ALL = "execute: run it, state tree, events, accumulator"
CLIENT_ONLY = ("answer the client's request (JSON-RPC)", "spread it to the others: encode")
LEADER_ONLY = ("lead: choose and encode a block",)


class Stage(NamedTuple):
    """A stage, what it costs a payment, and the share of payments that a validator does it for."""

    name: str
    us: float
    share: float


def measure_stages(validators: int = 4, rounds: int = ROUNDS) -> list[Stage]:
    """Every stage in the order of a payment's life."""
    with tempfile.TemporaryDirectory(prefix="mithqal-stages-") as directory:
        scene = _Scene(Path(directory))
        clock = _Clock()
        for _ in range(rounds + 1):
            _one_block(scene, clock)
        scene.store.close()
    shares = dict.fromkeys(CLIENT_ONLY + LEADER_ONLY, 1 / validators)
    return [Stage(name, round(us, 2), shares.get(name, 1.0)) for name, us in clock.best_us.items()]


class _Clock:
    """Keeps each stage's best time."""

    def __init__(self) -> None:
        """Nothing measured."""
        self.best_us: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what happens within: one block's work, in processor time of this thread."""
        began = time.thread_time_ns()
        yield
        each_us = (time.thread_time_ns() - began) / 1000 / MAX_BLOCK_TRANSACTIONS
        self.best_us[name] = min(each_us, self.best_us.get(name, each_us))


class _Scene:
    """A ledger on disk with rich accounts, and the signed payments of one block after another."""

    def __init__(self, directory: Path) -> None:
        """Accounts are put into the state without transactions: only their cost matters here."""
        self.keys = [PrivateKey(at.to_bytes(32, "big")) for at in range(1, SENDERS + 1)]
        self.senders = [Address(key.authentication_key()[16:]) for key in self.keys]
        self.leader = self.keys[0]
        key = self.leader.public_key
        coin = GenesisCurrency(CURRENCY, 10**6, 100, 1 << 32, False, True, key)
        members = (GenesisValidator("v0", key, key, key, key),)
        document = GenesisDocument(CHAIN_ID, START_SECS * SECOND_US, members, key, key, (coin,), ())
        self.store = SqliteStore(directory / "ledger.sqlite", genesis_hash(document))
        self.ledger = Ledger(document, self.store)
        accounts = {}
        for signer, sender in zip(self.keys, self.senders, strict=True):
            accounts[account_key(sender)] = Account(
                sender, int(Role.CHILD_VASP), signer.authentication_key(), 0, False, ((CURRENCY, COINS),), (0, 0),
                self.senders[0], 0, None, (),
            )  # fmt: skip
        self.ledger.state.cache.update(accounts)
        leaves = [(leaf_key(key), value_hash(account.to_bytes())) for key, account in accounts.items()]
        self.ledger.tip.tree = state_tree.update(self.ledger.tip.tree, leaves)
        self._next = 0

    @property
    def now_secs(self) -> int:
        """The ledger's time."""
        return self.ledger.tip_timestamp_us // SECOND_US

    def payments(self) -> list[SignedTransaction]:
        """A block full of the next payments, in turn over the senders."""
        found = []
        for turn in range(self._next, self._next + MAX_BLOCK_TRANSACTIONS):
            place, number = turn % SENDERS, turn // SENDERS
            payee = self.senders[(place + 7 * number + 1) % SENDERS]
            key, sender, chain = self.keys[place], self.senders[place], self.ledger.genesis_hash
            found.append(payment(key, sender, payee, number, chain, CHAIN_ID, START_SECS + 3600))
        self._next += MAX_BLOCK_TRANSACTIONS
        return found

    def block(self, txs: list[SignedTransaction]) -> Block:
        """A leader's block of them, on the ledger's tip."""
        tip, payload = self.ledger.tip, tuple(tx.envelope for tx in txs)
        qc = self.ledger.genesis_qc
        header = Header(
            1, tip.round + 1, tip.height + 1, 0, tip.timestamp_us + 1, qc.digest(), None, payload_root(payload)
        )
        signature = self.leader.sign(proposal_message(header, self.ledger.genesis_hash))
        return Block(header, qc, None, payload, signature, header_id(header))


def _one_block(scene: _Scene, clock: _Clock) -> None:
    """From clients' requests to rows on the disk."""
    ledger = scene.ledger
    txs = scene.payments()
    requests = [
        http_request([("submit", [tx.envelope.hex()]) for tx in txs[at : at + MAX_BATCH]]).partition(b"\r\n\r\n")[2]
        for at in range(0, len(txs), MAX_BATCH)
    ]
    with clock.stage(CLIENT_ONLY[0]):
        for request in requests:
            _answer(request)
    with clock.stage("decode the transaction"):
        txs = [decode_transaction(tx.envelope) for tx in txs]
    with clock.stage("check it against the state"):
        for tx in txs:
            check_prologue(
                Overlay(ledger.state), tx, chain_id=CHAIN_ID, now_secs=scene.now_secs, allow_future_sequence=True
            )
    with clock.stage(SIGNATURE):
        assert all(verify_all(RealSignatures(), [check for tx in txs for check in tx.checks(ledger.genesis_hash)]))
    pool = Mempool()
    with clock.stage("put it into the mempool"):
        for tx in txs:
            pool.add(tx, tx.raw.sequence_number, scene.now_secs)
    with clock.stage(CLIENT_ONLY[1]):
        encode_message(Transactions(tuple(tx.envelope for tx in txs)))
    with clock.stage(LEADER_ONLY[0]):
        numbers: dict[bytes, int] = {tx.raw.sender: tx.raw.sequence_number for tx in reversed(txs)}
        picked = pool.pick(numbers.__getitem__, scene.now_secs, MAX_BLOCK_TRANSACTIONS, MAX_BLOCK_BYTES)
        data = encode_message(Proposal(scene.block(picked), ledger.genesis_qc))
    _execute_and_commit(scene, clock, data, pool)


def _execute_and_commit(scene: _Scene, clock: _Clock, data: bytes, pool: Mempool) -> None:
    """From a proposal to rows on the disk."""
    ledger = scene.ledger
    with clock.stage("decode the block, find its transactions"):
        message = decode_message(data)
        assert isinstance(message, Proposal)
        block = message.block
        txs = [pool.by_hash[transaction_hash(envelope)] for envelope in block.payload]
    header = block.header
    context = BlockContext(CHAIN_ID, ledger.genesis_hash, 1, header.round, header.height, 0, header.timestamp_us)
    with clock.stage(EXECUTE):
        execute_block(ledger.tip.state, context, txs)
    with clock.stage(EXECUTE_ALL):
        result = ledger.execute(ledger.tip, block, txs)
    assert len(result.entries) == 1 + len(txs), result.refused
    with clock.stage("store the block before the vote (SQLite, synced)"):
        pending = WriteBatch()
        pending.rows.append((Column.PENDING, 0, encode(block.to_value())))
        scene.store.write(pending)
    batch = WriteBatch()
    with clock.stage("commit: make the rows, tidy the mempool"):
        ledger.commit([(block, result)], ledger.genesis_qc, batch)
        pool.on_commit({tx.raw.sender: tx.raw.sequence_number + 1 for tx in txs}, scene.now_secs)
    with clock.stage("commit: write them (SQLite, synced)"):
        scene.store.write(batch)


def _answer(body: bytes) -> bytes:
    """What the server does with a batch of submissions, apart from handing them on."""
    tip = Tip(CHAIN_ID, 0, 0, 0)
    answers = []
    for value in parse_body(body):
        request = parse_request(value)
        (envelope,) = bind(SUBMIT_PARAMETERS, request.params)
        result = {"hash": envelope[:32].hex(), "status": "accepted", "message": "accepted", "waiting_for": None}
        answers.append(respond(tip, request.id, result=result))
    return json.dumps(answers).encode()
