"""All that enters or leaves a validator: events in, one Output a step out.

The contract with a driver (docs/architecture.md): call `Replica.step(event, now_us)` from one thread; then, in order,
write `persist` and `safety` durably (they may run off the loop, outputs strictly in order), then deliver
`after_persist` and announce `committed`. `send_now`, `replies`, `work` and `timers` need not wait. Nothing of
`after_persist` may leave before the writes of the same and of all earlier outputs are durable.
"""

from dataclasses import dataclass
from typing import NamedTuple

from chain.crypto.signing import SignatureCheck
from chain.errors import MithqalError
from chain.storage import WriteBatch

ALL_OTHERS = -1
"""Destination of a message for every other validator."""


class Start(NamedTuple):
    """The first event, and the only one that comes once."""


class Received(NamedTuple):
    """A message from an authenticated validator (or from oneself, as a driver loops it back)."""

    sender: int
    data: bytes


class TimerFired(NamedTuple):
    """A timer of an earlier output is due. A stale one is ignored."""

    name: str
    token: int


class Submitted(NamedTuple):
    """A client's transaction, not looked at yet."""

    request_id: int
    envelope: bytes


class WorkDone(NamedTuple):
    """The verdicts on a work item, in order."""

    work_id: int
    verdicts: tuple[bool, ...]


class PeerDown(NamedTuple):
    """There is no link to a validator. A hint about patience only: nothing that is signed depends on it."""

    peer: int


class PeerUp(NamedTuple):
    """There is a link to a validator again. Every link counts as up until a `PeerDown` says otherwise."""

    peer: int


Event = Start | Received | TimerFired | Submitted | WorkDone | PeerDown | PeerUp


class Send(NamedTuple):
    """A message for one validator, or for ALL_OTHERS. A send to one's own index is looped back by the driver."""

    destination: int
    data: bytes


class SetTimer(NamedTuple):
    """Fire `TimerFired(name, token)` at `at_us`; a newer timer of the same name replaces the older."""

    name: str
    at_us: int
    token: int


class Work(NamedTuple):
    """Signatures to check off the loop; comes back as `WorkDone`."""

    work_id: int
    checks: tuple[SignatureCheck, ...]


class Reply(NamedTuple):
    """The answer to a submission: accepted (maybe parked until `waiting_for`), or refused by a rule."""

    request_id: int
    accepted: bool
    hash: bytes
    name: str
    """"accepted", "parked", or the name of the rule that refuses."""
    message: str
    code: int | None
    """Status number of the chain, where there is one."""
    waiting_for: int | None = None
    """The sequence number that a parked transaction waits for."""


class Committed(NamedTuple):
    """A block became final here."""

    height: int
    version: int
    root: bytes
    block_id: bytes
    timestamp_us: int
    hashes: tuple[bytes, ...]
    """Hashes of the user transactions that it put on the ledger."""


class Alarm(NamedTuple):
    """Something an operator should see: a refused message, a divergence, evidence against a validator."""

    name: str
    message: str
    peer: int | None = None


@dataclass(slots=True, init=False)
class Output:
    """What one step asks of the world."""

    persist: WriteBatch
    safety: bytes | None
    """The new safety record, to be synced in its own file after `persist`."""
    after_persist: list[Send]
    send_now: list[Send]
    replies: list[Reply]
    work: list[Work]
    timers: list[SetTimer]
    committed: list[Committed]
    alarms: list[Alarm]
    halt: MithqalError | None
    """The process ends with this once the output is durable: what this machine computes is wrong (DV1)."""

    def __init__(  # noqa: PLR0913 - its fields; by hand, since one is made a step and a dataclass takes twice as long
        self, persist: WriteBatch | None = None, safety: bytes | None = None, after_persist: list[Send] | None = None,
        send_now: list[Send] | None = None, replies: list[Reply] | None = None, work: list[Work] | None = None,
        timers: list[SetTimer] | None = None, committed: list[Committed] | None = None,
        alarms: list[Alarm] | None = None, halt: MithqalError | None = None,
    ) -> None:  # fmt: skip
        """What is not given is empty."""
        self.persist = WriteBatch() if persist is None else persist
        self.safety = safety
        self.after_persist = [] if after_persist is None else after_persist
        self.send_now = [] if send_now is None else send_now
        self.replies = [] if replies is None else replies
        self.work = [] if work is None else work
        self.timers = [] if timers is None else timers
        self.committed = [] if committed is None else committed
        self.alarms = [] if alarms is None else alarms
        self.halt = halt

    def alarm(self, name: str, message: str, peer: int | None = None) -> None:
        """Add an alarm."""
        self.alarms.append(Alarm(name, message, peer))
