"""Goal G18: campaigns that accumulate, and never run a number again."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from chain.errors import MithqalError
from cli.main import root
from node.lab.campaign import soak as soaking
from node.lab.campaign.run import Plan, Report, campaign
from node.lab.campaign.soak import soak


def typed(*words: str) -> tuple[int, dict[str, Any]]:
    """A campaign as it is typed: exit code and document."""
    done = CliRunner().invoke(root, ["lab", "campaign", *words, "--json"], standalone_mode=False)
    return done.return_value, json.loads(done.stdout)


def lines(path: Path) -> list[dict[str, Any]]:
    """What the ledger holds."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_two_campaigns_never_run_a_number_twice(tmp_path: Path) -> None:
    """ "runs campaigns with seeds that are never used again", and adds up scenarios and validator-hours (G1, G4)."""
    ledger = tmp_path / "ledger"
    words = ["--generator", "twins", "--ledger", str(ledger)]
    _, first = typed(*words, "--count", "6")
    _, second = typed(*words, "--count", "5")
    assert [(line["first"], line["next"], line["scenarios"]) for line in lines(ledger)] == [(0, 6, 6), (6, 11, 5)]
    assert (first["first"], first["next"], first["scenarios"], first["parts"]) == (0, 6, 6, 1)
    assert (second["first"], second["next"], second["scenarios"], second["parts"]) == (6, 11, 5, 1)
    assert second["ledger"]["scenarios"] == 11
    assert second["ledger"]["parts"] == 2
    for name in ("events", "virtual_s", "validator_hours"):
        assert second["ledger"][name] == pytest.approx(first[name] + second[name])
        assert second[name] > 0
    plain = campaign(Plan("twins", first=6, count=5)).document()
    assert plain["events"] == second["events"], "the same numbers as --first 6 --count 5"
    code, other = typed("--generator", "crash_points", "--ledger", str(ledger), "--count", "2")
    assert (other["first"], other["next"]) == (0, 2), "another generator has numbers of its own"
    assert other["ledger"]["scenarios"] == 13
    assert code == (0 if other["ok"] else 8)


def test_validator_hours_are_virtual_time_of_every_validator() -> None:
    """G4: the sum of n times virtual_s / 3600."""
    found = campaign(Plan("seeds", count=3, virtual_us=2_000_000))
    hours = [(result.virtual_us, len(result.commits)) for result in map(one, range(3))]
    document = found.document()
    assert document["virtual_s"] == pytest.approx(sum(us for us, _ in hours) / 1e6, abs=0.05)
    assert document["validator_hours"] == pytest.approx(sum(us * n for us, n in hours) / 3.6e9, abs=0.0005)


def one(seed: int) -> Any:
    """What a seed comes to."""
    from node.lab.campaign.run import run_seed

    return run_seed(seed, 2_000_000)


def test_a_long_campaign_has_a_line_for_each_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of at most PART_S, one after the other, until the time is over; an interrupt ends all."""
    found, now, asked = campaign(Plan("twins", count=2)), [0.0], []
    monkeypatch.setattr(soaking, "PART_S", 10.0)

    def run(plan: Plan) -> Report:
        assert plan.seconds is not None
        asked.append((plan.first, plan.seconds))
        now[0] += plan.seconds + 1
        return replace(found, next=plan.first + 100, is_partial=len(asked) == 5)

    plan = Plan("twins", seconds=25.0)
    document, reports = soak(plan, tmp_path / "a", run, lambda: now[0])
    assert asked == [(0, 10.0), (100, 10.0), (200, 3.0)]
    assert (document["next"], document["parts"], len(reports), document["scenarios"]) == (300, 3, 3, 6)
    soak(plan, tmp_path / "a", run, lambda: now[0])
    assert asked[3:] == [(300, 10.0), (400, 10.0)], "interrupted"
    assert len(lines(tmp_path / "a")) == 5


def test_a_ledger_that_cannot_be_read_or_is_in_use(tmp_path: Path) -> None:
    """Rather an error than a number twice."""
    path = tmp_path / "ledger"
    plan = Plan("twins", count=2)
    path.write_text("{}\n")
    errors = []
    for where in (path, tmp_path / "none" / "ledger"):
        with pytest.raises(MithqalError) as caught:
            soak(plan, where, campaign)
        errors.append(caught.value.name)

    def inner(plan: Plan) -> Report:
        with pytest.raises(MithqalError) as caught:
            soak(plan, tmp_path / "b", campaign)
        errors.append(caught.value.name)
        return campaign(plan)

    soak(plan, tmp_path / "b", inner)
    assert errors == ["file_unreadable", "file_unwritable", "file_in_use"]
    assert len(lines(tmp_path / "b")) == 1


def test_what_does_not_go_together() -> None:
    """A usage error: --first beside --ledger, --seconds beside --hours."""
    for words in (["--ledger", "x", "--first", "1"], ["--hours", "1", "--seconds", "1"]):
        assert CliRunner().invoke(root, ["lab", "campaign", *words]).exit_code == 2
