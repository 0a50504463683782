"""The regimes as data: the figures of their sources, and that a new reserve keeps its own regime's rules."""

from dataclasses import replace

import pytest

from economy.basket import COIN_CURRENCY
from economy.errors import ParameterError, UnknownNameError
from economy.reserve.desk import CALENDAR_OF
from economy.reserve.presets import (
    DISCLAIMER,
    FIVE_BUSINESS_DAYS,
    HARD,
    PPM,
    PRESETS,
    USABLE,
    average_days,
    describe,
    due_within,
    find_preset,
    with_floors,
)  # fmt: skip

EVERY = pytest.mark.parametrize("name", PRESETS)


def test_the_eight() -> None:
    """'Presets: Libra v1, Libra v2, Diem USD, MiCA e-money (and significant), MAS, GENIUS, Circle 2023.'"""
    assert list(PRESETS) == [
        "libra-v1", "libra-v2", "diem-usd", "mica-emt", "mica-significant", "mas", "genius", "circle-2023",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "cash", "at_once", "five_days", "settle", "longest"),
    [
        ("libra-v1", 20, 0, 0, 1, 91),
        ("diem-usd", 20, 0, 0, 1, 91),
        ("libra-v2", 20, 0, 0, 1, 91),  # 'at least 80 % very short government securities, at most 20 % cash'
        ("mica-emt", 30, 20, 30, 0, 91),  # '30 % of reserve in bank deposits'
        ("mica-significant", 60, 40, 60, 0, 91),  # '60 % if significant'
        ("mas", 20, 0, 0, 5, 91),  # 'residual <= 3 months, par in 5 business days'
        ("genius", 15, 10, 30, 2, 93),  # 'floors: 10 % liquid at once, 30 % within five business days'
        ("circle-2023", 20, 0, 0, 0, 91),  # '80 % T-bills / 20 % cash'
    ],
)
def test_figures_of_the_sources(name: str, cash: int, at_once: int, five_days: int, settle: int, longest: int) -> None:
    """Each share that a text gives, in percent."""
    preset = find_preset(name)
    percent = PPM // 100
    assert (preset.cash_ppm, preset.floors.at_once_ppm, preset.floors.five_days_ppm) == (
        cash * percent, at_once * percent, five_days * percent,
    )  # fmt: skip
    assert (preset.terms.settle_days, preset.max_days) == (settle, longest)


def test_capital() -> None:
    """Own funds: 2 % of outstanding e-money, 3 % when significant; elsewhere no number was published."""
    shares = {name: preset.capital_ppm for name, preset in PRESETS.items() if preset.capital_ppm}
    assert shares == {"libra-v2": 10_000, "diem-usd": 10_000, "mica-emt": 20_000, "mica-significant": 30_000}
    assert any("capital" in text for text in PRESETS["libra-v2"].assumed)


def test_weights_of_libra() -> None:
    """'USD 50, EUR 18, JPY 14, GBP 11, SGD 7; no CNY', the currencies of the chain's basket; one currency elsewhere."""
    weights = PRESETS["libra-v1"].weights
    assert dict(weights) == {"USD": 500_000, "EUR": 180_000, "JPY": 140_000, "GBP": 110_000, "SGD": 70_000}
    assert set(weights) == set(COIN_CURRENCY.values())
    assert all(len(preset.weights) == 1 for name, preset in PRESETS.items() if name != "libra-v1")


@EVERY
def test_a_new_reserve_keeps_its_own_rules(name: str) -> None:
    """Shares sum to 1, no bill is later than allowed, and the floors are met on the first day."""
    preset = PRESETS[name]
    assert sum(preset.weights.values()) == PPM
    assert list(preset.ladder_days) == sorted(set(preset.ladder_days))
    assert 1 <= preset.ladder_days[0] <= preset.ladder_days[-1] <= preset.max_days
    assert due_within(preset, 0) == preset.cash_ppm >= preset.floors.at_once_ppm
    assert due_within(preset, FIVE_BUSINESS_DAYS) >= preset.floors.five_days_ppm >= preset.floors.at_once_ppm
    for share in (preset.cash_ppm, preset.deposit_ppm, preset.bank_cap_ppm, preset.terms.gate_ppm):
        assert 0 <= share <= PPM


@EVERY
def test_each_says_where_it_comes_from(name: str) -> None:
    """'Each with source, date and what is uncertain', and the sentence that it is no advice."""
    document = describe(PRESETS[name])
    assert document["disclaimer"] == DISCLAIMER
    assert DISCLAIMER == "our reading, simplified; not legal, investment or compliance advice"
    assert all(document[field] for field in ("source", "date", "uncertain", "assumed"))
    assert document["name"] == name


