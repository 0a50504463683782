"""Signed transactions of many senders on their way to the ledger: many in flight, each followed to its end.

`add` what is signed and stored, then `turn` until nothing is open. A turn hands in what is due (at first, and again
while nothing happens: the same bytes again are harmless), waits a moment for the ledger, looks at the accounts of the
senders, and tells what became final. The truth is the ledger's alone (docs/protocol.md, O3 to O5):

- the number was used by these bytes: `executed` or `failed`;
- it was used by others: `displaced`, these bytes can never run;
- the ledger's time has passed the expiration and the number is unused: `expired`, these bytes can never run;
- a validator refused it and nobody has ever taken it: `refused`. A refusal after some validator may have taken it
  proves nothing, and it stays open.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from chain.limits import MEMPOOL_PER_ACCOUNT
from chain.primitives import SECOND_US
from chain.transaction import SignedTransaction
from node.client.sending.gateway import BEHIND, AccountView, Answer, Chain, Query, Seen

WINDOW = 64
"""Transactions of one sender in flight: below the pool's limit, with room for others who pay from the account."""
POLL_S = 0.5
"""How long a turn waits for the ledger at most."""
RESEND_S = 2.0
"""Without news, what is open is handed in again after this; each time after half as long again."""
MAX_RESEND_S = 10.0
RETRY_S = 0.25
"""Pause after an answer that says "not now"."""
MAX_VIEWS = 1_000
"""Numbers of one look: the API's limit of a page."""
NOT_NOW = (
    BEHIND, "mempool_is_full", "too_many_for_account", "too_many_checks", "invalid_update", "expiration_too_far",
)  # fmt: skip
"""Refusals that say nothing of the transaction itself."""
SETTLED_BY_LOOKING = ("sequence_number_too_old", "transaction_expired")
"""Refusals whose truth the account shows."""

assert WINDOW < MEMPOOL_PER_ACCOUNT


class Outcome(NamedTuple):
    """What became of a transaction."""

    tx: SignedTransaction
    tag: object
    """Whatever `add` was given with it."""
    status: str
    """executed, failed, refused, expired or displaced; unknown of those given up."""
    version: int | None
    reason: str | None
    code: int | None
    """Abort code of a failed one, status code of a refused one."""
    fee: int
    """Micro-units of its gas currency."""
    seconds: float
    """From the moment it was added."""
    by: Seen | None = None
    """What displaced it."""
    rule: str | None = None
    """Name of the rule by which a validator refused it, or will not run it now."""


@dataclass(slots=True)
class _Item:
    """One transaction in flight."""

    tx: SignedTransaction
    tag: object
    added_s: float
    is_clean: bool = True
    """Every validator that may have it has refused it."""
    is_sent: bool = False
    """A validator has answered, and its answer was not "not now"."""
    tries: int = 0
    said: Answer | None = None


@dataclass(slots=True)
class _Lane:
    """One sender."""

    sender: bytes
    items: dict[int, _Item] = field(default_factory=dict)
    view: AccountView | None = None
    due_s: float = 0.0
    pause_s: float = RESEND_S
    """Until what is open is handed in again; grows while nothing becomes final."""
    retry_s: float = RETRY_S
    """Until what a validator did not take now is handed in again; grows likewise."""
    is_proven: bool = False
    """A validator has taken something of this sender, or the ledger has it."""
    is_stuck: bool = False
    """It was handed in again, and nothing has become final since."""


