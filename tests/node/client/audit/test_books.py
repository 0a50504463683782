"""AU2 to AU5: books kept from the versions alone agree with a sound ledger, and name the first version of a bad one."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.accounts import Account, account_key, currency_key
from chain.entries import KIND_USER, Event, TransactionInfo
from chain.errors import ProofError
from chain.execution.conservation import check
from chain.transaction import decode_transaction
from node.client.audit.books import Books, BooksError, Entry
from node.client.audit.entries import FileVersions, Leaves, entries_of
from tests.builders import ALICE, BOB, DEALER, ONE, TC
from tests.driven_ledger import Draft, DrivenLedger, drafts, opening


def told(*more: list[Draft]) -> DrivenLedger:
    """A ledger with the opening, then these blocks."""
    ledger = DrivenLedger()
    numbers: dict[bytes, int] = {}
    for block in (*[[draft] for draft in opening()], *more):
        signed = []
        for draft in block:
            signed.append(ledger.signed(draft, numbers))
            if not draft.number_offset:
                numbers[draft.sender.address] = numbers.get(draft.sender.address, 0) + 1
        ledger.step(signed)
        for draft in block:
            account = ledger.records.get(account_key(draft.sender.address))
            numbers[draft.sender.address] = account.sequence_number if isinstance(account, Account) else 0
    return ledger


def booked(rows: list[Entry]) -> Books:
    """Books of these versions."""
    books = Books()
    for entry in rows:
        books.apply(entry)
    return books


def entries(ledger: DrivenLedger) -> list[Entry]:
    return list(entries_of(FileVersions(ledger.store), ledger.ledger.tip_version))


PAID = Draft(ALICE, "peer_to_peer_with_metadata", ("XUS", BOB.address, 7, b"", b""), price=2)
BURNED = Draft(TC, "burn_with_amount", ("XUS", 0, DEALER.address, 600))
STORY = (
    [PAID, Draft(ALICE, "pay_batch", ((("XEU", BOB.address, 5, b"", b""),),), sponsor=BOB, price=1)],
    [BURNED, Draft(DEALER, "decompose", ("XDX", ONE))],
    [Draft(TC, "cancel_burn_with_amount", ("XUS", DEALER.address, 600)), Draft(TC, "burn_txn_fees", ("XUS",))],
    [Draft(ALICE, "peer_to_peer_with_metadata", ("XUS", BOB.address, 10**15, b"", b""), price=1)],
)


def test_the_books_of_a_sound_ledger() -> None:
    """AU5: 'after the last version the books are the state': accounts, queues, baskets, pots, supply, receipts."""
    ledger = told(*STORY)
    books = booked(entries(ledger))
    books.check_state(ledger.records.values())
    found = {sums.currency: sums for sums in books.sums()}
    for code, totals in check(ledger.records.values()).items():
        sums = found[code]
        assert (sums.supply, sums.balances, sums.preburn, sums.fees, sums.basket) == (
            totals.supply, totals.balances, totals.preburn, totals.fees, totals.basket
        )  # fmt: skip
        assert sums.receipts_deposited - sums.receipts_released == totals.receipts
    assert books.transactions == len(opening()) + 7
    assert found["XUS"].preburn == 600
    assert found["XUS"].basket > 0 < found["XDX"].supply


@settings(max_examples=25)
@given(st.lists(st.lists(drafts(), min_size=1, max_size=3), max_size=8))
def test_whatever_happens_the_books_agree_with_the_state(blocks) -> None:
    """AU5, over every function of the table, by a model that asks nothing of the executor."""
    ledger = told(*blocks)
    books = booked(entries(ledger))
    books.check_state(ledger.records.values())


def broken(change: Callable[[Entry], Entry], wanted: str) -> tuple[str, int, int]:
    """Change the first entry with this event; gives rule, version told, and the version that was changed."""
    rows = entries(told(*STORY))
    place = next(at for at, entry in enumerate(rows) if any(event.type == wanted for event in entry.events))
    rows[place] = change(rows[place])
    with pytest.raises(BooksError) as caught:
        booked(rows)
    assert caught.value.name == "books_do_not_balance"
    return str(caught.value.details["rule"]), int(str(caught.value.details["version"])), place


def with_event(type_: str, alter: Callable[[Event], list[Event]]) -> Callable[[Entry], Entry]:
    def change(entry: Entry) -> Entry:
        events: list[Event] = []
        for event in entry.events:
            events += alter(event) if event.type == type_ else [event]
        return entry._replace(events=tuple(events))

    return change


def more(event: Event) -> list[Event]:
    """The same event of one micro-unit more."""
    amount = event.data[0]
    assert isinstance(amount, int)
    return [event._replace(data=(amount + 1, *event.data[1:]))]


BREAKS = [
    ("sentpayment", more, "sum_not_zero"), ("receivedpayment", more, "sum_not_zero"), ("mint", more, "mint_differs"),
    ("preburn", more, "sum_not_zero"), ("cancelburn", more, "sum_not_zero"), ("burn", more, "receipts_differ"),
    ("receiptreleased", more, "receipts_differ"), ("compose", more, "call_differs"),
    ("decompose", more, "call_differs"),
    ("sentpayment", lambda event: [], "sum_not_zero"), ("receivedpayment", lambda event: [event] * 2, "sum_not_zero"),
    ("mint", lambda event: [event] * 2, "receipt_used_twice"), ("receiptreleased", lambda event: [], "receipts_differ"),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "alter", "rule"), BREAKS)
def test_an_event_that_breaks_a_sum_is_named_at_its_version(type_, alter, rule) -> None:
    """AU3: 'the first version whose postings do not add up': each kind of event, changed, doubled or left out."""
    found, version, changed = broken(with_event(type_, alter), type_)
    assert (found, version) == (rule, changed)


def test_coins_that_nobody_has_cannot_be_paid() -> None:
    """AU3: 'nobody has less than nothing', at the version that would take it."""
    huge = 10**18

    def alter(event: Event) -> list[Event]:
        return [event._replace(data=(huge, *event.data[1:]))]

    rows = entries(told(*STORY))
    place = next(
        at for at, entry in enumerate(rows) if [e.type for e in entry.events] == ["sentpayment", "receivedpayment"]
    )
    rows[place] = rows[place]._replace(events=tuple(alter(event)[0] for event in rows[place].events))
    with pytest.raises(BooksError) as caught:
        booked(rows)
    assert (caught.value.details["rule"], caught.value.details["version"]) == ("below_zero", place)


def test_a_fee_counts() -> None:
    """AU2: 'gas x price, from whoever pays it': a gas that was not charged leaves the books beside the state."""
    ledger = told(*STORY)
    rows = entries(ledger)
    place = next(at for at, entry in enumerate(rows) if entry.version and _price(entry) == 2)
    rows[place] = rows[place]._replace(info=rows[place].info._replace(gas_used=601))
    books = booked(rows)
    with pytest.raises(BooksError) as caught:
        books.check_state(ledger.records.values())
    assert caught.value.details["rule"] == "state_differs"


def _price(entry: Entry) -> int:
    return decode_transaction(entry.data).raw.gas_unit_price if entry.kind == KIND_USER else 0


@pytest.mark.parametrize("change", ["balance", "fees", "supply", "receipts", "preburns"])
def test_a_state_that_the_versions_do_not_give(change) -> None:
    """AU5: a coin that stands in the state and in no version is found, though the state's own sums agree."""
    ledger = told(*STORY)
    books = booked(entries(ledger))
    records = dict(ledger.records)
    alice, xus = account_key(ALICE.address), currency_key("XUS")
    account, currency = records[alice], records[xus]
    assert isinstance(account, Account)
    balance = account.balance("XUS")
    assert balance is not None
    if change == "balance":
        records[alice] = account.with_balance("XUS", balance - 1)
    elif change == "preburns":
        records[alice] = account._replace(preburns=(("XUS", 1),))
    else:
        name = {"fees": "fees", "supply": "total_value", "receipts": "receipts_released"}[change]
        records[xus] = currency._replace(**{name: getattr(currency, name) + 1})
    with pytest.raises(BooksError) as caught:
        books.check_state(records.values())
    assert (caught.value.details["rule"], caught.value.details["version"]) == ("state_differs", books.version)


