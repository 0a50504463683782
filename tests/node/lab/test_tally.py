"""What a campaign's counts mean, and what they miss: totals by hand, and each bound of the verdict on both sides."""

import hashlib
from typing import Any

import pytest

from node.lab.campaign import failures
from node.lab.campaign.run import Plan
from node.lab.campaign.tally import KINDS_OF_FAULT, RARE_KINDS, Key, Outcome, Tally
from node.lab.generate.ground import Case
from node.lab.generate.registry import ALL, GENERATORS, LARGE_EVERY, claimed
from node.sim.checkers import Violation
from node.sim.result import Result
from node.sim.scenario import CHANGES, Scenario

PLAIN = Result(
    seed=9, signatures="real", commits=(4, 5, 3, 5), rounds=(7, 7, 7, 7), virtual_us=1, events=100, faults={},
    submissions={}, replies={}, alarms={}, payments_committed=2, recovery_rounds=(1, 2, 3, -1), violations=(),
    trace_hash="aa", states=frozenset(),
)  # fmt: skip


def outcome(number: int = 0, *states: int, path: tuple[int, ...] = (), commits: bool = True, **changes: Any) -> Outcome:
    """Of a run."""
    return Outcome(Key(number, path), PLAIN._replace(**changes), commits, frozenset(states), 0.25)


def tallied(generator: str, *outcomes: Outcome) -> dict[str, Any]:
    """The document."""
    tally = Tally(generator)
    for one in outcomes:
        tally.add(one)
    return tally.document()


def test_totals() -> None:
    """Every count of the document, by hand."""
    tally = Tally("twins")
    new = [
        tally.add(one)
        for one in (
            outcome(0, 1, 2, faults={"crash.at": 2}, submissions={"payment": 5}),
            outcome(1, 2, 1, faults={"restart": 1}, trace_hash="bb", signatures="keyed"),
            outcome(2, 3, path=(1,), commits=False, events=7, recovery_rounds=(9, 9, 9, 9)),
        )
    ]
    assert new == [True, False, True], "whether a state was reached that none before reached"
    assert tally.line() == "3 scenarios, 3 states"
    document = tally.document()
    wanted = {
        "generator": "twins", "scenarios": 3, "seeds": 0, "siblings": 1, "generators": {"twins": 3}, "distinct": 2,
        "states": 3, "committing": 2, "committing_share": 0.6667, "committing_ppm": 666_666, "blocks": 15,
        "payments_committed": 6, "events": 207, "signatures": {"keyed": 1, "real": 2},
        "faults": {"crash.at": 2, "restart": 1}, "faults_missing": [], "submissions": {"payment": 5},
        "accountability": {"crash_runs": 2, "observed": 0, "proved": 0, "against_honest": 0, "evidence": {}},
        "virtual_s": 0.0, "validator_hours": 0.0, "recovery_rounds": {"median": 3, "max": 9},
        "trace_hash": hashlib.sha256(b"aabbaa").hexdigest(),
        "violating": 0, "violations": [], "ok": False,
    }  # fmt: skip
    assert document == wanted
    assert tally.cpu_s == 0.75


def test_nothing_was_run() -> None:
    """An interrupted campaign may hold nothing."""
    document = tallied("twins")
    assert (document["committing_share"], document["committing_ppm"], document["ok"]) == (0, 0, True)
    assert document["recovery_rounds"] == {"median": None, "max": None}


@pytest.mark.parametrize(("committing", "ok"), [(9, True), (8, False)])
def test_nine_in_ten_commit(committing: int, ok: bool) -> None:
    """The bar of a campaign."""
    assert tallied("twins", *[outcome(at, commits=at < committing) for at in range(10)])["ok"] is ok


def test_seeds_bring_every_fault_in_time() -> None:
    """From 20 seeds on every common kind must have fired, from 100 on the rare ones too; each that has not is named."""
    common = dict.fromkeys(KINDS_OF_FAULT, 1)
    assert len(common) == len(KINDS_OF_FAULT) == 17 + len(CHANGES)
    for count, faults, missing in (
        (19, {}, []),
        (20, {}, list(KINDS_OF_FAULT)),
        (20, common, []),
        (20, {**common, "heal": 0}, ["heal"]),
        (99, common, []),
        (100, common, list(RARE_KINDS)),
        (100, {**common, **dict.fromkeys(RARE_KINDS, 1)}, []),
    ):
        document = tallied("seeds", *[outcome(at, faults=faults) for at in range(count)])
        assert document["faults_missing"] == missing, (count, missing)
        assert document["ok"] is not bool(missing)
        assert document["seeds"] == count


