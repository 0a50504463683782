"""The balance sheet: what balances, what does not, and what a coin is worth."""

import datetime
from dataclasses import replace
from fractions import Fraction

import pytest

from economy.reserve.book import ONE, Bill, Book, Incoming, check, due_by, with_hole, worth, worth_after_run

DAY = datetime.date(2024, 3, 1)
BILL = Bill(DAY, 100, 99)
BOOK = Book("USD", 40, 30, 20, (BILL,), (Incoming(DAY, 11),), 150, 40, 10)


def test_the_sums() -> None:
    """Assets are deposits, sweep, stuck money, bills at book value and sales; liabilities coins and claims."""
    assert (BOOK.cash, BOOK.assets, BOOK.liabilities) == (70, 200, 190)
    assert check(BOOK) is BOOK
    assert ONE == 1_000_000


@pytest.mark.parametrize("field", ["deposits", "swept", "stuck", "coins", "payable", "capital"])
def test_one_micro_unit_is_noticed(field: str) -> None:
    """'Assets - liabilities - capital = 0 at every step of every run', to the micro-unit."""
    for step in (1, -1):
        with pytest.raises(AssertionError, match=r"assets - liabilities - capital = -?1 micro-units of USD"):
            check(replace(BOOK, **{field: getattr(BOOK, field) + step}))


def test_no_account_but_capital_is_negative() -> None:
    """A shortfall is a negative capital, nothing else."""
    assert check(replace(BOOK, coins=170, capital=-10)).capital == -10
    with pytest.raises(AssertionError, match="a negative account"):
        check(replace(BOOK, deposits=-1, swept=71))
    with pytest.raises(AssertionError, match="above its face"):
        check(replace(BOOK, bills=(Bill(DAY, 98, 99),)))
    with pytest.raises(AssertionError, match="above its face"):
        check(replace(BOOK, bills=(BILL, Bill(DAY, 5, 0))))
    with pytest.raises(AssertionError, match="an empty sale"):
        check(replace(BOOK, incoming=(Incoming(DAY, 11), Incoming(DAY, 0))))


def test_worth_is_at_most_par() -> None:
    """Capital on top is not the holders'; a hole above it is. Claims that are older are paid first."""
    assert worth(BOOK) == 1
    assert worth(BOOK, 500_000) == 1  # ten of the twenty come back: capital bears the rest exactly
    assert worth(BOOK, 499_999) < 1
    assert worth(BOOK, 0) == Fraction(200 - 40 - 20, 150)
    assert worth(replace(BOOK, coins=0, capital=160), 0) == 1
    assert worth(Book("USD", 0, 0, 10, (), (), 5, 5, 0), 0) == 0


def test_worth_after_a_run() -> None:
    """Those who leave are paid at par, the rest share what is left."""
    book = Book("USD", 90, 0, 10, (), (), 100, 0, 0)
    assert worth_after_run(book, leaving=0, recovery_ppm=0) == worth(book, 0) == Fraction(9, 10)
    assert worth_after_run(book, leaving=50, recovery_ppm=0) == Fraction(8, 10)
    assert worth_after_run(book, leaving=90, recovery_ppm=0) == 0
    assert worth_after_run(book, leaving=100, recovery_ppm=0) == 1
    assert worth_after_run(book, leaving=50, recovery_ppm=1_000_000) == 1


def test_due_by_counts_faces_until_the_day() -> None:
    """Cash, sales and bills that are money on the day, the day included."""
    assert due_by(BOOK, DAY - datetime.timedelta(1)) == 70
    assert due_by(BOOK, DAY) == 70 + 100 + 11


@pytest.mark.parametrize(
    ("amount", "left"), [(0, (40, 30, 99)), (40, (0, 30, 99)), (70, (0, 0, 99)), (100, (0, 0, 69))]
)
def test_a_hole_takes_deposits_then_the_sweep_then_bills(amount: int, left: tuple[int, int, int]) -> None:
    """And the book balances with it."""
    book = with_hole(BOOK, amount)
    assert (book.deposits, book.swept, book.bills[0].value) == left
    assert book.stuck == 20 + amount
    assert (book.assets, book.capital) == (200, 10)
