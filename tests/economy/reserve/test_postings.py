"""Each event on a book, to the micro-unit; and any sequence of them conserves."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from economy.reserve import postings
from economy.reserve.book import Bill, Book, Incoming
from economy.reserve.trial import run_trial

DAY = datetime.date(2024, 3, 1)
NEXT = datetime.date(2024, 3, 2)
BOOK = Book("USD", 50, 50, 0, (Bill(datetime.date(2024, 3, 11), 110, 100),), (), 190, 0, 10)


def test_issue_and_pay_in() -> None:
    """Money for coins, and money for nothing: capital."""
    assert postings.issue(BOOK, 7) == Book("USD", 50, 57, 0, BOOK.bills, (), 197, 0, 10)
    assert postings.pay_in(BOOK, 7) == Book("USD", 50, 57, 0, BOOK.bills, (), 190, 0, 17)


def test_request_and_pay() -> None:
    """'Redemption with fees': what is kept is income. The sweep is paid out before bank deposits."""
    owed = postings.request(BOOK, 60, kept=3)
    assert owed == Book("USD", 50, 50, 0, BOOK.bills, (), 130, 57, 13)
    assert postings.pay(owed, 57) == Book("USD", 43, 0, 0, BOOK.bills, (), 130, 0, 13)
    assert postings.pay(owed, 50).deposits == 50
    for wrong in (-1, 58):
        with pytest.raises(AssertionError):
            postings.pay(owed, wrong)
    for amount, kept in ((191, 0), (-1, 0), (5, 6), (5, -1)):
        with pytest.raises(AssertionError):
            postings.request(BOOK, amount, kept=kept)


def test_a_night() -> None:
    """Interest on the sweep at 10 % on 365 days, rounded down; a bill goes a straight step to its face."""
    book = Book("USD", 0, 3_650, 0, (Bill(datetime.date(2024, 3, 11), 110, 100),), (), 3_750, 0, 0)
    later = postings.earn(book, NEXT, 100_000_000)
    assert (later.swept, later.bills[0].value, later.capital) == (3_651, 101, 2)
    assert postings.earn(book, NEXT, 99_999_999).swept == 3_650
    assert postings.earn(book, NEXT, -100_000_000).swept == 3_650
    assert postings.earn(book, datetime.date(2024, 3, 11), 0).bills[0].value == 110
    assert postings.earn(book, datetime.date(2024, 3, 10), 0).bills[0].value == 105


def test_bills_and_sales_become_cash_on_their_day() -> None:
    """Settlement: on the day, not before; a ripe bill that did not accrue is our own mistake."""
    bills = (Bill(DAY, 10, 10), Bill(NEXT, 20, 19))
    book = Book("USD", 0, 0, 0, bills, (Incoming(DAY, 3), Incoming(NEXT, 4)), 36, 0, 0)
    settled = postings.settle(book, DAY)
    assert (settled.swept, settled.bills, settled.incoming) == (13, (bills[1],), (Incoming(NEXT, 4),))
    with pytest.raises(AssertionError, match="below its face"):
        postings.settle(book, NEXT)


def test_buy_and_sell() -> None:
    """A bill comes at cost; a sale's difference to book value is capital's; the rest of a bill stays in its place."""
    bought = postings.buy(BOOK, Bill(NEXT, 41, 40))
    assert bought.bills == (Bill(NEXT, 41, 40), BOOK.bills[0])
    assert (bought.swept, bought.capital) == (10, 10)
    assert postings.buy(BOOK, Bill(NEXT, 51, 50)).swept == 0
    sold = postings.sell(bought, 1, face=11, proceeds=9, due=NEXT)
    assert sold.bills == (Bill(NEXT, 41, 40), Bill(BOOK.bills[0].due, 99, 90))
    assert (sold.incoming, sold.capital) == ((Incoming(NEXT, 9),), 9)
    assert postings.sell(bought, 1, face=110, proceeds=105, due=NEXT).bills == (Bill(NEXT, 41, 40),)
    for face, proceeds in ((0, 1), (111, 1), (1, 0)):
        with pytest.raises(AssertionError):
            postings.sell(bought, 1, face=face, proceeds=proceeds, due=NEXT)
    with pytest.raises(AssertionError, match="in the sweep"):
        postings.buy(BOOK, Bill(NEXT, 60, 51))


def test_a_bank_closes() -> None:
    """Deposits are stuck at par; they come back, or are written down against capital."""
    stuck = postings.freeze(BOOK, 50)
    assert (stuck.deposits, stuck.stuck, stuck.capital) == (0, 50, 10)
    assert postings.release(stuck, 50) == BOOK
    lost = postings.write_down(stuck, 20)
    assert (lost.stuck, lost.capital) == (30, -10)
    for posting, amount in ((postings.freeze, 51), (postings.release, 1), (postings.write_down, 1)):
        with pytest.raises(AssertionError):
            posting(BOOK, amount)


@given(st.integers(0, 2**64 - 1))
@settings(max_examples=15, deadline=None)
def test_random_events_are_conserved(seed: int) -> None:
    """'Conservation checked on random events': a second count agrees after each one."""
    book = run_trial(400, seed=seed)
    assert book.assets == book.liabilities + book.capital


def test_the_trial_uses_every_event_and_notices_a_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that cannot fail checks nothing: one micro-unit lost in one kind of event is found."""
    assert run_trial(3_000) == run_trial(3_000)
    honest = {name: getattr(postings, name) for name in ("issue", "pay", "earn", "sell", "write_down", "settle")}
    for name, posting in honest.items():
        with monkeypatch.context() as patch:
            patch.setattr(postings, name, _leaking(posting))
            with pytest.raises(AssertionError):
                run_trial(3_000)


def _leaking(posting):
    """The same posting, but it loses one micro-unit of the sweep and of capital: the book itself still balances."""

    def wrong(*arguments, **more):
        book = posting(*arguments, **more)
        return Book(
            book.currency, book.deposits, book.swept - 1 if book.swept else 0, book.stuck, book.bills, book.incoming,
            book.coins, book.payable, book.capital - (1 if book.swept else 0),
        )  # fmt: skip

    return wrong
