"""The load: a fixed rate of payments among accounts, journalled before they are sent, sent again until they are final.

A batch goes to one validator and is waited for at another. Whatever fails, times out or is refused, the same bytes go
to the next validator: that a payment is never made twice is the ledger's promise, and the judge holds it to that.
"""

import asyncio
import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from chain.crypto.signing import PrivateKey, Scheme
from chain.errors import MithqalError
from chain.limits import DEFAULT_GAS_PRICE, MIN_GAS_UNITS
from chain.primitives import SECOND_US, Address
from chain.transaction import Payload, RawTransaction, SignedTransaction, sign_transaction
from node.client.network import Network
from node.config import Endpoint
from node.lab.bench.crypto import http_request
from node.lab.bench.load import connect
from node.lab.chaos.journal import Final, Journal, Payment
from node.lab.chaos.rules import CURRENCY, now_us
from node.sim.entropy import Stream

TICK_US = 50_000
"""A batch leaves so often."""
MAX_BATCH = 20
MAX_AMOUNT = 2_000
FEE = MIN_GAS_UNITS * DEFAULT_GAS_PRICE
WAIT_MS = 1_000
"""How long one request waits for a batch, before its bytes are sent again."""
ANSWER_S = 3.0
"""A validator that says nothing for so long is given up for now."""
RETRY_S = 0.05


class Account(NamedTuple):
    """A key and its address."""

    key: PrivateKey
    address: bytes


class _Sent(NamedTuple):
    """A payment under way."""

    account: int
    tx: SignedTransaction


class Load:
    """`run` offers payments for a while; `drain` waits for what is under way."""

    def __init__(
        self, network: Network, accounts: Sequence[Account], numbers: Sequence[int], journal: Journal, draws: Stream,
        expiration_secs: int,
    ) -> None:  # fmt: skip
        """`numbers` are the accounts' next sequence numbers."""
        self._network, self._accounts, self._journal, self._draws = network, accounts, journal, draws
        self._numbers = list(numbers)
        self._expiration_secs = expiration_secs
        self._idle = list(range(len(accounts)))
        self._journalling = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_over = False
        self._is_offering = True
        self.began = asyncio.Event()
        """Set once a payment is final."""
        self.sent = self.acknowledged = self.resent = self.held_back = 0
        """Payments; the last: those that were due while every account had one under way."""
        self.waits_us: list[int] = []
        """From the journal to the acknowledgement."""
        self.acknowledged_us: list[int] = []
        """When, on the monotonic clock."""
        self.began_us = self.ended_us = 0

    async def run(self, rate: int, length_us: int) -> None:
        """Offer `rate` payments a second for so long."""
        self.began_us = now_us()
        due, at = 0.0, self.began_us
        while self._is_offering and now_us() < self.began_us + length_us:
            due += rate * TICK_US / SECOND_US
            while due >= 1:
                count = min(int(due), MAX_BATCH)
                due -= count
                self._send(count)
            at += TICK_US
            await asyncio.sleep(max(0, at - now_us()) / SECOND_US)
        self.ended_us = now_us()

    def stop(self) -> None:
        """Offer no more."""
        self._is_offering = False

    async def drain(self, timeout_s: float) -> None:
        """Wait until everything that was sent is final; what is not by then stays unacknowledged."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout_s)
        self._is_over = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def broken(self) -> BaseException | None:
        """What ended the load before its time: a journal that cannot be written."""
        return self._broken

    _broken: BaseException | None = None

    # --- a batch ---

    def _send(self, count: int) -> None:
        """Sign payments of accounts that are idle, and let a task bring them home."""
        ready = [self._idle.pop(self._draws.below(len(self._idle))) for _ in range(min(count, len(self._idle)))]
        self.held_back += count - len(ready)
        if ready:
            task = asyncio.create_task(self._deliver([self._sign(account) for account in ready]))
            self._tasks.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        """A batch is home, or its task broke."""
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._broken = task.exception()

    def _sign(self, account: int) -> _Sent:
        """The account's next payment, to any other account."""
        payer = self._accounts[account]
        payee = self._accounts[(account + 1 + self._draws.below(len(self._accounts) - 1)) % len(self._accounts)]
        amount = self._draws.between(1, MAX_AMOUNT)
        call = Payload("peer_to_peer_with_metadata", (CURRENCY, payee.address, amount, b"", b""))
        raw = RawTransaction(
            Address(payer.address), self._numbers[account], call, MIN_GAS_UNITS, DEFAULT_GAS_PRICE, CURRENCY,
            self._expiration_secs, self._network.chain_id,
        )  # fmt: skip
        self._numbers[account] += 1
        return _Sent(account, sign_transaction(raw, payer.key, Scheme.ED25519, self._network.genesis_hash))

    async def _deliver(self, batch: list[_Sent]) -> None:
        """Journal, submit, wait; again with the next validator until all are final."""
        await self._record([_payment(item.tx) for item in batch])
        began_us = now_us()
        self.sent += len(batch)
        endpoints = self._network.endpoints()
        turn = self._draws.below(len(endpoints))
        open_ = batch
        while open_ and not self._is_over:
            submit_to, turn = turn % len(endpoints), turn + 1
            ask_at = turn % len(endpoints)
            finals: list[Final] = []
            if await _ask(endpoints[submit_to], _submits(open_)) is not None:
                finals = _finals(open_, await _ask(endpoints[ask_at], _waits(open_)), ask_at)
            if finals:
                await self._record(finals)
                self._note(finals, began_us)
                known = {final.pay for final in finals}
                self._idle += [item.account for item in open_ if item.tx.hash.hex() in known]
                open_ = [item for item in open_ if item.tx.hash.hex() not in known]
            if open_:
                self.resent += len(open_)
                await asyncio.sleep(RETRY_S)

    async def _record(self, items: Sequence[Payment | Final]) -> None:
        """Durable in the journal before anything follows from it."""
        async with self._journalling:
            await asyncio.to_thread(self._journal.append, items)

    def _note(self, finals: Sequence[Final], began_us: int) -> None:
        """Figures."""
        at = now_us()
        self.acknowledged += len(finals)
        self.waits_us += [at - began_us] * len(finals)
        self.acknowledged_us.append(at)
        self.began.set()


