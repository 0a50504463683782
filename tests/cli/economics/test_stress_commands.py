"""`mithqal reserve stress` and `buffer`: results, files, errors that name what is available, and ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.main import root

SMALL = ("--paths", "200", "--days", "30", "--no-sensitivity")


def run(*words: str) -> Result:
    result = CliRunner().invoke(root, ["reserve", *words], standalone_mode=False)
    assert result.exception is None, result.exception
    return result


def test_stress_as_json() -> None:
    """One document: probabilities, sizes, waterfall, fans; the same for the same seed, whatever the workers."""
    words = (
        "stress",
        "--preset",
        "libra-v2",
        "--model",
        "dark",
        "--set",
        "dark_rate=5",
        "--seed",
        "7",
        *SMALL,
        "--json",
    )
    result = run(*words)
    assert result.return_value == 0
    assert result.stderr == ""
    found = json.loads(result.stdout)
    assert (found["preset"], found["paths"], found["partial"], found["days"]) == ("libra-v2", 200, False, 30)
    assert found["shortfall"]["probability"] > 0
    assert found["accounting"]["worst_residual"] < 1e-12
    assert len(found["fans"]["backing"]["percentiles"]["50"]) == 7
    assert found["sensitivity"] == []
    assert found["data"]["sha256"].startswith("73db21584dd46ceb")
    assert run(*words).stdout == result.stdout
    assert json.loads(run(*words[:-1], "--seed", "8", "--json").stdout)["shortfall"] != found["shortfall"]


def test_options_are_parameters() -> None:
    """--capital, --haircut and --volatility are the parameters of that name; the sensitivities are there by default."""
    result = run(
        "stress",
        "--capital",
        "0.03",
        "--haircut",
        "0.01",
        "--volatility",
        "2",
        "--paths",
        "50",
        "--days",
        "10",
        "--json",
    )
    found = json.loads(result.stdout)
    assert [found["parameters"][name] for name in ("capital", "haircut", "volatility")] == [0.03, 0.01, 2.0]
    assert {line["parameter"] for line in found["sensitivity"]} >= {"capital", "cash", "run_speed", "whales"}


def test_files(tmp_path: Path) -> None:
    """--html and --csv write files beside the result for people."""
    page, table = tmp_path / "page.html", tmp_path / "table.csv"
    result = run("stress", "--model", "jump", *SMALL, "--html", str(page), "--csv", str(table))
    assert "a shortfall" in result.stdout
    assert page.read_text(encoding="utf-8").count("<svg") == 4
    assert table.read_text(encoding="utf-8").startswith("quantity,key,value\nstudy,preset,libra-v2\n")


def test_buffer() -> None:
    """The smallest buffer with P(loss) < p, with its standard error."""
    words = (
        "buffer",
        "--target",
        "0.1",
        "--model",
        "dark",
        "--set",
        "dark_rate=5",
        "--paths",
        "200",
        "--days",
        "30",
        "--json",
    )
    result = run(*words)
    assert result.return_value == 0
    found = json.loads(result.stdout)
    assert found["buffer"] == found["buffer_bp"] / 10_000
    assert (found["enough_bp"], found["too_small_bp"]) == (found["buffer_bp"], found["buffer_bp"] - 1)
    assert found["standard_error"] >= 0


@pytest.mark.parametrize(
    ("words", "name", "exit_", "told"),
    [
        (("stress", "--preset", "libra"), "unknown_preset", 6, "libra-v1, libra-v2"),
        (("stress", "--model", "heston"), "unknown_model", 6, "gbm, bootstrap, jump, regime, dark"),
        (("stress", "--run", "panic"), "unknown_run", 6, "threshold, diamond-dybvig, global-game"),
        (("stress", "--paths", "0"), "bad_parameter", 2, "paths is 0, but must be from 1"),
        (("stress", "--workers", "0"), "bad_parameter", 2, "workers is 0, but must be from 1"),
        (("stress", "--haircut", "1.5"), "bad_parameter", 2, "haircut is 1.5, but must be from 0 to 1"),
        (("stress", "--volatility", "-1"), "bad_parameter", 2, "volatility is -1, but must be from 0 to 20"),
        (("stress", "--set", "colour=1"), "bad_parameter", 2, "there is no parameter 'colour'; there are capital"),
        (("stress", "--set", "capital"), "bad_parameter", 2, "NAME=NUMBER"),
        (("buffer", "--target", "0.00001"), "bad_parameter", 2, "use --paths 1000000 or more"),
        (("buffer", "--target", "2"), "bad_parameter", 2, "between 0 and 1"),
        (("buffer", "--model", "heston"), "unknown_model", 6, "gbm, bootstrap"),
    ],
)
def test_errors(words: tuple[str, ...], name: str, exit_: int, told: str) -> None:
    """A haircut above 1, negative volatilities, no paths, an unknown model: one error that names what is available."""
    result = run(*words, "--json")
    assert result.return_value == exit_
    assert result.stdout == ""
    error = json.loads(result.stderr)["error"]
    assert (error["name"], error["exit"]) == (name, exit_)
    assert told in error["message"]


@pytest.mark.slow
def test_ctrl_c_prints_what_is_finished() -> None:
    """Interrupted: the results of the finished blocks, marked partial, and exit 130."""
    command = [sys.executable, "-m", "cli", "reserve", "stress", "--paths", "50000000", "--days", "20",
               "--no-sensitivity", "--workers", "2"]  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        assert process.stderr is not None
        first = process.stderr.readline()  # a plain line of progress: at least one block is finished
        assert "of 50,000,000 years" in first
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        printed, _ = process.communicate(timeout=90)
    assert process.returncode == 130
    assert "PARTIAL: it was interrupted before 50,000,000 paths" in printed
    assert "a shortfall" in printed


def test_help_needs_no_arrays() -> None:
    """Help stays fast: it imports no numpy."""
    lines = ["import sys", "from click.testing import CliRunner", "from cli.main import root"]
    for words in (["reserve", "--help"], ["reserve", "stress", "--help"], ["reserve", "buffer", "--help"]):
        lines.append(f"assert CliRunner().invoke(root, {words}).exit_code == 0")
    code = "\n".join([*lines, "print('numpy' in sys.modules)"])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