def test_small_scenarios_bring_what_their_generators_claim() -> None:
    """From 1,000 on; `all` claims what its parts do, each kind once."""
    assert claimed("crash_points") == ("crash.at", "restart")
    assert claimed("seeds") == ()
    kinds = ("composed", "crash.at", "one_way.message", "partition.message", "restart")
    assert claimed(ALL) == kinds
    for count, missing in ((999, []), (1_000, ["crash.at", "restart"])):
        assert tallied("crash_points", *[outcome(at) for at in range(count)])["faults_missing"] == missing


def test_who_made_a_scenario_of_all_is_counted() -> None:
    """By generator, the large ones among them."""
    document = tallied(ALL, *[outcome(at) for at in (0, 1, 6, LARGE_EVERY - 1, 2 * LARGE_EVERY - 1)])
    assert document["generators"] == {"adversary": 1, "directed": 1, "seeds": 1, "twins": 2}
    assert document["seeds"] == 1


def test_a_violation_is_told_with_what_repeats_it() -> None:
    """Generator, its own number, siblings, seed, rule, validator and words; the first of each rule, by time."""
    found = (Violation("S8_money", 1, "late", 9), Violation("S8_money", 2, "early", 3), Violation("L1", 0, "first", 5))
    tally = Tally(ALL)
    tally.add(outcome(6, path=(1, 0), violations=(found[1], found[2], found[0])))
    document = tally.document()
    shared = {"generator": "twins", "index": 1, "path": [1, 0], "seed": 9}
    assert document["violations"] == [
        {**shared, "rule": "S8_money", "node": 2, "text": "early"},
        {**shared, "rule": "L1", "node": 0, "text": "first"},
    ]  # fmt: skip
    assert tally.line() == "1 scenarios, 0 states, 1 broke a rule"
    assert (document["violating"], document["ok"]) == (1, False)


# --- what is left of failures ---


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Nothing is run: the scenario of a key is any, and shrinking notes what it was asked for."""
    asked: list[str] = []
    monkeypatch.setattr(failures, "case", lambda *_: Case(Scenario(), 3))
    monkeypatch.setattr(failures, "breaks", lambda rule: rule)

    def shrunk(found: Case, rule: Any) -> Case:
        asked.append(rule)
        return found

    monkeypatch.setattr(failures, "shrunk", shrunk)
    return asked


def broken(generator: str, *found: tuple[int, tuple[int, ...], str]) -> Tally:
    """A tally of failures: number, siblings, rule."""
    tally = Tally(generator)
    for number, path, rule in found:
        later = Violation("S1_agreement", 0, "later", 9)
        tally.add(outcome(number, path=path, violations=(later, Violation(rule, 0, "text", 1))))
    return tally


def test_failures_are_files_that_say_where_they_come_from(written: list[str], tmp_path: Any) -> None:
    """Generator, number and siblings name the file; the first of each rule, the one that broke first, is shrunk."""
    said: list[str] = []
    tally = broken(ALL, (6, (), "S2"), (6, (1, 0), "S2"), (0, (1,), "L1"))
    commands = failures.kept(Plan(ALL), tally, tmp_path / "deep" / "folder", said.append)
    names = ["twins-1.json", "twins-1-1-0.json", "twins-0-1.json"]
    assert sorted(path.name for path in (tmp_path / "deep" / "folder").iterdir()) == sorted(names)
    assert [name in command for name, command in zip(names, commands, strict=True)] == [True] * 3
    assert written == ["S2", "L1"]
    assert said == ["shrinking a scenario that breaks S2", "shrinking a scenario that breaks L1"]
    failures.kept(Plan("seeds"), broken("seeds", (7, (), "S2")), tmp_path, said.append)
    assert (tmp_path / "seed-7.json").is_file()


def test_few_failures_are_shrunk_and_not_all_are_files(written: list[str], tmp_path: Any) -> None:
    """Five rules are shrunk, fifty files are written; without a failure there is nothing to write."""
    tally = broken("twins", *[(number, (), f"rule {number}") for number in range(51)])
    assert len(failures.kept(Plan("twins"), tally, tmp_path, lambda _: None)) == 50
    assert len(list(tmp_path.iterdir())) == 50
    assert written == [f"rule {number}" for number in range(5)]
    assert failures.kept(Plan("twins"), Tally("twins"), tmp_path / "none", lambda _: None) == []
    assert not (tmp_path / "none").exists()
    assert set(GENERATORS) >= {"twins", "seeds"}
