"""What can happen to a balance sheet: each function gives the next book, entered twice and checked.

Amounts are micro-units and never negative; asking for more than there is, is a mistake of the caller (AssertionError).
"""

import datetime
from dataclasses import replace

from economy.reserve.book import Bill, Book, Incoming, check
from economy.reserve.prices import PPB, YEAR_DAYS


def issue(book: Book, amount: int) -> Book:
    """New coins against money into the overnight sweep."""
    assert amount >= 0, f"{amount} coins cannot be issued"
    return check(replace(book, swept=book.swept + amount, coins=book.coins + amount))


def request(book: Book, amount: int, *, kept: int = 0) -> Book:
    """Coins handed in: they are owed as money, less `kept`, the fee and haircut, which is income."""
    assert 0 <= kept <= amount <= book.coins, f"{amount} of {book.coins} coins, {kept} kept"
    return check(
        replace(book, coins=book.coins - amount, payable=book.payable + amount - kept, capital=book.capital + kept)
    )


def pay(book: Book, amount: int) -> Book:
    """Money to those who asked: from the overnight sweep, then from banks."""
    assert 0 <= amount <= min(book.cash, book.payable), f"{amount} of {book.cash} cash, {book.payable} owed"
    swept = min(amount, book.swept)
    return check(
        replace(
            book, swept=book.swept - swept, deposits=book.deposits - (amount - swept), payable=book.payable - amount
        )
    )


def earn(book: Book, day: datetime.date, overnight_ppb: int) -> Book:
    """One night until `day`: interest on the sweep, and each bill a straight step nearer to its face; all is income.

    Interest is rounded down. A bill that is due on `day` or before stands at its face afterwards.
    """
    interest = max(0, book.swept * overnight_ppb // (YEAR_DAYS * PPB))
    bills = tuple(bill._replace(value=bill.value + _accrual(bill, day)) for bill in book.bills)
    gained = sum(bill.value for bill in bills) - sum(bill.value for bill in book.bills)
    return check(replace(book, swept=book.swept + interest, bills=bills, capital=book.capital + interest + gained))


def _accrual(bill: Bill, day: datetime.date) -> int:
    """What a bill gains in the night before `day`."""
    nights = (bill.due - day).days + 1
    return bill.face - bill.value if nights <= 1 else (bill.face - bill.value) // nights


def settle(book: Book, day: datetime.date) -> Book:
    """Bills that are due pay their face, sales that settle pay too: into the sweep. `earn` came first."""
    ripe = [bill for bill in book.bills if bill.due <= day]
    assert all(bill.value == bill.face for bill in ripe), f"a ripe bill below its face on {day}"
    money = sum(bill.face for bill in ripe) + sum(item.amount for item in book.incoming if item.due <= day)
    return check(
        replace(
            book,
            swept=book.swept + money,
            bills=tuple(bill for bill in book.bills if bill.due > day),
            incoming=tuple(item for item in book.incoming if item.due > day),
        )
    )


def buy(book: Book, bill: Bill) -> Book:
    """A new bill from the sweep, at its value."""
    assert bill.value <= book.swept, f"{bill.value} for a bill, {book.swept} in the sweep"
    bills = tuple(sorted((*book.bills, bill)))
    return check(replace(book, swept=book.swept - bill.value, bills=bills))


def sell(book: Book, place: int, *, face: int, proceeds: int, due: datetime.date) -> Book:
    """`face` of the bill at `place`, for `proceeds` that come on `due`; the difference to book value is capital's."""
    bill = book.bills[place]
    assert 0 < face <= bill.face, f"{face} of {bill.face}"
    assert proceeds > 0, "a sale for nothing"
    value = bill.value if face == bill.face else bill.value * face // bill.face
    rest = () if face == bill.face else (Bill(bill.due, bill.face - face, bill.value - value),)
    return check(
        replace(
            book,
            bills=(*book.bills[:place], *rest, *book.bills[place + 1 :]),
            incoming=(*book.incoming, Incoming(due, proceeds)),
            capital=book.capital + proceeds - value,
        )
    )


def freeze(book: Book, amount: int) -> Book:
    """A bank closes: its deposits are stuck, still at par."""
    assert 0 <= amount <= book.deposits, f"{amount} of {book.deposits} deposits"
    return check(replace(book, deposits=book.deposits - amount, stuck=book.stuck + amount))


def release(book: Book, amount: int) -> Book:
    """Stuck money comes back."""
    assert 0 <= amount <= book.stuck, f"{amount} of {book.stuck} stuck"
    return check(replace(book, deposits=book.deposits + amount, stuck=book.stuck - amount))


def write_down(book: Book, amount: int) -> Book:
    """Stuck money is lost: capital bears it."""
    assert 0 <= amount <= book.stuck, f"{amount} of {book.stuck} stuck"
    return check(replace(book, stuck=book.stuck - amount, capital=book.capital - amount))


def pay_in(book: Book, amount: int) -> Book:
    """Fresh capital into the sweep."""
    assert amount >= 0, f"{amount} of capital"
    return check(replace(book, swept=book.swept + amount, capital=book.capital + amount))
