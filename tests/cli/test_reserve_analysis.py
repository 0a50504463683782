"""`mithqal reserve sdr|backtest|validate`: outputs, files beside them, every refusal with its name and exit code."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.commands.reserve import reserve
from tests.economy.market.test_rates_data import SHA256

SHEET = ("--rate", "EUR=1.38450", "--rate", "JPY=76.79", "--rate", "GBP=1.58010")
PERIOD = ("--from", "2010-01-04", "--to", "2025-12-31")


def call(*arguments: str) -> Result:
    return CliRunner().invoke(reserve, list(arguments), standalone_mode=False)


def document(*arguments: str) -> Any:
    """The document of a command that works."""
    outcome = call(*arguments, "--json")
    assert outcome.return_value == 0, outcome.stderr
    return json.loads(outcome.stdout)


def refusal(*arguments: str) -> dict[str, Any]:
    """The error of a command that does not, with nothing on stdout."""
    outcome = call(*arguments, "--json")
    assert outcome.stdout == ""
    error: dict[str, Any] = json.loads(outcome.stderr)["error"]
    assert outcome.return_value == error["exit"]
    return error


def test_the_imf_sheet_as_decimal_strings() -> None:
    """Each leg, the sum, USD per SDR and SDR per USD as decimal strings with the sheet's digits."""
    found = document("sdr", "--date", "2011-10-19", *SHEET)
    assert found["legs"] == {"USD": "0.660000", "EUR": "0.585644", "JPY": "0.157573", "GBP": "0.175391"}
    assert (found["sum"], found["sdr_per_usd"], found["usd_per_sdr"]) == ("1.578608", "0.633469", "1.57861")
    text = call("sdr", "--date", "2011-10-19", *SHEET).stdout
    assert text.endswith(f"\n{'1.578608':>50}\n  USD 1 = SDR 0.633469\n  SDR 1 = USD 1.57861\n")
    assert "rebuild" not in text


def test_without_rates_it_is_a_rebuild() -> None:
    """From ECB rates of that date, marked as a rebuild, with version and hash."""
    found = document("sdr", "--date", "2011-10-19")
    assert found["is_rebuild"] is True
    assert found["sum"] == "1.577917"
    assert found["rates"]["sha256"] == SHA256
    assert "not a published figure" in call("sdr", "--date", "2011-10-19").stdout


@pytest.mark.parametrize(
    ("arguments", "name", "code"),
    [
        (("sdr", "--date", "1998-12-31", *SHEET), "date_outside_data", 6),
        (("sdr", "--date", "2027-08-01"), "date_outside_data", 6),
        (("sdr", "--date", "2026-11-01"), "rate_date_out_of_range", 6),
        (("sdr", "--date", "2011-10-19", *SHEET[:4]), "bad_rates", 2),
        (("sdr", "--date", "2011-10-19", *SHEET, "--rate", "CNY=6.5"), "bad_rates", 2),
        (("sdr", "--date", "2011-10-19", *SHEET, "--rate", "EUR=1.3"), "bad_rates", 2),
        (("sdr", "--date", "2011-10-19", *SHEET[:4], "--rate", "GBP=-1"), "bad_rates", 2),
        (("sdr", "--date", "2011-10-19", *SHEET[:4], "--rate", "INR=1"), "unknown_currency", 6),
        (("backtest", *PERIOD, "--basket", "libra"), "unknown_basket", 6),
        (("backtest", *PERIOD, "--basket", "USD=0.5,EUR=0.4"), "weights_do_not_sum", 2),
        (("backtest", *PERIOD, "--basket", "USD=0.5,USD=0.5"), "bad_basket", 2),
        (("backtest", *PERIOD, "--basket", "USD=nan"), "bad_basket", 2),
        (("backtest", *PERIOD, "--basket", "EGP=1"), "unknown_currency", 6),
        (("backtest", *PERIOD, "--holder", "NGN"), "unknown_currency", 6),
        (("backtest", *PERIOD, "--holder", "RUB"), "currency_dark", 6),
        (("backtest", *PERIOD, "--base-date", "1998-01-01"), "date_outside_data", 6),
        (("backtest", "--from", "1990-01-01"), "date_outside_data", 6),
        (("backtest", "--from", "2020-01-02", "--to", "2020-01-01"), "bad_period", 2),
        (("backtest", *PERIOD, "--rates", "/nowhere/rates.csv"), "file_unreadable", 2),
        (("validate", "--rounding", "banker"), "bad_parameter", 2),
        (("validate", "--rounding", "half-even"), "gate_failed", 8),
    ],
)
def test_refusals(arguments: tuple[str, ...], name: str, code: int) -> None:
    """Bad input: one clear error."""
    error = refusal(*arguments)
    assert (error["name"], error["exit"]) == (name, code)


