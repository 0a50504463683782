"""A scenario's key `mutant`: the run is played on a copy of the tree that has the bug, and on no other."""

import json
import re
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import pytest

from chain.errors import MithqalError
from node.lab.mutants.changed import play_changed
from node.lab.run import play
from node.sim.document import ScenarioError
from node.sim.scenario import Scenario
from node.sim.scenario_dump import to_document
from node.sim.scenario_file import from_document
from tests.cli.test_lab_commands import lab

PAID = Scenario(duration_us=3_000_000, mutant="minted-from-nothing")


def broken(document: dict[str, object]) -> set[str]:
    violations = document["violations"]
    assert isinstance(violations, list)
    return {item["invariant"] for item in violations}


def test_the_bug_is_in_the_run_and_not_in_this_tree() -> None:
    """The same scenario and seed: money from nothing in the copy, every invariant holds here, before and after."""
    sound = play(replace(PAID, mutant=None), 3)
    found = play_changed(PAID, 3)
    assert "S8_money" in broken(found)
    assert (found["mutant"], found["seed"]) == ("minted-from-nothing", 3)
    assert re.match(r"T\d+|rule ", found["breaks"])
    again = play(replace(PAID, mutant=None), 3)
    assert not broken(sound)
    assert (again["trace_hash"], again["violations"]) == (sound["trace_hash"], [])


def test_files_are_written_where_they_were_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Relative to where the command runs, not to the copy."""
    monkeypatch.chdir(tmp_path)
    found = play_changed(PAID, 3, Path("t.jsonl"), Path("p.html"), Path("c.json"))
    assert len((tmp_path / "t.jsonl").read_text().splitlines()) > 100
    assert "<html" in (tmp_path / "p.html").read_text()
    assert json.loads((tmp_path / "c.json").read_text())
    assert found["picture"]["events"]["message"] > 100


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """The error of the process in the copy is the command's."""
    with pytest.raises(MithqalError, match="cannot be written") as caught:
        play_changed(PAID, 3, tmp_path / "none" / "t.jsonl")
    assert caught.value.name == "file_unwritable"


def test_an_unknown_mutant_is_a_bad_scenario() -> None:
    """It names the key, and those that there are."""
    with pytest.raises(ScenarioError, match=r"no mutant is called nothing-such; there are .*double-vote") as caught:
        play_changed(replace(PAID, mutant="nothing-such"), 3)
    assert (caught.value.name, caught.value.details["path"]) == ("bad_scenario", "mutant")


def test_a_program_that_dies_of_its_bug_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its last words."""
    monkeypatch.setattr("subprocess.run", Mock(return_value=Mock(returncode=1, stderr="a\nKeyError: 7\n")))
    with pytest.raises(MithqalError, match="minted-from-nothing: the run died: KeyError: 7") as caught:
        play_changed(PAID, 3)
    assert caught.value.name == "mutant_crashed"


def test_the_name_stays_in_the_file() -> None:
    """Read and written again."""
    assert from_document(to_document(PAID)).mutant == "minted-from-nothing"
    assert from_document({}).mutant is None


def test_the_command_exits_with_8(tmp_path: Path) -> None:
    """As of every broken invariant; 2 for a name that is none."""
    file = tmp_path / "s.json"
    file.write_text(json.dumps({"duration_ms": 3000, "mutant": "minted-from-nothing"}))
    done = lab("run", str(file), "--seed", "3", "--json")
    assert done.return_value == 8
    assert "S8_money" in broken(json.loads(done.stdout))
    file.write_text(json.dumps({"mutant": "x"}))
    assert lab("run", str(file), "--seed", "3").return_value == 2
