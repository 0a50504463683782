"""A network's validators as one chain: submit many, look at accounts, wait for one; down ones are gone around.

Each validator is asked by a thread of its own, so that one that hangs delays a turn by its time-out and then is left
alone for a while. A sender keeps to one validator (its home), so that its numbers arrive in order (docs/protocol.md, O4
and O6).
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, Queue
from typing import Any, NamedTuple, Protocol, TypeVar

from chain.errors import MithqalError, ProofError
from chain.transaction import SignedTransaction
from node.client.rpc import BadAnswer, ConnectionFailed, Endpoint, RpcClient, RpcFailed
from node.client.sending.views import MAX_QUERIES, AccountView, Query, ReadViews, Seen

__all__ = ["AccountView", "Answer", "Chain", "Gateway", "Query", "Seen"]

CALL_TIMEOUT_S = 5.0
FIRST_TIMEOUT_S = 3.0
"""How long one validator may take to say where it is."""
GRACE_S = 0.3
"""When all are asked, how long those that have not answered are waited for after the first answer."""
FRESH_S = 1.0
"""For so long what all have told is fresh."""
DOWN_S = 2.0
"""How long a validator that did not answer is left alone."""
HANG_S = 1.0
"""An answer that failed after this long was a hanging process: it is left alone longer each time."""
MAX_DOWN_S = 60.0
MAX_CALLS = 20
"""Calls in one request: the API's limit."""
MAX_REQUEST_BYTES = 200_000
"""Hex digits of one request's transactions: below the API's limit of 256 KiB, with room for one batch of payments."""
BEHIND = "validator_is_behind"
"""Name of the answer that stands for a refusal by a validator which had not seen all that we know of."""

NO_ANSWER = (ConnectionFailed, BadAnswer, RpcFailed, ProofError)
"""What asking a validator may raise; of `RpcFailed` only what is no answer to the question. One that does not prove
what it says is left alone like one that does not answer."""

T = TypeVar("T")
R = TypeVar("R")


class Answer(NamedTuple):
    """What a validator said to a submission. `name` is the rule of a refusal."""

    accepted: bool
    name: str
    message: str
    code: int | None = None
    """The chain's status code of a refusal."""


class Chain(Protocol):
    """What the pipeline needs of a network; the real one is `Gateway`."""

    def submit(self, groups: Sequence[Sequence[SignedTransaction]]) -> list[list[Answer | None]]:
        """Hand in each group (one sender each) in order. None where nobody answered: it may have arrived."""

    def look(self, queries: Sequence[Query]) -> list[AccountView | None]:
        """Accounts as the ledger has them; None where nobody answered."""

    def wait(self, tx: SignedTransaction, timeout_s: float) -> None:
        """Return when this transaction's number is used, or after the time."""

    def now_s(self) -> float:
        """A clock that never goes back."""


