"""The algebra of the runs, and the negative control."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from economy.replay.runs import (
    BN,
    meet,
    primary_book,
    primary_oracles,
    primary_under,
    round_half_up,
    terra_path,
    tether_run,
    tether_supply,
    usdc_book,
    usdc_oracles,
)
from economy.reserve.peg import Peg, lowest_price
from economy.reserve.presets import PRESETS, Terms, find_preset


def test_usdc() -> None:
    """'NAV zero recovery 0.92162, 50 % 0.96081, if 5 % leave at par first the rest hold 0.91749 (10.6 %: 0.91232).'"""
    assert [oracle.text for oracle in usdc_oracles()] == ["0.92162", "0.96081", "0.91749", "0.91232"]
    book = usdc_book()
    assert (book.coins, book.stuck) == (421 * BN // 10, 33 * BN // 10)
    assert f"{100 * book.stuck / book.coins:.2f}" == "7.84"


def test_reserve_primary() -> None:
    """'Pay 40 bn at par first and the stayers' NAV is 0.96511; pro-rata NAV 0.98744'; Lehman paper 1.256 %."""
    assert [oracle.text for oracle in primary_oracles()] == ["0.96511", "0.98744"]
    book = primary_book()
    assert f"{100 * book.stuck / book.coins:.3f}" == "1.256"


def test_rounding_is_half_up() -> None:
    """Ties go up, on both sides of one."""
    assert str(round_half_up(Fraction(5, 10**6), 5)) == "0.00001"
    assert str(round_half_up(Fraction(4_999_999, 10**12), 5)) == "0.00000"
    assert str(round_half_up(Fraction(1), 5)) == "1.00000"


def test_tether() -> None:
    """'10.8 bn met at par in 11 days with an 80/20 book and 0 haircut'; -12.8 %."""
    before, after = tether_supply()
    met = tether_run()
    assert before - after == met.asked == met.paid == 108 * BN // 10
    assert f"{100 * (before - after) / before:.1f}" == "12.8"
    assert (met.days, met.haircuts, met.latest_business_days, met.sale_cost, met.stay) == (11, 0, 0, 0, False)
    assert met.last_day.isoformat() == "2022-05-23"


def test_tether_with_too_little_cash_would_have_to_sell() -> None:
    """The control of the control: with 2 % cash bills are sold, and somebody is paid late."""
    thin = replace(find_preset("circle-2023"), cash_ppm=20_000)
    met = tether_run(thin)
    assert met.sale_cost > 0
    assert met.latest_business_days == 1
    assert met.paid == met.asked


@pytest.mark.parametrize("name", PRESETS)
def test_every_regime_pays_in_the_end(name: str) -> None:
    """Within two weeks after, whatever its term."""
    met = tether_run(find_preset(name))
    assert met.paid + met.haircuts == met.asked
    assert met.latest_business_days == 0


def test_meet_counts_business_days_of_lateness() -> None:
    """Asked for more than there is at T+0: what bills bring comes one business day later."""
    preset = replace(find_preset("circle-2023"), terms=Terms("US", 0))
    start = tether_run(preset).last_day.replace(day=16)
    met = meet(preset, 10 * BN, start, [5 * BN], until=start.replace(day=20))
    assert (met.paid, met.latest_business_days, met.last_day.day) == (5 * BN, 1, 17)


def test_terra() -> None:
    """'TerraUSD: a fully reserved model must NOT produce this path': every price lies below the floor."""
    path = terra_path()
    assert [str(step.price) for step in path] == ["0.68", "0.78", "0.60", "0.2998", "0.125", "0.069"]
    assert all(step.is_impossible for step in path)
    assert not path[0]._replace(price=round_half_up(Fraction(99, 100), 2)).is_impossible


@given(st.floats(0, 1), st.floats(0, 5), st.floats(0, 5), st.booleans())
def test_terra_under_any_peg(rate: float, queue: float, distress: float, is_open: bool) -> None:
    """Also where patient money asks 500 % a year for five days, no price of TerraUSD after 10 May is possible."""
    floor = lowest_price(Peg(rate, distress, queue), worst=1.0, days=5, is_open=is_open)
    assert floor >= 1 - 25 / 365 > 0.93


def test_reserve_primary_under_each_regime() -> None:
    """A stay shares, a buffer absorbs, and par first leaves the hole to those who stay."""
    found = {name: primary_under(preset) for name, preset in PRESETS.items()}
    assert {name for name, row in found.items() if row.stay} == {"libra-v2", "diem-usd", "genius"}
    assert str(round_half_up(found["genius"].stayers, 5)) == "0.98744"
    assert str(round_half_up(found["circle-2023"].stayers, 5)) == "0.96511"
    assert found["mica-emt"].stayers == 1
    assert found["mica-emt"].paid == 625 * BN // 100
    assert found["libra-v2"].stayers > found["genius"].stayers
    assert found["libra-v2"].paid == 0
