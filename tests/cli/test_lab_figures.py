"""`mithqal lab scale`, `latency` and `sensitivity`: one document on stdout, and exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.main import main as run_main
from cli.main import root


def lab(*words: object) -> Result:
    """`mithqal lab ...`."""
    return CliRunner().invoke(root, ["lab", *map(str, words)], standalone_mode=False)


def test_scale_prints_one_document() -> None:
    """`--json`: the keys; without it the same figures for people."""
    words = ("scale", "--validators", 4, "--rounds", 3, "--rate", 0)
    done = lab(*words, "--json")
    assert done.return_value == 0
    found = json.loads(done.stdout)
    assert {"validators", "rounds", "cpu_s", "events", "violations", "trace_hash", "signatures"} <= set(found)
    assert found["trace_hash"] in lab(*words).stdout


PARTS: dict[str, dict[str, Any]] = {
    "latency": {
        "hops": [{"validators": 4, "delay_ms": 50, "blocks": 1, "proposer": {"median": 4.0, "p99": 4.0},
                  "others": {"median": 4.0, "p99": 4.0}}],
        "liveness": [{"validators": 4, "silent": 1, "seeds": 1, "asked": 3, "recovered": 3,
                      "median": 1, "p99": 2, "max": 3, "bound": 12}],
        "loss": {"none": {"per_s": 50.0, "p50_ms": 140.0, "p99_ms": 180.0}},
        "partition": {"seconds": 5, "backlog": 245, "drained_ms": 300.0, "normal_ms": 500.0},
    },
    "sensitivity": {
        "faults": [{"validators": 4, "f": 1, "fault": "partition", "score_s": 0.5, "area_s": 0.5,
                    "p50_ms": 1.0, "p99_ms": 2.0,
                    "unfinished": 0}],
    },
}  # fmt: skip


@pytest.mark.parametrize(("command", "wanted"), [("latency", "drained after 300.0 ms"), ("sensitivity", "partition")])
@pytest.mark.parametrize("broken", [False, True])
def test_a_broken_invariant_fails_the_command(
    monkeypatch: pytest.MonkeyPatch, command: str, wanted: str, *, broken: bool
) -> None:
    """8, and the invariant is named; 0 otherwise."""
    item = {"seed": 7, "validators": 4, "fault": "partition", "invariant": "S1_agreement", "detail": "two blocks"}
    found = {**PARTS[command], "violations": [item] if broken else [], "ok": not broken}
    monkeypatch.setattr(f"node.lab.figures.{command}.measure", lambda *_: found)
    done = lab(command)
    assert done.return_value == (8 if broken else 0)
    assert ("S1_agreement" in done.stdout) is broken
    assert wanted in done.stdout
    assert json.loads(lab(command, "--json").stdout) == found


def test_a_page_that_cannot_be_written_is_bad_input(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2 with the rule's name, as of every file that cannot be written."""
    monkeypatch.setattr("node.lab.figures.sensitivity.measure", lambda *_: {"faults": []})
    monkeypatch.setattr("node.lab.figures.sensitivity.page", lambda _found: "page")
    words = ["mithqal", "lab", "sensitivity", "--html", str(tmp_path / "none" / "page.html")]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as caught:
        run_main()
    assert caught.value.code == 2
    assert "cannot be written" in capsys.readouterr().err
