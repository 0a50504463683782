"""Parts of the world by themselves: chance, the book, the cast, a day's blocks."""

import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from economy.world.book import Book
from economy.world.cast import cast_of
from economy.world.chance import stream
from economy.world.orders import Order, batch_gas
from economy.world.rates import load_table
from economy.world.simulate import MAX_BLOCK, _blocks
from tests.economy.world.worlds import small


def test_a_stream_is_a_function_of_its_label():
    """Counter-based: what one stream gives does not depend on the draws of another."""
    first = stream(1, "people", 5).random(4).tolist()
    stream(1, "people", 4).random(100)
    assert stream(1, "people", 5).random(4).tolist() == first
    for other in (stream(2, "people", 5), stream(1, "people", 6), stream(1, "refunds", 5), stream(15, "people")):
        assert other.random(4).tolist() != first
    assert isinstance(stream(1, "x").bit_generator, np.random.Philox)


def test_what_is_free_is_what_the_ledger_says_less_what_is_under_way():
    """The book never counts what the newest plan has spent, and forgets a plan when the ledger shows it."""
    book = Book()
    book.see({7: (("XUS", 100), ("XGB", 5))})
    book.begin_day()
    book.change(7, "XUS", -30)
    assert book.has(7, "XUS") == 70
    book.begin_day()
    book.change(7, "XUS", -20)
    assert book.has(7, "XUS") == 50
    book.see({7: (("XUS", 71), ("XGB", 5))})
    assert book.has(7, "XUS") == 51, "yesterday is on the ledger (a fee came back), today's 20 are under way"
    assert (book.has(7, "XGB"), book.has(8, "XUS")) == (5, 0)


def test_numbers_of_an_actor_follow_each_other():
    book = Book()
    assert [book.next_number(3), book.next_number(3), book.next_number(4), book.next_number(3)] == [0, 1, 0, 2]
    copy = Book()
    copy.load(book.to_json())
    assert copy.next_number(3) == 3


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["XUS", "XJP"]), st.integers(-50, 50), st.booleans()), max_size=30
    )
)
def test_the_book_against_a_model(steps):
    """free = last seen + changes of plans whose day was not seen yet."""
    book = Book()
    seen: dict[tuple[int, str], int] = {}
    pending: dict[tuple[int, str], int] = {}
    for actor, coin, amount, is_seen in steps:
        if is_seen:
            seen[actor, coin] = amount
            book.see({actor: ((coin, amount),)})
        else:
            pending[actor, coin] = pending.get((actor, coin), 0) + amount
            book.change(actor, coin, amount)
    for key in {*seen, *pending}:
        assert book.has(*key) == seen.get(key, 0) + pending.get(key, 0)


def test_the_cast_is_the_seeds():
    scenario = small()
    one, again, other = cast_of(scenario, 100, 3), cast_of(scenario, 100, 3), cast_of(scenario, 100, 4)
    assert one.actors == again.actors
    assert one.people == again.people
    assert one.actors[50].address != other.actors[50].address
    assert len(one.people) == 100
    counts = [sum(1 for person in one.people if person.place == place) for place in range(5)]
    assert counts == [30, 15, 15, 25, 15]
    assert len({actor.address for actor in one.actors}) == len(one.actors)


@pytest.mark.parametrize("people", [20, 21, 22, 23, 99, 101])
def test_people_are_split_without_loss(people):
    assert len(cast_of(small(), people, 1).people) == people


def test_everybody_has_joined_by_the_last_day_of_adoption():
    cast = cast_of(small(adopted_at_first=0.25, adopted_by_day=10), 400, 1)
    days = [person.joins for person in cast.people]
    assert min(days) == 0
    assert max(days) < 10
    assert 60 < sum(1 for day in days if day == 0) < 160
    for person in cast.people:
        actor = cast.actors[person.actor]
        assert cast.actors[person.employer].provider == actor.provider
        assert all(cast.actors[shop].place == actor.place for shop in person.shops)
        if person.family >= 0:
            assert cast.actors[person.family].place != actor.place


def _order(gas: int) -> Order:
    return Order("x", 0, 0, "f", (), gas=gas)


def test_blocks_hold_what_the_ledger_takes():
    """A block has at most MAX_BLOCK transactions, and the ledger's gas: 600,000."""
    assert [len(block) for block in _blocks([_order(600)] * (MAX_BLOCK + 1))] == [MAX_BLOCK, 1]
    assert [len(block) for block in _blocks([_order(300_000)] * 2)] == [2]
    assert [len(block) for block in _blocks([_order(300_000), _order(300_001)])] == [1, 1]
    assert _blocks([]) == []
    assert batch_gas(400) == 600 + 200 * 400


def test_rates_of_a_day_and_days_without():
    table = load_table()
    saturday = datetime.date(2021, 1, 2)
    assert not table.is_business_day(saturday)
    assert table.before(saturday) == datetime.date(2020, 12, 31)
    codes = [quote.code for quote in table.quotes(datetime.date(2021, 1, 4), ("BRL", "INR"))]
    assert codes == ["XUS", "XEU", "XJP", "XGB", "XSG", "BRL", "INR"]
    dark = [quote.code for quote in table.quotes(datetime.date(2022, 3, 2), ("RUB",))]
    assert dark == ["XUS", "XEU", "XJP", "XGB", "XSG"], "a currency that is dark is left out"