@pytest.mark.parametrize(
    "arguments",
    [
        ("sdr",),
        ("backtest", "--rebalance", "weekly"),
        ("backtest", "--from", "tomorrow"),
        ("sdr", "--date", "2023-02-30"),
    ],
)
def test_usage(arguments: tuple[str, ...]) -> None:
    """What click refuses exits with 2."""
    assert CliRunner().invoke(reserve, list(arguments)).exit_code == 2


def test_a_backtest_gives_the_printed_row() -> None:
    """INR 6.13 (6.41), -3.06 (2013-08-29), -8.73 (to 2013-09-27), -12.14 (to 2014-08-28), -16.12, +74.3."""
    found = document("backtest", "--basket", "lbr2019", "--base-date", "2010-01-04", *PERIOD, "--holder", "INR")
    assert f"{found['volatility_pct']:.2f}" == "6.13"
    assert f"{found['alternatives'][1]['volatility_pct']:.2f}" == "6.41"
    worst = {days: (f"{move['return_pct']:.2f}", move["to"]) for days, move in found["worst"].items()}
    assert worst == {"1": ("-3.06", "2013-08-29"), "30": ("-8.73", "2013-09-27"), "365": ("-12.14", "2014-08-28")}
    assert f"{found['max_drawdown']['return_pct']:.2f} {found['total_return_pct']:.1f}" == "-16.12 74.3"
    assert found["basket"]["weights_end_pct"]["USD"] == pytest.approx(55.69, abs=0.005)


def test_the_base_date_alone_begins_the_path() -> None:
    """--from is the base date unless said otherwise, --to the newest fixing."""
    found = document("backtest", "--base-date", "2019-06-18")
    assert (found["from"], found["to"], found["basket"]["base_date"]) == ("2019-06-18", "2026-10-30", "2019-06-18")


def test_the_published_rows_are_the_default(tmp_path: Path) -> None:
    """'The conventions of reserve.md 3.3 are the default and its rows come out to the printed digit.'"""
    found = document("backtest", "--holder", "BRL")
    assert (found["from"], found["to"], found["basket"]["base_date"]) == ("2010-01-04", "2025-12-31", "2010-01-04")
    assert f"{found['volatility_pct']:.2f} {found['total_return_pct']:.1f}" == "14.45 184.0"
    assert document("backtest", "--to", "2010-02-01")["from"] == "2010-01-04"
    file = tmp_path / "own.csv"
    file.write_text("Date,USD\n2024-03-05,1.1\n2024-03-06,1.2\n")
    found = document("backtest", "--rates", str(file), "--basket", "USD=1", "--holder", "EUR")
    assert (found["from"], found["to"]) == ("2024-03-05", "2024-03-06")


def test_a_peg_does_not_move() -> None:
    """The dollar and the dirham are a peg: no volatility, no worst day below zero, no noise of the cross rates."""
    found = document("backtest", "--from", "2020-01-06", "--to", "2021-01-05", "--holder", "AED")
    dollar = found["alternatives"][1]
    assert (dollar["name"], dollar["volatility_pct"], dollar["kurtosis"]) == ("XUS", 0.0, None)
    assert (dollar["start_value"], dollar["worst"]["1"]["return_pct"]) == (3.6725, 0.0)
    assert dollar["max_drawdown"]["return_pct"] == 0.0
    back = document("backtest", "--from", "2020-01-06", "--to", "2020-02-05", "--basket", "SAR=1")
    assert (back["volatility_pct"], back["start_value"], back["rates"]["synthetic"]) == (0.0, 1.0, ["SAR"])


def test_a_holder_by_coin_or_in_any_case() -> None:
    """What people type."""
    assert document("backtest", "--from", "2026-10-01", "--holder", "xeu")["holder"] == "EUR"


def test_rebalancing() -> None:
    """Daily-rebalanced constant weights: vol USD 3.20, analytic 3.20224."""
    found = document("backtest", *PERIOD, "--rebalance", "daily")
    assert f"{found['volatility_pct']:.2f} {found['analytic_volatility_pct']:.5f}" == "3.20 3.20224"
    assert f"{found['total_return_pct']:.1f}" == "-9.8"


