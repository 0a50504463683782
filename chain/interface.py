"""All that enters or leaves a validator: events in, one Output a step out.

The contract with a driver (docs/architecture.md): call `Replica.step(event, now_us)` from one thread; then, in order,
write `persist` and `safety` durably (they may run off the loop, outputs strictly in order), then deliver
`after_persist` and announce `committed`. `send_now`, `replies`, `work` and `timers` need not wait. Nothing of
`after_persist` may leave before the writes of the same and of all earlier outputs are durable.
"""

from dataclasses import dataclass, field
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


@dataclass(slots=True)
class Output:
    """What one step asks of the world."""

    persist: WriteBatch = field(default_factory=WriteBatch)
    safety: bytes | None = None
    """The new safety record, to be synced in its own file after `persist`."""
    after_persist: list[Send] = field(default_factory=list)
    send_now: list[Send] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    work: list[Work] = field(default_factory=list)
    timers: list[SetTimer] = field(default_factory=list)
    committed: list[Committed] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    halt: MithqalError | None = None
    """The process ends with this once the output is durable: what this machine computes is wrong (DV1)."""

    def alarm(self, name: str, message: str, peer: int | None = None) -> None:
        """Add an alarm."""
        self.alarms.append(Alarm(name, message, peer))
