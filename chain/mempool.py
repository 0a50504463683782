"""Transactions that wait: ordered by sender and sequence number, bounded, never two for one number.

Rules M1 to M10 of docs/protocol.md: a future number waits ("parked"), and so does a scheduled transaction until its
time; the same transaction again gets the same answer; another one under a used number is refused; an old number is
refused; capacity by count, bytes and sender; expiry.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chain.errors import MithqalError
from chain.limits import (
    MAX_BLOCK_GAS,
    MAX_EXPIRATION_SECS,
    MAX_SCHEDULE_SECS,
    MEMPOOL_CAPACITY,
    MEMPOOL_MAX_BYTES,
    MEMPOOL_PER_ACCOUNT,
    MEMPOOL_SCHEDULED,
    MEMPOOL_SCHEDULED_BYTES,
)
from chain.transaction import SignedTransaction


class MempoolError(MithqalError):
    """The pool does not take the transaction; `name` is the rule."""

    name = "mempool"


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may wait."""

    capacity: int = MEMPOOL_CAPACITY
    per_account: int = MEMPOOL_PER_ACCOUNT
    max_bytes: int = MEMPOOL_MAX_BYTES
    scheduled: int = MEMPOOL_SCHEDULED
    scheduled_bytes: int = MEMPOOL_SCHEDULED_BYTES


