"""Mutants: each is a diff that fits the tree and names what it breaks; a copy is changed, never the checkout."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from chain.consensus.safety import SafetyRules, SignedVote
from chain.errors import MithqalError
from cli.main import root as command
from node.lab.exhaustive.search import search
from node.lab.mutants import hunt as mutants
from node.lab.mutants import suite
from node.lab.mutants.hunt import Mutant, Verdict
from node.lab.mutants.patching import apply
from node.sim.checkers import Violation
from node.sim.scenario import Scenario
from node.sim.world import World

ROOT = Path(__file__).parents[3]
SHIPPED = mutants.shipped(ROOT)
OF_THE_PROBE = (
    "quorum-2f", "double-vote", "amnesia", "stale-certificate-in-timeout", "ignore-tc-high-certificate",
    "tc-takes-lowest", "commit-without-consecutive-rounds", "vote-after-timeout",
)  # fmt: skip
"""consensus.md 2.4: what a probe of 200 lines seeded."""


@pytest.mark.parametrize("mutant", SHIPPED, ids=lambda mutant: mutant.name)
def test_every_diff_fits_the_tree(mutant: Mutant, tmp_path: Path) -> None:
    """A mutant that does not apply any more tests nothing. What it makes of a file is another program in Python."""
    for change in mutant.patch.files:
        assert change.path.startswith("chain/")
        target = tmp_path / change.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / change.path).read_bytes())
    for path in apply(mutant.patch, tmp_path, mutant.file):
        compile(path.read_text("utf-8"), str(path), "exec")
        assert path.read_bytes() != (ROOT / path.relative_to(tmp_path)).read_bytes()


def test_every_mutant_says_what_it_breaks() -> None:
    """The rule: "at least 30 seeded bugs, each with a header that says which trap or rule it breaks"."""
    assert len(SHIPPED) >= 30
    assert set(OF_THE_PROBE) <= {mutant.name for mutant in SHIPPED}
    traps = re.compile(r"(T\d+(, T\d+)*|rule [A-Z0-9., ]+): ")
    assert [mutant.name for mutant in SHIPPED if not traps.match(mutant.breaks)] == []
    assert [mutant.name for mutant in SHIPPED if len(mutant.patch.about.splitlines()) < 2] == []
    named = {trap for mutant in SHIPPED for trap in re.findall(r"T\d+", mutant.breaks.partition(": ")[0])}
    assert {f"T{number}" for number in range(1, 23)} <= named


def test_three_mutants_are_killed_and_the_control_is_not() -> None:
    """End to end, in processes of their own: consensus, the disk, money; the checkout stays as it is."""
    before = {change.path: (ROOT / change.path).read_bytes() for mutant in SHIPPED for change in mutant.patch.files}
    chosen = mutants.shipped(ROOT, ("quorum-2f", "unsynced-record", "fee-vanishes"))
    document = mutants.try_all(ROOT, chosen, budget=2)
    assert {item["name"]: (item["by"], item["after"]) for item in document["mutants"]} == {
        "quorum-2f": ("R_refinement", 1), "unsynced-record": ("S6_unsynced_vote", 1), "fee-vanishes": ("S8_money", 1),
    }  # fmt: skip
    assert document["control"] | {"cpu_s": 0} == {"scenarios": 2, "violations": [], "cpu_s": 0}
    assert (document["killed"], document["total"], document["median_after"], document["ok"]) == (3, 3, 1, True)
    assert {path: (ROOT / path).read_bytes() for path in before} == before


def survivor(root: Path, mutant: Mutant | None, _budget: int | None) -> Verdict:
    """In the place of a run: only the control and one mutant are left alone."""
    name = "control" if mutant is None else mutant.name
    by = None if name in ("control", "lost-reply") else "S1_agreement"
    return Verdict(name, "a rule", by, None if by is None else "t01-amnesia", 3, "", None, 0.0)


def test_a_survivor_exits_with_8(monkeypatch: pytest.MonkeyPatch) -> None:
    """`lab mutants`: 8 if one lives; people read who lives, programs the document."""
    monkeypatch.setattr(mutants, "try_one", survivor)
    run = CliRunner().invoke(
        command, ["lab", "mutants", "--only", "lost-reply", "--only", "amnesia"], standalone_mode=False
    )
    assert run.return_value == 8
    assert "LIVES   lost-reply" in run.stdout
    assert "1 of 2 killed, after 3 scenarios (median)" in run.stdout
    run = CliRunner().invoke(command, ["lab", "mutants", "--only", "amnesia", "--json"], standalone_mode=False)
    assert run.return_value == 0
    assert json.loads(run.stdout)["mutants"][0]["killed"] is True


def test_a_broken_control_exits_with_8(monkeypatch: pytest.MonkeyPatch) -> None:
    """A suite that finds something in the unchanged tree proves nothing."""
    monkeypatch.setattr(
        mutants, "try_one", lambda root, mutant, budget: Verdict("x", "", "S1_agreement", "t01", 1, "fork", "", 0.0)
    )
    run = CliRunner().invoke(command, ["lab", "mutants", "--only", "amnesia"], standalone_mode=False)
    assert run.return_value == 8
    assert "control BROKEN" in run.stdout


def test_a_patch_that_does_not_apply_exits_with_2(tmp_path: Path) -> None:
    """The error names the file and the hunk; an unknown mutant is not found, two choices are one too many."""
    file = tmp_path / "mine.diff"
    file.write_text("--- a/chain/limits.py\n+++ b/chain/limits.py\n@@ -1 +1 @@\n-no such line\n+another\n")
    run = CliRunner().invoke(command, ["lab", "mutants", "--patch", str(file), "--json"], standalone_mode=False)
    error = json.loads(run.stderr)["error"]
    assert (run.return_value, error["name"]) == (2, "bad_patch")
    assert error["details"] == {"file": "chain/limits.py", "hunk": 1}
    run = CliRunner().invoke(command, ["lab", "mutants", "--only", "nobody", "--json"], standalone_mode=False)
    assert (run.return_value, json.loads(run.stderr)["error"]["name"]) == (6, "unknown_mutant")
    with pytest.raises(MithqalError, match="cannot be read"):
        mutants.read(tmp_path / "none.diff", "none.diff")


def test_a_mutant_that_does_not_start_is_a_crash(tmp_path: Path) -> None:
    """Killed before any scenario, and honestly named; its last words are kept."""
    file = tmp_path / "broken.diff"
    file.write_text("--- chain/primitives.py\n+++ chain/primitives.py\n@@ -0,0 +1 @@\n+raise ValueError('early')\n")
    verdict = mutants.try_one(ROOT, mutants.read(file, "broken.diff"), 1)
    assert (verdict.by, verdict.scenario, verdict.after) == ("crash", None, 0)
    assert verdict.detail == "ValueError: early"


def test_a_new_file_of_a_patch_lands_in_the_copy(tmp_path: Path) -> None:
    """Also files outside of the packages can be changed; the tree itself cannot."""
    file = tmp_path / "readme.diff"
    first = (ROOT / "README.md").read_text("utf-8").splitlines()[0]
    file.write_text(f"--- a/README.md\n+++ b/README.md\n@@ -1 +1 @@\n-{first}\n+other\n")
    mutants.change_copy(ROOT, tmp_path / "copy", mutants.read(file, "readme.diff").patch, "readme.diff")
    assert (tmp_path / "copy" / "README.md").read_text("utf-8").startswith("other\n")


CASE = suite.Case("seed 1", Scenario(duration_us=1_000_000), 1, "")


def test_what_a_run_dies_of_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A violation ends a run at once; an exception is a crash; what never ends is a hang, by events or by time."""

    def run_with(body: object) -> tuple[str, str] | None:
        monkeypatch.setattr(World, "run", body)
        return suite.play(CASE)

    def violated(world: World) -> None:
        world.violations.append(Violation("S1_agreement", 0, "two"))
        world.trace.add(0, 0, "event")
        raise AssertionError("the run goes on")

    def crashed(world: World) -> None:
        raise KeyError("what")

    def endless(world: World) -> None:
        while True:
            world.trace.add(0, 0, "event")

    def stuck(world: World) -> None:
        while True:
            pass

    assert run_with(violated) == ("S1_agreement", "two")
    assert run_with(crashed) == ("crash", "KeyError: 'what'")
    monkeypatch.setattr(suite, "MOST_EVENTS", 1_000)
    assert run_with(endless) == ("hang", "more than 1000 events")
    monkeypatch.setattr(suite, "MOST_CPU_S", 0.05)
    assert run_with(stuck) == ("hang", "more than 0.05 s of processor time")


