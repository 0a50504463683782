"""Transactions whose signatures wait to be checked: whose turn it is, by what a check costs (rules M11 to M14).

The cost is charged before the check, to whoever brought the transaction (our own clients, or one validator) and within
that to its sender, whatever the verdict will be. Nobody takes another's turn or place. What holds slow signatures has a
lane of its own that rests between two items, so that a flood of them leaves the processor to everything else.
"""

import heapq
from collections import deque
from enum import IntEnum
from typing import Generic, NamedTuple, TypeVar

from chain.errors import MithqalError
from chain.limits import (
    MUTE_US,
    SENDER_CHECKS,
    SLOW_CHECK,
    SLOW_QUEUE,
    SLOW_REST,
    SLOW_REST_ALONE,
    SLOW_REST_US,
    SUBMIT_QUEUE,
    VERIFY_BATCH,
)
from chain.primitives import Address
from chain.transaction import SignedTransaction

CLIENTS = -1
"""Where our own clients' transactions come from; a validator's come from its index."""

Key = TypeVar("Key", int, Address)


class AdmissionError(MithqalError):
    """The transaction may not wait for its check; `name` is the rule."""

    name = "mempool_is_full"


class Waiting(NamedTuple):
    """One transaction that waits."""

    tx: SignedTransaction
    request_id: int | None
    """Whom to answer; nobody for a validator's."""
    origin: int
    """CLIENTS, or the validator that brought it."""
    cost: int
    """Of its signatures, in verifications of Ed25519 (K11)."""
    version: int
    """The ledger's when it was looked at: while that is the newest, looking again gives the same."""


class LaneName(IntEnum):
    """The two lanes."""

    FAST = 0
    SLOW = 1