class Gateway:
    """`Chain` over JSON-RPC."""

    def __init__(
        self, endpoints: Sequence[Endpoint], chain_id: int, genesis_hash: bytes, read_views: ReadViews,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Nobody is asked yet. Validators of another genesis are never believed; `read_views` judges what they say."""
        self._read_views = read_views
        self._clients = [RpcClient([endpoint], CALL_TIMEOUT_S, chain_id) for endpoint in endpoints]
        self._genesis_hash = genesis_hash.hex()
        self._is_known = [False] * len(self._clients)
        self._down_until = [0.0] * len(self._clients)
        self._failed_s = [-DOWN_S] * len(self._clients)
        self._hangs = [0] * len(self._clients)
        self._started_s: float | None = None
        self._homes: dict[bytes, int] = {}
        self._pool = ThreadPoolExecutor(max(1, len(self._clients)), "rpc")
        self._clock = clock

    def start(self) -> None:
        """Ask everybody where they are, unless that was just done; ConnectionFailed if nobody answers."""
        if self._started_s is None or self.now_s() - self._started_s > FRESH_S:
            self._everyone(lambda client: client.call("get_metadata", timeout_s=FIRST_TIMEOUT_S))

    def accounts(self, address: bytes) -> list[AccountView]:
        """An account as each validator that answers has it; ConnectionFailed if nobody does."""
        return self._everyone(lambda client: self._read_views(client, [Query(address, 0, 0)])[0])

    def close(self) -> None:
        """End the threads and connections."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for client in self._clients:
            client.close()

    def now_s(self) -> float:
        """The clock that was given."""
        return self._clock()

    def submit(self, groups: Sequence[Sequence[SignedTransaction]]) -> list[list[Answer | None]]:
        """As `Chain` says. A refusal by a validator that is behind the furthest one is told as `BEHIND`."""
        known = self._furthest()

        def ask(client: RpcClient, group: Sequence[SignedTransaction]) -> list[Answer | None]:
            answers: list[Answer | None] = []
            for part in _parts(group):
                found = client.batch([("submit", [tx.envelope.hex()]) for tx in part])
                answers += [_answer(item, is_behind=client.version < known) for item in found]
            return answers

        done = self._spread([(group[0].raw.sender, group) for group in groups], ask)
        return [[None] * len(group) if found is None else found for group, found in zip(groups, done, strict=True)]

    def look(self, queries: Sequence[Query]) -> list[AccountView | None]:
        """As `Chain` says: account and transactions are those of one version."""
        by_home: dict[int, list[Query]] = {}
        for query in queries:
            by_home.setdefault(self._home(query.sender), []).append(query)
        parts = [part for group in by_home.values() for part in _chunks(group, MAX_QUERIES)]
        found: dict[Query, AccountView] = {}
        for part, views in zip(
            parts, self._spread([(part[0].sender, part) for part in parts], self._read_views), strict=True
        ):
            found.update(zip(part, views or (), strict=False))
        return [found.get(query) for query in queries]

    def wait(self, tx: SignedTransaction, timeout_s: float) -> None:
        """A long poll at the sender's home."""
        place = self._live(self._home(tx.raw.sender))
        began = self.now_s()
        try:
            if place is not None:
                self._greet(place)
                self._clients[place].wait(tx.raw.sender, tx.raw.sequence_number, tx.hash, timeout_s)
                return
        except NO_ANSWER:
            assert place is not None
            self._mark_down(place, began)
        time.sleep(max(0.0, min(timeout_s, 0.2) - (self.now_s() - began)))

    # --- who is asked ---

    def _spread(self, jobs: Sequence[tuple[bytes, T]], ask: Callable[[RpcClient, T], R]) -> list[R | None]:
        """Ask each job's validator, all validators at once; None where none is up or it did not answer."""
        results: list[R | None] = [None] * len(jobs)
        by_place: dict[int, list[int]] = {}
        for number, (sender, _) in enumerate(jobs):
            place = self._live(self._home(sender))
            if place is not None:
                by_place.setdefault(place, []).append(number)

        def work(place: int) -> None:
            for number in by_place[place]:
                began = self.now_s()
                try:
                    self._greet(place)
                    results[number] = ask(self._clients[place], jobs[number][1])
                    self._hangs[place] = 0
                except NO_ANSWER:
                    self._mark_down(place, began)
                    return

        if len(by_place) == 1:
            work(next(iter(by_place)))
        else:
            list(self._pool.map(work, by_place))
        return results

    def _home(self, sender: bytes) -> int:
        """Senders are dealt out to the validators."""
        return self._homes.setdefault(sender, len(self._homes) % len(self._clients))

    def _everyone(self, ask: Callable[[RpcClient], R]) -> list[R]:
        """Ask all validators at once; the answers that come within GRACE_S of the first. ConnectionFailed without any.

        Who has not answered then keeps its connection to itself until its time is over; the process may end before.
        """
        answers: Queue[tuple[int, R | None, MithqalError | None]] = Queue()

        def work(place: int) -> None:
            try:
                self._greet(place)
                answers.put((place, ask(self._clients[place]), None))
            except NO_ANSWER as error:
                answers.put((place, None, error))

        began = self.now_s()
        pending = set(range(len(self._clients)))
        for place in pending:
            threading.Thread(target=work, args=(place,), daemon=True).start()
        results: list[R] = []
        problems: list[MithqalError] = []
        while pending:
            try:
                place, result, problem = answers.get(timeout=GRACE_S if results else 3 * FIRST_TIMEOUT_S)
            except Empty:
                break
            pending.remove(place)
            if problem is not None:
                self._mark_down(place, began)
                problems.append(problem)
            elif result is not None:
                results.append(result)
        for place in pending:
            self._down_until[place] = self.now_s() + 2 * FIRST_TIMEOUT_S
        if not results:
            foreign = [error for error in problems if error.name == "wrong_chain"]
            message = "no validator answers: `mithqal localnet status` shows which run"
            raise foreign[0] if foreign else ConnectionFailed(message, tried=len(problems))
        self._started_s = self.now_s()
        return results

    def _greet(self, place: int) -> None:
        """Before the first question: BadAnswer (`wrong_chain`) from a validator of another genesis."""
        if self._is_known[place]:
            return
        metadata = self._clients[place].call("get_metadata", timeout_s=FIRST_TIMEOUT_S)
        found = metadata.get("genesis_hash") if isinstance(metadata, dict) else None
        if found != self._genesis_hash:
            raise BadAnswer(
                f"the validator is of the network {found}, network.json says {self._genesis_hash}", name="wrong_chain"
            )
        self._is_known[place] = True

    def _live(self, home: int) -> int | None:
        """The validator to ask: the home, else the next that is not known to be down, else the first to come back."""
        now = self.now_s()
        count = len(self._clients)
        order = [(home + offset) % count for offset in range(count)]
        up = next((place for place in order if self._down_until[place] <= now), None)
        if up is not None:
            return up
        first = min(order, key=self._down_until.__getitem__)
        return first if now - self._failed_s[first] >= DOWN_S else None

    def _mark_down(self, place: int, began_s: float) -> None:
        """Leave it alone for a while: twice as long each time that it hung, rather than refused."""
        self._failed_s[place] = now = self.now_s()
        self._hangs[place] = self._hangs[place] + 1 if now - began_s >= HANG_S else 0
        self._down_until[place] = now + min(DOWN_S * 2 ** self._hangs[place], MAX_DOWN_S)

    def _furthest(self) -> int:
        """The highest version that any of them has told."""
        return max(client.version for client in self._clients)


def _answer(item: Any, *, is_behind: bool) -> Answer:
    """One result of `submit`."""
    if isinstance(item, RpcFailed):
        return Answer(False, BEHIND if is_behind else item.name, item.message, item.status)
    return Answer(True, item["status"], item["message"])


def _parts(group: Sequence[SignedTransaction]) -> list[list[SignedTransaction]]:
    """Transactions as requests of at most MAX_CALLS calls and about MAX_REQUEST_BYTES, in order."""
    parts: list[list[SignedTransaction]] = []
    size = 0
    for tx in group:
        size += 2 * len(tx.envelope)  # in hex
        if not parts or len(parts[-1]) == MAX_CALLS or size > MAX_REQUEST_BYTES:
            parts.append([])
            size = 2 * len(tx.envelope)
        parts[-1].append(tx)
    return parts


def _chunks(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]