def longest_gap_us(moments: Sequence[int], *, began_us: int, ended_us: int) -> int:
    """The longest time without any of these moments, from a beginning to an end."""
    points = [began_us, *sorted(at for at in moments if began_us < at < ended_us), ended_us]
    return max(later - earlier for earlier, later in pairwise(points))


def _payment(tx: SignedTransaction) -> Payment:
    """A payment for the journal."""
    _, payee, amount, _, _ = tx.raw.payload.arguments
    assert isinstance(payee, bytes)
    assert isinstance(amount, int)
    return Payment(tx.hash.hex(), tx.raw.sender.hex(), tx.raw.sequence_number, payee.hex(), amount, FEE)


def _submits(batch: Sequence[_Sent]) -> bytes:
    """A request that submits."""
    return http_request([("submit", [item.tx.envelope.hex()]) for item in batch])


def _waits(batch: Sequence[_Sent]) -> bytes:
    """A request that waits until all are final."""
    return http_request(
        [
            ("wait_for_transaction", [tx.raw.sender.hex(), tx.raw.sequence_number, tx.hash.hex(), WAIT_MS])
            for tx in (item.tx for item in batch)
        ]
    )


async def _ask(endpoint: Endpoint, request: bytes) -> list[Any] | None:
    """The answers of a batch; None if the validator does not answer, or not in time."""
    try:
        async with asyncio.timeout(ANSWER_S):
            connection = await connect(endpoint)
            try:
                answers = await connection.ask(request)
            finally:
                connection.close()
    except (OSError, TimeoutError, MithqalError, json.JSONDecodeError):
        return None
    return answers if isinstance(answers, list) else [answers]


def _finals(batch: Sequence[_Sent], answers: list[Any] | None, by: int) -> list[Final]:
    """What a validator reports as final, of the very bytes that were sent."""
    found = []
    for item, answer in zip(batch, answers or [], strict=False):
        result = answer.get("result") if isinstance(answer, dict) else None
        if result and result["hash"] == item.tx.hash.hex():
            executed = result["vm_status"] == {"type": "executed"}
            found.append(Final(result["hash"], result["version"], by, executed))
    return found
