"""The table of docs/reliability.md comes out of what commands print, and a command that fails stops no other."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from node.lab.figures import reliability
from node.lab.figures.reliability import BEGIN, COMMANDS, END, Command, main, put, read, run, summary_of, table
from node.lab.figures.reliability_rows import ROWS

Json = dict[str, Any]
CAMPAIGN: Json = {
    "scenarios": 50_000, "distinct": 40_000, "states": 7, "wall_s": 360.4, "violating": 0, "committing_share": 0.9,
    "events_per_cpu_s": 10_000, "validator_hours": 100.0, "faults_missing": [], "ok": True, "events": 9,
    "virtual_s": 5.5, "faults": {"crash": 2}, "violations": [],
    "accountability": {"crash_runs": 10_000, "observed": 7, "proved": 7, "against_honest": 0, "evidence": {}},
}  # fmt: skip
GUILT: Json = CAMPAIGN["accountability"]
CHAOS: Json = {
    "seconds": 300.0, "rate": 200, "mode": "paced", "faults": {"kill": 149}, "lost": 0, "doubled": 0, "wrong": 0,
    "acknowledged": 60_000, "sent": 60_000, "longest_stall_ms": 350,
    "revote_ms": {"median": 390.0, "p99": 870.0, "max": 1_500.0, "count": 149},
}  # fmt: skip
LATENCY: Json = {
    "hops": [{"validators": 4, "others": {"median": 4.0}}, {"validators": 31, "others": {"median": 5.0}}],
    "liveness": [{"validators": 7, "silent": 2, "seeds": 9, "asked": 45, "recovered": 45, "median": 1, "p99": 3,
                  "max": 18, "bound": 18}],
    "loss": {"none": {"per_s": 50.6, "p99_ms": 184.4}, "one_percent": {"per_s": 50.2, "p99_ms": 194.0}},
    "partition": {"seconds": 5, "backlog": 245, "drained_ms": 5_000.0, "normal_ms": 0.0},
}  # fmt: skip
PHASE: Json = {"name": "before", "ratio": 1.0, "rss_growth_mb": 3.0, "unhandled": 0}
DOCUMENTS: dict[str, Json] = {
    "campaign": CAMPAIGN, "seeds": CAMPAIGN, "crashes": CAMPAIGN,
    "mutants": {"control": {"violations": [], "scenarios": 855}, "killed": 30, "total": 30, "median_after": 7},
    "exhaustive": {"violations": [], "states": 226_693, "transitions": 2, "rounds": 4, "validators": 4},
    "scale": {"cpu_s": 60.0, "events": 72_605, "validators": 100, "rounds": 100, "ok": True},
    "latency": LATENCY,
    "sensitivity": {"faults": [{"fault": "crash of f", "validators": 7, "f": 2, "score_s": 0.04, "p99_ms": 292.0,
                                "unfinished": 0}]},
    "fidelity": {"measured_to_predicted": {"p50": 1.042, "p95": 0.919}, "one_way_ms": 25.0, "goal": 0.15,
                 "goal_met": True},
    "chaos-paced": CHAOS, "chaos-overlap": {**CHAOS, "mode": "overlap"},
    "chaos-all": {**CHAOS, "mode": "overlap", "revote_ms": {"median": None, "p99": None, "max": None, "count": 0}},
    "quorum-loss": {**CHAOS, "validators": 4, "rounds": 20, "goal_ms": 10_000, "goal_met": True,
                    "first_commit_ms": {"median": 2_470.0, "p99": 3_230.0, "max": 3_230.0, "count": 20}},
    "door": {"phases": [PHASE, {**PHASE, "name": "slow", "ratio": 1.42, "rss_growth_mb": 18.7}],
             "goals": {"round_ratio": True, "rss_growth": True, "unhandled": True}},
    "fuzz": {"decodes": 1_000_000, "prefixes": 100_000, "crashes": 0, "slowest_ms": 45.3, "ok": True},
}  # fmt: skip


def rows(name: str, **changed: Any) -> list[tuple[str, bool | None]]:
    """What is printed, and whether the goal is reached."""
    return [(row.printed, row.is_reached) for row in ROWS[name]({**DOCUMENTS[name], **changed})]


def test_every_command_has_rows_and_reaches_its_goals_at_their_bounds() -> None:
    """A goal is reached at its very bound; each command has figures."""
    assert set(ROWS) == set(DOCUMENTS) == {command.name for command in COMMANDS}
    for name in ROWS:
        assert rows(name)
        assert False not in [reached for _, reached in rows(name)], name


@pytest.mark.parametrize(("name", "changed", "missed"), [
    ("campaign", {"scenarios": 49_999}, 0), ("campaign", {"violating": 1}, 1),
    ("campaign", {"committing_share": 0.8999}, 2), ("campaign", {"events_per_cpu_s": 9_999}, 3),
    ("campaign", {"validator_hours": 99.9}, 4), ("campaign", {"accountability": {**GUILT, "proved": 6}}, 5),
    ("campaign", {"accountability": {**GUILT, "against_honest": 1}}, 5), ("crashes", {"violating": 1}, 0),
    ("crashes", {"accountability": {**GUILT, "against_honest": 1}}, 1),
    ("crashes", {"accountability": {**GUILT, "crash_runs": 9_999}}, 1),
    ("seeds", {"ok": False}, 0), ("mutants", {"killed": 29}, 0),
    ("mutants", {"killed": 29, "total": 29}, 0), ("mutants", {"control": {"violations": [1], "scenarios": 3}}, 1),
    ("exhaustive", {"violations": [{}]}, 0), ("scale", {"cpu_s": 60.01}, 0), ("scale", {"ok": False}, 0),
    ("latency", {"liveness": [{**LATENCY["liveness"][0], "max": 19}]}, 1),
    ("latency", {"liveness": [{**LATENCY["liveness"][0], "recovered": 44}]}, 1),
    ("latency", {"partition": {**LATENCY["partition"], "drained_ms": 5_000.1}}, 3),
    ("latency", {"partition": {**LATENCY["partition"], "normal_ms": None}}, 3),
    ("sensitivity", {"faults": [{**DOCUMENTS["sensitivity"]["faults"][0], "unfinished": 1}]}, 0),
    ("fidelity", {"goal_met": False}, 0), ("chaos-paced", {"lost": 1}, 0), ("chaos-paced", {"doubled": 1}, 0),
    ("chaos-overlap", {"wrong": 1}, 0), ("chaos-paced", {"revote_ms": {"median": 1.0, "max": 1_500.1}}, 2),
    ("quorum-loss", {"goal_met": False}, 1),
    ("door", {"goals": {**DOCUMENTS["door"]["goals"], "rss_growth": False}}, 1),
    ("fuzz", {"decodes": 999_999}, 0), ("fuzz", {"prefixes": 99_999}, 1), ("fuzz", {"ok": False}, 2),
])  # fmt: skip
def test_a_missed_goal_is_told(name: str, changed: Json, missed: int) -> None:
    """One beyond the bound: that row, and no other, says no."""
    assert [place for place, (_, reached) in enumerate(rows(name, **changed)) if reached is False] == [missed]


def test_what_a_table_says() -> None:
    """Figures as they were printed, with the command; where there is no goal, nothing is reached or missed."""
    names = ["campaign", "latency", "chaos-overlap", "door"]
    lines = [summary_of(name, f"mithqal {name}", 0, 1.0, DOCUMENTS[name]) for name in names]
    text = table(lines, DOCUMENTS)
    distinct = "50,000 in 360 s, of them 40,000 distinct, 7 abstract states"
    small = "| small scenarios in six minutes, two cores | 50,000, aim 250,000 |"
    assert f"{small} {distinct} | yes | `mithqal campaign` |\n" in text
    assert "| hops to a commit |  | 4 (n = 4), 5 (n = 31) |  | `mithqal latency` |\n" in text
    silent = "at most 18, p99 3, median 1 in 9 seeds; 45 of 45 validators"
    figure = "| rounds to a block after the faults, n = 7, 2 of them silent for good | 18 |"
    assert f"{figure} {silent} | yes |" in text
    assert "| 5 minutes at 200 payments/s, overlap: 149 kill | nothing lost, doubled or wrong |" in text
    assert "| votes again after a kill |  | 0.39 s (median), 1.50 s at most |  |" in text
    assert "| 2 x | at most 1.42 x (`slow`) | yes |" in text
    assert len(text.splitlines()) == 2 + sum(len(rows(name)) for name in names)


def test_a_line_of_the_summary() -> None:
    """{name, seeds, scenarios, events, virtual_s, wall_s, faults, violations} where they apply."""
    found = summary_of("campaign", "mithqal x", 8, 2.5, {**CAMPAIGN, "violating": 3, "violations": [{}] * 5})
    assert found == {
        "name": "campaign", "command": "mithqal x", "exit": 8, "wall_s": 2.5, "scenarios": 50_000, "events": 9,
        "virtual_s": 5.5, "validator_hours": 100.0, "faults": {"crash": 2}, "violations": 3,
    }  # fmt: skip
    assert summary_of("a", "b", 0, 1, {"lost": 1, "doubled": 2, "wrong": 3})["violations"] == 6
    assert summary_of("a", "b", 0, 1, {"violations": [1, 2]})["violations"] == 2
    assert summary_of("a", "b", 0, 1, {"crashes": 4})["violations"] == 4
    assert "violations" not in summary_of("a", "b", 1, 1, None)


PROGRAM = """
import json, sys
found = {"scale": {"cpu_s": 1.0, "events": 2, "validators": 3, "rounds": 4, "ok": True, "virtual_s": 5}}
name = sys.argv[1]
if name == "crashes":
    sys.exit("it broke")
