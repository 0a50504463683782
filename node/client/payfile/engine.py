"""Pay a file that the journal has taken over: sign row by row, keep many in flight, note what becomes of each.

The rules are F1 to F6 of docs/protocol.md.

Exactly once, whatever is killed and when: a row's bytes are durable in the journal before they may leave; a new run
first follows what an earlier one has signed; a row is signed again only after the ledger has shown that its bytes can
never run (its time has passed their expiration and their number is unused, or others used the number).

One payer's rows are signed in the file's order. A row that its payer cannot cover yet (the file itself may bring the
money) waits until all earlier rows are final; then the chain decides.
"""

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import NamedTuple, Protocol

from chain.primitives import SECOND_US
from chain.transaction import SignedTransaction
from node.client.sending.batch import settle
from node.client.sending.gateway import AccountView, Chain
from node.client.sending.journal import PAGE, FileRecord, Journal, Row
from node.client.sending.outbox import Outbox
from node.client.sending.pipeline import WINDOW, Outcome, Pipeline

AHEAD = 4_096
"""Rows read ahead, so that many payers are served at once."""
WATCHED = 40
"""Payers whose accounts are looked at in one turn though nothing of them is in flight."""
LIFETIME_S = 300
"""How long a signed row may run: what a row waits at most that cannot run and must be signed again."""


class Signer(Protocol):
    """Who signs; the real one is `node.client.payfile.orders.WalletSigner`."""

    def sign(self, row: Row, number: int, expiration_secs: int) -> tuple[SignedTransaction, str | None]:
        """A row's payment under this number, and what must be kept to open its memo."""

    def most_fee(self, row: Row) -> int:
        """Micro-units of its currency that the ledger wants to see behind a row, beside its amount."""


class Progress(NamedTuple):
    """How far it is."""

    rows: int
    final: int
    failed: int
    """Of the final ones: failed and refused, in this run."""
    in_flight: int


