"""`mithqal lab run FILE` and `lab campaign`: exit codes, keys, traces and files."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import main as run_main
from cli.main import root
from node.lab.campaign.failures import kept
from node.lab.campaign.run import Plan, play
from node.lab.campaign.tally import Key, Tally
from node.sim.checkers import Violation

SHORT = {"duration_ms": 2_000, "clients": {"accounts": 2, "payments_per_s": 10}}


def lab(*words: object) -> Result:
    """`mithqal lab ...`."""
    return CliRunner().invoke(root, ["lab", *map(str, words)], standalone_mode=False)


def written(path: Path, document: object) -> Path:
    """A scenario file."""
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_a_scenario_file_runs(tmp_path: Path) -> None:
    """The keys of the document; exit 0 when all invariants hold; the trace has a line for each event."""
    file = written(tmp_path / "a.json", {**SHORT, "faults": [{"do": "pause", "at_ms": 900, "node": 1, "for_ms": 50}]})
    done = lab("run", file, "--seed", 4, "--json", "--trace", tmp_path / "trace")
    assert done.return_value == 0
    document = json.loads(done.stdout)
    keys = "commits rounds virtual_s wall_s events faults violations trace_hash signatures seed"
    assert set(keys.split()) <= set(document)
    assert (document["virtual_s"], document["faults"], document["violations"]) == (2.0, {"pause": 1}, [])
    assert document["signatures"] == "keyed-hash"
    assert len(document["commits"]) == 4
    lines = [json.loads(line) for line in (tmp_path / "trace").read_text().splitlines()]
    assert lines[0] == {"at_ms": 0.0, "node": 0, "event": "start"}
    assert lines[-1] == {"at_ms": 2000.0, "node": -1, "event": "end"}
    assert {line["message"] for line in lines if line["event"] == "message"} >= {"proposal", "vote"}
    again = json.loads(lab("run", file, "--seed", 4, "--json").stdout)
    assert again["trace_hash"] == document["trace_hash"]


def test_a_broken_invariant_exits_with_8(tmp_path: Path) -> None:
    """Nobody hears anybody until the end: no validator commits a new block, which is a matter of liveness."""
    file = written(
        tmp_path / "b.json",
        {**SHORT, "gst_ms": 500, "rules": [{"do": "drop", "from_ms": 400, "to_ms": 2_000}]},
    )
    done = lab("run", file, "--seed", 1, "--json")
    assert done.return_value == 8
    found = json.loads(done.stdout)["violations"]
    assert [(item["invariant"], item["kind"], item["at_ms"], item["nodes"]) for item in found] == [
        ("L1_liveness", "liveness", 2_000, [node]) for node in range(4)
    ]


@pytest.mark.parametrize(
    ("text", "name", "part"),
    [
        ('{"link": {"dlay_ms": 1}}', "unknown_key", "link.dlay_ms"),
        ('{"validators": "four"}', "bad_scenario", "validators"),
        ("{", "bad_scenario", "not JSON"),
    ],
)
def test_a_bad_file_exits_with_2(
    tmp_path: Path, text: str, name: str, part: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On failure stdout is empty, and stderr holds only the error, which names the key."""
    file = tmp_path / "c.json"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setattr("sys.argv", ["mithqal", "lab", "run", str(file), "--seed", "1", "--json"])
    with pytest.raises(SystemExit) as caught:
        run_main()
    out, err = capsys.readouterr()
    error = json.loads(err)["error"]
    assert (caught.value.code, out, error["name"], error["exit"]) == (2, "", name, 2)
    assert part in error["message"]


def test_a_seeds_scenario_is_written_and_runs_alike(tmp_path: Path) -> None:
    """`--save` writes what the seed draws: run from the file it is the same run."""
    one = lab("run", "--seed", 17, "--seconds", 3, "--save", tmp_path / "s.json", "--json")
    two = lab("run", tmp_path / "s.json", "--seed", 17, "--json")
    assert json.loads(one.stdout)["trace_hash"] == json.loads(two.stdout)["trace_hash"]


def test_a_campaign_says_how_to_replay_a_failure(tmp_path: Path) -> None:
    """Failures are written as scenario files, and come with the command to type; without any nothing is written."""
    plan, fine = Plan("twins"), play("twins", Key(3))
    broken = fine._replace(result=fine.result._replace(violations=(Violation("S1_agreement", 0, "planted"),)))
    tally = Tally("twins")
    tally.add(fine)
    assert kept(plan, tally, tmp_path / "none", lambda _: None) == []
    assert not (tmp_path / "none").exists()
    tally.add(broken)
    file = tmp_path / "found" / "twins-3.json"
    assert kept(plan, tally, file.parent, lambda _: None) == [f"mithqal lab run {file} --seed 3"]
    done = lab("run", file, "--seed", 3, "--json")
    assert json.loads(done.stdout)["trace_hash"] == fine.result.trace_hash


def test_chaos_knows_its_faults() -> None:
    """A kind of fault that does not exist is a usage error, before anything is started."""
    done = lab("chaos", "--faults", "kill,flood", "--seed", 1, "--json")
    assert (done.return_value, done.stdout) == (2, "")
    assert json.loads(done.stderr)["error"]["name"] == "unknown_fault"
