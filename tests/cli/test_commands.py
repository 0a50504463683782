"""Commands: exit codes and both outputs."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from chain.errors import MithqalError
from cli.commands.explain import explain
from cli.commands.lab import lab
from cli.commands.rates import rates
from cli.exits import BY_NAME, exit_code
from node.lab import run as lab_run
from node.lab.campaign.run import run_seed
from node.lab.timeline import files
from node.sim.checkers import Violation


def call(command, *arguments: str):
    return CliRunner().invoke(command, list(arguments), standalone_mode=False)


def process(*arguments: str):
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_lab_run_prints_one_document_and_the_same_one_again() -> None:
    """A run is its seed."""
    first, again = (call(lab, "run", "--seed", "5", "--seconds", "4", "--json") for _ in range(2))
    assert first.return_value == 0
    document, other = json.loads(first.stdout), json.loads(again.stdout)
    assert document.pop("wall_s") > 0
    assert other.pop("wall_s") > 0
    assert document == other
    assert document["seed"] == 5
    assert document["violations"] == []
    assert document["virtual_s"] == 4
    assert len(document["trace_hash"]) == 64
    assert set(document) == {
        "seed", "signatures", "commits", "rounds", "virtual_s", "events", "payments_committed", "faults",
        "violations", "trace_hash", "alarms", "recovery_rounds", "states",
    }  # fmt: skip
    other = json.loads(call(lab, "run", "--seed", "6", "--seconds", "4", "--json").stdout)
    assert other["trace_hash"] != document["trace_hash"]


def test_lab_run_in_words() -> None:
    """People get sentences."""
    outcome = call(lab, "run", "--seed", "5", "--seconds", "3", "--signatures", "libsodium")
    assert outcome.return_value == 0
    assert "signatures by libsodium" in outcome.stdout
    assert "every invariant held" in outcome.stdout


def test_a_broken_invariant_exits_with_8(monkeypatch) -> None:
    """Exit 8: an invariant is broken, and the run says which."""
    real = run_seed(5, 2_000_000)
    broken = real._replace(violations=(Violation("S1", 2, "two blocks at height 3", 1_500_000),))
    monkeypatch.setattr(files, "play", lambda *_: lab_run.document(broken, 0.0))
    outcome = call(lab, "run", "--seed", "5", "--json")
    assert outcome.return_value == 8
    assert json.loads(outcome.stdout)["violations"] == [
        {"invariant": "S1", "kind": "safety", "at_ms": 1_500, "nodes": [2], "detail": "two blocks at height 3"}
    ]
    assert "BROKEN     S1 at 1500 ms, validators [2]: two blocks at height 3" in call(lab, "run", "--seed", "5").stdout


def test_campaign_summarizes() -> None:
    """A small campaign passes, and says how many seeds committed."""
    outcome = call(lab, "campaign", "--first", "3", "--count", "2", "--virtual-seconds", "4", "--json")
    assert outcome.return_value == 0
    document = json.loads(outcome.stdout)
    assert (document["seeds"], document["committing"], document["violations"], document["ok"]) == (2, 2, [], True)


def test_explain_a_discard_and_an_abort() -> None:
    """A status is discarded; an abort names module, category and reason."""
    (meaning,) = json.loads(call(explain, "18", "--json").stdout)["meanings"]
    assert (meaning["kind"], meaning["name"], meaning["exit"]) == ("discarded", "SENDING_ACCOUNT_FROZEN", 9)
    assert (meaning["module"], meaning["category"], meaning["code"]) == (None, None, 18)
    outcome = call(explain, "1288", "--module", "DiemAccount", "--json")
    (meaning,) = json.loads(outcome.stdout)["meanings"]
    assert (meaning["module"], meaning["category"], meaning["name"], meaning["exit"]) == (
        "DiemAccount", "LIMIT_EXCEEDED", "EINSUFFICIENT_BALANCE", 5,
    )  # fmt: skip


def test_explain_an_unknown_code_exits_with_6() -> None:
    """Exit 6; with --json stdout is empty and stderr holds only the error."""
    outcome = call(explain, "99999", "--json")
    assert outcome.return_value == 6
    assert outcome.stdout == ""
    assert json.loads(outcome.stderr) == {
        "error": {
            "code": 99999,
            "name": "unknown_code",
            "message": "no status or abort has the code 99999",
            "details": {"code": 99999},
            "exit": 6,
        }
    }


def test_rates_of_a_day() -> None:
    """Real rates of 2019-06-18, and a receipt by corridor with the World Bank's figure and quarter."""
    document = json.loads(call(rates, "--date", "2019-06-18", "--json").stdout)
    assert document["date"] == "2019-06-18"
    india = document["receipts"][0]
    assert (india["from"], india["coin"], india["currency"]) == ("US", "XUS", "INR")
    assert (india["world_bank_pct"], india["world_bank_quarter"]) == ("3.15", "2020Q3")
    assert call(rates, "--date", "1990-01-01").return_value == 6


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("nope",), 2), (("lab", "run"), 2), (("lab", "run", "--seed", "-1"), 2), (("explain",), 2), (("--help",), 0)],
)
def test_usage_errors_exit_with_2(arguments, code) -> None:
    """Exit 2 for what the option parser refuses; nothing on stdout."""
    done = process(*arguments)
    assert done.returncode == code
    assert (done.stdout == "") == (code == 2)


def test_usage_errors_as_json() -> None:
    """On failure stderr holds only the error document."""
    done = process("lab", "run", "--seed", "x", "--json")
    assert done.returncode == 2
    assert done.stdout == ""
    assert json.loads(done.stderr)["error"]["name"] == "usage"


def test_optimized_python_is_refused() -> None:
    """Assertions are part of the protocol's safety."""
    done = subprocess.run(
        [sys.executable, "-O", "-m", "cli", "--help"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 2
    assert "python -O" in done.stderr


def test_every_failure_has_an_exit_code() -> None:
    """One table; what is not listed is unexpected."""
    assert exit_code(MithqalError("x", name="unknown_code")) == 6
    assert exit_code(MithqalError("x", name="sending_account_frozen")) == 9
    assert exit_code(MithqalError("x", name="never heard of")) == 1
    assert set(BY_NAME.values()) <= {1, 2, 3, 4, 5, 6, 7, 8, 9}