class Admission:
    """All that waits, on one validator."""

    def __init__(self, validators: int) -> None:
        """Room for our clients, and as much for the other validators together, in equal parts."""
        others = max(1, validators - 1)
        self._lanes = (
            _Lane(SUBMIT_QUEUE, SUBMIT_QUEUE // others, VERIFY_BATCH),
            _Lane(SLOW_QUEUE, SLOW_QUEUE // others, SLOW_CHECK),
        )
        self._is_fast_used = False
        """Whether anything came into the fast lane since the slow one last began to rest."""
        self._muted: dict[int, int] = {}

    def __len__(self) -> int:
        """How many wait."""
        return sum(len(lane) for lane in self._lanes)

    def add(self, item: Waiting, now_us: int) -> None:
        """Take a place; AdmissionError: `mempool_is_full` (its origin's share is taken), `too_many_checks` (its
        sender's), `muted` (the validator brought a bad signature lately)."""
        if now_us < self._muted.get(item.origin, 0):
            raise AdmissionError(f"validator {item.origin} brought a bad signature lately", name="muted")
        is_slow = item.cost >= SLOW_CHECK
        self._lanes[LaneName.SLOW if is_slow else LaneName.FAST].add(item)
        self._is_fast_used = self._is_fast_used or not is_slow

    def next_batch(self, lane: LaneName, now_us: int) -> list[Waiting]:
        """What is to be checked now, empty if nothing is, or what was given last is not `done`."""
        return self._lanes[lane].next_batch(now_us)

    def done(self, lane: LaneName, now_us: int) -> None:
        """The last batch of the lane is judged, or need not be. The slow lane then rests (M13)."""
        rest = 0
        if lane is LaneName.SLOW:
            rest = SLOW_REST if self._is_fast_used else SLOW_REST_ALONE
            self._is_fast_used = False
        self._lanes[lane].done(now_us, rest)

    def wake_at(self, now_us: int) -> int | None:
        """When a lane that rests now has work again; None if none does."""
        return self._lanes[LaneName.SLOW].wake_at(now_us)

    def mute(self, origin: int, now_us: int) -> None:
        """A validator brought a bad signature, which no honest one does: what it brought goes, and nothing more is
        taken from it for a while (M14)."""
        self._muted[origin] = now_us + MUTE_US
        for lane in self._lanes:
            lane.drop(origin)


class _Lane:
    """Fair between origins, within one between senders; one batch at a time."""

    def __init__(self, clients_room: int, peer_room: int, batch: int) -> None:
        """Rooms and batch in cost."""
        self._clients_room, self._peer_room, self._batch = clients_room, peer_room, batch
        self._origins: dict[int, _Origin] = {}
        self._turns: _Turns[int] = _Turns()
        self._started_us: int | None = None
        self._rests_until_us = 0

    def __len__(self) -> int:
        return sum(origin.count for origin in self._origins.values())

    def add(self, item: Waiting) -> None:
        """AdmissionError if there is no room for its origin or its sender."""
        origin = self._origins.get(item.origin)
        if origin is None:
            origin = _Origin()
        room = self._clients_room if item.origin == CLIENTS else self._peer_room
        if origin.cost + item.cost > room:
            raise AdmissionError(
                f"{origin.count} transactions wait to be checked, which costs {origin.cost} of {room}", limit=room
            )
        origin.add(item)
        if origin.count == 1:
            self._origins[item.origin] = origin
            self._turns.enter(item.origin)

    def next_batch(self, now_us: int) -> list[Waiting]:
        """At least one, then as many as the batch's cost allows."""
        if self._started_us is not None or self._is_resting(now_us):
            return []
        batch: list[Waiting] = []
        spent = 0
        while self._origins:
            key = self._turns.first()
            origin = self._origins[key]
            item = origin.first()
            if batch and spent + item.cost > self._batch:
                break
            origin.take()
            self._turns.serve(item.cost, stays=origin.count > 0)
            if not origin.count:
                del self._origins[key]
            batch.append(item)
            spent += item.cost
        if batch:
            self._started_us = now_us
        return batch

    def done(self, now_us: int, rest: int) -> None:
        """The batch took from its start to now (clocks may step back); the lane rests `rest` times as long."""
        assert self._started_us is not None
        took_us = max(0, now_us - self._started_us)
        self._started_us = None
        self._rests_until_us = now_us + min(took_us * rest, SLOW_REST_US)

    def wake_at(self, now_us: int) -> int | None:
        """When the lane's rest ends, if anything waits for that."""
        waits = self._origins and self._started_us is None and self._is_resting(now_us)
        return self._rests_until_us if waits else None

    def _is_resting(self, now_us: int) -> bool:
        """A clock that stepped back far does not make the lane sleep."""
        return now_us < self._rests_until_us <= now_us + SLOW_REST_US

    def drop(self, origin: int) -> None:
        """Forget what came from there."""
        if self._origins.pop(origin, None) is not None:
            self._turns.leave(origin)


class _Origin:
    """What came from one place, in turns between senders, each sender's in order."""

    def __init__(self) -> None:
        self._queues: dict[Address, deque[Waiting]] = {}
        self._costs: dict[Address, int] = {}
        self._turns: _Turns[Address] = _Turns()
        self.cost = 0
        self.count = 0

    def add(self, item: Waiting) -> None:
        """AdmissionError (`too_many_checks`) if the sender's checks cost too much already."""
        sender = item.tx.raw.sender
        cost = self._costs.get(sender, 0) + item.cost
        if cost > SENDER_CHECKS and cost > item.cost:
            raise AdmissionError(
                f"checking this account's waiting signatures costs {cost - item.cost} already, the limit is"
                f" {SENDER_CHECKS} (Ed25519 costs 1 each, secp256k1 and P-256 cost 40)",
                name="too_many_checks", cost=cost, limit=SENDER_CHECKS,
            )  # fmt: skip
        if sender not in self._queues:
            self._queues[sender] = deque()
            self._turns.enter(sender)
        self._queues[sender].append(item)
        self._costs[sender] = cost
        self.cost += item.cost
        self.count += 1

    def first(self) -> Waiting:
        """Whose turn it is."""
        return self._queues[self._turns.first()][0]

    def take(self) -> None:
        """Let the first go."""
        sender = self._turns.first()
        queue = self._queues[sender]
        item = queue.popleft()
        self._turns.serve(item.cost, stays=bool(queue))
        self._costs[sender] -= item.cost
        self.cost -= item.cost
        self.count -= 1
        if not queue:
            del self._queues[sender], self._costs[sender]


class _Turns(Generic[Key]):
    """Start-time fair queuing: whoever was served least since it began to wait comes first; ties in order of coming."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Key]] = []
        self._served = 0
        """How much those had been served who are served now: where a newcomer starts."""
        self._tick = 0

    def enter(self, key: Key) -> None:
        """Somebody begins to wait."""
        self._push(self._served, key)

    def first(self) -> Key:
        """Whose turn it is."""
        return self._heap[0][2]

    def serve(self, cost: int, *, stays: bool) -> None:
        """The first was served; does more of it wait?"""
        start, _, key = heapq.heappop(self._heap)
        self._served = start
        if stays:
            self._push(start + cost, key)

    def leave(self, key: Key) -> None:
        """Somebody waits no more."""
        self._heap = [entry for entry in self._heap if entry[2] != key]
        heapq.heapify(self._heap)

    def _push(self, start: int, key: Key) -> None:
        self._tick += 1
        heapq.heappush(self._heap, (start, self._tick, key))
