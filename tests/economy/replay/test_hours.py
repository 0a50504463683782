"""USDC by the hour: the sums are those of the facts, the weekend is shut, and the regimes differ where they should."""

import datetime
from dataclasses import replace

import pytest

from economy.replay.hours import (
    ACTUAL,
    FIRST,
    HOURS,
    MARKET,
    _days_to_payment,
    facts,
    fitted_peg,
    flows,
    is_open,
    replay,
    stuck_in,
)  # fmt: skip
from economy.replay.runs import BN, usdc_book
from economy.reserve.desk import Rules, State, open_book
from economy.reserve.peg import Peg
from economy.reserve.presets import PRESETS, find_preset


def at(day: int, hour: int) -> datetime.datetime:
    return datetime.datetime(2023, 3, day, hour, tzinfo=datetime.UTC)


def test_the_flows_are_those_of_the_facts() -> None:
    """2.9 bn redeemed and 0.7 bn minted on Monday, 0.9 and 0.1 until Wednesday: every micro-unit once."""
    moves = flows()
    assert len(moves) == HOURS
    assert next(iter(moves)) == FIRST
    monday = [pair for hour, pair in moves.items() if hour < at(14, 0)]
    assert (sum(a for a, _ in monday), sum(m for _, m in monday)) == (29 * BN // 10, 7 * BN // 10)
    assert (sum(a for a, _ in moves.values()), sum(m for _, m in moves.values())) == (38 * BN // 10, 8 * BN // 10)
    assert moves[at(11, 2)] == (0, 0)
    assert moves[at(11, 3)][0] > 0  # disclosed at 03:11
    assert all(minted == 0 for hour, (_, minted) in moves.items() if not is_open(hour))


def test_when_money_moves() -> None:
    """Nine to five in New York, from Monday on."""
    assert not is_open(at(11, 15))
    assert not is_open(at(12, 15))
    assert [is_open(at(13, hour)) for hour in (12, 13, 20, 21)] == [False, True, True, False]


def test_the_issuers_own_books() -> None:
    """Shut until Monday 13:00, then the backlog is paid at par; a coin is worth 0.92162 at the worst until 22:15."""
    found = replay(ACTUAL)
    hours = {hour.time: hour for hour in found.hours}
    assert round(found.worst_worth, 5) == 0.92162
    assert (found.paid, found.asked, found.late) == (38 * BN // 10, 38 * BN // 10, 0)
    assert all(not hour.paid for time, hour in hours.items() if time < at(13, 13))
    assert hours[at(13, 13)].paid == sum(hour.asked for time, hour in hours.items() if time <= at(13, 13))
    assert hours[at(13, 13)].owed == 0
    assert hours[at(11, 2)].worst == 1
    assert hours[at(11, 3)].worst < 0.922
    assert hours[at(12, 22)].worst < 0.922
    assert hours[at(12, 23)].worst == 1
    assert found.hours[-1].coins == usdc_book().coins - 3 * BN
    assert facts().guaranteed == datetime.datetime(2023, 3, 12, 22, 15, tzinfo=datetime.UTC)


def test_prices_lie_between_the_bounds_until_the_guarantee() -> None:
    """The facts are inside of what the model allows; after the guarantee the market stayed more careful than it."""
    found = replay(ACTUAL)
    seen = [hour for hour in found.hours if hour.fact is not None]
    inside = [hour for hour in seen if hour.low - 0.001 <= (hour.fact or 0) <= hour.high + 0.001]
    outside = [hour.time for hour in seen if hour not in inside]
    assert len(seen) == 7
    assert outside == [at(11, 2), at(13, 11)]  # Kraken's 0.98 before the disclosure; 0.98 on Monday morning


def test_the_price_of_queueing_is_fitted_to_the_low() -> None:
    """'Market low minus 0.92162 is about -4.4 cents: the price of queueing'; the engine's default is this, rounded."""
    assert round(fitted_peg().queue, 2) == Peg().queue == 0.49
    hours = {hour.time: hour for hour in replay(ACTUAL).hours}
    assert hours[at(11, 7)].low == pytest.approx(0.8774, abs=0.001)


def test_a_regimes_own_exposure() -> None:
    """The bank held 3.3 of 9.7 bn of the cash: so much of a regime's deposits, at most its limit for one bank."""
    for name, share in (("libra-v2", 0), ("circle-2023", 0.2), ("mica-emt", 0.3), ("mica-significant", 0.6)):
        preset = find_preset(name)
        book = open_book(preset, "USD", 42 * BN, Rules(preset, MARKET, "US"), FIRST.date())
        assert stuck_in(preset, book) / book.assets == pytest.approx(share * 3.3 / 9.7)
    limited = find_preset("genius")
    book = open_book(limited, "USD", 42 * BN, Rules(limited, MARKET, "US"), FIRST.date())
    assert stuck_in(limited, book) / book.assets == pytest.approx(0.15 * 3.3 / 9.7)


def test_what_each_regime_would_have_done() -> None:
    """Model output: no deposits, no hole; more deposits, a deeper one; capital makes it shallower."""
    found = {name: replay(name) for name in PRESETS}
    worst = {name: row.worst_worth for name, row in found.items()}
    assert worst["libra-v2"] == 1
    assert worst["libra-v2"] > worst["diem-usd"] > worst["libra-v1"] > worst["genius"] > worst["circle-2023"]
    assert worst["circle-2023"] == worst["mas"] > worst["mica-emt"] > worst["mica-significant"]
    assert worst["diem-usd"] == pytest.approx(1.01 * (1 - 0.1 * 3.3 / 9.7))
    assert found["libra-v2"].lowest > 0.99
    assert not any(row.stay for row in found.values())  # 2.9 of 42.1 bn is below every trigger
    assert all(row.late == 0 for row in found.values())
    assert found["mas"].paid == 0  # due within five business days, later than Wednesday


def test_the_table_by_regime() -> None:
    """Each regime's lowest price and its hour, what was paid by Wednesday evening, and what sales of bills cost."""
    sunday, saturday = at(12, 22), at(11, 3)
    found = {name: replay(name) for name in (ACTUAL, *PRESETS)}
    rows = {name: (row.lowest, row.lowest_at, row.paid, row.sale_cost) for name, row in found.items()}
    assert {name: (f"{low:.4f}", hour, paid * 100 // BN, cost) for name, (low, hour, paid, cost) in rows.items()} == {
        ACTUAL: ("0.8764", sunday, 380, 0),
        "libra-v1": ("0.9402", saturday, 335, 0),
        "libra-v2": ("0.9904", at(11, 0), 335, 0),
        "diem-usd": ("0.9545", saturday, 335, 0),
        "mica-emt": ("0.8676", sunday, 380, 0),
        "mica-significant": ("0.7179", sunday, 380, 0),
        "mas": ("0.8731", saturday, 0, 0),
        "genius": ("0.9121", saturday, 290, 1_364_196_448),
        "circle-2023": ("0.8923", saturday, 380, 0),
    }  # fmt: skip


def test_how_long_a_coin_waits() -> None:
    """'The weekend matters': until money moves (13:00 UTC) on the day that the regime's business days lead to; after
    closing (21:00) the next day counts."""
    preset = find_preset("libra-v2")
    for settle, moment, hours in (
        (0, at(10, 21), 64), (0, at(10, 20), 0), (0, at(11, 7), 54), (0, at(13, 10), 3), (0, at(13, 14), 0),
        (0, at(13, 21), 16), (1, at(10, 20), 65), (1, at(10, 21), 88), (2, at(13, 12), 49),
    ):  # fmt: skip
        rules = Rules(replace(preset, terms=replace(preset.terms, settle_days=settle)), MARKET, "US")
        state = State(open_book(preset, "USD", 42 * BN, rules, FIRST.date()))
        assert _days_to_payment(state, rules, moment) * 24 == pytest.approx(hours), (settle, moment)


def test_a_night_passes_at_each_midnight() -> None:
    """The sweep earns once a night, of the 11th (a Saturday) to the 15th; not on the evening on which it begins."""
    found = replay("libra-v2")
    assert found.capital == 421 * BN // 1000
    nights = [hour.time for hour in found.hours if hour.time.hour == 0 and hour.time > FIRST]
    assert len(nights) == 4 + (FIRST.hour > 0)