def test_what_failed_has_no_events() -> None:
    """T7, AU3: events of a failed transaction are no postings but a fault."""
    rows = entries(told(*STORY))
    paid = next(entry for entry in rows if _price(entry) == 2)
    failed = next(entry for entry in rows if entry.info.status.kind == "move_abort")
    rows[failed.version] = failed._replace(events=paid.events)
    with pytest.raises(BooksError) as caught:
        booked(rows)
    assert caught.value.details == {"rule": "failed_with_events", "version": failed.version}


def test_no_version_is_left_out() -> None:
    """AU2: 'every version from 0 on, once, in order'."""
    rows = entries(told())
    for wrong in (rows[1:], [rows[0], *rows[2:]], [rows[0], rows[0]]):
        with pytest.raises(BooksError) as caught:
            booked(wrong)
        assert caught.value.details["rule"] == "version_missing"


def test_leaves_are_of_exactly_these_bytes() -> None:
    """AU1: 'bytes and events hash to the leaf, and the leaves to the root that a quorum signed'."""
    ledger = told(*STORY)
    leaves, rows = Leaves(), entries(ledger)
    for entry in rows:
        leaves.add(entry)
    assert leaves.root == ledger.ledger.tip_root
    paid = next(entry for entry in rows if _price(entry) == 2)
    for wrong, step in (
        (paid._replace(data=paid.data[:-1] + b"\0"), "transaction"), (paid._replace(events=paid.events[:1]), "events"),
    ):  # fmt: skip
        with pytest.raises(ProofError) as caught:
            Leaves().add(wrong)
        assert caught.value.details == {"step": step, "version": paid.version}
    changed = Leaves()
    for entry in rows:
        info: TransactionInfo = entry.info._replace(gas_used=1) if entry == paid else entry.info
        changed.add(entry._replace(info=info))
    assert changed.root != ledger.ledger.tip_root
