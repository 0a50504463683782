"""The algebra of a run on the facts' own books: what a coin is worth when some leave at par first.

USDC 2023: 42.1 bn of coins, 3.3 bn stuck in a closed bank. Reserve Primary 2008: 62.5 bn, of which 0.785 bn became
worthless, 40 bn asked out at par. Tether 2022: 10.8 bn redeemed at par in eleven days. TerraUSD 2022: no money behind
it, so its path is one that no fully reserved coin can take. Each figure comes from the tables of facts through the same
books as the engine's.
"""

import datetime
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from economy.market.calendar import add_business_days
from economy.replay.tables import Event, load_events
from economy.reserve import postings
from economy.reserve.book import ONE, Bill, Book, check, with_hole, worth, worth_after_run
from economy.reserve.desk import Ask, Market, Moment, Rules, State, open_book, step
from economy.reserve.peg import Peg, lowest_price
from economy.reserve.presets import PPM, Preset, find_preset

BN = 1_000_000_000 * ONE
"""Micro-units of a billion."""
HALF = PPM // 2
WATCHED = datetime.timedelta(14)
"""How long a run is watched after its last day."""
LONGEST_WAIT = 5
"""Calendar days: a business day's settlement over a weekend with a holiday."""


class Oracle(NamedTuple):
    """A figure of a run: its name, what it is by the tables, and how it is written (five digits)."""

    name: str
    value: Fraction

    @property
    def text(self) -> str:
        """The value with five digits, half up."""
        return f"{round_half_up(self.value, 5)}"


def round_half_up(value: Fraction, digits: int) -> Decimal:
    """A fraction as a decimal with so many digits, ties away from zero (values are not negative)."""
    scaled = (value.numerator * 10**digits * 2 + value.denominator) // (2 * value.denominator)
    return Decimal(scaled).scaleb(-digits)


def amount(events: Iterable[Event], kind: str, what: str) -> int:
    """The one amount of this kind in a table, in micro-units."""
    found = [event.value for event in events if event.kind == kind and event.what == what and event.value is not None]
    assert len(found) == 1, f"{len(found)} rows {kind} {what}"
    return int(found[0] * BN)


def usdc_book() -> Book:
    """The issuer's books as of 2023-03-11: bills at their value, cash of which one bank's part is stuck."""
    events = load_events("usdc-2023")
    bills, cash, stuck = (amount(events, "reserve", what) for what in ("bills", "cash", "SVB"))
    due = datetime.date(2023, 5, 1)
    book = Book("USD", cash, 0, 0, (Bill(due, bills, bills),), (), bills + cash, 0, 0)
    return postings.freeze(check(book), stuck)


