"""Whole runs: they balance, repeat, and have the signs that they should."""

import datetime
import itertools
from pathlib import Path

import pytest

from economy.errors import ParameterError
from economy.reserve.book import ONE, Book
from economy.reserve.order import COLUMNS, Order, document, lines, plans, rows
from economy.reserve.people import Crowd, Whale
from economy.reserve.presets import PRESETS, find_preset
from economy.reserve.project import Plan, project

START = datetime.date(2026, 1, 5)
COINS = 10**15


def plan(name: str = "libra-v2", **more) -> Plan:
    return Plan(find_preset(name), COINS, START, 20, **{"crowd": Crowd(calm_ppm=20_000), **more})


@pytest.mark.parametrize("name", PRESETS)
def test_every_regime_runs_and_balances(name: str) -> None:
    """Twenty days, a whale and a failed bank: every book of every day balances; the same plan, the same rows."""
    order = plan(name, whales=(Whale("w", COINS // 10, 4),), bank_fails=((2, 300_000),))
    found = project(order)
    assert len(found.rows) == 20
    for row in found.rows:
        for book in row.books:
            assert book.assets - book.liabilities - book.capital == 0
    assert found.rows == project(order).rows
    coins = [row.coins for row in found.rows]
    assert all(later <= earlier for earlier, later in itertools.pairwise(coins))
    assert COINS - coins[-1] == sum(row.asked for row in found.rows)


def test_a_basket_has_a_book_in_each_currency() -> None:
    """'A balance sheet by currency': libra-v1's coin is the chain's fixed amounts of five."""
    books = project(plan("libra-v1")).rows[-1].books
    coins = project(plan("libra-v1")).rows[-1].coins
    amounts = {"USD": 500_000, "EUR": 160_901, "JPY": 15_152_588, "GBP": 87_909, "SGD": 95_974}
    assert {book.currency: book.coins for book in books} == {
        code: coins * amount // ONE for code, amount in amounts.items()
    }


def test_a_quiet_reserve_earns() -> None:
    """Nobody leaves: the price is within a dealer's band of par, and interest is capital's."""
    found = project(plan(crowd=Crowd()))
    assert all(0.998 < row.price <= 1 for row in found.rows)
    assert found.summary()["lowest_price"] == min(row.price for row in found.rows)
    capital = [row.books[0].capital for row in found.rows]
    assert capital == sorted(capital)
    assert found.rows[-1].books[0].coins == COINS


def test_a_failed_bank_lowers_the_worst_value_and_the_price() -> None:
    """The worst worth is without the stuck money; half of it back is between."""
    bank = ((0, 1_000_000),)
    zero, half, full = (
        project(plan("circle-2023", bank_fails=bank, recovery_ppm=ppm)).rows[-1].worst
        for ppm in (0, 500_000, 1_000_000)
    )  # fmt: skip
    assert zero < half < full == 1
    falling = project(plan("circle-2023", bank_fails=((10, 1_000_000),)))
    first, last, told = falling.rows[0], falling.rows[-1], falling.summary()
    assert first.worst > last.worst == told["worst_worth_at_end"]
    assert (told["worth_at_end"], told["coins_at_end"], told["owed_at_end"]) == (last.worth, last.coins, last.owed)
    assert project(plan("libra-v2", bank_fails=bank)).rows[-1].worst == 1  # it has no cash in banks


def test_a_bank_fails_on_its_day() -> None:
    """`--bank-fails DAY:SHARE`: that share of that day's deposits is stuck from then on, nothing before."""
    rows = project(plan("circle-2023", crowd=Crowd(), bank_fails=((2, 300_000),))).rows
    books = [row.books[0] for row in rows[:5]]
    deposits = books[1].deposits
    assert [book.stuck for book in books] == [0, 0, *[deposits * 300_000 // 1_000_000] * 3]
    assert books[2].deposits == deposits - books[2].stuck


def test_more_credit_holds_the_price() -> None:
    """'More Designated Dealers -> smaller |price-1|.'"""
    rush = Crowd(calm_ppm=150_000)
    few, many = (project(plan(crowd=rush, dealers=n)).summary()["lowest_price"] for n in (1, 8))
    assert isinstance(few, float)
    assert isinstance(many, float)
    assert few < many


def test_a_stay_is_told() -> None:
    """A wave above the trigger begins a stay: nobody is paid, and the summary says when it began."""
    found = project(plan(whales=(Whale("w", COINS // 8, 2),), credit_ppm=100_000))
    summary = found.summary()
    assert summary["first_stay"] == "2026-01-07"
    assert found.rows[2].is_stay
    assert all(row.paid == 0 for row in found.rows if row.is_stay)


def test_alarm_feeds_on_itself() -> None:
    """Below 0.99 more of the crowd leaves."""
    calm = Crowd(calm_ppm=20_000)
    wave = {"whales": (Whale("w", COINS // 2, 1),), "dealers": 1, "bank_fails": ((0, 500_000),)}
    left = [
        project(plan("circle-2023", crowd=crowd, **wave)).rows[-1].unsold
        for crowd in (calm, calm._replace(alarm_ppm=200_000))
    ]
    assert left[1] > left[0]


def test_ones_own_book_with_older_claims() -> None:
    """What was owed before is paid first."""
    book = Book("EUR", 600, 0, 0, (), (), 500, 50, 50)
    found = project(plan(book=book, crowd=Crowd(), inventory_ppm=0))
    assert found.rows[0].paid == 50
    assert found.rows[-1].books[0].coins == 500


def order(**more) -> Order:
    return Order(**{"preset": "libra-v2", "coins": "1000", "start": START, "days": 5, **more})


def test_three_dealers() -> None:
    """'Three dealers, each with credit for 5 % of the coins and a stock of 1 %' (docs/economy.md)."""
    usual, typed = Plan(find_preset("mas"), COINS, START, 5), plans(order())[0]
    for found in (usual, typed):
        assert (found.dealers, found.credit_ppm, found.inventory_ppm) == (3, 50_000, 10_000)


def test_orders_become_plans(tmp_path: Path) -> None:
    """What is typed is what runs."""
    (found,) = plans(order(redeem="2%", whales=("3:10%",), bank_fails=("1:0.5",), recovery="0.25", floors="hard"))
    assert found.crowd.calm_ppm == 20_000
    assert found.whales == (Whale("whale-1", 100 * ONE, 2),)
    assert (found.bank_fails, found.recovery_ppm, found.preset.floors.mode) == (((0, 500_000),), 250_000, "hard")
    assert plans(order(fee="0.1%"))[0].preset.terms.fee_ppm == 1_000
    assert plans(order(haircut="1%"))[0].preset.terms.haircut_ppm == 10_000
    assert plans(order(bill_yield="3%", overnight="2%"))[0].market["JPY"][:2] == (30_000_000, 20_000_000)
    file = tmp_path / "book.csv"
    file.write_text("kind,currency,amount,due,value\ncoins,USD,10,,\nswept,USD,10,,\ncoins,EUR,4,,\nswept,EUR,4,,\n")
    assert [(p.coins, p.book and p.book.currency) for p in plans(order(book=file))] == [
        (10 * ONE, "USD"), (4 * ONE, "EUR"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"days": 0}, "0 days: a run has 1 to 3660"),
        ({"days": 3_661}, "3661 days"),
        ({"haircut": "1.2"}, "--haircut is 1.2"),
        ({"haircut": ""}, "--haircut is ''"),
        ({"alarm": ""}, "--alarm is ''"),
        ({"fee": ""}, "--fee is ''"),
        ({"bill_yield": ""}, "--yield is ''"),
        ({"overnight": ""}, "--overnight is ''"),
        ({"floors": ""}, "not ''"),
        ({"haircut": "0.1", "preset": "mas"}, "mas has no stay"),
        ({"whales": ("1:60%", "2:40%")}, "sum to more than 1"),
        ({"coins": "-1"}, "coins are '-1'"),
        ({"floors": "soft"}, "hard or usable"),
    ],
)
def test_absurd_orders(more: dict[str, object], told: str) -> None:
    """'Bad input: one clear error.'"""
    with pytest.raises(ParameterError, match=told) as caught:
        plans(order(**more))
    assert caught.value.name == "bad_parameter"


def test_the_document_says_what_is_assumed() -> None:
    """Yields are marked as assumed unless given; every day and the books at the end are there."""
    asked = order()
    found = tuple(project(p) for p in plans(asked))
    told = document(found, asked)
    assert told["yields"]["USD"] == {"bill_ppb": 40_000_000, "overnight_ppb": 40_000_000, "assumed": True}
    assert told["runs"][0]["books_at_end"][0]["difference"] == 0
    coins = [row.books[0].coins for row in found[0].rows]
    assert told["runs"][0]["books_at_end"][0]["coins"] == coins[-1]
    assert len(told["runs"][0]["days"]) == len(rows(found[0])) == 5
    assert len(COLUMNS) == len(rows(found[0])[0])
    assert "not legal, investment or compliance advice" in lines(found, asked)[-1]
    given = order(bill_yield="3%", overnight="2%")
    assert document(found, given)["yields"]["USD"]["assumed"] is False
