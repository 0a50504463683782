"""Gate 3: the back-test's rows to the printed digit. (The Monte-Carlo half of 3.20224 % is in the stress subject.)"""

import csv
import datetime
from collections.abc import Iterator
from importlib import resources

import numpy as np

from economy.backtest import measures
from economy.backtest.baskets import find_basket
from economy.backtest.measures import Move
from economy.backtest.path import DAILY, NEVER
from economy.backtest.run import PUBLISHED, Order, Result, run_backtest
from economy.exact.tables import source_of
from economy.market.reading import load_history
from economy.validation.gate import Gate

GATE = 3
(START, END), ANNOUNCED = PUBLISHED, datetime.date(2019, 6, 18)
HOLDERS = ("USD", "EUR", "INR", "BRL", "TRY")
YEARS = (2013, 2015, 2018, 2021, 2025)
_FILE = "backtest_rows.csv"
_SDR = (
    ("sdr2011", datetime.date(2011, 1, 1), datetime.date(2016, 9, 30)),
    ("sdr2016", datetime.date(2016, 10, 1), datetime.date(2022, 7, 31)),
    ("sdr2022", datetime.date(2022, 8, 1), END),
)


def gates() -> Iterator[Gate]:
    """One line for each row of the file."""
    published, ours, source = published_rows(), our_rows(), source_of(_FILE)
    assert set(published) == set(ours), "a row is computed for each published one"
    for row, text in published.items():
        yield Gate(GATE, row, text, ours[row], "printed digit", ours[row] == text, source)


def published_rows() -> dict[str, str]:
    """The file's rows by name."""
    text = resources.files("economy").joinpath("data", _FILE).read_text(encoding="utf-8")
    return {row["row"]: row["published"] for row in csv.DictReader(text.splitlines()[1:])}


def our_rows() -> dict[str, str]:
    """The same rows, computed."""
    whole = {holder: _run(holder) for holder in HOLDERS}
    daily = {holder: _run(holder, rebalance=DAILY) for holder in HOLDERS}
    since = {holder: _run(holder, start=ANNOUNCED) for holder in HOLDERS}
    dollars, names = whole["USD"], " ".join(HOLDERS)
    rows = {
        "amounts on 2010-01-04": _amounts(dollars),
        "value and weights at the end": f"{dollars.usd_values[-1]:.6f} {_weights(dollars)}",
        "drawdown for USD": f"{dollars.basket.drawdown.peak} to {dollars.basket.drawdown.trough}",
        f"volatility if rebalanced daily: {names}": _volatilities(daily),
        "total in USD if rebalanced daily": f"{daily['USD'].basket.total_percent:.1f}",
        "daily kurtosis": f"{dollars.basket.kurtosis:.2f}",
        "one-day 99 % value at risk if rebalanced daily": _numbers(daily["USD"].basket.var_percent, 3),
        "amounts on 2019-06-18": _amounts(since["USD"]),
        "weights at the end since 2019-06-18": _weights(since["USD"]),
        f"volatility since 2019-06-18: {names}": _volatilities(since),
        **{f"holder of {holder}": _holder(whole[holder]) for holder in ("USD", "EUR", "INR", "BRL")},
        **_best(whole), **_legs(dollars), **_levels(since["USD"]),
    }  # fmt: skip
    for year in YEARS:
        found = [_of_year(whole[holder], year) for holder in HOLDERS]
        rows[f"volatility of {year}: {names}"] = _numbers(found, 2)
    sdr = [run_backtest(load_history(), Order(find_basket(name), start, end)) for name, start, end in _SDR]
    rows["volatility of the SDR in USD: 2011-16 2016-22 2022-25"] = _numbers(
        [result.basket.volatility_percent for result in sdr], 2
    )
    return rows


def _run(holder: str, start: datetime.date = START, rebalance: str = NEVER) -> Result:
    """The disclosed weights, set at the start."""
    return run_backtest(load_history(), Order(find_basket("lbr2019"), start, END, holder, None, rebalance))


def _holder(result: Result) -> str:
    """A row of the table: volatility (of the dollar), worst windows with their last days, drawdown, total."""
    basket = result.basket
    dollar = next(item for item in result.alternatives if item.name == "XUS")
    worst = " ".join(_dated(_there(basket.worst[days])) for days in (1, 30, 365))
    return (
        f"{basket.volatility_percent:.2f} ({dollar.volatility_percent:.2f}) {worst}"
        f" {basket.drawdown.percent:.2f} {basket.total_percent:.1f}"
    )


def _best(whole: dict[str, Result]) -> dict[str, str]:
    """What those who hold a falling currency gain."""
    found = {}
    for holder in ("INR", "BRL", "TRY"):
        month, year = (_there(whole[holder].basket.best[days]) for days in (30, 365))
        first = _dated(month) if holder == "INR" else f"{month.percent:.2f}"
        found[f"best 30 and 365 days for {holder}"] = f"{first} {year.percent:.1f}"
    return found


def _legs(result: Result) -> dict[str, str]:
    """The currencies of the basket in dollars, and what follows from their covariance."""
    codes = ("EUR", "JPY", "GBP", "SGD")
    returns = [measures.log_returns(result.window.value(code, "USD")) for code in codes]
    matrix = np.asarray(np.corrcoef(np.stack(returns)))
    correlations = [float(matrix[a, b]) for a in range(len(codes)) for b in range(a + 1, len(codes))]
    return {
        "analytic volatility": f"{result.analytic_volatility_percent:.5f}",
        "volatility of EUR JPY GBP SGD in USD": _numbers([measures.volatility_percent(leg) for leg in returns], 2),
        "correlations EJ EG ES JG JS GS": _numbers(correlations, 3),
    }


def _levels(result: Result) -> dict[str, str]:
    """Values of the basket that was worth a dollar when it was announced."""
    last = {day.year: value for day, value in zip(result.window.dates, result.usd_values.tolist(), strict=True)}
    low = result.usd_values[result.window.dates.index(datetime.date(2022, 9, 28))]
    return {
        "values since 2019-06-18 at the ends of 2019 to 2021": _numbers([last[year] for year in (2019, 2020, 2021)], 6),
        "low of 2022-09-28 since 2019-06-18": f"{low:.6f}",
        "values since 2019-06-18 at the ends of 2022 to 2025": _numbers(
            [last[year] for year in (2022, 2023, 2024, 2025)], 6
        ),
    }


def _of_year(result: Result, year: int) -> float | None:
    """The volatility of a year."""
    return {found: volatility for found, volatility, _ in result.basket.years}[year]


def _there(move: Move | None) -> Move:
    """A window that sixteen years certainly have."""
    assert move is not None
    return move


def _dated(move: Move) -> str:
    """A window's return with its last day."""
    return f"{move.percent:.2f} ({move.end})"


def _amounts(result: Result) -> str:
    return _numbers(list(result.amounts.values()), 6)


def _weights(result: Result) -> str:
    return _numbers([share * 100 for share in result.weights["end"].values()], 2)


def _volatilities(results: dict[str, Result]) -> str:
    return _numbers([result.basket.volatility_percent for result in results.values()], 2)


def _numbers(values: "list[float | None] | list[float] | tuple[float, float] | None", digits: int) -> str:
    """Numbers with so many decimals."""
    return " ".join(f"{value:.{digits}f}" for value in values or ())
