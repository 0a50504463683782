"""`mithqal reserve adoption`: documents, files, and one clear error for what makes no sense."""

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import root


def run(*words: str) -> Result:
    result = CliRunner().invoke(root, ["reserve", "adoption", *words], standalone_mode=False)
    assert result.exception is None, result.exception
    return result


def test_the_default_as_json() -> None:
    """Years, countries, the ECB's sizes, parameters with sources: one document; and the same again."""
    result = run("--json")
    assert result.return_value == 0
    found = json.loads(result.stdout)
    assert [year["day"] for year in found["years"]] == [f"{year}-12-31" for year in range(2020, 2028)]
    assert [row["size_bn_eur"] for row in found["ecb"]] == ["152.7", "563.6", "2930"]
    assert found["how"] == "closed form"
    last = found["years"][-1]
    assert last["users"] == pytest.approx(sum(row["years"][-1]["users"] for row in found["countries"]), abs=7)
    assert last["reserve_eur"] == pytest.approx(last["users"] * 63.62, rel=1e-6)
    assert last["float_income_eur"] == pytest.approx(last["reserve_eur"] * 0.03, rel=1e-6)
    assert found["without_caps_and_halts"]["users"] > last["users"]
    assert found["other_identity"]["people_usd"] < last["people_usd"]
    assert all(row["source"] for row in found["parameters"].values())
    assert len(found["data"]["sha256"]) == 64
    assert run("--json").stdout == result.stdout


def test_india_s_caps_in_the_result() -> None:
    """With a quick spread India stands at 40 million, then at 100 million, and goes on when the cap is gone."""
    found = json.loads(run("--country", "in", "--set", "q=2", "--to", "2026-12-31", "--json").stdout)
    years = {row["day"][:4]: (row["users"], row["cap"]) for row in found["countries"][0]["years"]}
    assert years["2023"] == (100_000_000, 100_000_000)
    assert years["2024"] == (100_000_000, None)
    assert years["2025"][0] > 150_000_000
    assert found["countries"][0]["capped_months"] > 20


def test_for_people() -> None:
    """The table, who is held back, the ECB, what was observed, and the caveat."""
    text = run("--years", "3", "--identity", "each", "--holding", "fund").stdout
    assert "closed form, each identity, 1220.3 euros a user" in text
    assert "2023-06-15" in text
    assert "never held back by a cap" in text
    assert "ECB, fund: 1220.3 euros x 2.4 bn users = 2930 bn euros (printed 2930)" in text
    assert "Observed, IN 2022-03: 2.54 million payments" in text


def test_agents_by_seed() -> None:
    """The same seed the same document, another seed another."""
    words = ("--country", "BR", "--agents", "1000", "--json")
    one, again, other = run(*words), run(*words), run(*words, "--seed", "2")
    assert one.stdout == again.stdout != other.stdout
    assert json.loads(one.stdout)["how"] == "1,000 agents in each country, seed 1"


def test_files(tmp_path: Path) -> None:
    """CSV of each country and month, a page, a picture."""
    table, page, plot = tmp_path / "a.csv", tmp_path / "a.html", tmp_path / "a.svg"
    assert run("--csv", str(table), "--html", str(page), "--plot", str(plot)).return_value == 0
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert len(rows) == 7 * 92
    assert (rows[0]["day"], rows[0]["country"], rows[0]["users"], rows[0]["is_open"]) == (
        "2020-06-15",
        "BR",
        "0",
        "yes",
    )
    assert rows[1]["cap"] == ""
    text = page.read_text()
    assert text.count("<svg") == 6
    assert "Caps and halts: IN" in text
    assert "not open in 11." in text  # Brazil: the ends of June 2020 to April 2021
    assert plot.read_text().startswith("<svg ")


def test_a_rollout_of_one_s_own(tmp_path: Path) -> None:
    """A file of the same form; a broken one is `bad_rollout`."""
    from importlib import resources

    document = json.loads(resources.files("economy").joinpath("data", "adoption.json").read_text())
    document["countries"] = document["countries"][:1]
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(document))
    assert [row["country"] for row in json.loads(run("--rollout", str(path), "--json").stdout)["countries"]] == ["BR"]
    path.write_text("{")
    result = run("--rollout", str(path), "--json")
    assert (result.return_value, json.loads(result.stderr)["error"]["name"]) == (2, "bad_rollout")


@pytest.mark.parametrize(
    ("words", "name", "code"),
    [
        ("--country XX", "unknown_country", 6),
        ("--country GB", "unknown_country", 6),
        ("--set magic=1", "bad_parameter", 2),
        ("--set q", "bad_parameter", 2),
        ("--set q=x", "bad_parameter", 2),
        ("--set q=nan", "bad_parameter", 2),
        ("--set ceiling=1.01", "bad_parameter", 2),
        ("--holding rich", "bad_parameter", 2),
        ("--holding -1", "bad_parameter", 2),
        ("--holding NaN", "bad_parameter", 2),
        ("--identity two", "bad_parameter", 2),
        ("--agents 99", "bad_parameter", 2),
        ("--agents 1000 --seed -1", "bad_parameter", 2),
        ("--to 2020-06-15", "bad_parameter", 2),
        ("--to 2999-01-01", "bad_parameter", 2),
        ("--to 2025-01-01 --years 2", "bad_argument", 2),
        ("--rollout /nowhere/x.json", "bad_rollout", 2),
        ("--csv /dev/null/x.csv", "cannot_write", 2),
    ],
)
def test_bad_input(words: str, name: str, code: int) -> None:
    """One clear error; under --json stdout is empty and stderr holds only the error."""
    result = run(*words.split(), "--json")
    assert (result.return_value, result.stdout) == (code, "")
    error = json.loads(result.stderr)["error"]
    assert (error["name"], error["exit"]) == (name, code)
