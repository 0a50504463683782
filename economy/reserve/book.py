"""The balance sheet in one currency, in integer micro-units: assets - liabilities - capital = 0, to the micro-unit.

Capital is an account of its own, posted to by every income, fee and loss; it is not worked out as the difference, so
that the equation can fail, and `check` stops the process if it does. A negative capital is a shortfall: the coins are
worth less than they promise.
"""

import datetime
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

from economy.reserve.presets import PPM

ONE = 1_000_000
"""Micro-units of one unit of money."""


class Bill(NamedTuple):
    """Bills due on one day: what they pay then, and what they are worth in the books today (cost and accrued yield)."""

    due: datetime.date
    face: int
    value: int


class Incoming(NamedTuple):
    """Money from bills that are sold and not settled yet."""

    due: datetime.date
    amount: int


@dataclass(frozen=True, slots=True)
class Book:
    """One currency's balance sheet.

    Assets: `deposits` in banks, `swept` overnight in government funds, `stuck` in a closed bank (at par until it is
    written down), `bills` and `incoming`, by day. Liabilities: `coins` outstanding and `payable`, redemptions that are
    accepted and not paid. `capital` absorbs losses.
    """

    currency: str
    deposits: int
    swept: int
    stuck: int
    bills: tuple[Bill, ...]
    incoming: tuple[Incoming, ...]
    coins: int
    payable: int
    capital: int

    @property
    def cash(self) -> int:
        """What can be paid out today."""
        return self.deposits + self.swept

    @property
    def assets(self) -> int:
        """Everything owned, at book value."""
        bills = sum(bill.value for bill in self.bills)
        return self.cash + self.stuck + bills + sum(item.amount for item in self.incoming)

    @property
    def liabilities(self) -> int:
        """Everything owed to holders."""
        return self.coins + self.payable


def check(book: Book) -> Book:
    """The same book; AssertionError unless it balances and no account but capital is negative."""
    difference = book.assets - book.liabilities - book.capital
    assert difference == 0, f"assets - liabilities - capital = {difference} micro-units of {book.currency}"
    assert min(book.deposits, book.swept, book.stuck, book.coins, book.payable) >= 0, f"a negative account: {book}"
    assert all(0 < bill.value <= bill.face for bill in book.bills), f"a bill above its face or without value: {book}"
    assert all(item.amount > 0 for item in book.incoming), f"an empty sale: {book}"
    return book


def worth(book: Book, recovery_ppm: int = PPM) -> Fraction:
    """What one coin is worth at book values when `recovery_ppm` of the stuck money comes back; at most 1.

    The claims of those who asked before are paid first. Without coins it is 1, and never below 0.
    """
    left = Fraction(book.assets - book.payable) - Fraction(book.stuck * (PPM - recovery_ppm), PPM)
    if book.coins == 0:
        return Fraction(1)
    return max(Fraction(0), min(Fraction(1), left / book.coins))


def worth_after_run(book: Book, *, leaving: int, recovery_ppm: int) -> Fraction:
    """What a coin of those who stay is worth after `leaving` coins were paid at par and the rest share what is left."""
    left = Fraction(book.assets - book.payable - leaving) - Fraction(book.stuck * (PPM - recovery_ppm), PPM)
    staying = book.coins - leaving
    return max(Fraction(0), min(Fraction(1), left / staying)) if staying else Fraction(1)


def with_hole(book: Book, amount: int) -> Book:
    """The same book with `amount` of its assets stuck: deposits first, then the sweep, then the bills due last."""
    assert 0 <= amount <= book.assets - book.stuck, f"a hole of {amount} in {book.assets}"
    deposits = min(amount, book.deposits)
    swept = min(amount - deposits, book.swept)
    left = amount - deposits - swept
    bills: list[Bill] = []
    for bill in reversed(book.bills):
        taken = min(left, bill.value)
        left -= taken
        if taken < bill.value:
            bills.insert(0, Bill(bill.due, bill.face * (bill.value - taken) // bill.value, bill.value - taken))
    bills = [bill._replace(face=max(bill.face, bill.value)) for bill in bills]
    return check(
        replace(
            book, deposits=book.deposits - deposits, swept=book.swept - swept, stuck=book.stuck + amount - left,
            bills=tuple(bills),
        )
    )  # fmt: skip


def due_by(book: Book, day: datetime.date) -> int:
    """Cash, settled sales and bills at face that are money on `day` at the latest."""
    bills = sum(bill.face for bill in book.bills if bill.due <= day)
    return book.cash + bills + sum(item.amount for item in book.incoming if item.due <= day)
