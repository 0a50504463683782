"""`mithqal corridor show|compare|table`: results, files, and one clear error for what makes no sense."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import root


def run(*words: str) -> Result:
    result = CliRunner().invoke(root, ["corridor", *words], standalone_mode=False)
    assert result.exception is None, result.exception
    return result


def test_show_as_json() -> None:
    """One document; countries in any case."""
    result = run("show", "us", "in", "--amount", "200", "--json")
    assert result.return_value == 0
    found = json.loads(result.stdout)
    assert (found["from"], found["to"], found["network"]["total_pct"]) == ("US", "IN", "1.5375")
    assert result.stderr == ""


def test_show_with_terms_of_one_s_own() -> None:
    """--fee, --flat and --minutes replace a default; the last of two words for one thing holds."""
    result = run("show", "US", "IN", "--fee", "on-ramp=1", "--fee", "on_ramp=0", "--fee", "off_ramp=0", "--fee",
                 "fx_spread=0", "--fee", "delay_risk=0", "--flat", "chain_fee=2", "--minutes", "funding=0",
                 "--json")  # fmt: skip
    found = json.loads(result.stdout)["network"]
    assert (found["total_pct"], found["fee_usd"], found["minutes"]) == ("1.0000", "2.0000", 7.01)


def test_files(tmp_path: Path) -> None:
    """--html and --csv write files beside the result."""
    page, table = tmp_path / "page.html", tmp_path / "table.csv"
    assert run("table", "--html", str(page), "--csv", str(table)).return_value == 0
    assert page.read_text().startswith("<!doctype html>")
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert len(rows) == 16
    assert rows[0]["world_bank_2020q3_pct"] == "3.15"
    assert run("show", "US", "IN", "--html", str(page)).return_value == 0
    assert "Corridor US to IN" in page.read_text()


def test_compare_keeps_the_order() -> None:
    """Pairs as they were typed."""
    found = json.loads(run("compare", "JP", "BR", "US", "IN", "--json").stdout)
    assert [(row["from"], row["to"]) for row in found["corridors"]] == [("JP", "BR"), ("US", "IN")]
    assert found["mean"]["world_bank_pct"] == "7.1000"


@pytest.mark.parametrize(
    ("words", "name", "code"),
    [
        ("show US XX", "unknown_country", 6),
        ("show GB PH", "unknown_corridor", 6),
        ("compare US IN GB PH", "unknown_corridor", 6),
        ("compare US IN US", "bad_argument", 2),
        ("show US IN --amount 0", "bad_amount", 2),
        ("show US IN --amount -5", "bad_amount", 2),
        ("show US IN --amount nan", "bad_amount", 2),
        ("show US IN --amount ten", "bad_amount", 2),
        ("table --amount 1000001", "bad_amount", 2),
        ("show US IN --fee on_ramp=100.5", "bad_parameter", 2),
        ("show US IN --fee on_ramp=-1", "bad_parameter", 2),
        ("show US IN --fee on_ramp", "bad_parameter", 2),
        ("show US IN --fee on_ramp=x", "bad_parameter", 2),
        ("show US IN --fee magic=1", "bad_parameter", 2),
        ("table --minutes delay_risk=1", "bad_parameter", 2),
    ],
)
def test_bad_input(words: str, name: str, code: int) -> None:
    """One clear error; under --json stdout is empty and stderr holds only the error."""
    result = run(*words.split(), "--json")
    assert (result.return_value, result.stdout) == (code, "")
    error = json.loads(result.stderr)["error"]
    assert (error["name"], error["exit"]) == (name, code)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """`cannot_write`, and no result as if nothing had happened."""
    (tmp_path / "file").write_text("")
    result = run("table", "--csv", str(tmp_path / "file" / "x.csv"), "--json")
    assert (result.return_value, result.stdout) == (2, "")
    assert json.loads(result.stderr)["error"]["name"] == "cannot_write"
