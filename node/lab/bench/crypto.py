"""The costly cryptography of the bench, on all cores: how fast signatures are checked, and signing ahead.

All functions that run in other processes are of this module, and take and give plain values.
"""

import json
import os
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import NamedTuple

from chain.crypto.signing import PrivateKey, RealSignatures, Scheme, verify_all
from chain.limits import DEFAULT_GAS_PRICE, MIN_GAS_UNITS
from chain.primitives import SECOND_US, Address
from chain.transaction import Payload, RawTransaction, SignedTransaction, sign_transaction

CURRENCY = "XUS"
AMOUNT = 1_000
"""Micro-units of each payment."""
FEE = MIN_GAS_UNITS * DEFAULT_GAS_PRICE
"""Micro-units that each payment costs."""
BOUND_SIGNATURES = 1_000
BOUND_ROUNDS = 3
BOUND_SECONDS = 0.5
WAIT_MS = 20_000
"""How long one request waits for a batch; it is asked again after that."""


class Batch(NamedTuple):
    """A whole HTTP request that submits payments, and one that waits until the last of each sender is committed."""

    submit: bytes
    wait: bytes
    payments: int


class Lane(NamedTuple):
    """What one lane is to sign: senders that pay in turn, `each` payments a sender and batch."""

    secrets: tuple[bytes, ...]
    payees: tuple[bytes, ...]
    """Who gets the payments, in turn."""
    batches: int
    each: int
    genesis_hash: bytes
    chain_id: int
    expiration_secs: int


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def workers() -> Iterator[ProcessPoolExecutor]:
    """A process a core; Ctrl-C ends it without a word, the command says what there is to say."""
    quiet = (signal.SIGINT, signal.SIG_DFL)
    context = get_context("spawn")
    with ProcessPoolExecutor(cores(), mp_context=context, initializer=signal.signal, initargs=quiet) as pool:
        yield pool


class Speed(NamedTuple):
    """How fast one core checks signatures while all do."""

    per_s: float
    cpu_us: float
    """Processor time of one check."""


def measure_checks(pool: ProcessPoolExecutor) -> list[Speed]:
    """The speed of each core, in the best of a few rounds."""
    best: list[Speed] = []
    for _ in range(BOUND_ROUNDS):
        running = [pool.submit(_check_for_a_while, number) for number in range(cores())]
        best = max(best, [item.result() for item in running], key=lambda speeds: sum(speed.per_s for speed in speeds))
    return best


def _check_for_a_while(number: int) -> Speed:
    """Check payments' signatures one by one, as a validator does."""
    genesis_hash = bytes(32)
    key = PrivateKey(bytes([number + 1]) * 32)
    txs = [payment(key, bytes(16), bytes(16), at, genesis_hash, 4, 2**40) for at in range(BOUND_SIGNATURES)]
    checks = [check for tx in txs for check in tx.checks(genesis_hash)]
    began, cpu_began = time.perf_counter(), time.process_time()
    done = 0
    while (passed := time.perf_counter() - began) < BOUND_SECONDS:
        verdicts = verify_all(RealSignatures(), checks)
        assert all(verdicts)
        done += len(verdicts)
    return Speed(done / passed, (time.process_time() - cpu_began) * SECOND_US / done)


def payment(
    key: PrivateKey, sender: bytes, payee: bytes, number: int, genesis_hash: bytes, chain_id: int, expiration_secs: int
) -> SignedTransaction:
    """One signed payment of AMOUNT."""
    call = Payload("peer_to_peer_with_metadata", (CURRENCY, payee, AMOUNT, b"", b""))
    raw = RawTransaction(
        Address(sender), number, call, MIN_GAS_UNITS, DEFAULT_GAS_PRICE, CURRENCY, expiration_secs, chain_id
    )  # fmt: skip
    return sign_transaction(raw, key, Scheme.ED25519, genesis_hash)


def sign_lane(lane: Lane) -> list[Batch]:
    """All batches of a lane: sender after sender, each with its next numbers."""
    keys = [PrivateKey(secret) for secret in lane.secrets]
    senders = [key.authentication_key()[16:] for key in keys]
    batches: list[Batch] = []
    turn = 0
    for at in range(lane.batches):
        submits: list[tuple[str, list[object]]] = []
        waits: list[tuple[str, list[object]]] = []
        for key, sender in zip(keys, senders, strict=True):
            last: SignedTransaction | None = None
            for number in range(at * lane.each, (at + 1) * lane.each):
                payee = lane.payees[turn % len(lane.payees)]
                turn += 1
                last = payment(key, sender, payee, number, lane.genesis_hash, lane.chain_id, lane.expiration_secs)
                submits.append(("submit", [last.envelope.hex()]))
            assert last is not None
            waits.append(("wait_for_transaction", [sender.hex(), last.raw.sequence_number, last.hash.hex(), WAIT_MS]))
        batches.append(Batch(http_request(submits), http_request(waits), len(submits)))
    return batches


def received(lane: Lane, batches: int) -> dict[bytes, int]:
    """How many payments each payee gets of a lane's first batches."""
    counts: dict[bytes, int] = {}
    for turn in range(batches * lane.each * len(lane.secrets)):
        payee = lane.payees[turn % len(lane.payees)]
        counts[payee] = counts.get(payee, 0) + 1
    return counts


def http_request(calls: Sequence[tuple[str, list[object]]]) -> bytes:
    """A JSON-RPC batch as a whole HTTP/1.1 request on a connection that stays open."""
    values = [{"jsonrpc": "2.0", "id": at, "method": method, "params": ps} for at, (method, ps) in enumerate(calls)]
    body = json.dumps(values, separators=(",", ":")).encode()
    head = (
        f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