def test_average_maturity_of_the_draft() -> None:
    """The OCC's draft: 'reserve assets with a weighted average maturity of no more than 20 days'; thirteen weekly
    bills of 80 % average 39.2 days."""
    assert average_days(PRESETS["genius"]) == 17
    assert average_days(PRESETS["libra-v2"]) == 39


def test_due_within_is_both_sides_of_a_bill() -> None:
    """Cash at once; a bill counts from the day it is due."""
    genius = PRESETS["genius"]
    assert due_within(genius, 6) == 150_000
    assert due_within(genius, 7) == 320_000
    assert due_within(genius, 35) == PPM


def test_floors_as_hard_minima_and_as_usable_buffers() -> None:
    """'Thresholds both as hard minima and as usable buffers.'"""
    genius = find_preset("genius")
    assert genius.floors.mode == HARD
    usable = with_floors(genius, USABLE)
    assert usable == replace(genius, floors=replace(genius.floors, mode=USABLE))
    assert with_floors(usable, HARD) == genius
    with pytest.raises(ParameterError, match="a floor is hard or usable, not 'soft'") as caught:
        with_floors(genius, "soft")
    assert caught.value.name == "bad_parameter"


def test_unknown_preset_names_those_there_are() -> None:
    """'One clear error that names what is available.'"""
    with pytest.raises(UnknownNameError) as caught:
        find_preset("libra-v3")
    assert caught.value.name == "unknown_preset"
    assert "libra-v1, libra-v2, diem-usd" in caught.value.message
    assert caught.value.details["presets"] == list(PRESETS)


@EVERY
def test_the_calendar_is_the_currencys(name: str) -> None:
    """The desk runs on the calendar of the currency; a preset of one currency names the same."""
    preset = PRESETS[name]
    if len(preset.weights) == 1:
        assert preset.terms.calendar == CALENDAR_OF[next(iter(preset.weights))]


THIRTEEN_WEEKS = tuple(range(7, 92, 7))


@pytest.mark.parametrize(
    ("name", "deposits", "one_bank", "mode", "terms", "ladder"),
    [
        ("libra-v1", 50, 100, "usable", ("US", 1, 0, 0, 0, 0, False, 0), THIRTEEN_WEEKS),
        ("libra-v2", 0, 100, "usable", ("US", 1, 10, 5, 0, 0, True, 0), THIRTEEN_WEEKS),
        ("diem-usd", 50, 100, "usable", ("US", 1, 10, 5, 0, 0, True, 0), THIRTEEN_WEEKS),
        ("mica-emt", 100, 100, "usable", ("TARGET", 0, 0, 0, 10, 0, False, 0), THIRTEEN_WEEKS),
        ("mica-significant", 100, 100, "usable", ("TARGET", 0, 0, 0, 10, 0, False, 0), THIRTEEN_WEEKS),
        ("mas", 100, 100, "usable", ("SG", 5, 0, 0, 0, 0, False, 0), THIRTEEN_WEEKS),
        ("genius", 100, 40, "hard", ("US", 2, 10, 7, 0, 0, False, 0), (7, 14, 21, 28, 35)),
        ("circle-2023", 100, 100, "usable", ("US", 0, 0, 0, 0, 0, False, 0), THIRTEEN_WEEKS),
    ],
)
def test_every_figure_of_a_regime(
    name: str, deposits: int, one_bank: int, mode: str, terms: tuple[object, ...], ladder: tuple[int, ...]
) -> None:
    """Cash in banks, limit for one bank, floors' mode; calendar, days to payment, stay (trigger, days), gate, fee,
    haircut (passed on, least), shares in percent; the ladder: 'OCC: average maturity up to 20 days, at most 40 % at one
    institution, redemption within two business days, seven days when more than 10 % is asked for within a day'."""
    preset, percent = PRESETS[name], PPM // 100
    own = preset.terms
    assert (preset.deposit_ppm, preset.bank_cap_ppm, preset.floors.mode) == (
        deposits * percent,
        one_bank * percent,
        mode,
    )
    assert terms == (
        own.calendar, own.settle_days, own.stay_trigger_ppm / percent, own.stay_days, own.gate_ppm / percent,
        own.fee_ppm / percent, own.passes_cost, own.haircut_ppm / percent,
    )  # fmt: skip
    assert preset.ladder_days == ladder