def test_files_beside_the_result(tmp_path: Path) -> None:
    """--csv the path, --html a page that asks for nothing, --plot the picture."""
    page, path, picture = tmp_path / "page.html", tmp_path / "path.csv", tmp_path / "picture.svg"
    files = ("--html", str(page), "--csv", str(path), "--plot", str(picture))
    outcome = call("backtest", "--from", "2020-01-02", "--to", "2020-12-31", "--holder", "AED", *files)
    assert outcome.return_value == 0
    assert len(path.read_text().splitlines()) == 2 + 257
    text = page.read_text()
    assert text.startswith("<!doctype html>")
    for words in ("AED is synthetic", SHA256, "Year by year", "max drawdown", "not a forecast"):
        assert words in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    drawn = picture.read_text()
    assert drawn.startswith("<svg")
    assert "AED is synthetic: a peg, not a published rate" in drawn


@pytest.mark.parametrize("last", ["2021-01-05", "2021-01-06", "2021-01-07"])
def test_a_page_of_a_few_days(tmp_path: Path, last: str) -> None:
    """One fixing, two and three: what cannot be computed is left out, on the page as well."""
    page, picture = tmp_path / "page.html", tmp_path / "picture.svg"
    files = ("--html", str(page), "--plot", str(picture))
    outcome = call("backtest", "--from", "2021-01-05", "--to", last, *files)
    assert outcome.return_value == 0
    text = page.read_text()
    assert ("Yearly volatility" in text) == (last == "2021-01-07")
    assert "Year by year" in text
    assert picture.read_text().startswith("<svg")


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """Said as an error, with nothing on stdout."""
    (tmp_path / "file").write_text("")
    error = refusal("backtest", "--from", "2020-01-02", "--csv", str(tmp_path / "file" / "x.csv"))
    assert (error["name"], error["exit"]) == ("cannot_write", 2)


def test_own_rates(tmp_path: Path) -> None:
    """A user's own CSV of rates is accepted, and its hash is in the result."""
    file = tmp_path / "own.csv"
    file.write_text("# base: USD\nDate,EGP\n2024-03-05,30.9\n2024-03-06,49.5\n2024-03-07,49.4\n")
    found = document("backtest", "--rates", str(file), "--basket", "USD=1", "--holder", "EGP", "--from", "2024-03-05")
    assert found["total_return_pct"] == pytest.approx((49.4 / 30.9 - 1) * 100)
    assert found["rates"]["source"] == "the file own.csv"
    file.write_text("Date,EGP\n2024-03-05,x\n")
    error = refusal("backtest", "--rates", str(file), "--basket", "USD=1", "--from", "2024-03-05")
    assert (error["name"], error["exit"], error["details"]) == ("bad_rates_file", 2, {"line": 2, "column": "EGP"})


def test_validate_prints_every_gate() -> None:
    """The published number, ours, the tolerance, pass or fail, the source."""
    found = document("validate")
    assert found["passed"] is True
    assert {1, 2, 3, 4} <= {gate["gate"] for gate in found["gates"]}
    assert {"gate", "name", "published", "ours", "tolerance", "passed", "source", "is_gated"} == set(found["gates"][0])
    outcome = call("validate")
    assert outcome.return_value == 0
    assert "FAIL" not in outcome.stdout
    assert outcome.stdout.splitlines()[-1].endswith("gates pass")


def test_validate_shows_the_table_before_it_fails() -> None:
    """People see which gates failed, with both numbers; exit 8."""
    outcome = call("validate", "--rounding", "float")
    assert outcome.return_value == 8
    assert "FAIL   1  IMF sheet of 2011-10-19" in outcome.stdout
    assert "(gate_failed)" in outcome.stderr
    error = refusal("validate", "--rounding", "float")
    assert [gate["name"] for gate in error["details"]["failed"]] == ["IMF sheet of 2011-10-19"]


def test_help_imports_no_numpy() -> None:
    """Help stays fast."""
    code = (
        "import sys; from cli.start import main\ntry: main()\nfinally: print('numpy' in sys.modules, file=sys.stderr)"
    )
    for arguments in (
        ["--help"],
        ["reserve", "--help"],
        ["reserve", "backtest", "--help"],
        ["reserve", "sdr", "--help"],
    ):
        found = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
        assert found.stderr.splitlines()[-1] == "False", arguments