def usdc_oracles() -> tuple[Oracle, ...]:
    """A coin's worth with nothing or half of the stuck money back, and for those who stay when some leave at par."""
    book = usdc_book()
    return (
        Oracle("zero recovery", worth(book, 0)),
        Oracle("half recovered", worth(book, HALF)),
        Oracle("5 % leave at par first", worth_after_run(book, leaving=book.coins * 5 // 100, recovery_ppm=0)),
        Oracle("10.6 % leave at par first", worth_after_run(book, leaving=book.coins * 106 // 1000, recovery_ppm=0)),
    )


def primary_book() -> Book:
    """The fund on 2008-09-15: shares at par, one issuer's paper that is stuck."""
    events = load_events("reserve-primary-2008")
    total, hole = amount(events, "reserve", "all"), amount(events, "reserve", "Lehman")
    return check(Book("USD", total - hole, 0, hole, (), (), total, 0, 0))


def primary_oracles() -> tuple[Oracle, ...]:
    """A share's worth for those who stay when the run is paid at par first, and when everybody shares."""
    book = primary_book()
    asked = amount(load_events("reserve-primary-2008"), "asked", "all")
    left = postings.pay(postings.request(book, asked), asked)
    return (
        Oracle("par first", worth(postings.write_down(left, left.stuck))),
        Oracle("pro rata", worth(postings.write_down(book, book.stuck))),
    )


class Met(NamedTuple):
    """How a run was met: what was asked, what was paid by the last day, what it cost, and how late (business days)."""

    asked: int
    paid: int
    last_day: datetime.date
    days: int
    sale_cost: int
    haircuts: int
    latest_business_days: int
    stay: bool


def tether_supply() -> tuple[int, int]:
    """Coins before and after, in micro-units."""
    first, last = [event for event in load_events("tether-2022") if event.kind == "coins"]
    assert first.value is not None
    assert last.value is not None
    return int(first.value * BN), int(last.value * BN)


def tether_run(preset: Preset | None = None) -> Met:
    """Tether's redemptions of 12 to 22 May 2022 in equal parts, met by a regime's book; the 80/20 book by default."""
    preset = preset or find_preset("circle-2023")
    before, after = tether_supply()
    first, last = (event.time.date() for event in load_events("tether-2022") if event.kind == "coins")
    return meet(preset, before, first, _equal_parts(before - after, (last - first).days), until=last + WATCHED)


def _equal_parts(total: int, count: int) -> list[int]:
    """A sum in `count` parts, the last with the rest."""
    part = total // count
    return [part] * (count - 1) + [total - part * (count - 1)]


def meet(preset: Preset, coins: int, first: datetime.date, asks: list[int], *, until: datetime.date) -> Met:
    """A dollar book of a regime meets one ask a day from `first` on; it is watched through `until`."""
    rules = dollar_rules(preset)
    state = State(open_book(preset, "USD", coins, rules, first))
    paid, latest = 0, 0
    last_day = first
    stay = False
    for number in range((until - first).days + 1):
        day = first + datetime.timedelta(number)
        today = (Ask("crowd", asks[number]),) if number < len(asks) else ()
        is_open = add_business_days("US", day, 0) == day
        state = step(state, rules, Moment(day, is_open), today)
        stay = stay or state.stay_until is not None
        for payment in state.payments:
            paid, last_day = paid + payment.amount, day
            due, late = payment.claim.due, 0
            while due < day:
                due, late = add_business_days("US", due, 1), late + 1
            latest = max(latest, late)
    return Met(sum(asks), paid, last_day, len(asks), state.sale_cost, state.haircuts, latest, stay)


def dollar_rules(preset: Preset) -> Rules:
    """A regime's rules with its book in dollars, whatever its own currency; flat yields of 1 % in 2022 (assumed)."""
    return Rules(preset, Market(10_000_000, 10_000_000), "US")


class Impossible(NamedTuple):
    """A price of TerraUSD beside the lowest that a fully reserved, redeemable coin can have in the model."""

    time: datetime.datetime
    price: Decimal
    floor: float

    @property
    def is_impossible(self) -> bool:
        """Whether the price lies below the floor."""
        return float(self.price) < self.floor


def terra_path(peg: Peg | None = None) -> tuple[Impossible, ...]:
    """Each price of TerraUSD's fall, and the floor: all dealers out of credit, everybody expecting the worst."""
    floor = lowest_price(peg or Peg(), worst=1.0, days=LONGEST_WAIT, is_open=False)
    return tuple(
        Impossible(event.time, event.value, floor)
        for event in load_events("terrausd-2022")
        if event.kind == "price" and event.value is not None
    )


TERRA_SENTENCE = (
    "A coin that is certainly fully reserved and redeemed within five days cannot trade below the floor shown, however"
    " many are sold: whoever buys it there earns more by waiting than patient money asks. TerraUSD had no such reserve."
)


class Shared(NamedTuple):
    """Reserve Primary's hole and run under a regime: whether a stay begins, who was paid, what is left for the rest."""

    preset: str
    coins: int
    capital: int
    stay: bool
    paid: int
    stayers: Fraction


def primary_under(preset: Preset) -> Shared:
    """The same part of the reserve lost, the same part of the coins asked for on one day, then the loss is taken.

    Where no stay begins, what was asked for is paid at par first, whatever has to be sold for it; a gate lets out its
    part. Those who asked and were not paid share with those who stay.
    """
    facts = load_events("reserve-primary-2008")
    total, hole, asked = (
        amount(facts, kind, what) for kind, what in (("reserve", "all"), ("reserve", "Lehman"), ("asked", "all"))
    )
    rules, day = dollar_rules(preset), facts[0].time.date()
    fresh = open_book(preset, "USD", total, rules, day)
    book = with_hole(fresh, fresh.assets * hole // total)
    state = step(
        State(book, coins_at_open=total), rules, Moment(day, is_open=False, begins=False), (Ask("run", asked),)
    )
    stay = state.stay_until is not None
    gate = preset.terms.gate_ppm
    paid = 0 if stay else min(asked, total * gate // PPM if gate else asked)
    left = postings.write_down(state.book, state.book.stuck)
    stayers = min(Fraction(1), Fraction(left.assets - paid, left.liabilities - paid))
    return Shared(preset.name, total, fresh.capital, stay, paid, stayers)