print(json.dumps(found["scale"]) if sys.argv[-1] == "--json" and name != "odd" else "[1]")
sys.exit({"missed": 8}.get(name, 0))
"""


def test_a_command_that_fails_stops_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on, keeps what each said, and exits with 8 at the end; --smoke runs the short variants."""
    commands = (
        Command("scale", "missed", "fine"),
        Command("fuzz", "crashes", "crashes"),
        Command("door", "odd", "fine"),
    )
    lines = run(tmp_path, commands, (sys.executable, "-c", PROGRAM), smoke=False)
    assert [(line["name"], line["command"], line["exit"]) for line in lines] == [
        ("scale", "mithqal missed", 8), ("fuzz", "mithqal crashes", 1), ("door", "mithqal odd", 0)
    ]  # fmt: skip
    assert lines[0]["virtual_s"] == 5
    assert [json.loads(line) for line in (tmp_path / "reliability.json").read_text().splitlines()] == lines
    assert (tmp_path / "fuzz.err").read_text() == "it broke\n"
    documents = [read(tmp_path / f"{name}.json") for name in ("scale", "fuzz", "door")]
    assert [document is None for document in documents] == [False, True, True]
    again = run(tmp_path, commands[:1], (sys.executable, "-c", PROGRAM), smoke=True)
    assert (again[0]["exit"], again[1:]) == (0, lines[1:]), "what was run before stays"
    text = table(lines, {"scale": documents[0] or {}})
    assert "| 3 validators, 4 rounds | 60 s of a core | 1 s of a core, 2 events | yes | `mithqal missed` |" in text
    assert "| fuzz | | no figures: it exits with 1 | no | `mithqal crashes` |" in text
    assert "| door | | no figures: it exits with 0 | no | `mithqal odd` |" in text


