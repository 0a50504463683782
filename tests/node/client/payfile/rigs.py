"""A payment file, its journal on a real disk and a chain in memory: what the tests of pay-file share."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from chain.primitives import Address
from chain.transaction import SignedTransaction
from node.client.amounts import format_amount
from node.client.payfile.engine import PayFile, Progress
from node.client.sending.journal import Draft, Journal, Result, Row
from node.client.sending.outbox import Outbox
from tests.builders import ALICE, ANNA, BOB, PAYMENT, Party, small_world
from tests.node.client.fake_chain import Crash, FakeChain

PEOPLE = {"alice": ALICE, "anna": ANNA, "bob": BOB}
COLUMNS = ("from", "to", "amount", "currency", "memo")
CONTENT = bytes(31) + b"\x07"


class Payment(NamedTuple):
    """One row."""

    payer: str
    payee: str
    micro: int
    currency: str = "XUS"


class Signer:
    """Signs with the keys of the small world."""

    def __init__(self, chain: FakeChain) -> None:
        self._world = chain.world

    def sign(self, row: Row, number: int, expiration_secs: int) -> tuple[SignedTransaction, str | None]:
        """A payment at gas price 1, at most 6,000 micro-units of fee."""
        tx = self._world.sign(
            PEOPLE[row.payer], PAYMENT, row.currency, row.payee, row.amount, row.memo.encode(), b"", number=number,
            max_gas=6_000, price=1, gas_currency=row.currency, expires=expiration_secs,
        )  # fmt: skip
        return tx, row.memo or None

    def most_fee(self, row: Row) -> int:
        """The same 6,000."""
        return 6_000


class HookedOutbox(Outbox):
    """Calls `step` around every durable change."""

    step: Callable[[str], None] = staticmethod(lambda _: None)

    @contextmanager
    def writing(self) -> Generator[None]:
        is_outer = not self.database._connection.in_transaction
        if is_outer:
            self.step("before a change")
        with super().writing():
            yield
            if is_outer:
                self.step("before the commit")
        if is_outer:
            self.step("after the commit")


class Rig:
    """Runs a file again and again until it is done, as a person does after each crash."""

    def __init__(self, directory: Path, payments: Sequence[Payment], chain: FakeChain | None = None) -> None:
        self.directory, self.payments = directory, payments
        self.chain = chain or FakeChain(small_world())
        self.step: Callable[[str], None] = lambda _: None
        self.say: Callable[[Progress], None] = lambda _: None

    def open(self) -> HookedOutbox:
        """The outbox as a new process finds it."""
        outbox = HookedOutbox(self.directory / "outbox")
        outbox.database.run("PRAGMA synchronous=OFF")  # crashes of the process only: the kernel keeps what was written
        outbox.step = self.step
        self.chain.step = self.step
        return outbox

    def run(self, *, timeout_s: float = 30.0) -> dict[int, str | None]:
        """One run of the command; the process's memory ends with it."""
        outbox = self.open()
        try:
            journal = Journal(outbox)
            file = journal.find(CONTENT)
            if file is None:
                file = journal.take(CONTENT, "payments.csv", COLUMNS, self.drafts())
            run = PayFile(file, outbox, self.chain, Signer(self.chain), wall_us=lambda: self.chain.wall_us)
            return run.run(timeout_s, self.say)
        finally:
            outbox.database.close()

    def crash_at(self, count: int) -> bool:
        """A run that ends at its `count`th step; whether it came so far."""
        steps = 0

        def step(_: str) -> None:
            nonlocal steps
            steps += 1
            if steps == count:
                raise Crash

        self.step = step
        try:
            self.run()
        except Crash:
            return True
        finally:
            self.step = lambda _: None
        return False

    def drafts(self) -> list[Draft]:
        """The rows, as they would be read."""
        return [
            Draft(
                place + 2, (row.payer, row.payee, format_amount(row.micro), row.currency, f"row {place}"),
                self.address(row.payer), self.address(row.payee), None,
            )
            for place, row in enumerate(self.payments)
        ]  # fmt: skip

    def address(self, name: str) -> Address:
        """A person's address."""
        person: Party = PEOPLE[name]
        return person.address

    def results(self) -> list[Result]:
        """What the journal says."""
        outbox = self.open()
        try:
            journal = Journal(outbox)
            file = journal.find(CONTENT)
            assert file is not None
            return list(journal.results(file))
        finally:
            outbox.database.close()

    def paid_rows(self) -> list[int]:
        """Rows of the payments that ran on the ledger, in its order, by the metadata that each carries."""
        found = []
        for tx in self.chain.executed():
            metadata = tx.raw.payload.argument("metadata")
            assert isinstance(metadata, bytes)
            if metadata.startswith(b"row "):
                found.append(int(metadata.removeprefix(b"row ")))
        return found