class Mempool:
    """Verified transactions that are not committed yet, on one validator."""

    def __init__(self, bounds: Bounds | None = None) -> None:
        """An empty pool."""
        self._bounds = bounds or Bounds()
        self._by_sender: dict[bytes, dict[int, SignedTransaction]] = {}
        self._by_expiry: dict[int, dict[bytes, SignedTransaction]] = {}
        self._swept_secs = 0
        self._priority: dict[bytes, int] = {}
        """Of the senders with a priority above 0 of whom something waits; who waits longest comes first."""
        self.by_hash: dict[bytes, SignedTransaction] = {}
        self.total_bytes = 0
        self._scheduled: set[bytes] = set()
        """Hashes of those that came before their time."""
        self._scheduled_bytes = 0
        self._asleep: dict[bytes, int] = {}
        """Senders of whom nothing but scheduled transactions wait: the first of their times. They are passed over."""

    def __len__(self) -> int:
        """How many wait."""
        return len(self.by_hash)

    def add(self, tx: SignedTransaction, next_sequence: int, now_secs: int, priority: int = 0) -> int | None:
        """Take a verified transaction whose sender's next number on the ledger is `next_sequence`.

        `priority` is that of the sender's role (W19). Gives None if it can go into a block now, else the number that it
        waits for: a missing one, one whose time has not come, or its own if that is itself. Raises MempoolError.
        """
        raw = tx.raw
        if tx.hash not in self.by_hash:
            self._check(tx, next_sequence, now_secs)
            if raw.sequence_number in self._by_sender.get(raw.sender, ()):
                self._remove(raw.sender, raw.sequence_number)  # a scheduled one that gives way
            if priority:
                self._priority[raw.sender] = priority
            self._by_sender.setdefault(raw.sender, {})[raw.sequence_number] = tx
            self._by_expiry.setdefault(raw.expiration_secs, {})[tx.hash] = tx
            self.by_hash[tx.hash] = tx
            self.total_bytes += len(tx.envelope)
            if raw.valid_from_secs > now_secs:
                self._scheduled.add(tx.hash)
                self._scheduled_bytes += len(tx.envelope)
            if raw.valid_from_secs or raw.sender in self._asleep:
                self._note_sleep(raw.sender)
        waiting = self._by_sender[raw.sender]
        for number in range(next_sequence, raw.sequence_number + 1):
            before = waiting.get(number)
            if before is None or before.raw.valid_from_secs > now_secs:
                return number
        return None

    def _check(self, tx: SignedTransaction, next_sequence: int, now_secs: int) -> None:
        """M2 to M7 and M10, in this order."""
        raw, bounds = tx.raw, self._bounds
        if raw.sequence_number < next_sequence:
            raise MempoolError(
                f"sequence number {raw.sequence_number} is used, the next is {next_sequence}",
                name="sequence_number_too_old", sequence_number=raw.sequence_number, next=next_sequence,
            )  # fmt: skip
        if raw.expiration_secs <= now_secs:
            raise MempoolError(
                f"it expired at {raw.expiration_secs} s, the ledger's time is {now_secs} s",
                name="transaction_expired", expiration_secs=raw.expiration_secs, now_secs=now_secs,
            )  # fmt: skip
        if raw.valid_from_secs > now_secs + MAX_SCHEDULE_SECS:
            raise MempoolError(
                f"it becomes valid more than {MAX_SCHEDULE_SECS} s ahead", name="valid_from_too_far",
                valid_from_secs=raw.valid_from_secs, now_secs=now_secs,
            )  # fmt: skip
        if raw.expiration_secs > max(now_secs, raw.valid_from_secs) + MAX_EXPIRATION_SECS:
            raise MempoolError(
                f"it expires more than {MAX_EXPIRATION_SECS} s ahead", name="expiration_too_far",
                expiration_secs=raw.expiration_secs, now_secs=now_secs,
            )  # fmt: skip
        waiting = self._by_sender.get(raw.sender, {})
        rival = waiting.get(raw.sequence_number)
        gives_way = rival is not None and rival.raw.valid_from_secs > now_secs and not raw.valid_from_secs
        if rival is not None and not gives_way:
            raise MempoolError(
                f"another transaction with sequence number {raw.sequence_number} waits already",
                name="invalid_update", sequence_number=raw.sequence_number,
            )  # fmt: skip
        count = len(waiting) - gives_way
        if raw.sequence_number >= next_sequence + bounds.per_account or count >= bounds.per_account:
            raise MempoolError(
                f"one account may have {bounds.per_account} transactions waiting, next number {next_sequence}",
                name="too_many_for_account", limit=bounds.per_account, next=next_sequence,
            )  # fmt: skip
        if len(self.by_hash) >= bounds.capacity or self.total_bytes + len(tx.envelope) > bounds.max_bytes:
            raise MempoolError(f"{len(self.by_hash)} transactions wait, the pool is full", name="mempool_is_full")
        if raw.valid_from_secs > now_secs and (
            len(self._scheduled) >= bounds.scheduled
            or self._scheduled_bytes + len(tx.envelope) > bounds.scheduled_bytes
        ):
            raise MempoolError(
                f"{len(self._scheduled)} scheduled transactions wait, the pool takes no more of them",
                name="mempool_is_full",
            )

    def pick(
        self, next_sequence: Callable[[bytes], int], now_secs: int, max_count: int, max_bytes: int,
        gas_of: Callable[[SignedTransaction], int] = lambda _: 0,
    ) -> list[SignedTransaction]:  # fmt: skip
        """Transactions for a block: senders by priority, then who waits longest; each sender's numbers have no gap.

        One that is scheduled for later is a gap until its time. By `gas_of` they use a block's gas at most.
        """
        picked: list[SignedTransaction] = []
        size = gas = 0
        for sender, waiting in self._in_order():
            if self._asleep.get(sender, 0) > now_secs:
                continue
            number = next_sequence(sender)
            tx = waiting.get(number)
            while tx is not None and tx.raw.valid_from_secs <= now_secs < tx.raw.expiration_secs:
                size += len(tx.envelope)
                gas += gas_of(tx)
                if len(picked) >= max_count or size > max_bytes or gas > MAX_BLOCK_GAS:
                    return picked
                picked.append(tx)
                number += 1
                tx = waiting.get(number)
        return picked

    def _in_order(self) -> Iterator[tuple[bytes, dict[int, SignedTransaction]]]:
        """Senders and what waits of them, higher priority first, then in the order in which they wait."""
        for sender in sorted(self._priority, key=lambda who: -self._priority[who]):
            yield sender, self._by_sender[sender]
        for sender, waiting in self._by_sender.items():
            if sender not in self._priority:
                yield sender, waiting

    def on_commit(self, next_sequence: dict[bytes, int], now_secs: int) -> None:
        """Drop what the ledger has passed: numbers below each sender's next one, and what has expired.

        A sender of whom more waits goes behind the others, so that nobody holds the front of every block.
        """
        for sender, number in next_sequence.items():
            for old in [key for key in self._by_sender.get(sender, ()) if key < number]:
                self._remove(sender, old)
            if (waiting := self._by_sender.pop(sender, None)) is not None:
                self._by_sender[sender] = waiting
                if sender in self._priority:
                    self._priority[sender] = self._priority.pop(sender)
        if now_secs > self._swept_secs:
            self._swept_secs = now_secs
            for due in [secs for secs in self._by_expiry if secs <= now_secs]:
                for tx in list(self._by_expiry[due].values()):
                    self._remove(tx.raw.sender, tx.raw.sequence_number)

    def drop(self, tx_hash: bytes) -> None:
        """Drop one transaction that execution refused for good."""
        tx = self.by_hash.get(tx_hash)
        if tx is not None:
            self._remove(tx.raw.sender, tx.raw.sequence_number)

    def waiting(self, sender: bytes) -> list[SignedTransaction]:
        """A sender's transactions by ascending number."""
        by_number = self._by_sender.get(sender, {})
        return [by_number[number] for number in sorted(by_number)]

    def _remove(self, sender: bytes, number: int) -> None:
        """Forget one transaction."""
        waiting = self._by_sender[sender]
        tx = waiting.pop(number)
        if not waiting:
            del self._by_sender[sender]
            self._priority.pop(sender, None)
        if self._scheduled or sender in self._asleep:
            self._note_sleep(sender)
        del self.by_hash[tx.hash]
        expiring = self._by_expiry[tx.raw.expiration_secs]
        del expiring[tx.hash]
        if not expiring:
            del self._by_expiry[tx.raw.expiration_secs]
        self.total_bytes -= len(tx.envelope)
        if tx.hash in self._scheduled:
            self._scheduled.discard(tx.hash)
            self._scheduled_bytes -= len(tx.envelope)

    def _note_sleep(self, sender: bytes) -> None:
        """Whether something of a sender may run at once, and if not, from when on."""
        waiting = self._by_sender.get(sender)
        first = min([tx.raw.valid_from_secs for tx in waiting.values()]) if waiting else 0
        if first:
            self._asleep[sender] = first
        else:
            self._asleep.pop(sender, None)
