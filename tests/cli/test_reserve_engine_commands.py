"""`mithqal reserve presets|replay|project` as they are typed: results, files, errors and exit codes."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from cli.main import root
from economy.reserve.presets import PRESETS


def run(*words: str) -> Result:
    return CliRunner().invoke(root, ["reserve", *words], standalone_mode=False)


def told(*words: str) -> Any:
    result = run(*words, "--json")
    assert result.return_value == 0, result.stderr
    return json.loads(result.stdout)


def refused(*words: str) -> tuple[str, int, str]:
    """The error's name, the exit code and the sentence; stdout is empty."""
    result = run(*words, "--json")
    assert result.stdout == ""
    error = json.loads(result.stderr)["error"]
    assert error["exit"] == result.return_value
    return error["name"], error["exit"], error["message"]


def test_presets() -> None:
    """`mithqal reserve presets [NAME] [--json]`."""
    assert [preset["name"] for preset in told("presets")["presets"]] == list(PRESETS)
    assert told("presets", "genius")["floors"] == {
        "at_once_ppm": 100_000, "five_business_days_ppm": 300_000, "mode": "hard",
    }  # fmt: skip
    assert refused("presets", "basel")[:2] == ("unknown_preset", 6)
    words = run("presets", "mica-emt").stdout
    assert "20 % at once, 30 % within five business days (usable)" in words
    assert "our reading, simplified; not legal, investment or compliance advice" in words
    assert run("presets").stdout.count("\n") == len(PRESETS) + 2


def test_replay() -> None:
    """`mithqal reserve replay usdc-2023 [--policy NAME|all] [--json]`, `replay --list`."""
    assert len(told("replay", "--list")["crises"]) == 28
    document = told("replay", "usdc-2023", "--policy", "libra-v2")
    assert document["worth"] == {
        "zero recovery": "0.92162", "half recovered": "0.96081", "5 % leave at par first": "0.91749",
        "10.6 % leave at par first": "0.91232",
    }  # fmt: skip
    assert [row["preset"] for row in document["model_output"]] == ["actual", "libra-v2"]
    assert told("replay", "reserve-primary-2008")["worth"] == {"par first": "0.96511", "pro rata": "0.98744"}
    words = run("replay", "chf-2015").stdout
    assert "CHF in EUR, move 2015-01-14 to 2015-01-15: published 16.83 %, ours 16.83 % (same)" in words
    assert "RUB goes dark after 2022-03-01" in run("replay", "rub-2022").stdout


def test_replay_refuses() -> None:
    """'One clear error that names what is available.'"""
    name, code, message = refused("replay", "usdc-2024")
    assert (name, code) == ("unknown_crisis", 6)
    assert "usdc-2023" in message
    name, code, message = refused("replay", "usdc-2023", "--policy", "basel")
    assert (name, code) == ("unknown_preset", 6)
    assert "libra-v2" in message
    assert isinstance(run("replay").exception, click.UsageError)


def test_pages_and_pictures(tmp_path: Path) -> None:
    """`--plot FILE.svg`, `--html FILE`, `--csv FILE`: whole files, which ask for nothing."""
    for name in ("usdc-2023", "reserve-primary-2008", "tether-2022", "terrausd-2022", "isk-2008"):
        page, picture = tmp_path / f"{name}.html", tmp_path / f"{name}.svg"
        assert run("replay", name, "--html", str(page), "--plot", str(picture)).return_value == 0
        assert picture.read_text().startswith("<svg")
        text = page.read_text()
        assert "model output, not history" in text
        assert "http://" not in text.replace("http://www.w3.org", "")
        assert "<script" not in text
    page, picture, table = (tmp_path / f"run.{ending}" for ending in ("html", "svg", "csv"))
    files = ("--html", str(page), "--plot", str(picture), "--csv", str(table))
    assert run("project", "--days", "4", *files).return_value == 0
    assert picture.read_text().startswith("<svg")
    assert "not legal, investment or compliance advice" in page.read_text()
    with table.open() as lines:
        rows = list(csv.DictReader(lines))
    assert [row["day"] for row in rows] == ["2026-01-05", "2026-01-06", "2026-01-07", "2026-01-08"]
    assert refused("project", "--days", "1", "--csv", str(table / "x.csv"))[:2] == ("cannot_write", 2)


def test_project() -> None:
    """A regime's own reserve; amounts are micro-units in JSON and whole coins for people."""
    document = told("project", "--days", "3", "--coins", "1000", "--redeem", "10%", "--inventory", "0", "--credit", "1")
    (only,) = document["runs"]
    assert [day["asked_micro"] for day in only["days"]] == [100_000_000, 90_000_000, 81_000_000]
    assert [day["paid_micro"] for day in only["days"]] == [0, 100_000_000, 90_000_000]
    assert only["books_at_end"][0]["difference"] == 0
    assert only["summary"]["coins_at_end"] == 729_000_000
    assert "190 of 271 paid, 81 owed at the end" in run(
        "project", "--days", "3", "--coins", "1000", "--redeem", "10%", "--inventory", "0", "--credit", "1"
    ).stdout  # fmt: skip


def test_project_ones_own_book(tmp_path: Path) -> None:
    """'One's own balance sheet by CSV': each currency is a reserve; a mistake names line and column."""
    file = tmp_path / "book.csv"
    file.write_text("kind,currency,amount,due,value\ncoins,USD,10,,\nswept,USD,11,,\ncoins,EUR,4,,\nswept,EUR,4,,\n")
    runs = told("project", "--book", str(file), "--days", "2")["runs"]
    assert [row["currency"] for row in runs] == ["USD", "EUR"]
    file.write_text(file.read_text().replace("11", "-11"))
    name, code, message = refused("project", "--book", str(file))
    assert (name, code) == ("bad_book", 2)
    assert "line 3, amount" in message


@pytest.mark.parametrize(
    "words",
    [
        ("--haircut", "1.2"), ("--coins", "-5"), ("--redeem", "-0.1"), ("--whale", "3"), ("--whale", "31:0.1"),
        ("--whale", "1:0.6", "--whale", "2:0.6"), ("--days", "0"), ("--floors", "soft"), ("--recovery", "101%"),
        ("--yield", "60%"), ("--credit", "two"), ("--bank-fails", "1:2"),
    ],
)  # fmt: skip
def test_absurd_parameters(words: tuple[str, ...]) -> None:
    """'Negative amounts, absurd parameters (a haircut above 1)': `bad_parameter`, exit 2."""
    assert refused("project", *words)[:2] == ("bad_parameter", 2)


def test_help_imports_no_numpy() -> None:
    """'`mithqal reserve --help` imports no numpy', nor do the helps of these commands."""
    for words in (["reserve", "--help"], ["reserve", "project", "--help"], ["reserve", "replay", "--help"]):
        code = (
            "import sys\nfrom cli.main import root\n"
            f"try:\n    root.main({words!r})\nexcept SystemExit:\n    pass\nassert 'numpy' not in sys.modules"
        )
        assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