class Pipeline:
    """The machine; every call from one thread."""

    def __init__(self, chain: Chain, strangers: Callable[[bytes], Iterable[SignedTransaction]] | None = None) -> None:
        """`strangers` gives a sender's other open transactions (of other processes, of earlier runs): ours wait behind
        their numbers, so that they are handed in too when nothing moves. Their outcomes have the tag None."""
        self.chain = chain
        self._strangers = strangers
        self._lanes: dict[bytes, _Lane] = {}
        self._poll_turn = 0
        self.progress_s = chain.now_s()
        """When something last became final."""

    @property
    def open(self) -> int:
        """Transactions whose outcome is not known, strangers included."""
        return sum(len(lane.items) for lane in self._lanes.values())

    def in_flight(self, sender: bytes) -> list[SignedTransaction]:
        """A sender's open transactions."""
        lane = self._lanes.get(sender)
        return [item.tx for item in lane.items.values()] if lane is not None else []

    def is_accepted(self, sender: bytes) -> bool:
        """Whether validators have taken all that is open of this sender."""
        lane = self._lanes.get(sender)
        return lane is None or all(item.said is not None and item.said.accepted for item in lane.items.values())

    def is_proven(self, sender: bytes) -> bool:
        """Whether a validator has taken anything of this sender: until then one goes alone."""
        lane = self._lanes.get(sender)
        return lane is not None and lane.is_proven

    def view(self, sender: bytes) -> AccountView | None:
        """The account when it was last looked at."""
        lane = self._lanes.get(sender)
        return lane.view if lane is not None else None

    def add(
        self, tx: SignedTransaction, tag: object = None, *, is_clean: bool = True, takes_over: bool = False
    ) -> bool:  # fmt: skip
        """Follow a transaction that is stored. `is_clean`: these bytes have never left before.

        False if another one with its number is in flight: the caller waits for that one's outcome. With `takes_over` a
        stranger's is followed no longer: its owner has called it final, and freed the number. Should it run all the
        same, it displaces this one.
        """
        lane = self._lane(tx.raw.sender)
        known = lane.items.get(tx.raw.sequence_number)
        if known is not None and not (takes_over and known.tag is None):
            if known.tx.hash == tx.hash and tag is not None:
                known.tag = tag
            return known.tx.hash == tx.hash
        if not lane.items:
            lane.pause_s = RESEND_S
        lane.items[tx.raw.sequence_number] = _Item(tx, tag, self.chain.now_s(), is_clean)
        lane.due_s = 0.0
        return True

    def turn(self, watch: Sequence[bytes] = (), *, poll_s: float = POLL_S) -> list[Outcome]:
        """Hand in, wait up to `poll_s`, look; gives what became final. Senders of `watch` are looked at too."""
        outcomes = self._submit()
        self._wait(poll_s)
        outcomes += self._look(watch)
        if any(outcome.tag is not None for outcome in outcomes):
            self.progress_s = self.chain.now_s()
        return outcomes

    def give_up(self) -> list[Outcome]:
        """What is still open, as `unknown`, with the last word of a validator as the reason."""
        found = []
        for lane in self._lanes.values():
            for item in sorted(lane.items.values(), key=_number):
                said = item.said
                outcome = self._outcome(item, "unknown", reason=None if said is None else said.message)
                found.append(outcome._replace(rule=None if said is None or said.accepted else said.name))
        return found

    # --- a turn ---

    def _submit(self) -> list[Outcome]:
        """Hand in what is new, and everything of a sender where nothing happened for long."""
        now = self.chain.now_s()
        due = [lane for lane in self._lanes.values() if lane.items and lane.due_s <= now]
        for lane in due:
            if all(item.tries for item in lane.items.values()):
                lane.is_stuck = True
                self._invite(lane)
        lanes = [lane for lane in due if lane.items]
        groups = []
        for lane in lanes:
            fresh = [item for item in lane.items.values() if not item.is_sent]
            groups.append(sorted(fresh or lane.items.values(), key=_number))
        answers = self.chain.submit([[item.tx for item in group] for group in groups]) if groups else []
        outcomes = []
        for lane, group, found in zip(lanes, groups, answers, strict=True):
            lane.due_s = self.chain.now_s() + lane.pause_s
            lane.pause_s = min(lane.pause_s * 1.5, MAX_RESEND_S)
            heard = [self._hear(lane, item, answer) for item, answer in zip(group, found, strict=True)]
            outcomes += [outcome for outcome in heard if outcome is not None]
            if any(not item.is_sent for item in lane.items.values()):
                lane.due_s = min(lane.due_s, self.chain.now_s() + lane.retry_s)
                lane.retry_s = min(lane.retry_s * 1.5, MAX_RESEND_S)
        return outcomes

    def _invite(self, lane: _Lane) -> None:
        """Strangers whose numbers ours may wait for; those that others have ended meanwhile are followed no longer."""
        if self._strangers is None:
            return
        strangers = list(self._strangers(lane.sender))
        known = {tx.hash for tx in strangers}
        for number, item in list(lane.items.items()):
            if item.tag is None and item.tx.hash not in known:
                del lane.items[number]
        for tx in strangers:
            if tx.raw.sequence_number not in lane.items:
                lane.items[tx.raw.sequence_number] = _Item(tx, None, self.chain.now_s(), is_clean=False)

    def _hear(self, lane: _Lane, item: _Item, answer: Answer | None) -> Outcome | None:
        """What a validator's answer means."""
        item.tries += 1
        if answer is None:
            item.is_clean = item.is_sent = False
            return None
        if answer.accepted:
            item.is_clean, lane.is_proven = False, True
        elif answer.name not in (*NOT_NOW, *SETTLED_BY_LOOKING) and item.is_clean:
            del lane.items[item.tx.raw.sequence_number]
            found = self._outcome(item, "refused", reason=answer.message)
            return found._replace(code=answer.code, rule=answer.name)
        item.is_sent = answer.name not in NOT_NOW
        item.said = answer if item.is_sent or item.said is None else item.said
        return None

    def _wait(self, poll_s: float) -> None:
        """Wait for the ledger to take one of those that can run now; another sender's each time."""
        busy = [lane for lane in self._lanes.values() if lane.items]
        ready = [lane for lane in busy if not lane.is_stuck] or busy
        if not ready:
            return
        self._poll_turn += 1
        lane = ready[self._poll_turn % len(ready)]
        self.chain.wait(lane.items[min(lane.items)].tx, poll_s)

    def _look(self, watch: Sequence[bytes]) -> list[Outcome]:
        """Look at every sender with something in flight, and at those that are watched."""
        lanes = [lane for lane in self._lanes.values() if lane.items]
        busy = {lane.sender for lane in lanes}
        lanes += [self._lane(sender) for sender in dict.fromkeys(watch) if sender not in busy]
        queries = []
        for lane in lanes:
            first = min(lane.items, default=0)
            count = max(lane.items) - first + 1 if lane.items else 0
            queries.append(Query(lane.sender, first, min(count, MAX_VIEWS)))
        outcomes: list[Outcome] = []
        for lane, view in zip(lanes, self.chain.look(queries) if queries else (), strict=True):
            if view is None or (lane.view is not None and view.time_us < lane.view.time_us):
                continue
            lane.view = view
            found = self._settle(lane, view)
            if found:
                lane.pause_s, lane.retry_s, lane.is_stuck = RESEND_S, RETRY_S, False
                if all(item.is_sent for item in lane.items.values()):
                    lane.due_s = self.chain.now_s() + RESEND_S
            outcomes += found
        return outcomes

    def _settle(self, lane: _Lane, view: AccountView) -> list[Outcome]:
        """Compare what is open with what the ledger shows."""
        by_number = {seen.number: seen for seen in view.transactions}
        outcomes = []
        for number in sorted(lane.items):
            item = lane.items[number]
            seen = by_number.get(number)
            if seen is not None:
                lane.is_proven = True
                outcomes.append(self._used(item, seen))
            elif (
                view.exists and view.next_number <= number and view.time_us // SECOND_US >= item.tx.raw.expiration_secs
            ):
                outcomes.append(self._outcome(item, "expired", reason="its time passed before it was on the ledger"))
            else:
                continue
            del lane.items[number]
        return outcomes

    def _used(self, item: _Item, seen: Seen) -> Outcome:
        """The number is used: by these bytes or by others."""
        if seen.hash != item.tx.hash:
            reason = f"another transaction used number {seen.number}, at version {seen.version}"
            return self._outcome(item, "displaced", reason=reason)._replace(by=seen)
        found = self._outcome(item, "failed" if seen.failure else "executed", reason=seen.failure)
        fee = seen.gas_used * item.tx.raw.gas_unit_price
        return found._replace(version=seen.version, code=seen.code, fee=fee)

    def _outcome(self, item: _Item, status: str, *, reason: str | None) -> Outcome:
        return Outcome(item.tx, item.tag, status, None, reason, None, 0, self.chain.now_s() - item.added_s)

    def _lane(self, sender: bytes) -> _Lane:
        return self._lanes.setdefault(sender, _Lane(sender))


def _number(item: _Item) -> int:
    return item.tx.raw.sequence_number
