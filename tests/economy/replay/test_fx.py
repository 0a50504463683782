"""Every published figure of a crisis of rates, to the printed digit."""

import datetime
from typing import Any

import pytest

from economy.market.reading import load_history
from economy.replay.fx import coin_of, dark_until, document, effect, figures, last_quoted, path_around
from economy.replay.tables import load_fx
from economy.reserve.presets import PRESETS, find_preset

PUBLISHED = {
    "lehman-2008": ["0.90"], "krw-2008": ["-24.57"], "isk-2008": ["-53.71"], "inr-taper-2013": ["-19.44", "-4.23"],
    "eur-2014": ["-24.23"], "rub-2014": ["-40.66", "-17.57"], "chf-2015": ["16.83", "18.58", "-13.88"],
    "brl-2015": ["-36.00"], "cny-2015": ["-2.76"], "zar-2015": ["-7.67"],
    "gbp-brexit-2016": ["-7.84", "-11.31", "7.44", "-0.98", "-4.15"], "gbp-flash-2016": ["-2.64"],
    "inr-demonetisation-2016": ["-3.14"], "mxn-2016": ["-6.37"], "brl-2017": ["-5.86"],
    "try-2018": ["-28.53", "-12.29"], "covid-2020": ["-2.97", "-26.24"],
    "try-2021": ["-53.36", "-10.48", "36.49", "50.81"], "rub-2022": ["-23.70"], "jpy-2022": ["-23.37"],
    "eur-2022": ["-15.07"], "gbp-minibudget-2022": ["-4.75", "-6.46"], "carry-2024": ["13.52", "0.96"],
    "usd-2025": ["-4.92", "1.84"],
}  # fmt: skip


def test_the_list_is_the_whole_list() -> None:
    """Nothing is replayed that is not compared."""
    assert list(PUBLISHED) == list(load_fx())


@pytest.mark.parametrize("name", PUBLISHED)
def test_to_the_printed_digit(name: str) -> None:
    """'All with the figures of section 4.1 as tests to the printed digit.'"""
    found = figures(load_history(), load_fx()[name])
    assert [figure.ours for figure in found] == PUBLISHED[name]
    assert [figure.move.published for figure in found] == PUBLISHED[name]
    assert all(figure.matches for figure in found)


def test_a_wrong_figure_does_not_match() -> None:
    """A check that cannot fail checks nothing."""
    figure = figures(load_history(), load_fx()["mxn-2016"])[0]
    assert not figure._replace(ours="-6.36").matches


def test_the_currency_goes_dark() -> None:
    """'RUB 2022 ... then ECB stops quoting'; 'ISK then dark 9 years' (2008-12-09 to 2018-02-01)."""
    history, crises = load_history(), load_fx()
    rouble, krona = crises["rub-2022"], crises["isk-2008"]
    assert (last_quoted(history, rouble), dark_until(history, rouble)) == (datetime.date(2022, 3, 1), None)
    assert last_quoted(history, krona) == datetime.date(2008, 12, 9)
    assert dark_until(history, krona) == datetime.date(2018, 2, 1)
    days, _ = path_around(history, rouble)
    assert days[-1] == datetime.date(2022, 3, 1)
    assert document(history, rouble, ())["dark"] == {
        "currency": "RUB", "last_quoted": "2022-03-01", "quoted_again": None,
    }  # fmt: skip


def test_what_a_regimes_coin_does() -> None:
    """A dollar coin rises for who earns roubles by 1/(1-0.2370)-1; a reserve in its own currencies is not moved."""
    history, crisis = load_history(), load_fx()["rub-2022"]
    dollar = effect(history, crisis, find_preset("libra-v2"))
    assert (dollar.holder, round(dollar.coin_pct, 2)) == ("RUB", 31.07)
    assert (dollar.matched_coverage_pct, dollar.all_dollar_coverage_pct) == (0, 0)
    for preset in PRESETS.values():
        assert effect(history, crisis, preset).matched_coverage_pct == 0
    lehman = effect(history, load_fx()["lehman-2008"], find_preset("libra-v1"))
    assert (lehman.holder, round(lehman.coin_pct, 2)) == ("USD", 0.90)
    assert round(lehman.all_dollar_coverage_pct, 2) == -0.89
    assert [coin_of(find_preset(name)) for name in ("libra-v1", "mas")] == ["LBR", "SGD"]


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_document_carries_its_data(name: str) -> None:
    """'Every result carries its data source'; model output is called that."""
    told: dict[str, Any] = document(load_history(), load_fx()[name], tuple(PRESETS.values()))
    assert len(told["data"]["sha256"]) == 64
    assert told["data"]["filled_count"] == 0
    assert told["model_note"].startswith("model output, not history")
    assert [row["preset"] for row in told["model_output"]] == list(PRESETS)
    days, path = path_around(load_history(), load_fx()[name])
    assert len(days) == len(path) >= 5


def test_a_crisis_with_several_moves_is_about_its_first() -> None:
    """The pound's vote: the holder earns pounds and looks at 23 to 24 June, whatever else moved until the 27th."""
    history, crisis = load_history(), load_fx()["gbp-brexit-2016"]
    assert len(crisis.moves) > 1
    dollar = effect(history, crisis, find_preset("libra-v2"))
    assert (dollar.holder, round(dollar.coin_pct, 2)) == ("GBP", 8.5)  # 1/(1 - 0.0784) - 1, from unrounded rates
