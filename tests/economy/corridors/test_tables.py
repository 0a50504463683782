"""The small data files: read to the last digit, each row with its source, and what is refused."""

import itertools
import math
from decimal import Decimal
from typing import Any

import pytest

from chain.limits import DEFAULT_GAS_PRICE, MIN_GAS_UNITS
from economy.corridors.tables import (
    ANY,
    CONFIDENCE,
    STEPS,
    Target,
    load_averages,
    load_steps,
    load_targets,
    load_volatilities,
)
from economy.countries import COUNTRIES
from economy.errors import DataFileError
from economy.market.rates import load_day


def test_the_promises() -> None:
    """SDG 10.c: 3 % on average, no corridor above 5 %, by 2030. G20: 1 % on average, no corridor above 3 %, 75 %
    within an hour and the rest within one business day, by the end of 2027."""
    found = {(row.id, row.measure, str(row.limit), row.by) for row in load_targets()}
    assert found == {
        ("sdg_average", "cost_pct", "3", "2030"),
        ("sdg_corridor", "cost_pct", "5", "2030"),
        ("g20_average", "cost_pct", "1", "2027-12-31"),
        ("g20_corridor", "cost_pct", "3", "2027-12-31"),
        ("g20_hour", "within_hour_pct", "75", "2027-12-31"),
        ("g20_day", "slowest_hours", "24", "2027-12-31"),
    }


@pytest.mark.parametrize(
    ("measure", "limit", "value", "is_met"),
    [("cost_pct", 3, "3", True), ("cost_pct", 3, "3.0001", False), ("within_hour_pct", 75, "75", True),
     ("within_hour_pct", 75, "74.9999", False), ("slowest_hours", 24, "24", True),
     ("slowest_hours", 24, "24.1", False)],
)  # fmt: skip
def test_the_limit_itself_keeps_the_promise(measure: str, limit: int, value: str, is_met: bool) -> None:
    """At most for cost and hours, at least for the share within an hour."""
    target = Target("t", measure, Decimal(limit), "", "", "", "A", "")
    assert target.is_met(Decimal(value)) is is_met


def test_the_world_s_averages() -> None:
    """Global averages of USD 200 by quarter, as the reference lists them."""
    found = {(row.group, row.quarter): str(row.cost_pct) for row in load_averages()}
    assert found["global", "2009Q1"] == "9.67"
    assert found["global", "2023Q3"] == "6.18"
    assert found["global", "2025Q1"] == "6.49"
    assert found["banks", "2023Q3"] == "11.48"
    assert found["smart", "2023Q3"] == "3.36"
    assert len([key for key in found if key[0] == "global"]) == 12


def test_every_row_has_a_source_and_a_mark() -> None:
    """Each number names where it is from, and how far to trust it."""
    rows: list[Any] = [*load_targets(), *load_averages(), *load_steps().values(), *load_volatilities().values()]
    assert all(row.source and row.confidence in CONFIDENCE for row in rows)


def test_every_step_has_a_default_and_every_country_s_money_a_volatility() -> None:
    """Nothing is missing for any country that we know."""
    assert [(step, ANY) in load_steps() for step in STEPS] == [True] * 6
    assert {country.currency for country in COUNTRIES.values()} <= set(load_volatilities())


def test_the_chain_s_fee_is_the_chain_s() -> None:
    """A payment: 600 units of gas at one micro-unit, 0.0006 dollars."""
    assert load_steps()["chain_fee", ANY].fee_usd == Decimal(MIN_GAS_UNITS * DEFAULT_GAS_PRICE) / 10**6


@pytest.mark.parametrize("currency", ["INR", "EUR"])
def test_volatilities_come_out_of_the_rates(currency: str) -> None:
    """Log returns of 2025 against the dollar, sample standard deviation x sqrt(252), to the two digits of the file."""
    import datetime

    day, levels = datetime.date(2024, 12, 31), {}
    while day <= datetime.date(2025, 12, 31):
        fixing = load_day(day)
        levels[fixing.date] = math.log(float(fixing.cross(currency, "USD")))
        day += datetime.timedelta(days=1)
    values = [levels[date] for date in sorted(levels)]
    moves = [later - earlier for earlier, later in itertools.pairwise(values)]
    mean = sum(moves) / len(moves)
    deviation = math.sqrt(sum((move - mean) ** 2 for move in moves) / (len(moves) - 1))
    assert len(moves) == 255
    assert f"{100 * deviation * math.sqrt(252):.2f}" == str(load_volatilities()[currency].pct)


GOOD = "# x. Source: y\nstep,country,fee_usd,fee_pct,minutes,slow_share_pct,slow_hours,confidence,source\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1"),
        ("step\n", "line 1"),
        (GOOD + "funding,*,0,0,5,8,24,A\n", "line 3"),
        (GOOD + "funding,*,0,0,5,8,24,A,s,more\n", "line 3"),
        (GOOD + "funding,*,0,0,5,8,24,Z,s\n", "line 3"),
        (GOOD + "funding,*,-1,0,5,8,24,A,s\n", "fee_usd"),
        (GOOD + "funding,*,x,0,5,8,24,A,s\n", "fee_usd"),
        (GOOD + "funding,*,0,NaN,5,8,24,A,s\n", "fee_pct"),
        (GOOD + "magic,*,0,0,5,8,24,A,s\n", "magic"),
        (GOOD + "funding,*,0,0,5,8,24,A,s\n" * 2, "repeated"),
        (GOOD + "funding,*,0,0,5,8,24,A,s\n", "no row on_ramp"),
    ],
)
def test_a_damaged_file_is_refused(text: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with a row that is not whole, a number below zero or an unknown step is not trusted."""

    class File:
        def joinpath(self, *_: str) -> "File":
            return self

        def read_text(self, encoding: str) -> str:
            return text

    load_steps.cache_clear()
    monkeypatch.setattr("economy.corridors.tables.resources.files", lambda _: File())
    with pytest.raises(DataFileError) as caught:
        load_steps()
    load_steps.cache_clear()
    assert caught.value.name == "data_file_invalid"
    assert says in caught.value.message