class PayFile:
    """One run over one file; `run` it once, inside of the file's lock."""

    def __init__(
        self, file: FileRecord, outbox: Outbox, chain: Chain, signer: Signer, *,
        wall_us: Callable[[], int],
    ) -> None:  # fmt: skip
        """Nothing is asked or sent yet."""
        self._file, self._outbox, self._signer, self._wall_us = file, outbox, signer, wall_us
        self._journal = Journal(outbox)
        self._pipeline = Pipeline(chain, self._strangers)
        self._chain = chain
        self._queues: dict[bytes, deque[Row]] = {}
        self._read_to = 0
        self._all_read = False
        self._flying: dict[int, Row] = {}
        self._failed = 0
        self._left = self._journal.count_open(file)

    def run(self, timeout_s: float, say: Callable[[Progress], None] = lambda _: None) -> dict[int, str | None]:
        """Pay until every row is final, or until nothing has become so for `timeout_s`.

        Gives what is known of rows that are signed and not final, by number.
        """
        for row, tx in self._journal.signed(self._file):
            self._flying[row.number] = row
            self._pipeline.add(tx, row, is_clean=False)
        while True:
            watch = self._fill()
            if not self._left:
                return {}
            self._note(self._pipeline.turn(watch))
            say(Progress(self._file.rows, self._file.rows - self._left, self._failed, len(self._flying)))
            if self._left and self._chain.now_s() - self._pipeline.progress_s > timeout_s:
                given_up = self._pipeline.give_up()
                return {item.tag.number: item.reason for item in given_up if isinstance(item.tag, Row)}

    # --- signing ---

    def _fill(self) -> list[bytes]:
        """Sign what may be signed now, in one durable change; gives the payers to look at."""
        self._read_ahead()
        heads = sorted((queue[0].number, sender) for sender, queue in self._queues.items() if queue)
        first = min([*self._flying, *(number for number, _ in heads[:1])], default=0)
        watch: list[bytes] = []
        chosen: list[tuple[AccountView, list[Row]]] = []
        for _, sender in heads:
            if not self._pipeline.is_accepted(sender):
                continue
            view = self._pipeline.view(sender)
            if view is None:
                watch.append(sender)
                continue
            rows, is_short = self._choose(sender, view, first)
            if rows:
                chosen.append((view, rows))
            elif is_short:
                watch.append(sender)
        if chosen:
            self._sign(chosen)
        return watch[:WATCHED]

    def _choose(self, sender: bytes, view: AccountView, first: int) -> tuple[list[Row], bool]:
        """The payer's next rows that may be signed together, and whether money is what lacks."""
        open_ = self._pipeline.in_flight(sender)
        room = WINDOW - len(open_) if self._pipeline.is_proven(sender) else 1 - len(open_)
        left = dict(view.balances)
        for tx in open_:
            for currency, amount in _most(tx):
                left[currency] = left.get(currency, 0) - amount
        rows: list[Row] = []
        queue = self._queues[sender]
        for row in islice(queue, max(0, room)):
            needed = row.amount + self._signer.most_fee(row)
            if left.get(row.currency, 0) >= needed:
                left[row.currency] -= needed
                rows.append(row)
            elif row.number == first and not open_ and not rows:
                return [row], False
            else:
                return rows, True
        return rows, False

    def _sign(self, chosen: list[tuple[AccountView, list[Row]]]) -> None:
        """Choose numbers, sign, keep: durable before anything leaves."""
        signed: list[tuple[Row, SignedTransaction]] = []
        with self._outbox.writing():
            for view, rows in chosen:
                numbers = self._outbox.free_numbers(rows[0].sender, view.next_number, len(rows))
                for row, number in zip(rows, numbers, strict=True):
                    now_us = self._wall_us()
                    expiration = max(now_us, view.time_us) // SECOND_US + LIFETIME_S
                    tx, extra = self._signer.sign(row, number, expiration)
                    while self._outbox.has(tx.hash):  # the same call was refused in the same second: make it another
                        expiration += 1
                        tx, extra = self._signer.sign(row, number, expiration)
                    self._journal.sign(self._file, row, tx, now_us=now_us, extra=extra)
                    signed.append((row, tx))
        for row, tx in signed:
            self._queues[row.sender].popleft()
            self._flying[row.number] = row
            is_added = self._pipeline.add(tx, row, takes_over=True)
            assert is_added, "a free number is in the flight of no row"

    def _read_ahead(self) -> None:
        """Take rows from the journal into their payers' queues."""
        while not self._all_read and sum(map(len, self._queues.values())) < AHEAD:
            page = self._journal.waiting(self._file, self._read_to)
            self._all_read = len(page) < PAGE
            for row in page:
                self._queue(row.sender).append(row)
                self._read_to = row.number + 1

    def _queue(self, sender: bytes) -> deque[Row]:
        """The payer's rows that wait; what others have signed from the account comes first."""
        if sender not in self._queues:
            self._queues[sender] = deque()
            for tx in self._strangers(sender):
                self._pipeline.add(tx, is_clean=False)
        return self._queues[sender]

    def _strangers(self, sender: bytes) -> list[SignedTransaction]:
        """Whatever is open in the outbox from this account."""
        return [entry.transaction for entry in self._outbox.open_entries(sender)]

    # --- outcomes ---

    def _note(self, outcomes: list[Outcome]) -> None:
        """Keep what became final, in one durable change; rows to be signed again go back to the head of the queue."""
        if not outcomes:
            return
        again: list[Row] = []
        with self._outbox.writing():
            for outcome in outcomes:
                settle(self._outbox, outcome)
                if isinstance(outcome.tag, Row) and self._note_row(outcome.tag, outcome):
                    again.append(outcome.tag)
        for row in sorted(again, reverse=True):
            self._put_back(row._replace(signed_us=None))

    def _note_row(self, row: Row, outcome: Outcome) -> bool:
        """One row's outcome; whether it must be signed again."""
        del self._flying[row.number]
        if outcome.status in ("expired", "displaced"):
            self._journal.unsign(self._file, row.number)
            return True
        seconds = outcome.seconds
        if row.signed_us is not None:
            seconds = max(0, self._wall_us() - row.signed_us) / SECOND_US
        self._journal.finish(
            self._file, row.number, status=outcome.status, version=outcome.version, reason=outcome.reason,
            fee=outcome.fee, seconds=round(seconds, 3),
        )  # fmt: skip
        self._left -= 1
        self._failed += outcome.status != "executed"
        return False

    def _put_back(self, row: Row) -> None:
        """Into its payer's queue by its place in the file."""
        queue = self._queue(row.sender)
        later = deque(item for item in queue if item.number > row.number)
        earlier = deque(item for item in queue if item.number < row.number)
        self._queues[row.sender] = earlier + deque([row]) + later


def _most(tx: SignedTransaction) -> list[tuple[str, int]]:
    """What a transaction may take from its sender at most, by currency."""
    raw = tx.raw
    found = [(raw.gas_currency, raw.max_gas_amount * raw.gas_unit_price)]
    payload = raw.payload
    if payload.function == "peer_to_peer_with_metadata":
        currency, _, amount, *_ = payload.arguments
        assert isinstance(currency, str)
        assert isinstance(amount, int)
        found.append((currency, amount))
    return found
