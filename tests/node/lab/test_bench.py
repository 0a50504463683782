"""The bench on a small network: its document, what it checks, and the ledger that it leaves. No speed is asserted."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from node.client.network import load_network
from node.lab.bench import audits
from node.lab.bench.figures import BenchError
from node.lab.bench.stages import EXECUTE, SIGNATURE, measure_stages
from node.lab.bench.throughput import Plan, run_bench
from node.localnet.supervisor import Supervisor

TYPES: dict[str, type | tuple[type, ...]] = {
    "committed_per_s": float, "finality_ms": dict, "finality_samples": int, "bound_per_s": float,
    "bound_after_per_s": float, "ratio_to_bound": float, "peak_rss_mb": float, "signature_checks": str,
    "signature_checks_a_payment": float, "durable": bool, "seconds": float, "ramp_seconds": int, "payments": int,
    "payments_submitted": int, "senders": int, "refused": int, "validators": int, "offered_per_s": (int, type(None)),
    "blocks": dict, "cpu_us_a_payment": dict, "checks_per_s_a_core": list, "machine": dict, "python": str,
    "ratio_by_cpu": float, "cpu_us_a_check": float, "signatures": str, "audit": dict, "ledger": (str, type(None)),
}  # fmt: skip


def mithqal(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments], capture_output=True, text=True, check=False, timeout=110
    )


def check_document(found: dict[str, Any], *, validators: int) -> None:
    """Keys, types, and what must hold between the figures."""
    assert set(found) == set(TYPES)
    for key, kind in TYPES.items():
        assert isinstance(found[key], kind), key
    assert found["validators"] == validators
    assert found["signature_checks"] == "all"
    assert found["signature_checks_a_payment"] >= 1.0
    assert found["durable"] is True
    assert 0 < found["payments"] <= found["payments_submitted"]
    assert found["committed_per_s"] == pytest.approx(found["payments"] / found["seconds"], rel=0.01)
    assert found["bound_per_s"] == pytest.approx(sum(found["checks_per_s_a_core"]) / validators, abs=0.2)
    assert found["ratio_to_bound"] == pytest.approx(found["committed_per_s"] / found["bound_per_s"], abs=0.001)
    assert 0 < found["ratio_by_cpu"] < 1
    assert 0 < found["finality_ms"]["p50"] <= found["finality_ms"]["p99"]
    assert found["blocks"]["count"] >= 1
    assert found["blocks"]["payments_max"] <= 500
    assert len(found["checks_per_s_a_core"]) == found["machine"]["cores"]
    audit = found["audit"]
    assert audit["validators_agreeing"] == validators
    assert audit["accounts"] > found["senders"], "the bench's own and those of the address book"
    totals = audit["totals"]["XUS"]
    assert totals["balances"] + totals["preburn"] + totals["fees"] == totals["supply"] == totals["receipts"]
    assert totals["fees"] >= found["payments_submitted"] * 600


@pytest.mark.network
@pytest.mark.slow
def test_throughput_by_command_leaves_a_ledger_that_goes_on(tmp_path: Path) -> None:
    """`bench throughput --json` with its keys; '`--keep DIR` leaves the ledger for an auditor'."""
    kept = tmp_path / "kept"
    done = mithqal(
        "bench", "throughput", "--validators", "2", "--seconds", "2", "--ramp", "0", "--rate", "20",
        "--keep", str(kept), "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    check_document(found, validators=2)
    assert (found["offered_per_s"], found["senders"], found["refused"], found["seconds"]) == (20, 60, 0, 2.0)
    assert found["payments_submitted"] == 40
    assert found["finality_samples"] == 40
    assert all(member.pid is None for member in load_network(kept).members), "the network is stopped"
    try:
        continued = mithqal("localnet", "up", "--network", str(kept), "--detach", "--json")
        assert continued.returncode == 0, continued.stderr
        rows = Supervisor(kept).status()
        assert all(row["version"] >= found["audit"]["version"] for row in rows)
    finally:
        Supervisor(kept).down()
    again = mithqal("bench", "throughput", "--seconds", "1", "--keep", str(kept), "--json")
    assert again.returncode == 2
    assert again.stdout == ""
    assert json.loads(again.stderr)["error"]["name"] == "directory_not_empty"


@pytest.mark.network
@pytest.mark.slow
def test_a_loaded_validator_and_nothing_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without a rate all lanes are kept busy; the temporary directory and every process are gone afterwards."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("node.lab.bench.throughput.LANES", 4)
    monkeypatch.setattr("node.lab.bench.throughput.SIGNED_SHARE", 0.02)
    said: list[str] = []
    found = run_bench(Plan(validators=1, seconds=2, ramp_seconds=0), said.append)
    check_document(found, validators=1)
    assert found["senders"] == 8
    assert found["offered_per_s"] is None
    assert found["payments_submitted"] % 20 == 0
    assert list(tmp_path.glob("mithqal-bench-*")) == []
    assert not [item for item in Path("/proc").glob("[0-9]*") if str(tmp_path) in _command(item)]
    assert "checks/s" in said[1]


@pytest.mark.network
@pytest.mark.slow
def test_what_does_not_add_up_is_no_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """'What is not as it must be is an error with exit code 8': here one sender's expected balance is off by one."""
    honest = audits.expected_balances

    def off_by_one(*arguments: Any) -> Any:
        found = honest(*arguments)
        first = next(iter(found))
        return {**found, first: found[first]._replace(balance=found[first].balance + 1)}

    monkeypatch.setattr(audits, "expected_balances", off_by_one)
    with pytest.raises(BenchError) as caught:
        run_bench(Plan(validators=1, seconds=1, ramp_seconds=0, rate=5, keep=tmp_path / "net"), lambda _text: None)
    assert caught.value.name == "invariant_violated"
    assert all(member.pid is None for member in load_network(tmp_path / "net").members)


def test_every_stage_of_a_payment_is_measured() -> None:
    """`bench stages`: each stage once, shares of 1 or of one validator in so many."""
    rows = measure_stages(validators=4, rounds=1)
    assert len({row.name for row in rows}) == len(rows)
    assert {row.share for row in rows} == {1.0, 0.25}
    assert all(row.us > 0 for row in rows)
    assert {EXECUTE, SIGNATURE} < {row.name for row in rows}


def _command(process: Path) -> str:
    """A process's command line; empty if it is gone."""
    try:
        return (process / "cmdline").read_text(errors="replace")
    except OSError:
        return ""