def test_the_page_gets_the_table_and_keeps_the_rest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--render --page`: what stands between the marks is replaced, again and again; 8 where a command failed."""
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")

    def write(code: int) -> None:
        line = summary_of("scale", "mithqal lab scale", code, 1.0, DOCUMENTS["scale"])
        (tmp_path / "reliability.json").write_text(json.dumps(line) + "\n")

    (tmp_path / "scale.json").write_text(json.dumps(DOCUMENTS["scale"]))
    write(0)
    assert main([str(tmp_path), "--render", "--page", str(page)]) == 0
    text = page.read_text()
    assert text == f"before\n{BEGIN}\n\n{(tmp_path / 'table.md').read_text()}\n{END}\nafter\n"
    assert "old" not in text
    write(8)
    assert main([str(tmp_path), "--render", "--page", str(page)]) == reliability.INVARIANT == 8
    assert page.read_text() == text
    assert "scale exits with 8" in capsys.readouterr().err
    for broken in ("no marks", BEGIN, END):
        with pytest.raises(ValueError, match="the page has no"):
            put(broken, "x")


def test_the_page_of_the_repository_has_a_place_for_it() -> None:
    """docs/reliability.md has the marks."""
    text = (Path(__file__).parents[3] / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert put(text, "TABLE").count("TABLE") == 1