def test_what_a_scenario_must_lead_to() -> None:
    """No payment, an alarm that nobody raised, rounds that were lost: a file of the corpus says what it expects."""
    result = World(CASE.scenario, 1).run()._replace(violations=())
    assert suite.judge(CASE, result) is None
    file = CASE._replace(expected={"alarms": ["double_vote"], "height": 10})
    assert suite.judge(file, result._replace(payments_committed=0)) == ("no commit", "no payment was committed")
    paid = result._replace(payments_committed=1, commits=(3, 3, 3, 3))
    assert suite.judge(file, paid) == ("no alarm", "nobody honest noticed double_vote")
    noticed = paid._replace(alarms={"double_vote": 1})
    assert suite.judge(file, noticed) == ("lost rounds", "height 3, at least 10 when no round is lost")
    assert suite.judge(file, noticed._replace(commits=(3, 10, 3, 3))) is None
    broken = result._replace(violations=(Violation("S8_money", 0, "gone"),))
    assert suite.judge(CASE, broken) == ("S8_money", "gone")


def test_the_suite_is_the_corpus_and_then_what_generators_make(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fixed order, so that `after` is the same everywhere; a budget cuts it."""
    monkeypatch.setattr(suite, "SMALL", 4)
    labels = [case.label for case in suite.cases(ROOT)]
    files = sorted(path.stem for path in (ROOT / suite.CORPUS).glob("*.json"))
    small = ["twins 0", "adversary 0", "mutation 0", "crash_points 0"]
    assert labels == [*files, "exhaustive", *small] + [f"seed {seed}" for seed in range(1, suite.SEEDS + 1)]
    assert [case.label for case in suite.cases(ROOT, 2)] == files[:2]


def test_the_signing_module_is_searched_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine around it hides, say a lock that nobody asks for, every interleaving of three rounds shows."""
    (case,) = suite.module()
    assert suite.play(case) is None
    monkeypatch.setattr("node.lab.mutants.suite.search", lambda rounds: search(rounds, rules=Forgetful))
    found = suite.play(case)
    assert found is not None
    assert found[0] == "exhaustive"


class Forgetful(SafetyRules):
    """A lock that is never raised."""

    def vote(self, *arguments: Any, **named: Any) -> SignedVote:
        lock, vote = self.record.locked_round, super().vote(*arguments, **named)
        self.record = self.record._replace(locked_round=lock)
        return vote


def test_a_silent_suite_hangs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The last guard is the clock: a process that says nothing is ended."""
    (tmp_path / "node" / "lab" / "mutants").mkdir(parents=True)
    (tmp_path / "node" / "lab" / "mutants" / "suite.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setattr(mutants, "PATIENCE_S", 0.5)
    lines: Iterator[dict[str, object]] = mutants.lines_of(tmp_path, None)
    assert list(lines) == [{"end": "hang", "detail": "nothing for 0.5 s of the clock"}]
