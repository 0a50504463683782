"""What stands between a process and its links: rules for messages, liars, and processes that share one number.

A message goes from a process to a validator's number: to its process and its twins alike. What no rule touches goes to
node.sim.network as it is; with nothing ordered by hand the same numbers are drawn as without this module.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from chain.errors import MithqalError
from chain.messages import MESSAGE_TYPES, Message, message_name, round_of
from node.sim.decoded import decoded
from node.sim.directives import Rule
from node.sim.entropy import Stream
from node.sim.scheduler import Scheduler

SYNC_TYPES = tuple(
    name
    for name, _ in MESSAGE_TYPES
    if name.startswith(("block_", "committed_", "epoch_", "snapshot_", "chunk")) and name != "snapshot_written"
)
"""Kinds that catch up."""
TYPE_NAMES = (*(name for name, _ in MESSAGE_TYPES), "tc", "sync")
"""What `types` may name: kinds of messages; `tc`, a sync_info with a timeout certificate; `sync`, all that catch up."""


class Parcel(NamedTuple):
    """A message on its way out, and when it may go: at once, after a delay, or at a time or a round."""

    data: bytes
    delay_us: int = 0
    release_us: int | None = None
    release_round: int | None = None


class Links(Protocol):
    """The network below."""

    def send(self, sender: int, receiver: int, data: bytes) -> None:
        """From process to process."""


class Tamper(Protocol):
    """What liars make of their messages."""

    def is_liar(self, process: int) -> bool:
        """Whether that process lies."""

    def outgoing(self, sender: int, receiver: int, data: bytes) -> list[Parcel]:
        """What leaves in the place of a message."""


class Wire:
    """All rules of a run."""

    def __init__(
        self,
        scheduler: Scheduler,
        links: Links,
        stream: Stream,
        counts: Counter[str],
        numbers: Sequence[int],
        round_of: Callable[[int], int],
    ) -> None:
        """`numbers` are the validators' numbers by process, `round_of` tells which round a process is in."""
        self.tamper: Tamper | None = None
        self._scheduler, self._links, self._stream, self._counts = scheduler, links, stream, counts
        self._round_of = round_of
        self._processes = [[place for place, other in enumerate(numbers) if other == number] for number in numbers]
        self._rules: list[Rule] = []
        self._waiting: list[tuple[Parcel, Callable[[int, int, bytes], None], int, int]] = []
        """What waits, and how it goes on: through the rules, or past the one that held it."""
        self._round = 0

    def add(self, rule: Rule) -> None:
        """One more rule; its times are the scheduler's here."""
        self._rules.append(rule)

    def heal(self) -> None:
        """No rule holds any more; what was held is let go."""
        self._rules = []
        self._let_go(lambda _parcel: True)

    def send(self, sender: int, receiver: int, data: bytes) -> None:
        """From a process to a validator."""
        if self.tamper is not None and self.tamper.is_liar(sender):
            for parcel in self.tamper.outgoing(sender, receiver, data):
                self.post(sender, receiver, parcel)
        else:
            self._forward(sender, receiver, data)

    def post(self, sender: int, receiver: int, parcel: Parcel) -> None:
        """Send a message when its time has come."""
        if parcel.release_us is not None or parcel.release_round is not None:
            if parcel.release_us is not None:
                self._scheduler.at(parcel.release_us, self.on_round, 0)
            self._waiting.append((parcel, self._forward, sender, receiver))
        elif parcel.delay_us:
            self._scheduler.after(parcel.delay_us, self._forward, sender, receiver, parcel.data)
        else:
            self._forward(sender, receiver, parcel.data)

    def on_round(self, round_: int) -> None:
        """Somebody honest entered a round, or a time has come: let go what waited for it."""
        self._round = max(self._round, round_)
        self._rules = [self._timed(rule) for rule in self._rules]
        if self._waiting:
            self._let_go(self._is_due)

    def _timed(self, rule: Rule) -> Rule:
        """The rule, with the end that its `for_us` gives it once its first round has begun."""
        if rule.for_us is None or rule.from_round is None or rule.from_round > self._round:
            return rule
        end_us = self._scheduler.now_us + rule.for_us
        return rule._replace(to_us=end_us if rule.to_us is None else min(end_us, rule.to_us), for_us=None)

    def _is_due(self, parcel: Parcel) -> bool:
        """Whether its time or its round has come."""
        if parcel.release_us is not None and parcel.release_us <= self._scheduler.now_us:
            return True
        return parcel.release_round is not None and parcel.release_round <= self._round

    def _let_go(self, is_due: Callable[[Parcel], bool]) -> None:
        """Send what is due, in the order in which it came."""
        due = [item for item in self._waiting if is_due(item[0])]
        self._waiting = [item for item in self._waiting if not is_due(item[0])]
        for parcel, go_on, sender, receiver in due:
            go_on(sender, receiver, parcel.data)

    def _receivers(self, sender: int, receiver: int) -> list[int]:
        """The processes behind a number."""
        if receiver >= len(self._processes):
            return []
        return [process for process in self._processes[receiver] if process != sender]

    def _forward(self, sender: int, receiver: int, data: bytes) -> None:
        """To each process of the receiver's number, if no rule says otherwise."""
        for process in self._receivers(sender, receiver):
            if not self._rules or not self._ruled(sender, process, data):
                self._links.send(sender, process, data)

    def _ruled(self, sender: int, receiver: int, data: bytes) -> bool:
        """Whether the first rule that matches has taken the message; a duplicate goes on."""
        for rule in self._rules:
            if not self._matches(rule, sender, receiver, data):
                continue
            if rule.ppm < 1_000_000 and not self._stream.chance(rule.ppm):
                continue
            self._counts[rule.name or f"rule.{rule.do}"] += 1
            if rule.do == "duplicate":
                self._scheduler.after(rule.us, self._links.send, sender, receiver, data)
                continue
            if rule.do == "delay":
                self._scheduler.after(rule.us, self._links.send, sender, receiver, data)
            elif rule.do == "hold":
                parcel = Parcel(data, 0, rule.release_at_us, rule.release_at_round)
                if parcel.release_us is not None:
                    self._scheduler.at(parcel.release_us, self.on_round, 0)
                self._waiting.append((parcel, self._links.send, sender, receiver))
            return True
        return False

    def _matches(self, rule: Rule, sender: int, receiver: int, data: bytes) -> bool:
        """Whether all that the rule says fits."""
        now_us = self._scheduler.now_us
        if now_us < rule.from_us or (rule.to_us is not None and now_us >= rule.to_us):
            return False
        if rule.src is not None and sender not in rule.src:
            return False
        if rule.dst is not None and receiver not in rule.dst:
            return False
        if rule.types is not None and not is_of(data, rule.types):
            return False
        if rule.from_round is None and rule.to_round is None:
            return True
        message = parsed(data)
        round_ = None if message is None else round_of(message)
        round_ = self._round_of(sender) if round_ is None else round_
        return (rule.from_round or 0) <= round_ and (rule.to_round is None or round_ <= rule.to_round)


def is_of(data: bytes, types: Sequence[str]) -> bool:
    """Whether a message is of one of these kinds."""
    name = message_name(data)
    if name in types or ("sync" in types and name in SYNC_TYPES):
        return True
    return "tc" in types and name == "sync_info" and getattr(parsed(data), "tc", None) is not None


def parsed(data: bytes) -> Message | None:
    """The message, or None if it is none."""
    try:
        return decoded(data)
    except MithqalError:
        return None
