"""Random events on a book, counted a second time beside it: what conservation means, tried many times.

    mithqal reserve validate                                 500,000 events, a few seconds
    python -m economy.reserve.trial --events 10000000        the long trial, about a minute

The tally knows nothing of books: it adds up what each event should do to assets, coins, payable and capital.
"""

import argparse
import datetime
from dataclasses import dataclass

import numpy as np

from economy.reserve import postings
from economy.reserve.book import ONE, Bill, Book, check
from economy.reserve.prices import PPB, YEAR_DAYS, face_for, price

BATCH = 100_000
YIELD = 40_000_000
LADDER = 6
"""At most so many bills at once, so that an event stays cheap."""
START = datetime.date(2024, 1, 2)


@dataclass(slots=True)
class Tally:
    """The second count, in micro-units."""

    assets: int
    coins: int
    payable: int
    capital: int

    def agrees(self, book: Book) -> bool:
        """Whether the book says the same of all four."""
        own = (self.assets, self.coins, self.payable, self.capital)
        return own == (book.assets, book.coins, book.payable, book.capital) and self.assets == sum(own[1:])


def run_trial(events: int, *, seed: int = 1) -> Book:
    """So many random events; the book at the end. AssertionError at the first event that does not conserve."""
    book = check(Book("USD", 200 * ONE, 300 * ONE, 0, (), (), 490 * ONE, 0, 10 * ONE))
    tally = Tally(book.assets, book.coins, book.payable, book.capital)
    day, done = START, 0
    chance = np.random.Generator(np.random.Philox(seed))
    while done < events:
        count = min(BATCH, events - done)
        kinds = chance.integers(0, 11, count).tolist()
        parts = chance.integers(0, PPB, count, endpoint=True).tolist()
        for kind, part in zip(kinds, parts, strict=True):
            book, day = _event(book, tally, day, kind, part)
            assert tally.agrees(book), f"event {done}, kind {kind}: {tally} is not {book}"
            done += 1
    return book


def _event(book: Book, tally: Tally, day: datetime.date, kind: int, part: int) -> tuple[Book, datetime.date]:
    """One event of a random kind and size, on the book and on the tally."""
    if kind == 0:
        amount = part % (1_000 * ONE)
        tally.assets += amount
        tally.coins += amount
        return postings.issue(book, amount), day
    if kind == 1:
        amount = book.coins * part // (4 * PPB)
        kept = amount * (part % 50) // 10_000
        tally.coins -= amount
        tally.payable += amount - kept
        tally.capital += kept
        return postings.request(book, amount, kept=kept), day
    if kind == 2:
        amount = min(book.cash, book.payable) * part // PPB
        tally.assets -= amount
        tally.payable -= amount
        return postings.pay(book, amount), day
    if kind in (3, 4, 5):
        return _move_within(book, tally, day, kind, part), day
    if kind == 6:
        return postings.freeze(book, book.deposits * part // PPB), day
    if kind == 7:
        return postings.release(book, book.stuck * part // PPB), day
    if kind == 8:
        amount = book.stuck * part // (10 * PPB)
        tally.assets -= amount
        tally.capital -= amount
        return postings.write_down(book, amount), day
    if kind == 9:
        tally.assets += part % ONE
        tally.capital += part % ONE
        return postings.pay_in(book, part % ONE), day
    day += datetime.timedelta(1)
    earned = book.swept * YIELD // (YEAR_DAYS * PPB)
    for due, face, value in book.bills:
        left = (due - day).days + 1
        earned += face - value if left <= 1 else (face - value) // left
    tally.assets += earned
    tally.capital += earned
    return postings.settle(postings.earn(book, day, YIELD), day), day


def _move_within(book: Book, tally: Tally, day: datetime.date, kind: int, part: int) -> Book:
    """Buy a bill (3, 4) or sell part of one (5)."""
    if kind != 5:
        cost = book.swept * part // (2 * PPB)
        if not cost or len(book.bills) >= LADDER:
            return book
        days = 1 + part % 91
        return postings.buy(book, Bill(day + datetime.timedelta(days), face_for(cost, days, YIELD), cost))
    if not book.bills:
        return book
    place = part % len(book.bills)
    due, face, value = book.bills[place]
    sold = max(1, face * part // PPB)
    proceeds = price(sold, (due - day).days, YIELD + part % (10 * YIELD))
    loss = (value * sold // face if sold < face else value) - proceeds
    tally.assets -= loss
    tally.capital -= loss
    return postings.sell(book, place, face=sold, proceeds=proceeds, due=day + datetime.timedelta(1))


def main() -> None:
    """The long trial from a terminal."""
    parser = argparse.ArgumentParser(description="Random events on a reserve's books, each counted twice.")
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    run_trial(options.events, seed=options.seed)
    print(f"{options.events} events conserved, seed {options.seed}")  # noqa: T201 - this is a program


if __name__ == "__main__":
    main()
