"""A network in one object, in virtual time: the real rules of admission, pool and execution, and faults on request.

It is what `node.client.sending.gateway.Gateway` is for the pipeline. Several validators have pools of their own; a
block runs what the first live pool holds. `step` is called before and after everything that a crash could split.
"""

from collections.abc import Callable, Container, Sequence
from typing import NamedTuple

from chain.errors import MithqalError
from chain.execution.outcome import Outcome as Execution
from chain.execution.outcome import explain_abort
from chain.mempool import Mempool
from chain.primitives import SECOND_US
from chain.transaction import SignedTransaction
from chain.validation import Discard, check_prologue
from node.client.sending.gateway import AccountView, Answer, Query, Seen
from tests.builders import CHAIN_ID, World

BLOCK_S = 0.1


class Entry(NamedTuple):
    """One transaction of the ledger."""

    tx: SignedTransaction
    seen: Seen


class Crash(BaseException):
    """The client's process ends here."""


class FakeChain:
    """`Chain` over a `World`."""

    def __init__(self, world: World, validators: int = 4) -> None:
        """All validators live; the ledger's time is the world's."""
        self.world = world
        self.pools = [Mempool() for _ in range(validators)]
        self.live = [True] * validators
        self.ledger: list[Entry] = []
        self.offered: list[SignedTransaction] = []
        """Everything that was ever handed in, in order."""
        self.clock_s = 1_000.0
        self.step: Callable[[str], None] = lambda _: None
        self.lost_answers: Container[int] = ()
        """Submissions (counted as in `offered`) whose answers are lost, though they arrived."""
        self.is_halted = False
        """No block is made."""
        self.per_block = 500

    # --- Chain ---

    def now_s(self) -> float:
        return self.clock_s

    def submit(self, groups: Sequence[Sequence[SignedTransaction]]) -> list[list[Answer | None]]:
        found = []
        for group in groups:
            place = self._home(group[0].raw.sender)
            answers: list[Answer | None] = []
            for tx in group:
                self.step(f"before {tx.raw.sequence_number} arrives")
                if place is None:
                    answers.append(None)
                    continue
                self.offered.append(tx)
                answer = self._admit(place, tx)
                self.step(f"after {tx.raw.sequence_number} arrived")
                answers.append(None if len(self.offered) - 1 in self.lost_answers else answer)
            found.append(answers)
        return found

    def look(self, queries: Sequence[Query]) -> list[AccountView | None]:
        self.step("look")
        return [self._view(query) if self._home(query.sender) is not None else None for query in queries]

    def wait(self, tx: SignedTransaction, timeout_s: float) -> None:
        self.step("wait")
        if self._home(tx.raw.sender) is None or self.is_halted:
            self.advance(timeout_s)
            return
        self.advance(BLOCK_S)
        self.commit()

    # --- the world ---

    @property
    def time_us(self) -> int:
        """The ledger's time."""
        return self.world.context.timestamp_us

    def advance(self, seconds: float) -> None:
        """Time passes; the ledger's goes on while it commits."""
        self.clock_s += seconds

    def commit(self) -> None:
        """One block of the first live pool."""
        if self.is_halted or not any(self.live):
            return
        self.world.context = self.world.context._replace(
            timestamp_us=max(self.time_us + 1, self.wall_us), height=self.world.context.height + 1
        )
        pool = self.pools[self.live.index(True)]
        picked = pool.pick(self._next, self.time_us // SECOND_US, self.per_block, 1 << 20)
        outcomes = self.world.block(*picked)
        for tx, outcome in zip(picked, outcomes, strict=True):
            if isinstance(outcome, Discard):
                for each in self.pools:
                    each.drop(tx.hash)
                continue
            self.ledger.append(Entry(tx, _seen(tx, len(self.ledger), outcome)))
        used: dict[bytes, int] = {tx.raw.sender: self._next(tx.raw.sender) for tx in picked}
        for each in self.pools:
            each.on_commit(used, self.time_us // SECOND_US)

    @property
    def wall_us(self) -> int:
        """The clocks of client and validators."""
        return int(self.clock_s * SECOND_US) + 1_700_000_000 * SECOND_US

    def kill_all(self) -> None:
        """All validators stop; what their pools held is lost."""
        self.live = [False] * len(self.live)
        self.pools = [Mempool() for _ in self.pools]

    def restart_all(self) -> None:
        """All validators run again."""
        self.live = [True] * len(self.live)

    def executed(self) -> list[SignedTransaction]:
        """What ran well, in order."""
        return [entry.tx for entry in self.ledger if entry.seen.failure is None]

    # --- helpers ---

    def _home(self, sender: bytes) -> int | None:
        count = len(self.live)
        order = [(sender[0] + offset) % count for offset in range(count)]
        return next((place for place in order if self.live[place]), None)

    def _next(self, sender: bytes) -> int:
        account = self.world.overlay().account(sender)
        return 0 if account is None else account.sequence_number

    def _admit(self, place: int, tx: SignedTransaction) -> Answer:
        if any(entry.tx.hash == tx.hash for entry in self.ledger):
            return Answer(True, "accepted", "known already")
        now_secs = self.time_us // SECOND_US
        try:
            check_prologue(self.world.overlay(), tx, chain_id=CHAIN_ID, now_secs=now_secs, allow_future_sequence=True)
            waits = self.pools[place].add(tx, self._next(tx.raw.sender), now_secs)
        except MithqalError as error:
            code = int(error.status) if isinstance(error, Discard) else None
            return Answer(False, error.name, error.message, code)
        for other, pool in enumerate(self.pools):
            if self.live[other] and tx.hash not in pool.by_hash:
                try:
                    pool.add(tx, self._next(tx.raw.sender), now_secs)
                except MithqalError:
                    continue
        return Answer(True, "accepted" if waits is None else "parked", "")

    def _view(self, query: Query) -> AccountView:
        found = [
            entry.seen for entry in self.ledger
            if entry.tx.raw.sender == query.sender and query.start <= entry.seen.number < query.start + query.limit
        ]  # fmt: skip
        account = self.world.overlay().account(query.sender)
        if account is None:
            return AccountView(False, 0, {}, self.time_us, tuple(found))
        return AccountView(True, account.sequence_number, dict(account.balances), self.time_us, tuple(found))


def _seen(tx: SignedTransaction, version: int, outcome: Execution) -> Seen:
    """A kept transaction as the API tells it."""
    status = outcome.status
    failure = None
    if status.kind == "move_abort":
        failure = explain_abort(status.module, status.code)[1]
    elif status.kind != "executed":
        failure = status.kind
    code = status.code if status.kind == "move_abort" else None
    return Seen(tx.raw.sequence_number, tx.hash, version, failure, code, outcome.gas_used)
